"""A journal that can't be trusted is said so, and nothing is bought past it."""

import asyncio
import contextlib
import os
import random
import resource
import shutil
import sqlite3
import stat
import sys
import tempfile
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from journaling import (
    FAST,
    NO_LIMITS,
    crash,
    ending,
    entry,
    rows,
    sqlite_journal,
    totals,
)

from aiomusic import JobState, JournalError, MusicError, MusicSession
from aiomusic.emulator import Emulator
from aiomusic.journal import Damaged, Granted, Limits, OverBudget, Wanted
from aiomusic.journal.liveness import SessionLock
from aiomusic.journal.schema import STEPS
from aiomusic.journal.sqlite import SqliteJournal
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

JOBS = 40
SECRET = "whsec-very-secret"


def session(api: Emulator, path: Path, **options: object) -> MusicSession:
    given = {
        "api_key": api.key,
        "base_url": api.url,
        "clock": AutojumpClock(),
        "journal": SqliteJournal(path, lock_wait_s=0.0),
    }
    return MusicSession(**{**given, **options})  # type: ignore[arg-type]


async def fill(path: Path) -> SqliteJournal:
    """Write jobs in every state, and leave the journal open."""
    journal = SqliteJournal(path)
    await journal.open()
    for start in range(0, JOBS, 8):
        numbers = range(start, start + 8)
        entries = [entry(f"key-{n}", metadata={"n": n}) for n in numbers]
        await journal.admit(entries, NO_LIMITS)
        await asyncio.gather(
            *(journal.accept(f"key-{n}", 1, f"t-{n}", 102.0) for n in numbers if n % 4)
        )
        for number in numbers:
            if number % 4 > 1:
                clips = [{"clip_id": f"clip-{number}"}]
                journal.end(f"key-{number}", 1, ending(clips=clips))
    await journal.records()
    return journal


async def buys_nothing(api: Emulator, path: Path, match: str) -> None:
    with pytest.raises(JournalError, match=match) as caught:
        async with session(api, path) as music:
            await music.riffusion.create("rain")
    assert str(path) in str(caught.value)
    assert "no" == caught.value.charged
    assert 0 == api.submissions


async def test_a_file_that_is_not_sqlite_is_left_alone(
    api: Emulator, tmp_path: Path
) -> None:
    """It may be a list of songs that somebody wrote by hand."""
    path = tmp_path / "songs.db"
    path.write_text("Paper Boats\n" * 1_000)

    await buys_nothing(api, path, "it is no SQLite file; give another path")

    assert "Paper Boats\n" * 1_000 == path.read_text()


@pytest.mark.parametrize("version", [0, 1, 99])
async def test_a_database_of_another_program_is_left_alone(
    api: Emulator, tmp_path: Path, version: int
) -> None:
    """Not a table is added to it."""
    path = tmp_path / "songs.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
        db.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()

    await buys_nothing(api, path, "is a SQLite file of another program.*another path")

    assert before == path.read_bytes()


async def test_a_newer_journal_is_left_alone(api: Emulator, tmp_path: Path) -> None:
    """It says which step it is at, and to upgrade."""
    path = tmp_path / "songs.db"
    await (await fill(path)).aclose()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {len(STEPS) + 1}")

    newer = rf"newer aiomusic \(step {len(STEPS) + 1}.*Upgrade aiomusic"
    await buys_nothing(api, path, newer)

    assert JOBS == len(rows(path))


@pytest.mark.parametrize("steps", range(len(STEPS)))
async def test_an_older_journal_is_brought_up_to_date(
    tmp_path: Path, steps: int
) -> None:
    """Whichever step it stopped at, the missing ones are applied."""
    made = sqlite_journal(tmp_path)
    await made.open()
    await made.aclose()
    expected = schema(made.path)
    path = tmp_path / "old.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        for step in STEPS[:steps]:
            db.executescript(step)
        if steps:
            db.execute(f"PRAGMA application_id = {int.from_bytes(b'aiom')}")
        db.execute(f"PRAGMA user_version = {steps}")

    old = SqliteJournal(path)
    await old.open()

    assert [Granted(1)] == await old.admit([entry("a")], NO_LIMITS)
    await old.aclose()
    assert expected == schema(path)
    assert len(STEPS) == connect_pragma(path, "user_version")


