"""The journal in a SQLite file, for any number of processes of one machine."""

import asyncio
import contextlib
import logging
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar, final

from aiomusic._log import log
from aiomusic.errors import JournalError
from aiomusic.journal import (
    Entry,
    Event,
    Identity,
    Limits,
    Record,
    Verdict,
    accounts,
    checking,
    place,
    programs,
)
from aiomusic.journal._writer import Writer
from aiomusic.journal.archive import Archived, move_all
from aiomusic.journal.faults import FAULTS, fault
from aiomusic.journal.liveness import SessionLock
from aiomusic.journal.policy import Change, Row
from aiomusic.journal.programs import Moved, Program
from aiomusic.journal.reader import SqliteReader, connect_to_read, drive, read_rows
from aiomusic.journal.schema import APPLICATION_ID, STEPS, statements
from aiomusic.journal.shared import SharedJournal
from aiomusic.journal.sql_syntax import SQLITE, SqlSyntax

__all__ = ["SqliteJournal"]

R = TypeVar("R")

LOCK_WAIT_S = 10.0
RETRY_S = 0.01
# How often to look at a row beside the writer before it is asked.
MAX_GLANCES = 3
OTHERS = 0o077
# To so many bytes the log is cut once it is in the file; a burst may have made it long.
KEPT_LOG_BYTES = 16_000_000


