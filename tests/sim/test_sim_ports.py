"""The ports of the simulated hardware as C++ and Python know them."""

from pathlib import Path

from tilewright.sim.own_ports import OWN_PORTS, Slave
from tilewright.sim.ports import ports_header

HEADER = Path(__file__).resolve().parents[2] / "cores" / "soc" / "ports" / "soc_ports.h"


def test_header_is_the_one_that_is_written() -> None:
    assert HEADER.read_text() == ports_header(OWN_PORTS), "write it anew"


def test_slaves_have_their_numbers() -> None:
    kinds = {Slave.DMA: "axi_dma", Slave.ACCELERATOR: "accelerator", Slave.INTC: "axi_intc"}
    assert {Slave(number): slave.kind for number, slave in enumerate(OWN_PORTS.slaves)} == kinds
