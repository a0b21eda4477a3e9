"""A delay model of 7-series logic at speed grade -1, in ns, for netlists of Yosys `synth_xilinx -family xc7`.

Where the numbers are from: LUT, carry chain, F7/F8 multiplexer and flip-flop (0.124, 0.114, 0.25, 0.518) are those that
Vivado's timing reports of this fabric are known for, one number a cell where it has one a pin; they were not checked
against a data sheet or a device. Block RAM is Yosys' xilinx/cells_sim.v: 2.454 from the memory's latch, 0.882 from its
output register. The set-up times of a DSP's pins without a register of their own are Yosys', too, which look like those
of the fastest grade, times 1.35. A net's delay is a rule of thumb over its fan-out, for nothing is placed. A port
counts as a register.

What it is good for: the ranking of paths, and a change before and after. The number itself is right to +-25 % at best:
no placement, no clock skew, no copies of registers, which Vivado makes and Yosys does not. It is no report on a device.
"""

from __future__ import annotations

from dataclasses import dataclass

from netlist import Driver, Netlist

LUT, MUX, MUX_SELECT, LUT_RAM = 0.124, 0.25, 0.32, 0.15
CARRY_IN_TO_CO, CARRY_IN_TO_O, CARRY_PIN_TO_CO, CARRY_PIN_TO_O = 0.114, 0.30, 0.50, 0.45
REGISTER, SHIFT_REGISTER, DSP, PORT = 0.518, 1.63, 0.5, 0.518
BLOCK_RAM, BLOCK_RAM_REGISTERED = 2.454, 0.882
SETUP = {"D": 0.06, "CE": 0.21, "R": 0.43, "S": 0.43, "I": 0.06}
SETUP_OTHERS = 0.4
# Of a DSP's pins to the register behind multiplier or adder, and the attribute that gives the pin one of its own
DSP_SETUP = {"B": (1.74, "BREG"), "C": (1.68, "CREG"), "PCIN": (1.39, "")}
CLOCKS = ("C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK")
REGISTERS = ("FDRE", "FDSE", "FDCE", "FDPE")
LUT_RAMS = ("RAM32M", "RAM64M", "RAM32X1D", "RAM64X1D", "RAM128X1D")


@dataclass(frozen=True)
class Arc:
    """A way through a cell.

    Attributes:
        net: the input's.
        port: the input pin.
        delay: ns from pin to output.
        luts: levels of logic that it adds.
    """

    net: int
    port: str
    delay: float
    luts: int


def net_delay(netlist: Netlist, net: int, reader: str, port: str) -> float:
    """Delay of a net in ns on its way to a reader's pin; carry and F7/F8 nets inside a slice take none."""
    source = netlist.type_of(net)
    if reader == "CARRY4" and port == "CI" and source == "CARRY4":
        return 0.0
    if reader in ("MUXF7", "MUXF8") and port != "S":
        return 0.0
    if reader == "DSP48E1" and port == "PCIN":
        return 0.0
    fanout = len(netlist.readers[net])
    steps = 0.3 * (fanout > 16) + 0.4 * (fanout > 64) + 0.5 * (fanout > 256)
    return 0.35 + 0.125 * min(fanout, 4) + steps


def launch(netlist: Netlist, net: int) -> float | None:
    """Delay in ns from the clock to a net that a register, a memory or an input port drives; None for other cells."""
    kind = netlist.type_of(net)
    if kind in ("", "IBUF", "BUFG"):
        return PORT
    if kind in REGISTERS:
        return REGISTER
    if kind.startswith("SRL"):
        return SHIFT_REGISTER
    if kind.startswith("RAMB"):
        return BLOCK_RAM_REGISTERED if has_register(netlist, net) else BLOCK_RAM
    return DSP if kind == "DSP48E1" else None


def has_register(netlist: Netlist, net: int) -> bool:
    """Whether a block RAM's output is, or may be, registered in the block: nothing but registers reads it."""
    cell = netlist.cells[netlist.drivers[net].cell]
    own = f"DO{netlist.drivers[net].port[2]}_REG"  # DOADO, DOPADOP
    if int(str(cell.get("parameters", {}).get(own, "0")), 2):
        return True
    return all(netlist.cells[name]["type"] in REGISTERS and port == "D" for name, port in netlist.readers[net])


def arcs(netlist: Netlist, driver: Driver) -> list[Arc]:
    """The ways through a combinational cell to one of its output bits; none for a cell that the model does not know."""
    cell = netlist.cells[driver.cell]
    kind = cell["type"]
    pins = list(netlist.pins(driver.cell, "input"))
    if kind.startswith("LUT") or kind == "INV":
        return [Arc(net, port, LUT, 1) for port, _, net in pins]
    if kind.startswith("MUXF"):
        return [Arc(net, port, MUX_SELECT if port == "S" else MUX, 0) for port, _, net in pins]
    if kind == "CARRY4":
        return carry_arcs(pins, driver)
    if kind in LUT_RAMS:
        prefix = {"DPO": "DPRA", "SPO": "A"}.get(driver.port, f"ADDR{driver.port[-1]}")
        return [Arc(net, port, LUT_RAM, 1) for port, _, net in pins if port.startswith(prefix)]
    return []


def carry_arcs(pins: list[tuple[str, int, int]], driver: Driver) -> list[Arc]:
    """The ways to a bit of a carry chain's CO, from the pins at or below it, or of its sum O."""
    carry, found = driver.port == "CO", []
    for port, index, net in pins:
        if port in ("CI", "CYINIT"):
            found.append(Arc(net, port, CARRY_IN_TO_CO if carry else CARRY_IN_TO_O, 0))
        elif carry and index <= driver.index:
            found.append(Arc(net, port, CARRY_PIN_TO_CO, 0))
        elif not carry and (index < driver.index or (index == driver.index and port == "S")):
            found.append(Arc(net, port, CARRY_PIN_TO_O, 0))
    return found


def captures(netlist: Netlist, name: str) -> bool:
    """Whether a cell ends paths: registers, memories, shift registers, DSPs, output ports."""
    kind: str = netlist.cells[name]["type"]
    return kind.startswith(("FD", "RAM", "SRL", "DSP")) or kind == "OBUF"


def setup(netlist: Netlist, name: str, port: str) -> float | None:
    """Set-up time in ns of a pin of a cell that ends paths; None for a pin that ends none."""
    kind = netlist.cells[name]["type"]
    if kind == "DSP48E1" and port in DSP_SETUP:
        through, register = DSP_SETUP[port]
        registered = int(str(netlist.cells[name].get("parameters", {}).get(register, "0")), 2)
        return SETUP_OTHERS if registered else through
    if port in CLOCKS:
        return None
    if kind in LUT_RAMS and port.startswith(("ADDRA", "ADDRB", "ADDRC", "DPRA")):
        return None  # read through, not registered
    if kind.startswith("SRL") and port.startswith("A"):
        return None
    return SETUP.get(port, SETUP_OTHERS)
