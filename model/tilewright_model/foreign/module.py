"""A module of this process as the integers of a network file, without a file: of this library, or of Brevitas."""

from collections.abc import Sequence

from torch import nn

from tilewright.errors import NetworkError
from tilewright.network import Network
from tilewright_model.data import pixels
from tilewright_model.foreign.assemble import Normalise
from tilewright_model.foreign.brevitas import evaluation, from_brevitas
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.network_file.write import network_integers
from tilewright_model.networks.network import QuantisedNetwork


def module_integers(
    model: nn.Module,
    image_size: tuple[int, int, int] | None = None,
    normalise: Normalise | None = None,
    name: str | None = None,
    classes: Sequence[str] = (),
) -> Network:
    """The integers of a trained module.

    Args:
        model: a network of this library, or what ``from_brevitas`` takes; it is left as it was.
        image_size: channels, height and width; None takes the size that a network of this library has.
        normalise: uint8 (n, c, h, w) to the float values that the model takes, pixel by pixel; None takes the model's
            own where it is a network of this library, else CIFAR-10's.
        name: of the network; None takes the class's.
        classes: their names.

    Returns:
        The network, as a file would hold it.

    Raises:
        NetworkError: there is no size, or the module is none that can be taken over; names the layer and the reason.
        ModelError: Brevitas is missing.
    """
    size = image_size or getattr(model, "image_size", None)
    if size is None:
        raise NetworkError(f"{type(model).__name__}: give a sample image, or its shape (channels, height, width)")
    ours = isinstance(model, QuantisedNetwork) or any(isinstance(each, QuantConv2d) for each in model.modules())
    if ours and normalise is not None:
        raise NetworkError(
            f"{type(model).__name__} is of this library and has its normalisation: leave out mean and std"
        )
    network = model if ours else from_brevitas(model, size, normalise or pixels.normalise)
    called = name or str(getattr(model, "name", "") or type(model).__name__)
    with evaluation(network):
        return network_integers(network, size, called, classes=classes)
