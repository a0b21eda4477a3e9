"""The commands of `python -m tilewright_model`: help, exit statuses, what is checked first, what is shown meanwhile."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import typer.main
from typer.testing import CliRunner

from tilewright import progress
from tilewright_model.__main__ import app
from tilewright_model.cli import inputs
from tilewright_model.cli.app import PROGRAM
from tilewright_model.cli.network import Example
from tilewright_model.data import cifar10_folder, own_data
from tilewright_model.integers.capture import LayerIntegers
from tilewright_model.network_file.write import save_network
from tilewright_model.networks.examples import EXAMPLES
from tilewright_model.training.train import Trainer

GROUP: Any = typer.main.get_command(app)
SMALL = ("--set", 'options.plan="8 M 8 M 8 8- M 16 M 16 M"', "--set", "batch=4", "--device", "cpu")


def invoke(*words: object, **environment: str) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words], env=environment)


# --- help ---


def examples(name: str) -> list[str]:
    """Return what follows `Examples:` in the command's help on 80 columns."""
    result = invoke(name, "-h", COLUMNS="80", CIFAR10_ROOT="")
    assert result.exit_code == 0 and result.stdout == invoke(name, "--help", COLUMNS="80", CIFAR10_ROOT="").stdout
    lines = [line.strip() for line in result.stdout.partition("Examples:")[2].splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("name", GROUP.commands)
def test_each_help_has_two_examples_that_parse(name: str) -> None:
    assert len(examples(name)) == 2
    for example in examples(name):
        assert example.startswith(f"{PROGRAM} {name} ")
        with typer.Context(GROUP) as parent:
            words = shlex.split(example.removeprefix(f"{PROGRAM} {name} "))
            GROUP.commands[name].make_context(name, words, parent=parent, resilient_parsing=True)


def test_one_name_has_one_text_and_every_command_has_json() -> None:
    texts: dict[str, set[str]] = {}
    for command in GROUP.commands.values():
        assert any("--json" in parameter.opts for parameter in command.params), command.name
        for parameter in command.params:
            assert parameter.help, f"{command.name} {parameter.name} has no text"
            texts.setdefault(max(parameter.opts, key=len), set()).add(parameter.help)
    assert {name: found for name, found in texts.items() if len(found) > 1} == {}
    assert {"--data", "--images", "--checkpoint", "--out", "--device", "--seed", "network"} <= texts.keys()


def test_version_and_names_of_examples() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, "tilewright_model 0.1.0\n")
    assert get_args(Example) == tuple(EXAMPLES)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("train", "--recipe", "distilled-w"), ["distilled-w4a2", "distilled-w2a2"]),
        (("train", "--set", "options.act"), ["options.act_bits="]),
        (("capture", "--layer", "features.2"), ["features.20", "features.24", "features.27", "features.29"]),
        (("export", "--example", "s"), ["small"]),
        (("evaluate", "--device", "cu"), ["cuda"]),
    ],
)
def test_completion(words: tuple[str, ...], expected: list[str]) -> None:
    command = GROUP.commands[words[0]]
    (parameter,) = (parameter for parameter in command.params if words[1] in parameter.opts)
    with typer.Context(GROUP) as parent:
        context = command.make_context(words[0], [], parent=parent, resilient_parsing=True)
        found = [item.value for item in parameter.shell_complete(context, words[2])]
    assert sorted(found) == sorted(expected)


# --- wrong arguments ---

