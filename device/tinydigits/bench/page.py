"""``bench.html``: results as one page, readable without a network and without a script."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tinydigits import __version__
from tinydigits.bench.agreement import TITLE
from tinydigits.bench.charts import (
    Named,
    duty_figure,
    growth_figures,
    latency_figures,
    memory_figure,
    model_figures,
    plots,
    stage_figures,
    start_figure,
)
from tinydigits.bench.figures import memory_text
from tinydigits.bench.groups import Notes, energy_source, has_energy, left_out, meanwhile
from tinydigits.bench.markup import Html, joined, tag
from tinydigits.bench.result import Result, load_result
from tinydigits.bench.runs import loadgen_table, run_tables
from tinydigits.bench.summary import summary
from tinydigits.errors import UsageError
from tinydigits.files import atomic_write
from tinydigits.style import style

PAGE_NAME: Final = "bench.html"

SHEET: Final = Path(__file__).with_name("page.css")
"""What other pages of the project don't have."""

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Nothing may be asked for, whatever the page says."""

Content = Callable[[Sequence[Named]], Html]


def report_command(files: Sequence[Path], output: Path) -> int:
    """``tinydigits bench report``: one page of many results.

    :raises DataError: where a file is no result.
    :raises OutputError: where the page can't be written.
    """
    if not files:
        raise UsageError("name at least one result of tinydigits bench")
    if output.resolve() in {path.resolve() for path in files}:
        raise UsageError(f"{output} is a result: the page would take its place")
    write_page([load_result(path) for path in files], output)
    print(output)
    return 0


def write_page(results: Sequence[Result], path: Path) -> None:
    """Write results as a page, of one machine or of many.

    :raises OutputError: where it can't be written.
    """
    atomic_write(path, render_page(results).encode())


def render_page(results: Sequence[Result]) -> str:
    """Results as HTML; nothing is on the page that isn't in them."""
    named = list(zip(_names(results), results, strict=True))
    sections = [
        (anchor, heading, content)
        for anchor, (heading, make) in _SECTIONS.items()
        if (content := make(named))
    ]
    title = named[0][0] if len(named) == 1 else f"{len(named)} machines side by side"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", f"{title}: tinydigits bench"),
        tag("style", Html(f"{style()}\n{SHEET.read_text(encoding='utf-8')}")),
    )
    shown = [_section(*section) for section in sections]
    body = tag(
        "body",
        tag("header", tag("p", "What reading digits costs", class_="kind"), tag("h1", title)),
        tag("main", shown[0], _contents(sections), *shown[1:]),
        tag("footer", tag("p", f"Made by tinydigits {__version__} of what it measured.")),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en-GB')}\n"


def _names(results: Sequence[Result]) -> list[str]:
    """What machines are called; those of the same model are numbered."""
    models = [result.machine.name for result in results]
    return [
        f"{model} ({models[:k].count(model) + 1})" if models.count(model) > 1 else model
        for k, model in enumerate(models)
    ]


def _section(anchor: str, heading: str, content: Html) -> Html:
    name = f"{anchor}-heading"
    return tag("section", tag("h2", heading, id=name), content, id=anchor, aria_labelledby=name)


def _contents(sections: Sequence[tuple[str, str, Html]]) -> Html:
    links = [tag("li", tag("a", heading, href=f"#{anchor}")) for anchor, heading, _ in sections]
    inner = tag(
        "div", tag("h2", "On this page", id="contents"), tag("ul", *links), class_="contents"
    )
    return tag("nav", inner, aria_labelledby="contents")


def _machines(named: Sequence[Named]) -> Html:
    return _each(named, _facts)


def _facts(result: Result) -> Html:
    machine, settings = result.machine, result.settings
    facts = {
        "Machine": machine.name,
        "Processor": f"{machine.processor}, {machine.processors} of them, {machine.architecture}",
        "Memory": memory_text(machine.memory),
        "Clock": " ".join(
            filter(
                None,
                (
                    f"{machine.frequency / 1e9:.3g} GHz at most" if machine.frequency else "",
                    f"({machine.governor})" if machine.governor else "",
                ),
            )
        ),
        "System": f"{machine.system}, Linux {machine.kernel}",
        "Versions": ", ".join(f"{name} {version}" for name, version in machine.versions.items()),
        "Measured": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(result.wall)),
        "Each run": f"{settings.seconds:g} s, {settings.threads} thread"
        + "s" * (settings.threads != 1),
        "Read": settings.input,
        "Energy": energy_source(result) if has_energy(result.measurements) else "",
        "Meanwhile": meanwhile(result.measurements) if result.measurements else "",
    }
    rows = [
        part for name, text in facts.items() if text for part in (tag("dt", name), tag("dd", text))
    ]
    return tag("dl", *rows, class_="facts")


def _doubts(named: Sequence[Named]) -> Html:
    def of(result: Result) -> Html:
        notes = [
            tag("li", note.text + (f" (and {note.runs - 1:,} more)" if note.runs > 1 else ""))
            for note in Notes(result)
        ]
        return tag("ol", *notes, class_="notes") if notes else Html()

    return _each(named, of)


def _loadgen(named: Sequence[Named]) -> Html:
    return _named_each(named, lambda result, name: loadgen_table(result.loadgen, name))


def _skipped(named: Sequence[Named]) -> Html:
    def of(result: Result) -> Html:
        rows = [
            tag("li", tag("strong", name), f": {why}") for name, why in left_out(result.skipped)
        ]
        return tag("ul", *rows, class_="notes") if rows else Html()

    return _each(named, of)


def _start(result: Result) -> Html:
    notes = Notes(result)
    parts = []
    if result.cold_start:
        parts.append(start_figure(result.cold_start, notes.mark(result.cold_start)))
    if result.memory:
        parts.append(memory_figure(result.memory))
    if result.duty:
        marks = "".join(dict.fromkeys(map(notes.mark, result.duty)))
        parts.append(duty_figure(result.duty, marks))
    return plots(iter(parts))


def _runs(named: Sequence[Named]) -> Html:
    return _named_each(named, run_tables)


def _each(named: Sequence[Named], content: Callable[[Result], Html]) -> Html:
    """What there is of each result, below the name of its machine where there are several."""
    return _named_each(named, lambda result, _: content(result))


def _named_each(named: Sequence[Named], content: Callable[[Result, str], Html]) -> Html:
    """The same of what is to be told the machine's name, which is empty where there is but one."""
    parts = []
    for name, result in named:
        several = len(named) > 1
        made = content(result, name if several else "")
        if made:
            parts += [tag("h3", name), made] if several else [made]
    return joined(*parts)


def _drawn(figures: Callable[[Result], Iterator[Html]]) -> Content:
    return lambda named: _each(named, lambda result: plots(figures(result)))


_SECTIONS: Final[dict[str, tuple[str, Content]]] = {
    "summary": ("In short", summary),
    "machine": ("What was measured on", _machines),
    "latency": ("How long it takes", _drawn(latency_figures)),
    "stages": ("Where the time goes", _drawn(stage_figures)),
    "models": ("What a better model costs", _drawn(model_figures)),
    "growth": ("How it grows", _drawn(growth_figures)),
    "start": ("Start, memory, steady rate", lambda named: _each(named, _start)),
    "runs": ("Every run", _runs),
    "loadgen": (TITLE, _loadgen),
    "doubts": ("What is not to be trusted", _doubts),
    "skipped": ("What was not measured", _skipped),
}
"""Headings and contents, by the id; what is empty is left out."""
