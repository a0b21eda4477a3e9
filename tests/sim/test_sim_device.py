"""The simulated device under the installed pynq: registers, transfers, caches, errors, hangs."""

import time
from typing import Any

import numpy as np
import pynq
import pytest
from programs import empty_program, empty_result, layer_packet, small_layer
from pynq.lib.dma import DMA

from tilewright.errors import DeviceTimeoutError
from tilewright.hardware import registers
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.rtl_hash import build_hash
from tilewright.network.layer import ConvLayer
from tilewright.sim import BusError, SocParameters, build, open_overlay
from tilewright.sim.processing_system import ZYNQ_ULTRASCALE


def test_classes_are_pynqs_own(overlay: Any) -> None:
    assert type(overlay) is pynq.Overlay
    assert type(overlay.axi_dma_0) is DMA
    assert isinstance(overlay.accelerator_0, pynq.DefaultIP)
    assert type(overlay.axi_dma_0.mmio) is pynq.MMIO
    assert overlay.axi_dma_0.buffer_max_size == (1 << 26) - 1


def test_constant_registers(overlay: Any) -> None:
    parameters = SocParameters(n=8)
    accelerator = overlay.accelerator_0
    assert accelerator.read(registers.REG_ID) == registers.REG_ID_RESET
    assert accelerator.read(registers.REG_VERSION) == registers.REG_VERSION_RESET
    assert accelerator.read(registers.REG_ACT_DEPTH) == parameters.act_depth
    assert accelerator.read(registers.REG_BUILD_HASH) == build_hash(build.cores_folder())
    names = accelerator.register_map
    assert (int(names.ARRAY.N), int(names.ARRAY.ACT_W), int(names.ARRAY.WGT_W), int(names.ARRAY.ACC_W)) == (8, 4, 4, 28)
    assert (int(names.DEPTHS.WGT_DEPTH), int(names.DEPTHS.OUT_DEPTH)) == (parameters.wgt_depth, parameters.out_depth)


def test_mmio_by_address(overlay: Any) -> None:
    mmio = pynq.MMIO(ZYNQ_ULTRASCALE.accelerator_base, 0x1000, device=overlay.device)
    assert mmio.read(registers.REG_ID) == registers.REG_ID_RESET
    assert mmio.read(registers.REG_ID, 8) == registers.REG_VERSION_RESET << 32 | registers.REG_ID_RESET
    assert np.array(mmio.array[0:2]).tolist() == [registers.REG_ID_RESET, registers.REG_VERSION_RESET]
    mmio.write(registers.REG_CONTROL, 2)
    assert mmio.read(registers.REG_CONTROL) == 2
    overlay.accelerator_0.register_map.CONTROL.IRQ_ENABLE = 0
    assert mmio.read(registers.REG_CONTROL) == 0


def test_nothing_at_an_address_is_a_bus_error(overlay: Any) -> None:
    with pytest.raises(BusError, match="no register at physical address 0xb0000000"):
        pynq.MMIO(0xB0000000, 0x1000, device=overlay.device).read(0)


def test_empty_program_returns_its_trailer(overlay: Any, exchange: Any) -> None:
    assert exchange(overlay, empty_program(), 4).tolist() == empty_result()


def test_interrupt_lines(overlay: Any, exchange: Any) -> None:
    overlay.accelerator_0.write(registers.REG_IRQ_STATUS, 3)
    overlay.accelerator_0.write(registers.REG_CONTROL, 2)
    assert not any(overlay.device.interrupts.values())
    exchange(overlay, empty_program(), 4)
    assert overlay.device.interrupts == {"mm2s": True, "s2mm": True, "accelerator": True, "controller": False}
    overlay.accelerator_0.write(registers.REG_IRQ_STATUS, 3)
    for offset in (0x04, 0x34):
        overlay.axi_dma_0.write(offset, 0x1000)
    assert not any(overlay.device.interrupts.values())


@pytest.mark.parametrize(("latency", "stalls"), [(1, 0.0), (40, 0.05), (400, 0.6)])
def test_results_do_not_depend_on_the_memory(latency: int, stalls: float, exchange: Any) -> None:
    overlay = open_overlay(8, latency=latency, stall_probability=stalls, seed=3)
    got, expected = layer_packet(overlay, exchange, small_layer(1))
    assert np.array_equal(got, expected)


