"""What the tutorial says, held against what was measured.

Each claim has a rule here that turns figures into a verdict, so that nobody's eye decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from tinydigits_train.measure import Z_95, percent
from tinydigits_train.preparations import AS_PRINTED, BINARIZED, RAW, WITH_EDGES
from tinydigits_train.report import Blanked, Claim, IterationPoint, Variant, Verdict
from tinydigits_train.variants import MAX_ITERATIONS

A_FEW_SECONDS: Final = 10.0

WITHIN: Final = 0.5
"""Percentage points: a cost of "1 %" is one that rounds to it."""

_ORDER: Final = "the order of the samples"

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything that claims are held against."""

    variants: Sequence[Variant]
    iterations: Sequence[IterationPoint]
    """Of the raw variant, fewest first."""
    right: Sequence[Bools]
    """For each of these points, which test images were read right."""
    blanked: Sequence[Blanked]
    blanked_pixels: int

    def named(self, name: str) -> dict[str, Variant]:
        """The variant of this name, by the order of the samples."""
        return {variant.order: variant for variant in self.variants if variant.name == name}


def judge_claims(found: Findings) -> tuple[Claim, ...]:
    """All claims, in the tutorial's order."""
    return (
        _trained_within_seconds(found),
        _five_worst(found),
        _five_as_three_and_eight(found),
        _bright_speaks_for(found),
        _dark_speaks_against(found),
        _more_iterations_overtrain(found),
        _binarizing_costs(found),
        _factor_128(found),
        _edges_cost(found),
    )


def _trained_within_seconds(found: Findings) -> Claim:
    raw = found.named(RAW)
    seconds = {order: variant.seconds for order, variant in raw.items()}
    verdict, _ = _across({order: s <= A_FEW_SECONDS for order, s in seconds.items()})
    counts = ", ".join(f"{s:.1f} s in {order} order" for order, s in seconds.items())
    return Claim(
        id="trained-within-seconds",
        says="The model is trained within seconds.",
        measured=f"{MAX_ITERATIONS} iterations on raw brightness: {counts}",
        verdict=verdict,
        depends_on="the machine" if verdict == "depends" else "",
        numbers=seconds,
    )


def _five_worst(found: Findings) -> Claim:
    worst = {o: min(v.classes, key=lambda c: c.f1) for o, v in found.named(RAW).items()}
    verdict, depends_on = _across({order: c.label == "5" for order, c in worst.items()})
    measured = ", ".join(
        f"{c.label} with F1 {100 * c.f1:.1f} % in {order} order" for order, c in worst.items()
    )
    return Claim(
        id="five-worst",
        says="5 is the digit that is read worst.",
        measured=f"worst is {measured}",
        verdict=verdict,
        depends_on=depends_on,
        numbers={order: c.f1 for order, c in worst.items()},
    )


def _five_as_three_and_eight(found: Findings) -> Claim:
    words, holds = [], {}
    numbers: dict[str, float] = {}
    for order, variant in found.named(RAW).items():
        row = dict(zip(variant.labels, variant.confusion[variant.labels.index("5")], strict=True))
        row.pop("5")
        first, second = sorted(row, key=lambda read: -row[read])[:2]
        holds[order] = {first, second} == {"3", "8"}
        words.append(f"for {first} ({row[first]}) and {second} ({row[second]}) in {order} order")
        numbers |= {f"{order}: as 3": row["3"], f"{order}: as 8": row["8"]}
    verdict, depends_on = _across(holds)
    return Claim(
        id="five-as-three-and-eight",
        says="5 is mostly taken for 3 and for 8.",
        measured=f"5 is most often taken: {'; '.join(words)}",
        verdict=verdict,
        depends_on=depends_on,
        numbers=numbers,
    )


def _bright_speaks_for(found: Findings) -> Claim:
    return _area_claim(
        found,
        "bright-areas-speak-for",
        "Bright areas of a digit's coefficients speak for it.",
        ("bright_blanked", "others_blanked"),
        ("with the ink blanked in the {} brightest pixels", "with as much ink blanked elsewhere"),
    )


def _dark_speaks_against(found: Findings) -> Claim:
    return _area_claim(
        found,
        "dark-areas-speak-against",
        "Dark areas of a digit's coefficients speak against it.",
        ("dark_inked", "others_inked"),
        ("with ink put on the {} darkest pixels", "with ink on as many others"),
    )


