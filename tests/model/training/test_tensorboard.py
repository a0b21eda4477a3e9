"""What TensorBoard's own reader finds in the event files, and the counts that they are made of."""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tilewright_model.errors import CaptureError, DataError, ModelError
from tilewright_model.integers.reference import reference
from tilewright_model.networks.examples import small_network
from tilewright_model.networks.vgg16 import VGG16
from tilewright_model.networks.vgg16_plan import VGG16Options
from tilewright_model.training.distributions import CodeCounts, Distributions, distributions
from tilewright_model.training.tensorboard_log import TAGS, TensorBoardLog

PLAN = "8 M 8 4- M 8 M M M"


def rows(first: int, last: int, loss: float = 2.0) -> list[dict[str, Any]]:
    """Rows as `train` makes them; the test accuracy is known in even epochs only."""
    return [
        {
            "epoch": epoch,
            "rate": 0.1 / epoch,
            "loss": loss / epoch,
            "train_accuracy": 10.123 + epoch,
            "held_out_accuracy": 9.5 + epoch,
            "test_accuracy": 8.25 + epoch if epoch % 2 == 0 else None,
            "seconds": 3.3 * epoch,
        }
        for epoch in range(first, last + 1)
    ]


def read(folder: Path) -> EventAccumulator:
    everything = {"scalars": 0, "histograms": 0}
    return EventAccumulator(str(folder), size_guidance=everything).Reload()


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = read(folder)
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def expected(log: list[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    names = [name for name in log[0] if name != "epoch"]
    return {
        TAGS.get(name, name): [(row["epoch"], float(np.float32(row[name]))) for row in log if row[name] is not None]
        for name in names
    }


def write(folder: Path, log: list[dict[str, Any]]) -> None:
    board = TensorBoardLog(folder, log[0]["epoch"])
    for row in log:
        board.epoch(row)
    board.close()


def test_the_file_holds_exactly_the_rows(tmp_path: Path) -> None:
    write(tmp_path, rows(1, 6))
    assert scalars(tmp_path) == expected(rows(1, 6))
    assert set(expected(rows(1, 2))) == {
        "rate", "loss", "accuracy/train", "accuracy/held_out", "accuracy/test", "seconds",
    }  # fmt: skip


def test_an_epoch_is_in_the_file_at_once(tmp_path: Path) -> None:
    board = TensorBoardLog(tmp_path, 1)
    board.epoch(rows(1, 1)[0])
    assert scalars(tmp_path)["loss"] == [(1, 2.0)]
    board.close()


def test_a_resumed_run_replaces_what_the_killed_one_wrote_beyond(tmp_path: Path) -> None:
    write(tmp_path, rows(1, 5))
    (killed,) = tmp_path.iterdir()
    killed.write_bytes(killed.read_bytes()[:-7])  # a kill in the middle of a record
    time.sleep(1.1)  # the files' order is that of the second in their names
    write(tmp_path, rows(4, 7, loss=3.0))
    assert len(list(tmp_path.iterdir())) == 2
    assert scalars(tmp_path) == expected(rows(1, 3) + rows(4, 7, loss=3.0))


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ModelError, match="pip install 'tensorboard"):
        TensorBoardLog(tmp_path, 1)


@pytest.fixture(scope="module")
def mixed() -> VGG16:
    """Return a small network of several widths, its weights as they are drawn."""
    torch.manual_seed(3)
    bits = {"features.4": (2, 3), "features.7": (3, 2)}
    return VGG16(VGG16Options(image_bits=8, plan=PLAN, layer_bits=bits, alpha_a=1.0))


def plain_count(values: torch.Tensor) -> dict[int, int]:
    return dict(Counter(values.flatten().tolist()))


def as_dict(counts: CodeCounts) -> dict[int, int]:
    pairs = zip(counts.codes.tolist(), counts.counts.tolist(), strict=True)
    return {code: count for code, count in pairs if count}


def test_weights_are_a_plain_count_of_weight_codes(mixed: VGG16, crops: torch.Tensor) -> None:
    result = distributions(mixed, crops)
    layers = mixed.quantised_layers()
    assert list(result.weights) == list(layers)
    for name, layer in layers.items():
        counts, levels = result.weights[name], layer.weight_quant.levels
        assert as_dict(counts) == plain_count(layer.weight_codes())
        assert (counts.lowest, len(counts.counts), counts.limits) == (-levels, 2 * levels + 1, (-levels, levels))
        at_ends = (layer.weight_codes().abs() == levels).double().mean().item()
        assert counts.at_limits == pytest.approx(at_ends, rel=1e-12)
    assert {name: counts.limits[1] for name, counts in result.weights.items()} == {
        "features.0": 7, "features.4": 1, "features.7": 3, "features.10": 7,
    }  # fmt: skip


def test_activations_are_a_plain_count_of_the_reference(image_crops: Any) -> None:
    network, pixels = small_network(5), image_crops(28)  # more than a batch
    result, integers = distributions(network, pixels), reference(network, pixels)
    inputs = dict(zip(result.activations, [integers.image_codes, *integers.codes.values()], strict=True))
    for name, codes in inputs.items():
        assert as_dict(result.activations[name]) == plain_count(codes)
    assert result.images == 28
    image, *others = result.activations.values()
    assert (image.lowest, len(image.counts), image.limits) == (-127, 255, (-127, 127))
    assert all((of.lowest, len(of.counts), of.limits) == (0, 16, (15,)) for of in others)
    assert len(result.weights) == len(result.activations) - 1  # the average has none


def test_the_notebooks_image_has_negative_codes(notebook_network: VGG16, crops: torch.Tensor) -> None:
    counts = distributions(notebook_network, crops).activations["features.0"]
    assert counts.lowest < 0 and counts.counts[0] > 0
    codes = reference(notebook_network, crops).image_codes
    assert as_dict(counts) == plain_count(codes)


def test_the_mode_stays_and_bad_input_is_refused(mixed: VGG16, crops: torch.Tensor) -> None:
    mixed.train()
    distributions(mixed, crops)
    assert mixed.training
    with pytest.raises(DataError, match="uint8 images"):
        distributions(mixed, crops.float())
    diverged = VGG16(VGG16Options(image_bits=8, plan=PLAN))
    torch.nn.init.constant_(diverged.get_parameter("features.4.weight"), float("nan"))
    with pytest.raises(CaptureError, match=r"features\.4: weights are not all finite"):
        distributions(diverged, crops)
    torch.nn.init.constant_(diverged.get_parameter("features.4.weight"), 0.5)
    torch.nn.init.normal_(diverged.get_parameter("features.4.weight"))
    torch.nn.init.constant_(diverged.get_parameter("features.1.bias"), float("nan"))
    with pytest.raises(CaptureError, match=r"features\.4: inputs are not all finite"):
        distributions(diverged, crops)


def test_the_files_histograms_are_the_counts(mixed: VGG16, crops: torch.Tensor, tmp_path: Path) -> None:
    result = distributions(mixed, crops)
    board = TensorBoardLog(tmp_path, 1)
    board.histograms(3, result)
    board.close()
    events = read(tmp_path)
    written = {f"{group}/{name}": counts for group, name, counts in every(result)}
    assert set(events.Tags()["histograms"]) == set(written)
    for tag, counts in written.items():
        (event,) = events.Histograms(tag)
        histogram = event.histogram_value
        codes = np.repeat(counts.codes, counts.counts)
        assert event.step == 3
        assert histogram.bucket_limit == [code + 0.5 for code in counts.codes]
        assert histogram.bucket == counts.counts.tolist()
        assert (histogram.num, histogram.sum) == (len(codes), codes.sum())
        assert histogram.sum_squares == (codes**2).sum()
        assert (histogram.min, histogram.max) == (counts.lowest - 0.5, counts.limits[-1] + 0.5)


def every(result: Distributions) -> list[tuple[str, str, CodeCounts]]:
    groups = {"weights": result.weights, "activations": result.activations}
    return [(group, name, counts) for group, layers in groups.items() for name, counts in layers.items()]
