"""Several data sets as one: how they are named, weighted and parted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinydigits.errors import UsageError
from tinydigits_export.golden import golden_glyphs
from tinydigits_train.datasets import NONE, DataSet, Member, device_view, mix
from tinydigits_train.sources import Supplies, load
from tinydigits_train.splits import split

RULES = Supplies(fonts="none")
"""Digits drawn by rule alone: no fonts are needed."""

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with ten pictures of digits and one without."""
    for label, digit in [*((str(digit), digit) for digit in range(10)), ("none", 8)]:
        folder = tmp_path / "pic+tures" / label
        folder.mkdir(parents=True)
        paper = 255 - np.pad(golden_glyphs()[digit] // 255 * 200, 6)
        Image.fromarray(paper.astype(np.uint8)).resize((120, 120)).save(folder / "a.png")
    return tmp_path / "pic+tures"


def made_up(name: str, count: int, label: int = 0) -> DataSet:
    """Empty glyphs."""
    return DataSet(name, np.zeros((count, 28, 28), np.uint8), np.full(count, label))


def test_mix() -> None:
    """The glyphs of the sets stand one after the other, each with its set's weight and name."""
    mixed = mix([Member(made_up("a", 2)), Member(made_up("b", 3, NONE), 2.5)])
    assert (mixed.name, len(mixed)) == ("a+b", 5)
    assert mixed.weights.tolist() == [1, 1, 2.5, 2.5, 2.5]
    assert mixed.kinds is not None
    assert mixed.kinds.tolist() == ["a", "a", "b", "b", "b"]
    assert [source.name for source in mixed.sources()] == ["a", "b"]


def test_weights_of_a_set_alone() -> None:
    """Alone every glyph weighs the same, and the set is its own source."""
    alone = made_up("a", 2)
    assert alone.weights.tolist() == [1, 1]
    assert alone.sources() == (alone.source(),)


def test_each_set_is_parted_as_it_would_be_alone() -> None:
    """What a set alone would be tested on is what it brings to the test part of a mix."""
    bundled, drawn = load("bundled"), load("synthetic:240", RULES)
    mixed = split(mix([Member(bundled), Member(drawn)]), 0)
    for part in ("train", "validation", "test"):
        own = [split(dataset, 0).by_name()[part] for dataset in (bundled, drawn)]
        expected = np.concatenate([own[0], own[1] + len(bundled)])
        assert np.array_equal(mixed.by_name()[part], expected)


def test_named_mix(pictures: Path) -> None:
    """A mix is named by its sets, joined by plus signs, with their weights behind asterisks."""
    mixed = load(f"bundled*0.5+synthetic:240*2+folder:{pictures}", RULES)
    sizes = [len(member.dataset) for member in mixed.members]
    assert sizes[:2] == [1797, 240]
    assert [member.weight for member in mixed.members] == [0.5, 2.0, 1.0]
    assert mixed.name == "bundled+synthetic:240+folder:pic+tures"


def test_none_of_folders_beside_synthetic(pictures: Path) -> None:
    """Pictures without a digit are learned from where there is a class for them."""
    alone = load(f"folder:{pictures}")
    assert NONE not in alone.labels
    mixed = load(f"folder:{pictures}+synthetic:240", RULES)
    without = mixed.members[0].dataset
    assert {p.path.parent.name for p in without.pictures if p.digits is None} == {"none"}
    assert set(without.labels.tolist()) == set(range(11))


def test_every_ink_of_folders_beside_synthetic(pictures: Path) -> None:
    """Where there is a class for what is none, a picture gives each ink that shows its digit."""
    alone = load(f"folder:{pictures}")
    mixed = load(f"folder:{pictures}+bundled+synthetic:240", RULES)
    member = mixed.members[0].dataset
    assert len(member) > len(alone) + 1
    shown = [int(picture.digits or NONE) for picture in member.pictures]
    assert member.labels.tolist() == shown
    assert {glyph.tobytes() for glyph in member.glyphs} >= {g.tobytes() for g in alone.glyphs}
    parts = split(mixed, 0)
    own, other = (
        {member.pictures[k].path for k in part if k < len(member)}
        for part in (parts.train, parts.test)
    )
    assert own
    assert other
    assert not own & other


def test_only_foreign_glyphs_are_made_anew() -> None:
    """What the device's steps made stays as it is; what they didn't is brought to their form."""
    foreign = load("bundled").take(np.arange(20))
    drawn = load("synthetic:240", RULES)
    renewed = device_view(mix([Member(foreign), Member(drawn)]))
    assert np.array_equal(renewed[20:], drawn.glyphs)
    assert not np.array_equal(renewed[:20], foreign.glyphs)
    assert device_view(drawn) is drawn.glyphs


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bundled+bundled*2", "has the same set twice"),
        ("bundled*0", "gives bundled no weight"),
        ("synthetic:0", "asks for no glyph"),
        ("synthetic:many", "there is no data set 'synthetic:many'"),
        ("bundled+", r"there is no data set 'bundled\+'"),
        ("bundled+folder:", "there is no data set 'folder:'"),
    ],
)
def test_bad_mixes(name: str, message: str) -> None:
    """A mix that can't be meant is refused with what is wrong."""
    with pytest.raises(UsageError, match=message):
        load(name, RULES)
