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
from tilewright.hardware.results import TRAILER_BEATS
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


def flushes(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of every flush from now on."""
    flushed: list[int] = []
    flush = driver.device.flush

    def counted(bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        flushed.append(nbytes)
        flush(bo, offset, virtual_address, nbytes)

    monkeypatch.setattr(driver.device, "flush", counted)
    return flushed


@pytest.mark.simulation
def test_images_alone_are_written_and_flushed(
    open_device: Callable[..., Any], example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once both places hold a program of the size; a batch of another size has the whole program written."""
    driver, case = Driver(open_device(array=8)), example("small")
    runner, pixels = NetworkRunner(driver, case.network, 2), case.images.pixels[[0, 1, 1, 0, 0, 1, 1, 1, 0]]
    flushed = flushes(driver, monkeypatch)
    last, starts = case.network.layers[-1].name, []
    start = driver.start

    def noted(*arguments: Any) -> Any:
        flight = start(*arguments)
        starts.append(flushed.copy())
        flushed.clear()
        return flight

    monkeypatch.setattr(driver, "start", noted)
    for result in runner.run(pixels):
        accumulators = list(infer(case.network, pixels[result.first : result.first + result.images]))[-1][1]
        np.testing.assert_array_equal(result.maps[last], accumulators)
    whole, rest = (8 * len(runner.compiled(images).frame.beats) for images in (2, 1))
    results = 8 * (runner.compiled(2).program(pixels[:2]).output_beats + TRAILER_BEATS)
    changing = [8 * (part.stop - part.start) for part in runner.compiled(2).frame.changing]
    trailer = 8 * TRAILER_BEATS
    # The rest goes to the place of batches 0 and 2, whose receive buffer nothing but the driver has written to
    assert starts == [[results, whole]] * 2 + [[trailer, *changing]] * 2 + [[trailer, rest]]


@pytest.mark.simulation
def test_after_a_failure_the_whole_program_is_written(
    open_device: Callable[..., Any], example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the place that failed; and both places are used again: no buffer is lost, none is allocated anew."""
    driver, case = Driver(open_device(array=8)), example("small")
    runner, pixels = NetworkRunner(driver, case.network), case.images.pixels[[0, 1, 0, 1]]
    list(runner.run(pixels))
    allocated, whole = len(driver.device.default_memory.history.live), 8 * len(runner.compiled(1).frame.beats)

    def planned(*arguments: Any) -> None:
        raise RuntimeError("planned")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError, match="planned"):
        broken.setattr(driver.channels, "send", planned)
        list(runner.run(pixels))
    flushed = flushes(driver, monkeypatch)
    for result, expected in zip(runner.run(pixels), [0, 1, 0, 1], strict=True):
        np.testing.assert_array_equal(result.scores[0], case.expected["scores"][expected])
    assert flushed.count(whole) == 1
    assert len(driver.device.default_memory.history.live) == allocated


@pytest.mark.simulation
def test_images_of_an_earlier_batch_are_named(open_device: Callable[..., Any], example: Example) -> None:
    """They have their own CRC-32, which is right; the accelerator says which it has read."""
    driver, case = Driver(open_device(array=8)), example("small")
    runner, pixels = NetworkRunner(driver, case.network), case.images.pixels
    list(runner.run(pixels[:2]))
    buffers = runner._places[1].buffers
    assert buffers is not None
    buffers.send.coherent = True  # so that nothing is flushed
    changed = pixels[[0, 0, 1]]
    with pytest.raises(
        ResultError, match=r"^images 1 to 1: the images that the accelerator read are not those of this batch"
    ):
        list(runner.run(changed))
    assert driver.last_attempt is not None and driver.last_attempt.program.beats.tolist() == (
        runner.compiled(1).program(changed[1:2]).beats.tolist()
    ), "the batch that failed is the one to repeat, though the next was on its way"
    buffers.send.coherent = False
    (first, second) = runner.run(pixels[:2])
    np.testing.assert_array_equal([first.scores[0], second.scores[0]], case.expected["scores"][:2])
