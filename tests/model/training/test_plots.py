"""The pictures of a training run, the logs that they are made of, and the command."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from tilewright.pictures.curves import ACCURACIES
from tilewright.pictures.histograms import percent
from tilewright.pictures.style import PALETTE, Theme
from tilewright_model.__main__ import app
from tilewright_model.checkpoint_file import DEFAULT_CHECKPOINT
from tilewright_model.checkpoints.packed import save_packed
from tilewright_model.data.crops import crops as scikit_crops
from tilewright_model.errors import DataError, ModelError
from tilewright_model.networks.examples import small_network
from tilewright_model.networks.vgg16 import VGG16
from tilewright_model.networks.vgg16_plan import VGG16Options
from tilewright_model.training.distributions import distributions
from tilewright_model.training.log import read_log
from tilewright_model.training.plots import save_curves, save_histograms

SHIPPED_LOG = DEFAULT_CHECKPOINT.with_suffix(".csv")
COLOURS = PALETTE[Theme.LIGHT].series
LIMITS = PALETTE[Theme.LIGHT].weights
HEADER = "epoch,progress,rate,loss,train_accuracy,held_out_accuracy,test_accuracy,note,seconds\n"
LOG = HEADER + "1,0.5,0.1,2.0,20.0,19.5,,warm,3.5\n2,1.0,0.01,1.5,40.0,38.0,39.0,,7\n"


def pixels(path: Path) -> NDArray[np.uint8]:
    """Return a PNG as uint8 (h, w, 3)."""
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def has_colour(picture: NDArray[np.uint8], colour: str) -> bool:
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return bool((picture == wanted).all(2).any())


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """Return a folder as `train` leaves it, of a very small network."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "log.csv").write_text(LOG)
    torch.manual_seed(1)
    save_packed(VGG16(VGG16Options(image_bits=8, plan="8 M 8 M M M M")), folder / "network.safetensors")
    return folder


def test_a_log_is_read_by_its_columns(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    first, second = read_log(tmp_path / "log.csv")
    assert first == {
        "epoch": 1, "rate": 0.1, "loss": 2.0, "train_accuracy": 20.0, "held_out_accuracy": 19.5,
        "test_accuracy": None, "seconds": 3.5,
    }  # fmt: skip
    assert second["test_accuracy"] == 39.0


def test_the_shipped_log_is_read() -> None:
    rows = read_log(SHIPPED_LOG)
    assert [row["epoch"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[-1]["train_accuracy"] == 99.692 and rows[-1]["test_accuracy"] == 94.45
    assert rows[0]["held_out_accuracy"] is None and rows[0]["test_accuracy"] is None


def test_a_log_without_held_out_images_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,test_accuracy\n1,0.5,\n2,0.25,91.5\n")
    assert [row["test_accuracy"] for row in read_log(path)] == [None, 91.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no column 'epoch'"),
        ("a,b\n1,2\n", "names no column 'epoch'"),
        (HEADER, "holds no epoch yet"),
        ("epoch,loss\n1,2\n2\n", r"line 3: not as many cells"),
        ("epoch,loss\n1,2,3\n", r"line 2: not as many cells"),
        ("epoch,loss\n1,2\n2,two\n", r"line 3: loss is 'two', not a number"),
        ("epoch,loss\n,2\n", "line 2: no epoch"),
        (b"\xff\xfe\x00epoch", "cannot be read"),
    ],
)
def test_a_damaged_log_is_refused_by_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=message):
        read_log(path)


def test_no_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no training log at .*log\.csv; .* train"):
        read_log(tmp_path / "log.csv")


def test_curves_show_every_column(tmp_path: Path) -> None:
    """Another value in the middle of a column, within the scale and not in the title, is another picture."""
    columns = ["loss", "rate", *ACCURACIES]
    rows: list[dict[str, Any]] = [{"epoch": epoch} | dict.fromkeys(columns, float(epoch)) for epoch in (1, 2, 3)]

    def drawn(column: str) -> NDArray[np.uint8]:
        save_curves({"": [rows[0], rows[1] | {column: 1.5}, rows[2]]}, tmp_path / "curves.png")
        return pixels(tmp_path / "curves.png")

    plain = drawn("no such column")
    assert all((drawn(column) != plain).any() for column in columns)
    assert np.array_equal(drawn("seconds"), plain)


def test_a_log_without_held_out_images_has_two_lines(tmp_path: Path) -> None:
    save_curves({"shipped": read_log(SHIPPED_LOG)}, tmp_path / "two.png")
    picture = pixels(tmp_path / "two.png")
    assert [has_colour(picture, colour) for colour in COLOURS[:3]] == [True, True, False]


def test_runs_are_overlaid_each_in_its_colour(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"epoch": epoch, "loss": 1 / epoch, "rate": 0.0} for epoch in (1, 2, 3)]
    shifted = [row | {"loss": row["loss"] + 1} for row in rows]
    save_curves({"a": rows, "b": shifted, "c": rows[:1]}, tmp_path / "new" / "curves.png")
    picture = pixels(tmp_path / "new" / "curves.png")
    assert [has_colour(picture, colour) for colour in COLOURS[:4]] == [True, True, True, False]


