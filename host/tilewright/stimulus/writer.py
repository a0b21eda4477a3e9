"""Writes stimulus sets: complete and right, or as the notebook's cells wrote them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.errors import StimulusError
from tilewright.network.layer import ConvLayer
from tilewright.stimulus.defects import Defect, DefectName
from tilewright.stimulus.geometry import (
    ADDRESS_BITS,
    ARRAY_SIZE,
    CODE_BITS,
    SUM_BITS,
    Geometry,
    Ints,
    accumulate,
    accumulation_addresses,
    partial_sums,
)
from tilewright.stimulus.layers import tiles_of_layer
from tilewright.stimulus.textfile import write_table

# Positions that the notebook's psum cell writes at most.
_NOTEBOOK_POSITIONS = 64
_ETC = "#................#"


def _header(index: str, field: str) -> tuple[str, str, str]:
    """Three comment lines as the notebook writes them (``lst`` is its spelling)."""
    lines = [
        f"#{index}{i}{field}7[msb-lsb],{index}{i}{field}6[msb-lst],....,{index}{i}{field}0[msb-lst]#" for i in (0, 1)
    ]
    return lines[0], lines[1], _ETC


ACTIVATION_HEADER = _header("time", "row")
WEIGHT_HEADER = _header("col", "row")
PSUM_HEADER = _header("time", "col")
OUT_HEADER = _header("out", "col")


def write_set(layer: ConvLayer, image: int, directory: str | Path) -> list[Path]:
    """Writes all files of one image of a layer; a weight line is an output channel, as its header says.

    Args:
        layer: the layer.
        image: which image.
        directory: folder to write into, made if needed.

    Returns:
        The files: ``activation_tile{ic}.txt`` (all padded positions), ``weight_itile{ic}_otile{oc}_kij{k}.txt``,
        ``psum.txt`` (all input-channel tiles, taps and positions of output tile 0), ``out.txt`` (its integer outputs
        after ReLU), the same with ``_otile{oc}`` for further output tiles, and ``acc.txt``: the rows of psum that each
        output adds, from 0.

    Raises:
        StimulusError: no such image, a sum does not fit into 16 bits, or the folder holds files of another set.
    """
    directory = Path(directory)
    geometry, activations, weights = _tiles(layer, image)
    sums = partial_sums(activations, weights)
    outputs = np.maximum(accumulate(sums, geometry), 0)
    files: dict[str, tuple[Any, ...]] = {}
    for ic, rows in enumerate(activations):
        files[f"activation_tile{ic}.txt"] = (rows, CODE_BITS, ACTIVATION_HEADER)
    for ic, oc, kij in np.ndindex(weights.shape[:3]):
        files[f"weight_itile{ic}_otile{oc}_kij{kij}.txt"] = (weights[ic, oc, kij], CODE_BITS, WEIGHT_HEADER)
    for oc in range(len(outputs)):
        suffix = f"_otile{oc}" if oc else ""
        files[f"psum{suffix}.txt"] = (sums[:, oc].reshape(-1, ARRAY_SIZE), SUM_BITS, PSUM_HEADER)
        files[f"out{suffix}.txt"] = (outputs[oc], SUM_BITS, OUT_HEADER)
    addresses = accumulation_addresses(geometry, len(activations)).reshape(-1, 1)
    files["acc.txt"] = (addresses, max(ADDRESS_BITS, int(addresses.max()).bit_length()), ())
    _check_sums(layer, sums, outputs)
    return _write(directory, files)


def write_notebook_set(layer: ConvLayer, image: int, directory: str | Path) -> tuple[list[Path], list[Defect]]:
    """Writes the files that the notebook writes, byte for byte, with its defects.

    Args:
        layer: the layer; its metadata give ``delta_w`` and ``delta_a``.
        image: which image.
        directory: folder to write into, made if needed.

    Returns:
        The files and their defects.

    Raises:
        StimulusError: as :func:`write_set`; the metadata lack a step, or the map has not 8 to 64 padded positions.
    """
    directory = Path(directory)
    geometry, activations, weights = _tiles(layer, image)
    if not ARRAY_SIZE <= geometry.positions <= _NOTEBOOK_POSITIONS:
        raise StimulusError(
            f"layer {layer.name}: {geometry.positions} padded positions; the notebook's cells take "
            f"{ARRAY_SIZE} to {_NOTEBOOK_POSITIONS}; export without --as-notebook"
        )
    sums = partial_sums(activations, weights)
    outputs = np.maximum(accumulate(sums, geometry), 0)[0]
    _check_sums(layer, sums, outputs)
    counted = np.arange(geometry.taps) * geometry.outputs + np.arange(geometry.outputs)[:, None]
    taps = {f"weight_itile0_otile0_kij{kij}.txt": weights[0, 0, kij].T for kij in range(geometry.taps)}
    files: dict[str, tuple[Any, ...]] = {
        "activation_tile0.txt": (activations[0, :ARRAY_SIZE], CODE_BITS, ACTIVATION_HEADER),
        **{name: (tap, CODE_BITS, WEIGHT_HEADER) for name, tap in taps.items()},
        "psum.txt": (sums[0, 0, 0], SUM_BITS, PSUM_HEADER, " "),
        "out.txt": (_dequantised(layer, outputs), SUM_BITS, OUT_HEADER),
        "acc.txt": (counted.reshape(-1, 1), ADDRESS_BITS),
    }
    return _write(directory, files), _notebook_defects(geometry, *weights.shape[:2])


def _tiles(layer: ConvLayer, image: int) -> tuple[Geometry, Ints, Ints]:
    if not 0 <= image < layer.images:
        raise StimulusError(f"layer {layer.name}: no image {image}; it has images 0 to {layer.images - 1}")
    return tiles_of_layer(layer, image)


def _check_sums(layer: ConvLayer, sums: Ints, outputs: Ints) -> None:
    limit = 1 << (SUM_BITS - 1)
    for what, values in (("partial sum", sums), ("output", outputs)):
        if values.max() >= limit or values.min() < -limit:
            worst = values.max() if values.max() >= limit else values.min()
            raise StimulusError(f"layer {layer.name}: {what} {worst} does not fit into a field of {SUM_BITS} bits")


def _write(directory: Path, files: Mapping[str, tuple[Any, ...]]) -> list[Path]:
    """Writes all files or none: a part of a set, or text files of another, would be read as a set.

    Args:
        directory: folder to write into, made if needed.
        files: arguments of :func:`write_table` by name.

    Returns:
        The files.

    Raises:
        StimulusError: they cannot be written, or the folder holds other text files.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        found = sorted(str(path.relative_to(directory)) for path in directory.rglob("*.txt"))
        foreign = [name for name in found if name not in files]
        if foreign:
            raise StimulusError(
                f"{directory}: holds {foreign[0]}, which is no file of this set; choose an empty folder"
            )
        with tempfile.TemporaryDirectory(prefix=".tilewright-", dir=directory) as scratch:
            for name, arguments in files.items():
                write_table(Path(scratch, name), *arguments)
            return [Path(scratch, name).replace(directory / name) for name in files]
    except OSError as error:
        raise StimulusError(f"{directory}: cannot be written: {error.strerror}") from error


