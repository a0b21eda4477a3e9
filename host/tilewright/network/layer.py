"""One convolution layer as integers, and the ``.npz`` layer file that carries it from model/ to host/."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import LayerError
from tilewright.file_kinds import Role, refusal
from tilewright.files import write_npz
from tilewright.hardware.parameters import ACTIVATION_MAX, MAX_KERNEL, MAX_PADDING, STRIDES, WEIGHT_MAX, WEIGHT_MIN
from tilewright.npz import read_npz

# Keys of a layer file's metadata and the type of each.
METADATA_TYPES: dict[str, type | tuple[type, ...]] = {
    "layer": str,
    "stride": int,
    "padding": int,
    "delta_w": (int, float),
    "delta_a": (int, float),
    "max_distance": (int, float),
    "checkpoint_sha256": str,
    "image_source": str,
    "notebook_check_max": (int, float),
}


@dataclass(frozen=True)
class ConvLayer:
    """A convolution on integer codes, without bias.

    Attributes:
        name: name in the network, such as ``features.27``.
        weight_codes: int8 (oc, ic, kernel_h, kernel_w), values -8..7.
        activation_codes: uint8 (images, ic, h, w), values 0..15.
        stride: 1 or 2, both directions.
        padding: 0 to 3 zeros on each side.
        accumulators: int32 (images, oc, out_h, out_w), PyTorch's ``conv2d`` of the codes in float64, or None.
        float_integers: int32, same shape, round(y / (delta_w * delta_a)) of the unmodified float layer, or None.
        metadata: where the integers come from; the keys are those of ``METADATA_TYPES`` for a layer read from a file.

    Raises:
        LayerError: wrong dtype, rank, shape or range; says where the first wrong value lies.
    """

    name: str
    weight_codes: npt.NDArray[np.int8]
    activation_codes: npt.NDArray[np.uint8]
    stride: int = 1
    padding: int = 0
    accumulators: npt.NDArray[np.int32] | None = None
    float_integers: npt.NDArray[np.int32] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_codes("weight_codes", self.weight_codes, np.int8, WEIGHT_MIN, WEIGHT_MAX)
        self._check_codes("activation_codes", self.activation_codes, np.uint8, 0, ACTIVATION_MAX)
        self._check_geometry()
        for key in ("accumulators", "float_integers"):
            outputs = getattr(self, key)
            if outputs is None:
                continue
            self._check_array(key, outputs, np.int32)
            if outputs.shape != self.output_shape:
                raise LayerError(
                    f"layer {self.name}: {key} has shape {outputs.shape}, the layer's outputs are {self.output_shape}"
                )

    @property
    def images(self) -> int:
        """Number of images."""
        return int(self.activation_codes.shape[0])

    @property
    def in_channels(self) -> int:
        """Number of input channels."""
        return int(self.weight_codes.shape[1])

    @property
    def out_channels(self) -> int:
        """Number of output channels."""
        return int(self.weight_codes.shape[0])

    @property
    def kernel(self) -> tuple[int, int]:
        """Kernel height and width."""
        return int(self.weight_codes.shape[2]), int(self.weight_codes.shape[3])

    @property
    def in_size(self) -> tuple[int, int]:
        """Height and width of the input map."""
        return int(self.activation_codes.shape[2]), int(self.activation_codes.shape[3])

    @property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the output map: floor((in + 2 * padding - kernel) / stride) + 1."""
        (h, w), (kernel_h, kernel_w) = self.in_size, self.kernel
        return (
            (h + 2 * self.padding - kernel_h) // self.stride + 1,
            (w + 2 * self.padding - kernel_w) // self.stride + 1,
        )

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        """(images, oc, out_h, out_w)."""
        return (self.images, self.out_channels, *self.out_size)

    @property
    def macs(self) -> int:
        """Multiplications of the true (unpadded) channels, those with padding zeros included."""
        images, oc, out_h, out_w = self.output_shape
        kernel_h, kernel_w = self.kernel
        return images * oc * out_h * out_w * self.in_channels * kernel_h * kernel_w

    def select_images(self, images: slice) -> ConvLayer:
        """The same layer on some of its images.

        Args:
            images: which images, as a slice that selects at least one.

        Returns:
            A layer with views of the selected images.
        """

        def cut(outputs: npt.NDArray[np.int32] | None) -> npt.NDArray[np.int32] | None:
            return None if outputs is None else outputs[images]

        return ConvLayer(
            name=self.name,
            weight_codes=self.weight_codes,
            activation_codes=self.activation_codes[images],
            stride=self.stride,
            padding=self.padding,
            accumulators=cut(self.accumulators),
            float_integers=cut(self.float_integers),
            metadata=self.metadata,
        )

    def save(self, path: str | Path) -> None:
        """Writes the layer as an ``.npz`` layer file.

        Args:
            path: file to write; the name is taken as it is.

        Raises:
            LayerError: the metadata lack a key or have a wrong type, or PyTorch's outputs are missing.
        """
        if self.accumulators is None or self.float_integers is None:
            raise LayerError(
                f"layer {self.name}: a layer file holds accumulators and float_integers; this layer has none"
            )
        metadata = {**self.metadata, "layer": self.name, "stride": self.stride, "padding": self.padding}
        _check_metadata(self.name, metadata)
        arrays: dict[str, npt.NDArray[Any]] = {
            "weight_codes": self.weight_codes,
            "activation_codes": self.activation_codes,
            "accumulators": self.accumulators,
            "float_integers": self.float_integers,
            "metadata": np.array(json.dumps(metadata)),
        }
        write_npz(Path(path), arrays)

    @classmethod
    def load(cls, path: str | Path) -> ConvLayer:
        """Reads an ``.npz`` layer file, never through pickle.

        Args:
            path: file written by ``python -m tilewright_model capture`` or :meth:`save`.

        Returns:
            The layer, validated.

        Raises:
            LayerError: not a layer file, a member is missing, or a value is wrong.
        """
        arrays = _read_npz(Path(path))
        metadata = _parse_metadata(Path(path), arrays["metadata"])
        return cls(
            name=metadata["layer"],
            weight_codes=arrays["weight_codes"],
            activation_codes=arrays["activation_codes"],
            stride=metadata["stride"],
            padding=metadata["padding"],
            accumulators=arrays["accumulators"],
            float_integers=arrays["float_integers"],
            metadata=metadata,
        )

    def _check_array(self, key: str, array: Any, dtype: type) -> None:
        if not isinstance(array, np.ndarray) or array.dtype != dtype:
            got = getattr(array, "dtype", type(array).__name__)
            raise LayerError(f"layer {self.name}: {key} must be a numpy array of {np.dtype(dtype)}, got {got}")
        if array.ndim != 4 or 0 in array.shape:
            raise LayerError(f"layer {self.name}: {key} must have 4 non-empty dimensions, got shape {array.shape}")

    def _check_codes(self, key: str, codes: Any, dtype: type, low: int, high: int) -> None:
        self._check_array(key, codes, dtype)
        wrong = np.argwhere((codes < low) | (codes > high))
        if len(wrong):
            where = tuple(int(i) for i in wrong[0])
            raise LayerError(
                f"layer {self.name}: {key}{list(where)} is {codes[where]}, outside {low}..{high} "
                f"({len(wrong)} value(s) out of range); quantise to 4 bits first"
            )

    def _check_geometry(self) -> None:
        if self.activation_codes.shape[1] != self.in_channels:
            raise LayerError(
                f"layer {self.name}: weight_codes have {self.in_channels} input channels, "
                f"activation_codes {self.activation_codes.shape[1]}"
            )
        if max(self.kernel) > MAX_KERNEL:
            raise LayerError(f"layer {self.name}: kernel {self.kernel} is larger than {MAX_KERNEL}x{MAX_KERNEL}")
        if self.stride not in STRIDES:
            raise LayerError(f"layer {self.name}: stride {self.stride} is not one of {STRIDES}")
        if not 0 <= self.padding <= MAX_PADDING:
            raise LayerError(f"layer {self.name}: padding {self.padding} is outside 0..{MAX_PADDING}")
        if min(self.out_size) < 1:
            raise LayerError(
                f"layer {self.name}: kernel {self.kernel} is larger than the padded map "
                f"({self.in_size} with padding {self.padding}); there is no output"
            )


