"""The ways in which course projects write their sets: each is read right, and a wrong value stays one."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from course_sets import (
    CASES,
    TAPS,
    Layer,
    binary,
    control,
    copied_weights,
    data_lines,
    flip,
    maps_with_shared_weights,
    named_psums,
    output_stationary,
    psum_is_the_sum,
    put,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tilewright.cli.app import app
from tilewright.driver import Driver
from tilewright.errors import StimulusError
from tilewright.stimulus.findings import Findings, examine
from tilewright.stimulus.reader import read_set
from tilewright.stimulus.replay import replay
from tilewright.stimulus.sizes import Overrides

# Sums that are compared in the shared cases, where they are not 128
SHARED_COMPARED = {"05a": 160, "05b": 2624, "04": 256, "08b": 1280, "09a": 256, "12": 2720, "15a": 384, "19": 416}
# What the hardware computes differs in these; the others differ in their text only.
ON_RTL = (
    "psum_is_the_sum",
    "pooled_only",
    "unpadded_map_and_psums",
    "output_tiles_in_folders",
    "maps_with_shared_weights",
)
ON_RTL_16 = ("sixteen_channels_a_line", "two_bits", "two_bits_in_halves")


def read(folder: Path) -> Findings:
    return examine(read_set(folder), Overrides())


def refusal(folder: Path) -> str:
    with pytest.raises(StimulusError) as raised:
        read(folder)
    return str(raised.value)


def compared(findings: Findings) -> int:
    return sum(match.compared for match in findings.fit.matches)


def reading(findings: Findings) -> object:
    fit = findings.fit
    files = [(match.file.table.path, match.layout) for match in fit.matches]
    return fit.orientation, fit.geometry, fit.assignment.role, files, [one.path for one in findings.unused]


@pytest.mark.parametrize("name", CASES)
def test_a_kind_of_set_is_read_right(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    case.make(tmp_path)
    findings = read(tmp_path)
    assert findings.fit.exact
    assert compared(findings) == case.compared
    assert {key: findings.details[key] for key, _ in case.says} == dict(case.says)
    assert sorted(one.path.name for one in findings.unused) == sorted(case.unused)
    assert all(any(one in note for note in findings.notes) for one in case.unused)
    assert findings.defects == ()


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_sum_is_named(name: str, tmp_path: Path) -> None:
    """In the first and last file of sums, in a middle line: that line alone is named, under the same reading."""
    CASES[name].make(tmp_path)
    findings = read(tmp_path)
    right, matches = reading(findings), findings.fit.matches
    for match in {matches[0], matches[-1]}:
        path, text = match.file.table.path, match.file.table.path.read_text()
        line, _ = [*data_lines(path)][match.file.table.rows // 2]
        flip(path, line, (16 if len(text) // match.file.table.rows >= 128 else 4) + 3)
        findings = read(tmp_path)
        assert reading(findings) == right
        assert findings.fit.mismatches == 1
        (wrong,) = [match for match in findings.fit.matches if match.wrong]
        assert wrong.file.table.path == path
        assert wrong.first.startswith(f"line {line}, column 1: ")
        path.write_text(text)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", ["activations", "weights"])
def test_a_wrong_operand_differs_under_the_same_reading(name: str, kind: str, tmp_path: Path) -> None:
    CASES[name].make(tmp_path)
    right = read(tmp_path)
    files = right.fit.convolutions[0].files
    path = (files.activations if kind == "activations" else files.weight_tables)[0].path
    line, _ = [text for text in data_lines(path) if kind == "weights" or "1" in text[1]][3]
    flip(path, line, 3)
    findings = read(tmp_path)
    assert findings.fit.mismatches or findings.contradictions
    if name != "copied_weights":
        assert reading(findings) == reading(right)


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(sorted(CASES)), seed=st.integers(0, 9), data=st.data())
def test_no_reading_explains_a_wrong_digit_away(name: str, seed: int, data: st.DataObject) -> None:
    """Where all still agrees the reading is the same: the digit has no effect on any sum, or the file is named."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        CASES[name].make(folder, seed)
        right = read(folder)
        path = data.draw(st.sampled_from(sorted(folder.rglob("*.txt"))))
        line, text = data.draw(st.sampled_from([*data_lines(path)]))
        flip(path, line, data.draw(st.integers(0, len("".join(text.split())) - 1)))
        try:
            findings = read(folder)
        except StimulusError as error:
            assert "differ in" in str(error)
            return
        if findings.fit.exact and not findings.contradictions:
            assert reading(findings) == reading(right)
            assert path.name in CASES[name].unused or path.name.startswith(("weight", "core", "k", "acc_add"))