async def test_another_that_reads_while_the_log_is_begun_is_waited_for(
    tmp_path: Path,
) -> None:
    """SQLite would give up at once, as when many make one journal together."""
    path = tmp_path / "songs.db"
    tries: list[str] = []
    with (
        contextlib.closing(sqlite3.connect(path)) as reader,
        contextlib.closing(sqlite3.connect(path, timeout=0)) as db,
    ):
        reader.executescript("CREATE TABLE words (word); BEGIN")
        reader.execute("SELECT * FROM words").fetchall()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            SqliteJournal(path, lock_wait_s=0.0)._keep_log(db)

        def trace(statement: str) -> None:
            tries.append(statement)
            if len(tries) == 3:
                reader.rollback()

        db.set_trace_callback(trace)
        SqliteJournal(path)._keep_log(db)

        assert ("wal",) == db.execute("PRAGMA journal_mode").fetchone()
    assert ["PRAGMA journal_mode = WAL"] * 3 == tries[:3]


async def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Half of its steps would keep every later try from the rest."""
    path = tmp_path / "songs.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(f"{STEPS[0]} CREATE TABLE kept (odd TEXT)")
        db.execute(f"PRAGMA application_id = {int.from_bytes(b'aiom')}")
        db.execute("PRAGMA user_version = 1")
    before = schema(path)

    with pytest.raises(JournalError, match="table kept already exists"):
        await SqliteJournal(path).open()

    assert (before, 1) == (schema(path), connect_pragma(path, "user_version"))


def connect_pragma(path: Path, name: str) -> int:
    with contextlib.closing(sqlite3.connect(path)) as db:
        found = db.execute(f"PRAGMA {name}").fetchone()[0]
        assert isinstance(found, int)
        return found


def schema(path: Path) -> list[object]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(
            "SELECT name, sql FROM sqlite_master ORDER BY name"
        ).fetchall()


@contextlib.contextmanager
def locked(path: Path, how: str = "EXCLUSIVE") -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"BEGIN {how}")
        yield


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
async def test_a_locked_journal_is_said_to_be_locked(
    api: Emulator, tmp_path: Path, mode: str
) -> None:
    """Whoever locks it, and in whatever mode it is."""
    path = tmp_path / "songs.db"
    await (await fill(path)).aclose()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA journal_mode = {mode}")

    with locked(path):
        await buys_nothing(api, path, "another program keeps it locked")

    async with session(api, path) as music:
        assert 2 == len(await music.riffusion.create("rain"))


async def test_a_journal_that_is_locked_later_stops_what_is_not_yet_sent(
    api: Emulator, tmp_path: Path
) -> None:
    """The error costs nothing, and the session goes on once the lock is gone."""
    path = tmp_path / "songs.db"
    async with session(api, path) as music:
        with locked(path):
            for _ in range(2):
                with pytest.raises(JournalError, match="keeps it locked.*Nothing is"):
                    await music.riffusion.create("rain")
            assert 0 == api.submissions

        assert 2 == len(await music.riffusion.create("rain"))

    assert 1 == api.submissions


async def test_a_journal_that_fails_after_the_create_does_not_lose_the_task(
    api: Emulator, tmp_path: Path
) -> None:
    """The job ends with its clips, and is written down once that can be done."""
    path = tmp_path / "songs.db"
    async with session(api, path) as music:
        job = music.riffusion.create("rain", key="k")
        await reach(job, JobState.SUBMITTING)
        with locked(path):
            clips = await job
            assert ("submitting", None) == (
                rows(path)["k", 1]["state"],
                rows(path)["k", 1]["task_id"],
            )
        await music.jobs()

        row = rows(path)["k", 1]

    assert 2 == len(clips)
    assert ("succeeded", job.task_id, 0) == (row["state"], row["task_id"], row["slot"])
    assert (0, 0, 10) == totals(path)


async def test_a_task_that_could_not_be_written_is_named_when_the_session_is_left(
    api: Emulator, tmp_path: Path
) -> None:
    """The error holds its id; the row is unknown, counted as paid, and not resent."""
    path = tmp_path / "songs.db"
    music = session(api, path, on_exit="detach", clock=None, poll_every_s=1_000)
    await music.__aenter__()
    job = music.riffusion.create("rain", key="k")
    await reach(job, JobState.SUBMITTING)
    with locked(path):
        await reach(job, JobState.PENDING)
        with pytest.raises(JournalError, match="keeps it locked"):
            await music.__aexit__(None, None, None)

    with pytest.raises(MusicError, match=r"music\.attach\('riffusion'") as caught:
        await job
    async with session(api, path) as music:
        [unknown] = await music.resume()

        assert (job.task_id, "yes") == (caught.value.task_id, caught.value.charged)
        assert ("k", JobState.UNKNOWN) == (unknown.key, unknown.state)
        assert 10 == (await music.spending())["riffusion.create"].credits
    assert 1 == api.submissions


async def reach(job: object, state: JobState) -> None:
    async for update in job.updates():  # type: ignore[attr-defined]
        if update.state is state:
            return


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Be a user without rights for a while; root may write what is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody can reach."""
    folder = Path(tempfile.mkdtemp(dir=FAST))
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX")
async def test_a_read_only_file_is_said_so(api: Emulator, public: Path) -> None:
    """It is found when it is opened, not when the first song was sent."""
    path = public / "songs.db"
    await (await fill(path)).aclose()
    path.chmod(0o444)

    with nobody():
        await buys_nothing(api, path, "can't be written; check its permissions")


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX")
async def test_a_file_that_cannot_be_read_is_said_so(
    api: Emulator, public: Path
) -> None:
    """Somebody else's journal is nobody's business."""
    path = public / "songs.db"
    await (await fill(path)).aclose()
    os.chown(path, os.getuid(), -1)
    path.chmod(0o000)

    with nobody():
        await buys_nothing(api, path, "can't be opened; check")


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX")
@pytest.mark.parametrize("is_there", [True, False], ids=["file", "no file"])
async def test_a_read_only_folder_is_said_so(
    api: Emulator, public: Path, *, is_there: bool
) -> None:
    """SQLite needs to write beside the file, and so do the locks."""
    path = public / "songs.db"
    if is_there:
        await (await fill(path)).aclose()
        path.chmod(0o666)
    public.chmod(0o555)

    with nobody():
        await buys_nothing(api, path, "can't be.*check")


