"""The dashboard for Grafana, as the tests look at it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

FILE: Final = Path(__file__).parents[1] / "docs" / "grafana.json"

OWN: Final = re.compile(r"\b(?:tinydigits|process)_\w+\b|\bup\b")
"""The metrics that a query may name."""

SCRAPED: Final = frozenset({"job", "instance"})
"""Labels that Prometheus adds."""


class Query(NamedTuple):
    """What a panel asks for, and how it writes beside the line what it is."""

    panel: str
    expression: str
    legend: str

    @property
    def metrics(self) -> set[str]:
        """The metrics that are named."""
        return set(OWN.findall(self.expression))

    @property
    def labels(self) -> set[str]:
        """The labels that are looked at, grouped by, or told."""
        grouped = ",".join(re.findall(r"\b(?:by|without|on|ignoring) \(([^)]*)\)", self.expression))
        return {
            *re.findall(r"(\w+)(?:=~|!~|!=|=)\"", self.expression),
            *re.findall(r"\w+", grouped),
            *re.findall(r"{{(\w+)}}", self.legend),
        }


def dashboard() -> dict[str, Any]:
    """All of it."""
    content: dict[str, Any] = json.loads(FILE.read_text())
    return content


def queries() -> Iterator[Query]:
    """Those of all panels."""
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield Query(panel["title"], target["expr"], target["legendFormat"])


def variables() -> Iterator[Query]:
    """And those of the lists at the top."""
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"])
            assert asked, variable["definition"]
            yield Query(variable["name"], asked[1], "{{" + asked[2] + "}}")


def for_all(expression: str) -> str:
    """A query as Grafana asks it where nothing is chosen."""
    filled = expression.replace("$__rate_interval", "10s")
    return re.sub(r"\$(job|instance|region)", ".*", filled)
