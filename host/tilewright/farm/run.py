"""A run from its plan to its result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from tempfile import TemporaryDirectory

import numpy as np
from distributed import Client

from tilewright.errors import FarmError
from tilewright.farm.device import DeviceChoice
from tilewright.farm.expected import Expected
from tilewright.farm.judge import Judge
from tilewright.farm.options import FarmOptions
from tilewright.farm.plan import Plan
from tilewright.farm.record import Judged, Record
from tilewright.farm.result import FarmResult
from tilewright.farm.scheduling import Farm
from tilewright.farm.shards import Shard
from tilewright.farm.worker import FarmPlugin
from tilewright.progress import phase
from tilewright.pytorch.available import has_pytorch
from tilewright.pytorch.golden_integers import Reference
from tilewright.pytorch.reference import PyTorchReference
from tilewright.runs import references

# Chunks of the reference that are computed before they are asked for
_AHEAD = 4
_NAMES = {Reference.PYTORCH: "PyTorch", Reference.NUMPY: "numpy"}


def run_farm(
    client: Client,
    devices: dict[str, DeviceChoice],
    plan: Plan,
    record: Record,
    options: FarmOptions,
) -> FarmResult:
    """Runs what a record lacks, with a progress bar.

    Args:
        client: of the workers.
        devices: of the workers by name; those that have none take ``""``.
        plan: the run.
        record: of it.
        options: how.

    Returns:
        The result, of all shards in the record.

    Raises:
        TilewrightError: as :meth:`tilewright.farm.scheduling.Farm.run`.
    """
    start, before = time.monotonic(), dict(record.shards)
    until = float("inf") if options.minutes is None else start + 60 * options.minutes
    missing = [shard for shard in plan.shards if shard.index not in before]
    chosen = _available(options.reference)
    judge: Judge | None = None
    if missing and time.monotonic() < until:
        with (
            _progress(plan, record) as told,
            _reference(plan, missing, chosen) as reference,
            Expected(reference, missing, plan.layers) as expected,
            _plugin(client, plan, devices) as plugin,
        ):
            judge = Judge(plan, expected)
            Farm(client, plugin, plan, record, judge, options.patience, told(judge)).run(until)
    shards = [record.shards[index] for index in sorted(record.shards)]
    now = sum(len(shard.predictions) for shard in shards if shard.shard not in before)
    left_out = judge.left_out if judge else {}
    return FarmResult(plan, shards, _NAMES[chosen], left_out, time.monotonic() - start, now)


def _available(asked: Reference | None) -> Reference:
    """What is compared with.

    Raises:
        FarmError: it is PyTorch by the options, and there is none here.
    """
    there = has_pytorch()
    if asked is Reference.PYTORCH and not there:
        raise FarmError("--reference pytorch: there is no PyTorch here; leave it out, numpy computes the same")
    return asked or (Reference.PYTORCH if there else Reference.NUMPY)


@contextmanager
def _reference(plan: Plan, shards: Sequence[Shard], chosen: Reference) -> Iterator[references.Reference]:
    """What computes the integers of some shards, a chunk each."""
    pixels = np.concatenate([plan.images.pixels[shard.span] for shard in shards])
    labels = np.concatenate([plan.images.labels[shard.span] for shard in shards])
    images = replace(plan.images, pixels=pixels, labels=labels)
    if chosen is Reference.NUMPY:
        yield references.NumpyReference(plan.network, images, plan.size)
        return
    with TemporaryDirectory(prefix="tilewright-") as folder:
        yield PyTorchReference(plan.network_file, images, plan.size, len(plan.layers) > 1, folder, ahead=_AHEAD)


@contextmanager
def _plugin(client: Client, plan: Plan, devices: dict[str, DeviceChoice]) -> Iterator[str]:
    """Gives each worker the network and its device, and takes them back; yields the plugin's name."""
    plugin = FarmPlugin(plan.network_file.read_bytes(), devices, plan.batch, plan.layers, plan.seed)
    client.register_plugin(plugin)
    try:
        yield plugin.name
    finally:
        if client.status == "running":
            client.unregister_worker_plugin(plugin.name)


@contextmanager
def _progress(plan: Plan, record: Record) -> Iterator[Callable[[Judge], Callable[[Judged | None], None]]]:
    """A progress bar: what makes the function that is told of each shard."""
    text = f"{plan.network.name} on {len(plan.images.pixels)} images"
    with phase(text, total=len(plan.images.pixels)) as step:

        def teller(judge: Judge) -> Callable[[Judged | None], None]:
            def told(judged: Judged | None) -> None:
                done = sum(len(shard.predictions) for shard in record.shards.values())
                without = f", {len(judge.left_out)} workers left out" if judge.left_out else ""
                step.update(done if judged else None, f"{text}{without}")

            return told

        yield teller
