"""Ten thousand spoilt models, and a thousand writes of each kind killed: nothing may come of it.

Run with ``make store``; ``TINYDIGITS_MUTANTS`` and ``TINYDIGITS_KILLS`` are how many, 10,000 and
1,000 without them. A spoilt model follows from its number alone, so that a failure can be looked at
again. In the document that ``TINYDIGITS_TABLE`` names, what was found takes its place.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from tqdm import tqdm

import marked
from mutants import GOOD, KINDS
from tinydigits.classifier import GOLDEN_TOLERANCE

MUTANTS: Final = int(os.environ.get("TINYDIGITS_MUTANTS", "10000"))
KILLS: Final = int(os.environ.get("TINYDIGITS_KILLS", "1000"))
TABLE: Final = os.environ.get("TINYDIGITS_TABLE")

WORKER: Final = Path(__file__).with_name("store_worker.py")

HEAD: Final = ("injected", "times", "should happen", "happened")

WRITES: Final = {
    "install": "`tinydigits model install`, its writing alone",
    "command": "`tinydigits model install`, the whole command",
    "start": "the daemon counts a start of a model on trial",
    "confirm": "the daemon confirms a model",
    "roll back": "the daemon takes a model back",
    "judge": "the daemon writes what judges remember",
    "line": "an install, before each line that writes",
}

Row = tuple[str, int, str, str]


@pytest.fixture(scope="module")
def rows() -> Iterator[list[Row]]:
    """The table's, which is shown when all is done."""
    found: list[Row] = []
    yield found
    text = marked.table(HEAD, found)
    print(f"\n{text}")
    if TABLE:
        marked.put(Path(TABLE), "make store", text)


@cache
def outcomes(kind: str, cases: int) -> list[dict[str, Any]]:
    """What the worker tells of its cases, all of which it lives through."""
    command = [sys.executable, str(WORKER), kind, str(cases)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout
        told = [json.loads(line) for line in tqdm(worker.stdout, kind, cases or None)]
    assert worker.returncode == 0
    return told


def test_caller_lives() -> None:
    """Every spoilt model is accepted or refused in a line, by a process that lives through all."""
    told = outcomes("models", MUTANTS)
    assert [one["case"] for one in told] == list(range(MUTANTS))
    for kind in KINDS:
        reasons = Counter(one["refused"] or "accepted" for one in told if one["kind"] == kind)
        common = ", ".join(f"{many} {why:.60}" for why, many in reasons.most_common(4))
        print(f"\n  {kind}: {reasons.total()} of {len(reasons)} outcomes: {common}", end="")
    assert all("\n" not in (one["refused"] or "") for one in told)


def test_wrong_models_are_refused(rows: list[Row]) -> None:
    """None is accepted whose answers for the golden glyphs are not those of the good model."""
    told = outcomes("models", MUTANTS)
    accepted = [one for one in told if one["refused"] is None]
    wrong = [one for one in accepted if not one["off"] <= GOLDEN_TOLERANCE]
    rows.append(
        (
            f"spoilt models, of {len(KINDS)} kinds",
            len(told),
            "refused, or right for all golden glyphs",
            f"{len(told) - len(accepted)} refused, {len(accepted)} right, {len(wrong)} wrong",
        )
    )
    assert wrong == []


def test_harmless_changes_are_accepted() -> None:
    """What changes nothing that is computed is not refused."""
    good = [one for one in outcomes("models", MUTANTS) if one["kind"] == GOOD]
    assert [one for one in good if one["refused"]] == []


@pytest.mark.parametrize(
    ("kind", "cases"), [("install", KILLS), ("write", KILLS), ("judge", KILLS), ("lines", 0)]
)
def test_killed(kind: str, cases: int, rows: list[Row]) -> None:
    """After any kill all loads, and what was there before is there, or the new, whole."""
    told = outcomes(kind, cases)
    killed = [one for one in told if one["killed"]]
    broken = [one for one in told if one["broken"]]
    for what, shown in WRITES.items():
        hit = [one for one in killed if one["kind"] == what]
        if hit:
            done = sum(one["changed"] for one in hit)
            lost = sum(one["kind"] == what for one in broken)
            happened = f"{len(hit) - done} times the old, {done} the new, {lost} broken"
            rows.append((f"SIGKILL: {shown}", len(hit), "the old or the new, whole", happened))
    assert broken == []
    assert len(killed) >= max(cases, 1)
