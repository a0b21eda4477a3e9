"""Every combination and what comes of it, against the models that it is made of; the best, and the one for a rate."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import networks
import pytest

from tilewright.errors import ParameterError
from tilewright.estimate.estimate import estimate_network
from tilewright.explore import cycles
from tilewright.explore.exploration import Exploration, Models, estimates, explore
from tilewright.explore.pareto import WORTH, front, smallest_for
from tilewright.explore.point import Outcome, Point
from tilewright.explore.space import Space, places
from tilewright.hardware.parameters import HardwareParameters
from tilewright.silicon.budget import design
from tilewright.silicon.configuration import Configuration
from tilewright.silicon.kinds import Kind
from tilewright.silicon.parts import part_of


def test_every_combination_is_there(explored: Exploration) -> None:
    space = Space(places(("pynq_z2", "zcu104")), batches=(1, 2))
    made = [(point.place.name, point.build, point.batch) for point in explored.points]
    assert len(made) == len(set(made)) == len(space)
    # None, half, what an xc7z020 has room for, all; two streams, two batches
    ours = [point.build for point in explored.points if point.place.name == "pynq_z2" and point.build.n == 32]
    assert sorted({build.dsp_columns for build in ours}) == [0, 12, 16, 32] and len(ours) == 16
    assert sum(explored.outcomes().values()) == len(made)
    failed = len(made) - explored.outcomes()[Outcome.FITS]
    assert sum(explored.reasons().values()) == failed > 0


def test_figures_are_those_of_the_models(explored: Exploration, models: Models) -> None:
    network, seen = networks.small_network(0), set()
    for point in explored.points:
        seen.add(point.outcome)
        if point.outcome is Outcome.REFUSED:
            assert point.build.n == 8 and "stream_w 128" in point.why and "program_cycles" not in point.as_dict()
            continue
        assert point.work and point.design and point.static_clock
        assert point.design == design(models.area, point.place.part, point.build)
        assert point.static_clock == models.clocks.mhz(point.build, point.place.part)
        assert (point.outcome is Outcome.FITS) == point.design.fits == (point.fullness <= 1 + 1e-9)
        assert bool(point.why) == (not point.design.fits)
        if point.build.n == 16:
            hardware = HardwareParameters(n=16, dsp_columns=point.build.dsp_columns, stream_w=point.build.stream_w)
            estimate = estimate_network(network, hardware, point.batch)
            assert point.work.speed.program_cycles == estimate.program_cycles
            assert point.work.memory_words == estimate.peak_words
    assert seen == set(Outcome)


def test_json_speaks_of_both_clocks(explored: Exploration) -> None:
    facts = explored.as_dict()
    whole = [point for point in facts["points"] if "program_cycles" in point]
    for point in whole:
        clock, macs = point["static_clock_mhz"]["value"], point["macs"] / point["batch"]
        for which, mhz in (("assumed", 100.0), ("static", clock)):
            rate = point[f"images_per_s_at_{which}_clock"]["value"]
            assert rate == pytest.approx(point["batch"] * mhz * 1e6 / point["program_cycles"])
            assert point[f"gops_at_{which}_clock"]["value"] == pytest.approx(2 * macs * rate / 1e9)
            assert point[f"program_ms_at_{which}_clock"]["value"] == pytest.approx(1e3 * point["batch"] / rate)
        assert point["activation_words_used"]["value"] <= point["activation_words"]
    assert {point["images_per_s_at_static_clock"]["kind"] for point in whole} == {"estimated", "extrapolated"}
    lut = {(point["part"], point["resources"]["lut"]["taken"]["kind"]) for point in whole}
    assert lut >= {("xc7z020", "measured"), ("xczu7ev", "extrapolated")}
    assert ("xczu7ev", "measured") not in lut
    assert facts["area_fit"]["worst_error"] and facts["static_report"]["error"] == 0.25
    assert sum(point["best"] for point in whole) == sum(len(explored.best(place)) for place in explored.places)


def test_boards_share_estimates_and_streams_programs(monkeypatch: pytest.MonkeyPatch, models: Models) -> None:
    compiled: list[tuple[int, int]] = []
    whole = cycles.compile_network

    def counted(network: object, array: object, batch: int) -> object:
        compiled.append((array.n, batch))  # type: ignore[attr-defined]
        return whole(network, array, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(cycles, "compile_network", counted)
    space = Space(places(), arrays=(8, 16), dsp_columns=(0, 8), batches=(1, 2))
    done: list[int] = []
    explore(networks.small_network(0), space, done=done.append, known=models)
    assert sorted(compiled) == [(8, 1), (8, 2), (16, 1), (16, 2)]
    # 8x8 has one stream
    assert estimates(space) == 2 * 2 + 2 * 2 * 2 == len(done) == done[-1]
    assert len(space) == 6 * 2 * 2 * 2 * 2


def test_a_network_that_does_not_compile_is_counted(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    network, tried = networks.small_network(0), []
    whole = cycles.compile_network
    monkeypatch.setattr(cycles, "compile_network", lambda *args: (tried.append(args[1:]), whole(*args))[1])
    wide = replace(network, layers=(replace(network.layers[0], weight_levels=127), *network.layers[1:]))
    found = explore(wide, Space(places(("pynq_z2",)), arrays=(8, 16), batches=(1, 4)), known=models)
    # Larger batches than one that does not fit are not tried
    assert [(array.n, batch) for array, batch in tried] == [(8, 1), (16, 1)]
    assert found.outcomes() == {Outcome.REFUSED: len(found.points)} and found.best(found.places[0]) == []
    assert any("too wide for the hardware" in reason for reason in found.reasons())
    assert not smallest_for(found.points, 1).reached and smallest_for(found.points, 1).point is None


def test_an_unknown_board_is_named() -> None:
    with pytest.raises(ParameterError, match="no board 'x'; there are aup_zu3"):
        places(("x",))


@pytest.mark.parametrize("board", ["pynq_z2", "zcu104"])
def test_none_betters_the_best(explored: Exploration, board: str) -> None:
    (place,) = (place for place in explored.places if place.name == board)
    best, points = explored.best(place), explored.of(place)
    assert best and all(point.outcome is Outcome.FITS for point in best)
    for before, after in pairwise(best):
        assert before.size[:2] < after.size[:2] and rate(after) >= rate(before) * (1 + WORTH)
    for point in points:
        if point.outcome is Outcome.FITS:
            smaller = [each for each in best if each.size[:2] <= point.size[:2]]
            assert smaller and max(map(rate, smaller)) * (1 + WORTH) >= rate(point)


@pytest.mark.parametrize(("n", "batch"), [(8, 1), (32, 4)])
def test_a_larger_batch_must_be_worth_it(models: Models, n: int, batch: int) -> None:
    """On 8x8 the VGG16's batches are as fast as each other, on 32x32 they are not."""
    space = Space(places(("kv260",)), arrays=(n,), dsp_columns=(n,), streams=(64,), batches=(1, 4))
    found = explore(networks.vgg_network(0), space, known=models)
    assert [point.batch for point in found.best(found.places[0])] == [batch]


