"""Each check fails where its fault is planted, and says so before anything is computed; nothing else fails with it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pynq
import pytest

from tilewright.check import first_hour, system
from tilewright.check.buffers import Piece, check_buffers
from tilewright.check.clock import check_clocks, counted
from tilewright.check.design import Segment, read_design
from tilewright.check.findings import State
from tilewright.check.patterns import PATTERNS, stuck_bits, walking_ones
from tilewright.driver.accelerator import Accelerator
from tilewright.errors import DmaError, TargetError
from tilewright.hardware.results import TRAILER_BEATS
from tilewright.sim import ZYNQ_7000, SimDevice
from tilewright.sim.memory import SimMemory

ParameterEdit = Callable[[str], str]
READ_FIRST = ("left out: what was read is not as it should be",)


def parameter(name: str, value: object) -> ParameterEdit:
    """An edit of a .hwh: another value of a parameter."""

    def edit(text: str) -> str:
        start = text.index(f'NAME="{name}" VALUE="') + len(f'NAME="{name}" VALUE="')
        return text[:start] + str(value) + text[text.index('"', start) :]

    return edit


def test_nothing_is_wrong_where_nothing_is(checked: Any) -> None:
    run = checked(manifest={})
    assert not run.wrong, run.lines
    assert run.named("identity", "BUILD_HASH").state is State.PASSED
    assert run.named("patterns", "beats compared").found == str(len(PATTERNS) * 16384)
    assert run.named("interruption", "stopped after 200 us").state is State.PASSED
    groups = list(dict.fromkeys(finding.group for finding in run.findings))
    assert groups[:4] == ["system", "clock", "identity", "DMA"] and groups.index("memory") == 4
    assert len(run.lines) == len(run.findings)


@pytest.mark.parametrize(
    ("edit", "manifest", "wrong", "said"),
    [
        (parameter("N", 16), None, ("identity", "N"), "expected 16 (the .hwh), found 8"),
        (None, {"parameters": {"N": 32}}, ("identity", "N"), "expected 32 (manifest.json), found 8"),
        (None, {"build_hash": "0x01234567"}, ("identity", "BUILD_HASH"), "expected 0x01234567 (manifest.json)"),
        (None, {"bit_sha256": "0" * 64}, ("identity", "SHA-256 of the .bit"), "(manifest.json), found"),
        (
            None,
            {"clock_mhz": 80.0},
            ("clock", "FCLK0"),
            " and 80 MHz, assumed by manifest.json, found 99.999 MHz here",
        ),
        (parameter("STREAM_W", 128), None, ("identity", "STREAM_W"), "expected 128 (the .hwh), found 64"),
        (
            parameter("c_m_axi_mm2s_data_width", 32),
            None,
            ("DMA", "c_m_axi_mm2s_data_width"),
            "expected 64 (the register STYLE), found 32",
        ),
        (
            parameter("c_sg_length_width", 14),
            None,
            ("DMA", "c_sg_length_width"),
            "expected 26 (this project's block design), found 14 are limited to 16383 bytes",
        ),
        (parameter("c_include_s2mm", 0), None, ("DMA", "c_include_s2mm"), "both channels are needed"),
    ],
)
def test_what_differs_is_named_and_nothing_computed(
    checked: Any, edit: ParameterEdit | None, manifest: Any, wrong: tuple[str, str], said: str
) -> None:
    run = checked(*filter(None, [edit]), manifest=manifest)
    assert run.wrong == {wrong}
    text = str(run.named(*wrong))
    assert all(part in text for part in said.split(" are ")) and run.named(*wrong).advice
    assert run.findings[-1].found.startswith(READ_FIRST)
    assert not any(finding.group in ("memory", "patterns") for finding in run.findings)


def test_another_design_is_not_read(checked: Any) -> None:
    run = checked(lambda text: text.replace("tilewright:ip:accelerator:0.2", "tilewright:ip:accelerator:0.1"))
    assert run.wrong == {("identity", "accelerator_0")}
    assert [finding.group for finding in run.findings][-2:] == ["identity", "results"]
    assert "left out: the registers are not an accelerator's" in run.findings[-1].found


def test_divisors_of_another_board(checked: Any) -> None:
    """As a .hwh for a PLL of 1600 MHz has them, on a board whose PLL has 1000."""
    run = checked(parameter("PCW_FCLK0_PERIPHERAL_DIVISOR0", 8), system=ZYNQ_7000)
    assert run.wrong == {("clock", "FCLK0")}
    text = str(run.named("clock", "FCLK0"))
    assert "expected 100 MHz, assumed by the .hwh, found 62.5 MHz here (divisors" in text
    assert "the .hwh has 8 x 2" in text


def test_keep_going_computes_nevertheless(checked: Any) -> None:
    run = checked(manifest={"build_hash": "0x01234567"}, keep_going=True)
    assert run.wrong == {("identity", "BUILD_HASH")}
    assert run.named("patterns", "random").state is run.named("results", "golden vectors").state is State.PASSED


def test_a_unit_of_another_id(checked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    word = Accelerator.word
    monkeypatch.setattr(Accelerator, "word", lambda self, offset: 0xDEADBEEF if offset == 0 else word(self, offset))
    run = checked(keep_going=True)
    assert run.wrong == {("identity", "ID, version, format")}
    assert "has ID 0xdeadbeef" in run.named("identity", "ID, version, format").found
    assert run.findings[-1].found.startswith("left out: the registers are not")


def test_what_a_driver_raises_is_a_finding(checked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def dead(*arguments: Any) -> None:
        raise DmaError("the DMA's reset does not end")

    monkeypatch.setattr("tilewright.driver.driver.reset", dead)
    run = checked()
    assert run.wrong == {("results", "what computes")}
    assert run.findings[-1].found == "DmaError: the DMA's reset does not end" and run.findings[-1].advice


def test_what_was_found_before_is_kept(checked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def dead(*arguments: Any) -> None:
        raise DmaError("stopped")

    monkeypatch.setattr(first_hour, "check_interruption", dead)
    run = checked()
    assert run.wrong == {("results", "what computes")} and run.named("patterns", "random").state is State.PASSED


def test_a_clock_that_another_program_has_set(opened: Any) -> None:
    overlay, bit = opened()
    pynq.Clocks.fclk0_mhz = 50
    (finding,) = check_clocks(overlay, read_design(bit))
    assert finding.state is State.FAILED and finding.found.startswith("49.9995 MHz here")


@pytest.mark.parametrize(
    ("seconds", "state"), [(1.02e-3, State.PASSED), (0.8e-3, State.FAILED), (3e-3, State.NOT_KNOWN)]
)
def test_a_clock_that_is_not_that_of_the_registers(seconds: float, state: State) -> None:
    assert counted(100_000, seconds, 100.0).state is state


@pytest.mark.parametrize("value", [0, 1])
def test_a_bit_that_stands_still_on_its_way_back(checked: Any, monkeypatch: pytest.MonkeyPatch, value: int) -> None:
    """In memory, before the host looks; the trailer is as it was."""
    invalidate = SimMemory.invalidate

    def stuck(self: SimMemory, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        data = self.ddr[bo - self.base_address :][:nbytes].view(np.uint64)[:-TRAILER_BEATS]
        data[:] = data | np.uint64(1 << 17) if value else data & ~np.uint64(1 << 17)
        invalidate(self, bo, offset, virtual_address, nbytes)

    monkeypatch.setattr(SimMemory, "invalidate", stuck)
    run = checked()
    assert run.wrong == {("patterns", name) for name in PATTERNS} - {("patterns", "ones" if value else "zeros")}
    finding = run.named("patterns", "addresses")
    assert f"bit 17 of 64 is always {value}" in finding.found and "CRC-32" in finding.found
    assert "left out: bits change on their way" in run.findings[-1].found


def test_a_bit_that_stands_still_on_its_way_in(checked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In data beats: one in headers ends a program with an error of its own."""
    flush = SimMemory.flush

    def stuck(self: SimMemory, bo: int, offset: int, virtual_address: int, nbytes: int) -> None:
        flush(self, bo, offset, virtual_address, nbytes)
        beats = self.ddr[bo - self.base_address :][: offset + nbytes].view(np.uint64)
        if beats[0] and len(beats) > 100:  # a program; where results come there are zeros
            beats[16:-8] |= np.uint64(1 << 61)

    monkeypatch.setattr(SimMemory, "flush", stuck)
    run = checked()
    finding = run.named("patterns", "addresses")
    assert finding.state is State.FAILED and "DeviceError" in finding.found and "refused" in finding.found
    assert {name for _, name in run.wrong} >= {"zeros", "random"}


