"""A user's own network for a board: its golden file, made here where it is not there yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tilewright.errors import NetworkError
from tilewright.network.file import load_network
from tilewright.network.golden_file import is_golden, load_golden, sha256_of
from tilewright.progress import phase
from tilewright.pytorch.golden_integers import golden_integers
from tilewright.pytorch.image_choice import ImageChoice


@contextmanager
def golden_of(network: Path | None, images: Sequence[Path], count: int | None) -> Iterator[Path | None]:
    """Yields the golden file of a network and images, for as long as the block lasts; None without images.

    Args:
        network: network file.
        images: image files, an ``.npz`` of images, or a golden file of this network, which is taken as it is.
        count: images of an ``.npz`` to take.

    Raises:
        NetworkError: there are images and no network, a file is wrong, or a golden file is another network's.
        ModelProcessError: model/ failed.
    """
    if network is None or not images:
        if images:
            raise NetworkError("--images goes with --network: whose integers are they to have?")
        yield None
        return
    if len(images) == 1 and images[0].suffix == ".npz" and is_golden(images[0]):
        if load_golden(images[0]).network_sha256 != sha256_of(network):
            raise NetworkError(f"{images[0]} is of another network file than {network}: make it anew")
        yield images[0]
        return
    taken = ImageChoice(images, None, 0, count).take(load_network(network))
    with TemporaryDirectory(prefix="tilewright-") as folder:
        file = Path(folder) / "golden.npz"
        with phase("Golden integers", "Computed every layer"):
            golden_integers(network, taken).save(file)
        yield file
