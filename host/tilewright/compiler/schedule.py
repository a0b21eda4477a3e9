"""What runs when: the steps that take a batch through the network, and the maps that they leave in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tilewright.compiler.piece import Piece
from tilewright.compiler.stages import Stage
from tilewright.errors import CompileError
from tilewright.network.graph import IMAGE, last_readers

# In which images come that words hold side by side
PARTS = 4


@dataclass(eq=False)
class Buffer:
    """A map of some images in the activation memory, or some rows of it: image, tile, row, column.

    Attributes:
        maker: index of the stage whose output it is; -1 for the folded image.
        images: of the batch.
        rows: of the map.
        tiles: of channels.
        width: columns of the map.
        lanes: images side by side in a word.
        address: first word; set by the allocation.
    """

    maker: int
    images: range
    rows: range
    tiles: int
    width: int
    lanes: int = 1
    address: int = 0

    @property
    def tile_stride(self) -> int:
        """Words from one tile to the next."""
        return len(self.rows) * self.width

    @property
    def image_stride(self) -> int:
        """Words from one image to the next, or from those of some side by side to the next ones'."""
        return self.tiles * self.tile_stride

    @property
    def words(self) -> int:
        """Its size."""
        return len(self.images) // self.lanes * self.image_stride

    def address_of(self, image: int, tile: int, row: int, column: int) -> int:
        """Address of a position, which may lie outside the map."""
        return (
            self.address
            + (image - self.images.start) // self.lanes * self.image_stride
            + tile * self.tile_stride
            + (row - self.rows.start) * self.width
            + column
        )


@dataclass(frozen=True)
class Load:
    """Rows of an image buffer that come together.

    Attributes:
        buffer: where they go.
        rows: of the map.
    """

    buffer: Buffer
    rows: range


@dataclass(frozen=True)
class Share:
    """Some of the channels between two layers, where a map of all of them does not fit.

    Attributes:
        tiles: of the channels.
        makes: whether the step makes them, or adds them to the sums of the next layer.
        acc_base: first accumulator of the step.
        acc_tile_stride: accumulators from one output tile to the next; 0 for a step that makes channels.
        first, last: whether they are the first, or the last, that the sums are made of.
    """

    tiles: range
    makes: bool
    acc_base: int
    acc_tile_stride: int
    first: bool
    last: bool


@dataclass(frozen=True)
class Step:
    """One stage on some images and rows.

    Attributes:
        stage: index of the stage.
        images: of the batch.
        rows: of the stage's output, after pooling.
        sources: what each of the stage's operands reads.
        target: where its codes go; None: its sums are results, or are held.
        share: of the channels, where they are divided; None: all.
    """

    stage: int
    images: range
    rows: range
    sources: tuple[Buffer, ...]
    target: Buffer | None
    share: Share | None = None

    def pieces(self, stage: Stage) -> list[Piece]:
        """The CONV commands that the step takes."""
        whole = [p for p in stage.pieces if p.position is None or p.position[0] in self.rows]
        if self.share is None:
            return whole
        (piece,) = whole
        share = self.share
        if share.makes:
            return [replace(piece, oc_tiles=share.tiles)]
        taps = piece.kernel[0] * piece.kernel[1]
        return [replace(piece, ic_tiles=len(share.tiles), first_weight_tile=share.tiles.start * taps)]


@dataclass(frozen=True)
class Segment:
    """Stages that run together, some rows of the last one's output at a time, because a map between them is too large.

    Attributes:
        first, last: indices of the stages.
        rows: of the last one's output at a time.
        shares: into which the channels between two stages are divided; only of two stages can it be more than one.
    """

    first: int
    last: int
    rows: int
    shares: int = 1


@dataclass(frozen=True)
class Plan:
    """How a batch is divided.

    Attributes:
        batch: images.
        groups: for each stage the images that it runs on at a time; each divides the next one's, the last the batch.
        segment: stages that run in strips, if any; their groups are 1.
        lead: rows of the first stage's output for the first images that are made before the others of theirs, while
            those are still being folded; 0: none.
    """

    batch: int
    groups: tuple[int, ...]
    segment: Segment | None = None
    lead: int = 0


@dataclass
class Schedule:
    """Steps in order, and the buffers between them.

    Attributes:
        plan: what was asked for.
        steps: in order.
        loads: rows of image buffers in the order of use.
        buffers: all of them.
    """

    plan: Plan
    steps: list[Step] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)


