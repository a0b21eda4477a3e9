"""What a batch costs the host before the accelerator starts: the whole program anew, and its images only.

python benchmarks/packing.py --array 8 --batch 16 [--json]
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median
from typing import Annotated

import numpy as np
import typer

from tilewright.compiler.network import compile_network
from tilewright.hardware.beats import BEAT_BYTES
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program import decode_program, encode_program
from tilewright.network.file import load_network
from tilewright.pytorch.network_choice import resolve_network


def main(
    array: Annotated[int, typer.Option(help="Rows and columns of the array: 8, 16, 32 or 64.")] = 8,
    batch: Annotated[int, typer.Option(min=1, help="Images a program.")] = 16,
    repeats: Annotated[int, typer.Option(min=1, help="Of each; the median counts.")] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Packs random images into programs of the trained VGG16 and writes them into a buffer; nothing runs.

    "whole": all commands encoded, checksummed and copied, as for program format 2. "images": what a runner does from
    the second batch on. Both fold the images, which "pack" times apart.
    """
    network = load_network(resolve_network(None, None))
    compiled = compile_network(network, ArrayParameters.of_size(array), batch)
    pixels = np.random.default_rng(1).integers(0, 256, (batch, *network.image)).astype(np.uint8)
    program = compiled.program(pixels)
    commands = decode_program(program.beats)[:-1]
    buffer = program.beats.copy()

    def whole() -> None:
        compiled.program(pixels)
        buffer[:] = encode_program(commands)  # type: ignore[arg-type]

    def images() -> None:
        compiled.program(pixels).write_images(buffer)

    ways: dict[str, Callable[[], object]] = {
        "pack": lambda: compiled.program(pixels),
        "whole": whole,
        "images": images,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(1e3 * (time.perf_counter() - start))
    ms = {name: median(taken) for name, taken in times.items()}
    written = {
        "whole": program.nbytes,
        "images": BEAT_BYTES * sum(part.stop - part.start for part in program.frame.changing),
    }
    facts = {
        "array": array,
        "batch": batch,
        "ms": {name: round(value, 2) for name, value in ms.items()},
        "written_and_flushed_bytes": written,
        "ranges": len(program.frame.changing),
        "ratio": round(ms["whole"] / ms["images"], 2),
        "ratio_without_pack": round((ms["whole"] - ms["pack"]) / (ms["images"] - ms["pack"]), 1),
    }
    print(json.dumps(facts) if as_json else json.dumps(facts, indent=1))


if __name__ == "__main__":
    typer.run(main)