def _read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    keys = ("weight_codes", "activation_codes", "accumulators", "float_integers", "metadata")
    other = refusal(path, Role.LAYER)
    if other is not None:
        raise LayerError(other)
    arrays = read_npz(path, LayerError, "layer file", keys)
    missing = [key for key in keys if key not in arrays]
    if missing:
        raise LayerError(f"{path}: not a layer file, {', '.join(missing)} missing; write it with capture")
    return arrays


def _parse_metadata(path: Path, text: npt.NDArray[Any]) -> dict[str, Any]:
    if text.ndim != 0 or text.dtype.kind != "U":
        raise LayerError(f"{path}: metadata must be a 0-d unicode array holding JSON")
    try:
        metadata = json.loads(text.item())
    except (ValueError, RecursionError) as error:
        raise LayerError(f"{path}: metadata is not JSON: {error}") from error
    if not isinstance(metadata, dict):
        raise LayerError(f"{path}: metadata must be a JSON object, got {type(metadata).__name__}")
    _check_metadata(str(path), metadata)
    return metadata


def _check_metadata(where: str, metadata: Mapping[str, Any]) -> None:
    for key, kind in METADATA_TYPES.items():
        if key not in metadata:
            raise LayerError(f"{where}: metadata key '{key}' is missing")
        if not isinstance(metadata[key], kind) or isinstance(metadata[key], bool):
            raise LayerError(f"{where}: metadata key '{key}' has the wrong type: {metadata[key]!r}")
