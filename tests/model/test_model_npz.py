"""Files of arrays that lie: named before anything is unpacked, by each of this package's readers."""

from pathlib import Path

import pytest
from hostile_npz import damaged, safetensors_claim

from tilewright_model.data.cifar10 import load_cifar10
from tilewright_model.data.image_file import load_images
from tilewright_model.errors import CheckpointError, DataError
from tilewright_model.tensor_file import read_tensors


@pytest.mark.parametrize("wrong", damaged(""))
def test_what_an_archive_claims(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "cifar10.npz"
    for name, kind, read in (
        ("pixels", "image file", load_images),
        ("test_images", "CIFAR-10 archive", lambda file: load_cifar10(file, "test")),
    ):
        write, message = damaged(name)[wrong]
        write(path)
        with pytest.raises(DataError, match=rf"cifar10\.npz: not a readable \.npz {kind}: .*{message}"):
            read(path)


@pytest.mark.parametrize(("shape", "end"), [((1 << 50,), 1 << 50), ((1 << 50,), 8), ((1 << 40, 1 << 40), 8)])
def test_tensors_that_claim_petabytes(tmp_path: Path, shape: tuple[int, ...], end: int) -> None:
    path = tmp_path / "packed.safetensors"
    safetensors_claim(path, shape, end)
    with pytest.raises(CheckpointError, match="is truncated or no safetensors file"):
        read_tensors(path, CheckpointError, "checkpoint", "train one")
