"""What stands around digits where people photograph them: one function for each kind of row."""

from __future__ import annotations

from typing import Final

import numpy as np

from tinydigits_train.synthetic.lettering import HEIGHT, resized
from tinydigits_train.synthetic.row import MARGIN, Row
from tinydigits_train.synthetic.sheet import Window

LETTERS: Final = tuple("AEFHKLMNPRTUVWXYabcdefhkmnprtuvwxy%$#&@+?=°")
"""Characters that are no digits and don't look like one, as O, l and S do."""

READY: Final = 0.7
"""Share of drums that stand still: the last one of a counter turns, the others seldom."""


def grey(rng: np.random.Generator) -> float:
    """Any grey level."""
    return float(rng.uniform(0, 255))


def drums(row: Row, turned: float | None = None) -> None:
    """Drums of a counter: digits above one another on each, seen through windows.

    :param turned: how far all are turned from one digit to the next, the window being too small
        for either; else most are hardly turned.
    """
    rng = row.rng
    pitch = rng.uniform(1.1, 1.7)  # from digit to digit, in heights
    widest = 0.75 if turned is None else 0.8 * abs(turned) * pitch
    reach = rng.uniform(0.03, widest)  # of the window above and below the digit
    slot = rng.uniform(0.02, 0.15) * row.pitch if rng.random() < 0.5 else 0.0
    for place, digit in enumerate(row.digits):
        window = row.window(place, place + 1, reach, reach)
        offset = turned
        if offset is None:
            offset = rng.normal(0, 0.05) if rng.random() < READY else rng.uniform(-0.5, 0.5)
        for step in (-1, 0, 1):
            shown = (digit + step) % 10
            sign = row.signs[place] if step == 0 else row.sign(str(shown))
            row.put(sign, place, drop=(step + offset) * pitch, label=shown, window=window)
        if slot:
            left, top, right, bottom = window
            row.sheet.fill((left - slot / 2, top, left + slot / 2, bottom), row.tones.panel)
            row.sheet.fill((right - slot / 2, top, right + slot / 2, bottom), row.tones.panel)
    if rng.random() < 0.7:
        _panel(row, row.window(0, row.count, reach, reach))
    if rng.random() < 0.3:
        _scale(row)


def display(row: Row) -> None:
    """A display: decimal points and signs beside the digits, a bezel around them."""
    rng = row.rng
    first = (
        int(rng.integers(0, row.count)) if rng.random() < 0.3 else 0
    )  # the places before are off
    for place in range(first, row.count):
        row.put(row.signs[place], place, label=row.digits[place])
        if rng.random() < 0.25:
            _point(row, place + 1)
    if rng.random() < 0.4:
        words(row)
    if rng.random() < 0.6:
        reach, beside = rng.uniform(0.08, 0.9), rng.uniform(0.02, 0.9)
        _panel(row, row.window(-beside, row.count + beside, reach, reach))


def printed(row: Row) -> None:
    """Printed digits, perhaps boxed, perhaps with other lines and words around."""
    rng = row.rng
    boxed = rng.random() < 0.3
    for place, digit in enumerate(row.digits):
        row.put(row.signs[place], place, label=digit)
        if boxed:
            reach = rng.uniform(0.1, 0.5)
            width = rng.uniform(0.02, 0.1) * HEIGHT
            row.sheet.frame(row.window(place, place + 1, reach, reach), row.tones.ink, width)
    if rng.random() < 0.3:
        _scale(row)
    if rng.random() < 0.4:
        words(row)
    if rng.random() < 0.3:
        reach, beside = rng.uniform(0.05, 0.8), rng.uniform(0.02, 0.8)
        _panel(row, row.window(-beside, row.count + beside, reach, reach))


def written(row: Row) -> None:
    """Digits written on blank, ruled or squared paper, none quite like the one before."""
    rng = row.rng
    lines = rng.choice(["blank", "ruled", "squared", "boxes"], p=[0.65, 0.1, 0.15, 0.1])
    level = row.tones.paper + (row.tones.ink - row.tones.paper) * rng.uniform(0.1, 0.6)
    step = rng.uniform(0.5, 1.6) * HEIGHT
    if lines in {"ruled", "squared"}:
        _rules(row, level, step, squared=lines == "squared")
    for place, digit in enumerate(row.digits):
        sign = resized(row.signs[place], rng.uniform(0.8, 1.1) * HEIGHT)
        row.put(sign, place, drop=rng.normal(0, 0.04), label=digit)
        if lines == "boxes":
            reach = rng.uniform(0.1, 0.4)
            row.sheet.frame(row.window(place, place + 1, reach, reach), level, 0.03 * HEIGHT)


def words(row: Row) -> None:
    """Lettering above or below the digits, mostly smaller than they are."""
    rng = row.rng
    for _ in range(rng.integers(1, 4)):
        size = rng.uniform(0.2, 0.8) * HEIGHT
        gap = rng.uniform(0.12, 0.9) * HEIGHT
        x = rng.uniform(0.3, 0.8) * MARGIN + rng.uniform(0, row.pitch * row.count)
        y = MARGIN - gap - size if rng.random() < 0.5 else MARGIN + HEIGHT + gap
        for _ in range(rng.integers(1, 9)):
            letter = resized(row.letter(str(rng.choice(LETTERS))), size)
            row.sheet.stamp(letter, (x, y), row.tones.ink)
            x += letter.shape[1] + 0.12 * size


def _point(row: Row, place: int) -> None:
    rng = row.rng
    side = round(rng.uniform(0.08, 0.16) * HEIGHT)
    x = row.left_of(place) - side / 2 + rng.uniform(-0.06, 0.06) * HEIGHT
    y = MARGIN + HEIGHT - side * rng.uniform(0.5, 1.2)
    row.sheet.stamp(np.full((side, side), 255, np.uint8), (x, y), row.tones.ink)


def _panel(row: Row, window: Window) -> None:
    """Everything but a window in the panel's grey, perhaps with an edge."""
    left, top, right, bottom = window
    sheet, rng = row.sheet, row.rng
    for side in (
        (0, 0, sheet.width, top),
        (0, bottom, sheet.width, sheet.height),
        (0, top, left, bottom),
        (right, top, sheet.width, bottom),
    ):
        sheet.fill(side, row.tones.panel)
    if rng.random() < 0.4:
        sheet.frame(window, grey(rng), rng.uniform(0.01, 0.08) * HEIGHT)


def _scale(row: Row) -> None:
    """Ticks beside a digit, as on the last drum of a counter."""
    rng = row.rng
    x = row.left_of(int(rng.integers(0, row.count + 1))) + rng.uniform(-0.15, 0.05) * HEIGHT
    length, step = rng.uniform(0.06, 0.25) * HEIGHT, rng.uniform(0.08, 0.3) * HEIGHT
    width = rng.uniform(0.015, 0.06) * HEIGHT
    for y in np.arange(0, row.sheet.height, step).tolist():
        row.sheet.rule([(x, y), (x + length, y)], row.tones.ink, width)


def _rules(row: Row, level: float, step: float, *, squared: bool) -> None:
    rng, sheet = row.rng, row.sheet
    width = rng.uniform(0.01, 0.035) * HEIGHT
    for y in np.arange(rng.uniform(0, step), sheet.height, step).tolist():
        sheet.rule([(0, y), (sheet.width, y)], level, width)
    for x in np.arange(rng.uniform(0, step), sheet.width, step).tolist() if squared else ():
        sheet.rule([(x, 0), (x, sheet.height)], level, width)
