"""FuseSoC hook: run the cocotb tests of the work root's design under Icarus.

Each file tb_NAME.py of the target is a cocotb test module; see edam.Design for its toplevels. The exit status is 1 when
a test fails, when a module has no test, or when there is no module: Edalize's own cocotb support reports none of these.
"""

import re
import sys
from pathlib import Path

from edam import Design, enter_environment, read_design


def run(design: Design, module: Path, toplevel: str) -> bool:
    """Build `toplevel`, run the tests of `module` on it, print the outcome; return whether tests ran and all passed."""
    from cocotb_tools.runner import get_results, get_runner

    build_dir = Path.cwd() / "cocotb" / f"{module.stem}_{toplevel}"
    runner = get_runner("icarus")
    runner.build(
        sources=[Path(source).resolve() for source in design.sources],
        includes=[Path(folder).resolve() for folder in design.include_dirs],
        parameters=design.parameters if toplevel in design.toplevels else {},
        hdl_toplevel=toplevel,
        build_args=["-g2005"],
        build_dir=build_dir,
        timescale=("1ns", "1ps"),
        always=True,
    )
    results = runner.test(
        test_module=module.stem,
        hdl_toplevel=toplevel,
        build_dir=build_dir,
        test_dir=build_dir,
        test_args=["-n"],  # an assertion of the RTL, $stop, ends the simulation, and fails the test
    )
    tests, failures = get_results(results)
    seeds = re.findall(r'name="random_seed" value="(\d+)"', results.read_text(encoding="utf-8"))
    again = f", with COCOTB_RANDOM_SEED={seeds[0]}" if failures and seeds else ""
    print(f"cocotb {module.stem} on {toplevel}: {tests} tests, {failures} failed{again}", flush=True)
    return tests > 0 and failures == 0


def main() -> int:
    """Run every tagged module on its toplevels."""
    enter_environment("cocotb")
    design = read_design()
    runs = [(Path(module), toplevel) for module, toplevels in design.test_modules.items() for toplevel in toplevels]
    if not runs:
        print(f"{design.name}: no file tb_*.py in the target: no cocotb test to run", file=sys.stderr)
        return 1
    sys.path[:0] = sorted({str(module.parent.resolve()) for module, _ in runs} | {str(Path(__file__).resolve().parent)})
    outcomes = [run(design, module, toplevel) for module, toplevel in runs]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
