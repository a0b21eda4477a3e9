"""The quantisers against slow, plain formulas in Python's own floats, gradients and ties included."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tilewright_model.data.pixels import IMAGE_ALPHA, MEAN, STD
from tilewright_model.layers.quantisers import ActivationQuantiser, ImageQuantiser, WeightQuantiser, mean_and_deviation

DOUBLE = torch.float64
seeds = st.integers(0, 2**31 - 1)


def random_doubles(seed: int, count: int, scale: float) -> list[float]:
    return [float(v) for v in np.random.default_rng(seed).normal(0.01, scale, count)]


def run(quantise: Any, values: list[float], gradient: list[float]) -> tuple[list[float], list[float]]:
    """Return outputs and the input's gradient for a module of one tensor."""
    tensor = torch.tensor(values, dtype=DOUBLE, requires_grad=True)
    result = quantise(tensor)
    result.backward(torch.tensor(gradient, dtype=DOUBLE))
    assert tensor.grad is not None
    return result.tolist(), tensor.grad.tolist()


def plain_weights(
    values: list[float], alpha: float, bits: int, g: list[float]
) -> tuple[list[float], list[float], float]:
    n = 2 ** (bits - 1) - 1
    mean = math.fsum(values) / len(values)
    std = math.sqrt(math.fsum((w - mean) ** 2 for w in values) / (len(values) - 1))
    outputs, gradients, alpha_gradient = [], [], 0.0
    for w, upstream in zip(values, g, strict=True):
        z = ((w - mean) / std) / alpha
        c = max(-1.0, min(1.0, z))
        outputs.append(round(n * abs(c)) / n * math.copysign(1, c) * alpha)  # Python rounds halves to even
        gradients.append(upstream / std if abs(z) <= 1 else 0.0)
        alpha_gradient += upstream * math.copysign(1, z) if abs(z) > 1 else 0.0
    return outputs, gradients, alpha_gradient


def plain_activations(
    values: list[float], alpha: float, bits: int, g: list[float]
) -> tuple[list[float], list[float], float]:
    n = 2**bits - 1
    outputs, gradients, alpha_gradient = [], [], 0.0
    for x, upstream in zip(values, g, strict=True):
        u = x / alpha
        outputs.append(round(n * min(u, 1.0)) / n * alpha)
        gradients.append(upstream if u <= 1 else 0.0)
        alpha_gradient += upstream if u > 1 else 0.0
    return outputs, gradients, alpha_gradient


@settings(max_examples=40, deadline=None)
@given(seed=seeds, bits=st.integers(2, 8), alpha=st.floats(0.3, 4.0), count=st.integers(2, 200))
def test_weight_quantiser_equals_the_plain_formula(seed: int, bits: int, alpha: float, count: int) -> None:
    values, g = random_doubles(seed, count, 0.05), random_doubles(seed + 1, count, 1.0)
    quantiser = WeightQuantiser(bits, alpha).double()
    alpha = quantiser.wgt_alpha.item()
    outputs, gradients = run(quantiser, values, g)
    expected, expected_gradients, expected_alpha = plain_weights(values, alpha, bits, g)
    assert outputs == pytest.approx(expected, rel=1e-12, abs=1e-14)
    assert gradients == pytest.approx(expected_gradients, rel=1e-12)
    assert quantiser.wgt_alpha.grad is not None
    assert quantiser.wgt_alpha.grad.item() == pytest.approx(expected_alpha, rel=1e-9, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, count=st.integers(2, 4000), dtype=st.sampled_from([torch.float32, DOUBLE]))
