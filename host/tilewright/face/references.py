"""What a run's integers are compared with: what came with the images, PyTorch where it is, else numpy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tilewright.errors import NetworkError
from tilewright.face.images import Given
from tilewright.network.file_writer import save_network
from tilewright.network.network import Network
from tilewright.pytorch.here import missing_packages
from tilewright.pytorch.reference import PyTorchReference
from tilewright.runs.references import GoldenReference, NumpyReference, Reference

NAMES = ("golden", "pytorch", "numpy")


@dataclass(frozen=True)
class Chosen:
    """A reference.

    Attributes:
        name: one of :data:`NAMES`.
        text: it in words.
    """

    name: str
    text: str


def choose(network: Network, given: Given, check: bool | str) -> Chosen | None:
    """The reference that a run shall have.

    Args:
        network: that runs.
        given: its images.
        check: False for none; one of :data:`NAMES`; True for the first of these that there is.

    Raises:
        NetworkError: there is no such reference, or not here; or golden integers are of another network.
    """
    if check is False:
        return None
    if check is not True and check not in NAMES:
        raise NetworkError(f"check={check!r}: True, False, or one of {', '.join(NAMES)}")
    if check == "golden" and given.expected is None:
        raise NetworkError(
            "check='golden': the images came without golden integers; give a golden file as images, which "
            "`tilewright golden` writes"
        )
    if given.expected is not None and check in (True, "golden"):
        if given.network_sha256 != network.file_sha256:
            raise NetworkError(
                f"the golden integers of {given.images.source} are of another network file than {network.name}: "
                "make them anew, or choose check='pytorch' or 'numpy'"
            )
        return Chosen("golden", f"golden integers, computed by {given.computed}")
    missing = missing_packages()
    if check == "pytorch" and missing:
        raise NetworkError(f"check='pytorch': {', '.join(missing)} is missing here; check='numpy' computes the same")
    if check == "numpy" or missing:
        return Chosen("numpy", "numpy's integer network, computed here")
    return Chosen("pytorch", "PyTorch, in a process of its own beside the run")


@contextmanager
def reference_of(
    chosen: Chosen | None, network: Network, given: Given, batch: int, all_layers: bool
) -> Iterator[Reference | None]:
    """The reference itself, for :func:`tilewright.runs.network.run_compared`.

    Args:
        chosen: which.
        network: that runs.
        given: its images.
        batch: images a chunk.
        all_layers: whether more than the last layer's map is compared.

    Yields:
        It; None where none was chosen.
    """
    if chosen is None:
        yield None
    elif chosen.name == "golden" and given.expected is not None:
        yield GoldenReference(given.expected, batch)
    elif chosen.name == "numpy":
        yield NumpyReference(network, given.images, batch)
    else:
        with TemporaryDirectory(prefix="tilewright-") as folder:
            file = Path(folder) / "network.safetensors"
            save_network(network, file)
            yield PyTorchReference(file, given.images, batch, all_layers, folder)
