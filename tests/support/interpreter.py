"""Carries out programs as docs/program_format.md reads, and refuses those that only work by luck.

Shares nothing with the compiler. The hardware runs CONV commands behind the stream, so an order that happens to be
right when commands are carried out one by one may be wrong there: the interpreter keeps, for every activation word, who
wrote it and who read it last, and asserts that the program itself guarantees the order.
"""

import zlib
from dataclasses import dataclass, field

import numpy as np

THRESHOLD_SETS, THRESHOLD_FIFO = 8, 512
THRESHOLD_BEATS = 7  # of a channel
ADDRESSES = 1 << 24
RAW, RELU, CODES, READ = range(4)


@dataclass
class Conv:
    """A descriptor and where its header lies in the stream."""

    number: int
    position: int
    beats: list[int]

    def __post_init__(self) -> None:
        d = self.beats
        self.in_h, self.in_w, self.out_h, self.out_w = (d[0] >> s & 0xFFFF for s in (0, 16, 32, 48))
        self.ic_tiles, self.oc_tiles, self.images = (d[1] >> s & 0xFFFF for s in (0, 16, 32))
        self.kernel_h, self.kernel_w, self.stride = d[1] >> 48 & 15, d[1] >> 52 & 15, d[1] >> 56 & 3
        self.base, self.tile_stride = halves_of(d[2])
        self.image_stride, self.oc_stride = halves_of(d[3])
        self.out_base, self.out_tile_stride = halves_of(d[4])
        self.out_image_stride, self.after = halves_of(d[5])
        self.origin_y, self.origin_x = ((beat >> 48 ^ 0x8000) - 0x8000 for beat in d[2:4])
        self.acc_base, self.acc_stride = (beat >> 48 for beat in d[4:6])
        self.raise_from, self.mode = d[6] & 0xFFFF, d[6] >> 16 & 3
        self.pool, self.step, self.resume, self.hold, self.raise_each = (bool(d[6] >> s & 1) for s in range(18, 23))
        assert d[1] >> 58 == 1, "dilation, upsampling or reserved bits"
        assert d[6] >> 23 == 0, "other windows of pooling or reserved bits"
        assert not self.hold or self.mode == RAW
        assert 1 <= self.kernel_h <= 7 and 1 <= self.kernel_w <= 7 and self.stride in (1, 2)
        assert not self.pool or ((self.mode == CODES or self.hold) and self.out_h % 2 == self.out_w % 2 == 0)

    @property
    def passes(self) -> int:
        """Weight tiles that it takes."""
        return 0 if self.mode == READ else self.oc_tiles * self.ic_tiles * self.kernel_h * self.kernel_w

    def raises(self, ic_tile: int) -> bool:
        """Whether the first pass of an input tile takes the stored sums 16-fold."""
        return ic_tile == self.raise_from or (self.raise_each and ic_tile > self.raise_from)

    def positions(self) -> list[tuple[int, int, int]]:
        """(image, row, column) of the map of sums, in the order of execution."""
        side = 2 if self.pool else 1
        return [
            (image, y * side + wy, x * side + wx)
            for image in range(self.images)
            for y in range(self.out_h // side)
            for x in range(self.out_w // side)
            for wy in range(side)
            for wx in range(side)
        ]


@dataclass
class Load:
    """What a LOAD or an IMAGE writes: words in their order; `position` is that of its last beat."""

    position: int
    header: int
    after: int
    addresses: np.ndarray
    words: np.ndarray  # nibbles (words, n)
    data: list[int]


@dataclass
class Program:
    """A program taken apart; positions are beats of the stream."""

    n: int = 0
    program_id: int = 0
    end: int = 0  # END's beat
    convs: list[Conv] = field(default_factory=list)
    loads: list["Load"] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    weight_positions: list[int] = field(default_factory=list)
    weight_ends: list[int] = field(default_factory=list)  # rows in the stream at each end mark
    thresholds: list[int] = field(default_factory=list)
    threshold_positions: list[int] = field(default_factory=list)


def parse(beats: list[int]) -> Program:
    """Take a program apart, checking headers and the CRC-32s."""
    program = Program()
    others: list[int] = []  # beats that are not of images
    at = sequence = 0
    while True:
        header = beats[at]
        opcode, flags, length = header & 0xFF, header >> 8 & 0xFF, header >> 32
        assert header >> 16 & 0xFFFF == sequence
        payload = beats[at + 1 : at + 1 + length]
        assert len(payload) == length
        assert length % 2 == 1, "a command is whole 128-bit words"
        assert flags == 0 or (opcode, flags) == (0x04, 1)
        others += [header, *(payload[: {0x02: 1, 0x06: 5, 0x0F: 0}.get(opcode)])]
        if opcode == 0x01:
            assert sequence == 0 and length == 3 and payload[0] == 0x0000000352505754
            program.n = payload[1] & 0xFF
            assert payload[1] >> 8 & 0xFFFFFF == 0x1C0404
            program.program_id = payload[1] >> 32
            assert payload[2] == 0
        elif opcode == 0x02:
            address, after = halves_of(payload[0])
            assert payload[0] >> 48 == 0, "reserved bits"
            assert address * program.n * 4 % 128 == 0, "an address within a 128-bit word"
            assert length > 1 and (length - 1) * 16 % program.n == 0, "a part of a word"
            words = nibbles_of(payload[1:], program.n)
            addresses = np.arange(address, address + len(words))
            program.loads.append(Load(at + length, at, after, addresses, words, payload[1:]))
        elif opcode == 0x03:
            assert length == 7
            program.convs.append(Conv(len(program.convs) + 1, at, payload))
        elif opcode == 0x04:
            assert payload[0] == 0 and length > 1 and (length - 1) * 16 % program.n == 0, "a part of a row"
            program.weights += payload[1:]
            program.weight_positions += range(at + 2, at + 1 + length)
            if flags:
                program.weight_ends.append(len(program.weights) * 16 // program.n)
        elif opcode == 0x05:
            assert payload[0] == 0 and length > 1
            program.thresholds += payload[1:]
            program.threshold_positions += range(at + 2, at + 1 + length)
        elif opcode == 0x06:
            addresses, words = fold(payload, program.n)
            program.loads.append(Load(at + length, at, payload[0] >> 24 & 0xFFFFFF, addresses, words, payload[5:]))
        else:
            assert opcode == 0x0F
            images = [beat for load in program.loads for beat in load.data]
            assert payload == [crc_of(images) | crc_of(others) << 32]
            program.end = payload[0]
            assert at + 2 == len(beats)
            return program
        at, sequence = at + 1 + length, sequence + 1


class Interpreter:
    """Runs one program on `act_depth` words and `acc_depth` accumulators; `results` are the beats that it sends."""

    def __init__(self, beats, act_depth: int = 1 << 17, acc_depth: int = 1024) -> None:
        self.program = parse([int(beat) for beat in beats])
        n = self.n = self.program.n
        self.set_beats = THRESHOLD_BEATS * n
        self.accumulators = np.zeros((acc_depth, n), dtype=np.int64)
        self.held = np.zeros(acc_depth, dtype=bool)
        self.memory = np.zeros((act_depth, n), dtype=np.int64)
        self.known = np.zeros(act_depth, dtype=bool)
        self.written_tile = np.zeros(act_depth, dtype=np.int64)  # output tiles done once the word is there; 0: loaded
        self.written_position = np.full(act_depth, -1)  # of the load's last beat; -1: not loaded
        self.last_conv = np.zeros(act_depth, dtype=np.int64)  # the last CONV that read it, or wrote it without a reader
        self.unread = np.zeros(act_depth, dtype=bool)
        self.rows = nibbles_of(self.program.weights, n)
        self.rows = np.where(self.rows > 7, self.rows - 16, self.rows)
        self.row = self.tile = self.tiles_done = 0
        self.results: list[int] = []

    def run(self) -> list[int]:
        """The result packet, trailer included."""
        loads = list(self.program.loads)
        self.check_order()
        for conv in self.program.convs:
            last_use = self.weights_end(conv)
            while loads and loads[0].position < last_use:
                self.load(loads.pop(0))
            self.read(conv) if conv.mode == READ else self.convolve(conv)
            assert conv.mode == READ or self.program.weight_ends[0] == self.row, "the end mark is not on the last row"
            if conv.mode != READ:
                self.program.weight_ends.pop(0)
        assert not loads, "a load that no CONV needs"
        assert not self.held.any(), "sums that nobody finishes"
        assert self.row == len(self.rows) and not self.program.weight_ends, "weights are left"
        assert self.tile * self.set_beats == len(self.program.thresholds), "thresholds are left"
        beats = [*self.results, 0x0300000053525754, self.program.end >> 32 | len(self.results) << 32]
        return [*beats, crc_of(beats) | (self.program.end & 0xFFFFFFFF) << 32, 0]

    def weights_end(self, conv: Conv) -> int:
        """Position behind the last beat that the CONV needs: its weights, or a READ's header."""
        if conv.mode == READ:
            return conv.position
        rows = self.row + conv.passes * self.n
        return self.program.weight_positions[rows * self.n // 16 - 1] + 1

    def check_order(self) -> None:
        """The stream never waits for what comes behind the wait."""
        rows = np.cumsum([conv.passes * self.n for conv in self.program.convs])
        tiles = np.cumsum([conv.oc_tiles if conv.mode == CODES else 0 for conv in self.program.convs])

        def sent(conv: int, position: int) -> bool:
            """Whether all that the first `conv` commands need lies before `position`."""
            if conv <= 0:
                return True
            row_beats, tile_beats = int(rows[conv - 1]) * self.n // 16, int(tiles[conv - 1]) * self.set_beats
            weights, thresholds = self.program.weight_positions, self.program.threshold_positions
            enough = row_beats == 0 or weights[row_beats - 1] < position
            return enough and (tile_beats == 0 or thresholds[tile_beats - 1] < position)

        for load in self.program.loads:
            after, enough = load.after, load.after <= len(self.program.convs) and sent(load.after, load.header)
            assert enough, "a LOAD or IMAGE waits for a CONV that cannot run"
            assert after == 0 or self.program.convs[after - 1].position < load.header
        for conv in self.program.convs:
            assert sent(conv.number - 2, conv.position), "a descriptor waits for one that cannot go on"
        self.check_thresholds(tiles)

    def check_thresholds(self, tiles) -> None:
        """Thresholds that are sent ahead of their use never fill the FIFO and block the weights before them."""
        ends, row = [], 0  # position of the last weight of each output tile that makes codes
        for conv in self.program.convs:
            for _ in range(conv.oc_tiles if conv.mode != READ else 0):
                row += conv.passes // conv.oc_tiles * self.n
                if conv.mode == CODES:
                    ends.append(self.program.weight_positions[row * self.n // 16 - 1])
        positions, size = self.program.threshold_positions, self.set_beats
        for tile, end in enumerate(ends):
            sent = sum(1 for position in positions[: (tile + 40) * size] if position < end)
            assert sent - tile * size <= THRESHOLD_FIFO + THRESHOLD_SETS * size, "thresholds block their own use"

    def load(self, load: Load) -> None:
        where = load.addresses
        late = self.last_conv[where] > load.after
        assert not late.any(), f"a LOAD overwrites what CONV {self.last_conv[where].max()} may still read"
        assert not self.unread[where].any(), "a LOAD may come before an earlier CONV's write"
        self.memory[where] = load.words
        self.known[where] = True
        self.written_tile[where], self.written_position[where] = 0, load.position

    def meet(self, conv: Conv, words, needed: int, position: int):
        """The activations at some words, which the program guarantees to be there."""
        assert self.known[words].all(), f"CONV {conv.number} reads what nobody wrote"
        assert (self.written_tile[words] <= needed).all(), f"CONV {conv.number} does not wait for its activations"
        assert (self.written_position[words] < position).all(), (
            f"CONV {conv.number} may start before its image is there"
        )
        self.last_conv[words] = conv.number
        self.unread[words] = False
        return self.memory[words]

    def convolve(self, conv: Conv) -> None:
        positions = conv.positions()
        last = conv.acc_base + (conv.oc_tiles - 1) * conv.acc_stride + len(positions)
        assert last <= len(self.held), "more positions than accumulators"
        places = np.array(positions)
        reads: list = []
        for oc_tile in range(conv.oc_tiles):
            first = conv.acc_base + oc_tile * conv.acc_stride
            place = slice(first, first + len(positions))
            assert (self.held[place] == conv.resume).all(), f"CONV {conv.number} meets sums that are not its own"
            sums = (
                self.accumulators[place].copy() if conv.resume else np.zeros((len(positions), self.n), dtype=np.int64)
            )
            for ic_tile in range(conv.ic_tiles):
                needed = conv.after + (ic_tile if conv.step else 0)
                assert needed <= self.tiles_done, f"CONV {conv.number} waits for ever"
                sums *= 16 if conv.raises(ic_tile) else 1
                for ky in range(conv.kernel_h):
                    for kx in range(conv.kernel_w):
                        weights = self.rows[self.row : self.row + self.n]
                        at = self.program.weight_positions[((self.row + self.n) * self.n - 1) // 16]
                        self.row += self.n
                        inside, words = self.words_of(conv, places, oc_tile, ic_tile, ky, kx)
                        reads.append(words)
                        sums[inside] += self.meet(conv, words, needed, at) @ weights
            sums = wrapped(sums)
            self.accumulators[place], self.held[place] = sums, conv.hold
            if conv.hold:
                continue
            if conv.mode == CODES:
                self.write(conv, oc_tile, sums, np.concatenate(reads))
            else:
                values = np.maximum(sums, 0) if conv.mode == RELU else sums
                pairs = (values & 0xFFFFFFFF).reshape(len(values), -1, 2)
                self.results += [int(low) | int(high) << 32 for low, high in pairs.reshape(-1, 2)]

    def words_of(self, conv: Conv, places, oc_tile: int, ic_tile: int, ky: int, kx: int):
        """Which positions meet the map at a tap, and the words that they meet."""
        y = places[:, 1] * conv.stride + ky + conv.origin_y
        x = places[:, 2] * conv.stride + kx + conv.origin_x
        inside = (y >= 0) & (y < conv.in_h) & (x >= 0) & (x < conv.in_w)
        offset = (y - conv.origin_y) * conv.in_w + (x - conv.origin_x)
        words = conv.base + places[:, 0] * conv.image_stride + ic_tile * conv.tile_stride + oc_tile * conv.oc_stride
        return inside, (words + offset)[inside] % ADDRESSES

    def write(self, conv: Conv, oc_tile: int, sums, reads) -> None:
        codes = self.codes_of(sums)
        if conv.pool:
            codes = codes.reshape(-1, 4, self.n).max(axis=1)
        side = 2 if conv.pool else 1
        a_map = (conv.out_h // side) * (conv.out_w // side)
        image, place = np.divmod(np.arange(len(codes)), a_map)
        words = conv.out_base + image * conv.out_image_stride + oc_tile * conv.out_tile_stride + place
        assert not np.isin(words, reads).any(), f"CONV {conv.number} writes where it reads"
        self.memory[words], self.known[words] = codes, True
        self.tiles_done += 1
        self.written_tile[words], self.written_position[words] = self.tiles_done, -1
        self.last_conv[words], self.unread[words] = conv.number, True

    def codes_of(self, sums):
        """Thresholds of the next tile, each compared by itself."""
        beats = self.program.thresholds[self.tile * self.set_beats : (self.tile + 1) * self.set_beats]
        self.tile += 1
        codes = np.zeros(sums.shape, dtype=np.int64)
        for column in range(self.n):
            thresholds, falls = thresholds_of(beats[THRESHOLD_BEATS * column : THRESHOLD_BEATS * (column + 1)])
            assert thresholds == sorted(thresholds), "thresholds must ascend"
            values = -sums[:, column] - 1 if falls else sums[:, column]
            for threshold in thresholds:
                codes[:, column] += values >= threshold
        return codes

    def read(self, conv: Conv) -> None:
        assert (conv.oc_tiles, conv.kernel_h, conv.kernel_w) == (1, 1, 1)
        assert conv.after <= self.tiles_done, "a READ waits for ever"
        places = np.array(conv.positions())
        codes: list[int] = []
        for ic_tile in range(conv.ic_tiles):
            inside, words = self.words_of(conv, places, 0, ic_tile, 0, 0)
            assert inside.all()
            codes += [int(code) for word in self.meet(conv, words, conv.after, conv.position) for code in word]
        codes += [0] * (-len(codes) % 32)  # whole 128-bit words
        self.results += [
            sum(code << 4 * k for k, code in enumerate(codes[at : at + 16])) for at in range(0, len(codes), 16)
        ]


def fold(payload: list[int], n: int):
    """Addresses and words that an IMAGE command writes, in any order."""
    (address, _), images = halves_of(payload[0]), payload[0] >> 48
    rows, row_bytes, out_h, out_w = (payload[1] >> s & 0xFFFF for s in (0, 16, 32, 48))
    (tile_stride, low_stride), run = halves_of(payload[2]), payload[2] >> 48
    image_stride, step = payload[3] & 0xFFFFFF, payload[3] >> 24 & 0xFFFF
    first = (payload[3] >> 40 & 0xFFFF ^ 0x8000) - 0x8000
    kernel_h, stride, padding = payload[3] >> 56 & 7, payload[3] >> 59 & 3, payload[3] >> 61
    assert payload[4] == 0 and kernel_h >= 1 and stride in (1, 2) and min(images, rows, out_h, out_w, run) >= 1
    assert 1 <= row_bytes <= 2048 and run < 2048 and step < 2048 and -2048 <= first < 2048
    octets = np.frombuffer(b"".join(beat.to_bytes(8, "little") for beat in payload[5:]), np.uint8)
    lines = octets.reshape(images, rows, -(-row_bytes // 16) * 16)
    assert not lines[:, :, row_bytes:].any(), "rows are filled up with zeros"
    # The image on a ground of 128, far enough in every direction
    above, left, width = 7, 2048, 2048 + row_bytes + out_w * step + run
    ground = np.full((images, above + rows + out_h * stride + 7, width), 128, np.int64)
    ground[:, above : above + rows, left : left + row_bytes] = lines[:, :, :row_bytes]
    tiles = -(-kernel_h * run // n)
    values = np.full((images, out_h, out_w, tiles * n), 128, np.int64)
    for y in range(out_h):
        for x in range(out_w):
            top, at = above + y * stride - padding, left + first + x * step
            values[:, y, x, : kernel_h * run] = ground[:, top : top + kernel_h, at : at + run].reshape(images, -1)
    image, y, x, tile, low = np.indices((images, out_h, out_w, tiles, 2)).reshape(5, -1)
    addresses = address + image * image_stride + y * out_w + x + tile * tile_stride + low * low_stride
    nibbles = np.stack((values >> 4, values & 15), axis=-1).reshape(images, out_h, out_w, tiles, n, 2)
    return addresses, nibbles.transpose(0, 1, 2, 3, 5, 4).reshape(-1, n)


def wrapped(sums):
    """Sums as 28 bits hold them: additions and 16-folds before them change nothing but what lies above."""
    return (sums + (1 << 27)) % (1 << 28) - (1 << 27)


def halves_of(beat: int) -> tuple[int, int]:
    """Two numbers of 24 bits."""
    return beat & 0xFFFFFF, beat >> 24 & 0xFFFFFF


def thresholds_of(beats: list[int]) -> tuple[list[int], bool]:
    """A channel's thresholds, t1 first, and whether it falls."""
    patterns = {12: 0}
    pairs = [(1, 2), (3, 5), (6, 7), (9, 10), (11, 13), (14, 15), (4, 8)]
    for place, (beat, (low, high)) in enumerate(zip(beats, pairs, strict=True)):
        patterns[low], patterns[high] = beat & 0xFFFFFFF, beat >> 28 & 0xFFFFFFF
        patterns[12] |= (beat >> 56 & 0xF) << 4 * place
        assert beat >> 60 in ((0, 8) if place == 6 else (0,)), "reserved bits"
    return [(patterns[number] ^ 1 << 27) - (1 << 27) for number in range(1, 16)], bool(beats[6] >> 63)


def crc_of(beats: list[int]) -> int:
    return zlib.crc32(b"".join(beat.to_bytes(8, "little") for beat in beats))


def nibbles_of(beats: list[int], n: int):
    """Words or rows of n nibbles; the last one whole or left out."""
    nibbles = np.array([beat >> 4 * k & 0xF for beat in beats for k in range(16)], dtype=np.int64)
    return nibbles[: len(nibbles) // n * n].reshape(-1, n)
