""".bit and .hwh of the simulated device, read by the installed pynq."""

from pathlib import Path

import pytest
from pynq.pl_server.embedded_device import parse_bit_header

from tilewright import registers
from tilewright.errors import ParameterError
from tilewright.sim import OverlayFileError, SimDevice, SocParameters
from tilewright.sim.hardware import OwnHardware
from tilewright.sim.metadata import read_overlay, write_overlay
from tilewright.sim.processing_system import ZYNQ_ULTRASCALE

PARAMETERS = SocParameters(n=16, acc_depth=512)


@pytest.fixture
def bit(tmp_path: Path) -> Path:
    return write_overlay(PARAMETERS, tmp_path)


def test_parameters_come_back(bit: Path) -> None:
    assert read_overlay(bit) == OwnHardware(PARAMETERS)
    assert parse_bit_header(bit.read_bytes())["design"].startswith("tilewright_sim")


def test_ip_dict(bit: Path) -> None:
    parser = SimDevice(seed=1).get_bitfile_metadata(str(bit))
    assert set(parser.ip_dict) >= {"axi_dma_0", "accelerator_0"}
    dma, accelerator = parser.ip_dict["axi_dma_0"], parser.ip_dict["accelerator_0"]
    assert (dma["type"], dma["phys_addr"]) == ("xilinx.com:ip:axi_dma:7.1", ZYNQ_ULTRASCALE.dma_base)
    assert (accelerator["type"], accelerator["phys_addr"]) == (
        "tilewright:ip:accelerator:0.2",
        ZYNQ_ULTRASCALE.accelerator_base,
    )
    assert dma["parameters"]["c_sg_length_width"] == "26"
    assert dma["parameters"]["c_m_axi_mm2s_data_width"] == dma["parameters"]["c_m_axi_s2mm_data_width"] == "64"
    assert accelerator["parameters"]["N"] == "16" and accelerator["parameters"]["ACC_DEPTH"] == "512"


def test_registers_are_those_of_the_register_map(bit: Path) -> None:
    described = SimDevice(seed=1).get_bitfile_metadata(str(bit)).ip_dict["accelerator_0"]["registers"]
    offsets = {
        name.removeprefix("REG_"): value
        for name, value in vars(registers).items()
        if name.startswith("REG_") and not name.endswith("_RESET")
    }
    assert {name: entry["address_offset"] for name, entry in described.items()} == offsets
    assert {name for name, entry in described.items() if entry["size"] == 64} == set(registers.COUNTERS)
    status = described["STATUS"]["fields"]["DECODER_STATE"]
    assert (status["bit_offset"], status["bit_width"]) == (8, 4)
    assert set(described["ERROR"]["fields"]) == {"CODE", "SEQUENCE"}
    assert sum(len(entry["fields"]) for entry in described.values()) == sum(
        isinstance(value, registers.Field) for value in vars(registers).values()
    )


def test_writing_twice_changes_nothing(bit: Path, tmp_path: Path) -> None:
    before = bit.stat().st_mtime_ns
    assert write_overlay(PARAMETERS, tmp_path) == bit
    assert bit.stat().st_mtime_ns == before


@pytest.mark.parametrize("contents", [b"", b"not a bitstream", b"\0" * 200])
def test_foreign_bit_is_refused(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "foreign.bit"
    path.write_bytes(contents)
    with pytest.raises(OverlayFileError, match=r"foreign\.bit is no simulated bitstream"):
        read_overlay(path)


def test_truncated_bit_is_refused(bit: Path) -> None:
    bit.write_bytes(bit.read_bytes()[:-40])
    with pytest.raises(OverlayFileError, match="is no simulated bitstream"):
        read_overlay(bit)


def test_missing_hwh_is_named(bit: Path) -> None:
    bit.with_suffix(".hwh").unlink()
    with pytest.raises(Exception, match=r"tilewright_sim_16x16\.hwh is missing"):
        SimDevice(seed=1).get_bitfile_metadata(str(bit))


def test_array_sizes_that_do_not_exist() -> None:
    with pytest.raises(ParameterError, match="array size 12: the hardware exists for 8, 16, 32"):
        SocParameters(n=12)
