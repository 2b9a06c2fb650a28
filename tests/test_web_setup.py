"""Regions can be drawn, tried and written over HTTP, by whoever may."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from samples import picture_of
from tinydigits.config import load_config
from tinydigits.drawn import Drawing, DrawnReference
from tinydigits.drawn_file import write_drawing
from tinydigits.frame import Frame, Luma
from tinydigits.reader import FrameReadings
from tinydigits.web.limits import TRIES
from tinydigits.web.setup import RegionsShown, drawing_of
from web_site import TOKEN, Web, web

REGIONS = "/api/v1/regions"
TRY = f"{REGIONS}/try"
BEARER = {"authorization": f"Bearer {TOKEN}"}
FRAME = np.full((240, 400), 225, np.uint8)
FRAME[20:108, 10:154] = np.asarray(picture_of("27", 2))
FRAME[120:220, 200:340] = np.random.default_rng(3).integers(0, 255, (100, 140), np.uint8)
WHOLE = [[0, 10], [170, 10], [170, 118], [0, 118]]
PATCH = {"left": 210, "top": 130, "width": 100, "height": 80}


def region(**changes: Any) -> dict[str, Any]:
    """A region around the number of the frame."""
    return {"name": "a", "corners": WHOLE, "digits": 2, **changes}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where regions are written to."""
    return tmp_path_factory.mktemp("state") / "drawn.toml"


@pytest.fixture(scope="module")
def site(drawn: Path) -> Iterator[Web]:
    """A site with a token, a file for regions, and a frame with a number and a pattern."""
    token = drawn.with_name("token")
    token.write_text(TOKEN)
    with web(token=str(token), regions=str(drawn)) as site:
        show(site, FRAME)
        yield site


@pytest.fixture(autouse=True)
def _patient(site: Web) -> None:
    """Each test may try as much as if it were the first."""
    site.output.site.tries.__init__(TRIES)  # type: ignore[misc]


def show(site: Web, luma: Luma) -> None:
    """Show the site a frame, in which nothing was read."""
    frame = Frame(luma, "made.png")
    site.tell(luma, FrameReadings(frame.source, 0, frame.monotonic, frame.wall, (), {}))


def ask(site: Web, path: str, body: Any = None, method: str = "POST") -> httpx.Response:
    """An answer for who has the token."""
    with site.client(verify=False) as client:  # to read who vouches for whom takes 50 ms
        return client.request(method, path, json=body, headers=BEARER)


def error(answer: httpx.Response) -> str:
    """The line that says why not."""
    assert answer.status_code >= 400
    return str(answer.json()["error"])


def test_try(site: Web) -> None:
    """What would be read with other regions is told at once, and nothing is changed."""
    empty = [[200, 5], [390, 5], [390, 100], [200, 100]]
    body = {"regions": [region(), region(name="b", corners=empty)], "reference": PATCH}
    answer = ask(site, TRY, body).json()
    assert [reading["region"] for reading in answer["readings"]] == ["a", "b"]
    assert [reading["text"] for reading in answer["readings"]] == ["27", ""]
    assert answer["trouble"] == ""
    assert site.program.config.region == ()
    assert "reload" not in site.program.calls


def test_try_whole_frame(site: Web) -> None:
    """Without a region the whole frame is read, as the daemon would."""
    (reading,) = ask(site, TRY, {"regions": []}).json()["readings"]
    assert reading["region"] == "frame"
    assert reading["text"] == "27"


