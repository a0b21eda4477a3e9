"""Pieces of pictures that scikit-image ships, where CIFAR-10 is not at hand."""

import numpy as np
import torch
from torch import Tensor

from tilewright_model.data.pixels import SIZE, from_array


def crops(count: int, seed: int = 0) -> Tensor:
    """``count`` random squares of scikit-image's cat, astronaut and coffee, scaled: uint8 (count, 3, 32, 32)."""
    from skimage import data  # here: training needs no scikit-image

    pictures = [data.chelsea(), data.astronaut(), data.coffee()]  # type: ignore[no-untyped-call]
    random = np.random.default_rng(seed)
    pieces = []
    for number in range(count):
        picture = pictures[number % len(pictures)]
        height, width = picture.shape[:2]
        side = int(random.integers(2 * SIZE, min(height, width) + 1))
        top, left = random.integers(0, height - side + 1), random.integers(0, width - side + 1)
        pieces.append(from_array(picture[top : top + side, left : left + side]))
    return torch.cat(pieces)
