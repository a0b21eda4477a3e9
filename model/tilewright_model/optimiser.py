"""SGD with the quantisers' alphas in a parameter group of their own."""

from torch import nn, optim

from tilewright_model.recipes import Recipe


def build_optimiser(model: nn.Module, recipe: Recipe) -> optim.SGD:
    """SGD, momentum 0.9, with the alphas in a second parameter group; a group's `scale` multiplies the rate."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    alphas: list[nn.Parameter] = [p for name, p in named if name.endswith("_alpha")]
    others: list[nn.Parameter] = [p for name, p in named if not name.endswith("_alpha")]
    decay = recipe.weight_decay if recipe.alpha_weight_decay is None else recipe.alpha_weight_decay
    groups = [{"params": others, "scale": 1.0}]
    if alphas:
        groups.append({"params": alphas, "scale": recipe.alpha_rate, "weight_decay": decay})
    return optim.SGD(groups, lr=recipe.rate, momentum=0.9, weight_decay=recipe.weight_decay, nesterov=recipe.nesterov)