def test_mean_and_deviation_have_the_same_bits_in_any_order(seed: int, count: int, dtype: torch.dtype) -> None:
    weight = torch.tensor(random_doubles(seed, count, 0.05)).to(dtype)
    mean, deviation = mean_and_deviation(weight)
    values = weight.double().tolist()
    plain = math.fsum(values) / count
    spread = math.sqrt(math.fsum((w - plain) ** 2 for w in values) / (count - 1))
    rounding = torch.finfo(dtype).eps + 2.0**-36
    assert mean.dtype == dtype and mean.item() == pytest.approx(plain, rel=rounding, abs=2.0**-40)
    assert deviation.dtype == dtype and deviation.item() == pytest.approx(spread, rel=rounding)
    shuffled = weight[torch.randperm(count, generator=torch.Generator().manual_seed(seed))]
    assert all(map(torch.equal, mean_and_deviation(shuffled), (mean, deviation)))
    assert all(map(torch.equal, mean_and_deviation(weight.flip(0)), (mean, deviation)))


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
def test_the_number_of_threads_changes_no_bit_of_mean_and_deviation(dtype: torch.dtype) -> None:
    before = torch.get_num_threads()
    weight = torch.randn(512, 128, 3, 3, generator=torch.Generator().manual_seed(1)).to(dtype) * 0.02 + 0.001
    ours, torchs = set(), set()
    try:
        for threads in (1, 2, 3, 4):
            torch.set_num_threads(threads)
            ours.add(tuple(value.item() for value in mean_and_deviation(weight)))
            torchs.add((weight.double().mean().item(), weight.double().std().item()))
    finally:
        torch.set_num_threads(before)
    assert len(torchs) > 1, "tests nothing where sums in float64 do not depend on the threads"
    assert len(ours) == 1


def test_the_root_of_a_deviation_is_rounded_correctly() -> None:
    """Two weights d apart have the deviation d / sqrt(2): its square is a float32, and numpy's root is correct."""
    for seed in range(200):
        apart = np.float32(np.random.default_rng(seed).uniform(0.1, 2))
        _, deviation = mean_and_deviation(torch.tensor([0.0, float(apart)]))
        variance = np.float32(np.float64(apart) ** 2 / 2)
        assert deviation.item() == np.float32(np.sqrt(np.float64(variance)))


@settings(max_examples=40, deadline=None)
@given(seed=seeds, bits=st.integers(1, 8), alpha=st.floats(0.3, 8.0), count=st.integers(1, 200))
def test_activation_quantiser_equals_the_plain_formula(seed: int, bits: int, alpha: float, count: int) -> None:
    values, g = random_doubles(seed, count, 5.0), random_doubles(seed + 1, count, 1.0)
    clip = torch.tensor(alpha, dtype=DOUBLE, requires_grad=True)
    quantiser = ActivationQuantiser(bits)
    outputs, gradients = run(lambda x: quantiser(x, clip), values, g)
    expected, expected_gradients, expected_alpha = plain_activations(values, alpha, bits, g)
    assert outputs == pytest.approx(expected, rel=1e-12, abs=1e-14)
    assert gradients == expected_gradients
    assert clip.grad is not None
    assert clip.grad.item() == pytest.approx(expected_alpha, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("bits", [2, 4])
def test_a_learned_step_gets_the_gradient_of_its_rounding(bits: int) -> None:
    n, alpha = 2**bits - 1, 0.9
    quantiser = ActivationQuantiser(bits)
    quantiser.learned_step = True
    values, g = [abs(v) for v in random_doubles(5, 24, 1.0)], random_doubles(6, 24, 1.0)
    parameter = torch.tensor(alpha, dtype=DOUBLE, requires_grad=True)
    x = torch.tensor(values, dtype=DOUBLE, requires_grad=True).reshape(2, 12)
    quantiser(x, parameter).backward(torch.tensor(g, dtype=DOUBLE).reshape(2, 12))
    scaled = [n * v / alpha for v in values]
    slopes = [round(v) - v if v <= n else n for v in scaled]
    assert sum(v > n for v in scaled) > 3, "tests nothing without clipped values"
    expected = n * math.fsum(a * b for a, b in zip(g, slopes, strict=True)) / math.sqrt(12 * n)
    assert parameter.grad is not None and parameter.grad.item() == pytest.approx(expected, rel=1e-12)


def test_a_learned_step_of_weights_gets_the_gradient_of_its_rounding() -> None:
    n, alpha = 7, 1.5
    quantiser = WeightQuantiser(4, alpha).double()
    quantiser.learned_step = True
    values, g = random_doubles(7, 30, 0.3), random_doubles(8, 30, 1.0)
    _, gradient = run(quantiser, values, g)
    mean = math.fsum(values) / 30
    std = math.sqrt(math.fsum((w - mean) ** 2 for w in values) / 29)
    z = [(w - mean) / std / alpha for w in values]
    slopes = [round(n * v) - n * v if abs(v) <= 1 else math.copysign(n, v) for v in z]
    assert any(abs(v) > 1 for v in z)
    expected = n * math.fsum(a * b for a, b in zip(g, slopes, strict=True)) / math.sqrt(30 * n)
    assert quantiser.wgt_alpha.grad is not None
    assert quantiser.wgt_alpha.grad.item() == pytest.approx(expected, rel=1e-12)
    assert gradient == pytest.approx([b / std if abs(v) <= 1 else 0.0 for v, b in zip(z, g, strict=True)])


def test_the_clipping_point_itself_belongs_to_the_inside() -> None:
    clip = torch.tensor(2.0, requires_grad=True)
    x = torch.tensor([1.0, 2.0, 2.0000002], requires_grad=True)
    ActivationQuantiser(4)(x, clip).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1, 1, 0]
    assert clip.grad is not None and clip.grad.item() == 1
    quantiser = WeightQuantiser(4, alpha=1.0)  # weights of mean 0 and standard deviation 1: |z| is 1, 1 and 0
    weight = torch.tensor([1.0, -1.0, 0.0], requires_grad=True)
    quantiser(weight).sum().backward()
    assert weight.grad is not None and weight.grad.tolist() == [1, 1, 1]
    assert quantiser.wgt_alpha.grad is not None and quantiser.wgt_alpha.grad.item() == 0


