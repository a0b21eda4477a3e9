"""The moving average of a network that trains."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def decay_after(steps: int, decay: float) -> float:
    """What the average keeps of itself when it has had `steps` >= 1 steps: (1 + steps) / (10 + steps), `decay` at most.

    With `decay` from the first step on, an average over a short run would still hold the random weights of the
    beginning. As TensorFlow's ExponentialMovingAverage with num_updates.
    """
    return min(decay, (1 + steps) / (10 + steps))


def moving_average(model: nn.Module, decay: float) -> AveragedModel:
    """An average of the model's parameters and buffers, which `update_parameters(model)` takes a step further."""
    average = AveragedModel(model, use_buffers=True)

    def update(kept: Sequence[Tensor], new: Sequence[Tensor], _steps: Tensor | int) -> None:
        steps = int(average.n_averaged)  # of the CPU: `_steps` is on the model's device, which would be waited for
        get_ema_multi_avg_fn(decay_after(steps, decay))(kept, new, None)  # type: ignore[no-untyped-call]

    average.multi_avg_fn = update
    return average
