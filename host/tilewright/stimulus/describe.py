"""A set's variant in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tilewright.stimulus.detect import Fit, OutMatch, PsumMatch
from tilewright.stimulus.geometry import ARRAY_SIZE, Geometry
from tilewright.stimulus.reader import StimulusSet


def describe_variant(
    stimulus: StimulusSet, geometry: Geometry, fit: Fit, outs: Sequence[OutMatch], acc: str
) -> dict[str, str]:
    """Says which variant a set is.

    Args:
        stimulus: the set.
        geometry: sizes of its layer.
        fit: meaning of its lines.
        outs: out files that can be compared.
        acc: layout of its address file in words.

    Returns:
        One entry a property, in words.
    """
    tables = (
        *stimulus.activations,
        *stimulus.weight_tables,
        *(file.table for file in (*stimulus.outs, *stimulus.psums)),
    )
    comments = sorted({len(table.comments) for table in tables})
    reverse = {match.layout.columns_reversed for match in outs} | {match.layout.columns_reversed for match in fit.psums}
    return {
        "weight line": "output channel (oc)" if fit.orientation.weight_line == "oc" else "input channel (ic)",
        "rows": "reversed" if fit.orientation.rows_reversed else "in order",
        "columns": _join("reversed" if value else "in order" for value in sorted(reverse)),
        "taps": f"{geometry.taps} in one file" if stimulus.taps_in_one_file else f"{geometry.taps} in one file each",
        "comment lines": " or ".join(map(str, comments)),
        "input-channel tiles": str(stimulus.ic_tiles),
        "output-channel tiles": str(stimulus.oc_tiles),
        "map": str(geometry),
        "out": _join(map(_out_text, outs)) if outs or not stimulus.outs else "not comparable",
        "psum": _join(_psum_text(match) for match in fit.psums),
        "acc": acc,
    }


def _out_text(match: OutMatch) -> str:
    alike = "" if match.relu_matters else " (no output is negative before it)"
    return f"{match.layout}{alike}" + (", hexadecimal" if match.file.table.hexadecimal else "")


def _psum_text(match: PsumMatch) -> str:
    table = match.file.table
    rows = table.values.size // ARRAY_SIZE
    return f"{rows} rows, {match.layout}" + (", padded with spaces" if table.space_padded else "")


def _join(texts: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(texts)) or "none"
