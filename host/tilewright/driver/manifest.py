"""The hardware compared with the manifest beside its bitstream (docs/bitstreams.md)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tilewright.bitstreams.manifest import MANIFEST, SCHEMA_VERSION, Manifest, changed_files, manifest_entry
from tilewright.errors import DeviceStateWarning, ParameterMismatchError
from tilewright.hardware import registers as reg

# Parameters of the Verilog module that registers show: register and field
_FIELDS = {
    "N": (reg.REG_ARRAY, reg.ARRAY_N),
    "ACC_W": (reg.REG_ARRAY, reg.ARRAY_ACC_W),
    "ACT_DEPTH": (reg.REG_ACT_DEPTH, reg.ACT_DEPTH_WORDS),
    "ACC_DEPTH": (reg.REG_ACC_DEPTH, reg.ACC_DEPTH_POSITIONS),
    "WGT_DEPTH": (reg.REG_DEPTHS, reg.DEPTHS_WGT_DEPTH),
    "OUT_DEPTH": (reg.REG_DEPTHS, reg.DEPTHS_OUT_DEPTH),
    "THR_DEPTH": (reg.REG_POSTPROC, reg.POSTPROC_THR_DEPTH),
    "LOG_DEPTH": (reg.REG_LOG, reg.LOG_DEPTH),
    "SRAM_LATENCY": (reg.REG_FORMAT, reg.FORMAT_SRAM_LATENCY),
    "DSP_COLUMNS": (reg.REG_STYLE, reg.STYLE_DSP_COLUMNS),
    "DSP_CHAIN": (reg.REG_STYLE, reg.STYLE_DSP_CHAIN),
    "STREAM_W": (reg.REG_STYLE, reg.STYLE_STREAM_W),
}
_VERSION = (reg.VERSION_MAJOR, reg.VERSION_MINOR, reg.VERSION_PATCH)


def check_manifest(accelerator: Any, bitstream: Path) -> int | None:
    """Compare the accelerator's registers, and the bitstream's files, with the manifest beside them.

    Another BUILD_HASH alone is a DeviceStateWarning: hardware of changed sources may be meant.

    Args:
        accelerator: a :class:`tilewright.driver.accelerator.Accelerator`.
        bitstream: the .bit that was loaded.

    Returns:
        What BUILD_HASH reads according to the manifest; None without one.

    Raises:
        ParameterMismatchError: registers or files differ from the manifest; names both values.
    """
    manifest = manifest_entry(bitstream)
    if manifest is None:
        return None
    version = manifest["tilewright_manifest"]
    if version != SCHEMA_VERSION:
        _warn(f"the {MANIFEST} beside {bitstream.name} has version {version}, this library reads {SCHEMA_VERSION}")
        return None
    try:
        different = [*changed_files(bitstream, manifest), *_differences(accelerator, manifest)]
        expected = int(manifest["build_hash"], 16)
    except (KeyError, TypeError, ValueError) as error:
        raise ParameterMismatchError(
            f"the {MANIFEST} beside {bitstream.name} is damaged ({error!r}): `tilewright bitstream check` says how"
        ) from error
    if different:
        raise ParameterMismatchError(
            f"the {MANIFEST} beside {bitstream.name} is not of what is loaded: {'; '.join(different)}. Load the .bit "
            "that belongs to it, or take the manifest away (`tilewright bitstream check`, docs/bitstreams.md)"
        )
    found = accelerator.word(reg.REG_BUILD_HASH)
    if found != expected:
        _warn(
            f"BUILD_HASH is {found:#010x}, and the manifest beside {bitstream.name} says {expected:#010x}: "
            "the bitstream is of other RTL"
        )
    return expected


def _differences(accelerator: Any, manifest: Manifest) -> Iterator[str]:
    """Both values of all that registers and manifest say unlike each other."""
    registers = {reg.REG_VERSION, *(register for register, _ in _FIELDS.values())}
    words = {register: accelerator.word(register) for register in sorted(registers)}
    found: dict[str, Any] = {name: field.extract(words[register]) for name, (register, field) in _FIELDS.items()}
    for name, value in found.items():
        if value != manifest["parameters"][name]:
            yield f"{name} is {value} in the hardware, {manifest['parameters'][name]} in the manifest"
    numbers = (field.extract(words[reg.REG_VERSION]) for field in _VERSION)
    others = {
        "program_format": reg.FORMAT_PROGRAM_FORMAT.extract(words[reg.REG_FORMAT]),
        "version": ".".join(map(str, numbers)),
    }
    for name, value in others.items():
        if manifest[name] not in (None, value):
            yield f"{name} is {value} in the hardware, {manifest[name]} in the manifest"


def _warn(text: str) -> None:
    # 4: whoever makes a driver
    warnings.warn(text, DeviceStateWarning, stacklevel=4)
