"""A journal of many songs is as quick as one of few: nothing looks at every row."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from journaling import entry, sqlite_journal

from aiomusic.journal import Limits, Wanted, listing, programs
from aiomusic.journal.policy import Change, Event
from aiomusic.journal.programs import Program, Statement
from aiomusic.journal.sql_syntax import SQLITE
from aiomusic.journal.sqlite import SqliteJournal

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MANY = 100_000
FEW = 100
NAMES = (
    "key, attempt, kind, provider, request, fingerprint, metadata, cost, state,"
    " charged, slot, reserved, spent, task_id, made_at, sent_at, accepted_at,"
    " ended_at, clips"
)


class Session:
    """What the programs ask of a session that is alone."""

    owner = "a" * 32
    account = 1
    sql = SQLITE

    def is_sent(self, found: Mapping[str, Any]) -> bool:  # noqa: ARG002
        return False

    def dead_owners(self) -> Program[set[str]]:
        rows = yield ("SELECT DISTINCT owner FROM jobs WHERE owner IS NOT NULL", {})
        return {row["owner"] for row in rows}


ME = Session()
FOUND = Change(event=Event.ACCEPTED, now=1.0, by=ME.owner, task_id="t-new")
SEEN = Change(event=Event.SUCCEEDED, now=1.0, by=ME.owner, task_id="t-new")
FULL = Limits(concurrency=0)
PROGRAMS: dict[str, Callable[[], Program[object]]] = {
    "admit": lambda: programs.admit(ME, [entry("new")], Limits(concurrency=1)),
    "admit, full": lambda: programs.admit(ME, [entry("new")], FULL),
    "admit, known": lambda: programs.admit(ME, [entry("key-7")], FULL),
    "accept": lambda: programs.transition(ME, "open", 1, FOUND),
    "end": lambda: programs.transition(ME, "open", 1, SEEN),
    "end of none": lambda: programs.transition(ME, "ghost", 1, SEEN),
    "find": lambda: programs.find(1, "key-7", None),
    "find task": lambda: programs.find_task(1, "suno", "t-7"),
    "find lost": lambda: programs.find_lost(ME, "lost", 1, "t-lost", 1.0),
    "enqueue": lambda: programs.enqueue(ME, entry("queued")),
    "attach": lambda: programs.attach(ME, entry("x", cost=0), "t-x"),
    "attach, known": lambda: programs.attach(ME, entry("x", cost=0), "t-7"),
    "leave": lambda: programs.leave(ME, "b" * 32, Event.LEFT, 1.0),
    "claim": lambda: programs.claim(ME, 1.0),
    "claim one": lambda: programs.claim(ME, 1.0, "key-7"),
    "claim some": lambda: programs.claim(ME, 1.0, None, 16),
    "balance": lambda: programs.note_balance(1, "lost", 1, 7),
    "files": lambda: programs.note_files(1, "key-7", 1, ["a.mp3"]),
    "list of five": lambda: listing.records(SQLITE, Wanted(limit=5), None),
    "list of five unknown": lambda: listing.records(
        SQLITE, Wanted(limit=5, states=["unknown", "open"]), 2
    ),
    "what begins so": lambda: listing.find_near(1, "key-77", 2),
    "neighbours": lambda: listing.neighbours(["key-7"]),
}


async def fill(folder: Path, count: int) -> Path:
    """Write down so many songs that are over, and three jobs that are not."""
    folder.mkdir()
    journal = sqlite_journal(folder)
    await journal.open()
    await journal.aclose()
    clips = f'[{{"lyrics":"{"la " * 50}"}}]'
    over = (
        (
            *(f"key-{n}", 1, "suno.create", "suno", "{}", "f", "{}", 10),
            *("succeeded", "yes", 0, 0, 10, f"t-{n}", n, n, n, n, clips),
        )
        for n in range(count)
    )
    with contextlib.closing(sqlite3.connect(journal.path)) as db, db:
        marks = ", ".join("?" * 19)
        db.executemany(f"INSERT INTO jobs ({NAMES}) VALUES ({marks})", over)
    await journal.open()
    await journal.admit([entry("open"), entry("lost")], Limits(concurrency=9))
    await journal.note_sent("lost", 1)
    await journal.aclose()
    return journal.path


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("large")
    return await fill(folder / "few", FEW), await fill(folder / "many", MANY)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file, and take back whatever was done to it."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        db.execute("BEGIN")
        yield db
        db.execute("ROLLBACK")


def drive(
    db: sqlite3.Connection,
    program: Program[object],
    look: Callable[[Statement], None],
) -> None:
    with contextlib.suppress(StopIteration):
        statement = next(program)
        while True:
            look(statement)
            statement = program.send(db.execute(*statement).fetchall())


def steps(path: Path, program: Program[object]) -> int:
    """Count how many hundred steps SQLite takes."""
    taken = [0]

    def count() -> int:
        taken[0] += 1
        return 0

    with opened(path) as db:
        db.set_progress_handler(count, 100)
        drive(db, program, lambda _: None)
    return taken[0]


@pytest.mark.parametrize("name", PROGRAMS)
async def test_it_takes_no_more_steps_for_many_songs_than_for_few(
    files: tuple[Path, Path], name: str
) -> None:
    """However many are over, whoever buys the next waits no longer for it."""
    few, many = (steps(path, PROGRAMS[name]()) for path in files)

    assert many <= 2 * few + 5


@pytest.mark.parametrize("name", PROGRAMS)
async def test_what_it_looks_for_is_found_by_an_index(
    files: tuple[Path, Path], name: str
) -> None:
    """Only the newest are read in the order of theirs, and no further."""
    plans: list[str] = []
    with opened(files[1]) as db:

        def explain(statement: Statement) -> None:
            sql, values = statement
            found = db.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            plans.extend(row["detail"] for row in found)

        drive(db, PROGRAMS[name](), explain)

    scans = {plan for plan in plans if plan.startswith("SCAN j")}
    allowed = {"SCAN jobs USING INDEX jobs_made"} if name == "list of five" else set()
    assert scans == allowed


async def test_of_many_songs_the_newest_are_given_oldest_first(
    files: tuple[Path, Path],
) -> None:
    """And no others are read, nor their clips."""
    journal = SqliteJournal(files[1])
    await journal.open()

    found = await journal.records(Wanted(limit=5))

    assert [f"key-{n}" for n in range(MANY - 5, MANY)] == [one.key for one in found]
    assert MANY + 1 == (await journal.spending())["suno.create"].jobs
    await journal.aclose()