async def test_a_missing_folder_is_one_clear_sentence(
    api: Emulator, tmp_path: Path
) -> None:
    """It names the folder that is to be made."""
    path = tmp_path / "nowhere" / "songs.db"

    await buys_nothing(api, path, f"there is no folder {path.parent}; make it first")


async def test_a_folder_is_no_journal(api: Emulator, tmp_path: Path) -> None:
    """A path that is a folder is named as such."""
    path = tmp_path / "songs.db"
    path.mkdir()

    await buys_nothing(api, path, "can't be (used|opened)")


@contextlib.contextmanager
def no_file_above(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(sys.platform != "linux", reason="limits are POSIX")
@pytest.mark.parametrize("room_bytes", [0, 5_000, 12_000, 20_000, 50_000])
async def test_a_full_disk_stops_what_it_cannot_write_down(
    api: Emulator, tmp_path: Path, room_bytes: int
) -> None:
    """What was sent is in the journal, and so is how it ended."""
    path = tmp_path / "songs.db"
    async with session(api, path, concurrency=1) as music:
        await music.riffusion.create("rain")
        size_bytes = Path(f"{path}-wal").stat().st_size
        with no_file_above(size_bytes + room_bytes):
            jobs = [music.riffusion.create("rain") for _ in range(6)]
            for job in jobs:
                with contextlib.suppress(MusicError):
                    await job
        stopped = [job for job in jobs if isinstance(job.error, JournalError)]
        await music.riffusion.create("rain")
        await music.jobs()
        found = rows(path)

    # What waited was written down too, and is not sent by whoever resumes it.
    sent = [row for row in found.values() if row["state"] != "cancelled"]
    assert api.submissions == len(sent) == 8 - len(stopped)
    assert stopped if room_bytes < 50_000 else True
    assert {"succeeded"} == {row["state"] for row in sent}
    assert all(row["task_id"] for row in sent)
    for job in stopped:
        assert "disk" in str(job.error)
    assert (0, 0, api.charged) == totals(path)


@pytest.mark.skipif(sys.platform != "linux", reason="limits are POSIX")
def test_a_create_of_which_only_half_could_be_noted_is_kept_back(
    tmp_path: Path,
) -> None:
    """A disk may take some of what is written, and no more."""
    owner = SessionLock(tmp_path / "songs.db")
    owner.acquire()
    size_bytes = owner._path(owner.name).stat().st_size

    with (
        no_file_above(size_bytes + 5),
        pytest.raises(OSError, match="the disk is full"),
    ):
        owner.note_sent(("a", 1))

    assert not owner.is_sent(owner.name, ("a", 1))
    owner.release()


@pytest.mark.parametrize("where", ["header", "schema", *range(30)])
async def test_a_damaged_file_is_a_clear_error_or_no_loss(
    api: Emulator, tmp_path: Path, where: int | str
) -> None:
    """Never a crash, and never a create that is not written down."""
    path = tmp_path / "songs.db"
    await (await fill(path)).aclose()
    data = bytearray(path.read_bytes())
    rng = random.Random(str(where))
    anywhere = rng.randrange(len(data) - 64)
    start = {"header": 16, "schema": 110}.get(str(where), anywhere)
    data[start : start + 64] = rng.randbytes(64)
    path.write_bytes(data)

    bought, error = await use(api, path)

    assert api.submissions == bought
    # A row may read well and still tell nonsense, as of a task that never was.
    words = {f"The journal {path} can't be used: ", f"{path} ", "task"}
    assert error is None or any(word in error for word in words)


async def use(api: Emulator, path: Path) -> tuple[int, str | None]:
    """Do all that reads and writes; give what was bought, and what went wrong."""
    bought = 0
    try:
        async with session(api, path) as music:
            known = {one.key for one in await music.jobs()}
            await music.riffusion.create("rain", key="new")
            bought = len({one.key for one in await music.jobs()} - known)
            await music.resume()
            await music.spending()
    except MusicError as error:
        return bought, str(error)
    return bought, None


@pytest.mark.parametrize("seed", range(20))
async def test_a_log_torn_by_power_loss_is_recovered(tmp_path: Path, seed: int) -> None:
    """What was synced before the tear is there, in order, and the sums are right."""
    rng = random.Random(seed)
    journal = await fill(tmp_path / "songs.db")
    torn = tmp_path / "torn"
    torn.mkdir()
    path, log = torn / "songs.db", torn / "songs.db-wal"
    shutil.copy(tmp_path / "songs.db", path)
    data = bytearray((tmp_path / "songs.db-wal").read_bytes())
    await crash(journal)
    at = rng.randrange(32, len(data))
    if seed % 2:
        del data[at:]
    else:
        data[at : at + 100] = rng.randbytes(100)
    log.write_bytes(data)
    if seed % 3 == 0:
        Path(f"{path}-shm").write_bytes(rng.randbytes(32_768))

    again = SqliteJournal(path)
    await again.open()

    kept = [record.key for record in await again.records()]
    assert [f"key-{n}" for n in range(len(kept))] == kept
    await again.claim(200.0)
    assert [Granted(1)] == await again.admit([entry("new")], NO_LIMITS)
    await again.aclose()
    found = rows(path).values()
    names = ("slot", "reserved", "spent")
    assert tuple(sum(row[name] for row in found) for name in names) == totals(path)
    assert "submitting" not in {row["state"] for row in found}


async def test_every_commit_is_synced(tmp_path: Path) -> None:
    """Power loss can't be tested here, but what guards against it can."""
    journal = sqlite_journal(tmp_path)
    await journal.open()
    assert journal._writer is not None

    def settings(db: sqlite3.Connection) -> list[object]:
        asked = ("PRAGMA synchronous", "PRAGMA journal_mode")
        return [db.execute(one).fetchone()[0] for one in asked]

    assert [2, "wal"] == await journal._writer.call(settings)
    await journal.aclose()


async def test_a_log_that_is_gone_loses_no_more_than_it_held(tmp_path: Path) -> None:
    """A file that was copied without its log opens when it is told to."""
    journal = await fill(tmp_path / "songs.db")
    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "songs.db", copy)
    await journal.aclose()
    again = SqliteJournal(copy)
    with pytest.raises(JournalError, match="make an empty file of that name"):
        await again.open()
    copy.with_name("copy.db-wal").touch()

    await again.open()

    assert {record.key for record in await again.records()} <= {
        f"key-{n}" for n in range(JOBS)
    }
    await again.aclose()


