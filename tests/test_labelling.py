"""In any terminal a person says what crops show, a key each."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samples import picture_of
from tinydigits.__main__ import main
from tinydigits.learn.crop_file import Note
from tinydigits.learn.crops import Crops
from tinydigits.learn.half_blocks import UPPER, Shades, render, shades_of
from tinydigits.learn.labelling import Session

DIGITS_SHOWN = "4027"


@pytest.fixture
def crops(tmp_path: Path) -> Crops:
    """Four crops; one of them was read wrong, and one not at all."""
    crops = Crops(tmp_path / "crops")
    for place, (shown, read) in enumerate(zip(DIGITS_SHOWN, ("4", "8", "", "7"), strict=True), 1):
        note = Note("meter", place, read, 0.625, 1_795_342_500 + place, "unsure")
        crops.keep(np.asarray(picture_of(shown)), note)
    return crops


def labels(crops: Crops) -> list[str | None]:
    """What is said of each."""
    return [crop.label for crop in crops.list()]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("40n7", ["4", "0", "none", "7"]),
        ("\n0\n27", ["4", "0", "2", "7"]),  # Enter where nothing was read says nothing
        ("ss2", [None, None, "2", None]),
        ("49u0", ["4", "0", None, None]),
        ("49uuu", [None, None, None, None]),
        ("4q0", ["4", None, None, None]),
        ("4x?0", ["4", "0", None, None]),
        ("s4u9", [None, "9", None, None]),
        ("4027u9", ["4", "0", "2", "9"]),
    ],
)
def test_keys(keys: str, expected: list[str | None], crops: Crops) -> None:
    """Each key does what the help says; every label is on disk at once."""
    session = Session(crops)
    for key in keys:
        if not session.press(key):
            break
    assert labels(crops) == expected
    assert session.labelled == sum(label is not None for label in expected)


def test_progress(crops: Crops) -> None:
    """It goes on with what has no label, and knows when all have one."""
    crops.label(crops.list()[0].name, "4")
    session = Session(crops)
    assert session.crop is not None
    assert session.crop.place == 2
    assert (session.labelled, session.total) == (1, 4)
    for key in "027":
        session.press(key)
    assert session.crop is None
    assert session.press("5")
    assert "all have a label" in session.told
    assert session.fresh == 3


def test_gone(crops: Crops, tmp_path: Path) -> None:
    """A crop that has made room for others meanwhile is passed over."""
    session = Session(crops)
    assert session.crop is not None
    (tmp_path / "crops" / session.crop.name).unlink()
    session.press("4")
    assert "made room" in session.told
    session.press("0")
    assert labels(crops) == ["0", None, None]


@given(
    st.integers(1, 120), st.integers(1, 120), st.integers(1, 200), st.integers(1, 60),
    st.sampled_from(Shades),
)  # fmt: skip
def test_picture_fits(width: int, height: int, columns: int, rows: int, shades: Shades) -> None:
    """A picture of any size fits into any terminal."""
    luma = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    lines = list(render(luma, columns, rows, shades))
    assert 1 <= len(lines) <= rows
    for line in lines:
        assert len(re.sub(r"\033\[[0-9;]*m", "", line)) <= columns


def test_shades() -> None:
    """True colours show the very greys, 256 colours the nearest, and characters ten shades."""
    luma = np.array([[0, 128], [255, 7]], np.uint8).repeat(1, axis=0)
    (true,) = render(luma, 2, 1, Shades.TRUE_COLOUR)
    assert true == (
        f"\033[38;2;0;0;0;48;2;255;255;255m{UPPER}\033[38;2;128;128;128;48;2;7;7;7m{UPPER}\033[0m"
    )
    (palette,) = render(luma, 2, 1, Shades.PALETTE)
    assert palette == f"\033[38;5;16;48;5;231m{UPPER}\033[38;5;244;48;5;232m{UPPER}\033[0m"
    dark_and_bright = np.array([[0, 255], [0, 255]], np.uint8)
    assert list(render(dark_and_bright, 2, 1, Shades.PLAIN)) == [" @"]


@pytest.mark.parametrize(
    ("environment", "encoding", "shades"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "utf-8", Shades.TRUE_COLOUR),
        ({"TERM": "xterm-256color"}, "utf-8", Shades.PALETTE),
        ({"TERM": "linux"}, "utf-8", Shades.PLAIN),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, "utf-8", Shades.PLAIN),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "utf-8", Shades.PLAIN),
        ({"TERM": "xterm-256color"}, "ascii", Shades.PLAIN),
        ({}, "utf-8", Shades.PLAIN),
    ],
)
def test_terminals(environment: dict[str, str], encoding: str, shades: Shades) -> None:
    """What a terminal can show is told by its environment."""
    assert shades_of(environment, encoding) is shades


class Terminal:
    """A terminal with the command in it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tinydigits", "label", str(folder)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=os.environ | environment,
        )
        self._bytes = b""

    @property
    def shown(self) -> str:
        """Everything so far."""
        return self._bytes.decode(errors="replace")

    def wait_for(self, text: str) -> None:
        """Until it is shown."""
        until = time.monotonic() + 30
        while text not in self.shown:
            assert time.monotonic() < until, self.shown
            if select.select([self.master], [], [], 0.1)[0]:
                with suppress(OSError):
                    self._bytes += os.read(self.master, 65536)

    def press(self, keys: str) -> None:
        """As a person does."""
        os.write(self.master, keys.encode())

    def close(self) -> None:
        """Pull the plug."""
        self.process.kill()
        self.process.wait()
        for descriptor in (self.master, self.slave):
            os.close(descriptor)