def test_twenty_runs_fit_a_picture_and_more_are_refused(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"epoch": epoch, "loss": 1 / epoch, "rate": 0.1} for epoch in (1, 2)]
    runs = {f"run {number}": rows for number in range(21)}
    save_curves(dict(list(runs.items())[:20]), tmp_path / "curves.png")
    with pytest.raises(ModelError, match="21 runs are too many for one picture: name 20 at most"):
        save_curves(runs, tmp_path / "more.png")
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]


def test_histograms_show_bars_and_limits(tmp_path: Path, crops: torch.Tensor) -> None:
    result = distributions(small_network(1), crops)  # an average, which has no weights
    save_histograms(result, tmp_path / "histograms.png", "small_$network_1")
    picture = pixels(tmp_path / "histograms.png")
    assert has_colour(picture, COLOURS[0]) and has_colour(picture, LIMITS)


def test_shares_are_written_without_exponents() -> None:
    shares = [0.0, 9e-6, 1e-5, 0.0123, 0.999, 0.9999, 1.0]
    texts = ["0 %", "< 0.001 %", "0.001 %", "1.23 %", "99.9 %", "100 %", "100 %"]
    assert [percent(share) for share in shares] == texts


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModelError, match="pip install matplotlib"):
        save_curves({"": [{"epoch": 1}]}, tmp_path / "curves.png")


def test_dark_pictures_have_a_dark_ground(tmp_path: Path, crops: torch.Tensor) -> None:
    save_curves({"": [{"epoch": 1, "loss": 1.0}]}, tmp_path / "curves.png", dark=True)
    save_histograms(distributions(small_network(1), crops), tmp_path / "histograms.png", dark=True)
    for picture in map(pixels, tmp_path.iterdir()):
        assert tuple(picture[0, 0]) == (0x1E, 0x21, 0x29) and has_colour(picture, PALETTE[Theme.DARK].work)


def run_command(*arguments: object) -> dict[str, Any]:
    """Run `plot`; returns its JSON."""
    result = CliRunner().invoke(app, ["plot", "--json", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def refused(*arguments: object) -> str:
    """What `plot` says when it refuses."""
    result = CliRunner().invoke(app, ["plot", *map(str, arguments)])
    assert result.exit_code == 2 and result.stdout == ""
    return result.stderr


def test_the_command_draws_a_run(run_folder: Path, data_root: Path) -> None:
    pictures = run_command(run_folder, "--data", data_root, "--count", 8)["pictures"]
    for name in ("curves.png", "histograms.png"):
        assert str(run_folder / name) in pictures
        assert len(np.unique(pixels(run_folder / name))) > 10


def test_the_command_compares_runs(run_folder: Path, tmp_path: Path) -> None:
    """A folder of the same name elsewhere, and a log alone, which has no checkpoint."""
    other = tmp_path / "other" / "run"
    other.mkdir(parents=True)
    for file in run_folder.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    alone = tmp_path / "alone.csv"
    alone.write_text(LOG)
    out = tmp_path / "pictures"
    run_command(run_folder, other, alone, run_folder, "--out", out, "--count", 2)
    names = [f"histograms.{str(folder).replace('/', '_')}.png" for folder in (run_folder, other)]
    assert sorted(path.name for path in out.iterdir()) == sorted(["curves.png", *names])
    picture = pixels(out / "curves.png")
    assert [has_colour(picture, colour) for colour in COLOURS[2:4]] == [True, False]


def test_the_command_says_what_a_folder_lacks(run_folder: Path, tmp_path: Path) -> None:
    assert "nowhere' does not exist" in refused(tmp_path / "nowhere")
    checkpoint = run_folder / "network.safetensors"
    (run_folder / "second.safetensors").write_bytes(checkpoint.read_bytes())
    assert "holds network.safetensors, second.safetensors" in refused(run_folder)
    for file in run_folder.glob("*.safetensors"):
        file.unlink()
    assert "holds none: `train` writes it" in refused(run_folder)
    (run_folder / "log.csv").unlink()
    assert "no training log" in refused(run_folder)


def test_evaluate_draws_what_it_takes_for_what(data_root: Path, run_folder: Path, tmp_path: Path) -> None:
    """Rows are labels: the data set's 24 test images are of ten classes by turns."""
    checkpoint, picture = run_folder / "network.safetensors", tmp_path / "confusion.png"
    command = ["evaluate", "--data", data_root, "--checkpoint", checkpoint, "--device", "cpu", "--dark"]
    result = CliRunner().invoke(app, list(map(str, [*command, "--plot", picture, "--json"])))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    counts = np.array(found["confusion"])
    assert counts.shape == (10, 10) and counts.sum() == found["total"] == 24
    assert counts.sum(1).tolist() == np.bincount(np.arange(40, 64) % 10).tolist()
    assert np.trace(counts) == found["correct"] and len(found["classes"]) == 10
    assert found["picture"] == str(picture) and has_colour(pixels(picture), PALETTE[Theme.DARK].background)
    result = CliRunner().invoke(app, list(map(str, [*command, "--integer", "--plot", picture])))
    assert result.exit_code == 2 and "--plot draws what a checkpoint says" in result.stderr


def test_crops_are_the_same_each_time() -> None:
    pieces = scikit_crops(5)
    assert (pieces.dtype, tuple(pieces.shape)) == (torch.uint8, (5, 3, 32, 32))
    assert torch.equal(pieces, scikit_crops(5)) and not torch.equal(pieces, scikit_crops(5, seed=1))
