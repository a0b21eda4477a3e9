"""Where CIFAR-10 lies, and whether it is there, without PyTorch: ``data.py`` reads it."""

import urllib.error
import urllib.request
from pathlib import Path
from threading import Thread
from zipfile import BadZipFile, ZipFile

from tilewright.progress import phase
from tilewright_model.data.own_data import is_own_archive, own_parts
from tilewright_model.errors import DataError

NPZ = "cifar10.npz"
#: arrays of the .npz: uint8 (n, 32, 32, 3) and n labels of 0..9
KEYS = ("train_images", "train_labels", "test_images", "test_labels")
TORCHVISION_FOLDER = "cifar-10-batches-py"
TEST_IMAGES, TRAINING_IMAGES = 10_000, 50_000
OWN = "a data set of your own (an image folder, or an .npz with `images` and `labels`)"
EXPECTED = (
    f"a folder with {NPZ} ({', '.join(KEYS)}) or torchvision's folder {TORCHVISION_FOLDER}, or {OWN}: docs/training.md"
)
#: where torchvision downloads from, and how long to wait for an answer
SOURCE = "https://www.cs.toronto.edu/"
ANSWER_SECONDS = 8.0


def is_cifar10(root: str | Path) -> bool:
    """Whether `root` is CIFAR-10 by its names: an .npz that is no data set of one's own is taken for it."""
    root = Path(root)
    if root.is_file():
        return not is_own_archive(root)
    return root.name == TORCHVISION_FOLDER or (root / NPZ).is_file() or (root / TORCHVISION_FOLDER).is_dir()


def check_folder(root: str | Path) -> None:
    """Make sure that ``root`` holds CIFAR-10 or a data set of one's own, as far as names tell.

    Args:
        root: a folder or an .npz.

    Raises:
        DataError: it holds neither; names what is missing.
    """
    root = Path(root)
    if is_cifar10(root):
        file = root / NPZ if root.is_dir() else root
        if file.is_file():
            _check_names(file)
    elif not own_parts(root):
        raise DataError(f"no CIFAR-10 at {root}: give --data, or the variable CIFAR10_ROOT, {EXPECTED}")


def _check_names(file: Path) -> None:
    try:
        with ZipFile(file) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
    except (OSError, BadZipFile) as error:
        raise DataError(f"{file} is not a CIFAR-10 archive ({error}): it holds the arrays {', '.join(KEYS)}") from error
    missing = [key for key in KEYS if key not in names]
    if missing:
        raise DataError(
            f"{file} lacks {', '.join(missing)}: the arrays are {', '.join(KEYS)}; of {OWN} (docs/training.md)"
        )


def check_root(root: str | Path | None) -> None:
    """As ``check_folder``; without a folder as ``check_reachable``, unless CIFAR-10 has been downloaded already."""
    if root is not None:
        check_folder(root)
        return
    from tilewright.environment import cache_folder  # here: with it comes numpy, and no help page needs that

    if not (cache_folder() / "cifar10" / TORCHVISION_FOLDER).is_dir():
        check_reachable()


def check_reachable() -> None:
    """Checks that CIFAR-10 can be downloaded, for some seconds at most.

    Raises:
        DataError: it cannot; says what to do instead.
    """
    answers: list[str] = []
    # A thread, because looking up a name has no time limit
    asking = Thread(target=lambda: answers.append(_answer()), daemon=True)
    with phase(f"Asking {SOURCE}", f"Asked {SOURCE}"):
        asking.start()
        asking.join(ANSWER_SECONDS)
    answer = answers[0] if answers else f"no answer in {ANSWER_SECONDS:g} s"
    if answer:
        raise DataError(
            f"no CIFAR-10 was named, and {SOURCE} cannot be reached to download it ({answer}): give --data ROOT, or "
            f"the variable CIFAR10_ROOT, {EXPECTED}"
        )


def _answer() -> str:
    """Why the source does not answer; empty if it does, be it with an error of its own."""
    try:
        with urllib.request.urlopen(urllib.request.Request(SOURCE, method="HEAD"), timeout=ANSWER_SECONDS):
            return ""
    except urllib.error.HTTPError:
        return ""
    except urllib.error.URLError as error:
        return str(error.reason)
    except (OSError, ValueError) as error:
        return str(error)
