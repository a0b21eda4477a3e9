"""Small PyTorch networks, each for one thing that a graph may hold, with random parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright_model.layers.plain import BatchNorm1d, BatchNorm2d
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d, QuantIdentity, QuantLinear
from tilewright_model.networks.examples import Maker
from tilewright_model.networks.network import QuantisedNetwork

CHANNELS, SIZE = 8, 8
Forward = Callable[[Any, Tensor], Tensor]


class GraphNetwork(QuantisedNetwork):
    """Modules by name and a forward that calls them; the image's convolution, average and classifier are there.

    Args:
        forward: of itself and the first map, to the last.
        channels, size: of the last map.
        modules: by name.
    """

    def __init__(self, forward: Forward, channels: int = CHANNELS, size: int = SIZE, **modules: nn.Module) -> None:
        super().__init__((3, SIZE, SIZE))
        self.between = forward
        self.first = step(3, CHANNELS, image_bits=8)
        for name, module in modules.items():
            setattr(self, name, module)
        self.average, self.classifier = QuantAvgPool2d(size), nn.Flatten()
        self.last = Maker(1).linear(channels, 4)

    def forward(self, images: Tensor) -> Tensor:
        return self.last(self.classifier(self.average(self.between(self, self.first(images)))))


def step(inputs: int, outputs: int, kernel: Any = 3, relu: bool = True, **settings: Any) -> nn.Sequential:
    """Convolution, batch-norm and ReLU; as large a map as before, unless the settings say other."""
    if "padding" not in settings:
        settings["padding"] = kernel // 2 if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)
    layer = QuantConv2d(inputs, outputs, kernel, **settings)
    return nn.Sequential(layer, BatchNorm2d(outputs), *([nn.ReLU()] if relu else []))


def alike(*layers: nn.Module) -> None:
    """Gives layers one clipping value."""
    for layer in layers[1:]:
        layer.act_alpha = layers[0].act_alpha


def depthwise() -> GraphNetwork:
    return GraphNetwork(lambda m, x: m.point(m.depth(x)), 12, depth=step(8, 8, groups=8), point=step(8, 12, 1))


def grouped_and_dilated() -> GraphNetwork:
    return GraphNetwork(lambda m, x: m.b(m.a(x)), 12, a=step(8, 12, groups=4), b=step(12, 12, dilation=2, padding=2))


def by_direction() -> GraphNetwork:
    return GraphNetwork(lambda m, x: m.b(m.a(x)), 10, a=step(8, 12, (1, 5)), b=step(12, 10, (7, 1)))


def beside() -> GraphNetwork:
    a, b, c = step(8, 5), step(8, 6, 1), step(11, 9)
    alike(a[0], b[0])
    return GraphNetwork(lambda m, x: m.c(torch.cat([m.a(x), m.b(x)], 1)), 9, a=a, b=b, c=c)


def beside_apart() -> GraphNetwork:
    """Maps side by side before a depthwise convolution and before an average: written as one map first."""
    a, b, c = step(8, 5), step(8, 6, 1), step(11, 11, groups=11)
    alike(a[0], b[0])

    def forward(m: Any, x: Tensor) -> Tensor:
        y = m.c(torch.cat([m.a(x), m.b(x)], 1))
        return torch.cat([y, m.d(y)], dim=1)

    return GraphNetwork(forward, 15, a=a, b=b, c=c, d=step(11, 4, 1))


def slices() -> GraphNetwork:
    a, b, c = step(3, 5), step(5, 6, 1), step(14, 9)
    alike(a[0], b[0], c[0])

    def forward(m: Any, x: Tensor) -> Tensor:
        return m.c(torch.cat([m.a(x[:, :3]), m.b(x[:, 3:]), x[:, 2:5]], 1))

    return GraphNetwork(forward, 9, a=a, b=b, c=c)


def chunks() -> GraphNetwork:
    a, b = step(4, 5), step(9, 7)
    alike(a[0], b[0])

    def forward(m: Any, x: Tensor) -> Tensor:
        left, right = x.chunk(2, 1)
        return m.b(torch.concat((right, m.a(left)), dim=1))

    return GraphNetwork(forward, 7, a=a, b=b)


def maxima() -> GraphNetwork:
    def forward(m: Any, x: Tensor) -> Tensor:
        return m.c(functional.max_pool2d(m.b(m.pool(m.a(m.same(x)))), 2, 1))

    parts = {"same": nn.MaxPool2d(3, 1, 1), "pool": nn.MaxPool2d(3, 2, 1)}
    return GraphNetwork(forward, 9, 3, a=step(8, 8), b=step(8, 10), c=step(10, 9), **parts)


def up() -> GraphNetwork:
    a, b = step(8, 12), step(20, 9)
    alike(a[0], b[0])

    def forward(m: Any, x: Tensor) -> Tensor:
        y = functional.interpolate(m.a(m.pool(x)), scale_factor=2)
        return m.b(torch.cat([x, y], 1))

    return GraphNetwork(forward, 9, a=a, b=b, pool=nn.MaxPool2d(2, 2))


def shortcut() -> GraphNetwork:
    same = QuantIdentity()
    a = step(8, 8)
    alike(a[0], same)
    return GraphNetwork(lambda m, x: torch.relu(m.b(m.a(x)) + m.same(x)), a=a, b=step(8, 8, relu=False), same=same)


def projection() -> GraphNetwork:
    a, p = step(8, 14, stride=2), step(8, 14, 1, relu=False, stride=2)
    alike(a[0], p[0])
    return GraphNetwork(lambda m, x: (m.b(m.a(x)) + m.p(x)).relu(), 14, 4, a=a, p=p, b=step(14, 14, relu=False))


def padded_shortcut() -> GraphNetwork:
    """Every second row and column, and channels of 0: a shortcut without weights."""

    def forward(m: Any, x: Tensor) -> Tensor:
        return torch.relu(m.b(m.a(x)) + functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2)))

    return GraphNetwork(forward, 12, 4, a=step(8, 12, stride=2), b=step(12, 12, relu=False))


def several() -> GraphNetwork:
    a, b, same = step(8, 8, relu=False), step(8, 8, 1, relu=False), QuantIdentity()
    alike(a[0], b[0], same)
    return GraphNetwork(lambda m, x: torch.relu(m.a(x) + x + m.b(x) + m.same(x)), a=a, b=b, same=same)


def two_maps() -> GraphNetwork:
    a, b = step(8, 8), step(8, 8, 1)
    alike(a[0], b[0])
    return GraphNetwork(lambda m, x: m.q(m.a(x)) + m.r(m.b(x)), a=a, b=b, q=QuantIdentity(), r=QuantIdentity(3))


def averages() -> GraphNetwork:
    """An average added to a convolution of the same map."""
    a, pool = step(8, 8, relu=False, padding=0), QuantAvgPool2d(3, 1)
    alike(a[0], pool)
    return GraphNetwork(lambda m, x: torch.relu(m.a(x) + m.pool(x)), 8, 6, a=a, pool=pool)


def two_quantisers() -> GraphNetwork:
    """A map that two layers quantise differently: it is written twice."""
    return GraphNetwork(
        lambda m, x: (lambda y: torch.relu(m.b(y) + m.c(y)))(m.a(x)),
        a=step(8, 8),
        b=step(8, 8, relu=False),
        c=step(8, 8, 1, relu=False),
    )


def again_quantised() -> GraphNetwork:
    """A quantised map that a layer quantises differently."""
    return GraphNetwork(lambda m, x: m.b(m.q(m.a(x))), a=step(8, 8), b=step(8, 8), q=QuantIdentity(3))


def pre_activation() -> GraphNetwork:
    """Batch-norm behind an addition, before the next convolution."""
    same = QuantIdentity()
    a = QuantConv2d(8, 8)
    alike(a, same)
    return GraphNetwork(
        lambda m, x: m.b(torch.relu(m.norm(m.a(x) + m.same(x)))),
        a=a,
        same=same,
        norm=BatchNorm2d(8),
        b=step(8, 8),
    )


def dead_channels() -> GraphNetwork:
    """Batch-norm scales of 0 and near it, of either sign, before an addition."""
    model = shortcut()
    model.scales = (0.0, 1e-30, -1e-9, -1e-5, 1e-3, -0.01)
    return model


def several_dead() -> GraphNetwork:
    model = several()
    model.scales = (0.0, 1e-30, -1e-9)
    return model


def folded_norm() -> GraphNetwork:
    """Batch-norm behind a ReLU, before another: it rises and lowers, so that it folds."""
    a = nn.Sequential(QuantConv2d(8, 8), BatchNorm2d(8), nn.ReLU(), BatchNorm2d(8), nn.ReLU())
    return GraphNetwork(lambda m, x: m.a(x), a=a)


def connected() -> GraphNetwork:
    """Fully connected layers behind a convolution, of the whole map and of one position."""
    fc = nn.Sequential(
        QuantLinear(128, 16), BatchNorm1d(16), nn.ReLU(), nn.Dropout(), QuantLinear(16, 12, bias=True), nn.ReLU()
    )
    model = GraphNetwork(lambda m, x: m.pool(m.a(x)), 12, a=step(8, 8), pool=nn.MaxPool2d(2, 2))
    model.average, model.classifier = nn.Sequential(nn.Flatten(), fc), nn.Identity()
    return model


def with_parameters(make: Callable[[], GraphNetwork], seed: int = 0) -> GraphNetwork:
    """One of these networks in evaluation mode."""
    model = make()
    Maker(seed).fill(model)
    norms = [module for module in model.modules() if isinstance(module, BatchNorm2d)]
    with torch.no_grad():
        if hasattr(model, "scales"):
            norm = norms[-1] if make is dead_channels else norms[1]
            norm.running_mean.zero_()
            norm.running_var.fill_(1.0)
            norm.weight[: len(model.scales)] = torch.tensor(model.scales)
        if make is folded_norm:
            norms[-1].running_mean.zero_()
            norms[-1].weight.abs_()
            norms[-1].bias.abs_().neg_()
    return model.eval()


MODULES: dict[str, Callable[[], GraphNetwork]] = {
    make.__name__: make
    for make in (
        depthwise,
        grouped_and_dilated,
        by_direction,
        beside,
        beside_apart,
        slices,
        chunks,
        maxima,
        up,
        shortcut,
        projection,
        padded_shortcut,
        several,
        two_maps,
        averages,
        two_quantisers,
        again_quantised,
        pre_activation,
        dead_channels,
        several_dead,
        folded_norm,
        connected,
    )
}


def random_module(seed: int) -> GraphNetwork:
    """Some steps, each of which reads any maps of the same size before it: convolutions, additions, maps beside."""
    rng = np.random.default_rng(seed)
    parts: dict[str, nn.Module] = {}
    plan: list[tuple[str, str, list[int]]] = []
    widths = [CHANNELS]
    for number in range(int(rng.integers(2, 6))):
        name, kind = f"s{number}", str(rng.choice(["plain", "add", "join", "identity", "slice"]))
        read = [int(index) for index in rng.integers(max(0, len(widths) - 2), len(widths), 2)]
        if kind == "add":  # the layer's own quantiser serves both
            read[1] = read[0]
        first, second = (widths[index] for index in read)
        settings = {"groups": 2} if first % 2 == 0 and kind == "plain" and rng.random() < 0.3 else {}
        outputs = {"add": second, "identity": second}.get(kind, int(rng.integers(2, 7)) * 2)
        inputs = {"join": first + second, "slice": max(1, first // 2)}.get(kind, first)
        parts[name] = step(inputs, outputs, int(rng.choice([1, 3])), relu=kind not in ("add", "identity"), **settings)
        parts[f"{name}q"] = QuantIdentity(int(rng.integers(2, 5)) if read[1] else 4)
        plan.append((kind, name, read))
        widths.append(outputs)

    model = GraphNetwork(_planned(plan, widths), widths[-1], **parts)
    readers = [parts[name][0] for _, name, (first, second) in plan if 0 in (first, second)]
    readers += [parts[f"{name}q"] for kind, name, (_, second) in plan if second == 0 and kind == "identity"]
    alike(*readers)
    Maker(seed).fill(model)
    return model.eval()


def _planned(plan: list[tuple[str, str, list[int]]], widths: list[int]) -> Forward:
    """The forward of a plan, which may not look at shapes."""

    def forward(m: Any, x: Tensor) -> Tensor:
        maps = [x]
        for kind, name, (first, second) in plan:
            layer, quantiser = getattr(m, name), getattr(m, f"{name}q")
            if kind == "join":
                maps.append(layer(torch.cat([maps[first], maps[second]], 1)))
            elif kind == "slice":
                maps.append(layer(maps[first][:, : max(1, widths[first] // 2)]))
            elif kind == "plain":
                maps.append(layer(maps[first]))
            else:
                other = maps[first] if kind == "add" else quantiser(maps[second])
                maps.append(torch.relu(layer(maps[first]) + other))
        return maps[-1]

    return forward
