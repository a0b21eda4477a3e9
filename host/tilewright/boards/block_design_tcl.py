"""The Tcl that makes a block design in Vivado."""

from __future__ import annotations

from tilewright.boards.clocks import PlClock
from tilewright.boards.design import DESIGN, BlockDesign
from tilewright.boards.families import ZYNQ_7000
from tilewright.boards.tcl_results import CLOCKS
from tilewright.boards.words import lines, settings, word

NOT_RUN = "# Not run on hardware, not yet run in Vivado."

_PROCEDURES = """
# The newest version of an IP that this Vivado has: they change (zynq_ultra_ps_e)
proc newest {ip} {
    set found [get_ipdefs -all -filter "VLNV =~ $ip:*"]
    if {![llength $found]} { stop "this Vivado has no IP $ip: install it, or the devices of this board" }
    return [lindex [lsort -dictionary $found] end]
}

proc cell {name ip values} {
    set cell [create_bd_cell -type ip -vlnv [newest $ip] $name]
    if {[llength $values]} { set_property -dict $values $cell }
}

# A net from a pin to others
proc net {driver sinks} {
    foreach sink $sinks { connect_bd_net [get_bd_pins $driver] [get_bd_pins $sink] }
}

proc bus {master slave} { connect_bd_intf_net [get_bd_intf_pins $master] [get_bd_intf_pins $slave] }

# A segment in an address space; without offset and range where Vivado's are taken
proc map {space segment args} {
    assign_bd_address {*}$args -target_address_space [get_bd_addr_spaces $space] [get_bd_addr_segs $segment] -force
}

# A segment that a master shall not reach, where the processing system has it
proc exclude {space segment} {
    set found [get_bd_addr_segs -quiet $segment]
    if {[llength $found]} { exclude_bd_addr_seg -target_address_space [get_bd_addr_spaces $space] $found }
}

# Vivado's PLL and divisors must make the clock of the board's data: pynq writes the divisors to the running board
proc check_clock {cell name multiplier divisor mhz readings} {
    foreach {what setting} $readings { set read($what) [get_property CONFIG.$setting [get_bd_cells $cell]] }
    set found $read(multiplier)
    if {[info exists read(halved)] && $read(halved)} { set found [expr {$found / 2.0}] }
    set divided [expr {$read(divisor0) * $read(divisor1)}]
    set file [open CLOCKS a]
    puts $file "mhz $read(mhz)"
    close $file
    if {$found != $multiplier || $divided != $divisor || abs($read(mhz) - $mhz) > 1e-5 * $mhz} {
        stop "$name: Vivado computed the crystal times $found divided by $divided, $read(mhz) MHz, where the board's\
            data say times $multiplier divided by $divisor, $mhz MHz: its processing system is set up for another board"
    }
    puts "$name: $read(mhz) MHz, the assumed clock of the board's data"
}
"""


def block_design_tcl(design: BlockDesign) -> str:
    """The Tcl of a block design; it needs the packaged accelerator in the catalogue."""
    return "\n".join(
        [
            f"# Block design of Tilewright for {design.board.title}, written from tilewright/boards/data.",
            NOT_RUN,
            "",
            'puts "Tilewright: block design"',
            f"file delete {CLOCKS}",
            _PROCEDURES.replace("CLOCKS", CLOCKS),
            f"create_bd_design {DESIGN}",
            "",
            "# ---- processing system",
            *_processing_system(design),
            "",
            "# ---- cells",
            *(f"cell {cell.name} {cell.ip} {settings(cell.parameters)}" for cell in design.cells[1:]),
            "",
            "# ---- clocks, resets, interrupts",
            *(f"net {net.driver} {lines(net.sinks)}" for net in design.nets),
            "",
            "# ---- buses",
            *(f"bus {bus.master} {bus.slave}" for bus in design.buses),
            "",
            "# ---- addresses",
            *_addresses(design),
            "",
            "validate_bd_design",
            *(_clock_check(design, clock) for clock in design.clocks),
            "save_bd_design",
            f"set design [get_files {DESIGN}.bd]",
            "set_property synth_checkpoint_mode None $design",
            "generate_target all $design",
            "add_files -norecurse [make_wrapper -files $design -top]",
            "",
        ]
    )


def _processing_system(design: BlockDesign) -> list[str]:
    ps, board = design.cells[0], design.board
    preset = int(board.processing_system.preset)
    made = [f"cell {ps.name} {ps.ip} {{}}"]
    rule = f"apply_bd_automation -rule xilinx.com:bd_rule:{ps.ip.split(':')[-1]} -config"
    if board.kind is ZYNQ_7000:
        made.append(f'{rule} {{make_external "FIXED_IO, DDR" apply_board_preset "{preset}"}} [get_bd_cells {ps.name}]')
    elif preset:
        made.append(f'{rule} {{apply_board_preset "1"}} [get_bd_cells {ps.name}]')
    return [*made, f"set_property -dict {settings(ps.parameters)} [get_bd_cells {ps.name}]"]


def _addresses(design: BlockDesign) -> list[str]:
    mapped = []
    for each in design.mapped:
        # A memory's size is Vivado's: the processing system knows it
        place = f" -offset 0x{each.offset:x} -range {each.bytes}" if _is_register(each.segment) else ""
        mapped.append(f"map {each.space} {each.segment}{place}")
    return [*mapped, *(f"exclude {space} {segment}" for space, segment in design.excluded)]


def _is_register(segment: str) -> bool:
    return "DDR" not in segment


def _clock_check(design: BlockDesign, clock: PlClock) -> str:
    board = design.board
    name = f"PL clock {clock.index}"
    multiplier = clock.multiplier / (2 if clock.halved else 1)
    readings = board.kind.clock_readings(clock.index, clock.pll)
    words = " ".join(f"{what} {setting}" for what, setting in readings.items())
    divisor = clock.divisor0 * clock.divisor1
    return f"check_clock {design.ps} {word(name)} {multiplier:g} {divisor} {clock.mhz:.6f} {{{words}}}"
