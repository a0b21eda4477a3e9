"""decoder: what it takes out of random commands, and when; what it does with programs that are wrong.

Errors that the engine finds are tested on the whole accelerator too.
"""

from itertools import pairwise

import cocotb
import numpy as np
from decoder_bench import (
    BEGIN_WORDS,
    CONV_WORDS,
    ENGINE_CODES,
    Bench,
    ImageFault,
    expected_settings,
    random_beats,
    random_commands,
    random_conv,
    settings_of,
    states_of,
    without_waiting,
    words_of,
)
from decoder_faults import DESCRIPTORS, OPCODES, Fault, Faults

from tilewright.hardware.commands import Body, Conv, Image, Load, Thresholds, Weights
from tilewright.hardware.program import seal_program
from tilewright.hardware.registers import DecoderState, ErrorCode


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_commands_with_random_stalls(dut):
    bench = await Bench(dut).start()
    rng = bench.rng
    for _ in range(16):
        commands = random_commands(rng, bench.n, bench.depth)
        beats = bench.encode(commands)
        # The command that a word belongs to, and its place; 0 for the header's.
        owner: list[tuple[Body | None, int]] = [(None, 0)] * BEGIN_WORDS
        for command in commands:
            owner += [(command, place) for place in range(words_of(command))]
        owner.append((None, 0))
        rate = rng.choice([0.4, 0.9, 1.0])
        pop = rng.choice([0.1, 0.4, 1.0])
        bench.folder.hold = rng.choice([0, 1, rng.randint(2, 40)])
        groups_due = 0
        for _ in range(100 * len(beats)):
            command, place = owner[min(bench.sent, len(owner) - 1)]
            taken = await bench.random_cycle(rate, pop)
            if taken and isinstance(command, Load) and place > 0:
                assert bench.convs_issued >= command.after, "a group is taken too early"
                groups_due += 128 / bench.group_w
            if taken and isinstance(command, Weights | Conv) and place > 0:
                assert len(bench.writes) == groups_due, "weights or a descriptor come before a LOAD's last group"
            if bench.sent == len(owner) and len(bench.settings) == sum(isinstance(c, Conv) for c in commands):
                break
        for _ in range(4):
            await bench.cycle()
        bench.check(commands)
        await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_place_is_used_and_no_more(dut):
    """Nothing is freed: the stream stops when the memory is full, right before its next data, and goes on later."""
    bench = await Bench(dut).start()
    for sink, width in ((bench.weights, bench.group_w), (bench.thresholds, bench.stream_w)):
        each = width // 64
        words = random_beats(bench.rng, (sink.depth + 2 * sink.step) * each)
        full = sink.depth * each
        for parts in ([words], [words[:full], words[full:]]):
            commands = [Weights(part, last=False) if sink is bench.weights else Thresholds(part) for part in parts]
            beats = bench.encode(commands)
            for _ in range(len(beats) + 20):
                await bench.cycle(pop=0.0)
            assert sink.level == sink.depth and bench.sent == BEGIN_WORDS + len(parts) + full // 2
            while bench.sent < len(bench.packet) or sink.level >= sink.step:
                await bench.cycle()
            for _ in range(4):
                await bench.cycle()
            bench.check(commands)
            await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_word_a_cycle(dut):
    """Or every second one; without stalls a LOAD's data come four cycles behind its header, and a second CONV waits, as
    does what comes behind an IMAGE, for a cycle at least.

    A descriptor is there two cycles after its last word; eight after END, or after the cycle in which a last descriptor
    is handed over, the trailer is asked for.
    """
    bench = await Bench(dut).start()
    rng = bench.rng
    dut.engine_idle.value = 1
    for _ in range(4):
        commands = [without_waiting(command) for command in random_commands(rng, bench.n, bench.depth)]
        bench.encode(commands)
        waits = sum((4 - bench.pitch) * isinstance(command, Load) for command in commands)
        if bench.pitch == 1:
            waits += sum(isinstance(first, Conv) and isinstance(second, Conv) for first, second in pairwise(commands))
            waits += sum(isinstance(command, Image) for command in commands)
        cycles = 0
        while bench.sent < len(bench.packet):
            cycles += 1
            await bench.cycle()
        assert cycles == 1 + (len(bench.packet) - 1) * bench.pitch + waits
        handed_over = bench.pitch == 1 and isinstance(commands[-1], Conv)
        for wait in range(8 + handed_over):
            assert bool(dut.trailer_request.value) == (wait == 7 + handed_over)
            await bench.cycle()
        bench.check(commands)
        await bench.trailer()
    conv = random_conv(rng)
    bench.encode([conv])
    while bench.sent < BEGIN_WORDS + CONV_WORDS:
        await bench.cycle(cfg=False)
    for wait in range(2):
        assert bool(dut.cfg_valid.value) == (wait == 1)
        await bench.cycle(valid=False, cfg=False)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def state_says_what_is_taken(dut):
    """A cycle late, and so does `loading`."""
    bench = await Bench(dut).start()
    loads = {DecoderState.LOAD_WAIT, DecoderState.LOAD_DATA}
    loads |= {DecoderState.IMAGE_ROWS, DecoderState.IMAGE_KERNEL, DecoderState.IMAGE_DATA}
    for _ in range(4):
        commands = [without_waiting(command) for command in random_commands(bench.rng, bench.n, bench.depth)]
        beats = bench.encode(commands)
        states = [DecoderState.HEADER, DecoderState.BEGIN]
        for command in commands:
            states += states_of(command)
        states.append(DecoderState.HEADER)
        while bench.sent < len(bench.packet):
            if await bench.random_cycle(0.8):
                expected = states[bench.sent - 1]
                assert int(dut.state.value) == expected and bool(dut.loading.value) == (expected in loads)
        while len(bench.settings) < sum(isinstance(command, Conv) for command in commands):
            await bench.cycle()
        await bench.cycle()
        assert int(dut.state.value) == DecoderState.FINISH and dut.finishing.value
        for _ in range(4):  # groups that the memory did not take
            await bench.cycle()
        bench.check(commands)
        await bench.finish()
    end = len(bench.packet)
    bench.send(np.append(beats, random_beats(bench.rng, 9)))
    while bench.sent < end:
        await bench.cycle()
    for _ in range(3):
        await bench.cycle()
        assert bench.sent == end and dut.finishing.value, "nothing is taken behind END, though TLAST is missing"
    await bench.fail(ErrorCode.TLAST_MISSING, len(commands) + 1)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def stream_goes_on_behind_one_waiting_descriptor(dut):
    """With a sequencer that takes no descriptor the stream goes on up to the second CONV's header."""
    bench = await Bench(dut).start()
    rng, each = bench.rng, 2 * bench.whole
    between = [
        Weights(random_beats(rng, 2 * each), last=True),
        Thresholds(random_beats(rng, 4)),
        Load(0, random_beats(rng, each)),
        Thresholds(random_beats(rng, 2)),
        Weights(random_beats(rng, each), last=False),
    ]
    commands = [random_conv(rng), *between, random_conv(rng), Weights(random_beats(rng, each), last=True)]
    bench.encode(commands)
    for _ in range(100):
        await bench.cycle(cfg=False)
    before = BEGIN_WORDS + CONV_WORDS + sum(words_of(command) for command in between)
    assert bench.sent == before + 1, "the second CONV's header is taken, its descriptor is not"
    groups = each * 64 // bench.group_w
    assert (len(bench.weights.words), len(bench.writes)) == (3 * groups, groups)
    assert len(bench.thresholds.words) == 6 * 64 // bench.stream_w
    assert dut.cfg_valid.value and settings_of(dut) == expected_settings(commands[0], 1)
    await bench.cycle(cfg=True)
    assert not dut.cfg_valid.value
    for _ in range(100):
        await bench.cycle(cfg=False)
    assert bench.sent == len(bench.packet) and len(bench.settings) == 1, "the program is taken, one descriptor waits"
    dut.engine_idle.value = 1
    for _ in range(10):
        await bench.cycle(cfg=False)
        assert not dut.trailer_request.value, "a descriptor waits: the program is not finished"
    await bench.cycle(cfg=True)
    await bench.cycle()  # now the engine says that it is busy
    dut.engine_idle.value = 0
    bench.check(commands)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def descriptors_and_weights_wait_for_a_loads_last_group(dut):
    """A header comes with a beat of its command, and is taken."""
    bench = await Bench(dut).start()
    beats = 2 * bench.whole
    for behind in (random_conv(bench.rng), Weights(random_beats(bench.rng, beats), last=True)):
        commands = [Load(0, random_beats(bench.rng, beats)), behind]
        bench.encode(commands)
        for _ in range(60):
            await bench.cycle(act_wr=False)
        assert bench.sent == BEGIN_WORDS + words_of(commands[0]) + 1
        for _ in range(60):
            await bench.cycle()
        bench.check(commands)
        await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def load_waits_and_holds_the_stream(dut):
    bench = await Bench(dut).start()
    rng, whole = bench.rng, bench.whole
    weights = Weights(random_beats(rng, 2 * whole), last=True)
    for behind, after in [(weights, 5), (random_conv(rng), 0x800000), (weights, 0xFFFFFF)]:
        commands = [Load(16, random_beats(rng, 8 * whole), after), Thresholds(random_beats(rng, 2)), behind]
        bench.encode(commands)
        data = BEGIN_WORDS + 1
        bench.convs_issued = after - 1
        for _ in range(50):
            await bench.cycle()
        assert bench.sent == data and dut.loading.value, "header and address are taken, no group"
        bench.convs_issued = after
        for _ in range(50):
            await bench.cycle(act_wr=False)
        assert bench.sent == data + 2 * whole and not bench.writes, "two groups, or words, wait for the memory"
        while len(bench.writes) < 4 * whole * 128 // bench.group_w - 1:
            await bench.cycle()
        for _ in range(50):
            await bench.cycle(act_wr=False)
        assert bench.sent == data + 4 * whole + 2 + 1, (
            "the last is not written: what may read it waits behind its header"
        )
        assert not dut.loading.value
        for _ in range(30):
            await bench.cycle()
        bench.check(commands)
        await bench.finish()


