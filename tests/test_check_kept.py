"""Checks say of what the program keeps how much there is, and what keeps it from being kept."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from folders import closed
from samples import picture_of
from tinydigits.check.finding import Finding
from tinydigits.check.kept import check_kept
from tinydigits.clock import wall_offset
from tinydigits.config import Config, load_config
from tinydigits.history import Past
from tinydigits.outputs.history_file import HistoryFile, Kept
from tinydigits.outputs.retention import Limits

IN_TABLE = {"history": "file", "collect": "folder", "web": "regions"}
"""Tables of the configuration, and what in them names a place where something is kept."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are those of files in a folder of the test's own, none of systemd's."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)


def configured(table: str, place: str | Path) -> Config:
    """A configuration in which one thing is kept, at a place."""
    return load_config(None, {table: {IN_TABLE[table]: str(place)}})


def found(table: str, place: str, source: Path | None = None) -> Finding:
    """What is found of it."""
    [finding] = check_kept(configured(table, place), source)
    return finding


def test_history() -> None:
    """Of a history it is told until when it goes, and why it can't be one."""
    assert found("history", "past.db") == Finding("history", "ok", "past.db has no reading yet")
    past = Past(60.0, "a", "1", Decimal(1), "accepted", 1.0, "")
    with HistoryFile(Path("past.db"), Limits(36_500.0, 10**7)) as file:
        file.write([Kept(past, wall_offset())])
    assert found("history", "past.db").text == "past.db has readings until 1970-01-01 00:01 UTC"
    Path("other.db").write_bytes(b"what")
    other = found("history", "other.db")
    assert (other.state, other.code) == ("warn", 0)
    assert "history other.db can't be read" in other.text
    assert found("history", "none/past.db").text.startswith("none is no folder: make it")
    assert found("history", ".").code == 2


def test_crops() -> None:
    """Of pictures it is told how many there are, and for how many there is work to do."""
    nothing = found("collect", "deep/crops")
    assert nothing == Finding("collect", "ok", "deep/crops has 0 pictures, 0 without a label")
    for name in "12":
        picture_of(name).save(f"{name}.png")
    Path("labels.csv").write_text("file,label\n1.png,1\n")
    assert found("collect", ".").text == ". has 2 pictures, 1 without a label"
    assert found("collect", "labels.csv").code == 2


def test_drawn() -> None:
    """Of regions that the page draws it is told whether there are any."""
    nothing = found("web", "drawn.toml")
    assert nothing == Finding("drawn", "ok", "drawn.toml is for regions: none is drawn yet")
    config = configured("web", "drawn.toml")
    Path("drawn.toml").touch()
    assert [finding.text for finding in check_kept(config, None)] == ["drawn.toml has regions"]


def test_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service keeps what has a bare name where only systemd knows, whoever asks."""
    system = tmp_path / "config.toml"
    system.touch()
    monkeypatch.setattr("tinydigits.config.SYSTEM_FILE", system)
    told = "none/past.db, in the folder that systemd makes for the service"
    assert found("history", "none/past.db", system) == Finding("history", "ok", told)
    assert found("history", "/none/past.db", system).state == "warn"
    assert found("history", "none/past.db").state == "warn"


def test_may_not_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this user may not write is told with what to do."""
    Path("past.db").touch()
    monkeypatch.setattr(os, "access", lambda path, _: path != Path("past.db"))  # root may all
    assert found("history", "past.db").text.startswith("past.db can't be written by")
    assert found("web", "drawn.toml").state == "ok"


@pytest.mark.parametrize("table", IN_TABLE)
def test_closed_folder(table: str, tmp_path: Path) -> None:
    """What is to be kept in a folder that may not be entered is doubtful, with the reason."""
    folder = tmp_path / "closed"
    folder.mkdir()
    config = configured(table, folder / "deep/place")
    with closed(folder):
        [finding] = check_kept(config, None)
    assert (finding.state, finding.code) == ("warn", 0)
    assert finding.text.endswith(": Permission denied")


@pytest.mark.parametrize("table", IN_TABLE)
def test_long_name(table: str) -> None:
    """A name that is longer than the system has it is told, too."""
    config = configured(table, "place")
    there = replace(getattr(config, table), **{IN_TABLE[table]: "x" * 300})
    [finding] = check_kept(replace(config, **{table: there}), None)
    assert finding.state != "ok"
