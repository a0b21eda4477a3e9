"""Register map of the accelerator.

Generated from cores/registers/accelerator.rdl by cores/registers/generate.py (`make registers`): do not edit.
"""

from enum import IntEnum
from typing import Final

from tilewright.hardware.fields import Field


class DecoderState(IntEnum):
    """Decoder states."""

    HEADER = 0
    BEGIN = 1
    LOAD_WAIT = 2
    LOAD_DATA = 3
    DESCRIPTOR = 4
    WEIGHTS = 5
    THRESHOLDS = 6
    FINISH = 7
    TRAILER = 8
    DRAIN = 9
    IMAGE_ROWS = 10
    IMAGE_KERNEL = 11
    IMAGE_DATA = 12


class EngineState(IntEnum):
    """Engine states."""

    IDLE = 0
    WAITS_FOR_WEIGHTS = 1
    RUNS = 2
    OUTPUT_BLOCKED = 3
    WAITS_FOR_ACTIVATIONS = 4
    WAITS_FOR_THRESHOLDS = 5


class ErrorCode(IntEnum):
    """Error codes."""

    NONE = 0
    BAD_MAGIC = 1
    BAD_FORMAT = 2
    BAD_PARAMETERS = 3
    UNKNOWN_OPCODE = 4
    BAD_SEQUENCE = 5
    BAD_LENGTH = 6
    BAD_DESCRIPTOR = 7
    ACT_OVERFLOW = 8
    ACC_OVERFLOW = 9
    WEIGHTS_SHORT = 10
    WEIGHTS_LONG = 11
    TLAST_EARLY = 12
    TLAST_MISSING = 13
    BAD_CRC = 14
    THRESHOLDS_SHORT = 15
    THRESHOLDS_LONG = 16
    NEVER_READY = 17


DECODER_STATE_DESCRIPTIONS: Final[dict[DecoderState, str]] = {
    DecoderState.HEADER: "Waits for a command header, which comes with its payload's first beat.",
    DecoderState.BEGIN: "Takes the BEGIN command's second word.",
    DecoderState.LOAD_WAIT: "Waits until CONV commands have read what the LOAD command overwrites.",
    DecoderState.LOAD_DATA: "Takes activations.",
    DecoderState.DESCRIPTOR: "Takes the rest of a CONV command's descriptor, once the sequencer has the one before.",
    DecoderState.WEIGHTS: "Takes weights.",
    DecoderState.THRESHOLDS: "Takes thresholds.",
    DecoderState.FINISH: "Waits for the last result.",
    DecoderState.TRAILER: "The trailer is being sent.",
    DecoderState.DRAIN: "After an error: discards its input up to TLAST.",
    DecoderState.IMAGE_ROWS: "Takes the first fields of an IMAGE command behind its header: of rows and positions.",
    DecoderState.IMAGE_KERNEL: "Takes the other fields of an IMAGE command.",
    DecoderState.IMAGE_DATA: "Takes rows of images.",
}

ENGINE_STATE_DESCRIPTIONS: Final[dict[EngineState, str]] = {
    EngineState.IDLE: "No CONV command is open.",
    EngineState.WAITS_FOR_WEIGHTS: "The next pass waits for its weights.",
    EngineState.RUNS: "Output positions are being issued.",
    EngineState.OUTPUT_BLOCKED: "The last pass, or a READ, waits for space for its results.",
    EngineState.WAITS_FOR_ACTIVATIONS: "The next pass waits for activations that an earlier layer writes.",
    EngineState.WAITS_FOR_THRESHOLDS: "The last pass of an output tile waits for its thresholds.",
}