async def test_totals_that_were_tampered_with_are_found(
    api: Emulator, tmp_path: Path
) -> None:
    """They are the ceiling; a wrong one is not spent against."""
    path = tmp_path / "songs.db"
    await (await fill(path)).aclose()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE totals SET spent = 0")

    await buys_nothing(api, path, "damaged.*totals are not those of its jobs")


@pytest.mark.parametrize(
    ("column", "value"),
    [("result", '{"Persona": {"odd": 1}}'), ("clips", '[{"odd": 1}]')],
    ids=["result", "clips"],
)
async def test_a_result_that_cannot_be_read_is_said_so_and_not_bought_again(
    api: Emulator, tmp_path: Path, column: str, value: str
) -> None:
    """The job was paid for, so whoever asks for it again gets an error."""
    path = tmp_path / "songs.db"
    async with session(api, path) as music:
        await music.riffusion.create("rain", key="k")
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE jobs SET {column} = ?", (value,))

    async with session(api, path) as music:
        job = music.riffusion.create("rain", key="k")
        with pytest.raises(JournalError, match="not bought again") as caught:
            await job

    assert "unknown" == caught.value.charged
    assert isinstance(caught.value.__cause__, ValueError)
    assert (JobState.FAILED, 1) == (job.state, api.submissions)


