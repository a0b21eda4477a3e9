"""What a VGG16 is made of, without PyTorch: its plan, its options, its layers' names."""

import re
from dataclasses import dataclass, field

from tilewright_model.networks.widths import WEIGHT_BITS, check_widths

#: The notebook's network: output channels of each 3x3 convolution, `-` without batch-norm, M = 2x2 max-pooling
PLAN = "64 64 M 128 128 M 256 256 256 M 16 16- 512 M 512 512 512 M"
#: how many convolutions stand before each of its poolings
VGG16_GROUPS = (2, 2, 3, 3, 3)
IMAGE = (3, 32, 32)
CLASSES = 10


@dataclass(frozen=True)
class VGG16Options:
    """What a checkpoint must record to rebuild its network.

    Raises:
        ValueError: the plan or a width is none.
    """

    weight_bits: int = 4
    act_bits: int = 4
    #: None: the first convolution quantises the signed image like any activation (the notebook); 8: signed image codes
    image_bits: int | None = None
    alpha_w: float = 3.0
    alpha_a: float = 8.0
    plan: str = PLAN
    #: weight and activation (input) bits of single layers by state-dict name, such as {"features.27": (2, 2)}
    layer_bits: dict[str, tuple[int, int]] = field(default_factory=dict)
    classes: int = CLASSES

    def __post_init__(self) -> None:
        features_out(self.plan)
        # JSON makes lists of the pairs
        object.__setattr__(self, "layer_bits", {name: (w, a) for name, (w, a) in self.layer_bits.items()})
        check_widths((self.weight_bits, self.act_bits), *self.layer_bits.values())
        if self.classes < 2:
            raise ValueError(f"classes is {self.classes}, expected 2 or more")
        if self.image_bits is not None and self.image_bits not in WEIGHT_BITS:
            raise ValueError(f"image_bits is {self.image_bits}, expected {WEIGHT_BITS[0]} to {WEIGHT_BITS[-1]}")


@dataclass(frozen=True)
class PlanWord:
    """One word of a plan: a convolution with ``channels`` outputs, or (0 channels) max-pooling."""

    channels: int
    batch_norm: bool = True


def parse_plan(plan: str) -> list[PlanWord]:
    """The steps of a plan such as ``PLAN``.

    Raises:
        ValueError: names the first word that is none.
    """
    steps = []
    for word in plan.split():
        match = re.fullmatch(r"M|([1-9][0-9]*)(-?)", word)
        if match is None:
            raise ValueError(f"{word!r} in the plan {plan!r} is neither M nor a number of channels, such as 64 or 16-")
        steps.append(PlanWord(0) if word == "M" else PlanWord(int(match[1]), match[2] == ""))
    if not steps or not steps[0].channels:
        raise ValueError(f"the plan {plan!r} does not begin with a convolution")
    return steps


def features_out(plan: str) -> int:
    """Features that the classifier takes: channels times positions after the last step."""
    steps = parse_plan(plan)
    side = IMAGE[1] >> sum(step.channels == 0 for step in steps)
    if side == 0:
        raise ValueError(f"the plan {plan!r} pools 32x32 images away")
    channels = [step.channels for step in steps if step.channels][-1]
    return channels * side * side


def network_name(plan: str) -> str:
    """VGG16 where the plan has its convolutions between its poolings, of any width; else CNN and their number."""
    groups = [len(group.split()) for group in plan.split("M")]
    return "VGG16" if groups == [*VGG16_GROUPS, 0] else f"CNN{sum(groups)}"


def convolution_names(plan: str) -> list[str]:
    """State-dict names of the plan's convolutions, in the notebook's numbering: ``features.0``, ``features.3``, ..."""
    names, number = [], 0
    for step in parse_plan(plan):
        if step.channels:
            names.append(f"features.{number}")
        number += 2 + step.batch_norm if step.channels else 1
    return names
