"""What the hardware's log says of each layer, to be compared with an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilewright.errors import ParameterMismatchError
from tilewright.estimate.estimate import Estimate, Stalls
from tilewright.hardware.parameters import HardwareParameters

if TYPE_CHECKING:
    from tilewright.driver.accelerator import Info, LogEntry


@dataclass(frozen=True)
class MeasuredLayer:
    """A layer's counters, summed over its CONV commands; as in :class:`tilewright.estimate.estimate.LayerEstimate`."""

    name: str
    command_cycles: int
    mac_cycles: int
    stalls: Stalls


def hardware_of(info: Info) -> HardwareParameters:
    """The sizes of an accelerator that says what it is; its memory and its DMA are as assumed."""
    return HardwareParameters(
        n=info.array.n,
        stream_w=info.stream_w,
        dsp_columns=info.dsp_columns,
        acc_w=info.array.acc_w,
        act_depth=info.array.act_depth,
        acc_depth=info.array.acc_depth,
        wgt_depth=info.wgt_depth,
        thr_depth=info.thr_depth,
        thr_sets=info.thr_sets,
        out_depth=info.out_depth,
        sram_latency=info.sram_latency,
    )


def measured_layers(estimate: Estimate, log: Sequence[LogEntry]) -> tuple[MeasuredLayer, ...]:
    """What was counted between the ends of a layer's CONV commands and those of the commands before them.

    Args:
        estimate: of the program that ran.
        log: that the accelerator kept of it.

    Returns:
        One entry a layer, in the order of the estimate's.

    Raises:
        ParameterMismatchError: the log is that of another program.
    """
    if len(log) != len(estimate.commands):
        raise ParameterMismatchError(f"the log holds {len(log)} CONV commands, the program {len(estimate.commands)}")
    sums = [[0] * 6 for _ in estimate.layers]
    before = [0] * 6
    for command, entry in zip(estimate.commands, log, strict=True):
        now = [
            entry.cycles,
            entry.mac_cycles,
            entry.stall_weights,
            entry.stall_activations,
            entry.stall_thresholds,
            entry.stall_output,
        ]
        # The log keeps 32 bits of each counter.
        spent = ((value - earlier) % (1 << 32) for value, earlier in zip(now, before, strict=True))
        sums[command.layer] = [total + value for total, value in zip(sums[command.layer], spent, strict=True)]
        before = now
    return tuple(
        MeasuredLayer(layer.name, cycles, positions, Stalls(*stalls))
        for layer, (cycles, positions, *stalls) in zip(estimate.layers, sums, strict=True)
    )
