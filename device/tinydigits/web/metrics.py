"""Figures for Prometheus: what ``/metrics`` answers, made when it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from tinydigits.heat import temperatures
from tinydigits.reader import WHOLE_FRAME
from tinydigits.status.document import Document
from tinydigits.web.health import Health, health
from tinydigits.web.operation import Call, Nothing, Operation

if TYPE_CHECKING:  # which has one
    from tinydigits.web.site import Site

_PLAIN: Final = "text/plain"


class Figures(Collector):
    """All figures of the running program."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterator[Metric]:
        """Each with all its labels."""
        daemon = self._site.daemon
        document = daemon.document()
        yield from _of_program(document, health(document, daemon.config))
        yield from _of_values(document)
        yield from self._of_readings()
        yield from _of_outputs(document)
        yield from self._of_web()

    def _of_readings(self) -> Iterator[Metric]:
        counts = self._site.counts
        configured = {region.name for region in self._site.daemon.config.region} or {WHOLE_FRAME}
        readings = CounterMetricFamily(
            "tinydigits_readings", "Readings, by what the judge said.", labels=["region", "verdict"]
        )
        rejects = CounterMetricFamily(
            "tinydigits_rejects",
            "Readings that were not accepted, by reason.",
            labels=["region", "reason"],
        )
        for family, counted in ((readings, counts.readings), (rejects, counts.rejects)):
            for (region, what), count in dict(counted).items():
                if region in configured:
                    family.add_metric([region, what], count)
        yield readings
        yield rejects
        confidence = HistogramMetricFamily(
            "tinydigits_reading_confidence_ratio",
            "How sure readings were, 0 to 1.",
            labels=["region"],
        )
        for region, spread in dict(counts.confidence).items():
            if region in configured:
                confidence.add_metric([region], spread.buckets(), spread.sum)
        yield confidence
        seconds = HistogramMetricFamily(
            "tinydigits_stage_duration_seconds",
            "What the stages of reading a frame took; total is all of them.",
            labels=["stage"],
        )
        for stage, spread in dict(counts.seconds).items():
            seconds.add_metric([stage], spread.buckets(), spread.sum)
        yield seconds

    def _of_web(self) -> Iterator[Metric]:
        refusals = CounterMetricFamily(
            "tinydigits_web_refusals", "Requests and connections refused.", labels=["reason"]
        )
        for reason, count in self._site.refused.counts.items():
            refusals.add_metric([reason], count)
        yield refusals
        streams = self._site.events.streams
        yield _gauge("tinydigits_web_streams", "Clients that are told of events.", streams)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _of_program(document: Document, found: Health) -> Iterator[Metric]:
    model = document.model
    yield InfoMetricFamily("tinydigits_build", "This program.", {"version": document.version})
    about = {"name": model.name, "sha256": model.sha256}
    yield InfoMetricFamily("tinydigits_model", "The model that reads.", about)
    yield CounterMetricFamily("tinydigits_frames", "Frames read.", document.frames)
    if document.last_frame is not None:
        text = "How long ago a frame was read."
        yield _gauge("tinydigits_last_frame_age_seconds", text, document.last_frame)
    restarts = document.camera.restarts
    yield CounterMetricFamily("tinydigits_camera_restarts", "Camera opened again.", restarts)
    yield _gauge(
        "tinydigits_camera_up",
        "1 while the camera gives frames, or has none to give.",
        int(found.is_well),
    )
    yield CounterMetricFamily("tinydigits_reloads", "Configurations read anew.", document.reloads)
    degrees = max(temperatures(), default=None)
    if degrees is not None:
        yield _gauge("tinydigits_temperature_celsius", "Of the hottest sensor.", degrees)


def _of_values(document: Document) -> Iterator[Metric]:
    value = GaugeMetricFamily("tinydigits_value", "Accepted last.", labels=["region"])
    age = GaugeMetricFamily(
        "tinydigits_value_age_seconds", "Since a reading last confirmed it.", labels=["region"]
    )
    for shown in document.readings:
        if shown.value is not None and shown.confirmed is not None:
            value.add_metric([shown.region], float(shown.value))
            age.add_metric([shown.region], shown.confirmed)
    yield value
    yield age


def _of_outputs(document: Document) -> Iterable[Metric]:
    dropped = CounterMetricFamily(
        "tinydigits_output_dropped", "What never got to an output.", labels=["output"]
    )
    waiting = GaugeMetricFamily(
        "tinydigits_output_waiting", "What is on its way to an output.", labels=["output"]
    )
    up = GaugeMetricFamily(
        "tinydigits_output_up", "1 while nothing is wrong with an output.", labels=["output"]
    )
    for name, output in document.outputs.items():
        dropped.add_metric([name], output.dropped)
        waiting.add_metric([name], output.waiting)
        up.add_metric([name], int(not output.trouble))
    return dropped, waiting, up


def exposition(site: Site) -> bytes:
    """All figures, in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(Figures(site))
    return generate_latest(registry)


async def _metrics(call: Call[Nothing, None]) -> Response:
    return Response(exposition(call.site), headers={"content-type": CONTENT_TYPE_LATEST})


OPERATIONS: Final = (
    Operation("GET", "/metrics", "Figures for Prometheus", _metrics, answer=_PLAIN),
)
