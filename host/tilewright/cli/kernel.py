"""The command ``tilewright install-kernel``: a Jupyter kernel that runs pynq notebooks on the simulated device."""

from __future__ import annotations

import importlib.util
import json
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tilewright.cli.command_group import failures_named
from tilewright.cli.console import output
from tilewright.cli.options import Array, AsJson
from tilewright.environment import BITSTREAM_VARIABLE, DEVICE_VARIABLE
from tilewright.errors import TargetError
from tilewright.target import DeviceKind

KERNEL_NAME = "tilewright-sim"
DISPLAY_NAME = "Tilewright (simulated board)"
# What the kernel needs, and the extra that brings it
NEEDED = {"ipykernel": "notebook", "jupyter_client": "notebook", "cffi": "sim"}


def install_kernel(
    user: Annotated[bool, typer.Option("--user", help="For this user: the default.")] = False,
    prefix: Annotated[Path | None, typer.Option(help="Instead: below PREFIX/share/jupyter, as of a venv.")] = None,
    array: Array = 8,
    as_json: AsJson = False,
) -> None:
    """Install the Jupyter kernel "Tilewright (simulated board)": pynq notebooks run unchanged on the simulated device.

    $TILEWRIGHT_BITSTREAM names a bitstream of the simulated accelerator in it, with --array rows and columns.
    `jupyter kernelspec remove tilewright-sim` removes it.
    """
    with failures_named():
        if user and prefix is not None:
            raise TargetError("give --user or --prefix, not both")
        folder = install(prefix, array)
    commands = next_commands(prefix)
    if as_json:
        facts = {"kernel": KERNEL_NAME, "display_name": DISPLAY_NAME, "folder": str(folder), "next": commands}
        typer.echo(json.dumps(facts))
        return
    output.print(f"Jupyter kernel {DISPLAY_NAME!r}: {folder}", soft_wrap=True)
    output.print("Next, for Tilewright's notebooks and any other of pynq:")
    for command in commands:
        output.print(f"    {command}", soft_wrap=True)
    output.print(f"and, in a notebook, the kernel {DISPLAY_NAME!r} (VS Code: Select Kernel)")


def next_commands(prefix: Path | None) -> list[str]:
    """What a user types once a kernel is installed.

    Args:
        prefix: as of :func:`install`.
    """
    jupyter = "jupyter lab"
    if prefix is not None and prefix.resolve() != Path(sys.prefix).resolve():
        jupyter = f"JUPYTER_PATH={shlex.quote(str(prefix.resolve() / 'share' / 'jupyter'))} {jupyter}"
    missing = [] if importlib.util.find_spec("jupyterlab") else ["pip install 'tilewright[notebook]'"]
    return [*missing, "pynq get-notebooks --ignore-overlays tilewright", jupyter]


def install(prefix: Path | None, array: int) -> Path:
    """Installs the kernel for this Python.

    Args:
        prefix: kernels are in its ``share/jupyter/kernels``; None takes the user's folder.
        array: rows and columns of the bitstream that is put beside it.

    Returns:
        The kernel's folder.

    Raises:
        TargetError: a package is missing, or the folder cannot be written.
        SimulationError: no such array.
    """
    missing = sorted({extra for module, extra in NEEDED.items() if importlib.util.find_spec(module) is None})
    if missing:
        raise TargetError(f"packages of the kernel are missing: pip install 'tilewright[{','.join(missing)}]'")
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    from tilewright.sim import SocParameters
    from tilewright.sim.metadata import write_overlay

    manager = KernelSpecManager()
    kernels = Path(manager.user_kernel_dir) if prefix is None else prefix / "share" / "jupyter" / "kernels"
    where = kernels.resolve() / KERNEL_NAME
    with tempfile.TemporaryDirectory(prefix="tilewright-") as name:
        bitstream = write_overlay(SocParameters(n=array), Path(name))
        spec = KernelSpec(
            argv=[sys.executable, "-m", "tilewright.kernel", "-f", "{connection_file}"],
            display_name=DISPLAY_NAME,
            language="python",
            env={DEVICE_VARIABLE: DeviceKind.SIM.value, BITSTREAM_VARIABLE: str(where / bitstream.name)},
            metadata={"debugger": True},
        )
        Path(name, "kernel.json").write_text(spec.to_json(), encoding="utf-8")
        try:
            manager.install_kernel_spec(name, KERNEL_NAME, user=prefix is None, prefix=str(prefix) if prefix else None)
        except OSError as error:
            shutil.rmtree(where, ignore_errors=True)
            raise TargetError(f"the kernel cannot be installed in {where}: {error.strerror or error}") from error
    return where