def test_try_patch(site: Web) -> None:
    """A patch in which nothing stands out is told of, beside the readings."""
    grey = {"left": 0, "top": 130, "width": 64, "height": 64}
    answer = ask(site, TRY, {"regions": [region()], "reference": grey}).json()
    assert "nearly all of one grey" in answer["trouble"]
    assert answer["readings"][0]["text"] == "27"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ([], 400, "Expected `object`"),
        ({"regions": [region(name="")]}, 400, "at `$.regions[0].name`"),
        ({"regions": [region(name="a\nb")]}, 400, "at `$.regions[0].name`"),
        ({"regions": [region(ink="red")]}, 400, "unknown field `ink`"),
        ({"regions": [region(digits=101)]}, 400, "<= 100"),
        ({"regions": [region(corners=[[0, 0]] * 3)]}, 422, "four points"),
        ({"regions": [region(corners=WHOLE[::-1])]}, 422, "clockwise"),
        ({"regions": [region(corners=[[0, 0], [5, 0], [5, 5], [0, 5]])]}, 422, "too small"),
        ({"regions": [region(corners=[[0, 0], [401, 0], [401, 50], [0, 50]])]}, 422, "outside"),
        ({"regions": [region(corners=[[0, 0], [1e9, 0], [9, 9], [0, 9]])]}, 400, "<= 65535"),
        ({"regions": [region(), region()]}, 422, "two regions are called 'a'"),
        ({"regions": [region(cells=True, digits=0)]}, 422, "region.digits is needed"),
        (
            {
                "regions": [
                    region(name=f"{k}", corners=[[0, 0], [400, 0], [400, 240], [0, 240]])
                    for k in range(5)
                ]
            },
            *(422, "more than 4 times the frame"),
        ),
        ({"regions": [], "reference": {**PATCH, "left": -1}}, 400, ">= 0"),
    ],
)
def test_refused(site: Web, body: Any, status: int, message: str) -> None:
    """What can't be read is refused in a line that says why, whether tried or written."""
    for answer in (ask(site, TRY, body), ask(site, REGIONS, body, "PUT")):
        assert answer.status_code == status
        assert message in error(answer)


def test_many_tries(site: Web) -> None:
    """More tries than a device has time for are refused for a moment."""
    body = {"regions": [region(corners=[[0, 0], [12, 0], [12, 12], [0, 12]])]}
    answers = [ask(site, TRY, body).status_code for _ in range(round(2 * TRIES[1]))]
    assert set(answers) == {200, 429}


def test_propose(site: Web) -> None:
    """Regions that are found can be tried as they are."""
    found = ask(site, f"{REGIONS}/propose").json()
    assert [region["digits"] for region in found["regions"]] == [2]
    assert ask(site, TRY, found).json()["readings"][0]["text"] == "27"


def test_toml(site: Web) -> None:
    """What is downloaded is what a configuration has, every key of it."""
    told = region(polarity="dark", cells=True)
    answer = ask(site, f"{REGIONS}/toml", {"regions": [told], "reference": PATCH})
    assert "regions.toml" in answer.headers["content-disposition"]
    table = tomllib.loads(answer.text)
    assert table == {
        "region": [told],
        "reference": {"picture": "reference.png", "left": 210, "top": 130},
    }


def test_write(site: Web, drawn: Path) -> None:
    """Regions are written and taken over, for who has the token and nobody else."""
    body = {"regions": [region()], "reference": PATCH}
    assert site.ask(REGIONS, "PUT", json=body).status_code == 401
    assert not drawn.exists()
    answer = ask(site, REGIONS, body, "PUT")
    assert answer.status_code == 200
    assert site.program.calls[-1] == "reload"
    config = load_config(changes={"web": {"regions": str(drawn)}})
    assert [r.name for r in config.region] == ["a"]
    patch = Frame.from_file(Path(config.reference.picture)).luma
    assert np.array_equal(patch, FRAME[130:210, 210:310])


def test_bad_patch_is_not_written(site: Web, drawn: Path) -> None:
    """A patch that can't be one leaves the file as it was."""
    before = drawn.read_bytes() if drawn.exists() else None
    grey = {"left": 0, "top": 130, "width": 64, "height": 64}
    answer = ask(site, REGIONS, {"regions": [region()], "reference": grey}, "PUT")
    assert "nearly all of one grey" in error(answer)
    assert (drawn.read_bytes() if drawn.exists() else None) == before