#: words and how the one line begins; `data` holds CIFAR-10 in small, `i.npz` images, `text` and `text.*` neither
MISTAKES = [
    ("evaluat", "UsageError: No such command 'evaluat'"),
    ("evaluate --imags x", "UsageError: No such option: --imags"),
    ("evaluate --data nowhere", "UsageError: .*--data.*no CIFAR-10 at nowhere: give --data, or the variable CIFAR10_"),
    ("evaluate --data .", r"UsageError: .*no CIFAR-10 at \.: .*cifar10\.npz \(train_images, train_labels, test_images"),
    ("evaluate --data half.npz", "UsageError: .*half.npz lacks train_labels, test_images, test_labels: the arrays are"),
    ("evaluate --data text", "UsageError: .*text is not a CIFAR-10 archive"),
    ("evaluate --checkpoint nothing", "UsageError: .*'--checkpoint'.*'nothing' does not exist"),
    ("evaluate --checkpoint text.safetensors", "CheckpointError: text.safetensors is truncated or no checkpoint"),
    ("evaluate --checkpoint net.safetensors", "UsageError: .*net.safetensors is a network file, not a checkpoint: `ti"),
    ("evaluate net.safetensors --checkpoint text.pth", "UsageError: give a network file or --checkpoint, not both"),
    ("evaluate --count 0", "UsageError: .*'--count'"),
    ("evaluate --count 20000", "UsageError: --count 20000 reaches beyond CIFAR-10's 10000 test images"),
    ("evaluate --device abacus", "UsageError: .*'abacus' is none of cpu, cuda, cuda:0"),
    ("equality --first 9999 --count 2", "UsageError: --first 9999 --count 2 reaches beyond"),
    ("equality --out data", "UsageError: .*data is a folder: name a file"),
    ("export", "UsageError: Missing option '--out'"),
    ("export --out text/net", "UsageError: .*text/net cannot be written: .*text is no folder"),
    ("export --out x --example huge", "UsageError: .*'huge' is not one of 'small', 'tall'"),
    ("export --out x --example small --checkpoint text.pth", "UsageError: give --checkpoint or --example, not both"),
    ("export --out x --seed 3", "UsageError: --seed is the random network's"),
    ("layers text.safetensors", "UsageError: .*text.safetensors is no network file"),
    ("images --images nothing.png --out x", "UsageError: .*'nothing.png' does not exist"),
    ("images --images i.npz --images i.npz --out x", "UsageError: .*give image files, or one .npz"),
    ("images --images i.npz --data data --out x", "UsageError: give --images or --data, not both"),
    ("images --count 3 --out x", "UsageError: --first and --count choose from --data or from an .npz"),
    ("images --size 0 3 --out x", "UsageError: .*'--size'"),
    (
        "capture --layer features.28 --out x",
        "UsageError: 'features.28' is no quantised .* it has features.0, features.3",
    ),
    ("reference net.safetensors --out x", "UsageError: Missing option '--images'"),
    ("reference net.safetensors --images i.npz --layers some --out x", "UsageError: .*'some' is not one of 'all', 'la"),
    ("reference net.safetensors --images i.npz --chunk 2 --out .", r"DataError: \. holds .npz files already"),
    ("plot nowhere", "UsageError: .*'nowhere' does not exist"),
    ("plot data", "UsageError: .*data is a data set, not a training's folder or log"),
    ("plot .", r"DataError: no training log at log\.csv"),
    ("import text.pth --out x", "UsageError: .*must end in .safetensors"),
    ("import text.pth --out x.safetensors --layer-act-bits =3", "UsageError: .*'=3' is no layer=bits"),
    ("import-qonnx text --out x --std 0.5", "UsageError: 0 --mean and 1 --std: give both"),
    ("import-qonnx text --out x --mean 0.5 --std 0", "UsageError: .*deviations above 0"),
    ("train --recipe nothing", "RecipeError: recipe 'nothing' is none of notebook, cosine"),
    ("train --set rates=3", "RecipeError: a recipe has no value 'rates'"),
    ("train --set rate=fast", "RecipeError: rate=fast: expected a number"),
    ("train --recipe distilled", "RecipeError: recipe 'distilled' needs a float network, --teacher FILE"),
    ("train --recipe distilled --teacher text.pth", "CheckpointError: text.pth is no float checkpoint"),
    ("train --minutes nan", "UsageError: --minutes is a time above 0"),
    ("train --minutes 3 --epochs 3", "UsageError: --minutes is a time above 0, and instead of --epochs"),
    ("train --hold-out 5 --train-images 5", "UsageError: --hold-out 5 of 5 images leaves none to train on"),
    ("train --resume --out new", "CheckpointError: no state of a run at new/training.state"),
    ("train --out used", "CheckpointError: used/training.state holds a run already: continue it with --resume"),
    ("train --out text", "UsageError: .*text cannot be written: .*text is no folder"),
    ("train --state data", "UsageError: .*data is a folder: name a file"),
]
#: runs them all in one process, which must not load PyTorch
RUN_THEM = """
import json, sys
from typer.testing import CliRunner
from tilewright_model.__main__ import app
results = []
for words in json.load(sys.stdin):
    result = CliRunner().invoke(app, words.split())
    results.append((result.exit_code, result.stdout, result.stderr))
helps = [CliRunner().invoke(app, words).exit_code for words in (["-h"], ["train", "-h"], ["--version"])]
print(json.dumps({"results": results, "helps": helps, "torch": "torch" in sys.modules}))
"""


