"""Who is alive is known by who holds a lock, from any folder and by any path."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from journaling import NO_LIMITS, crash, ending, entry, rows

from aiomusic.errors import JournalError
from aiomusic.journal import Granted, KnownKey, Limits, NoCapacity
from aiomusic.journal.liveness import SessionLock
from aiomusic.journal.sqlite import SqliteJournal

if os.name != "nt":
    import fcntl

pytestmark = pytest.mark.anyio

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="no start of the machine is told from the next"
)


def test_an_owner_is_alive_until_it_is_gone(tmp_path: Path) -> None:
    """Another can tell, and nothing is left on the disk."""
    one, other = SessionLock(tmp_path / "songs.db"), SessionLock(tmp_path / "songs.db")
    one.acquire()
    other.acquire()

    assert [True, True] == [other.is_alive(one.name), other.is_alive(other.name)]
    one.release()
    assert not other.is_alive(one.name)
    other.release()
    assert [] == list(tmp_path.iterdir())


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    """However it ended; what it left is cleared away."""
    code = (
        "import os, sys; from pathlib import Path;"
        "from aiomusic.journal.liveness import SessionLock;"
        "o = SessionLock(Path(sys.argv[1])); o.acquire();"
        "print(o.name, flush=True); os.kill(os.getpid(), 9)"
    )
    path = tmp_path / "songs.db"

    ended = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert -9 == ended.returncode
    assert 1 == len(list(tmp_path.iterdir()))
    assert not SessionLock(path).is_alive(ended.stdout.strip())
    SessionLock(path).clean_up()
    assert [] == list(tmp_path.iterdir())


FORKER = """
import os, signal, sys
from pathlib import Path
from aiomusic.journal.liveness import SessionLock

owner = SessionLock(Path(sys.argv[1]))
owner.acquire()
reader, writer = os.pipe()
if os.fork() == 0:
    owner.release()
    os.write(writer, b"forked")
    sys.stdin.read()
    os._exit(0)
os.read(reader, 6)
print(owner.name, flush=True)
signal.pause()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes fork on POSIX only")
def test_a_child_neither_ends_its_parents_life_nor_prolongs_it(tmp_path: Path) -> None:
    """A fork holds the same file open, and may outlive the session it came from."""
    path = tmp_path / "songs.db"
    with subprocess.Popen(
        [sys.executable, "-c", FORKER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        name = parent.stdout.readline().strip()
        was_alive = SessionLock(path).is_alive(name)

        parent.kill()
        parent.wait()
        is_alive = SessionLock(path).is_alive(name)

    assert (True, False) == (was_alive, is_alive)


@pytest.mark.skipif(os.name == "nt", reason="its file is named before it is locked")
def test_a_session_is_not_cleared_away_before_it_is_locked(tmp_path: Path) -> None:
    """Another may open the journal at the very moment that its file is made."""
    one, other = SessionLock(tmp_path / "songs.db"), SessionLock(tmp_path / "songs.db")
    made: list[Path] = []

    def clean_up(_frame: object, event: str, called: object) -> None:
        if event == "c_call" and getattr(called, "__name__", "") == "flock":
            sys.setprofile(None)
            made.extend(tmp_path.iterdir())
            other.clean_up()

    sys.setprofile(clean_up)
    try:
        one.acquire()
    finally:
        sys.setprofile(None)

    assert (1, True) == (len(made), other.is_alive(one.name))
    one.release()


def test_what_was_killed_as_it_came_alive_is_cleared_away(tmp_path: Path) -> None:
    """A minute later: until then it may be about to lock its file."""
    old, new = (tmp_path / f"songs.db-owner-{c * 32}-young" for c in "ab")
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))

    SessionLock(tmp_path / "songs.db").clean_up()

    assert [new] == list(tmp_path.iterdir())


def test_an_owner_whose_file_is_gone_can_be_released(tmp_path: Path) -> None:
    """Somebody may have tidied the folder under a session that lives."""
    owner = SessionLock(tmp_path / "songs.db")
    owner.acquire()
    owner._path(owner.name).unlink()

    owner.release()

    assert [] == list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="locks are told apart by flock")
@pytest.mark.parametrize("answer", [None, OSError(38, "Function not implemented")])
async def test_a_disk_whose_locks_do_not_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: OSError | None
) -> None:
    """Some grant every lock, some none: the living would look dead, and be robbed."""

    def flock(_file: object, _how: int) -> None:
        if answer is not None:
            raise answer

    monkeypatch.setattr(fcntl, "flock", flock)
    journal = SqliteJournal(tmp_path / "songs.db")
    words = "grants the same lock twice.*keep the journal on a local disk"

    with pytest.raises(JournalError, match=words if answer is None else "not impl"):
        await journal.open()

    assert [] == list(tmp_path.glob("*-owner-*"))
    monkeypatch.undo()
    await journal.open()
    await journal.aclose()


