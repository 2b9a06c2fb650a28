"""Set up by looking, and teach it, in a real browser: with a mouse, a keyboard, a finger.

Not among the quick tests: ``make reports`` runs it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Download, Locator, expect

from live_program import TOKEN, LiveProgram, live_program
from looks import PHONE, Look, check_accessible, keep
from meter_scene import POWER_CORNERS, WATER_CORNERS
from tinydigits.frame import Frame
from tinydigits.learn.crop_file import Note
from tinydigits.learn.crops import Crops
from visiting import Visit

pytest_plugins = ("visitors",)

WATER_READ = re.compile(r"004721[89]\d")
POWER_READ = re.compile(r"3684\d")

Corner = tuple[float, float]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveProgram]:
    """The program, on frames that are all alike, with crops of another day."""
    with live_program(tmp_path_factory.mktemp("setup"), spoiled=False) as program:
        fill(program.home / "crops")
        yield program


def fill(folder: Path) -> None:
    """Eight crops, newer than all that will come."""
    crops = Crops(folder)
    luma = Frame.from_file(folder.parent / "frames" / "009.png").luma
    for place in range(8):
        left = 165 + 66 * place
        note = Note("water", place + 1, "" if place == 7 else "7", 0.6, 2e9 + place, "unsure")
        crops.keep(luma[160:250, left : left + 56], note)


def corners(shape: Locator) -> list[Corner]:
    """Where the corners of a shape are, in pixels of the frame."""
    pairs = (pair.split(",") for pair in (shape.get_attribute("points") or "").split())
    return [(float(x), float(y)) for x, y in pairs]


def test_draw_with_mouse(visit: Visit) -> None:
    """A region that is drawn is read at once, and differently when a corner is dragged."""
    page = visit.go("setup")
    reads = page.locator(".region .reads .value")
    expect(reads.first).to_have_text(WATER_READ)
    visit.drag((400, 300), (400, 300))  # a click draws nothing
    expect(reads).to_have_count(2)
    page.get_by_role("button", name="Remove power").click()
    expect(reads).to_have_count(1)
    visit.drag(POWER_CORNERS[0], POWER_CORNERS[2])
    expect(reads).to_have_count(2)
    expect(reads.nth(1)).to_have_text(POWER_READ)
    visit.drag(POWER_CORNERS[2], (590, 500))
    expect(reads.nth(1)).to_have_text(POWER_READ)
    visit.drag((590, 440), (450, 440))  # the right edge
    expect(reads.nth(1)).to_have_text("368")
    page.keyboard.press("Control+z")
    expect(reads.nth(1)).to_have_text(POWER_READ)
    visit.drag((400, 440), (400, 340))  # all of it
    expect(reads.nth(1)).not_to_have_text(POWER_READ)


def test_drag_back(visit: Visit) -> None:
    """Escape takes a move back that is under way; no shape can be drawn that is no region."""
    page = visit.go("setup")
    shape = page.locator(".shape .body").first
    before = corners(shape)
    page.mouse.move(*visit.at(*WATER_CORNERS[0]))
    page.mouse.down()
    page.mouse.move(*visit.at(300, 200), steps=4)
    expect(page.locator(".loupe")).to_be_visible()
    assert corners(shape) != before
    page.keyboard.press("Escape")
    assert corners(shape) == before
    page.mouse.up()
    visit.drag(WATER_CORNERS[0], (900, 600))  # beyond the opposite corner
    points = corners(shape)
    assert points[0][0] < points[1][0]
    assert points[0][1] < points[3][1]
    visit.drag(points[0], (-500, -500))
    assert corners(shape)[0] == (0, 0)


def test_draw_with_keyboard(visit: Visit) -> None:
    """All that a mouse does, a keyboard does."""
    page = visit.go("setup")
    page.get_by_role("button", name="Remove power").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add a region").focus()
    page.keyboard.press("Enter")
    shape = page.locator(".shape .body").last
    expect(shape).to_be_focused()
    for _ in range(11):
        page.keyboard.press("Shift+ArrowDown")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowLeft")
    points = corners(shape)
    page.keyboard.press("Tab")
    expect(page.locator(".shape .handle").nth(4)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    moved = corners(shape)
    assert moved[0] == (points[0][0] - 1, points[0][1] - 1)
    assert moved[1:] == points[1:]
    page.keyboard.press("Escape")
    assert corners(shape) == points
    for _ in range(5):
        page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Tab")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowUp")
    expect(page.locator(".region .reads .value").last).to_have_text(POWER_READ)
    page.keyboard.press("Delete")
    expect(page.locator(".shape")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(".shape")).to_have_count(2)


@pytest.mark.parametrize("look", [Look(PHONE, "dark")], ids=str)
def test_finger(visit: Visit) -> None:
    """A finger drags a corner, and scrolls the page where it is beside all shapes."""
    page = visit.go("setup")
    session = page.context.new_cdp_session(page)

    def swipe(start: tuple[float, float], end: tuple[float, float]) -> None:
        (x, y), (to_x, to_y) = visit.at(*start), visit.at(*end)
        session.send(
            "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
        )
        for k in range(1, 9):
            point = {"x": x + (to_x - x) * k / 8, "y": y + (to_y - y) * k / 8}
            session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
            page.wait_for_timeout(20)
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    page.locator("#view-setup .picture").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    shape = page.locator(".shape .body").first
    before = corners(shape)
    swipe(WATER_CORNERS[1], (600, 160))
    after = corners(shape)
    assert after[1][0] < 640
    assert [after[k] for k in (0, 2, 3)] == [before[k] for k in (0, 2, 3)]
    at = page.evaluate("scrollY")
    swipe((60, 600), (60, 200))
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") > at
    assert page.locator(".shape").count() == 2


def test_find(visit: Visit) -> None:
    """Numbers are found; where there was a region before, its name stays."""
    page = visit.go("setup")
    page.get_by_role("button", name="Find numbers").click()
    expect(page.locator("#view-setup .message")).to_contain_text("2 found")
    names = page.locator(".region").get_by_label("Name")
    assert [names.nth(k).input_value() for k in range(2)] == ["water", "power"]
    expect(page.locator(".shape.patch")).to_be_attached()
    expect(page.locator(".region .reads .value").first).to_have_text(WATER_READ)


def test_names_are_text(visit: Visit) -> None:
    """Whatever a region is called is shown as it is, and two can't be called the same."""
    page = visit.go("setup")
    evil = "<img src=x onerror=alert(1)>&amp;"
    page.locator(".region").first.get_by_label("Name").fill(evil)
    expect(page.locator("#view-setup .name-chip").first).to_contain_text(evil)
    assert page.locator("img").count() == 0
    page.locator(".region").first.get_by_label("Name").fill("power")
    expect(page.locator(".region .why").first).to_have_text("another region has this name")
    expect(page.locator(".refused")).to_contain_text("two regions are called 'power'")
    visit.provokes("422 (Unprocessable")


