"""Chooses how a batch is divided: images a stage at a time, strips, and when images are loaded."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tilewright.compiler.addresses import Lifetime, allocate, first_overfull, lifetimes, peak_words
from tilewright.compiler.image import fold_cycles
from tilewright.compiler.piece import Piece
from tilewright.compiler.schedule import Plan, Schedule, Segment, Step, make_schedule
from tilewright.compiler.stages import Stage
from tilewright.compiler.thresholds import BEATS_A_CHANNEL
from tilewright.errors import CompileError
from tilewright.network.graph import last_readers

# Share of cycles in which the DDR port is expected to deliver a beat
AVAILABILITY = 0.95
# Cycles between the last position of a CONV command and the first of the next
COMMAND_CYCLES = 5
# Strips that a map is cut into
_CUTS = (2, 4, 8, 16, 32, 64, 128)
# Plans tried before a network counts as too large for its way of being divided
MAX_PLANS = 400


@dataclass(frozen=True)
class Placement:
    """A schedule whose buffers have addresses.

    Attributes:
        schedule: the schedule.
        load_steps: for each of its loads, the step after whose weights it is sent; -1: before the first step.
        peak: words of the activation memory that live at one time, at most.
    """

    schedule: Schedule
    load_steps: tuple[int, ...]
    peak: int

    def lifetimes(self) -> list[Lifetime]:
        """As the planner counted them: an image lives from the step in whose stream it comes, or from the next on."""
        alive = lifetimes(self.schedule, self.load_steps)
        if peak_words(alive) == self.peak:
            return alive
        return lifetimes(self.schedule, [step + 1 for step in self.load_steps])


def side_by_side(stages: Sequence[Stage]) -> int:
    """Images that the fullest words hold."""
    return max(stage.lanes for stage in stages)


def step_cycles(stage: Stage, step: Step) -> int:
    """Cycles of a step that nothing holds up."""
    return _cycles(stage, step.pieces(stage), len(step.images), len(step.rows))


def step_beats(stage: Stage, step: Step) -> int:
    """Beats of the weights and thresholds of a step, those before the data left out."""
    return _beats(stage, step.pieces(stage), step.target is not None)


def _cycles(stage: Stage, commands: Sequence[Piece], images: int, rows: int) -> int:
    """Cycles of CONV commands: each pass lasts its positions, or the load of the next one's weights."""
    shortest = stage.array.pass_cycles
    cycles = 0
    for piece in commands:
        units = stage.units(images)
        times, positions = 1, units if piece.position else units * stage.positions(rows)
        if piece.as_images is not None:
            times, positions = units, piece.as_images.count * piece.as_images.width * stage.pool**2
        cycles += times * (len(piece.oc_tiles) * piece.tiles_a_column * max(positions, shortest) + COMMAND_CYCLES)
    return cycles


def _beats(stage: Stage, commands: Sequence[Piece], codes: bool) -> int:
    n = stage.array.n
    weights = sum(len(piece.oc_tiles) * piece.tiles_a_column for piece in commands) * n * n // 16
    written = sum(len(piece.oc_tiles) for piece in commands if not piece.holds)
    return weights + (written * n * BEATS_A_CHANNEL if codes else 0)


def placements(stages: Sequence[Stage], batch: int) -> Iterator[Placement]:
    """Divisions of a batch whose maps fit the activation memory, in the order of their passes' and beats' cost.

    Args:
        stages: of the network.
        batch: images.

    Yields:
        Schedules with addresses, at least one where words hold one image; strips of rows and shares of channels only
        where nothing fits whole.

    Raises:
        CompileError: nothing fits; names the largest map's layer and the reason.
    """
    if side_by_side(stages) > 1:
        together = (_try(stages, Plan(batch, groups)) for groups in _groups_by_cost(stages, batch))
        yield from filter(None, together)
        return
    whole = (Plan(batch, groups, lead=_lead(stages[0], groups[0])) for groups in _groups_by_cost(stages, batch))
    divided = _divided_plans(stages, batch, itertools.chain(_segments(stages), _shares(stages)))
    for plans in (whole, divided):
        found = False
        for plan in plans:
            placement = _try(stages, plan)
            if placement:
                found = True
                yield placement
        if found:
            return
    raise CompileError(_why_nothing_fits(stages))