@pytest.mark.parametrize(("bits", "alpha", "code"), [(2, 2.0, 0), (3, 2.0, 2), (4, 2.0, 4), (4, 2.8, 2), (4, 14.0, 0)])
def test_weights_halfway_between_codes_go_to_the_even_one(bits: int, alpha: float, code: int) -> None:
    n = 2 ** (bits - 1) - 1
    assert 1.0 / alpha * n % 1 == 0.5
    quantiser = WeightQuantiser(bits, alpha).double()
    quantiser.wgt_alpha.data.fill_(alpha)
    outputs = quantiser(torch.tensor([1.0, -1.0, 0.0], dtype=DOUBLE)).detach() * n / alpha
    assert outputs.round().tolist() == [code, -code, 0]


def test_activations_halfway_between_codes_go_to_the_even_one() -> None:
    ties = [u for u in ((k + 0.5) / 15 for k in range(-40, 15)) if (u * 15) % 1 == 0.5]
    assert len(ties) > 30
    x = torch.tensor(ties, dtype=DOUBLE)
    codes = (ActivationQuantiser(4)(x, torch.tensor(1.0, dtype=DOUBLE)) * 15).round().tolist()
    assert codes == [round(u * 15) for u in ties]
    assert all(code % 2 == 0 for code in codes)


def test_quantised_weights_are_the_saved_ones_bit_for_bit() -> None:
    weight = torch.from_numpy(np.random.default_rng(3).normal(0, 0.05, (16, 16, 3, 3)).astype(np.float32))
    quantiser = WeightQuantiser(4, alpha=2.2575)
    z = ((weight - weight.mean()) / weight.std() / quantiser.wgt_alpha.detach()).numpy()
    c = np.clip(z, -1, 1)
    expected = np.round(7 * np.abs(c)) * np.float32(1 / 7) * np.sign(c) * np.float32(2.2575)
    assert np.array_equal(quantiser(weight).detach().numpy(), expected)


def image_alpha() -> Tensor:
    return torch.tensor(IMAGE_ALPHA, dtype=DOUBLE)


def test_image_codes_are_signed_bytes_that_keep_all_256_levels_of_every_channel() -> None:
    for mean, std in zip(MEAN, STD, strict=True):
        pixels = (torch.arange(256, dtype=DOUBLE) / 255 - mean) / std
        codes = (ImageQuantiser(8)(pixels, image_alpha()) * 127 / image_alpha()).round()
        expected = [round(p / IMAGE_ALPHA * 127) for p in pixels.tolist()]
        assert codes.tolist() == expected
        assert -127 <= min(expected) < 0 < max(expected) <= 127
        assert max(b - a for a, b in itertools.pairwise(expected)) <= 2
