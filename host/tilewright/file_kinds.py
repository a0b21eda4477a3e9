"""What a file or folder is, and which command takes it: for refusals that say where a file of ours goes instead.

Only headers and names are read, with Python's own library.
"""

from __future__ import annotations

import json
import shlex
import struct
import zipfile
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

# safetensors' own limit
_LONGEST_HEADER = 100_000_000
_MODEL = "python -m tilewright_model"
# Folders are looked at no further than to so many of their entries
_MOST_ENTRIES = 1000

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
PAGE_SUFFIXES = (".html", ".htm")
# In the head of a page that holds a run's record
PAGE_MARK = '<meta name="tilewright" content="run">'
SPLITS = ("train", "test", "val")


class Kind(Enum):
    """What a file or folder is, in words."""

    NETWORK = "a network file"
    PACKED = "a packed checkpoint"
    RESIDUAL = "a packed checkpoint of a network with residuals"
    FLOAT = "a float network's checkpoint"
    STATE = "the saved state of a training"
    STATE_DICT = "a PyTorch checkpoint"
    TORCHSCRIPT = "a TorchScript archive"
    EXPORTED = "an archive of torch.export"
    ONNX = "an ONNX file"
    LAYER = "a layer file"
    IMAGES = "an .npz of images"
    INTEGERS = "an .npz of PyTorch's integers"
    PICTURE = "an image file"
    DATA_SET = "a data set"
    GOLDEN = "a golden set"
    STIMULUS = "a folder of stimulus files"
    RUN = "a training's folder"
    LOG = "a training's log"
    RECORD = "a training's record"
    RUN_RECORD = "a run's record"
    HWH = "a block design"
    BITSTREAM = "a bitstream"
    SOURCE = "a hardware source"
    SCRIPT = "a Python script"
    WAVEFORM = "a waveform"
    TENSORS = "a .safetensors file of another program"
    ARRAYS = "an .npz of other arrays"
    FOLDER = "a folder"


class Role(Enum):
    """What an option or argument takes."""

    NETWORK = "a network file"
    CHECKPOINT = "a checkpoint"
    TEACHER = "a float network's checkpoint"
    STATE_DICT = "a state dict"
    QONNX = "a QONNX file"
    IMAGES = "an image file or an .npz of images"
    DATA = "a data set"
    LAYER = "a layer file"
    STIMULUS = "a folder of stimulus files"
    RUN = "a training's folder or log"
    HWH = "a block design (.hwh)"
    SOURCE = "a hardware source"
    SCRIPT = "a Python script"
    BITSTREAM = "a bitstream (.bit)"
    RUN_RECORD = "a run's record"


TAKES: dict[Role, tuple[Kind, ...]] = {
    # What lacks in tensors, arrays and folders of others, the readers say
    Role.NETWORK: (Kind.NETWORK, Kind.TENSORS),
    Role.CHECKPOINT: (Kind.PACKED, Kind.RESIDUAL, Kind.STATE_DICT, Kind.TENSORS),
    Role.TEACHER: (Kind.FLOAT, Kind.TENSORS),
    Role.STATE_DICT: (Kind.STATE_DICT,),
    Role.QONNX: (Kind.ONNX,),
    Role.IMAGES: (Kind.IMAGES, Kind.PICTURE, Kind.ARRAYS),
    Role.DATA: (Kind.DATA_SET, Kind.FOLDER, Kind.ARRAYS),
    Role.LAYER: (Kind.LAYER, Kind.ARRAYS),
    Role.STIMULUS: (Kind.STIMULUS, Kind.FOLDER),
    Role.RUN: (Kind.RUN, Kind.LOG, Kind.FOLDER),
    Role.HWH: (Kind.HWH,),
    Role.SOURCE: (Kind.SOURCE,),
    Role.SCRIPT: (Kind.SCRIPT,),
    Role.BITSTREAM: (Kind.BITSTREAM,),
    Role.RUN_RECORD: (Kind.RUN_RECORD,),
}

