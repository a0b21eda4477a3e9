"""The keys and shapes of a state dict against a network's: one error that names what is missing, unknown or wrong."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import torch
from torch import Tensor

from tilewright_model.errors import CheckpointError

#: names that an error shows of each list
SHOWN = 6


def check_keys(
    path: str | Path,
    network: str,
    state: Mapping[str, Tensor],
    expected: Mapping[str, torch.Size | None],
    optional: Collection[str] = (),
) -> None:
    """Make sure that a state dict has the keys and shapes of a network.

    Args:
        path: the file, for errors.
        network: its name, for errors.
        state: the tensors by key.
        expected: shapes by key; None: any shape.
        optional: keys that may be missing.

    Raises:
        CheckpointError: keys are missing or unknown, or shapes are others; names the first few.
    """
    missing = sorted(expected.keys() - state.keys() - set(optional))
    unknown = sorted(state.keys() - expected.keys())
    wrong = [
        f"{key} {tuple(state[key].shape)} for {tuple(shape)}"
        for key, shape in expected.items()
        if shape is not None and key in state and state[key].shape != shape
    ]
    lists = {"missing": missing, "unknown": unknown, "wrong shapes": wrong}
    problems = [f"{what} {shortened(names)}" for what, names in lists.items() if names]
    if problems:
        hints = [hint for key in missing[:SHOWN] if (hint := closest(key, unknown))]
        raise CheckpointError(f"{path} does not fit {network}: {', '.join([*problems, *hints])}")


def shortened(names: Sequence[str]) -> str:
    """The first few names as a list, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{list(names[:SHOWN])}{more}"


def closest(key: str, others: Collection[str]) -> str:
    """A hint at the most similar of `others`; empty if none is."""
    matches = get_close_matches(key, others, n=1, cutoff=0.8)
    return f"{matches[0]!r} may be meant for {key!r}" if matches else ""
