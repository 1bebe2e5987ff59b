"""The journal in PostgreSQL, for any number of machines."""

import contextlib
import logging
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, Self, TypeVar, final

import attrs

from aiomusic._log import log
from aiomusic.errors import JournalError
from aiomusic.journal import (
    Entry,
    Event,
    Granted,
    Identity,
    Limits,
    Record,
    Verdict,
    accounts,
    programs,
)
from aiomusic.journal._postgres_link import (
    FAULTS,
    Address,
    Connection,
    Link,
    fault,
    tried,
)
from aiomusic.journal._postgres_writer import PostgresWriter, drive
from aiomusic.journal.archive import Archived, move_all, whole
from aiomusic.journal.policy import Change, Row
from aiomusic.journal.programs import Moved, Program
from aiomusic.journal.reading import Reader
from aiomusic.journal.schema_postgres import STEPS
from aiomusic.journal.shared import SharedJournal
from aiomusic.journal.sql_syntax import POSTGRES, SqlSyntax

__all__ = ["PostgresJournal", "PostgresReader"]

R = TypeVar("R")

# How long the server lets a transaction wait, work, and be idle: a session that is
# stopped or cut off while it holds the lock must not keep the others for longer.
SERVER_S: Final = 10
IDLE_S: Final = 5
# Of a lease, what must be left when a create leaves.
MARGIN: Final = 0.25
# Every byte is read and written.
VACUUM_S: Final = 86_400.0
_LEASE: Final = "clock_timestamp() + interval '1 s' * CAST($1 AS float8)"
_TRANSACTION: Final = (
    "pg_current_xact_id()::text AS number,"
    " extract(epoch FROM clock_timestamp())::float8 AS now"
)
# Clocks that differ by less are taken for one.
SAME_CLOCK_S: Final = 2.0


