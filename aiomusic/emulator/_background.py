"""Background tasks that outlive the coroutine that starts them."""

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
    A task group that can be opened in one task and closed in another.

    Its owner closes it, which cancels running tasks.
    """

    def __init__(self) -> None:
        self._host: asyncio.Task[None] | None = None
        self._group: anyio.abc.TaskGroup | None = None
        self._stop = asyncio.Event()

    async def start(self) -> None:
        """
        Open the group.

        Raises:
            RuntimeError: It was open before.
        """
        if self._host is not None:
            raise RuntimeError("it was already started; make a new one")
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
        """Run *work* in the background; does nothing once closed."""
        if self._group is not None and not self._stop.is_set():
            self._group.start_soon(_done, work)

    async def aclose(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        self._stop.set()
        if self._host is not None:
            await self._host


async def _done(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except Exception:
        # An escaping exception would cancel the other tasks.
        logger.exception("a background task of the emulator failed")
