"""Who is believed."""

import numpy as np
import pytest

from tilewright.farm.integers import Integers, integers_of
from tilewright.farm.shards import divided
from tilewright.farm.verdict import Given, Verdict, judged


def integers(last: int = 0) -> Integers:
    maps = {"one": np.zeros((3, 2, 2, 2), np.uint8), "two": np.zeros((3, 1, 2, 2), np.int32)}
    maps["two"][2, 0, 1, 1] = last
    return integers_of(maps, [1, 0, 2])


RIGHT, WRONG, OTHER = integers(), integers(1), integers(-1)


def test_what_equals_the_reference_is_taken() -> None:
    assert judged(RIGHT, [Given("a", RIGHT)], others=True) == Verdict(0)


def test_a_lie_is_told_by_a_second_worker() -> None:
    assert judged(RIGHT, [Given("a", WRONG)], others=True) == Verdict()
    found = judged(RIGHT, [Given("a", WRONG), Given("b", RIGHT)], others=False)
    assert (found.taken, found.differs, list(found.liars)) == (1, False, ["a"])
    assert "two of the shard's image 2" in found.liars["a"]


def test_two_devices_that_agree_are_the_hardware() -> None:
    assert judged(RIGHT, [Given("a", WRONG), Given("b", WRONG)], others=True) == Verdict(1, True)


def test_of_two_liars_a_third_decides() -> None:
    given = [Given("a", WRONG), Given("b", OTHER)]
    assert judged(RIGHT, given, others=True) == Verdict()
    assert list(judged(RIGHT, given, others=False).liars) == ["a", "b"]
    found = judged(RIGHT, [*given, Given("c", OTHER)], others=True)
    assert (found.taken, found.differs, list(found.liars)) == (2, True, ["a"])


def test_one_device_alone_is_asked_twice() -> None:
    assert judged(RIGHT, [Given("a", WRONG)], others=False) == Verdict()
    assert judged(RIGHT, [Given("a", WRONG), Given("a", WRONG)], others=False) == Verdict(1, True)
    assert list(judged(RIGHT, [Given("a", WRONG), Given("a", OTHER)], others=False).liars) == ["a"]
    unsteady = judged(RIGHT, [Given("a", WRONG), Given("a", RIGHT)], others=False)
    assert (unsteady.taken, unsteady.differs, list(unsteady.liars)) == (1, False, ["a"])


def test_one_device_that_repeats_itself_proves_nothing_where_there_are_others() -> None:
    assert judged(RIGHT, [Given("a", WRONG), Given("a", WRONG)], others=True) == Verdict()


def test_a_class_alone_can_differ() -> None:
    other = Integers(RIGHT.layers, RIGHT.digests, (1, 0, 3))
    assert RIGHT.first_difference(other) == (2, "prediction")
    assert RIGHT.differing_images(other) == [2]


@pytest.mark.parametrize("change", ["shape", "place", "sign"])
def test_digests_tell(change: str) -> None:
    values = np.arange(8, dtype=np.int32).reshape(1, 2, 2, 2)
    before = integers_of({"one": values}, [0])
    changed = {"shape": values.reshape(1, 1, 2, 4), "place": values[:, ::-1], "sign": -values}[change]
    assert integers_of({"one": changed}, [0]) != before
    assert integers_of({"one": values.astype(np.uint8)}, [0]) == before


def test_shards_are_all_images_once() -> None:
    shards = divided(22, 4)
    assert [image for shard in shards for image in range(22)[shard.span]] == list(range(22))
    assert [shard.index for shard in shards] == list(range(6))
