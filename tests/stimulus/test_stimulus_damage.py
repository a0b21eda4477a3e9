"""Damaged, incomplete and ambiguous sets: one clear error that names file and line."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from course_sets import CASES
from hypothesis import given, settings
from hypothesis import strategies as st

from tilewright.driver import Driver
from tilewright.errors import StimulusError
from tilewright.network.layer import ConvLayer
from tilewright.stimulus.findings import examine
from tilewright.stimulus.reader import read_set
from tilewright.stimulus.replay import replay
from tilewright.stimulus.sizes import Overrides
from tilewright.stimulus.writer import write_notebook_set, write_set

MakeLayer = Callable[..., ConvLayer]


@pytest.fixture
def folder(make_layer: MakeLayer, tmp_path: Path) -> Path:
    """A complete set of 16 -> 16 channels."""
    write_set(make_layer(1, ic=16, oc=16), 0, tmp_path / "set")
    return tmp_path / "set"


def edit(path: Path, line: int, change: Callable[[str], str]) -> None:
    lines = path.read_text().splitlines()
    lines[line - 1] = change(lines[line - 1])
    path.write_text("".join(f"{text}\n" for text in lines))


def cut(path: Path, lines: int) -> None:
    path.write_text("".join(f"{text}\n" for text in path.read_text().splitlines()[:-lines]))


def refusal(folder: Path, overrides: Overrides | None = None) -> str:
    with pytest.raises(StimulusError) as raised:
        examine(read_set(folder), overrides or Overrides())
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "line", "change", "says"),
    [
        (
            "activation_tile1.txt",
            20,
            lambda text: text[:5] + "x" + text[6:],
            "character 'x' in column 6 is not a binary",
        ),
        ("weight_itile0_otile1_kij3.txt", 4, lambda text: "2" + text[1:], "character '2' in column 1 is not a binary"),
        ("out.txt", 7, lambda text: text[:-1], "127 characters, 128 expected (8 fields of 16 bits, blanks beside)"),
        ("out.txt", 4, lambda text: text[:32], "32 characters, 128 expected"),
        ("psum_otile1.txt", 300, lambda text: text + "0", "129 characters, 128 expected"),
        ("psum.txt", 50, lambda text: text[:3] + " " + text[4:], "columns 1 to 16 are not one binary number"),
        ("activation_tile0.txt", 9, lambda text: "", "empty line between other lines"),
        ("out_otile1.txt", 12, lambda text: "é" + text[1:], "a byte outside ASCII"),
    ],
)
def test_a_damaged_line_is_named(folder: Path, name: str, line: int, change: Callable[[str], str], says: str) -> None:
    edit(folder / name, line, change)
    message = refusal(folder)
    assert message.startswith(f"{folder / name}:{line}: ")
    assert says in message


@pytest.mark.parametrize(
    ("name", "lines", "last", "says"),
    [
        ("activation_tile1.txt", 1, 38, "file ends after 35 rows, other tiles have 36"),
        ("weight_itile1_otile1_kij8.txt", 3, 8, "file ends after 5 weight lines, 8 expected"),
        ("out.txt", 16, 4, "no data line (3 comment line(s) only)"),
    ],
)
def test_missing_lines_are_named(folder: Path, name: str, lines: int, last: int, says: str) -> None:
    cut(folder / name, lines)
    message = refusal(folder)
    assert message.startswith(f"{folder / name}:{last}: ")
    assert says in message


@pytest.mark.parametrize(
    ("name", "lines", "last", "says"),
    [
        (
            "out_otile1.txt",
            2,
            17,
            "file ends after 14 outputs; 4x4 outputs of a padded 6x6 map, kernel 3x3 gives 16",
        ),
        (
            "psum.txt",
            7,
            644,
            "file ends after 641 partial sums of 8 columns; expected 36 (one tap), 324 (all taps)",
        ),
        ("acc.txt", 1, 287, "file ends after 287 addresses, 288 expected"),
    ],
)
def test_a_sum_or_address_file_that_is_too_short_is_a_finding(
    folder: Path, name: str, lines: int, last: int, says: str
) -> None:
    cut(folder / name, lines)
    findings = examine(read_set(folder), Overrides())
    (defect,) = findings.contradictions
    assert findings.fit.mismatches == 0
    assert defect.file == name
    assert defect.message.startswith(f"{folder / name}:{last}: {says}")


@pytest.mark.parametrize(
    ("line", "change", "says"),
    [
        (42, lambda text: ("0" if text[0] == "1" else "1") + text[1:], "address "),
        (100, lambda text: text[1:], "10 characters, 11 expected"),
        (7, lambda text: "x" + text[1:], "character 'x' in column 1 is not a binary digit"),
    ],
)
def test_a_wrong_address_is_a_finding(folder: Path, line: int, change: Callable[[str], str], says: str) -> None:
    edit(folder / "acc.txt", line, change)
    findings = examine(read_set(folder), Overrides())
    (defect,) = findings.contradictions
    assert (findings.fit.mismatches, defect.name.value) == (0, "acc-addresses-contradict")
    assert defect.message.startswith(f"{folder / 'acc.txt'}:{line}: {says}")


def test_activation_rows_missing_from_all_tiles(folder: Path) -> None:
    for tile in (0, 1):
        cut(folder / f"activation_tile{tile}.txt", 3)
    message = refusal(folder)
    assert message.startswith(f"{folder / 'activation_tile0.txt'}:36: file ends after 33 rows; 4x4 outputs in out.txt")
    assert message.endswith("need 36")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("weight_itile1_otile0_kij4.txt", "file missing (weights of kernel tap 4)"),
        ("activation_tile0.txt", "file missing (activations of input tile 0)"),
        ("out_otile1.txt", "file missing (outputs of that output-channel tile)"),
    ],
)
def test_a_missing_file_is_named(folder: Path, name: str, says: str) -> None:
    (folder / name).unlink()
    assert refusal(folder) == f"{folder / name}: {says}"


def test_a_file_of_gigabytes_is_not_read(folder: Path) -> None:
    os.truncate(folder / "out_otile1.txt", 1 << 40)
    with pytest.raises(StimulusError, match=r"out_otile1\.txt: 1099511627776 bytes, and at most 67108864 are read"):
        read_set(folder)


def test_missing_kinds_of_files(folder: Path, tmp_path: Path) -> None:
    assert "no such folder" in refusal(tmp_path / "nowhere")
    for name in ("out.txt", "out_otile1.txt", "psum.txt", "psum_otile1.txt"):
        (folder / name).unlink()
    assert "neither an out nor a psum file" in refusal(folder)
    for path in folder.glob("activation*"):
        path.unlink()
    assert "no activation file" in refusal(folder)


def test_the_last_tap_missing_everywhere(folder: Path) -> None:
    for path in folder.glob("weight*_kij8.txt"):
        path.unlink()
    assert "8 kernel taps are no square kernel; the weights of further taps are missing" in refusal(folder)


def test_two_files_for_one_part(folder: Path) -> None:
    twin, file = folder / "activation_tile00.txt", folder / "activation_tile0.txt"
    twin.write_bytes(file.read_bytes())
    findings = examine(read_set(folder), Overrides())
    assert [(one.path, one.reason) for one in findings.unused] == [
        (twin, "the sums follow from activation_tile0.txt to activation_tile1.txt, this file is a copy")
    ]
    assert findings.fit.exact
    for wrong in (file, twin):
        text = wrong.read_text()
        edit(wrong, 14, lambda text: text[:-1] + str(1 - int(text[-1])))
        findings = examine(read_set(folder), Overrides())
        assert findings.fit.mismatches == 0
        assert [defect.name.value for defect in findings.contradictions] == ["copy-contradicts"]
        wrong.write_text(text)


def test_sums_that_are_all_zero_show_nothing(make_layer: MakeLayer, tmp_path: Path) -> None:
    """Both meanings of a weight line explain them: it does not matter which is taken, and a note says so."""
    layer = make_layer(2)
    still = ConvLayer("still", layer.weight_codes, np.zeros_like(layer.activation_codes), 1, 1)
    write_set(still, 0, tmp_path)
    for line, says in ((None, "output channel (oc)"), ("ic", "input channel (ic)")):
        findings = examine(read_set(tmp_path), Overrides(weight_line=line))
        assert (findings.details["weight line"], findings.details["rows"]) == (says, "in order")
        assert findings.fit.exact
        assert "every sum that is compared is 0" in findings.notes[-1]


def test_sums_of_another_layer_fit_no_orientation(make_layer: MakeLayer, folder: Path, tmp_path: Path) -> None:
    write_set(make_layer(3, ic=16, oc=16), 0, tmp_path / "other")
    for name in ("out.txt", "out_otile1.txt", "psum.txt", "psum_otile1.txt"):
        (folder / name).write_bytes((tmp_path / "other" / name).read_bytes())
    message = refusal(folder)
    assert "no reading explains out.txt, out_otile1.txt, psum.txt, psum_otile1.txt" in message
    assert re.search(r"\d+ of 128 differ in out\.txt, the first in line 4, column \d: ", message)


def test_a_flipped_weight_bit_is_found_by_the_rtl(folder: Path, driver: Driver) -> None:
    # line 6 is column 2; characters 20 to 23 are row 2
    edit(folder / "weight_itile1_otile0_kij4.txt", 6, lambda text: text[:22] + str(1 - int(text[22])) + text[23:])
    outcome = replay(examine(read_set(folder), Overrides()), driver)
    assert outcome.mismatches
    assert {mismatch.column for mismatch in outcome.mismatches} == {2}
    assert {mismatch.file for mismatch in outcome.mismatches} <= {"out.txt", "psum.txt"}
    # psum.txt: 3 comment lines, 324 rows of input tile 0, four taps of 36 rows of input tile 1, then tap 4
    lines = [mismatch.line for mismatch in outcome.mismatches if mismatch.file == "psum.txt"]
    assert 3 + 324 + 4 * 36 < min(lines) <= max(lines) <= 3 + 324 + 5 * 36
    listed = outcome.as_dict()["listed"]
    assert listed[0]["computed"] != listed[0]["in_file"]


def test_one_wrong_output_is_found_by_the_rtl(folder: Path, driver: Driver) -> None:
    edit(folder / "out_otile1.txt", 10, lambda text: text[:-17] + str(1 - int(text[-17])) + text[-16:])
    outcome = replay(examine(read_set(folder), Overrides()), driver)
    assert [(m.file, m.line, m.column, abs(m.in_file - m.computed)) for m in outcome.mismatches] == [
        ("out_otile1.txt", 10, 1, 1)
    ]


def test_a_damaged_psum_line_of_a_notebook_set(make_layer: MakeLayer, tmp_path: Path) -> None:
    write_notebook_set(make_layer(4, ic=16, oc=16), 0, tmp_path)
    edit(tmp_path / "psum.txt", 30, lambda text: text[:127] + ("0" if text[127] == "1" else "1"))
    findings = examine(read_set(tmp_path), Overrides())
    (defect,) = findings.contradictions
    assert defect.message.startswith(f"{tmp_path / 'psum.txt'}:30: no activations in 0..15 give these partial sums")
    assert findings.notes[-2] == "replayed: partial sums of 8 given rows and 27 recovered rows of 36"


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_flipped_bit_is_noticed(data: st.DataObject, make_layer: MakeLayer) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = data.draw(st.sampled_from(write_set(make_layer(5, size=3), 0, folder)))
        lines = path.read_text().splitlines()
        line = data.draw(st.integers(1 if path.name == "acc.txt" else 4, len(lines)))
        bit = data.draw(st.integers(0, len(lines[-1]) - 1))
        edit(path, line, lambda text: text[:bit] + str(1 - int(text[bit])) + text[bit + 1 :])
        findings = examine(read_set(folder), Overrides())
        assert (findings.fit.mismatches > 0) == (path.name != "acc.txt")
        assert findings.contradictions or path.name != "acc.txt"


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_removed_line_is_noticed(data: st.DataObject, make_layer: MakeLayer) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = data.draw(st.sampled_from(write_set(make_layer(6, ic=16), 0, folder)))
        lines = path.read_text().splitlines()
        del lines[data.draw(st.integers(0 if path.name == "acc.txt" else 3, len(lines) - 1))]
        path.write_text("".join(f"{text}\n" for text in lines))
        if path.name.startswith(("activation", "weight")):
            assert str(path) in refusal(folder)
        else:
            (defect,) = examine(read_set(folder), Overrides()).contradictions
            assert defect.message.startswith(f"{path}:{len(lines)}: file ends after ")


@settings(max_examples=40, deadline=None)
@given(names=st.lists(st.sampled_from(sorted(CASES)), min_size=1, max_size=2), data=st.data())
def test_whatever_a_folder_holds_each_file_is_used_or_named(names: list[str], data: st.DataObject) -> None:
    """Sets written over each other, files missing, cut, swapped, renamed: findings, or one error."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "all")
        for index, case in enumerate(names):
            own = Path(name, str(index))
            own.mkdir()
            CASES[case].make(own)
            shutil.copytree(own, folder, dirs_exist_ok=True)
        first, second = (data.draw(st.sampled_from(sorted(folder.rglob("*.txt")))) for _ in range(2))
        damage = data.draw(st.sampled_from(["swap", "cut", "double", "remove", "rename"]))
        if damage == "swap":
            texts = first.read_bytes(), second.read_bytes()
            first.write_bytes(texts[1])
            second.write_bytes(texts[0])
        elif damage == "rename":
            first.rename(first.with_name(data.draw(st.sampled_from(["out3.txt", "tile1_weight2.txt", "acc.txt"]))))
        elif damage == "remove":
            first.unlink()
        else:
            lines = first.read_text().splitlines()
            lines = lines[: data.draw(st.integers(0, len(lines)))] if damage == "cut" else lines * 2
            first.write_text("".join(f"{line}\n" for line in lines))
        try:
            findings = examine(read_set(folder), Overrides())
        except StimulusError:
            return
        fit = findings.fit
        named = {one.path for one in (*findings.unused, *fit.assignment.unplaced, *findings.stimulus.addresses)}
        sums = {one.file.table.path for one in (*fit.matches, *fit.unread)}
        assert fit.paths | sums | named == set(folder.rglob("*.txt"))
