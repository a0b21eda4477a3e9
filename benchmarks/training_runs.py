"""The training runs behind docs/results/training.md: starts them, several at a time, and makes the page's tables.

A run that was killed is resumed, one that has its record is left alone: start it again until all are there. What helps
is chosen on training images held out (groups `held-out`, `steps`, `longer`); test images measure the other groups, now
and then for the log and in the end, and choose nothing. A run's folder is OUT/NAME.seedN; model/checkpoints/runs holds
the records, one a line, and the epochs of all logs.
"""

from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "model" / "checkpoints" / "runs"
RECORDS = "records.jsonl"
EPOCHS = "epochs.csv"
HOLD_OUT = 5000
#: of the runs that are compared with each other
STEP_EPOCHS = 40
TEACHER_FILE = "vgg16_float_cifar10.safetensors"
app = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console(stderr=True, soft_wrap=True)


@dataclass(frozen=True)
class Experiment:
    """Runs with one recipe, a seed each.

    Attributes:
        shown: what the table calls it.
        teacher: the experiment whose seed 0 gives the float network.
        hold_out: images held out of the training set, which measure it; 0: the test images do.
    """

    shown: str
    recipe: str
    changes: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0, 1)
    epochs: int | None = None
    teacher: str = ""
    hold_out: int = 0
    evaluate_every: int = 25


def step(shown: str, recipe: str, *changes: str) -> Experiment:
    """An experiment that is compared with others on the images held out."""
    teacher = "float-held-out" if recipe == "distilled" else ""
    return Experiment(shown, recipe, changes, (0, 1), STEP_EPOCHS, teacher, HOLD_OUT)


def width(shown: str, recipe: str) -> Experiment:
    """The distilled network in other widths."""
    return Experiment(f"{shown}, `{recipe}`", recipe, seeds=(0, 1, 2), epochs=100, teacher="float")


WARM = ("distil=0", "label_smoothing=0.1", "weight_decay=5e-4")
GROUPS: dict[str, dict[str, Experiment]] = {
    "held-out": {"float-held-out": Experiment("float network", "float", seeds=(0,), hold_out=HOLD_OUT)},
    "steps": {
        "step-notebook": step("the notebook's recipe, its schedule squeezed", "notebook"),
        "step-image": step("+ 8-bit images", "notebook", "options.image_bits=8"),
        "step-cosine": step("+ `cosine` without label smoothing", "cosine", "label_smoothing=0"),
        "step-smoothing": step("+ label smoothing", "cosine"),
        "step-erase": step("+ erased squares", "cosine", "erase=8"),
        "step-average": step("+ moving average", "cosine", "erase=8", "average=0.9995"),
        "step-warm": step("+ warm start from float, alphas calibrated, rate 0.05", "distilled", *WARM),
        "step-distilled": step("+ distillation instead of labels", "distilled", "weight_decay=5e-4"),
        "step-decay": step("+ weight decay 1e-4 instead of 5e-4: `distilled`", "distilled"),
        "step-learned": step(
            "+ learned steps, alphas at the whole rate", "distilled", "learned_steps=true", "alpha_rate=1"
        ),
        "step-unaveraged": step("`distilled` without the average", "distilled", "average=0"),
    },
    "longer": {
        "longer": Experiment("`distilled`, longer", "distilled", teacher="float-held-out", hold_out=HOLD_OUT),
        "longer-unaveraged": Experiment(
            "the same without the average", "distilled", ("average=0",), teacher="float-held-out", hold_out=HOLD_OUT
        ),
    },
    "float": {"float": Experiment("float network, all images", "float", seeds=(0,))},
    "final": {"distilled": Experiment("W4A4, `distilled`", "distilled", seeds=(0, 1, 2), teacher="float")},
    "widths": {
        "distilled-mixed": width("mixed", "distilled-mixed"),
        "distilled-w4a2": width("W4A2", "distilled-w4a2"),
        "distilled-w2a2": width("W2A2", "distilled-w2a2"),
    },
    "notebook": {"notebook": Experiment("W4A4, `notebook`", "notebook", seeds=(0, 1, 2, 3, 4, 5), evaluate_every=1)},
}

Groups = Annotated[list[str], typer.Argument(help=", ".join(GROUPS), metavar="GROUP...")]


@dataclass
class Job:
    """One run: its experiment, seed, and process while it has one."""

    name: str
    experiment: Experiment
    seed: int
    out: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def folder(self) -> Path:
        """Where it writes."""
        return self.out / f"{self.name}.seed{self.seed}"

    @property
    def record(self) -> Path | None:
        """The finished run's record."""
        found = sorted(self.folder.glob("vgg16_*.json"))
        return found[0] if found else None

    @property
    def teacher(self) -> Path | None:
        """The checkpoint that it begins with, which may not be there yet; None if it needs none."""
        name = self.experiment.teacher
        return self.out / f"{name}.seed0" / TEACHER_FILE if name else None

    @property
    def ready(self) -> bool:
        """Whether its teacher has ended."""
        return self.teacher is None or self.teacher.with_suffix(".json").exists()

    def start(self, data: Path, options: list[str]) -> None:
        """Start the process, or resume the run; it prints into its folder's output.txt."""
        e = self.experiment
        words = ["train", "--data", data, "--out", self.folder, "--recipe", e.recipe, "--seed", self.seed]
        words += ["--evaluate-every", e.evaluate_every, "--hold-out", e.hold_out, *options]
        words += [word for change in e.changes for word in ("--set", change)]
        words += ["--epochs", e.epochs] if e.epochs else []
        words += ["--teacher", self.teacher] if self.teacher else []
        words += ["--resume"] if (self.folder / "training.state").exists() else []
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "output.txt").open("ab") as output:
            command = [sys.executable, "-m", "tilewright_model", *map(str, words)]
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)


