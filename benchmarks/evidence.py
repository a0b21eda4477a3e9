"""Makes the results in docs/results anew: `make evidence`, or `python benchmarks/evidence.py NAME...` for some of them.

Each result is one JSON file: the command, what it printed as JSON, and what it is about: the checkpoint's hash, which
names the network, or the hash of the RTL. A run fails if an integer differs. `--page` writes the page alone, which says
of each result whether it is about the present network or RTL.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import silicon_points
import typer
from boards_page import boards_table
from host_page import host_table
from rich.console import Console

from tilewright.hardware.rtl_hash import rtl_sha256
from tilewright.silicon.configuration import Configuration
from tilewright_model.checkpoint_file import DEFAULT_CHECKPOINT, sha256

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "results"
# Of a run's record, what a report alone shows
LEFT_OUT = ("classes", "estimate", "hardware", "labels", "measured", "thumbnails")
CIFAR10 = "$CIFAR10_ROOT"
console = Console(stderr=True, soft_wrap=True)


@dataclass(frozen=True)
class Result:
    """A file in docs/results.

    Attributes:
        title: what it shows.
        command: whose standard output is one JSON object; run in the repository.
        shown: the figures that the page shows, as (heading, key, format).
        to_reach: what the figures are to become, where they are not good.
        silicon: made by `make silicon`, and about the RTL alone.
        hours: takes hours, and goes on from a record beside it: made by its name alone.
        table: of the result, as Markdown, where figures in a line would not do.
    """

    title: str
    command: str
    shown: tuple[tuple[str, str, str], ...]
    to_reach: str = ""
    silicon: bool = False
    hours: bool = False
    table: Callable[[dict[str, Any]], str] | None = None


def run_of(array: int, batch: int, count: int, seed: int, more: str = "", network: str = "") -> str:
    """A command that runs CIFAR-10's first test images through the trained VGG16 or another network."""
    options = f"--array {array} --batch {batch} --seed {seed} {more}".strip()
    return f"tilewright run {network}--data {CIFAR10} --count {count} {options} --check --json"


RUN = (
    ("images", "images", "d"),
    ("integers compared", "compared", ",d"),
    ("differ", "mismatches", "d"),
    ("predictions that differ", "predictions_differing", "d"),
    ("program utilisation", "program_utilisation", ".2%"),
    ("cycles an image", "cycles_an_image", ",.0f"),
)
TAPPED = RUN[:4]
FARMED = (
    ("images", "images", ",d"),
    ("of", "of", ",d"),
    ("integers compared", "compared", ",d"),
    ("images that differ", "images_differing", "d"),
    ("accuracy of these images", "accuracy", ".2f"),
    *RUN[4:],
)
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
    ("with those set aside for the rest of a board's design", "whole_lut_share", ".0%"),
    ("of all block RAMs", "block_ram_share", ".0%"),
    ("decides", "decides", "s"),
    ("fits: at most 80 % of LUT, 200 DSPs, 85 % of block RAM", "fits_in_words", "s"),
)
TIMING = (
    ("slowest path in ns", "worst_ns", ".2f"),
    ("levels of logic", "levels", "d"),
    ("registers over 7.5 ns", "registers_over_7_5_ns", "d"),
    ("of", "registers", "d"),
    ("slowest", "slowest", "s"),
)
ROUTED = (
    ("MHz placed and routed, the median", "fmax_mhz", ".1f"),
    ("of seeds", "of_seeds", "s"),
    ("slowest path in ns", "worst_ns", ".2f"),
    ("of which routing", "routing_ns", ".2f"),
    ("slowest", "slowest", "s"),
)
NETLIST = (
    ("result beats", "beats", ",d"),
    ("registers and log entries read", "registers", ",d"),
    ("simulations of the netlist", "simulations", "d"),
    ("lines that differ from the RTL's", "differ", "d"),
    ("LUT", "luts", ",d"),
    ("FF", "ffs", ",d"),
    ("DSP48E1", "dsps", ",d"),
    ("RAMB36", "ramb36", "d"),
)
NS_TO_REACH = "To reach: at most 7.5 ns, goal 6.7. A static estimate, +-25 %."


# Configurations that are synthesised. The models of tilewright.silicon are fitted to the areas: arrays of three sizes
# or more, with columns of DSPs and without, and each width of the stream, or its figures are extrapolated
SYNTHESISED = (
    Configuration(8),
    Configuration(8, 8),
    Configuration(16),
    Configuration(16, 8),
    Configuration(16, 8, 128),
    Configuration(32, 12),
    Configuration(32, 12, 128),
)
TIMED = (Configuration(8), Configuration(16), Configuration(32, 12))


