"""Golden vectors: programs for each size of the array, and what an accelerator must answer; one .npz a size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ParameterMismatchError, ResultError
from tilewright.files import write_npz
from tilewright.hardware.parameters import ArrayParameters
from tilewright.hardware.program import Program
from tilewright.hardware.results import CodeMap, OutputMap, ResultMap
from tilewright.network.comparison import LISTED
from tilewright.network.layer import ConvLayer
from tilewright.npz import read_npz
from tilewright.runs.compare_layer import compare

FOLDER = Path(__file__).resolve().parent / "vectors"
NAMES = ("features.27", "edge tiles", "first layers")


@dataclass(frozen=True)
class Vector:
    """A program and its results.

    Attributes:
        name: one of ``NAMES``.
        program: what to send.
        expected: for each of ``program.outputs``, int32 sums or uint8 codes (images, channels, h, w).
        origins: for each of them, where its first integer lies in the layer's map: (image, channel, row, column).
        layer: of a single layer, run raw and with ReLU, its integers; None for layers of a network.
    """

    name: str
    program: Program = field(repr=False)
    expected: tuple[npt.NDArray[Any], ...] = field(repr=False)
    origins: tuple[tuple[int, ...], ...] = field(repr=False)
    layer: ConvLayer | None = field(repr=False, default=None)


def vectors_file(n: int) -> Path:
    """Where the vectors of an array of n rows and columns are."""
    return FOLDER / f"{n}x{n}.npz"


def load_vectors(array: ArrayParameters) -> dict[str, Vector]:
    """The vectors for an accelerator, by name.

    Raises:
        ParameterMismatchError: there are none for its parameters.
        ResultError: the file is damaged.
    """
    path = vectors_file(array.n)
    if not path.is_file():
        raise ParameterMismatchError(f"the accelerator is {array}; there are no golden vectors {path.name}")
    arrays = read_npz(path, ResultError, "file of golden vectors (install tilewright again)")
    try:
        facts = json.loads(arrays["facts"].item())
    except (KeyError, ValueError, RecursionError) as error:
        raise ResultError(
            f"{path}: not a readable file of golden vectors (install tilewright again): {error}"
        ) from error
    made_for = ArrayParameters(**facts["array"])
    if made_for != array:
        raise ParameterMismatchError(
            f"the accelerator is {array}; the golden vectors are for {made_for}: make others with "
            "python -m tilewright.selftest.make_vectors on the host"
        )
    return {entry["name"]: _vector(entry, f"{index}.", arrays, array) for index, entry in enumerate(facts["vectors"])}


def save_vectors(vectors: Sequence[Vector], path: Path) -> None:
    """Writes vectors for one array: the same vectors give the same bytes.

    Args:
        vectors: all of ``NAMES``.
        path: the .npz.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    entries = []
    for index, vector in enumerate(vectors):
        outputs = zip(vector.program.outputs, vector.origins, strict=True)
        layer = vector.layer
        entries.append(
            {
                "name": vector.name,
                "program_id": vector.program.program_id,
                "outputs": [_output_facts(output, origin) for output, origin in outputs],
                "layer": None if layer is None else {"stride": layer.stride, "padding": layer.padding},
            }
        )
        arrays[f"{index}.beats"] = vector.program.beats
        arrays |= {f"{index}.expected.{part}": values for part, values in enumerate(vector.expected)}
        if layer is not None:
            arrays |= {f"{index}.weights": layer.weight_codes, f"{index}.activations": layer.activation_codes}
    facts = {"array": asdict(vectors[0].program.array), "vectors": entries}
    write_npz(path, {"facts": np.array(json.dumps(facts)), **arrays})


def differences(vector: Vector, outputs: Sequence[npt.NDArray[Any]]) -> str:
    """What differs, place by place; empty when nothing does.

    Args:
        vector: what ran.
        outputs: what came back, as :attr:`tilewright.driver.driver.RunResult.outputs`.
    """
    array = vector.program.array
    if vector.layer is not None:
        both = zip(vector.expected, outputs, (False, True), strict=True)
        reports = [compare(expected, got, vector.layer, array, relu) for expected, got, relu in both]
        return "\n".join(str(report) for report in reports if not report.equal)
    lines: list[str] = []
    parts = zip(vector.program.outputs, vector.origins, vector.expected, outputs, strict=True)
    for output, origin, expected, got in parts:
        where = np.argwhere(expected != got)
        if len(where):
            lines.append(f"{output.name}: {len(where)} of {expected.size} integers differ")
        for index in where[:LISTED].tolist():
            image, channel, row, column = (int(first + step) for first, step in zip(origin, index, strict=True))
            lines.append(
                f"  {output.name}, image {image}, channel {channel}, row {row}, column {column}: expected "
                f"{expected[tuple(index)]}, got {got[tuple(index)]} (output tile {channel // array.n}, array column "
                f"{channel % array.n})"
            )
    return "\n".join(lines)


def _output_facts(output: ResultMap, origin: Sequence[int]) -> dict[str, Any]:
    kind = "codes" if isinstance(output, CodeMap) else "sums"
    return {"layer": output.name, "kind": kind, "shape": list(output.shape), "origin": list(origin)}


def _vector(entry: dict[str, Any], prefix: str, arrays: dict[str, npt.NDArray[Any]], array: ArrayParameters) -> Vector:
    kinds: dict[str, type[ResultMap]] = {"codes": CodeMap, "sums": OutputMap}
    outputs = tuple(kinds[each["kind"]](each["layer"], tuple(each["shape"])) for each in entry["outputs"])
    layer = None
    if entry["layer"] is not None:
        codes = (arrays[f"{prefix}weights"], arrays[f"{prefix}activations"])
        layer = ConvLayer(entry["name"], *codes, **entry["layer"])
    return Vector(
        name=entry["name"],
        program=Program(arrays[f"{prefix}beats"], array, entry["program_id"], outputs),
        expected=tuple(arrays[f"{prefix}expected.{part}"] for part in range(len(outputs))),
        origins=tuple(tuple(each["origin"]) for each in entry["outputs"]),
        layer=layer,
    )
