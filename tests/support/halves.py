"""The sum of a linear layer's products as docs/network_format.md defines it, term by term."""

from collections.abc import Sequence
from typing import Any


def halves(terms: Sequence[Any]) -> Any:
    """The last half of the terms is added to the first, the middle of an odd number waits, until one is left."""
    while len(terms) > 1:
        half = (len(terms) + 1) // 2
        added = [first + second for first, second in zip(terms, terms[half:], strict=False)]
        terms = [*added, *terms[len(added) : half]]
    return terms[0]
