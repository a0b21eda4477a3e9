"""A .bit, a .hwh and a manifest that do not belong together are told, each difference by both values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fake_bitstreams
import pytest

from board_checks.overlay_files import bit_bytes, hwh_bytes
from tilewright.bitstreams.bit_file import is_part, read_header
from tilewright.bitstreams.collection import checked
from tilewright.bitstreams.hwh_file import HwhIp, read_hwh_file
from tilewright.bitstreams.manifest import BIT, HWH, MANIFEST, sha256_of
from tilewright.boards.board import all_boards
from tilewright.errors import BitstreamError

BOARDS = list(all_boards())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fake_bitstreams.write_whole(tmp_path / "pynq_z2_16x16", "pynq_z2")
    return tmp_path / "pynq_z2_16x16"


def rewrite(folder: Path, **changes: Any) -> None:
    """Change the manifest's values; hashes are those of the files, unless they are given."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    hashes = {f"{kind}_sha256": sha256_of(folder / name) for kind, name in (("bit", BIT), ("hwh", HWH))}
    (folder / MANIFEST).write_text(json.dumps({**manifest, **hashes, **changes}), encoding="utf-8")


def rewrite_hwh(folder: Path, cell: str, **parameters: str) -> None:
    """Write the .hwh anew, with other parameters of a cell."""
    design = fake_bitstreams.design_of("pynq_z2")
    cells = [
        (name, vlnv, {**own, **(parameters if name == cell else {})})
        for name, vlnv, own in fake_bitstreams.cells_of(design)
    ]
    (folder / HWH).write_bytes(hwh_bytes("tilewright", design.board.part, cells))
    rewrite(folder)


@pytest.mark.parametrize("board", BOARDS)
def test_what_belongs_together(board: str, tmp_path: Path) -> None:
    manifest = fake_bitstreams.write_whole(tmp_path / "one", board)
    (tmp_path / "one").rename(tmp_path / manifest["name"])
    assert checked(tmp_path / manifest["name"]).faults == ()


def test_changed_and_missing_files(folder: Path) -> None:
    (folder / BIT).write_bytes((folder / BIT).read_bytes() + b"\0")
    (found,) = checked(folder).faults
    assert found.startswith("tilewright.bit has SHA-256 ") and "the manifest says" in found
    (folder / HWH).unlink()
    assert "tilewright.hwh is missing" in checked(folder).faults
    (folder / MANIFEST).unlink()
    assert checked(folder).faults == ("no manifest.json that says what it is",)


def test_a_manifest_of_another_folder_or_schema(folder: Path) -> None:
    rewrite(folder, name="kv260_32x32")
    assert checked(folder).faults == ("the manifest is of kv260_32x32, the folder is pynq_z2_16x16",)
    rewrite(folder, tilewright_manifest=3)
    assert checked(folder).faults == ("the manifest is by version 3 of its schema, this library knows 2",)


@pytest.mark.parametrize(
    ("cell", "parameters", "said"),
    [
        ("accelerator_0", {"N": "8"}, "N is 8 in the .hwh, 16 in the manifest"),
        ("accelerator_0", {"DSP_COLUMNS": "0"}, "DSP_COLUMNS is 0 in the .hwh, 16 in the manifest"),
        ("accelerator_0", {"STREAM_W": "128"}, "STREAM_W is 128 in the .hwh, 64 in the manifest"),
        ("accelerator_0", {"BUILD_HASH": "0x00000001"}, "BUILD_HASH is 0x00000001 in the .hwh"),
        ("axi_dma_0", {"c_m_axi_s2mm_data_width": "128"}, "c_m_axi_s2mm_data_width is 128, the accelerator's"),
        ("axi_dma_0", {"c_sg_length_width": "14"}, "c_sg_length_width is 14"),
        ("processing_system7_0", {"PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ": "62.5"}, "62.5 MHz in the .hwh, 100.0 MHz in"),
    ],
)
def test_a_hwh_of_another_build(folder: Path, cell: str, parameters: dict[str, str], said: str) -> None:
    rewrite_hwh(folder, cell, **parameters)
    (found,) = checked(folder).faults
    assert said in found


