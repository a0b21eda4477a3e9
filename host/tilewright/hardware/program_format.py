"""The program format: opcodes, modes, and where the fields of commands and of the trailer lie.

Generated from cores/registers/program.rdl by cores/registers/generate.py (`make registers`): do not edit.
"""

from enum import IntEnum
from typing import Final

from tilewright.hardware.fields import BeatField, Field, Layout


class Opcode(IntEnum):
    """Opcodes."""

    BEGIN = 0x01
    LOAD = 0x02
    CONV = 0x03
    WEIGHTS = 0x04
    THRESHOLDS = 0x05
    IMAGE = 0x06
    END = 0x0F


class Flag(IntEnum):
    """Flags."""

    LAST = 0x01


class Mode(IntEnum):
    """Modes."""

    RAW = 0x00
    RELU = 0x01
    CODES = 0x02
    READ = 0x03


HEADER: Final = Layout(
    "HEADER",
    beats=1,
    fields={
        "opcode": BeatField(0, Field(low=0, width=8)),
        "flags": BeatField(0, Field(low=8, width=8)),
        "sequence": BeatField(0, Field(low=16, width=16)),
        "length": BeatField(0, Field(low=32, width=32)),
    },
)

BEGIN_MAGIC: Final = 0x52505754
BEGIN_FORMAT_VERSION: Final = 0x3
BEGIN_ZERO: Final = 0x0
BEGIN: Final = Layout(
    "BEGIN",
    beats=3,
    fields={
        "magic": BeatField(0, Field(low=0, width=32), constant=BEGIN_MAGIC),
        "format_version": BeatField(0, Field(low=32, width=32), constant=BEGIN_FORMAT_VERSION),
        "n": BeatField(1, Field(low=0, width=8)),
        "act_w": BeatField(1, Field(low=8, width=8)),
        "wgt_w": BeatField(1, Field(low=16, width=8)),
        "acc_w": BeatField(1, Field(low=24, width=8)),
        "program_id": BeatField(1, Field(low=32, width=32)),
        "zero": BeatField(2, Field(low=0, width=64), constant=BEGIN_ZERO),
    },
)

LOAD: Final = Layout(
    "LOAD",
    beats=1,
    fields={
        "address": BeatField(0, Field(low=0, width=24)),
        "after": BeatField(0, Field(low=24, width=24)),
    },
)

IMAGE_ZERO: Final = 0x0
IMAGE: Final = Layout(
    "IMAGE",
    beats=5,
    fields={
        "address": BeatField(0, Field(low=0, width=24)),
        "after": BeatField(0, Field(low=24, width=24)),
        "images": BeatField(0, Field(low=48, width=16)),
        "rows": BeatField(1, Field(low=0, width=16)),
        "row_bytes": BeatField(1, Field(low=16, width=16)),
        "out_h": BeatField(1, Field(low=32, width=16)),
        "out_w": BeatField(1, Field(low=48, width=16)),
        "tile_stride": BeatField(2, Field(low=0, width=24)),
        "low_stride": BeatField(2, Field(low=24, width=24)),
        "run_bytes": BeatField(2, Field(low=48, width=16)),
        "image_stride": BeatField(3, Field(low=0, width=24)),
        "step_bytes": BeatField(3, Field(low=24, width=16)),
        "first_byte": BeatField(3, Field(low=40, width=16), signed=True),
        "kernel_h": BeatField(3, Field(low=56, width=3)),
        "stride": BeatField(3, Field(low=59, width=2)),
        "padding": BeatField(3, Field(low=61, width=3)),
        "zero": BeatField(4, Field(low=0, width=64), constant=IMAGE_ZERO),
    },
)

