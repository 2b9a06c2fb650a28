"""Ten thousand spoilt models, and a thousand installs that are killed: nothing may come of it.

Run with ``make store``; ``TINYDIGITS_MUTANTS`` and ``TINYDIGITS_KILLS`` are how many, 10,000 and
1,000 without them. A spoilt model follows from its number alone, so that a failure can be looked at
again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from tqdm import tqdm

from mutants import GOOD, KINDS
from tinydigits.classifier import GOLDEN_TOLERANCE

MUTANTS: Final = int(os.environ.get("TINYDIGITS_MUTANTS", "10000"))
KILLS: Final = int(os.environ.get("TINYDIGITS_KILLS", "1000"))

WORKER: Final = Path(__file__).with_name("store_worker.py")


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


def test_wrong_models_are_refused() -> None:
    """None is accepted whose answers for the golden glyphs are not those of the good model."""
    accepted = [one for one in outcomes("models", MUTANTS) if one["refused"] is None]
    wrong = [one for one in accepted if not one["off"] <= GOLDEN_TOLERANCE]
    print(f"\n  {len(accepted)} accepted, {len(wrong)} of them wrong", end="")
    assert wrong == []


def test_harmless_changes_are_accepted() -> None:
    """What changes nothing that is computed is not refused."""
    good = [one for one in outcomes("models", MUTANTS) if one["kind"] == GOOD]
    assert [one for one in good if one["refused"]] == []


@pytest.mark.parametrize(("kind", "cases"), [("install", KILLS), ("write", KILLS), ("lines", 0)])
def test_killed(kind: str, cases: int) -> None:
    """After any kill the store loads, and the old or the new model reads, whole."""
    told = outcomes(kind, cases)
    killed = [one for one in told if one["killed"]]
    for what in sorted({one["kind"] for one in told}):
        hit = [one for one in killed if one["kind"] == what]
        done = sum(one["changed"] for one in hit)
        print(f"\n  {what}: {len(hit)} killed, {done} of them after the switch", end="")
    assert [one for one in told if one["broken"]] == []
    assert len(killed) >= max(cases, 1)
