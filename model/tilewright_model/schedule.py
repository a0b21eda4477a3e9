"""The learning rate over a run, and the share of a run that an epoch is."""

import math

from tilewright_model.recipes import Recipe


def rate_factor(recipe: Recipe, progress: float) -> float:
    """Factor on the learning rate when the fraction `progress` (0..1) of the run is done."""
    if recipe.steps:
        return 0.1 ** sum(progress >= step for step in recipe.steps)
    if progress < recipe.warm_up:
        return max(progress, 1e-4) / recipe.warm_up
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - recipe.warm_up) / (1 - recipe.warm_up))))


def advanced(progress: float, epochs_left: int, done: float = 1.0) -> float:
    """Progress after the fraction `done` of an epoch that takes one share of what remains of the schedule.

    Rounded, so that equal shares meet the steps of the schedule exactly (80 epochs of 200 are 0.4).
    """
    return round(progress + (1 - progress) / epochs_left * done, 9)
