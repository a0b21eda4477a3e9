"""Known defects of stimulus sets, each with its name: written on request by the exporter, diagnosed by the reader."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class DefectName(str, Enum):
    """Names of the defects; ``docs/stimulus.md`` explains each."""

    ROWS_MISSING = "activation-rows-missing"
    TRANSPOSED = "weights-transposed"
    DEQUANTISED = "outs-dequantised"
    TILES_MISSING = "tiles-missing"
    PSUM_SPACES = "psum-space-padded"
    PSUM_ONE_TAP = "psum-one-tap"
    ADDRESSES = "acc-addresses-wrong"
    ADDRESSES_CONTRADICT = "acc-addresses-contradict"
    FILE_CONTRADICTS = "file-contradicts"
    COPY_CONTRADICTS = "copy-contradicts"
    ROWS_CONTRADICT = "psum-without-activations"
    MINUS_ZERO = "minus-zero"
    SIGN_MAGNITUDE = "sign-and-magnitude"
    OFF_BY_ONE = "off-by-one"


# Defects that say that two files of the set cannot both be right
CONTRADICTIONS = {
    DefectName.ADDRESSES_CONTRADICT,
    DefectName.FILE_CONTRADICTS,
    DefectName.COPY_CONTRADICTS,
    DefectName.ROWS_CONTRADICT,
}


@dataclass(frozen=True)
class Defect:
    """One defect of a set.

    Attributes:
        name: its name.
        file: the file, relative to the set.
        message: what is wrong and what follows from it.
    """

    name: DefectName
    file: str
    message: str

    def as_json(self) -> dict[str, str]:
        """Plain values for ``--json``."""
        return {"name": self.name.value, "file": self.file, "message": self.message}