def test_a_hwh_of_another_device_or_design(folder: Path) -> None:
    cells = fake_bitstreams.cells_of(fake_bitstreams.design_of("pynq_z2"))
    (folder / HWH).write_bytes(hwh_bytes("base", "xczu3eg-sbva484-1-i", cells))
    rewrite(folder)
    assert checked(folder).faults == (
        "the .hwh is for xczu3eg sbva484 -1, PYNQ-Z2 has 7z020 clg400 -1",
        "the .hwh is of design 'base', the manifest's is 'tilewright'",
    )
    (folder / HWH).write_bytes(hwh_bytes("tilewright", "xc7z020clg400-1", cells[:1]))
    rewrite(folder)
    assert checked(folder).faults == ("the .hwh has 0 IPs tilewright:ip:accelerator, one is wanted",)


def test_a_bit_of_another_part_design_or_version(folder: Path) -> None:
    (folder / BIT).write_bytes(bit_bytes("base_wrapper", "xc7z010clg400-1", "2019.1"))
    rewrite(folder)
    assert checked(folder).faults == (
        "the .bit is for 7z010clg400, the manifest says xc7z020clg400-1",
        "the .bit is of 'base_wrapper', the manifest's design is 'tilewright'",
        "the .bit was written by version 2019.1, the manifest says Vivado 2024.1",
    )


def test_a_manifest_that_contradicts_itself(folder: Path) -> None:
    rewrite(folder, part="xc7z010clg400-1", rtl_sha256="1" * 64)
    found = checked(folder).faults
    assert "the manifest says part xc7z010clg400-1, PYNQ-Z2 has xc7z020clg400-1" in found
    assert "the manifest's build_hash 0x89abcdef is not the beginning of its rtl_sha256 11111111..." in found
    rewrite(folder, board="zedboard")
    assert "no board 'zedboard'; there are aup_zu3" in checked(folder).faults[0]


@pytest.mark.parametrize("part", ["xc7z020clg400-1", "xczu3eg-sfvc784-2-e"])
def test_headers_are_read_as_pynq_reads_them(part: str, tmp_path: Path) -> None:
    parser = pytest.importorskip("pynq.pl_server.embedded_device").parse_bit_header
    content = bit_bytes("tilewright_wrapper", part, "2024.1")
    (tmp_path / "a.bit").write_bytes(content)
    header, pynqs = read_header(tmp_path / "a.bit"), parser(content)
    assert (header.top, header.part) == (pynqs["design"].partition(";")[0], pynqs["part"])
    assert header.nbytes == int(pynqs["length"])
    assert header.tool_version == "2024.1" and header.date == pynqs["date"] and is_part(header.part, part)


def test_parts_of_headers() -> None:
    assert is_part("7z020clg400", "xc7z020clg400-1") and is_part("xck26-sfvc784-2LV-c", "xck26-sfvc784-2LV-c")
    assert not is_part("7z020clg40", "xc7z020clg400-1") and not is_part("", "xc7z020clg400-1")
    assert not is_part("xczu3eg-sfvc784-1-e", "xczu3eg-sfvc784-2-e")


@pytest.mark.parametrize("length", [0, 5, 11, 14, 30, 60, 150])
def test_a_bit_that_is_cut_off(length: int, tmp_path: Path) -> None:
    (tmp_path / "a.bit").write_bytes(bit_bytes("tilewright_wrapper", "xc7z020clg400-1", "2024.1")[:length])
    with pytest.raises(BitstreamError, match=r"is cut off|is no \.bit"):
        read_header(tmp_path / "a.bit")


@pytest.mark.parametrize(
    "text", ["", "<a>", "<a/>", "<EDKSYSTEM/>", '<!DOCTYPE a [<!ENTITY b "c">]><EDKSYSTEM><SYSTEMINFO/></EDKSYSTEM>']
)
def test_what_is_no_hwh(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.hwh").write_text(text, encoding="utf-8")
    with pytest.raises(BitstreamError, match=r"is no \.hwh"):
        read_hwh_file(tmp_path / "a.hwh")


def test_numbers_of_a_hwh() -> None:
    texts = {"A": "16", "B": "0x6CA32EBB", "C": '"00000000000000000000000000010000"', "D": "true", "E": "0"}
    ip = HwhIp("a", "v:l:n:1", texts)
    assert [ip.number(name) for name in "ABCDEF"] == [16, 0x6CA32EBB, 16, None, 0, None]
