"""The command tinydigits bench: what it measures, prints and writes, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from bench_results import bench_result, glyph_measurements
from command_line import Capture, complaint, printed
from samples import sample_model
from tinydigits.__main__ import main
from tinydigits.bench import command, session
from tinydigits.bench.around import Around
from tinydigits.bench.command import Line, plan_of
from tinydigits.bench.measure import loadgen_run
from tinydigits.bench.messages import Generated
from tinydigits.bench.plan import SECONDS, Plan
from tinydigits.bench.result import Result, load_result
from tinydigits.bench.save import write_json
from tinydigits.bench.session import Measured
from tinydigits.bench.table import render_table
from tinydigits.options import make_parser


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A model file."""
    (tmp_path / "linear.onnx").write_bytes(sample_model())
    return str(tmp_path / "linear.onnx")


def planned(*arguments: str) -> Plan:
    """What a command line asks for."""
    return plan_of(make_parser().parse_args(["bench", *arguments]))


def shown(plan: Plan) -> dict[str, str]:
    """Each round, and who is measured in it."""
    return {one.what: " ".join(runner.name for runner in one.runners) for one in plan.rounds()}


def test_glyphs(model: str, tmp_path: Path, capsys: Capture) -> None:
    """Runners that are installed are measured, the others told; the result is printed and kept."""
    arguments = ["bench", "--subject", "glyph", "--scenario", "SingleStream", "Offline"]
    arguments += ["--runner", "ort", "numpy", "--seconds", "0.05", "--model", model, "--json"]
    assert main([*arguments, "-o", str(tmp_path / "out")]) == 0
    result = msgspec.json.decode(printed(capsys), type=Result)
    assert result == load_result(tmp_path / "out" / "bench.json")
    assert [(one.scenario, one.runner, one.model) for one in result.measurements] == [
        ("SingleStream", "ort", "linear"),
        ("SingleStream", "numpy", "linear"),
        ("Offline", "ort", "linear"),
        ("Offline", "numpy", "linear"),
    ]
    for one in result.measurements:
        assert one.valid
        assert one.samples >= one.queries >= 1
        assert one.rate > 0
        assert sum(one.histogram.counts.values()) == one.queries - one.warm_up
    assert (result.settings.mode, result.settings.seconds) == ("default", 0.05)
    assert [one.name for one in result.models] == ["linear"]
    assert result.skipped == {}


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """What is measured in the place of the truth."""
    measured = Measured(glyph_measurements(1.0), {"litert": "missing: pip install it"}, [])
    measured.measurements[:] = [replace(one, wrong=0) for one in measured.measurements]
    monkeypatch.setattr(command, "measure", lambda *_: measured)
    around = Around(memory=bench_result().memory, skipped={"cold start": "it failed"})
    monkeypatch.setattr(command, "measured_around", lambda *_: around)
    return measured


def test_table(made_up: Measured, capsys: Capture, tmp_path: Path) -> None:
    """A table is printed, with who was left out; the result and a page of it are written."""
    assert main(["bench", "-o", str(tmp_path / "out")]) == 0
    table = printed(capsys)
    assert all(one.runner in table for one in made_up.measurements)
    assert "litert" in table
    result = load_result(tmp_path / "out" / "bench.json")
    assert result.measurements == tuple(made_up.measurements)
    assert result.memory == bench_result().memory
    assert result.skipped == {"litert": "missing: pip install it", "cold start": "it failed"}
    assert "litert" in (tmp_path / "out" / "bench.html").read_text()


def test_loadgen(made_up: Measured, capsys: Capture) -> None:
    """What LoadGen says is printed too, and a run that it finds invalid is an error."""
    ours = made_up.measurements[0] = replace(made_up.measurements[0], runner="ort")
    for valid in (True, False):
        generated = Generated(valid, ((0.9, 1e-5),), None, 0, "the summary")
        made_up.loadgen[:] = [loadgen_run(ours, generated, np.empty(0))]
        assert main(["bench", "--loadgen"]) == (0 if valid else 1)
        told = next(line for line in printed(capsys).splitlines() if "VALID" in line)
        verdict = "VALID" if valid else "INVALID"
        assert told.split()[:6] == ["glyph", "SingleStream", verdict, "p90", "10.0", "µs"]


