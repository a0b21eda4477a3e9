"""The block design of a board as data: cells, nets, buses, addresses. The Tcl and the .hwh are written from it."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.boards.board import Board
from tilewright.boards.clocks import PlClock, asked_mhz, pl_clock
from tilewright.boards.families import ZYNQ_7000
from tilewright.boards.parameters import BuildParameters

DESIGN = "tilewright"
DMA, INTC, ACCELERATOR = "axi_dma_0", "axi_intc_0", "accelerator_0"
CONTROL, CONCAT, RESET = "control_interconnect", "xlconcat_0", "proc_sys_reset_0"
ACCELERATOR_IP, ACCELERATOR_VERSION = "tilewright:ip:accelerator", "0.2"
WINDOW_BYTES = 0x1_0000
LENGTH_WIDTH = 26
BURST = 16
# MHz of ports to memory that are narrower than the streams: an HP port of Zynq-7000 at the clock of UG585's chapter 22
PORT_MHZ = 150.0
# In the order of the interrupt controller's inputs
INTERRUPTS = (f"{DMA}/mm2s_introut", f"{DMA}/s2mm_introut", f"{ACCELERATOR}/irq")
REGISTERS = {DMA: "S_AXI_LITE/Reg", ACCELERATOR: "s_axil/reg0", INTC: "S_AXI/Reg"}


@dataclass(frozen=True)
class Cell:
    """A cell: name, IP (vendor:library:name, no version), the parameters that are set."""

    name: str
    ip: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Net:
    """A net: the pin that drives it and those that it goes to, each ``cell/pin``."""

    driver: str
    sinks: tuple[str, ...]


@dataclass(frozen=True)
class Bus:
    """A connection of two interfaces, each ``cell/interface``."""

    master: str
    slave: str


@dataclass(frozen=True)
class Mapping:
    """A segment in a master's address space; offset and bytes are None where the segment's own are taken."""

    space: str
    segment: str
    offset: int | None
    bytes: int | None


@dataclass(frozen=True)
class BlockDesign:
    """A block design.

    Attributes:
        board: that it is for.
        parameters: that it is built with.
        clocks: of the PL, the design's own first.
        cells: the processing system first.
        nets: clocks, resets, interrupts.
        buses: AXI and AXI-Stream.
        mapped: the address map.
        excluded: segments that a master shall not reach; space and segment.
    """

    board: Board
    parameters: BuildParameters
    clocks: tuple[PlClock, ...]
    cells: tuple[Cell, ...]
    nets: tuple[Net, ...]
    buses: tuple[Bus, ...]
    mapped: tuple[Mapping, ...]
    excluded: tuple[tuple[str, str], ...]

    @property
    def ps(self) -> str:
        """The processing system's cell."""
        return self.board.kind.instance


@dataclass(frozen=True)
class _MemoryPath:
    """An interconnect to memory: its name, the DMA's masters, the port, index of the port's clock."""

    name: str
    masters: tuple[str, ...]
    port: str
    clock: int


def block_design(board: Board, parameters: BuildParameters, build_hash: int) -> BlockDesign:
    """The block design of a board.

    Args:
        board: that it is for.
        parameters: that it is built with.
        build_hash: what the register BUILD_HASH reads.

    Raises:
        ParameterError: no such clock can be made.
    """
    clocks = [pl_clock(board, parameters.clock_mhz)]
    if _narrow(board, parameters):
        clocks.append(pl_clock(board, max(PORT_MHZ, parameters.clock_mhz), 1))
    paths = _memory_paths(board, parameters)
    return BlockDesign(
        board=board,
        parameters=parameters,
        clocks=tuple(clocks),
        cells=(
            _processing_system(board, clocks, paths),
            *(_reset(index) for index in range(len(clocks))),
            _dma(board, parameters),
            _accelerator(parameters, build_hash),
            Cell(CONTROL, board.kind.interconnect, {"NUM_SI": "1", "NUM_MI": str(len(REGISTERS))}),
            *(Cell(p.name, board.kind.interconnect, {"NUM_SI": str(len(p.masters)), "NUM_MI": "1"}) for p in paths),
            Cell(INTC, "xilinx.com:ip:axi_intc", {"C_IRQ_CONNECTION": "1"}),
            Cell(CONCAT, "xilinx.com:ip:xlconcat", {"NUM_PORTS": str(len(INTERRUPTS))}),
        ),
        nets=(*_clock_nets(board, clocks, paths), *_reset_nets(board, clocks, paths), *_interrupt_nets(board)),
        buses=tuple(_buses(board, paths)),
        mapped=(*_registers(board), *_memory(board, paths)),
        excluded=tuple(_excluded(board, paths)),
    )


