"""A program: the beats that the accelerator receives, and what comes back; see ``docs/program_format.md``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ProgramError
from tilewright.hardware.beats import BEAT_BYTES, STREAM_WORD_BEATS, Beats, crc32_of
from tilewright.hardware.commands import (
    LEAD_BEATS,
    Begin,
    Body,
    Command,
    Conv,
    End,
    Image,
    Load,
    Thresholds,
    Weights,
    flags_of,
)
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program_format import BEGIN, CONV, END, HEADER, IMAGE, LOAD, Opcode
from tilewright.hardware.results import ResultMap, decode_results

MAX_SEQUENCE = HEADER.fields["sequence"].bits.most

_KINDS: dict[int, type[Command]] = {kind.opcode: kind for kind in (Begin, Load, Image, Conv, Weights, Thresholds, End)}
_EXACT_BEATS = {Opcode.BEGIN: BEGIN.beats, Opcode.CONV: CONV.beats, Opcode.END: END.beats}
_BEFORE_DATA = {
    Opcode.LOAD: LOAD.beats,
    Opcode.IMAGE: IMAGE.beats,
    Opcode.WEIGHTS: LEAD_BEATS,
    Opcode.THRESHOLDS: LEAD_BEATS,
}
_FEWEST_BEATS = _EXACT_BEATS | {opcode: beats + STREAM_WORD_BEATS for opcode, beats in _BEFORE_DATA.items()}


@dataclass(frozen=True)
class Program:
    """Beats ready to be sent, and what comes back.

    Attributes:
        beats: uint64 (count,), the one packet; read-only.
        array: parameters that it was compiled for.
        program_id: 32-bit number that the register PROGRAM shows.
        outputs: one entry for each CONV command that returns something, in order.
    """

    beats: Beats = field(repr=False)
    array: ArrayParameters
    program_id: int
    outputs: tuple[ResultMap, ...]

    @property
    def nbytes(self) -> int:
        """Length of the program in bytes."""
        return len(self.beats) * BEAT_BYTES

    @property
    def sent(self) -> End:
        """END as the beats have it: the CRC-32s that the trailer must repeat."""
        return End(**END.decode(self.beats[-END.beats :].tolist()))

    @property
    def output_beats(self) -> int:
        """Result beats before the trailer."""
        return sum(output.beats(self.array.n) for output in self.outputs)

    def unpack(self, packet: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[Any], ...]:
        """Checks a result packet and takes it apart.

        Args:
            packet: uint64, all beats received, trailer included.

        Returns:
            For each entry of ``outputs``: int32 sums or uint8 codes (images, channels, h, w).

        Raises:
            ResultError: the packet cannot be trusted; says which field is wrong.
            DeviceError: the trailer carries an error of the accelerator.
        """
        return decode_results(packet, self.array.n, self.sent, self.outputs)


@dataclass(frozen=True)
class Frame:
    """What the programs of one network and one size of batch share: all but the images.

    Attributes:
        beats: uint64 (count,), the one packet, 0 where images and END's CRC-32s go; read-only.
        images: for each LOAD and IMAGE command, where its data go.
        crc: CRC-32 of all other beats.
    """

    beats: Beats = field(repr=False)
    images: tuple[slice, ...] = field(repr=False)
    crc: int

    @cached_property
    def changing(self) -> tuple[slice, ...]:
        """The beats that differ from program to program: images, and END's CRC-32s."""
        return (*self.images, slice(len(self.beats) - END.beats, len(self.beats)))

    @cached_property
    def sources(self) -> tuple[slice, ...]:
        """For each of ``images``, where its data are among those of all, one behind the other."""
        ends = [0, *accumulate(place.stop - place.start for place in self.images)]
        return tuple(slice(*pair) for pair in pairwise(ends))


