"""What clients ask for without bounds: names, files, windows, streams that stand still, buffers, odd firmware."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from threading import Event
from types import SimpleNamespace
from typing import Any

import grpc
import numpy as np
import pytest
from pynq.pl_server.embedded_device import parse_bit_header
from pynq.remote import buffer_pb2, buffer_pb2_grpc, mmio_pb2, mmio_pb2_grpc, remote_device_pb2, remote_device_pb2_grpc

from tilewright.hardware import registers
from tilewright.remote import limits
from tilewright.remote.files import FIRMWARE_FILE, FLAGS_FILE
from tilewright.remote.server import THREADS, RemoteServer
from tilewright.sim import ZYNQ_ULTRASCALE, SimDevice, SocParameters
from tilewright.sim.metadata import SIGNATURE, write_overlay

ACCELERATOR_BASE = ZYNQ_ULTRASCALE.accelerator_base
EXHAUSTED, OUT_OF_RANGE = grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.OUT_OF_RANGE
# Of a call that must not wait for others
AT_ONCE = 10.0
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def stubs() -> Iterator[Any]:
    """gRPC's stubs of a server in this process, whose limits a test may change."""
    with RemoteServer(SimDevice(seed=6)) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield SimpleNamespace(
            channel=channel,
            device=remote_device_pb2_grpc.RemoteDeviceStub(channel),
            mmio=mmio_pb2_grpc.MmioStub(channel),
            buffer=buffer_pb2_grpc.RemoteBufferStub(channel),
        )


def part(path: str, data: bytes = b"") -> Any:
    return remote_device_pb2.WriteFileRequest(file_path=path, data=data)


def write_file(stubs: Any, path: str, data: bytes = b"") -> None:
    stubs.device.writefile(iter([part(path, data)]), timeout=AT_ONCE)


def read_file(stubs: Any, path: str) -> bytes:
    request = remote_device_pb2.ReadFileRequest(file_path=path)
    return b"".join(each.data for each in stubs.device.readfile(request, timeout=AT_ONCE))


def exists(stubs: Any, path: str) -> bool:
    return bool(stubs.device.existsfile(remote_device_pb2.ExistsFileRequest(file_path=path), timeout=AT_ONCE).exists)


def forget(stubs: Any, *names: str) -> None:
    for name in names:
        request = remote_device_pb2.SetBitstreamAttrsRequest(binfile_name=name)
        stubs.device.set_bitstream_attrs(request, timeout=AT_ONCE)


def allocate(stubs: Any, size: int) -> str:
    return str(stubs.buffer.allocate(buffer_pb2.AllocateRequest(size=size), timeout=AT_ONCE).buffer_id)


def free(stubs: Any, *buffers: str) -> None:
    for buffer in buffers:
        stubs.buffer.freebuffer(buffer_pb2.FreeBufferRequest(buffer_id=buffer), timeout=AT_ONCE)


@contextmanager
def refused(code: grpc.StatusCode, message: str) -> Iterator[None]:
    with pytest.raises(grpc.RpcError, match=message) as caught:
        yield
    error: Any = caught.value
    assert error.code() is code and len(error.details()) < 3000


# ---- files


