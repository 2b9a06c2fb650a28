"""What tests of the page of the running program share: the program, and who looks at it.

A plugin of pytest's, which tests name, and don't import.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser

from live_program import TOKEN, LiveProgram, live_program
from looks import DESK, PHONE, Look
from visiting import Visit


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveProgram]:
    """The program, on frames some of which are hard to read."""
    with live_program(tmp_path_factory.mktemp("live")) as program:
        yield program


@pytest.fixture
def look() -> Look:
    """On a desk, unless a test says otherwise."""
    return Look(DESK, "light")


@pytest.fixture
def visit(browser: Browser, program: LiveProgram, look: Look) -> Iterator[Visit]:
    """Somebody who has shown the token before."""
    with _visit(browser, program, look, token=TOKEN) as visit:
        yield visit


@pytest.fixture
def other(browser: Browser, program: LiveProgram) -> Iterator[Visit]:
    """Somebody else who has, on a desk."""
    with _visit(browser, program, Look(DESK, "light"), token=TOKEN) as visit:
        yield visit


@pytest.fixture
def stranger(browser: Browser, program: LiveProgram, look: Look) -> Iterator[Visit]:
    """Somebody who hasn't."""
    with _visit(browser, program, look) as visit:
        yield visit


@pytest.fixture
def as_it_was(program: LiveProgram) -> Iterator[None]:
    """What a test writes is gone after it."""
    yield
    program.stop()
    for written in program.home.glob("drawn*"):
        written.unlink()
    program.start()


@contextmanager
def _visit(browser: Browser, program: LiveProgram, look: Look, token: str = "") -> Iterator[Visit]:
    context = browser.new_context(**look.context(), has_touch=look.width == PHONE)
    if token:
        context.add_init_script(f"sessionStorage.setItem('tinydigits-token', '{token}')")
    visit = Visit(context.new_page(), program)
    yield visit
    context.close()
    visit.check()
