"""Runs a captured layer on the accelerator, raw and with ReLU, and compares every output with PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.layer import compile_layer, images_that_fit
from tilewright.driver import Driver
from tilewright.driver.flight import RunResult
from tilewright.errors import LayerError
from tilewright.network.layer import ConvLayer
from tilewright.runs.compare_layer import Report, compare


@dataclass(frozen=True)
class Verification:
    """Outcome of :func:`verify_layer`.

    Attributes:
        layer: the layer, PyTorch's outputs included.
        n: rows and columns of the array.
        raw: int32 (images, oc, out_h, out_w), the accelerator's accumulators.
        relu: int32, same shape, its outputs after ReLU.
        reports: raw against ``accumulators``, ReLU against their positive part, raw against ``float_integers``.
        programs: programs run for each of the two.
        layer_cycles: from the first weight beat taken to the last result out of the accumulators, all ReLU programs.
        mac_cycles: output positions issued in them.
        program_cycles: from BEGIN to the end of the trailer, DMA included, all ReLU programs.
        seconds: from the start of the send to the end of the receive, on the device's clock.
        results: of each program, raw ones first.
    """

    layer: ConvLayer
    n: int
    raw: npt.NDArray[np.int32]
    relu: npt.NDArray[np.int32]
    reports: tuple[Report, Report, Report]
    programs: int
    layer_cycles: int
    mac_cycles: int
    program_cycles: int
    seconds: float
    results: tuple[RunResult, ...] = field(repr=False)

    @property
    def equal(self) -> bool:
        """Whether all three comparisons found no difference."""
        return all(report.equal for report in self.reports)

    @property
    def layer_utilisation(self) -> float:
        """Share of the array's multiplications that the layer needed, 0..1: macs / (n * n * layer_cycles)."""
        return self.layer.macs / (self.n * self.n * self.layer_cycles)

    @property
    def program_utilisation(self) -> float:
        """The same share of those in the whole programs: macs / (n * n * program_cycles)."""
        return self.layer.macs / (self.n * self.n * self.program_cycles)

    def as_dict(self) -> dict[str, Any]:
        """The outcome as JSON types; ``compared`` counts raw and ReLU outputs."""
        raw, relu, floats = self.reports
        return {
            "equal": self.equal,
            "layer": self.layer.name,
            "array": self.n,
            "images": self.layer.images,
            "compared": raw.compared + relu.compared,
            "nonzero": raw.nonzero + relu.nonzero,
            "mismatches": sum(report.mismatches for report in self.reports),
            "float_integers_compared": floats.compared,
            "float_integers_mismatches": floats.mismatches,
            "max_distance": self.layer.metadata["max_distance"],
            "layer_cycles": self.layer_cycles,
            "mac_cycles": self.mac_cycles,
            "program_cycles": self.program_cycles,
            "seconds": self.seconds,
            "programs": self.programs,
            "macs": self.layer.macs,
            "layer_utilisation": self.layer_utilisation,
            "program_utilisation": self.program_utilisation,
            "image_source": self.layer.metadata["image_source"],
            "checkpoint_sha256": self.layer.metadata["checkpoint_sha256"],
            "reports": [report.as_dict() for report in self.reports],
        }


def verify_layer(
    driver: Driver, layer: ConvLayer, advance: Callable[[int], None] = lambda images: None
) -> Verification:
    """Runs a layer raw and with ReLU, as many images a program as fit, and compares all outputs.

    Args:
        driver: of the accelerator.
        layer: with ``accumulators``, ``float_integers`` and metadata.
        advance: called with the number of images done after each program.

    Returns:
        The outcome; differences are in it and raise nothing.

    Raises:
        LayerError: the layer does not fit, or PyTorch's outputs are missing.
        TilewrightError: the run failed; see :class:`tilewright.driver.Driver`.
    """
    if layer.accumulators is None or layer.float_integers is None:
        raise LayerError(f"layer {layer.name} holds no outputs of PyTorch to compare with; take it from a layer file")
    runs = {relu: _run_all(driver, layer, relu, advance) for relu in (False, True)}
    raw, relu = (np.concatenate([result.outputs[0] for result in runs[mode]]) for mode in (False, True))
    reports = (
        compare(layer.accumulators, raw, layer, driver.array),
        compare(np.maximum(layer.accumulators, 0), relu, layer, driver.array, relu=True),
        compare(layer.float_integers, raw, layer, driver.array, what="raw against the float layer's integers"),
    )
    return Verification(
        layer=layer,
        n=driver.array.n,
        raw=raw,
        relu=relu,
        reports=reports,
        programs=len(runs[True]),
        layer_cycles=sum(result.counters.layer_cycles for result in runs[True]),
        mac_cycles=sum(result.counters.mac_cycles for result in runs[True]),
        program_cycles=sum(result.counters.cycles for result in runs[True]),
        seconds=sum(result.seconds for result in runs[True]),
        results=(*runs[False], *runs[True]),
    )


def _run_all(driver: Driver, layer: ConvLayer, relu: bool, advance: Callable[[int], None]) -> list[RunResult]:
    results = []
    step = images_that_fit(layer, driver.array)
    for first in range(0, layer.images, step):
        part = layer.select_images(slice(first, first + step))
        results.append(driver.run(compile_layer(part, driver.array, relu)))
        advance(part.images)
    return results
