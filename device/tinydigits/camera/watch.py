"""Pictures that other programs drop into a folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

from tinydigits.camera.files import pictures_in
from tinydigits.camera.trouble import Trouble
from tinydigits.errors import CameraError, PictureError
from tinydigits.frame import Frame

log = logging.getLogger(__name__)

SETTLED: Final = 0.5
"""Seconds without a change after which a file counts as written; a writer pauses for less."""


class _State(NamedTuple):
    """What a file's next change will change."""

    modified: int
    size: int
    inode: int


class WatchCamera:
    """The pictures that appear in a folder, each read once, the oldest first.

    What lies there from the start was there to be read before, and is left alone, unless pictures
    are deleted after reading: then it has not been read. A picture that is written anew is a new
    one. A picture that can't be read is told in the log and never deleted.
    """

    def __init__(
        self,
        folder: str,
        *,
        delete_after: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = Path(folder)
        self._delete_after = delete_after
        self._clock = clock
        self.trouble = Trouble(clock)
        self._done: dict[Path, _State] = {}
        self._changed: dict[Path, tuple[_State, float]] = {}

    def __enter__(self) -> Self:
        found = self._look()
        if not self._delete_after:
            self._done = found
        return self

    def __exit__(self, *reason: object) -> None:
        self._done.clear()
        self._changed.clear()

    @property
    def is_idle(self) -> bool:
        """Whether the folder could be looked at, whatever is in it."""
        return not self.trouble.told

    def frames(self) -> Iterator[Frame | None]:
        """A frame for every new picture; ``None`` where there is none yet."""
        sequence = 0
        while True:
            paths = self._settled()
            if not paths:
                yield None
            for path in paths:
                try:
                    frame = Frame.from_file(path, sequence)
                except PictureError as error:
                    log.warning("picture passed over: %s", error)
                    continue
                yield frame
                sequence += 1
                if self._delete_after:
                    self._delete(path)

    def _settled(self) -> list[Path]:
        """The new pictures that nobody is writing any more; from now on they are done."""
        if self.trouble.pausing:
            return []
        try:
            found = self._look()
        except CameraError as error:
            self.trouble.failed(error)
            return []
        self.trouble.over()
        now = self._clock()
        changed = {}
        for path, state in found.items():
            if self._done.get(path) != state:
                before, since = self._changed.get(path, (state, now))
                changed[path] = (state, since if state == before else now)
        ready = {path: state for path, (state, since) in changed.items() if now - since >= SETTLED}
        self._changed = {path: seen for path, seen in changed.items() if path not in ready}
        self._done = {path: state for path, state in self._done.items() if path in found} | ready
        return sorted(ready, key=lambda path: (ready[path].modified, path))

    def _look(self) -> dict[Path, _State]:
        found = {}
        try:
            for path in pictures_in(self._folder):
                with suppress(FileNotFoundError):  # taken away since
                    found[path] = _state(path)
        except (OSError, ValueError) as error:  # ValueError: a name with a NUL
            reason = getattr(error, "strerror", None) or error
            raise CameraError(f"{self._folder}: it can't be watched: {reason}") from error
        return found

    def _delete(self, path: Path) -> None:
        try:
            if _state(path) == self._done[path]:  # not written anew since
                path.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            log.warning("%s: it can't be deleted: %s", path, error.strerror)


def _state(path: Path) -> _State:
    status = path.stat()
    return _State(status.st_mtime_ns, status.st_size, status.st_ino)
