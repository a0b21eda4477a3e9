"""cores/scripts/mutants.py: every mistake can still be planted; two that are quickly tried are noticed, by name."""

import shutil
from pathlib import Path

import pytest

from mutant import Mutant
from mutant_table import MUTANTS
from mutants import CORES, noticed


@pytest.mark.parametrize("name", MUTANTS)
def test_every_mistake_can_be_planted(tmp_path: Path, name: str) -> None:
    source = tmp_path / MUTANTS[name].source
    source.parent.mkdir(parents=True)
    shutil.copy2(CORES / MUTANTS[name].source, source)
    MUTANTS[name].plant(tmp_path)
    assert source.read_bytes() != (CORES / MUTANTS[name].source).read_bytes()


def test_a_text_that_is_gone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.v").write_text("wire a;", encoding="utf-8")
    mutant = next(iter(MUTANTS.values()))
    with pytest.raises(ValueError, match="not once"):
        Mutant(mutant.bench, mutant.tests, "a.v", "wire b;", "").plant(tmp_path)


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("32-bit counters", ["carry_into_the_upper_half"]),
        ("ReLU one bit lower", ["random_sums", "relu_looks_at_the_sign"]),
    ],
)
def test_a_mistake_is_noticed(tmp_path: Path, name: str, tests: list[str]) -> None:
    assert noticed(MUTANTS[name], tmp_path) == tests
