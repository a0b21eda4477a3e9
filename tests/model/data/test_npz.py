"""Files of arrays that lie: named before anything is unpacked, by both readers of images."""

from pathlib import Path

import pytest
from hostile_npz import damaged

from tilewright_model.data.cifar10 import load_cifar10
from tilewright_model.data.image_file import load_images
from tilewright_model.errors import DataError


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
