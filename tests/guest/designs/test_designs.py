"""Whole block designs of the shapes that public .hwh files have, each driven by pynq as on a board."""

import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pynq
import pytest
from vivado_hwh import AXI_READ, AXI_WRITE, STREAM, VivadoDesign

from tilewright.errors import BufferNotAllocatedError, DeviceTimeoutError
from tilewright.sim import simulate
from tilewright.sim.interrupts import SimulatedUio

RTL = Path(__file__).parent / "rtl"
WORDS = RTL / "lite_words.v"
START, DONE, IDLE = 1, 2, 4
SIDE_BANDS = (*STREAM, "TSTRB", "TUSER")

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Simulates a design; its name is the file's."""

    def open_(name: str, design: VivadoDesign, *rtl: Path, **arguments: Any) -> Any:
        hwh = tmp_path_factory.mktemp(name) / f"{name}.hwh"
        hwh.write_text(design.hwh())
        return simulate(hwh, rtl, seed=1, **arguments)

    return open_


def buffers(overlay: Any, *sizes: int, dtype: Any = np.uint32) -> list[Any]:
    return [pynq.allocate((size,), dtype, target=overlay.device) for size in sizes]


def activated(overlay: Any) -> Any:
    """The overlay, its device the one that pynq's interrupts look at."""
    pynq.Device.active_device = overlay.device
    return overlay


def random(seed: int, size: int, dtype: Any = np.uint32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, size, dtype)


# ---- a kernel of HLS with its own AXI4 master


def hls_design() -> VivadoDesign:
    design = VivadoDesign("zynq_ultra_ps_e")
    design.ip("hls_add_0", "xilinx.com:hls:hls_add:1.0", C_M_AXI_GMEM_ID_WIDTH=2, C_M_AXI_GMEM_DATA_WIDTH=32)
    design.clocked("hls_add_0", "ap_clk", "ap_rst_n")
    names = {"CTRL": 0, "GIER": 4, "IP_IER": 8, "IP_ISR": 12, "src_1": 16, "src_2": 20, "dst_1": 28, "dst_2": 32}
    names |= {"size": 40, "bias": 48, "wrong": 56}
    design.registers("hls_add_0", "s_axi_control", 0xA000_0000, "s_axi_control_", names)
    design.ddr("hls_add_0", "m_axi_gmem", "m_axi_gmem_", (*AXI_READ, *AXI_WRITE, "ARID", "RID", "AWID", "BID"))
    design.pin("hls_add_0", "interrupt", "O", "INTERRUPT")
    design.interrupts(0xA001_0000, ("hls_add_0", "interrupt"))
    return design


@pytest.fixture(scope="module")
def hls_overlay(opened: Open) -> Any:
    return opened("hls", hls_design(), RTL / "hls_add.v", WORDS)


@pytest.fixture
def hls(hls_overlay: Any) -> Any:
    return activated(hls_overlay)


def start(kernel: Any, source: int, target: int, size: int, bias: int) -> None:
    kernel.write(0x10, source & 0xFFFF_FFFF)
    kernel.write(0x14, source >> 32)
    kernel.write(0x1C, target & 0xFFFF_FFFF)
    kernel.write(0x20, target >> 32)
    kernel.write(0x28, size)
    kernel.write(0x30, bias)
    kernel.write(0x00, START)


@pytest.mark.parametrize("size", [1, 17, 2500])
def test_an_hls_kernel_reads_and_writes_the_ddr(hls: Any, size: int) -> None:
    source, target = buffers(hls, size, size)
    source[:] = random(size, size)
    source.flush()
    kernel = hls.hls_add_0
    start(kernel, source.device_address, target.device_address, size, 5)
    while not int(kernel.register_map.CTRL) & DONE:
        pass
    target.invalidate()
    assert np.array_equal(target, source + np.uint32(5))
    assert kernel.read(0x00) == IDLE and kernel.read(0x38) == 0, "done is cleared; identifiers came back"


def test_an_hls_kernel_interrupts(hls: Any) -> None:
    source, target = buffers(hls, 40, 40)
    kernel = hls.hls_add_0
    kernel.write(0x04, 1)
    kernel.write(0x08, 1)

    async def run() -> None:
        waiting = asyncio.ensure_future(pynq.Interrupt("hls_add_0/interrupt").wait())
        await asyncio.sleep(0)
        start(kernel, source.device_address, target.device_address, 40, 1)
        await waiting

    asyncio.run(run())
    assert hls.device.interrupts["hls_add_0/interrupt"]
    kernel.write(0x0C, 1)
    assert not hls.device.interrupts["hls_add_0/interrupt"]