class FramedProgram(Program):
    """A program as its frame and its images; :attr:`beats` are put together when somebody asks for them.

    Args:
        frame: what it shares with others.
        images: uint64, the data of all LOAD and IMAGE commands, one behind the other.
        array, program_id, outputs: as of :class:`Program`.
    """

    def __init__(
        self, frame: Frame, images: Beats, array: ArrayParameters, program_id: int, outputs: tuple[ResultMap, ...]
    ) -> None:
        # Frozen, as the class it extends
        vars(self).update(frame=frame, images=images, array=array, program_id=program_id, outputs=outputs)

    frame: Frame
    images: Beats

    @cached_property
    def beats(self) -> Beats:
        """As :attr:`Program.beats`."""
        beats = self.frame.beats.copy()
        self.write_images(beats)
        beats.setflags(write=False)
        return beats

    @cached_property
    def sent(self) -> End:
        """As :attr:`Program.sent`."""
        return End(crc32_of(self.images), self.frame.crc)

    @property
    def nbytes(self) -> int:
        """As :attr:`Program.nbytes`."""
        return len(self.frame.beats) * BEAT_BYTES

    def write_images(self, target: Beats) -> None:
        """Writes what differs from program to program.

        Args:
            target: uint64, as long as the frame or longer, which holds the frame or a program of it.
        """
        # Views of memory: those of numpy take three times as long to make
        into, images = memoryview(target), memoryview(self.images)  # type: ignore[arg-type]
        for place, source in zip(self.frame.images, self.frame.sources, strict=True):
            into[place] = images[source]
        target[self.frame.changing[-1]] = self.sent.payload()


def content_id(commands: Iterable[Body], start: int = 0) -> int:
    """A program id that tells contents apart: the CRC-32 of the commands' payloads.

    Args:
        commands: between BEGIN and END.
        start: of the commands before them.

    Returns:
        The id, 0..2**32-1.
    """
    for command in commands:
        start = crc32_of(command.payload(), start)
    return start


def encode_program(commands: Sequence[Begin | Body]) -> Beats:
    """Beats of a whole program; sequence numbers, lengths, END and its CRC-32s are added.

    Args:
        commands: BEGIN, then any others but END.

    Returns:
        uint64 (count,), read-only.

    Raises:
        ProgramError: more commands than sequence numbers, a value that its field does not hold, or data that are no
            whole number of 128-bit words, or of words or rows of the array.
    """
    return seal_program(*_encode(commands))


def seal_program(beats: Beats, images: Sequence[slice]) -> Beats:
    """A program with the CRC-32s in END that its beats give.

    Args:
        beats: uint64 (count,), END included.
        images: for each LOAD and IMAGE command, where its data are.

    Returns:
        uint64 (count,), read-only.
    """
    sealed = beats.copy()
    sealed[-END.beats :] = End(*_crcs(beats, images)).payload()
    sealed.setflags(write=False)
    return sealed


def encode_frame(commands: Sequence[Begin | Body]) -> Frame:
    """What programs share whose commands differ in the data of LOAD and IMAGE commands only.

    Args:
        commands: as of :func:`encode_program`; what these data are does not matter, their number does.

    Returns:
        The frame.

    Raises:
        ProgramError: more commands than sequence numbers, a value that its field does not hold, or data that are no
            whole number of 128-bit words, or of words or rows of the array.
    """
    beats, images = _encode(commands)
    _, crc = _crcs(beats, images)
    for place in images:
        beats[place] = 0
    beats.setflags(write=False)
    return Frame(beats, tuple(images), crc)


def _encode(commands: Sequence[Begin | Body]) -> tuple[Beats, list[slice]]:
    """Beats of a program whose END holds no CRC-32s yet, and where activation words lie."""
    if len(commands) > MAX_SEQUENCE:
        raise ProgramError(
            f"{len(commands)} commands; a program holds at most {MAX_SEQUENCE} before END: run fewer images at a time"
        )
    parts: list[Beats] = []
    images: list[slice] = []
    at = 0
    begin = commands[0]
    assert isinstance(begin, Begin)
    for sequence, command in enumerate((*commands, End(0, 0))):
        payload = command.payload()
        _check_length(command.opcode, len(payload), begin.n, f"command {sequence} ({command.opcode.name})")
        parts += [_header(command, sequence, len(payload)), payload]
        at += 1 + len(payload)
        if isinstance(command, Load | Image):
            images.append(slice(at - len(command.data), at))
    return np.concatenate(parts), images


def _crcs(beats: Beats, images: Sequence[slice]) -> tuple[int, int]:
    """CRC-32s of a program's images, and of its other beats before END's."""
    of_images = of_program = at = 0
    for place in images:
        of_program = crc32_of(beats[at : place.start], of_program)
        of_images = crc32_of(beats[place], of_images)
        at = place.stop
    return of_images, crc32_of(beats[at : -END.beats], of_program)