CONV_DILATION: Final = 0x1
CONV_UPSAMPLE: Final = 0x0
CONV_POOL_WINDOW: Final = 0x0
CONV_POOL_PADDING: Final = 0x0
CONV: Final = Layout(
    "CONV",
    beats=7,
    fields={
        "in_h": BeatField(0, Field(low=0, width=16)),
        "in_w": BeatField(0, Field(low=16, width=16)),
        "out_h": BeatField(0, Field(low=32, width=16)),
        "out_w": BeatField(0, Field(low=48, width=16)),
        "ic_tiles": BeatField(1, Field(low=0, width=16)),
        "oc_tiles": BeatField(1, Field(low=16, width=16)),
        "images": BeatField(1, Field(low=32, width=16)),
        "kernel_h": BeatField(1, Field(low=48, width=4)),
        "kernel_w": BeatField(1, Field(low=52, width=4)),
        "stride": BeatField(1, Field(low=56, width=2)),
        "dilation": BeatField(1, Field(low=58, width=2), constant=CONV_DILATION),
        "upsample": BeatField(1, Field(low=60, width=1), constant=CONV_UPSAMPLE),
        "act_base": BeatField(2, Field(low=0, width=24)),
        "act_tile_stride": BeatField(2, Field(low=24, width=24)),
        "origin_y": BeatField(2, Field(low=48, width=16), signed=True),
        "act_image_stride": BeatField(3, Field(low=0, width=24)),
        "act_oc_stride": BeatField(3, Field(low=24, width=24)),
        "origin_x": BeatField(3, Field(low=48, width=16), signed=True),
        "out_base": BeatField(4, Field(low=0, width=24)),
        "out_tile_stride": BeatField(4, Field(low=24, width=24)),
        "acc_base": BeatField(4, Field(low=48, width=16)),
        "out_image_stride": BeatField(5, Field(low=0, width=24)),
        "after": BeatField(5, Field(low=24, width=24)),
        "acc_tile_stride": BeatField(5, Field(low=48, width=16)),
        "raise_from": BeatField(6, Field(low=0, width=16)),
        "mode": BeatField(6, Field(low=16, width=2)),
        "pool": BeatField(6, Field(low=18, width=1)),
        "step": BeatField(6, Field(low=19, width=1)),
        "resume": BeatField(6, Field(low=20, width=1)),
        "hold": BeatField(6, Field(low=21, width=1)),
        "raise_each": BeatField(6, Field(low=22, width=1)),
        "pool_window": BeatField(6, Field(low=23, width=2), constant=CONV_POOL_WINDOW),
        "pool_padding": BeatField(6, Field(low=25, width=1), constant=CONV_POOL_PADDING),
    },
)

THRESHOLDS: Final = Layout(
    "THRESHOLDS",
    beats=7,
    fields={
        "t1": BeatField(0, Field(low=0, width=28), signed=True),
        "t2": BeatField(0, Field(low=28, width=28), signed=True),
        "t12_0": BeatField(0, Field(low=56, width=4)),
        "t3": BeatField(1, Field(low=0, width=28), signed=True),
        "t5": BeatField(1, Field(low=28, width=28), signed=True),
        "t12_1": BeatField(1, Field(low=56, width=4)),
        "t6": BeatField(2, Field(low=0, width=28), signed=True),
        "t7": BeatField(2, Field(low=28, width=28), signed=True),
        "t12_2": BeatField(2, Field(low=56, width=4)),
        "t9": BeatField(3, Field(low=0, width=28), signed=True),
        "t10": BeatField(3, Field(low=28, width=28), signed=True),
        "t12_3": BeatField(3, Field(low=56, width=4)),
        "t11": BeatField(4, Field(low=0, width=28), signed=True),
        "t13": BeatField(4, Field(low=28, width=28), signed=True),
        "t12_4": BeatField(4, Field(low=56, width=4)),
        "t14": BeatField(5, Field(low=0, width=28), signed=True),
        "t15": BeatField(5, Field(low=28, width=28), signed=True),
        "t12_5": BeatField(5, Field(low=56, width=4)),
        "t4": BeatField(6, Field(low=0, width=28), signed=True),
        "t8": BeatField(6, Field(low=28, width=28), signed=True),
        "t12_6": BeatField(6, Field(low=56, width=4)),
        "falls": BeatField(6, Field(low=63, width=1)),
    },
)

END: Final = Layout(
    "END",
    beats=1,
    fields={
        "images_crc": BeatField(0, Field(low=0, width=32)),
        "program_crc": BeatField(0, Field(low=32, width=32)),
    },
)

TRAILER_MAGIC: Final = 0x53525754
TRAILER_FORMAT: Final = 0x3
TRAILER_ZERO: Final = 0x0
TRAILER: Final = Layout(
    "TRAILER",
    beats=4,
    fields={
        "magic": BeatField(0, Field(low=0, width=32), constant=TRAILER_MAGIC),
        "error_code": BeatField(0, Field(low=32, width=8)),
        "error_sequence": BeatField(0, Field(low=40, width=16)),
        "format": BeatField(0, Field(low=56, width=8), constant=TRAILER_FORMAT),
        "program_crc": BeatField(1, Field(low=0, width=32)),
        "result_beats": BeatField(1, Field(low=32, width=32)),
        "crc": BeatField(2, Field(low=0, width=32)),
        "images_crc": BeatField(2, Field(low=32, width=32)),
        "zero": BeatField(3, Field(low=0, width=64), constant=TRAILER_ZERO),
    },
)
