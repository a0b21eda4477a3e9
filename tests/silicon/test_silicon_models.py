"""Parts, areas, clock and choice of a configuration: the models, without synthesis."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import networks
import pytest

from tilewright.errors import CompileError, ParameterError
from tilewright.estimate.estimate import Estimate, estimate_network
from tilewright.hardware.block_ram import block_rams, ultra_rams
from tilewright.hardware.parameters import ARRAY_SIZES, HardwareParameters
from tilewright.network.network import Network
from tilewright.silicon.area import FITTED, AreaModel
from tilewright.silicon.budget import LIMITS, OTHER_LUTS, design, largest, most_dsp_columns
from tilewright.silicon.clock import FASTER, ClockModel
from tilewright.silicon.configuration import Configuration, configurations
from tilewright.silicon.kinds import Kind, weakest
from tilewright.silicon.parts import Part, all_parts, part_of
from tilewright.silicon.points import AreaPoint, TimingPoint, committed
from tilewright.silicon.speed import Speed, best_of, slowed, speeds

ZYNQ, LARGE = part_of("xc7z020"), part_of("xczu7ev")
RTL = "a" * 64


def made(n: int, dsp_columns: int, rtl: str = RTL) -> AreaPoint:
    """A point of a law without an error."""
    lut_pes, dsp_pes = n * (n - dsp_columns), n * dsp_columns
    lut, ff = 3000 + 400 * n + 35 * lut_pes + 3 * dsp_pes, 5000 + 500 * n + 27 * lut_pes + 10 * dsp_pes
    return AreaPoint(Configuration(n, dsp_columns), rtl, lut, ff, dsp_pes // 2, 50.0)


LAW = [made(8, 0), made(8, 8), made(16, 8), made(32, 0)]


@pytest.fixture
def area() -> AreaModel:
    return AreaModel(LAW, RTL)


def entry(**changes: Any) -> dict[str, Any]:
    """The first part of the file, changed."""
    parts = json.loads(files("tilewright.silicon").joinpath("parts.json").read_text(encoding="utf-8"))["parts"]
    return {**parts[0], **changes}


def test_parts_of_the_boards() -> None:
    sizes = {name: (part.lut, part.dsp, part.block_ram, part.ultra_ram) for name, part in all_parts().items()}
    assert sizes == {
        "xc7z020": (53_200, 220, 140, 0),
        "xczu3eg": (70_560, 360, 216, 0),
        "xczu5ev": (117_120, 1_248, 144, 64),
        "xczu7ev": (230_400, 1_728, 312, 96),
    }
    for part in all_parts().values():
        # A LUT of these families has two flip-flops beside it
        assert part.ff == 2 * part.lut and part.boards and part.source.startswith("AMD DS")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lut": -1}, "lut -1"),
        ({"dsp": 1.5}, "dsp 1.5"),
        ({"ff": True}, "ff True"),
        ({"family": "Versal"}, "family 'Versal'"),
        ({"boards": "PYNQ-Z2"}, "boards 'PYNQ-Z2'"),
        ({"boards": [""]}, "boards"),
        ({"source": ""}, "source ''"),
        ({"luts": 1}, "luts missing or unknown"),
    ],
    ids=str,
)
def test_a_wrong_part_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=f"parts.json, xc7z020: .*{said}"):
        Part.from_dict(entry(**changes))


def test_a_part_without_a_number_is_refused() -> None:
    short = entry()
    del short["dsp"]
    with pytest.raises(ParameterError, match="dsp missing or unknown"):
        Part.from_dict(short)


def test_an_unknown_part_names_those_that_there_are() -> None:
    with pytest.raises(ParameterError, match=r"xc7z010.*xc7z020.*xczu7ev"):
        part_of("xc7z010")


def test_configurations() -> None:
    every = list(configurations())
    assert len(set(every)) == len(every) and {build.n for build in every} == set(ARRAY_SIZES)
    assert all(build.hardware().dsp_columns == build.dsp_columns for build in every)
    assert {build.dsp_columns for build in configurations((0, 32))} == {0, 32}
    assert Configuration(16, 8).dsps == 64
    assert all(build.n >= 16 for build in every if build.stream_w == 128)


def test_a_law_without_an_error_is_found(area: AreaModel) -> None:
    assert area.coefficients["lut"] == pytest.approx([3000, 400, 35, 3, 0], abs=1e-6)
    assert area.worst_error == pytest.approx({"lut": 0, "ff": 0}, abs=1e-9)
    far = made(64, 12)
    assert area.fitted(far.configuration, "ff") == pytest.approx(far.ff)


def test_errors_are_of_the_worst_point() -> None:
    wrong = replace(LAW[0], lut=LAW[0].lut + 500)
    model = AreaModel([wrong, *LAW[1:], made(16, 16)], RTL)
    errors = [abs(model.fitted(p.configuration, "lut") / p.lut - 1) for p in model.points]
    assert model.worst_error["lut"] == max(errors) > 0.005 and model.worst_error["ff"] < 1e-9


def test_squares_of_relative_errors_are_least() -> None:
    """Not of LUTs: a large array would decide alone."""
    model = AreaModel([replace(LAW[0], lut=LAW[0].lut + 500), *LAW[1:], made(16, 16)], RTL)

    def squares() -> float:
        return sum((model.fitted(p.configuration, "lut") / p.lut - 1) ** 2 for p in model.points)

    least = squares()
    for index in range(4):
        for factor in (0.999, 1.001):
            model.coefficients["lut"][index] *= factor
            assert squares() > least
            model.coefficients["lut"][index] /= factor


def test_errors_of_points_that_the_fit_has_not_seen() -> None:
    more = [*LAW, made(16, 0), made(64, 12)]
    for errors in AreaModel(more).errors_left_out().values():
        assert len(errors) == len(more) and errors == pytest.approx([0] * len(more), abs=1e-9)
    # A tenth less than the law
    tenth = AreaModel([*more[:-1], replace(more[-1], lut=round(more[-1].lut / 1.1))]).errors_left_out()
    assert tenth["lut"][-1] == pytest.approx(0.1, abs=1e-3) and max(tenth["ff"]) < 1e-9
    # Each of four is needed for four terms
    assert AreaModel(LAW).errors_left_out() == {"lut": [], "ff": []}


@pytest.mark.parametrize("points", [[], LAW[:3], [LAW[0]] * 6])
def test_too_few_areas_are_refused(points: list[AreaPoint]) -> None:
    with pytest.raises(ParameterError, match="areas do not determine"):
        AreaModel(points)


def test_committed_areas_are_reproduced() -> None:
    model = AreaModel(committed().areas)
    for name in FITTED:
        assert model.worst_error[name] < 0.05
        for point in committed().areas:
            error = abs(model.fitted(point.configuration, name) / getattr(point, name) - 1)
            assert error <= model.worst_error[name]


@pytest.mark.parametrize("point", committed().areas, ids=lambda point: str(point.configuration))
def test_committed_dsps_and_memories_are_counted(point: AreaPoint) -> None:
    build = point.configuration
    memories = block_rams(build.hardware())
    assert build.dsps == point.dsp
    # The netlist is of the accelerator without its DMA
    assert sum(memories.values()) - memories["DMA"] == point.block_ram


def test_kinds_of_areas(area: AreaModel) -> None:
    def kind(build: Configuration, part: Part = ZYNQ, model: AreaModel = area) -> Kind:
        return model.area(build, part).lut.kind

    known, between = Configuration(8, 0), Configuration(32, 12)
    assert kind(known) == Kind.MEASURED and area.area(known, ZYNQ).lut.value == LAW[0].lut
    assert kind(between) == Kind.ESTIMATED
    assert kind(known, LARGE) == kind(between, LARGE) == Kind.EXTRAPOLATED
    assert kind(between, model=AreaModel([*LAW[:3], made(16, 0), made(12, 0)], RTL)) == Kind.EXTRAPOLATED
    # No point says what the wide stream takes
    assert area._kind(Configuration(16, 0, 128), ZYNQ) == Kind.EXTRAPOLATED
    assert kind(known, model=AreaModel(LAW, "b" * 64)) == Kind.ESTIMATED
    assert kind(known, model=AreaModel(LAW)) == Kind.MEASURED


def test_the_weakest_kind_wins() -> None:
    assert weakest(Kind.MEASURED, Kind.ESTIMATED) == Kind.ESTIMATED
    assert weakest(Kind.EXTRAPOLATED, Kind.ESTIMATED, Kind.MEASURED) == Kind.EXTRAPOLATED


def test_activation_memory_in_ultra_ram(area: AreaModel) -> None:
    build = Configuration(32, 12)
    hardware = build.hardware()
    # 128 bits are two of 72, 8,192 words two of 4,096; on 8x8 two banks of 16,384 words of 32 bits
    assert ultra_rams(hardware) == 4 and ultra_rams(Configuration(8).hardware()) == 8
    in_blocks, in_ultra = (area.area(build, LARGE, ultra) for ultra in (False, True))
    saved = in_blocks.block_ram.value - in_ultra.block_ram.value
    assert saved == block_rams(hardware)["activation memory"] == 32
    assert (in_blocks.ultra_ram.value, in_ultra.ultra_ram.value) == (0, 4)


def test_block_ram_that_ends_goes_on_in_ultra_ram(area: AreaModel) -> None:
    narrow = replace(LARGE, block_ram=70)
    build = Configuration(32, 12)
    assert design(area, LARGE, build).shares["ultra_ram"].taken.value == 0
    assert design(area, narrow, build).shares["ultra_ram"].taken.value == 4
    none = design(area, replace(narrow, ultra_ram=0), build)
    assert not none.fits and none.too_much.startswith("block_ram 105 of 70")


@pytest.mark.parametrize(("name", "n", "columns"), [("xc7z020", 32, 12), ("xc7z020", 16, 16), ("xczu3eg", 32, 20)])
def test_columns_of_dsps_that_a_part_has(name: str, n: int, columns: int) -> None:
    part = part_of(name)
    assert most_dsp_columns(part, n) == columns
    assert Configuration(n, columns).dsps <= part.dsp * 10 / 11
    assert columns == n or Configuration(n, columns + 2).dsps > part.dsp * 10 / 11


def test_other_luts_are_set_aside(area: AreaModel) -> None:
    build = Configuration(8, 8)
    lut = design(area, ZYNQ, build).shares["lut"]
    assert lut.taken.value == LAW[1].lut + OTHER_LUTS and lut.share == lut.taken.value / 53200
    just = replace(ZYNQ, lut=round(lut.taken.value / LIMITS["lut"]))
    assert design(area, just, build).fits
    assert not design(area, replace(just, lut=just.lut - 2), build).fits


def test_the_largest_array_that_fits(area: AreaModel) -> None:
    choice = largest(area, ZYNQ)
    assert choice.design is not None and choice.design.fits
    assert all(not refused.fits and refused.too_much for refused in choice.refused)
    assert all(refused.build.n >= choice.design.build.n for refused in choice.refused)
    smaller = largest(area, replace(ZYNQ, lut=16_000))
    assert smaller.design is not None and smaller.design.build.n < choice.design.build.n
    assert smaller.refused[-1].build.n > smaller.design.build.n


@pytest.mark.parametrize("lack", [{"lut": 1000}, {"ff": 1000}, {"block_ram": 2}, {"lut": 0}])
def test_nothing_fits(area: AreaModel, lack: dict[str, int]) -> None:
    choice = largest(area, replace(ZYNQ, **lack))
    assert choice.design is None
    assert {refused.build.n for refused in choice.refused} == set(ARRAY_SIZES)
    assert all(next(iter(lack)) in refused.too_much for refused in choice.refused)


def test_clock_of_the_static_report() -> None:
    points = (TimingPoint(Configuration(8), RTL, 5.0), TimingPoint(Configuration(16), "b" * 64, 8.0))
    clocks = ClockModel(points, RTL)
    own = clocks.mhz(Configuration(8), ZYNQ)
    assert (own.value, own.kind) == (200.0, Kind.ESTIMATED)
    # Of other columns, another size or other RTL: the slowest that is known
    for build in (Configuration(8, 8), Configuration(32), Configuration(16)):
        other = clocks.mhz(build, ZYNQ)
        assert (other.value, other.kind) == (125.0, Kind.EXTRAPOLATED)
    newer = clocks.mhz(Configuration(8), LARGE)
    assert newer.kind == Kind.EXTRAPOLATED and newer.value == 200.0 * FASTER and 1.5 < FASTER < 1.6


def test_speed_is_the_estimates() -> None:
    network, build = networks.small_network(0), Configuration(16, 16)
    found = speeds(network, build, (1, 2))
    exact = estimate_network(network, build.hardware(), 2)
    assert [speed.batch for speed in found] == [1, 2]
    assert found[1].program_cycles == exact.program_cycles
    assert found[1].images_per_second(50.0) == 2 * 50e6 / exact.program_cycles
    moved = 8 * (exact.beats_in + exact.beats_out)
    assert found[1].megabytes_per_second(50.0) == moved / (exact.program_cycles / 50e6) / 1e6


def test_memory_that_is_too_slow() -> None:
    network, build = networks.small_network(0), Configuration(8)
    (speed,) = speeds(network, build, (1,))
    # A stream of 64 bits at 100 MHz takes 800 MB/s
    assert slowed(network, speed, 100.0, 800.0) is speed
    half = estimate_network(network, build.hardware(), 1, (), 0.5)
    assert slowed(network, speed, 100.0, 400.0).program_cycles == half.program_cycles > speed.program_cycles


def test_batches_that_do_not_fit_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_of_three(network: Network, hardware: HardwareParameters, batch: int) -> Estimate:
        if batch > 2:
            raise CompileError("the maps take more than the activation memory")
        return estimate_network(network, hardware, batch)

    monkeypatch.setattr("tilewright.silicon.speed.estimate_network", none_of_three)
    network, build = networks.small_network(0), Configuration(32)
    ends: list[int] = []
    found = speeds(network, build, (1, 2, 3, 4), lambda: ends.append(1))
    assert [speed.batch for speed in found] == [1, 2] and len(ends) == 3
    with pytest.raises(CompileError):
        speeds(network, build, (3,))


def test_the_best_batch_is_the_smallest_that_is_as_fast() -> None:
    def speed(batch: int, cycles: int) -> Speed:
        return Speed(Configuration(8), batch, cycles, 0.5, 0, 0)

    assert best_of([speed(1, 1000), speed(2, 1500), speed(4, 2990), speed(8, 5990)]).batch == 2
    assert best_of([speed(1, 1000), speed(2, 1500), speed(4, 2900), speed(8, 6000)]).batch == 4
