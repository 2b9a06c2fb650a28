"""What looks like a number is told from what only looks like digits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawing import on_paper, seven_segment, typed, written
from examples import costly
from tinydigits.choice import Place, number_lines, places, without_parts
from tinydigits.evidence import EVEN, Seen, best_run, consider, run_of
from tinydigits.ink import Ink, Recipe
from tinydigits.lines import find_lines
from tinydigits.pieces import DigitInk, Mask
from tinydigits.touching import MAX_ASPECT, split_touching

RECIPE = Recipe("dark", "around", 0.2, 0.4, 640)
CONFIDENCES = st.lists(st.floats(0.1, 1), min_size=1, max_size=8)


def read_as(confidences: list[float], labels: int = 10) -> np.ndarray:
    """Probabilities of which the largest are these."""
    rows = np.zeros((len(confidences), labels), np.float32)
    rows[:, 0] = confidences
    rows[:, labels - 1] = 1 - rows[:, 0] if labels > 10 else 0
    return rows


def seen_in(mask: Mask, confidences: list[float], labels: int = 10) -> list[Seen]:
    """The lines of an ink, their digits read as surely as the confidences say."""
    ink = Ink(
        mask,
        np.where(mask, np.uint8(40), np.uint8(200)),
        RECIPE,
        1.0,
        (0, 0, *mask.shape[::-1]),
        mask.shape,
    )
    return [
        consider(ink, line, read_as(confidences[: len(line.digits)], labels))
        for line in find_lines(mask)
    ]


def one_line(confidences: list[float], labels: int = 10) -> Seen:
    """A line of even digits."""
    mask = on_paper(typed("8" * len(confidences), 40), 30) > 0
    return seen_in(mask, confidences, labels)[0]


@given(CONFIDENCES)
@costly(0.4)
def test_even_digits(confidences: list[float]) -> None:
    """Digits that are all alike speak for their line as surely as they are read."""
    worth = one_line(confidences).worth
    assert worth == pytest.approx(np.array(confidences) - EVEN, abs=1e-5)


@given(CONFIDENCES, st.integers(1, 8))
@costly(0.4)
def test_runs(confidences: list[float], count: int) -> None:
    """The best run begins and ends with digits that speak for it; a counted one has its count."""
    seen = one_line(confidences)
    run = best_run(seen)
    if run:
        assert min(run.seen.worth[run.start], run.seen.worth[run.stop - 1]) > -0.3
        assert run.score > 0
    exact = run_of(seen, count)
    assert exact is None or len(exact.digits) == count <= len(confidences)


def test_none_speaks_against() -> None:
    """What a model knows as no digit speaks against its line."""
    assert one_line([0.9, 0.1, 0.9], labels=11).worth[1] < -0.2


def test_odd_one_out() -> None:
    """A thing of another height, stroke or contrast beside a number counts less than its digits."""
    mask = on_paper(typed("4096", 60), 40) > 0
    mask[43:85, -30:-18] = True  # a block: its strokes are far too wide
    line = max(seen_in(mask, [0.9] * 5), key=lambda seen: len(seen.line.digits))
    assert len(line.line.digits) == 5
    assert line.worth[4] < line.worth[:4].min() - 0.1


def test_known_count() -> None:
    """A clear digit is not left out to make a count fit, a doubtful thing is."""
    assert run_of(one_line([0.9, 0.9, 0.9]), 2) is None
    run = run_of(one_line([0.9, 0.9, 0.4]), 2)
    assert run is not None
    assert (run.start, run.stop) == (0, 2)


def test_halves() -> None:
    """Lines of upper or lower halves give way to the line of whole digits."""
    mask = on_paper(seven_segment("888", 80, 0.08), 40) > 0
    runs = [run for run in map(best_run, seen_in(mask, [0.6] * 9)) if run]
    assert [len(run.digits) for run in without_parts(runs)] == [3]


def test_votes() -> None:
    """What several inks show at one place is one line, read as their mean."""
    runs = [best_run(one_line(confidences)) for confidences in ([0.9, 0.9], [0.7, 0.7])]
    (place,) = places([run for run in runs if run])
    assert len(place.runs) == 2
    assert 0.7 < place.probabilities[0, 0] < 0.9
    assert place.score < place.best.score


def test_lines_of_a_number() -> None:
    """Lines below each other belong together, small print beside them doesn't."""
    page = np.zeros((300, 300), np.bool_)
    for text, size, top in (("042", 60, 20), ("571", 60, 120), ("3141", 20, 230)):
        line = typed(text, size) > 0
        page[top : top + line.shape[0], 40 : 40 + line.shape[1]] = line
    runs = [best_run(seen) for seen in seen_in(page, [0.9] * 9)]
    lines: list[Place] = number_lines(places([run for run in runs if run]))
    assert [len(line.best.digits) for line in lines] == [3, 3]
    tops = [line.best.boxes[0, 1] for line in lines]
    assert tops == sorted(tops)


@given(st.integers(1, 9), st.integers(10, 60))
@costly(0.3)
def test_no_wide_digit(count: int, size: int) -> None:
    """After splitting nothing is wider than a digit; what is far too wide is dropped."""
    bar = np.ones((size, round(0.7 * size * count)), np.bool_)
    ink = DigitInk((5, 5, 5 + bar.shape[1], 5 + size), bar)
    parts = split_touching([ink])
    assert all(part.width <= MAX_ASPECT * part.height for part in parts)
    assert sum(part.width for part in parts) in {0, ink.width}


def test_no_gap_no_cut() -> None:
    """A digit that is no wider than one is left alone."""
    mask = written("8", 3) > 0
    ink = DigitInk((0, 0, mask.shape[1], mask.shape[0]), mask)
    assert split_touching([ink]) == [ink]
