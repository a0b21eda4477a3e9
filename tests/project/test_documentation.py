"""What the pages say to type: every command parses, quick ones run, the others say why not; snippets run.

A command in a block of its own stands in RUN or in NOT_RUN; one that is in neither, or on no page any more, fails.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from documentation import (
    ROOT,
    Text,
    blocks_of,
    example_snippets,
    names_taken,
    notebook_snippets,
    pages,
    run_snippet,
    snippet_of,
    variants,
    words_of,
)
from typer.testing import CliRunner

from tilewright import environment
from tilewright.cli.app import app as host_app
from tilewright.network.layer import ConvLayer

BLOCKS = blocks_of(pages())
# What stands for a user's own in commands. Files and folders of a page's name lie in the folder where commands run.
SUBSTITUTES = {
    "$CIFAR10_ROOT": "ROOT",
    "B": "4",
    "FILE": "tilewright.bit",
    "HOST": "192.0.2.1",
    "IMAGES": "4",
    "MHZ": "100",
    "N": "16",
    "NAME": "features.27",
    "NETWORK": "network.safetensors",
    "ROUNDS": "2",
}
# They exist, and that is all: commands that read more than their names are in RUN with files of their own.
FILES = ("CHECKPOINT", "FLOAT", "build/float/vgg16_float_cifar10.safetensors", "model.onnx", "model_best.pth.tar")
FILES += ("grey.onnx", "pets/train/cat/1.png", "pets/test/cat/2.png")
FILES += ("my_script.py", "script.py", "tilewright.bit", "net.pth", "build/brevitas/network.safetensors")
FILES += ("images.npz", "build/brevitas/images.npz", "model/checkpoints/vgg16_w4a4_cifar10.csv")
FOLDERS = ("DIR", "ROOT", "RUN_A", "RUN_B", "build/training")

# In this order: what one writes the next may read
RUN = (
    "python -m tilewright_model images --out images.npz",
    "python -m tilewright_model layers net.safetensors",
    "python -m tilewright_model layers network.safetensors",
    "python -m tilewright_model reference net.safetensors --images images.npz --out ref.npz",
    "tilewright estimate --array 32 --batch 16 --plot estimate.png",
    "tilewright estimate --array 32 --batch 16",
    "tilewright estimate --array 32 --batch 4 --plot vgg16.png",
    "tilewright estimate --stall-probability 0.05 --json",
    "tilewright estimate network.safetensors --array 8 --layers all",
    "tilewright info",
    "tilewright install-kernel",
    "tilewright stimulus export --out DIR --layer-file F.npz --image-index 3",
    "tilewright stimulus replay DIR",
    "tilewright stimulus replay DIR --json",
)
NOT_RUN = {
    "changes the shell or the environment": (
        ". .venv/bin/activate",
        "make setup",
        "pip install 'tilewright[brevitas]'",
        "pre-commit install",
        "tilewright --install-completion",
    ),
    "calls this test": ("make test",),
    "the main job, half a minute: run by tests/runs/test_runs_commands.py": ("make demo",),
    "half a minute, PyTorch with it: run by tests/driver/test_driver_commands.py": (
        "tilewright verify --layer features.27 --array 16",
    ),
    "half a minute, PyTorch with it: run by tests/runs/test_runs_commands.py on smaller networks": (
        "tilewright run build/brevitas/network.safetensors --images build/brevitas/images.npz --check",
        "tilewright run network.safetensors --images photos.npz --array 16 --batch 4 --check",
        "tilewright verify --layers all",
    ),
    "half a minute: run by tests/runs/test_runs_trace.py on a smaller network": ("tilewright run --trace run.fst",),
    "a minute: run by tests/board/test_board_bench.py on a layer": ("tilewright bench",),
    "PyTorch for 20 s: run by tests/stimulus/test_stimulus_notebook.py on a layer file": (
        "tilewright stimulus export --out DIR",
        "tilewright stimulus export --out DIR --as-notebook",
    ),
    "needs CIFAR-10, and minutes: run by tests/notebooks/test_golden.py on scikit-image's pictures": (
        "tilewright golden --out golden --data ROOT --count 4",
    ),
    "needs CIFAR-10, and minutes: run by tests/model/test_model_commands.py, test_model_equality.py on some images": (
        "python -m tilewright_model equality --data $CIFAR10_ROOT --json",
        "python -m tilewright_model equality --data ROOT --json",
        "python -m tilewright_model evaluate --checkpoint net.pth",
        "python -m tilewright_model evaluate --data ROOT",
        "python -m tilewright_model evaluate --integer --data ROOT",
        "python -m tilewright_model evaluate net.safetensors --data ROOT",
    ),
    "needs CIFAR-10, and minutes, an hour for all: make evidence": (
        "python benchmarks/area.py --array 16 --json",
        "python benchmarks/area.py --array 32 --json",
        "python benchmarks/area.py --array 8 --json",
        "python benchmarks/simulation.py --json",
        "tilewright run --data $CIFAR10_ROOT --count 16 --array 32 --batch 16 --seed 3 --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 16 --array 32 --batch 16 --seed 6 --layers all --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 4 --array 16 --batch 4 --seed 5 --layers all --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 4 --array 8 --batch 1 --seed 4 --layers all --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 64 --array 16 --batch 4 --seed 2 --check --json",
        "tilewright run --data $CIFAR10_ROOT --count 64 --array 8 --batch 1 --seed 1 --check --json",
        "tilewright run --data ROOT --count 16 --array 16 --batch 4 --check",
    ),
    "trains, for hours: run by tests/model/test_model_train.py, test_model_training_loop.py on little": (
        "python -m tilewright_model train --recipe cosine --out build/training",
        "python -m tilewright_model train --recipe distilled --teacher FLOAT --seed 0 --tf32 --compile"
        " --evaluate-every 25",
        "python -m tilewright_model train --recipe distilled --teacher build/float/vgg16_float_cifar10.safetensors"
        " --out build/w4a4",
        "python -m tilewright_model train --data pets --recipe cosine --out build/pets",
        "python -m tilewright_model train --recipe float --out build/float",
        "python -m tilewright_model train --recipe float --seed 0 --tf32 --compile --amp --evaluate-every 25",
        "torchrun --nproc-per-node 4 -m tilewright_model train --recipe cosine --out build/training",
    ),
    "shows what was trained, 20 s: run by tests/model/test_model_plots.py, test_model_tensorboard.py on little": (
        "python -m tilewright_model plot RUN_A RUN_B --out build/pictures",
        "python -m tilewright_model plot build/training",
        "python -m tilewright_model plot model/checkpoints/vgg16_w4a4_cifar10.csv --out build/pictures",
        "tensorboard --logdir build/training",
    ),
    "10 s and more for VGG16: run by tests/model/test_model_capture.py, test_model_network_file.py": (
        "python -m tilewright_model capture --out layer.npz",
        "python -m tilewright_model export --checkpoint CHECKPOINT --out network.safetensors",
        "python -m tilewright_model export --out net.safetensors",
    ),
    "reads another's checkpoint: run by tests/model/test_model_import.py with one": (
        "python -m tilewright_model import model_best.pth.tar --out notebook.safetensors",
        "python -m tilewright_model import model_best.pth.tar --out student.safetensors",
        "python -m tilewright_model import net.pth --out net.safetensors --act-bits 4"
        " --layer-act-bits features.27=2 --json",
    ),
    "Brevitas, 20 s: run by tests/model/test_model_brevitas.py, test_model_qonnx.py": (
        "python -m tilewright_model import-qonnx grey.onnx --mean 0.5 --std 0.25 --out grey.safetensors",
        "python -m tilewright_model import-qonnx model.onnx --out net.safetensors",
        "python -m tilewright_model import-qonnx model.onnx --out network.safetensors",
        "python docs/examples/brevitas_cnn.py",
    ),
    "needs a board: run by tests/board/test_board_selftest.py, test_board_suite.py, test_board_deploy.py on none": (
        "TILEWRIGHT_BITSTREAM=tilewright.bit pytest --pyargs tilewright.selftest",
        "pytest --device board --bitstream tilewright.bit",
        "pytest --device remote --bitstream tilewright.bit --host HOST",
        "pytest -p tilewright.selftest.plugin --pyargs tilewright.selftest --bitstream tilewright.bit",
        "tilewright board deploy HOST --bitstream FILE",
    ),
    "runs until it is stopped: run by tests/remote/test_remote_driver.py": ("tilewright serve",),
    "builds a simulator, half a minute: run by tests/guest/test_simulate_command.py": (
        "tilewright simulate --hwh design.hwh --rtl ip.v -- script.py",
        "tilewright simulate --hwh design.hwh --rtl my_ip.v",
        "tilewright simulate --hwh design.hwh --rtl my_ip.v -- my_script.py arguments",
    ),
    "builds a simulator, a minute: run by tests/sim/test_sim_build.py through open_overlay": (
        "fusesoc run --target sim --setup --build tilewright:soc:sim --N 16",
    ),
    "make lint runs it before the tests": ("fusesoc run --target lint tilewright:ip:accelerator",),
    "a minute: run by tests/cores/test_golden.py": ("fusesoc run --target sim tilewright:ip:accelerator",),
    "minutes of Yosys: make evidence": ("fusesoc run --target synth tilewright:ip:accelerator",),
    "without --setup needs Vivado; with it run by tests/project/test_board_project.py": (
        "fusesoc run --target pynq_z2 --setup tilewright:soc:board",
        "fusesoc run --target pynq_z2 tilewright:soc:board",
    ),
    "a synopsis": (
        "tilewright bench [NETWORK | --layer NAME] [--batch N] [--count IMAGES] [--repeat ROUNDS] [--clock MHZ]"
        " [--json]",
        "tilewright board deploy HOST --bitstream tilewright.bit [--user xilinx] [--port N] [--key FILE]"
        " [--ssh-config FILE] [--python FILE] [--workdir tilewright] [--wheel FILE] [--no-sudo] [--json]",
        "tilewright serve [--port 7967] [--address 127.0.0.1] [--array 8] [--seed N] [--json]",
    ),
}
# Blocks that are no command, no Python and no drawing: page and first line
OUTPUTS = {
    ("README.md", "Tilewright against PyTorch"),
    ("docs/hangs.md", "DeviceTimeoutError: no result within 5.0 s"),
    ("docs/import.md", "layer        shape        W  A  norm  alpha_w  alpha_a  weight_q"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder, with what the commands name."""
    from tilewright_model.network_file.write import save_network
    from tilewright_model.networks.examples import EXAMPLES

    path = tmp_path_factory.mktemp("user")
    for name in FOLDERS:
        (path / name).mkdir(parents=True)
    for name in FILES:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).touch()
    rng = np.random.default_rng(0)
    model: Any = EXAMPLES["small"](0)
    for name in ("net.safetensors", "network.safetensors"):
        save_network(model, path / name, model.image_size, "small")
    cifar10 = {f"{part}_images": np.zeros((1, 32, 32, 3), dtype=np.uint8) for part in ("train", "test")}
    np.savez(path / "ROOT" / "cifar10.npz", train_labels=np.zeros(1), test_labels=np.zeros(1), **cifar10)
    np.savez(path / "photos.npz", pixels=rng.integers(0, 256, (4, *model.image_size), dtype=np.uint8))
    facts = ConvLayer.load(ROOT / "host" / "notebooks" / "data" / "features.27.npz").metadata
    codes = rng.integers(0, 16, (4, 8, 4, 4), dtype=np.uint8)
    sums = np.zeros_like(codes, dtype=np.int32)
    weights = rng.integers(-8, 8, (8, 8, 3, 3), dtype=np.int8)
    ConvLayer("user", weights, codes, 1, 1, sums, sums, facts).save(path / "F.npz")
    example = ROOT / "cores" / "example"
    shutil.copy(example / "stream_scale.hwh", path / "design.hwh")
    for name in ("ip.v", "my_ip.v"):
        shutil.copy(example / "rtl" / "stream_scale.v", path / name)
    return path


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def model_app() -> Any:
    """The command line of model/, in one thread: CI runs two tests at a time."""
    import torch

    from tilewright_model.__main__ import app

    torch.set_num_threads(1)
    return app


