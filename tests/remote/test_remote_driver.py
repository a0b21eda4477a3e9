"""This library over PYNQ.remote: exact layers, named failures, two clients, a server that goes and comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import grpc
import numpy as np
import pynq
import pytest
from documentation import run_snippet, snippet_of
from remote_server import Served

from tilewright.compiler.layer import compile_layer, compile_raw_and_relu
from tilewright.driver import Driver
from tilewright.errors import BufferNotAllocatedError, DeviceTimeoutError, RemoteError, TargetError
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.remote.errors import RemoteServerError
from tilewright.remote.server import RemoteServer
from tilewright.runs.compare_layer import compare
from tilewright.sim import SimDevice
from tilewright.target import open_overlay


@pytest.fixture
def driver(overlay: Any) -> Driver:
    pynq.Device.active_device = overlay.device
    return Driver(overlay)


def assert_exact(driver: Driver, layer: ConvLayer) -> None:
    raw, relu = driver.run(compile_raw_and_relu(layer, driver.array)).outputs
    for got, expected in ((raw, layer_outputs(layer)), (relu, layer_outputs(layer, True))):
        report = compare(expected, got, layer, driver.array)
        assert report.equal and report.compared == 2 * 16 * 6 * 5 and report.nonzero > 300


def test_layer_is_exact(driver: Driver, layer: ConvLayer) -> None:
    for _ in range(2):
        assert_exact(driver, layer)
    result = driver.run(compile_layer(layer, driver.array))
    assert result.counters.cycles / 100e6 < result.seconds < 1e-3, "simulated seconds"


def test_snippet_of_the_page(served: Served, layer: ConvLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(served.bitstream.parent)
    names = run_snippet(snippet_of("docs/remote.md").replace("127.0.0.1:7967", served.host))
    assert_exact(names["driver"], layer)


def test_buffers_are_kept_from_run_to_run(driver: Driver, layer: ConvLayer) -> None:
    program = compile_layer(layer, driver.array)
    send, receive = driver.allocate(len(program.beats) + 9), driver.allocate(program.output_beats + 12)
    send[: len(program.beats)] = program.beats
    for _ in range(2):
        (raw,) = driver.run_in(program, send, receive, send_bytes=program.nbytes).outputs
        np.testing.assert_array_equal(raw, layer_outputs(layer))


@pytest.mark.parametrize(
    ("derived", "message"),
    [
        (lambda b: b[2:], "a view of .* PYNQ.remote knows whole buffers only"),
        (lambda b: b * 1, r"not made by pynq\.allocate"),
        (lambda b: b.copy(), r"not made by pynq\.allocate"),
        (np.array, r"not made by pynq\.allocate"),
    ],
)
def test_derived_arrays_are_refused(
    driver: Driver, layer: ConvLayer, derived: Callable[[Any], Any], message: str
) -> None:
    program = compile_layer(layer, driver.array)
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats + 4)
    send[:] = program.beats
    with pytest.raises(BufferNotAllocatedError, match=message):
        driver.run_in(program, derived(send), receive)
    send.freebuffer()
    with pytest.raises(BufferNotAllocatedError, match="was freed"):
        driver.run_in(program, send, receive)


def test_hang_is_reported(driver: Driver, layer: ConvLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.recover()
    monkeypatch.setattr(driver.channels, "receive", lambda buffer, nbytes: None)
    with pytest.raises(DeviceTimeoutError, match=r"no result within 5\.0 s") as caught:
        driver.run(compile_layer(layer, driver.array))
    assert caught.value.report is not None
    assert caught.value.report.cause.what == "no receive was started: the results have nowhere to go"
    monkeypatch.undo()
    assert_exact(driver, layer)


def test_failures_have_this_packages_classes(driver: Driver, served: Any) -> None:
    with pytest.raises(
        RemoteError, match=rf"remote device 127\.0\.0\.1:{served.port}, call read: BusError: no register"
    ):
        pynq.MMIO(0xB000_0000, 4, device=driver.device).read(0)
    with pytest.raises(RemoteError, match="call readfile: FileAccessError"):
        driver.device.read_file("/etc/passwd")


def test_two_clients(served: Any, driver: Driver, layer: ConvLayer) -> None:
    """One runs layers while another reads registers and moves memory; then they take turns."""
    other = served.connect()
    stop, done, wrong = threading.Event(), [], []

    def use() -> None:
        mmio = pynq.MMIO(driver.accelerator.mmio.base_addr, 0x1000, device=other)
        while not stop.is_set():
            buffer = pynq.allocate((512,), np.uint64, target=other)
            buffer[:] = len(done)
            buffer.flush()
            buffer.invalidate()
            done.append(mmio.read(0))
            if not (np.array(buffer, subok=False) == len(done) - 1).all():
                wrong.append(len(done))

    thread = threading.Thread(target=use)
    thread.start()
    try:
        for _ in range(10):
            assert_exact(driver, layer)
    finally:
        stop.set()
        thread.join(20)
    assert len(done) > 10 and set(done) == {driver.accelerator.read(0)} and not wrong
    # The bitstream that it loads resets the device under the first client, who starts anew.
    assert_exact(Driver(pynq.Overlay(str(served.bitstream), device=other)), layer)
    driver.recover()
    assert_exact(driver, layer)


def test_server_that_goes_and_comes_back(served: Any, layer: ConvLayer) -> None:
    with RemoteServer(SimDevice(seed=6)) as server:
        driver = Driver(open_overlay("remote", host=f"127.0.0.1:{server.port}", bitstream=served.bitstream))
        buffer = driver.allocate(4)
        assert_exact(driver, layer)
    with pytest.raises(RemoteError, match="the server is not there any more"):
        driver.run(compile_layer(layer, driver.array))
    with RemoteServer(SimDevice(seed=7), server.port) as server:
        overlay = open_overlay("remote", host=f"127.0.0.1:{server.port}", bitstream=served.bitstream)
        assert_exact(Driver(overlay), layer)
        buffer.stub = overlay.device._stub["buffer"]
        with pytest.raises(RemoteError, match="the server was started again since it was allocated"):
            buffer.flush()


def test_port_in_use(served: Any) -> None:
    with pytest.raises(RemoteServerError, match=rf"cannot listen on port {served.port} of 127\.0\.0\.1.*--port"):
        RemoteServer(SimDevice(seed=6), served.port)


@pytest.mark.parametrize("host", [":7967", "board:no"])
def test_address_that_is_none(served: Any, host: str) -> None:
    with pytest.raises(TargetError, match="is no address of a remote device"):
        open_overlay("remote", host=host, bitstream=served.bitstream)


def test_nobody_answers(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = grpc.channel_ready_future
    monkeypatch.setattr(
        grpc,
        "channel_ready_future",
        lambda channel: SimpleNamespace(result=lambda timeout: ready(channel).result(timeout / 20)),
    )
    with pytest.raises(TargetError, match=r"no PYNQ\.remote server answers at 127\.0\.0\.1:9 "):
        open_overlay("remote", host="127.0.0.1:9", bitstream=served.bitstream)
