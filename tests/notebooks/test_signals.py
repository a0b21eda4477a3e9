"""Signals from a waveform file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tilewright.errors import SimulationError
from tilewright.runs.signals import MAC_ARRAY, Signal, read_waveform

SCOPES = f"soc.{MAC_ARRAY}".split(".")
VCD = f"""$timescale 1ps $end
{"".join(f"$scope module {scope} $end " for scope in SCOPES)}
$var wire 4 a weight $end
$var wire 1 b valid $end
$scope module inner $end $var wire 1 b valid $end $upscope $end
{"$upscope $end " * len(SCOPES)}
$enddefinitions $end
#20
b0111 a
0b
#25
b1000 a
#35
1b
#45
b1111 a
#60
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three cycles; what changes at a rising edge (5 in) shows in the cycle after."""
    path = tmp_path / "wave.vcd"
    path.write_text(VCD)
    return path


def test_values_are_those_before_the_rising_edges(file: Path) -> None:
    signals = {"weight": Signal(f"{MAC_ARRAY}.weight", signed=True), "raw": Signal(f"{MAC_ARRAY}.weight")}
    read = read_waveform(file, {**signals, "valid": Signal(f"{MAC_ARRAY}.valid")}, range(2, 6))
    np.testing.assert_array_equal(read["weight"], [7, -8, -8, -1])
    np.testing.assert_array_equal(read["raw"], [7, 8, 8, 15])
    np.testing.assert_array_equal(read["valid"], [0, 0, 1, 1])


def test_what_is_missing_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="has 0 signals nowhere"):
        read_waveform(file, {"x": Signal("nowhere")}, range(2, 3))
    with pytest.raises(SimulationError, match=r"has 2 signals valid: soc\..*\.valid, soc\..*\.inner\.valid"):
        read_waveform(file, {"x": Signal("valid")}, range(2, 3))
    with pytest.raises(SimulationError, match=r"valid has no value in some of the cycles 0 to 3"):
        read_waveform(file, {"x": Signal(f"{MAC_ARRAY}.valid")}, range(0, 3))
    (tmp_path / "text").write_text("no waveform")
    for name, message in (("text", "text is no waveform"), ("missing", "missing: no such waveform")):
        with pytest.raises(SimulationError, match=message):
            read_waveform(tmp_path / name, {}, range(1))
