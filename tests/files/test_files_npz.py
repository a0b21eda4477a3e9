"""Files of arrays that lie: named before anything is unpacked, by each of their readers."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hostile_npz import damaged, safetensors_claim

from tilewright.errors import LayerError, NetworkError, ResultError
from tilewright.hardware.parameters import ArrayParameters
from tilewright.network.file import load_network
from tilewright.network.layer import ConvLayer
from tilewright.pytorch.golden import golden_set
from tilewright.pytorch.images import load_images
from tilewright.selftest import vectors


@pytest.mark.parametrize("wrong", damaged(""))
def test_what_an_archive_claims(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "images.npz"
    write, message = damaged("pixels")[wrong]
    write(path)
    tracemalloc.start()
    with pytest.raises(NetworkError, match=rf"images\.npz: not a readable \.npz image file: .*{message}"):
        load_images(path)
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()


def test_arrays_that_nobody_reads_do_not_matter(tmp_path: Path) -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2)
    np.savez(tmp_path / "images.npz", pixels=pixels, notes=np.array([{}], dtype=object))
    np.testing.assert_array_equal(load_images(tmp_path / "images.npz").pixels, pixels)


def test_every_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "8x8.npz"
    damaged("weight_codes")["petabytes"][0](path)
    with pytest.raises(LayerError, match=r"not a readable \.npz layer file: .* claims 1125899906842624 bytes"):
        ConvLayer.load(path)
    monkeypatch.setattr(vectors, "FOLDER", tmp_path)
    with pytest.raises(ResultError, match=r"golden vectors .install tilewright again.: .* claims 1125899906842624"):
        vectors.load_vectors(ArrayParameters.of_size(8))


def test_golden_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilewright.pytorch.golden.load_network", lambda path: None)
    np.savez(tmp_path / "images.npz", pixels=np.zeros((1, 3, 2, 2), np.uint8))
    damaged("features.0.codes")["petabytes"][0](tmp_path / "reference.npz")
    with pytest.raises(NetworkError, match=r"file of PyTorch's integers: .* claims 1125899906842624 bytes"):
        golden_set(tmp_path)


@pytest.mark.parametrize(("shape", "end"), [((1 << 50,), 1 << 50), ((1 << 50,), 8), ((1 << 40, 1 << 40), 8)])
def test_network_files_that_claim_petabytes(tmp_path: Path, shape: tuple[int, ...], end: int) -> None:
    path = tmp_path / "network.safetensors"
    safetensors_claim(path, shape, end)
    with pytest.raises(NetworkError, match="is truncated or no network file"):
        load_network(path)
    path.write_bytes((1 << 60).to_bytes(8, "little") + b"{}")
    with pytest.raises(NetworkError, match="is truncated or no network file"):
        load_network(path)
