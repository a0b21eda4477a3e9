"""``python -m tilewright.check``: on the board, with numpy and pynq only; ``tilewright board check`` starts it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tilewright.check.first_hour import Plan, passed, run_plan
from tilewright.errors import TilewrightError
from tilewright.files import written
from tilewright.target import default_device, open_overlay


def main(arguments: list[str] | None = None) -> int:
    """Runs a plan and writes what came of it.

    Args:
        arguments: of the command line; None takes this process's.

    Returns:
        0 all right, 1 something is not as it should be, 2 it could not be done.
    """
    options = _parser().parse_args(arguments)
    plan = Plan(
        checks=options.checks,
        keep_going=options.keep_going,
        network=options.network,
        golden=options.golden,
        bench=options.bench,
        batch=options.batch,
        soak_minutes=options.soak,
    )
    try:
        overlay = open_overlay(default_device(), bitstream=options.bitstream)
        facts = run_plan(overlay, options.bitstream, plan, lambda line: print(line, flush=True))
        with written(options.report) as file:
            file.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    except (TilewrightError, OSError) as error:
        print(f"{type(error).__name__}: {error}", *getattr(error, "__notes__", []), sep="\n", file=sys.stderr)
        return 2
    return 0 if passed(facts) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tilewright.check", description=__doc__)
    parser.add_argument("--bitstream", type=Path, required=True, help="the .bit, its .hwh beside it")
    parser.add_argument("--report", type=Path, required=True, help="the .json to write")
    parser.add_argument("--checks", action="store_true", help="read and compare what the board is, run what proves it")
    parser.add_argument("--keep-going", action="store_true", help="compute although something is not as it should be")
    parser.add_argument("--network", type=Path, help="network file to compare or to time")
    parser.add_argument("--golden", type=Path, help="its golden file, to compare with")
    parser.add_argument("--bench", type=int, default=0, help="programs of the network to time, twice")
    parser.add_argument("--batch", type=int, default=1, help="images a program")
    parser.add_argument("--soak", type=float, default=0.0, help="minutes of exact programs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