@linux
async def test_a_journal_that_is_left_in_a_hurry_keeps_its_marks(
    tmp_path: Path,
) -> None:
    """What it sent is unknown and what it did not is held, as its own record tells."""
    path = tmp_path / "songs.db"
    left, other = SqliteJournal(path, lock_wait_s=0.0), SqliteJournal(path)
    await left.open()
    await left.admit([entry("sent"), entry("unsent")], NO_LIMITS)
    await left.note_sent("sent", 1)
    await other.open()

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="keeps it locked"):
            await left.aclose()
        assert 2 == len(list(tmp_path.glob("songs.db-owner-*")))
    await other.claim(200.0)

    assert {"sent": "unknown", "unsent": "queued"} == {
        key: row["state"] for (key, _), row in rows(path).items()
    }
    assert 1 == len(list(tmp_path.glob("songs.db-owner-*")))
    await other.aclose()


@linux
async def test_a_journal_whose_leaving_is_cancelled_keeps_its_marks(
    tmp_path: Path,
) -> None:
    """Its thread may still be waiting for the lock when nobody waits for it."""
    path = tmp_path / "songs.db"
    left, other = SqliteJournal(path), SqliteJournal(path)
    await left.open()
    await left.admit([entry("sent"), entry("unsent")], NO_LIMITS)
    await left.note_sent("sent", 1)
    writer = left._writer
    assert writer is not None

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        leaving = asyncio.ensure_future(left.aclose())
        while left._writer is not None:
            await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert 1 == len(list(tmp_path.glob("songs.db-owner-*")))
        db.execute("ROLLBACK")
    await asyncio.to_thread(writer._thread.join)

    await other.open()
    assert {"sent": "unknown", "unsent": "queued"} == {
        one.key: one.state for one in await other.records()
    }
    await other.aclose()
    assert ["songs.db"] == [found.name for found in tmp_path.iterdir()]


async def test_a_session_that_opens_clears_away_the_dead(tmp_path: Path) -> None:
    """A crash that left no job leaves no file for ever; the living keep theirs."""
    path = tmp_path / "songs.db"
    died, living, opened = (SqliteJournal(path) for _ in range(3))
    await died.open()
    await living.open()
    await crash(died)

    await opened.open()

    left = {found.name for found in tmp_path.glob("songs.db-owner-*")}
    names = [one._lock.name for one in (living, opened)]
    assert {f"songs.db-owner-{name}" for name in names} == left
    await living.aclose()
    await opened.aclose()


@pytest.mark.parametrize(
    "name",
    [
        "songs.db-owner-notes",
        f"songs.db-owner-{'a-' * 16}",
        f"songs.db-owner-{'a' * 32}-young",
        f"other.db-owner-{'a' * 32}",
        "a" * 32,
    ],
)
def test_only_what_a_session_left_is_cleared_away(tmp_path: Path, name: str) -> None:
    """A file that merely looks alike is somebody's."""
    (tmp_path / name).touch()
    owner = SessionLock(tmp_path / "songs.db")

    owner.acquire()
    owner.clean_up()
    owner.release()

    assert [name] == [found.name for found in tmp_path.iterdir()]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users")
def test_a_lock_that_cannot_be_looked_at_is_alive(tmp_path: Path) -> None:
    """Another user's session is not robbed of its jobs."""
    tmp_path.chmod(0o755)
    one = SessionLock(tmp_path / "songs.db")
    one.acquire()
    one._path(one.name).chmod(0o000)
    folders = [tmp_path, *tmp_path.parents]
    modes = [folder.stat().st_mode for folder in folders]
    for folder in folders:
        folder.chmod(0o755)

    os.seteuid(65534)
    try:
        is_alive = SessionLock(tmp_path / "songs.db").is_alive(one.name)
    finally:
        os.seteuid(0)
        for folder, mode in zip(folders, modes, strict=True):
            folder.chmod(mode)

    assert is_alive
    one.release()


async def test_the_living_are_known_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path means the same after the process has moved."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    one, other = SqliteJournal("songs.db"), SqliteJournal(tmp_path / "songs.db")
    await one.open()
    await other.open()
    await other.admit([entry("a")], Limits(concurrency=1))

    monkeypatch.chdir(tmp_path / "elsewhere")

    assert [NoCapacity()] == await one.admit([entry("b")], Limits(concurrency=1))
    assert "submitting" == rows(tmp_path / "songs.db")["a", 1]["state"]
    await one.aclose()
    await other.aclose()


