"""Makes the results in docs/results anew: `make evidence`, or `python benchmarks/evidence.py NAME...` for some of them.

Each result is one JSON file: the command, what it printed as JSON, and the checkpoint's hash, which names the network
that it is about. A run fails if an integer differs.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tilewright_model.checkpoint_file import DEFAULT_CHECKPOINT, sha256

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "results"
CIFAR10 = "$CIFAR10_ROOT"
console = Console(stderr=True, soft_wrap=True)


@dataclass(frozen=True)
class Result:
    """A file in docs/results.

    Attributes:
        title: what it shows.
        command: whose standard output is one JSON object; run in the repository.
        shown: the figures that the page shows, as (heading, key, format).
    """

    title: str
    command: str
    shown: tuple[tuple[str, str, str], ...]


def run_of(array: int, batch: int, count: int, seed: int, layers: str = "") -> str:
    """A command that runs CIFAR-10's first test images."""
    options = f"--array {array} --batch {batch} --seed {seed} {layers}".strip()
    return f"tilewright run --data {CIFAR10} --count {count} {options} --check --json"


RUN = (
    ("images", "images", "d"),
    ("integers compared", "compared", ",d"),
    ("differ", "mismatches", "d"),
    ("predictions that differ", "predictions_differing", "d"),
    ("program utilisation", "program_utilisation", ".2%"),
    ("cycles an image", "cycles_an_image", ",.0f"),
)
TAPPED = RUN[:4]
EQUALITY = (
    ("images", "images", "d"),
    ("integers compared", "compared", ",d"),
    ("differ", "mismatches", "d"),
    ("accuracy", "accuracy", ".2f"),
    ("float32 codes that differ", "float_differing_codes", "d"),
    ("of", "float_compared", ",d"),
    ("largest distance from a threshold in steps", "float_max_distance", ".1e"),
    ("float32 predictions that differ", "float_differing_predictions", "d"),
)
SIMULATION = (
    ("times as long under cocotb, without set-up", "ratio_without_set_up", ".0f"),
    ("round by round from", "least_ratio", ".0f"),
    ("to", "most_ratio", ".0f"),
    ("with the start of a process, building not included", "ratio_with_set_up", ".1f"),
    ("one image on 8x8 in seconds", "image_seconds", ".1f"),
)
AREA = (
    *((name, name, ",d") for name in ("LUT", "LUT as RAM or shift register", "FF", "DSP48E1", "RAMB36", "RAMB18")),
    ("of all LUTs", "lut_share", ".0%"),
    ("of all block RAMs", "block_ram_share", ".0%"),
    ("decides", "decides", "s"),
    ("fits beside the rest of a board's design", "fits_in_words", "s"),
)

FILES = {
    "equality": Result(
        "Integer network against `model.eval()`, all CIFAR-10 test images",
        f"python -m tilewright_model equality --data {CIFAR10} --json",
        EQUALITY,
    ),
    "vgg16_8x8": Result("VGG16 on 8x8, batch 1", run_of(8, 1, 64, 1), RUN),
    "vgg16_16x16": Result("VGG16 on 16x16, batch 4", run_of(16, 4, 64, 2), RUN),
    "vgg16_32x32": Result("VGG16 on 32x32, batch 16", run_of(32, 16, 16, 3), RUN),
    "layers_8x8": Result("Every layer's map on 8x8", run_of(8, 1, 4, 4, "--layers all"), TAPPED),
    "layers_16x16": Result("Every layer's map on 16x16", run_of(16, 4, 4, 5, "--layers all"), TAPPED),
    "layers_32x32": Result("Every layer's map on 32x32", run_of(32, 16, 16, 6, "--layers all"), TAPPED),
    "simulation": Result("Speed of the simulated device", "python benchmarks/simulation.py --json", SIMULATION),
    "area_8x8": Result("Area of 8x8 on xc7z020", "python benchmarks/area.py --array 8 --json", AREA),
    "area_16x16": Result("Area of 16x16 on xc7z020", "python benchmarks/area.py --array 16 --json", AREA),
    "area_32x32": Result("Area of 32x32 on xc7z020", "python benchmarks/area.py --array 32 --json", AREA),
}


def make(name: str) -> None:
    """Run a result's command and write its file. Raises SystemExit if the command fails."""
    result, start = FILES[name], time.monotonic()
    console.print(f"{name}: {result.command}", highlight=False)
    command = f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; {result.command}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: exit code {done.returncode}\n{done.stdout}")
    facts = json.loads(done.stdout)
    content = {"command": result.command, "checkpoint_sha256": sha256(DEFAULT_CHECKPOINT), "result": facts}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    console.print(f"{name}: {time.monotonic() - start:.0f} s")


def derived(facts: dict[str, Any]) -> dict[str, Any]:
    """A result's figures, and those that follow from them."""
    more = dict(facts)
    if "program_cycles" in facts and "images" in facts:
        more["cycles_an_image"] = facts["program_cycles"] / facts["images"]
    if "vgg16_image" in facts:
        more["image_seconds"] = facts["vgg16_image"]["seconds"]
        more |= {f"ratio_{key}": facts[key]["ratio"] for key in ("without_set_up", "with_set_up")}
        rounds = facts["without_set_up"]["rounds_ratio"]
        more |= {"least_ratio": min(rounds), "most_ratio": max(rounds)}
    if "share" in facts:
        more |= {"lut_share": facts["share"]["LUT"], "block_ram_share": facts["share"]["RAMB36"]}
        more["fits_in_words"] = "yes" if facts["fits"] else "no"
    return more


def page() -> str:
    """The page over all results that are there."""
    lines = [
        "# Results",
        "",
        "Written by `make evidence` (up to an hour); each row's file holds the whole output.",
    ]
    lines += [f"Checkpoint: `{sha256(DEFAULT_CHECKPOINT)}`.", ""]
    for name, result in FILES.items():
        path = RESULTS / f"{name}.json"
        if not path.is_file():
            continue
        content = json.loads(path.read_text(encoding="utf-8"))
        facts = derived(content["result"])
        shown = ", ".join(f"{heading} **{facts[key]:{form}}**" for heading, key, form in result.shown)
        lines += [f"## {result.title}", "", f"    {content['command']}", "", f"{shown}. [{name}.json]({name}.json)", ""]
        if content["checkpoint_sha256"] != sha256(DEFAULT_CHECKPOINT):
            lines += [f"**Made with another checkpoint**, `{content['checkpoint_sha256']}`.", ""]
    return "\n".join(lines)


def main(names: Annotated[list[str] | None, typer.Argument(help="Results to make; default: all.")] = None) -> None:
    """Make results and the page."""
    unknown = set(names or ()) - FILES.keys()
    if unknown:
        raise SystemExit(f"no results named {', '.join(sorted(unknown))}; there are {', '.join(FILES)}")
    for name in names or FILES:
        make(name)
    (RESULTS / "README.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
