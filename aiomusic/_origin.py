"""Where a session was opened, which is the only place that may use it."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Self, TypeVar, final

import attrs

__all__ = ["Origin"]

R = TypeVar("R")

FORKED = (
    "This is a fork of the process that opened the MusicSession, whose event loop and"
    " connections stay with that one; nothing was sent. Open a session in each process:"
    " those with the same journal= share keys, slots and budget."
)
ELSEWHERE = (
    "This is not the event loop that the MusicSession was opened in; nothing was sent."
    " From another thread, hand it over: asyncio.run_coroutine_threadsafe(…, loop)."
    " aiomusic.blocking.MusicSession can be used from any thread."
)


NO_ASYNCIO = (
    "aiomusic runs on asyncio, and no asyncio event loop runs here; nothing was sent."
    " Under anyio, choose the backend asyncio; elsewhere, as in trio, use"
    " aiomusic.blocking.MusicSession in a thread, or asyncio.run()."
)


@final
@attrs.frozen
class Origin:
    """The process, thread and event loop that a session was opened in."""

    _pid: int
    _thread: int
    _loop: asyncio.AbstractEventLoop

    @classmethod
    def here(cls) -> Self:
        """
        Return this place.

        Raises:
            RuntimeError: No asyncio loop runs here.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(NO_ASYNCIO) from None
        return cls(os.getpid(), threading.get_ident(), loop)

    @property
    def is_forked(self) -> bool:
        """Whether this is a child: loop, threads and connections are its parent's."""
        return os.getpid() != self._pid

    @property
    def is_thread(self) -> bool:
        """Whether this is the thread of the session's loop."""
        return threading.get_ident() == self._thread and not self.is_forked

    def check_process(self) -> None:
        """
        Check that this is no fork.

        Raises:
            RuntimeError: It is.
        """
        if self.is_forked:
            raise RuntimeError(FORKED)

    def check(self) -> None:
        """
        Check that the session's loop runs here, or nothing does in its thread.

        Elsewhere a call would change jobs under its hands, and wake nobody.

        Raises:
            RuntimeError: It is another process, thread or loop.
        """
        try:
            is_here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            is_here = self.is_thread
        if not is_here:
            self.check_process()
            raise RuntimeError(ELSEWHERE)

    async def run(self, work: Callable[[], Awaitable[R]]) -> R:
        """
        Do some work in the session's loop, from whichever loop this is.

        Raises:
            RuntimeError: This is a fork, or that loop is closed.
        """
        self.check_process()
        if asyncio.get_running_loop() is self._loop:
            return await work()

        async def there() -> R:
            return await work()

        handed = asyncio.run_coroutine_threadsafe(there(), self._loop)
        return await asyncio.wrap_future(handed)