def make_schedule(stages: Sequence[Stage], plan: Plan) -> Schedule:
    """Lays out the steps of a plan, deepest stage last: early maps are consumed while they are small in number.

    Args:
        stages: of the network.
        plan: how the batch is divided.

    Returns:
        The schedule, without addresses.

    Raises:
        CompileError: a row of a map has more positions than a column has accumulators.
    """
    return _Scheduler(stages, plan).run()


def strips(stages: Sequence[Stage], segment: Segment) -> Iterator[list[range]]:
    """The rows of each of a segment's outputs, strip by strip.

    A strip's rows are what the next stage's strip needs, and those that no strip would need otherwise: all rows of all
    maps are computed, some of them twice.

    Args:
        stages: of the network.
        segment: the segment.

    Yields:
        For each stage of the segment, in order, the rows of its output.
    """
    members = range(segment.first, segment.last + 1)
    done = dict.fromkeys(members, 0)
    last = stages[segment.last]
    for rows in _chunks(range(last.out_size[0]), segment.rows):
        needed = {segment.last: rows}
        for maker in reversed(members[:-1]):
            wanted = [
                stages[reader].input_rows(needed[reader], operand)
                for reader in range(maker + 1, segment.last + 1)
                for operand, source in enumerate(stages[reader].sources)
                if source == maker
            ]
            stop = max(each.stop for each in wanted) if rows.stop < last.out_size[0] else stages[maker].out_size[0]
            needed[maker] = range(min(*(each.start for each in wanted), done[maker]), stop)
            done[maker] = stop
        yield [needed[index] for index in members]