def test_with_results(tmp_path: Path, capsys: Capture) -> None:
    """Results that were written before are compared, and shown on one page."""
    files = [str(tmp_path / name) for name in ("a.json", "b.json")]
    for path, factor in zip(files, (1.0, 2.0), strict=True):
        write_json(bench_result(factor), Path(path))
    assert main(["bench", "compare", *files, "--json"]) == 1
    assert msgspec.json.decode(printed(capsys))["differences"]
    assert main(["bench", "report", *files, "-o", str(tmp_path / "many.html")]) == 0
    assert printed(capsys) == f"{tmp_path / 'many.html'}\n"


def test_around() -> None:
    """Starts, memory and steady rates are measured where everything is, and time allows."""
    assert planned().around
    assert planned("--mlperf").around
    assert not planned("--quick").around
    assert not planned("--subject", "glyph").around
    assert not planned("--runner", "ort").around


def test_invalid(made_up: Measured, capsys: Capture) -> None:
    """A wrong answer of one of our models is an error; one of another program is not."""
    made_up.measurements[0] = replace(made_up.measurements[0], wrong=1, model="")
    assert main(["bench"]) == 0
    made_up.measurements[0] = replace(made_up.measurements[0], wrong=1, model="linear")
    assert main(["bench"]) == 1
    assert "invalid" in capsys.readouterr().out


def test_nothing(made_up: Measured, capsys: Capture) -> None:
    """Where nothing could be measured, that is an error which says why."""
    made_up.measurements.clear()
    assert main(["bench", "--runner", "litert"]) == 2
    assert "nothing could be measured (litert: missing: pip install it)" in complaint(capsys)


def test_loaded(capsys: Capture) -> None:
    """A run on a machine that others keep busy is marked as not to be trusted."""
    busy = "import time\nend = time.monotonic() + 10\nwhile time.monotonic() < end: pass"
    arguments = ["--subject", "glyph", "--scenario", "SingleStream", "--runner", "floor"]
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            program = stack.enter_context(subprocess.Popen([sys.executable, "-S", "-c", busy]))
            stack.callback(program.kill)
        assert main(["bench", *arguments, "--seconds", "0.5", "--json"]) == 0
    result = msgspec.json.decode(printed(capsys), type=Result)
    (one,) = result.measurements
    assert any(doubt.startswith("other programs ") for doubt in one.doubts)
    assert re.search(r"^  floor .*\[1", render_table(result), re.MULTILINE)


