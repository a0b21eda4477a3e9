"""The accelerator as a pynq IP driver: identity, status, counters, soft reset. Register map: ``docs/registers.md``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pynq import DefaultIP

from tilewright.errors import ParameterMismatchError
from tilewright.hardware import registers as reg
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program_format import BEGIN_FORMAT_VERSION, Opcode
from tilewright.hardware.releases import advice


@dataclass(frozen=True)
class Info:
    """What the accelerator is; fields as in the register map.

    Attributes:
        version: (major, minor, patch).
        array: array parameters.
        wgt_depth: groups of the weight store.
        out_depth: output positions of the result buffer.
        thr_w: bits of a threshold.
        thr_sets: sets of thresholds held in the columns.
        thr_depth: beats of the threshold FIFO.
        program_format: version of the program format.
        sram_latency: read latency of the memories in cycles.
        dsp_columns: columns of the array whose processing elements are DSPs, two in one.
        dsp_chain: rows after which a chain of DSPs goes through the fabric; 0: never.
        stream_w: bits of the streams in and out: 64 or 128.
        build_hash: first 32 bits of the hash of the sources.
    """

    version: tuple[int, int, int]
    array: ArrayParameters
    wgt_depth: int
    out_depth: int
    thr_w: int
    thr_sets: int
    thr_depth: int
    program_format: int
    sram_latency: int
    dsp_columns: int
    dsp_chain: int
    stream_w: int
    build_hash: int


@dataclass(frozen=True)
class Counters:
    """Performance counters of the last program; ``docs/registers.md`` says what each counts."""

    cycles: int
    layer_cycles: int
    mac_cycles: int
    stall_weights: int
    stall_activations: int
    stall_output: int
    beats_in: int
    beats_out: int
    stall_thresholds: int

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in asdict(self).items())


@dataclass(frozen=True)
class LogEntry:
    """Counters when a CONV command (a READ included) had issued its last position, since BEGIN; low 32 bits of each."""

    cycles: int
    mac_cycles: int
    stall_weights: int
    stall_activations: int
    stall_output: int
    stall_thresholds: int


@dataclass(frozen=True)
class Status:
    """STATUS and ERROR, decoded.

    Attributes:
        word: STATUS.
        flags: names of its flags that are set.
        decoder: state of the command decoder.
        engine: state of the array and its sequencer.
        error: name of the error that is kept; None without one.
        error_sequence: sequence number of the command that failed.
    """

    word: int
    flags: tuple[str, ...]
    decoder: str
    engine: str
    error: str | None
    error_sequence: int

    def __str__(self) -> str:
        flags = ", ".join(self.flags) or "idle"
        text = f"accelerator {self.word:#010x} ({flags}; decoder {self.decoder}, engine {self.engine})"
        return text if self.error is None else f"{text}, error {self.error} at sequence number {self.error_sequence}"


class Accelerator(DefaultIP):
    """The accelerator's registers.

    Args:
        description: the IP's entry in the overlay's ``ip_dict``.
    """

    bindto = ["tilewright:ip:accelerator:0.2"]  # noqa: RUF012 - pynq's metaclass wants a plain list

    def __init__(self, description: dict[str, Any]) -> None:
        super().__init__(description=description)

    def word(self, offset: int) -> int:
        """A register, 0 to 2^32 - 1; pynq 3.1's remote devices read registers as signed numbers."""
        # Not by pynq's read: most of what that does is for widths that no register has
        return int(self.mmio.array[offset >> 2]) & 0xFFFF_FFFF

    def check_identity(self) -> None:
        """Makes sure that this is an accelerator that this library can drive.

        Raises:
            ParameterMismatchError: ID, major or minor version, or program format differ; names both values.
        """
        identifier = self.word(reg.REG_ID)
        if identifier != reg.REG_ID_RESET:
            raise ParameterMismatchError(
                f"the unit at {self.mmio.base_addr:#x} has ID {identifier:#010x}, an accelerator has "
                f"{reg.REG_ID_RESET:#010x}; is the right bitstream loaded?"
            )
        version, formats = self.word(reg.REG_VERSION), self.word(reg.REG_FORMAT)
        numbers, own = _version(version), _version(reg.REG_VERSION_RESET)
        program_format = reg.FORMAT_PROGRAM_FORMAT.extract(formats)
        if numbers[:2] != own[:2]:
            raise ParameterMismatchError(
                f"the accelerator has version {_version_text(version)}, this library drives "
                f"{_version_text(reg.REG_VERSION_RESET)}: {advice(numbers[:2], program_format)}"
            )
        if program_format != BEGIN_FORMAT_VERSION:
            raise ParameterMismatchError(
                f"the accelerator reads program format {program_format}, this library writes {BEGIN_FORMAT_VERSION}: "
                f"{advice(numbers[:2], program_format)}"
            )

    def info(self) -> Info:
        """All constant registers, decoded."""
        version, depths, formats = (self.word(at) for at in (reg.REG_VERSION, reg.REG_DEPTHS, reg.REG_FORMAT))
        postproc, style = self.word(reg.REG_POSTPROC), self.word(reg.REG_STYLE)
        return Info(
            version=_version(version),
            array=self.array_parameters(),
            wgt_depth=reg.DEPTHS_WGT_DEPTH.extract(depths),
            out_depth=reg.DEPTHS_OUT_DEPTH.extract(depths),
            thr_w=reg.POSTPROC_THR_W.extract(postproc),
            thr_sets=reg.POSTPROC_SETS.extract(postproc),
            thr_depth=reg.POSTPROC_THR_DEPTH.extract(postproc),
            program_format=reg.FORMAT_PROGRAM_FORMAT.extract(formats),
            sram_latency=reg.FORMAT_SRAM_LATENCY.extract(formats),
            dsp_columns=reg.STYLE_DSP_COLUMNS.extract(style),
            dsp_chain=reg.STYLE_DSP_CHAIN.extract(style),
            stream_w=self.stream_width(),
            build_hash=self.word(reg.REG_BUILD_HASH),
        )

    def array_parameters(self) -> ArrayParameters:
        """What a program must be compiled for."""
        array = self.word(reg.REG_ARRAY)
        return ArrayParameters(
            n=reg.ARRAY_N.extract(array),
            act_w=reg.ARRAY_ACT_W.extract(array),
            wgt_w=reg.ARRAY_WGT_W.extract(array),
            acc_w=reg.ARRAY_ACC_W.extract(array),
            act_depth=self.word(reg.REG_ACT_DEPTH),
            acc_depth=self.word(reg.REG_ACC_DEPTH),
        )

    def stream_width(self) -> int:
        """Bits of the streams in and out."""
        return reg.STYLE_STREAM_W.extract(self.word(reg.REG_STYLE))

    def counters(self) -> Counters:
        """The 64-bit counters of the last program.

        None counts more than once a cycle: while CYCLES needs no more than 32 bits, none does.
        """
        cycles = self._read_counter(reg.REG_CYCLES)
        if cycles >> 32:
            return Counters(cycles, *map(self._read_counter, _OTHER_COUNTERS))
        words = self.mmio.array
        return Counters(cycles, *[int(words[offset >> 2]) & 0xFFFF_FFFF for offset in _OTHER_COUNTERS])

    def layer_log(self) -> list[LogEntry]:
        """The log of the last program: an entry a CONV command, in order.

        Raises:
            ParameterMismatchError: the program had more CONV commands than the log holds.
        """
        word = self.word(reg.REG_LOG)
        count, depth = reg.LOG_COUNT.extract(word), reg.LOG_DEPTH.extract(word)
        if count > depth:
            raise ParameterMismatchError(
                f"the program had {count} CONV commands, the log holds {depth}; run fewer images at a time"
            )
        entries = []
        for index in range(count):
            self.write(reg.REG_LOG_INDEX, index)
            entries.append(LogEntry(*(self.word(offset) for offset in _LOG_WORDS)))
        return entries

    def status(self) -> Status:
        """STATUS and ERROR, decoded."""
        word, error = self.word(reg.REG_STATUS), self.word(reg.REG_ERROR)
        return Status(
            word=word,
            flags=tuple(name for name, field in _FLAGS.items() if field.extract(word)),
            decoder=_name_of(reg.DecoderState, reg.STATUS_DECODER_STATE.extract(word)),
            engine=_name_of(reg.EngineState, reg.STATUS_ENGINE_STATE.extract(word)),
            error=_name_of(reg.ErrorCode, reg.ERROR_CODE.extract(error)) if error else None,
            error_sequence=reg.ERROR_SEQUENCE.extract(error),
        )

    def last_command(self) -> tuple[int, str]:
        """Sequence number and opcode name of the command header taken last."""
        command = self.word(reg.REG_COMMAND)
        return reg.COMMAND_SEQUENCE.extract(command), _name_of(Opcode, reg.COMMAND_OPCODE.extract(command))

    def program_id(self) -> int:
        """Id of the program whose BEGIN command was taken last."""
        return self.word(reg.REG_PROGRAM)

    def has_error(self) -> bool:
        """Whether an error is kept."""
        return bool(self.word(reg.REG_STATUS) & _ERROR)

    def is_idle(self) -> bool:
        """Whether it neither works nor keeps an error."""
        return not self.word(reg.REG_STATUS) & _BUSY_OR_ERROR

    def has_ended(self) -> bool:
        """Whether a program has ended, with or without an error, since :meth:`forget_ended`."""
        return self.word(reg.REG_IRQ_STATUS) != 0

    def forget_ended(self) -> None:
        """Clears IRQ_STATUS."""
        self.write(reg.REG_IRQ_STATUS, _ENDED)

    def soft_reset(self) -> None:
        """Resets decoder, engine, results and the kept error; the bitstream stays."""
        self.write(reg.REG_CONTROL, reg.CONTROL_SOFT_RESET.place(1))

    def _read_counter(self, offset: int) -> int:
        low = self.word(offset)
        return int(low | self.word(offset + 4) << 32)


