"""What the accelerator's registers say that it is, against .hwh, manifest and this library."""

from __future__ import annotations

from typing import Any

from tilewright.bitstreams.manifest import MANIFEST
from tilewright.check.design import Design
from tilewright.check.findings import Finding, compared, failed, judged
from tilewright.driver.accelerator import Accelerator, Info
from tilewright.errors import ParameterMismatchError
from tilewright.hardware import registers as reg

_LOAD = "the bitstream that is loaded is not the one of this .hwh or manifest: load them as one build made them"


def check_identity(overlay: Any, design: Design, name: str = "accelerator_0") -> list[Finding]:
    """ID, version and format, then every size that a register holds; nothing is written.

    Args:
        overlay: that is loaded.
        design: the bitstream's own words.
        name: of the accelerator in the block design.

    Returns:
        The findings; where the unit is no accelerator that this library drives, no more than that.
    """
    found = overlay.ip_dict.get(name, {}).get("type")
    expected = Accelerator.bindto[0]
    advice = f"the .hwh is of another design: it must hold {expected} as {name}"
    findings = [compared("identity", name, expected, "this library", found, advice)]
    if failed(findings):
        return findings
    accelerator = getattr(overlay, name)
    findings.append(_library(accelerator))
    if failed(findings):
        return findings
    info = accelerator.info()
    return [*findings, *(_size(design, *pair) for pair in _sizes(info).items()), *_manifest(design, info)]


def _library(accelerator: Accelerator) -> Finding:
    """Whether this library drives it."""
    found = f"ID {accelerator.word(reg.REG_ID):#010x}"
    try:
        accelerator.check_identity()
    except ParameterMismatchError as error:
        advice = "build the bitstream from this checkout, or install the library of its release"
        return judged("identity", "ID, version, format", False, "those of this library", str(error), advice)
    return judged("identity", "ID, version, format", True, "those of this library", found, "")


def _sizes(info: Info) -> dict[str, int]:
    """What registers hold of the parameters of the Verilog module, under their names there."""
    array = info.array
    return {
        "N": array.n,
        "ACT_W": array.act_w,
        "WGT_W": array.wgt_w,
        "ACC_W": array.acc_w,
        "ACT_DEPTH": array.act_depth,
        "ACC_DEPTH": array.acc_depth,
        "WGT_DEPTH": info.wgt_depth,
        "OUT_DEPTH": info.out_depth,
        "THR_DEPTH": info.thr_depth,
        "SRAM_LATENCY": info.sram_latency,
        "STREAM_W": info.stream_w,
        "DSP_COLUMNS": info.dsp_columns,
        "DSP_CHAIN": info.dsp_chain,
    }


def _size(design: Design, name: str, found: int) -> Finding:
    said = design.integer(name)
    expected, source = (None, "") if said is None else said
    return compared("identity", name, expected, source, found, _LOAD)


def _manifest(design: Design, info: Info) -> list[Finding]:
    """What a manifest says: hash and version of the sources, and the files themselves; the hash the .hwh too."""
    entry = design.manifest or {}
    source = MANIFEST if "build_hash" in entry else "the .hwh"
    if "build_hash" not in entry and "BUILD_HASH" in design.accelerator:
        entry = {**entry, "build_hash": f"{int(design.accelerator['BUILD_HASH'], 0):#010x}"}
    rows = {
        "BUILD_HASH": ("build_hash", f"{info.build_hash:#010x}"),
        "VERSION": ("version", ".".join(map(str, info.version))),
        "SHA-256 of the .bit": ("bit_sha256", design.digests["bit"]),
        "SHA-256 of the .hwh": ("hwh_sha256", design.digests["hwh"]),
    }
    advice = {"BUILD_HASH": "the bitstream is of other RTL than its files say: build it anew from this checkout"}
    return [
        compared(
            "identity",
            name,
            entry.get(key),
            source if name == "BUILD_HASH" else MANIFEST,
            found,
            advice.get(name, _LOAD),
        )
        for name, (key, found) in rows.items()
    ]