@pytest.mark.parametrize("file", ["weight.txt", "weight_kij4.txt"])
def test_copies_that_differ_contradict(file: str, tmp_path: Path) -> None:
    """The right copy explains the sums; the wrong one is named with its place, and the set is not called equal."""
    copied_weights(tmp_path, Layer.random(4))
    flip(tmp_path / file, 3 + 5 + (4 * 8 if file == "weight.txt" else 0), 2)
    findings = read(tmp_path)
    assert findings.fit.mismatches == 0
    (defect,) = findings.contradictions
    assert defect.name.value == "copy-contradicts"
    assert "1 of" in defect.message
    assert (
        "line 8, field 0" in defect.message
        or "weight_kij4.txt:8 " in defect.message
        or "weight.txt:40 " in defect.message
    )


@pytest.mark.parametrize("file", ["weight.txt", "weight_kij4.txt"])
def test_transposed_copies_that_differ_contradict(file: str, tmp_path: Path) -> None:
    layer = Layer.random(4)
    control(tmp_path, layer)
    put(tmp_path / "weight.txt", [line for tap in range(TAPS) for line in binary(layer.weights[:, :, tap].T, 4)])
    findings = read(tmp_path)
    assert findings.fit.exact
    assert "this file as well, read in another order" in findings.unused[0].reason
    flip(tmp_path / file, 3 + 5 + (4 * 8 if file == "weight.txt" else 0), 2)
    findings = read(tmp_path)
    assert findings.fit.mismatches == 0
    (defect,) = findings.contradictions
    assert f"{file}, " in defect.message or "weight_kij0.txt, " in defect.message
    assert "of 128 sums of output.txt differ, the first in line " in defect.message


def test_an_address_that_contradicts_is_a_finding(tmp_path: Path) -> None:
    CASES["wide_addresses"].make(tmp_path)
    flip(tmp_path / "psum_address.txt", 3 + 7, 14 + 1)
    findings = read(tmp_path)
    assert findings.fit.exact
    (defect,) = findings.contradictions
    assert defect.message.startswith(f"{tmp_path / 'psum_address.txt'}:10: address ")
    assert defect.message.endswith("1 of 144 addresses differ")


def test_files_of_sums_that_contradict_are_findings(tmp_path: Path) -> None:
    """A psum file of another layer, and one that is too short: the outputs agree, so the set runs."""
    layer = Layer.random(5)
    named_psums(tmp_path, layer)
    put(tmp_path / "psum_3.txt", binary(Layer.random(6).psums[3], 16))
    put(tmp_path / "psum_7.txt", binary(layer.psums[7][:-1], 16))
    findings = read(tmp_path)
    messages = {defect.file: defect.message for defect in findings.contradictions}
    assert set(messages) == {"psum_3.txt", "psum_7.txt"}
    assert "of 288 sums differ, though output.txt, psum_0.txt, " in messages["psum_3.txt"]
    assert messages["psum_7.txt"].startswith(f"{tmp_path / 'psum_7.txt'}:38: file ends after 35 partial sums")
    put(tmp_path / "output.txt", binary(Layer.random(6).relu, 16))
    assert "output.txt" in {defect.file for defect in read(tmp_path).contradictions}


def test_the_refusal_counts_what_differs(tmp_path: Path) -> None:
    control(tmp_path, Layer.random(7))
    put(tmp_path / "output.txt", binary(Layer.random(8).relu, 16))
    message = refusal(tmp_path)
    assert "no reading explains output.txt. The best one (weight line = " in message
    assert "of 128 differ in output.txt, the first in line 4, column " in message


