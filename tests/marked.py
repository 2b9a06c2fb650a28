"""Tables in documents that a command makes, between two marks that name it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

END: Final = "<!-- end -->"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def put(document: Path, command: str, text: str) -> None:
    """Put what a command found in the place of what stands between its marks."""
    begin = f"<!-- made by {command} -->"
    before, found, rest = document.read_text().partition(begin)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"{document}: there is no place for what {command} finds")
    document.write_text(f"{before}{begin}\n\n{text}\n\n{END}{after}")
