"""The notebook's augmentation as tensor operations on any device."""

import torch
from torch import Tensor
from torch.nn import functional

PADDING = 4


def pad(pixels: Tensor) -> Tensor:
    """uint8 (n, 3, h, w) with 4 black pixels on every side."""
    return functional.pad(pixels, (PADDING,) * 4)


def random_crop_and_flip(padded: Tensor, indices: Tensor, generator: torch.Generator) -> Tensor:
    """Images `indices` (b,) of `padded` (n, 3, h + 8, w + 8), each randomly cropped to h x w and flipped by chance."""
    count, device = len(indices), padded.device
    height, width = padded.shape[2] - 2 * PADDING, padded.shape[3] - 2 * PADDING
    offsets = torch.randint(0, 2 * PADDING + 1, (2, count, 1), generator=generator, device=device)
    flip = torch.randint(0, 2, (count, 1), generator=generator, device=device).bool()
    rows = offsets[0] + torch.arange(height, device=device)
    across = torch.arange(width, device=device)
    columns = offsets[1] + torch.where(flip, width - 1 - across, across)
    channels = torch.arange(padded.shape[1], device=device)
    return padded[
        indices[:, None, None, None], channels[None, :, None, None], rows[:, None, :, None], columns[:, None, None, :]
    ]
