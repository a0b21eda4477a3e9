"""The order in which a program's parts are sent: descriptors, weights, thresholds and images, each before its use."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tilewright.compiler.addresses import lifetimes
from tilewright.compiler.image import image_command
from tilewright.compiler.piece import Piece
from tilewright.compiler.planner import Placement
from tilewright.compiler.schedule import Buffer, Load, Step
from tilewright.compiler.stages import Stage
from tilewright.compiler.thresholds import BEATS_A_CHANNEL
from tilewright.hardware.commands import LEAD_BEATS, Conv, Image, Mode
from tilewright.hardware.program_format import CONV, IMAGE


@dataclass(frozen=True)
class ConvItem:
    """A CONV command, a READ included.

    Attributes:
        step: index of its step.
        conv: the descriptor.
        oc_tiles: output tiles of the stage that it makes or reads.
        images: of the batch, of its step, that it makes outputs of or reads; of a stage that takes turns all turns'.
        piece: of the stage, that it is; None for a READ.
    """

    step: int
    conv: Conv
    oc_tiles: range
    images: range
    piece: Piece | None = None
    beats: int = CONV.beats


@dataclass(frozen=True)
class WeightsItem:
    """Weights of some output tiles, or of some input tiles of one, of one CONV command.

    Attributes:
        step: index of the step.
        stage: index of the stage.
        oc_tiles: output tiles.
        part: share of an output tile's beats, from and to; whole where several tiles are sent.
        last: whether they end the CONV command's weights.
    """

    step: int
    stage: int
    oc_tiles: range
    part: tuple[int, int]
    last: bool

    @property
    def beats(self) -> int:
        """Payload, the beat before the data included."""
        return LEAD_BEATS + len(self.oc_tiles) * (self.part[1] - self.part[0])


@dataclass(frozen=True)
class ThresholdsItem:
    """Thresholds of one output tile; `beats`: payload, the beat before the data included."""

    step: int
    stage: int
    oc_tile: int
    beats: int


@dataclass(frozen=True)
class ImageItem:
    """Rows of images.

    Attributes:
        step: index of the step that reads them.
        load: what they are, and where they go.
        command: theirs, with rows of zeros.
        beats: payload.
    """

    step: int
    load: Load
    command: Image
    beats: int


Item = ConvItem | WeightsItem | ThresholdsItem | ImageItem


@dataclass(frozen=True)
class _Tile:
    """One output tile of one CONV command, in the order of execution."""

    step: int
    item: ConvItem
    oc_tile: int
    last: bool


def order_items(stages: Sequence[Stage], placement: Placement, read_back: Collection[str]) -> list[Item]:
    """The items of a program after BEGIN and before END.

    Thresholds are sent one output tile ahead of the weights, so that they are in the columns when the tile's last pass
    begins; everything comes before what needs it, so that no FIFO can fill up with what is not needed yet.

    Args:
        stages: of the network.
        placement: of the schedule.
        read_back: names of layers whose maps are read back once they are written.

    Returns:
        The items in order.
    """
    return _Stream(stages, placement, read_back).run()


class _Stream:
    def __init__(self, stages: Sequence[Stage], placement: Placement, read_back: Collection[str]) -> None:
        self.stages = stages
        self.schedule = placement.schedule
        self.placement = placement
        self.convs = _convs_of_steps(stages, self.schedule.steps, read_back)
        self.tiles = [
            _Tile(step, item, tile, tile == item.oc_tiles[-1])
            for step, items in enumerate(self.convs)
            for item in items
            if item.conv.mode is not Mode.READ
            for tile in item.oc_tiles
        ]
        self.sent_thresholds = 0
        self.items: list[Item] = []

    def run(self) -> list[Item]:
        loads = self._load_items()
        first_loads = loads.pop(-1, [])
        position = 0
        for step, items in enumerate(self.convs):
            for item in items:
                self.items.append(item)
                if item.conv.mode is Mode.READ:
                    continue
                for _ in item.oc_tiles:
                    self._send_thresholds(position + 1)
                    self._send_weights(self.tiles[position], first_loads)
                    first_loads = []
                    position += 1
            self.items += loads.pop(step, [])
        return self.items

    def _send_thresholds(self, up_to: int) -> None:
        """Thresholds of the tiles up to and including this one that have not been sent."""
        while self.sent_thresholds <= min(up_to, len(self.tiles) - 1):
            tile = self.tiles[self.sent_thresholds]
            self.sent_thresholds += 1
            if tile.item.conv.mode is Mode.CODES:
                stage = self.schedule.steps[tile.step].stage
                beats = LEAD_BEATS + BEATS_A_CHANNEL * self.stages[stage].array.n
                self.items.append(ThresholdsItem(tile.step, stage, tile.oc_tile, beats))

    def _send_weights(self, tile: _Tile, loads: list[ImageItem]) -> None:
        stage = self.schedule.steps[tile.step].stage
        conv, n = tile.item.conv, self.stages[stage].array.n
        a_tile, passes = n * n // 16, conv.ic_tiles * conv.kernel_h * conv.kernel_w
        only = range(tile.oc_tile, tile.oc_tile + 1)
        first = 0 if tile.item.piece is None else tile.item.piece.first_weight_tile
        part = (first * a_tile, (first + passes) * a_tile)
        whole = WeightsItem(tile.step, stage, only, part, tile.last)
        self.items += loads
        before = self.items[-1]
        if isinstance(before, WeightsItem) and _continues(before, whole):
            self.items[-1] = replace(before, oc_tiles=range(before.oc_tiles.start, only.stop), last=tile.last)
        else:
            self.items.append(whole)

    def _load_items(self) -> dict[int, list[ImageItem]]:
        """IMAGE commands by the step behind whose weights they are sent."""
        schedule = self.schedule
        convs_done = [0]
        for items in self.convs:
            convs_done.append(convs_done[-1] + len(items))
        alive = lifetimes(schedule, self.placement.load_steps)
        by_buffer = {id(item.buffer): item for item in alive}
        uses = {id(step.sources[0]): index for index, step in reversed(list(enumerate(schedule.steps)))}
        result: dict[int, list[ImageItem]] = {}
        for load, step in zip(schedule.loads, self.placement.load_steps, strict=True):
            use = uses[id(load.buffer)]
            before = [
                item.last for item in by_buffer.values() if item.last < use and _overlap(item.buffer, load.buffer)
            ]
            command = image_command(self.stages[0], load, convs_done[max(before, default=-1) + 1])
            result.setdefault(step, []).append(ImageItem(use, load, command, IMAGE.beats + len(command.data)))
        return result


def _continues(before: WeightsItem, after: WeightsItem) -> bool:
    """Whether the output tiles of two items follow each other in one CONV command."""
    same = (before.step, before.part) == (after.step, after.part)
    return same and not before.last and before.oc_tiles.stop == after.oc_tiles.start


def _overlap(one: Buffer, other: Buffer) -> bool:
    if one is other:
        return False
    return one.address < other.address + other.words and other.address < one.address + one.words


def _convs_of_steps(stages: Sequence[Stage], steps: Sequence[Step], read_back: Collection[str]) -> list[list[ConvItem]]:
    """The CONV commands of each step, the READs of its output behind them."""
    result = []
    written: dict[int, tuple[int, Step]] = {}  # buffer: tiles done before the last step that wrote it, and that step
    tiles_done = 0
    for index, step in enumerate(steps):
        stage = stages[step.stage]
        items = []
        before = tiles_done
        for piece, images in _runs(step, stage):
            conv = _conv(stage, step, piece, images)
            source = written.get(id(step.sources[piece.operand]))
            if source is not None:
                after, by_tile = _dependency(stages, piece, *source)
                conv = replace(conv, after=after, step=by_tile)
            items.append(ConvItem(index, conv, piece.oc_tiles, images, piece))
            if conv.mode is Mode.CODES:
                tiles_done += conv.oc_tiles
        if step.target is not None:
            written[id(step.target)] = (before, step)
            if stage.name in read_back:
                made = step.pieces(stage)
                tiles = range(made[0].oc_tiles.start, made[-1].oc_tiles.stop)
                items.append(ConvItem(index, _read(stage, step, tiles, tiles_done), tiles, step.images))
        result.append(items)
    return result


def _runs(step: Step, stage: Stage) -> Iterator[tuple[Piece, range]]:
    """The pieces of a step, each with the images that it makes outputs of: one where it walks others as images."""
    for piece in step.pieces(stage):
        if piece.as_images is None:
            yield piece, step.images
        else:
            starts = step.images[:: stage.lanes]
            yield from ((piece, range(image, image + stage.lanes)) for image in starts)


def _dependency(stages: Sequence[Stage], piece: Piece, tiles_before: int, writer: Step) -> tuple[int, bool]:
    """What a piece waits for, and whether its input tiles wait one by one, as the last writer made them."""
    producer = stages[writer.stage]
    made = writer.pieces(producer)
    if made[0].position is not None or producer.turns > 1:
        return tiles_before + sum(not each.holds for each, _ in _runs(writer, producer)), False
    if piece.flat and not piece.own_tile:
        return tiles_before + producer.oc_tiles, False
    if piece.own_tile:
        return tiles_before + piece.first_ic_tile + 1, False
    return tiles_before + piece.first_ic_tile + 1, True


def _conv(stage: Stage, step: Step, piece: Piece, images: range) -> Conv:
    source, target, walk = step.sources[piece.operand], step.target, stage.walk(piece.operand)
    rows = step.rows
    row, column = piece.position or (rows.start, 0)
    origin_y, origin_x = piece.origin
    reads = stage.turns * stage.lanes // source.lanes * source.image_stride
    image_strides = reads, 0 if target is None else stage.turns * target.image_stride
    first_made = images.start + piece.turn * stage.lanes
    first_read = first_made + piece.part * source.lanes
    if piece.position is None:
        out_h, out_w = len(rows) * stage.pool, stage.out_size[1] * stage.pool
        origin_y += rows.start * stage.pool * walk.stride - walk.paddings[0]
        origin_x -= walk.paddings[1]
    elif piece.as_images is not None:
        out_h, out_w = stage.pool, stage.pool * piece.as_images.width
        image_strides = piece.as_images.read, piece.as_images.write
    else:
        out_h = out_w = 1
    writes = target is not None and not piece.holds
    conv = Conv(
        in_h=piece.in_size[0],
        in_w=piece.in_size[1],
        out_h=out_h,
        out_w=out_w,
        ic_tiles=piece.ic_tiles,
        oc_tiles=len(piece.oc_tiles),
        images=stage.units(len(images)) if piece.as_images is None else piece.as_images.count,
        kernel_h=piece.kernel[0],
        kernel_w=piece.kernel[1],
        stride=1 if piece.position is not None or piece.flat else walk.stride,
        act_base=source.address_of(first_read, piece.first_ic_tile, origin_y, origin_x),
        act_tile_stride=source.tile_stride if piece.tile_stride is None else piece.tile_stride,
        act_image_stride=image_strides[0],
        origin_y=origin_y,
        origin_x=origin_x,
        mode=Mode.CODES if writes else Mode.RAW,
        raise_from=piece.raise_from,
        raise_each=piece.raise_each,
        resume=piece.resumes,
        hold=piece.holds,
        pool=stage.pool == 2 and piece.holds,
    )
    conv = replace(conv, **_sums(stage, step)) if step.share else conv
    if target is None or not writes:
        return conv
    first_tile = 0 if step.share else piece.oc_tiles.start
    return replace(
        conv,
        pool=stage.pool == 2,
        out_base=target.address_of(first_made, first_tile, row, column),
        out_tile_stride=target.tile_stride,
        out_image_stride=image_strides[1],
    )


def _sums(stage: Stage, step: Step) -> dict[str, Any]:
    """Where the sums of a step with a share of the channels are, and what becomes of them."""
    share = step.share
    assert share is not None
    where = {"acc_base": share.acc_base, "acc_tile_stride": share.acc_tile_stride}
    if share.makes:
        return where
    return {**where, "resume": not share.first, "hold": not share.last, "pool": stage.pool == 2 and not share.last}


def _read(stage: Stage, step: Step, tiles: range, after: int) -> Conv:
    """Reads back what a step wrote."""
    target = step.target
    assert target is not None
    return Conv(
        in_h=len(step.rows),
        in_w=target.width,
        out_h=len(step.rows),
        out_w=target.width,
        ic_tiles=len(tiles),
        oc_tiles=1,
        images=len(step.images) // target.lanes,
        kernel_h=1,
        kernel_w=1,
        stride=1,
        act_base=target.address_of(step.images.start, 0 if step.share else tiles.start, step.rows.start, 0),
        act_tile_stride=target.tile_stride,
        act_image_stride=target.image_stride,
        origin_y=0,
        origin_x=0,
        mode=Mode.READ,
        after=after,
    )