def check_what_came(bench: Bench, faults: Faults, fault: Fault, name: str) -> None:
    """Nothing of the wrong command and those behind it, all of the LOADs before."""
    right = max(0, fault.number - 1)
    before, through = (bench.expected(faults.commands[:count]) for count in (right, right + fault.partly))
    assert bench.writes[: len(before[0])] == before[0], f"{name}: what earlier LOADs bring is written"
    assert bench.writes == through[0][: len(bench.writes)], f"{name}: a wrong LOAD writes"
    assert bench.settings == before[3][: len(bench.settings)], f"{name}: a wrong descriptor is handed over"
    assert bench.folder.commands[: len(before[4])] == before[4], f"{name}: what earlier IMAGE commands bring is given"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_fault_is_named_and_the_stream_drained(dut):
    bench = await Bench(dut).start()
    for kind in Faults.KINDS * 5:
        faults = Faults(bench)
        fault = kind(faults)
        bench.send(fault.beats)
        await bench.fail(fault.code, fault.sequence)
        check_what_came(bench, faults, fault, kind.__name__)
        commands = [without_waiting(command) for command in random_commands(bench.rng, bench.n, bench.depth)[:5]]
        bench.encode(commands)
        while bench.sent < len(bench.packet):
            await bench.cycle()
        await bench.finish()
        bench.check(commands)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def what_is_wrong_with_an_image(dut):
    """image_folder says it at any time; the error is the IMAGE command's, and nothing behind it is taken."""
    bench = await Bench(dut).start()
    codes = {
        "refused": ErrorCode.BAD_DESCRIPTOR,
        "bad_length": ErrorCode.BAD_LENGTH,
        "overflow": ErrorCode.ACT_OVERFLOW,
    }
    for output, code in codes.items():
        for cycles in (1, 2, 3, 4, 8, 60):
            faults = Faults(bench)
            bench.folder.hold = bench.rng.choice([0, 2, 30])
            number = faults.number(Image)
            place = sum(isinstance(command, Image) for command in faults.commands[: number - 1])
            bench.send(faults.beats, ImageFault(place, output, cycles))
            await bench.fail(code, number)
            check_what_came(bench, faults, Fault(faults.beats, code, number, number), f"{output}, {cycles} cycles")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_field_of_a_descriptor(dut):
    bench = await Bench(dut).start()
    for changes in DESCRIPTORS:
        faults = Faults(bench)
        fault = faults.refused(faults.number(Conv), changes)
        bench.send(fault.beats)
        await bench.fail(fault.code, fault.sequence)
        before = bench.expected(faults.commands[: fault.number - 1])
        assert bench.settings == before[3][: len(bench.settings)], f"{changes}: a wrong descriptor is handed over"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_unknown_opcode(dut):
    bench = await Bench(dut).start()
    for opcode in 2 * OPCODES:
        fault = Faults(bench).opcode(opcode)
        bench.send(fault.beats)
        await bench.fail(fault.code, fault.sequence)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_length(dut):
    """Of each command, BEGIN and END among them."""
    bench = await Bench(dut).start()
    for number in range(7):  # the first five behind BEGIN are one of each kind
        faults = Faults(bench)
        number = number if number < 6 else len(faults.commands) + 1
        for length in faults.wrong_lengths(number):
            fault = faults.length(number, length)
            bench.send(fault.beats)
            await bench.fail(fault.code, fault.sequence)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_end_within_a_command(dut):
    """Behind each beat of BEGIN and of a command of each kind, their last ones too."""
    bench = await Bench(dut).start()
    for number in range(6):
        for beats in (*range(1, 9), 8, 8):  # a descriptor handed over shows while cfg_ready is there
            faults = Faults(bench)
            start, end = faults.starts[number : number + 2]
            fault = faults.cut(min(start + beats, end))
            bench.send(fault.beats)
            await bench.fail(fault.code, fault.sequence)
            check_what_came(bench, faults, fault, f"command {number}, beat {beats}")


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_first_of_two_faults_is_kept(dut):
    bench = await Bench(dut).start()
    for _ in range(50):
        faults = Faults(bench)
        ways = [way(faults) for way in bench.rng.sample(Faults.STEADY, 2)]
        places = [int(np.flatnonzero(way.beats != faults.beats)[0]) for way in ways]
        if places[0] // 2 == places[1] // 2:
            continue
        beats = ways[0].beats ^ faults.beats ^ ways[1].beats
        bench.send(seal_program(beats, faults.images))
        await bench.fail(*ways[places[0] > places[1]][1:3])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def errors_of_the_engine(dut):
    """They are kept with the number that the engine gives; one that no CONV command explains is the stream's."""
    bench = await Bench(dut).start()
    rng = bench.rng
    for idle in (False, True):
        for code in sorted(ENGINE_CODES):
            bench.encode([Thresholds(random_beats(rng, 4)), Load(0, random_beats(rng, 2 * bench.whole), after=1)])
            for _ in range(rng.randint(40, 50)):
                await bench.cycle()
            dut.engine_error.value, dut.engine_idle.value = 1, idle
            dut.engine_error_code.value, dut.engine_error_sequence.value = code, 77
            await bench.cycle()
            dut.engine_error.value, dut.engine_error_code.value = 0, 0
            await bench.fail(code, 2 if idle and code == ErrorCode.NEVER_READY else 77)
    # One that comes with a beat's error is of an earlier command; one that comes later is not kept.
    for late in (False, True):
        faults = Faults(bench)
        number = bench.rng.randint(1, len(faults.commands))
        fault = faults.changed(number, 0, lambda beat: beat ^ 1 << 16, ErrorCode.BAD_SEQUENCE, number ^ 1)
        bench.send(fault.beats)
        while bench.sent <= faults.starts[number] // 2:
            await bench.cycle()
        for _ in range(1 + late):
            await bench.cycle()
        dut.engine_error.value, dut.engine_error_code.value = 1, ErrorCode.ACC_OVERFLOW
        await bench.cycle()
        dut.engine_error.value = 0
        await bench.fail(*(fault[1:3] if late else (ErrorCode.ACC_OVERFLOW, 77)))
    for weights in (False, True):
        bench.encode([Thresholds(random_beats(rng, 4))])
        for _ in range(30):
            await bench.cycle()
        dut.leftovers.value, dut.leftover_weights.value = 1, weights
        dut.engine_idle.value = 1
        await bench.fail(ErrorCode.WEIGHTS_LONG if weights else ErrorCode.THRESHOLDS_LONG, 2)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def errors_of_the_engine_at_any_time(dut):
    """Whatever the state: what was sent is drained to TLAST, nothing behind it is taken."""
    bench = await Bench(dut).start()
    for _ in range(40):
        commands = [without_waiting(command) for command in random_commands(bench.rng, bench.n, bench.depth)[:4]]
        beats = bench.encode(commands)
        # Half of them where TLAST is near
        words = len(beats) // 2
        count = bench.rng.choice([bench.rng.randint(1, words), bench.rng.randint(words - 2, words)])
        while bench.sent < count:
            await bench.cycle()
        dut.engine_error.value, dut.engine_error_code.value = 1, ErrorCode.ACC_OVERFLOW
        dut.engine_error_sequence.value = 7
        await bench.cycle(valid=bool(bench.rng.randrange(2)))
        dut.engine_error.value = 0
        await bench.fail(ErrorCode.ACC_OVERFLOW, 7)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_at_any_time(dut):
    """Of what was there before nothing stays: the next program is taken as the first."""
    bench = await Bench(dut).start()
    for _ in range(40):
        faults = Faults(bench)
        bench.send(bench.rng.choice(Faults.KINDS)(faults).beats)
        count = bench.rng.randint(1, len(bench.packet))
        while bench.sent < count and not dut.error.value:
            await bench.cycle(pop=0.8)
        for _ in range(bench.rng.randrange(5)):
            await bench.cycle(valid=False)
        await bench.reset()
        for _ in range(3):
            await bench.cycle(valid=False)
        assert not dut.error.value and not dut.trailer_request.value
        assert (int(dut.last_opcode.value), int(dut.program_id.value)) == (0, 0)
        commands = [Thresholds(random_beats(bench.rng, 2)), *(without_waiting(c) for c in faults.commands[:2])]
        bench.encode(commands)
        while bench.sent < len(bench.packet):
            await bench.cycle()
        await bench.finish()
        bench.check(commands)
