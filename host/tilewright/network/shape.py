"""What of a network needs no values: its layers' shapes, and whether they follow from each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from tilewright.errors import NetworkError
from tilewright.hardware.parameters import MAX_PADDING, STRIDES

# What a threshold is that no accumulator, or every one, reaches.
NEVER, ALWAYS = 2**31 - 1, -(2**31)
# Largest codes that a network file holds: 8 bits each
WEIGHT_LEVELS, IMAGE_LEVELS, CODE_LEVELS = 127, 127, 255
COPIES = ("max", "repeat_rows", "repeat_columns")
KINDS = ("conv", "average", *COPIES)
# Powers of 16 that a layer's own sums may count more than what is added to them
MAX_RAISED = 4


@dataclass(frozen=True)
class LayerShape:
    """The shape of a convolution or an average, with what follows it up to the next quantiser; or of a copy.

    Attributes:
        kind: ``conv``, ``average``, or a copy, which makes no new codes: ``max``, the largest of 2x2 windows, or
            ``repeat_rows`` and ``repeat_columns``, each row or column twice.
        name: of the module, such as ``features.27``.
        in_channels, out_channels: channels.
        kernel: height and width of the kernel, or of the average's window.
        stride: of both directions.
        padding: of both directions, or (rows, columns).
        image_input: whether the input is the image (signed 8-bit codes); else codes 0..activation_levels.
        activation_levels, weight_levels: largest codes, of up to 8 bits; what an array runs is the compiler's business.
        batch_norm, relu: whether they follow.
        pool: 2 for a 2x2 max-pool, else 1.
        output_levels: largest output code; 0 where the accumulators are the output.
        source: name of the layer whose map it reads; empty: the layer before it, the first one the image.
        first_channel: of that map, that its first input channel is.
        dilation: input positions from one kernel tap to the next, 1 or 2.
        groups: into which input and output channels fall; as many as channels is a depthwise convolution.
        raised: its own sums count 16 ** raised times before others are added.

    Raises:
        NetworkError: a value is outside what a network file covers; names the layer.
    """

    kind: str
    name: str
    in_channels: int
    out_channels: int
    kernel: tuple[int, int]
    stride: int
    padding: int | tuple[int, int]
    image_input: bool
    activation_levels: int
    weight_levels: int
    batch_norm: bool
    relu: bool
    pool: int
    output_levels: int
    source: str = field(kw_only=True, default="")
    first_channel: int = field(kw_only=True, default=0)
    dilation: int = field(kw_only=True, default=1)
    groups: int = field(kw_only=True, default=1)
    raised: int = field(kw_only=True, default=0)

    def __post_init__(self) -> None:
        self._expect(self.kind in KINDS, f"kind {self.kind!r} is none of {', '.join(KINDS)}")
        self._expect(min(self.in_channels, self.out_channels) > 0, "channel counts must be positive")
        fits = min(self.paddings) >= 0 and max(self.paddings) <= MAX_PADDING
        self._expect(fits, f"padding {self.padding} is outside 0..{MAX_PADDING}")
        self._expect(self.pool in (1, 2), f"pool {self.pool} is neither 1 nor 2")
        self._expect(min(self.kernel) >= 1, f"kernel {self.kernel} has no taps")
        plain = (self.dilation, self.groups, self.raised, self.first_channel) == (1, 1, 0, 0)
        self._expect(plain or not self.image_input, "the image is read by a convolution without dilation and groups")
        if self.kind == "conv":
            self._check_conv()
        else:
            self._expect(plain, f"kind {self.kind} has no dilation and no groups, and reads whole maps")
            self._expect(self.in_channels == self.out_channels, f"kind {self.kind} keeps its channels")
        if self.kind == "average":
            self._expect(self.stride > 0 and self.paddings == (0, 0), "window or stride impossible")
        elif self.copies:
            self._check_copy()
        self._check_levels()

    @property
    def paddings(self) -> tuple[int, int]:
        """Padding of rows and of columns."""
        return self.padding if isinstance(self.padding, tuple) else (self.padding, self.padding)

    @property
    def copies(self) -> bool:
        """Whether its codes are its input's: nothing is summed, no quantiser follows."""
        return self.kind in COPIES

    @property
    def weight_bits(self) -> int | None:
        """Bits of a weight, its sign included; None where there are none."""
        return None if self.kind != "conv" else self.weight_levels.bit_length() + 1

    @property
    def activation_bits(self) -> int:
        """Bits of an input code; the image's are signed bytes whatever its largest code."""
        return 8 if self.image_input else self.activation_levels.bit_length()

    @property
    def output_bits(self) -> int | None:
        """Bits of an output code; None for accumulators."""
        return self.output_levels.bit_length() or None

    @property
    def is_last(self) -> bool:
        """Whether the accumulators are the output."""
        return self.output_levels == 0

    @property
    def macs_a_position(self) -> int:
        """Multiplications of one output position, true channels only, padding taps included."""
        taps = self.kernel[0] * self.kernel[1]
        return 0 if self.kind != "conv" else self.out_channels * self.in_channels // self.groups * taps

    def sums_size(self, in_size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the map of accumulators: floor((in + 2 * padding - span) / stride) + 1.

        The span of a kernel is dilation * (kernel - 1) + 1.

        Raises:
            NetworkError: the map is smaller than the kernel.
        """
        if self.kind in ("repeat_rows", "repeat_columns"):
            return in_size[0] * (1 + (self.kind == "repeat_rows")), in_size[1] * (1 + (self.kind == "repeat_columns"))
        h, w = (
            (size + 2 * padding - self.dilation * (k - 1) - 1) // self.stride + 1
            for size, padding, k in zip(in_size, self.paddings, self.kernel, strict=True)
        )
        self._expect(min(h, w) > 0, f"kernel {self.kernel} is larger than the padded map {in_size}")
        return h, w

    def output_size(self, in_size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the output map, after pooling; an odd last row or column is dropped."""
        h, w = self.sums_size(in_size)
        self._expect(min(h, w) >= self.pool, f"a map of {h}x{w} has no 2x2 window to pool")
        return h // self.pool, w // self.pool

    def _expect(self, condition: bool, text: str) -> None:
        if not condition:
            raise NetworkError(f"layer {self.name}: {text}")

    def _check_conv(self) -> None:
        self._expect(self.stride in STRIDES, f"stride {self.stride} is not one of {STRIDES}")
        self._expect(self.dilation in (1, 2), f"dilation {self.dilation} is neither 1 nor 2")
        divided = self.groups > 0 and self.in_channels % self.groups == self.out_channels % self.groups == 0
        self._expect(divided, f"{self.groups} groups do not divide its channels")
        self._expect(0 <= self.raised <= MAX_RAISED, f"raised {self.raised} is outside 0..{MAX_RAISED}")
        self._expect(self.first_channel >= 0, "the first channel is negative")

    def _check_copy(self) -> None:
        windows = [((2, 2), 1, 0), ((2, 2), 1, 1), ((2, 2), 2, 0)] if self.kind == "max" else [((1, 1), 1, 0)]
        known = self.paddings[0] == self.paddings[1] and (self.kernel, self.stride, self.paddings[0]) in windows
        said = " or ".join(f"{h}x{w}, {stride}, {padding}" for (h, w), stride, padding in windows)
        self._expect(known, f"window, stride and padding of kind {self.kind} are {said}")
        follows = self.batch_norm or self.relu or self.pool > 1
        self._expect(not follows, f"nothing follows kind {self.kind} but the next layers")
        self._expect(self.output_levels == self.activation_levels, f"kind {self.kind} keeps its codes")

    def _check_levels(self) -> None:
        largest = IMAGE_LEVELS if self.image_input else CODE_LEVELS
        for key, value, low, high in (
            ("activation_levels", self.activation_levels, 1, largest),
            ("weight_levels", self.weight_levels, 1, WEIGHT_LEVELS),
            ("output_levels", self.output_levels, 0, CODE_LEVELS),
        ):
            self._expect(low <= value <= high, f"{key} {value} are outside {low}..{high}")
        code = IMAGE_LEVELS + 1 if self.image_input else self.activation_levels
        channels = 1 if self.kind != "conv" else self.in_channels // self.groups
        inputs = self.kernel[0] * self.kernel[1] * channels
        sums = self.weight_levels * code * inputs
        self._expect(sums < NEVER, f"a sum of {inputs} products can reach {sums}, beyond 32 bits")
