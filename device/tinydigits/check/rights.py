"""What the user who runs this program may do, and what to do where that is too little."""

from __future__ import annotations

import getpass
import os
from pathlib import Path


def user_name() -> str:
    """The user's name, or the number of one that the system has no name for, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return str(os.getuid())


def why_closed(folder: Path) -> str:
    """Why no files can be made in a folder, and what to do; empty where they can."""
    try:
        if not folder.is_dir():
            return f"{folder} is no folder: make it, or name another"
    except OSError as error:  # of one in a folder that may not be looked into
        return f"{folder} can't be looked at: {error.strerror}"
    return _why_refused(folder, os.W_OK | os.X_OK)


def why_fixed(file: Path) -> str:
    """Why a file that is there can't be changed, and what to do; empty where it can."""
    return _why_refused(file, os.W_OK) if file.exists() else ""


def _why_refused(path: Path, rights: int) -> str:
    if os.access(path, rights):
        return ""
    return f"{path} can't be written by {user_name()}: sudo chown it"
