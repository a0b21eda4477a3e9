"""accelerator_status: counters and log against a model that counts at once; idle, states, errors, watchdog, resets."""

import itertools
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from tilewright.hardware import registers as reg

FLAGS = (
    *("in_beat", "in_valid", "in_ready", "out_valid", "out_ready", "loading", "draining", "finishing"),
    *("issue_valid", "issue_read", "issue_final", "load_valid", "wr_valid", "image_moves", "thr_moves"),
    *("stall_weights", "stall_activations", "stall_thresholds", "stall_output"),
)
PULSES = ("program_start", "trailer_done", "trailer_request", "out_final", "cfg_valid", "cfg_ready", "error")
ERRORS = ("act_overflow", "acc_overflow", "weights_short", "weights_long", "weights_torn", "write_overflow")
WORDS = (
    *("program_id", "issue_sequence", "write_sequence", "decoder_state"),
    *("error_code", "error_sequence", "last_opcode", "last_sequence"),
)
LOGGED = ("CYCLES", "MAC_CYCLES", "STALL_WEIGHTS", "STALL_ACTIVATIONS", "STALL_OUTPUT", "STALL_THRESHOLDS")


def low_words(dut) -> list[int]:
    return [getattr(reg, f"REG_LOG_{name}") for name in LOGGED]


def pulse(dut, name: str) -> None:
    getattr(dut, name).value = 1


def quiet(dut) -> None:
    for name in (*FLAGS, *PULSES, *(f"error_{name}" for name in ERRORS), "post_busy"):
        getattr(dut, name).value = 0
    dut.result_empty.value = dut.read_empty.value = 1


async def start(dut) -> AxiLiteMaster:
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.aresetn.value, dut.rst.value, dut.engine_rst.value = 0, 1, 1
    quiet(dut)
    for name in WORDS:
        getattr(dut, name).value = 0
    bus = AxiLiteBus.from_prefix(dut, "s_axil")
    master = AxiLiteMaster(bus, dut.clk, dut.aresetn, reset_active_level=False)
    await ClockCycles(dut.clk, 4)
    await FallingEdge(dut.clk)
    dut.aresetn.value, dut.rst.value, dut.engine_rst.value = 1, 0, 0
    await FallingEdge(dut.clk)
    return master


class Model:
    """What is counted, cycle by cycle, of signals as they are."""

    def __init__(self) -> None:
        self.counters = dict.fromkeys(reg.COUNTERS, 0)
        self.log: list[list[int]] = []
        self.running = self.done = self.logs = self.word_in = False
        self.open = 0

    def clock(self, now: dict[str, int]) -> None:
        if self.logs and not now["program_start"]:
            self.log.append([self.counters[name] for name in LOGGED])
        self.logs = bool(now["issue_final"])
        if now["program_start"]:
            self.counters = dict.fromkeys(reg.COUNTERS, 0)
            self.log = []
        events = {
            "CYCLES": True,
            "LAYER_CYCLES": self.open > 0,
            "MAC_CYCLES": now["issue_valid"],
            "STALL_WEIGHTS": now["stall_weights"],
            "STALL_ACTIVATIONS": now["stall_activations"] or (now["loading"] and not self.open),
            "STALL_OUTPUT": now["stall_output"],
            "BEATS_IN": self.word_in,
            "BEATS_OUT": now["out_valid"] and now["out_ready"],
            "STALL_THRESHOLDS": now["stall_thresholds"],
        }
        if self.running or now["program_start"]:
            for name, event in events.items():
                self.counters[name] += bool(event) * (2 if name == "BEATS_IN" else 1)
        self.word_in = bool(now["in_valid"] and now["in_ready"])
        self.open += (now["cfg_valid"] and now["cfg_ready"]) - now["out_final"]
        self.open -= now["issue_final"] and now["issue_read"]
        if now["trailer_done"]:
            self.running, self.done = False, True
        if now["program_start"]:
            self.running, self.done = True, False


def random_cycle(rng: random.Random, model: Model, begins: bool) -> dict[str, int]:
    """Signals of a cycle; no more commands end than are open, and none where a program begins."""
    now = {name: rng.getrandbits(1) for name in (*FLAGS, "cfg_ready")}
    now |= {name: int(rng.random() < 0.02) for name in ("program_start", "trailer_done", "issue_final")}
    now["program_start"] |= begins
    now["issue_final"] &= not now["program_start"]
    now["out_final"] = int(rng.random() < 0.04)
    now["cfg_valid"] = int(model.open < 20 and rng.random() < 0.06)
    now["out_final"] &= model.open > 0
    now["issue_final"] &= not now["issue_read"] or model.open > now["out_final"]
    return now


