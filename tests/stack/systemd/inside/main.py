"""Run rows in this freshly booted system, and write what happened: main.py OLD NEW.

All of them, or those that the file ``only`` names with a pattern; without an installation nothing
goes.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from shutil import copy
from typing import Final

import packages
from rows import Outcome, run_all
from service import CAMERA, HERE, MissingError, journal

Row = tuple[str, str, str]

TOLD: Final = 15.0
"""Seconds of the journal that are printed where a row fails: the system is gone afterwards."""


def main() -> int:
    """How many rows failed."""
    old, new = sys.argv[1:]
    only = (HERE / "only").read_text()
    is_debian_13 = (HERE / "dist" / f"tinydigits_{old}_all.deb").exists()
    package: packages.Package = packages.Deb() if is_debian_13 else packages.Script()
    how = "the .deb" if is_debian_13 else "install.sh"
    CAMERA.mkdir()
    for picture in (HERE / "pictures").iterdir():
        copy(picture, CAMERA)
    failed, began = 0, time.monotonic()

    def tell(row: Row, outcome: Outcome | MissingError) -> None:
        nonlocal failed, began
        failed += isinstance(outcome, MissingError)
        before, began = began, time.monotonic()
        _write(row, outcome, began - before)

    def attempt(row: Row, action: Callable[[], Outcome]) -> bool:
        try:
            tell(row, action())
        except MissingError as error:
            tell(row, error)
            return False
        return True

    if not attempt(
        ("install", how, "enabled and started; reads the camera that is there"),
        partial(packages.install, package, old),
    ):
        return 1
    unit = (
        "the unit",
        "`systemd-analyze verify`, and `security --offline=true`",
        f"no word; an exposure of {packages.EXPOSURE / 10:g} of 10 at most",
    )
    if re.search(only, unit[0]):
        attempt(unit, packages.check_unit)
    for row, outcome in run_all(only):
        tell(row, outcome)
    if only:
        return failed
    attempt(
        ("upgrade", f"{how} of another version", "configuration and state are kept; reads on"),
        partial(packages.upgrade, package, new),
    )
    attempt(
        ("removal", f"{how}, removed", "no process, no file; configuration and state are kept"),
        partial(packages.remove, package),
    )
    attempt(("purge", f"{how}, purged", "no file at all"), partial(packages.purge, package))
    return failed


def _write(row: Row, outcome: Outcome | MissingError, took: float) -> None:
    name, injected, should = row
    line = {"name": name, "injected": injected, "should": should}
    if isinstance(outcome, MissingError):
        line |= {"failed": str(outcome)}
        print(f"FAILED {name}: {outcome}", *journal(time.time() - TOLD), sep="\n  ", flush=True)
    else:
        line |= asdict(outcome)
        print(f"ok {name}, after {took:.1f} s: {outcome}", flush=True)
    with Path(HERE / "rows.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    sys.exit(main())
