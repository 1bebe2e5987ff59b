"""The journal in a SQLite file, for any number of processes of one machine."""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Container, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, final

from aiomusic.errors import JournalError
from aiomusic.journal import (
    NEVER_SENT,
    OPEN_STATES,
    Busy,
    Ending,
    Entry,
    Granted,
    Grouping,
    Known,
    Limits,
    OverBudget,
    Record,
    Spending,
    Verdict,
)
from aiomusic.journal._owners import Owner, Purchase
from aiomusic.journal._writer import Writer

__all__ = ["SqliteJournal"]

R = TypeVar("R")

# "aiom": tells our files from those of other programs.
APPLICATION_ID = 0x61696F6D
LOCK_WAIT_S = 10.0
LOOK_AGAIN_S = 0.01

# Each step is applied once, in order; the file's user_version counts them.
STEPS = (
    """
    CREATE TABLE jobs (
        key TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        kind TEXT NOT NULL,
        provider TEXT NOT NULL,
        request TEXT,
        fingerprint TEXT,
        metadata TEXT NOT NULL,
        cost INTEGER NOT NULL,
        state TEXT NOT NULL,
        charged TEXT,
        owner TEXT,
        slot INTEGER NOT NULL,
        reserved INTEGER NOT NULL,
        spent INTEGER NOT NULL,
        task_id TEXT,
        made_at REAL NOT NULL,
        sent_at REAL,
        accepted_at REAL,
        ended_at REAL,
        balance_before INTEGER,
        balance_after INTEGER,
        error TEXT,
        result TEXT,
        clips TEXT NOT NULL DEFAULT '[]',
        files TEXT NOT NULL DEFAULT '[]',
        PRIMARY KEY (key, attempt)
    );
    CREATE INDEX jobs_owner ON jobs (owner) WHERE owner IS NOT NULL;
    CREATE INDEX jobs_open ON jobs (state)
        WHERE state IN ('submitting', 'pending', 'running');
    CREATE INDEX jobs_task ON jobs (provider, task_id) WHERE task_id IS NOT NULL;
    CREATE TABLE totals (
        slots INTEGER NOT NULL,
        reserved INTEGER NOT NULL,
        spent INTEGER NOT NULL
    );
    INSERT INTO totals VALUES (0, 0, 0);
    """,
    # The totals follow the rows by themselves, so no statement can forget them.
    """
    CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
        UPDATE totals SET slots = slots + new.slot,
            reserved = reserved + new.reserved, spent = spent + new.spent;
    END;
    CREATE TRIGGER jobs_changed AFTER UPDATE OF slot, reserved, spent ON jobs BEGIN
        UPDATE totals SET slots = slots + new.slot - old.slot,
            reserved = reserved + new.reserved - old.reserved,
            spent = spent + new.spent - old.spent;
    END;
    """,
    """
    CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    """,
)

STATES = {*OPEN_STATES, "succeeded", "failed", "cancelled", "unknown"}
# The last purchase under a key; one that was refused unpaid hides none before it.
LAST_ATTEMPT = (
    "attempt = (SELECT coalesce(max(CASE WHEN charged IS NOT 'no' THEN attempt END),"
    " max(attempt)) FROM jobs AS j WHERE j.key = jobs.key)"
)
OPEN = f"state IN {OPEN_STATES!r}"