async def counters_of(master: AxiLiteMaster) -> dict[str, int]:
    return {
        name: await master.read_dword(address) | await master.read_dword(address + 4) << 32
        for name, address in reg.COUNTERS.items()
    }


@cocotb.test()
async def counters_and_log_are_those_of_the_signals(dut):
    rng, model = random.Random(cocotb.RANDOM_SEED), Model()
    master = await start(dut)
    for _ in range(12):
        for cycle in range(rng.randint(100, 400)):
            now = random_cycle(rng, model, begins=cycle == 0)
            for name, value in now.items():
                getattr(dut, name).value = value
            model.clock(now)
            await FallingEdge(dut.clk)
        quiet(dut)
        pulse(dut, "trailer_done")
        model.clock(dict.fromkeys((*FLAGS, *PULSES), 0) | {"trailer_done": 1})
        await FallingEdge(dut.clk)
        quiet(dut)
        model.clock(dict.fromkeys((*FLAGS, *PULSES), 0))
        await ClockCycles(dut.clk, 3)
        assert await counters_of(master) == model.counters
        assert await master.read_dword(reg.REG_LOG) & 0xFFFF == len(model.log)
        for index in rng.sample(range(len(model.log)), min(5, len(model.log))):
            await master.write_dword(reg.REG_LOG_INDEX, index)
            assert [await master.read_dword(word) for word in low_words(dut)] == model.log[index]
        await FallingEdge(dut.clk)


@cocotb.test()
async def starved_only_if_no_beat_comes(dut):
    """The decoder waits for a word while the other half of it comes: that is no want."""
    master = await start(dut)
    names = ("in_beat", "in_valid", "in_ready")
    for flags in itertools.product((0, 1), repeat=3):
        for name, value in zip(names, flags, strict=True):
            getattr(dut, name).value = value
        await ClockCycles(dut.clk, 3)
        starved = bool(await master.read_dword(reg.REG_STATUS) & reg.STATUS_INPUT_STARVED.mask)
        assert starved == (flags == (0, 0, 1)), f"{names} {flags}"


@cocotb.test()
async def idle_never_too_early(dut):
    """Not from the cycle after cfg_valid on, not while a command is open, or anything holds results; else always."""
    rng, model = random.Random(cocotb.RANDOM_SEED), Model()
    await start(dut)
    seen = 0
    for _ in range(3000):
        now = random_cycle(rng, model, begins=False)
        now |= {"program_start": 0, "cfg_valid": int(model.open < 3 and rng.random() < 0.02)}
        if not now["issue_final"]:
            now["out_final"] = int(model.open > 0 and rng.random() < 0.2)
        now |= {name: int(rng.random() < 0.1) for name in ("post_busy",)}
        now |= {name: int(rng.random() < 0.9) for name in ("result_empty", "read_empty")}
        for name, value in now.items():
            getattr(dut, name).value = value
        busy = now["cfg_valid"] or model.open or now["post_busy"] or not now["result_empty"] or not now["read_empty"]
        model.clock(now)
        await FallingEdge(dut.clk)
        idle = int(dut.engine_idle.value)
        assert idle == (not busy)
        seen += idle
    assert 100 < seen < 2900
    quiet(dut)
    dut.engine_rst.value = dut.cfg_valid.value = dut.cfg_ready.value = 1
    await FallingEdge(dut.clk)
    dut.engine_rst.value = dut.cfg_valid.value = dut.cfg_ready.value = 0
    await ClockCycles(dut.clk, 3)
    assert dut.engine_idle.value, "no command outlives a reset of the engine, nor one taken in it"