def test_fields(visit: Visit) -> None:
    """What is known of a number is told beside it: digits, ink, drums."""
    page = visit.go("setup")
    first = page.locator(".region").first
    first.get_by_label("Digits", exact=True).fill("3")
    expect(first.locator(".why")).to_contain_text("3")
    first.get_by_label("Digits", exact=True).fill("8")
    first.get_by_label("Ink").select_option("light")
    first.get_by_label("Drums").check()
    expect(first.locator(".reads .value")).to_have_text(WATER_READ)
    first.get_by_role("button", name="Turn").click()
    expect(first.locator(".reads .value")).not_to_have_text(WATER_READ)
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".region").first.locator(".reads .value")).to_have_text(WATER_READ)


@pytest.mark.usefixtures("as_it_was")
def test_write(stranger: Visit) -> None:
    """Regions are written with the token, and then the device reads with them."""
    page = stranger.page
    page.goto(f"{stranger.program.address}#setup")
    dialog = page.get_by_role("dialog")
    check_accessible(page)
    dialog.get_by_label("Token").fill("not the token at all")
    page.keyboard.press("Enter")
    expect(dialog.locator(".trouble")).to_have_text("That is not its token.")
    dialog.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator(".region")).to_have_count(2)
    page.get_by_role("button", name="Remove power").click()
    page.locator(".region").first.get_by_label("Name").fill("attic")
    page.get_by_label("Follow a camera").check()
    expect(page.locator(".shape.patch")).to_be_attached()
    page.get_by_role("button", name="Write to the device").click()
    expect(page.locator("#view-setup .message")).to_contain_text("reads with these regions now")
    page.get_by_role("link", name="Live").click()
    expect(page.locator(".number-card h3")).to_have_text(["attic"])
    table = tomllib.loads((stranger.program.home / "drawn.toml").read_text())
    assert [region["name"] for region in table["region"]] == ["attic"]
    assert Path(table["reference"]["picture"]).exists()
    assert [r["region"] for r in stranger.program.ask("readings")["latest"]["readings"]] == [
        "attic"
    ]


