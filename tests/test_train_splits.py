"""No glyph and no group is in two parts, and a seed gives the same split everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import costly
from tinydigits.errors import DataError
from tinydigits_train.datasets import DataSet
from tinydigits_train.splits import Parts, split

SEEDS = st.integers(0, 2**32 - 1)


def made_up(
    labels: list[int], groups: list[str] | None = None, start: int | None = None
) -> DataSet:
    """A data set of empty glyphs."""
    return DataSet(
        "made up",
        np.zeros((len(labels), 28, 28), np.uint8),
        np.array(labels, np.int64),
        None if groups is None else np.array(groups, np.str_),
        test_start=start,
    )


def check_partition(parts: Parts, n: int) -> None:
    """Every index is in exactly one part, and each part is sorted."""
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert np.array_equal(np.sort(together), np.arange(n))
    for part in (parts.train, parts.validation, parts.test):
        assert len(part)
        assert np.array_equal(part, np.sort(part))
    assert np.array_equal(parts.development, np.setdiff1d(np.arange(n), parts.test))


@given(st.permutations([*range(10)] * 5), st.lists(st.integers(0, 9), max_size=100), SEEDS)
@costly(0.3)
def test_stratified(least: list[int], more: list[int], seed: int) -> None:
    """Parts are disjoint, cover everything, and hold 60/20/20 of the set and of each digit."""
    dataset = made_up(least + more)
    parts = split(dataset, seed)
    check_partition(parts, len(dataset))
    assert abs(len(parts.test) - len(dataset) / 5) <= 1
    assert abs(len(parts.validation) - len(dataset) / 5) <= 1
    for digit in range(10):
        share = (dataset.labels == digit).sum() / 5
        for part in (parts.validation, parts.test):
            assert abs((dataset.labels[part] == digit).sum() - share) <= 1 + 1e-9


@given(st.lists(st.integers(1, 12), min_size=5, max_size=12), SEEDS)
@costly(0.3)
def test_groups_stay_together(sizes: list[int], seed: int) -> None:
    """No writer and no meter is in two parts."""
    labels = [k % 10 for size in sizes for k in range(10 * size)]
    groups = [f"writer {w}" for w, size in enumerate(sizes) for _ in range(10 * size)]
    dataset = made_up(labels, groups)
    parts = split(dataset, seed)
    check_partition(parts, len(dataset))
    assert dataset.groups is not None
    seen = [set(dataset.groups[part]) for part in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, seen)) == len(set(groups))


@given(SEEDS)
@costly(0.2)
def test_largest_group_trains(seed: int) -> None:
    """A group that is larger than a part should be is learned from, not measured on."""
    groups = ["large"] * 500 + [f"small {k % 40}" for k in range(400)]
    dataset = made_up([k % 10 for k in range(900)], groups)
    parts = split(dataset, seed)
    assert dataset.groups is not None
    assert "large" in dataset.groups[parts.train]


@given(SEEDS)
@costly(0.05)
def test_seed(seed: int) -> None:
    """The same seed gives the same split and the same hash, another seed another."""
    dataset = made_up([*range(10)] * 20)
    first, again, other = (
        split(dataset, seed),
        split(dataset, seed),
        split(dataset, (seed + 1) % 99),
    )
    assert first.card() == again.card()
    assert first.card().seed == seed
    assert first.card().sha256 != other.card().sha256


def test_hash_knows_the_parts() -> None:
    """The hash changes where one index changes sides, though the order of all stays."""
    one = Parts(0, np.arange(0, 5), np.arange(5, 8), np.arange(8, 10))
    two = Parts(0, np.arange(0, 4), np.arange(4, 8), np.arange(8, 10))
    assert one.card().sha256 != two.card().sha256


def test_official_test_part(mnist: DataSet) -> None:
    """MNIST keeps its 10,000 test images; 10,000 of the others validate, stratified."""
    parts = split(mnist, seed=0)
    check_partition(parts, 70_000)
    assert np.array_equal(parts.test, np.arange(60_000, 70_000))
    assert len(parts.validation) == 10_000
    counts = np.bincount(mnist.labels[parts.validation])
    assert np.abs(counts - np.bincount(mnist.labels[:60_000]) / 6).max() <= 1
    assert parts.card() == split(mnist, seed=0).card()


ONE_EACH = [digit for digit in range(10) for _ in range(9)]


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (made_up([*range(9)] * 9), "no glyph of 9 to train on"),
        (made_up([*range(10)]), "too few glyphs"),
        (made_up([*range(10)] * 9, ["one", "two"] * 45), r"2 group\(s\) can't be parted in three"),
        (made_up(ONE_EACH, [f"writer of {digit}" for digit in ONE_EACH]), "no glyph of"),
    ],
)
def test_too_little(dataset: DataSet, message: str) -> None:
    """What can't be parted in three, with every digit to train on, is refused."""
    with pytest.raises(DataError, match=message):
        split(dataset, seed=0)
