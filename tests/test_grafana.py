"""Grafana's dashboard asks for what /metrics tells, and for nothing else."""

from __future__ import annotations

from collections import defaultdict

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dashboard import SCRAPED, Query, dashboard, queries, variables
from tinydigits.rules import Reason
from web_site import web

QUERIES = [*queries(), *variables()]


@pytest.fixture(scope="module")
def told() -> dict[str, set[str]]:
    """The labels of each metric that a device tells which has read, and rejected."""
    labels: dict[str, set[str]] = defaultdict(set)
    with pytest.MonkeyPatch.context() as patch, web() as site:
        patch.setattr("tinydigits.web.metrics.temperatures", lambda: [50.0])
        site.show()
        site.show(status="rejected", reasons=(Reason("unsure", "it is dark"),))
        for family in text_string_to_metric_families(site.ask("/metrics").text):
            for sample in family.samples:
                labels[sample.name] |= set(sample.labels)
    return labels


@pytest.mark.parametrize("query", QUERIES, ids=[query.panel for query in QUERIES])
def test_queries(query: Query, told: dict[str, set[str]]) -> None:
    """Every metric and label of a query is one that a device tells, or Prometheus adds."""
    assert query.metrics
    assert query.metrics - {"up"} <= set(told)
    known = set().union(*(told.get(metric, set()) for metric in query.metrics))
    assert query.labels <= known | SCRAPED


def test_all_is_shown(told: dict[str, set[str]]) -> None:
    """What a device tells is on the dashboard, but for what nobody has to look at."""
    shown = set().union(*(query.metrics for query in QUERIES))
    unseen = {
        *("tinydigits_frames_total", "tinydigits_last_frame_age_seconds"),
        *("tinydigits_reloads_total", "tinydigits_web_streams"),
    }
    others = {name for name in told if name.startswith("tinydigits_")} - shown - unseen
    assert {name for name in others if not name.endswith(("_sum", "_count"))} == set()


def test_form() -> None:
    """It is one that Grafana imports: its panels have their own numbers, places and words."""
    found = dashboard()
    panels = found["panels"]
    assert found["title"] == "tinydigits"
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["description"] for panel in panels)
    places: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in panels):
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & places
        assert max(x for x, _ in cells) < 24
        places |= cells
    sources = {str(panel["datasource"]) for panel in panels}
    assert sources == {str({"type": "prometheus", "uid": "${source}"})}