def _dequantised(layer: ConvLayer, outputs: Ints) -> Ints:
    """round(output * delta_a * delta_w) in float32, as torch computes it, half to even."""
    try:
        steps = [np.float32(layer.metadata[key]) for key in ("delta_a", "delta_w")]
    except KeyError as error:
        raise StimulusError(f"layer {layer.name}: metadata lack {error}, which --as-notebook needs") from error
    values: Ints = np.rint(outputs.astype(np.float32) * steps[0] * steps[1]).astype(np.int64)
    return values


def _notebook_defects(geometry: Geometry, ic_tiles: int, oc_tiles: int) -> list[Defect]:
    weight, out = "weight_itile0_otile0_kij0.txt", "out.txt"
    defects = [
        Defect(
            DefectName.ROWS_MISSING,
            "activation_tile0.txt",
            f"{ARRAY_SIZE} activation rows of {geometry.positions}: the wrong dimension bounds them",
        ),
        Defect(
            DefectName.TRANSPOSED,
            weight,
            f"weights are transposed against their own header in all {geometry.taps} weight files: a line is an input "
            "channel, the header says column (output channel)",
        ),
        Defect(DefectName.DEQUANTISED, out, "outputs are rounded dequantised floats; no integer unit can match them"),
        Defect(DefectName.PSUM_SPACES, "psum.txt", "fields are padded with spaces, not zeros"),
        Defect(
            DefectName.ADDRESSES,
            "acc.txt",
            f"addresses are kij*{geometry.outputs} + output, but {geometry.positions} positions a tap are stored",
        ),
    ]
    if geometry.taps > 1:
        defects.append(Defect(DefectName.PSUM_ONE_TAP, "psum.txt", f"partial sums of tap 0 only, of {geometry.taps}"))
    if ic_tiles * oc_tiles > 1:
        text = f"only input tile 0 and output tile 0 of {ic_tiles}x{oc_tiles} tiles; {out} adds all input tiles"
        defects.append(Defect(DefectName.TILES_MISSING, out, text))
    return defects
