"""What the DMA's length register and its mode allow, through pynq's own driver and a block design that says so."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pynq
import pytest
from pynq.buffer import PynqBuffer

from tilewright.compiler.layer import compile_layer
from tilewright.driver import Driver
from tilewright.driver.buffers import as_flushed, flush_ranges, ranges_of
from tilewright.driver.channels import DirectChannels, ScatterGatherChannels, channels_of, packet_bytes
from tilewright.errors import DmaError, ParameterMismatchError, TransferLengthError
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.sim import ZYNQ_ULTRASCALE, SimDevice, SocParameters
from tilewright.sim.design import simulated_hwh
from tilewright.sim.metadata import write_files

pytestmark = pytest.mark.simulation


def overlay_with(folder: Path, changes: dict[str, int]) -> Any:
    """An overlay whose block design has other parameters of the DMA; its hardware is the same."""
    text = simulated_hwh(SocParameters(), ZYNQ_ULTRASCALE).decode()
    for name, value in changes.items():
        text, replaced = re.subn(rf'(?i)(NAME="{name}" VALUE=)"\d+"', rf'\g<1>"{value}"', text)
        assert replaced == 1, name
    bit = folder / "changed.bit"
    write_files(bit, text.encode(), {"parameters": asdict(SocParameters())}, ZYNQ_ULTRASCALE)
    pynq.Device.active_device = SimDevice(seed=1)  # pynq's drivers ask for it
    return pynq.Overlay(str(bit), device=pynq.Device.active_device)


class XrtBuffer:
    """What pyxrt gives: pynq 4.0 has all of it synced, whatever part was asked for."""

    def __init__(self) -> None:
        self.synced: list[tuple[str, int, int]] = []

    def sync(self, direction: str, size: int, offset: int) -> None:
        self.synced.append((direction, size, offset))


def test_parts_of_a_buffer_are_flushed_on_a_board(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulated device does as pynq says; a board's buffer object is told the range itself."""
    directions = SimpleNamespace(XCL_BO_SYNC_BO_TO_DEVICE="to device")
    monkeypatch.setitem(sys.modules, "pyxrt", SimpleNamespace(xclBOSyncDirection=directions))
    buffer = PynqBuffer((64,), np.uint64, device=None, device_address=0x1000, bo=XrtBuffer())
    flush_ranges(buffer, ranges_of([slice(8, 10), slice(63, 64)], 8), buffer.virtual_address)
    assert buffer.bo.synced == [("to device", 16, 64), ("to device", 8, 504)]
    flushed = as_flushed(buffer)
    assert flushed.physical_address == 0x1000 and flushed.nbytes == buffer.nbytes
    assert flushed.coherent and not buffer.coherent, "what is transferred is not flushed again, the buffer may be"


def test_length_register_that_is_too_narrow(tmp_path: Path, small_layer: ConvLayer) -> None:
    driver = Driver(overlay_with(tmp_path, {"c_sg_length_width": 12}))
    assert driver.dma.buffer_max_size == 4095
    small = compile_layer(small_layer, driver.array)
    assert small.nbytes <= 4088
    np.testing.assert_array_equal(driver.run(small).outputs[0], layer_outputs(small_layer))
    cycles = driver.device.cycles
    wide = ConvLayer("wide", np.ones((16, 64, 3, 3), dtype=np.int8), np.ones((1, 64, 4, 4), dtype=np.uint8), padding=1)
    program = compile_layer(wide, driver.array)
    with pytest.raises(
        TransferLengthError, match=rf"the program has {program.nbytes} bytes.*at most 4088 .*fewer imag"
    ):
        driver.run(program)
    large = ConvLayer("large", np.ones((8, 1, 1, 1), dtype=np.int8), np.ones((1, 1, 24, 24), dtype=np.uint8))
    program = compile_layer(large, driver.array)
    with pytest.raises(TransferLengthError, match=r"returns has 18464 bytes.*c_sg_length_width"):
        driver.run(program)
    assert driver.device.cycles == cycles, "nothing was sent"
    np.testing.assert_array_equal(driver.run(small).outputs[0], layer_outputs(small_layer))


@pytest.mark.parametrize(("bits", "micro", "longest"), [(64, 0, 4088), (128, 0, 4080), (64, 1, 128), (128, 1, 256)])
def test_longest_transfer_in_beats_of_the_memory(bits: int, micro: int, longest: int) -> None:
    names = ("c_m_axi_mm2s_data_width", "c_m_axi_s2mm_data_width")
    sizes = {"c_micro_dma": micro, "c_mm2s_burst_size": 16, "c_s2mm_burst_size": 16}
    dma = SimpleNamespace(buffer_max_size=4095, description={"parameters": dict.fromkeys(names, bits) | sizes})
    DirectChannels(dma).check_lengths(longest, longest)
    for lengths in ((longest + 1, 8), (8, longest + 1)):
        with pytest.raises(TransferLengthError, match=f"at most {longest} at once"):
            DirectChannels(dma).check_lengths(*lengths)


@pytest.mark.parametrize(("stream", "channel"), [("c_m_axis_mm2s", "MM2S"), ("c_s_axis_s2mm", "S2MM")])
def test_streams_of_another_width(tmp_path: Path, stream: str, channel: str) -> None:
    with pytest.raises(
        ParameterMismatchError, match=rf"stream of 128 bits \({channel}\), the accelerator's have 64,.*c_m_axi"
    ):
        Driver(overlay_with(tmp_path, {f"{stream}_tdata_width": 128}))


@pytest.mark.parametrize("channel", ["c_include_mm2s", "c_include_s2mm"])
def test_dma_with_one_channel(tmp_path: Path, channel: str) -> None:
    with pytest.raises(ParameterMismatchError, match=f"built without {channel}"):
        Driver(overlay_with(tmp_path, {channel: 0}))


def test_unit_that_is_no_dma(tmp_path: Path) -> None:
    overlay = overlay_with(tmp_path, {})
    with pytest.raises(ParameterMismatchError, match=r"'accelerator_0' is a tilewright:ip:accelerator.*axi_dma:7\.1"):
        Driver(overlay, dma_name="accelerator_0")


def test_mode_of_the_dma(tmp_path: Path) -> None:
    overlay = overlay_with(tmp_path, {"c_sg_length_width": 12})
    assert isinstance(channels_of(overlay.axi_dma_0), DirectChannels)
    gather = overlay_with(tmp_path / "sg", {"c_include_sg": 1, "c_sg_length_width": 12})
    channels = channels_of(gather.axi_dma_0)
    assert isinstance(channels, ScatterGatherChannels)
    channels.check_lengths(1 << 20, 1 << 20)


@pytest.mark.parametrize(
    ("statuses", "received"),
    [
        ((0, 0), None),
        ((0x88000400, 0), None),
        ((0x88000400, 0x84000018), 1048),
        ((0x8C000018, 0), 24),
    ],
)
def test_bytes_of_descriptors(statuses: tuple[int, ...], received: int | None) -> None:
    """PG021, S2MM_STATUS: bit 31 complete, 27 first and 26 last of a packet, 25:0 bytes."""
    assert packet_bytes(statuses) == received


def test_descriptors_with_an_error() -> None:
    with pytest.raises(DmaError, match="a descriptor has status 0x90000000"):
        packet_bytes((0x90000000, 0))
    with pytest.raises(DmaError, match="2048 bytes fill every S2MM descriptor"):
        packet_bytes((0x88000400, 0x80000400))
