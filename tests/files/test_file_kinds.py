"""Each kind of file given to each command: taken, or refused in one line with a command that takes it."""

from __future__ import annotations

import functools
import json
import re
import shlex
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main
from safetensors.numpy import save_file
from typer.testing import CliRunner

from tilewright.cli.app import app as host_app
from tilewright.file_kinds import ADVICE, PAGE_MARK, TAKES, Kind, Role, kind_of, refusal

ZEROS = np.zeros((1, 3, 8, 8), np.uint8)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)


def tensors(form: str | None) -> Callable[[Path], None]:
    metadata = None if form is None else {"format": form}
    return lambda path: save_file({"classifier.bias": np.zeros(3, np.float32)}, path, metadata)


def arrays(*names: str) -> Callable[[Path], None]:
    return lambda path: np.savez(path, **dict.fromkeys(names, ZEROS))


def zipped(*names: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(f"net/{name}", b"x")

    return write


def content(text: str | bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(text if isinstance(text, bytes) else text.encode()) and None


def folder(*names: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        for name in names:
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(PNG)

    return write


LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
#: files by name: what each is, and how it is written
FILES: dict[str, tuple[Kind | None, Callable[[Path], None]]] = {
    "net.safetensors": (Kind.NETWORK, tensors("tilewright-network")),
    "packed.safetensors": (Kind.PACKED, tensors("tilewright-packed-vgg16")),
    "renamed.pth": (Kind.PACKED, tensors("tilewright-packed-vgg16")),
    "resnet.safetensors": (Kind.RESIDUAL, tensors("tilewright-packed-resnet20")),
    "float.safetensors": (Kind.FLOAT, tensors("tilewright-float-vgg16")),
    "training.state": (Kind.STATE, tensors("tilewright-training-state")),
    "other.safetensors": (Kind.TENSORS, tensors(None)),
    "cut.safetensors": (None, content(b"\x40\x00\x00\x00\x00\x00\x00\x00{")),
    "state.pth": (Kind.STATE_DICT, zipped("data.pkl", "data/0", "version")),
    "old.pth.tar": (Kind.STATE_DICT, content(LEGACY)),
    "script.pt": (Kind.TORCHSCRIPT, zipped("data.pkl", "constants.pkl", "code/__torch__/net.py")),
    "exported.pt2": (Kind.EXPORTED, zipped("archive_format", "models/model.json")),
    "net.onnx": (Kind.ONNX, content(b"\x08\x09")),
    "layer.npz": (Kind.LAYER, arrays("weight_codes", "activation_codes", "accumulators")),
    "images.npz": (Kind.IMAGES, arrays("pixels", "labels")),
    "reference.npz": (Kind.INTEGERS, arrays("scores", "predictions", "features.0.codes")),
    "own.npz": (Kind.DATA_SET, arrays("images", "labels")),
    "cifar10.npz": (Kind.DATA_SET, arrays("train_images", "train_labels", "test_images", "test_labels")),
    "arrays.npz": (Kind.ARRAYS, arrays("a")),
    "cat.png": (Kind.PICTURE, content(PNG)),
    "cat.bmp": (Kind.PICTURE, content(b"BM\x00")),
    "text.pth": (None, content("BM")),
    "cat.JPG": (Kind.PICTURE, content(b"\xff\xd8\xff\xe0")),
    "design.hwh": (Kind.HWH, content("<EDKSYSTEM/>")),
    "design.bit": (Kind.BITSTREAM, content(b"\x00\x09")),
    "ip.v": (Kind.SOURCE, content("module ip; endmodule")),
    "ip.vhd": (Kind.SOURCE, content("entity ip is end;")),
    "script.py": (Kind.SCRIPT, content("import pynq")),
    "run.fst": (Kind.WAVEFORM, content(b"\x00")),
    "log.csv": (Kind.LOG, content("epoch,loss\n")),
    "run.json": (Kind.RECORD, content(json.dumps({"recipe": "float", "checkpoint": "net.safetensors"}))),
    "record.json": (Kind.RUN_RECORD, content(json.dumps({"format": "tilewright-run-1"}))),
    "report.html": (Kind.RUN_RECORD, content(f"<!doctype html>\n<head>\n{PAGE_MARK}")),
    "page.html": (None, content("<!doctype html>\n<p>text")),
    "text.txt": (None, content("abc")),
    "golden": (Kind.GOLDEN, folder("network.safetensors", "images.npz", "reference.npz")),
    "set": (Kind.STIMULUS, folder("weight_0.txt", "psum.txt")),
    "tiles": (Kind.STIMULUS, folder("tile0/wgt_k0.txt", "tile0/act.txt")),
    "run": (Kind.RUN, folder("training.state", "net.safetensors")),
    "ended": (Kind.RUN, lambda path: path.mkdir() or content("epoch,loss\n")(path / "log.csv")),
    "logged": (Kind.STIMULUS, folder("log.csv", "weight_0.txt", "psum.txt")),
    "cifar": (Kind.DATA_SET, folder("cifar-10-batches-py/data_batch_1")),
    "classes": (Kind.DATA_SET, folder("cat/1.png", "dog/2.png")),
    "divided": (Kind.DATA_SET, folder("train/cat/1.png", "test/cat/2.png")),
    "mixed": (Kind.FOLDER, folder("cat/1.png", "weight.txt", "out.txt")),
    "texts": (Kind.FOLDER, folder("readme.txt", "below/notes.txt")),
    "empty": (Kind.FOLDER, folder("")),
}  # fmt: skip

#: arguments and options that take a file, with what else the command needs; FILE stands for the file
SLOTS: dict[str, Role] = {
    **{f"tilewright {name} FILE": Role.NETWORK for name in ("run", "verify", "estimate", "bench", "golden --out x")},
    **{f"tilewright {name} --checkpoint FILE": Role.CHECKPOINT for name in ("run", "verify")},
    **{f"tilewright {name} --images FILE": Role.IMAGES for name in ("run", "verify")},
    **{f"tilewright {name} --data FILE": Role.DATA for name in ("run", "verify", "golden --out x")},
    "tilewright verify --layer-file FILE": Role.LAYER,
    "tilewright stimulus export --out x --layer-file FILE": Role.LAYER,
    "tilewright report FILE": Role.RUN_RECORD,
    "tilewright report --compare FILE FILE": Role.RUN_RECORD,
    "tilewright stimulus replay FILE": Role.STIMULUS,
    "tilewright simulate --rtl ip.v --hwh FILE": Role.HWH,
    "tilewright simulate --hwh design.hwh --rtl FILE": Role.SOURCE,
    "tilewright simulate --hwh design.hwh --rtl ip.v --bit x.bit -- FILE": Role.SCRIPT,
    **{f"tilewright {name} --bitstream FILE": Role.BITSTREAM for name in ("run", "info", "board deploy HOST")},
}
MODEL_SLOTS: dict[str, Role] = {
    **{f"{name} FILE": Role.NETWORK for name in ("evaluate", "layers", "reference --images cat.png --out x")},
    **{f"{name} --checkpoint FILE": Role.CHECKPOINT for name in ("evaluate", "equality")},
    **{f"{name} --out x --checkpoint FILE": Role.CHECKPOINT for name in ("export", "capture")},
    **{f"{name} --out x --images FILE": Role.IMAGES for name in ("images", "capture", "reference net.safetensors")},
    **{f"{name} --data FILE": Role.DATA for name in ("evaluate", "equality", "train --out x", "images --out x")},
    "import --out x.safetensors FILE": Role.STATE_DICT,
    "import-qonnx --out x FILE": Role.QONNX,
    "train --out x --recipe distilled --teacher FILE": Role.TEACHER,
    "plot FILE": Role.RUN,
}
SLOTS |= {f"python -m tilewright_model {slot}": role for slot, role in MODEL_SLOTS.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every kind of file."""
    root = tmp_path_factory.mktemp("files")
    for name, (_, write) in FILES.items():
        write(root / name) if name != "empty" else (root / name).mkdir()
    return root


def test_every_kind_and_role_is_tried() -> None:
    assert {kind for kind, _ in FILES.values()} == {*Kind, None}
    assert set(SLOTS.values()) == set(Role) == set(TAKES) and set(ADVICE) == set(Kind)


@pytest.mark.parametrize("name", FILES)
def test_kinds(name: str, files: Path) -> None:
    assert kind_of(files / name) is FILES[name][0]


def test_what_cannot_be_read_has_no_kind(tmp_path: Path) -> None:
    assert kind_of(tmp_path / "missing") is None and kind_of(Path("/dev/null")) is None
    assert refusal(tmp_path / "missing", Role.NETWORK) is None


@functools.cache
def command_of(program: str) -> Any:
    """The command of a program, with all that are below it."""
    if program == "tilewright":
        return typer.main.get_command(host_app)
    pytest.importorskip("torch", reason="the model's commands come with PyTorch")
    from tilewright_model.__main__ import app

    return typer.main.get_command(app)


def test_commands_are_for_pasting(tmp_path: Path) -> None:
    path = tmp_path / "my network.safetensors"
    tensors("tilewright-network")(path)
    assert [shlex.split(command)[-1] for command in commands_of(refusal(path, Role.QONNX) or "")] == [str(path)] * 2


def program(words: str) -> tuple[Any, list[str]]:
    """The command of a command line's program, and what follows its name."""
    first, *rest = shlex.split(words)
    return command_of(first), rest if first == "tilewright" else rest[2:]


def commands_of(text: str) -> Iterator[str]:
    """The commands between backticks."""
    return (
        found for found in re.findall("`([^`]+)`", text) if re.match(r"(tilewright|python -m tilewright_model) ", found)
    )


def parameter(words: str) -> str:
    """What of a command line takes FILE: the command's name, and the option or nothing."""
    command, rest = program(words)
    names: list[str] = []
    while rest and hasattr(command, "commands"):
        command, names = command.commands[rest[0]], [*names, rest.pop(0)]
    options = {option for each in command.params for option in each.opts}
    assert {word for word in rest if word.startswith("--") and word != "--"} <= options, words
    before = [word for word in rest[: next(n for n, word in enumerate(rest) if "FILE" in word)] if word != "--"]
    takes = before[-1] if before and before[-1].startswith("--") else "--" if "--" in rest else ""
    return " ".join([words.split()[0], *names, takes])


@pytest.mark.parametrize("kind", ADVICE)
def test_what_is_advised_takes_it(kind: Kind) -> None:
    roles = {parameter(slot): role for slot, role in SLOTS.items()}
    for command in commands_of(ADVICE[kind]):
        if "FILE" in command.split() or "-- FILE" in command:
            assert kind in TAKES[roles[parameter(command)]], command
        else:
            found, rest = program(command)
            assert rest[0] in found.commands


@pytest.mark.parametrize("slot", SLOTS)
def test_every_file_given_to_every_command(slot: str, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of another kind are refused before any work, with a command that takes them; other files are not."""
    monkeypatch.chdir(files)
    command, words = program(slot)
    # typer's builds the whole program anew for each call
    monkeypatch.setattr("typer.testing._get_command", lambda app: app)
    role, before = SLOTS[slot], sorted(files.rglob("*"))
    for name, (kind, _) in FILES.items():
        expected = refusal(Path(name), role)
        assert (expected is None) == (kind is None or kind in TAKES[role]), name
        if expected is None:
            continue
        result = CliRunner().invoke(command, [name if word == "FILE" else word for word in words])
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        line = result.stderr.replace("\n", "")
        assert expected in line and "export it again" not in line, result.stderr
        assert str(kind and kind.value) in expected and role.value in expected
    assert sorted(files.rglob("*")) == before, "a refused command leaves nothing behind"
