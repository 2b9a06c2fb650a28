"""The web output tells what is read to whoever may ask."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samples import picture_of
from web_site import Web, web


@pytest.fixture(scope="module")
def site() -> Iterator[Web]:
    """One that all tests share that only ask."""
    with web() as site:
        site.show("27")
        yield site


def test_readings(site: Web) -> None:
    """The last frame's readings come with their verdicts, and those before."""
    answer = site.ask("/api/v1/readings").json()
    latest: dict[str, Any] = answer["latest"]
    assert (latest["frame"]["width"], latest["frame"]["height"]) == picture_of("27").size
    (reading,) = latest["readings"]
    assert reading["text"] == "27"
    assert reading["verdict"]["value"] == 27
    assert reading["corners"] is None
    assert latest["timing_ms"]["total"] > 0
    assert [past["value"] for past in answer["history"]] == [27]


def test_frame(site: Web) -> None:
    """The last frame is a JPEG, in grey, as wide as is asked for."""
    answer = site.ask("/api/v1/frame.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    image = Image.open(BytesIO(answer.content))
    assert image.mode == "L"
    assert np.abs(np.asarray(image, int) - np.asarray(picture_of("27"), int)).mean() < 3
    again = {"if-none-match": answer.headers["etag"]}
    assert site.ask("/api/v1/frame.jpg", headers=again).status_code == 304
    small = site.ask("/api/v1/frame.jpg?width=50")
    assert Image.open(BytesIO(small.content)).width == 50


def test_events() -> None:
    """Whoever listens is told of each frame, the last one first."""
    with web() as site, site.client() as client, client.stream("GET", "/api/v1/events") as stream:
        lines = stream.iter_lines()
        for number in ("27", "40"):
            site.show(number)
            line = next(line for line in lines if line.startswith("data: "))
            assert json.loads(line.removeprefix("data: "))["readings"][0]["text"] == number


def test_stop() -> None:
    """It ends at once, whoever is still connected."""
    with web() as site, site.client() as client, client.stream("GET", "/api/v1/events") as stream:
        assert stream.status_code == 200
        began = time.monotonic()
        site.output.__exit__()
        assert time.monotonic() - began < 0.5
