"""Small stimulus sets as course projects write them: a control set, and a function for each kind of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
TAPS, POSITIONS, OUTPUTS = 9, 36, 16
HEADER = ("#time0row7[msb-lsb],...,time0row0[msb-lsb]#", "#time1row7[msb-lsb],...,time1row0[msb-lsb]#", "#....#")
ADDRESSES = [
    tap * POSITIONS + (y + tap // 3) * 6 + x + tap % 3 for y in range(4) for x in range(4) for tap in range(TAPS)
]


@dataclass(frozen=True)
class Layer:
    """A 3x3 convolution of random integers: 4x4 map, padding 1, stride 1.

    Attributes:
        maps: int64 (channels, 4, 4), 0..15.
        weights: int64 (out channels, channels, taps), -7..7; each output channel is positive and negative somewhere.
    """

    maps: Ints
    weights: Ints

    @classmethod
    def random(cls, seed: int, ic: int = 8, oc: int = 8, most: int = 15) -> Layer:
        """A layer with activations 0..most."""
        rng = np.random.default_rng(seed)
        while True:
            layer = cls(rng.integers(0, most + 1, (ic, 4, 4)), rng.integers(-7, 8, (oc, ic, TAPS)))
            if (layer.outputs > 0).any(axis=0).all() and (layer.outputs < 0).any(axis=0).all():
                return layer

    def another_map(self, seed: int) -> Layer:
        """The same weights on another map."""
        return Layer(np.random.default_rng(seed).integers(0, 16, self.maps.shape), self.weights)

    @cached_property
    def rows(self) -> Ints:
        """Activation lines: (positions, channels)."""
        padded = np.pad(self.maps, ((0, 0), (1, 1), (1, 1)))
        return padded.reshape(len(padded), POSITIONS).T

    @cached_property
    def psums(self) -> Ints:
        """(taps, positions, out channels)."""
        return np.einsum("pc,oct->tpo", self.rows, self.weights)

    @cached_property
    def psums_at_outputs(self) -> Ints:
        """(taps, outputs, out channels)."""
        sources = np.array(ADDRESSES).reshape(OUTPUTS, TAPS) % POSITIONS
        return np.stack([self.psums[tap, sources[:, tap]] for tap in range(TAPS)])

    @cached_property
    def outputs(self) -> Ints:
        """(outputs, out channels), before ReLU."""
        return self.psums_at_outputs.sum(axis=0)

    @property
    def relu(self) -> Ints:
        """(outputs, out channels), after ReLU."""
        return np.maximum(self.outputs, 0)

    @property
    def pooled(self) -> Ints:
        """(4, out channels): the largest of each 2x2 outputs after ReLU."""
        return self.relu.reshape(2, 2, 2, 2, -1).max(axis=(1, 3)).reshape(4, -1)


def binary(rows: Ints, bits: int, between: str = "", behind: str = "") -> list[str]:
    """Lines of fields, the highest index first."""
    codes = (rows & ((1 << bits) - 1))[:, ::-1]
    return [between.join(format(int(code), f"0{bits}b") for code in row) + behind for row in codes]


def put(path: Path, lines: Sequence[str], header: Sequence[str] = HEADER) -> None:
    """Writes a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in (*header, *lines)))


def put_weights(folder: Path, weights: Ints, name: str = "weight_kij{}.txt", **how: Any) -> None:
    """One file a tap: a line an output channel."""
    for tap in range(TAPS):
        put(folder / name.format(tap), binary(weights[:, :, tap], 4, **how))


def control(folder: Path, layer: Layer) -> None:
    """The set that everybody reads."""
    put(folder / "activation.txt", binary(layer.rows, 4))
    put_weights(folder, layer.weights)
    put(folder / "output.txt", binary(layer.relu, 16))


def rename_words(folder: Path, layer: Layer) -> None:
    put(folder / "bin_act.txt", binary(layer.rows, 4))
    put_weights(folder, layer.weights, "k{}_wgt.txt")
    put(folder / "expected_final.txt", binary(layer.relu, 16))


