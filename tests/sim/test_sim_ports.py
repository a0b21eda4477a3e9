"""The ports of the simulated hardware as C++ and Python know them."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from vivado_hwh import VivadoDesign

from tilewright.sim import BusError, SocParameters
from tilewright.sim.address_map import AddressMap
from tilewright.sim.design import simulated_hwh
from tilewright.sim.hwh_file import register_ranges
from tilewright.sim.own_ports import OWN_PORTS, Slave
from tilewright.sim.ports import SlavePort, SocPorts, ports_header

HEADER = Path(__file__).resolve().parents[2] / "cores" / "soc" / "ports" / "soc_ports.h"


def test_header_is_the_one_that_is_written() -> None:
    assert HEADER.read_text() == ports_header(OWN_PORTS), "write it anew"


def test_the_results_reset_is_in_the_hwh() -> None:
    """Both ends name each other, as Vivado writes them."""
    root = ElementTree.fromstring(simulated_hwh(SocParameters()))
    modules = {module.get("INSTANCE"): module for module in root.iter("MODULE")}
    pins = ("axi_dma_0", "s2mm_prmry_reset_out_n"), ("accelerator_0", "m_axis_aresetn")
    for (instance, pin), other, direction in ((*pins, "O"), (*reversed(pins), "I")):
        (port,) = (port for port in modules[instance].iter("PORT") if port.get("NAME") == pin)
        (end,) = port.iter("CONNECTION")
        assert (port.get("DIR"), port.get("SIGIS")) == (direction, "rst")
        assert (end.get("INSTANCE"), end.get("PORT")) == other


def test_slaves_have_their_numbers() -> None:
    kinds = {Slave.DMA: "axi_dma", Slave.ACCELERATOR: "accelerator", Slave.INTC: "axi_intc"}
    assert {Slave(number): slave.kind for number, slave in enumerate(OWN_PORTS.slaves)} == kinds


def test_an_ip_with_two_slaves(tmp_path: Path) -> None:
    """As HLS makes them; pynq's ip_dict knows one. A slave sees the low bits of an address, as on a board."""
    design = VivadoDesign()
    design.ip("kernel_0", "xilinx.com:hls:kernel:1.0", path="sub/kernel")
    design.registers("kernel_0", "s_axi_control", 0xA000_0000)
    design.registers("kernel_0", "s_axi_control_r", 0xA001_0000)
    hwh = tmp_path / "design.hwh"
    hwh.write_text(design.hwh())
    slaves = (
        SlavePort("s0", "sub/kernel", "s_axi_control", "kernel", 6),
        SlavePort("s1", "sub/kernel", "s_axi_control_r", "kernel", 20),
    )
    addresses = AddressMap(register_ranges(hwh), SocPorts(slaves))
    assert addresses.decode(0xA000_0044) == (0, 0x04)
    assert addresses.decode(0xA001_0044) == (1, 0x1_0044)
    with pytest.raises(BusError, match="no register at physical address 0xa0020000"):
        addresses.decode(0xA002_0000)
