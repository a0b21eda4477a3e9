"""What overlays use of pynq beside registers and buffers: interrupts, clocks, attaching, families of boards."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pynq
import pytest
from programs import empty_program, empty_result, layer_packet, small_layer
from pynq.interrupt import Interrupt

from tilewright.errors import DeviceTimeoutError
from tilewright.hardware import registers
from tilewright.sim import ZYNQ_7000, ZYNQ_ULTRASCALE, BusError, ProcessingSystem, SimDevice, open_overlay


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One event loop: an Interrupt of pynq's belongs to the first that it is awaited in."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


async def exchange_async(overlay: Any, room: int = 4) -> list[int]:
    """Send the empty program and await both channels' interrupts."""
    dma, beats = overlay.axi_dma_0, empty_program()
    send = pynq.allocate(beats.shape, np.uint64, target=overlay.device)
    receive = pynq.allocate((room,), np.uint64, target=overlay.device)
    send[:] = beats
    dma.recvchannel.transfer(receive)
    dma.sendchannel.transfer(send)
    await asyncio.gather(dma.sendchannel.wait_async(), dma.recvchannel.wait_async())
    return list(map(int, receive))


@pytest.mark.parametrize("system", [ZYNQ_ULTRASCALE, ZYNQ_7000], ids=lambda system: system.family)
def test_wait_async(system: ProcessingSystem, loop: asyncio.AbstractEventLoop) -> None:
    """Twice: pynq's interrupt controller masks a line and must enable it again."""
    overlay = open_overlay(8, seed=1, system=system)
    for _ in range(2):
        assert loop.run_until_complete(exchange_async(overlay)) == empty_result()


def test_interrupt_of_the_accelerator(loop: asyncio.AbstractEventLoop, exchange: Any) -> None:
    overlay = open_overlay(8, seed=1)
    overlay.accelerator_0.write(registers.REG_CONTROL, registers.CONTROL_IRQ_ENABLE.place(1))

    async def run() -> bool:
        waiting = asyncio.ensure_future(Interrupt("accelerator_0/irq").wait())
        await asyncio.sleep(0)
        before = waiting.done()
        exchange(overlay, empty_program(), 4)
        await waiting
        return before

    assert loop.run_until_complete(run()) is False


def test_other_tasks_run_while_an_interrupt_is_awaited(loop: asyncio.AbstractEventLoop) -> None:
    overlay = open_overlay(8, seed=1)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def run() -> None:
        counting = asyncio.ensure_future(count())
        await exchange_async(overlay)
        counting.cancel()

    loop.run_until_complete(run())
    assert turns > 1


def test_awaiting_what_never_comes_raises(loop: asyncio.AbstractEventLoop) -> None:
    """The hang names what is missing, within a fraction of a second, and the channel can be used again."""
    overlay = open_overlay(8, seed=1)
    receive = pynq.allocate((4,), np.uint64, target=overlay.device)

    async def hang() -> None:
        overlay.axi_dma_0.recvchannel.transfer(receive)
        await overlay.axi_dma_0.recvchannel.wait_async()

    start = time.monotonic()
    with pytest.raises(DeviceTimeoutError, match="TLAST not seen"):
        loop.run_until_complete(hang())
    assert time.monotonic() - start < 10

    async def recover() -> None:
        send = pynq.allocate((6,), np.uint64, target=overlay.device)
        send[:] = empty_program()
        overlay.axi_dma_0.sendchannel.transfer(send)
        await asyncio.gather(overlay.axi_dma_0.sendchannel.wait_async(), overlay.axi_dma_0.recvchannel.wait_async())

    loop.run_until_complete(recover())
    assert list(map(int, receive)) == empty_result()


def test_interrupts_of_two_devices(loop: asyncio.AbstractEventLoop) -> None:
    """Each waits for its own: pynq keeps one interrupt controller for each that is the active device's when made."""
    first = open_overlay(8, seed=1)
    assert loop.run_until_complete(exchange_async(first)) == empty_result()
    second = open_overlay(8, seed=2)
    for overlay in (second, first):
        pynq.Device.active_device = overlay.device
        assert loop.run_until_complete(exchange_async(overlay)) == empty_result()


