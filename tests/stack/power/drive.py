"""A drive that notes every write and every flush: one file, for a loop device to lie on.

Run as ``drive.py IMAGE LOG FOLDER``: serves what the image holds as ``FOLDER/drive`` until the
folder is unmounted. The loop device passes each write of the kernel on, and each flush (and each
write that must be on the disk at once, a flush after it) as an fsync.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from pathlib import Path
from typing import Any, Final

import mfusepy

NAME: Final = "drive"

HEAD: Final = struct.Struct("<qq")
"""Of a note in the log: where was written, and how many bytes, which follow."""

FLUSH: Final = -1
"""In the place of a place: everything before this is on the disk."""


class Drive:
    """The operations of the file system, by the names that the library asks for.

    One at a time, so that what is noted before a flush had ended before it.
    """

    use_ns = True

    def __init__(self, content: bytearray, log: int) -> None:
        self._content = content
        self._log = log

    def getattr(self, path: str, _: int | None = None) -> dict[str, Any]:
        """The folder, and the file in it."""
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2}
        if path != f"/{NAME}":
            raise OSError(errno.ENOENT, path)
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": len(self._content)}

    def read(self, _: str, size: int, place: int, __: int) -> bytes:
        """What was written last."""
        return bytes(self._content[place : place + size])

    def write(self, _: str, data: bytes, place: int, __: int) -> int:
        """Note it, and do it."""
        os.write(self._log, HEAD.pack(place, len(data)) + data)
        self._content[place : place + len(data)] = data
        return len(data)

    def fsync(self, _: str, __: int, ___: int) -> int:
        """Note it."""
        os.write(self._log, HEAD.pack(FLUSH, 0))
        return 0


def main() -> None:
    """Serve until it is unmounted."""
    image, log, folder = map(Path, sys.argv[1:])
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    drive = Drive(bytearray(image.read_bytes()), descriptor)
    # direct_io: no cache of the kernel's between the loop device and here
    mfusepy.FUSE(drive, str(folder), foreground=True, nothreads=True, direct_io=True)


if __name__ == "__main__":
    main()