DEEP = "[" * 100_000
LONG = "o" * 300
# What each column of a row may hold instead, by whatever wrote it.
WRONG: dict[str, tuple[str, object]] = {
    "key is bytes": ("key", b"\xff\0k"),
    "attempt is text": ("attempt", "first"),
    "attempt is negative": ("attempt", -1),
    "kind is bytes": ("kind", b"suno.create"),
    "provider is bytes": ("provider", b"\xff"),
    "fingerprint is bytes": ("fingerprint", b"f"),
    "metadata is a list": ("metadata", "[1]"),
    "metadata is deep": ("metadata", DEEP),
    "metadata is cut": ("metadata", '{"a":'),
    "cost is text": ("cost", "ten"),
    "cost is negative": ("cost", -1),
    "state is odd": ("state", "odd"),
    "state is bytes": ("state", b"pending"),
    "charged is odd": ("charged", "maybe"),
    "owner is bytes": ("owner", b"\0" * 40),
    "slot is text": ("slot", "s"),
    "slot until is text": ("slot_until", "tomorrow"),
    "lease is text": ("lease_s", "long"),
    "reserved is text": ("reserved", "r"),
    "spent is negative": ("spent", -1),
    "task is bytes": ("task_id", b"t"),
    "made at is text": ("made_at", "yesterday"),
    "made at has no end": ("made_at", float("inf")),
    "sent at is far": ("sent_at", 1e300),
    "accepted at is text": ("accepted_at", "noon"),
    "ended at is bytes": ("ended_at", b"1"),
    "balance is text": ("balance_before", "rich"),
    "balance is a fraction": ("balance_after", 0.5),
    "error is a list": ("error", "[]"),
    "error is deep": ("error", DEEP),
    "result is cut": ("result", "{"),
    "clips are one": ("clips", "{}"),
    "clips are deep": ("clips", DEEP),
    "files are a number": ("files", "7"),
    "clips are bytes": ("clips", b"[]"),
    "clips are cut off": ("clips", b"x\x9c"),
    "error has no end": ("error", zlib.compress(b" " * 2**22 + b"{}")),
}


async def planted(path: Path, column: str, value: object) -> SqliteJournal:
    """Return an open journal of three rows, the middle one with a wrong value."""
    journal = SqliteJournal(path)
    await journal.open()
    await journal.admit([entry(key) for key in ("a", "bad", "c")], NO_LIMITS)
    for key in ("a", "bad", "c"):
        await journal.accept(key, 1, f"t-{key}", 102.0)
        journal.release(key, 1)
    await journal.records()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE jobs SET {column} = ? WHERE key = 'bad'", (value,))
    return journal