@cocotb.test()
async def errors_have_the_code_and_sequence_of_their_cycle(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    await start(dut)
    for _ in range(600):
        now = {name: int(rng.random() < 0.1) for name in ERRORS}
        stalls = {name: rng.getrandbits(1) for name in ("weights", "thresholds")}
        valid, ready, conv, write = (rng.getrandbits(bits) for bits in (1, 1, 16, 16))
        taken = valid & ready
        for name, value in now.items():
            getattr(dut, f"error_{name}").value = value
        for name, value in stalls.items():
            getattr(dut, f"stall_{name}").value = value
        dut.cfg_valid.value, dut.cfg_ready.value = valid, ready
        dut.out_final.value = taken  # none stays open for long
        dut.issue_sequence.value, dut.write_sequence.value = conv, write
        reset = rng.random() < 0.05
        dut.engine_rst.value = reset
        if not any(now.values()):
            expected = None
        elif now["act_overflow"] or now["write_overflow"]:
            expected = reg.ErrorCode.ACT_OVERFLOW
        elif now["acc_overflow"]:
            expected = reg.ErrorCode.ACC_OVERFLOW
        elif now["weights_long"]:
            expected = reg.ErrorCode.WEIGHTS_LONG
        elif now["weights_short"] or stalls["weights"]:
            expected = reg.ErrorCode.WEIGHTS_SHORT
        else:
            expected = None
        await FallingEdge(dut.clk)
        assert bool(dut.engine_error.value) == (expected is not None and not reset)
        if expected is not None:
            assert int(dut.engine_error_code.value) == expected
            assert int(dut.engine_error_sequence.value) == (write if now["write_overflow"] else conv)


async def start_program(dut) -> AxiLiteMaster:
    master = await start(dut)
    pulse(dut, "program_start")
    await FallingEdge(dut.clk)
    quiet(dut)
    return master


async def barks(dut, cycles: int) -> bool:
    """Whether the watchdog does in so many cycles."""
    barked = False
    for _ in range(cycles):
        await FallingEdge(dut.clk)
        barked |= bool(dut.engine_error.value)
    return barked


@cocotb.test()
async def the_watchdog_says_what_is_waited_for(dut):
    await start_program(dut)
    dut.in_valid.value = 1
    for cause, code in (("weights", "WEIGHTS_SHORT"), ("thresholds", "THRESHOLDS_SHORT"), ("output", "NEVER_READY")):
        pulse(dut, f"stall_{cause}")
        assert not await barks(dut, int(dut.WATCHDOG.value) - 10)
        while not await barks(dut, 1):
            pass
        assert int(dut.engine_error_code.value) == reg.ErrorCode[code]
        getattr(dut, f"stall_{cause}").value = 0


@cocotb.test()
async def the_watchdog_keeps_still(dut):
    """While the outside is to act, or anything moves."""
    await start_program(dut)
    limit = int(dut.WATCHDOG.value)
    dut.in_valid.value = 1
    for name, value in (("in_valid", 0), ("in_ready", 1), ("out_valid", 1), ("trailer_request", 1)):
        getattr(dut, name).value = value
        assert not await barks(dut, limit + 10), name
        getattr(dut, name).value = 1 - value
        await FallingEdge(dut.clk)
    for name in ("issue_valid", "issue_read", "load_valid", "wr_valid", "image_moves", "thr_moves"):
        assert not await barks(dut, limit - 10)
        pulse(dut, name)
        assert not await barks(dut, 1)
        getattr(dut, name).value = 0
    assert not await barks(dut, limit - 10)
    dut.in_valid.value, dut.finishing.value = 0, 1
    assert await barks(dut, 30), "nothing waits at the input, but the program is to end"


@cocotb.test()
async def status_and_words(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    master = await start(dut)
    for running, error in ((0, 0), (1, 0), (1, 1)):
        if running:
            pulse(dut, "program_start")
            await FallingEdge(dut.clk)
            quiet(dut)
        values = {name: rng.getrandbits(len(getattr(dut, name))) for name in WORDS}
        for name, value in values.items():
            getattr(dut, name).value = value
        pulse(dut, "in_ready")
        dut.error.value = error
        await ClockCycles(dut.clk, 3)
        status = await master.read_dword(reg.REG_STATUS)
        assert status & 15 == running | error << 2 and status >> 8 & 15 == values["decoder_state"]
        assert status >> 12 & 7 == 0 and status >> 16 == 2
        assert await master.read_dword(reg.REG_ERROR) == values["error_sequence"] << 16 | values["error_code"]
        assert await master.read_dword(reg.REG_COMMAND) == values["last_sequence"] << 16 | values["last_opcode"]
        assert await master.read_dword(reg.REG_PROGRAM) == values["program_id"]
        await FallingEdge(dut.clk)
        if running:
            pulse(dut, "trailer_done")
            await FallingEdge(dut.clk)
            dut.trailer_done.value = 0
            await ClockCycles(dut.clk, 3)
            assert await master.read_dword(reg.REG_STATUS) & 15 == 2 | error << 2
            assert await master.read_dword(reg.REG_IRQ_STATUS) == 1 + error
            await master.write_dword(reg.REG_IRQ_STATUS, 3)
            await FallingEdge(dut.clk)
    # Engine states
    dut.cfg_valid.value = dut.cfg_ready.value = 1
    await FallingEdge(dut.clk)
    quiet(dut)
    states = {
        "thresholds": reg.EngineState.WAITS_FOR_THRESHOLDS,
        "activations": reg.EngineState.WAITS_FOR_ACTIVATIONS,
        "weights": reg.EngineState.WAITS_FOR_WEIGHTS,
        "output": reg.EngineState.OUTPUT_BLOCKED,
    }
    for cause, state in {"": reg.EngineState.RUNS, **states}.items():
        if cause:
            pulse(dut, f"stall_{cause}")
        await ClockCycles(dut.clk, 4)
        assert await master.read_dword(reg.REG_STATUS) >> 12 & 7 == state, cause
        await FallingEdge(dut.clk)


@cocotb.test()
async def nothing_outlives_a_soft_reset(dut):
    """Whatever happens in the cycles around it: program_start and trailer_done are cut off with it."""
    master = await start(dut)
    for name, error in (("program_start", 0), ("trailer_done", 0), ("trailer_done", 1)):
        for offset in (-1, 0):
            pulse(dut, "program_start")
            await FallingEdge(dut.clk)
            quiet(dut)
            await ClockCycles(dut.clk, 5)
            await FallingEdge(dut.clk)
            dut.error.value = error
            if offset:
                pulse(dut, name)
                await FallingEdge(dut.clk)
                quiet(dut)
            else:
                pulse(dut, name)
            dut.rst.value = 1
            await FallingEdge(dut.clk)
            quiet(dut)
            dut.rst.value = 0
            await ClockCycles(dut.clk, 5)
            assert await master.read_dword(reg.REG_STATUS) & 3 == 0, f"{name} {offset}"
            await FallingEdge(dut.clk)


@cocotb.test()
async def a_reset_clears_counters_and_log(dut):
    master = await start_program(dut)
    pulse(dut, "issue_final")
    await FallingEdge(dut.clk)
    quiet(dut)
    await ClockCycles(dut.clk, 3)
    assert await master.read_dword(reg.REG_LOG) & 0xFFFF == 1
    await FallingEdge(dut.clk)
    dut.aresetn.value, dut.rst.value = 0, 1
    await FallingEdge(dut.clk)
    dut.aresetn.value, dut.rst.value = 1, 0
    await ClockCycles(dut.clk, 3)
    assert await master.read_dword(reg.REG_LOG) == int(dut.LOG_DEPTH.value) << 16
    assert not any((await counters_of(master)).values())


@cocotb.test()
async def an_event_in_the_cycle_of_its_clear_stays(dut):
    master = await start(dut)
    kept = []
    for offset in range(12):
        await FallingEdge(dut.clk)
        write = cocotb.start_soon(master.write_dword(reg.REG_IRQ_STATUS, 3))
        cleared = happened = 0
        for cycle in range(24):
            dut.trailer_done.value = int(cycle in (0, offset))
            await RisingEdge(dut.clk)
            if dut.u_axil_registers.wr_en.value:
                cleared = cycle
            if dut.trailer_done.value:
                happened = cycle + 1  # in the register
            await FallingEdge(dut.clk)
        await write
        assert cleared > 1
        kept.append(happened >= cleared)
        assert await master.read_dword(reg.REG_IRQ_STATUS) == kept[-1], f"offset {offset}"
        await FallingEdge(dut.clk)
        await master.write_dword(reg.REG_IRQ_STATUS, 3)
    assert kept[0] is False and kept[-1] is True


@cocotb.test()
async def a_counter_that_runs_over_32_bits_is_read_whole(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    master = await start_program(dut)
    cycle = 0

    async def run() -> None:
        nonlocal cycle
        while True:
            await FallingEdge(dut.clk)
            cycle += 1

    cocotb.start_soon(run())
    crossed = 0
    for _ in range(60):
        await FallingEdge(dut.clk)
        first, begun = 2**32 - rng.randrange(1, 16), cycle
        dut.u_performance_counters.g_counter[0].low_reg.value = first
        dut.u_performance_counters.g_counter[0].carry_reg.value = 0
        dut.u_performance_counters.g_counter[0].high_reg.value = 0
        low = await master.read_dword(reg.REG_CYCLES)
        read = cycle
        value = low | await master.read_dword(reg.REG_CYCLES + 4) << 32
        assert first <= value <= first + read - begun + 1, f"{value:#x}"
        crossed += value >> 32
    assert 5 < crossed < 55