def _boot_time() -> float:
    """Return seconds that go on while the process, or the machine, is stopped."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@final
class PostgresJournal(SharedJournal):
    """
    A journal in one schema of a PostgreSQL database, which never holds the API key.

    Every transaction takes one lock, so that all sessions write in one order, and
    renews the lease of its session, by the server's clock.  A session whose lease is
    over is dead to the others: what it left is settled, and its tasks are taken over.
    If it was only stopped, it finds so before it sends anything, and goes on under a
    new name and fencing number.

    Args:
        url: ``postgresql://user:password@host:port/database``.  Its options are those
            of libpq, and ``schema`` (aiomusic), ``lease_s`` and ``wait_s`` (30), and
            ``statement_cache_size``: 0 where a pooler in transaction mode stands
            between, which is found out if it is left out.
        wait_s: How long to wait for a server that can't be reached; None: as the
            option ``wait_s`` of the address says, or 30 s.
        wall: Gives the time of this machine, in seconds since 1970.

    Raises:
        ValueError: The address can't be read.
    """

    sql: ClassVar[SqlSyntax] = POSTGRES

    def __init__(
        self,
        url: str,
        *,
        wait_s: float | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        address = Address.of(url)
        if wait_s is not None:
            address = attrs.evolve(address, wait_s=wait_s)
        self._address = address
        self._wall = wall
        self._writer: PostgresWriter | None = None
        self._link: Link | None = None
        self._owner = ""
        self._fence = 0
        self._lease_until = 0.0
        # When the transaction began, by the server's clock.
        self._began_at = 0.0
        self._lease_losses = 0
        self._pid = os.getpid()

    def __repr__(self) -> str:
        return f"<PostgresJournal {self._address.shown}>"

    @property
    def shown(self) -> str:
        """Where it is, without the password."""
        return self._address.shown

    @property
    def takeover_s(self) -> float | None:
        # The machine that had them may never come back.
        return self._address.lease_s

    @property
    def owner(self) -> str:
        """The name of the session, as its rows have it."""
        return self._owner

    @property
    def fence(self) -> int:
        """The number of the session: whoever comes later has a higher one."""
        return self._fence

    @property
    def lease_losses(self) -> int:
        """How often the session was silent for longer than its lease."""
        return self._lease_losses

    def is_sent(self, found: Mapping[str, Any]) -> bool:
        """Check whether the create's body of a row may have left."""
        return bool(found["begun"])

    def dead_owners(self) -> Program[set[str]]:
        """Return the sessions that own rows and whose leases are over, for good."""
        yield (
            "DELETE FROM sessions WHERE until <= clock_timestamp() AND name <> :name",
            {"name": self._owner},
        )
        living = yield ("SELECT name FROM sessions", {})
        owners = yield from programs.owners()
        return owners - {row["name"] for row in living}

    async def open(self, identity: Identity | None = None) -> None:
        if self._writer is not None:
            message = f"The journal {self.shown} is open already; make one a session."
            raise JournalError(message)
        self._pid = os.getpid()
        self._owner, self._fence = "", 0
        link = Link(self._address, _settings(self._address, "SESSION"))
        self._link = link
        writer = PostgresWriter(
            link,
            self._begin,
            renew_s=self._address.lease_s / 3,
            wait_s=self._address.wait_s,
        )
        try:
            await tried(self._address, partial(_upgrade, link, self._address))
            writer.start()
            await self._work_for(writer, identity)
        except BaseException as error:
            link.drop()
            await writer.stop()
            if isinstance(error, FAULTS):
                raise self._error(error) from error
            raise
        self._writer = writer

    async def _work_for(
        self, writer: PostgresWriter, identity: Identity | None
    ) -> None:
        self._identity = identity
        if identity is None:
            self._account = await writer.call(partial(accounts.sought, None))
            return
        claiming = partial(accounts.claim, identity)
        self._account, is_new = await writer.call(claiming)
        if is_new:
            words = (
                "the journal %s holds jobs of other accounts, whose keys are not met."
                " If the API key was replaced, give account=, or AIOMUSIC_ACCOUNT, the"
                " account's name: music.jobs() tells it"
            )
            log(logging.WARNING, words, self.shown)

    async def _begin(self, db: Connection) -> str:
        """Begin a transaction as the only one that writes, and renew the lease."""
        began = _boot_time()
        link = self._link
        assert link is not None
        await db.execute(_beginning(self._address, is_set_up=link.is_set_up))
        told = self._wall()
        found = await db.fetchrow(
            f"UPDATE {self._address.schema}.sessions SET until = {_LEASE}"
            f" WHERE name = $2 RETURNING {_TRANSACTION}",
            self._address.lease_s,
            self._owner,
        )
        is_alive = found is not None
        if not is_alive:
            found = await db.fetchrow(f"SELECT {_TRANSACTION}")
        self._began_at = found["now"]
        self._see_clock(told, self._began_at)
        if not is_alive:
            await self._register(db)
        self._lease_until = began + self._address.lease_s * (1 - MARGIN)
        return str(found["number"])

    def _see_clock(self, told: float, now: float) -> None:
        took_s = self._wall() - told
        skew_s = now - told - took_s / 2
        if abs(took_s) < SAME_CLOCK_S:
            self._skew_s = 0.0 if abs(skew_s) < SAME_CLOCK_S else skew_s

    async def _register(self, db: Connection) -> None:
        """Enter the session: a new one, or one that was taken for dead."""
        if self._owner:
            self._lease_losses += 1
            words = (
                "session %s of the journal %s was silent for longer than its lease of"
                " %s s: others have taken over its jobs. It goes on as another"
            )
            log(logging.WARNING, words, self._owner, self.shown, self._address.lease_s)
        self._fence = await db.fetchval("SELECT nextval('fences')")
        # A number may come again where an old backup was restored.
        self._owner = f"{self._fence}-{uuid.uuid4().hex}"
        await db.execute(
            f"INSERT INTO sessions (until, name, fence) VALUES ({_LEASE}, $2, $3)",
            self._address.lease_s,
            self._owner,
            self._fence,
        )

    async def aclose(self) -> None:
        writer, self._writer = self._writer, None
        # In a forked child, the connection is its parent's.
        if writer is None or os.getpid() != self._pid:
            return

        def leave() -> Program[None]:
            now = self._now()
            yield from programs.leave(self, self.owner, Event.LEFT, now)
            yield "DELETE FROM sessions WHERE name = :name", {"name": self.owner}

        writer.post(leave)
        await writer.stop()
        if writer.failed is not None:
            raise self._error(writer.failed) from writer.failed

    def _now(self) -> float:
        return self._wall() + self._skew_s

    async def admit(self, entries: Sequence[Entry], limits: Limits) -> list[Verdict]:
        self._check_account()

        def program() -> Program[tuple[list[Verdict], set[str]]]:
            # By now, it is known how much later it is by the server's clock.
            judged = [self._by_server(entry) for entry in entries]
            return programs.admit(self, judged, limits)

        def regret(judged: tuple[list[Verdict], set[str]]) -> Program[None]:
            # Nobody will send what was granted.
            for entry, verdict in zip(entries, judged[0], strict=False):
                if isinstance(verdict, Granted):
                    now = entry.now + self._skew_s
                    change = Change(event=Event.DROPPED, now=now, by=self.owner)
                    yield from programs.transition(
                        self, entry.key, verdict.attempt, change
                    )

        verdicts, _ = await self._run(program, regret=regret)
        return verdicts

    async def note_sent(self, key: str, attempt: int) -> bool:
        def regret(is_granted: bool) -> Program[None]:
            # Nothing leaves where nobody waits any more.
            if is_granted:
                yield from programs.unbegin(self, key, attempt)

        program = partial(programs.begin, self, key, attempt)
        is_granted = await self._run(program, regret=regret)
        if is_granted and _boot_time() >= self._lease_until:
            self.note_unsent(key, attempt)
            message = (
                f"The session was stopped, or its journal {self.shown} was slow, for so"
                " long that others may have taken over its jobs. Nothing was sent."
            )
            raise JournalError(message)
        return is_granted

    def note_unsent(self, key: str, attempt: int) -> None:
        self._post(partial(programs.unbegin, self, key, attempt))

    async def draw(
        self,
        count: int,
        per_s: float,
        now: float,  # noqa: ARG002 - the server's clock is the same for all
    ) -> float:
        def program() -> Program[float]:
            return programs.draw(self, count, per_s, self._began_at)

        return await self._run(program)

    async def find_lost(self, key: str, attempt: int, task_id: str, now: float) -> bool:
        now += self._skew_s
        moved = await self._run(
            partial(programs.find_lost, self, key, attempt, task_id, now)
        )
        return moved.row is not None and moved.row.task_id == task_id

    async def claim(
        self,
        now: float,
        key: str | None = None,
        limit: int | None = None,
    ) -> list[Record]:
        def program() -> Program[tuple[list[Record], set[str]]]:
            return programs.claim(self, now + self._skew_s, key, limit)

        def regret(claimed: tuple[list[Record], set[str]]) -> Program[None]:
            by_server = now + self._skew_s
            change = Change(event=Event.RELEASED, now=by_server, by=self.owner)
            for one in claimed[0]:
                yield from programs.transition(self, one.key, one.attempt, change)

        found, _ = await self._run(program, regret=regret)
        return [self._by_own(one) for one in found]

    async def archive(self, before: float, to: str | Path | None = None) -> Archived:
        """
        Move jobs that ended before to a file of JSON lines, of whatever account.

        Their rows keep key, fingerprint, task, metadata and money, so that their keys
        still buy nothing again; `find` reads the rest from the file, on each machine
        that has it at the same path.

        Args:
            before: Seconds since 1970.
            to: The file, which is added to.

        Raises:
            JournalError: It can't be written, or not all; what was not is as it was.
            ValueError: No file is given.
        """
        if to is None:
            message = "A journal that is no file has no archive beside it; give to=."
            raise ValueError(message)
        return await move_all(
            before + self._skew_s, Path(to), read=self._read, write=self._run
        )

    async def vacuum(self) -> tuple[int, int]:
        """
        Return unused space of the tables to the disk.

        While others have the journal, whom a rewrite would keep waiting, the space is
        made free for new jobs, and little of it goes back to the disk.

        Returns:
            The size of the tables and their indexes before and after, in bytes.

        Raises:
            JournalError: It can't be done.
        """
        others = await self._run(partial(_others, self.owner))
        before = await self._read(_size)
        schema = self._address.schema
        tables = ", ".join(f"{schema}.{name}" for name in await self._read(_tables))
        how = "VACUUM (ANALYZE)" if others else "VACUUM (FULL, ANALYZE)"
        link = Link(attrs.evolve(self._address, cached_statements=0))
        try:
            db = await link.connected()
            await db.execute(f"{how} {tables}", timeout=VACUUM_S)
        except FAULTS as error:
            raise self._error(error) from error
        finally:
            link.drop()
        return before, await self._read(_size)

    async def _read(self, program: Callable[[], Program[R]]) -> R:
        """Run what only reads, and may take long, beside the writer."""
        # What was written before is seen: it is committed by then.
        await self._run(_nothing)
        return await PostgresReader(self._address).run(program)

    async def _transition(
        self,
        key: str,
        attempt: int,
        change: Change,
        facts: dict[str, Any] | None = None,
    ) -> Row | None:
        change = attrs.evolve(change, now=change.now + self._skew_s)
        program = partial(programs.transition, self, key, attempt, change, facts)
        moved: Moved = await self._run(program, is_lasting=True)
        return moved.row

    async def _run(
        self,
        program: Callable[[], Program[R]],
        *,
        regret: Callable[[R], Program[object]] | None = None,
        is_lasting: bool = False,
    ) -> R:
        try:
            return await self._open_writer().call(
                program, regret=regret, is_lasting=is_lasting
            )
        except FAULTS as error:
            raise self._error(error) from error

    def _post(
        self,
        program: Callable[[], Program[R]],
        then: Callable[[R], object] | None = None,
    ) -> None:
        self._open_writer().post(program, then)

    def _open_writer(self) -> PostgresWriter:
        if self._writer is None:
            message = f"The journal {self.shown} is not open."
            raise JournalError(message)
        return self._writer

    def _error(self, error: BaseException) -> JournalError:
        return JournalError(fault(self._address, error))