def test_names_are_limited_and_count(stubs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with refused(EXHAUSTED, "LimitError: a path of 3900005 bytes; at most 4096 are taken"):
        write_file(stubs, "/tmp/" + "n" * 3_900_000)
    monkeypatch.setattr(limits, "MOST_FILE_BYTES", 10_000)
    names = [f"{number:0986}" for number in range(11)]
    for name in names[:10]:
        write_file(stubs, f"/lib/firmware/{name}")
    with refused(EXHAUSTED, "no room for 1000 more bytes: files and their names have 10000 bytes already"):
        write_file(stubs, f"/lib/firmware/{names[10]}")
    forget(stubs, *names)
    write_file(stubs, f"/lib/firmware/{names[10]}")
    forget(stubs, names[10])


def test_files_are_counted(stubs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_FILES", 3)
    for name in ("a", "b", "c"):
        write_file(stubs, f"/lib/firmware/{name}", b"1")
    with refused(EXHAUSTED, "/lib/firmware/d: 3 files are kept already, and no more than that"):
        write_file(stubs, "/lib/firmware/d")
    write_file(stubs, "/lib/firmware/c", b"anew")
    assert read_file(stubs, "/lib/firmware/c") == b"anew"
    forget(stubs, "a", "b", "c")


def test_files_on_their_way_count(stubs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of streams that never end; what breaks off gives its room back."""
    monkeypatch.setattr(limits, "MOST_FILE_BYTES", 10_000)
    sent, end = Event(), Event()

    def slowly() -> Iterator[Any]:
        yield part("/tmp/slow", bytes(6000))
        yield part("/tmp/slow")
        sent.set()
        end.wait(AT_ONCE)

    call = stubs.device.writefile.future(slowly(), timeout=AT_ONCE)
    assert sent.wait(AT_ONCE)
    with refused(EXHAUSTED, "no room"):
        for _ in range(100):  # the server may not have taken the first stream's parts yet
            write_file(stubs, "/lib/firmware/other", bytes(6000))
            forget(stubs, "other")
    call.cancel()
    end.set()
    wait_until(lambda: fits(stubs, "/lib/firmware/other", bytes(6000)))
    forget(stubs, "other")


def test_a_stream_that_breaks_off_is_no_file(stubs: Any) -> None:
    """gRPC shows both as the end of the messages."""
    for number in range(20):
        end = Event()

        def broken_off(path: str, end: Event) -> Iterator[Any]:
            yield part(path, b"the first half")
            end.wait(AT_ONCE)

        call = stubs.device.writefile.future(broken_off(f"/tmp/half{number}", end), timeout=AT_ONCE)
        time.sleep(0.02)
        call.cancel()
        end.set()
    assert not any(exists(stubs, f"/tmp/half{number}") for number in range(20))


def fits(stubs: Any, path: str, data: bytes) -> bool:
    try:
        write_file(stubs, path, data)
    except grpc.RpcError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + AT_ONCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_flags_and_names_of_firmware_are_short(stubs: Any) -> None:
    write_file(stubs, FLAGS_FILE, b"0")
    with refused(EXHAUSTED, "17 bytes; flags have at most 16"):
        write_file(stubs, FLAGS_FILE, bytes(17))
    assert read_file(stubs, FLAGS_FILE) == b"0"
    with refused(EXHAUSTED, "a name of 1000000 bytes"):
        write_file(stubs, FIRMWARE_FILE, b"f" * 1_000_000)
    with refused(grpc.StatusCode.PERMISSION_DENIED, "no file /lib/firmware/ff"):
        write_file(stubs, FIRMWARE_FILE, b"f" * 4000)
    forget(stubs, "n" * 3_900_000)


def test_odd_paths(stubs: Any) -> None:
    """Kept as they are, or refused with an answer that fits into one."""
    for path in ("/tmp/ä ö/雪", "/tmp/a\0b", "/tmp/-rf;$(touch x)\n"):
        write_file(stubs, path, b"x")
        assert read_file(stubs, path) == b"x"
    for path in ("/etc/" + "雪" * 1000, "/tmp/../" + "b" * 4000):
        with refused(grpc.StatusCode.PERMISSION_DENIED, r"takes no file /.* bytes \.\.\.\]"):
            write_file(stubs, path)
        assert not exists(stubs, path)
    with refused(grpc.StatusCode.PERMISSION_DENIED, "no file "):
        read_file(stubs, "n" * 3_900_000)
    with refused(grpc.StatusCode.PERMISSION_DENIED, "parts of two files in one stream: /tmp/a and /tmp/b"):
        stubs.device.writefile(iter([part("/tmp/a", b"x"), part("/tmp/b", b"x")]), timeout=AT_ONCE)


# ---- registers


@pytest.fixture(scope="module")
def loaded(stubs: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same with the accelerator."""
    bit = write_overlay(SocParameters(), tmp_path_factory.mktemp("bitstream"))
    write_file(stubs, "/lib/firmware/own.bin", firmware(parse_bit_header(bit.read_bytes())["data"]))
    stubs.device.writefile(iter([part(FIRMWARE_FILE, b"own.bin")]))  # may build it
    return stubs


def read_register(loaded: Any, window: str, offset: int = 0, length: int = 4) -> int:
    request = mmio_pb2.ReadRequest(mmio_id=window, offset=offset, length=length)
    return int(loaded.mmio.read(request, timeout=AT_ONCE).data)


def write_registers(loaded: Any, window: str, offset: int, data: bytes) -> None:
    request = mmio_pb2.WriteRequest(mmio_id=window, offset=offset, data=data)
    loaded.mmio.write(request, timeout=AT_ONCE)


def test_a_write_is_as_long_as_the_real_window(loaded: Any) -> None:
    """Before the first register is written, whatever window the client names."""
    forged = f"{ACCELERATOR_BASE}+{1 << 62}"
    write_registers(loaded, forged, registers.REG_LOG_INDEX, b"\2\0\0\0")
    for nbytes in (3_900_000, 0x1_0000):
        with refused(OUT_OF_RANGE, f"BusError: {nbytes} bytes at physical address .* the registers end after"):
            write_registers(loaded, forged, registers.REG_LOG_INDEX, b"\5\0\0\0" + bytes(nbytes - 4))
        assert read_register(loaded, forged, registers.REG_LOG_INDEX) == 2
    with refused(OUT_OF_RANGE, "BusError: no register"):
        write_registers(loaded, f"{0xB000_0000}+{1 << 62}", 0, bytes(3_900_000))
    clock = ZYNQ_ULTRASCALE.clock_registers[0]
    before = read_register(loaded, f"{clock}+4")
    with refused(OUT_OF_RANGE, "BusError: no register"):
        write_registers(loaded, f"{clock}+4000000", 0, bytes(3_900_000))
    write_registers(loaded, f"{clock}+4", 0, before.to_bytes(4, "little"))
    assert read_register(loaded, f"{clock}+4") == before


@pytest.mark.parametrize(
    "window", ["", "+", "-5+10", "1+2+3", "1_0+4", "٣+٤", "9" * 5000 + "+4", "x" * 3_900_000, f"{1 << 64}+4\n"]
)
def test_windows_that_are_none(loaded: Any, window: str) -> None:
    with refused(OUT_OF_RANGE, "is no window of registers"):
        read_register(loaded, window)


def test_numbers_of_64_bits(loaded: Any) -> None:
    most = (1 << 64) - 1
    window = loaded.mmio.get_mmio(mmio_pb2.GetMmioRequest(base_addr=most, length=most)).mmio_id
    with refused(OUT_OF_RANGE, "BusError: no register"):
        read_register(loaded, window)
    with refused(OUT_OF_RANGE, "are no whole registers"):
        read_register(loaded, window, most - 3)
    for length in (0, 3, 8, 1 << 63):
        with refused(grpc.StatusCode.UNIMPLEMENTED, "reads 1, 2 or 4 bytes"):
            read_register(loaded, f"{ACCELERATOR_BASE}+4096", 0, length)


# ---- streams


@contextmanager
def standing_still(stubs: Any, count: int) -> Iterator[list[Any]]:
    """Streams that begin and send no more."""
    end = Event()

    def requests(number: int) -> Iterator[Any]:
        yield part(f"/tmp/slow{number}", b"x")
        end.wait(2 * AT_ONCE)

    calls = [stubs.device.writefile.future(requests(number), timeout=2 * AT_ONCE) for number in range(count)]
    try:
        yield calls
    finally:
        end.set()
        for call in calls:
            call.cancel()


def test_slow_streams_shut_nobody_out(stubs: Any) -> None:
    """Neither do calls whose one message does not come: more of both than the server has threads."""
    end = Event()
    name = mmio_pb2.DESCRIPTOR.services_by_name["Mmio"].full_name
    silent = [
        stubs.channel.stream_unary(f"/{name}/read").future(
            (end.wait(AT_ONCE) or b"" for _ in range(1)), timeout=AT_ONCE
        )
        for _ in range(THREADS + 4)
    ]
    with standing_still(stubs, THREADS + 4):
        time.sleep(0.3)
        assert exists(stubs, "/proc/version")
        write_file(stubs, "/tmp/quick", b"x" * MEBIBYTE)
        assert len(read_file(stubs, "/tmp/quick")) == MEBIBYTE
    end.set()
    for call in silent:
        call.cancel()


def test_streams_have_a_time_limit(stubs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standing still ends one, and so does a trickle; what moves goes on for longer than the limit."""
    monkeypatch.setattr(limits, "STREAM_SECONDS", 0.5)
    monkeypatch.setattr(limits, "STREAM_BYTES_A_SECOND", 2 << 10)
    with standing_still(stubs, 1) as (call,), refused(EXHAUSTED, r"the transfer stood still for 0\.5 s"):
        call.result()

    def paced(nbytes: int) -> Iterator[Any]:
        for _ in range(10):
            time.sleep(0.1)
            yield part("/tmp/paced", bytes(nbytes))

    with refused(EXHAUSTED, "or moves fewer than 2 KiB a second"):
        stubs.device.writefile(paced(1), timeout=AT_ONCE)
    stubs.device.writefile(paced(2000), timeout=AT_ONCE)
    assert len(read_file(stubs, "/tmp/paced")) == 20_000
    buffer = allocate(stubs, 8)
    with refused(EXHAUSTED, "the transfer stood still"):
        stubs.buffer.write(
            (time.sleep(wait) or buffer_pb2.BufferWriteRequest(buffer_id=buffer, data=b"x") for wait in (0, 2)),
            timeout=AT_ONCE,
        )
    free(stubs, buffer)


def test_clients_that_do_not_read_have_one_too(stubs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """They shut nobody out, give their places back, and read in the end why."""
    monkeypatch.setattr(limits, "STREAM_SECONDS", 0.3)
    monkeypatch.setattr(limits, "MOST_STREAMS", THREADS + 1)
    buffer = allocate(stubs, 64 * MEBIBYTE)
    request = buffer_pb2.BufferReadRequest(buffer_id=buffer)
    answers = [stubs.buffer.read(request, timeout=3 * AT_ONCE) for _ in range(THREADS + 1)]
    assert exists(stubs, "/proc/version")
    wait_until(lambda: fits(stubs, "/tmp/more", b""))
    codes = []
    for answer in answers:
        try:
            codes.append(sum(len(each.data) for each in answer))
        except grpc.RpcError as error:
            codes.append(error.code())
            assert "LimitError: the transfer stood still" in error.details()
    # Who comes first reads in time
    assert EXHAUSTED in codes and set(codes) <= {EXHAUSTED, 64 * MEBIBYTE}
    free(stubs, buffer)


def test_streams_are_counted(stubs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_STREAMS", 3)
    with standing_still(stubs, 3):
        wait_until(lambda: not fits(stubs, "/tmp/more", b""))
        with refused(EXHAUSTED, "3 transfers are under way, no more are taken: try again"):
            write_file(stubs, "/tmp/more")
        assert exists(stubs, "/proc/version")
    wait_until(lambda: fits(stubs, "/tmp/more", b""))


def test_a_large_bitstream_arrives(stubs: Any) -> None:
    """As large as those of large FPGAs, in the parts of pynq's client."""
    contents = np.random.default_rng(1).bytes(40 * MEBIBYTE)
    parts = range(0, len(contents), 2 * MEBIBYTE)
    stubs.device.writefile(part("/lib/firmware/l.bin", contents[at : at + 2 * MEBIBYTE]) for at in parts)
    assert read_file(stubs, "/lib/firmware/l.bin") == contents
    forget(stubs, "l.bin")


# ---- buffers


def test_buffers_are_counted(stubs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_BUFFERS", 3)
    buffers = [allocate(stubs, 4096) for _ in range(3)]
    with refused(EXHAUSTED, "LimitError: 3 buffers are allocated, and no more than that: free some"):
        allocate(stubs, 1)
    free(stubs, buffers[0])
    buffers[0] = allocate(stubs, 4096)
    free(stubs, *buffers)


def test_buffers_bytes_are_limited(stubs: Any) -> None:
    buffer = allocate(stubs, 200 * MEBIBYTE)
    with refused(EXHAUSTED, "DdrExhaustedError: no room for 104857600 bytes: 1 buffers hold 209715200 of 268435456"):
        allocate(stubs, 100 * MEBIBYTE)
    free(stubs, buffer)
    for size in (0, -1, -(1 << 31)):
        with refused(OUT_OF_RANGE, f"a buffer of {size} bytes"):
            allocate(stubs, size)


def test_places_outside_a_buffer(stubs: Any) -> None:
    """Negative ones, too, which Python counts from the end; nothing is changed."""
    buffer = allocate(stubs, 16)

    def write(*parts: tuple[int, int]) -> None:
        messages = [buffer_pb2.BufferWriteRequest(buffer_id=buffer, data=b"x" * size, start=at) for at, size in parts]
        stubs.buffer.write(iter(messages), timeout=AT_ONCE)

    def read(start: int = 0, end: int = 0) -> bytes:
        request = buffer_pb2.BufferReadRequest(buffer_id=buffer, start=start, end=end)
        return b"".join(each.data for each in stubs.buffer.read(request, timeout=AT_ONCE))

    for parts in ([(-8, 4)], [(-(1 << 31), 4)], [(14, 4)], [((1 << 31) - 1, 1)], [(0, 3_900_000)]):
        with refused(OUT_OF_RANGE, "of a buffer of 16"):
            write(*parts)
    for start, end in ((-4, 0), (0, 17), (8, 4), (20, 0), (0, -4)):
        with refused(OUT_OF_RANGE, "of a buffer of 16"):
            read(start, end)
    assert read() == bytes(16)
    with refused(OUT_OF_RANGE, "bytes 4 to 12, 24 sent, of a buffer of 16"):
        write((4, 8), (4, 8), (4, 8))
    write((0, 4), (8, 4))
    assert read(4) == b"x" * 8 + bytes(4) and read(6, 9) == b"xxx"
    free(stubs, buffer)
    with refused(grpc.StatusCode.NOT_FOUND, "UnknownIdError: no buffer 'bbb"):
        stubs.buffer.flush(buffer_pb2.FlushRequest(buffer_id="b" * 3_900_000))


# ---- firmware


def firmware(contents: bytes) -> bytes:
    """As pynq's bit2bin makes it of a .bit's data."""
    return np.frombuffer(contents + bytes(-len(contents) % 4), np.uint32).byteswap().tobytes()


def described(**changed: Any) -> bytes:
    contents = {"signature": SIGNATURE, "parameters": asdict(SocParameters()), "hwh_sha256": "0", **changed}
    return json.dumps(contents).encode()


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"[" * 400_000, "is no simulated bitstream"),
        (b'{"signature":' * 100_000, "is no simulated bitstream"),
        (b" " * (2 << 20), "is no simulated bitstream (2097152 bytes)"),
        (b"[]", "another signature"),
        (json.dumps({"signature": SIGNATURE}).encode(), "is no simulated bitstream"),
        (json.dumps({"signature": SIGNATURE, "parameters": asdict(SocParameters())}).encode(), "block design"),
        (described(parameters={"n": "8"}), "array size '8': an integer, no str"),
        (described(parameters={"act_depth": 1 << 40}), "act_depth 1099511627776: 2 to 1048576"),
        (described(parameters=["n"]), "is no simulated bitstream"),
        (described(third_party={"top": "x", "sources": {"files": ["/etc/passwd"]}}), "is no simulated bitstream"),
    ],
)
def test_firmware_that_is_none(stubs: Any, contents: bytes, message: str) -> None:
    write_file(stubs, "/lib/firmware/odd.bin", firmware(contents))
    with refused(grpc.StatusCode.FAILED_PRECONDITION, f"OverlayFileError: odd.bin.*{re.escape(message)}"):
        write_file(stubs, FIRMWARE_FILE, b"odd.bin")
    forget(stubs, "odd.bin")