def test_minus_zero_and_off_by_one_are_named(tmp_path: Path) -> None:
    layer = Layer.random(9)
    control(tmp_path, layer)
    psums = layer.psums[4].copy()
    psums[0] = (-0x8000, *psums[0, 1:])
    psums[20] += 1
    psums[14, 0] = -0x8000 - min(0, psums[14, 0])
    put(tmp_path / "psum_kij4.txt", binary(psums, 16))
    named = {defect.name.value: defect.message for defect in read(tmp_path).defects}
    assert named["minus-zero"].startswith("1 of ")
    assert named["minus-zero"].endswith("the first in line 4, column 0: 0x8000 stands where 0 belongs (minus zero)")
    assert named["off-by-one"].startswith("8 of ")


def test_partial_sums_that_are_all_off_by_one_are_named(tmp_path: Path) -> None:
    layer = Layer.random(9)
    control(tmp_path, layer)
    (tmp_path / "output.txt").unlink()
    put(tmp_path / "psum_kij4.txt", binary(layer.psums[4] + 1, 16))
    named = {defect.name.value: defect.message for defect in read(tmp_path).defects}
    assert named["off-by-one"].startswith("288 of 288 wrong sums, the first in line 4, column 0: off by one (LSB)")


def test_the_addition_of_one_to_the_largest_output_is_no_step(tmp_path: Path) -> None:
    """One step of 1.00.. explains that file too; integers come first."""
    layer = Layer.random(10)
    control(tmp_path, layer)
    outputs = layer.relu.copy()
    outputs[np.unravel_index(outputs.argmax(), outputs.shape)] += 1
    put(tmp_path / "output.txt", binary(outputs, 16))
    findings = read(tmp_path)
    assert (findings.fit.mismatches, findings.details["out"]) == (1, "after ReLU")


def test_a_wrong_value_in_dequantised_outputs(tmp_path: Path) -> None:
    layer = Layer.random(11)
    control(tmp_path, layer)
    outputs = np.rint(layer.relu * 0.1238).astype(np.int64)
    outputs[5, 2] += 9
    put(tmp_path / "output.txt", binary(outputs, 16))
    findings = read(tmp_path)
    assert findings.fit.mismatches == 1
    assert findings.details["out"] == "after ReLU, dequantised"


def test_output_stationary_sets_are_refused_by_that_name(tmp_path: Path) -> None:
    output_stationary(tmp_path, Layer.random(1))
    put(tmp_path / "output_os.txt", binary(np.zeros((8, 8), dtype=np.int64), 16))
    assert "an output-stationary set (activation_os_ic0.txt, " in refusal(tmp_path)
    named = tmp_path / "set"
    rng = np.random.default_rng(1)
    for kind in ("activation", "weight"):
        put(named / f"{kind}.txt", binary(rng.integers(0, 16, (8 * TAPS, 8)), 4))
    put(named / "out.txt", binary(rng.integers(0, 99, (8, 8)), 16))
    assert "an output-stationary set has them, which is not read" in refusal(named)


@pytest.mark.parametrize("missing", ["weight_kij4.txt", "activation_tile1.txt"])
def test_missing_is_said_of_files_that_are_not_there(missing: str, tmp_path: Path) -> None:
    maps_with_shared_weights(tmp_path, Layer.random(2))
    (tmp_path / missing).unlink()
    assert refusal(tmp_path).startswith(f"{tmp_path / missing}: file missing (")


def test_a_map_without_outputs(tmp_path: Path) -> None:
    maps_with_shared_weights(tmp_path, Layer.random(2))
    (tmp_path / "out1.txt").unlink()
    assert refusal(tmp_path) == f"{tmp_path}: neither outputs nor partial sums of map 1"


def test_outputs_without_their_map_are_findings(tmp_path: Path) -> None:
    """Numbers may begin at 1."""
    maps_with_shared_weights(tmp_path, Layer.random(2))
    (tmp_path / "activation_tile0.txt").unlink()
    findings = read(tmp_path)
    assert (findings.fit.mismatches, compared(findings)) == (0, 256)
    assert [(one.file, one.message) for one in findings.contradictions] == [
        ("out0.txt", "there is no map 0; not compared")
    ]


