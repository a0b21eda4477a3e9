"""VGG16 for CIFAR-10 after a plan; the notebook's has a 16-channel squeeze without batch-norm (``features.27``)."""

from collections.abc import Iterator

from torch import Tensor, nn

from tilewright_model.layers.plain import BatchNorm2d, Linear
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.networks.network import Network
from tilewright_model.networks.vgg16_plan import (
    CLASSES,
    IMAGE,
    PLAN,
    VGG16Options,
    convolution_names,
    features_out,
    network_name,
    parse_plan,
)


class VGG16(Network):
    """VGG16, or another plan, for 32x32 images; the notebook's state-dict keys ``features.N.*`` and ``classifier.*``.

    Raises:
        ValueError: ``layer_bits`` names a layer that there is not.
    """

    def __init__(self, options: VGG16Options | None = None) -> None:
        options = options or VGG16Options()
        features = nn.Sequential(*_quantised_features(options))
        super().__init__(features, Linear(features_out(options.plan), options.classes), IMAGE)
        self.options = options
        unknown = sorted(options.layer_bits.keys() - self.quantised_layers().keys())
        if unknown:
            raise ValueError(f"layer_bits names {unknown}; the convolutions are {sorted(self.quantised_layers())}")

    @property
    def name(self) -> str:
        """VGG16, or what `network_name` makes of another plan."""
        return network_name(self.options.plan)


class FloatVGG16(nn.Module):
    """The same network without quantisers, in float32 throughout; its state-dict keys are VGG16's without theirs."""

    def __init__(self, plan: str = PLAN, classes: int = CLASSES) -> None:
        super().__init__()
        self.plan, self.classes = plan, classes
        self.features = nn.Sequential(*_float_features(plan))
        self.classifier = nn.Linear(features_out(plan), classes)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images float (n, 3, 32, 32) to class scores float (n, classes)."""
        scores: Tensor = self.classifier(self.features(images).flatten(1))
        return scores


def _quantised_features(options: VGG16Options) -> Iterator[nn.Module]:
    """The modules of ``features``, in the notebook's numbering."""
    channels, names = IMAGE[0], iter(convolution_names(options.plan))
    for step in parse_plan(options.plan):
        if not step.channels:
            yield nn.MaxPool2d(2, 2)
            continue
        name = next(names)
        weight_bits, act_bits = options.layer_bits.get(name, (options.weight_bits, options.act_bits))
        yield QuantConv2d(
            channels,
            step.channels,
            weight_bits=weight_bits,
            act_bits=act_bits,
            image_bits=options.image_bits if name == "features.0" else None,
            alpha_w=options.alpha_w,
            alpha_a=options.alpha_a,
        )
        if step.batch_norm:
            yield BatchNorm2d(step.channels)
        yield nn.ReLU(inplace=True)
        channels = step.channels
    yield nn.AvgPool2d(kernel_size=1, stride=1)


def _float_features(plan: str) -> Iterator[nn.Module]:
    channels = IMAGE[0]
    for step in parse_plan(plan):
        if not step.channels:
            yield nn.MaxPool2d(2, 2)
            continue
        yield nn.Conv2d(channels, step.channels, 3, padding=1, bias=False)
        if step.batch_norm:
            yield nn.BatchNorm2d(step.channels)
        yield nn.ReLU(inplace=True)
        channels = step.channels
    yield nn.AvgPool2d(kernel_size=1, stride=1)
