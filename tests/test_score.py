"""The figures mean what their description says."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydigits.reader import Reading
from tinydigits.score import MISSED, Outcome, Score, Worst, align, render_score, score


def outcome(
    truth: str | None, text: str, *, rejected: bool = False, confidence: float = 0.9
) -> Outcome:
    """A picture that shows ``truth`` and was read as ``text``."""
    reading = Reading("frame", text, confidence, rejected, (), ())
    return Outcome(Path(f"set/{truth}.png"), truth, reading)


def unread(truth: str | None) -> Outcome:
    """A picture that could not be opened."""
    return Outcome(Path(f"set/{truth}.png"), truth, None)


NUMBERS = st.text("0123456789", max_size=6)
OUTCOMES = st.builds(
    outcome,
    st.none() | NUMBERS.filter(bool),
    NUMBERS,
    rejected=st.booleans(),
    confidence=st.floats(0, 1),
) | st.builds(unread, st.none() | NUMBERS.filter(bool))

MIXED = [
    outcome("12", "12"),
    outcome("34", "35", confidence=0.8),
    outcome("56", "5", rejected=True, confidence=0.7),
    outcome("78", "78", rejected=True),
    unread("90"),
    outcome(None, "", rejected=True),
    outcome(None, "1", rejected=True, confidence=0.6),
    outcome(None, "4", confidence=0.99),
    unread(None),
]


def test_mixed() -> None:
    """Every figure of a small set is what counting by hand gives."""
    result = score(MIXED)
    assert result.n == 9
    assert result.exact == 2 / 5  # 12 and 78
    assert result.count_right == 3 / 5  # 12, 34 and 78
    assert result.digit_accuracy == 6 / 10  # 1 2, 3, 5, 7 8
    assert result.rejected == 3 / 5  # 56, 78 and what could not be opened
    assert result.error_among_accepted == 1 / 2  # 34 of 12 and 34
    assert result.none_accepted == 1 / 4
    assert result.unreadable == ["set/90.png", "set/None.png"]
    wrong = {(4, 5): 1, (6, MISSED): 1, (9, MISSED): 1, (0, MISSED): 1}
    right = {(digit, digit): 1 for digit in (1, 2, 3, 5, 7, 8)}
    assert result.confusion == [
        [{**wrong, **right}.get((row, column), 0) for column in range(11)] for row in range(10)
    ]


def test_worst() -> None:
    """The worst are the wrong readings, surest first; what was never read is not among them."""
    assert score(MIXED).worst == [
        Worst("None.png", "none", "4", 0.99, rejected=False),
        Worst("34.png", "34", "35", 0.8, rejected=False),
        Worst("56.png", "56", "5", 0.7, rejected=True),
    ]
    many = [outcome("1", "2", confidence=k / 100) for k in range(100)]
    assert [worst.confidence for worst in score(many).worst] == [k / 100 for k in range(99, 79, -1)]


def test_none_among_most() -> None:
    """Of what shows no digit, as much counts as is read as surely as nine tenths of the rest."""
    shown = [outcome("1", "1", confidence=k / 10, rejected=k < 7) for k in range(1, 11)]
    none = [outcome(None, "3", confidence=c, rejected=True) for c in (0.1, 0.2, 0.21, 0.9)]
    assert score([*shown, *none]).none_among_most == 3 / 4
    assert score([*shown, unread(None)]).none_among_most == 0
    assert score(shown).none_among_most is None
    assert score(none).none_among_most is None


def test_no_case() -> None:
    """A share of nothing is null, not 0 and not 1."""
    shares = ("exact", "count_right", "digit_accuracy", "rejected", "error_among_accepted")
    nothing = score([])
    assert nothing.n == 0
    assert {getattr(nothing, name) for name in (*shares, "none_accepted")} == {None}
    without_digit = score([outcome(None, "1")])
    assert {getattr(without_digit, name) for name in shares} == {None}
    assert without_digit.none_accepted == 1
    all_rejected = score([outcome("1", "1", rejected=True)])
    assert all_rejected.exact == 1
    assert all_rejected.error_among_accepted is None
    assert all_rejected.none_accepted is None


@pytest.mark.parametrize(
    ("truth", "text", "right"),
    [
        ("1234", "12\n34", True),  # two lines
        ("1234", "1234", True),
        ("1234", "01234", False),
        ("1234", "", False),
    ],
)
def test_lines(truth: str, text: str, right: bool) -> None:  # noqa: FBT001  parametrised
    """A number is right if its digits are, on however many lines."""
    assert outcome(truth, text).right is right


@pytest.mark.parametrize(
    ("truth", "read", "pairs"),
    [
        ("123", "123", [("1", "1"), ("2", "2"), ("3", "3")]),
        ("123", "13", [("1", "1"), ("2", None), ("3", "3")]),
        ("123", "1923", [("1", "1"), ("2", "2"), ("3", "3")]),
        ("123", "193", [("1", "1"), ("2", "9"), ("3", "3")]),
        ("12", "", [("1", None), ("2", None)]),
        ("", "12", []),
    ],
)
def test_align(truth: str, read: str, pairs: list[tuple[str, str | None]]) -> None:
    """Each true digit is paired with the one that was read in its place, or with none."""
    assert align(truth, read) == pairs


def distance(truth: str, read: str) -> int:
    """Levenshtein's distance, straight from its definition."""

    @cache
    def rest(i: int, j: int) -> int:
        if i == len(truth) or j == len(read):
            return len(truth) - i + len(read) - j
        if truth[i] == read[j]:
            return rest(i + 1, j + 1)
        return 1 + min(rest(i + 1, j + 1), rest(i + 1, j), rest(i, j + 1))

    return rest(0, 0)