async def test_the_living_are_known_through_a_link(tmp_path: Path) -> None:
    """Two names of one file are one journal."""
    (tmp_path / "songs.db").touch(0o600)
    (tmp_path / "link.db").symlink_to(tmp_path / "songs.db")
    one = SqliteJournal(tmp_path / "songs.db")
    other = SqliteJournal(tmp_path / "link.db")
    await one.open()
    await other.open()
    await other.admit([entry("a")], Limits(concurrency=1))

    assert [NoCapacity()] == await one.admit([entry("b")], Limits(concurrency=1))
    await one.aclose()
    await other.aclose()


async def test_the_dead_give_their_slots_back_when_one_is_needed(
    tmp_path: Path,
) -> None:
    """What they had not sent is held; what they had sent is in flight for a while."""
    path = tmp_path / "songs.db"
    one, other = SqliteJournal(path), SqliteJournal(path)
    await one.open()
    await other.open()
    limits = Limits(concurrency=3)
    await one.admit([entry("sent"), entry("running"), entry("unsent")], limits)
    await one.note_sent("sent", 1)
    await one.accept("running", 1, "t", 102.0)
    await crash(one)

    found = await other.admit([entry("a"), entry("b")], limits)

    assert [Granted(1), NoCapacity()] == found
    assert 1 == len(list(tmp_path.glob("songs.db-owner-*")))
    states = {key: row["state"] for (key, _), row in rows(path).items()}
    assert {
        "sent": "unknown",
        "running": "pending",
        "unsent": "queued",
        "a": "submitting",
    } == states
    await other.aclose()


def last_words(path: Path) -> tuple[SessionLock, Path]:
    """Return a session that has just died, having sent one create of three."""
    owner = SessionLock(path)
    owner.acquire()
    owner.note_sent(("a", 1))
    owner.note_sent(("a", 2))
    owner.note_sent(("größe\u2028", 1))
    owner.clear(("a", 1))
    owner.clear(("größe\u2028", 1))
    assert owner._file is not None
    owner._file.close()
    return owner, path.with_name(f"songs.db-owner-{owner.name}")


MARKED = [("a", 1), ("a", 2), ("größe\u2028", 1), ("b", 1)]


def sent_by(name: str, path: Path) -> list[tuple[str, int]]:
    """Return which purchases may have been sent by a session that is gone."""
    lock = SessionLock(path)
    return [one for one in MARKED if lock.is_sent(name, one)]


@linux
def test_what_the_dead_had_sent_is_known(tmp_path: Path) -> None:
    """What was refused, or never left, is not among it."""
    died, _ = last_words(tmp_path / "songs.db")

    assert [("a", 2)] == sent_by(died.name, tmp_path / "songs.db")


@linux
@pytest.mark.parametrize(
    ("start", "end", "new"),
    [
        (0, 64, b"another start of the machine".ljust(64, b"\0")),
        (0, 64, bytes(64)),
        (0, None, b""),
        (10, None, b""),
    ],
    ids=["reboot", "no start", "empty", "torn"],
)
def test_marks_that_cannot_be_trusted_tell_nothing(
    tmp_path: Path, start: int, end: int | None, new: bytes
) -> None:
    """Whatever may have been lost may have been sent."""
    died, file = last_words(tmp_path / "songs.db")
    data = bytearray(file.read_bytes())
    data[start:end] = new
    file.write_bytes(data)

    assert MARKED == sent_by(died.name, tmp_path / "songs.db")


def test_marks_that_are_gone_tell_nothing(tmp_path: Path) -> None:
    """A file that somebody removed may have named any create."""
    assert MARKED == sent_by("a" * 32, tmp_path / "songs.db")


@linux
def test_a_mark_takes_the_place_of_one_that_was_cleared(tmp_path: Path) -> None:
    """The file is as long as what was ever on its way at once."""
    owner = SessionLock(tmp_path / "songs.db")
    owner.acquire()
    for number in range(100):
        owner.note_sent((f"{number}", 1))
        owner.note_sent((f"{number}", 1))
        owner.clear((f"{number}", 1))
    owner.note_sent(("a", 1))
    owner.note_sent(("b", 1))
    owner.clear(("a", 1))
    owner.note_sent(("a", 2))

    size_bytes = owner._path(owner.name).stat().st_size
    owner.forget()

    assert 64 + 2 * 16 == size_bytes
    assert [("a", 2), ("b", 1)] == sent_by(owner.name, tmp_path / "songs.db")


@linux
async def test_a_session_does_not_remember_all_that_it_ever_sent(
    tmp_path: Path,
) -> None:
    """A batch of a million runs in bounded memory; the row tells once it has a task."""
    journal = SqliteJournal(tmp_path / "songs.db")
    await journal.open()
    await journal.admit([entry("a"), entry("b")], NO_LIMITS)
    await journal.note_sent("a", 1)
    await journal.note_sent("b", 1)
    await journal.accept("a", 1, "t", 105.0)

    assert {("b", 1)} == set(journal._lock._places)
    await journal.aclose()


