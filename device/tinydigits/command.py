"""What all commands share: errors as one line for people, and exit codes for programs."""

from __future__ import annotations

import argparse
import contextlib
import errno
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn

import msgspec

from tinydigits.errors import OutputError, TinyDigitsError, UsageError
from tinydigits.journal import line_start, one_line

DEBUG_VARIABLE: Final = "TINYDIGITS_DEBUG"
"""Environment variable that, set to 1, shows the traceback of an error that ends a command."""

_INTERNAL: Final = 70  # EX_SOFTWARE of sysexits.h
_INTERRUPTED: Final = 130  # what a shell reports for a command ended by SIGINT
_PIPE_CLOSED: Final = 141  # and by SIGPIPE


class Parser(argparse.ArgumentParser):
    """Command line options, complaints about which are one line too."""

    def error(self, message: str) -> NoReturn:
        """End with the exit code of a usage error."""
        self.exit(
            UsageError.exit_code, f"{self.prog}: {one_line(message)} (see {self.prog} --help)\n"
        )


def indented_json(value: Any, encode: Callable[[Any], bytes] = msgspec.json.encode) -> str:
    """A value for programs, and readable all the same."""
    return msgspec.json.format(encode(value), indent=2).decode()


def run_command(name: str, action: Callable[[], int]) -> int:
    """Run a command's work and turn every way it may end into an exit code.

    A :class:`TinyDigitsError` becomes one line on standard error and its own exit code; anything
    unexpected becomes one line and 70.
    """
    try:
        code = action()
        if sys.stdout:  # None where it was closed before the start
            sys.stdout.flush()  # while it can still be reported that this fails
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has gone, as `head` does: nothing is left to be said
        _discard_output()
        return _PIPE_CLOSED
    except TinyDigitsError as error:
        _complain(name, str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001  the last line of defence tells it and ends
        return _unexpected(name, error)
    return code


def _unexpected(name: str, error: Exception) -> int:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        # files raise OutputError of their own, so this is standard output
        _discard_output()
        _complain(name, f"the output can't be written: {error.strerror}")
        return OutputError.exit_code
    if isinstance(error, ModuleNotFoundError):
        _complain(
            name,
            f"the Python module {error.name} is not installed: everything for training and export "
            "comes with pip install 'tinydigits[train]'",
        )
        return UsageError.exit_code
    _complain(
        name,
        f"unexpected {type(error).__name__}: {error} ({DEBUG_VARIABLE}=1 shows where it arose)",
    )
    return _INTERNAL


def _complain(name: str, message: str) -> None:
    if sys.stderr is None:  # closed before the start; print would take stdout in its place
        return
    if os.environ.get(DEBUG_VARIABLE) == "1":
        import traceback  # noqa: PLC0415  a start without it is a millisecond shorter

        traceback.print_exc()
    print(line_start(name, logging.ERROR) + one_line(message), file=sys.stderr)


def _discard_output() -> None:
    """Let the interpreter flush into nothing when it ends, or it would complain again."""
    with contextlib.suppress(OSError):  # UnsupportedOperation too, where stdout is not a file
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)
