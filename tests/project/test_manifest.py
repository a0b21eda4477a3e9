"""The schema of manifests, and the bitstreams of this repository: each is what its manifest says."""

import copy
import json
from pathlib import Path
from typing import Any

import fake_bitstreams
import jsonschema
import pytest

from tilewright.bitstreams.collection import SCHEMA, entries, schema_faults
from tilewright.hardware.releases import RELEASES
from tilewright.vivado.tools import VERSIONS

FOLDER = Path(__file__).resolve().parents[2] / "bitstreams"
TRUE = {**fake_bitstreams.manifest_of_design(fake_bitstreams.design_of("pynq_z2")), "bit_sha256": "0" * 64}
TRUE |= {"hwh_sha256": "1" * 64}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The true manifest with another value at a path; None takes the key away."""
    manifest = copy.deepcopy(TRUE)
    *way, last = path.split("/")
    inner = manifest
    for name in way:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return manifest


def test_schema_is_one_and_takes_a_true_manifest() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert schema_faults(TRUE) == []
    for unknown in ("rtl_sha256", "version", "program_format", "timing", "utilisation", "clock_asked_mhz"):
        assert schema_faults(changed(unknown, None)) == []


def test_bitstreams_of_this_repository_are_what_their_manifests_say() -> None:
    found = {path.parent for kind in ("bit", "hwh") for path in FOLDER.rglob(f"*.{kind}")}
    listed = entries(FOLDER)
    assert found == {entry.folder for entry in listed}
    assert not [fault for entry in listed for fault in entry.faults]


@pytest.mark.parametrize("key", sorted(TRUE))
def test_schema_refuses_a_manifest_without(key: str) -> None:
    assert schema_faults(changed(key, ...)), key


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("parameters/N", 12),
        ("parameters/STREAM_W", 96),
        ("parameters/DSP_COLUMNS", 7),
        ("parameters/MORE", 1),
        ("parameters/ACT_DEPTH", "8192"),
        ("tilewright_manifest", 3),
        ("bit_sha256", "0" * 63),
        ("name", "../elsewhere"),
        ("clock_mhz", 0),
        ("timing/wns_ns", -0.3),
        ("timing/whs_ns", -0.01),
        ("timing/met", False),
        ("utilisation/lut", 5),
        ("built", "yesterday"),
        ("ran_on_hardware", "no"),
        ("more", 1),
    ],
)
def test_schema_refuses(path: str, value: Any) -> None:
    assert schema_faults(changed(path, value)), path


def test_the_page_says_which_library_and_which_vivado() -> None:
    text = (FOLDER.parent / "docs" / "bitstreams.md").read_text(encoding="utf-8")
    table = [f"| {each.library} | {each.program_format} | {'.'.join(map(str, each.registers))} |" for each in RELEASES]
    assert "\n".join(["|---|---|---|", *table, ""]) in text
    assert f"of version {VERSIONS}" in text


def test_missed_timing_is_taken_where_it_was_allowed() -> None:
    timing = {"wns_ns": -0.3, "whs_ns": 0.1, "met": False, "negative_slack_allowed": True}
    assert schema_faults(changed("timing", timing)) == []
    assert "timing" in schema_faults(changed("timing", {**timing, "negative_slack_allowed": False}))[0]
