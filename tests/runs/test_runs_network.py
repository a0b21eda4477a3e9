"""Whole networks through pynq, DMA and RTL: every code and accumulator equal to PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tilewright.compiler.network import compile_network
from tilewright.driver import Driver
from tilewright.errors import DeviceTimeoutError, ResultError
from tilewright.hardware.parameters import ARRAY_SIZES
from tilewright.network import infer, scores_of
from tilewright.runs.compare_network import NetworkComparison
from tilewright.runs.runner import NetworkRunner
from tilewright.sim import SocParameters

Example = Callable[[str], Any]


def run(driver: Driver, case: Any, batch: int, images: int, read_back: bool = True) -> NetworkComparison:
    """Runs a case's first images and compares everything that comes back, scores to the last bit."""
    names = [layer.name for layer in case.network.layers] if read_back else []
    runner, comparison = NetworkRunner(driver, case.network, batch, names), NetworkComparison()
    for result in runner.run(case.images.pixels[:images]):
        part = slice(result.first, result.first + result.images)
        expected = {key: values[part] for key, values in case.expected.items()}
        comparison.add(result.compiled, result.first, expected, result.maps, result.predictions)
        np.testing.assert_array_equal(result.scores, expected["scores"])
    return comparison


@pytest.mark.parametrize(
    ("name", "n", "batch", "images"),
    [
        ("small", 8, 1, 2),
        ("small", 8, 3, 4),
        ("small", 16, 2, 4),
        ("small", 32, 4, 4),
        ("small", 64, 3, 4),
        ("tall", 8, 1, 1),
        ("tall", 16, 1, 1),
        ("tall", 32, 1, 1),
        ("broad", 8, 2, 2),
        ("mixed", 8, 2, 3),
    ],
)
def test_examples_are_exact(
    open_device: Callable[..., Any], example: Example, name: str, n: int, batch: int, images: int
) -> None:
    case = example(name)
    # The largest array with the stream that it is meant for
    array = SocParameters(n=n, stream_w=128) if n > 32 else n
    comparison = run(Driver(open_device(array=array)), case, batch, images)
    assert comparison.equal, str(comparison)
    assert len(comparison.layers) == len(case.network.layers)
    integers = [values[:images].size for key, values in case.expected.items() if key not in ("scores", "predictions")]
    assert comparison.compared == sum(integers)
    assert comparison.nonzero > comparison.compared // 4


@pytest.mark.simulation
@pytest.mark.parametrize("dsp_columns", [8])
@pytest.mark.parametrize("name", ["small", "mixed"])
def test_dsp_columns_are_exact(open_device: Callable[..., Any], example: Example, name: str, dsp_columns: int) -> None:
    """The same programs on an array of both kinds of processing elements, and of DSPs alone."""
    case, driver = example(name), Driver(open_device(array=SocParameters(n=8, dsp_columns=dsp_columns)))
    assert driver.accelerator.info().dsp_columns == dsp_columns
    comparison = run(driver, case, 2, 3)
    assert comparison.equal, str(comparison)
    assert comparison.nonzero > comparison.compared // 4


@pytest.mark.simulation
@pytest.mark.parametrize("style", ["LUTs", "both", "DSPs"])
@pytest.mark.parametrize("n", ARRAY_SIZES)
def test_each_style_is_exact(
    open_device: Callable[..., Any], example: Example, request: pytest.FixtureRequest, n: int, style: str
) -> None:
    if not request.config.getoption("styles"):
        pytest.skip("builds simulators for minutes: --styles")
    columns = {"LUTs": 0, "both": 2, "DSPs": n}[style]
    driver = Driver(open_device(array=SocParameters(n=n, dsp_columns=columns)))
    comparison = run(driver, example("small"), 2, 3)
    assert comparison.equal, str(comparison)
    assert comparison.nonzero > comparison.compared // 4


def test_vgg16_is_exact(open_device: Callable[..., Any], vgg16: Any) -> None:
    """All layers of the trained network."""
    comparison = run(Driver(open_device(array=8)), vgg16, 1, 1)
    assert comparison.equal, str(comparison)
    assert comparison.compared == 168_448


def test_time_limit_of_the_caller_stays(open_device: Callable[..., Any], example: Example) -> None:
    """A network may take the time of its passes; what the caller runs beside it may not."""
    case, driver = example("small"), Driver(open_device(array=8), timeout=1e-6)
    (result,) = NetworkRunner(driver, case.network).run(case.images.pixels[:1])
    assert result.ran.attempt.timeout > 1e-6 == driver.timeout
    with pytest.raises(DeviceTimeoutError, match="no result within 1e-06 s"):
        driver.run(result.ran.attempt.program)


