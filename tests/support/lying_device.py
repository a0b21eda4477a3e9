"""Preloaded by a worker of dask: a device whose last layer is wrong by one, in one integer of each shard."""

from typing import Any

from tilewright.runs.runner import BatchResult, NetworkRunner


def lie(result: BatchResult) -> BatchResult:
    """Adds one to an integer of a batch's last map."""
    result.maps[result.compiled.stages[-1].name][0, 5, 2, 3] += 1
    return result


def dask_setup(worker: Any) -> None:
    """Called by dask."""
    taken = NetworkRunner._taken
    NetworkRunner._taken = lambda *arguments: lie(taken(*arguments))  # type: ignore[method-assign]
