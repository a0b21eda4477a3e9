"""All commands of `tilewright`: -h, examples that parse, one text for one option, the order of the list."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tilewright import __version__
from tilewright.cli.app import app

PROGRAM: Any = typer.main.get_command(app)
WIDTH = {"COLUMNS": "100", "TERMINAL_WIDTH": "100"}
# Options that mean something else in each of their commands: of a server and of ssh, of a board and of Jupyter, short
# for --out and for --report, a run's page and a board's JSON
OF_THEIR_OWN = {"--port", "--report", "--user", "-o"}
# What a bitstream is built with, and the many that are explored, are asked for of nobody else
BUILT_WITH = {
    ("board", "build"): {"--array", "--clock", "--dsp-columns", "--stream"},
    ("explore",): {"--array", "--batch", "--board", "--clock", "--plot", "--stream"},
}


def commands(command: Any = PROGRAM, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group, with the words that name it."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


LEAVES = [
    pytest.param(path, command, id=" ".join(path)) for path, command in commands() if not hasattr(command, "commands")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files and folders that the examples name."""
    path = tmp_path_factory.mktemp("examples")
    for name in ("photo.png", "network.safetensors", "layer.npz", "design.hwh", "ip.v", "tilewright.bit"):
        (path / name).touch()
    for name in ("ROOT", "set"):
        (path / name).mkdir()
    return path


@pytest.mark.parametrize("path", [(), ("stimulus",), ("board",), ("bitstream",)])
def test_help_of_groups(path: tuple[str, ...]) -> None:
    short, long = (CliRunner().invoke(app, [*path, option], env=WIDTH) for option in ("-h", "--help"))
    assert (short.exit_code, short.stderr, short.stdout) == (0, "", long.stdout)
    assert "Usage: " in short.stdout


@pytest.mark.parametrize(("path", "command"), LEAVES)
def test_help_with_two_examples_that_parse(
    path: tuple[str, ...], command: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = CliRunner().invoke(app, [*path, "-h"], env=WIDTH)
    assert result.exit_code == 0 and "Usage: " in result.stdout
    shown = [line.strip() for line in result.stdout.splitlines()]
    examples = [line for line in shown[shown.index("Examples:") + 1 :] if line]
    assert len(examples) >= 2 and len(set(examples)) == len(examples)
    monkeypatch.chdir(folder)
    for example in examples:
        words = shlex.split(example)
        assert words[: len(path) + 1] == ["tilewright", *path] and len(example) <= 76
        command.make_context(example, words[len(path) + 1 :])


def test_an_example_with_an_unknown_option_does_not_parse() -> None:
    """What the test above relies on."""
    with pytest.raises(typer.BadParameter.__mro__[1], match="No such option"):
        dict(commands())[("run",)].make_context("run", ["--cifar10", "ROOT"])


def test_one_text_for_one_option() -> None:
    texts: dict[str, set[str | None]] = {}
    for path, command in commands():
        for parameter in command.params:
            for name in set(parameter.opts) - BUILT_WITH.get(path, set()):
                texts.setdefault(name, set()).add(parameter.help)
    assert {name for name, text in texts.items() if len(text) > 1} == OF_THEIR_OWN
    assert all(text and None not in text for text in texts.values())


def test_networks_are_positional_and_old_words_are_gone() -> None:
    by_path = dict(commands())
    for name in ("run", "verify", "bench", "estimate", "explore", "golden"):
        assert by_path[(name,)].params and any(
            parameter.opts == ["network_file"] for parameter in by_path[(name,)].params
        )
    names = {
        option
        for path, command in commands()
        for parameter in command.params
        for option in parameter.opts
        if (*path[:1], option) != ("board", "--network")  # beside the board's name
    }
    assert not names & {"--cifar10", "--taps", "--file", "--network", "--network-file"}
    assert {"--data", "--layers", "--layer", "--layer-file", "--out"} <= names


def test_demo_comes_first_and_the_version_is_printed() -> None:
    assert next(iter(PROGRAM.commands)) == "demo"
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"tilewright {__version__}\n")