def _narrow(board: Board, parameters: BuildParameters) -> bool:
    """Whether the ports to memory are narrower than the streams: each channel then has its own, at a faster clock."""
    return parameters.stream_w > board.memory.width


def _memory_paths(board: Board, parameters: BuildParameters) -> list[_MemoryPath]:
    ports = board.memory.ports
    if not _narrow(board, parameters):
        return [_MemoryPath("memory_interconnect", ("MM2S", "S2MM"), ports[0], 0)]
    return [
        _MemoryPath("memory_interconnect", ("MM2S",), ports[0], 1),
        _MemoryPath("result_interconnect", ("S2MM",), ports[1], 1),
    ]


def _processing_system(board: Board, clocks: list[PlClock], paths: list[_MemoryPath]) -> Cell:
    """The settings of the PL's side come last: they win over the board's."""
    family = board.kind
    settings = dict(board.processing_system.settings)
    used = {board.control.port, *(path.port for path in paths)}
    for port in family.ports.values():
        settings[port.enable] = str(int(port.name in used))
        if port.name in used and port.width:
            settings[port.width] = str(board.control.width if port.name == board.control.port else board.memory.width)
    settings |= family.irq_settings
    for index in range(family.pl_clocks):
        if index >= len(clocks):
            settings |= family.no_clock(index)
            continue
        clock = clocks[index]
        divisors = (clock.divisor0, clock.divisor1) if board.clock.set_divisors else None
        settings |= family.clock_settings(index, asked_mhz(clock), clock.pll, divisors)
    return Cell(family.instance, family.ip, settings)


def _reset(index: int) -> Cell:
    return Cell(f"proc_sys_reset_{index}", "xilinx.com:ip:proc_sys_reset", {})


def _dma(board: Board, parameters: BuildParameters) -> Cell:
    width = str(parameters.stream_w)
    return Cell(
        DMA,
        "xilinx.com:ip:axi_dma",
        {
            "c_include_sg": "0",
            "c_sg_include_stscntrl_strm": "0",
            "c_sg_length_width": str(LENGTH_WIDTH),
            "c_addr_width": str(board.kind.addr_width),
            "c_m_axi_mm2s_data_width": width,
            "c_m_axis_mm2s_tdata_width": width,
            "c_m_axi_s2mm_data_width": width,
            "c_s_axis_s2mm_tdata_width": width,
            "c_mm2s_burst_size": str(BURST),
            "c_s2mm_burst_size": str(BURST),
        },
    )


def _accelerator(parameters: BuildParameters, build_hash: int) -> Cell:
    """Every parameter by name: a packaged IP makes constants of those that depend on others."""
    named = {name: str(value) for name, value in parameters.verilog.items()}
    return Cell(ACCELERATOR, ACCELERATOR_IP, {**named, "BUILD_HASH": f"0x{build_hash:08x}"})


def _is_interconnect(board: Board) -> bool:
    """Whether each side of an interconnect has a clock and a reset of its own (axi_interconnect; smartconnect not)."""
    return board.kind is ZYNQ_7000


def _clock_nets(board: Board, clocks: list[PlClock], paths: list[_MemoryPath]) -> list[Net]:
    ps, ports = board.kind.instance, board.kind.ports
    sinks: list[list[str]] = [[f"proc_sys_reset_{index}/slowest_sync_clk"] for index in range(len(clocks))]
    sinks[0] += [f"{ps}/{ports[board.control.port].clock}"]
    sinks[0] += [f"{DMA}/{name}" for name in ("s_axi_lite_aclk", "m_axi_mm2s_aclk", "m_axi_s2mm_aclk")]
    sinks[0] += [f"{ACCELERATOR}/aclk", f"{INTC}/s_axi_aclk"]
    for path in paths:
        sinks[path.clock] += [f"{ps}/{ports[path.port].clock}"]
    if _is_interconnect(board):
        sinks[0] += [f"{CONTROL}/{name}_ACLK" for name in ("S00", *_masters())] + [f"{CONTROL}/ACLK"]
        for path in paths:
            sinks[0] += [f"{path.name}/ACLK", *(f"{path.name}/S{i:02}_ACLK" for i in range(len(path.masters)))]
            sinks[path.clock] += [f"{path.name}/M00_ACLK"]
    else:
        sinks[0] += [f"{name}/aclk" for name in (CONTROL, *(path.name for path in paths))]
    pin = board.clock.pin.rstrip("0123456789")
    return [Net(f"{ps}/{pin}{index}", tuple(found)) for index, found in enumerate(sinks)]


