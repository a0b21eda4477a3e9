"""FuseSoC hook: print the slowest register-to-register paths of the netlist that Yosys left in the work root.

`python timing_report.py NETLIST.json --json` reports on any flat netlist of `synth_xilinx`; xc7_delays.py has the delay
model and its limits.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from netlist import netlist_of, top_module
from static_timing import TimingPath, by_module, slowest_paths
from synth_report import work_root_netlist

MODEL = "Yosys xc7 netlist, speed grade -1, nets by fan-out, not placed: the ranking holds, ns to +-25 %"


def facts_of(netlist: Path, sources: Path | None, count: int) -> dict[str, Any]:
    """The report as JSON.

    Args:
        netlist: flat netlist of `synth_xilinx`.
        sources: folder that the netlist's source places are relative to.
        count: paths to name.
    """
    paths = slowest_paths(netlist_of(top_module(netlist), sources))
    pairs = by_module(paths)
    return {
        "model": MODEL,
        "worst_ns": round(paths[0].ns, 2) if paths else 0.0,
        "levels": max((path.luts for path in paths), default=0),
        "registers_over_7_5_ns": len({path.target for path in paths if path.ns > 7.5}),
        "registers": len({path.target for path in paths}),
        "modules": [{**path.as_dict(), "registers": registers} for path, registers in pairs[:count]],
        "paths": [path.as_dict() for path in distinct(paths)[:count]],
    }


def distinct(paths: Iterable[TimingPath]) -> list[TimingPath]:
    """The slowest path into each register, whatever the pin."""
    seen: dict[str, TimingPath] = {}
    for path in paths:
        seen.setdefault(path.target, path)
    return list(seen.values())


def table(facts: dict[str, Any]) -> str:
    """The report as lines of text."""
    lines = [facts["model"], f"worst {facts['worst_ns']:.2f} ns, {facts['levels']} levels of logic; " + over(facts)]
    for title, key in (("between modules", "modules"), ("into registers", "paths")):
        lines += ["", f"Slowest {title}", f"{'ns':>6} {'LUT':>4} {'CARRY4':>6} {'fan-out':>7}  from -> to"]
        for path in facts[key]:
            numbers = f"{path['ns']:6.2f} {path['luts']:>4} {path['carries']:>6} {path['fanout']:>7}"
            lines.append(f"{numbers}  {path['source']} -> {path['target']}.{path['pin']}")
    return "\n".join(lines)


def over(facts: dict[str, Any]) -> str:
    """How many registers have a path that is too slow."""
    return f"{facts['registers_over_7_5_ns']} of {facts['registers']} registers are over 7.5 ns"


def main() -> None:
    """Print the report of a netlist, of the work root's unless one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("netlist", nargs="?", type=Path, help="flat JSON netlist; default: the work root's")
    parser.add_argument("--count", type=int, default=20, help="paths to name (20)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    netlist = options.netlist or work_root_netlist()
    facts = facts_of(netlist, netlist.parent, options.count)
    print(json.dumps(facts) if options.json else table(facts))


if __name__ == "__main__":
    main()