def test_a_length_register_that_is_narrower_than_said(checked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write = SimDevice.write_word

    def narrow(self: SimDevice, address: int, value: int) -> None:
        length = address & 0xFFFF in (0x28, 0x58) and address >> 16 == 0xA000
        write(self, address, value & 0x3FFF if length else value)

    monkeypatch.setattr(SimDevice, "write_word", narrow)
    run = checked()
    assert {group for group, _ in run.wrong} == {"patterns"}, run.lines


def test_a_reset_that_does_nothing(checked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Accelerator, "soft_reset", lambda self: None)
    run = checked()
    assert {group for group, _ in run.wrong} == {"interruption"}, run.lines
    assert "stopped after 20 us" in {name for _, name in run.wrong}


def test_an_array_that_computes_otherwise(checked: Any, monkeypatch: pytest.MonkeyPatch, other_vectors: None) -> None:
    run = checked()
    assert ("results", "golden vectors") in run.wrong
    assert "image 0, channel 3, row 1, column 2: expected" in run.named("results", "golden vectors").found


BASE, HIGH = 0x1000_0000, 0x1FFF_FFFF


@pytest.mark.parametrize(
    ("pieces", "wrong"),
    [
        ([Piece(BASE, 4096), Piece(BASE + 4096, 64)], set()),
        ([Piece(BASE + 4, 64)], {"alignment"}),
        ([Piece((1 << 40) - 64, 128)], {"address width", "segments"}),
        ([Piece(HIGH - 63, 128)], {"segments"}),
        ([Piece(BASE, 128), Piece(BASE + 64, 64)], {"overlap"}),
    ],
)
def test_buffers_where_the_dma_does_not_reach(opened: Any, pieces: list[Piece], wrong: set[str]) -> None:
    segments = tuple(Segment(master, BASE, HIGH) for master in ("M_AXI_MM2S", "M_AXI_S2MM"))
    design = dataclasses.replace(read_design(opened()[1]), segments=segments)
    found = check_buffers(pieces, design)
    assert {finding.name for finding in found if finding.state is State.FAILED} == wrong
    assert all(finding.advice for finding in found if finding.state is State.FAILED)


def test_no_memory_for_buffers(checked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*arguments: Any, **keywords: Any) -> None:
        raise RuntimeError("Failed to allocate Memory!")

    monkeypatch.setattr(pynq, "allocate", none_left)
    run = checked()
    assert run.wrong == {("memory", "allocation")} and "Failed to allocate" in run.named("memory", "allocation").found


def test_memory_of_the_device_out_of_reach(checked: Any) -> None:
    """The simulated DDR lies above 4 GiB, and the .hwh has segments there."""
    run = checked(parameter("c_addr_width", 32), keep_going=True)
    assert run.wrong == {("DMA", "address width"), ("memory", "address width")}
    assert "0x8000" in run.named("memory", "address width").found
    assert "would destroy what lies there" in run.findings[-1].found


def test_segments_without_the_devices_memory(checked: Any) -> None:
    """As of a design that leaves the upper memory out."""
    run = checked(lambda text: re.sub(r"<MEMRANGE[^>]*0x0*800000000[^>]*/>", "", text))
    assert run.wrong == {("memory", "segments")}
    assert "within 0x0 to 0x7fffffff, the segments of the .hwh" in run.named("memory", "segments").expected


def test_a_build_hash_of_the_hwh(checked: Any) -> None:
    assert checked(parameter("BUILD_HASH", "0x01234567")).wrong == {("identity", "BUILD_HASH")}


@pytest.mark.parametrize("stream_w", [64, 128])
def test_stuck_bits_are_named_in_the_stream_word(stream_w: int) -> None:
    sent = walking_ones(4 * stream_w, stream_w)
    assert sorted({int(value) for value in sent if value}) == [1 << bit for bit in range(64)]
    assert stuck_bits(sent, sent, stream_w) == []
    got = sent.copy()
    lanes = stream_w // 64
    got[lanes - 1 :: lanes] |= np.uint64(1 << 5)
    assert stuck_bits(sent, got, stream_w) == [f"bit {stream_w - 64 + 5} of {stream_w} is always 1"]


def test_files_that_are_missing_or_none(tmp_path: Any) -> None:
    bit = tmp_path / "a.bit"
    with pytest.raises(TargetError, match=r"no file .*a\.bit"):
        read_design(bit)
    bit.touch()
    with pytest.raises(TargetError, match=r"no file .*a\.hwh"):
        read_design(bit)
    bit.with_suffix(".hwh").write_text("<EDKSYSTEM>")
    with pytest.raises(TargetError, match=r"a\.hwh is no \.hwh"):
        read_design(bit)


def test_a_system_with_little_memory_and_a_hot_chip(opened: Any, tmp_path: Any) -> None:
    def put(path: str, text: str) -> None:
        file = tmp_path / "root" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    put("proc/meminfo", "MemTotal: 500000 kB\nCmaTotal: 131072 kB\nCmaFree: 20000 kB\n")
    put("proc/device-tree/model", "TUL PYNQ-Z2\0")
    put("sys/bus/iio/devices/iio:device0/in_temp0_raw", "2600\n")
    put("sys/bus/iio/devices/iio:device0/in_temp0_offset", "-2219\n")
    put("sys/bus/iio/devices/iio:device0/in_temp0_scale", "123.040771484\n")
    put("sys/class/hwmon/hwmon0/name", "ina226_u76\n")
    put("sys/class/hwmon/hwmon0/temp1_input", "41500\n")
    root, design = tmp_path / "root", read_design(opened()[1])
    found = {finding.name: finding for finding in system.check_system(design, False, root)}
    assert found["memory for buffers"].state is State.FAILED
    assert (
        found["memory for buffers"].found == "19 MiB free of 128" and "cma=128M" in found["memory for buffers"].advice
    )
    put("proc/meminfo", "CmaTotal: 131072 kB\nCmaFree: 120000 kB\n")
    assert all(finding.state is not State.FAILED for finding in system.check_system(design, False, root))
    facts = system.as_dict(root)
    assert facts["board"] == "TUL PYNQ-Z2"
    assert facts["temperatures_c"] == {"ina226_u76 temp1": 41.5, "in_temp0": pytest.approx(46.88, abs=0.01)}


@pytest.mark.parametrize(
    ("pynq_version", "machine", "state"),
    [
        ("4.0.0", "armv7l", "failed"),
        ("4.0.0", "aarch64", "passed"),
        ("3.1.2", "armv7l", "passed"),
        ("3.0.1", "x", None),
    ],
)
def test_pynq_of_another_family(
    opened: Any, monkeypatch: pytest.MonkeyPatch, pynq_version: str, machine: str, state: str | None
) -> None:
    family = "processing_system7" if machine == "armv7l" else "zynq_ultra_ps_e"
    design = dataclasses.replace(read_design(opened()[1]), system=family)
    monkeypatch.setattr(system, "version", lambda name: pynq_version)
    monkeypatch.setattr(system.platform, "machine", lambda: machine)
    found = {finding.name: finding for finding in system.check_system(design, True)}
    assert found["pynq"].state.value == (state or "not known") and pynq_version in found["versions"].found
