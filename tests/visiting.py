"""Somebody who looks at the page of the running program, in a real browser."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page, Route, expect

from live_program import LiveProgram
from meter_scene import SIZE

SECONDS: Final = 30.0

SEEN: Final = {
    "live": ".number-card",
    "setup": ".shape .body[points]",
    "teach": ".crops li.current",
}
"""By views: what is there as soon as the device has answered."""

EXPECTED: Final = ("401 (Unauthorized)", "ERR_CONNECTION_REFUSED")
"""What a browser complains of although all is as it should be: the first question is asked without
a token, and a device that is away can't be reached."""


class Guest:
    """A page that is open, and what the browser had to say about it.

    :param address: of the device.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.provoked: tuple[str, ...] = ()
        page.set_default_timeout(1000 * SECONDS)
        page.route("**/*", self._answer)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _answer(self, route: Route) -> None:
        self.asked.append(route.request.url)
        if route.request.url.startswith((self.address, "blob:")):
            route.continue_()
        else:
            route.abort()

    def go(self, view: str) -> Page:
        """Open a view, and wait until it shows something."""
        self.page.goto(f"{self.address}#{view}")
        seen = SEEN[view]
        expect(self.page.locator(seen).first).to_be_attached(timeout=1000 * SECONDS)
        return self.page

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where in the window a pixel of the frame is."""
        box = self.page.locator("#view-setup .over").bounding_box()
        assert box
        return box["x"] + x * box["width"] / SIZE[0], box["y"] + y * box["height"] / SIZE[1]

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag with the mouse from a pixel of the frame to another."""
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(*end), steps=5)
        self.page.mouse.up()

    def provokes(self, *words: str) -> None:
        """Have the browser complain with these words, as this test asks what is refused."""
        self.provoked = words

    def check(self) -> None:
        """It went nowhere else, and the browser had nothing to complain about."""
        assert [url for url in self.asked if not url.startswith((self.address, "blob:"))] == []
        expected = (*EXPECTED, *self.provoked)
        unexpected = [c for c in self.complaints if not any(word in c for word in expected)]
        assert not unexpected, unexpected


class Visit(Guest):
    """The same, of a program that is known."""

    def __init__(self, page: Page, program: LiveProgram) -> None:
        super().__init__(page, program.address)
        self.program = program
