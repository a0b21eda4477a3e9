"""Runs the cocotb tests of a core (cores/CORE/tb) under Icarus through cocotb's own runner."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cocotb_tools.runner import get_results, get_runner

ROOT = Path(__file__).resolve().parents[2]
CORES = ROOT / "cores"
INCLUDES = sorted({header.parent for header in CORES.glob("*/rtl/*.vh")})

RunCocotb = Callable[..., None]


def rtl_of(*cores: str) -> list[Path]:
    """Verilog sources of the named cores."""
    return [source for core in cores for source in sorted((CORES / core / "rtl").glob("*.v"))]


@pytest.fixture
def run_cocotb(monkeypatch: pytest.MonkeyPatch) -> RunCocotb:
    """Build `toplevel` with `parameters` and run the cocotb tests of `module`; fails on a failing test or on none."""

    def run(
        core: str,
        toplevel: str,
        module: str,
        depends: tuple[str, ...] = (),
        test_filter: str | None = None,
        **parameters: int,
    ) -> None:
        name = "_".join([toplevel, *(f"{key}{value}" for key, value in parameters.items())])
        build = ROOT / "build" / "cocotb" / core / f"{module}_{name}"
        runner = get_runner("icarus")
        runner.build(
            sources=rtl_of(core, *depends, "tech"),
            hdl_toplevel=toplevel,
            parameters=parameters,
            includes=INCLUDES,
            build_args=["-g2005", "-Wall", "-Wno-timescale"],
            build_dir=build,
            always=True,
            timescale=("1ns", "1ps"),
        )
        monkeypatch.syspath_prepend(str(CORES / "scripts"))
        monkeypatch.syspath_prepend(str(CORES / core / "tb"))
        results = runner.test(
            test_module=module,
            hdl_toplevel=toplevel,
            build_dir=build,
            test_dir=build,
            test_filter=test_filter,
            test_args=["-n"],  # an assertion of the RTL, $stop, ends the simulation, and fails the test
        )
        tests, failures = get_results(results)
        assert tests > 0, f"{module}: no cocotb test ran"
        assert failures == 0, f"{module}: {failures} of {tests} cocotb tests failed"

    return run
