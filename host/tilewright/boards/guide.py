"""The first hour with a board, written from its data: what to buy, commands in order, what to expect, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tilewright.boards.board import Board
from tilewright.boards.clocks import pl_clock
from tilewright.boards.families import ZYNQ_7000
from tilewright.boards.speeds import NETWORK, Rate
from tilewright.hardware.parameters import ARRAY_SIZES
from tilewright.silicon.area import AreaModel
from tilewright.silicon.budget import Design, design, most_dsp_columns
from tilewright.silicon.configuration import Configuration
from tilewright.silicon.parts import Part, part_of
from tilewright.silicon.points import committed

VIVADO = "2022.1 to 2024.2"
SETUP_PAGES = "PYNQ's documentation, docs/source/getting_started of Xilinx/PYNQ"
_SPEED = ("Batch", "Images a second, assumed clock", "Cycles")
RESOURCES = {"lut": "LUT", "ff": "FF", "dsp": "DSP", "block_ram": "block RAM"}


@dataclass(frozen=True)
class Setup:
    """What of a board is in no file of data: how it boots, who logs in, where its power can be read.

    Attributes:
        buy: beside the board.
        boot: what to set before it is switched on.
        user: of its image.
        power: where its power can be measured without a meter; "" where nothing was found.
        source: of buy and boot.
    """

    buy: str
    boot: str
    user: str = "xilinx"
    power: str = ""
    source: str = "from memory: no source was read"


_CARD = "a micro-SD card of 8 GB or more"
SETUPS = {
    "pynq_z1": Setup(
        f"{_CARD}, a micro USB cable, an Ethernet cable",
        "jumper JP4 at SD, JP5 at USB (or at REG, with a supply of 12 V)",
        source=f"{SETUP_PAGES}, pynq_z1_setup.rst",
    ),
    "pynq_z2": Setup(
        f"{_CARD}, a micro USB cable, an Ethernet cable",
        "the Boot jumper at SD, the Power jumper at USB (or at REG, with a supply of 12 V)",
        source=f"{SETUP_PAGES}, pynq_z2_setup.rst",
    ),
    "zcu104": Setup(
        f"{_CARD}, an Ethernet cable; the 12 V supply is in the kit",
        "switch SW6: 1 on, 2 to 4 off (SD)",
        power="an INA226 at U183 (shunt 5 mOhm), by Linux' zynqmp-zcu104-revA.dts and revC.dts; which rail it sees was "
        "not read",
        source=f"{SETUP_PAGES}, zcu104_setup.rst",
    ),
    "kv260": Setup(
        "a micro-SD card with Ubuntu 22.04, an Ethernet cable, a supply of 12 V",
        "nothing: it boots from the card; install PYNQ with Kria-PYNQ's install.sh",
        user="ubuntu",
        power="an INA260 at U14, by Linux' zynqmp-sck-kv-g-revB.dtso: the module's supply, the carrier not in it (from "
        "memory)",
    ),
    "ultra96v2": Setup(
        f"{_CARD}, a supply of 12 V, a micro USB cable for the USB gadget, or WiFi",
        "the boot switches at SD; the power button SW3 starts it",
        power="an INA226 at U35 of the first Ultra96, by Linux' zynqmp-zcu100-revC.dts; whether the V2 has it was not "
        "read",
    ),
    "aup_zu3": Setup(
        "a micro-SD card, a USB-C cable, an adapter of 9 V 3 A",
        "the card in, the boot switch at SD",
    ),
}
_NARROW = ("5. `--stream 64`, the default here: streams of 128 bits bring a second clock.",)
OTHER = Setup("what its manual says", "as its manual says, from the card with PYNQ's image")


def guide(board: Board, rates: Mapping[int, Rate]) -> list[str]:
    """The guide of a board, lines of Markdown.

    Args:
        board: the board.
        rates: images a second by array (:func:`tilewright.boards.speeds.read_rates`).
    """
    setup = SETUPS.get(board.name, OTHER)
    return [
        *_state(board),
        *_shopping(board, setup),
        *_commands(board, setup),
        *_expected(board, rates),
        *_timing(board),
        *_energy(setup),
    ]


def _state(board: Board) -> list[str]:
    return [
        "## What has run, and what has not",
        "",
        "- **Not run**: nothing has run on this board, and no Vivado has built its project. No bitstream",
        "  exists.",
        "- **Checked without either**: the project's Tcl in tclsh against stand-ins that know the IPs (`make",
        "  boards`); the RTL in simulation, whole networks equal to PyTorch's integers",
        "  ([results](../results/README.md)); every `tilewright board` command of this page on the simulated",
        "  device, over a local sshd, and the build against a stand-in for Vivado (tests/board, tests/check,",
        "  tests/vivado).",
        "- **Reports of boards** go to [results/hardware](../results/hardware/README.md). There is none yet.",
        "",
    ]


def _shopping(board: Board, setup: Setup) -> list[str]:
    rows = {
        f"Beside the {board.title}": setup.buy,
        "Power supply": board.pynq.power,
        "Before switching on": setup.boot,
        "On its card": f"PYNQ: {board.pynq.images}",
        "Network": board.pynq.network,
        "On your computer": f"Vivado {VIVADO} with this part's family, for the bitstream alone; Linux, Python 3.10 to "
        "3.12, OpenSSH",
    }
    return [
        "## What to buy and to install",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {text} |" for name, text in rows.items()),
        "",
        f"Buying and booting: {setup.source}.",
        "",
    ]


def _commands(board: Board, setup: Setup) -> list[str]:
    user = setup.user
    board_options = "HOST --bitstream tilewright.bit" + ("" if user == "xilinx" else f" --user {user}")
    own = f"{board_options} --network network.safetensors"
    folder = f"bitstreams/{board.name}_{board.accelerator['N']}x{board.accelerator['N']}"
    return [
        "## The first hour, command by command",
        "",
        "1.  On your computer, in a clone of this repository:",
        "",
        "        make setup",
        f"        tilewright board build {board.name}",
        "",
        f"    It takes Vivado on PATH, and ends with `tilewright.bit`, its .hwh and its manifest in `{folder}`; the",
        f"    commands below are typed there. On a computer without Vivado, `fusesoc run --target {board.name}",
        "    --setup tilewright:soc:board` writes the project. [Bitstreams](../bitstreams.md) has every option.",
        "",
        f"2.  Once, so that nothing asks for a password: `ssh-copy-id {user}@HOST`; on the board, since pynq needs",
        "    root,",
        f"    `echo '{user} ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/{user}`.",
        "",
        "3.  **First test.** It copies and installs what runs there, reads clock, registers, manifest, DMA and",
        "    buffer addresses, and computes nothing before these are as they should be. Then bit patterns through",
        "    every bit of the streams and the whole activation memory, golden vectors, a program that is stopped",
        "    in its middle:",
        "",
        f"        tilewright board check {board_options}",
        "",
        "4.  The self-test: layers and networks integer by integer, errors, time-outs.",
        "",
        f"        tilewright board deploy {board_options}",
        "",
        "5.  A network of your own: every integer of every layer compared, then timed. `images.npz` holds uint8",
        "    `pixels` (count, channels, height, width).",
        "",
        f"        tilewright board deploy {own} --images images.npz",
        f"        tilewright board check {own} --bench 10 --batch 4",
        "",
        "6.  Ten minutes of exact programs, and the report of all of it for an issue:",
        "",
        f"        tilewright board report {board_options} --soak 10 -o report.json",
        "",
        "Without the board, `tilewright board check sim` does the same on the simulated device.",
        "[Boards](../board.md) has every option.",
        "",
    ]


def _expected(board: Board, rates: Mapping[int, Rate]) -> list[str]:
    part = part_of(board.device)
    clock = pl_clock(board, board.clock.mhz).mhz
    default = Configuration(*(board.accelerator[name] for name in ("N", "DSP_COLUMNS", "STREAM_W")))
    area = AreaModel(committed().areas, "")
    designs = [design(area, part, build) for build in _builds(part, default)]
    columns = ["Array", "DSP columns", "Stream", *RESOURCES.values(), *_SPEED]
    return [
        "## What to expect: which array for which network",
        "",
        f"Images a second are those of {NETWORK} on images of 32x32, at the board's assumed {clock:.6g} MHz,",
        f"**which no {board.title} has shown**, a memory that never stalls and a host that is never late.",
        "",
        f"| {' | '.join(columns)} |",
        f"|{'---|' * len(columns)}",
        *(_row(one, rates, clock, one.build == default) for one in designs),
        "",
        "- e estimated: by a fit to Yosys' netlists, DSPs and memories counted; x extrapolated beyond them. 5,000",
        "  LUTs of AMD's own IPs are in the LUTs. No tool of a vendor has placed any of these. **Bold: what is",
        "  built** unless told otherwise (`--array`, `--dsp-columns`, `--stream`).",
        "- Images a second are estimated: cycles as the last column says, times the assumed clock.",
        "- A network whose layers have fewer channels than the array has columns leaves columns idle: the largest",
        f"  array is for networks of 64 channels and more, as {NETWORK} is. `tilewright estimate NETWORK --array N",
        "  --batch B` gives the exact cycles of yours on each.",
        "- Begin with the board's own (bold) or a smaller one: programs, results and self-test are the same, and",
        "  less has to be placed.",
        *_not_fitting(designs),
        "",
    ]


def _builds(part: Part, default: Configuration) -> list[Configuration]:
    """A build an array, as the board's own where it has this array."""
    others = [Configuration(n, most_dsp_columns(part, n), 64 if n == 8 else default.stream_w) for n in ARRAY_SIZES]
    return [default if build.n == default.n else build for build in others]


