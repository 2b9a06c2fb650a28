"""Who runs this program, as people call them."""

from __future__ import annotations

import getpass
import os


def user_name() -> str:
    """The user's name, or the number of one that the system has no name for, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return str(os.getuid())