def click_parses(app: typer.Typer, words: list[str], complete: bool) -> None:
    """Parse as the application does, but for what a command within a sentence may lack; runs nothing."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    if complete and not hasattr(command, "commands"):
        command.make_context(command.name, list(words))
        return
    context = command.context_class(command, info_name=command.name)
    _, rest, _ = command.make_parser(context).parse_args(list(words))
    assert not (hasattr(command, "commands") and rest), f"no such command: {' '.join(rest)}"


def python_parses(words: list[str], complete: bool, patch: pytest.MonkeyPatch) -> None:
    if words[0] != "-m":
        script = ROOT / words[0]
        assert script.is_file(), f"no such script: {words[0]}"
        if len(words) > 1:
            patch.syspath_prepend(script.parent)
            names = runpy.run_path(str(script))
            app = names.get("app") or typer.Typer()
            if "app" not in names:
                app.command()(names["main"])
            click_parses(app, words[1:], complete)
    elif words[1] == "tilewright_model":
        click_parses(model_app(), words[2:], complete)
    else:
        assert importlib.util.find_spec(words[1]) and len(words) == 2, words


def fusesoc_parses(words: list[str], complete: bool) -> None:
    from fusesoc.config import Config
    from fusesoc.fusesoc import Fusesoc
    from fusesoc.main import parse_args

    arguments = parse_args(words)
    assert arguments.target and (arguments.system or not complete)
    if arguments.system:
        core = Fusesoc(Config(str(ROOT / "fusesoc.conf"))).get_core(arguments.system)
        flags = {"target": arguments.target, "is_toplevel": True}
        assert core.get_target(flags), f"{arguments.system} has no target {arguments.target}"
        options = [word[2:] for word in arguments.backendargs if word.startswith("--")]
        assert set(options) <= core.get_parameters(flags, {}).keys(), arguments.backendargs


def pytest_parses(words: list[str], complete: bool) -> None:
    from _pytest.config import get_config

    ours = "host/tilewright/selftest/plugin.py" if "--pyargs" in words else "tests/conftest.py"
    config = get_config()
    config.pluginmanager.register(_module(ROOT / ours), "of the command")
    # Within a sentence an option may lack its value.
    config._parser.parse(words if complete else [*words, "board"])


def _module(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("of_the_command", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_parses(words: list[str], complete: bool) -> None:
    printed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(words) <= set(re.findall(r"^ +make ([\w-]+)", printed, re.MULTILINE)), words


def pip_parses(words: list[str], complete: bool) -> None:
    assert words[0] == "install"
    for word in words[1:]:
        match = re.fullmatch(r"(?:\.|tilewright)(?:\[([\w,]+)\])?|-e", word)
        assert match, word
        extras = set((match[1] or "model").split(","))
        assert extras <= set(metadata.metadata("tilewright").get_all("Provides-Extra") or ()), word


def torchrun_parses(words: list[str], complete: bool) -> None:
    from torch.distributed.run import get_args_parser

    arguments = get_args_parser().parse_args(words)
    assert arguments.module and arguments.training_script == "tilewright_model"
    click_parses(model_app(), arguments.training_script_args, complete)


def ci_parses(program: str, words: list[str]) -> None:
    script = ROOT / program
    assert script.is_file() and all(word in script.read_text(encoding="utf-8") for word in words)


def parses(text: str, complete: bool, patch: pytest.MonkeyPatch) -> None:
    """Parse a command with the program that it names; raises where the program would refuse it."""
    for variant in variants(text):
        variables, (program, *words) = words_of(variant, SUBSTITUTES)
        known = {value for name, value in vars(environment).items() if name.endswith("_VARIABLE")}
        assert variables.keys() <= known, variables
        parsers: dict[str, Callable[[list[str], bool], None]] = {
            "tilewright": lambda words, complete: click_parses(host_app, words, complete),
            "python": lambda words, complete: python_parses(words, complete, patch),
            "fusesoc": fusesoc_parses,
            "pytest": pytest_parses,
            "make": make_parses,
            "pip": pip_parses,
            "torchrun": torchrun_parses,
        }
        if program in parsers:
            parsers[program](words, complete)
        elif program.startswith(".ci/"):
            ci_parses(program, words)
        elif program == ".":
            assert words == [".venv/bin/activate"] and "VENV := .venv\n" in (ROOT / "Makefile").read_text()
        else:  # other people's, and their options are theirs: that they are installed
            assert program in {script.name for script in metadata.entry_points(group="console_scripts")}, program


def wrong(texts: list[Text], complete: bool, patch: pytest.MonkeyPatch) -> list[str]:
    """The commands that their programs refuse, with the reason."""
    found = []
    for text in texts:
        try:
            parses(text.text, complete, patch)
        except (Exception, SystemExit) as error:
            found.append(f"{text}\n    {type(error).__name__}: {error}")
    return found


def unlisted(documented: set[str]) -> list[str]:
    """Commands on a page that stand in neither list, or in both; and those that stand on no page any more."""
    listed = [*RUN, *(command for commands in NOT_RUN.values() for command in commands)]
    return sorted(
        [f"{command}: on a page, and neither in RUN nor in NOT_RUN" for command in documented - set(listed)]
        + [f"{command}: listed, and on no page" for command in set(listed) - documented]
        + [f"{command}: listed twice" for command in set(listed) if listed.count(command) > 1]
    )


def report(found: list[str]) -> None:
    assert not found, "\n".join(["", *found])


def test_every_command_is_run_or_says_why_not() -> None:
    assert len(BLOCKS.commands) > 60
    report(unlisted({command.text for command in BLOCKS.commands}))
    tests = set(re.findall(r"\btest_\w+\.py", " ".join(NOT_RUN)))
    assert tests <= {file.name for file in ROOT.glob("tests/*/test_*.py")}


def test_every_other_block_is_known() -> None:
    assert {(block.page, block.text.splitlines()[0]) for block in BLOCKS.others} == OUTPUTS


def test_commands_parse(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report(wrong(BLOCKS.commands, True, monkeypatch))


def test_commands_within_sentences_parse(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report(wrong(BLOCKS.mentions, False, monkeypatch))


def defined(dotted: str) -> bool:
    """Whether a dotted name is a module's or is defined in one."""
    module, _, name = dotted.rpartition(".")
    if not module:
        return bool(importlib.util.find_spec(dotted))
    if not defined(module):
        return False
    with contextlib.suppress(ModuleNotFoundError):  # below something that is no package
        if importlib.util.find_spec(dotted):
            return True
    return hasattr(importlib.import_module(module), name)