@pytest.fixture(scope="module")
def outcomes(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return exit status, stdout and stderr of every mistake, and whether PyTorch was loaded for one."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "data").symlink_to(data_root)
    (folder / "used").mkdir()
    for name in ("text", "text.pth", "text.safetensors", "used/training.state"):
        (folder / name).write_text("abc")
    np.savez(folder / "half.npz", train_images=np.zeros(3))
    np.savez(folder / "i.npz", pixels=np.zeros((2, 3, 32, 32), np.uint8))
    network = EXAMPLES["small"](1)
    save_network(network, folder / "net.safetensors", network.image_size, "small")
    before = sorted(path.name for path in folder.iterdir())
    process = subprocess.run(
        [sys.executable, "-c", RUN_THEM],
        input=json.dumps([words for words, _ in MISTAKES]),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=os.environ | {"CIFAR10_ROOT": str(data_root), "COLUMNS": "80"},
    )
    found: dict[str, Any] = json.loads(process.stdout)
    assert sorted(path.name for path in folder.iterdir()) == before, "a refused command leaves nothing behind"
    return found


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[words for words, _ in MISTAKES])
def test_a_wrong_argument_is_one_line_and_status_2(number: int, outcomes: dict[str, Any]) -> None:
    status, printed, line = outcomes["results"][number]
    assert (status, printed, line.count("\n")) == (2, "", 1), line
    assert re.match(MISTAKES[number][1], line), line


def test_neither_wrong_arguments_nor_help_load_pytorch(outcomes: dict[str, Any]) -> None:
    assert outcomes["helps"] == [0, 0, 0] and not outcomes["torch"]


