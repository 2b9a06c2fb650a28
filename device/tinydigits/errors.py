"""Every error the project raises on purpose: what was wrong, where, and what to do about it.

Each error derives from :class:`TinyDigitsError` and from the builtin it specialises, so that
callers may catch either, and carries the exit code that the commands end with.
"""

from __future__ import annotations


class TinyDigitsError(Exception):
    """The base of all errors that are explained to a person in one line."""

    exit_code = 70


class PictureError(TinyDigitsError, ValueError):
    """A picture that can't be decoded or has no usable size."""

    exit_code = 1


class UsageError(TinyDigitsError, ValueError):
    """A command that asks for something that can't be done."""

    exit_code = 2


class ConfigError(TinyDigitsError, ValueError):
    """A configuration file with an unknown key, a wrong type or a value out of range."""

    exit_code = 2


class DataError(TinyDigitsError, ValueError):
    """A data set that is missing, incomplete or not what it claims to be."""

    exit_code = 2


class CameraError(TinyDigitsError, OSError):
    """A camera, or what stands in for one, that can't be opened or stopped giving frames."""

    exit_code = 3


class ModelError(TinyDigitsError, ValueError):
    """A model file that is damaged, foreign, or computes something else than it promises."""

    exit_code = 4


class OutputError(TinyDigitsError, OSError):
    """A result that can't be delivered: a full disk, a folder without permission."""

    exit_code = 5
