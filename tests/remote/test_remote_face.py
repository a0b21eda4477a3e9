"""`tilewright.open("remote")`: a whole network over PYNQ.remote, every integer as near by; what stops it is named."""

from __future__ import annotations

from pathlib import Path

import networks
import numpy as np
import pytest
from remote_server import Served

import tilewright as tw
from tilewright.environment import BITSTREAM_VARIABLE, DEVICE_VARIABLE, HOST_VARIABLE
from tilewright.errors import TargetError
from tilewright.target import DeviceKind

NETWORK = networks.small_network(0)
PIXELS = np.random.default_rng(0).integers(0, 256, (3, *NETWORK.image), dtype=np.uint8)


def test_a_network_is_compared_far_away_as_near_by(served: Served) -> None:
    with tw.open("remote", host=served.host, bitstream=served.bitstream) as board:
        assert (board.kind, board.array.n, board.seed) == (DeviceKind.REMOTE, 8, None)
        assert repr(board) == "remote board, 8x8 array" and "(remote)" in str(board.table())
        far = board.run(NETWORK, PIXELS, check="numpy", batch=2, layers="all")
    assert far.equal is True and far.comparison.nonzero > 1000
    with tw.open("sim", array=8) as board:
        near = board.run(NETWORK, PIXELS, check="numpy", batch=2, layers="all")
    np.testing.assert_array_equal(far.scores, near.scores)
    assert far.maps.keys() == near.maps.keys() == {layer.name for layer in NETWORK.layers}
    for name, values in far.maps.items():
        np.testing.assert_array_equal(values, near.maps[name], name)


def test_the_variables_say_where(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEVICE_VARIABLE, "remote")
    monkeypatch.setenv(HOST_VARIABLE, served.host)
    monkeypatch.setenv(BITSTREAM_VARIABLE, str(served.bitstream))
    with tw.open() as board:
        assert board.kind is DeviceKind.REMOTE
        assert board.run(NETWORK, PIXELS[:1], check="numpy").equal is True


def test_what_is_missing_is_named(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (HOST_VARIABLE, BITSTREAM_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(TargetError, match=rf"needs its address: give it as host .* set \${HOST_VARIABLE}"):
        tw.open("remote", bitstream=served.bitstream)
    with pytest.raises(TargetError, match=rf"needs a bitstream: give one, or set \${BITSTREAM_VARIABLE}"):
        tw.open("remote", host=served.host)
    with pytest.raises(TargetError, match=r"no bitstream .*none\.bit"):
        tw.open("remote", host=served.host, bitstream=tmp_path / "none.bit")
