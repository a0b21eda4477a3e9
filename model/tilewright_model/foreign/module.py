"""A module of this process as the integers of a network file, without a file: of this library, or of Brevitas."""

from collections.abc import Sequence

from torch import Tensor, nn

from tilewright.errors import NetworkError
from tilewright.network import Network
from tilewright_model.data import pixels
from tilewright_model.foreign.assemble import Normalise
from tilewright_model.foreign.brevitas import evaluation, from_brevitas
from tilewright_model.layers.quantised import QuantisedWeights
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
    ours = isinstance(model, QuantisedNetwork) or any(isinstance(each, QuantisedWeights) for each in model.modules())
    if ours and normalise is not None and hasattr(model, "normalise"):
        raise NetworkError(
            f"{type(model).__name__} is of this library and has its normalisation: leave out mean and std"
        )
    network = model if ours else from_brevitas(model, size, normalise or pixels.normalise)
    called = name or str(getattr(model, "name", "") or type(model).__name__)
    with evaluation(network):
        return network_integers(network, size, called, classes=classes, normalise=normalise if ours else None)


def from_torch(
    module: nn.Module,
    sample: Tensor | tuple[int, int, int],
    normalise: Normalise | None = None,
    name: str | None = None,
    classes: Sequence[str] = (),
) -> Network:
    """The integers of a module whose forward calls this library's quantised layers, in a row or not.

    Args:
        module: traced by torch.fx; it is left as it was.
        sample: images (n, c, h, w) or an image, of which the shape counts, or (c, h, w).
        normalise, name, classes: as of ``module_integers``.

    Returns:
        The network, as a file would hold it.

    Raises:
        NetworkError: the hardware does not run it; names the module and the reason.
    """
    channels, height, width = (sample.shape if isinstance(sample, Tensor) else sample)[-3:]
    return module_integers(module, (channels, height, width), normalise, name, classes)