@linux
async def test_the_end_of_anothers_task_clears_no_mark(tmp_path: Path) -> None:
    """A task that was attached may be given the key of a create on its way."""
    path = tmp_path / "songs.db"
    journal, other = SqliteJournal(path), SqliteJournal(path)
    await journal.open()
    await other.open()
    await journal.admit([entry("a")], NO_LIMITS)
    await journal.note_sent("a", 1)
    journal.attach(entry("x", cost=0), "t-x")
    journal.end("a", 1, ending(task_id="t-x"))
    await journal.recall("whatever")
    await crash(journal)

    await other.claim(200.0)

    assert {"a": "unknown", "x": "succeeded"} == {
        key: row["state"] for (key, _), row in rows(path).items()
    }
    await other.aclose()


async def test_a_create_that_cannot_be_noted_is_not_sent(tmp_path: Path) -> None:
    """A disk that is full says so before anything leaves."""
    journal = SqliteJournal(tmp_path / "songs.db")
    await journal.open()
    await journal.admit([entry("a")], NO_LIMITS)
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - closed below
    file, journal._lock._file = journal._lock._file, full

    with pytest.raises(JournalError, match="No space left on device; check .* disk"):
        await journal.note_sent("a", 1)

    full.close()
    journal._lock._file = file
    await journal.aclose()
    assert "queued" == rows(tmp_path / "songs.db")["a", 1]["state"]


async def test_a_child_of_a_session_can_send_nothing_in_its_name(
    tmp_path: Path,
) -> None:
    """What a fork would note goes to nobody, so it must not be sent."""
    owner = SessionLock(tmp_path / "songs.db")
    owner.acquire()

    owner.forget()

    with pytest.raises(OSError, match="closed"):
        owner.note_sent(("a", 1))
    assert not owner.is_sent(owner.name, ("a", 1))


async def test_a_known_job_of_the_dead_keeps_its_slot_from_the_next(
    tmp_path: Path,
) -> None:
    """Who asks for it follows it, so it is in flight still."""
    path = tmp_path / "songs.db"
    one, other = SqliteJournal(path), SqliteJournal(path)
    await one.open()
    await other.open()
    await one.admit([entry("a")], NO_LIMITS)
    await one.accept("a", 1, "t-a", 102.0)
    await crash(one)

    found = await other.admit([entry("a"), entry("b")], Limits(concurrency=1))

    assert [KnownKey, NoCapacity] == [type(verdict) for verdict in found]
    await other.aclose()


CLOSER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("SELECT count(*) FROM jobs").fetchone()
db.close()
"""


async def test_opening_it_twice_in_a_process_drops_no_lock(tmp_path: Path) -> None:
    """Another program that closes the file must not take the log from under us."""
    path = tmp_path / "songs.db"
    one, other = SqliteJournal(path), SqliteJournal(path)
    await one.open()
    await one.admit([entry("a")], NO_LIMITS)
    await other.open()
    await other.aclose()

    subprocess.run([sys.executable, "-c", CLOSER, str(path)], check=True)

    assert Path(f"{path}-wal").exists()
    await one.admit([entry("b")], NO_LIMITS)
    await one.aclose()
    assert {("a", 1), ("b", 1)} == set(rows(path))


async def test_many_sessions_can_make_one_journal_at_once(tmp_path: Path) -> None:
    """Who comes second sees what the first has made of the file, not what it was."""
    for number in range(10):
        journals = [SqliteJournal(tmp_path / f"{number}.db") for _ in range(8)]

        await asyncio.gather(*(journal.open() for journal in journals))

        await asyncio.gather(*(journal.aclose() for journal in journals))

        left = {path.name for path in tmp_path.glob(f"{number}.db*")}
        assert left == {f"{number}.db"}


OPENER = """
import asyncio, sys
from aiomusic.journal.sqlite import SqliteJournal

async def main():
    journal = SqliteJournal(sys.argv[1])
    sys.stdin.read()
    await journal.open()
    await journal.aclose()

asyncio.run(main())
"""


@pytest.mark.slow
async def test_many_can_make_one_journal_at_once(tmp_path: Path) -> None:
    """The first to come makes it, the others find it made."""
    path = tmp_path / "songs.db"
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(path)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]

    for opener in openers:
        assert opener.stdin is not None
    threads = [threading.Thread(target=opener.communicate) for opener in openers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [0] * 6 == [opener.returncode for opener in openers]
    assert ["songs.db"] == [found.name for found in tmp_path.iterdir()]
