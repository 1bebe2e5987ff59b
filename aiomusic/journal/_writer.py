"""One thread that writes: whatever waits is committed, and synced, together."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar, final

import attrs

__all__ = ["Writer"]

R = TypeVar("R")

MAX_TOGETHER = 1_000
# How often what could not be written is tried again, if nothing else comes.
RETRY_KEPT_S = 0.5
# How often to see whether the loop that gives it work is closed.
WATCH_S = 1.0
# These are the fault of no single work, so none is tried alone: each would wait for
# the lock as long as all of them did.
_TAKES_NOTHING = (
    "SQLITE_BUSY",
    "SQLITE_CANTOPEN",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_LOCKED",
    "SQLITE_READONLY",
)


@final
@attrs.define(eq=False)
class _Work(Generic[R]):
    """Something to do inside a transaction, who waits for it, and what follows it."""

    do: Callable[[sqlite3.Connection], R]
    future: "asyncio.Future[R] | None"
    then: Callable[[R], object] | None
    is_lasting: bool


_End: TypeAlias = tuple[
    "asyncio.Future[Any] | None",
    Callable[[Any], object] | None,
    BaseException | None,
    Any,
]


@final
class Writer:
    """
    Runs work against one connection, in order.

    Work that fails is rolled back alone; it must leave nothing behind outside the
    database, as it may be done again: what is to follow once it is committed is given
    as *then*, which is called in the loop.  What has happened already, and must be
    written down sooner or later, is lasting: while the database is locked or its disk
    full, it is tried again with whatever comes next, and every half second.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        disconnect: Callable[[sqlite3.Connection], None] = sqlite3.Connection.close,
    ) -> None:
        self._connect, self._disconnect = connect, disconnect
        self._queue: queue.SimpleQueue[_Work[Any] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        # A daemon: a session that is never left must not keep its process alive.
        self._thread = threading.Thread(
            target=self._run, name="aiomusic-journal", daemon=True
        )
        self._kept: list[_Work[Any]] = []
        self._why_kept: BaseException | None = None
        self.failed: BaseException | None = None
        """Why something that nobody waits for was not written."""

    async def start(self) -> None:
        """Open the database; the error that *connect* raises is raised here."""
        self._thread.start()
        await self._opened

    async def stop(self) -> None:
        """Write what is left, and close."""
        self.stop_nowait()
        await asyncio.to_thread(self._thread.join)

    def stop_nowait(self) -> None:
        """Write what is left and close, soon."""
        self._queue.put(None)

    async def call(
        self,
        do: Callable[[sqlite3.Connection], R],
        *,
        then: Callable[[R], object] | None = None,
        is_lasting: bool = False,
    ) -> R:
        """Do it, durably, before this returns."""
        future: asyncio.Future[R] = self._loop.create_future()
        self._queue.put(_Work(do, future, then, is_lasting))
        return await future

    def post(
        self,
        do: Callable[[sqlite3.Connection], R],
        then: Callable[[R], object] | None = None,
    ) -> None:
        """Do it soon."""
        self._queue.put(_Work(do, None, then, is_lasting=True))

    def _run(self) -> None:
        try:
            db = self._connect()
        except BaseException as error:  # noqa: BLE001 - raised where start() waits
            self._resolve([(self._opened, None, error, None)])
            return
        self._resolve([(self._opened, None, None, None)])
        try:
            is_open = True
            while is_open:
                batch, is_open = self._take()
                kept, self._kept = self._kept, []
                if batch or not is_open:
                    self._commit(db, kept + batch)
                else:
                    self._retry(db, kept)
            if self._kept:
                self.failed = self._why_kept
        finally:
            self._disconnect(db)

    def _take(self) -> tuple[list[_Work[Any]], bool]:
        """
        Wait for work, and take all that has gathered; tell whether to go on.

        While something is kept, there may be none.
        """
        batch: list[_Work[Any]] = []
        while len(batch) < MAX_TOGETHER and (not batch or not self._queue.empty()):
            try:
                work = self._queue.get(timeout=RETRY_KEPT_S if self._kept else WATCH_S)
            except queue.Empty:
                if self._loop.is_closed():
                    # Nobody is left to stop it.
                    return batch, False
                if self._kept:
                    break
                continue
            if work is None:
                return batch, False
            batch.append(work)
        return batch, True

    def _retry(self, db: sqlite3.Connection, kept: list[_Work[Any]]) -> None:
        """Try what is kept, without keeping what comes meanwhile waiting for a lock."""
        [wait_ms] = db.execute("PRAGMA busy_timeout").fetchone()
        db.execute("PRAGMA busy_timeout = 0")
        try:
            self._commit(db, kept)
        finally:
            db.execute(f"PRAGMA busy_timeout = {wait_ms}")

    def _commit(self, db: sqlite3.Connection, batch: list[_Work[Any]]) -> None:
        if not batch:
            return
        results: list[Any] = []
        try:
            db.execute("BEGIN IMMEDIATE")
            results.extend(work.do(db) for work in batch)
            db.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - raised where call() waits
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            name = getattr(error, "sqlite_errorname", "")
            if len(batch) > 1 and not name.startswith(_TAKES_NOTHING):
                for work in batch:
                    self._commit(db, [work])
                return
            self._failed(batch, error)
            return
        done = zip(batch, results, strict=True)
        self._resolve([(work.future, work.then, None, one) for work, one in done])

    def _failed(self, batch: list[_Work[Any]], error: BaseException) -> None:
        self._resolve([(work.future, None, error, None) for work in batch])
        for work in batch:
            if work.is_lasting and isinstance(error, sqlite3.OperationalError):
                self._kept.append(_Work(work.do, None, work.then, is_lasting=True))
                self._why_kept = error
            elif work.future is None:
                self.failed = error

    def _resolve(self, ends: list[_End]) -> None:
        waited = [end for end in ends if end[0] is not None or end[1] is not None]
        if waited:
            # A loop that is closed has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_resolve, waited)


def _resolve(ends: list[_End]) -> None:
    for future, then, error, result in ends:
        if then is not None:
            then(result)
        if future is None or future.done():
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
