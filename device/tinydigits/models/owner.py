"""Root works in a folder as the one whom it belongs to.

The service runs as a user of its own, who must be able to change what root installs, and who should
not be able to make root write anywhere else, whatever links there are in the folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinydigits.errors import OutputError


@contextmanager
def as_owner_of(folder: Path) -> Iterator[Path]:
    """Be the owner of a folder, or of the nearest one above it that exists, if we are root.

    The folder is entered first: systemd keeps those of services where nobody but root gets to.

    :yields: the folder's name from now on.
    :raises OutputError: where it can't be reached.
    """
    try:
        home = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        # a link in the place of the folder speaks for whoever could put it there
        user = home.lstat().st_uid or home.stat().st_uid
    except OSError as error:
        raise OutputError(f"the folder {folder} can't be reached: {error.strerror}") from error
    if os.geteuid() != 0 or user == 0:
        yield folder
        return
    group, groups = home.stat().st_gid, os.getgroups()
    back = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.chdir(home)
        os.setgroups([group])
        os.setegid(group)
        os.seteuid(user)
        yield folder.absolute().relative_to(home.absolute())
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
        os.fchdir(back)
        os.close(back)
