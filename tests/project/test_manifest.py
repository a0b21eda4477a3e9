"""bitstreams/manifest.json keeps to its schema and tells the truth about the files beside it."""

import copy
import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "bitstreams"
SCHEMA = json.loads((FOLDER / "manifest.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ENTRY = {
    "name": "tilewright_8x8",
    "board": "pynq_z2",
    "part": "xc7z020clg400-1",
    "bit_sha256": "0" * 64,
    "hwh_sha256": "1" * 64,
    "rtl_sha256": "2" * 64,
    "build_hash": "0x01234567",
    "version": "0.1.0",
    "parameters": {
        "N": 8,
        "ACC_W": 28,
        "ACT_DEPTH": 8192,
        "ACC_DEPTH": 1024,
        "WGT_DEPTH": 512,
        "OUT_DEPTH": 64,
        "SRAM_LATENCY": 2,
    },
    "clock_mhz": 100.0,
    "worst_negative_slack_ns": 0.4,
    "tool": "Vivado 2024.1",
    "built": "2026-01-31",
    "run_on_hardware": False,
}


def test_manifest_matches_schema_and_files() -> None:
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    VALIDATOR.check_schema(SCHEMA)
    VALIDATOR.validate(manifest)
    files = {path.name: path for path in FOLDER.iterdir() if path.suffix in (".bit", ".hwh")}
    named = {f"{entry['name']}.{kind}": entry[f"{kind}_sha256"] for entry in manifest for kind in ("bit", "hwh")}
    assert set(files) == set(named)
    for name, digest in named.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest, name


def test_schema_takes_a_full_entry() -> None:
    VALIDATOR.validate([ENTRY])


@pytest.mark.parametrize("key", sorted(ENTRY))
def test_schema_refuses_an_entry_without(key: str) -> None:
    entry = {name: value for name, value in ENTRY.items() if name != key}
    with pytest.raises(jsonschema.ValidationError, match=key):
        VALIDATOR.validate([entry])


def test_schema_refuses_other_array_sizes() -> None:
    entry = copy.deepcopy(ENTRY)
    entry["parameters"]["N"] = 12
    with pytest.raises(jsonschema.ValidationError, match="12"):
        VALIDATOR.validate([entry])
