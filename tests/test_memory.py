"""A running reader tries first what worked last, and forgets it when it fails."""

from __future__ import annotations

import numpy as np
import pytest

from drawing import on_paper, photographed, written
from tinydigits import memory as memory_module
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.frame import Frame
from tinydigits.memory import LONGEST_PAUSE, Memory
from tinydigits.reader import Reader


def frame_of(text: str, *, light: bool = False, margin: int = 40) -> Frame:
    """A frame that shows a number."""
    paper, contrast = (50, 140) if light else (200, -140)
    ink = on_paper(written(text, 3), margin)
    return Frame(photographed(ink, paper=paper, contrast=contrast), "drawn")


def reader_with(memory: Memory) -> Reader:
    """A reader that remembers."""
    return Reader(Classifier.load(DEFAULT_MODEL), memory=memory)


def text(reader: Reader, frame: Frame) -> str:
    """What is read."""
    return reader.read(frame).readings[0].text


def test_remembers() -> None:
    """The recipe that showed the number is used again, and so are other numbers read."""
    memory = Memory()
    reader = reader_with(memory)
    assert text(reader, frame_of("3140")) == "3140"
    recipe = memory.recipe
    assert recipe is not None
    for number in ("2046", "3140", "9876"):
        assert text(reader, frame_of(number)) == number
        assert memory.recipe == recipe


def test_light_changes() -> None:
    """When what is remembered fails, everything is searched."""
    reader = reader_with(Memory())
    assert text(reader, frame_of("3140")) == "3140"
    assert text(reader, frame_of("2046", light=True)) == "2046"
    assert text(reader, frame_of("2046")) == "2046"


def test_others_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """One other recipe is looked at now and then."""
    monkeypatch.setattr(memory_module, "RECHECK", 5)
    memory = Memory()
    reader = reader_with(memory)
    for _ in range(2 * 5 + 1):
        assert text(reader, frame_of("31")) == "31"
    assert memory.turn == 2


def test_pauses() -> None:
    """Where nothing is to be read, searches grow rare, and what comes into view is read soon."""
    memory = Memory()
    reader = reader_with(memory)
    blank = Frame(np.full((120, 160), 90, np.uint8), "blank")
    for _ in range(4 * LONGEST_PAUSE):
        assert text(reader, blank) == ""
    assert memory.pause == LONGEST_PAUSE
    assert "3140" in {text(reader, frame_of("3140")) for _ in range(LONGEST_PAUSE + 1)}


def test_same_frames_same_readings() -> None:
    """Memory is deterministic: the same frames give the same readings."""
    frames = [frame_of(number) for number in ("31", "40", "31")]
    first, second = reader_with(Memory()), reader_with(Memory())
    assert [text(first, frame) for frame in frames] == [text(second, frame) for frame in frames]
