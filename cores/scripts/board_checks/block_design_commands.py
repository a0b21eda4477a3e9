"""Vivado's commands that make a block design."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from board_checks import processing_systems
from board_checks.recorded import Recorded, RecordedCell
from board_checks.tcl_process import TclError, words_of
from board_checks.vendor import Ip, VendorIps

PROCESSING_SYSTEMS = ("processing_system7", "zynq_ultra_ps_e")


class BlockDesignCommands:
    """A block design in the making.

    Attributes:
        recorded: what has been made.
        board_part: of the project, "" without one.
    """

    def __init__(self, vendor: VendorIps, packaged: Callable[[Mapping[str, str]], Ip | None]) -> None:
        """Args: the table of IPs; the packaged accelerator with parameters, None before it is packaged."""
        self.recorded = Recorded()
        self.board_part = ""
        self._vendor = vendor
        self._packaged = packaged
        self._preset: dict[str, str] = {}
        self._plls: dict[str, tuple[int, int]] = {}
        self.created = False

    # ---- catalogue
    def get_ipdefs(self, options: Mapping[str, str], _: list[str]) -> str:
        """The versions of an IP."""
        name = options["-filter"].split("=~")[1].strip().removesuffix(":*")
        vendor, library, ip = name.split(":")
        if (vendor, library, ip) == ("tilewright", "ip", "accelerator"):
            return f"{name}:0.2" if self._packaged({}) is not None else ""
        version = self._vendor.version(ip) if (vendor, library) == ("xilinx.com", "ip") else None
        return f"{name}:{version}" if version else ""

    # ---- cells
    def create_bd_design(self, _: Mapping[str, str], words: list[str]) -> str:
        """Begin the design."""
        if self.created:
            raise TclError(f"there is a block design already: {words[0]}")
        self.created = True
        return words[0]

    def create_bd_cell(self, options: Mapping[str, str], words: list[str]) -> str:
        """A cell of an IP in the catalogue."""
        vlnv, name = options["-vlnv"], words[0]
        if not self.created:
            raise TclError("there is no block design")
        if name in self.recorded.cells:
            raise TclError(f"there is a cell {name} already")
        if len(vlnv.split(":")) != 4:
            raise TclError(f"{vlnv!r}: no IP")
        cell = RecordedCell(name, vlnv, {}, Ip({}, {}, {}, ()))
        self.recorded.cells[name] = cell
        self._refresh(cell)
        return name

    def set_parameters(self, name: str, values: Mapping[str, str]) -> None:
        """Set CONFIG.* of a cell. Raises TclError for one that its IP does not have or with an illegal value."""
        cell = self._cell(name)
        wrong = [self._wrong(cell, key, value) for key, value in values.items()]
        if any(wrong):
            raise TclError(f"{name}: {'; '.join(text for text in wrong if text)}")
        cell.parameters |= values
        self._refresh(cell)

    def _wrong(self, cell: RecordedCell, name: str, value: str) -> str:
        if cell.kind != "accelerator":
            return self._vendor.wrong_parameter(cell.kind, name, value)
        return "" if name in cell.all_parameters else f"accelerator has no parameter {name}"

    def parameter(self, name: str, key: str) -> str:
        """A CONFIG.* of a cell, computed where Vivado computes it."""
        cell = self._cell(name)
        values = {**cell.ip.defaults, **self._of_preset(cell), **cell.parameters}
        if cell.kind in PROCESSING_SYSTEMS:
            found = processing_systems.computed(cell.kind, values, self._plls, key)
            if found is not None:
                return found
        if key not in values:
            raise TclError(f"{name}: no property CONFIG.{key}")
        return values[key]

    def _of_preset(self, cell: RecordedCell) -> dict[str, str]:
        return self._preset if cell.kind in PROCESSING_SYSTEMS else {}

    def _refresh(self, cell: RecordedCell) -> None:
        """What the cell has by its parameters."""
        if cell.kind != "accelerator":
            cell.ip = self._vendor.instance(cell.kind, {**self._of_preset(cell), **cell.parameters})
            return
        found = self._packaged(cell.parameters)
        if found is None:
            raise TclError("the accelerator is not in the catalogue")
        cell.ip = found
        cell.all_parameters = frozenset(found.defaults)

    def apply_bd_automation(self, options: Mapping[str, str], words: list[str]) -> str:
        """Externals and presets of a processing system."""
        cell = self._cell(words[0])
        configuration = words_of(options["-config"].replace('"', " "))
        text = options["-config"]
        if options["-rule"] != f"xilinx.com:bd_rule:{cell.kind}":
            raise TclError(f"{options['-rule']} is no rule of {cell.name}")
        if "make_external" in text:
            self.recorded.external |= {
                name.strip(",") for name in configuration if name.strip(",") in ("FIXED_IO", "DDR")
            }
        if 'apply_board_preset "1"' in text:
            preset = self._vendor.preset(self.board_part)
            if preset is None:
                raise TclError(f"no preset for board {self.board_part!r}")
            self._preset = preset["settings"]
            self._plls = {name: (multiplier, halved) for name, (multiplier, halved) in preset["plls"].items()}
        self._refresh(cell)
        return ""

    # ---- connections
    def get_bd_cells(self, _: Mapping[str, str], words: list[str]) -> str:
        """A cell's name."""
        return self._cell(words[0]).name

    def get_bd_pins(self, __: Mapping[str, str], words: list[str]) -> str:
        """A pin's path."""
        cell, _, pin = words[0].partition("/")
        if pin not in self._cell(cell).ip.pins:
            raise TclError(f"no pin {words[0]}; {cell} has {', '.join(self._cell(cell).ip.pins)}")
        return words[0]

    def get_bd_intf_pins(self, __: Mapping[str, str], words: list[str]) -> str:
        """An interface's path."""
        cell, _, name = words[0].partition("/")
        if name not in self._cell(cell).ip.interfaces:
            raise TclError(f"no interface {words[0]}; {cell} has {', '.join(self._cell(cell).ip.interfaces)}")
        return words[0]

    def connect_bd_net(self, _: Mapping[str, str], words: list[str]) -> str:
        """Connect pins. Raises TclError where a second output would drive the net."""
        self.recorded.connect(words)
        drivers = [pin for pin in sorted(self.recorded.net_of(words[0])) if self.recorded.pin_of(pin).dir == "O"]
        if len(drivers) > 1:
            raise TclError(f"two drivers on one net: {', '.join(drivers)}")
        return ""

    def connect_bd_intf_net(self, _: Mapping[str, str], words: list[str]) -> str:
        """Connect two interfaces. Raises TclError for one that is connected, or two of unlike kinds."""
        for path in words:
            if any(path in pair for pair in self.recorded.buses):
                raise TclError(f"{path} is connected already")
        first, second = (self.recorded.interface_of(path) for path in words)
        if first.type != second.type or {first.mode, second.mode} != {"MASTER", "SLAVE"}:
            kinds = ", ".join(
                f"{path} {each.type} {each.mode}" for path, each in zip(words, (first, second), strict=True)
            )
            raise TclError(f"these do not fit each other: {kinds}")
        self.recorded.buses.append((words[0], words[1]))
        return ""

    # ---- addresses
    def get_bd_addr_spaces(self, __: Mapping[str, str], words: list[str]) -> str:
        """A space's path."""
        cell, _, name = words[0].partition("/")
        if name not in {space.name for space in self._cell(cell).ip.spaces}:
            raise TclError(f"no address space {words[0]}")
        return words[0]

    def get_bd_addr_segs(self, options: Mapping[str, str], words: list[str]) -> str:
        """A segment's path."""
        cell, _, name = words[0].partition("/")
        if name not in self._cell(cell).ip.segments:
            if "-quiet" in options:
                return ""
            raise TclError(f"no segment {words[0]}; {cell} has {', '.join(self._cell(cell).ip.segments)}")
        return words[0]

    def assign_bd_address(self, options: Mapping[str, str], words: list[str]) -> str:
        """Map a segment."""
        cell, _, name = words[0].partition("/")
        segment = self._cell(cell).ip.segments[name]
        offset = int(options["-offset"], 0) if "-offset" in options else segment.base
        if offset is None:
            raise TclError(f"{words[0]} has no address of its own, and none is given")
        if segment.base is not None and offset != segment.base:
            raise TclError(f"{words[0]} is at 0x{segment.base:x}, not at 0x{offset:x}")
        size = int(options.get("-range", str(segment.bytes)), 0)
        if segment.base is None and size < segment.bytes:
            raise TclError(f"{words[0]} needs {segment.bytes} bytes, not {size}")
        self.recorded.mapped[options["-target_address_space"], words[0]] = (offset, size)
        return words[0]

    def exclude_bd_addr_seg(self, options: Mapping[str, str], words: list[str]) -> str:
        """Leave a segment out."""
        self.recorded.excluded.add((options["-target_address_space"], words[0]))
        return ""

    # ---- the end
    def finish(self, what: str) -> str:
        """Note what was done with the whole."""
        self.recorded.finished.append(what)
        return ""

    def _cell(self, name: str) -> RecordedCell:
        if name not in self.recorded.cells:
            raise TclError(f"no cell {name}; there are {', '.join(self.recorded.cells)}")
        return self.recorded.cells[name]
