"""Set up by looking, in a real browser, where something comes in between: other hands, other acts,
other tabs, a device that refuses.

Not among the quick tests: ``make reports`` runs it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from live_program import LiveProgram, live_program
from looks import PHONE, Look
from meter_scene import POWER_CORNERS
from visiting import Visit

pytest_plugins = ("visitors",)

WATER_MIDDLE = (400, 200)
POWER_MIDDLE = (400, 440)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveProgram]:
    """The program, on frames that are all alike."""
    with live_program(tmp_path_factory.mktemp("edit"), spoiled=False, count=4) as program:
        yield program


def shape(page: Page, which: int) -> str | None:
    """Where a region is drawn."""
    return page.locator(f".shape[data-which='{which}'] .body").get_attribute("points")


def undo_all(page: Page) -> None:
    """Take everything back."""
    undo = page.get_by_role("button", name="Undo")
    while undo.is_enabled():
        undo.click()


def test_undo_wherever(visit: Visit) -> None:
    """Ctrl+Z takes back one change after the other, wherever the focus has gone; not in a field."""
    page = visit.go("setup")
    regions = page.locator(".region")
    visit.drag((30, 20), (80, 60))
    visit.drag((860, 20), (930, 60))
    expect(regions).to_have_count(4)
    page.keyboard.press("Control+z")
    expect(regions).to_have_count(3)
    page.keyboard.press("Control+z")
    expect(regions).to_have_count(2)
    page.get_by_role("button", name="Add a region").click()
    name = regions.last.get_by_label("Name")
    name.focus()
    name.press_sequentially("x")
    page.keyboard.press("Control+z")
    expect(name).to_have_value("number3")
    expect(regions).to_have_count(3)


def test_one_act_each(visit: Visit) -> None:
    """What was added or removed quickly one after the other is taken back one after the other."""
    page = visit.go("setup")
    add = page.get_by_role("button", name="Add a region")
    undo = page.get_by_role("button", name="Undo")
    add.click()
    add.click()
    expect(page.locator(".shape")).to_have_count(4)
    undo.click()
    expect(page.locator(".shape")).to_have_count(3)
    undo_all(page)
    page.evaluate(
        "for (let k = 0; k < 2; k += 1)"
        "[...document.querySelectorAll('.region button')]"
        ".find(button => button.textContent.startsWith('Remove')).click()"
    )
    expect(page.locator(".shape")).to_have_count(0)
    undo.click()
    expect(page.locator(".shape")).to_have_count(1)


def test_gone_while_dragged(visit: Visit) -> None:
    """A region that is deleted while it is dragged takes the hand's way with it, and no other's."""
    page = visit.go("setup")
    power = shape(page, 1)
    page.mouse.move(*visit.at(*WATER_MIDDLE))
    page.mouse.down()
    page.mouse.move(*visit.at(410, 210))
    page.keyboard.press("Delete")
    page.mouse.move(*visit.at(430, 230))
    page.mouse.up()
    expect(page.locator(".region").get_by_label("Name")).to_have_value("power")
    assert shape(page, 0) == power
    visit.drag(POWER_MIDDLE, (400, 430))
    assert shape(page, 0) != power  # the next drag is one


def test_escape_last_drag(visit: Visit) -> None:
    """Escape takes back the last drag of a corner, not those before it."""
    page = visit.go("setup")
    x, y = POWER_CORNERS[2]
    visit.drag((x, y), (x + 28, y + 22))
    after_first = shape(page, 1)
    visit.drag((x + 28, y + 22), (x + 48, y + 42))
    assert shape(page, 1) != after_first
    page.keyboard.press("Escape")
    assert shape(page, 1) == after_first


@pytest.mark.parametrize("look", [Look(PHONE, "light")], ids=str)
def test_second_finger(visit: Visit) -> None:
    """A second finger neither moves what the first one holds nor lets it go."""
    page = visit.go("setup")
    page.locator("#view-setup .picture").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *fingers: tuple[float, float]) -> None:
        points = [
            {"x": x, "y": y, "id": k} for k, (x, y) in enumerate(visit.at(*at) for at in fingers)
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(50)

    water = shape(page, 0)
    x, y = POWER_CORNERS[2]
    touch("touchStart", (x, y))
    touch("touchMove", (x + 20, y + 10))
    held = shape(page, 1)
    touch("touchStart", (x + 20, y + 10), WATER_MIDDLE)
    touch("touchMove", (x + 20, y + 10), (410, 220))
    assert (shape(page, 0), shape(page, 1)) == (water, held)
    touch("touchMove", (x + 40, y + 20))  # and the second one is lifted
    assert shape(page, 0) == water
    assert shape(page, 1) not in {held, None}
    touch("touchEnd")


def test_slow_picture(visit: Visit) -> None:
    """No region is added before there is a picture; that comes, however slow or once refused."""
    page = visit.page
    asked = 0

    def answer(route: Route) -> None:
        nonlocal asked
        asked += 1
        page.wait_for_timeout(700)
        if asked == 2:
            route.fulfill(status=503, headers={"retry-after": "1"}, json={"error": "wait"})
        else:
            route.continue_()

    page.route("**/frame.jpg*", answer)
    visit.go("live")
    page.evaluate("location.hash = '#setup'")
    add = page.get_by_role("button", name="Add a region")
    expect(add).to_be_disabled()
    expect(page.get_by_label("Follow a camera")).to_be_disabled()
    expect(add).to_be_enabled(timeout=10000)
    add.click()
    assert shape(page, 2)
    page.unroute_all(behavior="ignoreErrors")
    visit.provokes("503 (Service")


def test_follow_refused(visit: Visit) -> None:
    """The box to follow a camera stays empty where the device can't propose a patch, or is late."""
    page = visit.go("setup")
    follow = page.get_by_label("Follow a camera")

    def refuse(route: Route) -> None:
        route.fulfill(status=503, json={"error": "no frame has come yet"})

    page.route("**/regions/propose", refuse)
    follow.click()
    expect(page.locator("#view-setup .message")).to_have_text("no frame has come yet")
    expect(follow).not_to_be_checked()
    page.unroute("**/regions/propose")
    visit.provokes("503 (Service")
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/regions/propose", hold)
    follow.click()
    expect(follow).to_be_checked()
    while not late:
        page.wait_for_timeout(50)
    follow.click()
    expect(follow).not_to_be_checked()
    late[0].continue_()
    page.wait_for_timeout(1500)
    expect(follow).not_to_be_checked()
    expect(page.locator(".shape.patch")).to_have_count(0)


