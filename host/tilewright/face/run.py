"""What came of a run: predictions, cycles, and whether every integer is the right one."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    from tilewright.runs.compare_network import NetworkComparison
    from tilewright.runs.network import NetworkRun

# Images whose classes a table names, and shows in a notebook
_SHOWN = 8
_SAID = {None: "not compared", True: "equal", False: "NOT EQUAL"}


@dataclass(frozen=True, repr=False)
class BoardRun:
    """A run of a network on images, as :meth:`tilewright.face.board.Board.run` returns it.

    Attributes:
        details: counters, comparison and first failure.
        images: that ran.
        board: what they ran on, in words.
        seed: of a simulated device's stalls; None on a board.
        chosen: what it was compared with; None where nothing was.
        read_back: layers whose maps were read back, for the comparison or the caller; it takes cycles.
        scores: float64 (images, classes).
        maps: of the layers that were asked for, (images, channels, h, w): uint8 codes, of the last layer int32 sums.
    """

    details: NetworkRun
    images: Images
    board: str
    seed: int | None
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

    def report(self) -> Table:
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

    def __repr__(self) -> str:
        compared = "" if self.chosen is None else f" ({self.reference})"
        images = f"{self.details.images} image{'s' if self.details.images > 1 else ''}"
        return f"{self.network.name} on {self.board}: {images}, {self.cycles:,} cycles, {_SAID[self.equal]}{compared}"

    def _repr_html_(self) -> str:
        return self.report()._repr_html_()

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
