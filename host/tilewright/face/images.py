"""What a run is given as images: arrays, files, a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.file_kinds import PICTURE_SUFFIXES, Kind, kind_of
from tilewright.network.golden_file import is_golden, load_golden, sha256_of
from tilewright.network.inference import check_images
from tilewright.network.network import Network
from tilewright.npz import read_npz
from tilewright.pytorch.golden import IMAGE_FILE, NETWORK_FILE, REFERENCE_FILE
from tilewright.pytorch.images import Images, load_images


@dataclass(frozen=True)
class Given:
    """Images of a run.

    Attributes:
        images: themselves.
        expected: a network's integers for them, where they came with such; the first axis counts the images.
        computed: what computed those, in words.
        network_sha256: of the network file that they are of.
    """

    images: Images
    expected: Mapping[str, npt.NDArray[Any]] | None = field(default=None, repr=False)
    computed: str = ""
    network_sha256: str = ""

    def first(self, count: int | None) -> Given:
        """The first of them.

        Args:
            count: how many; None takes all.

        Raises:
            NetworkError: there are not so many.
        """
        held = len(self.images.pixels)
        if count is None:
            return self
        if not 0 < count <= held:
            raise NetworkError(f"{count} images of {self.images.source}: it holds {held}")
        images = replace(self.images, pixels=self.images.pixels[:count], labels=self.images.labels[:count])
        expected = self.expected
        return replace(
            self,
            images=images,
            expected=None if expected is None else {name: values[:count] for name, values in expected.items()},
        )


def images_for(network: Network, given: Any, count: int | None = None) -> Given:
    """Images as a network takes them.

    Args:
        network: that shall run on them.
        given: uint8 pixels (images, channels, h, w), or (channels, h, w) of one image: an array, or what becomes one,
            as a tensor does; a file: a picture, an ``.npz`` with ``pixels``, a golden file; several pictures; a folder
            of pictures, a data set, a golden set; :class:`tilewright.pytorch.images.Images`; None for the packaged
            photograph.
        count: how many of them, from the first on; None takes all, one of a data set.

    Raises:
        NetworkError: they do not fit the network, with what it takes and what was given, or a file is missing or
            damaged.
        ModelProcessError: model/, which reads pictures and data sets, failed.
    """
    if isinstance(given, str | PathLike):
        found = _of_path(network, Path(given), count)
    elif given is None:
        found = Given(_read(network)).first(count)
    elif isinstance(given, Images):
        found = Given(given).first(count)
    elif _are_paths(given):
        found = Given(_read(network, files=[Path(each) for each in given])).first(count)
    else:
        found = Given(_of_array(network, given)).first(count)
    check_images(network, found.images.pixels)
    return replace(found, images=found.images.numbered(network.classes))


def _are_paths(given: Any) -> bool:
    return isinstance(given, Sequence) and bool(given) and all(isinstance(each, str | PathLike) for each in given)


def _of_array(network: Network, given: Any) -> Images:
    """Pixels of an array, or of what becomes one."""
    pixels: npt.NDArray[Any] = np.asarray(given)
    if pixels.dtype.kind not in "iufb" or not pixels.size:
        kind = f"an empty array {pixels.shape}" if pixels.dtype.kind in "iufb" else f"a {type(given).__name__}"
        raise NetworkError(f"images are arrays, files or a folder; this is {kind}")
    if pixels.dtype != np.uint8:
        raise NetworkError(
            f"network {network.name} takes pixels, uint8 of 0 to 255, got {pixels.dtype}: give them as they are before "
            "any normalisation"
        )
    pixels = pixels[None] if pixels.ndim == 3 else pixels
    if pixels.ndim == 4 and (pixels.shape[3], *pixels.shape[1:3]) == network.image != pixels.shape[1:]:
        raise NetworkError(
            f"network {network.name} takes images (channels, height, width) {network.image}, got {pixels.shape[1:]}: "
            "channels come first, np.moveaxis(pixels, -1, -3) puts them there"
        )
    return Images(pixels, np.full(len(pixels), -1), "an array")


def _of_path(network: Network, path: Path, count: int | None) -> Given:
    """Images of a file or a folder."""
    if not path.exists():
        raise NetworkError(f"{path}: no such file or folder of images")
    if not path.is_dir():
        return _of_file(network, path).first(count)
    if kind_of(path) is Kind.GOLDEN:
        return _golden_set(path).first(count)
    pictures = sorted(each for each in path.iterdir() if each.suffix.lower() in PICTURE_SUFFIXES)
    if pictures:
        return Given(replace(_read(network, files=pictures[:count]), source=str(path)))
    return Given(_read(network, data=path, count=count))


def _of_file(network: Network, file: Path) -> Given:
    if file.suffix != ".npz":
        return Given(_read(network, files=[file]))
    if not is_golden(file):
        return Given(load_images(file))
    golden = load_golden(file)
    images = Images(golden.pixels, np.full(len(golden.pixels), -1), golden.source)
    return Given(images, golden.expected, golden.reference, golden.network_sha256)


def _golden_set(folder: Path) -> Given:
    images = load_images(folder / IMAGE_FILE)
    expected = read_npz(folder / REFERENCE_FILE, NetworkError, "file of PyTorch's integers")
    return Given(images, expected, "PyTorch", sha256_of(folder / NETWORK_FILE))


def _read(network: Network, files: Iterable[Path] = (), data: Path | None = None, count: int | None = None) -> Images:
    """Images that model/ reads."""
    # Imported here: it shows progress, for which a board has no package
    from tilewright.pytorch.image_choice import ImageChoice

    return ImageChoice(list(files), data, count=count).take(network)