def _masters() -> list[str]:
    return [f"M{index:02}" for index in range(len(REGISTERS))]


def _reset_nets(board: Board, clocks: list[PlClock], paths: list[_MemoryPath]) -> list[Net]:
    peripheral: list[list[str]] = [[] for _ in clocks]
    interconnects: list[str] = []
    peripheral[0] += [f"{DMA}/axi_resetn", f"{ACCELERATOR}/aresetn", f"{INTC}/s_axi_aresetn"]
    if _is_interconnect(board):
        interconnects += [f"{name}/ARESETN" for name in (CONTROL, *(path.name for path in paths))]
        peripheral[0] += [f"{CONTROL}/{name}_ARESETN" for name in ("S00", *_masters())]
        for path in paths:
            peripheral[0] += [f"{path.name}/S{i:02}_ARESETN" for i in range(len(path.masters))]
            peripheral[path.clock] += [f"{path.name}/M00_ARESETN"]
    else:
        interconnects += [f"{name}/aresetn" for name in (CONTROL, *(path.name for path in paths))]
    external = tuple(f"proc_sys_reset_{index}/ext_reset_in" for index in range(len(clocks)))
    return [
        Net(f"{board.kind.instance}/{board.clock.reset_pin}", external),
        Net(f"{RESET}/interconnect_aresetn", tuple(interconnects)),
        *(Net(f"proc_sys_reset_{i}/peripheral_aresetn", tuple(sinks)) for i, sinks in enumerate(peripheral) if sinks),
        # A soft reset of the accelerator keeps a result that waits; the DMA's reset clears it together with S2MM
        Net(f"{DMA}/s2mm_prmry_reset_out_n", (f"{ACCELERATOR}/m_axis_aresetn",)),
    ]


def _interrupt_nets(board: Board) -> list[Net]:
    return [
        *(Net(pin, (f"{CONCAT}/In{index}",)) for index, pin in enumerate(INTERRUPTS)),
        Net(f"{CONCAT}/dout", (f"{INTC}/intr",)),
        Net(f"{INTC}/irq", (f"{board.kind.instance}/{board.interrupt_pin}",)),
    ]


def _buses(board: Board, paths: list[_MemoryPath]) -> list[Bus]:
    ps = board.kind.instance
    slaves = {DMA: "S_AXI_LITE", ACCELERATOR: "s_axil", INTC: "s_axi"}
    buses = [Bus(f"{ps}/{board.control.port}", f"{CONTROL}/S00_AXI")]
    buses += [Bus(f"{CONTROL}/M{i:02}_AXI", f"{cell}/{slave}") for i, (cell, slave) in enumerate(slaves.items())]
    for path in paths:
        for index, master in enumerate(path.masters):
            buses.append(Bus(f"{DMA}/M_AXI_{master}", f"{path.name}/S{index:02}_AXI"))
        buses.append(Bus(f"{path.name}/M00_AXI", f"{ps}/{path.port}"))
    return [
        *buses,
        Bus(f"{DMA}/M_AXIS_MM2S", f"{ACCELERATOR}/s_axis"),
        Bus(f"{ACCELERATOR}/m_axis", f"{DMA}/S_AXIS_S2MM"),
    ]


def _registers(board: Board) -> list[Mapping]:
    space = f"{board.kind.instance}/Data"
    return [
        Mapping(space, f"{cell}/{segment}", board.address(cell), WINDOW_BYTES) for cell, segment in REGISTERS.items()
    ]


def _memory(board: Board, paths: list[_MemoryPath]) -> list[Mapping]:
    return [
        Mapping(
            f"{DMA}/Data_{master}",
            f"{board.kind.instance}/{board.kind.ports[path.port].prefix}{segment.name}",
            int(segment.base, 16),
            None if segment.bytes is None else int(segment.bytes, 16),
        )
        for path in paths
        for master in path.masters
        for segment in board.memory.segments
    ]


def _excluded(board: Board, paths: list[_MemoryPath]) -> list[tuple[str, str]]:
    return [
        (f"{DMA}/Data_{master}", f"{board.kind.instance}/{board.kind.ports[path.port].prefix}{name}")
        for path in paths
        for master in path.masters
        for name in board.memory.excluded
    ]