def test_a_fault_of_the_program_is_no_difference(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(inputs, "phase", lambda *what: 1 / 0)
    result = invoke("images", "--out", tmp_path / "x.npz")
    assert result.exit_code == 2 and "ZeroDivisionError" in result.stderr


# --- no data ---


@pytest.mark.parametrize("reason", ["Name or service not known", "no answer in 0.1 s"])
def test_without_data_and_network_the_message_says_what_to_do(
    reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def silent(request: Any, timeout: float) -> Any:
        if reason.startswith("no answer"):
            time.sleep(1)
        raise urllib.error.URLError(reason)

    monkeypatch.setattr(cifar10_folder.urllib.request, "urlopen", silent)
    monkeypatch.setattr(cifar10_folder, "ANSWER_SECONDS", 0.1 if reason.startswith("no answer") else 30)
    monkeypatch.setenv("TILEWRIGHT_CACHE", str(tmp_path))
    monkeypatch.delenv("CIFAR10_ROOT", raising=False)
    for command in (("evaluate",), ("equality",), ("train", "--out", tmp_path / "run")):
        start = time.monotonic()
        result = invoke(*command)
        assert result.exit_code == 2 and time.monotonic() - start < 0.9
        line = result.stderr.splitlines()[-1]
        assert line.startswith("DataError: no CIFAR-10 was named") and f"({reason}): give --data ROOT, or" in line
        assert all(word in line for word in ("CIFAR10_ROOT", "cifar10.npz", *cifar10_folder.KEYS, "docs/training.md"))
    assert list(tmp_path.iterdir()) == []


def test_docs_name_the_arrays() -> None:
    text = (Path(__file__).parents[3] / "docs" / "training.md").read_text()
    assert all(f"`{key}`" in text for key in (*cifar10_folder.KEYS, *own_data.ARRAYS))


# --- what is shown ---


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a pipe told of every end."""
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0)


@pytest.mark.usefixtures("talkative")
def test_a_pipe_gets_a_line_when_a_phase_ends(tmp_path: Path, data_root: Path) -> None:
    files = {name: tmp_path / name for name in ("net.safetensors", "images.npz", "ref.npz", "layer.npz")}
    expected = {
        ("export", "--example", "small", "--out", files["net.safetensors"]): [
            "Loaded PyTorch",
            "Found the thresholds",
        ],
        ("layers", files["net.safetensors"]): ["Read the network"],
        ("images", "--data", data_root, "--count", 3, "--out", files["images.npz"]): [
            "Read the images",
            "Wrote the images",
        ],
        ("reference", files["net.safetensors"], "--images", files["images.npz"], "--out", files["ref.npz"]): [
            "Read the network",
            "Read the images",
            "image 3 of 3",
        ],
        ("capture", "--out", files["layer.npz"]): ["Read the checkpoint", "Read the images", "Computed the layer"],
        ("evaluate", "--data", data_root, "--count", 2): [
            "Read the checkpoint",
            "Read CIFAR-10",
            "image 2 of 2",
        ],
    }
    for words, phases in expected.items():
        result = invoke(*words, "--json")
        assert result.exit_code == 0, result.output
        assert isinstance(json.loads(result.stdout), dict)
        told = [re.fullmatch(r"(.*), \d+ s", line) for line in result.stderr.splitlines()]
        assert all(told), result.stderr
        assert set(phases) <= {match[1] for match in told if match}


def test_capture_says_a_difference_by_its_status(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(LayerIntegers, "mismatches", property(lambda integers: 3))
    result = invoke("capture", "--out", tmp_path / "layer.npz", "--json")
    assert (result.exit_code, json.loads(result.stdout)["mismatches"]) == (1, 3)
    assert (tmp_path / "layer.npz").is_file()


# --- an interrupted training ---


@pytest.fixture
def interrupted_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Have step `at` of a training send `signal` to this process, once."""
    plan: dict[str, Any] = {"signal": None, "at": 0, "steps": 0}
    usual = Trainer._step

    def step(trainer: Trainer, *arguments: Any) -> Any:
        plan["steps"] += 1
        if plan["steps"] == plan["at"]:
            os.kill(os.getpid(), plan["signal"])
            time.sleep(0.05)
        return usual(trainer, *arguments)

    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(Trainer, "_step", step)
    yield plan
    signal.signal(signal.SIGINT, handlers[0])
    assert signal.getsignal(signal.SIGTERM) == handlers[1], "the run puts the handler back"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_training_says_how_to_go_on(
    number: int, status: int, interrupted_step: dict[str, Any], data_root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a run"
    words = (
        "train",
        "--data",
        data_root,
        "--out",
        out,
        "--epochs",
        2,
        "--train-images",
        12,
        "--test-images",
        4,
        *SMALL,
    )
    interrupted_step.update(signal=number, at=4)  # the first step of the second epoch
    result = invoke(*words, "--json")
    assert (result.exit_code, result.stdout) == (status, "")
    line = result.stderr.splitlines()[-1]
    assert line.startswith(f"interrupted; {out}/training.state keeps epoch 1; go on: {PROGRAM} train --data ")
    assert "Traceback" not in result.stderr
    again = invoke(*shlex.split(line.partition(f"{PROGRAM} ")[2]))
    assert again.exit_code == 0, again.output
    found = json.loads(again.stdout)
    assert (found["epochs"], found["total"], found["out"]) == (2, 4, str(out)) and Path(found["checkpoint"]).is_file()
    assert [line.split()[1] for line in again.stderr.splitlines() if line.startswith("epoch")] == ["2"]


def test_a_training_interrupted_before_its_first_save_begins_anew(
    interrupted_step: dict[str, Any], data_root: Path, tmp_path: Path
) -> None:
    interrupted_step.update(signal=signal.SIGINT, at=1)
    words = ("train", "--data", data_root, "--out", tmp_path, "--epochs", 2, "--train-images", 12, *SMALL)
    result = invoke(*words)
    line = result.stderr.splitlines()[-1]
    assert result.exit_code == 130 and line.startswith("interrupted before an epoch was saved, nothing is kept; begin")
    assert line.partition("anew: ")[2] == f"{PROGRAM} {shlex.join(map(str, words))}"