def test_same_seed_same_cycles(exchange: Any) -> None:
    cycles = []
    for seed in (5, 5, 6):
        overlay = open_overlay(8, stall_probability=0.5, seed=seed)
        got, expected = layer_packet(overlay, exchange, small_layer(2))
        assert np.array_equal(got, expected)
        cycles.append((overlay.device.cycles, int(overlay.accelerator_0.register_map.CYCLES)))
    assert cycles[0] == cycles[1] != cycles[2]


def test_missing_flush_is_seen(overlay: Any) -> None:
    """The registers are written by hand: pynq's transfer() always flushes what it sends."""
    beats = empty_program()
    send = pynq.allocate(beats.shape, np.uint64, target=overlay.device)
    receive = pynq.allocate((4,), np.uint64, target=overlay.device)
    send[:] = empty_program(program_id=99)
    send.flush()
    send[:] = beats
    overlay.axi_dma_0.recvchannel.transfer(receive)
    mmio = overlay.axi_dma_0.mmio
    mmio.write(0x18, send.physical_address & 0xFFFFFFFF)
    mmio.write(0x1C, send.physical_address >> 32)
    mmio.write(0x28, send.nbytes)
    overlay.axi_dma_0.recvchannel.wait()
    assert receive.tolist() == empty_result(empty_program(program_id=99))


def test_missing_invalidate_is_seen(overlay: Any) -> None:
    """wait() invalidates; the buffer before it still shows what the host wrote."""
    send = pynq.allocate((6,), np.uint64, target=overlay.device)
    receive = pynq.allocate((4,), np.uint64, target=overlay.device)
    send[:] = empty_program()
    receive[:] = 7
    dma = overlay.axi_dma_0
    dma.recvchannel.transfer(receive)
    dma.sendchannel.transfer(send)
    while not dma.recvchannel.idle:
        pass
    assert receive.tolist() == [7, 7, 7, 7]
    receive.invalidate()
    assert receive.tolist() == empty_result()


def test_two_devices_at_once(overlay: Any, exchange: Any) -> None:
    other = open_overlay(8, latency=3, seed=77)
    layers = small_layer(3), small_layer(4, channels=24)
    for _ in range(2):
        for device, layer in zip((overlay, other), layers, strict=True):
            got, expected = layer_packet(device, exchange, layer)
            assert np.array_equal(got, expected)
    assert other.device.cycles != overlay.device.cycles


@pytest.mark.parametrize("array", [16, 32])
def test_other_array_sizes_in_the_same_process(array: int, overlay: Any, exchange: Any) -> None:
    larger = open_overlay(array, seed=8)
    assert int(larger.accelerator_0.register_map.ARRAY.N) == array
    for device in (larger, overlay):
        got, expected = layer_packet(device, exchange, small_layer(5))
        assert np.array_equal(got, expected)


def test_send_from_outside_the_ddr(unguarded: Any) -> None:
    mmio = unguarded.axi_dma_0.mmio
    mmio.write(0x18, 0x1000)
    mmio.write(0x1C, 0)
    mmio.write(0x28, 64)
    assert mmio.read(0x04) & 0x71 == 0x41  # DMADecErr, halted


def test_send_from_memory_that_is_not_allocated(unguarded: Any) -> None:
    buffer = pynq.allocate((8,), np.uint64, target=unguarded.device)
    buffer[:] = 0
    buffer.flush()
    mmio = unguarded.axi_dma_0.mmio
    mmio.write(0x18, (buffer.physical_address + 4096) & 0xFFFFFFFF)
    mmio.write(0x1C, buffer.physical_address >> 32)
    mmio.write(0x28, 64)
    assert mmio.read(0x04) & 0x71 == 0x21  # DMASlvErr, halted


