"""Which camera is meant is said in the configuration, or shorter on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from command_line import Capture, complaint
from tinydigits.__main__ import main
from tinydigits.camera import FilesCamera, make_camera, parse_source
from tinydigits.camera.picamera2 import Picamera2Camera
from tinydigits.camera.url import UrlCamera
from tinydigits.camera.watch import WatchCamera
from tinydigits.config import load_config


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("a.png", {"source": "files", "path": "a.png"}),
        ("frames/*.png", {"source": "files", "path": "frames/*.png"}),
        ("", {"source": "files", "path": ""}),
        ("./picamera2", {"source": "files", "path": "./picamera2"}),
        ("picamera2.png", {"source": "files", "path": "picamera2.png"}),
        ("watch", {"source": "files", "path": "watch"}),
        ("http:x", {"source": "files", "path": "http:x"}),
        ("watch:in", {"source": "watch", "path": "in"}),
        ("watch:/a:b", {"source": "watch", "path": "/a:b"}),
        ("picamera2", {"source": "picamera2"}),
        ("picamera2:imx708", {"source": "picamera2", "picamera2": {"camera": "imx708"}}),
        ("picamera2:1", {"source": "picamera2", "picamera2": {"camera": "1"}}),
        ("http://cam/a.jpg", {"source": "url", "url": {"address": "http://cam/a.jpg"}}),
        ("HTTPS://cam/?a:b", {"source": "url", "url": {"address": "HTTPS://cam/?a:b"}}),
    ],
)
def test_parse(text: str, changes: dict[str, Any]) -> None:
    """A source is a path, unless it begins like another."""
    assert parse_source(text) == changes
    load_config(None, {"camera": changes})


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("a.png", FilesCamera),
        ("watch:in", WatchCamera),
        ("http://cam/a.jpg", UrlCamera),
        ("picamera2", Picamera2Camera),
    ],
)
def test_make(source: str, kind: type) -> None:
    """Each source has its camera, and making one opens nothing."""
    config = load_config(None, {"camera": parse_source(source)})
    assert isinstance(make_camera(config.camera), kind)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('source = "files"', "camera.path"),
        ('source = "watch"', "camera.path"),
        ('source = "url"\n[camera.url]\ntimeout = 2', "camera.url.address"),
    ],
)
def test_nothing(text: str, key: str, tmp_path: Path, capsys: Capture) -> None:
    """A source that needs to know what to read says which key is missing."""
    path = tmp_path / "my.toml"
    path.write_text(f"[camera]\n{text}\n")
    assert main(["run", "--config", str(path)]) == 2
    assert complaint(capsys) == (
        f"tinydigits: there is nothing to read: give --source, or {key} in the config\n"
    )


def test_command_line_goes_first(tmp_path: Path, capsys: Capture) -> None:
    """A source on the command line replaces the configured one, and keeps its other settings."""
    path = tmp_path / "my.toml"
    path.write_text('[camera]\nsource = "url"\nfps = 3\n[camera.url]\naddress = "http://cam/"\n')
    assert main(["run", "--config", str(path), "--source", "missing.png"]) == 3
    assert complaint(capsys) == "tinydigits: missing.png: there is no such file or folder\n"
