"""Lists: limits and filters are the database's work, and no list keeps a writer out."""

import asyncio
import contextlib
import threading
from pathlib import Path

import journaling
import pg_server
import pytest
from journaling import NO_LIMITS, entry, over

from aiomusic.journal import Granted, Identity, Journal, Wanted, listing
from aiomusic.journal.listing import PAGE_KEYS, PAGE_ROWS
from aiomusic.journal.postgres import PostgresReader
from aiomusic.journal.programs import Program
from aiomusic.journal.reader import SqliteReader
from aiomusic.journal.sql_syntax import SQLITE
from aiomusic.journal.sqlite import SqliteJournal

pytestmark = pytest.mark.anyio

# Long enough that a file holds them compressed.
CLIPS = [{"clip_id": f"c-{n}", "lyrics": "paper boats\n" * 40} for n in (1, 2)]
OURS = Identity(base_url="https://api.sunoapi.com", key="sk-listing-ours")
THEIRS = Identity(base_url="https://api.sunoapi.com", key="sk-listing-theirs")
TAGS = {"album": "blue", "n": 7, "hit": True, "none": None, "rate": 0.5}
TAGS |= {"said": 'a "b"', "back": "a\\b", "där": "größe"}


async def fill(journal: Journal) -> None:
    """Write down a job in each state, a second apart, the last of them still queued."""
    keys = ["done", "lost", "bad", "open", "unsent"]
    entries = [
        entry(key, made_at=100.0 + at, metadata=TAGS if key == "done" else {"n": 8})
        for at, key in enumerate(keys)
    ]
    await journal.admit(entries, NO_LIMITS)
    await journal.note_sent("lost", 1)
    await over(journal, "done", clips=CLIPS, result={"any": "thing"})
    await over(journal, "lost", charged="unknown", state="unknown")
    await over(journal, "bad", charged="refunded", state="failed")
    await journal.accept("open", 1, "t-open", 105.0)
    journal.enqueue([entry("waits", made_at=105.0)])


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        pytest.param(Wanted(), "done lost bad open unsent waits", id="all"),
        pytest.param(Wanted(states=["open"]), "open unsent waits", id="open"),
        pytest.param(Wanted(states=["queued"]), "waits", id="queued"),
        pytest.param(Wanted(states=["unknown", "failed"]), "lost bad", id="two"),
        pytest.param(
            Wanted(states=["unknown", "open"], limit=3), "open unsent waits", id="few"
        ),
        pytest.param(Wanted(states=["succeeded"]), "done", id="over"),
        pytest.param(Wanted(made_after=103.0), "open unsent waits", id="since"),
        pytest.param(Wanted(limit=2), "unsent waits", id="limit"),
        pytest.param(Wanted(limit=0), "", id="none"),
        pytest.param(Wanted(limit=10**30), "done lost bad open unsent waits", id="big"),
        pytest.param(Wanted(tags={"album": "blue"}), "done", id="tag"),
        pytest.param(Wanted(tags={"n": "7", "hit": "true"}), "done", id="two tags"),
        pytest.param(Wanted(tags={"none": "null", "rate": "0.5"}), "done", id="odd"),
        pytest.param(Wanted(tags={"album": "blue", "n": "8"}), "", id="not both"),
        pytest.param(Wanted(tags={"said": 'a "b"'}), "done", id="quoted"),
        pytest.param(Wanted(tags={"back": "a\\b"}), "done", id="escaped"),
        pytest.param(Wanted(tags={"där": "größe"}), "done", id="not ASCII"),
        pytest.param(Wanted(tags={"' OR 1 --": "x"}), "", id="no SQL"),
        pytest.param(Wanted(clips=["c-2", "x"]), "done", id="clip"),
        pytest.param(Wanted(clips=["x"], limit=1), "", id="no such clip"),
        pytest.param(Wanted(clips=[]), "", id="no clips"),
        pytest.param(Wanted(clips=["c-1"], states=["failed"]), "", id="clip, state"),
        pytest.param(Wanted(states=["no such"]), "", id="no such state"),
    ],
)
async def test_a_list_holds_what_is_wanted(
    kept: Journal, wanted: Wanted, keys: str
) -> None:
    """The newest of them, oldest first."""
    await fill(kept)

    assert keys.split() == [one.key for one in await kept.records(wanted)]