def test_receive_into_a_derived_array(unguarded: Any) -> None:
    """The bogus address of an expression's result: the DMA's write fails, and no other memory changes."""
    overlay = unguarded
    send = pynq.allocate((6,), np.uint64, target=overlay.device)
    receive = pynq.allocate((4,), np.uint64, target=overlay.device)
    send[:] = empty_program()
    bogus = receive.copy()
    assert bogus.physical_address != receive.physical_address
    before = overlay.device.default_memory.ddr[: 1 << 20].copy()
    dma = overlay.axi_dma_0
    send.flush()
    before_send = overlay.device.default_memory.ddr[: 1 << 20].copy()
    assert not np.array_equal(before, before_send)
    mmio = dma.mmio
    mmio.write(0x48, bogus.physical_address & 0xFFFFFFF8)
    mmio.write(0x4C, bogus.physical_address >> 32 & 0xFF)
    mmio.write(0x58, 32)
    dma.sendchannel.transfer(send)
    dma.sendchannel.wait()
    assert mmio.read(0x34) & 0x60  # DMASlvErr or DMADecErr
    assert np.array_equal(overlay.device.default_memory.ddr[: 1 << 20], before_send)


def test_recovers_after_an_error(unguarded: Any, exchange: Any, clear_device: Any) -> None:
    overlay = unguarded
    mmio = overlay.axi_dma_0.mmio
    mmio.write(0x1C, 0)
    mmio.write(0x28, 64)
    assert mmio.read(0x04) & 0x70
    clear_device(overlay)
    overlay.axi_dma_0.sendchannel.start()
    overlay.axi_dma_0.recvchannel.start()
    got, expected = layer_packet(overlay, exchange, small_layer(6))
    assert np.array_equal(got, expected)


def test_endless_wait_ends(overlay: Any) -> None:
    receive = pynq.allocate((4,), np.uint64, target=overlay.device)
    overlay.axi_dma_0.recvchannel.transfer(receive)
    start = time.monotonic()
    with pytest.raises(
        DeviceTimeoutError,
        match=r"S2MM DMASR 0x0, S2MM LENGTH 0x20; 0 beats sent .*TLAST not seen.*decoder HEADER, engine IDLE",
    ):
        overlay.axi_dma_0.recvchannel.wait()
    assert time.monotonic() - start < 30


def test_simulated_time(overlay: Any) -> None:
    device = overlay.device
    before, cycles = device.monotonic(), device.cycles
    device.run(5000)
    assert device.cycles == cycles + 5000
    assert device.monotonic() == pytest.approx(before + 50e-6, abs=1e-9)


def test_time_flies_only_while_nothing_moves(overlay: Any, exchange: Any) -> None:
    """A time-out of 5 s passes within some hundred polls; a register that is read while idle raises nothing."""
    device = overlay.device
    exchange(overlay, empty_program(), 4)
    start = device.monotonic()
    assert overlay.accelerator_0.read(registers.REG_ID) == registers.REG_ID_RESET
    assert device.monotonic() - start < 1e-4
    device.run(400_000)
    start = device.monotonic()
    for _ in range(2000):
        overlay.accelerator_0.read(registers.REG_ID)
    assert device.monotonic() - start >= 5
    assert exchange(overlay, empty_program(), 4).tolist() == empty_result()


def test_long_silent_work_is_no_hang(overlay: Any, exchange: Any) -> None:
    """One output tile of 1024 positions with all weights in the FIFO: the longest that a working device stays quiet."""
    rng = np.random.default_rng(0)
    weights = rng.integers(-8, 8, (8, 16, 7, 7)).astype(np.int8)
    layer = ConvLayer("quiet", weights, rng.integers(0, 16, (1, 16, 32, 32)).astype(np.uint8), 1, 3)
    got, expected = layer_packet(overlay, exchange, layer)
    assert np.array_equal(got, expected)


def test_download_again_resets_the_hardware(exchange: Any) -> None:
    overlay = open_overlay(8, seed=9)
    got, expected = layer_packet(overlay, exchange, small_layer(7))
    assert np.array_equal(got, expected)
    time_before = overlay.device.monotonic()
    overlay.download()
    assert overlay.device.monotonic() >= time_before
    again = pynq.Overlay(overlay.bitfile_name, device=overlay.device)
    got, expected = layer_packet(again, exchange, small_layer(8))
    assert np.array_equal(got, expected)


def test_addresses_of_the_windows() -> None:
    assert (ZYNQ_ULTRASCALE.dma_base, ZYNQ_ULTRASCALE.accelerator_base) == (0xA0000000, 0xA0010000)
    assert SocParameters(n=32).array == ArrayParameters.of_size(32)
