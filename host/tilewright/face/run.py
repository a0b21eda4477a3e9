"""What came of a run: predictions, cycles, and whether every integer is the right one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tilewright.face.pictures import thumbnails
from tilewright.face.references import Chosen
from tilewright.hardware import assumed_clock
from tilewright.network.network import Network
from tilewright.pytorch.images import Images
from tilewright.table import Table

if TYPE_CHECKING:
    from tilewright.report.device_facts import DeviceFacts
    from tilewright.runs.compare_network import NetworkComparison
    from tilewright.runs.network import NetworkRun

# Images whose classes a table names, and shows in a notebook
_SHOWN = 8
# References as the command line names them
_NAMES = {"golden": "golden integers", "pytorch": "PyTorch", "numpy": "numpy"}
_SAID = {None: "not compared", True: "equal", False: "NOT EQUAL"}


@dataclass(frozen=True, repr=False)
class BoardRun:
    """A run of a network on images, as :meth:`tilewright.face.board.Board.run` returns it.

    Attributes:
        details: counters, comparison and first failure.
        images: that ran.
        board: what they ran on, in words.
        seed: of a simulated device's stalls; None on a board.
        device: what that said of itself after the run.
        chosen: what it was compared with; None where nothing was.
        read_back: layers whose maps were read back, for the comparison or the caller; it takes cycles.
        scores: float64 (images, classes).
        maps: of the layers that were asked for, (images, channels, h, w): uint8 codes, of the last layer int32 sums.
    """

    details: NetworkRun
    images: Images
    board: str
    seed: int | None
    device: DeviceFacts
    chosen: Chosen | None
    read_back: int
    scores: npt.NDArray[np.float64]
    maps: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        """The network."""
        return self.details.network

    @property
    def predictions(self) -> npt.NDArray[np.int64]:
        """int64 (images,), the class with the highest score, the first of equals."""
        return np.array(self.details.predictions, dtype=np.int64)

    @property
    def classes(self) -> list[str]:
        """The predictions by name, or their numbers where the network has no names."""
        return [self.network.class_name(prediction) for prediction in self.details.predictions]

    @property
    def equal(self) -> bool | None:
        """Whether no integer and no class differs from the reference's; None where nothing was compared."""
        return self.details.equal

    @property
    def reference(self) -> str | None:
        """What it was compared with: ``golden``, ``pytorch`` or ``numpy``; None where nothing was."""
        return None if self.chosen is None else self.chosen.name

    @property
    def comparison(self) -> NetworkComparison:
        """The comparison, layer by layer; empty where nothing was compared."""
        return self.details.comparison

    @property
    def cycles(self) -> int:
        """Of all programs, from the first beat in to the last beat out, DMA included."""
        return self.details.program_cycles

    @property
    def batch(self) -> int:
        """Images a program, at most."""
        return self.details.batch

    @property
    def correct(self) -> int | None:
        """Images whose class is their label; None where a label is unknown."""
        return self.details.correct

    def table(self) -> Table:
        """All of it, for people: prints as text, shows as HTML in a notebook."""
        run, n = self.details, self.details.n
        rows = {
            "Network": repr(self.network),
            "Board": self.board,
            "Images": f"{run.images} of {self.images.source}, {run.batch} a program",
            "Predictions": self._predictions(),
            "Cycles": f"{self.cycles:,}, first program beat to last result beat, DMA included{self._read_back()}",
            "Utilisation": f"{run.program_utilisation:.2%} ({run.macs:,} multiplications, {n * n} a cycle)",
            "Time here": f"{run.wall_seconds:.2f} s",
            "Estimate": assumed_clock.in_words(run.images, self.cycles),
            **({} if self.seed is None else {"Seed": str(self.seed)}),
            **self._comparison(),
            "Result": _SAID[self.equal],
        }
        below = () if self.equal in (None, True) else tuple(str(self.comparison).splitlines())
        return Table("Tilewright's run", rows, below, self._pictures())

    def report(self, file: str | PathLike[str]) -> None:
        """Writes the run's report: one page that holds all of this, the run's record too (``docs/report.md``).

        Args:
            file: the page, ``.html``.

        Raises:
            ReportError: the suffix is another, or a package is missing; says which.
            OSError: the file cannot be written.
        """
        from tilewright.report.page import write_report
        from tilewright.report.record import run_record

        write_report(run_record(replace(self.details, reference=self._against()), self.images, self.device), Path(file))

    def _against(self) -> str:
        return "" if self.chosen is None else _NAMES[self.chosen.name]

    def __repr__(self) -> str:
        compared = "" if self.chosen is None else f" ({self.reference})"
        images = f"{self.details.images} image{'s' if self.details.images > 1 else ''}"
        return f"{self.network.name} on {self.board}: {images}, {self.cycles:,} cycles, {_SAID[self.equal]}{compared}"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def _read_back(self) -> str:
        return f"; {self.read_back} layers' maps read back" if self.read_back else ""

    def _predictions(self) -> str:
        more = ", ..." if self.details.images > _SHOWN else ""
        named = ", ".join(self.classes[:_SHOWN]) + more
        return named if self.correct is None else f"{named}; {self.correct} of {self.details.images} correct"

    def _comparison(self) -> dict[str, str]:
        if self.chosen is None:
            return {}
        found = self.comparison
        layers = list(found.layers.values())
        what = f"every layer's map ({len(layers)} layers)"
        if len(layers) < len(self.network.layers):
            what = ", ".join(f"{layer.what} of {layer.layer}" for layer in layers)
        return {
            "Compared with": self.chosen.text,
            "Integers compared": f"{found.compared:,} ({found.nonzero:,} not zero): {what}",
            "Mismatches": f"{found.mismatches:,}; {found.predictions_differing} predictions differ",
        }

    def _pictures(self) -> str:
        return thumbnails(self.images.pixels[:_SHOWN], self.classes[:_SHOWN])
