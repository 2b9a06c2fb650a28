"""Ways to look at a page, and what must hold of it in all of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright

PHONE: Final = 360
DESK: Final = 1280

CHROMIUM_OPTIONS: Final = ("--no-sandbox", "--disable-gpu")

CUT_OFF: Final = """
() => [...document.querySelectorAll("main *")]
  .filter(e => !e.closest("svg"))
  .filter(e => !e.matches(".scroll, .hidden, .claims thead, .claims thead *, .words, .words *"))
  .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1)
  .map(e => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 40)}`)
"""


@dataclass(frozen=True)
class Look:
    """A way to look at a page."""

    width: int
    scheme: Literal["light", "dark"]
    media: Literal["screen", "print"] = "screen"

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}-{self.media}"

    def context(self) -> dict[str, Any]:
        """What a browser has to be told."""
        return {
            "viewport": {"width": self.width, "height": 800},
            "color_scheme": self.scheme,
            "device_scale_factor": 2 if self.width == PHONE else 1,
        }


SCREENS: Final = tuple(
    Look(width, scheme) for width in (PHONE, DESK) for scheme in ("light", "dark")
)


def start(playwright: Playwright, chromium: str) -> Browser:
    """Chromium, as it is installed."""
    return playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_OPTIONS))


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page, where ``TINYDIGITS_SCREENSHOTS`` names a folder."""
    folder = os.environ.get("TINYDIGITS_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def unfold(page: Page, *, opened: bool) -> None:
    """Open or close everything that can be."""
    page.evaluate(
        "opened => document.querySelectorAll('details').forEach(d => { d.open = opened })", opened
    )


def check_fits(page: Page) -> None:
    """Nothing sticks out of the page, and no text out of its box, opened or not."""
    for opened in (True, False):
        unfold(page, opened=opened)
        wide, shown = page.evaluate(
            "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= shown
        assert page.evaluate(CUT_OFF) == []


def check_accessible(page: Page) -> None:
    """Axe finds nothing to complain about, not in what can be opened either."""
    unfold(page, opened=True)
    assert Axe().run(page).response["violations"] == []
