"""Images a second of a network on a configuration, by the exact estimate of its cycles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tilewright.errors import CompileError
from tilewright.estimate.estimate import Estimate, estimate_network
from tilewright.hardware.assumed_clock import images_per_second
from tilewright.hardware.beats import BEAT_BYTES
from tilewright.network.network import Network
from tilewright.silicon.configuration import Configuration

BATCHES = (1, 2, 4, 8, 16, 32)
# What a larger batch must gain to be better: latency and memory grow with it
AS_FAST = 0.005


@dataclass(frozen=True)
class Speed:
    """A batch of a network on a configuration.

    Attributes:
        build: the configuration.
        batch: images a program.
        program_cycles: of the program, a memory that never stalls; exact.
        program_utilisation: share of the array's multiplications that the network's own are.
        bytes_moved: of the program and of its results.
        macs: multiplications of the batch.
    """

    build: Configuration
    batch: int
    program_cycles: int
    program_utilisation: float
    bytes_moved: int
    macs: int

    @classmethod
    def of(cls, build: Configuration, estimate: Estimate) -> Speed:
        """What an estimate says."""
        moved = (estimate.beats_in + estimate.beats_out) * BEAT_BYTES
        return cls(build, estimate.batch, estimate.program_cycles, estimate.program_utilisation, moved, estimate.macs)

    def images_per_second(self, clock_mhz: float) -> float:
        """At a clock, programs without a gap between them and a memory that never stalls."""
        return images_per_second(self.batch, self.program_cycles, clock_mhz)

    def megabytes_per_second(self, clock_mhz: float) -> float:
        """That memory must bring and take at that speed, the mean."""
        return self.bytes_moved / self.program_cycles * clock_mhz


def speeds(
    network: Network,
    build: Configuration,
    batches: Sequence[int] = BATCHES,
    done: Callable[[], None] = lambda: None,
) -> list[Speed]:
    """The speed of every batch that fits the activation memory.

    Args:
        network: the network.
        build: the configuration.
        batches: images a program, ascending.
        done: called after each batch.

    Raises:
        CompileError: not even the first batch fits.
    """
    found: list[Speed] = []
    for batch in batches:
        try:
            found.append(Speed.of(build, estimate_network(network, build.hardware(), batch)))
        except CompileError:
            # A larger one does not fit either
            if not found:
                raise
            break
        finally:
            done()
    return found


def as_fast(found: Sequence[Speed]) -> list[Speed]:
    """The batches that are as fast as the fastest, but for :data:`AS_FAST`."""
    least = min(speed.program_cycles / speed.batch for speed in found)
    return [speed for speed in found if speed.program_cycles / speed.batch <= least * (1 + AS_FAST)]


def best_of(found: Sequence[Speed]) -> Speed:
    """The smallest batch that is as fast as the fastest, but for :data:`AS_FAST`."""
    return as_fast(found)[0]


def slowed(network: Network, speed: Speed, clock_mhz: float, megabytes_per_second: float) -> Speed:
    """The same batch where memory brings less than the stream takes; the mean, not exact.

    Args:
        network: the network.
        speed: of a memory that never stalls.
        clock_mhz: of the stream.
        megabytes_per_second: that memory brings.
    """
    taken = speed.build.stream_w / 8 * clock_mhz
    if taken <= megabytes_per_second:
        return speed
    stalls = 1.0 - megabytes_per_second / taken
    return Speed.of(speed.build, estimate_network(network, speed.build.hardware(), speed.batch, (), stalls))
