"""The command ``tilewright simulate``: a third party's overlay, and scripts that use it, on the simulated device."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.console import failures_named, output
from tilewright.errors import TargetError

if TYPE_CHECKING:
    from tilewright.sim.third_party import ThirdParty

Hwh = Annotated[Path, typer.Option(help="The block design that Vivado wrote: an axi_dma, one IP, perhaps an axi_intc.")]
Rtl = Annotated[list[Path], typer.Option(help="Verilog file of the IP; may be repeated.")]
Script = Annotated[
    list[str] | None, typer.Argument(help="Python script to run on the device, after --, with arguments.")
]
Top = Annotated[str | None, typer.Option(help="The IP's module; default: the one that no other instantiates.")]
Parameter = Annotated[list[str] | None, typer.Option(help="NAME=VALUE of the module; may be repeated.")]
Bit = Annotated[
    Path | None, typer.Option(help="The .bit to write, for pynq.Overlay; default: beside the .hwh, with its name.")
]
Seed = Annotated[int | None, typer.Option(help="Seed of the simulated memory's stalls; default: a new one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else (without a script).")]


def simulate(
    hwh: Hwh,
    rtl: Rtl,
    script: Script = None,
    top: Top = None,
    parameter: Parameter = None,
    bit: Bit = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Simulate your own overlay: build it, and run a PYNQ script on it unchanged."""
    with failures_named():
        from tilewright.sim.build import build_library
        from tilewright.sim.simulate import write_simulated
        from tilewright.sim.third_party import ThirdParty

        parameters = _parameters(parameter or [])
        hardware = ThirdParty.from_hwh(hwh, tuple(rtl), top, parameters)
        target = bit or hwh.with_suffix(".bit")
        real = target.exists() and not _is_simulated(target)
        if real and not script:
            raise TargetError(f"{target} is a real bitstream, which stays as it is: name another file with --bit")
        if not real:
            write_simulated(hwh, hardware, target)
        library = build_library(hardware)
        if script:
            _run(script, seed, hwh, hardware)
        elif as_json:
            typer.echo(json.dumps({"bitstream": str(target), "library": str(library)}))
        else:
            command = f"TILEWRIGHT_DEVICE=sim python -c 'import tilewright.sim, pynq; pynq.Overlay(\"{target}\")'"
            output.print(f"Wrote {target}. To use it:\n    {command}", highlight=False, soft_wrap=True)


def _parameters(settings: list[str]) -> dict[str, int]:
    values = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            values[name] = int(value, 0)
        except ValueError:
            raise typer.BadParameter(f"{setting}: NAME=VALUE, an integer", param_hint="--parameter") from None
    return values


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
    from pynq.pl_server.device import Device

    from tilewright.sim import SimDevice
    from tilewright.sim.processing_system import LOW_DDR_BASE

    device = SimDevice(seed=seed, ddr_base=LOW_DDR_BASE)
    device.substitute(hwh, hardware)
    Device.active_device = device
    sys.argv = script
    sys.path.insert(0, str(Path(script[0]).resolve().parent))
    if not Path(script[0]).is_file():
        raise TargetError(f"no script {script[0]}")
    runpy.run_path(script[0], run_name="__main__")
