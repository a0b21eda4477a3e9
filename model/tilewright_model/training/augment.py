"""Augmentation as tensor operations on any device: the notebook's crops and flips, and erased squares."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tilewright_model.data.pixels import MEAN

PADDING = 4
#: what an erased square is filled with, uint8 (3,)
MEAN_PIXEL = (torch.tensor(MEAN) * 255).round().to(torch.uint8)


@dataclass(frozen=True)
class Draw:
    """What chance decided for a batch of b images.

    Attributes:
        offsets: int64 (2, b), row and column of the crop, 0..8.
        flip: bool (b,).
        corners: int64 (2, b), row and column of the erased square's corner, or None.
    """

    offsets: Tensor
    flip: Tensor
    corners: Tensor | None = None

    def __getitem__(self, share: slice) -> "Draw":
        """What was drawn for these images of the batch."""
        corners = None if self.corners is None else self.corners[:, share]
        return Draw(self.offsets[:, share], self.flip[share], corners)


def pad(pixels: Tensor) -> Tensor:
    """uint8 (n, 3, h, w) with 4 black pixels on every side."""
    return functional.pad(pixels, (PADDING,) * 4)


def draw(count: int, size: int, erase: int, generator: torch.Generator) -> Draw:
    """Crops and flips, and squares of side ``erase`` (0: none), for ``count`` images of ``size`` pixels a side."""
    device = generator.device
    offsets = torch.randint(0, 2 * PADDING + 1, (2, count), generator=generator, device=device)
    flip = torch.randint(0, 2, (count,), generator=generator, device=device).bool()
    if not erase:
        return Draw(offsets, flip)
    return Draw(offsets, flip, torch.randint(0, size - erase + 1, (2, count), generator=generator, device=device))


def crop_and_flip(padded: Tensor, indices: Tensor, drawn: Draw) -> Tensor:
    """Images ``indices`` (b,) of ``padded`` (n, 3, h + 8, w + 8), each cropped to h x w and flipped as drawn."""
    device = padded.device
    height, width = padded.shape[2] - 2 * PADDING, padded.shape[3] - 2 * PADDING
    rows = drawn.offsets[0][:, None] + torch.arange(height, device=device)
    across = torch.arange(width, device=device)
    columns = drawn.offsets[1][:, None] + torch.where(drawn.flip[:, None], width - 1 - across, across)
    channels = torch.arange(padded.shape[1], device=device)
    return padded[
        indices[:, None, None, None], channels[None, :, None, None], rows[:, None, :, None], columns[:, None, None, :]
    ]


def erased(pixels: Tensor, corners: Tensor, side: int) -> Tensor:
    """uint8 (b, 3, h, w) with a square of ``side`` pixels at ``corners`` (2, b) set to the mean pixel, in a copy."""
    inside = []
    for axis, corner in zip((2, 3), corners, strict=True):
        place = torch.arange(pixels.shape[axis], device=pixels.device)
        inside.append((place >= corner[:, None]) & (place < corner[:, None] + side))
    square = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return torch.where(square, MEAN_PIXEL.to(pixels.device).view(1, 3, 1, 1), pixels)
