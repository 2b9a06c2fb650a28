"""What ``tinydigits label`` does: show one crop after the other, and take down what it shows."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tinydigits.classifier import DIGITS, NONE_LABEL
from tinydigits.command import indented_json
from tinydigits.errors import DataError, PictureError, UsageError
from tinydigits.files import printable
from tinydigits.journal import one_line
from tinydigits.learn.crop_labels import LABELS
from tinydigits.learn.crops import Crop, Crops
from tinydigits.learn.half_blocks import Shades, render, shades_of
from tinydigits.learn.keys import ENTER, single_keys
from tinydigits.models.owner import as_owner_of

HELP: Final = "0-9 that digit   n none   Enter as read   u undo   s skip   q quit"

_LINES_BESIDE: Final = 6
"""Of the terminal, that the picture leaves for words."""

_MOST_ROWS: Final = 24
"""Of the picture: more is no easier to see."""

_CLEAR: Final = "\033[H\033[2J"


class Counts(msgspec.Struct, frozen=True):
    """How many crops of a folder have a label, and which."""

    labelled: int
    unlabelled: int
    labels: dict[str, int]


class Listing(Counts, frozen=True):
    """The same, with the crops."""

    crops: tuple[Crop, ...]


class Session:
    """A person labels the crops that have no label yet."""

    def __init__(self, crops: Crops) -> None:
        everything = crops.list()
        self._crops = crops
        self._left = [crop for crop in everything if crop.label is None]
        self._labelled: list[tuple[int, str]] = []
        self._at = 0
        self.labelled = len(everything) - len(self._left)
        self.total = len(everything)
        self.told = ""

    @property
    def crop(self) -> Crop | None:
        """The one that is to be labelled; ``None`` where none is left."""
        return self._left[self._at] if self._at < len(self._left) else None

    @property
    def fresh(self) -> int:
        """How many labels were given since it began."""
        return len(self._labelled)

    def press(self, key: str) -> bool:
        """Do what a key asks for; whether to go on."""
        crop, self.told = self.crop, ""
        if key in {"q", ""}:
            return False
        if key == "u":
            self._undo()
        elif crop is None:
            self.told = "all have a label: u takes back the last one, q ends"
        elif key == "s":
            self._at += 1
            self.told = "skipped"
        elif key == ENTER and not crop.read:
            self.told = "nothing was read there: say what it shows"
        elif key == ENTER or key in DIGITS or key == "n":
            self._label(crop, crop.read if key == ENTER else NONE_LABEL if key == "n" else key)
        else:
            self.told = f"'{key}' means nothing here"
        return True

    def skip_damaged(self, why: str) -> None:
        """Pass over a picture that can't be shown."""
        self._at += 1
        self.told = why

    def _label(self, crop: Crop, label: str) -> None:
        try:
            self._crops.label(crop.name, label)
        except UsageError:
            self.told = "that one has just made room for others"
        else:
            self._labelled.append((self._at, label))
            self.labelled += 1
            self.told = f"the last one: {label}"
        self._at += 1

    def _undo(self) -> None:
        if not self._labelled:
            self.told = "there is nothing to undo"
            return
        self._at, label = self._labelled.pop()
        self._crops.label(self._left[self._at].name, None)
        self.labelled -= 1
        self.told = f"{label} is taken back"


def label_command(options: argparse.Namespace) -> int:
    """``tinydigits label``."""
    folder: Path = options.folder
    if not folder.is_dir():
        raise DataError(f"{printable(folder)}: there is no such folder")
    with as_owner_of(folder) as inside:
        crops = Crops(inside)
        if options.json:
            print(indented_json(_listing(crops.list())))
        elif options.list:
            print(_table(crops.list()), end="")
        else:
            _label(crops, folder)
    return 0


def _label(crops: Crops, folder: Path) -> None:
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "labelling needs a terminal, for keys and pictures: --list and --json do without"
        )
    session = Session(crops)
    if not session.total:
        raise DataError(f"{printable(folder)}: there is no picture in it")
    with single_keys(sys.stdin.fileno()) as key:
        converse(session, crops, key)
    left = session.total - session.labelled
    print(f"\n{session.fresh} labelled now, {session.labelled} in all, {left} without a label")
    if session.labelled:
        data = shlex.quote(f"mnist+synthetic+folder:{folder}*20")
        print(f"next: tinydigits-train fit --data {data} --model pairs -o mine")


def converse(session: Session, crops: Crops, key: Callable[[], str]) -> None:
    """Show what there is to be labelled, until a key ends it or none is left."""
    shades = shades_of(os.environ, sys.stdout.encoding)
    going = True
    while going and session.crop:
        size = shutil.get_terminal_size()
        rows = max(1, min(_MOST_ROWS, size.lines - _LINES_BESIDE))
        try:
            picture = list(render(crops.luma(session.crop.name), size.columns - 4, rows, shades))
        except (PictureError, UsageError) as error:
            session.skip_damaged(str(error))
            continue
        page = _page(session, session.crop, picture)
        print(("\n" if shades is Shades.PLAIN else _CLEAR) + "\n".join(page), flush=True)
        going = session.press(key())


def _page(session: Session, crop: Crop, picture: Iterable[str]) -> list[str]:
    told = f"   ({one_line(session.told)})" if session.told else ""
    return [
        f"{session.labelled} of {session.total} have a label{told}",
        "",
        *(f"  {line}" for line in picture),
        "",
        _known(crop),
        HELP,
    ]


def _known(crop: Crop) -> str:
    """What is known of a crop, for a person who looks at it."""
    if crop.why is None:
        return printable(crop.name)
    read = f"read {crop.read}, {100 * crop.confidence:.0f} % sure" if crop.read else "nothing read"
    taken = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(crop.wall))
    return f"{read}, {crop.why}; {one_line(crop.region)}, place {crop.place}; {taken}"


def _listing(crops: Sequence[Crop]) -> Listing:
    counted = Counter(crop.label for crop in crops if crop.label)
    labels = {label: counted[label] for label in LABELS if counted[label]}
    labelled = sum(labels.values())
    return Listing(labelled, len(crops) - labelled, labels, tuple(crops))


def _table(crops: Sequence[Crop]) -> str:
    lines = [
        f"{printable(crop.name)}: {crop.label or 'no label'}"
        + (
            f", read {crop.read or 'nothing'} ({crop.confidence:.2f}), {crop.why}"
            if crop.why
            else ""
        )
        for crop in crops
    ]
    found = _listing(crops)
    return "\n".join([*lines, f"{found.labelled} labelled, {found.unlabelled} without a label", ""])