@final
class SqliteJournal:
    """
    A journal in one file, readable by its owner only, that never holds the API key.

    Intent and task id are on the disk before they count: WAL mode,
    ``synchronous=FULL``, one writer thread that commits together what waits.

    Args:
        path: The file; it is made if it is missing, its folder is not.
        lock_wait_s: How long to wait for another program that keeps it locked.
    """

    def __init__(self, path: str | Path, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        # Whole, so that all who share it mean the same locks beside it, whatever
        # folder they are in, and through whatever link they came.
        self._path = Path(path).expanduser().resolve()
        self._lock_wait_s = lock_wait_s
        self._owner = Owner(self._path)
        self._writer: Writer | None = None
        self._place = (0, 0)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def is_kept(self) -> bool:
        return True

    async def open(self) -> None:
        if self._writer is not None:
            message = f"The journal {self._path} is open already; make one a session."
            raise JournalError(message)
        writer = Writer(self._connect)
        self._owner = Owner(self._path)
        try:
            await writer.start()
            self._owner.acquire()
            found = self._path.stat()
            self._place = (found.st_dev, found.st_ino)
            await writer.call(self._bury)
        except BaseException as error:
            writer.stop_nowait()
            if isinstance(error, (sqlite3.Error, OSError)):
                raise self._error(error) from error
            raise
        self._writer = writer

    async def aclose(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            owner = self._owner
            writer.post(partial(_leave, owner=owner.name, sent=owner.sent))
            await writer.stop()
        finally:
            self._owner.release()
        if writer.failed is not None:
            raise self._error(writer.failed) from writer.failed

    async def admit(self, entries: Sequence[Entry], limits: Limits) -> list[Verdict]:
        def do(db: sqlite3.Connection, dead: set[str]) -> list[Verdict]:
            self._check_place()
            verdicts: list[Verdict] = []
            for entry in entries:
                verdict = _judge(db, entry, limits, self._owner.name)
                if _may_have_died(verdict) and self._reap(db, entry.now, dead):
                    verdict = _judge(db, entry, limits, self._owner.name)
                if isinstance(verdict, Known) and verdict.record.is_open:
                    # It takes its slot again before another is granted one.
                    verdict = _take_up(db, verdict.record, self._owner.name)
                verdicts.append(verdict)
                if isinstance(verdict, Busy):
                    break
            return verdicts

        return await self._reaping(do)

    def note_sent(self, key: str, attempt: int) -> None:
        try:
            self._owner.note_sent((key, attempt))
        except OSError as error:
            raise self._error(error) from error

    def note_unsent(self, key: str, attempt: int) -> None:
        self._owner.note_unsent((key, attempt))

    async def accept(self, key: str, attempt: int, task_id: str, now: float) -> None:
        await self._call(
            partial(
                _accept,
                key=key,
                attempt=attempt,
                task_id=task_id,
                now=now,
                owner=self._owner.name,
            ),
            is_lasting=True,
        )
        # Its row tells by itself from now on.
        self._owner.note_settled((key, attempt))

    def end(self, key: str, attempt: int, ending: Ending) -> None:
        self._post(partial(_end, key=key, attempt=attempt, ending=ending))

    def release(self, key: str, attempt: int) -> None:
        self._post(partial(_release, key=key, attempt=attempt, owner=self._owner.name))

    def attach(self, entry: Entry, task_id: str) -> None:
        self._post(
            partial(_attach, entry=entry, task_id=task_id, owner=self._owner.name)
        )

    def give_up(self, key: str, attempt: int, now: float) -> None:
        self._post(partial(_give_up, key=key, attempt=attempt, now=now))

    def note_balance(self, key: str, attempt: int, balance: int) -> None:
        self._post(
            lambda db: db.execute(
                "UPDATE jobs SET balance_after = ? WHERE key = ? AND attempt = ?"
                " AND state = 'unknown' AND balance_after IS NULL",
                (balance, key, attempt),
            )
        )

    async def recall(self, name: str) -> Any | None:  # noqa: ANN401 - JSON
        def do(db: sqlite3.Connection) -> object:
            row = db.execute("SELECT value FROM kept WHERE name = ?", (name,))
            found = row.fetchone()
            return None if found is None else json.loads(found[0])

        return await self._call(do)

    def keep(self, name: str, value: object) -> None:
        text = _dump(value)

        def do(db: sqlite3.Connection) -> None:
            db.execute("REPLACE INTO kept VALUES (?, ?)", (name, text))

        self._post(do)

    def note_files(self, key: str, attempt: int, files: Sequence[str]) -> None:
        self._post(partial(_note_files, key=key, attempt=attempt, files=files))

    async def find(self, key: str, attempt: int | None = None) -> Record | None:
        if attempt is None:
            found = await self._records(f"key = ? AND {LAST_ATTEMPT}", (key,))
        else:
            found = await self._records("key = ? AND attempt = ?", (key, attempt))
        return found[0] if found else None

    async def find_task(self, provider: str, task_id: str) -> Record | None:
        found = await self._records("provider = ? AND task_id = ?", (provider, task_id))
        return found[-1] if found else None

    async def adopt(self, now: float, key: str | None = None) -> list[Record]:
        def do(db: sqlite3.Connection, dead: set[str]) -> list[Record]:
            self._reap(db, now, dead)
            # A task that is paid for is taken up whatever was bought after it.
            which = (
                f"({OPEN} AND owner IS NULL AND task_id IS NOT NULL"
                f" AND (?1 IS NULL OR {LAST_ATTEMPT})"
                f" OR state = 'unknown' AND {LAST_ATTEMPT})"
                " AND (?1 IS NULL OR key = ?1)"
            )
            records = _select(db, which, (key,))
            db.executemany(
                "UPDATE jobs SET owner = ?, slot = cost > 0"
                f" WHERE key = ? AND attempt = ? AND {OPEN}",
                [(self._owner.name, one.key, one.attempt) for one in records],
            )
            return records

        return await self._reaping(do)

    async def records(self) -> list[Record]:
        return await self._records(f"{LAST_ATTEMPT} OR {OPEN}", ())

    async def spending(
        self, by: Grouping = "operation", tag: str | None = None
    ) -> dict[str, Spending]:
        return await self._call(partial(_spending, by=by, tag=tag))

    async def _records(self, which: str, values: tuple[object, ...]) -> list[Record]:
        return await self._call(partial(_select, which=which, values=values))

    async def _call(
        self, do: Callable[[sqlite3.Connection], R], *, is_lasting: bool = False
    ) -> R:
        try:
            return await self._open_writer().call(do, is_lasting=is_lasting)
        except (sqlite3.Error, OSError, ValueError) as error:
            raise self._error(error) from error

    async def _reaping(self, do: Callable[[sqlite3.Connection, set[str]], R]) -> R:
        """Do what may settle the jobs of the dead; then their words are not needed."""
        dead: set[str] = set()
        result = await self._call(lambda db: do(db, dead))
        for name in dead:
            self._owner.remove(name)
        return result

    def _post(self, do: Callable[[sqlite3.Connection], object]) -> None:
        self._open_writer().post(do)

    def _open_writer(self) -> Writer:
        if self._writer is None:
            message = f"The journal {self._path} is not open."
            raise JournalError(message)
        return self._writer

    def _connect(self) -> sqlite3.Connection:
        """Open the file, in the writer's thread, and bring it up to date."""
        # Made here, not by SQLite, so that it is never readable by others.  A file
        # that is there is not touched: closing it would drop the locks that another
        # connection of this process has on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        db = sqlite3.connect(
            self._path, timeout=self._lock_wait_s, isolation_level=None
        )
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA synchronous = FULL")
            self._upgrade(db)
            self._keep_log(db)
            self._check(db)
        except BaseException:
            db.close()
            raise
        return db

    def _upgrade(self, db: sqlite3.Connection) -> None:
        """Apply the steps that are missing, under a lock that others wait for."""
        # It also tells a file that can only be read from one that can be written.  If
        # anything fails from here on, closing the file takes all of it back.
        db.execute("BEGIN IMMEDIATE")
        for step in STEPS[self._version(db) :]:
            for statement in _statements(step):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(STEPS)}")
        db.execute("COMMIT")

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
                time.sleep(LOOK_AGAIN_S)
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

    def _check(self, db: sqlite3.Connection) -> None:
        """Find damage before it counts: an index that lacks a key buys it again."""
        found: str = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found == "ok":
            sums = "sum(slot), sum(reserved), sum(spent)"
            wrong = db.execute(
                f"SELECT {sums} FROM jobs HAVING count(*) > 0"
                " EXCEPT SELECT slots, reserved, spent FROM totals"
            ).fetchone()
            found = "ok" if wrong is None else "its totals are not those of its jobs"
        if found != "ok":
            raise sqlite3.DatabaseError(found)

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

    def _reap(self, db: sqlite3.Connection, now: float, dead: set[str]) -> int:
        """Settle what sessions that died have left, and give how many jobs it was."""
        gone = {name for name in _owners(db) if not self._owner.is_alive(name)}
        dead |= gone
        return sum(_leave(db, name, self._owner.sent_by(name), now) for name in gone)

    def _bury(self, db: sqlite3.Connection) -> None:
        """Clear away the files of sessions that died without a job of theirs left."""
        self._owner.bury(needed=_owners(db))

    def _error(self, error: BaseException) -> JournalError:
        name = getattr(error, "sqlite_errorname", "")
        found = [words for start, words in _WORDS.items() if name.startswith(start)]
        if isinstance(error, FileNotFoundError):
            found = [f"there is no folder {self._path.parent}; make it first"]
        elif isinstance(error, ValueError):
            found = [f"a row of it can't be read ({error}); it is damaged"]
        elif isinstance(error, OSError):
            found = [f"{error.strerror or error}; check the file's folder and its disk"]
        elif type(error) is sqlite3.DatabaseError and not name:
            found = [f"{_WORDS['SQLITE_CORRUPT']} ({error})"]
        words = found[0] if found else f"{type(error).__name__}: {error}"
        return JournalError(
            f"The journal {self._path} can't be used: {words}. Nothing is sent that"
            " can't be written down."
        )