ERROR_CODE_DESCRIPTIONS: Final[dict[ErrorCode, str]] = {
    ErrorCode.NONE: "No error.",
    ErrorCode.BAD_MAGIC: "The packet does not start with a BEGIN command and its magic number: no program.",
    ErrorCode.BAD_FORMAT: "The program's format version is not the one that this hardware reads.",
    ErrorCode.BAD_PARAMETERS: "The program was compiled for other array parameters (N, ACT_W, WGT_W or ACC_W).",
    ErrorCode.UNKNOWN_OPCODE: "A command header has an opcode that does not exist.",
    ErrorCode.BAD_SEQUENCE: "A command's sequence number does not follow its predecessor's, or a second BEGIN came.",
    ErrorCode.BAD_LENGTH: "A command's payload length is impossible for its opcode.",
    ErrorCode.BAD_DESCRIPTOR: "A descriptor has a value out of range, or a reserved bit is not zero.",
    ErrorCode.ACT_OVERFLOW: "An address lies beyond the activation memory.",
    ErrorCode.ACC_OVERFLOW: "A CONV command has more output positions (images x height x width) than accumulators.",
    ErrorCode.WEIGHTS_SHORT: "Fewer weights than a CONV command needs, or their end is marked too early.",
    ErrorCode.WEIGHTS_LONG: "More weights than the CONV commands need, or their end is marked too late.",
    ErrorCode.TLAST_EARLY: "TLAST came before the END command's last beat: the transfer was too short.",
    ErrorCode.TLAST_MISSING: "TLAST is missing on the END command's last beat: the transfer was too long.",
    ErrorCode.BAD_CRC: "A CRC-32 of END does not match: beats changed on the way, by a flush of a part for example.",
    ErrorCode.THRESHOLDS_SHORT: "Fewer thresholds than a CONV command needs.",
    ErrorCode.THRESHOLDS_LONG: "More thresholds than the CONV commands need.",
    ErrorCode.NEVER_READY: "A command waits for output tiles or CONV commands that will never be done.",
}

# Offsets in bytes; of a counter, its low word
REG_ID: Final = 0x000
REG_VERSION: Final = 0x004
REG_ARRAY: Final = 0x008
REG_ACT_DEPTH: Final = 0x00C
REG_ACC_DEPTH: Final = 0x010
REG_DEPTHS: Final = 0x014
REG_FORMAT: Final = 0x018
REG_BUILD_HASH: Final = 0x01C
REG_CONTROL: Final = 0x020
REG_STATUS: Final = 0x024
REG_ERROR: Final = 0x028
REG_COMMAND: Final = 0x02C
REG_PROGRAM: Final = 0x030
REG_IRQ_STATUS: Final = 0x034
REG_POSTPROC: Final = 0x038
REG_STYLE: Final = 0x03C
REG_LOG: Final = 0x040
REG_LOG_INDEX: Final = 0x044
REG_LOG_CYCLES: Final = 0x048
REG_LOG_MAC_CYCLES: Final = 0x04C
REG_LOG_STALL_WEIGHTS: Final = 0x050
REG_LOG_STALL_ACTIVATIONS: Final = 0x054
REG_LOG_STALL_OUTPUT: Final = 0x058
REG_LOG_STALL_THRESHOLDS: Final = 0x05C
REG_CYCLES: Final = 0x100
REG_LAYER_CYCLES: Final = 0x108
REG_MAC_CYCLES: Final = 0x110
REG_STALL_WEIGHTS: Final = 0x118
REG_STALL_ACTIVATIONS: Final = 0x120
REG_STALL_OUTPUT: Final = 0x128
REG_BEATS_IN: Final = 0x130
REG_BEATS_OUT: Final = 0x138
REG_STALL_THRESHOLDS: Final = 0x140

# Values of the constant registers
REG_ID_RESET: Final = 0x54573031
REG_VERSION_RESET: Final = 0x00020000

