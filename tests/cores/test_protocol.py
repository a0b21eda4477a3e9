"""cores/protocol: each property finds a wave that breaks it, by its paragraph; what keeps the rules passes."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from axi_waves import AR, AW, AXI_IDLE, BAD, GOOD, R_LAST, READ, STREAM_IDLE, W_LAST, WRITE, B, R, T, W, Wave, stream

CORE = Path(__file__).resolve().parents[2] / "cores" / "protocol"

# As replay_waves.v takes them apart
PORT = {
    **{"awvalid": 1, "awready": 1, "awaddr": 40, "awlen": 8, "awsize": 3, "awburst": 2},
    **{"wvalid": 1, "wready": 1, "wdata": 64, "wstrb": 8, "wlast": 1, "bvalid": 1, "bready": 1, "bresp": 2},
    **{"arvalid": 1, "arready": 1, "araddr": 40, "arlen": 8, "arsize": 3, "arburst": 2},
    **{"rvalid": 1, "rready": 1, "rdata": 64, "rresp": 2, "rlast": 1},
}
STREAM = {"tvalid": 1, "tready": 1, "tdata": 64, "tkeep": 8, "tlast": 1}
FIELDS = {"resetn": 1, "closed": 1, **PORT, **STREAM}
WIDE_FIELDS = FIELDS | {"wdata": 128, "rdata": 128, "tdata": 128, "wstrb": 16, "tkeep": 16}
IDLE = {"resetn": 1, "closed": 0, **AXI_IDLE, **STREAM_IDLE}
RESET: Wave = [{"resetn": 0}] * 2
# Four are answered, and four more are open
MANY_WRITES: Wave = [AW | {"awlen": 0}, W_LAST, B] * 4 + [AW | {"awlen": 0}] * 4
MANY_READS: Wave = READ * 4 + [AR] * 4

GOOD_HERE: dict[str, Wave] = {
    "long reset": RESET * 8,
    "valid as reset begins": [T | {"tready": 0}, *[T | {"tready": 0, "resetn": 0}] * 2, *RESET],
    "given up in a short reset": [*[T | {"tready": 0, "resetn": 0}] * 2, {}],
    "given up in reset": [AR, AW, *RESET, *READ],
    "many writes": [*MANY_WRITES, *[W_LAST, B] * 4],
    "many reads": [*MANY_READS, *[R, R_LAST] * 4],
    "closed before and after": [{"closed": 1}, *READ, {"closed": 1}, AW, W, W_LAST, B, {"closed": 1}],
}
BAD_HERE: dict[str, tuple[str, Wave]] = {
    "too many writes": ("port: more than 4 writes are open", [*MANY_WRITES, AW | {"awlen": 0}, {}]),
    "too many data": ("port: more than 4 writes are open", [W_LAST] * 5),
    "too many reads": ("port: more than 4 reads are open", [*MANY_READS, AR]),
    "data without end": ("port: no wlast on beat 16 (A3.4.1)", [W] * 16),
    "late wlast": ("port: no wlast on beat 2 (A3.4.1)", [AW, W, W, {}]),
    **{
        f"{name} of {channel}": (
            f"port: {message} (A3.4.1)",
            [{f"{channel}{key[2:]}": value for key, value in (AW | change).items()}, *rest],
        )
        for channel, rest in (("aw", WRITE[1:]), ("ar", READ[1:]))
        for name, message, change in (
            ("length", "a burst of more than 16 beats", {"awlen": 16}),
            ("kind", "not an INCR burst of whole beats", {"awburst": 2}),
            ("size", "not an INCR burst of whole beats", {"awsize": 2}),
            ("alignment", "the address of a burst is not aligned", {"awaddr": 0x1004}),
            ("page", "a burst crosses 4 KiB", {"awaddr": 0xFF8}),
        )
    },
    "stream valid in reset": ("stream: tvalid is high in reset (2.7.2)", [T | {"resetn": 0}] * 6),
    **{
        f"{channel} in reset": (
            f"port: {channel}valid is high in reset (A3.1.2)",
            [{"resetn": 0, f"{channel}valid": 1}] * 6,
        )
        for channel in ("aw", "w", "b", "ar", "r")
    },
    **{
        f"{channel} falls": (
            f"port: {channel}valid fell before {channel}ready (A3.2.1)",
            [AR, AW, W, W_LAST, beat | {f"{channel}ready": 0}, {}],
        )
        for channel, beat in (("aw", AW), ("w", W), ("b", B), ("ar", AR), ("r", R))
    },
    **{
        f"{name} changes": (
            f"port: the payload of {channel}valid changed before {channel}ready (A3.2.1)",
            [
                AR,
                AW,
                W,
                W_LAST,
                beat | {f"{channel}ready": 0},
                beat | {f"{channel}ready": 0, name: beat.get(name, 0) ^ 1},
            ],
        )
        for channel, beat, names in (
            ("aw", AW, ("awaddr", "awlen", "awsize", "awburst")),
            ("w", W, ("wdata", "wstrb", "wlast")),
            ("b", B, ("bresp",)),
            ("ar", AR, ("araddr", "arlen", "arsize", "arburst")),
            ("r", R, ("rdata", "rresp", "rlast")),
        )
        for name in names
    },
    **{
        f"{name} changes": (
            "stream: the payload of tvalid changed before tready (2.2.1)",
            [T | {"tready": 0}, T | {"tready": 0, name: T.get(name, 0) ^ 1}],
        )
        for name in ("tdata", "tkeep", "tlast")
    },
}
LITE_AW, LITE_W, LITE_AR = ({f"{channel}valid": 1, f"{channel}ready": 1} for channel in ("aw", "w", "ar"))
LITE_GOOD: Wave = [LITE_AW | {"awaddr": 3}, LITE_W, B, LITE_AR, R]
LITE_BAD: dict[str, tuple[str, Wave]] = {
    "two answers": ("bvalid without a write that has all its data (A3.3.1)", [*LITE_GOOD, B]),
    "no data": ("bvalid without a write that has all its data (A3.3.1)", [LITE_AW, B]),
    "no read": ("rvalid without a read address (A3.3.1)", [*LITE_GOOD, R]),
}

WIDE_AW, WIDE_AR = AW | {"awsize": 4}, AR | {"arsize": 4}
WIDE_W, WIDE_T = W | {"wstrb": 0xFFFF, "wdata": 5 << 120}, T | {"tkeep": 0xFFFF, "tdata": 7 << 120}
WIDE_GOOD: Wave = [
    *[WIDE_AW, WIDE_W, W_LAST, B, WIDE_AR | {"araddr": 0xFE0}, R | {"rdata": 9 << 120}, R_LAST],
    *[WIDE_T, WIDE_T | {"tkeep": 0x1FF, "tlast": 1}],
]
WIDE_BAD: dict[str, tuple[str, Wave]] = {
    "size": ("port: not an INCR burst of whole beats (A3.4.1)", [WIDE_AW | {"awsize": 3}]),
    "alignment": ("port: the address of a burst is not aligned (A3.4.1)", [WIDE_AR | {"araddr": 0x1008}]),
    "page": ("port: a burst crosses 4 KiB (A3.4.1)", [WIDE_AR | {"araddr": 0xFF0}]),
    "upper data": (
        "port: the payload of wvalid changed before wready (A3.2.1)",
        [WIDE_AW, WIDE_W | {"wready": 0}, WIDE_W | {"wdata": 6 << 120}],
    ),
    "upper beat": (
        "stream: the payload of tvalid changed before tready (2.2.1)",
        [WIDE_T | {"tready": 0}, WIDE_T | {"tdata": 6 << 120}],
    ),
    "half a beat": ("stream: tkeep is 0000000011111111, tlast 0 (2.4.3)", [WIDE_T | {"tkeep": 0xFF}]),
}

Play = Callable[..., str]


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """`play(wave, lite)` plays a wave after a reset, then asks for all to be closed; what the monitors print.

    `play(wave, 0, nbytes=16)`: on ports that are as wide.
    """
    folder = tmp_path_factory.mktemp("protocol")
    sources = [*map(str, sorted((CORE / "rtl").glob("*.v"))), str(CORE / "tb" / "replay_waves.v")]
    for lite, nbytes in ((0, 8), (1, 8), (0, 16)):
        values = [f"-Preplay_waves.LITE={lite}", f"-Preplay_waves.BYTES={nbytes}"]
        top = ["-s", "replay_waves", *values, "-o", str(folder / f"replay_{lite}_{nbytes}")]
        subprocess.run(["iverilog", "-g2005", "-Wall", "-Wno-timescale", *top, *sources], check=True)

    def run(wave: Wave, lite: int, nbytes: int = 8) -> str:
        fields = WIDE_FIELDS if nbytes == 16 else FIELDS
        lines = [packed(cycle, fields) for cycle in [*RESET, *wave, {}, {}, {}, {"closed": 1}]]
        file = Path(folder / "wave.hex")
        file.write_text("\n".join(lines))
        command = ["vvp", "-n", str(folder / f"replay_{lite}_{nbytes}"), f"+wave={file}"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    return run


def packed(cycle: dict[str, int], fields: dict[str, int]) -> str:
    word = 0
    for name, bits in fields.items():
        word = word << bits | (IDLE | cycle)[name]
    return f"{word:x}"


def first_finding(said: str) -> str:
    return next(line for line in said.splitlines() if line.startswith(("port: ", "stream: ")))


@pytest.mark.parametrize("name", [*GOOD, *GOOD_HERE])
def test_good_wave(play: Play, name: str) -> None:
    wave = GOOD[name][1] if name in GOOD else GOOD_HERE[name]
    assert f"\nno finding in {len(wave) + 6} cycles\n" in play(wave, 0)


# Side bands are not looked at: our streams have none
@pytest.mark.parametrize("name", sorted(BAD.keys() - {"side band changes"}))
def test_bad_wave(play: Play, name: str) -> None:
    """Of the Python monitors' table, with the same paragraph."""
    message, make, wave = BAD[name]
    of_stream = make is stream
    paragraph = "2.4.3" if message.startswith("tkeep") else message[-6:].strip(" (")
    paragraph = "2.2.1" if of_stream and paragraph == "A3.2.1" else paragraph
    finding = first_finding(play(wave, 0))
    assert finding.startswith("stream: " if of_stream else "port: ")
    assert finding.endswith(f"({paragraph})")


@pytest.mark.parametrize("name", BAD_HERE)
def test_bad_wave_of_these_monitors(play: Play, name: str) -> None:
    message, wave = BAD_HERE[name]
    assert message in play(wave, 0)


def test_axi4_lite(play: Play) -> None:
    assert "\nno finding in 11 cycles\n" in play(LITE_GOOD, 1)
    for message, wave in LITE_BAD.values():
        assert message in play(wave, 1)


def test_ports_of_128_bits(play: Play) -> None:
    assert f"\nno finding in {len(WIDE_GOOD) + 6} cycles\n" in play(WIDE_GOOD, 0, nbytes=16)
    for message, wave in WIDE_BAD.values():
        assert message in play(wave, 0, nbytes=16)
