"""``aiomusic --journal postgresql://…``: as with a file, and no password is shown."""

import asyncio
import time
from pathlib import Path

import pg_server
import pytest
from running import Command, Here

from aiomusic.cli._exits import Exit
from aiomusic.journal import Ending, Entry, Event, Limits
from aiomusic.journal.postgres import PostgresJournal

pytestmark = pg_server.NEEDED

SECRET = "correct-horse-battery"


@pytest.fixture
def url(tmp_path: Path) -> str:
    whole = pg_server.running().url(tmp_path)
    return whole.replace("postgres@", f"postgres:{SECRET}@", 1)


@pytest.fixture
def here(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Here:
    return Here(Command.within(tmp_path), monkeypatch, capsys)


async def buy(url: str) -> None:
    journal = PostgresJournal(url)
    await journal.open()
    now = time.time()
    request = {"kind": "suno.create", "description": "rain"}
    one = Entry(
        key="demo-1",
        kind="suno.create",
        provider="suno",
        request=request,
        fingerprint="f",
        cost=10,
        metadata={"title": "x"},
        made_at=now,
        now=now,
    )
    await journal.admit([one], Limits(concurrency=1))
    await journal.settle("demo-1", 1, Ending(event=Event.ANSWERED, now=now))
    await journal.aclose()


def test_jobs_are_listed_shown_and_added_up(here: Here, url: str) -> None:
    """By the option and by the environment, whole keys or their beginnings."""
    asyncio.run(buy(url))

    listed = here("jobs", "--journal", url)
    shown = here("jobs", "show", "demo", "--journal", url)
    spent = here("jobs", "spending", "--journal", url)

    ended = (listed, shown, spent)
    assert [Exit.DONE] * 3 == [one.code for one in ended]
    assert all(SECRET not in one.out + one.err for one in ended)
    assert listed.out.startswith("succeeded")
    assert "demo-1" in shown.out
    assert "suno.create\t1\t10\t0" in spent.out


def test_what_is_over_is_moved_to_a_file_and_the_space_given_back(
    here: Here, url: str, tmp_path: Path
) -> None:
    """As with a journal that is a file."""
    asyncio.run(buy(url))
    file = tmp_path / "old.jsonl"

    moved = here(
        "jobs", "archive", "--before", "0d", "--to", str(file), "--journal", url
    )
    freed = here("jobs", "vacuum", "--journal", url)

    assert [Exit.DONE] * 2 == [moved.code, freed.code]
    assert f"1 jobs were moved to {file}." in moved.err
    assert "bytes, and has" in freed.err
    shown = here("jobs", "show", "demo", "--journal", url)
    assert f"archive\t{file}" in shown.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("jobs",), "no jobs yet in postgresql://postgres@/"),
        (("jobs", "show", "demo"), "There is no job 'demo' in postgresql://postgres@/"),
        (("jobs", "vacuum"), "no jobs yet in postgresql://postgres@/"),
        (("jobs", "archive", "--before", "1d"), "name one with --to"),
    ],
    ids=["list", "show", "vacuum", "archive"],
)
def test_what_is_not_there_is_told_without_the_password(
    here: Here, url: str, words: tuple[str, ...], told: str
) -> None:
    """The command that it names to go on with does not hold it, either."""
    ended = here(*words, "--journal", url)

    assert told in ended.err
    assert SECRET not in ended.out + ended.err


def test_an_address_that_can_not_be_read_is_a_mistake_of_use(here: Here) -> None:
    """It is refused before anything is asked of it, and not shown."""
    ended = here("jobs", "--journal", f"postgresql://me:{SECRET}/x@host/db")

    assert Exit.USAGE == ended.code
    assert "journal must be postgresql://" in ended.err
    assert SECRET not in ended.out + ended.err
