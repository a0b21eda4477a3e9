"""The self-test: with numpy, pynq and pytest only; its golden vectors; what it says of a wrong integer."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tilewright.driver import Driver
from tilewright.errors import ParameterMismatchError, ResultError
from tilewright.hardware.parameters import ARRAY_SIZES, ArrayParameters
from tilewright.selftest import vectors as selftest_vectors
from tilewright.selftest.make_vectors import write
from tilewright.selftest.vectors import NAMES, differences, load_vectors, vectors_file
from tilewright.sim import SocParameters

BARE_IMPORTS = """
import importlib, os, pkgutil, sys
from sitecustomize import Absent
sys.meta_path.insert(0, Absent(os.environ["BOARD_LACKS"].split()))
import tilewright.driver.driver, tilewright.network, tilewright.selftest, tilewright.target
for module in pkgutil.iter_modules(tilewright.selftest.__path__):
    importlib.import_module(f"tilewright.selftest.{module.name}")
try:
    import tilewright.cli.app
except ModuleNotFoundError as error:
    print(error)
"""


def test_imports_need_numpy_and_pynq_only(bare_board_environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", BARE_IMPORTS]
    process = subprocess.run(command, env=bare_board_environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert "a board does not have it" in process.stdout  # so they were refused


def test_vectors_are_made_from_the_checkpoint(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert [file.name for file in files] == [vectors_file(n).name for n in ARRAY_SIZES]
    for file, n in zip(files, ARRAY_SIZES, strict=True):
        made, shipped = np.load(file), np.load(vectors_file(n))  # as arrays: zip headers depend on Python's version
        assert made.files == shipped.files, f"{file.name}: run tilewright.selftest.make_vectors"
        for name in made.files:
            assert made[name].dtype == shipped[name].dtype, f"{file.name}: {name}"
            np.testing.assert_array_equal(made[name], shipped[name], f"{file.name}, {name}: run make_vectors")
    assert sum(file.stat().st_size for file in files) < 1_000_000


@pytest.mark.parametrize("n", ARRAY_SIZES)
def test_vectors_are_exact(open_device: Callable[..., Any], n: int) -> None:
    driver = Driver(open_device(array=SocParameters(n=n, stream_w=128 if n > 32 else 64)))
    for name, vector in load_vectors(driver.array).items():
        assert not differences(vector, driver.run(vector.program).outputs), name


def test_a_difference_is_named() -> None:
    vectors = load_vectors(ArrayParameters.of_size(8))
    assert tuple(vectors) == NAMES
    layer, network = vectors["features.27"], vectors["first layers"]
    outputs = [values.copy() for values in layer.expected]
    outputs[0][0, 3, 1, 2] += 5
    text = differences(layer, outputs)
    expected = layer.expected[0][0, 3, 1, 2]
    assert "features.27, raw: 1 of 256 outputs differ" in text
    assert f"image 0, channel 3, row 1, column 2: expected {expected}, got {expected + 5} (output tile 0, array" in text
    outputs = [values.copy() for values in network.expected]
    outputs[1][0, 21, 3, 0] ^= 1
    text = differences(network, outputs)
    channel, row = network.origins[1][1] + 21, network.origins[1][2] + 3
    assert f"{network.program.outputs[1].name}: 1 of {outputs[1].size} integers differ" in text
    assert f"image 0, channel {channel}, row {row}, column 0" in text
    assert f"(output tile {channel // 8}, array column {channel % 8})" in text


def test_accelerators_without_vectors_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    array = ArrayParameters.of_size(8)
    with pytest.raises(
        ParameterMismatchError, match=r"the accelerator is 8x8.* 512 positions; the golden vectors are for"
    ):
        load_vectors(dataclasses.replace(array, acc_depth=512))
    monkeypatch.setattr(selftest_vectors, "FOLDER", tmp_path)
    with pytest.raises(ParameterMismatchError, match=r"there are no golden vectors 8x8\.npz"):
        load_vectors(array)
    vectors_file(8).write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ResultError, match=r"not a readable \.npz file of golden vectors \(install tilewright again\)"):
        load_vectors(array)