def test_download(visit: Visit, tmp_path: Path) -> None:
    """Without writing, regions and the patch can be downloaded, for a configuration."""
    page = visit.go("setup")
    page.get_by_label("Follow a camera").check()
    expect(page.locator(".shape.patch")).to_be_attached()
    saved: list[str] = []

    def save(download: Download) -> None:
        download.save_as(tmp_path / download.suggested_filename)
        saved.append(download.suggested_filename)

    page.on("download", save)
    page.get_by_role("button", name="Download").click()
    page.wait_for_timeout(1500)
    assert sorted(saved) == ["reference.png", "regions.toml"]
    table = tomllib.loads((tmp_path / "regions.toml").read_text())
    assert [region["name"] for region in table["region"]] == ["water", "power"]
    patch = Frame.from_file(tmp_path / table["reference"]["picture"]).luma
    left, top = table["reference"]["left"], table["reference"]["top"]
    frame = Frame.from_file(visit.program.home / "frames" / "000.png").luma
    cut = frame[top : top + patch.shape[0], left : left + patch.shape[1]]
    assert abs(patch.astype(int) - cut.astype(int)).mean() < 6  # of noise, and JPEG


def test_labels(visit: Visit) -> None:
    """A key labels a picture and goes on to the next; the labels are in the folder."""
    page = visit.go("teach")
    current = page.locator(".crops li.current button")
    expect(current).to_have_attribute("aria-label", re.compile("Picture 1 of .*not read"))
    before = int((page.locator(".counts").text_content() or "").split()[0])
    current.focus()
    page.keyboard.press("n")
    expect(current).to_have_attribute("aria-label", re.compile("Picture 2 of"))
    page.keyboard.press("Enter")  # as read
    page.keyboard.press("4")
    expect(page.locator(".counts")).to_have_text(f"{before - 3} to label, 3 labelled")
    page.keyboard.press("u")
    expect(page.locator(".counts")).to_have_text(f"{before - 2} to label, 2 labelled")
    expect(current).to_have_attribute("aria-label", re.compile("Picture 3 of.*not labelled"))
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="9", exact=True).click()
    expect(page.locator(".counts")).to_have_text(f"{before - 3} to label, 3 labelled")
    crops = Crops(visit.program.home / "crops")
    assert sorted(crop.label for crop in crops.list() if crop.label) == ["7", "9", "none"]
    keep(page, "teach-labelled")
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".crops li.labelled")).to_have_count(0)
    page.get_by_label("Only those without a label").uncheck()
    expect(page.locator(".crops li.labelled")).to_have_count(3)
    expect(page.locator(".crops img").last).to_have_js_property("complete", value=True)
    page.locator(".crops li.labelled button").first.click()
    page.keyboard.press("Delete")
    expect(page.locator(".crops li.labelled")).to_have_count(2)


QUAD = "[[0, 0], [50, 0], [50, 20], [0, 20]]"
SIZE = "{width: 99, height: 60}"


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (f"isRegion({QUAD})", True),
        ("isRegion([[0, 0], [0, 20], [50, 20], [50, 0]])", False),
        ("isRegion([[0, 0], [50, 0], [20, 8], [0, 20]])", False),
        ("isRegion([[0, 0], [50, 0], [50, 5], [0, 5]])", False),
        (f"moved({QUAD}, [0, 1, 2, 3], -9, 99, {SIZE})", [[0, 40], [50, 40], [50, 60], [0, 60]]),
        (f"moved({QUAD}, [2], -45, -15, {SIZE})", [[0, 0], [50, 0], [50, 20], [0, 20]]),
        (f"rectangle([9, 30], [2, -5], {SIZE})", [[2, 0], [9, 0], [9, 30], [2, 30]]),
        (
            f"boxMoved({{left: 10, top: 10, width: 40, height: 40}}, [0, 3], 30, 30, {SIZE})",
            {"left": 18, "top": 10, "width": 32, "height": 40},
        ),
    ],
)
def test_geometry(browser: Browser, program: LiveProgram, call: str, value: Any) -> None:
    """Shapes stay what a reader can read, inside of the frame."""
    page = browser.new_page()
    page.goto(program.address)
    assert page.evaluate(f"async () => (await import('/geometry.js')).{call}") == value
    page.close()
