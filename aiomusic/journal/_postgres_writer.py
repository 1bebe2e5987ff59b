"""One task that writes to PostgreSQL: whatever waits is committed together."""

import asyncio
import collections
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar, final

import attrs

from aiomusic.journal._postgres_link import RETRY_S, Connection, Link, is_passing
from aiomusic.journal.programs import Program
from aiomusic.journal.sql_syntax import numbered

__all__ = ["PostgresWriter", "drive"]

R = TypeVar("R")

MAX_TOGETHER: Final = 200
# How long to go on with what is left when nobody waits for more.
STOP_S: Final = 10.0
# How long the server may be busy with a transaction whose connection broke.
COMMITTING_S: Final = 60.0


async def drive(db: Connection, program: Callable[[], Program[R]]) -> R:
    """Run a program in the transaction that is open."""
    steps = program()
    try:
        statement, values = next(steps)
        while True:
            text, names = numbered(statement)
            rows = await db.fetch(text, *(values[name] for name in names))
            statement, values = steps.send(rows)
    except StopIteration as stop:
        found: R = stop.value
        return found


@final
@attrs.define(eq=False)
class _Work(Generic[R]):
    """
    Something to do inside a transaction, and who waits for it.

    Attributes:
        regret: What makes good for it if it is done and nobody waits any more.
        is_lasting: Whether it must be written down sooner or later.
        is_abandoned: Whether nobody waits any more.
    """

    program: Callable[[], Program[R]]
    future: "asyncio.Future[R]"
    regret: Callable[[R], Program[object]] | None = None
    is_lasting: bool = False
    is_abandoned: bool = False

    def resolve(self, result: R) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        if not self.future.done() and not self.is_abandoned:
            self.future.set_exception(error)


@final
class _Uncertain(ValueError):
    """It is not known whether a transaction was committed, nor will it be."""

    def __init__(self) -> None:
        super().__init__("nobody can tell whether it was written down")