def decode_program(beats: Beats) -> list[Command]:
    """Commands of a program; inverse of :func:`encode_program`, END included.

    Args:
        beats: uint64 (count,).

    Returns:
        The commands in order.

    Raises:
        ProgramError: names the beat, the command and the field that is wrong.
    """
    commands: list[Command] = []
    images: list[slice] = []
    start = 0
    while start < len(beats):
        command, start = _decode_command(beats, start, sequence=len(commands))
        commands.append(command)
        if isinstance(command, Load | Image):
            images.append(slice(start - len(command.data), start))
        if isinstance(command, End) and start != len(beats):
            raise ProgramError(f"beat {start}: {len(beats) - start} beat(s) after END")
    if not commands or not isinstance(commands[-1], End):
        raise ProgramError(f"beat {start}: the program ends after {len(commands)} command(s) without END")
    end = commands[-1]
    of_images, of_program = _crcs(beats, images)
    for what, got, expected in (("images", end.images_crc, of_images), ("program", end.program_crc, of_program)):
        if got != expected:
            raise ProgramError(
                f"beat {start - 1}: CRC-32 of the {what} is {got:#010x}, the beats give {expected:#010x}"
            )
    return commands


def describe_command(beats: Beats, sequence: int) -> str:
    """One line about the command with a sequence number, for error messages.

    Args:
        beats: a program, which may be damaged.
        sequence: the command's sequence number.

    Returns:
        Such as ``command 2 (beats 5 to 150): CONV of ...``; of a number that it does not hold, what that means.
    """
    start = 0
    for index in range(sequence + 1):
        if start >= len(beats):
            return (
                f"no command of this program, which has {index}: what came was not this program from its first beat "
                "on (a reset in the middle of it; beats lost, added or damaged on the way; or it was not flushed)"
            )
        try:
            command, end = _decode_command(beats, start, index)
        except ProgramError as error:
            return f"command {sequence}, which cannot be decoded ({error})"
        if index == sequence:
            break
        start = end
    return f"command {sequence} (beats {start} to {end - 1}): {command}"


def _decode_command(beats: Beats, start: int, sequence: int) -> tuple[Command, int]:
    header = HEADER.decode([int(beats[start])])
    opcode, length = header["opcode"], header["length"]
    where = f"beat {start}, command {sequence}"
    if opcode not in _KINDS:
        raise ProgramError(f"{where}: unknown opcode {opcode:#04x}")
    kind = _KINDS[opcode]
    where += f" ({kind.opcode.name})"
    if (sequence == 0) != (kind is Begin):
        raise ProgramError(f"{where}: BEGIN is the first command and no other")
    if header["sequence"] != sequence:
        raise ProgramError(f"{where}: sequence number is {header['sequence']}")
    needed = _FEWEST_BEATS[kind.opcode]
    if length < needed or (kind.opcode in _EXACT_BEATS and length != needed):
        raise ProgramError(f"{where}: payload of {length} beat(s), it needs {needed}")
    if sequence:
        _check_length(kind.opcode, length, _array_size(beats), where)
    end = start + 1 + length
    if end > len(beats):
        raise ProgramError(f"{where}: payload of {length} beat(s), but only {len(beats) - start - 1} follow")
    return kind.parse(beats[start + 1 : end], header["flags"], where), end


def _array_size(beats: Beats) -> int:
    """The array of the BEGIN that a program begins with."""
    place = BEGIN.fields["n"]
    return place.extract(int(beats[HEADER.beats + place.beat]))


def _check_length(opcode: Opcode, length: int, n: int, where: str) -> None:
    """Refuses a payload that makes no whole number of 128-bit words with its header, or holds a part of a row of n."""
    row = ArrayParameters(n=n).word_beats
    data = length - _BEFORE_DATA.get(opcode, 0)
    if (HEADER.beats + length) % STREAM_WORD_BEATS:
        raise ProgramError(
            f"{where}: header and payload have {HEADER.beats + length} beats, no whole number of 128-bit words"
        )
    if opcode in (Opcode.LOAD, Opcode.WEIGHTS) and data % row:
        raise ProgramError(f"{where}: {data} beats of data, no whole number of words or rows of {row} beats")


def _header(command: Command, sequence: int, length: int) -> Beats:
    values = {"opcode": command.opcode, "flags": flags_of(command), "sequence": sequence, "length": length}
    return np.array(HEADER.encode(values), dtype=np.uint64)