def test_a_pin_without_interrupt_controller(hls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pynq knows such pins, it waits for an event of its own at the processing system's interrupt."""
    source, target = buffers(hls, 40, 40)
    kernel, number = hls.hls_add_0, 121
    monkeypatch.setitem(hls.device.irq_pins, number, "hls_add_0/interrupt")
    kernel.write(0x04, 1)
    kernel.write(0x08, 1)

    async def run() -> None:
        event = asyncio.Event()
        SimulatedUio(number).add_event(event, 0)
        start(kernel, source.device_address, target.device_address, 40, 1)
        await event.wait()

    asyncio.run(run())
    kernel.write(0x0C, 1)


def test_a_master_outside_all_buffers_is_named(hls: Any) -> None:
    """A board's kernel reads whatever is there."""
    (target,) = buffers(hls, 8)
    with pytest.raises(BufferNotAllocatedError, match=r"hls_add_0/m_axi_gmem AR: 32 bytes at physical address 0x1234"):
        start(hls.hls_add_0, 0x1234_0000, target.device_address, 8, 0)
        hls.device.run(1000)


def test_a_kernel_that_never_ends_is_reported(hls: Any) -> None:
    kernel = hls.hls_add_0
    while not kernel.read(0x00) & IDLE:
        pass
    with pytest.raises(DeviceTimeoutError, match="register 0x00 of hls_add_0 was polled") as caught:
        while not kernel.read(0x00) & START:
            pass
    assert re.search(
        r"hls_add_0/m_axi_gmem: \d+ bursts read; hls_add_0/m_axi_gmem: \d+ bursts written", str(caught.value)
    )


# ---- two DMAs


def dma_design() -> VivadoDesign:
    design = VivadoDesign()
    design.dma("axi_dma_0", 0x4040_0000)
    design.dma("axi_dma_1", 0x4041_0000, s2mm=False)
    design.ip("adder_0", "xilinx.com:module_ref:adder:1.0")
    design.clocked("adder_0", "clk", "rst", "peripheral_reset")
    for name, role in (("a", "TARGET"), ("b", "TARGET"), ("sum", "INITIATOR")):
        design.stream("adder_0", name, role, signals=("TDATA", "TLAST", "TREADY", "TVALID"))
    design.ip("fifo_0", "xilinx.com:ip:axis_data_fifo:2.0", TDATA_NUM_BYTES=16, FIFO_DEPTH=16, FIFO_MODE=1)
    design.clocked("fifo_0", "s_axis_aclk", "s_axis_aresetn")
    design.stream("fifo_0", "S_AXIS", "TARGET")
    design.stream("fifo_0", "M_AXIS", "INITIATOR")
    design.join("axi_dma_0", "M_AXIS_MM2S", "adder_0", "a")
    design.join("axi_dma_1", "M_AXIS_MM2S", "adder_0", "b")
    design.join("adder_0", "sum", "fifo_0", "S_AXIS")
    design.join("fifo_0", "M_AXIS", "axi_dma_0", "S_AXIS_S2MM")
    design.interrupts(
        0x4180_0000, ("axi_dma_1", "mm2s_introut"), ("axi_dma_0", "mm2s_introut"), ("axi_dma_0", "s2mm_introut")
    )
    return design


@pytest.fixture(scope="module")
def two_dmas_overlay(opened: Open) -> Any:
    return opened("two_dmas", dma_design(), RTL / "adder.v")


@pytest.fixture
def two_dmas(two_dmas_overlay: Any) -> Any:
    return activated(two_dmas_overlay)


def add(overlay: Any, size: int) -> tuple[np.ndarray, np.ndarray]:
    one, two, result = buffers(overlay, size, size, size)
    one[:], two[:] = random(1, size), random(2, size)
    overlay.axi_dma_0.recvchannel.transfer(result)
    overlay.axi_dma_0.sendchannel.transfer(one)
    overlay.axi_dma_1.sendchannel.transfer(two)
    for channel in (overlay.axi_dma_1.sendchannel, overlay.axi_dma_0.sendchannel, overlay.axi_dma_0.recvchannel):
        channel.wait()
    return np.array(result), np.array(one + two)


@pytest.mark.parametrize("size", [4, 1024])
def test_two_dmas_feed_one_ip(two_dmas: Any, size: int) -> None:
    """Beats of 128 bits at the IP, through a FIFO of Xilinx's."""
    result, expected = add(two_dmas, size)
    assert np.array_equal(result, expected)
    assert not hasattr(two_dmas.axi_dma_1, "recvchannel") or two_dmas.axi_dma_1.recvchannel is None


def test_interrupts_of_two_dmas(two_dmas: Any) -> None:
    """The order is the block design's."""
    pins = two_dmas.interrupt_pins
    assert [pins[f"axi_dma_{dma}"]["index"] for dma in ("1/mm2s_introut", "0/mm2s_introut", "0/s2mm_introut")] == [
        0,
        1,
        2,
    ]
    one, two, result = buffers(two_dmas, 64, 64, 64)
    first, second = two_dmas.axi_dma_0, two_dmas.axi_dma_1

    async def run() -> None:
        first.recvchannel.transfer(result)
        first.sendchannel.transfer(one)
        second.sendchannel.transfer(two)
        await asyncio.gather(first.recvchannel.wait_async(), second.sendchannel.wait_async())

    asyncio.run(run())


def test_a_hang_report_of_two_dmas(two_dmas: Any) -> None:
    """The other operand was never sent."""
    (one,) = buffers(two_dmas, 16)
    overlay = pynq.Overlay(two_dmas.bitfile_name, device=two_dmas.device)
    overlay.axi_dma_0.sendchannel.transfer(one)
    (result,) = buffers(two_dmas, 16)
    overlay.axi_dma_0.recvchannel.transfer(result)
    with pytest.raises(DeviceTimeoutError) as caught:
        overlay.axi_dma_0.recvchannel.wait()
    text = str(caught.value)
    assert "axi_dma_0: MM2S DMASR" in text and "axi_dma_1: MM2S DMASR" in text
    assert "adder_0/sum to fifo_0/S_AXIS: 0 beats (TLAST not seen)" in text
    assert re.search(r"; \d beats sent \(TLAST not seen\), 0 received \(TLAST not seen\); axi_dma_1", text)
    overlay.axi_dma_1.write(0x18, 0x1234_0000)
    with pytest.raises(BufferNotAllocatedError, match="axi_dma_1: MM2S transfer"):
        overlay.axi_dma_1.write(0x28, 64)


def test_two_dmas_around_a_fifo_without_any_verilog(opened: Open) -> None:
    """As PYNQ's workshop has it: one DMA sends, another receives."""
    design = VivadoDesign()
    design.dma("from_ps_to_pl", 0x4040_0000, s2mm=False)
    design.dma("from_pl_to_ps", 0x4041_0000, mm2s=False)
    design.ip("axis_data_fifo", "xilinx.com:ip:axis_data_fifo:1.1", TDATA_NUM_BYTES=4, FIFO_DEPTH=1024, HAS_TLAST=1)
    design.clocked("axis_data_fifo", "s_axis_aclk", "s_axis_aresetn")
    design.stream("axis_data_fifo", "S_AXIS", "TARGET")
    design.stream("axis_data_fifo", "M_AXIS", "INITIATOR")
    design.join("from_ps_to_pl", "M_AXIS_MM2S", "axis_data_fifo", "S_AXIS")
    design.join("axis_data_fifo", "M_AXIS", "from_pl_to_ps", "S_AXIS_S2MM")
    overlay = opened("fifo", design)
    sent, received = buffers(overlay, 777, 777)
    sent[:] = random(3, 777)
    overlay.from_ps_to_pl.sendchannel.transfer(sent)
    overlay.from_ps_to_pl.sendchannel.wait()
    overlay.from_pl_to_ps.recvchannel.transfer(received)
    overlay.from_pl_to_ps.recvchannel.wait()
    assert np.array_equal(received, sent)


# ---- a chain of IPs, with Xilinx's FIFO, width converters and register slice between them


def chain_design() -> VivadoDesign:
    design = VivadoDesign()
    design.dma("axi_dma_0", 0x4040_0000)
    for index, settings in enumerate(({"FACTOR": 3}, {"FACTOR": 5}, {"FACTOR": 7, "WIDTH": 64})):
        name = f"times_{index}"
        path = name if index else f"input/{name}"
        design.ip(name, "user.org:hls:times:1.0", path=path, **settings)
        design.clocked(name, "ap_clk", "ap_rst_n")
        design.stream(name, "in_r", "TARGET", upper=True, signals=SIDE_BANDS)
        design.stream(name, "out_r", "INITIATOR", upper=True, signals=SIDE_BANDS)
    design.ip("fifo", "xilinx.com:ip:axis_data_fifo:2.0", TDATA_NUM_BYTES=4, FIFO_DEPTH=32, FIFO_MODE=2, TUSER_WIDTH=4)
    design.clocked("fifo", "s_axis_aclk", "s_axis_aresetn")
    for name, wide, narrow in (("up", 8, 4), ("down", 8, 4)):
        sizes = {"S_TDATA_NUM_BYTES": narrow, "M_TDATA_NUM_BYTES": wide}
        if name == "down":
            sizes = {"S_TDATA_NUM_BYTES": wide, "M_TDATA_NUM_BYTES": narrow}
        design.ip(name, "xilinx.com:ip:axis_dwidth_converter:1.1", **sizes)
        design.clocked(name)
    design.ip("slice", "xilinx.com:ip:axis_register_slice:1.1", TDATA_NUM_BYTES=4)
    design.clocked("slice")
    for name in ("fifo", "up", "down", "slice"):
        design.stream(name, "S_AXIS", "TARGET")
        design.stream(name, "M_AXIS", "INITIATOR")
    chain: Sequence[tuple[str, str, str]] = [
        ("times_0", "in_r", "out_r"),
        ("fifo", "S_AXIS", "M_AXIS"),
        ("times_1", "in_r", "out_r"),
        ("up", "S_AXIS", "M_AXIS"),
        ("times_2", "in_r", "out_r"),
        ("down", "S_AXIS", "M_AXIS"),
        ("slice", "S_AXIS", "M_AXIS"),
        ("axi_dma_0", "S_AXIS_S2MM", ""),
    ]
    last = ("axi_dma_0", "M_AXIS_MM2S")
    for name, into, out in chain:
        design.join(*last, name, into)
        last = (name, out)
    return design


@pytest.fixture(scope="module")
def chain_overlay(opened: Open) -> Any:
    return opened("chain", chain_design(), RTL / "times.v")


@pytest.fixture
def chain(chain_overlay: Any) -> Any:
    return activated(chain_overlay)


@pytest.mark.parametrize("size", [1, 2, 31, 333])
def test_a_chain_of_ips(chain: Any, size: int) -> None:
    """Odd sizes end in half a beat of the wide IP. TUSER, which the first IP counts up, comes through the FIFO."""
    sent, received = buffers(chain, size, size)
    sent[:] = random(size, size)
    chain.axi_dma_0.recvchannel.transfer(received)
    chain.axi_dma_0.sendchannel.transfer(sent)
    chain.axi_dma_0.sendchannel.wait()
    chain.axi_dma_0.recvchannel.wait()
    assert chain.axi_dma_0.recvchannel.transferred == received.nbytes
    assert np.array_equal(received, (sent * np.uint32(15) + np.uint32(1)) * np.uint32(7))
    counts = chain.device.stream_counts
    assert counts["input/times_0/out_r to fifo/S_AXIS"].beats == counts["fifo/M_AXIS to times_1/in_r"].beats
    assert counts["slice/M_AXIS to axi_dma_0/S_AXIS_S2MM"].last


# ---- FINN's pair of kernels around a stream


def finn_design() -> VivadoDesign:
    design = VivadoDesign("zynq_ultra_ps_e")
    for index, name in enumerate(("idma0", "partition", "odma0")):
        module = f"StreamingDataflowPartition_{index}"
        design.ip(name, f"xilinx_finn:finn:{module}:1.0")
        design.clocked(name, "ap_clk", "ap_rst_n")
        for stream, role, needed in (("s_axis_0", "TARGET", index > 0), ("m_axis_0", "INITIATOR", index < 2)):
            if needed:
                design.stream(name, stream, role, signals=("TDATA", "TREADY", "TVALID"))
    for index, (name, signals) in enumerate((("idma0", AXI_READ), ("odma0", AXI_WRITE))):
        design.registers(name, "s_axi_control_0", 0xA000_0000 + 0x1_0000 * index, prefix="s_axi_control_0_")
        design.ddr(name, "m_axi_gmem0", "m_axi_gmem0_", signals)
    design.join("idma0", "m_axis_0", "partition", "s_axis_0")
    design.join("partition", "m_axis_0", "odma0", "s_axis_0")
    return design


def test_finns_pair_of_dmas_around_a_stream(opened: Open) -> None:
    """The way that FINN's driver starts them: output first, then input, then the output's status is polled."""
    overlay = opened("finn", finn_design(), RTL / "finn.v", WORDS)
    beats = 700
    sent, received = buffers(overlay, 16 * beats, 8 * beats, dtype=np.uint8)
    for seed in range(2):
        sent[:] = random(seed, 16 * beats, np.uint8)
        sent.flush()
        for kernel, buffer in ((overlay.odma0, received), (overlay.idma0, sent)):
            kernel.write(0x10, buffer.device_address & 0xFFFF_FFFF)
            kernel.write(0x14, buffer.device_address >> 32)
            kernel.write(0x1C, beats)
            kernel.write(0x00, START)
        while not overlay.odma0.read(0x00) & DONE:
            pass
        received.invalidate()
        assert np.array_equal(received, sent.reshape(-1, 2).sum(axis=1, dtype=np.uint8))


# ---- registers and pins only


def pin_design() -> VivadoDesign:
    design = VivadoDesign()
    for index, step in enumerate((3, 10)):
        name = f"counter_{index}"
        design.ip(name, "user.org:user:counter:1.0", STEP=step, C_S00_AXI_DATA_WIDTH=32)
        design.clocked(name, "s00_axi_aclk", "s00_axi_aresetn")
        design.registers(name, "S00_AXI", 0x43C0_0000 + 0x1_0000 * index)
        design.pin(name, "enable", "I")
        design.pin(name, "level", "I", width=4)
        design.pin(name, "low", "O", width=8)
        design.pin(name, "odd", "O")
    gpio = {"C_IS_DUAL": 1, "C_GPIO_WIDTH": 2, "C_ALL_OUTPUTS": 1, "C_GPIO2_WIDTH": 9, "C_ALL_INPUTS_2": 1}
    design.ip("pins", "xilinx.com:ip:axi_gpio:2.0", C_INTERRUPT_PRESENT=1, **gpio)
    design.clocked("pins", "s_axi_aclk", "s_axi_aresetn")
    design.registers("pins", "S_AXI", 0x4120_0000)
    design.pin("pins", "gpio_io_o", "O", width=2)
    design.pin("pins", "gpio2_io_i", "I", width=9)
    design.pin("pins", "ip2intc_irpt", "O", "INTERRUPT")
    design.ip("level", "xilinx.com:ip:xlconstant:1.1", CONST_WIDTH=4, CONST_VAL=9)
    design.pin("level", "dout", "O", width=4)
    for index in range(2):
        design.ip(f"bit_{index}", "xilinx.com:ip:xlslice:1.0", DIN_WIDTH=2, DIN_FROM=index, DIN_TO=index)
        design.pin(f"bit_{index}", "Din", "I", width=2)
        design.pin(f"bit_{index}", "Dout", "O")
        design.wire("pins", "gpio_io_o", f"bit_{index}", "Din")
        design.wire(f"bit_{index}", "Dout", f"counter_{index}", "enable")
        design.wire("level", "dout", f"counter_{index}", "level")
    design.ip("seen", "xilinx.com:ip:xlconcat:2.1", NUM_PORTS=2, IN0_WIDTH=8, IN1_WIDTH=1)
    for pin, direction, width in (("In0", "I", 8), ("In1", "I", 1), ("dout", "O", 9)):
        design.pin("seen", pin, direction, width=width)
    design.wire("counter_0", "low", "seen", "In0")
    design.wire("counter_1", "odd", "seen", "In1")
    design.wire("seen", "dout", "pins", "gpio2_io_i")
    design.interrupts(0x4180_0000, ("pins", "ip2intc_irpt"))
    return design


def test_registers_and_pins_without_a_dma(opened: Open) -> None:
    overlay = opened("pins", pin_design(), RTL / "counter.v", WORDS)
    first, second, pins = overlay.counter_0, overlay.counter_1, overlay.pins
    assert [counter.read(4) for counter in (first, second)] == [9, 9]
    assert (first.read(0), second.read(0)) == (0, 0)
    pins.channel1.write(0b10, 0b11)
    overlay.device.run(10)
    pins.channel1.write(0, 0b11)
    assert first.read(0) == 0 and second.read(0) > 100 and second.read(0) % 10 == 0
    second.write(0, 7)
    first.write(0, 0x2A5)
    assert pins.channel2.read() == 0x1A5
    pins.write(0x11C, 1 << 31)
    pins.write(0x128, 2)
    pins.write(0x120, pins.read(0x120))

    async def run() -> None:
        waiting = asyncio.ensure_future(pynq.Interrupt("pins/ip2intc_irpt").wait())
        await asyncio.sleep(0)
        second.write(0, 6)
        await waiting

    asyncio.run(run())
    assert pins.channel2.read() == 0x0A5