@final
class SqliteJournal(SharedJournal):
    """
    A journal in one file, readable by its owner only, that never holds the API key.

    Intent and task id are on the disk before they count: WAL mode,
    ``synchronous=FULL``, one writer thread that commits together what waits.
    What only reads, and may take long, has a connection of its own.

    Args:
        path: The file; it is made if it is missing, its folder is not.
        lock_wait_s: How long to wait for another program that keeps it locked.
    """

    sql: ClassVar[SqlSyntax] = SQLITE

    def __init__(self, path: str | Path, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        super().__init__()
        # Whole, so that all who share it mean the same locks beside it, whatever
        # folder they are in, and through whatever link they came.
        self._path = Path(path).expanduser().resolve()
        self._lock_wait_s = lock_wait_s
        self._lock = SessionLock(self._path)
        self._writer: Writer | None = None
        self._glance: sqlite3.Connection | None = None
        self._place = (0, 0)
        self._pid = os.getpid()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def shown(self) -> str:
        """The file's path."""
        return str(self._path)

    @property
    def _file(self) -> Path:
        return self._path

    @property
    def takeover_s(self) -> float | None:
        # Whoever starts the program again has its songs, with music.resume().
        return None

    @property
    def owner(self) -> str:
        """The name of the session, as its rows have it."""
        return self._lock.name

    def is_sent(self, found: Mapping[str, Any]) -> bool:
        """Check whether the create's body of a row may have left."""
        purchase = (found["key"], found["attempt"])
        return self._lock.is_sent(found["owner"] or "", purchase)

    def dead_owners(self) -> Program[set[str]]:
        """Return the sessions that own rows and are gone."""
        owners = yield from programs.owners()
        return {name for name in owners if not self._lock.is_alive(name)}

    async def open(self, identity: Identity | None = None) -> None:
        if self._writer is not None:
            message = f"The journal {self._path} is open already; make one a session."
            raise JournalError(message)
        # By now, a link may stand there.
        self._path = self._path.resolve()
        writer = Writer(self._connect, self._disconnect)
        self._lock = SessionLock(self._path)
        self._pid = os.getpid()
        try:
            # First, so that whoever leaves at this moment sees that he is not the last.
            self._lock.acquire()
            await writer.start()
            found = self._path.stat()
            self._place = (found.st_dev, found.st_ino)
            needed = await writer.call(partial(drive, program=programs.owners))
            self._lock.clean_up(needed)
            await self._work_for(writer, identity)
        except BaseException as error:
            writer.stop_nowait()
            self._lock.release()
            if isinstance(error, FAULTS):
                raise self._error(error) from error
            raise
        self._writer = writer

    async def _work_for(self, writer: Writer, identity: Identity | None) -> None:
        self._identity = identity
        if identity is None:
            looking = partial(drive, program=partial(accounts.sought, None))
            self._account = await writer.call(looking)
            return
        claiming = partial(drive, program=partial(accounts.claim, identity))
        self._account, is_new = await writer.call(claiming)
        if is_new:
            words = (
                "the journal %s holds jobs of other accounts, whose keys are not met."
                " If the API key was replaced, give account=, or AIOMUSIC_ACCOUNT, the"
                " account's name: music.jobs() tells it"
            )
            log(logging.WARNING, words, self._path)

    async def aclose(self) -> None:
        writer, self._writer = self._writer, None
        # The writer's thread is not there in a forked child, nor is the lock its own.
        if writer is None or os.getpid() != self._pid:
            return
        # The writer closes last: who does so empties the log into the file.
        if self._glance is not None:
            self._glance.close()
            self._glance = None
        left: list[int] = []
        program = partial(programs.leave, self, self.owner, Event.LEFT, time.time())

        left_at: list[int] = []

        def leave(db: sqlite3.Connection) -> int:
            left_at[:] = [] if self._lock.has_company() else [self._leave_file(db)]
            return drive(db, program)

        writer.post(leave, left.append)
        try:
            await writer.stop()
        finally:
            # Where its rows are still its own, the next process needs its marks.
            if left:
                self._lock.release()
            else:
                self._lock.forget()
        if writer.failed is not None:
            raise self._error(writer.failed) from writer.failed
        if left_at:
            checking.note_time(self._path, left_at[0])
        else:
            await asyncio.to_thread(self._leave_last)

    def _leave_file(self, db: sqlite3.Connection) -> int:
        """Leave the file as the last, within a transaction; return when."""
        place.leave(db, self._path)
        return checking.leave(db)

    def _leave_last(self) -> None:
        """Leave the file as the last of those who were leaving at the same time."""
        if self._lock.has_company():
            return
        left_at = 0
        address = f"{self._path.resolve().as_uri()}?mode=rw"
        with (
            contextlib.suppress(sqlite3.Error, OSError),
            contextlib.closing(
                sqlite3.connect(
                    address, uri=True, timeout=self._lock_wait_s, isolation_level=None
                )
            ) as db,
        ):
            db.execute("BEGIN IMMEDIATE")
            if not self._lock.has_company():
                left_at = self._leave_file(db)
            db.execute("COMMIT")
        if left_at:
            checking.note_time(self._path, left_at)

    async def admit(self, entries: Sequence[Entry], limits: Limits) -> list[Verdict]:
        def do(db: sqlite3.Connection) -> tuple[list[Verdict], set[str]]:
            self._check_place()
            self._check_account()
            return drive(db, partial(programs.admit, self, entries, limits))

        verdicts, dead = await self._call_raw(do)
        self._forget(dead)
        return verdicts

    async def note_sent(self, key: str, attempt: int) -> bool:
        for _ in range(MAX_GLANCES):
            # First, so that whoever takes the session for dead from now on sees it.
            self._mark(key, attempt)
            is_granted: bool | None = None
            try:
                is_granted = self._is_granted(key, attempt)
            finally:
                # Also where Ctrl-C comes into it: nothing leaves then.
                if not is_granted:
                    self._lock.clear((key, attempt))
            if is_granted is not None:
                return is_granted
            # Without its mark: whoever is killed while it waits has sent nothing.
            await self._call_raw(lambda _: None)
        self._mark(key, attempt)
        is_granted = False
        try:
            program = partial(programs.is_granted, self, key, attempt)
            is_granted = await self._run(program)
        finally:
            # Also where the waiting is cancelled: nothing leaves then.
            if not is_granted:
                self._lock.clear((key, attempt))
        return is_granted

    def _mark(self, key: str, attempt: int) -> None:
        try:
            self._lock.note_sent((key, attempt))
        except OSError as error:
            raise self._error(error) from error

    def _is_granted(self, key: str, attempt: int) -> bool | None:
        """Look at a row, waiting for nobody; None: another keeps it locked."""
        program = partial(programs.is_granted, self, key, attempt)
        try:
            if self._glance is None:
                self._glance = connect_to_read(self._path, 0.0)
            return drive(self._glance, program)
        except sqlite3.Error:
            # It takes microseconds; what stands in its way is gone soon.
            glance, self._glance = self._glance, None
            if glance is not None:
                glance.close()
            return None

    def note_unsent(self, key: str, attempt: int) -> None:
        self._lock.clear((key, attempt))

    async def draw(self, count: int, per_s: float, now: float) -> float:
        return await self._run(partial(programs.draw, self, count, per_s, now))

    async def find_lost(self, key: str, attempt: int, task_id: str, now: float) -> bool:
        program = partial(programs.find_lost, self, key, attempt, task_id, now)
        then = partial(self._clear, key, attempt)
        moved = await self._call_raw(partial(drive, program=program), then=then)
        return moved.row is not None and moved.row.task_id == task_id

    async def claim(
        self, now: float, key: str | None = None, limit: int | None = None
    ) -> list[Record]:
        found, dead = await self._run(partial(programs.claim, self, now, key, limit))
        self._forget(dead)
        return found

    async def archive(self, before: float, to: str | Path | None = None) -> Archived:
        """
        Move jobs that ended before to a file of JSON lines, of whatever account.

        Their rows keep key, fingerprint, task, metadata and money, so that their keys
        still buy nothing again; `find` reads the rest from the file.

        Args:
            before: Seconds since 1970.
            to: The file, which is added to; None: beside the journal, with
                ``-archive.jsonl`` after its name.

        Raises:
            JournalError: It can't be written, or not all; what was not is as it was.
        """
        beside = self._path.with_name(f"{self._path.name}-archive.jsonl")
        path = beside if to is None else Path(to)
        return await move_all(before, path, read=self._read, write=self._run)

    async def vacuum(self) -> tuple[int, int]:
        """
        Return unused space of the file to the disk.

        What older versions have written is compressed first.

        Returns:
            The size of the file before and after, in bytes.

        Raises:
            JournalError: Others have it open, whom it would keep waiting.
        """
        if self._lock.has_company():
            message = (
                f"The journal {self._path} is open elsewhere, and whoever buys would"
                " wait for it to be rewritten. Try again when nobody else has it."
            )
            raise JournalError(message)
        await self._call_raw(lambda _: None)
        try:
            return await asyncio.to_thread(self._vacuum)
        except FAULTS as error:
            raise self._error(error) from error

    def _vacuum(self) -> tuple[int, int]:
        with contextlib.closing(
            sqlite3.connect(self._path, timeout=self._lock_wait_s, isolation_level=None)
        ) as db:
            read_rows(db)
            # What is still in the log alone is in no size.
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            before = self._path.stat().st_size
            db.execute("BEGIN IMMEDIATE")
            drive(db, partial(programs.pack_all, self))
            db.execute("COMMIT")
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return before, self._path.stat().st_size

    async def _read(self, program: Callable[[], Program[R]]) -> R:
        """Run what only reads, and may take long, beside the writer."""
        # What was written before is seen: it is in the file by then.
        await self._call_raw(lambda _: None)
        return await SqliteReader(self._path, self._lock_wait_s).run(program)

    async def _transition(
        self,
        key: str,
        attempt: int,
        change: Change,
        facts: dict[str, Any] | None = None,
    ) -> Row | None:
        # Also where it is written later, or nobody waits for it any more.
        then = partial(self._clear, key, attempt)
        program = partial(programs.transition, self, key, attempt, change, facts)
        moved: Moved = await self._call_raw(
            partial(drive, program=program), then=then, is_lasting=True
        )
        return moved.row

    def _clear(self, key: str, attempt: int, moved: Moved) -> None:
        """Clear a mark once its row tells by itself, on the disk."""
        if moved.is_mark_over:
            self._lock.clear((key, attempt))

    def _forget(self, dead: set[str]) -> None:
        """Remove the marks of those whose rows are settled."""
        for name in dead:
            self._lock.remove(name)

    async def _run(self, program: Callable[[], Program[R]]) -> R:
        return await self._call_raw(partial(drive, program=program))

    async def _call_raw(
        self,
        do: Callable[[sqlite3.Connection], R],
        *,
        then: Callable[[R], object] | None = None,
        is_lasting: bool = False,
    ) -> R:
        try:
            return await self._open_writer().call(do, then=then, is_lasting=is_lasting)
        except FAULTS as error:
            raise self._error(error) from error

    def _post(
        self,
        program: Callable[[], Program[R]],
        then: Callable[[R], object] | None = None,
    ) -> None:
        self._open_writer().post(partial(drive, program=program), then)

    def _open_writer(self) -> Writer:
        if self._writer is None:
            message = f"The journal {self._path} is not open."
            raise JournalError(message)
        return self._writer

    def _connect(self) -> sqlite3.Connection:
        """Open the file, in the writer's thread, and bring it up to date."""
        place.check_new(self._path)
        # Made here, not by SQLite, so that it is never readable by others.  A file
        # that is there is not touched: closing it would drop the locks that another
        # connection of this process has on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        place.settle(self._path, self._lock_wait_s, self._lock.has_company)
        db = sqlite3.connect(
            self._path, timeout=self._lock_wait_s, isolation_level=None
        )
        try:
            read_rows(db)
            db.execute("PRAGMA synchronous = FULL")
            is_first, is_due = self._upgrade(db)
            self._keep_log(db)
            db.execute(f"PRAGMA journal_size_limit = {KEPT_LOG_BYTES}")
            self._tighten()
            if is_due:
                checking.check(db, self._path)
            if is_first:
                # Whoever opens the file by another name sees what is in it, alone.
                db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def _disconnect(self, db: sqlite3.Connection) -> None:
        """Close the file; who does so last empties the log into it."""
        try:
            self._check_place()
        except JournalError:
            # SQLite would leave the log of a file that was moved where it is.
            with contextlib.suppress(sqlite3.Error):
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            db.close()
            if self._writer is not None:
                # Its loop was closed, and it was never left: others need not wait.
                self._lock.forget()

    def _upgrade(self, db: sqlite3.Connection) -> tuple[bool, bool]:
        """
        Apply the steps that are missing, under a lock that others wait for.

        Returns:
            Whether nobody else has the file open, and whether it is to be checked.
        """
        # It also tells a file that can only be read from one that can be written.  If
        # anything fails from here on, closing the file takes all of it back.
        db.execute("BEGIN IMMEDIATE")
        version = self._version(db)
        for step in STEPS[version:]:
            for statement in statements(step):
                db.execute(statement)
        is_first = place.join(db, self._path, version)
        is_due = checking.join(db, self._path, self.owner, self._lock.is_alive)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(STEPS)}")
        db.execute("COMMIT")
        return is_first, is_due

    def _keep_log(self, db: sqlite3.Connection) -> None:
        """Switch to WAL; SQLite does not wait while another does the same."""
        deadline = time.monotonic() + self._lock_wait_s
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                is_late = time.monotonic() >= deadline
                if is_late or not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                    raise
                time.sleep(RETRY_S)
            else:
                return

    def _version(self, db: sqlite3.Connection) -> int:
        """Count the steps that were applied to the file, if it is one of ours."""
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        owner: int = db.execute("PRAGMA application_id").fetchone()[0]
        if owner != APPLICATION_ID:
            if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                message = (
                    f"{self._path} is a SQLite file of another program, and was left"
                    " as it is. Give another path for the journal."
                )
                raise JournalError(message)
        elif version > len(STEPS):
            message = (
                f"The journal {self._path} was written by a newer aiomusic (step"
                f" {version}, this one knows {len(STEPS)}), and was left as it is."
                " Upgrade aiomusic, or give another path."
            )
            raise JournalError(message)
        return version if owner == APPLICATION_ID else 0

    def _tighten(self) -> None:
        """Make a file that was made by other means readable by its owner alone."""
        for end in ("", "-wal", "-shm") if os.name != "nt" else ():
            path = self._path.with_name(f"{self._path.name}{end}")
            try:
                mode = stat.S_IMODE(path.stat().st_mode)
                if mode & OTHERS:
                    path.chmod(mode & ~OTHERS)
            except FileNotFoundError:
                continue
            except OSError as error:
                # A disk without permissions, or a file of another user.
                words = "others can read the journal %s, and it can't be changed: %s"
                log(logging.WARNING, words, path, error)

    def _check_place(self) -> None:
        """Refuse to write into a file that is no longer where it was opened."""
        try:
            found = self._path.stat()
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._place:
            message = (
                f"The journal {self._path} was removed or replaced while it was open."
                " Nothing is sent that can't be written down; enter a new session."
            )
            raise JournalError(message)

    def _error(self, error: BaseException) -> JournalError:
        return JournalError(fault(self._path, error))
