"""The checks in their order: all that can be read first, and only then what computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.check import system
from tilewright.check.buffers import allocated, check_buffers, not_allocated
from tilewright.check.clock import check_clocks, check_counted_clock, running_mhz
from tilewright.check.design import Design, read_design
from tilewright.check.dma import check_dma, check_idle
from tilewright.check.findings import Finding, State, failed, in_words, judged
from tilewright.check.identity import check_identity
from tilewright.check.interruption import check_interruption, exact_after
from tilewright.check.network import load_pair, run_golden
from tilewright.check.patterns import check_patterns
from tilewright.check.soak import soak
from tilewright.driver import Driver
from tilewright.driver.simulated import simulated
from tilewright.errors import DeviceError, ResultError, TilewrightError, TransferError
from tilewright.hardware import registers as reg
from tilewright.network.file import load_network
from tilewright.runs.bench import NetworkJob, measure

Write = Callable[[str], None]
BENCH_ROUNDS = 2


@dataclass(frozen=True)
class Plan:
    """What to do.

    Attributes:
        checks: whether to read and compare what the board is, and to run what proves it.
        keep_going: whether to compute although something that was read is not as it should be.
        network: network file to compare or to time; None without either.
        golden: its golden file; None compares nothing.
        bench: programs to time, one after the other, in each of two rounds; 0 times nothing.
        batch: images a program.
        soak_minutes: of exact programs; 0 runs none.
    """

    checks: bool = True
    keep_going: bool = False
    network: Path | None = None
    golden: Path | None = None
    bench: int = 0
    batch: int = 1
    soak_minutes: float = 0.0

    def arguments(self) -> list[str]:
        """Of ``python -m tilewright.check``, the files in its working folder."""
        switches = {"--checks": self.checks, "--keep-going": self.keep_going}
        words = [name for name, given in switches.items() if given]
        for name, file in (("--network", self.network), ("--golden", self.golden)):
            words += [] if file is None else [name, f"./{file.name}"]
        numbers = {"--bench": self.bench, "--batch": self.batch, "--soak": self.soak_minutes}
        return words + [word for name, number in numbers.items() for word in (name, str(number))]


def run_plan(overlay: Any, bitstream: Path, plan: Plan, write: Write = lambda line: None) -> dict[str, Any]:
    """Does what a plan says on an overlay that is loaded.

    Args:
        overlay: the accelerator's, pynq's device active.
        bitstream: its .bit, its .hwh beside it.
        plan: what to do.
        write: gets a line for each finding, and now and then one of what runs.

    Returns:
        ``device``, ``bitstream``, ``system``, and what the plan has of ``findings``, ``network``, ``bench`` and
        ``soak``, as JSON types. What is wrong with the hardware is in them and raises nothing.

    Raises:
        TargetError: .bit or .hwh is missing.
        NetworkError: network or golden file is missing, damaged, or of another network.
        CompileError: the network is beyond the accelerator.
    """
    design = read_design(bitstream)
    pair = None if plan.network is None or plan.golden is None else load_pair(plan.network, plan.golden)
    facts = _facts(overlay, design)
    if plan.checks:
        findings = run_checks(overlay, design, plan.keep_going, write)
        facts["findings"] = [finding.as_dict() for finding in findings]
        if failed(findings) and not plan.keep_going:
            return facts
    if not (pair or plan.bench or plan.soak_minutes):
        return facts
    driver = Driver(overlay)
    if pair is not None:
        outcome = run_golden(driver, *pair, plan.batch, write)
        write(f"{outcome.network}: {outcome.comparison}")
        facts["network"] = outcome.as_dict()
    if plan.bench and plan.network is not None:
        facts["bench"] = _bench(driver, plan)
    if plan.soak_minutes:
        done = soak(driver, plan.soak_minutes * 60.0, write)
        write(str(done))
        facts["soak"] = done.as_dict()
    return facts


def run_checks(
    overlay: Any, design: Design, keep_going: bool = False, write: Write = lambda line: None
) -> list[Finding]:
    """Every check; what computes is left out where what was read is wrong.

    Args:
        overlay: that is loaded.
        design: the bitstream's own words.
        keep_going: whether to compute nevertheless.
        write: gets a line a finding.

    Returns:
        The findings, in order.
    """
    findings: list[Finding] = []

    def found(*more: Finding) -> None:
        findings.extend(more)
        for finding in more:
            write(str(finding))

    found(*system.check_system(design, simulated(overlay.device) is not None), *check_clocks(overlay, design))
    found(*check_identity(overlay, design))
    if failed(finding for finding in findings if finding.name in _NEEDED):
        found(_left_out("the registers are not an accelerator's that this library drives"))
        return findings
    found(*check_dma(overlay, design, overlay.accelerator_0.stream_width()))
    if failed(findings) and not keep_going:
        found(_left_out("what was read is not as it should be: mend it first, or go on with --keep-going"))
        return findings
    try:
        for finding in _computed(Driver(overlay), overlay, design):
            found(finding)
    except TilewrightError as error:
        found(_stopped(error))
    return findings


# Without these, no register has a meaning
_NEEDED = ("accelerator_0", "ID, version, format")


def _computed(driver: Driver, overlay: Any, design: Design) -> Iterator[Finding]:
    """What takes buffers and programs, each finding as it comes; the first kind that fails ends it."""
    try:
        pieces = allocated(driver)
    except (RuntimeError, MemoryError) as error:  # what pynq raises where there is no memory left
        yield not_allocated(error)
        return
    buffers = check_buffers(pieces, design)
    yield from buffers
    if failed(buffers):
        yield _left_out("a DMA that writes to these addresses would destroy what lies there")
        return
    patterns, beats = check_patterns(driver, overlay.accelerator_0.stream_width())
    yield from patterns
    yield Finding("patterns", "beats compared", State.PASSED, "", str(beats))
    if failed(patterns):
        yield _left_out("bits change on their way")
        return
    yield _vectors(driver)
    yield check_counted_clock(driver)
    yield from check_interruption(driver)
    yield check_idle(overlay)


def _vectors(driver: Driver) -> Finding:
    wrong = exact_after(driver)
    advice = "what is stored and moved is exact and what is computed is not: timing of the array; run the self-test"
    return judged("results", "golden vectors", not wrong, "every integer exact", wrong or "every integer exact", advice)


def _left_out(reason: str) -> Finding:
    return Finding("results", "what computes", State.NOT_KNOWN, "", f"left out: {reason}")


def _stopped(error: TilewrightError) -> Finding:
    return Finding("results", "what computes", State.FAILED, "no error", in_words(error), "see docs/hangs.md")


def _bench(driver: Driver, plan: Plan) -> dict[str, Any]:
    """Times a network on random images, at the clock that runs; what was raised, where a round failed or differs."""
    assert plan.network is not None
    network = load_network(plan.network)
    shape = (plan.batch * plan.bench, *network.image)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    try:
        measured = measure(driver, NetworkJob(network, pixels, plan.batch), BENCH_ROUNDS)
    except (ResultError, DeviceError, TransferError) as error:
        return {"failure": in_words(error)}
    return {**measured.as_dict(running_mhz()), "simulated": driver.simulated is not None}


def _facts(overlay: Any, design: Design) -> dict[str, Any]:
    """The device, the files, and the system, without a host's name or address."""
    accelerator = getattr(overlay, "accelerator_0", None)
    array = None if accelerator is None else reg.ARRAY_N.extract(int(accelerator.read(reg.REG_ARRAY)))
    return {
        "device": {"name": overlay.device.name, "simulated": simulated(overlay.device) is not None, "array": array},
        "bitstream": {
            "name": design.bitstream.name,
            "bit_sha256": design.digests["bit"],
            "hwh_sha256": design.digests["hwh"],
            "manifest": None if design.manifest is None else dict(design.manifest),
        },
        "system": system.as_dict(),
    }


def passed(facts: dict[str, Any]) -> bool:
    """Whether nothing of it failed.

    Args:
        facts: as :func:`run_plan` returns them.
    """
    parts = [facts[name]["passed"] for name in ("network", "soak") if facts.get(name) is not None]
    parts.append("failure" not in (facts.get("bench") or {}))
    states = [finding["state"] for finding in facts.get("findings", [])]
    return all(parts) and State.FAILED.value not in states