def rate(point: Point) -> float:
    return point.images_per_second().value


def test_the_smallest_for_a_rate(explored: Exploration) -> None:
    (place,) = (place for place in explored.places if place.name == "pynq_z2")
    points = explored.of(place)
    fitting = [point for point in points if point.outcome is Outcome.FITS]
    for wanted in sorted({rate(point) for point in fitting}):
        answer = smallest_for(points, wanted)
        assert answer.reached and answer.point and rate(answer.point) >= wanted
        assert not [point for point in fitting if rate(point) >= wanted and point.size < answer.point.size]
    beyond = smallest_for(points, max(map(rate, fitting)) * 1.01)
    assert not beyond.reached and beyond.point and rate(beyond.point) == max(map(rate, fitting))
    # Faster ones that do not fit are no answer
    assert max(map(rate, points)) > max(map(rate, fitting))


def test_an_assumed_clock_is_that_of_all(models: Models) -> None:
    space = Space(places(("pynq_z2",)), arrays=(16,), dsp_columns=(8,), streams=(64,), batches=(1,))
    (point,) = explore(networks.small_network(0), space, 50.0, known=models).points
    assert point.work and rate(point) == pytest.approx(50e6 / point.work.speed.program_cycles)
    assert point.images_per_second().kind is Kind.ESTIMATED
    assert point.as_dict()["images_per_s_at_assumed_clock"]["value"] == rate(point)
    assert point.build == Configuration(16, 8, 64) and point.place.part == part_of("xc7z020")


def test_front_of_nothing() -> None:
    assert front([]) == []