# Commands stand between backticks, FILE for the file
ADVICE: dict[Kind, str] = {
    Kind.NETWORK: f"`tilewright run FILE` and `{_MODEL} evaluate FILE` take it",
    Kind.PACKED: f"`tilewright run --checkpoint FILE` takes it, and `{_MODEL} export --checkpoint FILE --out NETWORK` "
    "makes a network file of it",
    Kind.RESIDUAL: f"`{_MODEL} evaluate --checkpoint FILE` and `{_MODEL} capture --checkpoint FILE --out LAYER` take "
    "it; the accelerator runs no residuals yet",
    Kind.FLOAT: f"`{_MODEL} train --teacher FILE --recipe distilled` takes it, and trains one that can be exported",
    Kind.STATE: f"`{_MODEL} train --resume`, with the options that the training had, goes on with it; the checkpoint "
    "(.safetensors) lies in its --out",
    Kind.STATE_DICT: f"`{_MODEL} import FILE --out CHECKPOINT` and `tilewright run --checkpoint FILE` take it",
    Kind.TORCHSCRIPT: "in PyTorch, torch.save(torch.jit.load('FILE').state_dict(), 'net.pth') keeps its tensors alone, "
    f"which `{_MODEL} import net.pth` reads",
    Kind.EXPORTED: "in PyTorch, torch.save(torch.export.load('FILE').state_dict, 'net.pth') keeps its tensors alone, "
    f"which `{_MODEL} import net.pth` reads",
    Kind.ONNX: f"`{_MODEL} import-qonnx FILE --out NETWORK` makes a network file of it, if it is QONNX",
    Kind.LAYER: "`tilewright verify --layer-file FILE` and `tilewright stimulus export --layer-file FILE` take it",
    Kind.IMAGES: f"`tilewright run --images FILE` and `{_MODEL} reference NETWORK --images FILE` take it",
    Kind.INTEGERS: "a golden set holds one, and tilewright.pytorch.golden_set reads its folder",
    Kind.PICTURE: f"`tilewright run --images FILE` and `{_MODEL} images --images FILE` take it",
    Kind.DATA_SET: f"`tilewright run --data FILE` and `{_MODEL} evaluate --data FILE` take it",
    Kind.GOLDEN: "tilewright.pytorch.golden_set reads it, as the notebooks do; "
    "`tilewright run FILE/network.safetensors --images FILE/images.npz` runs it",
    Kind.STIMULUS: "`tilewright stimulus replay FILE` takes it",
    Kind.RUN: f"`{_MODEL} plot FILE` takes it; the checkpoint is the .safetensors in it",
    Kind.LOG: f"`{_MODEL} plot FILE` takes it",
    Kind.RECORD: "it is to be read; the checkpoint is the .safetensors beside it",
    Kind.RUN_RECORD: "`tilewright report FILE` and `tilewright report --compare FILE OTHER` take it",
    Kind.HWH: "`tilewright simulate --hwh FILE --rtl IP.v` takes it",
    Kind.BITSTREAM: "`tilewright run --bitstream FILE` and `tilewright board deploy HOST --bitstream FILE` take it",
    Kind.SOURCE: "`tilewright simulate --hwh DESIGN --rtl FILE` takes it",
    Kind.SCRIPT: "`tilewright simulate --hwh DESIGN --rtl IP.v -- FILE` runs it",
    Kind.WAVEFORM: "GTKWave and Surfer show it",
    Kind.TENSORS: f"`{_MODEL} train` and `{_MODEL} import` write checkpoints, `{_MODEL} export` network files",
    Kind.ARRAYS: "docs/training.md says which arrays a data set has, docs/networks.md those of images",
    Kind.FOLDER: "name the file",
}


def refusal(path: str | Path, role: Role) -> str | None:
    """What is said of a file that is another one than asked for.

    Args:
        path: the file or folder.
        role: what was asked for.

    Returns:
        One line with the command that takes it; None where it is what was asked for, or of no known kind, or missing.
    """
    kind = kind_of(path)
    if kind is None or kind in TAKES[role]:
        return None
    advice = ADVICE[kind].replace("'FILE'", repr(str(path))).replace("FILE", shlex.quote(str(path)))
    return f"{path} is {kind.value}, not {role.value}: {advice}"


def kind_of(path: str | Path) -> Kind | None:
    """What a file or folder is; None where it is missing, cannot be read, or is of no known kind."""
    path = Path(path)
    try:
        if path.is_dir():
            return _folder(path)
        return _content(path) or _suffix(path) if path.is_file() else None
    except OSError:
        return None


def safetensors_header(file: str | Path) -> dict[str, Any]:
    """The header of a ``.safetensors``: its tensors by name, and ``__metadata__``; empty where the file has none."""
    file = Path(file)
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length)) if length <= _LONGEST_HEADER else {}
    except (OSError, ValueError, struct.error, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}


