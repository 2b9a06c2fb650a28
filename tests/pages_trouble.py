"""The page in a real browser where things go wrong: a device that is slow, full, or sees nothing.

Not among the quick tests: ``make reports`` runs it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from playwright.sync_api import Browser, Route, expect

from looks import DESK, Look
from tinydigits.learn.crop_file import Note
from tinydigits.learn.crops import Crops
from tinydigits.status.tally import Tally
from tinydigits.web import health
from tinydigits.web.limits import STREAMS
from visiting import SECONDS, Guest
from web_site import Web, web

LOOK_AWAY: Final = """
away => {
  Object.defineProperty(document, 'hidden', {get: () => away, configurable: true});
  document.dispatchEvent(new Event('visibilitychange'));
}
"""

HOLD_STATUS: Final = """
() => {
  const fetched = window.fetch;
  const held = [];
  window.fetch = (path, ...more) => String(path).endsWith('status')
    ? new Promise(resolve => held.push(() => resolve(fetched(path, ...more))))
    : fetched(path, ...more);
  window.letGo = () => { window.fetch = fetched; held.forEach(go => go()) };
}
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Web]:
    """A device that does as it is told, and has read a frame."""
    with web({"collect": {"folder": str(tmp_path)}}) as site:
        site.show()
        yield site


@pytest.fixture
def guest(browser: Browser, site: Web) -> Generator[Guest]:
    """Somebody who looks at it."""
    context = browser.new_context(**Look(DESK, "light").context())
    guest = Guest(context.new_page(), site.address)
    yield guest
    context.close()
    guest.check()


def streams(site: Web) -> int:
    """How many are told of events."""
    assert site.output.site
    return site.output.site.events.streams


def test_one_stream(guest: Guest, site: Web) -> None:
    """Who comes back to a slow device again and again takes up one stream, and none when away."""
    page = guest.go("live")
    page.evaluate(HOLD_STATUS)
    for _ in range(3):
        page.evaluate(LOOK_AWAY, arg=True)
        page.evaluate(LOOK_AWAY, arg=False)
    page.wait_for_timeout(300)
    page.evaluate("letGo()")
    page.wait_for_timeout(1500)
    assert streams(site) == 1
    expect(page.locator("#state")).to_have_text("reading")
    page.evaluate(LOOK_AWAY, arg=True)
    page.wait_for_timeout(500)
    assert streams(site) == 0


def test_too_many_look(guest: Guest, site: Web) -> None:
    """Where too many look, the page says so steadily, and asks again when the device says."""
    assert site.output.site
    site.output.site.events.streams = STREAMS
    page = guest.go("live")
    banner = page.locator("#lost")
    expect(banner).to_contain_text("too many clients are told of events")
    before = len(guest.asked)
    seen = set()
    for _ in range(25):
        page.wait_for_timeout(100)
        seen.add(banner.is_visible())
    assert seen == {True}
    assert [url for url in guest.asked[before:] if "readings" in url] == []
    site.output.site.events.streams = 0
    page.get_by_role("button", name="Try again").click()
    expect(banner).to_be_hidden()
    expect(page.locator("#state")).to_have_text("reading")
    guest.provokes("503 (Service")


def test_read_now_refused(guest: Guest) -> None:
    """Why "Read now" did nothing stands beside it; the connection is not lost by that."""
    page = guest.go("live")
    expect(page.locator("#state")).to_have_text("reading")

    def refuse(route: Route) -> None:
        route.fulfill(status=429, json={"error": "too many requests: wait"})

    page.route("**/read-now", refuse)
    page.get_by_role("button", name="Read now").click()
    expect(page.locator(".not-read")).to_have_text("Not read: too many requests: wait.")
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#state")).to_have_text("reading")
    page.unroute("**/read-now")
    page.get_by_role("button", name="Read now").click()
    expect(page.locator(".not-read")).to_have_text("")
    guest.provokes("429 (Too Many")


@pytest.mark.parametrize("late", [False, True], ids=["frozen", "late"])
def test_no_frames(guest: Guest, site: Web, *, late: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All is well only where /healthz says so: not with a frozen camera, nor with a late frame."""
    page = guest.go("live")
    expect(page.locator("#health .summary")).to_have_text("All is well.")
    told = "no frames: the camera repeats one"
    if late:
        monkeypatch.setattr(health, "LATE_SECONDS", 0.0)
        told = "no frames: the last one is"
    else:
        site.program.state = told
    expect(page.locator("#health .troubles")).to_contain_text(told, timeout=1000 * SECONDS)
    expect(page.locator("#health .summary")).to_have_text("1 thing needs a look.")
    expect(page.locator("#state")).to_have_text("needs a look")
    expect(page.locator("#state .mark.rejected")).to_be_attached()
    assert site.ask("/healthz").status_code == 503
    guest.provokes("503 (Service")


def test_no_frame_yet(guest: Guest, site: Web) -> None:
    """A device that has read nothing yet is neither well nor in trouble; then it is well."""
    site.program.tally = Tally()
    page = guest.go("live")
    expect(page.locator("#health .summary")).to_have_text("No frame was read yet.")
    expect(page.locator("#state .mark.waiting")).to_be_attached()
    site.show()
    well = expect(page.locator("#health .summary"))
    well.to_have_text("All is well.", timeout=1000 * SECONDS)
    expect(page.locator("#state .mark.accepted")).to_be_attached()
    guest.provokes("503 (Service")


CROPS: Final = 40


def test_pictures_come(guest: Guest, tmp_path: Path) -> None:
    """Pictures to label are fetched once, a few at a time, and again where the device says wait."""
    crops = Crops(tmp_path)
    for place in range(CROPS):
        crops.keep(np.full((60, 40), 200, np.uint8), Note("water", place, "7", 0.6, 2e9, "unsure"))
    page = guest.page
    asked = 0

    def answer(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            wait = {"retry-after": "1"}
            route.fulfill(status=429, headers=wait, json={"error": "too many requests: wait"})
        else:
            route.continue_()

    page.route("**/crops/*", answer)
    guest.go("teach")
    page.wait_for_timeout(300)
    assert asked < CROPS
    shown = expect(page.locator(".crops img[src^='blob:']"))
    shown.to_have_count(CROPS, timeout=1000 * SECONDS)
    only = page.get_by_label("Only those without a label")
    only.uncheck()
    page.wait_for_timeout(500)
    only.check()
    shown.to_have_count(CROPS, timeout=1000 * SECONDS)
    assert asked == CROPS + 1
    expect(page.locator(".crops li.missing")).to_have_count(0)
    guest.provokes("429 (Too Many")


@pytest.mark.parametrize("given", ["", "  "], ids=["empty", "blank"])
def test_nothing_is_no_value(guest: Guest, site: Web, given: str) -> None:
    """Who says nothing of what a display shows confirms nothing."""
    page = guest.go("live")
    page.get_by_role("button", name="Correct").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Value").fill(given)
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    expect(dialog).to_be_visible()
    assert site.program.calls == []
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
