"""PyTorch's own results for a run's images, while the accelerator computes."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.npz import read_npz
from tilewright.pytorch.images import Images
from tilewright.pytorch.process import ModelProcess

_POLL_SECONDS = 0.1
# A batch of 16 takes PyTorch some seconds on one core.
BATCH_SECONDS = 1800.0


class PyTorchReference:
    """PyTorch's own integers for a run's images, computed beside it, a chunk a batch.

    Use it with ``with``: the process ends with the block.

    Args:
        network_file: the network.
        images: of the run.
        batch: images a chunk.
        all_layers: whether every layer's codes are wanted, or the last accumulators only.
        folder: for the files in between.
        ahead: chunks that are computed before they are asked for; None takes all.
    """

    def __init__(
        self,
        network_file: str | Path,
        images: Images,
        batch: int,
        all_layers: bool,
        folder: str | Path,
        ahead: int | None = None,
    ) -> None:
        self._folder = Path(folder) / "reference"
        self._folder.mkdir()
        file = Path(folder) / "reference_images.npz"
        images.save(file)
        layers = "all" if all_layers else "last"
        options: list[str | Path] = ["--images", file, "--layers", layers, "--chunk", str(batch), "--out", self._folder]
        options += [] if ahead is None else ["--ahead", str(ahead)]
        self._process = ModelProcess("reference", network_file, *options)

    def __enter__(self) -> PyTorchReference:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()

    def chunk(self, index: int) -> dict[str, npt.NDArray[Any]]:
        """The arrays of a batch, waiting for them if need be.

        Args:
            index: of the batch.

        Raises:
            ModelProcessError: PyTorch's process failed.
            NetworkError: it ended without this batch, or took more than ``BATCH_SECONDS``.
        """
        path = self._folder / f"{index:05d}.npz"
        end = time.monotonic() + BATCH_SECONDS
        while not path.is_file():
            if time.monotonic() > end:
                raise NetworkError(f"PyTorch's process has not written batch {index} in {BATCH_SECONDS:g} s")
            if not self._process.running() and not path.is_file():
                raise NetworkError(f"PyTorch's process ended without writing batch {index}")
            time.sleep(_POLL_SECONDS)
        arrays = read_npz(path, NetworkError, "file of PyTorch's integers")
        path.unlink()
        return arrays
