"""Runners in processes of their own: asked, waited for, and ended, whatever they do."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from samples import sample_glyphs, sample_model
from tinydigits.bench import colleague as colleague_module
from tinydigits.bench.colleague import Colleague, CrashError
from tinydigits.bench.course import Stream, course_of
from tinydigits.bench.messages import Ask, Give, Open, Part, Ready, Skipped, to_bytes
from tinydigits.bench.rounds import Entrant, interleave
from tinydigits.bench.runners import RUNNERS
from tinydigits.bench.scenario import Length
from tinydigits.bench.worker import Work
from tinydigits.classifier import Classifier


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A model file."""
    (tmp_path / "digits.onnx").write_bytes(sample_model())
    return str(tmp_path / "digits.onnx")


@pytest.fixture
def glyphs(tmp_path: Path) -> Give:
    """Twenty glyphs that the model reads right, and one that it reads wrong."""
    every, labels = sample_glyphs()
    right = Classifier.from_bytes(sample_model()).probabilities(every).argmax(axis=1) == labels
    chosen = [*np.flatnonzero(right)[:20], *np.flatnonzero(~right)[:1]]
    np.save(tmp_path / "glyphs.npy", every[chosen])
    return Give((str(tmp_path / "glyphs.npy"),), tuple(map(str, labels[chosen].tolist())))


@pytest.fixture(scope="module")
def process() -> Iterator[Colleague]:
    """A process that takes half a second to start."""
    with Colleague() as started:
        yield started


def test_process(process: Colleague, model: str, glyphs: Give) -> None:
    """A process opens a runner, is given what to ask about, and measures parts of runs."""
    assert process.ask(Open("glyph", "numpy", model)) == Ready()
    assert process.ask(glyphs) == Ready()
    answer = process.ask(Ask(seconds=0.0, queries=42, each=1))
    assert isinstance(answer, Part)
    assert (answer.samples, answer.wrong, len(answer.times)) == (42, 2, 42)
    assert 0 < answer.times.sum() <= answer.seconds
    assert answer.after.monotonic - answer.before.monotonic >= answer.seconds
    all_at_once = process.ask(Ask(seconds=0.01, each=0, most=1000))
    assert isinstance(all_at_once, Part)
    assert 1 <= all_at_once.each <= 1000
    at_random = process.ask(Ask(seconds=0.01, rate=2000.0))
    assert isinstance(at_random, Part)
    assert at_random.samples == 20


def test_interleaved(process: Colleague, model: str, glyphs: Give) -> None:
    """Runners are measured in turn until each has enough; one that can't go on is left out."""
    process.ask(Open("glyph", "floor", model))
    process.ask(glyphs)
    floor = next(one for one in RUNNERS if one.name == "floor")
    with Colleague([sys.executable, "-c", "print(end='', flush=True)"]) as gone:
        entrants = [Entrant(floor, "", process), Entrant(floor, "other", gone)]
        courses = {one: course_of("SingleStream", Length(0.02), 1, 1.0) for one in entrants}
        told: list[float] = []
        dropped = interleave(courses, told.append)
    assert [one.name for one in dropped] == ["floor other"]
    assert dropped[entrants[1]] == "crashed: it ended"
    assert courses[entrants[0]].next() is None
    assert 2 <= len(told) <= 10
    assert courses[entrants[0]].finished().wrong == 0


def test_order() -> None:
    """In each round the order is another, and each is asked once."""

    class Fake:
        def __init__(self, name: str) -> None:
            self.name = name

        def ask(self, _: object, __: float) -> Part:
            """Be asked."""
            asked.append(self.name)
            return Part(np.full(1, 0.01).tobytes(), 1, 1, 0, 0.01, {}, *moments)

    from tinydigits.bench.machine import Moment

    moments = (Moment.now(), Moment.now())
    asked: list[str] = []
    entrants = [Entrant(RUNNERS[0], name, Fake(name)) for name in "abc"]  # type: ignore[arg-type]
    assert interleave({one: Stream(Length(0.2), 1) for one in entrants}, lambda _: None) == {}
    rounds = [asked[first : first + 3] for first in range(0, len(asked), 3)]
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len({tuple(one) for one in rounds}) > 3