@pytest.fixture
def terminal(crops: Crops, tmp_path: Path) -> Iterator[Terminal]:
    """The command in a terminal of 256 colours."""
    assert crops.list()
    terminal = Terminal(tmp_path / "crops", TERM="xterm-256color", COLORTERM="", NO_COLOR="")
    yield terminal
    terminal.close()


def test_terminal(terminal: Terminal, crops: Crops) -> None:
    """It shows each crop, what was read and how surely; and leaves the terminal as it was."""
    terminal.wait_for("0 of 4 have a label")
    terminal.wait_for("read 4, 62 % sure, unsure; meter, place 1; 2026-11-22")
    assert UPPER in terminal.shown
    terminal.press("\r")
    terminal.wait_for("1 of 4 have a label   (the last one: 4)")
    terminal.press("\033[A\033OP\033[15~0")  # an arrow and function keys mean nothing
    terminal.wait_for("nothing read, unsure; meter, place 3")
    terminal.press("2q")
    terminal.wait_for("3 labelled now, 3 in all, 1 without a label")
    terminal.wait_for("next: tinydigits-train fit --data 'mnist+synthetic+folder:")
    assert terminal.process.wait(10) == 0
    assert labels(crops) == ["4", "0", "2", None]
    assert termios.tcgetattr(terminal.slave) == terminal.before


def test_interrupted(terminal: Terminal, crops: Crops) -> None:
    """Ctrl-C ends it, with what was said before kept and the terminal as it was."""
    terminal.wait_for("place 1")
    terminal.press("4")
    terminal.wait_for("place 2")
    terminal.process.send_signal(signal.SIGINT)  # as the kernel does at Ctrl-C
    assert terminal.process.wait(10) != 0
    assert labels(crops) == ["4", None, None, None]
    assert termios.tcgetattr(terminal.slave) == terminal.before


def test_no_terminal(crops: Crops, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal it says so, and what does without one."""
    assert crops.list()
    assert main(["label", str(tmp_path / "crops")]) == 2
    assert "labelling needs a terminal" in capsys.readouterr().err
    assert main(["label", str(tmp_path / "nowhere")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_listed(crops: Crops, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All crops can be listed, for people and for programs."""
    first, second, *_ = crops.list()
    crops.label(first.name, "4")
    crops.label(second.name, "none")
    assert main(["label", str(tmp_path / "crops"), "--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "20261122-101501-000-meter-1.png: 4, read 4 (0.62), unsure",
        "20261122-101502-000-meter-2.png: none, read 8 (0.62), unsure",
        "20261122-101503-000-meter-3.png: no label, read nothing (0.62), unsure",
        "20261122-101504-000-meter-4.png: no label, read 7 (0.62), unsure",
        "2 labelled, 2 without a label",
    ]
    assert main(["label", str(tmp_path / "crops"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["labelled"], found["unlabelled"]) == (2, 2)
    assert found["labels"] == {"4": 1, "none": 1}
    assert [crop["place"] for crop in found["crops"]] == [1, 2, 3, 4]


def test_damaged(tmp_path: Path) -> None:
    """A picture that can't be shown is passed over, and told."""
    (tmp_path / "a.png").write_bytes(b"no picture")
    Image.fromarray(np.asarray(picture_of("4"))).save(tmp_path / "b.png")
    terminal = Terminal(tmp_path, TERM="dumb")
    try:
        terminal.wait_for("a.png: it is not a picture")
        terminal.wait_for("b.png")
        terminal.press("4")
        terminal.wait_for("1 labelled now")
    finally:
        terminal.close()
