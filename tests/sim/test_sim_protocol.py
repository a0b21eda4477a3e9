"""The simulated board with monitors on all AXI ports: runs, errors and recoveries break no rule; a mistake is named."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from networks import small_network
from programs import small_layer

from tilewright.compiler.layer import compile_layer
from tilewright.driver import Driver
from tilewright.errors import DeviceError, ParameterError, SimulationError
from tilewright.hardware.program import Program
from tilewright.network.convolution import layer_outputs
from tilewright.network.inference import infer
from tilewright.runs.runner import NetworkRunner
from tilewright.sim import SocParameters, build, open_overlay

pytestmark = pytest.mark.simulation


def block(driver: Driver, program: Program) -> None:
    """Sends a program whose results nobody takes, until they wait."""
    send = driver.allocate(len(program.beats))
    send[:] = program.beats
    driver.channels.send(send, send.nbytes)
    while "output blocked" not in driver.accelerator.status().flags:
        pass


def test_networks_errors_and_recoveries_break_no_rule() -> None:
    """With stalls, through a DMA that has all its ports: scatter-gather mode."""
    parameters = SocParameters(n=8, scatter_gather=True, protocol=True)
    driver = Driver(open_overlay(parameters, stall_probability=0.3, seed=9))
    network, layer = small_network(), small_layer(1)
    pixels = np.random.default_rng(2).integers(0, 256, (1, *network.image)).astype(np.uint8)
    (result,) = NetworkRunner(driver, network).run(pixels)
    (*_, (_, expected)) = infer(network, pixels)
    np.testing.assert_array_equal(result.maps[network.layers[-1].name], expected)
    program = compile_layer(layer, driver.array)
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats + 4)
    for beat in (3, len(program.beats) // 2):
        send[:] = program.beats
        send[beat] ^= np.uint64(1 << 60)
        with pytest.raises(DeviceError):
            driver.run_in(program, send, receive)
        block(driver, program)
        driver.recover()
        np.testing.assert_array_equal(driver.run(program).outputs[0], layer_outputs(layer))


def test_a_mistake_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Port, rule and paragraph of a TVALID that a soft reset withdraws, as it once did."""
    cores = tmp_path / "cores"
    shutil.copytree(build.cores_folder(), cores)
    source = cores / "accelerator" / "rtl" / "result_stream.v"
    text = source.read_text()
    assert text.count(".rst(m_rst)") == 2
    source.write_text(text.replace(".rst(m_rst)", ".rst(m_rst || rst)"))
    monkeypatch.setattr(build, "cores_folder", lambda: cores)
    driver = Driver(open_overlay(SocParameters(n=8, protocol=True), seed=9))
    block(driver, compile_layer(small_layer(1), driver.array))
    finding = r"accelerator_0 to axi_dma_0: tvalid fell before tready \(2\.2\.1\)"
    with pytest.raises(SimulationError, match=rf"broke a rule: .*channel_monitor\.v:\d+: {finding}"):
        driver.accelerator.soft_reset()


def test_protocol_is_true_or_false() -> None:
    with pytest.raises(ParameterError, match="protocol 2: true or false"):
        SocParameters(protocol=2)  # type: ignore[arg-type]
