"""Signals of a waveform file as arrays, a value a clock cycle: what the simulated device's ``trace`` wrote."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.errors import SimulationError

# cores/soc/cpp/waveform.h: time steps a cycle; the step at a cycle's start shows it before its rising edge
PERIOD = 10
MAC_ARRAY = "accelerator_0.u_mac_array"


@dataclass(frozen=True)
class Signal:
    """A signal of up to 63 bits.

    Attributes:
        path: the end of its name in the file, with as many scopes as make it unique, and dots between them.
        signed: whether it is in two's complement.
    """

    path: str
    signed: bool = False


def pe_signals(row: int, column: int) -> dict[str, Signal]:
    """Signals of a processing element: activation, weight, product (of the cycle before), shadow weight."""
    pe = f"{MAC_ARRAY}.g_pe_row[{row}].g_pe[{column}].u_pe"
    return {
        "activation": Signal(f"{pe}.act"),
        "weight": Signal(f"{pe}.active_reg", signed=True),
        "shadow": Signal(f"{pe}.shadow_reg", signed=True),
        "product": Signal(f"{pe}.product_reg", signed=True),
    }


def accumulator_signals(column: int) -> dict[str, Signal]:
    """Signals of a column's accumulators: valid, first and last pass, address, partial sum as it is added, new sum."""
    foot = f"{MAC_ARRAY}.g_foot[{column}].u_accumulator"
    return {
        "valid": Signal(f"{foot}.sum_valid"),
        "first": Signal(f"{foot}.sum_first"),
        "last": Signal(f"{foot}.sum_last"),
        "address": Signal(f"{foot}.sum_addr"),
        "partial": Signal(f"{foot}.term", signed=True),
        "sum": Signal(f"{foot}.sum", signed=True),
    }


def read_waveform(file: str | Path, signals: Mapping[str, Signal], cycles: range) -> dict[str, npt.NDArray[np.int64]]:
    """Reads signals as they stand before each rising edge.

    Args:
        file: in FST format.
        signals: by the names that the result has.
        cycles: of the program, within those that were traced.

    Returns:
        int64 (cycles,) for each signal.

    Raises:
        SimulationError: there is no pywellen, the file cannot be read, or a signal or a cycle is not in it, or a signal
            is not unique.
    """
    file = Path(file)
    try:
        import pywellen
    except ImportError as error:
        raise SimulationError("reading waveforms takes pywellen: pip install 'tilewright[notebook]'") from error
    if not file.is_file():
        raise SimulationError(f"{file}: no such waveform")
    try:
        waveform = pywellen.Waveform(str(file))
    except RuntimeError as error:
        raise SimulationError(f"{file} is no waveform: {error}") from error
    variables = {variable.full_name: variable for variable in waveform.all_vars()}
    found = {name: _find(file, signal, variables) for name, signal in signals.items()}
    return {name: _sample(file, signal, variables[found[name]], cycles) for name, signal in signals.items()}


def _find(file: Path, signal: Signal, names: Collection[str]) -> str:
    matching = [name for name in names if f".{name}".endswith(f".{signal.path}")]
    if len(matching) != 1:
        several = f": {', '.join(matching)}" if matching else ""
        raise SimulationError(f"{file} has {len(matching)} signals {signal.path}{several}")
    return matching[0]


def _sample(file: Path, signal: Signal, variable: object, cycles: range) -> npt.NDArray[np.int64]:
    history, bits = variable.signal, variable.length  # type: ignore[attr-defined]
    values = [history.value_at(cycle * PERIOD) for cycle in cycles]
    if not all(isinstance(value, int) for value in values):
        raise SimulationError(
            f"{file}: {signal.path} has no value in some of the cycles {cycles.start} to {cycles.stop}"
        )
    words = np.array(values, dtype=np.int64)
    return words - ((words >> bits - 1 & 1) << bits) if signal.signed else words
