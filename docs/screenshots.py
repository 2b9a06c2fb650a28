"""Make the pictures of docs/page.md: the page of the running program, on frames that are made up.

Usage: make screenshots    writes docs/page-*.png (needs Chromium)
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from live_program import TOKEN, LiveProgram, live_program
from looks import DESK, PHONE, Look, start
from meter_scene import SIZE, WATER_CORNERS

FRAMES: Final = 400
"""More than are read meanwhile: meters don't start over."""

COLLECTED: Final = 12
"""Doubtful digits that make a picture worth looking at."""

LABELLED: Final = 3
"""Of them."""

SECONDS: Final = 40.0
GREYS: Final = range(0, 256, 2)
COLOURS: Final = 120
"""Of a picture beside greys, the most frequent ones: few enough for a small file."""

NOISE: Final = 0.8
"""Less than a sensor has: noise is what takes most of a picture's bytes."""


def main(folder: Path) -> None:
    """Make all of them."""
    chromium = shutil.which("chromium") or sys.exit("there is no chromium to look at pages with")
    with (
        tempfile.TemporaryDirectory() as home,
        live_program(Path(home), count=FRAMES, noise=NOISE) as program,
        sync_playwright() as playwright,
    ):
        browser = start(playwright, chromium)
        collected(program)
        show_live(browser, program, folder)
        show_setup(browser, program, folder)
        show_phone(browser, program, folder)
        show_teach(browser, program, folder)
        browser.close()


def collected(program: LiveProgram) -> None:
    """Wait until there is enough to look at."""
    until = time.monotonic() + SECONDS
    while program.ask("crops?limit=0")["unlabelled"] < COLLECTED and time.monotonic() < until:
        time.sleep(0.5)


def opened(browser: Browser, program: LiveProgram, view: str, look: Look) -> Page:
    """A view, for who has shown the token before."""
    context = browser.new_context(**{**look.context(), "device_scale_factor": 1})
    context.add_init_script(f"sessionStorage.setItem('tinydigits-token', '{TOKEN}')")
    page = context.new_page()
    page.goto(f"{program.address}#{view}")
    page.wait_for_timeout(2500)
    return page


def show_live(browser: Browser, program: LiveProgram, folder: Path) -> None:
    """What is read now."""
    page = opened(browser, program, "live", Look(DESK, "light"))
    page.locator(".number-card[data-status=accepted] h3", has_text="water").wait_for()
    keep(page, folder / "page-live.png")


def show_setup(browser: Browser, program: LiveProgram, folder: Path) -> None:
    """A corner on its way, larger in the loupe, and the reading that goes with it."""
    page = opened(browser, program, "setup", Look(DESK, "light"))
    page.get_by_label("Follow a camera").check()
    page.locator(".shape.patch").wait_for()
    box = page.locator("#view-setup .over").bounding_box()
    assert box  # noqa: S101  for the type
    scale = box["width"] / SIZE[0]
    (x, y), (_, top) = WATER_CORNERS[2], WATER_CORNERS[0]
    page.mouse.move(box["x"] + x * scale, box["y"] + y * scale)
    page.mouse.down()
    page.mouse.move(box["x"] + (x - 60) * scale, box["y"] + (y + top) / 2 * scale, steps=8)
    page.mouse.move(box["x"] + (x - 70) * scale, box["y"] + y * scale, steps=8)
    page.wait_for_timeout(800)
    keep(page, folder / "page-setup.png")


def show_teach(browser: Browser, program: LiveProgram, folder: Path) -> None:
    """Some pictures with a label, and the next one."""
    page = opened(browser, program, "teach", Look(DESK, "light"))
    page.set_viewport_size({"width": DESK, "height": 600})
    page.locator(".crops li.current button").focus()
    for _ in range(LABELLED):
        told = page.locator(".crops li.current .note").first.text_content() or ""
        sure = re.search(r"read (1|\d, (9\d|100))", told)  # a 1 is narrow, and half a drum no 1
        page.keyboard.press("Enter" if sure else "n")
        page.wait_for_timeout(150)
    page.wait_for_timeout(500)
    keep(page, folder / "page-teach.png")


def show_phone(browser: Browser, program: LiveProgram, folder: Path) -> None:
    """All views beside one another, as a telephone shows them by night."""
    pictures = []
    for view in ("live", "setup", "teach"):
        page = opened(browser, program, view, Look(PHONE, "dark"))
        place = folder / f"{view}.part.png"
        page.screenshot(path=place)
        with Image.open(place) as picture:
            pictures.append(picture.convert("RGB"))
        place.unlink()
    width, height = pictures[0].size
    gap = width // 12
    sheet = Image.new("RGB", (3 * width + 2 * gap, height), "white")
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (place * (width + gap), 0))
    small(sheet, folder / "page-phone.png")


def keep(page: Page, path: Path) -> None:
    """A picture of what is seen of the page."""
    page.screenshot(path=path, full_page=True)
    page.context.close()
    with Image.open(path) as picture:
        small(picture.convert("RGB"), path)


def small(picture: Image.Image, path: Path) -> None:
    """A picture as a small file."""
    counted = picture.getcolors(picture.width * picture.height) or []
    coloured = [found for found in sorted(counted, reverse=True) if len(set(found[1])) > 1]
    chosen = [*(colour for _, colour in coloured[:COLOURS]), *((grey,) * 3 for grey in GREYS)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([level for colour in chosen for level in colour])
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
