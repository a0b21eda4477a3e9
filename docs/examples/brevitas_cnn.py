"""Trains a small Brevitas CNN on pieces of scikit-image's pictures and writes it for the accelerator.

python docs/examples/brevitas_cnn.py --out build/brevitas
tilewright run build/brevitas/network.safetensors --images build/brevitas/images.npz --check
"""

import json
from pathlib import Path
from typing import Annotated

import brevitas.nn as qnn
import torch
import typer
from brevitas.quant import Int8ActPerTensorFloat, Int8WeightPerChannelFloat
from rich.console import Console
from rich.progress import track
from skimage import data
from torch import Tensor, nn

from tilewright_model.data import Images, save_images
from tilewright_model.foreign import compare_brevitas, from_brevitas, normalisation
from tilewright_model.network_file import save_network

# Channels that each convolution makes
WIDTHS = (8, 12, 16)
PICTURES = ("chelsea", "astronaut", "coffee")
IMAGE = (3, 32, 32)
NORMALISE = normalisation(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


def cnn() -> nn.Sequential:
    """4-bit weights, narrow range (Brevitas' default for weights), and unsigned 4-bit activations."""
    first, second, third = WIDTHS
    return nn.Sequential(
        qnn.QuantIdentity(bit_width=8, act_quant=Int8ActPerTensorFloat),
        qnn.QuantConv2d(3, first, 3, padding=1, bias=False, weight_bit_width=4),
        nn.BatchNorm2d(first),
        qnn.QuantReLU(bit_width=4),
        nn.MaxPool2d(2, 2),
        qnn.QuantConv2d(
            first, second, 3, padding=1, bias=True, weight_bit_width=4, weight_quant=Int8WeightPerChannelFloat
        ),
        nn.BatchNorm2d(second),
        nn.MaxPool2d(2, 2),
        qnn.QuantReLU(bit_width=4),
        nn.Dropout(0.1),
        qnn.QuantConv2d(second, third, 3, stride=2, padding=1, bias=True, weight_bit_width=3),
        qnn.QuantReLU(bit_width=3),
        nn.AvgPool2d(2),
        nn.Flatten(),
        qnn.QuantLinear(third * 2 * 2, len(PICTURES), bias=True, weight_bit_width=4),
    )


def pieces(count: int, generator: torch.Generator) -> Images:
    """Pieces of 32x32 pixels, and which picture each is from."""
    pictures = [torch.from_numpy(getattr(data, name)().copy()).permute(2, 0, 1) for name in PICTURES]
    labels = torch.randint(len(pictures), (count,), generator=generator)
    return Images(torch.stack([_piece(pictures[label], generator) for label in labels]), labels)


def _piece(picture: Tensor, generator: torch.Generator) -> Tensor:
    top, left = (int(torch.randint(size - 31, (), generator=generator)) for size in picture.shape[1:])
    return picture[:, top : top + 32, left : left + 32]


def train(model: nn.Module, steps: int, generator: torch.Generator) -> None:
    """Adam on batches of 32."""
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    for _ in track(range(steps), "steps", console=Console(stderr=True)):
        batch = pieces(32, generator)
        loss = nn.functional.cross_entropy(model(NORMALISE(batch.pixels)), batch.labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def main(
    out: Annotated[Path, typer.Option(help="folder for network.safetensors and images.npz")] = Path("build/brevitas"),
    steps: Annotated[int, typer.Option(min=1)] = 60,
    seed: int = 0,
) -> None:
    """Train, export, and compare Brevitas' own float32 evaluation with the exported integers; print JSON."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = cnn()
    train(model, steps, generator)
    network = from_brevitas(model, IMAGE, NORMALISE)
    save_network(network, out / "network.safetensors", IMAGE, "Brevitas example", classes=PICTURES)
    images = pieces(64, generator)
    save_images(out / "images.npz", images, "pieces of scikit-image's pictures")
    correct = int((network(NORMALISE(images.pixels)).argmax(1) == images.labels).sum())
    print(json.dumps({"correct": correct, **compare_brevitas(model, network, images.pixels).report()}))


if __name__ == "__main__":
    typer.run(main)
