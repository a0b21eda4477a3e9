"""pynq's stock RemoteDevice against `tilewright serve`: files, registers, memory, bitstreams, errors."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pynq
import pytest
from pynq.lib.dma import DMA

from tilewright.driver.remote_calls import CLOCK_FILE
from tilewright.hardware import registers
from tilewright.hardware.beats import crc32_of
from tilewright.sim import ZYNQ_ULTRASCALE

ACCELERATOR_BASE = ZYNQ_ULTRASCALE.accelerator_base
FIRMWARE = "/lib/firmware/"
FPGA_MANAGER = "/sys/class/fpga_manager/fpga0/firmware"


@pytest.fixture(scope="module")
def stock(served: Any) -> Any:
    """An overlay of pynq's own client, which nothing of ours has touched."""
    device = served.connect()
    overlay = pynq.Overlay(str(served.bitstream), device=device)
    assert type(overlay.axi_dma_0) is DMA
    return overlay


@pytest.fixture
def device(stock: Any) -> Any:
    pynq.Device.active_device = stock.device
    return stock.device


def reason(caught: pytest.ExceptionInfo[grpc.RpcError]) -> tuple[grpc.StatusCode, str]:
    error: Any = caught.value
    return error.code(), error.details()


def test_identity(device: Any) -> None:
    assert (device.arch, device.name) == ("aarch64", "tilewright-sim")
    assert device.read_file("/sys/class/fpga_manager/fpga0/state") == b"operating\n"


def test_registers(stock: Any, device: Any) -> None:
    mmio = pynq.MMIO(ACCELERATOR_BASE, 0x1000, device=device)
    assert mmio.read(registers.REG_ID) == registers.REG_ID_RESET == int(mmio.array[0])
    assert mmio.read(registers.REG_ID, 2) == registers.REG_ID_RESET & 0xFFFF
    assert list(mmio.array[0:2]) == [registers.REG_ID_RESET, registers.REG_VERSION_RESET]
    mmio.write(registers.REG_LOG_INDEX, 3)
    assert mmio.read(registers.REG_LOG_INDEX) == 3
    mmio.write(registers.REG_LOG_INDEX, b"\x02\0\0\0\0\0\0\0")
    assert stock.accelerator_0.register_map.LOG_INDEX.INDEX == 2
    stock.axi_dma_0.write(0x48, 0x8765_4320)
    # pynq 3.1's field is signed.
    assert stock.axi_dma_0.read(0x48) & 0xFFFF_FFFF == 0x8765_4320