@given(NUMBERS, NUMBERS)
def test_align_is_the_shortest(truth: str, read: str) -> None:
    """An alignment keeps both orders and takes as few edits as Levenshtein's distance says."""
    pairs = align(truth, read)
    assert "".join(true for true, _ in pairs) == truth
    used = [found for _, found in pairs if found is not None]
    rest = iter(read)
    assert all(found in rest for found in used)  # a subsequence
    changed = sum(true != found for true, found in pairs)  # missed ones too
    assert changed + len(read) - len(used) == distance(truth, read)


@given(st.lists(OUTCOMES, max_size=12))
def test_any(outcomes: list[Outcome]) -> None:
    """Whatever was read, the confusion holds each true digit once, and all shares are shares."""
    result = score(outcomes)
    shown = "".join(o.truth for o in outcomes if o.truth is not None)
    assert [sum(row) for row in result.confusion] == [shown.count(digit) for digit in "0123456789"]
    for share in (
        result.exact,
        result.count_right,
        result.digit_accuracy,
        result.rejected,
        result.error_among_accepted,
        result.none_accepted,
        result.none_among_most,
    ):
        assert share is None or 0 <= share <= 1
    confidences = [worst.confidence for worst in result.worst]
    assert confidences == sorted(confidences, reverse=True)


@given(st.lists(OUTCOMES, max_size=12))
def test_json_and_text(outcomes: list[Outcome]) -> None:
    """A score comes back from JSON as it was, and fits on a terminal."""
    result = score(outcomes)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Score) == result
    assert max(len(line) for line in render_score(result, "set").splitlines()) <= 80


def test_text() -> None:
    """As text, each figure stands beside its name, and the matrix below its header."""
    lines = render_score(score(MIXED), "set").splitlines()
    assert lines[0] == "set: 9 pictures"
    assert "  whole number right           40.00 %" in lines
    assert "  without digit, yet accepted  25.00 %" in lines
    assert "  unreadable pictures              2" in lines
    header = next(line for line in lines if line.endswith("missed"))
    four = next(line for line in lines if line.startswith("  4  "))
    assert four[header.index("5")] == "1"
    assert set(four[5:]) == {" ", ".", "1"}
    assert lines[-1] == "  56 read as 5 (0.70, rejected)  56.png"
    assert lines[-3] == "  none read as 4 (0.99)  None.png"


def test_text_of_little() -> None:
    """Figures without a case are left out of the text, and so is an empty matrix."""
    assert render_score(score([outcome(None, "", rejected=True)]), "set") == (
        "set: 1 picture\n  without digit, yet accepted   0.00 %"
    )
