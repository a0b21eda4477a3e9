"""The command ``tilewright farm``."""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilewright.cli.argument_checks import check_writable
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import Target, choose_target, output
from tilewright.cli.farm_table import farm_table
from tilewright.cli.option_groups import ImageOptions, NetworkOptions, grouped
from tilewright.cli.options import (
    HOST_HELP,
    SEED_HELP,
    Array,
    AsJson,
    Batch,
    Bitstream,
    Device,
    ReferenceChoice,
    Stream,
    check_seed,
)
from tilewright.errors import FarmError, TargetError
from tilewright.farm.options import FarmOptions
from tilewright.network.file import load_network
from tilewright.process import packages_named
from tilewright.progress import print_line
from tilewright.pytorch.network_choice import layer_names, resolve_network
from tilewright.target import DeviceKind

if TYPE_CHECKING:
    from tilewright.farm.device import DeviceChoice
    from tilewright.farm.plan import Plan
    from tilewright.farm.result import FarmResult


@dataclass(frozen=True)
class WorkerOptions:
    """Which devices, and who owns them."""

    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Scheduler of dask whose workers own the devices, such as tcp://10.0.0.1:8786. Default: processes of "
            "this computer.",
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Simulators, without --scheduler.", show_default="one a processor"),
    ] = None
    array: Array = 8
    stream: Stream = 64
    seed: Annotated[int, typer.Option(help=SEED_HELP, callback=check_seed)] = 0
    device: Device = None
    bitstream: Bitstream = None
    host: Annotated[list[str] | None, typer.Option(help=HOST_HELP, show_default="may be repeated")] = None
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a worker where there is none.")] = 60.0


@grouped
def farm(
    *,
    network: NetworkOptions,
    images: ImageOptions,
    batch: Batch = 1,
    workers: WorkerOptions,
    shard: Annotated[int, typer.Option(min=1, help="Images that a worker gets at once.")] = 32,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl",
            help="Record of judged shards: the same command goes on from it, however it was ended.",
        ),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="Hand out no more shards after so many minutes; needs --record.")
    ] = None,
    reference: ReferenceChoice = None,
    as_json: AsJson = False,
) -> None:
    """Run images on many boards or simulators, and compare every integer with PyTorch's.

    A shard of a worker that dies runs elsewhere; a worker that gives wrong integers is named and left out.

    Exits with 1 where the hardware differs from the reference, or a worker gave wrong integers.
    """
    with failures_named(), packages_named("farm"):
        if minutes is not None and record is None:
            raise FarmError("--minutes needs --record FILE.jsonl: what is done would be lost")
        if record is not None:
            check_writable("--record", record)
        plan, targets = _planned(network, images, batch, shard, workers)
        # Imported here, as below: dask and pynq take seconds, which a wrong argument or a help page need not.
        from tilewright.farm.record import held

        with held(record):
            result = _run(plan, targets, workers, record, FarmOptions(minutes, workers.wait, reference))
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        output.print(farm_table(result))
        for line in (line for judged in result.shards for line in judged.differences):
            output.print(line, markup=False, highlight=False)
    if not result.complete:
        print_line(f"{result.images} of {len(plan.images.pixels)} images are done: the same command goes on")
    if result.differing or result.left_out:
        raise typer.Exit(1)


def _planned(
    network: NetworkOptions, images: ImageOptions, batch: int, shard: int, workers: WorkerOptions
) -> tuple[Plan, list[Target]]:
    """What is to run, and on which devices of this computer; none where a scheduler has them."""
    targets = _targets(workers)
    path = resolve_network(network.network_file, network.checkpoint, network.layers)
    loaded = load_network(path)
    read_back = {*layer_names(loaded, network.layers), loaded.layers[-1].name}
    taken = images.choice().take(loaded)
    from tilewright.farm.plan import Plan
    from tilewright.hardware.rtl_hash import rtl_sha256
    from tilewright.sim.build import cores_folder

    kind = targets[0].kind if targets else workers.device
    named = kind.value if kind else "the workers' own"
    hardware: dict[str, Any] = {"rtl_sha256": rtl_sha256(cores_folder()), "device": named}
    if kind in (None, DeviceKind.SIM):
        hardware |= {"array": workers.array, "stream": workers.stream}
    layers = tuple(layer.name for layer in loaded.layers if layer.name in read_back)
    return Plan(loaded, path, taken, batch, shard, layers, workers.seed, hardware), targets


def _targets(workers: WorkerOptions) -> list[Target]:
    """The devices of this computer's workers, checked and not opened yet; none where a scheduler has them."""
    if workers.scheduler is not None:
        if workers.workers or workers.host:
            raise TargetError("--scheduler has its own workers: leave out --workers and --host")
        return []
    hosts: list[str | None] = [None] if not workers.host else [*workers.host]
    common = (workers.array, workers.seed, workers.device, workers.bitstream)
    targets = [choose_target(*common, host, stream=workers.stream) for host in hosts]
    if targets[0].kind is DeviceKind.SIM:
        return targets * (workers.workers or len(os.sched_getaffinity(0)))
    if workers.workers is not None:
        raise TargetError("--workers counts simulators: boards are a worker each, so give --host for each")
    return targets


def _run(
    plan: Plan, targets: list[Target], workers: WorkerOptions, record: Path | None, options: FarmOptions
) -> FarmResult:
    from tilewright.farm.record import Record
    from tilewright.farm.run import run_farm

    kept = Record(plan.identity(), record)
    if targets:
        chosen = [_choice(target.kind, workers, target.host) for target in targets]
    else:
        chosen = [_choice(workers.device, workers, None)]
    devices = {"": chosen[0], **{str(name): choice for name, choice in enumerate(chosen)}}
    try:
        with _client(workers.scheduler, targets, len(plan.shards) - len(kept.shards)) as client:
            return run_farm(client, devices, plan, kept, options)
    except (KeyboardInterrupt, SystemExit, FarmError):
        if record is not None:
            print_line(f"{len(kept.shards)} of {len(plan.shards)} shards are in {record}: the same command goes on")
        raise


def _choice(kind: DeviceKind | None, workers: WorkerOptions, host: str | None) -> DeviceChoice:
    from tilewright.farm.device import DeviceChoice

    bitstream = None if workers.bitstream is None else str(workers.bitstream)
    return DeviceChoice(kind, workers.array, workers.stream, bitstream, host)


def _client(scheduler: str | None, targets: list[Target], shards: int) -> AbstractContextManager[Any]:
    """The workers; of simulators no more than there are shards, and compiled before they start."""
    from tilewright.farm.cluster import local_workers, workers_of

    if scheduler is not None:
        return workers_of(scheduler)
    if targets[0].kind is DeviceKind.SIM and shards:
        targets[0].overlay()
    return local_workers(min(len(targets), max(shards, 1)))
