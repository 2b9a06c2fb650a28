"""Work that may never end, and a way to stop waiting for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Errand(Generic[T]):
    """Work on a thread of its own, begun at once.

    The thread doesn't keep the program from ending; an executor's would.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._future: Future[T] = Future()
        Thread(target=self._run, args=(work,), daemon=True).start()

    def _run(self, work: Callable[[], T]) -> None:
        try:
            self._future.set_result(work())
        except BaseException as error:  # noqa: BLE001  whoever waits gets it
            self._future.set_exception(error)

    def result(self, seconds: float) -> T:
        """What came of it, errors included.

        :raises TimeoutError: where it isn't done after so long; it goes on, and may be asked again.
        """
        return self._future.result(seconds)