@pytest.mark.parametrize("system", [ZYNQ_ULTRASCALE, ZYNQ_7000], ids=lambda system: system.family)
def test_clocks(system: ProcessingSystem) -> None:
    """The simulated second has as many cycles as the clock's registers say."""
    device = open_overlay(8, seed=1, system=system).device
    assert device.arch == system.arch
    assert pynq.Clocks.fclk0_mhz == pytest.approx(100, rel=1e-4)
    for mhz in (50, 125, 100):
        pynq.Clocks.fclk0_mhz = mhz
        assert pynq.Clocks.fclk0_mhz == pytest.approx(mhz, rel=1e-4)
        assert device.clock_hz == pytest.approx(mhz * 1e6, rel=1e-4)
        before = device.monotonic()
        device.run(10_000)
        assert device.monotonic() - before == pytest.approx(10_000 / (mhz * 1e6), rel=1e-4)
    assert pynq.Clocks.cpu_mhz > 600


def test_clocks_are_those_of_the_overlay_loaded_last() -> None:
    first = open_overlay(8, seed=1)
    second = open_overlay(8, seed=1, system=ZYNQ_7000)
    pynq.Clocks.fclk0_mhz = 50
    assert first.device.clock_hz == pytest.approx(100e6)
    assert second.device.clock_hz == pytest.approx(50e6)


def test_zynq_7000_is_exact(exchange: Any) -> None:
    overlay = open_overlay(8, seed=1, system=ZYNQ_7000)
    got, expected = layer_packet(overlay, exchange, small_layer(1))
    assert np.array_equal(got, expected)


def test_attach_without_download(exchange: Any) -> None:
    """As on a board that another process has configured."""
    bit = open_overlay(8, seed=1).bitfile_name
    device = SimDevice(seed=2)
    overlay = pynq.Overlay(bit, download=False, device=device)
    assert overlay.is_loaded()
    assert overlay.accelerator_0.read(registers.REG_ID) == registers.REG_ID_RESET
    got, expected = layer_packet(overlay, exchange, small_layer(1))
    assert np.array_equal(got, expected)


def test_attaching_keeps_the_state() -> None:
    overlay = open_overlay(8, seed=1)
    overlay.accelerator_0.write(registers.REG_CONTROL, registers.CONTROL_IRQ_ENABLE.place(1))
    again = pynq.Overlay(overlay.bitfile_name, download=False, device=overlay.device)
    assert int(again.accelerator_0.register_map.CONTROL.IRQ_ENABLE) == 1
    again.download()
    assert int(again.accelerator_0.register_map.CONTROL.IRQ_ENABLE) == 0


def test_reset_leaves_the_overlay_loaded() -> None:
    overlay = open_overlay(8, seed=1)
    overlay.reset()
    assert overlay.is_loaded() and "accelerator_0" in overlay.device.ip_dict


def test_register_maps_name_their_fields() -> None:
    overlay = open_overlay(8, seed=1)
    dma, intc = overlay.axi_dma_0.register_map, overlay.axi_intc_0.register_map
    assert (dma.MM2S_DMASR.Halted, dma.MM2S_DMASR.Idle, dma.S2MM_DMACR.RS) == (0, 0, 1)
    intc.IER = 5
    assert int(intc.IER) == 5 and int(intc.MER) == 0


def test_registers_as_arrays() -> None:
    """As FINN's drivers read them: slices and np.copy give plain ndarrays."""
    mmio = open_overlay(8, seed=1).accelerator_0.mmio
    words = np.copy(mmio.array[:4])
    assert type(words) is np.ndarray and words.dtype == np.uint32
    assert words[0] == registers.REG_ID_RESET


def test_another_familys_clock_is_a_bus_error() -> None:
    device = open_overlay(8, seed=1).device
    with pytest.raises(BusError, match="0xf8000170"):
        device.read_word(0xF800_0170)


SCRIPT = """
import tilewright.sim, pynq, sys
overlay = pynq.Overlay(sys.argv[1])
print(type(pynq.Device.active_device).__name__, hex(overlay.axi_dma_0.mmio.read(0)), pynq.Device.active_device.seed)
"""


def test_pynq_finds_the_device_by_itself() -> None:
    """A script that names no device: the environment chooses."""
    bit = open_overlay(8, seed=1).bitfile_name
    environment = {"TILEWRIGHT_DEVICE": "sim", "TILEWRIGHT_SEED": "5"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, bit],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["SimDevice", "0x11003", "5"], done.stderr


def test_start_up() -> None:
    """Of a device whose build is cached: processor time, which the machine's other work does not lengthen."""
    open_overlay(8, seed=1)
    start = time.process_time()
    overlay = open_overlay(8, seed=2)
    assert overlay.accelerator_0.read(registers.REG_ID) == registers.REG_ID_RESET
    assert time.process_time() - start < 2
