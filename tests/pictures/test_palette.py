"""Colours that are told apart by those who see colours differently, and texts that can be read."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from tilewright.pictures.style import PALETTE, Theme

# Machado, Oliveira and Fernandes 2009, the whole deficiency, on linear RGB
SEEN = {
    "all colours": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])
MEANINGS = ("work", "issued", "weights", "activations", "thresholds", "output", "other")
# In CIELAB; 2.3 is just seen
APART = 12
Colour = npt.NDArray[np.float64]


def linear(colour: str) -> Colour:
    values = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(colour: Colour) -> Colour:
    ratios = TO_XYZ @ colour.clip(0, 1) / WHITE
    f = np.where(ratios > 0.008856, np.cbrt(ratios), 7.787 * ratios + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    dark, light = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("eyes", SEEN)
def test_meanings_are_told_apart(theme: Theme, eyes: str) -> None:
    seen = {name: lab(SEEN[eyes] @ linear(getattr(PALETTE[theme], name))) for name in MEANINGS}
    near = [
        (a, b, distance)
        for a, b in itertools.combinations(MEANINGS, 2)
        if (distance := float(np.linalg.norm(seen[a] - seen[b]))) < APART
    ]
    assert near == []


@pytest.mark.parametrize("theme", Theme)
def test_texts_and_colours_stand_out(theme: Theme) -> None:
    colours = PALETTE[theme]
    assert contrast(colours.ink, colours.background) > 7 and contrast(colours.muted, colours.background) > 4.5
    assert all(contrast(getattr(colours, name), colours.background) > 1.8 for name in MEANINGS)
