"""Images that a command's options name: checked before any work, read once the network is known."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tilewright.errors import NetworkError
from tilewright.network.inference import check_images
from tilewright.network.network import Network
from tilewright.progress import phase
from tilewright.pytorch.images import Images, load_images, model_images
from tilewright.pytorch.model_options import image_options, size_options


class ImageChoice:
    """Images of files, of a data set, or the packaged photograph.

    Args:
        files: one .npz, or image files.
        data: CIFAR-10 or a data set of one's own.
        first: number of the first image of ``data`` or of the .npz.
        count: how many of them; None takes all of the .npz, one of ``data``.

    Raises:
        NetworkError: the choice makes no sense, or a file is missing or damaged.
    """

    def __init__(
        self, files: Sequence[str | Path] = (), data: str | Path | None = None, first: int = 0, count: int | None = None
    ) -> None:
        paths = [Path(file) for file in files]
        if paths and data:
            raise NetworkError("give --images or --data, not both")
        self._files, self._data, self._first, self._count = paths, data, first, count
        self._archive: Images | None = None
        if any(file.suffix == ".npz" for file in paths):
            if len(paths) > 1:
                raise NetworkError("give one .npz, or image files")
            self._archive = _part(load_images(paths[0]), paths[0], first, count)
        elif not data and (first or count is not None):
            raise NetworkError("--first and --count choose among the images of --data or of an .npz: give one of these")
        for file in paths:
            if not file.is_file():
                raise NetworkError(f"{file}: {'a folder, not an image' if file.is_dir() else 'no such image file'}")

    def take(self, network: Network) -> Images:
        """The images.

        Args:
            network: whose size and channels image files are brought to.

        Raises:
            NetworkError: the .npz holds images of another size.
            ModelProcessError: model/ cannot read them.
        """
        if self._archive is not None:
            check_images(network, self._archive.pixels)
            return self._archive.numbered(network.classes)
        size = size_options(network)
        first = ["--first", str(self._first)] if self._data else []
        options = [*size, *image_options(self._files, self._data, self._count), *first]
        progress = phase("Reading images with PyTorch", "Read the images")
        with progress, tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
            return model_images(options, Path(folder)).numbered(network.classes)


def _part(images: Images, file: Path, first: int, count: int | None) -> Images:
    """Images of an archive, as many as were asked for."""
    held = len(images.pixels)
    end = held if count is None else first + count
    if not first < end <= held:
        asked = f"none from {first} on" if count is None else f"not {count} from {first} on"
        raise NetworkError(f"{file} holds {held} images, {asked}")
    return replace(images, pixels=images.pixels[first:end], labels=images.labels[first:end])
