"""What the pages say to type: every command parses, quick ones run, the others say why not; snippets run.

A command in a block of its own stands in RUN or in NOT_RUN of tests/support/documented_commands.py; one that is in
neither, or on no page any more, fails.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_parsers import model_app, wrong
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
    words_of,
)
from documented_commands import FILES, FOLDERS, NOT_RUN, OUTPUTS, RUN, SUBSTITUTES
from typer.testing import CliRunner

from tilewright.cli.app import app as host_app
from tilewright.network.layer import ConvLayer

BLOCKS = blocks_of(pages())


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
    named = re.findall(r"\btests/\w[\w/]*(?:\.py)?|\btest_\w+\.py", " ".join(NOT_RUN))
    tests = ROOT / "tests"
    assert len(named) > 10
    report([name for name in named if not (ROOT / name).exists() and not any(tests.rglob(name))])


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
    tests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert {snippet.page for snippet in BLOCKS.snippets} == set(re.findall(r'snippet_of\("(\S+)"\)', tests))


def stated_names() -> dict[str, set[str]]:
    """The table of docs/python.md: for each module the names that users import from it."""
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
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
        if module != "tilewright_model.foreign":  # Brevitas and onnx: tests/model/foreign imports them
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
        "import tilewright as tw\ntw.load('vgg16')\ntw.loads('vgg16')",
    )
    found = not_public([Text("page.md", line, text) for line, text in enumerate(texts, 1)])
    assert found == [
        "page.md:1: Drivers of tilewright.driver",
        "page.md:2: Driver of tilewright.driver.driver",
        "page.md:3:  of tilewright.sim.device",
        "page.md:4: save of tilewright_model.network_file",
        "page.md:5: loads of tilewright",
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
