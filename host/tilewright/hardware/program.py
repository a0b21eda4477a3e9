"""A program: the beats that the accelerator receives, and what comes back; see ``docs/program_format.md``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ProgramError
from tilewright.hardware.beats import BEAT_BYTES, Beats, crc32_of
from tilewright.hardware.commands import (
    Begin,
    Body,
    Command,
    Conv,
    End,
    Load,
    Thresholds,
    Weights,
    flags_of,
)
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program_format import BEGIN, CONV, END, HEADER, LOAD, Opcode
from tilewright.hardware.results import ResultMap, decode_results

MAX_SEQUENCE = HEADER.fields["sequence"].bits.most

_KINDS: dict[int, type[Command]] = {kind.opcode: kind for kind in (Begin, Load, Conv, Weights, Thresholds, End)}
_EXACT_BEATS = {Opcode.BEGIN: BEGIN.beats, Opcode.CONV: CONV.beats, Opcode.END: END.beats}
_FEWEST_BEATS = {**_EXACT_BEATS, Opcode.LOAD: LOAD.beats + 1, Opcode.WEIGHTS: 1, Opcode.THRESHOLDS: 1}


@dataclass(frozen=True)
class Program:
    """Beats ready to be sent, and what comes back.

    Attributes:
        beats: uint64 (count,), the one packet; read-only.
        array: parameters that it was compiled for.
        program_id: 32-bit number that the result trailer repeats.
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
        return decode_results(packet, self.array.n, self.program_id, self.outputs)


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
    """Beats of a whole program; sequence numbers, lengths, END and its CRC-32 are added.

    Args:
        commands: BEGIN, then any others but END.

    Returns:
        uint64 (count,), read-only.

    Raises:
        ProgramError: more commands than sequence numbers.
    """
    if len(commands) > MAX_SEQUENCE:
        raise ProgramError(
            f"{len(commands)} commands; a program holds at most {MAX_SEQUENCE} before END: run fewer images at a time"
        )
    parts: list[Beats] = []
    for sequence, command in enumerate(commands):
        payload = command.payload()
        parts += [_header(command, sequence, len(payload)), payload]
    parts.append(_header(End(0), len(commands), END.beats))
    body = np.concatenate(parts)
    beats = np.concatenate((body, End(crc32_of(body)).payload()))
    beats.setflags(write=False)
    return beats


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
    start = 0
    while start < len(beats):
        command, start = _decode_command(beats, start, sequence=len(commands))
        commands.append(command)
        if isinstance(command, End) and start != len(beats):
            raise ProgramError(f"beat {start}: {len(beats) - start} beat(s) after END")
    if not commands or not isinstance(commands[-1], End):
        raise ProgramError(f"beat {start}: the program ends after {len(commands)} command(s) without END")
    expected = crc32_of(beats[:-1])
    if commands[-1].crc != expected:
        raise ProgramError(f"beat {start - 1}: CRC-32 is {commands[-1].crc:#010x}, the beats give {expected:#010x}")
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
    end = start + 1 + length
    if end > len(beats):
        raise ProgramError(f"{where}: payload of {length} beat(s), but only {len(beats) - start - 1} follow")
    return kind.parse(beats[start + 1 : end], header["flags"], where), end


def _header(command: Command, sequence: int, length: int) -> Beats:
    values = {"opcode": command.opcode, "flags": flags_of(command), "sequence": sequence, "length": length}
    return np.array(HEADER.encode(values), dtype=np.uint64)