_WORDS = {
    "SQLITE_BUSY": "another program keeps it locked",
    "SQLITE_LOCKED": "another program keeps it locked",
    "SQLITE_READONLY": "it can't be written; check its permissions",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the disk failed under it, or is full",
    "SQLITE_CORRUPT": "it is damaged; restore it from a copy, or give another path",
    "SQLITE_NOTADB": "it is no SQLite file; give another path",
    "SQLITE_CANTOPEN": "it can't be opened; check that its folder can be written",
}


def _statements(script: str) -> list[str]:
    """Split a script where its statements end; a trigger's body holds semicolons."""
    found, part = [], ""
    for piece in script.split(";"):
        part += piece + ";"
        if sqlite3.complete_statement(part):
            found.append(part)
            part = ""
    return found


def _judge(db: sqlite3.Connection, entry: Entry, limits: Limits, owner: str) -> Verdict:
    known = _select(db, f"key = ? AND {LAST_ATTEMPT}", (entry.key,))
    last = known[0] if known else None
    # What ended unpaid was never bought: the key is as good as new.
    if last is not None and last.charged != "no" and not _is_wanted(entry, last):
        return Known(last)
    slots, reserved, spent = db.execute(
        "SELECT slots, reserved, spent FROM totals"
    ).fetchone()
    most = limits.max_credits
    if most is not None and spent + reserved + entry.cost > most:
        # What nobody follows is given back by nobody, so it is not waited for.
        gone = spent + _stranded(db)
        return OverBudget(gone) if gone + entry.cost > most else Busy()
    if slots >= limits.concurrency:
        return Busy()
    attempt = _next_attempt(db, entry.key)
    _insert(db, entry, attempt, owner=owner, state="submitting", slot=1)
    return Granted(attempt)


