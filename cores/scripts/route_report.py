"""What nextpnr's reports of one design say, seed by seed: Fmax, its median, the slowest paths by module, cells used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import median_low
from typing import Any

from netlist import Netlist, instance_of, netlist_of, top_module

# What nextpnr adds to the name of a net to name a cell
CELL_SUFFIX = re.compile(r"_(TRELLIS_FF|LUT4|CCU2C|PFUMX|L6MUX21|TRELLIS_DPR16X4|DP16KD|PDPW16KD|TRELLIS_COMB)_.*|\$.*")
SLOW_NS = 10.0


def report_of(path: Path) -> dict[str, Any]:
    """Read nextpnr's report, what `--report FILE --detailed-timing-report` writes."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def fmax_of(report: dict[str, Any]) -> float:
    """Return the clock in MHz that a design reaches: its slowest clock's."""
    return round(min(float(clock["achieved"]) for clock in report["fmax"].values()), 2)


def endpoints_of(report: dict[str, Any], netlist: Netlist) -> list[tuple[float, str]]:
    """Return ns and name of every register's, memory's slowest input, slowest first."""
    slowest: dict[str, float] = {}
    for net in report["detailed_net_timings"]:
        for endpoint in net["endpoints"]:
            if "clk" in endpoint["event"]:
                name = cell_name(endpoint["cell"], netlist)
                slowest[name] = max(slowest.get(name, 0.0), endpoint["delay"][1])
    return sorted(((ns, name) for name, ns in slowest.items()), reverse=True)


def cell_name(cell: str, netlist: Netlist) -> str:
    """Return a cell's register, by the net that it drives; else what its name says."""
    if cell in netlist.cells:
        names = [netlist.names[net] for _, _, net in netlist.pins(cell, "output") if net in netlist.names]
        public = [name for name in names if "$" not in name]
        if public:
            return min(public, key=len)
    return CELL_SUFFIX.sub("", cell)


def worst_path(report: dict[str, Any], netlist: Netlist) -> dict[str, Any]:
    """Return the slowest register-to-register path: ns, of which routing, cells of logic and carry, its ends."""
    ways = [way for way in report["critical_paths"] if "clk" in way["from"] and "clk" in way["to"]]
    way = max(ways, key=lambda way: sum(step["delay"] for step in way["path"]))
    steps = way["path"]
    total = sum(step["delay"] for step in steps)
    return {
        "ns": round(total, 2),
        "routing_ns": round(sum(step["delay"] for step in steps if step["type"] == "routing"), 2),
        "cells": sum(step["type"] == "logic" for step in steps),
        "source": cell_name(steps[0]["from"]["cell"], netlist),
        "target": cell_name(steps[-1]["to"]["cell"], netlist),
    }


def facts_of(reports: dict[int, dict[str, Any]], netlist_file: Path, count: int = 20) -> dict[str, Any]:
    """Return what the reports say.

    Args:
        reports: seed -> nextpnr's report.
        netlist_file: the netlist that was placed.
        count: modules to name.

    Returns:
        fmax_mhz: the median's, of an even number the lower; fmax_mhz_of_seeds; of the median's seed: worst (a path),
        modules (the slowest register of each: ns, register, registers over 10 ns), cells (used, by type).
    """
    fmax = {seed: fmax_of(report) for seed, report in reports.items()}
    median = median_low(fmax.values())
    seed = min(seed for seed, mhz in fmax.items() if mhz == median)
    netlist = netlist_of(top_module(netlist_file), netlist_file.parent)
    modules: dict[str, dict[str, Any]] = {}
    for ns, name in endpoints_of(reports[seed], netlist):
        entry = modules.setdefault(instance_of(name), {"ns": round(ns, 2), "register": name, "registers_over_10_ns": 0})
        entry["registers_over_10_ns"] += ns > SLOW_NS
    return {
        "fmax_mhz": median,
        "fmax_mhz_of_seeds": {str(seed): mhz for seed, mhz in fmax.items()},
        "median_seed": seed,
        "worst": worst_path(reports[seed], netlist),
        "modules": [{"module": name, **entry} for name, entry in list(modules.items())[:count]],
        "cells": {name: cells["used"] for name, cells in reports[seed]["utilization"].items() if cells["used"]},
    }


def table(facts: dict[str, Any]) -> str:
    """Return the facts as lines of text."""
    seeds = ", ".join(f"{mhz:.1f} (seed {seed})" for seed, mhz in facts["fmax_mhz_of_seeds"].items())
    worst = facts["worst"]
    lines = [
        f"Fmax {facts['fmax_mhz']:.1f} MHz, placed and routed for an ECP5-85k-6: {seeds}",
        f"slowest path {worst['ns']:.2f} ns, routing {worst['routing_ns']:.2f} of it, through {worst['cells']} cells:",
        f"  {worst['source']} -> {worst['target']}",
        "",
        f"{'ns':>6} {'>10 ns':>6}  module: its slowest register (seed {facts['median_seed']})",
    ]
    for entry in facts["modules"]:
        lines.append(f"{entry['ns']:6.2f} {entry['registers_over_10_ns']:>6}  {entry['module']}: {entry['register']}")
    return "\n".join(lines)