def of_build(build: Configuration) -> tuple[str, str, str]:
    """A configuration in a file's name, in a title and as options."""
    name = title = f"{build.n}x{build.n}"
    options = f"--array {build.n}"
    if build.dsp_columns:
        name += f"_dsp{build.dsp_columns}"
        title += f" with {build.dsp_columns} columns of DSPs"
        options += f" --dsp-columns {build.dsp_columns}"
    if build.stream_w != Configuration.stream_w:
        name += f"_w{build.stream_w}"
        title += f", stream of {build.stream_w} bits"
        options += f" --stream-w {build.stream_w}"
    return name, title, options


def area(build: Configuration) -> tuple[str, Result]:
    """The area of a configuration, under its name."""
    name, title, options = of_build(build)
    command = f"python benchmarks/area.py {options} --json"
    return f"area_{name}", Result(f"Area of {title} on xc7z020", command, AREA, silicon=True)


def timing(build: Configuration) -> tuple[str, Result]:
    """The static report of a configuration, under its name."""
    name, title, options = of_build(build)
    title, command = f"Static timing of {title} on xc7, speed grade -1", f"python benchmarks/timing.py {options} --json"
    return f"timing_xc7_{name}", Result(title, command, TIMING, NS_TO_REACH, silicon=True)


def netlist(array: int, dsp_columns: int) -> Result:
    """The netlist of an array size against the RTL."""
    title = f"Netlist of {array}x{array} for xc7 against the RTL: golden files and a small network"
    options = f"--array {array} --dsp-columns {dsp_columns}"
    if dsp_columns:
        title += f"; {dsp_columns} columns of DSPs"
    return Result(title, f"python benchmarks/netlist.py {options} --json", NETLIST, silicon=True)


def routed(array: int, to_reach: str) -> Result:
    """Place and route of an array size."""
    title = f"Place and route of {array}x{array} on ECP5-85k-6"
    return Result(title, f"python benchmarks/place_route.py --array {array} --json", ROUTED, to_reach, silicon=True)


FILES = {
    "equality": Result(
        "Integer network against `model.eval()`, all CIFAR-10 test images",
        f"python -m tilewright_model equality --data {CIFAR10} --json",
        EQUALITY,
    ),
    "confusion": Result(
        "What the trained network calls images of each class, all CIFAR-10 test images",
        f"python -m tilewright_model evaluate --data {CIFAR10} --json",
        (("images", "total", "d"), ("accuracy", "accuracy", ".2f")),
    ),
    "vgg16_8x8": Result("VGG16 on 8x8, batch 1", run_of(8, 1, 64, 1), RUN),
    "vgg16_16x16": Result("VGG16 on 16x16, batch 4", run_of(16, 4, 64, 2), RUN),
    "vgg16_32x32": Result("VGG16 on 32x32, batch 16", run_of(32, 16, 16, 3), RUN),
    "vgg16_64x64": Result("VGG16 on 64x64, batch 32, streams of 128 bits", run_of(64, 32, 64, 7, "--stream 128"), RUN),
    **{
        f"resnet20_{n}x{n}": Result(
            f"ResNet20 of random weights on {n}x{n}, batch {batch}", run_of(n, batch, 64, n, network="resnet20 "), RUN
        )
        for n, batch in ((8, 1), (16, 4), (32, 16))
    },
    "layers_8x8": Result("Every layer's map on 8x8", run_of(8, 1, 4, 4, "--layers all"), TAPPED),
    "layers_16x16": Result("Every layer's map on 16x16", run_of(16, 4, 4, 5, "--layers all"), TAPPED),
    "layers_32x32": Result("Every layer's map on 32x32", run_of(32, 16, 16, 6, "--layers all"), TAPPED),
    "vgg16_10000": Result(
        "All CIFAR-10 test images through the RTL, VGG16 on 32x32, batch 16, every layer's map",
        f"tilewright farm --data {CIFAR10} --count 10000 --array 32 --batch 16 --layers all --seed 8 "
        "--record docs/results/vgg16_10000.jsonl --json",
        FARMED,
        hours=True,
    ),
    "host": Result(
        "What a batch costs a board's processor, VGG16",
        "tilewright bench --host-cost --json",
        (),
        table=host_table,
    ),
    "simulation": Result("Speed of the simulated device", "python benchmarks/simulation.py --json", SIMULATION),
    **dict(area(build) for build in SYNTHESISED),
    **dict(timing(build) for build in TIMED),
    "boards": Result(
        "The largest array of each board, VGG16",
        "python benchmarks/boards.py --json",
        (),
        silicon=True,
        table=boards_table,
    ),
    "netlist_xc7_8x8": netlist(8, 0),
    "netlist_xc7_8x8_dsp": netlist(8, 8),
    "netlist_xc7_16x16_dsp": netlist(16, 16),
    "timing_ecp5_8x8": routed(8, "To reach, placed and routed: at least 100 MHz, goal 120."),
    "timing_ecp5_16x16": routed(16, "To reach, placed and routed: at least 90 MHz."),
}
SILICON = [name for name, result in FILES.items() if result.silicon]