@app.command()
def run(
    groups: Groups,
    data: Annotated[Path, typer.Option(help="CIFAR-10: folder with cifar10.npz or torchvision's")],
    out: Annotated[Path, typer.Option(help="folder of the runs' folders")] = Path("build/runs"),
    jobs: Annotated[int, typer.Option(min=1, help="runs at a time")] = 1,
    options: Annotated[str, typer.Option(help="more options of `train`, such as '--tf32 --compile'")] = "",
) -> None:
    """Make the runs of the groups that have not ended yet."""
    failed = False
    waiting = [
        Job(name, experiment, seed, out) for name, experiment in _experiments(groups) for seed in experiment.seeds
    ]
    waiting = [job for job in waiting if job.record is None]
    running: list[Job] = []
    while waiting or running:
        for job in [job for job in running if job.process and job.process.poll() is not None]:
            running.remove(job)
            failed = failed or job.record is None
            console.print(f"{job.folder.name}: {_ended(job)}")
        for job in [job for job in waiting if job.ready][: jobs - len(running)]:
            waiting.remove(job)
            running.append(job)
            job.start(data, shlex.split(options))
            console.print(f"{job.folder.name}: started")
        if waiting and not running:
            raise SystemExit(f"{', '.join(job.folder.name for job in waiting)}: the float network's run has not ended")
        time.sleep(1)
    if failed:
        raise SystemExit(1)


@app.command()
def collect(out: Annotated[Path, typer.Argument(help="folder of the runs' folders")], to: Path = RUNS) -> None:
    """Put records and logs of the runs that have ended into TO's two files, in place of what these had of them."""
    logs = sorted(out.glob("*/log.csv"))
    if not logs:
        raise typer.BadParameter(f"no run's log.csv in the folders of {out}")
    to.mkdir(parents=True, exist_ok=True)
    records, epochs = _records(to), _epochs(to)
    for log in logs:
        for record in sorted(log.parent.glob("vgg16_*.json")):
            records[log.parent.name] = json.loads(record.read_text())
            epochs[log.parent.name] = _rows(log)
    lines = [json.dumps({"run": name, **record}) for name, record in sorted(records.items())]
    (to / RECORDS).write_text("\n".join(lines) + "\n")
    with (to / EPOCHS).open("w", newline="") as file:
        columns = dict.fromkeys(column for rows in epochs.values() for row in rows for column in row)
        writer = csv.DictWriter(file, ["run", *columns], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"run": name, **row} for name, rows in sorted(epochs.items()) for row in rows)


@app.command()
def table(groups: Groups, runs: Path = RUNS) -> None:
    """Print the groups' results as a Markdown table."""
    records = _records(runs)
    print("| | measured on | epochs | accuracy of each seed | mean |\n|---|---|---|---|---|")
    for name, experiment in _experiments(groups):
        names = [f"{name}.seed{seed}" for seed in experiment.seeds]
        found = [records[name] for name in names if name in records]
        if found:
            scores = [record["accuracy"] for record in found]
            measured = {f"{r['total']:,} {'test images' if r['measured'] == 'test' else 'held out'}" for r in found}
            epochs = ", ".join(sorted({str(record["epochs"]) for record in found}))
            each = ", ".join(f"{score:.2f}" for score in scores)
            mean = sum(scores) / len(scores)
            print(f"| {experiment.shown} | {', '.join(measured)} | {epochs} | {each} | {mean:.2f} |")


@app.command()
def best(groups: Groups, runs: Path = RUNS) -> None:
    """Print the best of the epochs at which the test images were measured, as a Markdown table."""
    logs = _epochs(runs)
    print("| | epochs measured | best of each seed | its epoch | mean |\n|---|---|---|---|---|")
    for name, experiment in _experiments(groups):
        measured = [_measured(logs.get(f"{name}.seed{seed}", [])) for seed in experiment.seeds]
        bests = [max(epochs, key=lambda epoch: epoch[1]) for epochs in measured if epochs]
        if bests:
            counts = ", ".join(sorted({str(len(epochs)) for epochs in measured if epochs}))
            scores = ", ".join(f"{score:.2f}" for _, score in bests)
            mean = sum(score for _, score in bests) / len(bests)
            print(f"| {experiment.shown} | {counts} | {scores} | {', '.join(e for e, _ in bests)} | {mean:.2f} |")


def _group(name: str) -> dict[str, Experiment]:
    if name not in GROUPS:
        raise typer.BadParameter(f"group {name!r} is none of {', '.join(GROUPS)}")
    return GROUPS[name]


def _experiments(groups: list[str]) -> list[tuple[str, Experiment]]:
    return [item for group in groups for item in _group(group).items()]


def _records(runs: Path) -> dict[str, dict[str, Any]]:
    """Each run's record, by NAME.seedN."""
    path = runs / RECORDS
    records = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {record.pop("run"): record for record in records}


def _epochs(runs: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of each run's log, by NAME.seedN."""
    path = runs / EPOCHS
    epochs: dict[str, list[dict[str, str]]] = {}
    for row in _rows(path) if path.exists() else []:
        epochs.setdefault(row.pop("run"), []).append(row)
    return epochs


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def _measured(rows: list[dict[str, str]]) -> list[tuple[str, float]]:
    """The epochs of a log that have a test accuracy, and it."""
    return [(row["epoch"], float(row["test_accuracy"])) for row in rows if row["test_accuracy"]]


def _ended(job: Job) -> str:
    if job.record is None:
        return f"FAILED, see {job.folder / 'output.txt'}"
    record = json.loads(job.record.read_text())
    return f"{record['accuracy']:.2f} % of {record['total']}"


if __name__ == "__main__":
    app()