_FLAGS = {
    "busy": reg.STATUS_BUSY,
    "done": reg.STATUS_DONE,
    "error": reg.STATUS_ERROR,
    "draining": reg.STATUS_DRAINING,
    "output blocked": reg.STATUS_OUTPUT_BLOCKED,
    "input starved": reg.STATUS_INPUT_STARVED,
}
_ERROR, _BUSY_OR_ERROR = reg.STATUS_ERROR.mask, reg.STATUS_BUSY.mask | reg.STATUS_ERROR.mask
_ENDED = reg.IRQ_STATUS_DONE.mask | reg.IRQ_STATUS_ERROR.mask
# In the order of Counters' attributes behind CYCLES
_OTHER_COUNTERS = [offset for name, offset in reg.COUNTERS.items() if name != "CYCLES"]
# In the order of LogEntry's attributes
_LOG_WORDS = (
    reg.REG_LOG_CYCLES,
    reg.REG_LOG_MAC_CYCLES,
    reg.REG_LOG_STALL_WEIGHTS,
    reg.REG_LOG_STALL_ACTIVATIONS,
    reg.REG_LOG_STALL_OUTPUT,
    reg.REG_LOG_STALL_THRESHOLDS,
)


def _version(word: int) -> tuple[int, int, int]:
    return (
        reg.VERSION_MAJOR.extract(word),
        reg.VERSION_MINOR.extract(word),
        reg.VERSION_PATCH.extract(word),
    )


def _version_text(word: int) -> str:
    return ".".join(str(part) for part in _version(word))


def _name_of(names: Any, value: int) -> str:
    return names(value).name if value in iter(names) else f"unknown ({value})"