def test_names_within_sentences_are_defined() -> None:
    assert len(BLOCKS.names) > 5
    report([str(name) for name in BLOCKS.names if not defined(name.text)])
    assert not defined("tilewright.sim.open_overlays") and not defined("tilewright.simulator.open_overlay")


@pytest.mark.simulation
def test_quick_commands_run(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(here / "jupyter"))
    for text in RUN:
        _, (program, *words) = words_of(text, SUBSTITUTES)
        app, rest = (host_app, words) if program == "tilewright" else (model_app(), words[2:])
        result = CliRunner().invoke(app, rest)
        assert result.exit_code == 0, f"{text}: {result.output}"


@pytest.mark.simulation
def test_snippet_of_networks(here: Path) -> None:
    from tilewright_model.networks.examples import EXAMPLES

    size = EXAMPLES["small"](0).image_size
    names = run_snippet(snippet_of("docs/networks.md"), pixels=np.zeros((2, *size), dtype=np.uint8))
    assert names["result"].predictions.shape == (2,)


def test_every_snippet_is_run() -> None:
    """The others where their devices and models are."""
    tests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").glob("*/test_*.py"))
    assert {snippet.page for snippet in BLOCKS.snippets} == set(re.findall(r'snippet_of\("(\S+)"\)', tests))


