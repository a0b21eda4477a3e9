"""A mistake in the RTL, and the bench that must notice it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bench:
    """A test bench: module `tb_NAME` of a core, on a toplevel of that core with parameters, as `N=8 ROWS=2`."""

    core: str
    toplevel: str
    module: str
    parameters: str = ""


@dataclass(frozen=True)
class Mutant:
    """A mistake.

    Attributes:
        bench: that must notice.
        tests: regular expression of the tests to run.
        source: Verilog file below cores.
        old: text that it has once.
        new: what becomes of it.
    """

    bench: Bench
    tests: str
    source: str
    old: str
    new: str

    def plant(self, cores: Path) -> None:
        """Changes the source below `cores`. Raises ValueError unless it has the text exactly once."""
        path = cores / self.source
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.source} has {self.old!r} {text.count(self.old)} times, not once")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