def test_write_over_newer(tmp_path: Path) -> None:
    """Who has seen older regions than those that are written can be kept from overwriting them."""
    drawn, token = tmp_path / "drawn.toml", tmp_path / "token"
    token.write_text(TOKEN)
    with web(token=str(token), regions=str(drawn)) as site, site.client() as client:
        show(site, FRAME)

        def write(name: str, **seen: str) -> httpx.Response:
            body = {"regions": [region(name=name)]}
            return client.put(REGIONS, json=body, headers={**BEARER, **seen})

        def tag() -> str:
            return str(client.get(REGIONS, headers=BEARER).headers["etag"])

        first = tag()
        second = write("a", **{"if-match": first}).headers["etag"]
        written = drawn.read_bytes()
        assert tag() == first  # as those that are shown until the program has taken the others over
        answer = write("b", **{"if-match": first})
        assert answer.status_code == 412
        assert error(answer) == "somebody else has written regions since: load them again first"
        assert drawn.read_bytes() == written
        site.program.config = load_config(changes={"web": {"regions": str(drawn)}})
        assert tag() == second != first
        for seen in ({"if-match": f'"other", {second}'}, {"if-match": "*"}, {}):
            assert write("c", **seen).status_code == 200
        assert write("a").headers["etag"] == second  # the same regions as then


def test_shown(site: Web) -> None:
    """The regions that are configured come with whether they can be written."""
    answer = ask(site, REGIONS, method="GET").json()
    assert answer["regions"] == []
    assert (answer["writable"], answer["why_not"]) == (True, "")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, "set web.token"),
        ({"token": "token"}, "set web.regions"),
        ({"token": "token", "regions": "gone/drawn.toml"}, "can't be written"),
    ],
)
def test_not_writable(
    table: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where regions can't be written it is told what to do about that, and why when it is tried."""
    monkeypatch.chdir(tmp_path)
    Path("token").write_text(TOKEN)
    with web(**table) as site:
        show(site, FRAME)
        answer = ask(site, REGIONS, method="GET").json()
        assert not answer["writable"]
        assert told in answer["why_not"]
        assert ask(site, REGIONS, {"regions": [region()]}, "PUT").status_code in {403, 409}


def test_no_frame() -> None:
    """Before the first frame there is nothing to try, which is no mistake of who asks."""
    with web() as site:
        assert ask(site, TRY, {"regions": []}).status_code == 503
        assert ask(site, f"{REGIONS}/propose").status_code == 503
        assert ask(site, REGIONS, method="GET").json()["regions"] == []


def test_worker_is_busy(site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too much waits, who asks for the regions is asked to wait, as it is described."""
    monkeypatch.setattr("tinydigits.web.worker.JOBS", 0)
    assert ask(site, REGIONS, method="GET").status_code == 503
    told = ask(site, "/api/v1/openapi.json", method="GET").json()["paths"][REGIONS]
    assert "503" in told["get"]["responses"]


def test_drifted(tmp_path: Path) -> None:
    """Regions are shown where the camera, bumped since, sees them now."""
    scene = np.full((300, 400), 200, np.uint8)
    scene[100:180, 250:350] = np.random.default_rng(1).integers(0, 255, (80, 100), np.uint8)
    path = tmp_path / "drawn.toml"
    reference = DrawnReference(250, 100, 100, 80)
    drawing = msgspec.convert({"regions": [region()]}, Drawing)
    drawing = msgspec.structs.replace(drawing, reference=reference)
    write_drawing(path, drawing, scene)
    config = load_config(changes={"web": {"regions": str(path)}})
    bumped = np.roll(scene, (5, -9), (0, 1))
    with web(regions=str(path)) as site:
        show(site, bumped)
        moved = msgspec.convert(ask(site, REGIONS, method="GET").json(), RegionsShown)
    drawn = drawing_of(config, bumped)
    assert moved.reference
    assert moved.reference.box == (241, 105, 100, 80)
    assert (moved.regions, moved.reference) == (drawn.regions, drawn.reference)
    for (x, y), (was_x, was_y) in zip(
        moved.regions[0].corners, drawing.regions[0].corners, strict=True
    ):
        assert (x, y) == pytest.approx((was_x - 9, was_y + 5), abs=0.6)
    assert drawing_of(config, None).reference == reference
