"""Sets in the formats of other projects, made from our own: each is recognised, and each replays exactly."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tilewright.driver import Driver
from tilewright.network.layer import ConvLayer
from tilewright.stimulus.findings import Findings, examine
from tilewright.stimulus.reader import read_set
from tilewright.stimulus.replay import replay
from tilewright.stimulus.sizes import Overrides
from tilewright.stimulus.writer import write_set

MakeLayer = Callable[..., ConvLayer]
Rewrite = Callable[[Path], None]


def data_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def replace_data(path: Path, lines: list[str]) -> None:
    comments = [line for line in path.read_text().splitlines() if line.startswith("#")]
    path.write_text("".join(f"{line}\n" for line in [*comments, *lines]))


def fields(line: str, bits: int) -> list[str]:
    return [line[i : i + bits] for i in range(0, len(line), bits)]


def transpose_weights(folder: Path) -> None:
    for path in folder.glob("weight*.txt"):
        rows = np.array([fields(line, 4)[::-1] for line in data_lines(path)])
        replace_data(path, ["".join(row[::-1]) for row in rows.T])


def join_taps(folder: Path) -> None:
    for first in folder.glob("weight*_kij0.txt"):
        taps = sorted(folder.glob(first.name.replace("kij0", "kij*")))
        replace_data(first, [line for tap in taps for line in data_lines(tap)])
        for tap in taps[1:]:
            tap.unlink()
        first.rename(first.with_name(first.name.replace("_kij0", "")))


def drop_comments(folder: Path) -> None:
    for path in folder.glob("*.txt"):
        path.write_text("".join(f"{line}\n" for line in data_lines(path)))


def put_dummies(folder: Path) -> None:
    for path in folder.glob("*.txt"):
        path.write_text("".join(f"{line}\r\n" for line in ["dummy", "dummy", "dummy", *data_lines(path)]))


def reverse_columns(folder: Path) -> None:
    for path in [*folder.glob("out*.txt"), *folder.glob("psum*.txt")]:
        replace_data(path, ["".join(fields(line, 16)[::-1]) for line in data_lines(path)])


def reverse_rows(folder: Path) -> None:
    for path in folder.glob("activation*.txt"):
        replace_data(path, ["".join(fields(line, 4)[::-1]) for line in data_lines(path)])


def pack_psum_lines(folder: Path) -> None:
    path = folder / "psum.txt"
    lines = data_lines(path)
    replace_data(path, ["".join(lines[i : i + 36]) for i in range(0, len(lines), 36)])


def psum_by_position(folder: Path) -> None:
    path = folder / "psum.txt"
    lines = np.array(data_lines(path)).reshape(9, 36)
    replace_data(path, lines.T.ravel().tolist())


def one_tap_with_spaces(folder: Path) -> None:
    path = folder / "psum.txt"
    lines = data_lines(path)[4 * 36 : 5 * 36]
    replace_data(path, ["".join(format(int(field, 2), "16b") for field in fields(line, 16)) for line in lines])


def pack_addresses(folder: Path) -> None:
    lines = data_lines(folder / "acc.txt")
    replace_data(folder / "acc.txt", ["".join(lines[i : i + 9]) for i in range(0, len(lines), 9)])


def hexadecimal_out(folder: Path) -> None:
    path = folder / "out.txt"
    lines = [" ".join(format(int(field, 2), "04X") for field in fields(line, 16)) + " " for line in data_lines(path)]
    replace_data(path, lines)


def no_psum(folder: Path) -> None:
    for path in folder.glob("psum*.txt"):
        path.unlink()


def no_out(folder: Path) -> None:
    for path in folder.glob("out*.txt"):
        path.unlink()


def course_names(folder: Path) -> None:
    (folder / "activation_tile0.txt").rename(folder / "activation_bin.txt")
    (folder / "out.txt").rename(folder / "output.txt")
    (folder / "acc.txt").rename(folder / "acc_address.txt")
    for kij in range(9):
        (folder / f"weight_itile0_otile0_kij{kij}.txt").rename(folder / f"weight_{kij}.txt")


# name -> how to rewrite an exported set of one 8x8 tile, and what the reader must say of it
VARIANTS: dict[str, tuple[list[Rewrite], dict[str, str]]] = {
    "as_exported": ([], {"weight line": "output channel (oc)", "out": "after ReLU", "taps": "9 in one file each"}),
    "line_is_ic": ([transpose_weights, pack_psum_lines], {"weight line": "input channel (ic)"}),
    "line_is_oc": ([join_taps, no_psum], {"taps": "9 in one file", "psum": "none"}),
    "course_names": ([course_names, transpose_weights], {"weight line": "input channel (ic)"}),
    "no_comments": ([drop_comments], {"comment lines": "0"}),
    "dummy_lines_crlf": ([put_dummies], {"comment lines": "3"}),
    "columns_reversed": ([reverse_columns], {"columns": "reversed"}),
    "columns_reversed_ic": (
        [reverse_columns, transpose_weights],
        {"columns": "reversed", "weight line": "input channel (ic)"},
    ),
    "rows_reversed": ([reverse_rows], {"rows": "reversed"}),
    "psum_by_position": ([psum_by_position], {"psum": "324 rows, all taps, position-major"}),
    "psum_one_tap": ([one_tap_with_spaces], {"psum": "36 rows, tap 4, padded with spaces"}),
    "acc_packed": ([pack_addresses], {"acc": "kij*positions + source, output by output, 9 addresses a line"}),
    "hexadecimal": ([hexadecimal_out], {"out": "after ReLU, hexadecimal"}),
    "psum_only": ([no_out, transpose_weights], {"out": "none", "weight line": "input channel (ic)"}),
}


# The formats that differ in what the hardware computes, for the RTL; the others differ in their text only.
ON_RTL = ("as_exported", "line_is_ic", "line_is_oc", "columns_reversed", "rows_reversed", "psum_one_tap", "psum_only")


def read(folder: Path) -> Findings:
    return examine(read_set(folder), Overrides())


def write_variant(name: str, layer: ConvLayer, folder: Path) -> dict[str, str]:
    rewrites, says = VARIANTS[name]
    write_set(layer, 1, folder)
    for rewrite in rewrites:
        rewrite(folder)
    return says


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_is_recognised(name: str, make_layer: MakeLayer, tmp_path: Path) -> None:
    says = write_variant(name, make_layer(5), tmp_path)
    findings = read(tmp_path)
    assert {key: findings.details[key] for key in says} == says
    assert findings.fit.mismatches == 0
    assert all(f"{key}: {text}" in findings.variant for key, text in says.items())


@pytest.mark.parametrize("name", ON_RTL)
def test_variant_replays_exactly(name: str, make_layer: MakeLayer, driver: Driver, tmp_path: Path) -> None:
    write_variant(name, make_layer(6), tmp_path)
    outcome = replay(read(tmp_path), driver)
    facts = outcome.as_dict()
    assert outcome.mismatches == []
    out = 0 if name == "psum_only" else 128
    psum = {"line_is_oc": 0, "psum_one_tap": 288}.get(name, 2592)
    assert facts["compared"] == {"out": out, "psum": psum}
    assert facts["outputs"] == out + psum
    assert facts["program_cycles"] > facts["layer_cycles"] > 0


def test_signed_outputs_before_relu(make_layer: MakeLayer, driver: Driver, tmp_path: Path) -> None:
    layer = make_layer(7)
    write_set(layer, 0, tmp_path)
    no_psum(tmp_path)
    signed_outputs(layer, tmp_path / "out.txt")
    findings = read(tmp_path)
    assert findings.details["out"] == "before ReLU"
    assert replay(findings, driver).as_dict()["mismatches"] == 0


def test_two_input_tiles_in_folders(make_layer: MakeLayer, driver: Driver, tmp_path: Path) -> None:
    write_set(make_layer(8, ic=16), 0, tmp_path)
    addresses = np.array([int(line, 2) for line in data_lines(tmp_path / "acc.txt")]).reshape(16, 2, 9)
    paired = (addresses[:, :1] * 2 + np.arange(2)[:, None]).swapaxes(1, 2)
    (tmp_path / "acc.txt").unlink()
    (tmp_path / "addr.txt").write_text("".join(f"{address:011b}\n" for address in paired.ravel()))
    no_psum(tmp_path)
    for tile in (0, 1):
        folder = tmp_path / f"tile{tile}"
        folder.mkdir()
        (tmp_path / f"activation_tile{tile}.txt").rename(folder / f"tile{tile + 1}_activation.txt")
        for kij in range(9):
            name = f"weight_itile{tile}_otile0_kij{kij}.txt"
            (tmp_path / name).rename(folder / f"tile{tile + 1}_weight{kij}.txt")
        (folder / "out.txt").write_bytes((tmp_path / "out.txt").read_bytes())
    (tmp_path / "out.txt").unlink()
    findings = read(tmp_path)
    assert findings.details["input-channel tiles"] == "2"
    assert findings.details["acc"] == "(kij*positions + source)*2 + ic_tile, output by output"
    outcome = replay(findings, driver)
    assert (outcome.mismatches, outcome.compared("out")) == ([], 256)


def test_dequantised_outputs_of_a_complete_set(make_layer: MakeLayer, driver: Driver, tmp_path: Path) -> None:
    write_set(make_layer(9), 0, tmp_path)
    path = tmp_path / "out.txt"
    step = 0.3839 * 0.3225
    lines = [[round(int(field, 2) * step) for field in fields(line, 16)] for line in data_lines(path)]
    replace_data(path, ["".join(f"{value:016b}" for value in line) for line in lines])
    findings = read(tmp_path)
    assert [defect.name.value for defect in findings.defects] == ["outs-dequantised"]
    assert findings.outs[0].layout.step == pytest.approx(step, rel=0.01)
    assert replay(findings, driver).as_dict()["mismatches"] == 0


def test_options_override_the_data(make_layer: MakeLayer, driver: Driver, tmp_path: Path) -> None:
    write_set(make_layer(10), 0, tmp_path)
    findings = examine(read_set(tmp_path), Overrides(weight_line="ic"))
    outcome = replay(findings, driver)
    assert findings.details["weight line"] == "input channel (ic)"
    assert len(outcome.mismatches) > 1000
    assert outcome.as_dict()["mismatches"] == len(outcome.mismatches)
    reversed_columns = examine(read_set(tmp_path), Overrides(weight_line="oc", columns_reversed=True, relu=False))
    assert reversed_columns.details["columns"] == "reversed"
    assert reversed_columns.details["out"].startswith("before ReLU")


def test_a_map_that_is_not_square(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    layer = ConvLayer(
        name="3x5",
        weight_codes=rng.integers(-7, 8, (8, 8, 1, 3), dtype=np.int8),
        activation_codes=rng.integers(0, 16, (1, 8, 3, 5), dtype=np.uint8),
    )
    write_set(layer, 0, tmp_path)
    findings = examine(read_set(tmp_path), Overrides(padded=(3, 5), kernel=(1, 3)))
    assert findings.geometry.out_size == (3, 3)
    assert findings.fit.mismatches == 0


def signed_outputs(layer: ConvLayer, path: Path) -> None:
    padded = np.pad(layer.activation_codes[0].astype(int), ((0, 0), (1, 1), (1, 1)))
    lines = []
    for y in range(4):
        for x in range(4):
            sums = np.einsum("cyx,ocyx->o", padded[:, y : y + 3, x : x + 3], layer.weight_codes.astype(int))
            lines.append("".join(f"{int(value) & 0xFFFF:016b}" for value in sums[::-1]))
    replace_data(path, lines)