def stated_names() -> dict[str, set[str]]:
    """The table of docs/README.md: for each module the names that users import from it."""
    page = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(tilewright[\w.]*)` \| (.*) \|$", page, re.MULTILINE)
    return {module: set(re.findall(r"`(\w+)`", names)) for module, names in rows}


def not_public(snippets: list[Text]) -> list[str]:
    """What snippets take from the project's packages and the table does not state."""
    stated = stated_names()
    taken = [(snippet, *taken) for snippet in snippets for taken in names_taken(snippet.text)]
    return [
        f"{snippet.page}:{snippet.line}: {name} of {module}"
        for snippet, module, name in taken
        if name not in stated.get(module, ())
    ]


def test_snippets_import_what_is_stated() -> None:
    notebooks, examples = notebook_snippets(), example_snippets()
    assert len(notebooks) > 20 and examples
    report(not_public([*BLOCKS.snippets, *notebooks, *examples]))


def test_stated_names_are_those_of_all() -> None:
    """No package has other names; those that are imported late are defined where they are said to be."""
    found = {}
    for file in [*ROOT.glob("host/tilewright/**/*.py"), *ROOT.glob("model/tilewright_model/**/*.py")]:
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts[1:]).removesuffix(".__init__")
        given = [node.value for node in ast.parse(file.read_text(encoding="utf-8")).body if assigns(node, "__all__")]
        if given and module.count(".") < 2 and not module.endswith("__main__"):
            found[module] = set(ast.literal_eval(given[0]))
    assert found == stated_names()
    for module, names in found.items():
        if module != "tilewright_model.foreign":  # Brevitas and onnx: tests/model/test_model_brevitas.py imports them
            assert names <= {name for name in names if hasattr(importlib.import_module(module), name)}, module


def assigns(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]


def test_late_names_are_those_that_type_checkers_see() -> None:
    late = [file for file in ROOT.glob("*/tilewright*/*/__init__.py") if "late_names(" in file.read_text()]
    assert len(late) > 5
    for file in late:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        (given,) = [node.value for node in tree.body if assigns(node, "__getattr__")]
        assert isinstance(given, ast.Call)
        typed = {
            name.name: str(node.module).rpartition(".")[2]
            for branch in tree.body
            if isinstance(branch, ast.If)
            for node in branch.body
            if isinstance(node, ast.ImportFrom)
            for name in node.names
        }
        assert ast.literal_eval(given.args[1]) == typed, file


def test_planted_imports_are_found() -> None:
    texts = (
        "from tilewright.driver import Driver, Drivers",
        "from tilewright.driver.driver import Driver",
        "import tilewright.sim.device",
        "if True:\n    from tilewright_model.network_file import save",
    )
    found = not_public([Text("page.md", line, text) for line, text in enumerate(texts, 1)])
    assert found == [
        "page.md:1: Drivers of tilewright.driver",
        "page.md:2: Driver of tilewright.driver.driver",
        "page.md:3:  of tilewright.sim.device",
        "page.md:4: save of tilewright_model.network_file",
    ]


@pytest.mark.parametrize("module", ["tilewright", "tilewright.runs", "tilewright.driver", "tilewright.pytorch"])
def test_packages_are_light(module: str) -> None:
    """`import tilewright` brings neither pynq nor torch."""
    code = f"import sys, {module}; print(sorted({{'pynq', 'torch', 'typer'}} & sys.modules.keys()))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "[]\n"


PLANTED = """
    tilewright run --cifar10 ROOT
    tilewright estimate --array big
    tilewright fly --high
    python -m tilewright_model layers network.safetensors --all
    python benchmarks/speed.py --json
    python benchmarks/area.py --rows 8
    fusesoc run --target simulate tilewright:ip:accelerator
    fusesoc run --target synth tilewright:ip:accelerator --COLUMNS 8
    make tests
    pytest --device sim --bits 4
    pip install '.[boards]'
    torchrun --nproc-per-node 4 -m tilewright_model train --recipes cosine
    NO_SUCH=1 tilewright info
    tilewright bench [NETWORK | --rounds N]
    tilewright info
"""


def test_planted_mistakes_are_found(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "page.md").write_text(f"`tilewright serve --ports 1`\n{PLANTED}", encoding="utf-8")
    planted = blocks_of([here / "page.md"], here)
    right = ["page.md:17: tilewright info"]
    refused = [line.split("\n")[0] for line in wrong(planted.commands, True, monkeypatch)]
    assert refused == [str(command) for command in planted.commands if str(command) not in right]
    assert len(refused) == PLANTED.count("\n") - 2
    assert wrong(planted.mentions, False, monkeypatch)


def test_unlisted_and_vanished_commands_are_found() -> None:
    documented = {command.text for command in BLOCKS.commands}
    gone = "python -m tilewright_model capture --out layer.npz"
    (first, second) = unlisted(documented - {gone} | {"tilewright run --check"})
    assert first == f"{gone}: listed, and on no page"
    assert second == "tilewright run --check: on a page, and neither in RUN nor in NOT_RUN"
