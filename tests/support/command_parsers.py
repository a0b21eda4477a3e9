"""Whether the program that a command names would take it; nothing is run."""

from __future__ import annotations

import importlib.util
import re
import runpy
import subprocess
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import typer
from documentation import ROOT, Text, variants, words_of
from documented_commands import SUBSTITUTES

from tilewright import __version__, environment
from tilewright.cli.app import app as host_app


def model_app() -> Any:
    """The command line of model/, in one thread: CI runs two tests at a time."""
    import torch

    from tilewright_model.__main__ import app

    torch.set_num_threads(1)
    return app


def click_parses(app: typer.Typer, words: list[str], complete: bool) -> None:
    """Parse as the application does, but for what a command within a sentence may lack; runs nothing."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    if complete and not hasattr(command, "commands"):
        command.make_context(command.name, list(words))
        return
    context = command.context_class(command, info_name=command.name)
    _, rest, _ = command.make_parser(context).parse_args(list(words))
    assert not (hasattr(command, "commands") and rest), f"no such command: {' '.join(rest)}"


def python_parses(words: list[str], complete: bool, patch: pytest.MonkeyPatch) -> None:
    if words[0] != "-m":
        script = ROOT / words[0]
        assert script.is_file(), f"no such script: {words[0]}"
        if len(words) > 1:
            patch.syspath_prepend(script.parent)
            names = runpy.run_path(str(script))
            app = names.get("app") or typer.Typer()
            if "app" not in names:
                app.command()(names["main"])
            click_parses(app, words[1:], complete)
    elif words[1] == "tilewright_model":
        click_parses(model_app(), words[2:], complete)
    else:
        assert importlib.util.find_spec(words[1]) and len(words) == 2, words


def fusesoc_parses(words: list[str], complete: bool) -> None:
    from fusesoc.config import Config
    from fusesoc.fusesoc import Fusesoc
    from fusesoc.main import parse_args

    arguments = parse_args(words)
    assert arguments.target and (arguments.system or not complete)
    if arguments.system:
        core = Fusesoc(Config(str(ROOT / "fusesoc.conf"))).get_core(arguments.system)
        flags = {"target": arguments.target, "is_toplevel": True}
        assert core.get_target(flags), f"{arguments.system} has no target {arguments.target}"
        options = [word[2:] for word in arguments.backendargs if word.startswith("--")]
        assert set(options) <= core.get_parameters(flags, {}).keys(), arguments.backendargs


def pytest_parses(words: list[str], complete: bool) -> None:
    from _pytest.config import get_config

    ours = "host/tilewright/selftest/plugin.py" if "--pyargs" in words else "tests/conftest.py"
    config = get_config()
    config.pluginmanager.register(_module(ROOT / ours), "of the command")
    # Within a sentence an option may lack its value.
    config._parser.parse(words if complete else [*words, "board"])


def _module(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("of_the_command", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_parses(words: list[str], complete: bool) -> None:
    printed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(words) <= set(re.findall(r"^ +make ([\w-]+)", printed, re.MULTILINE)), words


def pip_parses(words: list[str], complete: bool) -> None:
    if words[0] == "wheel":
        assert words[1:] == ["--no-deps", "."]
        return
    assert words[0] == "install"
    wheel = re.escape(f"tilewright-{__version__}-py3-none-any.whl")
    for word in words[1:]:
        match = re.fullmatch(rf"(?:\.|tilewright|{wheel})(?:\[([\w,]+)\])?|-e", word)
        assert match, word
        extras = set((match[1] or "model").split(","))
        assert extras <= set(metadata.metadata("tilewright").get_all("Provides-Extra") or ()), word


def torchrun_parses(words: list[str], complete: bool) -> None:
    from torch.distributed.run import get_args_parser

    arguments = get_args_parser().parse_args(words)
    assert arguments.module and arguments.training_script == "tilewright_model"
    click_parses(model_app(), arguments.training_script_args, complete)


def dask_parses(words: list[str], complete: bool) -> None:
    from distributed.cli import dask_scheduler, dask_worker

    command = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}[words[0]]
    command.make_context(words[0], words[1:])


def ci_parses(program: str, words: list[str]) -> None:
    script = ROOT / program
    assert script.is_file() and all(word in script.read_text(encoding="utf-8") for word in words)


def parses(text: str, complete: bool, patch: pytest.MonkeyPatch) -> None:
    """Parse a command with the program that it names; raises where the program would refuse it."""
    for variant in variants(text):
        variables, (program, *words) = words_of(variant, SUBSTITUTES)
        known = {value for name, value in vars(environment).items() if name.endswith("_VARIABLE")}
        assert variables.keys() <= known, variables
        parsers: dict[str, Callable[[list[str], bool], None]] = {
            "tilewright": lambda words, complete: click_parses(host_app, words, complete),
            "python": lambda words, complete: python_parses(words, complete, patch),
            "fusesoc": fusesoc_parses,
            "pytest": pytest_parses,
            "make": make_parses,
            "pip": pip_parses,
            "torchrun": torchrun_parses,
            "dask": dask_parses,
        }
        if program in parsers:
            parsers[program](words, complete)
        elif program.startswith(".ci/"):
            ci_parses(program, words)
        elif program == ".":
            assert words == [".venv/bin/activate"] and "VENV := .venv\n" in (ROOT / "Makefile").read_text()
        else:  # other people's, and their options are theirs: that they are installed
            assert program in {script.name for script in metadata.entry_points(group="console_scripts")}, program


def wrong(texts: list[Text], complete: bool, patch: pytest.MonkeyPatch) -> list[str]:
    """The commands that their programs refuse, with the reason."""
    found = []
    for text in texts:
        try:
            parses(text.text, complete, patch)
        except (Exception, SystemExit) as error:
            found.append(f"{text}\n    {type(error).__name__}: {error}")
    return found
