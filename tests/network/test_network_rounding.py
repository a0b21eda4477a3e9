"""What rounding costs: against codes that are rounded by hand."""

from __future__ import annotations

from dataclasses import replace

import networks
import numpy as np
import pytest

from tilewright.network.inference import infer
from tilewright.network.network import Network
from tilewright.network.rounding import signal_to_error, unrounded


@pytest.fixture
def rounded() -> Network:
    """The small network with the thresholds of a quantiser that rounds: code k from scale * sum >= k - 1/2 on."""
    small = networks.small_network()
    layers = []
    for layer in small.layers:
        if layer.is_last:
            layers.append(layer)
            continue
        # Its steps are 1, so that a code is what is clipped and rounded
        thresholds = np.ceil((np.arange(1, layer.output_levels + 1) - 0.5) / layer.scale).astype(np.int32)
        layers.append(
            replace(
                layer,
                alpha_next=float(layer.output_levels),
                thresholds=np.tile(thresholds, (layer.out_channels, 1)),
                falling=np.zeros(layer.out_channels, np.bool_),
            )
        )
    return replace(small, layers=tuple(layers))


@pytest.fixture
def pixels(rounded: Network) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (2, *rounded.image), np.uint8)


def test_the_first_layer_is_half_a_code_away_at_most(rounded: Network, pixels: np.ndarray) -> None:
    (_, codes), values = next(infer(rounded, pixels)), next(unrounded(rounded, pixels))
    assert values.shape == codes.shape and 0 < np.abs(values - codes).max() <= 0.5
    assert values.min() == 0 and values.max() == rounded.layers[0].output_levels


def test_decibels_are_of_squares(rounded: Network, pixels: np.ndarray) -> None:
    found = signal_to_error(rounded, pixels)
    assert list(found) == [layer.name for layer in rounded.layers]
    (_, codes), values = next(infer(rounded, pixels)), next(unrounded(rounded, pixels))
    share = np.square(values - codes).sum() / np.square(values).sum()
    assert found["image"] == pytest.approx(-10 * np.log10(share)) and 10 < found["image"] < 60


def test_a_network_that_rounds_nothing_is_equal(rounded: Network, pixels: np.ndarray) -> None:
    """Sums of one layer alone are integers in both."""
    last = replace(rounded.layers[0], output_levels=0, alpha_next=None, thresholds=None, falling=None)
    assert signal_to_error(replace(rounded, layers=(last,)), pixels) == {"image": float("inf")}
