"""Tasks on procrastinate, whose stalled jobs nobody sweeps by default."""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, final

from procrastinate import (
    App,
    BaseRetryStrategy,
    JobContext,
    PsycopgConnector,
    RetryDecision,
)
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import Job
from procrastinate.worker import Worker

from aiomusic._log import log
from aiomusic.batch.engines import Body, QueueAddress, Task
from aiomusic.batch.engines._shared import beside, preparing, unasked

if TYPE_CHECKING:
    from procrastinate.types import JSONDict

__all__ = ["ProcrastinateQueue"]

TASK: Final = "aiomusic.drive"
PUT_TOGETHER: Final = 500
MAX_CONNECTIONS: Final = 4
POLL_S: Final = 1.0
# Tasks that are cancelled at the end go back on the queue.
GRACE_S: Final = 5.0
CONNECT_AGAIN_S: Final = 1.0
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


class _Again(Exception):
    """A task is to be run again, after so many seconds."""

    def __init__(self, again_s: float) -> None:
        super().__init__(f"again in {again_s:g} s")
        self.again_s = again_s


@final
class _Retry(BaseRetryStrategy):
    """
    Puts back what asks for it, and what was cancelled.

    Times are the server's: those of workers may be hours apart.
    """

    def __init__(self, queue: "ProcrastinateQueue") -> None:
        self._queue = queue

    def get_retry_decision(
        self,
        *,
        exception: BaseException,
        job: Job,  # noqa: ARG002 - as it is called
    ) -> RetryDecision | None:
        match exception:
            case _Again(again_s=again_s) if again_s:
                return RetryDecision(retry_at=self._queue.server_time(again_s))
            case _Again() | asyncio.CancelledError():
                return RetryDecision(retry_at=LONG_AGO)
        return None


@final
class ProcrastinateQueue:
    """
    A queue of procrastinate's, with a sweep of its own.

    Args:
        address: Where it is.
    """

    def __init__(self, address: QueueAddress) -> None:
        self._address = address
        self._skew = timedelta(0)
        self._body: Body | None = None
        connector = PsycopgConnector(
            conninfo=address.dsn,
            kwargs={"options": f"-c search_path={address.schema}"},
            min_size=1,
            max_size=MAX_CONNECTIONS,
        )
        self._app = App(connector=connector)
        self._task = self._app.task(
            name=TASK, queue=address.name, pass_context=True, retry=_Retry(self)
        )(self._run)

    def server_time(self, in_s: float) -> datetime:
        """Return when it will be so many seconds later, by the server's clock."""
        return datetime.now(UTC) + self._skew + timedelta(seconds=in_s)

    async def open(self) -> None:
        await self._app.open_async()
        try:
            async with preparing(self._address):
                if not await self._app.check_connection_async():
                    await self._app.schema_manager.apply_schema_async()
            await self._see_clock()
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        await self._app.close_async()

    async def put(self, tasks: Sequence[Task]) -> int:
        there = await self.waiting()
        new = [task for task in tasks if task.key not in there]
        by_depth: dict[int, list[str]] = {}
        for task in new:
            by_depth.setdefault(task.depth, []).append(task.key)
        for depth, keys in sorted(by_depth.items()):
            deferred = self._task.configure(priority=-depth)
            for start in range(0, len(keys), PUT_TOGETHER):
                some: list[JSONDict] = [
                    {"key": key} for key in keys[start : start + PUT_TOGETHER]
                ]
                await deferred.batch_defer_async(*some)
        return len(new)

    async def waiting(self) -> Collection[str]:
        found: set[str] = set()
        for status in ("todo", "doing"):
            jobs = await self._app.job_manager.list_jobs_async(
                queue=self._address.name, task=TASK, status=status
            )
            found |= {str(job.task_kwargs.get("key")) for job in jobs}
        return found

    async def work(self, body: Body, *, at_once: int, stop: asyncio.Event) -> None:
        self._body = body
        while not stop.is_set():
            try:
                await self._work_once(at_once, stop)
            except ProcrastinateException as error:
                log(logging.WARNING, "the queue can't be used now: %s", error)
            if not await unasked(stop, CONNECT_AGAIN_S):
                return

    async def _work_once(self, at_once: int, stop: asyncio.Event) -> None:
        worker = Worker(
            self._app,
            queues=[self._address.name],
            concurrency=at_once,
            fetch_job_polling_interval=POLL_S,
            shutdown_graceful_timeout=GRACE_S,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=self._address.stalled_s / 3,
            stalled_worker_timeout=self._address.stalled_s,
        )
        async with beside(self._sweep(), _stop_with(worker, stop)):
            await worker.run()  # type: ignore[no-untyped-call]

    async def _run(self, context: JobContext, key: str) -> None:
        assert self._body is not None
        again_s = await self._body(key, context.job.attempts)
        if again_s is not None:
            raise _Again(again_s)

    async def _sweep(self) -> None:
        """Put back what workers that are gone were running."""
        while True:
            try:
                await self._see_clock()
                await self._sweep_once()
            except ProcrastinateException as error:
                log(logging.WARNING, "stalled tasks can't be swept now: %s", error)
            await asyncio.sleep(self._address.stalled_s / 2)

    async def _sweep_once(self) -> None:
        manager = self._app.job_manager
        stalled = await manager.get_stalled_jobs(
            queue=self._address.name, seconds_since_heartbeat=self._address.stalled_s
        )
        for job in stalled:
            # Another worker may have swept it by now.
            with contextlib.suppress(ProcrastinateException):
                await manager.retry_job(job, retry_at=LONG_AGO)
                log(logging.INFO, "task %s is taken over", job.task_kwargs.get("key"))

    async def _see_clock(self) -> None:
        found: dict[str, Any] = await self._app.connector.execute_query_one_async(
            "SELECT clock_timestamp() AS now"
        )
        self._skew = found["now"] - datetime.now(UTC)


async def _stop_with(worker: Worker, stop: asyncio.Event) -> None:
    await stop.wait()
    worker.stop()  # type: ignore[no-untyped-call]