@pytest.mark.parametrize(("column", "value"), WRONG.values(), ids=WRONG.keys())
async def test_one_row_that_cannot_be_is_named_and_spoils_no_other(
    tmp_path: Path, column: str, value: object
) -> None:
    """It is not guessed whether it may be bought again, nor what it tells."""
    journal = await planted(tmp_path / "songs.db", column, value)
    key = "bad" if column != "key" else str(value)

    listed = await journal.records()
    newest = await journal.records(Wanted(limit=10))
    [verdict] = await journal.admit([entry("bad", now=103.0)], NO_LIMITS)
    claimed = await journal.claim(104.0)

    # A list leaves out what came of a job.
    for found in (listed, newest) if column not in {"clips", "result"} else ():
        assert {"a", key, "c"} == {one.key for one in found}
        [bad] = [one for one in found if one.damage is not None]
        assert (key, "unknown", False) == (bad.key, bad.state, bad.is_open)
        assert f"{column} " in (bad.damage or "")
    assert {"a", "c"} == {one.key for one in claimed if one.damage is None}
    if column != "key":
        assert isinstance(verdict, Damaged)
        assert "job 'bad'" in verdict.why
        with pytest.raises(JournalError, match=f"row of job 'bad'.*{column} .*damaged"):
            await journal.find("bad")
    await journal.spending()
    await journal.spending(tag="n")
    with contextlib.suppress(JournalError):
        await journal.aclose()
    with contextlib.closing(sqlite3.connect(journal.path)) as db:
        kept = db.execute(f"SELECT {column} FROM jobs").fetchall()
    assert (value,) in kept


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("request", "[]"),
        ("request", DEEP),
        ("request", "{"),
        ("provider", "nobody"),
        ("owner", LONG),
        ("owner", "\0"),
        ("owner", "../../etc"),
    ],
)
async def test_a_row_that_can_be_followed_is_no_damage(
    tmp_path: Path, column: str, value: object
) -> None:
    """A task is paid for, whatever it was asked with; no session has such a name."""
    journal = await planted(tmp_path / "songs.db", column, value)

    found = await journal.claim(104.0)

    assert [("a", None), ("bad", None), ("c", None)] == [
        (one.key, one.damage) for one in found
    ]
    assert {"a", "bad", "c"} == {one.key for one in await journal.records()}
    assert await journal.find("bad") is not None
    await journal.aclose()


async def test_text_that_is_no_utf_8_spoils_no_other_row(tmp_path: Path) -> None:
    """SQLite would refuse to give any row of the list."""
    journal = await planted(tmp_path / "songs.db", "kind", b"x")
    with contextlib.closing(sqlite3.connect(journal.path)) as db, db:
        db.execute("UPDATE jobs SET kind = CAST(x'ff41' AS TEXT) WHERE key = 'bad'")

    assert ["suno.create", "\ufffdA", "suno.create"] == [
        one.kind for one in await journal.records()
    ]
    await journal.aclose()


async def test_a_session_settles_what_the_dead_left_beside_a_damaged_row(
    tmp_path: Path,
) -> None:
    """Their slots are waited for, and one row must not keep them all."""
    path = tmp_path / "songs.db"
    died, living = SqliteJournal(path), SqliteJournal(path)
    await died.open()
    await living.open()
    await died.admit([entry("bad"), entry("a")], NO_LIMITS)
    await crash(died)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE jobs SET state = 'odd' WHERE key = 'bad'")

    found = await living.admit([entry("b")], Limits(concurrency=2))

    assert [Granted(1)] == found
    assert "queued" == rows(path)["a", 1]["state"]
    await living.aclose()


@pytest.mark.parametrize("slots", [2**62, 5e9, float("inf"), 1_000])
async def test_slots_that_no_purchase_holds_are_not_waited_for(
    api: Emulator, tmp_path: Path, slots: float
) -> None:
    """They are never freed: a create says which row is damaged."""
    path = tmp_path / "songs.db"
    await (await planted(path, "slot", slots)).aclose()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE jobs SET slot_until = NULL")

    async with session(api, path) as music:
        with pytest.raises(JournalError, match="job 'bad'.*slot is .*nothing was sent"):
            await music.riffusion.create("rain")

    assert 0 == api.submissions


@pytest.mark.parametrize(("column", "value"), [("task_id", b"t"), ("cost", -1)])
async def test_a_damaged_row_does_not_end_a_session_that_waits_for_slots(
    api: Emulator, tmp_path: Path, column: str, value: object
) -> None:
    """It looks for tasks that nobody follows, and one of them can't be."""
    path = tmp_path / "songs.db"
    journal = await planted(path, column, value)
    await journal.aclose()

    async with session(api, path, concurrency=1) as music:
        job = music.riffusion.create("rain")
        async for _ in job.updates():
            break
        await music.resume()
        job.cancel()


HUGE = 2**63