@final
@attrs.frozen
class PostgresReader(Reader):
    """
    Reads a journal that is there and up to date, and never changes or locks it.

    Each call sees it as it was at one moment, on a connection of its own.

    Args:
        address: Where it is.
        identity: Whose rows are told from those of others; None: nobody's.
    """

    sql: ClassVar[SqlSyntax] = POSTGRES

    address: Address
    identity: Identity | None = None

    @classmethod
    def at(cls, url: str, identity: Identity | None) -> Self:
        """
        Read the journal of an address.

        Raises:
            ValueError: The address can't be read.
        """
        return cls(Address.of(url), identity)

    async def is_there(self) -> bool:
        """
        Check whether there is a journal, of whatever version.

        Raises:
            JournalError: It can't be read.
        """
        return bool(await self._steps())

    async def is_current(self) -> bool:
        """
        Check whether the schema has every step.

        Raises:
            JournalError: It can't be read.
        """
        return await self._steps() == len(STEPS)

    async def _steps(self) -> int:
        return await self._read(partial(_version, address=self.address))

    async def find(self, key: str, attempt: int | None = None) -> Record | None:
        """Return a purchase under a key whole; None: the last that counts."""

        def program() -> Program[Record | None]:
            account = yield from accounts.sought(self.identity)
            return (yield from programs.find(account, key, attempt))

        return await whole(await self.run(program))

    async def run(self, program: Callable[[], Program[R]]) -> R:
        """
        Run a program that only reads.

        Raises:
            JournalError: It can't be read.
        """
        return await self._read(partial(drive, program=program))

    async def _read(self, do: Callable[[Connection], Awaitable[R]]) -> R:
        async def once() -> R:
            async with self._reading() as db:
                return await do(db)

        try:
            return await tried(self.address, once)
        except FAULTS as error:
            raise JournalError(fault(self.address, error)) from error

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        link = Link(attrs.evolve(self.address, cached_statements=0))
        try:
            db = await link.connected()
            await db.execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                f"SET LOCAL jit TO off;SET LOCAL search_path TO {self.address.schema}"
            )
            yield db
            await db.execute("COMMIT")
        except BaseException:
            link.drop()
            raise
        await link.aclose()


