"""The one thread for what takes longer than an answer may: pictures, and files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, Self, TypeVar

from tinydigits.web.limits import PICTURE_SECONDS
from tinydigits.web.refusal import Refusal

T = TypeVar("T")

JOBS: Final = 16
"""That wait at most; each takes milliseconds, or is the one picture that is being read."""


class Worker:
    """Does one thing after another; whoever asks for one more than fits is refused."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    def __enter__(self) -> Self:
        Thread(target=self._work, name="web worker", daemon=True).start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._jobs.put(None)

    async def do(self, work: Callable[[], T], seconds: float = PICTURE_SECONDS) -> T:
        """What comes of it; all in the event loop's thread but the work itself.

        :raises Refusal: where too much waits, or it takes too long.
        """
        if self._jobs.qsize() >= JOBS:
            raise Refusal(503, "too much is asked for at once: try again", wait=1)
        future: Future[T] = Future()
        self._jobs.put((future, work))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except TimeoutError:
            raise Refusal(503, f"it took longer than {seconds:g} s: try again", wait=1) from None

    def _work(self) -> None:
        while job := self._jobs.get():
            future, work = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001  whoever waits gets it
                future.set_exception(error)
