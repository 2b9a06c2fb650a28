"""The web output tells what is read to whoever may ask."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema_rs
import numpy as np
import pytest
from PIL import Image

from command_line import Capture
from samples import picture_of
from tinydigits.__main__ import main
from tinydigits.clock import wall_offset
from tinydigits.frame import Frame
from tinydigits.history import Past
from tinydigits.judge import Verdict
from tinydigits.outputs.history_file import HistoryFile, Kept
from tinydigits.outputs.retention import Limits
from tinydigits.regions import RegionsReader, make_frame_reader
from tinydigits.web.app import OPERATIONS
from tinydigits.web.openapi import document
from tinydigits.web.security import Access
from web_site import Web, logged, web


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


def test_some_readings() -> None:
    """Of the past only what is asked for is told: a region's, of a time, the last ones."""
    with web() as site:
        for number in ("27", "28", "29"):
            site.show(number)
        walls = [past["wall"] for past in site.ask("/api/v1/readings").json()["history"]]

        def numbers(**asked: Any) -> list[str]:
            history = site.ask("/api/v1/readings", params=asked).json()["history"]
            return [past["text"] for past in history]

        assert numbers(limit=2) == ["28", "29"]
        assert numbers(limit=0) == []
        assert numbers(since=walls[1]) == ["28", "29"]
        assert numbers(until=walls[1]) == ["27"]
        assert numbers(region="frame") == ["27", "28", "29"]
        assert numbers(region="other") == []


def test_kept_readings(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where a history is kept the past is read from there; where that fails it is told, and what
    was read last is there all the same.
    """
    file = tmp_path / "history.db"
    with web({"history": {"file": str(file)}}) as site:
        result = site.show("27")
        assert site.ask("/api/v1/readings").json()["history"] == []  # nothing is written yet
        verdict = Verdict("accepted", Decimal(27), 0.0, "27", (), None)
        past = Past.from_verdict(result.wall, result.readings[0], verdict)
        with HistoryFile(file, Limits(days=1, max_bytes=10**6)) as history:
            history.write([Kept(past, ahead=wall_offset())])
        (kept,) = site.ask("/api/v1/readings").json()["history"]
        assert (kept["text"], kept["value"]) == ("27", 27)
        file.write_bytes(b"no database at all, whatever it is called" * 100)
        caplog.clear()
        answer = site.ask("/api/v1/readings").json()
        assert answer["latest"]["readings"][0]["text"] == "27"
        assert answer["history"] == []
        assert "can't be read" in logged(caplog)[0]


def test_corners() -> None:
    """Where there are regions, a reading tells where its region is."""
    corners = [[0, 0], [90, 0], [90, 40], [0, 40]]
    with web({"region": [{"name": "frame", "corners": corners}]}) as site:
        site.show()
        (reading,) = site.ask("/api/v1/readings").json()["latest"]["readings"]
        assert reading["corners"] == corners


def test_followed_corners(tmp_path: Path) -> None:
    """Where a bumped camera is followed, they are where the region was in the frame."""
    scene = np.full((240, 400), 225, np.uint8)
    scene[20:108, 10:154] = np.asarray(picture_of("27", 2))
    scene[120:220, 200:340] = np.random.default_rng(3).integers(0, 255, (100, 140), np.uint8)
    Image.fromarray(scene[130:210, 210:310]).save(tmp_path / "patch.png")
    corners = [[0, 10], [170, 10], [170, 118], [0, 118]]
    reference = {"picture": str(tmp_path / "patch.png"), "left": 210, "top": 130, "seconds": 0.0}
    regions = [{"name": "frame", "corners": corners}]
    with web({"region": regions, "reference": reference}) as site:
        reader = make_frame_reader(site.program.config, site.program.classifier)
        assert isinstance(reader, RegionsReader)
        reader.read(Frame(scene, "scene"))
        bumped = np.roll(scene, (7, 9), (0, 1))
        for number in range(3):  # it isn't believed at once
            result = reader.read(Frame(bumped, "scene", number))
        site.tell(bumped, result, reader.placed)
        (told,) = site.ask("/api/v1/readings").json()["latest"]["readings"]
        with site.client() as client, client.stream("GET", "/api/v1/events") as stream:
            line = next(line for line in stream.iter_lines() if line.startswith("data: "))
        assert json.loads(line.removeprefix("data: "))["readings"] == [told]
        for (x, y), (was_x, was_y) in zip(told["corners"], corners, strict=True):
            assert (x, y) == pytest.approx((was_x + 9, was_y + 7), abs=0.6)


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


def test_frame_of_another_site(site: Web) -> None:
    """After a reload, too, a picture that a browser doesn't have yet is sent."""
    tag = site.ask("/api/v1/frame.jpg").headers["etag"]
    with web() as other:
        other.show("40")
        answer = other.ask("/api/v1/frame.jpg", headers={"if-none-match": tag})
        assert answer.status_code == 200


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


def test_told(site: Web) -> None:
    """The program can be told to read at once, and what to believe."""
    site.program.calls.clear()
    assert site.ask("/api/v1/read-now", "POST").json() == {"done": True}
    for value, believed in ((None, 27), ("00472.1", 472.1)):
        body = {"region": "frame", "value": value}
        assert site.ask("/api/v1/confirm", "POST", json=body).json() == {
            "region": "frame",
            "value": believed,
        }
    assert site.program.calls == ["read_now", "confirm None", "confirm 472.1"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"region": "other", "value": None}, 422),
        ({"region": "frame", "value": "1e999999999"}, 400),
        ({"region": "frame", "value": "NaN"}, 400),
        ({"region": "frame", "value": "9" * 101}, 400),
        ({"region": "frame", "value": 27}, 400),
        ({"region": "frame", "else": 27}, 400),
        ({}, 400),
    ],
)
def test_not_believed(site: Web, body: dict[str, Any], status: int) -> None:
    """What is no number, or of no region, is not believed."""
    site.program.calls.clear()
    answer = site.ask("/api/v1/confirm", "POST", json=body)
    assert answer.status_code == status
    assert site.program.calls == []


