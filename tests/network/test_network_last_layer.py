"""What the host does with the last layer's accumulators: every step, in its order."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.network.network import Layer, Network, TailStep
from tilewright.network.tail import scores_of


def network(**last: object) -> Network:
    """One layer of two channels, whose last row and column of 3x3 no window holds."""
    values: dict[str, object] = {
        "kind": "conv",
        "name": "last",
        "in_channels": 1,
        "out_channels": 2,
        "kernel": (1, 1),
        "stride": 1,
        "padding": 0,
        "image_input": True,
        "activation_levels": 127,
        "weight_levels": 7,
        "batch_norm": True,
        "relu": True,
        "pool": 2,
        "output_levels": 0,
        "weights": np.ones((2, 1, 1, 1), np.int8),
        "scale": 0.5,
        "alpha_a": 1.0,
        "bn_scale": np.array([-2.0, 4.0]),
        "bn_shift": np.array([3.0, -10.0]),
        **last,
    }
    codes = np.zeros((1, 256), np.int8)
    return Network("tail", (1, 3, 3), codes, (Layer(**values),), (TailStep("flatten"),))  # type: ignore[arg-type]


SUMS = np.array([[[[4, -2, 99], [6, 8, 99], [-99, 99, 99]], [[4, -2, 99], [6, 8, 99], [99, 99, 99]]]], np.int32)


@pytest.mark.parametrize(
    ("changes", "scores"),
    [
        # Batch-norm turns the first channel round: its largest code comes of the smallest sum, -2.
        ({}, [5.0, 6.0]),
        ({"bn_shift": np.array([-3.0, -20.0])}, [0.0, 0.0]),
        ({"bn_shift": np.array([-3.0, -20.0]), "relu": False}, [-1.0, -4.0]),
        ({"batch_norm": False, "bn_scale": None, "bn_shift": None}, [4.0, 4.0]),
        (
            {"pool": 1},
            [0, 5, 0, 0, 0, 0, 102, 0, 0, 0, 0, 188, 2, 6, 188, 188, 188, 188],
        ),
    ],
)
def test_scale_batch_norm_relu_and_max_pool(changes: dict[str, object], scores: list[float]) -> None:
    np.testing.assert_array_equal(scores_of(network(**changes), SUMS), [scores])
