"""Where a shard differs from the reference, integer by integer."""

from __future__ import annotations

import numpy as np

from tilewright.compiler.network import compile_network
from tilewright.farm.device import Computed
from tilewright.farm.plan import Plan
from tilewright.farm.shards import Shard
from tilewright.network.golden_file import expected_integers
from tilewright.runs.compare_network import NetworkComparison


def program_of(plan: Plan, shard: Shard, image: int) -> range:
    """The images of a shard that run in one program with an image of it."""
    first = image - image % plan.batch
    return range(first, min(first + plan.batch, shard.images))


def explained(plan: Plan, shard: Shard, images: range, computed: Computed, before: Computed) -> list[str]:
    """Compares every integer of a program with numpy's reference.

    Args:
        plan: the run.
        shard: that differs.
        images: of the shard, those of one program.
        computed: the shard's second run, with these images' maps.
        before: its first run.

    Returns:
        Lines: layer, image of the run, channel, row, column, the integer that is expected and the one that came.
    """
    if computed.integers != before.integers:
        return ["the shard gave other integers when it ran once more"]
    first = shard.first + images.start
    pixels = plan.images.pixels[first : first + len(images)]
    compiled = compile_network(plan.network, computed.array, len(images), plan.layers)
    found = NetworkComparison()
    expected = expected_integers(plan.network, pixels)
    got = [computed.integers.predictions[image] for image in images]
    found.add(compiled, first, expected, computed.maps, np.array(got, dtype=np.int64))
    if found.equal:
        return ["numpy's integer network agrees with the hardware: the reference differs from both"]
    return str(found).splitlines()