def _may_have_died(verdict: Verdict) -> bool:
    """Tell whether it may be otherwise once the dead are reaped."""
    is_open = isinstance(verdict, Known) and verdict.record.is_open
    return is_open or isinstance(verdict, Busy)


def _stranded(db: sqlite3.Connection) -> int:
    """Add up the credits of open jobs that no session follows."""
    found: int = db.execute(
        f"SELECT coalesce(sum(reserved), 0) FROM jobs WHERE {OPEN} AND owner IS NULL"
    ).fetchone()[0]
    return found


def _next_attempt(db: sqlite3.Connection, key: str) -> int:
    found: int = db.execute(
        "SELECT coalesce(max(attempt), 0) + 1 FROM jobs WHERE key = ?", (key,)
    ).fetchone()[0]
    return found


def _is_wanted(entry: Entry, last: Record) -> bool:
    """Tell whether to buy again under a key."""
    # What was unknown may have come home since its owner asked to send it again.
    is_over = not last.is_open and last.state != "succeeded"
    return entry.attempt == last.attempt + 1 and (is_over or entry.is_anew)


def _take_up(db: sqlite3.Connection, record: Record, owner: str) -> Known:
    """Follow an open job, if no session does."""
    taken = db.execute(
        "UPDATE jobs SET owner = ?, slot = cost > 0"
        f" WHERE key = ? AND attempt = ? AND {OPEN}"
        " AND owner IS NULL AND task_id IS NOT NULL",
        (owner, record.key, record.attempt),
    )
    return Known(record, is_taken_up=taken.rowcount > 0)


