"""A third party's IP behind the DMA: driven by pynq, built anew when it changes, refused where that is impossible."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pynq
import pytest
from documentation import run_snippet, snippet_of

from tilewright.errors import DeviceTimeoutError, SimulationError
from tilewright.sim import SimulatorBuildError, ThirdPartyError, simulate
from tilewright.sim.guest import ThirdParty


def transfer(overlay: Any, sent: np.ndarray) -> np.ndarray:
    """Send an array and return what comes back, as many bytes."""
    send = pynq.allocate(sent.shape, sent.dtype, target=overlay.device)
    receive = pynq.allocate(sent.shape, sent.dtype, target=overlay.device)
    send[:] = sent
    dma = overlay.axi_dma_0
    dma.recvchannel.transfer(receive)
    dma.sendchannel.transfer(send)
    dma.sendchannel.wait()
    dma.recvchannel.wait()
    assert dma.recvchannel.transferred == receive.nbytes
    return np.array(receive)


@pytest.mark.parametrize("count", [1, 2, 3, 1001])
def test_words_pass_in_order(scale: Any, count: int) -> None:
    """Also an odd number of words, half a beat of the DMA at the end."""
    words = np.random.default_rng(count).integers(0, 1 << 32, count, np.uint32)
    scale.stream_scale_0.register_map.SCALE = 3
    assert np.array_equal(transfer(scale, words), words * np.uint32(3))
    assert int(scale.stream_scale_0.register_map.COUNT) == count


def test_snippet_of_the_page(hwh: Path, rtl: Path) -> None:
    snippet = snippet_of("docs/third_party.md").replace("design.hwh", str(hwh)).replace("my_ip.v", str(rtl))
    names = run_snippet(snippet)
    overlay, sent = names["overlay"], names["buffer"]
    got = pynq.allocate(sent.shape, sent.dtype, target=overlay.device)
    overlay.axi_dma_0.recvchannel.transfer(got)
    for channel in (overlay.axi_dma_0.sendchannel, overlay.axi_dma_0.recvchannel):
        channel.wait()
    assert overlay.axi_dma_0.recvchannel.transferred == sent.nbytes == 256


def test_interrupts_in_the_order_of_the_block_design(scale: Any) -> None:
    """The .hwh connects the IP before the DMA: its lines are 0, 1, 2."""
    pins = scale.interrupt_pins
    names = ("stream_scale_0/irq", "axi_dma_0/mm2s_introut", "axi_dma_0/s2mm_introut")
    assert [pins[name]["index"] for name in names] == [0, 1, 2]

    async def run() -> None:
        send = pynq.allocate((8,), np.uint32, target=scale.device)
        receive = pynq.allocate((8,), np.uint32, target=scale.device)
        own = asyncio.ensure_future(pynq.Interrupt("stream_scale_0/irq").wait())
        await asyncio.sleep(0)
        scale.axi_dma_0.recvchannel.transfer(receive)
        scale.axi_dma_0.sendchannel.transfer(send)
        await asyncio.gather(own, scale.axi_dma_0.sendchannel.wait_async(), scale.axi_dma_0.recvchannel.wait_async())

    asyncio.run(run())


def test_missing_tlast_is_reported(scale: Any) -> None:
    """The classic hang: on a board, wait() would never return."""
    scale.stream_scale_0.register_map.DROP_LAST = 1
    with pytest.raises(DeviceTimeoutError, match=r"2 beats sent \(TLAST seen\), 2 received \(TLAST not seen\)"):
        transfer(scale, np.arange(4, dtype=np.uint32))


def test_a_register_changes_no_beat_that_waits(scale: Any) -> None:
    """A3.2.1: DROP_LAST is for words that come; all of these are in the IP, its last one waiting."""
    words = np.arange(32, dtype=np.uint32)
    send = pynq.allocate(words.shape, words.dtype, target=scale.device)
    receive = pynq.allocate(words.shape, words.dtype, target=scale.device)
    send[:] = words
    registers, dma = scale.stream_scale_0.register_map, scale.axi_dma_0
    waiting = []
    for count in range(1, len(words)):
        registers.DROP_LAST = 0
        before = int(registers.COUNT)
        dma.sendchannel.transfer(send, nbytes=4 * count)
        taken = [int(registers.COUNT) - before for _ in range(100)]
        if taken[-1] == count:
            registers.DROP_LAST = 1
            waiting.append(count)
        dma.recvchannel.transfer(receive, nbytes=4 * count)
        dma.sendchannel.wait()
        dma.recvchannel.wait()
        assert dma.recvchannel.transferred == 4 * count
    assert waiting


def test_address_that_the_simulated_dma_cannot_begin_at(scale: Any) -> None:
    buffer = pynq.allocate((8,), np.uint32, target=scale.device)
    with pytest.raises(SimulationError, match="no multiple of 8"):
        scale.axi_dma_0.sendchannel.transfer(buffer, start=4)


def test_length_beyond_the_register(scale: Any) -> None:
    """The .hwh says 16 bits; pynq refuses what they cannot hold."""
    with pytest.raises(ValueError, match="exceeds"):
        scale.axi_dma_0.sendchannel.transfer(pynq.allocate((1 << 16,), np.uint8, target=scale.device))


def test_parameters_and_beats_as_wide_as_the_dmas(hwh: Path, rtl: Path) -> None:
    overlay = simulate(hwh, [rtl], parameters={"WIDTH": 64}, seed=1)
    overlay.stream_scale_0.register_map.SCALE = 5
    words = np.arange(37, dtype=np.uint64)
    assert np.array_equal(transfer(overlay, words), words * np.uint64(5))


def test_changed_verilog_is_built_anew(hwh: Path, rtl: Path, tmp_path: Path) -> None:
    source = tmp_path / "scale.v"
    source.write_text(rtl.read_text())
    hardware = ThirdParty.from_hwh(hwh, (source,))
    before = hardware.facts(rtl.parents[2])
    source.write_text(rtl.read_text().replace("scale_reg     <= 32'd1", "scale_reg     <= 32'd2"))
    assert hardware.facts(rtl.parents[2]) != before
    source.unlink()
    with pytest.raises(SimulatorBuildError, match="no Verilog file"):
        hardware.facts(rtl.parents[2])


FAULTS = {
    "syntax": ("endmodule", "endmodul", "scale.v:"),
    "no clock": ("aclk", "acl", "no clock"),
    "width": ("parameter WIDTH = 32", "parameter WIDTH = 24", "beats of 24 bits"),
    "second stream": (
        "    output wire               irq",
        "    input wire [7:0] t_axis_tdata, output wire irq",
        "more than one AXI4-Stream input",
    ),
    "no interrupt": ("irq", "done", "no output irq"),
    "no handshake": ("s_axis_tready", "s_axis_tread", "no tready"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_verilog_that_cannot_be_simulated(hwh: Path, rtl: Path, tmp_path: Path, fault: str) -> None:
    old, new, message = FAULTS[fault]
    source = tmp_path / "scale.v"
    source.write_text(rtl.read_text().replace(old, new))
    with pytest.raises(ThirdPartyError, match=message):
        simulate(hwh, [source])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "xilinx.com:ip:axi_dma:7.1",
            "example.org:user:other:1.0",
            r"axi_dma_0 \(example\.org:user:other:1\.0\) is not simulated: the Verilog has no module axi_dma",
        ),
        ("processing_system7", "versal_cips", r"pynq cannot read .*other\.hwh"),
    ],
)
def test_block_design_that_cannot_be_simulated(
    hwh: Path, rtl: Path, tmp_path: Path, old: str, new: str, message: str
) -> None:
    other = tmp_path / "other.hwh"
    other.write_text(hwh.read_text().replace(old, new))
    with pytest.raises(ThirdPartyError, match=message):
        simulate(other, [rtl])


def test_missing_files_are_named(hwh: Path, rtl: Path, tmp_path: Path) -> None:
    with pytest.raises(ThirdPartyError, match=r"no \.hwh"):
        simulate(tmp_path / "none.hwh", [rtl])
    with pytest.raises(ThirdPartyError, match="no Verilog file"):
        simulate(hwh, [tmp_path / "none.v"])
    with pytest.raises(ThirdPartyError, match="'other' is not a valid top-level module"):
        simulate(hwh, [rtl], top="other")