def test_read(site: Web, tmp_path: Path, capsys: Capture) -> None:
    """A picture that is posted is read as the command reads it, but for times."""
    picture = tmp_path / "5410.png"
    picture_of("5410").save(picture)
    image = {"content-type": "image/png"}
    answer = site.ask("/api/v1/read", "POST", content=picture.read_bytes(), headers=image).json()
    assert main(["read", "--json", str(picture)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert answer.keys() == printed.keys()
    for told in (answer, printed):
        assert told.pop("timing_ms")["total"] > 0
        del told["wall"], told["source"]
    assert answer == printed


def test_read_as_told(site: Web) -> None:
    """How many digits a picture shows, and of which shade they are, can be told."""
    file = BytesIO()
    Image.eval(picture_of("27"), lambda value: 255 - value).save(file, "JPEG")
    image = {"content-type": "image/jpeg"}
    for query, text, rejected in (
        ("", "27", False),
        ("?digits=2&polarity=light", "27", False),
        ("?digits=3", "27", True),
    ):
        path = f"/api/v1/read{query}"
        answer = site.ask(path, "POST", content=file.getvalue(), headers=image).json()
        (reading,) = answer["readings"]
        assert (reading["text"], reading["rejected"]) == (text, rejected), query


def test_described(site: Web) -> None:
    """The description has every operation, and answers are as it says."""
    told = site.ask("/api/v1/openapi.json").json()
    described = {(method.upper(), path) for path in told["paths"] for method in told["paths"][path]}
    assert described == {(each.method, each.path) for each in OPERATIONS}
    site.show()
    for path in ("/healthz", "/api/v1/status", "/api/v1/readings", "/api/v1/regions"):
        content = told["paths"][path]["get"]["responses"]["200"]["content"]
        schema = {**content["application/json"]["schema"], "components": told["components"]}
        jsonschema_rs.validate(schema, site.ask(path).json())
    names = [
        told["paths"][path][method]["operationId"]
        for path in told["paths"]
        for method in told["paths"][path]
    ]
    assert len(names) == len(set(names))


def test_described_headers(site: Web) -> None:
    """It has the headers that an operation goes by, and those of its answers."""
    told = site.ask("/api/v1/openapi.json").json()["paths"]["/api/v1/regions"]
    (given,) = [each for each in told["put"]["parameters"] if each["in"] == "header"]
    assert (given["name"], given["required"]) == ("If-Match", False)
    assert told["put"]["responses"].keys() >= {"200", "409", "412"}
    for method in ("get", "put"):
        assert told[method]["responses"]["200"]["headers"].keys() == {"ETag"}


@pytest.mark.parametrize("has_token", [True, False])
def test_described_token(*, has_token: bool) -> None:
    """It says what takes the token, where there is one."""
    told = document(OPERATIONS, has_token=has_token)
    for operation in OPERATIONS:
        takes = told["paths"][operation.path][operation.method.lower()]["security"]
        due = has_token and operation.access is not Access.FREE
        assert takes == ([{"bearer": []}] if due else [])
