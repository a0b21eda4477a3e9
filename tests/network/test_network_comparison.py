"""What every comparison counts, and what a report lists of it."""

import numpy as np

from tilewright.network.comparison import LISTED, Counts, listing


def test_counts_of_parts_are_those_of_the_whole() -> None:
    expected = np.arange(24).reshape(2, 3, 2, 2) % 5
    got = expected.copy()
    got[1, 2, 0, 1] += 1
    got[0, 0, 0, 0] -= 1
    whole, part, rest = Counts(), Counts(), Counts()
    differ = whole.count(expected, got)
    assert np.argwhere(differ).tolist() == [[0, 0, 0, 0], [1, 2, 0, 1]]
    assert (whole.compared, whole.nonzero, whole.mismatches, whole.equal) == (24, 19, 2, False)
    part.count(expected[:1], got[:1])
    rest.count(expected[1:], got[1:])
    part.include(rest)
    assert part == whole
    same = Counts()
    same.count(expected, expected.copy())
    assert same.equal


def test_the_rest_is_counted() -> None:
    assert listing(2, ["a", "b"]) == ["  a", "  b"]
    assert listing(LISTED + 3, ["a"] * LISTED)[LISTED:] == ["  and 3 more"]
