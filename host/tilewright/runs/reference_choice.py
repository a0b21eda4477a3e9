"""What a run is compared with: PyTorch where this Python has it, else its packaged integers, else numpy's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tilewright import packaged
from tilewright.network.golden_file import load_golden, sha256_of
from tilewright.network.network import Network
from tilewright.pytorch.available import has_pytorch
from tilewright.pytorch.images import Images
from tilewright.pytorch.reference import PyTorchReference
from tilewright.runs.references import GoldenReference, NumpyReference, Reference


@dataclass(frozen=True)
class Chosen:
    """A reference.

    Attributes:
        reference: it.
        name: what computes or computed the integers, in words.
        origin: where integers come from that are not computed in this run; else empty.
    """

    reference: Reference
    name: str
    origin: str = ""


def best_reference(
    network: Network,
    network_file: str | Path,
    images: Images,
    batch: int,
    all_layers: bool,
    folder: str | Path,
) -> Chosen:
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
        return Chosen(PyTorchReference(network_file, images, batch, all_layers, folder), "PyTorch")
    golden = load_golden(packaged.GOLDEN)
    if golden.network_sha256 != sha256_of(network_file) or not np.array_equal(golden.pixels, images.pixels):
        return Chosen(NumpyReference(network, images, batch), "numpy")
    origin = (
        f"{golden.reference} computed them when this version was made, of {golden.source} and the network file with "
        f"SHA-256 {golden.network_sha256[:16]}...; there is no PyTorch here"
    )
    return Chosen(GoldenReference(golden.expected, batch), f"{golden.reference}'s packaged integers", origin)