def about(result: Result) -> dict[str, str]:
    """What a result that is made now is about."""
    rtl, checkpoint = {"rtl_sha256": rtl_sha256(ROOT / "cores")}, {"checkpoint_sha256": sha256(DEFAULT_CHECKPOINT)}
    return rtl if result.silicon else checkpoint | (rtl if result.hours else {})


def make(name: str, minutes: float | None) -> None:
    """Run a result's command and write its file. Raises SystemExit if the command fails."""
    result, start = FILES[name], time.monotonic()
    console.print(f"{name}: {result.command}", highlight=False)
    command = f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; {result.command}"
    command += f" --minutes {minutes:g}" if result.hours and minutes is not None else ""
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: exit code {done.returncode}\n{done.stdout}")
    facts = {key: value for key, value in json.loads(done.stdout).items() if key not in LEFT_OUT}
    content = {"command": result.command, **about(result), "result": facts}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if name.startswith(("area_", "timing_xc7_")):
        silicon_points.main()
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
        more["whole_lut_share"] = facts["whole_share"]["LUT"]
        more["fits_in_words"] = "yes" if facts["fits"] else "no"
    if "worst_ns" in facts:
        more["slowest"] = "`{source}` to `{target}`".format(**facts["paths"][0])
    if "simulations" in facts:
        names = {"luts": "LUT", "ffs": "FF", "dsps": "DSP48E1", "ramb36": "RAMB36"}
        more |= {name: facts["cells"][cell] for name, cell in names.items()}
    if "fmax_mhz" in facts:
        more["of_seeds"] = ", ".join(f"{mhz:.1f}" for mhz in facts["fmax_mhz_of_seeds"].values())
        more |= {"worst_ns": facts["worst"]["ns"], "routing_ns": facts["worst"]["routing_ns"]}
        more["slowest"] = "`{source}` to `{target}`".format(**facts["worst"])
    return more


def page() -> str:
    """The page over all results that are there."""
    lines = [
        "# Results",
        "",
        "Written by `make evidence` (up to an hour) and, on area, timing, boards and netlist, `make silicon` (hours);",
        "what takes hours, by its name alone ([farm](../farm.md#all-test-images-of-cifar-10)).",
        "Each row's file holds the whole output.",
    ]
    lines += [f"Checkpoint: `{sha256(DEFAULT_CHECKPOINT)}`.", ""]
    for name, result in FILES.items():
        path = RESULTS / f"{name}.json"
        if not path.is_file():
            continue
        content = json.loads(path.read_text(encoding="utf-8"))
        facts = derived(content["result"])
        shown = ", ".join(f"{heading} **{facts[key]:{form}}**" for heading, key, form in result.shown)
        shown = " ".join(filter(None, (shown and f"{shown}.", result.to_reach, f"[{name}.json]({name}.json)")))
        lines += [f"## {result.title}", "", f"    {content['command']}", ""]
        lines += [result.table(content["result"]), ""] if result.table else []
        lines += [shown, ""]
        if result.hours and not content["result"]["complete"]:
            lines += [f"Not complete: `python benchmarks/evidence.py {name}` goes on from the record.", ""]
        for key, now in about(result).items():
            if content[key] != now:
                other = "other RTL" if key == "rtl_sha256" else "another checkpoint"
                lines += [f"**Made with {other}**, `{content[key]}`.", ""]
    return "\n".join(lines)


def main(
    names: Annotated[
        list[str] | None, typer.Argument(help="Results to make; default: all but `make silicon`'s.")
    ] = None,
    silicon: Annotated[bool, typer.Option("--silicon", help="Make `make silicon`'s results.")] = False,
    only_page: Annotated[
        bool, typer.Option("--page", help="Make no result: write the page over what is there.")
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option(help="Of a result that takes hours: this time for so many; it goes on the next time."),
    ] = None,
) -> None:
    """Make results and the page."""
    chosen = names or (SILICON if silicon else [name for name, one in FILES.items() if not one.silicon | one.hours])
    unknown = set(chosen) - FILES.keys()
    if unknown:
        raise SystemExit(f"no results named {', '.join(sorted(unknown))}; there are {', '.join(FILES)}")
    for name in () if only_page else chosen:
        make(name, minutes)
        (RESULTS / "README.md").write_text(page(), encoding="utf-8")
    (RESULTS / "README.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
