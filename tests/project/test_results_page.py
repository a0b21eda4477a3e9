"""docs/results/README.md shows the committed results, and says which are about another network or other RTL."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import benchmark_scripts
import pytest

from tilewright.hardware.rtl_hash import build_hash, rtl_sha256

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def evidence() -> ModuleType:
    return benchmark_scripts.load("evidence")


def test_the_page_is_the_results(evidence: ModuleType) -> None:
    page = (ROOT / "docs" / "results" / "README.md").read_text(encoding="utf-8")
    assert page == evidence.page(), "run: python benchmarks/evidence.py --page"


def test_a_result_of_other_rtl_is_said(evidence: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "RESULTS", tmp_path)
    path = {"source": "a.x_reg", "target": "b.y_reg"}
    facts = {"worst_ns": 13.69, "levels": 8, "registers_over_7_5_ns": 101, "registers": 351, "paths": [path]}
    written = {"command": "make it", "rtl_sha256": rtl_sha256(ROOT / "cores"), "result": facts}
    file = tmp_path / "timing_xc7_8x8.json"
    file.write_text(json.dumps(written), encoding="utf-8")
    page = evidence.page()
    assert "slowest path in ns **13.69**" in page and "`a.x_reg` to `b.y_reg`" in page
    assert "at most 7.5 ns, goal 6.7" in page and "other RTL" not in page
    file.write_text(json.dumps({**written, "rtl_sha256": "0" * 64}), encoding="utf-8")
    assert f"**Made with other RTL**, `{'0' * 64}`." in evidence.page()


def test_the_hash_is_of_names_and_contents_of_verilog(tmp_path: Path) -> None:
    rtl = tmp_path / "core" / "rtl"
    rtl.mkdir(parents=True)
    seen = []
    for name, text in (("a.v", "wire x;"), ("a.v", "wire y;"), ("b.vh", ""), ("c.py", "ignored")):
        (rtl / name).write_text(text, encoding="utf-8")
        seen.append(rtl_sha256(tmp_path))
    assert len(set(seen)) == 3 and seen[2] == seen[3]
    assert f"{build_hash(tmp_path):08x}" == seen[3][:8]


def test_silicon_makes_what_is_about_area_timing_boards_and_netlist(evidence: ModuleType) -> None:
    timing = [name for name in evidence.FILES if name.startswith("timing_")]
    area = [name for name in evidence.FILES if name.startswith("area_")]
    netlist = [name for name in evidence.FILES if name.startswith("netlist_")]
    assert {*area, *timing, *netlist, "boards"} == set(evidence.SILICON)
    assert all(evidence.FILES[name].to_reach for name in timing)
    # The table of boards is made of those before it
    first = [name for name in evidence.SILICON if name.startswith(("area_", "timing_xc7_"))]
    assert all(evidence.SILICON.index(name) < evidence.SILICON.index("boards") for name in first)
