"""Calibration: the clipping values with the least error, and what a warm start is worth with them."""

import torch
from torch import Tensor

from tilewright_model.data.pixels import IMAGE_ALPHA, normalise
from tilewright_model.networks.vgg16 import VGG16, FloatVGG16
from tilewright_model.networks.vgg16_plan import VGG16Options
from tilewright_model.training.calibrate import CANDIDATES, calibrate, least_error_alpha
from tilewright_model.training.run import warm_start

OPTIONS = VGG16Options(image_bits=8, plan="8 M 8 8- M 16 M M M")


def test_no_other_candidate_has_a_smaller_error() -> None:
    values = torch.randn(3000, generator=torch.Generator().manual_seed(1)).abs()
    found = least_error_alpha(values, 3)

    def error(alpha: float) -> float:
        return float(((values / alpha).clamp(-1, 1).mul(3).round() / 3 * alpha - values).double().square().mean())

    largest = float(values.max())
    candidates = [largest * number / CANDIDATES for number in range(1, CANDIDATES + 1)]
    assert min(candidates, key=error) == found and 0.3 * largest < found < 0.9 * largest


def test_a_calibrated_student_is_close_to_its_teacher(crops: Tensor) -> None:
    torch.manual_seed(2)
    teacher, model = FloatVGG16(OPTIONS.plan).eval(), VGG16(OPTIONS)
    warm_start(model, teacher)
    calibrate(model, crops)
    alphas = {name: float(layer.act_alpha.detach()) for name, layer in model.quantised_layers().items()}
    assert abs(alphas.pop("features.0") - IMAGE_ALPHA) < 1e-6, "a pixel's range"
    assert all(alpha != OPTIONS.alpha_a for alpha in alphas.values())
    for module in teacher.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.train()  # the batch's own statistics, which the calibrated network has
    with torch.no_grad():
        wanted, found = teacher(normalise(crops)).double(), model.eval()(normalise(crops))
    assert float((found - wanted).norm() / (wanted - wanted.mean(1, keepdim=True)).norm()) < 0.35
    assert {norm.momentum for norm in model.modules() if isinstance(norm, torch.nn.BatchNorm2d)} == {0.1}
    other = VGG16(OPTIONS)
    warm_start(other, teacher)
    with torch.no_grad():
        raw = other.eval()(normalise(crops))
    assert float((raw - wanted).norm()) > 2 * float((found - wanted).norm()), "calibration is for something"
