"""Work in the background, from one coroutine's start to another's end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import final

import anyio
import anyio.abc

__all__ = ["BackgroundTasks"]

logger = logging.getLogger(__name__)


@final
class BackgroundTasks:
    """
    A task group that may be opened in one task and closed in another.

    Its owner closes it; that cancels what still runs.
    """

    def __init__(self) -> None:
        self._host: asyncio.Task[None] | None = None
        self._group: anyio.abc.TaskGroup | None = None
        self._stop = asyncio.Event()

    async def start(self) -> None:
        """
        Open it.

        Raises:
            RuntimeError: It was open before.
        """
        if self._host is not None:
            raise RuntimeError("it was started before; make another")
        is_open = asyncio.Event()
        self._host = asyncio.create_task(self._run(is_open))
        await is_open.wait()

    async def _run(self, is_open: asyncio.Event) -> None:
        async with anyio.create_task_group() as self._group:
            is_open.set()
            await self._stop.wait()
            self._group.cancel_scope.cancel()
        self._group = None

    def start_soon(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run something; once closed, nothing."""
        if self._group is not None and not self._stop.is_set():
            self._group.start_soon(_done, work)

    async def aclose(self) -> None:
        """Cancel what runs and wait until it has ended."""
        self._stop.set()
        if self._host is not None:
            await self._host


async def _done(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except Exception:
        # Else it would end all others, and all that are still to come.
        logger.exception("the emulator failed at what it does in the background")