@pytest.mark.parametrize("balance", [HUGE, -1, -HUGE - 1, 10**400])
async def test_a_balance_that_no_number_can_hold_is_not_known(
    tmp_path: Path, balance: int
) -> None:
    """It is evidence alone, and keeps no job from being sent or ended."""
    journal = sqlite_journal(tmp_path)
    await journal.open()

    assert [Granted(1)] == await journal.admit([entry("a", balance=balance)], NO_LIMITS)
    await journal.note_sent("a", 1)
    await journal.settle("a", 1, ending("unknown", "unknown", balance=balance))
    journal.note_balance("a", 1, balance)

    found = await journal.find("a")
    known = -1 if balance == -1 else None
    assert found is not None
    assert (known, known) == (found.balance_before, found.balance_after)
    assert 10 == (await journal.spending())["suno.create"].credits
    await journal.aclose()


@pytest.mark.parametrize("cost", [-1, HUGE, 10**400])
async def test_a_cost_that_no_number_can_hold_is_refused(
    tmp_path: Path, cost: int
) -> None:
    """Nothing is written, so nothing is sent."""
    journal = sqlite_journal(tmp_path)
    await journal.open()

    with pytest.raises(JournalError, match=f"job 'a': its cost is {cost} credits"):
        await journal.admit([entry("a", cost=cost)], NO_LIMITS)

    assert [] == await journal.records()
    assert [Granted(1)] == await journal.admit([entry("a")], NO_LIMITS)
    await journal.aclose()


@pytest.mark.parametrize("made_at", [float("nan"), float("inf"), 1e300])
async def test_a_time_that_is_none_is_a_clear_error(
    tmp_path: Path, made_at: float
) -> None:
    """Whichever clock it came from."""
    journal = sqlite_journal(tmp_path)
    await journal.open()

    with pytest.raises(JournalError, match="job 'a': it was made at (nan|inf|1e.300)"):
        await journal.admit([entry("a", made_at=made_at)], NO_LIMITS)

    assert [] == await journal.records()
    await journal.aclose()


async def test_sums_that_no_number_can_hold_are_an_error_of_the_journal(
    tmp_path: Path,
) -> None:
    """A planted row may hold more credits than there are."""
    journal = await planted(tmp_path / "songs.db", "spent", HUGE - 1)
    with contextlib.closing(sqlite3.connect(journal.path)) as db, db:
        db.execute(f"UPDATE jobs SET spent = {HUGE - 1}")

    with pytest.raises(JournalError, match="overflow"):
        await journal.spending()
    limits = Limits(concurrency=9, max_credits=100)
    [verdict] = await journal.admit([entry("d")], limits)

    assert isinstance(verdict, OverBudget)
    await journal.aclose()


