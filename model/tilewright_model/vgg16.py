"""The notebook's VGG16: a 16-channel squeeze without batch-norm in the middle (`features.27`)."""

from dataclasses import asdict, dataclass

from torch import nn

from tilewright_model.batch_norm import BatchNorm2d
from tilewright_model.layers import QuantConv2d
from tilewright_model.linear import Linear
from tilewright_model.network import Network

POOL = 0
#: Output channels of each convolution, POOL = 2x2 max-pooling, None = the squeezed convolution without batch-norm.
PLAN: tuple[int | None, ...] = (
    64,
    64,
    POOL,
    128,
    128,
    POOL,
    256,
    256,
    256,
    POOL,
    16,
    None,
    512,
    POOL,
    512,
    512,
    512,
    POOL,
)
SQUEEZE = 16


@dataclass(frozen=True)
class VGG16Options:
    """What a checkpoint must record to rebuild its network."""

    weight_bits: int = 4
    act_bits: int = 4
    #: None: the first convolution quantises the signed image like any activation (the notebook); 8: signed image codes
    image_bits: int | None = None
    alpha_w: float = 3.0
    alpha_a: float = 8.0


class VGG16(Network):
    """VGG16 for 32x32 images and ten classes; state-dict keys `features.N.*` and `classifier.*` as in the notebook."""

    def __init__(self, options: VGG16Options | None = None) -> None:
        options = options or VGG16Options()
        super().__init__(nn.Sequential(*build_features(options)), Linear(512, 10), (3, 32, 32))
        self.options = options


def build_features(options: VGG16Options) -> list[nn.Module]:
    """The modules of `features`, in the notebook's numbering."""
    common = asdict(options)
    image_bits = common.pop("image_bits")
    modules: list[nn.Module] = []
    channels = 3
    for entry in PLAN:
        if entry == POOL:
            modules.append(nn.MaxPool2d(2, 2))
            continue
        width = entry or SQUEEZE
        modules.append(QuantConv2d(channels, width, image_bits=image_bits if channels == 3 else None, **common))
        if entry is not None:
            modules.append(BatchNorm2d(width))
        modules.append(nn.ReLU(inplace=True))
        channels = width
    modules.append(nn.AvgPool2d(kernel_size=1, stride=1))
    return modules