@final
class PostgresWriter:
    """
    Runs programs over one connection, in order, and again where the link breaks.

    What a program did is known for sure: where the link breaks while it is committed,
    the server is asked what became of the transaction.  What waits longer than
    *wait_s* is given up, but for what has happened already and must be written down.

    Args:
        begin: Begins a transaction, and returns its number at the server.
        renew_s: How often to begin one if there is nothing to do.
        wait_s: How long somebody waits for what can't be written.
    """

    def __init__(
        self,
        link: Link,
        begin: Callable[[Connection], Awaitable[str]],
        *,
        renew_s: float,
        wait_s: float,
    ) -> None:
        self._link = link
        self._begin = begin
        self._renew_s = renew_s
        self._wait_s = wait_s
        self._queue: collections.deque[_Work[Any]] = collections.deque()
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._why: BaseException | None = None
        self._task: asyncio.Task[None] | None = None
        self.failed: BaseException | None = None
        """Why something that nobody waits for was not written."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="aiomusic-journal")

    async def stop(self) -> None:
        """Write what is left, as far as it can be within the time, and close."""
        self._is_stopping = True
        self._wake.set()
        if self._task is None:
            return
        limit_s = min(self._wait_s, STOP_S)
        _, late = await asyncio.wait([self._task], timeout=limit_s)
        if late:
            self.failed = self._why or TimeoutError()
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._link.aclose()

    async def call(
        self,
        program: Callable[[], Program[R]],
        *,
        regret: Callable[[R], Program[object]] | None = None,
        is_lasting: bool = False,
    ) -> R:
        """
        Do it, durably, before this returns.

        Raises:
            TimeoutError: It could not be, for the reason that is its cause.
        """
        future: asyncio.Future[R] = self._loop.create_future()
        work = _Work(program, future, regret, is_lasting)
        self._put(work)
        try:
            async with asyncio.timeout(self._wait_s):
                return await asyncio.shield(future)
        except TimeoutError as error:
            raise TimeoutError from self._why or error
        finally:
            work.is_abandoned = not future.done()

    def post(
        self,
        program: Callable[[], Program[R]],
        then: Callable[[R], object] | None = None,
    ) -> None:
        """Do it soon."""
        future: asyncio.Future[R] = self._loop.create_future()

        def done(ended: "asyncio.Future[R]") -> None:
            if ended.cancelled():
                return
            if (error := ended.exception()) is not None:
                self.failed = error
            elif then is not None:
                then(ended.result())

        future.add_done_callback(done)
        self._put(_Work(program, future, is_lasting=True))

    def _put(self, work: _Work[Any]) -> None:
        self._queue.append(work)
        self._wake.set()

    async def _run(self) -> None:
        while self._queue or not self._is_stopping:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._renew_s):
                    await self._wait()
            batch = self._take()
            try:
                await self._commit(batch)
            except Exception as error:
                if not is_passing(error):
                    raise
                self._why = error
                self._queue.extendleft(reversed(batch))
                await asyncio.sleep(RETRY_S)
            else:
                self._why = None

    async def _wait(self) -> None:
        if not (self._queue or self._is_stopping):
            self._wake.clear()
            await self._wake.wait()

    def _take(self) -> list[_Work[Any]]:
        batch: list[_Work[Any]] = []
        while self._queue and len(batch) < MAX_TOGETHER:
            work = self._queue.popleft()
            if work.is_lasting or not work.is_abandoned:
                batch.append(work)
        return batch

    async def _commit(self, batch: list[_Work[Any]]) -> None:
        """Do it all together, or where that fails, each alone; raise what passes."""
        try:
            results = await self._transact(batch)
        except Exception as error:
            if is_passing(error):
                raise
            # What may have been done is not done twice, if it counts how often.
            is_over = isinstance(error, _Uncertain) or len(batch) == 1
            for work in batch if is_over else ():
                if not work.is_lasting or len(batch) == 1:
                    work.fail(error)
        else:
            self._resolve(batch, results)
            return
        batch[:] = [] if len(batch) == 1 else [w for w in batch if not w.future.done()]
        while batch:
            # What passes later finds the rest, and nothing that is done.
            await self._commit(batch[:1])
            del batch[0]

    def _resolve(self, batch: list[_Work[Any]], results: list[Any]) -> None:
        for work, result in zip(batch, results, strict=True):
            work.resolve(result)
            if work.is_abandoned and work.regret is not None:
                regret, work.regret = work.regret, None

                def undo(
                    regret: Callable[[Any], Program[object]] = regret,
                    result: object = result,
                ) -> Program[object]:
                    return regret(result)

                self.post(undo)

    async def _transact(self, batch: list[_Work[Any]]) -> list[Any]:
        number = ""
        try:
            db = await self._link.connected()
            number = await self._begin(db)
            results = [await drive(db, work.program) for work in batch]
        except BaseException as error:
            await self._abandon(error)
            raise
        try:
            await db.execute("COMMIT")
        except BaseException as error:
            self._link.drop()
            if is_passing(error) and await self._was_committed(number):
                return results
            raise
        return results

    async def _abandon(self, error: BaseException) -> None:
        """Take back what was begun; a link that can't do even that is dropped."""
        if is_passing(error) or not isinstance(error, Exception):
            self._link.drop()
            return
        try:
            db = await self._link.connected()
            await db.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - whatever it is, the link is of no use
            self._link.drop()

    async def _was_committed(self, number: str) -> bool:
        """
        Ask what became of a transaction whose connection broke.

        Raises:
            _Uncertain: Nobody can tell.
        """
        deadline = self._loop.time() + COMMITTING_S
        while True:
            try:
                db = await self._link.connected()
                await db.execute("BEGIN")
                text = "SELECT pg_xact_status(CAST(CAST($1 AS text) AS xid8))"
                found = await db.fetchval(text, number)
                await db.execute("COMMIT")
            except Exception as error:
                self._link.drop()
                if not is_passing(error):
                    raise _Uncertain from error
                self._why, found = error, "not known yet"
                deadline = self._loop.time() + COMMITTING_S
            if found in {"committed", "aborted"}:
                return bool(found == "committed")
            if found is None or self._loop.time() > deadline:
                raise _Uncertain
            await asyncio.sleep(RETRY_S)
