"""The options that choose a device: what they mean together, and what contradicts itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import tilewright
from typer.testing import CliRunner

from tilewright.cli.app import app
from tilewright.cli.console import chosen_device
from tilewright.errors import TargetError
from tilewright.target import DeviceKind

FILE = Path("tilewright.bit")
SIM, BOARD, REMOTE = DeviceKind.SIM, DeviceKind.BOARD, DeviceKind.REMOTE


@pytest.mark.parametrize(
    ("variable", "device", "bitstream", "host", "kind"),
    [
        (None, None, None, None, SIM),
        (None, SIM, None, None, SIM),
        (None, None, FILE, None, BOARD),
        (None, None, FILE, "pynq", REMOTE),
        (None, None, None, "pynq:7967", REMOTE),
        (None, BOARD, None, None, BOARD),
        ("remote", None, FILE, None, REMOTE),
        ("remote", SIM, None, None, SIM),
        ("board", None, None, None, BOARD),
        ("sim", None, FILE, None, BOARD),
    ],
)
def test_kind_of_device(
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    device: DeviceKind | None,
    bitstream: Path | None,
    host: str | None,
    kind: DeviceKind,
) -> None:
    monkeypatch.delenv("TILEWRIGHT_DEVICE", raising=False)
    if variable is not None:
        monkeypatch.setenv("TILEWRIGHT_DEVICE", variable)
    assert chosen_device(device, bitstream, host) is kind


@pytest.mark.parametrize(
    ("device", "bitstream", "host", "message"),
    [
        (SIM, FILE, None, "--bitstream is for a board"),
        (SIM, None, "pynq", "--host is for --device remote, not for --device sim"),
        (BOARD, FILE, "pynq", "--host is for --device remote, not for --device board"),
    ],
)
def test_contradictions(device: DeviceKind, bitstream: Path | None, host: str | None, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        chosen_device(device, bitstream, host)


@pytest.mark.parametrize("command", [["info"], ["demo"], ["verify"], ["run"], ["stimulus", "replay", "folder"]])
def test_every_command_has_the_options(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    for option in ("--device", "--bitstream", "--host", "--array"):
        assert option in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device", "board"], "a board device needs a bitstream"),
        (["--bitstream", "missing.bit"], "no bitstream missing.bit"),
        (["--host", "127.0.0.1"], "a remote device needs a bitstream"),
        (["--device", "sim", "--bitstream", "some.bit"], "--bitstream is for a board"),
    ],
)
def test_devices_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], message: str
) -> None:
    (tmp_path / "some.bit").write_bytes(b"a bitstream")
    monkeypatch.chdir(tmp_path)
    for variable in ("TILEWRIGHT_DEVICE", "TILEWRIGHT_BITSTREAM", "TILEWRIGHT_HOST"):
        monkeypatch.delenv(variable, raising=False)
    result = CliRunner().invoke(app, ["info", *options])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "TargetError" in result.stderr and message in " ".join(result.stderr.split())


def test_no_board_under_this_python(tmp_path: Path) -> None:
    (tmp_path / "some.bit").write_bytes(b"a bitstream")
    process = tilewright("info", "--bitstream", tmp_path / "some.bit")
    assert process.returncode == 2
    assert "TargetError: pynq finds no board here" in process.stderr