def k_names(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    for tap in range(TAPS):
        (folder / f"weight_kij{tap}.txt").rename(folder / f"weight_k{tap}.txt")


def header_without_hash(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    put(folder / "output.txt", binary(layer.relu, 16), ["time0col7[msb-lsb],time0col0[msb-lsb]#", "time1col7", "...."])


def spaced_fields(folder: Path, layer: Layer) -> None:
    put(folder / "activation.txt", binary(layer.rows, 4, between=" "))
    put_weights(folder, layer.weights, between=" ")
    put(folder / "output.txt", binary(layer.relu, 16, between=" ", behind=" "))


def leading_blank_lines(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    for path in folder.glob("*.txt"):
        path.write_text("\n\n \n" + path.read_text().split("#....#\n")[1])


def trailing_blanks(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    for path in folder.glob("*.txt"):
        path.write_text(path.read_text().replace("\n", " \t\n"))


def psum_is_the_sum(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    put(folder / "psum.txt", binary(layer.outputs, 16))


def pooled_and_raw(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    (folder / "output.txt").unlink()
    put(folder / "out_raw.txt", binary(layer.outputs, 16))
    put(folder / "out.txt", binary(layer.pooled, 16))


def pooled_only(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    put(folder / "output.txt", binary(layer.pooled, 16))
    psums_of_taps(folder, layer)


def psums_of_taps(folder: Path, layer: Layer) -> None:
    """``psum_0.txt`` to ``psum_8.txt``."""
    for tap in range(TAPS):
        put(folder / f"psum_{tap}.txt", binary(layer.psums[tap], 16))


def named_psums(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    psums_of_taps(folder, layer)


def addresses_twice(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    for name in ("acc_address.txt", "address.txt"):
        put(folder / name, [f"{address:011b}" for address in ADDRESSES], ())


def wide_addresses(folder: Path, layer: Layer) -> None:
    """14 bits, nine a line."""
    control(folder, layer)
    words = [f"{address:014b}" for address in ADDRESSES]
    put(folder / "psum_address.txt", ["".join(words[at : at + 9]) for at in range(0, len(words), 9)])


def unneeded_addresses(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    put(folder / "acc_add.txt", [f"{at * 7 % 41:011b}" for at in range(TAPS * POSITIONS)], ())


def unpadded_map(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    put(folder / "activation.txt", binary(layer.maps.reshape(-1, OUTPUTS).T, 4))


def unpadded_map_and_psums(folder: Path, layer: Layer) -> None:
    unpadded_map(folder, layer)
    for tap in range(TAPS):
        put(folder / f"psum_{tap}.txt", binary(layer.psums_at_outputs[tap], 16))


def output_tiles_in_folders(folder: Path, layer: Layer) -> None:
    put(folder / "activation.txt", binary(layer.rows, 4))
    for tile, channels in enumerate((slice(0, 8), slice(8, 16))):
        put_weights(folder / f"Tile{tile}", layer.weights[channels], "weight_{}.txt")
        put(folder / f"Tile{tile}" / "out.txt", binary(layer.relu[:, channels], 16))


def cores_in_names(folder: Path, layer: Layer) -> None:
    put(folder / "act.txt", binary(layer.rows, 4))
    for core, channels in enumerate((slice(0, 8), slice(8, 16))):
        put_weights(folder, layer.weights[channels], f"core{core}_weight_{{}}.txt")
        put(folder / f"core{core}_out.txt", binary(layer.relu[:, channels], 16))


def input_tiles_in_folders(folder: Path, layer: Layer) -> None:
    for tile, channels in enumerate((slice(0, 8), slice(8, 16))):
        put(folder / f"tile{tile}" / "input.txt", binary(layer.rows[:, channels], 4))
        put_weights(folder / f"tile{tile}", layer.weights[:, channels])
    put(folder / "output.txt", binary(layer.relu, 16))


def accumulated_name(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    (folder / "output.txt").rename(folder / "output_accumulated.txt")


def leftover_taps(folder: Path, layer: Layer) -> None:
    """All taps in weight.txt; the files of single taps are of an earlier run."""
    control(folder, layer)
    put_weights(folder, np.random.default_rng(99).integers(-8, 8, layer.weights.shape))
    put(folder / "weight.txt", [line for tap in range(TAPS) for line in binary(layer.weights[:, :, tap], 4)])


def second_weight_file(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    put(folder / "weight (2).txt", binary(np.random.default_rng(99).integers(-8, 8, (8, 8)), 4))


def placeholder_weights(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    put(folder / "weight_itile0_otile0_kij0.txt", binary(np.ones((8, 8), dtype=np.int64), 4))


def copied_weights(folder: Path, layer: Layer) -> None:
    """All taps in weight.txt and in files of their own, the same numbers."""
    control(folder, layer)
    put(folder / "weight.txt", [line for tap in range(TAPS) for line in binary(layer.weights[:, :, tap], 4)])


def maps_with_shared_weights(folder: Path, layer: Layer) -> None:
    put_weights(folder, layer.weights)
    for at, one in enumerate((layer, layer.another_map(1), layer.another_map(2))):
        put(folder / f"activation_tile{at}.txt", binary(one.rows, 4))
        put(folder / f"out{at}.txt", binary(one.relu, 16))


def maps_in_folders(folder: Path, layer: Layer) -> None:
    """Pooled outputs, maps without their padding."""
    put_weights(folder, layer.weights, "w{}.txt")
    for at, one in enumerate((layer, layer.another_map(1)), 1):
        put(folder / f"img{at}" / "act.txt", binary(one.maps.reshape(-1, OUTPUTS).T, 4))
        put(folder / f"img{at}" / "out.txt", binary(one.pooled, 16))


def convolutions_in_folders(folder: Path, layer: Layer) -> None:
    for at, one in enumerate((layer, Layer.random(77))):
        control(folder / f"core{at}", one)


def numbers_from_one(folder: Path, layer: Layer) -> None:
    """Weights count their taps from 0, partial sums from 1."""
    control(folder, layer)
    for tap in range(TAPS):
        put(folder / f"psum_{tap + 1}.txt", binary(layer.psums[tap], 16))


def hexadecimal(folder: Path, layer: Layer) -> None:
    """Addresses too."""
    named_psums(folder, layer)
    for path in folder.glob("*.txt"):
        lines = [line for _, line in data_lines(path)]
        put(path, ["".join(f"{int(line[at : at + 4], 2):x}" for at in range(0, len(line), 4)) for line in lines])
    put(folder / "addr.txt", [f"{address:03x}" for address in ADDRESSES], ())


def output_stationary_beside(folder: Path, layer: Layer) -> None:
    control(folder, layer)
    output_stationary(folder, layer)


def output_stationary(folder: Path, layer: Layer) -> None:
    rng = np.random.default_rng(99)
    for ic in range(3):
        put(folder / f"activation_os_ic{ic}.txt", binary(rng.integers(0, 16, (TAPS, 8)), 4))
        put(folder / f"weight_os_ic{ic}.txt", binary(rng.integers(0, 16, (TAPS, 8)), 4))


def sixteen_channels_a_line(folder: Path, layer: Layer) -> None:
    """16 rows and 8 columns."""
    put(folder / "activation_16.txt", binary(layer.rows, 4))
    put(folder / "weight_16.txt", [line for tap in range(TAPS) for line in binary(layer.weights[:, :, tap], 4)])
    put(folder / "output_16.txt", binary(layer.relu, 16))


def two_bits(folder: Path, layer: Layer) -> None:
    """16 activations of 2 bits in 8 fields of 4, neighbours together; 16 columns."""
    put(folder / "activation.txt", binary(layer.rows, 2))
    put_weights(folder, layer.weights)
    put(folder / "output.txt", binary(layer.relu, 16))
    for tap in range(TAPS):
        put(folder / f"psum_{tap}.txt", binary(layer.psums[tap], 16))


def two_bits_in_halves(folder: Path, layer: Layer) -> None:
    """Channels r and r+8 share a field; a column's weights are two lines of 8; two files of 8 columns."""
    pairs = np.arange(16).reshape(2, 8).T.reshape(-1)
    put(folder / "activation.txt", binary(layer.rows[:, pairs], 2))
    for tile, channels in enumerate((slice(0, 8), slice(8, 16))):
        weights = layer.weights[channels].reshape(16, 8, TAPS)
        put_weights(folder, weights, f"weight_otile{tile}_kij{{}}.txt")
        put(folder / f"out_otile{tile}.txt", binary(layer.relu[:, channels], 16))


@dataclass(frozen=True)
class Case:
    """A kind of set.

    Attributes:
        write: writes it.
        compared: sums that a replay compares.
        says: what the reader must say of it.
        unused: files that it must name as unused.
        layer: channels of its layer, and the largest activation.
    """

    write: Callable[[Path, Layer], None]
    compared: int = 128
    says: tuple[tuple[str, str], ...] = ()
    unused: tuple[str, ...] = ()
    layer: tuple[int, int, int] = (8, 8, 15)

    def make(self, folder: Path, seed: int = 3) -> Layer:
        """Writes the set."""
        layer = Layer.random(seed, *self.layer)
        self.write(folder, layer)
        return layer


_WIDE = (("channels a line", "16 input and 16 output channels"),)
_OS = tuple(f"{kind}_os_ic{ic}.txt" for kind in ("activation", "weight") for ic in range(3))
CASES = {
    "control": Case(control),
    "words_in_any_order": Case(rename_words),
    "k_names": Case(k_names),
    "header_without_hash": Case(header_without_hash),
    "spaced_fields": Case(spaced_fields),
    "leading_blank_lines": Case(leading_blank_lines, says=(("comment lines", "3"),)),
    "trailing_blanks": Case(trailing_blanks),
    "psum_is_the_sum": Case(psum_is_the_sum, 256, (("psum", "before ReLU"),)),
    "pooled_and_raw": Case(pooled_and_raw, 160, (("out", "after ReLU, 2x2 max-pooled and before ReLU"),)),
    "pooled_only": Case(pooled_only, 32 + 2592, (("out", "after ReLU, 2x2 max-pooled"),)),
    "named_psums": Case(named_psums, 128 + 2592, (("psum", "36 rows, taps 0 to 8"),)),
    "addresses_twice": Case(addresses_twice, says=(("acc", "kij*positions + source, output by output"),)),
    "wide_addresses": Case(
        wide_addresses, says=(("acc", "kij*positions + source, output by output, 9 addresses a line"),)
    ),
    "unneeded_addresses": Case(unneeded_addresses),
    "unpadded_map": Case(unpadded_map, says=(("map", "4x4 outputs of a 4x4 map with implied padding 1, kernel 3x3"),)),
    "unpadded_map_and_psums": Case(unpadded_map_and_psums, 128 + 1152),
    "output_tiles_in_folders": Case(output_tiles_in_folders, 256, (("output-channel tiles", "2"),), layer=(8, 16, 15)),
    "cores_in_names": Case(cores_in_names, 256, (("output-channel tiles", "2"),), layer=(8, 16, 15)),
    "input_tiles_in_folders": Case(input_tiles_in_folders, 128, (("input-channel tiles", "2"),), layer=(16, 8, 15)),
    "accumulated_name": Case(accumulated_name),
    "leftover_taps": Case(leftover_taps, unused=tuple(f"weight_kij{tap}.txt" for tap in range(TAPS))),
    "second_weight_file": Case(second_weight_file, unused=("weight (2).txt",)),
    "placeholder_weights": Case(placeholder_weights, unused=("weight_itile0_otile0_kij0.txt",)),
    "copied_weights": Case(copied_weights, unused=("weight.txt",)),
    "maps_with_shared_weights": Case(maps_with_shared_weights, 384, (("convolutions", "3 maps with shared weights"),)),
    "maps_in_folders": Case(maps_in_folders, 64, (("convolutions", "2 maps with shared weights"),)),
    "convolutions_in_folders": Case(convolutions_in_folders, 256, (("convolutions", "2 convolutions of their own"),)),
    "numbers_from_one": Case(numbers_from_one, 128 + 2592),
    "hexadecimal": Case(hexadecimal, 128 + 2592, (("acc", "kij*positions + source, output by output"),)),
    "output_stationary_beside": Case(output_stationary_beside, unused=_OS),
    "sixteen_channels_a_line": Case(
        sixteen_channels_a_line,
        128,
        (("channels a line", "16 input and 8 output channels"),),
        layer=(16, 8, 15),
    ),
    "two_bits": Case(
        two_bits,
        256 + 9 * 576,
        (*_WIDE, ("activations", "2 bits, two a field: channels 2r and 2r+1")),
        layer=(16, 16, 3),
    ),
    "two_bits_in_halves": Case(
        two_bits_in_halves,
        256,
        (("activations", "2 bits, two a field: channels r and r+8"), ("output-channel tiles", "2")),
        layer=(16, 16, 3),
    ),
}


def data_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of digits."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.strip() and set(line) <= set("0123456789abcdef \t"):
            yield number, line


def flip(path: Path, line: int, digit: int) -> None:
    """Flips the lowest bit of a digit of a line, counted from its end, without blanks."""
    lines = path.read_text().splitlines()
    text = list(lines[line - 1])
    at = [index for index, character in enumerate(text) if not character.isspace()][-1 - digit]
    text[at] = f"{int(text[at], 16) ^ 1:x}"
    lines[line - 1] = "".join(text)
    path.write_text("".join(f"{one}\n" for one in lines))
