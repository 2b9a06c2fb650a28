"""The page of the running program in a real browser: what is read, how it is, and teaching it.

Not among the quick tests: ``make reports`` runs it. Where ``TINYDIGITS_SCREENSHOTS`` names a
folder, every view is kept there as a picture.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from live_program import TOKEN, LiveProgram
from looks import SCREENS, Look, check_accessible, check_fits, keep
from visiting import SEEN, Visit

pytest_plugins = ("visitors",)

WATER = re.compile(r"472\.1[89]\d")
POWER_READ = re.compile(r"3684\d")

every_look = pytest.mark.parametrize("look", SCREENS, ids=str)


@every_look
@pytest.mark.parametrize("view", SEEN)
def test_every_look(visit: Visit, view: str, look: Look) -> None:
    """Each view fits a phone and a desk, by day and by night, and can be used by everybody."""
    page = visit.go(view)
    page.wait_for_timeout(1500)  # for a picture, and some readings
    keep(page, f"{view}-{look}")
    check_fits(page)
    check_accessible(page)


def test_values(visit: Visit) -> None:
    """A value a region is shown large, with its verdict in words, and how sure each digit is."""
    page = visit.go("live")
    water = page.locator(".number-card", has=page.get_by_role("heading", name="water"))
    expect(water.locator(".value")).to_have_text(WATER)
    expect(water.locator(".verdict")).to_have_text(re.compile("accepted|waiting|rejected"))
    expect(water.locator(".digit")).to_have_count(8)
    expect(water.locator(".digits")).to_have_attribute(
        "aria-label", re.compile(r"Reads 004721\d\d, \d\d(\.\d)? % sure")
    )
    expect(page.locator(".number-card")).to_have_count(2)


def test_frame(visit: Visit) -> None:
    """The frame has an outline a region, a box a digit, and words for what is read."""
    page = visit.go("live")
    expect(page.locator("#view-live .over .outline")).to_have_count(2)
    expect(page.locator("#view-live .digit-chip")).to_have_count(13)
    expect(page.locator("#view-live .name-chip", has_text="power")).to_contain_text(POWER_READ)
    expect(page.locator("#view-live canvas")).to_have_js_property("width", 960)
    grey = page.evaluate(
        "() => { const c = document.querySelector('#view-live canvas');"
        "return [...c.getContext('2d').getImageData(c.width / 2, c.height / 10, 1, 1).data] }"
    )
    assert 70 < grey[0] < 130  # the wall between the meters and the edge


def test_chart(visit: Visit) -> None:
    """The last readings are a line, on which rejected ones are crosses, and a table as well."""
    page = visit.go("live")
    chart = page.locator(".chart").first
    expect(chart.locator(".line")).to_be_attached()
    expect(chart.locator(".cross").first).to_be_attached()
    expect(chart).to_have_attribute("aria-label", re.compile(r"\d+ accepted, \d+ waiting, \d+ rej"))
    page.locator(".number-card summary").first.click()
    rows = page.locator(".number-card").first.locator("tbody tr")
    expect(rows.first).to_contain_text(re.compile("accepted|waiting|rejected"))


def test_health(visit: Visit) -> None:
    """How the device is stands in words and in figures."""
    page = visit.go("live")
    health = page.locator("#health")
    expect(health.locator(".summary")).to_have_text("All is well.")
    expect(health.locator(".figures")).to_contain_text(re.compile(r"\d+ MiB"))
    health.locator("summary").click()
    expect(health.locator(".facts")).to_contain_text("SHA-256")
    expect(page.locator("#state")).to_have_text("reading")


def test_calm(visit: Visit) -> None:
    """At most two pictures a second are asked for, and nothing at all while nobody looks."""
    page = visit.go("live")
    page.wait_for_timeout(1000)
    before = len([url for url in visit.asked if "frame.jpg" in url])
    page.wait_for_timeout(3000)
    assert 3 <= len([url for url in visit.asked if "frame.jpg" in url]) - before <= 7
    page.evaluate(
        "() => { Object.defineProperty(document, 'hidden', {get: () => true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange')) }"
    )
    page.wait_for_timeout(600)  # for what is under way
    before = len(visit.asked)
    page.wait_for_timeout(6000)
    assert len(visit.asked) == before
    page.evaluate(
        "() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')) }"
    )
    page.wait_for_timeout(1000)
    assert len(visit.asked) > before


def test_read_out(visit: Visit) -> None:
    """Values that change are read out, and not faster than one can listen."""
    page = visit.go("live")
    expect(page.locator("#said")).to_contain_text("water 472.1")
    said = page.locator("#said").text_content()
    page.wait_for_timeout(2500)  # in which the value has changed
    assert page.locator("#said").text_content() == said


def test_confirm(visit: Visit) -> None:
    """A person says what is shown, and that is accepted; what can't be is refused in words."""
    page = visit.go("live")
    page.get_by_role("button", name="Correct power").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("What does power show?")
    dialog.get_by_label("Value").fill("12.345")
    page.keyboard.press("Enter")
    expect(dialog.locator(".trouble")).to_contain_text("can't be what it shows")
    visit.provokes("422 (Unprocessable")
    dialog.get_by_label("Value").fill("3684.4")
    dialog.get_by_role("button", name="Accept it").click()
    expect(dialog).to_be_hidden()
    assert "power: 3684.4 is accepted because a person says so" in visit.program.log


def test_token_refused(stranger: Visit) -> None:
    """Who doesn't have the token sees nothing, is told why, and may try again."""
    page = stranger.page
    page.goto(stranger.program.address)
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator("#state")).to_have_text("token needed")
    expect(page.locator("#lost")).to_contain_text("to those who have its token")
    keep(page, "token")
    check_accessible(page)
    assert page.locator(".number-card").count() == 0
    page.get_by_role("button", name="Enter the token").click()
    page.get_by_role("dialog").get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator(".number-card").first).to_be_visible()
    expect(page.locator("#lost")).to_be_hidden()


def test_lost_and_found(visit: Visit) -> None:
    """A device that goes away is told of, and found again when it comes back."""
    page = visit.go("live")
    visit.program.stop()
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#lost")).to_contain_text("Connection lost")
    expect(page.locator("#state")).to_have_text("not connected")
    keep(page, "lost")
    check_accessible(page)
    visit.program.start()
    expect(page.locator("#lost")).to_be_hidden()
    away = ("ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
    visit.provokes(*away, "503 (Service")  # of /healthz, until it has read a frame
    expect(page.locator("#state")).to_have_text("reading")
    expect(page.locator(".number-card .value").first).to_have_text(WATER)


def test_still(browser: Browser, program: LiveProgram) -> None:
    """Who wants nothing to move sees nothing move."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(program.address)
    moving = page.evaluate(
        "() => [...document.querySelectorAll('*')].filter(e => "
        "getComputedStyle(e).transitionDuration !== '0s' || "
        "getComputedStyle(e).animationName !== 'none').length"
    )
    context.close()
    assert moving == 0