def _try(stages: Sequence[Stage], plan: Plan) -> Placement | None:
    """The plan with addresses, images loaded ahead of their use where the memory has room, or None."""
    schedule = make_schedule(stages, plan)
    words, alignment = stages[0].array.act_depth, stages[0].array.alignment
    uses = _first_uses(stages, schedule)
    if side_by_side(stages) > 1:
        early = _eased(schedule, uses, _spread_loads(uses), words)
    else:
        early = _early_loads(stages, schedule, uses)
    late = [use - 1 for use in uses]
    # In the stream of an earlier step, of the step before, or once that one has read its last activation.
    for load_steps, births in ((early, early), (late, late), (late, uses)):
        alive = lifetimes(schedule, births)
        if peak_words(alive) <= words and allocate(alive, words, alignment):
            return Placement(schedule, tuple(load_steps), peak_words(alive))
    return None


def _lead(stage: Stage, images: int) -> int:
    """Rows of the first step, so that those behind them are folded by the time that it ends; 0: all, no step more."""
    height = stage.out_size[0]
    fold = images * fold_cycles(stage, stage.pool)
    make = _cycles(stage, stage.pieces, images, 1)
    lead = -(-height * fold // (fold + make))
    return lead if 2 * lead <= height else 0


def _first_uses(stages: Sequence[Stage], schedule: Schedule) -> list[int]:
    """The first step that reads each load."""
    uses = []
    for load in schedule.loads:
        readers = ((index, step) for index, step in enumerate(schedule.steps) if load.buffer in step.sources)
        uses.append(next(index for index, step in readers if step.rows.stop * stages[0].pool > load.rows.start))
    return uses


def _early_loads(stages: Sequence[Stage], schedule: Schedule, uses: Sequence[int]) -> list[int]:
    """Each load behind the weights of the step that leaves the stream the most time, since the load before."""
    slack = []
    for step in schedule.steps:
        stage = stages[step.stage]
        slack.append(step_cycles(stage, step) - step_beats(stage, step) / AVAILABILITY)
    chosen = [-1]
    for before, use in itertools.pairwise(uses):
        chosen.append(max(range(before, use), key=lambda step: (step > before, slack[step])))
    return chosen


def _spread_loads(uses: Sequence[int]) -> list[int]:
    """Loads that steps in a row need behind as many of the steps before these, at equal distances."""
    chosen: list[int] = []
    before = -1
    for _, run in itertools.groupby(enumerate(uses), key=lambda each: each[1] - each[0]):
        members = [use for _, use in run]
        steps = members[0] - 1 - before
        chosen += [before + (number + 1) * steps // len(members) for number in range(len(members))]
        before = members[-1]
    return chosen


def _eased(schedule: Schedule, uses: Sequence[int], loads: Sequence[int], words: int) -> list[int]:
    """The loads' steps, those put off that overfill the memory: of several the one that is needed last."""
    births = list(loads)
    while True:
        alive = lifetimes(schedule, births)
        full = first_overfull(alive, words)
        held = [number for number, birth in enumerate(births) if full is not None and birth <= full < uses[number] - 1]
        if full is None or not held:
            return births
        births[held[-1]] = full + 1


def _groups_by_cost(stages: Sequence[Stage], batch: int) -> Iterator[tuple[int, ...]]:
    """Images at a time for each stage, cheapest first; each divides the next one's.

    A best-first search from the last stage to the first. The rest of a partial choice costs at least what each stage
    would with its own best group, so that complete choices leave the queue in the order of their cost.
    """
    least = side_by_side(stages)
    sizes = [size for size in range(least, batch + 1, least) if batch % size == 0]
    costs = [
        {size: _stage_cost(stage, size, batch) for size in sizes if size == least or _fits(stage, size)}
        for stage in stages
    ]
    bounds = [0.0]
    for cost in costs:
        bounds.append(bounds[-1] + min(cost.values(), default=float("inf")))
    queue: list[tuple[float, int, tuple[int, ...]]] = [(bounds[-1], 0, ())]
    for _ in range(MAX_PLANS * len(stages)):
        if not queue:
            return
        bound, _, chosen = heapq.heappop(queue)
        left = len(stages) - len(chosen)
        if left == 0:
            yield chosen
            continue
        for size, price in costs[left - 1].items():
            if (chosen[0] if chosen else batch) % size == 0:
                total = bound - bounds[left] + bounds[left - 1] + price
                heapq.heappush(queue, (total, -len(chosen), (size, *chosen)))


def _fits(stage: Stage, images: int) -> bool:
    """Whether the accumulators hold so many images; one image may be cut by rows, and is by a copy."""
    return images == 1 or stage.by_runs or stage.units(images) * stage.positions() <= stage.array.acc_depth


def _stage_cost(stage: Stage, images: int, batch: int) -> float:
    rows = stage.out_size[0]
    most = rows if stage.by_runs else max(1, stage.array.acc_depth // (stage.units(images) * stage.positions(1)))
    cuts = -(-rows // most)
    cycles, beats = _cycles(stage, stage.pieces, images, rows), _beats(stage, stage.pieces, not stage.layer.is_last)
    return batch / images * max(cycles, cuts * beats / AVAILABILITY)


def _divided_plans(stages: Sequence[Stage], batch: int, segments: Iterable[Segment]) -> Iterator[Plan]:
    """Plans with a divided segment, the cheapest for an image first; images go one by one up to its end."""
    priced: list[tuple[int, int, Segment]] = []
    for segment in segments:
        try:
            schedule = make_schedule(stages, Plan(1, (1,) * len(stages), segment))
        except CompileError:  # a row, or the sums of all channels, are beyond the accumulators
            continue
        cost = sum(step_cycles(stages[step.stage], step) for step in schedule.steps)
        priced.append((cost, len(priced), segment))
    for _, _, segment in sorted(priced, key=lambda item: item[:2]):
        for groups in dict.fromkeys((_groups_behind(stages, segment, batch), (1,) * len(stages))):
            yield Plan(batch, groups, segment)


def _segments(stages: Sequence[Stage]) -> Iterator[Segment]:
    """Runs of convolutions, and numbers of rows that divide their output into 2, 4, .. strips.

    The maps between them are read by none behind them.
    """
    readers = last_readers([stage.sources for stage in stages])
    for first in range(len(stages) - 1):
        for last in range(first + 1, len(stages)):
            if any(stage.averages for stage in stages[first : last + 1]):
                break
            if max(readers[first:last]) > last:
                continue
            height = stages[last].out_size[0]
            yield from (Segment(first, last, -(-height // cuts)) for cuts in _CUTS if cuts <= height)


def _shares(stages: Sequence[Stage]) -> Iterator[Segment]:
    """Pairs of convolutions whose channels between them are divided, and the rows of the second that go together."""
    readers = last_readers([stage.sources for stage in stages])
    for first in range(len(stages) - 1):
        pair = stages[first : first + 2]
        follow = pair[1].sources == (first,) and readers[first] == first + 1
        if not follow or any(stage.averages or not stage.plain for stage in pair):
            continue
        for shares in _CUTS:
            height = pair[1].out_size[0]
            for rows in dict.fromkeys(-(-height // cuts) for cuts in (1, *_CUTS)):
                if shares <= pair[0].oc_tiles:
                    yield Segment(first, first + 1, rows, shares)


def _groups_behind(stages: Sequence[Stage], segment: Segment, batch: int) -> tuple[int, ...]:
    """One image at a time up to the segment's end, then as many as the accumulators take."""
    groups: list[int] = []
    limit = batch
    for stage in reversed(stages[segment.last + 1 :]):
        limit = max(size for size in range(1, limit + 1) if limit % size == 0 and _fits(stage, size))
        groups.insert(0, limit)
    return (1,) * (segment.last + 1) + tuple(groups)


def _why_nothing_fits(stages: Sequence[Stage]) -> str:
    words = stages[0].array.act_depth
    worst = max(stages, key=lambda stage: _words(stages, stage))
    needs = _words(stages, worst)
    return (
        f"layer {worst.name}: its input and output maps take {needs} words of {worst.array.n} activations, the "
        f"activation memory holds {words}, and no division into strips of rows or groups of channels fits either"
    )


def _words(stages: Sequence[Stage], stage: Stage) -> int:
    """Words of one image's maps that a stage reads and writes."""
    read = sum(stages[maker].output_words() for maker in {*stage.sources} if maker >= 0)
    if stage.folded:
        read = stage.ic_tiles * stage.in_size[0] * stage.in_size[1]
    return read + (0 if stage.layer.is_last else stage.output_words())
