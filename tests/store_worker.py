"""A process that has models tried and stores changed by processes of its own, and tells of each.

It loads everything once and forks for each case, which is what makes tens of thousands of them
affordable: 0.04 s for a model instead of 0.4. One JSON object a case goes to standard output.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, Final

import msgspec
import numpy as np
import onnxruntime as ort

from model_store import check_store, entry_of, good_models
from mutants import golden_of, mutant
from tinydigits import files
from tinydigits.__main__ import main
from tinydigits.errors import ModelError
from tinydigits.judge_file import FILE_NAME, MemoryFile, load_memory
from tinydigits.judge_state import Accepted, State
from tinydigits.models import store as store_module
from tinydigits.models.examine import MAX_ANSWER, Limits, confine, examine
from tinydigits.models.self_test import conclusion
from tinydigits.models.store import Store

LIMITS: Final = Limits(seconds=1)
PATIENCE: Final = 60.0
"""Seconds after which a child that neither answers nor dies is a failure."""

POOL: Final = 5
"""Models that are installed in turn: more than a store keeps."""

MOST_TRIES: Final = 5
"""For each kill: where the process is hardly ever alive, nothing is tested."""

HISTORY: Final = 30
"""Values that a judge remembers at most."""

COMMANDS: Final = 10
"""In one case of so many it is the whole command that is killed, self-test and all."""


@dataclass(frozen=True)
class Ended:
    """How a child ended, what it wrote to its descriptor, and the seconds that it lived.

    They count from when the fork is done, as those do after which a child is killed: the fork of a
    large process takes longer than many a change of a store.
    """

    code: int
    answer: bytes
    seconds: float


def forked(action: Callable[[int], object], seconds: float = PATIENCE) -> Ended:
    """Do something in a child, which is killed when its time is over."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(nowhere, standard)
        os.close(nowhere)
        try:
            action(writer)
        except BaseException:  # noqa: BLE001  whatever it is, it ends here
            os._exit(1)
        os._exit(0)
    began = time.monotonic()
    os.close(writer)
    answer = b""
    until = began + seconds
    while (left := until - time.monotonic()) > 0 and select.select([reader], [], [], left)[0]:
        part = os.read(reader, MAX_ANSWER)
        answer += part
        if not part:
            break
    else:
        os.kill(child, signal.SIGKILL)
    lived = time.monotonic() - began
    os.close(reader)
    return Ended(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), answer, lived)


def try_model(case: int) -> dict[str, Any]:
    """What became of a spoilt model: refused and why, or accepted and how far off it is."""
    kind, original, content = mutant(case)

    def look(answers: int) -> None:
        confine(LIMITS)
        os.write(answers, msgspec.json.encode(examine(content)))

    ended = forked(look)
    told: dict[str, Any] = {"case": case, "kind": kind}
    try:
        conclusion(ended.code, ended.answer, LIMITS)
    except ModelError as error:
        return told | {"refused": str(error)}
    return told | {"refused": None, "off": distance(original, content)}


def distance(original: bytes, content: bytes) -> float:
    """How far a model's answers for the original's golden glyphs are from what was promised."""
    glyphs, promised = golden_of(original)

    def compute(answers: int) -> None:
        (given,) = ort.InferenceSession(content).run(["probability"], {"ink": glyphs})
        os.write(answers, json.dumps(float(np.abs(given - promised).max())).encode())

    ended = forked(compute)
    return float(json.loads(ended.answer)) if ended.code == 0 and ended.answer else float("inf")