# Bit fields, named REGISTER_FIELD
ID_VALUE: Final = Field(low=0, width=32)
VERSION_PATCH: Final = Field(low=0, width=16)
VERSION_MINOR: Final = Field(low=16, width=8)
VERSION_MAJOR: Final = Field(low=24, width=8)
ARRAY_N: Final = Field(low=0, width=8)
ARRAY_ACT_W: Final = Field(low=8, width=8)
ARRAY_WGT_W: Final = Field(low=16, width=8)
ARRAY_ACC_W: Final = Field(low=24, width=8)
ACT_DEPTH_WORDS: Final = Field(low=0, width=32)
ACC_DEPTH_POSITIONS: Final = Field(low=0, width=32)
DEPTHS_WGT_DEPTH: Final = Field(low=0, width=16)
DEPTHS_OUT_DEPTH: Final = Field(low=16, width=16)
FORMAT_PROGRAM_FORMAT: Final = Field(low=0, width=16)
FORMAT_SRAM_LATENCY: Final = Field(low=16, width=8)
BUILD_HASH_HASH: Final = Field(low=0, width=32)
CONTROL_SOFT_RESET: Final = Field(low=0, width=1)
CONTROL_IRQ_ENABLE: Final = Field(low=1, width=1)
STATUS_BUSY: Final = Field(low=0, width=1)
STATUS_DONE: Final = Field(low=1, width=1)
STATUS_ERROR: Final = Field(low=2, width=1)
STATUS_DRAINING: Final = Field(low=3, width=1)
STATUS_DECODER_STATE: Final = Field(low=8, width=4)
STATUS_ENGINE_STATE: Final = Field(low=12, width=4)
STATUS_OUTPUT_BLOCKED: Final = Field(low=16, width=1)
STATUS_INPUT_STARVED: Final = Field(low=17, width=1)
ERROR_CODE: Final = Field(low=0, width=8)
ERROR_SEQUENCE: Final = Field(low=16, width=16)
COMMAND_OPCODE: Final = Field(low=0, width=8)
COMMAND_SEQUENCE: Final = Field(low=16, width=16)
PROGRAM_IDENTIFIER: Final = Field(low=0, width=32)
IRQ_STATUS_DONE: Final = Field(low=0, width=1)
IRQ_STATUS_ERROR: Final = Field(low=1, width=1)
POSTPROC_THR_W: Final = Field(low=0, width=8)
POSTPROC_SETS: Final = Field(low=8, width=8)
POSTPROC_THR_DEPTH: Final = Field(low=16, width=16)
STYLE_DSP_COLUMNS: Final = Field(low=0, width=8)
STYLE_DSP_CHAIN: Final = Field(low=8, width=8)
STYLE_STREAM_W: Final = Field(low=16, width=8)
LOG_COUNT: Final = Field(low=0, width=16)
LOG_DEPTH: Final = Field(low=16, width=16)
LOG_INDEX_INDEX: Final = Field(low=0, width=16)
LOG_CYCLES_COUNT: Final = Field(low=0, width=32)
LOG_MAC_CYCLES_COUNT: Final = Field(low=0, width=32)
LOG_STALL_WEIGHTS_COUNT: Final = Field(low=0, width=32)
LOG_STALL_ACTIVATIONS_COUNT: Final = Field(low=0, width=32)
LOG_STALL_OUTPUT_COUNT: Final = Field(low=0, width=32)
LOG_STALL_THRESHOLDS_COUNT: Final = Field(low=0, width=32)

# 64-bit counters by name: read the low word first, it keeps the high word (offset + 4)
COUNTERS: Final[dict[str, int]] = {
    "CYCLES": REG_CYCLES,
    "LAYER_CYCLES": REG_LAYER_CYCLES,
    "MAC_CYCLES": REG_MAC_CYCLES,
    "STALL_WEIGHTS": REG_STALL_WEIGHTS,
    "STALL_ACTIVATIONS": REG_STALL_ACTIVATIONS,
    "STALL_OUTPUT": REG_STALL_OUTPUT,
    "BEATS_IN": REG_BEATS_IN,
    "BEATS_OUT": REG_BEATS_OUT,
    "STALL_THRESHOLDS": REG_STALL_THRESHOLDS,
}
