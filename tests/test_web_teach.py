"""Pictures of doubtful digits can be looked at and labelled over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tinydigits.learn.crop_file import Note
from tinydigits.learn.crops import Crops
from web_site import Web, web

CROPS = "/api/v1/crops"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A site that shows a folder of crops."""
    folder = tmp_path_factory.mktemp("site") / "crops"
    with web({"collect": {"folder": str(folder)}}) as site:
        yield site


@pytest.fixture(autouse=True)
def folder(site: Web) -> Path:
    """The folder with three crops, a second apart."""
    folder = Path(site.program.config.collect.folder)
    shutil.rmtree(folder, ignore_errors=True)
    crops = Crops(folder)
    for second, read in enumerate(("7", "", "3")):
        luma = np.full((40, 30), 50 * second, np.uint8)
        crops.keep(luma, Note("water", second + 1, read, 0.5, 1e9 + second, "unsure"))
    return folder


def ask(site: Web, path: str, method: str = "GET", **more: Any) -> httpx.Response:
    """An answer."""
    with site.client(verify=False) as client:  # to read who vouches for whom takes 50 ms
        return client.request(method, path, **more)


def names(site: Web) -> list[str]:
    """The crops as they are shown."""
    return [crop["name"] for crop in ask(site, CROPS).json()["crops"]]


def test_list(site: Web) -> None:
    """The newest come first, those with a label last, and all are counted."""
    newest, middle, oldest = names(site)
    assert newest > middle > oldest
    ask(site, f"{CROPS}/{newest}/label", "PUT", json={"label": "3"})
    answer = ask(site, f"{CROPS}?limit=2").json()
    assert [crop["name"] for crop in answer["crops"]] == [middle, oldest]
    assert (answer["unlabelled"], answer["labelled"]) == (2, 1)
    assert answer["crops"][0]["region"] == "water"


def test_picture(site: Web) -> None:
    """Each is a PNG."""
    answer = ask(site, f"{CROPS}/{names(site)[0]}")
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(answer.content)).size == (30, 40)


@pytest.mark.parametrize("label", ["0", "9", "none"])
def test_label(site: Web, folder: Path, label: str) -> None:
    """A label is kept, and can be taken back."""
    path = f"{CROPS}/{names(site)[0]}/label"
    assert ask(site, path, "PUT", json={"label": label}).json() == {"label": label}
    assert [crop.label for crop in Crops(folder).list()].count(label) == 1
    assert ask(site, path, "PUT", json={"label": None}).status_code == 200
    assert {crop.label for crop in Crops(folder).list()} == {None}


@pytest.mark.parametrize("name", ["gone.png", "..%2Ftoken", "labels.csv", ".%00.png"])
def test_no_such_crop(site: Web, folder: Path, name: str) -> None:
    """No name leads out of the folder, or to anything but a crop."""
    (folder.parent / "token").write_text("secret")
    assert ask(site, f"{CROPS}/{name}").status_code in {404, 422}
    answer = ask(site, f"{CROPS}/{name}/label", "PUT", json={"label": "1"})
    assert answer.status_code in {404, 422}


@pytest.mark.parametrize("label", ["10", "a", "", 7])
def test_no_label(site: Web, label: object) -> None:
    """A label is a digit, or that it is none."""
    answer = ask(site, f"{CROPS}/{names(site)[0]}/label", "PUT", json={"label": label})
    assert answer.status_code == 400


def test_damaged(site: Web, folder: Path) -> None:
    """A folder that can't be read is told of in one line, with a status that is described."""
    paths = site.ask("/api/v1/openapi.json").json()["paths"]
    name = names(site)[0]
    (folder / "labels.csv").write_bytes(b"\xff\xfe not labels\n\0")
    (folder / name).write_bytes(b"no picture")
    for path, described in ((CROPS, CROPS), (f"{CROPS}/{name}", f"{CROPS}/{{name}}")):
        answer = ask(site, path)
        assert answer.status_code == 422
        assert "\n" not in answer.json()["error"]
        assert "422" in paths[described]["get"]["responses"]


def test_not_collected() -> None:
    """Where nothing is collected it is told how to begin."""
    with web() as site:
        answer = ask(site, CROPS)
        assert answer.status_code == 404
        assert "set collect.folder" in answer.json()["error"]


def test_nothing_collected_yet(tmp_path: Path) -> None:
    """A folder that isn't there yet has no crops."""
    with web({"collect": {"folder": str(tmp_path / "crops")}}) as site:
        assert ask(site, CROPS).json() == {"crops": [], "unlabelled": 0, "labelled": 0}
