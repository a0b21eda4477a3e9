"""Moves flip-flops that alone read an ECP5 block RAM's output into the block: the register that Yosys leaves out.

Exact where the block's clock enable is constant or the register's own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

Cells = dict[str, dict[str, Any]]
# Data outputs of each port, the parameter that says where they come from, the output register's clock enable
PORTS = {
    "DP16KD": (("DOA", "REGMODE_A", "OCEA"), ("DOB", "REGMODE_B", "OCEB")),
    "PDPW16KD": (("DO", "REGMODE", "OCER"),),
}
Readers = dict[int, list[tuple[str, str]]]


class Register(NamedTuple):
    """A flip-flop behind an output pin, and its clock enable: a net, or "1"."""

    pin: str
    cell: str
    enable: int | str


def readers_of(module: dict[str, Any]) -> Readers:
    """Return the cells and pins that read each net; the module's ports count as one."""
    readers: Readers = defaultdict(list)
    for port in module["ports"].values():
        for bit in port["bits"]:
            readers[bit].append(("", ""))
    for name, cell in module["cells"].items():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] == "input":
                for bit in bits:
                    readers[bit].append((name, pin))
    return readers


def register_behind(cells: Cells, readers: Readers, pin: str, net: int) -> Register | None:
    """Return the flip-flop without reset that alone reads a net at its data input; None if there is none."""
    if len(readers[net]) != 1:
        return None
    ((name, port),) = readers[net]
    if not name:
        return None
    cell = cells[name]
    parameters, connections = cell["parameters"], cell["connections"]
    if cell["type"] != "TRELLIS_FF" or port != "DI":
        return None
    if parameters.get("LSRMUX", "LSR") == "LSR" and connections.get("LSR", ["0"])[0] not in ("0", "x"):
        return None
    enable = connections.get("CE", ["1"])[0] if parameters.get("CEMUX", "1") == "CE" else "1"
    return Register(pin, name, enable)


def port_registers(cells: Cells, readers: Readers, block: str, prefix: str) -> list[Register]:
    """Return the flip-flops behind a port's data outputs; none unless all that are read have one, with one enable."""
    cell = cells[block]
    outputs = {
        pin: bits[0]
        for pin, bits in cell["connections"].items()
        if cell["port_directions"][pin] == "output" and pin.startswith(prefix) and bits and readers[bits[0]]
    }
    found = [register_behind(cells, readers, pin, net) for pin, net in outputs.items()]
    registers = [register for register in found if register is not None]
    one_enable = len({register.enable for register in registers}) == 1
    return registers if one_enable and len(registers) == len(found) else []


def move_registers(module: dict[str, Any]) -> int:
    """Move what can be moved, in place; a flip-flop that a block took over is deleted. Return their number."""
    cells, readers, moved = module["cells"], readers_of(module), 0
    for name in [name for name, cell in cells.items() if cell["type"] in PORTS]:
        block = cells[name]
        for prefix, mode, enable in PORTS[block["type"]]:
            registers = port_registers(cells, readers, name, prefix)
            if not registers:
                continue
            block["parameters"][mode] = "OUTREG"
            block["port_directions"][enable] = "input"
            block["connections"][enable] = [registers[0].enable]
            for register in registers:
                block["connections"][register.pin] = cells.pop(register.cell)["connections"]["Q"]
            moved += len(registers)
    return moved