def test_accesses_that_reach_no_register(device: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        pynq.MMIO(0xB000_0000, 0x1000, device=device).read(0)
    assert reason(caught) == (grpc.StatusCode.OUT_OF_RANGE, "BusError: no register at physical address 0xb0000000")
    mmio = pynq.MMIO(ACCELERATOR_BASE, 0x10, device=device)
    with pytest.raises(grpc.RpcError, match="bytes 16 to 20 of 16 at 0xa0010000"):
        mmio.read(0x10)
    with pytest.raises(grpc.RpcError, match="at most 4 bytes at once"):
        mmio.read(0, 8)


def test_memory(device: Any) -> None:
    """5 MB go in parts; two buffers do not meet."""
    buffer, other = (pynq.allocate((5, 1 << 17), np.uint64, target=device) for _ in range(2))
    values = np.arange(buffer.size, dtype=np.uint64).reshape(buffer.shape)
    buffer[:] = values
    other[:] = 7
    buffer.flush()
    other.flush()
    buffer[:] = 0
    buffer.invalidate()
    assert np.array_equal(buffer, values)
    assert buffer.physical_address != other.physical_address


def test_freed_memory(device: Any) -> None:
    buffer = pynq.allocate((4,), np.uint32, target=device)
    number = buffer.buffer_id
    buffer.freebuffer()
    with pytest.raises(grpc.RpcError, match=f"UnknownIdError: no buffer '{number}': it was freed"):
        buffer.flush()


def test_more_memory_than_there_is(device: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        pynq.allocate((1 << 28,), np.uint8, target=device)
    code, details = reason(caught)
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED and "no room for 268435456 bytes" in details


def test_transfer_by_pynqs_dma(stock: Any, device: Any) -> None:
    """BEGIN and END; the trailer comes back, by pynq's transfer and wait alone."""
    begin = [0x01 | 3 << 32, 0x52505754 | 3 << 32, 8 | 4 << 8 | 4 << 16 | 28 << 24 | 42 << 32, 0]
    beats = np.array([*begin, 0x0F | 1 << 16 | 1 << 32], dtype=np.uint64)
    send, receive = (pynq.allocate((length,), np.uint64, target=device) for length in (6, 4))
    send[:5], send[5] = beats, crc32_of(beats) << 32
    stock.axi_dma_0.recvchannel.transfer(receive)
    stock.axi_dma_0.sendchannel.transfer(send)
    stock.axi_dma_0.sendchannel.wait()
    stock.axi_dma_0.recvchannel.wait()
    assert int(receive[0]) == 0x53525754 | 3 << 56 and int(receive[1]) == crc32_of(beats)
    assert stock.axi_dma_0.recvchannel.transferred == 32


def test_endless_wait_ends(stock: Any, device: Any) -> None:
    """pynq's wait() has no time-out: the simulated device ends it."""
    receive = pynq.allocate((4,), np.uint64, target=device)
    stock.axi_dma_0.recvchannel.transfer(receive)
    with pytest.raises(grpc.RpcError) as caught:
        stock.axi_dma_0.recvchannel.wait()
    code, details = reason(caught)
    assert code is grpc.StatusCode.ABORTED and "DeviceTimeoutError" in details and "S2MM DMASR" in details
    stock.axi_dma_0.write(0, 4)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/etc/hostname", "/proc/self/environ", "/lib/firmware/../../etc/passwd", "", "etc/passwd"]
)
def test_no_other_file_is_served(device: Any, path: str) -> None:
    assert not device.exists_file(path).exists
    with pytest.raises(grpc.RpcError) as caught:
        device.read_file(path)
    assert reason(caught)[0] is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("folder", ["/lib/firmware/../../", "/lib/firmware/../..", "/tmp/../", "/etc/"])
def test_no_file_is_written(device: Any, folder: str, tmp_path: Path) -> None:
    path = f"{folder}{tmp_path}/written"
    with pytest.raises(grpc.RpcError, match="takes no file"):
        device.write_file(path, b"x")
    device.write_file(f"/tmp{tmp_path}", b"kept in memory")
    assert device.read_file(f"/tmp{tmp_path}") == b"kept in memory"
    assert list(tmp_path.iterdir()) == [] and not Path(f"/tmp{tmp_path}").exists()


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"\0" * 64, r"OverlayFileError: foreign\.bin is no simulated bitstream"),
        (b"abc", r"foreign\.bin has 3 bytes, no whole words"),
        (b"", "no file /lib/firmware/foreign.bin"),
    ],
)
def test_foreign_bitstream(device: Any, contents: bytes, message: str) -> None:
    device.write_file(f"{FIRMWARE}foreign.bin", contents) if contents else None
    with pytest.raises(grpc.RpcError, match=message):
        device.write_file(FPGA_MANAGER, b"foreign.bin")
    device._stub["device"].set_bitstream_attrs(
        pynq.pl_server.remote_device.remote_device_pb2.SetBitstreamAttrsRequest(binfile_name="foreign.bin")
    )
    assert not device.exists_file(f"{FIRMWARE}foreign.bin").exists


def test_bitstream_of_another_block_design(served: Any, device: Any, tmp_path: Path) -> None:
    bit = tmp_path / served.bitstream.name
    bit.with_suffix(".hwh").write_bytes(served.bitstream.with_suffix(".hwh").read_bytes())
    whole = served.bitstream.read_bytes()
    at = whole.index(b'"hwh_sha256": "') + 15
    bit.write_bytes(whole[:at] + b"0" * 64 + whole[at + 64 :])
    with pytest.raises(grpc.RpcError, match="block design"):
        pynq.Overlay(str(bit), device=device)


def test_simulated_time(device: Any) -> None:
    """A register access takes a microsecond; while nothing moves, 50 ms, so that time-outs pass quickly."""
    mmio = pynq.MMIO(ACCELERATOR_BASE, 0x1000, device=device)
    first = float(device.read_file(CLOCK_FILE))
    for _ in range(10):
        mmio.read(registers.REG_ID)
    assert 1e-6 < float(device.read_file(CLOCK_FILE)) - first <= 10 * 0.05 + 1e-3


@pytest.mark.skipif(importlib.util.find_spec("pynq.remote.selftest") is None, reason="came with pynq 4.0")
def test_pynqs_own_self_test(served: Any) -> None:
    command = [sys.executable, "-m", "pynq.remote.selftest", "--ip", "127.0.0.1", "--port", str(served.port)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0 and " 0 failed" in process.stdout, process.stdout


@pytest.mark.skipif(importlib.util.find_spec("pynq.remote.gpio_pb2") is None, reason="came with pynq 4.0")
def test_no_gpio(device: Any) -> None:
    from pynq.pl_server.remote_device import RemoteGPIO
    from pynq.remote import gpio_pb2

    assert RemoteGPIO.get_gpio_base_path(device=device) is None
    assert RemoteGPIO.get_gpio_npins(device=device) == 0
    with pytest.raises(grpc.RpcError, match="the simulated board has no GPIO 3"):
        device._stub["gpio"].get_gpio(gpio_pb2.GetGpioRequest(index=3, direction="in"))
