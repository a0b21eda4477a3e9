"""A board, simulated or real, near or far, that runs networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError, TargetError
from tilewright.face.images import images_for
from tilewright.face.load import load
from tilewright.face.references import choose, reference_of
from tilewright.face.run import BoardRun
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.network.layer_names import unknown_layers
from tilewright.network.network import Network
from tilewright.table import Table
from tilewright.target import DeviceKind, default_device, device_kind, open_overlay

if TYPE_CHECKING:
    from tilewright.driver import Driver
    from tilewright.runs.network import NetworkRun
    from tilewright.runs.runner import BatchResult


def open(  # as gzip.open
    device: str | None = None,
    array: int | None = None,
    *,
    board: str | None = None,
    stream: int | None = None,
    seed: int | None = None,
    bitstream: str | PathLike[str] | None = None,
    host: str | None = None,
) -> Board:
    """A board with the accelerator.

    Examples:
        >>> with open("sim", array=8, seed=1) as board:
        ...     board
        simulated board, 8x8 array

    Args:
        device: ``"sim"``, the hardware simulated here; ``"board"``, the one under this Python; ``"remote"``, one over
            the network; None takes $TILEWRIGHT_DEVICE, else a PYNQ board under this Python, else ``"sim"``.
        array: rows and columns of the simulated array: 8, 16, 32 or 64; None takes 8. A bitstream brings its own, which
            the board's ``array`` says.
        board: that the simulated device stands for, such as ``"pynq_z2"``.
        stream: bits of the simulated hardware's streams.
        seed: of the simulated device's stalls.
        bitstream: a board's .bit, its .hwh beside it; None takes $TILEWRIGHT_BITSTREAM.
        host: a remote board's address, with ``:PORT`` where it is not pynq's; None takes $TILEWRIGHT_HOST.

    Raises:
        TilewrightError: there is no such device, or it cannot be opened; says what there is or what to do.
    """
    kind = default_device() if device is None else device_kind(device)
    with _shown("Simulated device (compiled on first use)" if kind is DeviceKind.SIM else "Loading the bitstream"):
        overlay = open_overlay(kind, array, stream=stream, board=board, bitstream=bitstream, host=host, seed=seed)
        from tilewright.driver import Driver

        driver = Driver(overlay)
    return Board(driver, kind)


class Board:
    """A board with the accelerator; :func:`open` makes it.

    Args:
        driver: of its accelerator.
        kind: of the device.
    """

    def __init__(self, driver: Driver, kind: DeviceKind) -> None:
        self._driver: Driver | None = driver
        self.kind = kind
        self.array = driver.array
        self.seed = driver.seed

    @property
    def driver(self) -> Driver:
        """The driver, for all that a program beyond networks needs.

        Raises:
            TargetError: the board is closed.
        """
        if self._driver is None:
            raise TargetError(f"the {self} is closed: open it again")
        return self._driver

    def run(
        self,
        network: Network | str | PathLike[str] | Any,
        images: Any = None,
        *,
        check: bool | str = False,
        batch: int = 1,
        count: int | None = None,
        layers: str | Sequence[str] = (),
    ) -> BoardRun:
        """Runs images through a network.

        Examples:
            >>> with open("sim", array=8, seed=1) as board:
            ...     run = board.run("network.safetensors", "images.npz", check="numpy")
            >>> run.predictions, run.equal, run.cycles > 0
            (array([4, 4]), True, True)

        Args:
            network: of :func:`tilewright.load`, or what that takes alone: a name, a file, a module with a size.
            images: uint8 pixels (images, channels, h, w), or one image (channels, h, w); a picture file or several; an
                .npz with ``pixels``, a golden file; a folder of pictures, a data set, a golden set; None for the
                packaged photograph.
            check: True reads every layer's map back, which takes cycles, and compares it all: with golden integers
                where the images bring some, else with PyTorch where it is, else with numpy; ``"golden"``,
                ``"pytorch"`` or ``"numpy"`` chooses one.
            batch: images a program, at most.
            count: how many images of a file or folder; None takes all, one of a data set.
            layers: whose maps the run keeps, ``"all"`` or names.

        Returns:
            The run; what differs is in it and raises nothing.

        Raises:
            NetworkError: network, images, reference or a layer's name are none that there are; says what there is.
            CompileError: the network is beyond the array; names the layer and the reason.
            TilewrightError: the run failed.
        """
        driver, network = self.driver, load(network)
        names = _names(network, layers)
        given = images_for(network, images, count)
        chosen = choose(network, given, check)
        # Imported here: they bring pynq, which a wrong argument need not wait for
        from tilewright.report.device_facts import device_facts
        from tilewright.runs.network import run_compared, runner_of

        read_back = names if chosen is None else [layer.name for layer in network.layers]
        kept = _Kept(names)
        with _progress(driver, network, len(given.images.pixels)) as (advance, waiting):
            runner = runner_of(driver, network, len(given.images.pixels), batch, read_back, waiting)

            def advanced(run: NetworkRun, result: BatchResult) -> None:
                kept.add(result)
                advance(run, result)

            with reference_of(chosen, network, given, runner.batch, bool(read_back)) as reference:
                details = run_compared(runner, given.images, reference, advanced)
        return BoardRun(
            details,
            given.images,
            str(self),
            self.seed,
            device_facts(driver),
            chosen,
            len(read_back),
            kept.scores(),
            kept.maps(),
        )

    def close(self) -> None:
        """Lets the device go; a closed board runs nothing."""
        self._driver = None

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        kinds = {DeviceKind.SIM: "simulated board", DeviceKind.BOARD: "board", DeviceKind.REMOTE: "remote board"}
        return f"{kinds[self.kind]}, {self.array.n}x{self.array.n} array"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def table(self) -> Table:
        """What the board is, for people.

        Raises:
            TargetError: it is closed.
        """
        array, clocks = self.array, self.driver.clocks
        simulated = ", simulated" if self.kind is DeviceKind.SIM else ""
        rows = {
            "Device": f"{self.driver.device.name} ({self.kind.value})",
            "Array": f"{array.n}x{array.n}: {array.n**2} multiplications a cycle",
            "Widths": f"activations {array.act_w} bits, weights {array.wgt_w} bits, accumulators {array.acc_w} bits",
            "Memory": f"{array.act_depth * array.n * array.act_w // 8192} KiB of activations, {array.acc_depth} "
            "accumulators a column",
            **{f"PL clock {clock.index}": f"{clock.hwh_mhz:g} MHz by the .hwh{simulated}" for clock in clocks},
            **({} if self.seed is None else {"Seed": str(self.seed)}),
        }
        return Table(str(self), rows)


class _Kept:
    """What a run keeps of its batches: scores, and maps of some layers."""

    def __init__(self, names: Sequence[str]) -> None:
        self._scores: list[npt.NDArray[np.float64]] = []
        self._maps: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in names}

    def add(self, result: BatchResult) -> None:
        self._scores.append(result.scores)
        for name, parts in self._maps.items():
            parts.append(result.maps[name])

    def scores(self) -> npt.NDArray[np.float64]:
        return np.concatenate(self._scores)

    def maps(self) -> dict[str, npt.NDArray[Any]]:
        return {name: np.concatenate(parts) for name, parts in self._maps.items()}


def _names(network: Network, layers: str | Sequence[str]) -> list[str]:
    """Names of layers: all of them, or those that are given."""
    known = [layer.name for layer in network.layers]
    if layers == "all":
        return known
    names = [layers] if isinstance(layers, str) else list(layers)
    wrong = unknown_layers(names, known)
    if wrong is not None:
        raise NetworkError(f"network {network.name} has {wrong}")
    return names


def _silent() -> bool:
    """Whether nothing shows progress: a board has no package for it."""
    return find_spec("rich") is None


@contextmanager
def _shown(text: str) -> Iterator[None]:
    """A step with progress."""
    if _silent():
        yield
        return
    from tilewright.progress import phase

    with phase(text):
        yield


@contextmanager
def _progress(
    driver: Driver, network: Network, images: int
) -> Iterator[tuple[Callable[[NetworkRun, BatchResult], None], Callable[[float], None] | None]]:
    """A run's progress: what is called after each batch, and while one runs."""
    if _silent():
        yield lambda run, result: None, None
        return
    from tilewright.runs.with_progress import progress_of

    with progress_of(driver, network, images, DEFAULT_CLOCK_MHZ) as shown:
        yield shown
