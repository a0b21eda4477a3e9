"""The moving average against its formula in Python's floats."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tilewright_model.training.optimisation import decay_after, moving_average


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=40), st.sampled_from([0.5, 0.9, 0.9995]))
def test_parameters_and_buffers_follow_the_formula(values: list[float], decay: float) -> None:
    network = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    average = moving_average(network, decay)
    wanted = values[0]  # the first step is taken over whole
    for step, value in enumerate(values):
        for tensor in (network[0].weight, network[1].running_var):
            tensor.data.fill_(value)
        average.update_parameters(network)
        share = min(decay, (1 + step) / (10 + step)) if step else 0
        wanted = share * wanted + (1 - share) * value
    for name in ("module.0.weight", "module.1.running_var"):
        assert average.state_dict()[name].flatten()[0].item() == pytest.approx(wanted, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("steps", [50, 500, 5000])
def test_a_short_run_does_not_keep_its_beginning(steps: int) -> None:
    network = nn.Linear(1, 1, bias=False)
    average = moving_average(network, 0.9995)
    for step in range(steps):
        network.weight.data.fill_(1.0 if step == 0 else 0.0)
        average.update_parameters(network)
    assert average.state_dict()["module.weight"].item() < 1e-6


def test_a_long_average_reaches_its_decay() -> None:
    assert decay_after(17_980, 0.9995) < 0.9995 == decay_after(17_990, 0.9995)


def test_a_restored_average_goes_on() -> None:
    torch.manual_seed(1)
    network = nn.Linear(3, 3)
    first, second = moving_average(network, 0.99), moving_average(network, 0.99)
    for _ in range(5):
        network.weight.data.normal_()
        first.update_parameters(network)
    second.load_state_dict(first.state_dict())
    network.weight.data.normal_()
    first.update_parameters(network)
    second.update_parameters(network)
    assert torch.equal(first.state_dict()["module.weight"], second.state_dict()["module.weight"])
