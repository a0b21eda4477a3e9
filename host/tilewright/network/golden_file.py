"""A golden file: images, and every integer that a network must give for them; one ``.npz``, never a pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.files import write_npz
from tilewright.network.inference import check_images, infer
from tilewright.network.network import Network
from tilewright.network.tail import scores_of
from tilewright.npz import read_npz

# Of the text in ``golden``
FORMAT = "tilewright-golden-1"
_TEXTS = ("golden", "network_sha256", "reference", "source")
_PREFIX = "expected."


@dataclass(frozen=True)
class GoldenFile:
    """Images and a network's integers for them.

    Attributes:
        network_sha256: of the network file.
        reference: what computed them: numpy or PyTorch.
        source: of the images, in words.
        pixels: uint8 (images, channels, h, w).
        expected: ``LAYER.codes`` of each layer but the last, uint8 (images, oc, h, w); the last one's
            ``LAYER.accumulators``, int32; ``scores``, float64 (images, classes); ``predictions``, int64 (images,).
    """

    network_sha256: str
    reference: str
    source: str
    pixels: npt.NDArray[np.uint8] = field(repr=False)
    expected: Mapping[str, npt.NDArray[Any]] = field(repr=False)

    @property
    def integers(self) -> int:
        """Integers of all layers."""
        return sum(values.size for name, values in self.expected.items() if name not in ("scores", "predictions"))

    def part(self, images: slice) -> dict[str, npt.NDArray[Any]]:
        """What is expected for some of the images."""
        return {name: values[images] for name, values in self.expected.items()}

    def save(self, path: str | Path) -> None:
        """Writes the file, whole or not at all; equal contents give equal bytes."""
        texts = {"golden": FORMAT, **{name: getattr(self, name) for name in _TEXTS[1:]}}
        write_npz(
            path,
            {
                **{name: np.array(text) for name, text in texts.items()},
                "pixels": self.pixels,
                **{_PREFIX + name: values for name, values in self.expected.items()},
            },
            compressed=True,
        )


def load_golden(path: str | Path) -> GoldenFile:
    """Reads a golden file.

    Args:
        path: the file.

    Raises:
        NetworkError: it is missing, damaged or no golden file.
    """
    arrays = read_npz(path, NetworkError, "golden file")
    texts = {name: str(arrays.pop(name)) for name in _TEXTS if name in arrays and arrays[name].dtype.kind == "U"}
    if texts.get("golden") != FORMAT or len(texts) != len(_TEXTS) or "pixels" not in arrays:
        raise NetworkError(f"{path}: no golden file (`tilewright golden NETWORK_FILE --out FILE.npz` writes one)")
    pixels = arrays.pop("pixels")
    expected = {name.removeprefix(_PREFIX): values for name, values in arrays.items() if name.startswith(_PREFIX)}
    if "predictions" not in expected or {len(values) for values in expected.values()} != {len(pixels)}:
        raise NetworkError(f"{path}: results are missing, or for another number of images than {len(pixels)}")
    return GoldenFile(texts["network_sha256"], texts["reference"], texts["source"], pixels, expected)


def is_golden(path: str | Path) -> bool:
    """Whether a file says that it is a golden file.

    Raises:
        NetworkError: it is missing, or no ``.npz``.
    """
    return "golden" in read_npz(path, NetworkError, "file of images", ("golden",))


def sha256_of(network_file: str | Path) -> str:
    """What ties a golden file to its network."""
    network_file = Path(network_file)
    return hashlib.sha256(network_file.read_bytes()).hexdigest()


def computed(network: Network, network_file: str | Path, pixels: npt.NDArray[np.uint8], source: str) -> GoldenFile:
    """The golden file of the numpy reference, which computes image by image.

    Args:
        network: the network.
        network_file: its file.
        pixels: uint8 (images, channels, h, w).
        source: of the images, in words.

    Raises:
        NetworkError: the images do not fit the network.
    """
    check_images(network, pixels)
    return GoldenFile(sha256_of(network_file), "numpy", source, pixels, expected_integers(network, pixels))


def expected_integers(network: Network, pixels: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[Any]]:
    """What the numpy reference computes, image by image.

    Args:
        network: the network.
        pixels: uint8 (images, channels, h, w), at least one image.

    Returns:
        The arrays of a :class:`GoldenFile`.

    Raises:
        NetworkError: the images do not fit the network.
    """
    parts = [_expected(network, pixels[index : index + 1]) for index in range(len(pixels))]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _expected(network: Network, pixels: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[Any]]:
    found: dict[str, npt.NDArray[Any]] = {}
    for layer, values in infer(network, pixels):
        found[f"{layer.name}.{'accumulators' if layer.is_last else 'codes'}"] = values
        last = values
    scores = scores_of(network, last)
    return {**found, "scores": scores, "predictions": scores.argmax(axis=1)}