CALLS: dict[str, Callable[[SqliteJournal], object]] = {
    "ask": lambda journal: journal.records(),
    "admit": lambda journal: journal.admit([entry("a")], NO_LIMITS),
    "accept": lambda journal: journal.accept("a", 1, "t", 102.0),
    "note sent": lambda journal: journal.note_sent("a", 1),
    "end": lambda journal: journal.end("a", 1, ending()),
    "release": lambda journal: journal.release("a", 1),
    "attach": lambda journal: journal.attach(entry("a"), "t"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
async def test_a_journal_that_is_not_open_says_so(
    tmp_path: Path, call: Callable[[SqliteJournal], object]
) -> None:
    """Nothing can be asked of it, before or after."""
    journal = SqliteJournal(tmp_path / "songs.db")

    for _ in range(2):
        with pytest.raises(JournalError, match="is not open|own file is closed"):
            await waited(call(journal))
        await journal.open()
        await journal.aclose()


async def test_a_journal_is_for_one_session_at_a_time(tmp_path: Path) -> None:
    """Two that shared one would close it for each other."""
    journal = SqliteJournal(tmp_path / "songs.db")
    await journal.open()

    with pytest.raises(JournalError, match="open already; make one a session"):
        await journal.open()

    assert [] == await journal.records()
    await journal.aclose()


async def test_what_could_not_be_left_can_be_taken_up_when_it_is_opened_again(
    tmp_path: Path,
) -> None:
    """The session that held it is gone, though its journal could not be told."""
    path = tmp_path / "songs.db"
    journal = SqliteJournal(path, lock_wait_s=0.0)
    await journal.open()
    await journal.admit([entry("a")], NO_LIMITS)
    await journal.accept("a", 1, "t-a", 102.0)
    with locked(path), pytest.raises(JournalError, match="keeps it locked"):
        await journal.aclose()

    await journal.open()

    assert ["a"] == [record.key for record in await journal.claim(103.0)]
    await journal.aclose()


async def test_a_task_id_that_could_not_be_written_is_written_with_what_comes_next(
    tmp_path: Path,
) -> None:
    """It is told at once that it is not on the disk, and is not forgotten."""
    path = tmp_path / "songs.db"
    journal = SqliteJournal(path, lock_wait_s=0.0)
    await journal.open()
    await journal.admit([entry("a")], NO_LIMITS)
    with locked(path), pytest.raises(JournalError, match="keeps it locked"):
        await journal.accept("a", 1, "t-a", 102.0)

    await journal.recall("whatever")

    assert ("pending", "t-a") == (
        rows(path)["a", 1]["state"],
        rows(path)["a", 1]["task_id"],
    )
    await journal.aclose()


async def test_a_journal_that_fails_to_open_leaves_nothing_running(
    tmp_path: Path,
) -> None:
    """Its name leaves no room for that of the lock beside it."""
    journal = SqliteJournal(tmp_path / f"{'a' * 230}.db")
    before = threading.active_count()

    with pytest.raises(JournalError, match="name too long"):
        await journal.open()

    for thread in threading.enumerate():
        if thread.name == "aiomusic-journal":
            thread.join(10)
    assert before == threading.active_count()


async def waited(called: object) -> None:
    if isinstance(called, Awaitable):
        await called


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX")
@pytest.mark.parametrize("mode", [0o666, 0o640, 0o604])
async def test_a_journal_that_others_can_read_is_taken_from_them(
    tmp_path: Path, mode: int
) -> None:
    """Whoever made it: a copy, a restored backup, an older program."""
    path = tmp_path / "songs.db"
    await crash(await fill(path))
    for one in tmp_path.glob("songs.db*"):
        one.chmod(mode)

    journal = SqliteJournal(path)
    await journal.open()

    files = [path, Path(f"{path}-wal"), Path(f"{path}-shm")]
    assert [0o600] * 3 == [stat.S_IMODE(one.stat().st_mode) for one in files]
    await journal.aclose()


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX")
async def test_a_file_that_is_no_journal_stays_as_readable_as_it_was(
    tmp_path: Path,
) -> None:
    """It is another program's, and was left as it is."""
    path = tmp_path / "recipes.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    path.chmod(0o644)

    with pytest.raises(JournalError, match="another program"):
        await SqliteJournal(path).open()

    assert 0o644 == stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs two users")
async def test_a_journal_of_another_user_is_used_and_told_to_be_readable(
    public: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk without permissions, as of a camera, keeps no song from being made."""
    path = public / "songs.db"
    await (await fill(path)).aclose()
    path.chmod(0o666)

    with nobody():
        journal = SqliteJournal(path)
        await journal.open()
        assert JOBS == len(await journal.records())
        await journal.aclose()

    assert f"others can read the journal {path}" in caplog.text


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX")
@pytest.mark.parametrize(
    "name", ["songs.db", "my songs.db", "größe 🎵.db", "a'b?c#d%20.db", ":memory:"]
)
async def test_the_files_are_for_their_owner_and_hold_no_secret(
    api: Emulator, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the API key, nor the webhook secret, in any file, under any name."""
    monkeypatch.chdir(tmp_path)
    before = os.umask(0)
    key, secret = api.key, SECRET
    try:
        async with session(
            api,
            Path(name),
            webhook_url="http://127.0.0.1:9/hooks",
            webhook_secret=secret,
        ) as music:
            await music.suno.create("rain", metadata={"n": 1})
            api.fault("status", status=401, on="create", body=f"bad key {key}")
            with pytest.raises(MusicError, match="401"):
                await music.suno.create("rain")
            files = {path.name: path for path in tmp_path.iterdir()}
            modes = {stat.S_IMODE(path.stat().st_mode) for path in files.values()}
            held = b"".join(path.read_bytes() for path in files.values())
    finally:
        os.umask(before)

    assert {name, f"{name}-wal", f"{name}-shm"} < set(files)
    assert {0o600} == modes
    assert b"rain" in held
    assert key.encode() not in held
    assert secret.encode() not in held
    assert [name] == [path.name for path in tmp_path.iterdir()]
