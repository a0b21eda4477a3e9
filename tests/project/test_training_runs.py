"""The tables of docs/results/training.md are those that benchmarks/training_runs.py makes of the kept records."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_runs", ROOT / "benchmarks" / "training_runs.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def printed(script: ModuleType, *words: str | Path) -> str:
    result = CliRunner().invoke(script.app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    "command", ["table float final widths notebook", "table steps longer", "best notebook"], ids=lambda c: c
)
def test_page_has_the_tables_of_the_records(script: ModuleType, command: str) -> None:
    table = printed(script, *command.split())
    assert len(table.splitlines()) > 2
    page = (ROOT / "docs" / "results" / "training.md").read_text(encoding="utf-8")
    assert f"\n\n{table}\n" in page
    assert f"{command}`" in page


def test_every_seed_has_record_and_epochs(script: ModuleType) -> None:
    runs = [json.loads(line)["run"] for line in (script.RUNS / script.RECORDS).read_text().splitlines()]
    named = {f"{name}.seed{s}" for group in script.GROUPS.values() for name, e in group.items() for s in e.seeds}
    # Decision 16 rests on it.
    assert sorted(runs) == sorted(named | {"notebook-held-out.seed0"})
    with (script.RUNS / script.EPOCHS).open() as lines:
        assert {line.partition(",")[0] for line in lines} == {"run", *runs}


def test_collect_replaces_a_run_and_keeps_the_others(script: ModuleType, tmp_path: Path) -> None:
    header = "epoch,progress,rate,loss,train_accuracy,held_out_accuracy,test_accuracy,seconds"
    kept, out = tmp_path / "kept", tmp_path / "out"
    for accuracies in ({0: 91.5, 1: 90.25}, {1: 92.0}):
        for seed, accuracy in accuracies.items():
            folder = out / f"notebook.seed{seed}"
            folder.mkdir(parents=True, exist_ok=True)
            record = {"accuracy": accuracy, "total": 10000, "measured": "test", "epochs": 2}
            (folder / "vgg16_w4a4_cifar10.json").write_text(json.dumps(record))
            (folder / "log.csv").write_text(f"{header}\n1,0.5,0.01,2,3,,{accuracy},1\n2,1,0.001,2,3,,4,1\n")
        printed(script, "collect", out, "--to", kept)
        for folder in out.iterdir():
            folder.rename(tmp_path / f"{folder.name}.{len(list(tmp_path.iterdir()))}")
    row = "| W4A4, `notebook` | 10,000 test images | 2 | 91.50, 92.00 | 91.75 |"
    assert printed(script, "table", "notebook", "--runs", kept).splitlines()[2:] == [row]
    row = "| W4A4, `notebook` | 2 | 91.50, 92.00 | 1, 1 | 91.75 |"
    assert printed(script, "best", "notebook", "--runs", kept).splitlines()[2:] == [row]
