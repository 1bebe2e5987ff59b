"""Tasks on pgqueuer, which takes over those of workers that are silent by itself."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import timedelta
from typing import Final, final

import asyncpg
from pgqueuer import AsyncpgDriver, Job, Queries, QueueManager, RetryRequested
from pgqueuer.errors import PgqException

from aiomusic._log import log
from aiomusic.batch.engines import Body, QueueAddress, Task
from aiomusic.batch.engines._shared import beside, preparing, unasked

__all__ = ["PgQueuerQueue"]

PUT_TOGETHER: Final = 500
PAGE: Final = 1_000
POLL: Final = timedelta(seconds=1)
CONNECT_AGAIN_S: Final = 1.0
# pgqueuer takes no fewer.
MIN_AT_ONCE: Final = 2

FAULTS: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    PgqException,
)


@final
class PgQueuerQueue:
    """
    A queue of pgqueuer's.

    Args:
        address: Where it is.
    """

    def __init__(self, address: QueueAddress) -> None:
        self._address = address
        self._stack = contextlib.AsyncExitStack()
        self._queries: Queries

    async def open(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(preparing(self._address))
            self._queries = await self._stack.enter_async_context(self._connected())
            if await self._queries.schema_is_installed():
                await self._queries.upgrade()
            else:
                await self._queries.install()

    async def aclose(self) -> None:
        await self._stack.aclose()

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Queries]:
        db = await asyncpg.connect(
            self._address.dsn, server_settings={"search_path": self._address.schema}
        )
        try:
            yield Queries(AsyncpgDriver(db))
        finally:
            db.terminate()

    async def put(self, tasks: Sequence[Task]) -> int:
        name, added = self._address.name, 0
        for start in range(0, len(tasks), PUT_TOGETHER):
            some = tasks[start : start + PUT_TOGETHER]
            ids = await self._queries.enqueue(
                [name] * len(some),
                [task.key.encode() for task in some],
                [-task.depth for task in some],
                dedupe_key=[f"{name}/{task.key}" for task in some],
                on_conflict="skip",
            )
            added += sum(one is not None for one in ids)
        return added

    async def waiting(self) -> Collection[str]:
        found: set[str] = set()
        page: list[Job] | None = None
        offset = 0
        while page is None or len(page) == PAGE:
            page = await self._queries.browse_queue(
                PAGE, offset, ["queued", "picked"], [self._address.name]
            )
            offset += PAGE
            found |= {(job.payload or b"").decode() for job in page}
        return found

    async def work(self, body: Body, *, at_once: int, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self._connected() as queries:
                    await self._work_once(queries, body, at_once, stop)
            except FAULTS as error:
                log(logging.WARNING, "the queue can't be used now: %s", error)
            if not await unasked(stop, CONNECT_AGAIN_S):
                return

    async def _work_once(
        self, queries: Queries, body: Body, at_once: int, stop: asyncio.Event
    ) -> None:
        manager = QueueManager(queries)

        @manager.entrypoint(self._address.name, on_failure="hold")
        async def run(job: Job) -> None:
            try:
                again_s = await body((job.payload or b"").decode(), job.attempts)
            except asyncio.CancelledError:
                # Else it would be struck off the queue.
                again_s = 0.0
            if again_s is not None:
                raise RetryRequested(timedelta(seconds=again_s))

        most = max(MIN_AT_ONCE, at_once)
        async with beside(_stop_with(manager, stop)):
            await manager.run(
                dequeue_timeout=POLL,
                batch_size=most // 2,
                max_concurrent_tasks=most,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=timedelta(seconds=self._address.stalled_s),
            )


async def _stop_with(manager: QueueManager, stop: asyncio.Event) -> None:
    await stop.wait()
    manager.shutdown.set()
