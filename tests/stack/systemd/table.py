"""Print what happened on Debian 12 and 13 as one table: table.py ROWS12 ROWS13 [DOCUMENT].

In the document it takes the place of what stands between the two marks.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import marked

Row = dict[str, Any]

HEAD = (
    *("fault", "injected", "should happen", "happened"),
    *("seconds, Debian 12 / 13", "readings lost, Debian 12 / 13"),
)


def render(releases: list[list[Row]]) -> str:
    """The rows, each with what happened in all releases."""
    lines = []
    for rows in zip(*releases, strict=True):
        first = rows[0]
        cells = [
            first["name"],
            _merged(row["injected"] for row in rows),
            first["should"],
            _merged(
                f"**not: {row['failed']}**" if "failed" in row else row["happened"] for row in rows
            ),
            _merged(_seconds(row) for row in rows),
            _merged(_lost(row) for row in rows),
        ]
        lines.append(cells)
    return marked.table(HEAD, lines)


def _merged(texts: Any) -> str:
    """Once what is the same in all."""
    return " / ".join(dict.fromkeys(texts))


def _seconds(row: Row) -> str:
    return "" if row.get("seconds") is None else f"{row['seconds']:.1f}"


def _lost(row: Row) -> str:
    return "" if row.get("lost") is None else str(row["lost"])


def main() -> None:
    """Print it, and write it where that is asked."""
    *sources, document = map(Path, sys.argv[1:] if len(sys.argv) == 4 else [*sys.argv[1:], ""])
    releases = [[json.loads(line) for line in path.open()] for path in sources]
    # of the last five minutes: times are held to what is promised by the load of a processor
    machine = f"Measured with {os.cpu_count()} processors and a load of {os.getloadavg()[1]:.0f}."
    table = f"{render(releases)}\n\n{machine}"
    print(table)
    if document.name:
        marked.put(document, "make systemd-stack", table)


if __name__ == "__main__":
    main()
