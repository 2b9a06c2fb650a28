"""What Prometheus is told is true, and in order."""

from __future__ import annotations

import math
import subprocess
import time
from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tinydigits.frame import Frame
from tinydigits.judge import Verdict
from tinydigits.outputs.told import Told
from tinydigits.reader import FrameReadings, Reading
from tinydigits.rules import Reason
from tinydigits.web.board import Board
from tinydigits.web.counts import CONFIDENCE, SECONDS, Counts, Spread
from web_site import Web, web

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(site: Web) -> Samples:
    """All samples, by their names and labels."""
    text = site.ask("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_promtool() -> None:
    """Prometheus's own tool has nothing to say against names, units, types and helps."""
    with web() as site:
        site.show()
        text = site.ask("/metrics").content
    ended = subprocess.run(
        ["promtool", "check", "metrics"],  # noqa: S607  wherever it is
        input=text,
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_counted() -> None:
    """Readings are counted by verdict, rejects by reason; values, ages and the model are told."""
    with web() as site:
        site.show("27")
        site.show("40")
        reason = Reason("not_agreed", "one says so")
        site.show("41", status="waiting", reasons=(reason,), value=None, age=None)
        found = samples(site)
        region = ("region", "frame")
        assert found["tinydigits_frames_total", ()] == 3
        assert found["tinydigits_readings_total", (region, ("verdict", "accepted"))] == 2
        assert found["tinydigits_readings_total", (region, ("verdict", "waiting"))] == 1
        assert found["tinydigits_rejects_total", (("reason", "not_agreed"), region)] == 1
        assert ("tinydigits_value", (region,)) not in found
        site.show("42")
        found = samples(site)
        assert found["tinydigits_value", (region,)] == 42
        assert 0 <= found["tinydigits_value_age_seconds", (region,)] < 5
        assert 0 <= found["tinydigits_last_frame_age_seconds", ()] < 5
        assert found["tinydigits_reading_confidence_ratio_count", (region,)] == 4
        assert 3 < found["tinydigits_reading_confidence_ratio_sum", (region,)] <= 4
        assert found["tinydigits_stage_duration_seconds_count", (("stage", "total"),)] == 4
        assert found["tinydigits_output_up", (("output", "stdout"),)] == 1
        model = ("name", "pairs"), ("sha256", site.program.classifier.sha256)
        assert found["tinydigits_model_info", model] == 1
        assert found["process_resident_memory_bytes", ()] > 2**20


def test_refusals() -> None:
    """What was refused is counted, by a reason that nobody outside can make up."""
    with web() as site:
        for number in range(3):
            site.ask("/", headers={"host": f"evil{number}.example"})
        found = samples(site)
        refused = {key[1]: value for key, value in found.items() if "refusals" in key[0]}
        assert refused[("reason", "host"),] == 3
        assert sum(refused.values()) == 3


def test_old_regions() -> None:
    """Regions that the configuration no longer has are told no more."""
    with web(
        changes={"region": [{"name": "new", "corners": [[0, 0], [9, 0], [9, 9], [0, 9]]}]}
    ) as site:
        site.show()
        assert not [
            name
            for name, labels in samples(site)
            if ("region", "frame") in labels and name.startswith("tinydigits_readings")
        ]


@given(st.lists(st.floats(0, 10)), st.sampled_from([CONFIDENCE, SECONDS]))
def test_spread(values: list[float], bounds: tuple[float, ...]) -> None:
    """Each bucket has as many values as there are at its bound and below."""
    spread = Spread(bounds)
    for value in values:
        spread.add(value)
    for bound, count in spread.buckets():
        assert count == sum(value <= float(bound) for value in values)
    assert math.isclose(spread.sum, math.fsum(values), abs_tol=1e-9)
    assert list(bounds) == sorted(set(bounds))


def test_cheap() -> None:
    """To tell the page of a frame takes microseconds, far less than a hundredth of reading it."""
    stages = dict.fromkeys(
        ("rectify", "ink", "segment", "glyph", "classify", "choose", "total"), 1.0
    )
    reading = Reading("frame", "27", 0.9, False, (), ())
    verdict = Verdict("rejected", Decimal(27), 0.0, "27", (Reason("unsure", "no"),), None)
    luma = np.zeros((8, 8), np.uint8)
    told = Told(
        Frame(luma, "test"), FrameReadings("test", 0, 0.0, 0.0, (reading,), stages), (verdict,)
    )
    counts, board = Counts(), Board()
    best = math.inf
    for _ in range(50):
        began = time.perf_counter()
        for _ in range(20):
            counts.put(told)
            board.put(told)
        best = min(best, (time.perf_counter() - began) / 20)
    assert best < 50e-6  # 5 to 10 of a desktop's
