"""Where a data set of one's own has its images, by names alone and without PyTorch: `data_set.py` reads them."""

from pathlib import Path
from zipfile import BadZipFile, ZipFile

from tilewright.file_kinds import is_image_folder
from tilewright_model.errors import DataError

#: of an .npz: uint8 (n, h, w, 3) or (n, h, w), integers (n,), and perhaps texts, one a class
ARRAYS = ("images", "labels", "classes")
#: names of each split's file or folder, in the order of preference
SPLITS = {"train": ("train",), "test": ("test", "val")}


def own_parts(root: str | Path) -> dict[str, Path]:
    """The .npz or image folder of each split.

    Args:
        root: a folder or an .npz.

    Returns:
        By split, "train" and "test" where they are there; under "all" what is not divided; nothing where `root` is no
        data set of one's own.
    """
    root = Path(root)
    if root.is_file():
        return {"all": root} if is_own_archive(root) else {}
    parts: dict[str, Path] = {}
    for split, names in SPLITS.items():
        places = [place for name in names for place in (root / f"{name}.npz", root / name)]
        found = [place for place in places if place.is_file() or is_image_folder(place)]
        parts |= {split: found[0]} if found else {}
    if not parts and is_image_folder(root):
        return {"all": root}
    return parts


def own_part(root: str | Path, split: str) -> Path:
    """The .npz or image folder of a split, or what is not divided.

    Args:
        root: a folder or an .npz.
        split: "train" or "test".

    Raises:
        DataError: it has no images of this split.
    """
    parts = own_parts(root)
    if split not in parts and "all" not in parts:
        names = " nor ".join(f"{name}.npz or {name}/CLASS/*.png" for name in SPLITS[split])
        raise DataError(f"{root} has no images to {split}: no {names} (docs/training.md)")
    return parts.get(split) or parts["all"]


def is_own_archive(file: str | Path) -> bool:
    """Whether a file is an .npz with `images` or `labels`: CIFAR-10's arrays have other names."""
    try:
        with ZipFile(file) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
    except (OSError, BadZipFile):
        return False
    return not names.isdisjoint(ARRAYS[:2])


def check_divided(root: str | Path, hold_out: int) -> None:
    """Make sure that there are images to measure a training on.

    Args:
        root: a folder or an .npz.
        hold_out: how many training images are kept for that.

    Raises:
        DataError: the set is not divided, or has one part only, and nothing is held out.
    """
    own_part(root, "train")
    if not hold_out and "test" not in own_parts(root):
        raise DataError(
            f"{root} has no test images of its own: keep some to measure on with --hold-out N, or divide it into train "
            "and test (docs/training.md)"
        )
