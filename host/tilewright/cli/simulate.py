"""The command ``tilewright simulate``: a third party's overlay, and scripts that use it, on the simulated device."""

from __future__ import annotations

import json
import runpy
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.argument_checks import check_writable, takes
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import output
from tilewright.cli.options import AsJson, Seed
from tilewright.errors import TargetError
from tilewright.file_kinds import Role, refusal
from tilewright.process import packages_named

if TYPE_CHECKING:
    from tilewright.sim.guest import ThirdParty
    from tilewright.sim.guest.elaboration import ParameterValue

Hwh = Annotated[
    Path,
    typer.Option(
        exists=True,
        callback=takes(Role.HWH),
        help="The block design that Vivado wrote.",
    ),
]
Rtl = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True,
        metavar="FILE",
        help="Verilog or SystemVerilog file of the IPs that are not Vivado's; may be repeated.",
        callback=takes(Role.SOURCE),
    ),
]
Script = Annotated[
    list[str] | None, typer.Argument(help="Python script to run on the device, after --, with arguments.")
]
Top = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MODULE|IP=MODULE",
        help="The IP's module, or of several IPs one's; default: the module of the IP's name, of one IP also the "
        "module that no other instantiates. May be repeated.",
    ),
]
Parameter = Annotated[
    list[str] | None,
    typer.Option(metavar="[IP.]NAME=VALUE", help="A parameter of a module, in place of the .hwh's; may be repeated."),
]
Include = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True, file_okay=False, metavar="DIR", help="Folder of files that the Verilog reads; may be repeated."
    ),
]
Bit = Annotated[
    Path | None, typer.Option(help="The .bit to write, for pynq.Overlay; default: beside the .hwh, with its name.")
]


def simulate(
    hwh: Hwh,
    rtl: Rtl = None,
    script: Script = None,
    top: Top = None,
    parameter: Parameter = None,
    include: Include = None,
    bit: Bit = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Simulate your own overlay: build it, and run a PYNQ script on it unchanged.

    --json goes without a script, whose output is its own.
    """
    with failures_named():
        parameters = _parameters(parameter or [])
        target = bit or hwh.with_suffix(".bit")
        if not target.exists():
            check_writable("--bit", target)
        _check_script(script, as_json)
        # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
        with packages_named("sim"):
            from tilewright.sim.build import build_library
            from tilewright.sim.guest import ThirdParty
            from tilewright.sim.simulate import write_simulated

        hardware = ThirdParty.from_hwh(hwh, tuple(rtl or ()), _tops(top or []), parameters, tuple(include or ()))
        real = target.exists() and not _is_simulated(target)
        if real and not script:
            raise TargetError(f"{target} is a real bitstream, which stays as it is: name another file with --bit")
        if not real:
            try:
                write_simulated(hwh, hardware, target)
            except OSError as error:
                reason = f"{target}: cannot be written ({error.strerror})"
                raise TargetError(f"{reason}: name another file with --bit") from error
        library = build_library(hardware)
        if script:
            _run(script, seed, hwh, hardware)
        elif as_json:
            typer.echo(json.dumps({"bitstream": str(target), "library": str(library)}))
        else:
            command = f"TILEWRIGHT_DEVICE=sim python -c 'import tilewright.sim, pynq; pynq.Overlay(\"{target}\")'"
            output.print(f"Wrote {target}. To use it:\n    {command}", highlight=False, soft_wrap=True)


def _check_script(script: list[str] | None, as_json: bool) -> None:
    if script and as_json:
        raise TargetError("give a script or --json, not both: the output is the script's own")
    if script and (reason := refusal(Path(script[0]), Role.SCRIPT)):
        raise TargetError(reason)
    if script and not Path(script[0]).is_file():
        raise TargetError(f"no script {script[0]}")


def _tops(settings: list[str]) -> str | dict[str, str] | None:
    named = dict(each.partition("=")[::2] for each in settings)
    if all(named.values()):
        return named or None
    if len(settings) > 1:
        raise typer.BadParameter(f"{' '.join(settings)}: of several IPs IP=MODULE", param_hint="--top")
    return settings[0]


def _parameters(settings: list[str]) -> dict[str, ParameterValue]:
    values = {}
    for setting in settings:
        name, given, value = setting.partition("=")
        if not name.rpartition(".")[2].isidentifier() or not given:
            raise typer.BadParameter(f"{setting}: NAME=VALUE, a number or text", param_hint="--parameter")
        values[name] = _value(value)
    return values


def _value(text: str) -> ParameterValue:
    for kind in (lambda digits: int(digits, 0), float):
        with suppress(ValueError):
            return kind(text)
    return text


def _is_simulated(bit: Path) -> bool:
    from tilewright.sim import OverlayFileError
    from tilewright.sim.metadata import overlay_contents

    try:
        overlay_contents(bit)
    except OverlayFileError:
        return False
    return True


def _run(script: list[str], seed: int | None, hwh: Path, hardware: ThirdParty) -> None:
    """Run a script in this process, with the simulated device as pynq's active one."""
    from tilewright.sim.device import SimDevice, activate
    from tilewright.sim.processing_system import LOW_DDR_BASE

    device = SimDevice(seed=seed, ddr_base=LOW_DDR_BASE)
    device.substitute(hwh, hardware)
    activate(device)
    sys.argv = script
    sys.path.insert(0, str(Path(script[0]).resolve().parent))
    try:
        runpy.run_path(script[0], run_name="__main__")
    except OSError as error:  # the script's own
        traceback.print_exc()
        raise typer.Exit(1) from error
