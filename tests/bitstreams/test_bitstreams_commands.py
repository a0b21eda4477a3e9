"""`tilewright bitstream list`, `check`, `add`: what they say and refuse, and that nothing half is left."""

from __future__ import annotations

import json
from pathlib import Path

import fake_bitstreams
import pytest
from command_line import refused
from typer.testing import CliRunner

from tilewright.bitstreams import collection
from tilewright.bitstreams.manifest import HWH, MANIFEST
from tilewright.cli.app import app
from tilewright.cli.console import output


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["bitstream", *map(str, words)])
    return result.exit_code, result.stdout


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table's cells are not folded; pytest-xdist has set the width of the console that is there."""
    monkeypatch.setattr(output, "width", 200)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A .bit of a user's, its .hwh beside it, no manifest."""
    return fake_bitstreams.write_pair(tmp_path / "own", fake_bitstreams.design_of("pynq_z1"))


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    status, text = run("list", "--folder", tmp_path / "none")
    assert status == 0 and text.startswith(f"no bitstream in {tmp_path / 'none'}: `tilewright board build")
    assert run("check", "--folder", tmp_path, "--json") == (0, '{"bitstreams": []}\n')


def test_add_list_and_check(own: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    assert run("add", own, "--board", "pynq_z1", "--folder", there) == (0, f"added: {there / 'pynq_z1_16x16'}\n")
    manifest = json.loads((there / "pynq_z1_16x16" / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["parameters"]["N"] == 16 and manifest["parameters"]["STREAM_W"] == 64
    assert (manifest["clock_asked_mhz"], manifest["clock_mhz"]) == (None, 100.0) and manifest["tool"] == "Vivado 2024.1"
    assert manifest["timing"] is None and manifest["rtl_sha256"] is None and manifest["ran_on_hardware"] is False
    status, text = run("list", "--folder", there)
    assert status == 0 and "pynq_z1_16x16" in text and "unknown" in text and "not run" in text and "right" in text
    assert run("check", "--folder", there)[0] == 0
    status, text = run("check", there / "pynq_z1_16x16", "--json")
    assert status == 0 and json.loads(text)["bitstreams"][0]["faults"] == []


def test_check_exits_with_1_and_names_each_difference(tmp_path: Path) -> None:
    fake_bitstreams.write_whole(tmp_path / "pynq_z2_16x16", "pynq_z2")
    fake_bitstreams.write_whole(tmp_path / "kv260_8x8", "kv260", N=8)
    (tmp_path / "kv260_8x8" / HWH).write_bytes((tmp_path / "pynq_z2_16x16" / HWH).read_bytes())
    status, text = run("check", "--folder", tmp_path)
    assert status == 1 and "pynq_z2_16x16: " not in text
    assert "kv260_8x8: tilewright.hwh has SHA-256" in text and "kv260_8x8: the .hwh is for 7z020 clg400 -1" in text
    (tmp_path / "kv260_8x8" / MANIFEST).write_text('{"tilewright_manifest": 2}', encoding="utf-8")
    status, text = run("list", "--folder", tmp_path)
    assert status == 0 and "do not fit" in text and "'parameters' is a required property" in text


def test_add_takes_the_manifest_beside(own: Path, tmp_path: Path) -> None:
    manifest = fake_bitstreams.write_whole(own.parent, "pynq_z1")
    assert run("add", own, "--name", "mine", "--folder", tmp_path)[0] == 0
    added = json.loads((tmp_path / "mine" / MANIFEST).read_text(encoding="utf-8"))
    assert added == {**manifest, "name": "mine"}
    words = ("bitstream", "add", own, "--folder", tmp_path / "more")
    assert "says board pynq_z1, not kv260" in refused(*words, "--board", "kv260")
    own.with_suffix(".hwh").write_bytes(b"another")
    assert "tilewright.hwh has SHA-256" in refused(*words)


def test_add_refuses_with_every_reason_and_leaves_nothing(own: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    text = refused("bitstream", "add", own, "--board", "kv260", "--folder", there)
    assert "the .hwh says no clock of the processing system of KV260" in text
    text = refused("bitstream", "add", own, "--board", "zedboard", "--folder", there)
    assert "no board 'zedboard'; there are aup_zu3" in text
    assert "name it with --board" in refused("bitstream", "add", own, "--folder", there)
    assert "no file" in refused("bitstream", "add", own.with_name("other.bit"), "--folder", there)
    own.write_bytes(fake_bitstreams.bit_bytes("base_wrapper", "xc7z010clg400-1", "2024.1"))
    text = refused("bitstream", "add", own, "--board", "pynq_z1", "--folder", there)
    assert "is for 7z010clg400" in text and "is of 'base_wrapper'" in text
    own.with_suffix(".hwh").unlink()
    assert "no file" in refused("bitstream", "add", own, "--board", "pynq_z1", "--folder", there)
    assert not there.exists() or not list(there.iterdir())


def test_add_replaces_only_when_it_is_told(own: Path, tmp_path: Path) -> None:
    words = ("bitstream", "add", own, "--board", "pynq_z1", "--folder", tmp_path / "there")
    assert run(*words[1:])[0] == 0
    assert "is there already: remove it, or say --replace" in refused(*words)
    assert run(*words[1:], "--replace")[0] == 0
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["pynq_z1_16x16"]


@pytest.mark.parametrize("fails", ["copyfile", "rename"])
def test_an_interrupted_add_leaves_what_was_there(
    fails: str, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there"
    manifest = fake_bitstreams.write_whole(there / "pynq_z1_16x16", "pynq_z1")

    calls: list[object] = []
    real = Path.rename

    def interrupted(*words: Path) -> Path:
        calls.append(words)
        # The first renaming takes away what is there, the second puts the new one in its place
        if fails == "copyfile" or len(calls) == 2:
            raise KeyboardInterrupt
        return real(*words)

    monkeypatch.setattr(*{"copyfile": (collection.shutil, "copyfile"), "rename": (Path, "rename")}[fails], interrupted)
    with pytest.raises(KeyboardInterrupt):
        collection.add(there, own, own.with_suffix(".hwh"), manifest, replace=True)
    monkeypatch.undo()
    assert [path.name for path in there.iterdir()] == ["pynq_z1_16x16"]
    assert collection.checked(there / "pynq_z1_16x16").faults == ()
