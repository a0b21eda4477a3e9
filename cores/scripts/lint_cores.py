"""Run the FuseSoC target `lint` of every core that has one; exit status 1, with their names, when any is not clean.

IP cores whose lint target takes one of VARIANTS are linted for each of its values: the generate blocks differ. One that
takes STREAM_W, the width of its streams, is also linted with the wide one, for the arrays of WIDE.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
VARIANTS = {"N": (8, 16, 32), "DATA_W": (64, 128), "INCLUDE_SG": (0, 1), "DSP_COLUMNS": (0, 2)}
# Groups of two rows, and of two words of the stream: 64x64, which takes a minute, has no other run
WIDE = [["--STREAM_W", "128", "--N", str(n)] for n in (16, 64)]


def runs() -> list[list[str]]:
    """Return the arguments of each FuseSoC run: core, then parameters."""
    found = []
    for core_file in sorted(ROOT.glob("cores/**/*.core")):
        core = yaml.safe_load(core_file.read_text(encoding="utf-8"))
        target = core["targets"].get("lint")
        if target is not None:
            names = target.get("parameters", []) if core["name"].startswith("tilewright:ip:") else []
            variants = [[f"--{name}", str(value)] for name in names for value in VARIANTS.get(name, ())]
            variants += WIDE if "STREAM_W" in names else []
            found += [[core["name"], *variant] for variant in variants or [[]]]
    return found


def lint(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run one lint target in a work root of its own."""
    work_root = ROOT / "build" / "lint" / "_".join(arguments).replace(":", "_")
    command = [str(Path(sys.executable).parent / "fusesoc"), "run", "--target", "lint", "--work-root", str(work_root)]
    return subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def main() -> int:
    """Lint all cores, one on each processor; print the output of those that fail."""
    failed = []
    jobs = runs()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for arguments, done in zip(jobs, pool.map(lint, jobs), strict=True):
            print(f"lint {' '.join(arguments)}: {'clean' if done.returncode == 0 else 'FAILED'}", flush=True)
            if done.returncode != 0:
                print(done.stdout + done.stderr)
                failed.append(" ".join(arguments))
    if failed:
        print(f"lint failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