def _area_claim(
    found: Findings, name: str, says: str, fields: tuple[str, str], words: tuple[str, str]
) -> Claim:
    """Holds for a digit where changing the area does more than the same change elsewhere.

    :param fields: of :class:`Blanked`: the area changed, and others changed.
    :param words: what was done in either.
    """
    there, elsewhere = fields
    numbers = {
        field: sum(getattr(b, field) for b in found.blanked) / len(found.blanked)
        for field in ("untouched", there, elsewhere)
    }
    verdict, depends_on = _across(
        {b.label: getattr(b, there) < getattr(b, elsewhere) for b in found.blanked}, "the digit"
    )
    return Claim(
        id=name,
        says=says,
        measured=f"{words[0].format(found.blanked_pixels)}, {percent(numbers[there], 1)} of the "
        f"digits are still read, {words[1]} {percent(numbers[elsewhere], 1)}, untouched "
        f"{percent(numbers['untouched'], 1)}",
        verdict=verdict,
        depends_on=depends_on,
        numbers=numbers,
    )


def _more_iterations_overtrain(found: Findings) -> Claim:
    """Overtrained is a model that reads fewer test images than an earlier one, beyond chance.

    Beyond chance by McNemar's test: of the images that only one of two models reads right, those of
    the earlier one must be more than an even split explains.
    """
    points = found.iterations
    best = max(range(len(points)), key=lambda k: points[k].test_accuracy)
    lost = int((found.right[best] & ~found.right[-1]).sum())
    won = int((~found.right[best] & found.right[-1]).sum())
    few = next((p for p in points if p.iterations >= MAX_ITERATIONS), points[-1])
    first, top, last = few, points[best], points[-1]
    ended = "where it converged" if last.converged else "not converged yet"
    return Claim(
        id="more-iterations-overtrain",
        says="More iterations would overtrain the model.",
        measured=f"test accuracy {percent(first.test_accuracy, 1)} after {first.iterations} "
        f"iterations, {percent(top.test_accuracy, 1)} at best after {top.iterations}, "
        f"{percent(last.test_accuracy, 1)} after {last.iterations:,} ({ended}): what is lost after "
        f"the best is {100 * (top.test_accuracy - last.test_accuracy):.1f} points, what stopping "
        f"early loses {100 * (top.test_accuracy - first.test_accuracy):.1f}",
        verdict="holds" if lost - won > Z_95 * sqrt(lost + won) else "does not hold",
        numbers={
            "early": first.test_accuracy,
            "best": top.test_accuracy,
            "best_iterations": top.iterations,
            "last": last.test_accuracy,
            "last_iterations": last.iterations,
            "lost": lost,
            "won": won,
        },
    )


def _binarizing_costs(found: Findings) -> Claim:
    printed, meant = _costs(found, AS_PRINTED), _costs(found, BINARIZED)
    return _cost_claim(
        "binarizing-costs-1-percent",
        "Binarizing the images costs 1 % of F1.",
        1.0,
        printed,
        f"as printed {_signed(printed)}; as meant {_signed(meant)}",
    )


def _factor_128(found: Findings) -> Claim:
    raw, binarized = (next(iter(found.named(name).values())) for name in (RAW, BINARIZED))
    factor = raw.bytes_per_image / binarized.bytes_per_image
    return Claim(
        id="factor-128",
        says="Binarizing reduces the information by a factor of 128.",
        measured=f"{raw.bytes_per_image} bytes an image become {binarized.bytes_per_image}: a "
        f"factor of {factor:.0f}. One bit takes the place of eight; 128 is how many levels "
        "become one",
        verdict="holds" if round(factor) == 128 else "does not hold",
        numbers={"factor": factor},
    )


def _edges_cost(found: Findings) -> Claim:
    costs = _costs(found, WITH_EDGES)
    return _cost_claim(
        "edges-cost-2-percent",
        "Adding the edges costs 2 % of F1.",
        2.0,
        costs,
        _signed(costs),
    )


def _cost_claim(
    name: str, says: str, claimed: float, costs: Mapping[str, float], measured: str
) -> Claim:
    """Holds where the cost rounds to what is claimed, both in percentage points."""
    holds = {order: abs(100 * cost - claimed) <= WITHIN for order, cost in costs.items()}
    verdict, depends_on = _across(holds)
    return Claim(
        id=name,
        says=says,
        measured=f"macro F1 changes by points: {measured}",
        verdict=verdict,
        depends_on=depends_on,
        numbers=dict(costs),
    )


def _costs(found: Findings, name: str) -> dict[str, float]:
    """By how much macro F1 is lower than with raw images, by order."""
    raw = found.named(RAW)
    return {o: raw[o].macro_f1 - v.macro_f1 for o, v in found.named(name).items()}


def _signed(costs: Mapping[str, float]) -> str:
    changes = {
        order: f"{-100 * cost:+.1f}".replace("-", "\N{MINUS SIGN}") for order, cost in costs.items()
    }
    return ", ".join(f"{change} in {order} order" for order, change in changes.items())


def _across(holds: Mapping[str, bool], what: str = _ORDER) -> tuple[Verdict, str]:
    """One verdict over several cases, and what it depends on where they disagree."""
    if all(holds.values()):
        return "holds", ""
    if not any(holds.values()):
        return "does not hold", ""
    where = ", ".join(case for case, held in holds.items() if held)
    return "depends", f"{what}: it holds for {where}"