def _row(one: Design, rates: Mapping[int, Rate], mhz: float, is_default: bool) -> str:
    build, rate = one.build, rates.get(one.build.n)
    name = f"**{build.n}x{build.n}**" if is_default else f"{build.n}x{build.n}"
    shares = [
        f"{share.share:.0%} {share.taken.kind.value[0] if share.taken.kind.value != 'extrapolated' else 'x'}"
        for share in (one.shares[each] for each in RESOURCES)
    ]
    speed = ["-", "-", "-"]
    if rate is not None and one.fits:
        speed = [str(rate.batch), f"{rate.images_per_second(mhz):.0f}", rate.source]
    cells = [name, str(build.dsp_columns), str(build.stream_w), *shares, *speed]
    return f"| {' | '.join(cells)} |"


def _not_fitting(designs: list[Design]) -> list[str]:
    names = [f"{one.build.n}x{one.build.n}" for one in designs if not one.fits]
    return [f"- Does not fit: {', '.join(names)}."] if names else []


def _timing(board: Board) -> list[str]:
    return [
        "## When timing fails",
        "",
        "No bitstream is written when a path is too slow; `board build` says by how much, and Vivado's log and",
        "reports lie in `build/board`. In this order:",
        "",
        "1. A slower clock: `--clock 80`, an assumed one in MHz. Results are the same; `board check` compares",
        "   what runs with what was asked for.",
        "2. A smaller array: `--array 8`.",
        "3. Other columns of DSPs: `--dsp-columns`, fewer where the failing path goes through DSPs, more where",
        "   LUTs are congested; `--set DSP_CHAIN=8` breaks chains of DSPs that are longer than a column of the",
        "   part.",
        "4. Attach the timing report to an issue. `--allow-negative-slack` writes a bitstream nevertheless, whose",
        "   manifest says so, and `board check` may then find wrong integers.",
        *(_NARROW if board.kind is ZYNQ_7000 else ()),
        "",
    ]


def _energy(setup: Setup) -> list[str]:
    where = setup.power or "no sensor of its own was found: an inline meter at its supply"
    return [
        "## Power and energy",
        "",
        f"[How to measure it](../energy.md). On this board: {where}. Nothing has been measured.",
        "",
    ]