class _Scheduler:
    def __init__(self, stages: Sequence[Stage], plan: Plan) -> None:
        self.stages = stages
        self.plan = plan
        self.schedule = Schedule(plan)
        self.maps: dict[tuple[int, int], Buffer] = {}
        self.made = [0] * len(stages)  # images of each stage's output
        self.last_readers = last_readers([stage.sources for stage in stages])

    def run(self) -> Schedule:
        self._produce(len(self.stages) - 1, range(self.plan.batch))
        return self.schedule

    def _produce(self, index: int, images: range) -> None:
        """Emits all steps that make a stage's output for some images, but for those that are made already."""
        segment = self.plan.segment
        for chunk in _chunks(range(self.made[index], images.stop), self.plan.groups[index]):
            if segment is not None and index == segment.last:
                self._strips(segment, chunk)
            elif index == 0 and self.stages[0].lanes > 1:
                self._image_strips(chunk)
            else:
                sources = self._whole_sources(index, chunk)
                rows = range(self.stages[index].out_size[0])
                self._emit(index, chunk, rows, sources, self._target(index, chunk))
            self.made[index] = chunk.stop

    def _whole_sources(self, index: int, images: range) -> tuple[Buffer, ...]:
        """A stage's whole input maps for some images, made or loaded."""
        makers = self.stages[index].sources
        for maker in sorted({*makers} - {IMAGE}):
            self._produce(maker, images)
        return tuple(self._image(images) if maker == IMAGE else self._map(maker, images) for maker in makers)

    def _image(self, images: range) -> Buffer:
        height = self.stages[0].in_size[0]
        lead = 0 if self.schedule.steps else self.plan.lead * self.stages[0].pool
        return self._load(images, *(range(lead), range(lead, height)) if lead else (range(height),))

    def _image_strips(self, images: range) -> None:
        """The first stage, its images in parts: whole ones of several images would fill the memory."""
        target, height = self._target(0, images), self.stages[0].out_size[0]
        for rows in _even_chunks(range(height), -(-height // PARTS)):
            self._emit(0, images, rows, (self._load(images, self.stages[0].input_rows(rows)),), target)

    def _strips(self, segment: Segment, images: range) -> None:
        target = self._target(segment.last, images)
        members = range(segment.first, segment.last + 1)
        outside = {maker for index in members for maker in self.stages[index].sources} - {*members, IMAGE}
        for maker in sorted(outside):
            self._produce(maker, images)
        whole = {maker: self._map(maker, images) for maker in outside}
        for needed in strips(self.stages, segment):
            held = dict(whole)
            if not segment.first:
                held[IMAGE] = self._load(images, self.stages[0].input_rows(needed[0]))
            if segment.shares > 1:
                self._shares(segment, images, needed, held[self.stages[segment.first].sources[0]], target)
                continue
            for index, rows in zip(members, needed, strict=True):
                sources = tuple(held[maker] for maker in self.stages[index].sources)
                if index < segment.last:
                    held[index] = self._buffer(index, images, rows)
                self._emit(index, images, rows, sources, held.get(index, target))

    def _shares(
        self, segment: Segment, images: range, needed: list[range], source: Buffer, target: Buffer | None
    ) -> None:
        """Two stages' strip: some channels of the first, which the second adds to its sums, then the next ones."""
        first, last = self.stages[segment.first], self.stages[segment.last]
        stride = last.positions(len(needed[1]))
        sums = last.oc_tiles * stride
        parts = list(_even_chunks(range(first.oc_tiles), -(-first.oc_tiles // segment.shares)))
        for tiles in parts:
            ends = {"first": tiles is parts[0], "last": tiles is parts[-1]}
            strip = self._buffer(segment.first, images, needed[0], len(tiles))
            made = Share(tiles, makes=True, acc_base=sums, acc_tile_stride=0, **ends)
            self._emit(segment.first, images, needed[0], (source,), strip, made)
            added = Share(tiles, makes=False, acc_base=0, acc_tile_stride=stride, **ends)
            goes_to = target if tiles is parts[-1] else None
            self.schedule.steps.append(Step(segment.last, images, needed[1], (strip,), goes_to, added))

    def _emit(
        self,
        index: int,
        images: range,
        rows: range,
        sources: tuple[Buffer, ...],
        target: Buffer | None,
        share: Share | None = None,
    ) -> None:
        """Emits a stage's steps for some rows, as many at a time as there are accumulators for."""
        stage = self.stages[index]
        if stage.by_runs:
            self.schedule.steps.append(Step(index, images, rows, sources, target))
            return
        depth = stage.array.acc_depth - (share.acc_base if share else 0)
        positions = stage.units(len(images)) * stage.positions(1)
        most = max(0, depth) // positions
        if most == 0:
            raise CompileError(
                f"layer {stage.name}: a row of {len(images)} image(s) has {positions} "
                f"positions, a column has {depth} accumulators"
            )
        lead = 0 if self.schedule.steps else self.plan.lead
        for some in (range(lead), range(lead, rows.stop)) if lead else (rows,):
            for part in _even_chunks(some, most):
                self.schedule.steps.append(Step(index, images, part, sources, target, share))

    def _target(self, index: int, images: range) -> Buffer | None:
        """The whole map that some images' output goes into; the last stage's goes into none."""
        return None if index + 1 == len(self.stages) else self._map(index, images)

    def _map(self, index: int, images: range) -> Buffer:
        """The map of a stage's output that holds some images: those of a group of the last stage that reads it."""
        group = self.plan.groups[self.last_readers[index]]
        start = images.start - images.start % group
        if (index, start) not in self.maps:
            members = range(start, min(start + group, self.plan.batch))
            self.maps[index, start] = self._buffer(index, members, range(self.stages[index].out_size[0]))
        return self.maps[index, start]

    def _load(self, images: range, *parts: range) -> Buffer:
        """A buffer for some images, whose rows come in these parts."""
        buffer = self._buffer(IMAGE, images, range(parts[0].start, parts[-1].stop))
        self.schedule.loads += [Load(buffer, rows) for rows in parts]
        return buffer

    def _buffer(self, maker: int, images: range, rows: range, tiles: int | None = None) -> Buffer:
        if maker == IMAGE:
            most, width, lanes = self.stages[0].ic_tiles, self.stages[0].in_size[1], 1
        else:
            stage = self.stages[maker]
            most, width, lanes = stage.oc_tiles, stage.out_size[1], stage.lanes
        buffer = Buffer(maker, images, rows, most if tiles is None else tiles, width, lanes)
        self.schedule.buffers.append(buffer)
        return buffer


def _chunks(items: range, size: int) -> Iterator[range]:
    for start in range(items.start, items.stop, size):
        yield range(start, min(start + size, items.stop))


def _even_chunks(items: range, most: int) -> Iterator[range]:
    """As few chunks as `most` allows, of lengths that differ by one at most."""
    count = -(-len(items) // most)
    for index in range(count):
        yield range(items.start + len(items) * index // count, items.start + len(items) * (index + 1) // count)