def test_nonlinear(capsys: Capture) -> None:
    """Runners that compute linear models alone are not even started for another, and say so."""
    assert main(["bench", "--subject", "glyph", "--runner", "numpy", "c"]) == 2
    assert "(numpy, c pairs: nonlinear: only a linear model is" in complaint(capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seconds", "0"], "'0' is not a number above 0"),
        (["--power", "nan"], "'nan' is not a number above 0"),
        (["--power", "much"], "'much' is not a number above 0"),
        (["--size", "640"], "'640' is no size in pixels, like 640x480"),
        (["--size", "0x480"], "'0x480' is no size"),
        (["--digits", "0"], "'0' is not a number of digits"),
        (["--runner", "java"], "invalid choice: 'java'"),
        (["--scenario", "single"], "invalid choice: 'single'"),
        (["--quick", "--mlperf"], "not allowed with argument --quick"),
    ],
)
def test_usage(arguments: list[str], words: str, capsys: Capture) -> None:
    """What can't be meant is refused in one line."""
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--model", "/no/such"], 4, "/no/such"),
        (["-o", "/dev/null/here"], 5, "/dev/null/here"),
        (["--pictures", "/no/such"], 2, "no such folder"),
        (["--size", "100x90"], 2, "has no room"),
        (["--size", "99999x99999"], 2, "has more than 16 million pixels"),
    ],
)
def test_refused(
    arguments: list[str], code: int, words: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be read or written ends the command before any process is started."""
    monkeypatch.setattr(session, "Colleague", None)
    assert main(["bench", *arguments]) == code
    assert words in complaint(capsys)


def test_default() -> None:
    """By default all runners are compared where one looks first, and the device everywhere."""
    rounds = shown(planned())
    assert rounds["glyph, SingleStream"] == "ort floor reference numpy sklearn litert c"
    assert rounds["glyph, Server"] == "ort floor"
    assert rounds["frame 640x480, 5 digits, SingleStream"] == "ort once floor tesseract ssocr"
    assert rounds["frame 1920x1080, 5 digits, SingleStream"] == "ort"
    assert rounds["frame 640x480, 50 digits, SingleStream"] == "ort"
    assert len(rounds) == 4 + 4 + 3 + 2


def test_quick() -> None:
    """A quick run has the same rounds but for the slowest, and a sixth of the time."""
    assert set(shown(planned("--quick"))) < set(shown(planned()))
    assert planned("--quick").each == SECONDS["quick"]
    assert planned("--quick", "--seconds", "2").each == 2


def test_help(capsys: Capture) -> None:
    """The help tells how long runs are."""
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert f"default: {SECONDS['default']:g}, with --quick {SECONDS['quick']:g}" in told


def test_mlperf() -> None:
    """By MLPerf's rules the device alone is measured, for ten minutes each."""
    plan = planned("--mlperf")
    assert set(shown(plan).values()) == {"ort"}
    assert len(shown(plan)) == 8
    assert plan.length("MultiStream").queries == 662
    assert plan.length("Offline").samples == 24576
    assert {plan.length(one.scenario).seconds for one in plan.rounds()} == {600.0}


def test_chosen() -> None:
    """What is asked for is measured, all of it and nothing else."""
    plan = planned("--subject", "frame", "--size", "320x240", "640x480", "--digits", "1", "3")
    assert len({(one.size, one.digits) for one in plan.rounds()}) == 4
    plan = planned("--runner", "c", "ssocr", "--scenario", "Offline", "--digits", "5")
    assert shown(plan) == {"glyph, Offline": "c", "frame 640x480, 5 digits, Offline": "ssocr"}
    (pictured,) = planned("--pictures", "x", "--subject", "frame", "--quick").rounds()
    assert (pictured.size, pictured.digits) == (None, 0)
    assert [runner.name for runner in pictured.runners] == ["once"]
    assert set(shown(planned("--pictures", "x", "--subject", "frame")).values()) == {
        "once floor tesseract ssocr",
        "once",
    }


def test_progress(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """On a terminal a line says what goes on, and is gone at the end; elsewhere there is none."""
    with Line(planned("--quick")) as line:
        line.say("glyph, SingleStream")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Line(planned("--quick")) as line:
        line.say("glyph, SingleStream")
        line.add(1e9)
    error = capsys.readouterr().err
    assert "  0%  glyph, SingleStream" in error
    assert error.endswith("\r\033[K")


def children(process: int) -> list[int]:
    """The processes that a process started."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in listed.split()]


def test_interrupted() -> None:
    """Ctrl-C ends it at once, and every process that it started, without a word."""
    arguments = ["bench", "--subject", "glyph", "--runner", "floor", "--seconds", "60"]
    with subprocess.Popen(
        [sys.executable, "-m", "tinydigits", *arguments], stderr=subprocess.PIPE, text=True
    ) as started:
        deadline = time.monotonic() + 30
        while not (begun := children(started.pid)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        started.send_signal(signal.SIGINT)
        said: Any = started.communicate(timeout=10)
    assert (started.returncode, said[1]) == (130, "")
    # who was about to start notices by itself
    while any(Path("/proc", str(child)).exists() for child in begun):
        assert time.monotonic() < deadline
        time.sleep(0.01)
