"""The command ``tilewright``."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.table import Table

from tilewright import __version__
from tilewright.bench_cli import bench
from tilewright.board.cli import board_app
from tilewright.command_group import CommandGroup, examples
from tilewright.console import choose_target, failures_named, output
from tilewright.kernel_spec import install_kernel
from tilewright.network import cli as network_cli
from tilewright.network.estimate_cli import estimate
from tilewright.network.file import load_network
from tilewright.network.golden_cli import golden
from tilewright.network.image_choice import ImageChoice
from tilewright.options import Array, AsJson, Bitstream, Device, Host, Seed, Trace
from tilewright.remote.cli import serve
from tilewright.simulate_cli import simulate
from tilewright.stimulus.cli import stimulus_app
from tilewright.target import DeviceKind
from tilewright.verify_cli import print_differences, verify

app = typer.Typer(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tilewright {__version__}")
        raise typer.Exit


@app.callback(epilog=examples("tilewright demo", "tilewright run --images photo.png --array 16 --check"))
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Run quantised networks on the Tilewright accelerator, exactly.

    Exit status: 0 all right, 1 a difference was found, 2 it could not be done.
    """


@app.command(epilog=examples("tilewright demo", "tilewright demo --array 16 --seed 1 --json"))
def demo(
    array: Array = 8,
    seed: Seed = None,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """The main job: a real image, the whole trained VGG16, every integer compared with PyTorch's."""
    with failures_named():
        target = choose_target(array, seed, device, bitstream, host, trace)
        network_file = network_cli.resolve_network(None)
        images = ImageChoice().take(load_network(network_file))
        driver = target.open()
        # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
        from tilewright.demo import demo_table, run_demo
        from tilewright.trace_cli import file_of, print_waveform, stuck_explained, trace_of_demo

        with stuck_explained(driver, trace, as_json):
            outcome = run_demo(driver, network_file, images)
        waveform = trace_of_demo(outcome.run, outcome.layer, driver, trace)
        seed = getattr(driver.device, "seed", None)
        if as_json:
            typer.echo(json.dumps({**outcome.as_dict(), "seed": seed, "waveform": file_of(waveform)}))
        else:
            output.print(demo_table(outcome, seed))
            if not outcome.run.equal:
                output.print(str(outcome.run.comparison), markup=False, highlight=False)
            print_differences(outcome.layer)
            print_waveform(waveform)
        if not outcome.equal:
            raise typer.Exit(1)


app.command(
    epilog=examples(
        "tilewright run --images photo.png --check",
        "tilewright run network.safetensors --data ROOT --count 16 --batch 4",
    )
)(network_cli.run)
app.command(
    epilog=examples(
        "tilewright verify --layers all --array 16",
        "tilewright verify --layer features.27 --images photo.png",
        "tilewright verify network.safetensors --data ROOT --count 4 --batch 4",
    )
)(verify)
app.command(epilog=examples("tilewright bench", "tilewright bench --batch 4 --count 16 --array 16 --json"))(bench)
app.command(
    epilog=examples(
        "tilewright estimate --array 32 --batch 16 --plot estimate.png",
        "tilewright estimate network.safetensors --layers all --json",
    )
)(estimate)
app.command(
    epilog=examples(
        "tilewright golden --out golden",
        "tilewright golden network.safetensors --out golden --data ROOT --count 4",
    )
)(golden)


@app.command(epilog=examples("tilewright info", "tilewright info --array 32 --json"))
def info(
    array: Array = 8,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    as_json: AsJson = False,
) -> None:
    """Device, parameters of the accelerator, versions."""
    with failures_named():
        target = choose_target(array, None, device, bitstream, host)
        driver = target.open()
        accelerator = asdict(driver.accelerator.info())
    facts: dict[str, Any] = {
        "device": driver.device.name,
        "simulated": target.kind is DeviceKind.SIM,
        **{name: value for name, value in accelerator.items() if name != "array"},
        **accelerator["array"],
        "tilewright": __version__,
        "pynq": version("pynq"),
        "numpy": version("numpy"),
    }
    facts["version"] = ".".join(str(part) for part in facts["version"])
    facts["build_hash"] = f"{facts['build_hash']:#010x}"
    if as_json:
        typer.echo(json.dumps(facts))
        return
    table = Table(show_header=False)
    for name, value in facts.items():
        table.add_row(name, str(value))
    output.print(table)


app.command(
    epilog=examples(
        "tilewright simulate --hwh design.hwh --rtl ip.v",
        "tilewright simulate --hwh design.hwh --rtl ip.v -- script.py arguments",
    )
)(simulate)
app.command(epilog=examples("tilewright serve", "tilewright serve --port 0 --array 16 --json"))(serve)
app.command(epilog=examples("tilewright install-kernel", "tilewright install-kernel --prefix .venv --array 16"))(
    install_kernel
)
app.add_typer(stimulus_app, name="stimulus")
app.add_typer(board_app, name="board")