@pytest.mark.parametrize(
    ("runner", "subject", "why"),
    [
        ("c", "glyph", "refused: it is larger"),
        ("no-such-program", "frame", "failed: ValueError: "),
    ],
)
def test_skipped(
    tmp_path: Path, runner: str, subject: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be opened is said in a line, and the process goes on."""
    monkeypatch.setattr("tinydigits.classifier.MAX_MODEL_BYTES", 10)
    (tmp_path / "large").write_bytes(bytes(11))
    reply = Work().reply(Open(subject, runner, str(tmp_path / "large")))  # type: ignore[arg-type]
    assert isinstance(reply, Skipped)
    assert reply.why.startswith(why)


def test_not_installed(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is missing is named, and how to install it."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "onnx.reference", raising=False)
    reply = Work().reply(Open("glyph", "reference", model))
    assert reply == Skipped("missing: onnx, pip install 'tinydigits[bench]'")


def test_nothing_given() -> None:
    """Who asks before there is anything to be asked about is told so."""
    assert Work().reply(Ask(1.0)) == Skipped("failed: it was given nothing to be asked about")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit('no memory left')", "crashed: it ended: no memory left"),
        ("import os; os.abort()", "crashed: it was ended by SIGABRT"),
        ("import sys; sys.stdout.write('x' * 9)", "crashed: it answers nonsense"),
        ("import sys; sys.stdout.write(chr(0) * 3 + chr(1) + 'x')", "crashed: it answers nonsense"),
    ],
)
def test_crash(code: str, words: str) -> None:
    """A process that crashes is told with its last words."""
    with Colleague([sys.executable, "-c", code]) as crashing, pytest.raises(CrashError) as caught:
        crashing.ask(Ask(1.0))
    assert str(caught.value).startswith(words)


def test_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that doesn't answer is ended, with all that it started."""
    monkeypatch.setattr(colleague_module, "PATIENCE", 0.2)
    script = "sleep 60 & echo $! >&2; wait"
    with (
        Colleague(["sh", "-c", script]) as hanging,
        pytest.raises(CrashError, match=r"^crashed: it took too long: \d+$") as caught,
    ):
        hanging.receive()
    child = Path("/proc") / str(caught.value).rpartition(" ")[2] / "stat"
    deadline = time.monotonic() + 5
    # gone, or waiting for somebody to notice
    while child.exists() and child.read_text().rpartition(") ")[2][0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_left_alone() -> None:
    """A process ends by itself when nobody asks any more, and one that doesn't is ended."""
    with Colleague() as idle:
        before = time.monotonic()
    assert time.monotonic() - before < colleague_module.GRACE + 2
    with pytest.raises(KeyboardInterrupt), Colleague([sys.executable, "-c", "while True: pass"]):
        raise KeyboardInterrupt
    with pytest.raises(ValueError, match="closed"):
        idle.send(Ask(1.0))


def test_chatter(model: str) -> None:
    """What a library prints is no answer."""
    code = (
        "import os, sys\nfrom tinydigits.bench import worker\n"
        "def chatty(self, request):\n"
        "    print('hello'); os.write(1, b'hello'); return worker.Ready()\n"
        "worker.Work.reply = chatty\nworker.main()"
    )
    with Colleague([sys.executable, "-c", code]) as chatty:
        assert chatty.ask(Open("glyph", "ort", model)) == Ready()


def test_messages() -> None:
    """A message is its length, and MessagePack."""
    written = to_bytes(Skipped("why"))
    assert int.from_bytes(written[:4], "big") == len(written) - 4
    assert msgspec.msgpack.decode(written[4:]) == {"type": "Skipped", "why": "why"}


def test_one_thread() -> None:
    """Libraries of linear algebra have one thread each, as the device has."""
    code = "import os, sys; sys.exit(os.environ['OPENBLAS_NUM_THREADS'] + os.environ['PATH'])"
    with Colleague([sys.executable, "-c", code]) as told, pytest.raises(CrashError) as caught:
        told.receive()
    assert str(caught.value) == f"crashed: it ended: 1{os.environ['PATH']}"
