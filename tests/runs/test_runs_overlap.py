"""While one batch is computed the next is packed and the last one unpacked: on the simulated device's clock.

Nothing runs there between accesses to registers, so that host work takes no simulated time; here it is charged where a
test says so (docs/decisions/0035-the-host-beside-the-accelerator.md).
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import pytest

from tilewright.driver import Driver
from tilewright.driver.run_steps import RunStep
from tilewright.errors import DeviceBusyError, DeviceTimeoutError
from tilewright.runs.runner import NetworkRunner
from tilewright.sim.device import ACCESS_CYCLES

Example = Callable[[str], Any]
pytestmark = pytest.mark.simulation
# An access's own transaction and the cycles behind it
MOST_CYCLES_AN_ACCESS = ACCESS_CYCLES + 30
# Accesses from the poll that sees a program's end to the one that starts the next one's send: the counters, status,
# two transfers
MOST_ACCESSES = 32


def exact(runner: NetworkRunner, case: Any, images: list[int]) -> None:
    """Runs images and compares the scores with PyTorch's."""
    for result in runner.run(case.images.pixels[images]):
        part = images[result.first : result.first + result.images]
        np.testing.assert_array_equal(result.scores, case.expected["scores"][part])


@pytest.fixture
def case(example: Example) -> Any:
    return example("small")


@pytest.fixture
def driver(open_device: Callable[..., Any]) -> Driver:
    return Driver(open_device(array=8))


