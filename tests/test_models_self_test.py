"""A model that nobody trusts yet is tried in a process of its own, which it may break."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from hostile import hostile_models
from samples import sample_model
from tinydigits.classifier import DEFAULT_MODEL, Classifier
from tinydigits.errors import ModelError
from tinydigits.models import self_test as self_test_module
from tinydigits.models.examine import Limits, examine
from tinydigits.models.records import Summary
from tinydigits.models.self_test import conclusion, self_test

SHORT = Limits(seconds=1)

NO_MODEL = "it is not an ONNX model that this ONNX Runtime can load"
OTHER_RESULT = "it computes something else here"
BUSY = "it was still busy after 1 s when it was tried"
NOT_RUN = "it can't be run on this machine's ONNX Runtime"

DANGEROUS: dict[str, str | tuple[str, ...]] = {
    "weights out of ../../../../etc/passwd": NO_MODEL,
    "weights out of /etc/passwd": NO_MODEL,
    "weights out of /dev/zero": NO_MODEL,
    "weights out of link": NO_MODEL,
    "custom operator": NO_MODEL,
    # an older ONNX Runtime is busy with them for minutes, a newer one refuses them
    "nested functions": ("trying it ended with a crash (SIGSEGV)", BUSY, NO_MODEL),
    "endless loop": BUSY,
    "memory bomb": (NOT_RUN, NO_MODEL),
}
"""What would harm the process that tries it."""

WRONG = {
    "flipped weights": OTHER_RESULT,
    "NaN weights": OTHER_RESULT,
    "one NaN weight": OTHER_RESULT,
    "NaN for blank glyphs": "what it gives for blank and noisy glyphs are no probabilities",
    "wrong shapes": NOT_RUN,
    "truncated": NO_MODEL,
    "one flipped bit": "its metadata is damaged",
    "too large": NO_MODEL,
    "no model": NO_MODEL,
    "nothing": NO_MODEL,
}
"""What does no harm, and is tried here; ``make store`` has such models tried in a process."""


@cache
def hostile() -> dict[str, bytes]:
    """All hostile models."""
    return hostile_models()


def test_good() -> None:
    """A good model says of itself what its card says."""
    card = Classifier.load(DEFAULT_MODEL).card
    assert self_test(DEFAULT_MODEL.read_bytes()) == Summary.of(card)
    assert self_test(sample_model(), SHORT).name == "linear"


@pytest.mark.parametrize("name", DANGEROUS)
def test_dangerous(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile model is refused in one line, in its time, and leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("/etc/passwd")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(ModelError) as raised:
        self_test(hostile()[name], SHORT)
    assert str(raised.value).startswith(DANGEROUS[name])
    assert "\n" not in str(raised.value)
    # of processor time, as the machine that runs tests may be busy; it takes some to start, too
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < SHORT.seconds + 2
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("name", WRONG)
def test_wrong(name: str) -> None:
    """A model that is none, or a wrong one, is refused for what is wrong with it."""
    answer = examine(hostile()[name])
    assert answer.summary is None
    assert answer.refused
    assert answer.refused.startswith(WRONG[name])


def test_all_hostile_models_are_tried() -> None:
    """No hostile model is left out here."""
    assert set(hostile()) == DANGEROUS.keys() | WRONG.keys()


def test_out_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that waits instead of computing is ended, too."""
    monkeypatch.setattr(self_test_module, "WAIT", 0.1)
    with pytest.raises(ModelError, match=BUSY):
        self_test(hostile()["endless loop"], SHORT)


def test_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started, that is what is said."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ModelError, match="it can't be tried here: No such file or directory"):
        self_test(sample_model())


@pytest.mark.parametrize(
    ("code", "answer", "message"),
    [
        (1, b"", "trying it gave no answer"),
        (0, b"", "trying it gave no answer"),
        (0, b'{"refused":null,"summary":null}', "trying it gave no answer"),
        (0, b'{"refused":"a\\u001b[2Jb\\nc","summary":null}', r"a \[2Jb c"),
        (0, b"[" * 10_000, "trying it gave no answer"),
        (-6, b"", r"trying it ended with a crash \(SIGABRT\)"),
        (-24, b"", BUSY),
    ],
)
def test_conclusion(code: int, answer: bytes, message: str) -> None:
    """However the process ends and whatever it answers, there is one line to say of it."""
    with pytest.raises(ModelError, match=f"^{message}$"):
        conclusion(code, answer, SHORT)


CONFINED = """
import json, os, resource, sys
from tinydigits.models.examine import Limits, examine, confine
confine(Limits())
def refused(action):
    try:
        action()
    except (OSError, MemoryError):
        return True
    return False
print(json.dumps({
    "user": os.geteuid(),
    "open": refused(lambda: open("/etc/passwd")),
    "process": refused(os.fork),
    "memory": refused(lambda: bytearray(2 * Limits().room)),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
}))
"""


def test_confined() -> None:
    """The process that tries models can open nothing, start nothing, and has no rights of root."""
    ended = subprocess.run(
        [sys.executable, "-c", CONFINED], capture_output=True, text=True, check=True
    )
    told = ended.stdout
    assert '"open": true, "process": true, "memory": true, "core": [0, 0]' in told
    assert (f'"user": {os.geteuid() or 65534}') in told


def test_limits_of_the_caller_stay() -> None:
    """Trying a model takes nothing from the program that has it tried."""
    before = [resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE)]
    self_test(sample_model())
    after = [resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE)]
    assert after == before