def _nothing() -> Program[None]:
    yield "SELECT 1 AS one", {}


def _others(owner: str) -> Program[int]:
    """Count the other sessions that live."""
    [found] = yield (
        (
            "SELECT count(*) AS others FROM sessions"
            " WHERE until > clock_timestamp() AND name <> :name"
        ),
        {"name": owner},
    )
    return int(found["others"])


def _tables() -> Program[list[str]]:
    rows = yield (
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
        {},
    )
    return [row["tablename"] for row in rows]


def _size() -> Program[int]:
    [found] = yield (
        (
            "SELECT CAST(coalesce(sum(pg_total_relation_size(CAST(format('%I.%I',"
            " schemaname, tablename) AS regclass))), 0) AS BIGINT) AS bytes"
            " FROM pg_tables WHERE schemaname = current_schema()"
        ),
        {},
    )
    return int(found["bytes"])


def _settings(address: Address, scope: str) -> str:
    return (
        f"SET {scope} search_path TO {address.schema};"
        # To compile takes longer than what is asked here ever does.
        f"SET {scope} jit TO off;"
        f"SET {scope} lock_timeout TO '{SERVER_S}s';"
        f"SET {scope} statement_timeout TO '{SERVER_S}s';"
        f"SET {scope} idle_in_transaction_session_timeout TO '{IDLE_S}s';"
        # What was committed must be on the disk; who asks for even more has it.
        f"SELECT set_config('synchronous_commit', 'on', {scope == 'LOCAL'})"
        " WHERE current_setting('synchronous_commit') = 'off';"
    )


