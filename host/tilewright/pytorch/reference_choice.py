"""What a run is compared with: PyTorch where this Python has it, else its packaged integers, else numpy's."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tilewright import packaged
from tilewright.network.golden_file import GoldenFile, expected_integers, load_golden, sha256_of
from tilewright.network.network import Network
from tilewright.pytorch.available import has_pytorch
from tilewright.pytorch.images import Images
from tilewright.pytorch.reference import PyTorchReference


class Reference(Protocol):
    """A reference's integers for a run's images, a chunk a batch; used with ``with``.

    Attributes:
        name: what computed them, in words.
        origin: where integers come from that were not computed in this run; else empty.
    """

    name: str
    origin: str

    def __enter__(self) -> Reference: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def chunk(self, index: int) -> dict[str, npt.NDArray[Any]]:
        """A batch's arrays, named as in :class:`tilewright.network.golden_file.GoldenFile`."""
        ...


class _HeldReference:
    """A reference that needs no process."""

    name: str
    origin = ""

    def __init__(self, batch: int) -> None:
        self._batch = batch

    def __enter__(self) -> Reference:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def _images(self, index: int) -> slice:
        return slice(index * self._batch, (index + 1) * self._batch)

    def chunk(self, index: int) -> dict[str, npt.NDArray[Any]]:
        """The arrays of a batch."""
        raise NotImplementedError


class PackagedReference(_HeldReference):
    """PyTorch's integers of a golden file.

    Args:
        golden: the file.
        batch: images a chunk.
    """

    def __init__(self, golden: GoldenFile, batch: int) -> None:
        super().__init__(batch)
        self._golden = golden
        self.name = f"{golden.reference}'s packaged integers"
        self.origin = (
            f"{golden.reference} computed them when this version was made, of {golden.source} and the network file "
            f"with SHA-256 {golden.network_sha256[:16]}...; there is no PyTorch here"
        )

    def chunk(self, index: int) -> dict[str, npt.NDArray[Any]]:
        """The arrays of a batch."""
        return self._golden.part(self._images(index))


class NumpyReference(_HeldReference):
    """The numpy reference of :mod:`tilewright.network.inference`, computed as it is asked for.

    Args:
        network: the network.
        pixels: uint8 (images, channels, h, w).
        batch: images a chunk.
    """

    name = "numpy"

    def __init__(self, network: Network, pixels: npt.NDArray[np.uint8], batch: int) -> None:
        super().__init__(batch)
        self._network, self._pixels = network, pixels

    def chunk(self, index: int) -> dict[str, npt.NDArray[Any]]:
        """The arrays of a batch."""
        return expected_integers(self._network, self._pixels[self._images(index)])


def open_reference(
    network: Network, network_file: Path, images: Images, batch: int, all_layers: bool, folder: Path
) -> Reference:
    """The best reference that there is here.

    Args:
        network: the network.
        network_file: its file.
        images: of the run.
        batch: images a chunk.
        all_layers: whether every layer's codes are wanted, or the last accumulators only.
        folder: for PyTorch's files in between.

    Raises:
        NetworkError: the packaged integers are damaged.
    """
    if has_pytorch():
        return PyTorchReference(network_file, images, batch, all_layers, folder)
    golden = load_golden(packaged.GOLDEN)
    if golden.network_sha256 == sha256_of(network_file) and np.array_equal(golden.pixels, images.pixels):
        return PackagedReference(golden, batch)
    return NumpyReference(network, images.pixels, batch)