async def test_a_list_counts_clips_and_one_job_has_them(kept: Journal) -> None:
    """What came of ten thousand songs fits in no memory."""
    await fill(kept)

    listed = (await kept.records())[0]
    whole = await kept.find("done")

    assert (2, (), None) == (listed.clip_count, listed.raw_clips, listed.raw_result)
    assert whole is not None
    assert (2, CLIPS, {"any": "thing"}) == (
        whole.clip_count,
        whole.raw_clips,
        whole.raw_result,
    )


async def test_a_list_of_many_pages_holds_each_job_once(kept: Journal) -> None:
    """Also where many were made at the same moment."""
    keys = [f"k-{n}" for n in range(3 * PAGE_ROWS)]
    made = {key: float(n // 40) for n, key in enumerate(keys)}
    await kept.admit([entry(key, made_at=at) for key, at in made.items()], NO_LIMITS)

    every = [one.key for one in await kept.records()]
    newest = [one.key for one in await kept.records(Wanted(limit=PAGE_ROWS + 1))]

    assert keys == every
    assert keys[-PAGE_ROWS - 1 :] == newest


async def test_a_task_is_written_down_while_a_list_is_read(tmp_path: Path) -> None:
    """However long the list takes: whoever reads holds no lock that a writer needs."""
    journal = SqliteJournal(tmp_path / "songs.db", lock_wait_s=0.0)
    await journal.open()
    await journal.admit([entry("a")], NO_LIMITS)
    is_reading, is_written = threading.Event(), threading.Event()

    def slow() -> Program[list[str]]:
        rows = yield ("SELECT key, task_id FROM jobs", {})
        is_reading.set()
        is_written.wait(30)
        rows = [*rows, *(yield ("SELECT key, task_id FROM jobs", {}))]
        return [f"{row['key']} {row['task_id']}" for row in rows]

    listing = asyncio.create_task(SqliteReader(journal.path).run(slow))
    await asyncio.to_thread(is_reading.wait, 30)
    await journal.accept("a", 1, "t-a", 105.0)
    assert [Granted(1)] == await journal.admit([entry("b")], NO_LIMITS)
    is_written.set()

    # It tells of one moment.
    assert ["a None", "a None"] == await listing
    assert ["t-a", None] == [one.task_id for one in await journal.records()]
    await journal.aclose()


async def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    """It needs no lock, no session and no file beside the journal's own."""
    journal = SqliteJournal(tmp_path / "songs.db")
    await journal.open()
    await fill(journal)
    await journal.aclose()
    before = journal.path.read_bytes()
    reader = SqliteReader(journal.path)

    assert await reader.is_current()
    assert 6 == len(await reader.records())
    assert ["done"] == await reader.find_near("don")
    assert "succeeded" == getattr(await reader.find("done"), "state", None)
    assert ["bad", "done", "lost"] == await reader.neighbours(["done"])
    assert 3 == (await reader.spending())["suno.create"].jobs

    assert before == journal.path.read_bytes()


def reader_of(
    name: str, folder: Path, whose: Identity
) -> SqliteReader | PostgresReader:
    if name == "sqlite":
        return SqliteReader(journaling.sqlite_journal(folder).path, identity=whose)
    return PostgresReader.at(pg_server.running().url(folder), whose)


@pytest.mark.parametrize("name", journaling.params({"sqlite": 1, "postgres": 1}))
async def test_keys_that_were_bought_are_found_in_few_queries(
    tmp_path: Path, name: str
) -> None:
    """Of one's own account alone; what is queued or was refused is not bought."""
    journal = journaling.KEPT[name](tmp_path)
    await journal.open(OURS)
    await fill(journal)
    await journal.admit([entry("unpaid", made_at=107.0)], NO_LIMITS)
    await over(journal, "unpaid", charged="no", state="failed")
    await journal.aclose()
    many = [f"new-{n}" for n in range(3 * PAGE_KEYS)]
    keys = [*many, "done", "lost", "bad", "open", "unsent", "waits", "unpaid", "'"]

    ours = await reader_of(name, tmp_path, OURS).bought(keys)
    theirs = await reader_of(name, tmp_path, THEIRS).bought(keys)

    assert {"done", "lost", "bad", "open"} == ours
    assert set() == theirs


def test_many_keys_are_looked_up_together() -> None:
    """So a batch of ten thousand rows asks some twenty times."""
    program = listing.bought(SQLITE, 1, [str(n) for n in range(10_000)])

    asked = 0
    with contextlib.suppress(StopIteration):
        next(program)
        while True:
            asked += 1
            program.send([])

    assert asked <= 20