def test_every_other_file_is_named(tmp_path: Path) -> None:
    control(tmp_path, Layer.random(2))
    (tmp_path / "notes.txt").write_text("my notes\n")
    (tmp_path / "tb.v").write_text("module tb; endmodule\n")
    put(tmp_path / "weight_float.txt", ["0.125 0.25"] * 8, ())
    reasons = {one.path.name: one.reason for one in read(tmp_path).unused}
    assert reasons["notes.txt"] == "its name says nothing"
    assert reasons["tb.v"] == "no .txt file"
    assert "are not 8 or 16 fields of 4 bits, which the name (weight) asks for" in reasons["weight_float.txt"]
    assert set(reasons) == {"notes.txt", "tb.v", "weight_float.txt"}


def on_device(names: tuple[str, ...], driver: Driver, folder: Path) -> None:
    for name in names:
        CASES[name].make(folder / name)
        findings = read(folder / name)
        outcome = replay(findings, driver)
        assert outcome.equal, name
        assert outcome.as_dict()["outputs"] == CASES[name].compared
        match = findings.fit.matches[0]
        line, _ = next(data_lines(match.file.table.path))
        flip(match.file.table.path, line, 5)
        wrong = replay(read(folder / name), driver)
        assert [(one.line, one.column, abs(one.in_file - one.computed)) for one in wrong.mismatches] == [(line, 0, 32)]


def test_kinds_of_sets_replay_exactly(driver: Driver, tmp_path: Path) -> None:
    on_device(ON_RTL, driver, tmp_path)


def test_sixteen_channels_a_line_replay_on_the_16x16_array(open_device: Callable[..., object], tmp_path: Path) -> None:
    on_device(ON_RTL_16, Driver(open_device(16)), tmp_path)


def test_several_sets_by_one_command(driver: Driver, tmp_path: Path) -> None:
    """The status is the worst one; files beside the sets are named."""
    layer = Layer.random(12)
    control(tmp_path / "equal", layer)
    psum_is_the_sum(tmp_path / "deeper" / "wrong", layer)
    flip(tmp_path / "deeper" / "wrong" / "psum.txt", 9, 16)
    (tmp_path / "README.md").write_text("sets\n")
    runner = CliRunner()
    result = runner.invoke(app, ["stimulus", "replay", str(tmp_path), "--json"])
    assert result.exit_code == 1, result.output
    facts = json.loads(result.stdout)
    assert [(Path(one["directory"]).name, one["mismatches"], one["status"]) for one in facts["sets"]] == [
        ("wrong", 1, 1),
        ("equal", 0, 0),
    ]
    assert facts["sets"][0]["listed"][0]["remark"] == "off by one (LSB)"
    assert facts["unused"] == [{"file": str(tmp_path / "README.md"), "reason": "belongs to no set"}]
    control(tmp_path / "refused", layer)
    (tmp_path / "refused" / "weight_kij3.txt").unlink()
    result = runner.invoke(app, ["stimulus", "replay", str(tmp_path / "equal"), str(tmp_path / "refused")])
    assert result.exit_code == 2
    assert "weight_kij3.txt: file missing (weights of kernel tap 3)" in result.stdout.replace("\n", "")


def test_the_shared_cases(stimulus_root: Path, driver: Driver) -> None:
    folder = stimulus_root.with_name("stimulus_cases")
    if not folder.is_dir():
        pytest.skip(f"no {folder} on this machine")
    result = CliRunner().invoke(app, ["stimulus", "replay", str(folder), "--json"])
    assert result.exit_code == 1, result.output
    sets = {Path(one["directory"]).name.split("_")[0]: one for one in json.loads(result.stdout)["sets"]}
    assert len(sets) == 24
    assert {number: one["outputs"] for number, one in sets.items() if one["outputs"] != 128} == SHARED_COMPARED
    assert [number for number, one in sets.items() if one["mismatches"] or one["contradictions"]] == ["19"]
    assert [one["remark"] for one in sets["19"]["listed"]] == ["0x8000 stands where 0 belongs (minus zero)"]
    assert {number: one["array"] for number, one in sets.items() if one["array"] != 8} == {"18": 16}
    assert [defect["name"] for one in sets.values() for defect in one["defects"]] == ["minus-zero"]