def _insert(
    db: sqlite3.Connection,
    entry: Entry,
    attempt: int,
    *,
    owner: str,
    state: str,
    slot: int,
    task_id: str | None = None,
) -> None:
    row = {
        "key": entry.key,
        "attempt": attempt,
        "kind": entry.kind,
        "provider": entry.provider,
        "request": None if entry.request is None else _dump(entry.request),
        "fingerprint": entry.fingerprint,
        "metadata": _dump(dict(entry.metadata)),
        "cost": entry.cost,
        "state": state,
        "owner": owner,
        "slot": slot,
        "reserved": entry.cost,
        "spent": 0,
        "task_id": task_id,
        "made_at": entry.made_at,
        "sent_at": entry.now,
        "balance_before": entry.balance,
    }
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    db.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", row)


def _accept(
    db: sqlite3.Connection,
    key: str,
    attempt: int,
    task_id: str,
    now: float,
    owner: str,
) -> None:
    # An unknown job whose task id comes home is open again, and stays paid for.  A
    # callback may have brought the id before the create's own answer does.
    db.execute(
        "UPDATE jobs SET task_id = ?, accepted_at = ?, owner = ?, state = 'pending',"
        " slot = 1, charged = NULL, ended_at = NULL, error = NULL"
        f" WHERE key = ? AND attempt = ? AND ({OPEN} OR state = 'unknown')",
        (task_id, now, owner, key, attempt),
    )


def _end(db: sqlite3.Connection, key: str, attempt: int, ending: Ending) -> None:
    db.execute(
        "UPDATE jobs SET state = :state, charged = :charged, ended_at = :now,"
        " task_id = coalesce(task_id, :task_id), owner = NULL, slot = 0, reserved = 0,"
        " spent = CASE WHEN :is_charged THEN cost ELSE 0 END,"
        " error = :error, result = :result, clips = :clips, balance_after = :balance"
        f" WHERE key = :key AND attempt = :attempt AND {OPEN}"
        # A key that was given to `attach` may be that of another task's job.
        " AND (task_id = :task_id OR :task_id IS NULL"
        " OR task_id IS NULL AND NOT :is_attached)"
        # The id may have come home to another session, which follows it.
        " AND (:state <> 'unknown' OR task_id IS NULL)",
        {
            "task_id": ending.task_id,
            "is_attached": ending.is_attached,
            "state": ending.state,
            "charged": ending.charged,
            "now": ending.now,
            "is_charged": ending.is_charged,
            "error": None if ending.error is None else _dump(ending.error),
            "result": None if ending.result is None else _dump(ending.result),
            "clips": _dump(list(ending.clips)),
            "balance": ending.balance,
            "key": key,
            "attempt": attempt,
        },
    )


def _release(db: sqlite3.Connection, key: str, attempt: int, owner: str) -> None:
    # Another session may follow it too, and goes on.
    db.execute(
        "UPDATE jobs SET owner = NULL, slot = 0"
        " WHERE key = ? AND attempt = ? AND owner = ? AND task_id IS NOT NULL",
        (key, attempt, owner),
    )


def _give_up(db: sqlite3.Connection, key: str, attempt: int, now: float) -> None:
    db.execute(
        "UPDATE jobs SET state = 'cancelled', ended_at = ?"
        " WHERE key = ? AND attempt = ? AND state = 'unknown'",
        (now, key, attempt),
    )


def _owners(db: sqlite3.Connection) -> set[str]:
    found = db.execute("SELECT DISTINCT owner FROM jobs WHERE owner IS NOT NULL")
    return {name for (name,) in found}


