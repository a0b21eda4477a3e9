"""Plant mistakes in copies of the RTL and name the cocotb tests that notice; exit status 1 when one is not noticed.

    python cores/scripts/mutants.py            # all, some minutes
    python cores/scripts/mutants.py 'write'    # those whose names have this in them

The mistakes are in mutant_table.py; tests/cores/test_formal.py plants more, in modules that have proofs.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from mutant import Mutant
from mutant_table import MUTANTS

CORES = Path(__file__).resolve().parents[1]
# Exit status of a bench whose design does not build
UNBUILT = 3


def noticed(mutant: Mutant, folder: Path) -> list[str]:
    """Names of the tests that fail with the mistake; "build" where it does not even build.

    Raises SystemExit with what it printed, where the bench did not run.
    """
    cores = folder / "cores"
    shutil.copytree(CORES, cores, ignore=shutil.ignore_patterns("__pycache__", "golden"))
    mutant.plant(cores)
    path = os.pathsep.join([str(cores / mutant.bench.core / "tb"), str(cores / "scripts"), *sys.path])
    command = [sys.executable, __file__, "--bench", *vars(mutant.bench).values(), mutant.tests, str(folder)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    results = folder / "build" / "results.xml"
    if done.returncode == UNBUILT:
        return ["build"]
    if not results.exists():
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    cases = list(ElementTree.parse(results).iter("testcase"))
    return [case.get("name", "") for case in cases if {"failure", "error"} & {child.tag for child in case}]


def run_bench(core: str, toplevel: str, module: str, parameters: str, tests: str, folder: str) -> None:
    """Builds the copy in `folder` under Icarus and runs tests of a bench."""
    from cocotb_tools.runner import get_runner

    cores, build = Path(folder) / "cores", Path(folder) / "build"
    assert (cores / core / "tb" / f"{module}.py").exists()
    runner = get_runner("icarus")
    try:
        runner.build(
            sources=[
                source for source in sorted(cores.glob("*/rtl/*.v")) if source.parts[-3] not in ("soc", "example")
            ],
            includes=sorted({header.parent for header in cores.glob("*/rtl/*.vh")}),
            hdl_toplevel=toplevel,
            parameters=dict(parameter.split("=") for parameter in parameters.split()),
            build_args=["-g2005"],
            build_dir=build,
            timescale=("1ns", "1ps"),
        )
    except RuntimeError as error:
        print(error, file=sys.stderr)
        sys.exit(UNBUILT)
    runner.test(
        test_module=module,
        hdl_toplevel=toplevel,
        build_dir=build,
        test_dir=build,
        results_xml=str(build / "results.xml"),
        test_filter=tests,
        test_args=["-n"],
    )


def main(names: list[str]) -> int:
    """Tries the mutants whose names have one of `names` in them, or all."""
    survivors = []
    for name, mutant in MUTANTS.items():
        if names and not any(re.search(wanted, name) for wanted in names):
            continue
        with tempfile.TemporaryDirectory() as folder:
            tests = noticed(mutant, Path(folder))
        print(f"{name}: {', '.join(tests) or 'NOT NOTICED'}", flush=True)
        survivors += [] if tests else [name]
    return 1 if survivors else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bench"]:
        run_bench(*sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:]))
