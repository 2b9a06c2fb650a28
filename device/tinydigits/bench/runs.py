"""Every run of a result, as tables of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tinydigits.bench.agreement import HEAD, agreement
from tinydigits.bench.figures import (
    energy_text,
    rate_text,
    share_text,
    three_digits,
    time_text,
    unit_of,
)
from tinydigits.bench.groups import (
    Group,
    Kind,
    Notes,
    at_share,
    groups,
    has_energy,
    right,
    runner_name,
)
from tinydigits.bench.markup import Html, joined, tag
from tinydigits.bench.result import LoadGenRun, Measurement, Result
from tinydigits.bench.stats import Percentile
from tinydigits.bench.table import SHARES

NOTHING = "–"  # noqa: RUF001  an empty cell


def run_tables(result: Result, name: str = "") -> Html:
    """One for each scenario of glyphs and frames, folded; the name tells machines apart."""
    notes, early = Notes(result), result.settings.mode == "mlperf"
    shown = []
    for group in groups(result.measurements):
        table = scrolled(f"{group.title} {name}".rstrip(), _table(group, notes, early=early))
        shown.append(tag("details", tag("summary", group.title), table))
    return joined(*shown)


def loadgen_table(runs: Sequence[LoadGenRun], name: str = "") -> Html:
    """What MLCommons' LoadGen says, and what it wrote; nothing where it wasn't asked."""
    if not runs:
        return Html()
    _, *columns = HEAD
    head = tag(
        "tr",
        tag("th", "what", scope="col"),
        *(tag("th", column, scope="col", class_="number") for column in columns),
    )
    rows = []
    for one in runs:
        what, *cells = agreement(one)
        bad = None if one.valid else "number bad"
        rows.append(
            tag(
                "tr",
                tag("th", what, scope="row"),
                *(tag("td", cell, class_=bad or "number") for cell in cells),
            )
        )
    caption = tag(
        "caption",
        "The same system, asked by the program that MLPerf's results are measured with; in Server "
        "at half of the highest rate, by both.",
    )
    table = tag("table", caption, tag("thead", head), tag("tbody", *rows))
    written = [
        tag(
            "details",
            tag("summary", f"What it wrote: {', '.join(agreement(one)[:2])}"),
            tag("pre", one.summary),
        )
        for one in runs
    ]
    return joined(scrolled(f"LoadGen and we {name}".rstrip(), table), *written)


def scrolled(label: str, content: Html) -> Html:
    """Wide content, that can be moved with keys too."""
    return tag("div", content, class_="scroll", role="region", tabindex="0", aria_label=label)


class _Columns(NamedTuple):
    """Which percentiles are told, and what else not always is."""

    shares: tuple[float, ...]
    joules: bool
    early: bool

    @property
    def names(self) -> list[str]:
        """As they are headed."""
        return [
            *(f"p{100 * share:g}" for share in self.shares),
            *(["claimed"] if self.early else []),
            *("a second", "right", "× floor"),  # noqa: RUF001
            *(["energy"] if self.joules else []),
        ]


def _table(group: Group, notes: Notes, *, early: bool) -> Html:
    every = [one for kind in group.kinds for one in kind.rows]
    # of Offline the rate alone counts
    shares, early = (SHARES, early) if group.scenario != "Offline" else ((), False)
    columns = _Columns(shares, has_energy(every), early)
    head = tag(
        "tr",
        tag("th", "runner", scope="col"),
        *(tag("th", name, scope="col", class_="number") for name in columns.names),
        tag("th", "notes", scope="col"),
    )
    rows = []
    for kind in group.kinds:
        if kind.name:
            named = tag("th", kind.name, scope="rowgroup", colspan=len(columns.names) + 2)
            rows.append(tag("tr", named, class_="kind-row"))
        rows += [_row(one, kind, notes, columns) for one in kind.rows]
    told = "Times of a query with the 95% interval. " if columns.shares else ""
    told += "claimed: by MLPerf's early stopping. " if columns.early else ""
    told += "× floor: times what can't be left out. Notes are explained below."  # noqa: RUF001
    caption = tag("caption", told)
    return tag("table", caption, tag("thead", head), tag("tbody", *rows))


def _row(one: Measurement, kind: Kind, notes: Notes, columns: _Columns) -> Html:
    share, ratio, claimed = right(one), kind.ratio(one), one.early_stopping
    cells = [
        *(_percentile(at_share(one, share)) for share in columns.shares),
        *([NOTHING if claimed is None else time_text(claimed)] if columns.early else []),
        rate_text(one.rate),
        NOTHING if share is None else share_text(share),
        NOTHING if ratio is None else three_digits(ratio),
    ]
    if columns.joules:
        cells.append(NOTHING if one.joules is None else energy_text(one.joules))
    return tag(
        "tr",
        tag("th", runner_name(one), scope="row"),
        *(tag("td", cell, class_="number") for cell in cells),
        tag("td", notes.mark(one), class_="bad"),
    )


def _percentile(told: Percentile | None) -> Html:
    if told is None:
        return Html(NOTHING)
    unit = unit_of(told.seconds)
    low, high = ("?" if end is None else unit.figure(end) for end in (told.low, told.high))
    return joined(time_text(told.seconds), tag("span", f" {low} to {high}", class_="off"))
