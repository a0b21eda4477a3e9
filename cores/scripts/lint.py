"""FuseSoC hook: lint the design of the work root with `verilator -Wall` and pyslang; every warning is an error.

Two linters because each is blind somewhere: Verilator to signed and unsigned operands that meet, slang to latches.
"""

import subprocess
import sys

from edam import Design, enter_environment, read_design


def verilator(design: Design, toplevel: str) -> bool:
    """Lint one toplevel with Verilator; return whether it is clean."""
    command = [
        "verilator",
        "--lint-only",
        "-Wall",
        "--quiet-stats",
        "--language",
        "1364-2005",
        "--top-module",
        toplevel,
    ]
    command += [f"-I{folder}" for folder in design.include_dirs]
    command += [f"-G{name}={value}" for name, value in design.parameters.items()]
    return subprocess.run([*command, *design.sources], check=False).returncode == 0


def slang(design: Design, toplevel: str) -> bool:
    """Lint one toplevel with slang; return whether it is clean."""
    from pyslang import driver

    command = ["slang", "--std", "1364-2005", "-Wextra", "-Wconversion", "-Werror", "--top", toplevel]
    command += [f"-I{folder}" for folder in design.include_dirs]
    command += [f"-G{name}={value}" for name, value in design.parameters.items()]
    checker = driver.Driver()
    checker.addStandardArgs()
    read = checker.parseCommandLine(" ".join([*command, *design.sources]), driver.CommandLineOptions())
    return bool(read and checker.processOptions() and checker.parseAllSources() and checker.runFullCompilation())


def main() -> int:
    """Run both linters on every toplevel, so that one run names all mistakes."""
    enter_environment("pyslang")
    design = read_design()
    if not design.sources:
        print(f"{design.name}: no Verilog source to lint", file=sys.stderr)
        return 1
    failures = 0
    for toplevel in design.toplevels:
        for linter in (verilator, slang):
            clean = linter(design, toplevel)
            failures += not clean
            print(f"{linter.__name__} {toplevel}: {'clean' if clean else 'FAILED'}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
