"""cores/scripts/axi_protocol.py: each rule finds a wave that breaks it, and no other rule does; good waves pass."""

from collections.abc import Iterable
from typing import Any

import pytest
from axi_waves import BAD, GOOD, STREAM_IDLE, T_LAST, T, Wave, stream

from axi_protocol import Passage, Port, ProtocolError, Stream


def play(port: Port, idle: dict[str, int], wave: Iterable[dict[str, int]]) -> None:
    for cycle in wave:
        port.clock(idle | cycle)
    port.quiet()


@pytest.mark.parametrize("name", GOOD)
def test_good_wave(name: str) -> None:
    make, wave = GOOD[name]
    play(*make(), wave)


@pytest.mark.parametrize("name", BAD)
def test_bad_wave(name: str) -> None:
    message, make, wave = BAD[name]
    with pytest.raises(ProtocolError, match=message):
        play(*make(), wave)


def test_a_soft_reset_may_cut_a_stream() -> None:
    port, idle = stream()
    port.may_withdraw = True
    play(port, idle, [T | {"tready": 0}, {}, T | {"tready": 0}, T | {"tdata": 9}])


@pytest.mark.parametrize(
    ("message", "into", "out"),
    [
        ("", [T, T_LAST], [{}, T, T_LAST]),
        (r"\(9, False, .*came out, expected \(7, False, ", [T], [{}, T | {"tdata": 9}]),
        (r"came out, expected nothing", [T], [{}, T, T]),
        (r"\(7, False, 0, 0, 1, 0\) came out, expected \(7, False, 0, 1, ", [T | {"tid": 1}], [{}, T | {"tdest": 1}]),
        (r"\(7, False, 0, .*came out, expected \(7, False, 1, ", [T | {"tstrb": 1}], [{}, T | {"tstrb": 2}]),
        (r"4 words or bytes were lost", [T, T_LAST], [{}, T]),
        (r"\(-1, True\) came out, expected \(7, False, ", [T, T], [{}, T | {"tlast": 1}]),
    ],
)
def test_passage(message: str, into: Wave, out: Wave) -> None:
    ends: list[Any] = [Stream("end", {"t": Stream.FULL["t"]}) for _ in range(2)]
    passage = Passage(*ends)

    def run() -> None:
        for cycle in range(len(out)):
            for end, wave in zip(ends, (into, out), strict=True):
                end.clock(STREAM_IDLE | (wave[cycle] if cycle < len(wave) else {}))
            passage.clock()
        passage.quiet()

    if not message:
        run()
        return
    with pytest.raises(ProtocolError, match=message):
        run()
