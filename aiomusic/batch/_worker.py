"""A worker: takes keys off a queue, drives each, and hands over when it is left."""

import asyncio
import collections
import contextlib
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final, final

from aiomusic._job import MusicJob
from aiomusic._log import log
from aiomusic._session import MusicSession
from aiomusic.batch._drive import Driven, drive
from aiomusic.batch.engines import TaskQueue
from aiomusic.errors import DownloadError, MusicError

__all__ = ["Worker"]

# How long the engine may take to put back what it was running.
GRACE_S: Final = 20.0
MAX_STORE_TRIES: Final = 5
MAX_AGAIN_S: Final = 300.0


@final
class Worker:
    """
    Runs the tasks of a queue.

    Args:
        out: A folder to store the songs in; None: they are left at the service.
        on_end: Called with what came of each task that is over.

    Attributes:
        running: How many tasks it runs now.
        ended: How many are over, by the state that their job ended in.
        put_back: How often one was put back, to be run again.
        is_ready: Whether it takes tasks.
        music: Its session, while it is open.
    """

    def __init__(
        self,
        *,
        at_once: int,
        out: Path | None = None,
        on_end: Callable[[Driven], None] | None = None,
    ) -> None:
        self.at_once = at_once
        self.running: int = 0
        self.ended: collections.Counter[str] = collections.Counter()
        self.put_back: int = 0
        self.is_ready: bool = False
        self.music: MusicSession | None = None
        self._out = out
        self._on_end = on_end
        self._stop = asyncio.Event()
        self._failed: Exception | None = None

    def stop(self) -> None:
        """Send nothing more, and hand over what is in flight at once."""
        self._stop.set()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    async def run(
        self,
        opening: AbstractAsyncContextManager[MusicSession],
        queue_for: Callable[[], TaskQueue],
    ) -> None:
        """
        Work until told to stop.

        Then the session is closed first: what is on the wire hears its answer, the
        journal is told that nobody follows the rest, and each task goes back on the
        queue, where another worker takes it within seconds.

        Args:
            opening: Opens the session, which is left without waiting.
            queue_for: Makes the queue, once the session is open.

        Raises:
            MusicError: The session, or the queue, can't be opened.
        """
        async with contextlib.AsyncExitStack() as stack:
            async with opening as music:
                queue = queue_for()
                await queue.open()
                stack.push_async_callback(queue.aclose)
                self.music = music
                working = asyncio.create_task(
                    queue.work(self._drive, at_once=self.at_once, stop=self._stop)
                )
                stack.push_async_callback(_ended, working)
                self.is_ready = True
                try:
                    await self._asked(working)
                finally:
                    self.is_ready = False
                    self._stop.set()
            self.music = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE_S):
                    await working
        if self._failed is not None:
            raise self._failed

    async def _asked(self, working: "asyncio.Task[None]") -> None:
        """Wait until it is to stop."""
        asking = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([working, asking], return_when=asyncio.FIRST_COMPLETED)
        finally:
            asking.cancel()
        if working.done():
            working.result()

    async def _drive(self, key: str, tries: int) -> float | None:
        """Run one task; return when to run it again."""
        music = self.music
        if self._stop.is_set() or music is None:
            return 0.0
        self.running += 1
        try:
            driven = await drive(music, key, tries=tries)
            again_s = driven.again_s
            if driven.is_over and driven.error is None:
                again_s = await self._store(music, driven, tries)
        except MusicError as error:
            if self._stop.is_set():
                return 0.0
            log(logging.WARNING, "task %s is put back: %s", key, error)
            again_s = min(MAX_AGAIN_S, 2.0 ** min(tries, 20))
        except Exception as error:  # noqa: BLE001 - no task is lost to a mistake here
            if self._stop.is_set():
                return 0.0
            log(logging.ERROR, "task %s is put back: %r", key, error)
            if isinstance(error, RuntimeError):
                # The session is not open any more.
                self._failed = error
                self._stop.set()
            again_s = MAX_AGAIN_S
        finally:
            self.running -= 1
        if again_s is not None:
            self.put_back += 1
            return again_s
        self.ended[str(driven.state or "unknown")] += 1
        if self._on_end is not None:
            self._on_end(driven)
        return None

    async def _store(
        self, music: MusicSession, driven: Driven, tries: int
    ) -> float | None:
        """Store a job's songs, if they are to be; return when to try again."""
        job = None if self._out is None else await _job_to_store(music, driven)
        if self._out is None or job is None or not job.clips:
            return None
        try:
            await job.save(self._out)
        except DownloadError as error:
            if tries < MAX_STORE_TRIES:
                return 2.0**tries
            log(logging.ERROR, "songs of %s are not stored: %s", driven.key, error)
        return None


async def _job_to_store(music: MusicSession, driven: Driven) -> MusicJob[Any] | None:
    """Return a job whose songs are not stored; None: they are, or can't be."""
    if driven.job is not None:
        return driven.job
    key, record = driven.key, await music.job(driven.key)
    if record is None or record.files or record.request is None:
        return None
    request, metadata = record.request, record.metadata
    job = music.submit(request, key=key, metadata=metadata, on_known_key="attach")
    await job
    return job


async def _ended(task: "asyncio.Task[None]") -> None:
    """End a task, whatever it does."""
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
