"""Topology files, and a network that is explored once."""

from __future__ import annotations

from pathlib import Path

import networks
import pytest

from tilewright.explore.exploration import Exploration, Models, explore
from tilewright.explore.space import Space, places
from tilewright.silicon.area import AreaModel
from tilewright.silicon.clock import ClockModel
from tilewright.silicon.points import committed

HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"


@pytest.fixture
def topology(tmp_path: Path) -> object:
    """Writes a topology file with these lines below its header."""

    def write(*lines: str, header: str = HEADER) -> Path:
        path = tmp_path / "net.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def models() -> Models:
    """Of the committed figures, as if all were of this RTL."""
    points = committed()
    return Models(AreaModel(points.areas), ClockModel(points.timing))


@pytest.fixture(scope="session")
def explored(models: Models) -> Exploration:
    space = Space(places(("pynq_z2", "zcu104")), batches=(1, 2))
    return explore(networks.small_network(0), space, known=models)
