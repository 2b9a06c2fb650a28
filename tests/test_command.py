"""A command ends with at most one line and a code, however it ends."""

from __future__ import annotations

import errno
import logging
import subprocess
import sys
from collections.abc import Callable

import pytest

from tinydigits.command import run_command
from tinydigits.errors import ConfigError
from tinydigits.journal import OneLineFormatter


def failing(error: BaseException) -> Callable[[], int]:
    """A command that ends with this error."""

    def action() -> int:
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("no\nkey\x1b[0m"), 2, "no key [0m"),
        (KeyError("key"), 70, "unexpected KeyError: 'key' (TINYDIGITS_DEBUG=1 shows"),
        (ModuleNotFoundError(name="sklearn"), 2, "the Python module sklearn is not installed: "),
        (OSError(errno.EIO, "broken"), 70, "unexpected OSError: [Errno 5] broken (TINYDIGITS_D"),
    ],
)
def test_error(error: Exception, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every error ends with its exit code and one line that can be printed."""
    assert run_command("name", failing(error)) == code
    line = capsys.readouterr().err
    assert line.startswith(f"name: {said}")
    assert line.count("\n") == 1


def test_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that is interrupted ends without a word, as a shell expects it."""
    assert run_command("name", failing(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == ""


def test_debug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The debug variable shows the traceback before the line."""
    monkeypatch.setenv("TINYDIGITS_DEBUG", "1")
    assert run_command("name", failing(ConfigError("no key"))) == 2
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.endswith("name: no key\n")


@pytest.mark.parametrize("length", [10, 1_000_000])
@pytest.mark.parametrize(
    ("sink", "code", "said"),
    [
        ("| true", 141, ""),
        ("> /dev/full", 5, "name: the output can't be written: No space left on device\n"),
    ],
)
def test_output_gone(length: int, sink: str, code: int, said: str) -> None:
    """Output that nobody reads ends quietly, output that can't be written with one line."""
    program = (
        "import sys, time; from tinydigits.command import run_command; time.sleep(0.1); "
        f"sys.exit(run_command('name', lambda: print('x' * {length}) or 0))"
    )
    command = ["/bin/bash", "-c", f'"$0" -c "$1" {sink}; exit ${{PIPESTATUS[0]}}']
    ended = subprocess.run(
        [*command, sys.executable, program], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (code, said)


def test_output_closed() -> None:
    """A command that is started without an output has nobody to print for, and works."""
    program = (
        "import sys; from tinydigits.command import run_command; "
        "sys.exit(run_command('name', lambda: print('x') or 0))"
    )
    command = ["/bin/bash", "-c", 'exec "$0" -c "$1" >&-', sys.executable, program]
    ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_log_line() -> None:
    """A log record that quotes a file name with control codes is one printable line."""
    record = logging.LogRecord("name", logging.INFO, "", 0, "%s read", ("a\n\x1b[1mb.png",), None)
    assert OneLineFormatter("name").format(record) == "name: a [1mb.png read"