def _leave(
    db: sqlite3.Connection,
    owner: str,
    sent: Container[Purchase] | None,
    now: float | None = None,
) -> int:
    """
    Settle the jobs of a session that is gone.

    Those with a task wait for whoever resumes them, and hold their credits but no
    slot.  Those without that were never *sent* cost nothing.  The others may or may
    not be at the service, so they are unknown, and count as paid; so are all if what
    was sent is not known.
    """
    if sent is not None:
        _drop_unsent(db, owner, sent, now)
    db.execute(
        "UPDATE jobs SET state = 'unknown', charged = 'unknown', reserved = 0,"
        " spent = cost, ended_at = coalesce(?, sent_at)"
        " WHERE owner = ? AND state = 'submitting'",
        (now, owner),
    )
    left = db.execute(
        "UPDATE jobs SET owner = NULL, slot = 0 WHERE owner = ?", (owner,)
    )
    return left.rowcount


def _drop_unsent(
    db: sqlite3.Connection, owner: str, sent: Container[Purchase], now: float | None
) -> None:
    waiting = db.execute(
        "SELECT key, attempt FROM jobs WHERE owner = ? AND state = 'submitting'",
        (owner,),
    )
    unsent = [one for one in map(tuple, waiting) if one not in sent]
    db.executemany(
        "UPDATE jobs SET state = 'failed', charged = 'no', error = ?, reserved = 0,"
        " ended_at = coalesce(?, sent_at), sent_at = NULL"
        " WHERE key = ? AND attempt = ?",
        [(_dump(NEVER_SENT), now, *one) for one in unsent],
    )


def _attach(db: sqlite3.Connection, entry: Entry, task_id: str, owner: str) -> None:
    known = _select(db, "key = ?", (entry.key,)) or _select(
        db, "provider = ? AND task_id = ?", (entry.provider, task_id)
    )
    if not known:
        _insert(db, entry, 1, owner=owner, state="pending", slot=0, task_id=task_id)


def _note_files(
    db: sqlite3.Connection, key: str, attempt: int, files: Sequence[str]
) -> None:
    row = db.execute(
        "SELECT files FROM jobs WHERE key = ? AND attempt = ?", (key, attempt)
    ).fetchone()
    if row is not None:
        known = json.loads(row["files"])
        known += [file for file in files if file not in known]
        db.execute(
            "UPDATE jobs SET files = ? WHERE key = ? AND attempt = ?",
            (_dump(known), key, attempt),
        )


def _select(
    db: sqlite3.Connection, which: str, values: tuple[object, ...]
) -> list[Record]:
    rows = db.execute(
        f"SELECT * FROM jobs WHERE {which} ORDER BY made_at, rowid",
        values,
    )
    return [_record(row) for row in rows]


def _record(row: sqlite3.Row) -> Record:
    if row["state"] not in STATES:
        message = f"state is {row['state']!r}"
        raise ValueError(message)
    same = (
        "key attempt kind provider fingerprint cost state charged task_id made_at"
        " sent_at accepted_at ended_at balance_before balance_after"
    )
    plain = {name: row[name] for name in same.split()}
    packed = ("request", "metadata", "error", "result", "clips", "files")
    unpacked = {name: row[name] and json.loads(row[name]) for name in packed}
    return Record(**plain, **unpacked, is_followed=row["owner"] is not None)


def _spending(
    db: sqlite3.Connection, by: Grouping, tag: str | None
) -> dict[str, Spending]:
    headings = {
        "operation": "kind",
        "day": "date(coalesce(sent_at, made_at), 'unixepoch')",
    }
    # A path of json_extract can't hold every name, nor find it spelt otherwise.
    tagged = "(SELECT value FROM json_each(metadata) WHERE json_each.key = :tag)"
    heading = headings[by] if tag is None else tagged
    rows = db.execute(
        f"SELECT coalesce(CAST({heading} AS TEXT), '') AS heading,"
        " count(*) AS jobs, sum(spent) AS spent,"
        " sum(reserved) AS reserved FROM jobs WHERE spent + reserved > 0"
        " GROUP BY heading ORDER BY heading",
        {"tag": tag},
    )
    return {
        row["heading"]: Spending(
            jobs=row["jobs"], credits=row["spent"], reserved=row["reserved"]
        )
        for row in rows
    }


def _dump(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, which JSON can spell and UTF-8 can't.
        return json.dumps(value)
    return text
