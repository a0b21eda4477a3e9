"""What the hardware must give: every layer's integers, scores and predictions of a network in evaluation mode."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor

from tilewright.files import write_npz
from tilewright_model.device import batch_size
from tilewright_model.errors import DataError
from tilewright_model.networks.execution import run_graph
from tilewright_model.networks.network import QuantisedNetwork
from tilewright_model.networks.stages import Graph, build_graph

_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Reference:
    """A network's integers for n images.

    Attributes:
        image_codes: int16 (n, c, h, w).
        codes: by layer, uint8 (n, oc, h, w), what the next layer's quantiser makes of the output, so after pooling.
        last: name of the last layer.
        accumulators: int32 (n, oc, oh, ow), the last layer's, before scale, batch-norm and pooling.
        scores: float64 (n, classes).
        predictions: int64 (n,).
    """

    image_codes: Tensor
    codes: dict[str, Tensor]
    last: str
    accumulators: Tensor
    scores: Tensor
    predictions: Tensor

    def save(self, path: str | Path) -> None:
        """Write the .npz, not compressed: NAME.codes, LAST.accumulators, scores, predictions."""
        arrays = {f"{name}.codes": codes for name, codes in self.codes.items()}
        arrays[f"{self.last}.accumulators"] = self.accumulators
        arrays |= {"scores": self.scores, "predictions": self.predictions}
        write_npz(path, {key: tensor.cpu().numpy() for key, tensor in arrays.items()})


def reference(
    model: QuantisedNetwork,
    pixels: Tensor,
    *,
    all_layers: bool = True,
    advance: Callable[[int], object] | None = None,
) -> Reference:
    """The integers of ``model.eval()``; where maps are added, of the integers that the addition is defined on.

    Args:
        model: the network.
        pixels: uint8 (n, c, h, w) on the model's device.
        all_layers: whether to keep the codes.
        advance: told the images done in each batch.

    Returns:
        The integers, on the CPU.

    Raises:
        DataError: the images are not the network's.
        NetworkError: the network has a layer that the network file does not cover.
    """
    check_images(model, pixels)
    graph, parts = build_graph(model), []
    for part in torch.split(pixels, batch_size(pixels.device)):
        parts.append(_on_cpu(batch_reference(model, graph, part), all_layers))
        if advance:
            advance(len(part))
    return _joined(parts)


def save_chunks(
    model: QuantisedNetwork,
    pixels: Tensor,
    folder: str | Path,
    chunk: int,
    *,
    all_layers: bool = True,
    ahead: int | None = None,
    advance: Callable[[int], object] | None = None,
) -> None:
    """Write ``reference`` of some images after the other to FOLDER/00000.npz, 00001.npz, ..., each whole at once.

    Args:
        model: the network.
        pixels: uint8 (n, c, h, w) on the model's device.
        folder: to write into.
        chunk: images a file.
        all_layers: whether to keep the codes.
        ahead: files that may lie there, while the process that started this one takes them away; None sets no limit.
        advance: told the images done in each batch.

    Raises:
        DataError: the folder holds such files already, or nobody takes them away any more; and as ``reference``.
    """
    folder = Path(folder)
    if any(folder.glob("*.npz")):
        raise DataError(f"{folder} holds .npz files already: empty it or name another folder")
    reader = os.getppid()
    for number, part in enumerate(torch.split(pixels, chunk)):
        while ahead is not None and len(list(folder.glob("*.npz"))) >= ahead:
            if os.getppid() != reader:
                raise DataError(f"the process that takes files out of {folder} has ended")
            time.sleep(_POLL_SECONDS)
        reference(model, part, all_layers=all_layers, advance=advance).save(folder / f"{number:05d}.npz")


def check_images(model: QuantisedNetwork, pixels: Tensor) -> None:
    """Checks that there is an image, and that images are of the network's size, uint8 (n, c, h, w).

    Raises:
        DataError: they are not.
    """
    if pixels.dtype != torch.uint8 or tuple(pixels.shape[1:]) != model.image_size or not len(pixels):
        raise DataError(
            f"the network takes uint8 images (n, {', '.join(map(str, model.image_size))}), got {pixels.dtype} "
            f"{tuple(pixels.shape)}; `images --size` makes others"
        )


@torch.no_grad()
def batch_reference(model: QuantisedNetwork, graph: Graph, pixels: Tensor) -> Reference:
    """As ``reference``, for one batch and on the model's device."""
    run = run_graph(graph, model.normalise(pixels))
    return Reference(
        run.image_codes.to(torch.int16),
        {name: codes.to(torch.uint8) for name, codes in run.codes.items()},
        graph.stages[-1].name,
        run.accumulators.to(torch.int32),
        run.scores,
        run.scores.argmax(1),
    )


def _on_cpu(part: Reference, all_layers: bool) -> Reference:
    codes = {name: tensor.cpu() for name, tensor in part.codes.items()} if all_layers else {}
    tensors = (part.image_codes, part.accumulators, part.scores, part.predictions)
    image_codes, accumulators, scores, predictions = (tensor.cpu() for tensor in tensors)
    return Reference(image_codes, codes, part.last, accumulators, scores, predictions)


def _joined(parts: list[Reference]) -> Reference:
    names = [field.name for field in fields(Reference) if field.name not in ("codes", "last")]
    codes = {name: torch.cat([part.codes[name] for part in parts]) for name in parts[0].codes}
    tensors = {name: torch.cat([getattr(part, name) for part in parts]) for name in names}
    return Reference(codes=codes, last=parts[0].last, **tensors)