def _content(path: Path) -> Kind | None:
    with path.open("rb") as stream:
        start = stream.read(1024)
    if start.startswith(b"PK"):
        return _archive(path)
    short = path.suffix.lower() in PICTURE_SUFFIXES and start.startswith(_SHORT)
    if start.startswith(_PICTURES) or start[8:12] == b"WEBP" or short:
        return Kind.PICTURE
    # A pickle of protocol 2, PyTorch's format before 1.6
    if start.startswith(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"):
        return Kind.STATE_DICT
    if start[8:9] == b"{":
        return _tensors(path)
    return _text(path, start)


# How image files begin; with two letters other files may begin too
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")
_SHORT = (b"BM", b"P5", b"P6")


def _tensors(path: Path) -> Kind | None:
    header = safetensors_header(path)
    if not header:
        return None
    metadata = header.get("__metadata__")
    named = str(metadata.get("format")) if isinstance(metadata, dict) else ""
    for start, kind in _FORMATS.items():
        if named.startswith(start):
            return kind
    return Kind.TENSORS


_FORMATS = {
    "tilewright-network": Kind.NETWORK,
    "tilewright-packed-resnet": Kind.RESIDUAL,
    "tilewright-packed-": Kind.PACKED,
    "tilewright-float-": Kind.FLOAT,
    "tilewright-training-state": Kind.STATE,
}


def _archive(path: Path) -> Kind | None:
    """A zip file: NumPy's or PyTorch's."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return None
    inside = {name.partition("/")[2] for name in names}
    if "constants.pkl" in inside or any(name.startswith("code/") for name in inside):
        return Kind.TORCHSCRIPT
    if "data.pkl" in inside:
        return Kind.STATE_DICT
    if "archive_format" in inside:
        return Kind.EXPORTED
    arrays = {name.removesuffix(".npy") for name in names if name.endswith(".npy")}
    return _arrays(arrays) if arrays else None


def _arrays(names: set[str]) -> Kind:
    if {"weight_codes", "activation_codes"} <= names:
        return Kind.LAYER
    if "pixels" in names:
        return Kind.IMAGES
    if {"images", "labels"} <= names or any({f"{split}_images", f"{split}_labels"} <= names for split in SPLITS):
        return Kind.DATA_SET
    if {"scores", "predictions"} <= names:
        return Kind.INTEGERS
    return Kind.ARRAYS


def _text(path: Path, start: bytes) -> Kind | None:
    if path.suffix == ".csv" and start.startswith(b"epoch,"):
        return Kind.LOG
    if path.suffix == ".json" and start.lstrip().startswith(b"{"):
        try:
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return None
        if str(content.get("format")).startswith("tilewright-run-"):
            return Kind.RUN_RECORD
        return Kind.RECORD if {"recipe", "checkpoint"} <= content.keys() else None
    return Kind.RUN_RECORD if path.suffix.lower() in PAGE_SUFFIXES and PAGE_MARK.encode() in start else None


def _suffix(path: Path) -> Kind | None:
    for suffixes, kind in _SUFFIXES.items():
        if path.suffix.lower() in suffixes:
            return kind
    return None


_SUFFIXES = {
    (".onnx",): Kind.ONNX,
    (".hwh",): Kind.HWH,
    (".bit",): Kind.BITSTREAM,
    (".v", ".sv", ".vh", ".svh", ".vhd", ".vhdl"): Kind.SOURCE,
    (".py",): Kind.SCRIPT,
    (".fst", ".vcd"): Kind.WAVEFORM,
}


def _folder(path: Path) -> Kind:
    entries = list(_first(path.iterdir()))
    names = {entry.name for entry in entries}
    if {"network.safetensors", "reference.npz"} <= names:
        return Kind.GOLDEN
    if "training.state" in names or kind_of(path / "log.csv") is Kind.LOG:
        return Kind.RUN
    texts = any(map(_is_stimulus, (path, *(entry for entry in entries if entry.is_dir()))))
    images = is_data_set(path)
    if images == texts:
        return Kind.FOLDER
    return Kind.DATA_SET if images else Kind.STIMULUS


def _is_stimulus(folder: Path) -> bool:
    """Whether a folder holds text files of weights, and of activations, sums or outputs, by their names."""
    try:
        names = " ".join(entry.stem.lower() for entry in _first(folder.iterdir()) if entry.suffix == ".txt")
    except OSError:
        return False
    return all(any(word in names for word in words) for words in (("weight", "wgt"), ("act", "psum", "out")))


def is_data_set(folder: str | Path) -> bool:
    """Whether a folder holds CIFAR-10 or a data set of one's own (``docs/training.md``)."""
    folder = Path(folder)
    if folder.name == "cifar-10-batches-py" or (folder / "cifar-10-batches-py").is_dir():
        return True
    if any((folder / f"{name}.npz").is_file() for name in ("cifar10", *SPLITS)):
        return True
    return any(is_image_folder(each) for each in (folder, *(folder / split for split in SPLITS)))


def is_image_folder(folder: str | Path) -> bool:
    """Whether a folder has folders of image files in it, one a class."""
    folder = Path(folder)
    if not folder.is_dir():
        return False
    classes = [each for each in _first(folder.iterdir()) if each.is_dir() and each.name not in SPLITS]
    return any(entry.suffix.lower() in PICTURE_SUFFIXES for each in classes for entry in _first(each.iterdir()))


def _first(entries: Iterable[Path]) -> Iterator[Path]:
    return (entry for _, entry in zip(range(_MOST_ENTRIES), entries, strict=False))