def test_between_two_programs_are_accesses_to_registers_only(
    driver: Driver, case: Any, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    device, events, accesses = driver.device, [], itertools.count()
    read, write, wait = device.read_word, device.write_word, driver._wait

    def counted_read(address: int) -> int:
        next(accesses)
        return read(address)

    def counted_write(address: int, value: int) -> None:
        next(accesses)
        write(address, value)

    def waited(flight: Any) -> int:
        received = wait(flight)
        events.append(("ended", device.cycles, next(accesses)))
        return received

    def sent(*arguments: Any) -> None:
        send(*arguments)
        events.append(("started", device.cycles, next(accesses)))

    @contextmanager
    def steps(step: RunStep) -> Iterator[None]:
        yield
        if step in (RunStep.PACK, RunStep.UNPACK):
            events.append((step.value, device.cycles, 0))

    send = driver.channels.send
    for owner, name, stand_in in (
        (device, "read_word", counted_read),
        (device, "write_word", counted_write),
        (driver, "_wait", waited),
        (driver.channels, "send", sent),
        (driver, "steps", steps),
    ):
        monkeypatch.setattr(owner, name, stand_in)
    exact(NetworkRunner(driver, case.network), case, [0, 1, 0, 1])
    # The driver's part of unpacking, and the runner's
    loop = ["pack", "ended", "started", "unpack", "unpack"]
    assert [name for name, *_ in events] == ["pack", "started", *3 * loop, "ended", "unpack", "unpack"]
    pairs = [(one, two) for one, two in itertools.pairwise(events) if (one[0], two[0]) == ("ended", "started")]
    gaps = [(two[1] - one[1], two[2] - one[2]) for one, two in pairs]
    record_property("gap in simulated cycles, and accesses in it", gaps)
    print("gap in simulated cycles, and accesses in it:", gaps)
    for cycles, count in gaps:
        assert 0 < count <= MOST_ACCESSES and cycles <= count * MOST_CYCLES_AN_ACCESS


@pytest.mark.parametrize("charged", [10_000, 40_000])
def test_a_run_takes_the_longer_of_host_and_accelerator(
    driver: Driver, case: Any, charged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packing and unpacking charged with simulated cycles each, together less and more than a program takes."""
    device, batches = driver.device, 6

    @contextmanager
    def steps(step: RunStep) -> Iterator[None]:
        yield
        if step in (RunStep.PACK, RunStep.COPY_BACK):
            device.run(charged)

    runner = NetworkRunner(driver, case.network)
    exact(runner, case, [0, 1])
    monkeypatch.setattr(driver, "steps", steps)
    taken: dict[str, float] = {}
    start = device.cycles
    results = list(runner.run(case.images.pixels[[0, 1] * (batches // 2)]))
    taken["two places"] = (device.cycles - start) / batches
    start = device.cycles
    for image in [0, 1] * (batches // 2):
        exact(runner, case, [image])
    taken["one after the other"] = (device.cycles - start) / batches
    program = max(result.counters.cycles for result in results)
    registers = MOST_ACCESSES * MOST_CYCLES_AN_ACCESS
    assert 2 * 10_000 < program < 2 * 40_000, "of the two charges one is less and one is more"
    assert taken["one after the other"] > program + 2 * charged
    # The first batch's packing and the last one's unpacking have nothing beside them
    ends = (program + 2 * charged) / batches
    print(f"charged {charged} twice, program {program}: cycles a batch", taken)
    assert taken["two places"] < max(program, 2 * charged) + ends + 2 * registers


def test_a_batch_that_does_not_end_is_named_and_the_one_to_repeat(
    driver: Driver, case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, send, sent = NetworkRunner(driver, case.network), driver.channels.send, itertools.count()

    def second_is_lost(buffer: Any, nbytes: int) -> None:
        if next(sent) != 1:
            send(buffer, nbytes)

    with (
        monkeypatch.context() as patch,
        pytest.raises(DeviceTimeoutError, match=r"^images 1 to 1: no result") as caught,
    ):
        patch.setattr(driver.channels, "send", second_is_lost)
        exact(runner, case, [0, 1, 0])
    assert caught.value.report is not None and "MM2S" in str(caught.value.report)
    lost = runner.compiled(1).program(case.images.pixels[1:2])
    assert driver.last_attempt is not None
    np.testing.assert_array_equal(driver.last_attempt.program.beats, lost.beats)
    exact(runner, case, [1, 0, 1])


def test_a_place_is_not_used_before_its_results_are_taken(driver: Driver, case: Any) -> None:
    """With one place the next batch would be received over the last one's results."""
    runner = NetworkRunner(driver, case.network)
    runner._places = runner._places[:1]  # type: ignore[assignment]
    with pytest.raises(DeviceBusyError, match="images 1 to 1: these buffers hold a program whose results were not"):
        exact(runner, case, [0, 1])
    exact(NetworkRunner(driver, case.network), case, [0, 1])


def test_who_has_enough_leaves_a_device_that_works(driver: Driver, case: Any) -> None:
    runner, memory = NetworkRunner(driver, case.network), driver.device.default_memory
    exact(runner, case, [0, 1])
    gc.collect()
    buffers = len(memory.history.live)
    with closing(runner.run(case.images.pixels[[0, 1, 0, 1]])) as results:
        next(results)
        assert "busy" in driver.accelerator.status().flags, "the next one is on its way"
        with pytest.raises(DeviceBusyError, match="another program runs on this driver"):
            driver.run(runner.compiled(1).program(case.images.pixels[:1]))
    assert "busy" not in driver.accelerator.status().flags
    exact(runner, case, [1, 0, 1])
    assert len(memory.history.live) == buffers


@pytest.mark.parametrize("step", [RunStep.PACK, RunStep.EXECUTE, RunStep.COPY_BACK, RunStep.UNPACK])
def test_ctrl_c_in_any_step_leaves_a_device_that_works(
    driver: Driver, case: Any, step: RunStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, memory = NetworkRunner(driver, case.network), driver.device.default_memory
    exact(runner, case, [0, 1])
    gc.collect()
    buffers, seen = len(memory.history.live), itertools.count()

    @contextmanager
    def interrupted(now: RunStep) -> Iterator[None]:
        if now is step and next(seen) == 2:
            raise KeyboardInterrupt
        yield

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(driver, "steps", interrupted)
        exact(runner, case, [0, 1, 0, 1, 0, 1])
    exact(runner, case, [1, 0, 1, 0])
    assert len(memory.history.live) == buffers
