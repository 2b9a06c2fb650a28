"""What was found, as tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from outcomes import BROKEN, KEPT, LOST, NEW, OLD, Outcome

from marked import table


def steps_table(outcomes: list[Outcome]) -> str:
    """By what was being done."""
    rows = []
    for kind in sorted({outcome.moment.kind for outcome in outcomes}):
        counts = Counter(outcome.worst for outcome in outcomes if outcome.moment.kind == kind)
        # where nothing is being written, what was written last is the new state
        new = counts[NEW] + counts[KEPT]
        rows.append((kind, counts.total(), counts[OLD], new, counts[LOST], counts[BROKEN]))
    return table(("while", "power losses", "old state", "new state", "lost", "broken"), rows)


def controls_table(outcomes: Mapping[str, list[Outcome]]) -> str:
    """Of writers that leave something out, by what that is."""
    rows = []
    for without, found in outcomes.items():
        counts = Counter(outcome.worst for outcome in found)
        rows.append((without, counts.total(), counts[LOST], counts[BROKEN]))
    return table(("a writer without", "power losses", "lost", "broken"), rows)
