"""The log of a training run as TensorBoard reads it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilewright_model.errors import ModelError
from tilewright_model.training.distributions import CodeCounts, Distributions

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

#: TensorBoard draws the tags of one group, before the stroke, in one section; other columns keep their names
TAGS = {
    "train_accuracy": "accuracy/train",
    "held_out_accuracy": "accuracy/held_out",
    "test_accuracy": "accuracy/test",
}


class TensorBoardLog:
    """Event files; a step is an epoch. Each call is in the file when it returns, so a kill loses nothing.

    Args:
        folder: of the files.
        first_epoch: the first that this process will write. TensorBoard forgets what an earlier process of the same
            folder wrote of this epoch and later ones.

    Raises:
        ModelError: the package tensorboard is missing.
    """

    def __init__(self, folder: str | Path, first_epoch: int) -> None:
        self._writer = _summary_writer()(str(folder), purge_step=first_epoch)

    def epoch(self, row: dict[str, Any]) -> None:
        """Write the numbers of a log row, as float32, at step row["epoch"]; what is None or no number is left out."""
        for name, value in row.items():
            if name != "epoch" and isinstance(value, int | float):
                self._writer.add_scalar(TAGS.get(name, name), value, row["epoch"])
        self._writer.flush()

    def histograms(self, epoch: int, distributions: Distributions) -> None:
        """Write the counts of every code: weights/LAYER and activations/LAYER, one bucket a code."""
        for group, layers in (("weights", distributions.weights), ("activations", distributions.activations)):
            for name, counts in layers.items():
                self._histogram(f"{group}/{name}", epoch, counts)
        self._writer.flush()

    def _histogram(self, tag: str, epoch: int, of: CodeCounts) -> None:
        """A bucket reaches half a step to each side of its code; TensorBoard takes min and max as the outer edges."""
        codes, counts = of.codes, of.counts
        self._writer.add_histogram_raw(
            tag,
            min=of.lowest - 0.5,
            max=int(codes[-1]) + 0.5,
            num=int(counts.sum()),
            sum=int(codes @ counts),
            sum_squares=int(codes**2 @ counts),
            bucket_limits=(codes + 0.5).tolist(),
            bucket_counts=counts.tolist(),
            global_step=epoch,
        )

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


def _summary_writer() -> "type[SummaryWriter]":
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ModelError(
            f"TensorBoard logs need the package tensorboard ({error}): pip install 'tensorboard>=2.18,<2.21'; "
            "log.csv holds the same numbers"
        ) from error
    return SummaryWriter
