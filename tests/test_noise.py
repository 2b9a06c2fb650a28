"""A library's noise is kept off standard error, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tinydigits.noise import without_lines


def test_lines(capfd: pytest.CaptureFixture[str]) -> None:
    """Lines that begin as told are gone, empty ones with them; all others are there, in order."""
    with without_lines(b"noise:"):
        os.write(2, b"one\nnoise: 1\n\nnoise: 2\ntwo noise:\nthree")
    os.write(2, b" and on\n")
    assert capfd.readouterr().err == "one\ntwo noise:\nthree and on\n"


def test_error(capfd: pytest.CaptureFixture[str]) -> None:
    """An error passes through, after what was written before it."""

    def fail() -> None:
        with without_lines(b"noise:"):
            os.write(2, b"noise: 1\nwhy\n")
            raise ValueError("it failed")

    with pytest.raises(ValueError, match="it failed"):
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "why\nafter\n"


def test_closed() -> None:
    """Where standard error is closed there is nothing to keep off it."""
    code = "import os; os.close(2)\nfrom tinydigits.noise import without_lines\n"
    code += "with without_lines(b'noise:'): print('done')"
    ended = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert ended.stdout == b"done\n"


def test_descriptors() -> None:
    """No descriptor stays open."""
    before = os.listdir("/proc/self/fd")  # noqa: PTH208  names alone
    with without_lines(b"noise:"):
        pass
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208