def test_utilisation_of_vgg16(open_device: Callable[..., Any], vgg16: Any) -> None:
    """At least 97 % on 8x8, batch 1, with the stalls of the xc7z020's port."""
    driver = Driver(open_device(array=8))
    (result,) = NetworkRunner(driver, vgg16.network, 1).run(vgg16.images.pixels[:1])
    assert vgg16.network.macs == 220_631_040
    assert vgg16.network.macs / (64 * result.counters.cycles) >= 0.97


def test_integer_network_in_numpy_is_pytorchs(example: Example, vgg16: Any) -> None:
    for case in (example("small"), example("tall"), vgg16):
        for layer, values in infer(case.network, case.images.pixels):
            kind = "accumulators" if layer.is_last else "codes"
            np.testing.assert_array_equal(values, case.expected[f"{layer.name}.{kind}"], layer.name)
        np.testing.assert_array_equal(scores_of(case.network, values), case.expected["scores"])


def test_batches_of_any_size_give_the_same(open_device: Callable[..., Any], example: Example) -> None:
    """A batch larger than the images, and one that leaves a rest."""
    case, driver = example("small"), Driver(open_device(array=8))
    for batch in (3, 4):
        comparison = run(driver, case, batch, 4, read_back=False)
        assert comparison.equal, str(comparison)
        assert comparison.predictions_compared == 4


@pytest.mark.simulation
def test_results_of_another_network_are_refused(open_device: Callable[..., Any], example: Example) -> None:
    """Of one shape, on one image, its program still in memory because the new one was not flushed."""
    driver, case = Driver(open_device(array=8)), example("small")
    first_layer, *others = case.network.layers
    changed = replace(case.network, layers=(replace(first_layer, weights=first_layer.weights[::-1].copy()), *others))
    pixels = case.images.pixels[:1]
    first, second = (compile_network(each, driver.array).program(pixels) for each in (case.network, changed))
    send, receive = driver.allocate(len(first.beats)), driver.allocate(first.output_beats + 4)
    send[:] = first.beats
    driver.run_in(first, send, receive)
    send[:] = second.beats
    send.coherent = True
    with pytest.raises(ResultError, match="results belong to another program"):
        driver.run_in(second, send, receive)


@pytest.mark.simulation
def test_images_alone_are_written_and_flushed(
    open_device: Callable[..., Any], example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the second batch of a size on; a batch of another size, or a failed one, has the whole program written."""
    driver, case = Driver(open_device(array=8)), example("small")
    runner, pixels = NetworkRunner(driver, case.network, 2), case.images.pixels[[0, 1, 1, 0, 0]]
    flushed: list[int] = []
    flush = driver.device.flush

    def counted(bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        flushed.append(nbytes)
        flush(bo, offset, virtual_address, nbytes)

    def planned(*arguments: Any) -> None:
        raise RuntimeError("planned")

    monkeypatch.setattr(driver.device, "flush", counted)
    frame = runner.compiled(2).frame
    changing = [8 * (part.stop - part.start) for part in frame.changing]
    for result in runner.run(pixels):
        _, *parts = flushed  # the receive buffer, whole
        assert parts == (changing if result.first == 2 else [len(frame.beats) * 8])
        accumulators = list(infer(case.network, pixels[result.first : result.first + result.images]))[-1][1]
        np.testing.assert_array_equal(result.maps[case.network.layers[-1].name], accumulators)
        flushed.clear()
    list(runner.run(pixels[:2]))
    with monkeypatch.context() as broken, pytest.raises(RuntimeError, match="planned"):
        broken.setattr(driver.channels, "send", planned)
        list(runner.run(pixels[:2]))
    flushed.clear()
    list(runner.run(pixels[:2]))
    assert flushed[1:] == [len(frame.beats) * 8]


@pytest.mark.simulation
def test_images_of_an_earlier_batch_are_named(open_device: Callable[..., Any], example: Example) -> None:
    """They have their own CRC-32, which is right; the accelerator says which it has read."""
    driver, case = Driver(open_device(array=8)), example("small")
    runner = NetworkRunner(driver, case.network)
    list(runner.run(case.images.pixels[:1]))
    assert runner._buffers is not None
    runner._buffers[0].coherent = True  # so that nothing is flushed
    with pytest.raises(ResultError, match="the images that the accelerator read are not those of this batch"):
        list(runner.run(case.images.pixels[1:2]))
