"""Every claim of the tutorial gets the verdict that its figures ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from tinydigits.classifier import DIGITS
from tinydigits_train.claims import Findings, judge_claims
from tinydigits_train.measure import measure
from tinydigits_train.preparations import PREPARATIONS
from tinydigits_train.report import Blanked, Claim, IterationPoint, Variant

ORDERS = ("label-sorted", "OpenML")


def variant(name: str, order: str, confused: Sequence[tuple[str, str, int]] = ()) -> Variant:
    """A variant that read ten of each digit right and so many others as something else."""
    truth = [int(digit) for digit in DIGITS for _ in range(10)]
    read = list(truth)
    for shown, taken_for, count in confused:
        truth += [int(shown)] * count
        read += [int(taken_for)] * count
    found = measure(np.eye(10)[read], np.array(truth), DIGITS)
    bits = 1 if name == "binarized" else 8
    return Variant(
        name=name,
        what="",
        order=order,
        features=784,
        bytes_per_image=98 * bits,
        bytes_per_model=31_400,
        iterations=4,
        seconds=1.5,
        accuracy=found.accuracy,
        accuracy_interval=found.accuracy_interval,
        macro_f1=found.macro_f1,
        weighted_f1=found.weighted_f1,
        labels=DIGITS,
        classes=found.classes,
        confusion=found.confusion,
    )


def points(*accuracies: float, converged: bool = True) -> list[IterationPoint]:
    """Fits of 1, 2, 4 and more iterations with these accuracies on test images."""
    last = len(accuracies) - 1
    return [
        IterationPoint(
            iterations=2**k,
            converged=converged and k == last,
            train_accuracy=0.9,
            test_accuracy=accuracy,
            seconds=1.0,
        )
        for k, accuracy in enumerate(accuracies)
    ]


def rights(*accuracies: float, n: int = 1000) -> list[np.ndarray[Any, np.dtype[np.bool_]]]:
    """Which of so many images fits of these accuracies read right: the first of them."""
    return [np.arange(n) < round(accuracy * n) for accuracy in accuracies]


def blanked(label: str = "1", bright: float = 0.1, dark: float = 0.2) -> Blanked:
    """A digit for which blanking its bright pixels leaves so many read, inking its dark ones so
    many.
    """
    return Blanked(
        label=label,
        untouched=0.9,
        bright_blanked=bright,
        others_blanked=0.85,
        dark_inked=dark,
        others_inked=0.8,
    )


@pytest.fixture
def findings() -> Findings:
    """What makes every claim true that can be."""
    fives = [("5", "3", 5), ("5", "8", 4), ("5", "2", 1)]
    worse = [*fives, ("7", "9", 1)]
    variants = []
    for order in ORDERS:
        variants += [variant(p.name, order, fives) for p in PREPARATIONS[:1]]
        variants += [variant(p.name, order, worse) for p in PREPARATIONS[1:]]
    accuracies = (0.7, 0.8, 0.85, 0.9, 0.8)
    return Findings(variants, points(*accuracies), rights(*accuracies), [blanked()], 39)


def claim(found: Findings, name: str) -> Claim:
    """The claim of this name."""
    (chosen,) = [c for c in judge_claims(found) if c.id == name]
    return chosen


def changed(found: Findings, order: str, name: str, **fields: object) -> Findings:
    """The same but for one variant."""
    return replace(
        found,
        variants=[
            msgspec.structs.replace(v, **fields) if (v.order, v.name) == (order, name) else v
            for v in found.variants
        ],
    )


def test_every_claim(findings: Findings) -> None:
    """All claims have a name of their own, words and numbers."""
    claims = judge_claims(findings)
    assert [c.id for c in claims] == [
        "trained-within-seconds",
        "five-worst",
        "five-as-three-and-eight",
        "bright-areas-speak-for",
        "dark-areas-speak-against",
        "more-iterations-overtrain",
        "binarizing-costs-1-percent",
        "factor-128",
        "edges-cost-2-percent",
    ]
    for c in claims:
        assert c.says.endswith(".")
        assert c.measured
        assert c.numbers
        assert (c.verdict == "depends") == bool(c.depends_on)


def test_seconds(findings: Findings) -> None:
    """Trained within seconds is ten of them at most."""
    assert claim(findings, "trained-within-seconds").verdict == "holds"
    slow = changed(findings, "OpenML", "raw", seconds=11.0)
    assert claim(slow, "trained-within-seconds").verdict == "depends"
    slow = changed(slow, "label-sorted", "raw", seconds=60.0)
    assert claim(slow, "trained-within-seconds").verdict == "does not hold"


def test_five_worst(findings: Findings) -> None:
    """5 must have the lowest F1 in both orders, or it depends on the order."""
    assert claim(findings, "five-worst").verdict == "holds"
    other = variant("raw", "OpenML", [("2", "7", 9)])
    found = claim(changed(findings, "OpenML", "raw", classes=other.classes), "five-worst")
    assert found.verdict == "depends"
    assert found.depends_on == "the order of the samples: it holds for label-sorted"
    assert found.numbers["OpenML"] == min(c.f1 for c in other.classes)


def test_five_as_three_and_eight(findings: Findings) -> None:
    """What 5 is most often taken for must be 3 and 8, whichever comes first."""
    found = claim(findings, "five-as-three-and-eight")
    assert found.verdict == "holds"
    assert found.numbers["OpenML: as 3"] == 5
    for order in ORDERS:
        other = variant("raw", order, [("5", "6", 9), ("5", "8", 4), ("5", "3", 3)])
        findings = changed(findings, order, "raw", confusion=other.confusion)
    found = claim(findings, "five-as-three-and-eight")
    assert found.verdict == "does not hold"
    assert "for 6 (9) and 8 (4)" in found.measured


@pytest.mark.parametrize(
    ("name", "f1", "verdict"),
    [
        ("binarized as printed", 0.98, "does not hold"),
        ("binarized as printed", 0.991, "holds"),
        ("binarized as printed", 1.01, "does not hold"),
        ("raw + edges", 0.98, "holds"),
        ("raw + edges", 0.99, "does not hold"),
    ],
)
def test_costs(name: str, f1: float, verdict: str, findings: Findings) -> None:
    """A cost in F1 is as claimed where it is within half a point of it."""
    for order in ORDERS:
        findings = changed(findings, order, "raw", macro_f1=1.0)
        findings = changed(findings, order, name, macro_f1=f1)
    which = "edges-cost-2-percent" if "edges" in name else "binarizing-costs-1-percent"
    found = claim(findings, which)
    assert found.verdict == verdict
    assert found.numbers["OpenML"] == pytest.approx(1 - f1)
    points = f"{100 * (f1 - 1):+.1f}".replace("-", "\N{MINUS SIGN}")
    assert f"{points} in OpenML order" in found.measured


def test_factor(findings: Findings) -> None:
    """Eight bits that become one are a factor of 8."""
    found = claim(findings, "factor-128")
    assert found.verdict == "does not hold"
    assert found.numbers["factor"] == 8


@pytest.mark.parametrize(
    ("accuracies", "verdict"),
    [
        ((0.7, 0.8, 0.85, 0.9, 0.85), "holds"),
        ((0.7, 0.8, 0.85, 0.9, 0.899), "does not hold"),  # one image of a thousand is chance
        ((0.7, 0.8, 0.85, 0.9, 0.91), "does not hold"),
    ],
)
def test_overtraining(accuracies: tuple[float, ...], verdict: str, findings: Findings) -> None:
    """More iterations overtrain where the last fit reads fewer test images than the best one, and
    more than chance explains.
    """
    found = replace(findings, iterations=points(*accuracies), right=rights(*accuracies))
    overtrained = claim(found, "more-iterations-overtrain")
    assert overtrained.verdict == verdict
    assert overtrained.numbers["best"] == max(accuracies)
    assert overtrained.numbers["early"] == 0.85
    assert overtrained.numbers["last_iterations"] == 16


def test_says_whether_it_converged(findings: Findings) -> None:
    """A solver that was stopped before it was done is said to be."""
    assert "where it converged" in claim(findings, "more-iterations-overtrain").measured
    stopped = replace(findings, iterations=points(0.7, 0.8, 0.85, 0.9, 0.8, converged=False))
    assert "not converged yet" in claim(stopped, "more-iterations-overtrain").measured


@pytest.mark.parametrize("name", ["bright-areas-speak-for", "dark-areas-speak-against"])
def test_areas(name: str, findings: Findings) -> None:
    """Areas speak for or against a digit where changing them does more than changing others."""
    assert claim(findings, name).verdict == "holds"
    mixed = replace(findings, blanked=[blanked("1"), blanked("2", bright=0.9, dark=0.9)])
    found = claim(mixed, name)
    assert found.verdict == "depends"
    assert found.depends_on == "the digit: it holds for 1"
    never = replace(findings, blanked=[blanked("2", bright=0.9, dark=0.9)])
    assert claim(never, name).verdict == "does not hold"
