"""The model card tells a device where to reject, and people what the model is."""

from __future__ import annotations

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from samples import sample_card
from tinydigits.classifier import CoveragePoint, Glyphs, GoldenGlyph, ModelCard
from tinydigits_export.card import render_card


def curve(*points: tuple[float, float]) -> ModelCard:
    """A card with these confidences and errors."""
    return sample_card(coverage=tuple(CoveragePoint(c, 1 - c, error) for c, error in points))


def test_reject_below() -> None:
    """The reject threshold is the least confidence whose error is at most the accepted one."""
    card = curve((0.0, 0.08), (0.5, 0.02), (0.9, 0.001))
    assert [card.reject_below(error) for error in (1, 0.08, 0.05, 0.02, 0.001)] == [
        *(0.0, 0.0, 0.5, 0.5, 0.9)
    ]


def test_reject_everything() -> None:
    """Where no confidence keeps the error that small, no digit is confident enough."""
    assert curve((0.0, 0.08), (0.9, 0.01)).reject_below(0.001) > 1
    assert curve().reject_below(1) > 1


@given(
    arrays(np.uint8, (28, 28)),
    st.lists(st.floats(0, 1), min_size=1, max_size=11),
)
def test_golden_round_trip(glyph: Glyphs, probability: list[float]) -> None:
    """A golden glyph keeps the ink and the probabilities, through JSON too."""
    packed = GoldenGlyph.from_glyph(glyph, np.array(probability))
    again = msgspec.json.decode(msgspec.json.encode(packed), type=GoldenGlyph)
    assert again == packed
    assert again.probability == tuple(probability)
    np.testing.assert_array_equal(again.glyph(), np.where(glyph > 0, 255, 0))
    assert again.glyph().dtype == np.uint8


def test_card_text() -> None:
    """The card tells people the data with hashes, accuracy, coverage, contract and versions."""
    text = render_card(sample_card(), 38_000)
    for part in (
        "# Model card: linear",
        "38,000 bytes",
        "91.23 % right (95 % interval 90.12 % to 92.35 %)",
        "| scikit-learn digits, enlarged | 1,797 | " + "ab" * 32,
        "cd" * 32,
        "| 0.0000 | 100.00 % | 7.00 % |",
        "at least 96 is ink",
        "scikit-learn 1.9.1",
        "takes everything for a digit",
        "MIT licence",
    ):
        assert part in text
    assert "recognise as 'none'" in render_card(sample_card(labels=(*"0123456789", "none")), 1)


def test_card_of_a_stranger() -> None:
    """Control codes in a card don't reach the terminal."""
    assert "\x1b" not in render_card(sample_card(name="\x1b[2J"), 1)
