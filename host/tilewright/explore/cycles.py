"""Cycles of a network on every configuration that is tried, each computed once for all boards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.errors import CompileError, ParameterError
from tilewright.estimate.estimate import estimate_compiled
from tilewright.network.network import Network
from tilewright.silicon.configuration import Configuration
from tilewright.silicon.speed import Speed


@dataclass(frozen=True)
class Work:
    """A batch of a network on a configuration.

    Attributes:
        speed: its cycles, exact.
        memory_words: of the activation memory that live at one time, at most.
    """

    speed: Speed
    memory_words: int


Job = tuple[Configuration, int]


def work_of(network: Network, jobs: Iterable[Job], done: Callable[[], None] = lambda: None) -> Mapping[Job, Work | str]:
    """What batches of a network take on configurations.

    A program depends on the array and the batch alone: it is compiled once for all streams and columns of DSPs. Where
    a batch does not fit, larger ones do not either and are not tried.

    Args:
        network: the network.
        jobs: configurations that can be built, and batches.
        done: called after each.

    Returns:
        For each the work, or why there is none.
    """
    found: dict[Job, Work | str] = {}
    refused: dict[int, str] = {}
    for (n, batch), group in groupby(sorted(set(jobs), key=_program), key=_program):
        compiled = refused.get(n) or _compiled(network, Configuration(n), batch)
        if isinstance(compiled, str):
            refused[n] = compiled
        for job in group:
            found[job] = compiled if isinstance(compiled, str) else _work(compiled, job[0])
            done()
    return found


def _program(job: Job) -> tuple[int, int]:
    return job[0].n, job[1]


def _compiled(network: Network, build: Configuration, batch: int) -> CompiledNetwork | str:
    """The program, or why there is none."""
    try:
        return compile_network(network, build.hardware().array, batch)
    except CompileError as error:
        return str(error)


def _work(compiled: CompiledNetwork, build: Configuration) -> Work | str:
    try:
        estimate = estimate_compiled(compiled, build.hardware())
    except CompileError as error:
        return str(error)
    return Work(Speed.of(build, estimate), estimate.peak_words)


def refusal_of(build: Configuration) -> str:
    """Why a configuration cannot be built; empty if it can."""
    try:
        build.hardware()
    except ParameterError as error:
        return str(error)
    return ""