def _beginning(address: Address, *, is_set_up: bool = False) -> str:
    """
    Return what each transaction that writes begins with.

    A pooler gives it another connection each time, so it says all that it needs.  The
    lock comes before all else: what is read after it is what the one before has left.
    """
    return (
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
        f"{'' if is_set_up else _settings(address, 'LOCAL')}"
        "SELECT pg_advisory_xact_lock(hashtextextended("
        f"'aiomusic {address.schema}', 0));"
    )


async def _upgrade(link: Link, address: Address) -> None:
    """Apply the steps that are missing, one session at a time."""
    db = await link.connected()
    try:
        await _apply_steps(db, address)
    except BaseException:
        link.drop()
        raise


async def _apply_steps(db: Connection, address: Address) -> None:
    await db.execute(_beginning(address))
    if await db.fetchval("SHOW server_encoding") != "UTF8":
        message = "its database must be made with ENCODING 'UTF8'"
        raise ValueError(message)
    version = await _version(db, address)
    if version < len(STEPS):
        await db.execute(f"CREATE SCHEMA IF NOT EXISTS {address.schema}")
        for step in STEPS[version:]:
            await db.execute(step)
        await db.execute(
            f"UPDATE about SET value = {len(STEPS)} WHERE name = 'version'"
        )
    await db.execute("COMMIT")


async def _version(db: Connection, address: Address) -> int:
    """
    Count the steps that the schema has had.

    Raises:
        JournalError: It is another program's, or from a newer version.
    """
    found = await db.fetchrow(
        "SELECT to_regclass($1) IS NOT NULL AS is_ours,"
        " EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = $2) AS is_used",
        f"{address.schema}.about",
        address.schema,
    )
    if not found["is_ours"]:
        if not found["is_used"]:
            return 0
        raise JournalError(
            f"The schema of {address.shown} is another program's, and was left as it"
            " is. Give another, as in ?schema=aiomusic."
        )
    text = "SELECT value::bigint FROM about WHERE name = 'version'"
    version = int(await db.fetchval(text))
    if version > len(STEPS):
        raise JournalError(
            f"The journal {address.shown} was written by a newer aiomusic (step"
            f" {version}, this one knows {len(STEPS)}), and was left as it is."
            " Upgrade aiomusic."
        )
    return version
