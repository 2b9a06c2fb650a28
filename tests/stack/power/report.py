"""What was found, as tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from outcomes import BROKEN, KEPT, LOST, NEW, OLD, Outcome

BEGIN: Final = "<!-- made by make power-stack -->"
END: Final = "<!-- end -->"


def steps_table(outcomes: list[Outcome]) -> str:
    """By what was being done."""
    rows = [
        _row("while", "power losses", "old state", "new state", "lost", "broken"),
        "|---" * 6 + "|",
    ]
    for kind in sorted({outcome.moment.kind for outcome in outcomes}):
        counts = Counter(outcome.worst for outcome in outcomes if outcome.moment.kind == kind)
        # where nothing is being written, what was written last is the new state
        new = counts[NEW] + counts[KEPT]
        rows.append(_row(kind, counts.total(), counts[OLD], new, counts[LOST], counts[BROKEN]))
    return "\n".join(rows)


def controls_table(outcomes: Mapping[str, list[Outcome]]) -> str:
    """Of writers that leave something out, by what that is."""
    rows = [_row("a writer without", "power losses", "lost", "broken"), "|---" * 4 + "|"]
    for without, found in outcomes.items():
        counts = Counter(outcome.worst for outcome in found)
        rows.append(_row(without, counts.total(), counts[LOST], counts[BROKEN]))
    return "\n".join(rows)


def write(document: Path, text: str) -> None:
    """Put it in the place of what stands between the marks."""
    before, _, rest = document.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
