"""One thread writes what waits together, and what can't be written is told."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aiomusic.journal._writer import MAX_TOGETHER, Writer

pytestmark = pytest.mark.anyio

Do = Callable[[sqlite3.Connection], object]


class File:
    """A table of words, and how often it was committed to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "words.db"
        self.commits = 0
        with contextlib.closing(self.connect()) as db:
            db.execute("CREATE TABLE words (word TEXT PRIMARY KEY)")

    def connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, timeout=0)
        db.set_trace_callback(self.count)
        return db

    def count(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    def words(self) -> list[str]:
        with contextlib.closing(self.connect()) as db:
            found = db.execute("SELECT word FROM words ORDER BY rowid")
            return [word for (word,) in found]

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        with contextlib.closing(self.connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path)


def add(word: str) -> Do:
    return lambda db: db.execute("INSERT INTO words VALUES (?)", (word,)).rowcount


def hold(gate: threading.Event) -> Do:
    return lambda _: gate.wait(10)


async def test_what_waits_is_committed_together(file: File) -> None:
    """A hundred calls that come while one is written cost one more sync."""
    writer = Writer(file.connect)
    await writer.start()
    gate = threading.Event()
    first = asyncio.ensure_future(writer.call(hold(gate)))
    await asyncio.sleep(0)
    calls = [asyncio.ensure_future(writer.call(add(f"{n}"))) for n in range(100)]
    await asyncio.sleep(0)

    gate.set()
    await asyncio.gather(first, *calls)

    assert 2 >= file.commits
    assert [f"{n}" for n in range(100)] == file.words()
    await writer.stop()


async def test_a_batch_has_an_end(file: File) -> None:
    """However much waits, nobody's answer waits for more than so much."""
    writer = Writer(file.connect)
    count = 2 * MAX_TOGETHER + 1
    for number in range(count):
        writer.post(add(f"{number}"))

    await writer.start()
    await writer.stop()

    assert 3 == file.commits
    assert count == len(file.words())


@pytest.mark.parametrize(("words", "wrong"), [("abac", 2), ("aa", 1)])
async def test_work_that_fails_is_undone_alone(
    file: File, words: str, wrong: int
) -> None:
    """Those around it are written, in order, and it alone hears of it."""
    writer = Writer(file.connect)
    calls = [asyncio.ensure_future(writer.call(add(word))) for word in words]
    await asyncio.sleep(0)

    await writer.start()
    found = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(found.pop(wrong), sqlite3.IntegrityError)
    assert [1] * len(set(words)) == found
    assert sorted(set(words)) == file.words()
    await writer.stop()


async def test_what_is_written_beside_work_that_fails_is_no_failure(
    file: File,
) -> None:
    """Who posted it is not told at the end that it was lost."""
    writer = Writer(file.connect)
    writer.post(add("a"))
    call = asyncio.ensure_future(writer.call(add("a")))
    await asyncio.sleep(0)

    await writer.start()
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        await call
    await writer.stop()

    assert (["a"], None) == (file.words(), writer.failed)


async def test_what_has_nothing_to_write_writes_nothing(file: File) -> None:
    """A lock that another holds is not waited for in vain."""
    writer = Writer(file.connect)

    await writer.start()
    await writer.stop()

    assert 0 == file.commits


LEAVER = """
import asyncio, sqlite3
from aiomusic.journal._writer import Writer

async def main():
    await Writer(lambda: sqlite3.connect(":memory:")).start()

asyncio.run(main())
"""


def test_a_session_that_is_never_left_does_not_keep_its_process() -> None:
    """The thread ends with the program that forgot it."""
    with subprocess.Popen([sys.executable, "-c", LEAVER]) as process:
        try:
            assert 0 == process.wait(10)
        finally:
            process.kill()


async def test_any_mistake_is_raised_where_it_is_waited_for(file: File) -> None:
    """The thread goes on after it."""

    def wrong(_: sqlite3.Connection) -> None:
        raise KeyError("wrong")

    writer = Writer(file.connect)
    await writer.start()

    with pytest.raises(KeyError, match="wrong"):
        await writer.call(wrong)

    assert 1 == await writer.call(add("a"))
    await writer.stop()


async def test_what_nobody_waits_for_is_told_when_it_stops(file: File) -> None:
    """A post that is wrong in itself is not tried again."""
    writer = Writer(file.connect)
    await writer.start()
    for word in ("a", "a", "b"):
        writer.post(add(word))

    await writer.stop()

    assert isinstance(writer.failed, sqlite3.IntegrityError)
    assert ["a", "b"] == file.words()


async def test_a_lock_fails_all_that_waits_at_once_and_posts_are_kept(
    file: File,
) -> None:
    """Each alone would wait for the lock again; what has happened is written later."""
    writer = Writer(file.connect)
    await writer.start()
    with file.locked():
        writer.post(add("posted"))
        kept = writer.call(add("kept"), is_lasting=True)
        found = await asyncio.gather(
            writer.call(add("lost")), kept, return_exceptions=True
        )

    assert ["SQLITE_BUSY"] * 2 == [getattr(e, "sqlite_errorname", "") for e in found]
    assert [] == file.words()
    assert 1 == await writer.call(add("next"))
    assert ["posted", "kept", "next"] == file.words()
    await writer.stop()
    assert writer.failed is None


@pytest.mark.slow
async def test_what_is_kept_is_written_once_the_lock_is_gone(file: File) -> None:
    """Nothing needs to come after it, and nobody needs to leave."""
    writer = Writer(file.connect)
    await writer.start()
    written = asyncio.Event()
    with file.locked():
        writer.post(add("posted"), lambda _: written.set())
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await writer.call(add("lost"))
        assert not written.is_set()

    async with asyncio.timeout(10):
        await written.wait()

    assert ["posted"] == file.words()
    await writer.stop()
    assert writer.failed is None


@pytest.mark.slow
async def test_what_is_tried_again_waits_for_no_lock(file: File) -> None:
    """Who comes meanwhile waits for the lock as long as it said, not twice that."""
    waits: list[str] = []
    tried = threading.Event()

    def connect() -> sqlite3.Connection:
        db = file.connect()
        db.execute("PRAGMA busy_timeout = 50")
        db.set_trace_callback(trace)
        return db

    def trace(statement: str) -> None:
        waits.append(statement)
        if statement == "PRAGMA busy_timeout = 50":
            tried.set()

    writer = Writer(connect)
    await writer.start()
    with file.locked():
        writer.post(add("posted"))
        assert await asyncio.to_thread(tried.wait, 10)
    assert 1 == await writer.call(add("next"))

    at = waits.index("PRAGMA busy_timeout = 0")
    assert ["BEGIN IMMEDIATE"] == waits[at + 1 : at + 2]
    assert ["posted", "next"] == file.words()
    await writer.stop()


async def test_what_follows_a_commit_follows_none_that_failed(file: File) -> None:
    """It would tell of what is not on the disk."""
    writer = Writer(file.connect)
    await writer.start()
    told: list[object] = []

    writer.post(add("a"), told.append)
    writer.post(add("a"), told.append)
    assert 1 == await writer.call(add("b"), then=told.append)

    assert [1, 1] == told
    await writer.stop()
    assert isinstance(writer.failed, sqlite3.IntegrityError)


async def test_what_is_kept_is_written_when_it_stops(file: File) -> None:
    """Nothing needs to come after it."""
    writer = Writer(file.connect)
    await writer.start()
    with file.locked(), pytest.raises(sqlite3.OperationalError, match="locked"):
        await writer.call(add("kept"), is_lasting=True)

    await writer.stop()

    assert ["kept"] == file.words()


async def test_what_could_never_be_written_is_told_when_it_stops(file: File) -> None:
    """The journal turns it into an error."""
    writer = Writer(file.connect)
    await writer.start()
    with file.locked():
        writer.post(add("posted"))
        await writer.stop()

    assert "SQLITE_BUSY" == getattr(writer.failed, "sqlite_errorname", "")


async def test_a_call_whose_waiter_is_gone_is_done_all_the_same(file: File) -> None:
    """Cancelling who waits does not take back what was ordered."""
    writer = Writer(file.connect)
    await writer.start()
    gate = threading.Event()
    first = asyncio.ensure_future(writer.call(hold(gate)))
    second = asyncio.ensure_future(writer.call(add("a")))
    await asyncio.sleep(0)
    second.cancel()
    gate.set()
    await first
    await writer.stop()

    assert second.cancelled()
    assert ["a"] == file.words()


async def test_who_waits_beside_one_that_is_gone_still_hears(file: File) -> None:
    """One waiter that was cancelled keeps no answer from the others."""
    writer = Writer(file.connect)
    await writer.start()
    gate = threading.Event()
    calls = [asyncio.ensure_future(writer.call(hold(gate)))]
    calls += [asyncio.ensure_future(writer.call(add(word))) for word in "abc"]
    await asyncio.sleep(0)
    calls[1].cancel()

    gate.set()
    await writer.stop()

    assert [True] * 4 == [call.done() for call in calls]
    assert calls[1].cancelled()
    assert [1, 1] == [call.result() for call in calls[2:]]


async def test_a_database_that_cannot_be_opened_is_told_at_the_start() -> None:
    """And its thread is gone."""

    def connect() -> sqlite3.Connection:
        raise OSError(13, "no")

    writer = Writer(connect)

    with pytest.raises(OSError, match="no"):
        await writer.start()

    await writer.stop()
    assert not writer._thread.is_alive()


def test_a_loop_that_is_closed_is_no_matter(file: File) -> None:
    """A session that was never left does not hang or warn."""

    async def start() -> Writer:
        writer = Writer(file.connect)
        await writer.start()
        return writer

    writer = asyncio.run(start())
    writer.post(add("a"))
    writer.stop_nowait()
    writer._thread.join(10)

    assert ["a"] == file.words()
