"""Seconds an image of the integer network, of the reference and of the quantised float network, by turns in one run.

python benchmarks/integer_evaluation.py --data $CIFAR10_ROOT --images 200 --threads 1 --threads 2 [--json]

The networks take turns at every batch, and a ratio is that of two turns at the same batch. The float network gets its
images as `equality` gives them, and channels last, as `evaluate` does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from tilewright_model.checkpoint_file import DEFAULT_CHECKPOINT
from tilewright_model.checkpoints.checkpoint import load_network
from tilewright_model.data.cifar10 import load_cifar10
from tilewright_model.device import batch_size, description
from tilewright_model.integers.comparison import exported
from tilewright_model.integers.float_network import float_scores
from tilewright_model.networks.stages import build_graph
from tilewright_model.networks.vgg16 import VGG16

CPU = torch.device("cpu")
FLOAT, CHANNELS_LAST = "float", "float, channels last"


def main(
    data: Annotated[Path | None, typer.Option(envvar="CIFAR10_ROOT", help="CIFAR-10, as for `evaluate`.")] = None,
    checkpoint: Annotated[Path, typer.Option(help="As for `evaluate`.")] = DEFAULT_CHECKPOINT,
    images: Annotated[int, typer.Option(min=1, help="How many test images.")] = 200,
    rounds: Annotated[int, typer.Option(min=1, help="How often all images are computed.")] = 5,
    threads: Annotated[list[int] | None, typer.Option(help="PyTorch's threads; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Wants a machine that does nothing else. The first images warm every network up, untimed."""
    networks = evaluations(load_network(checkpoint))
    batches = load_cifar10(data, "test").first(images).pixels.split(batch_size(CPU))
    rows = []
    for count in threads or [1, 2]:
        torch.set_num_threads(count)
        rows += [{"threads": count, **row} for row in measured(networks, batches, rounds)]
    if as_json:
        print(json.dumps({"images": images, "rounds": rounds, "device": description(CPU), "networks": rows}))
        return
    print("| Threads | Network | ms an image | of float | of float, channels last |\n|---|---|---|---|---|")
    for row in rows:
        ratios = f"{row['ratio_to_float']:.2f} | {row['ratio_to_channels_last']:.2f}"
        print(f"| {row['threads']} | {row['network']} | {row['ms_per_image']:.2f} | {ratios} |")


def evaluations(model: VGG16) -> dict[str, Callable[[Tensor], Tensor]]:
    """By name: uint8 images (n, 3, 32, 32) to the scores (n, 10)."""
    integers, graph = exported(model, CPU), build_graph(model)

    def values(pixels: Tensor) -> Tensor:
        return model.normalise(pixels).contiguous(memory_format=torch.channels_last)

    return {
        "integer": lambda pixels: integers.run(pixels).scores,
        "reference": lambda pixels: model(values(pixels)),
        FLOAT: lambda pixels: float_scores(graph, model.normalise(pixels)),
        CHANNELS_LAST: lambda pixels: float_scores(graph, values(pixels)),
    }


@torch.no_grad()
def measured(
    networks: dict[str, Callable[[Tensor], Tensor]], batches: tuple[Tensor, ...], rounds: int
) -> list[dict[str, Any]]:
    """A row a network: medians, over batches and rounds, of the time and of its ratios to the float network's."""
    for compute in networks.values():
        compute(batches[0])
    turns = [
        {name: seconds(compute, batch) / len(batch) for name, compute in networks.items()}
        for _ in range(rounds)
        for batch in batches
    ]
    return [
        {
            "network": name,
            "ms_per_image": 1000 * median(turn[name] for turn in turns),
            "ratio_to_float": median(turn[name] / turn[FLOAT] for turn in turns),
            "ratio_to_channels_last": median(turn[name] / turn[CHANNELS_LAST] for turn in turns),
        }
        for name in networks
    ]


def seconds(compute: Callable[[Tensor], Tensor], batch: Tensor) -> float:
    """How long one batch takes."""
    start = time.perf_counter()
    compute(batch)
    return time.perf_counter() - start


if __name__ == "__main__":
    typer.run(main)
