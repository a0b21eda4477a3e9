"""A set's variant in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tilewright.stimulus.addresses import AddressReport
from tilewright.stimulus.fit import ConvolutionFit, Fit, Match
from tilewright.stimulus.layouts import OutLayout, PsumLayout
from tilewright.stimulus.names import Kind
from tilewright.stimulus.reader import StimulusSet
from tilewright.stimulus.textfile import Table
from tilewright.stimulus.weights import Pairs

_LINE = {"oc": "output channel (oc)", "ic": "input channel (ic)"}


def describe_variant(
    stimulus: StimulusSet,
    fit: Fit,
    comparable: Sequence[tuple[ConvolutionFit, Sequence[Match]]],
    addresses: Sequence[AddressReport],
) -> dict[str, str]:
    """Says which variant a set is.

    Args:
        stimulus: the set.
        fit: what its files and lines mean.
        comparable: files of sums that can be compared.
        addresses: what its address files are.

    Returns:
        One entry a property, in words.
    """
    matches = [match for _, of_one in comparable for match in of_one]
    files = [one.files for one in fit.convolutions]
    tables = [table for one in files for table in (*one.activations, *one.weight_tables)]
    comments = sorted({len(table.comments) for table in (*tables, *(match.file.table for match in fit.matches))})
    reverse = {match.layout.columns_reversed for match in matches}
    ic_tiles, oc_tiles, _, columns, rows = fit.weights.shape
    taps = "one file each" if len(files[0].weights[0][0]) > 1 or fit.geometry.taps == 1 else "one file"
    outs = [match for match in matches if match.file.kind is Kind.OUT]
    details = {
        "weight line": _LINE[fit.orientation.weight_line],
        "rows": "reversed" if fit.orientation.rows_reversed else "in order",
        "columns": _join("reversed" if value else "in order" for value in sorted(reverse)),
        "taps": f"{fit.geometry.taps} in {taps}",
        "comment lines": " or ".join(map(str, comments)),
        "input-channel tiles": str(ic_tiles),
        "output-channel tiles": str(oc_tiles),
        "map": str(fit.geometry),
        "out": _join(map(_text, outs)) if outs or not stimulus.outs else "not comparable",
        "psum": _join(_psum_texts((match for match in matches if match.file.kind is Kind.PSUM), columns)),
        "acc": _join(report.layout for report in addresses),
    }
    if len(files) > 1:
        details["convolutions"] = f"{len(files)} {fit.assignment.role.value}"
    if (rows, columns) != (8, 8):
        details["channels a line"] = f"{rows} input and {columns} output channels"
    if fit.orientation.pairs is not Pairs.NONE:
        details["activations"] = f"2 bits, two a field: {fit.orientation.pairs.value}"
    return details


def _text(match: Match) -> str:
    layout = match.layout
    alike = " (no output is negative before it)" if isinstance(layout, OutLayout) and not match.relu_matters else ""
    return f"{layout}{alike}{_notation(match.file.table)}"


def _psum_texts(matches: Iterable[Match], columns: int) -> Iterator[str]:
    """One text for all files that differ in their tap only."""
    taps: dict[tuple[str, str], list[int]] = {}
    for match in matches:
        layout, table = match.layout, match.file.table
        if isinstance(layout, PsumLayout) and layout.tap is not None:
            after = str(layout).removeprefix(f"tap {layout.tap}") + _notation(table)
            taps.setdefault((f"{table.values.size // columns} rows", after), []).append(layout.tap)
        else:
            rows = f"{table.values.size // columns} rows, " if isinstance(layout, PsumLayout) else ""
            yield f"{rows}{_text(match)}"
    for (rows, after), numbers in taps.items():
        numbers = sorted(set(numbers))
        run = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
        which = f"{numbers[0]} to {numbers[-1]}" if run else ", ".join(map(str, numbers))
        yield f"{rows}, tap{'s' if len(numbers) > 1 else ''} {which}{after}"


def _notation(table: Table) -> str:
    return (", hexadecimal" if table.hexadecimal else "") + (", padded with spaces" if table.space_padded else "")


def _join(texts: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(texts)) or "none"