class Killed:
    """A store in which processes change something, and are killed while they do."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "models")
        self.models = good_models(POOL)
        self.paths = [folder / f"{number}.onnx" for number in range(POOL)]
        for path, content in zip(self.paths, self.models, strict=True):
            path.write_bytes(content)
        self.judged = folder / FILE_NAME
        self.takes: dict[str, float] = {}

    def next(self) -> int:
        """A model that does not read now."""
        current = self.store.records().current
        shas = [entry_of(content).sha256 for content in self.models]
        return (shas.index(current.sha256) + 1) % POOL if current else 0

    def install(self, case: int) -> dict[str, Any]:
        """Kill an install at a random moment."""
        number = self.next()
        entry = entry_of(self.models[number])
        if case % COMMANDS == 0:
            path, folder = str(self.paths[number]), str(self.store.folder)
            command = ["model", "install", path, "--store", folder]
            return self.kill(case, "command", entry.sha256, lambda: main(command))
        return self.kill(
            case, "install", entry.sha256, lambda: self.store.install(self.models[number], entry)
        )

    def write(self, case: int) -> dict[str, Any]:
        """Kill one of the daemon's own writes at a random moment."""
        if not self.store.records().trial:
            content = self.models[self.next()]
            self.store.install(content, entry_of(content))
        records = self.store.records()
        assert records.current
        current = records.current.sha256
        below = records.models[1].sha256 if len(records.models) > 1 else None
        kind, then, change = (
            ("roll back", below, lambda: self.store.roll_back("", current)),
            ("confirm", current, lambda: self.store.confirm(current)),
            ("start", below, self.store.start),
        )[case % 3]
        return self.kill(case, kind, then, change)

    def kill(
        self, case: int, kind: str, then: str | None, change: Callable[[], object]
    ) -> dict[str, Any]:
        """Kill a change of the store; what reads then must be what read before, or this."""
        before, records = check_store(self.store.folder), self.store.records()
        code = self._killed(case, kind, change)
        now = check_store(self.store.folder)
        right = (now and now.sha256) in {before and before.sha256, then}
        return _told(case, kind, code, records, self.store.records(), right=right)

    def judge(self, case: int) -> dict[str, Any]:
        """Kill a write of what judges remember."""
        accepted = Accepted(Decimal(case), -1.0, 60.0)
        state = State(at=-1.0, accepted=accepted, history=(accepted,) * HISTORY)
        before = self._remembered()
        code = self._killed(
            case, "judge", lambda: MemoryFile(self.judged).write(case, {"frame": state})
        )
        now = self._remembered()
        return _told(case, "judge", code, before, now, right=now in {before, case})

    def _killed(self, case: int, kind: str, change: Callable[[], object]) -> int:
        """How a process ends that is killed at a moment within the time that this took before."""
        moment = np.random.default_rng(case).uniform(0, self.takes.get(kind, PATIENCE))
        ended = forked(lambda _: change(), float(moment))
        if ended.code == 0:
            self.takes[kind] = ended.seconds
        return ended.code

    def _remembered(self) -> float | None:
        """Which write is remembered, by its time."""
        memory = load_memory(self.judged)
        return memory.wall if memory else None

    def at_every_line(self) -> Iterator[dict[str, Any]]:
        """Kill an install before each line of the code that writes, one after the other."""
        for line in count():
            content = self.models[self.next()]
            entry = entry_of(content)
            before = check_store(self.store.folder)
            install = partial(self.store.install, content, entry)
            code = forked(partial(kill_before, line, install)).code
            now = check_store(self.store.folder)
            yield _told(line, "line", code, before, now, right=now in {before, entry})
            if code == 0:
                return


def _told(
    case: int, kind: str, code: int, before: object, now: object, *, right: bool
) -> dict[str, Any]:
    broken = None if right and code <= 0 else f"{now} is there, exit code {code}"
    return {
        "case": case,
        "kind": kind,
        "killed": code < 0,
        "changed": now != before,
        "broken": broken,
    }


def kill_before(line: int, change: Callable[[], object], _: int) -> None:
    """Do something, and die before so many lines of what writes files have been run."""
    modules = {str(files.__file__), str(store_module.__file__)}
    seen = count()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename not in modules:
            return None
        if event == "line" and next(seen) == line:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    change()


def work(kind: str, cases: int) -> Iterator[dict[str, Any]]:
    """What became of each case of a kind; of kills there are so many."""
    if kind == "models":
        yield from map(try_model, range(cases))
        return
    with tempfile.TemporaryDirectory() as folder:
        killed = Killed(Path(folder))
        if kind == "lines":
            yield from killed.at_every_line()
            return
        one = {"install": killed.install, "write": killed.write, "judge": killed.judge}[kind]
        # not all are alive when they are to be killed
        case = hit = 0
        while hit < cases and case < MOST_TRIES * cases:
            told = one(case)
            case, hit = case + 1, hit + told["killed"]
            yield told


if __name__ == "__main__":
    for told in work(sys.argv[1], int(sys.argv[2])):
        print(json.dumps(told), flush=True)
