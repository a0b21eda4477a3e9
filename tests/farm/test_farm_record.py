"""The record: goes on where it ended, and with its own run only."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tilewright.errors import FarmError
from tilewright.farm.plan import Plan
from tilewright.farm.record import Judged, Record, held

SHARDS = [
    Judged(2, "a", [1, 2], "ab", {"cycles": 5}, 8, 0.5),
    Judged(0, "b", [3, 4], "cd", {"cycles": 7}, 8, 0.25, [1], ["features.0, image 1: expected 2, got 3"]),
]


@pytest.fixture
def file(plan: Plan, tmp_path: Path) -> Path:
    """A record of two shards."""
    record = Record(plan.identity(), tmp_path / "record.jsonl")
    for shard in SHARDS:
        record.add(shard)
    return tmp_path / "record.jsonl"


def test_a_record_is_read_as_it_was_written(plan: Plan, file: Path) -> None:
    before = file.read_bytes()
    assert Record(plan.identity(), file).shards == {shard.shard: shard for shard in SHARDS}
    assert file.read_bytes() == before


def test_a_line_without_its_end_does_not_count(plan: Plan, file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole + json.dumps(asdict(SHARDS[0])).encode())
    record = Record(plan.identity(), file)
    assert list(record.shards) == [2, 0]
    assert file.read_bytes() == whole
    record.add(Judged(1, "a", [5], "ef", {"cycles": 9}, 8, 0.5))
    assert list(Record(plan.identity(), file).shards) == [2, 0, 1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("network_sha256", "0" * 64), ("rtl_sha256", "0" * 64), ("array", 16), ("batch", 1), ("seed", 1), ("images", 21)],
)
def test_a_record_of_another_run_is_refused(plan: Plan, file: Path, name: str, value: object) -> None:
    before = file.read_bytes()
    with pytest.raises(FarmError, match=rf"the record of another run \({name}: there .*, here {value}\)"):
        Record(plan.identity() | {name: value}, file)
    assert file.read_bytes() == before


def test_two_runs_do_not_write_one_record(plan: Plan, file: Path) -> None:
    with held(file), pytest.raises(FarmError, match="another run writes this record"), held(file):
        pass
    with held(file):
        assert len(Record(plan.identity(), file).shards) == 2
    with held(file.with_name("new.jsonl")):
        assert not Record(plan.identity(), file.with_name("new.jsonl")).shards


@pytest.mark.parametrize("content", ["{}", "{}\n", "[1]\n", "a photograph\n"])
def test_what_is_no_record_is_refused(plan: Plan, tmp_path: Path, content: str) -> None:
    (tmp_path / "file").write_text(content)
    with pytest.raises(FarmError, match="no record of `tilewright farm`"):
        Record(plan.identity(), tmp_path / "file")


@pytest.mark.parametrize("line", ["{", "[]", '{"shard":1}'])
def test_a_damaged_line_is_named(plan: Plan, file: Path, line: str) -> None:
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(FarmError, match="a damaged line"):
        Record(plan.identity(), file)
