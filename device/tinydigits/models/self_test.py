"""A model is tried where it can do no harm, and what became of that is told in one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Final

import msgspec

from tinydigits.errors import ModelError
from tinydigits.journal import one_line
from tinydigits.models.examine import MAX_ANSWER, Answer, Limits
from tinydigits.models.records import Summary

WAIT: Final = 5
"""Seconds to wait for each second of processor time: a device has other things to do, too."""

_TOO_LONG: Final = {signal.SIGXCPU, signal.SIGKILL}
"""How the kernel ends a process that used up its time."""


def self_test(content: bytes, limits: Limits | None = None) -> Summary:
    """What a model says of itself, once a process of its own has loaded and tried it.

    :raises ModelError: where it breaks a promise, or the process.
    """
    limits = limits or Limits()
    # -P: nothing in the folder where somebody happens to be is imported
    command = [sys.executable, "-P", "-m", "tinydigits.models.examine"]
    # in memory: there may be no disk to write to, and a limit of the process holds for it
    with os.fdopen(os.memfd_create("answer"), "w+b") as answer:
        try:
            ended = subprocess.run(  # noqa: S603  this program itself
                [*command, msgspec.json.encode(limits).decode()],
                input=content,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                timeout=WAIT * limits.seconds,
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ModelError(_too_long(limits)) from error
        except OSError as error:
            raise ModelError(f"it can't be tried here: {error.strerror or error}") from error
        answer.seek(0)
        return conclusion(ended.returncode, answer.read(MAX_ANSWER + 1), limits)


def conclusion(code: int, answer: bytes, limits: Limits) -> Summary:
    """The summary that a process answered.

    :param code: how the process ended; below zero the signal that ended it.
    :raises ModelError: where there is none.
    """
    if code < 0:
        number = signal.Signals(-code)
        if number in _TOO_LONG:
            raise ModelError(_too_long(limits))
        raise ModelError(f"trying it ended with a crash ({number.name})")
    try:
        told = msgspec.json.decode(answer, type=Answer)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ModelError("trying it gave no answer") from error
    if told.summary is None:
        raise ModelError(one_line(told.refused or "trying it gave no answer"))
    return told.summary


def _too_long(limits: Limits) -> str:
    return f"it was still busy after {limits.seconds} s when it was tried"