def test_wrong_token_kept(visit: Visit) -> None:
    """While the page asks for the token it asks the device for nothing: wrong ones are counted."""
    page = visit.go("setup")
    page.get_by_role("button", name="Remove power").click()
    page.evaluate("sessionStorage.setItem('tinydigits-token', 'another-than-the-right-one')")
    page.get_by_role("button", name="Write to the device").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".trouble")).to_have_text("That is not its token.")
    page.wait_for_timeout(500)
    before = len(visit.asked)
    page.wait_for_timeout(5500)
    assert visit.asked[before:] == []
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator("#view-setup .message")).to_have_text("the device wants its token")
    assert page.evaluate("sessionStorage.getItem('tinydigits-token')") is None


@pytest.mark.usefixtures("as_it_was")
def test_written_elsewhere(visit: Visit, other: Visit) -> None:
    """What another tab writes is seen by who has changed nothing, and keeps the work of others."""
    page, theirs = visit.go("setup"), other.go("setup")
    theirs.locator(".region").nth(1).get_by_label("Name").fill("electricity")
    theirs.get_by_role("button", name="Write to the device").click()
    expect(theirs.locator("#view-setup .message")).to_contain_text("reads with these regions now")
    mine = page.locator(".region").nth(1).get_by_label("Name")
    expect(mine).to_have_value("electricity", timeout=15000)
    assert theirs.get_by_role("button", name="Undo").is_enabled()
    page.locator(".region").first.get_by_label("Name").fill("attic")
    theirs.locator(".region").nth(1).get_by_label("Name").fill("power")
    theirs.get_by_role("button", name="Write to the device").click()
    expect(theirs.locator("#view-setup .message")).to_contain_text("reads with these regions now")
    page.wait_for_timeout(6000)  # in which it is noticed
    expect(page.locator(".region").first.get_by_label("Name")).to_have_value("attic")
    expect(mine).to_have_value("electricity")


@pytest.mark.usefixtures("as_it_was")
def test_others_first(visit: Visit, other: Visit) -> None:
    """Regions that others have changed meanwhile are not written over unseen, nor is work lost."""
    page, theirs = visit.go("setup"), other.go("setup")
    names = [here.locator(".region").first.get_by_label("Name") for here in (page, theirs)]
    write, others_write = (
        here.get_by_role("button", name="Write to the device") for here in (page, theirs)
    )
    message, others_message = (here.locator("#view-setup .message") for here in (page, theirs))
    names[0].fill("attic")
    names[1].fill("garage")
    others_write.click()
    expect(others_message).to_contain_text("reads with these regions now")
    write.click()
    expect(message).to_contain_text("the regions were changed elsewhere meanwhile")
    expect(names[0]).to_have_value("attic")
    expect(write).to_be_enabled()
    page.get_by_role("button", name="Load the others").click()
    expect(names[0]).to_have_value("garage")
    expect(write).to_be_disabled()
    page.get_by_role("button", name="Undo").click()
    expect(names[0]).to_have_value("attic")
    for name in ("attic", "cellar"):  # the tag of one answer is good for the next
        names[0].fill(name)
        write.click()
        expect(message).to_contain_text("reads with these regions now")
        assert visit.program.ask("regions")["regions"][0]["name"] == name
    visit.provokes("412 (Precondition")
