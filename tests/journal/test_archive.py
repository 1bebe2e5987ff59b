"""What is over moves to a file of lines, is read from there, and buys nothing again."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from journaling import NO_LIMITS, entry, over, rows, totals

from aiomusic import JobState, MusicSession
from aiomusic.emulator import Emulator
from aiomusic.errors import JournalError
from aiomusic.journal import KnownKey, Record
from aiomusic.journal.archive import ArchiveFile
from aiomusic.journal.reader import SqliteReader
from aiomusic.journal.sqlite import SqliteJournal
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

CLIPS = [{"clip_id": "c-1", "title": "größe\u2028 boats"}, {"clip_id": "c-2"}]
LATER = 1e9
KEPT = [
    *("key", "attempt", "kind", "provider", "fingerprint", "cost", "state", "charged"),
    *("spent", "task_id", "made_at", "ended_at", "metadata", "clip_count"),
]


async def fill(path: Path) -> SqliteJournal:
    """Write down a job in each state; "late" ended at 110, as all did, but later."""
    journal = SqliteJournal(path)
    await journal.open()
    keys = ["done", "bad", "lost", "open", "unsent", "late"]
    await journal.admit([entry(key, metadata={"n": 7}) for key in keys], NO_LIMITS)
    await over(journal, "done", clips=CLIPS, result={"any": "thing"})
    journal.note_files("done", 1, ["rain.mp3"])
    told = {"type": "JobFailed", "message": "no", "charged": "refunded"}
    await over(journal, "bad", charged="refunded", state="failed", error=told)
    await over(journal, "lost", charged="unknown", state="unknown")
    await journal.accept("open", 1, "t-open", 105.0)
    await over(journal, "late", now=2e9)
    await journal.records()
    return journal


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(one) for one in path.read_text("utf-8").splitlines()]


async def test_what_is_over_moves_to_lines(tmp_path: Path) -> None:
    """Whole, and nothing else does; the row keeps its key, its task and its money."""
    journal = await fill(tmp_path / "songs.db")
    before, books = rows(journal.path), totals(journal.path)
    spending = await journal.spending(tag="n")

    moved = await journal.archive(LATER)

    assert (2, tmp_path / "songs.db-archive.jsonl") == (moved.jobs, moved.file)
    assert 0o600 == moved.file.stat().st_mode & 0o777
    done, bad = lines(moved.file)
    assert ("archived", "done", CLIPS, {"any": "thing"}, ["rain.mp3"]) == tuple(
        done[name] for name in ("event", "key", "clips", "result", "files")
    )
    assert ("bad", "JobFailed", "refunded") == (
        bad["key"],
        bad["error"]["type"],
        bad["charged"],
    )
    assert {"kind": "suno.create", "description": "rain"} == done["request"]
    after = rows(journal.path)
    for at, row in before.items():
        assert {name: row[name] for name in KEPT} == {
            name: after[at][name] for name in KEPT
        }
    assert (None, None, "[]", "[]") == tuple(
        after["done", 1][name] for name in ("request", "result", "clips", "files")
    )
    assert (books, spending) == (totals(journal.path), await journal.spending(tag="n"))
    assert 0 == (await journal.archive(LATER)).jobs
    assert 2 == len(lines(moved.file))
    await journal.aclose()


async def test_an_archived_job_is_read_from_its_line(tmp_path: Path) -> None:
    """By whoever asks for it alone; also after both files were moved."""
    journal = await fill(tmp_path / "songs.db")
    whole = [await journal.find(key) for key in ("done", "bad")]
    await journal.archive(LATER)
    await journal.aclose()
    away = tmp_path / "away"
    away.mkdir()
    for path in list(tmp_path.glob("songs.db*")):
        path.rename(away / path.name)

    reader = SqliteReader(away / "songs.db")
    found = [await reader.find(key) for key in ("done", "bad")]

    def told(one: Record | None) -> tuple[object, ...]:
        assert one is not None
        return (
            one.raw_request,
            one.raw_error,
            one.files,
            one.raw_result,
            one.raw_clips,
            one.metadata,
        )

    assert [told(one) for one in whole] == [told(one) for one in found]
    listed = {one.key: one for one in await reader.records()}
    assert 2 == listed["done"].clip_count


async def test_an_archived_key_buys_nothing(tmp_path: Path) -> None:
    """Its row is there still, and so is its fingerprint."""
    journal = await fill(tmp_path / "songs.db")
    await journal.archive(LATER)

    verdicts = await journal.admit([entry("done"), entry("bad")], NO_LIMITS)

    assert [KnownKey, KnownKey] == [type(one) for one in verdicts]
    await journal.aclose()


async def test_a_session_gives_an_archived_song(api: Emulator, tmp_path: Path) -> None:
    """As it gives every song that is bought; without the file it says what to do."""
    path = tmp_path / "songs.db"
    options: dict[str, Any] = {"clock": AutojumpClock(), "journal": path}
    options |= {"api_key": api.key, "base_url": api.url}
    async with MusicSession(**options) as music:
        song = await music.suno.create("rain", key="a")
        words = await music.lyrics.create("of rain", key="w")
    journal = SqliteJournal(path)
    await journal.open()
    moved = await journal.archive(1e11)
    await journal.aclose()
    before = api.submissions

    async with MusicSession(**options) as music:
        assert song == await music.suno.create("rain", key="a")
        assert words == await music.lyrics.create("of rain", key="w")
        moved.file.rename(tmp_path / "elsewhere")
        job = music.suno.create("rain", key="a")
        with pytest.raises(JournalError, match="moved to .*put that file back") as told:
            await job
        assert [] == await music.resume()

    assert (2, before) == (moved.jobs, api.submissions)
    assert ("yes", JobState.FAILED) == (told.value.charged, job.state)
    assert "music.attach('suno'" in str(told.value)


async def test_a_line_that_was_cut_off_is_ended(tmp_path: Path) -> None:
    """Whoever died in the middle of one let go of no row; the next is whole."""
    journal = await fill(tmp_path / "songs.db")
    file = tmp_path / "old.jsonl"
    file.write_bytes(b'{"event": "archived", "key": "do')

    await journal.archive(LATER, file)

    cut, *whole = file.read_bytes().splitlines()
    assert b'{"event": "archived", "key": "do' == cut
    assert ["done", "bad"] == [json.loads(one)["key"] for one in whole]
    found = await journal.find("done")
    assert found is not None
    assert CLIPS == found.raw_clips
    await journal.aclose()


async def test_two_do_not_archive_into_one_file(tmp_path: Path) -> None:
    """Their lines would stand where neither row says."""
    journal = await fill(tmp_path / "songs.db")
    file = tmp_path / "old.jsonl"

    with (
        ArchiveFile(file),
        pytest.raises(JournalError, match="another aiomusic archives into"),
    ):
        await journal.archive(LATER, file)

    assert 2 == (await journal.archive(LATER, file)).jobs
    await journal.aclose()


@pytest.mark.parametrize(
    "to", [lambda folder: folder, lambda folder: folder / "no" / "x.jsonl"]
)
async def test_a_file_that_cannot_be_written_moves_nothing(
    tmp_path: Path, to: Callable[[Path], Path]
) -> None:
    """The rows stay as they are."""
    journal = await fill(tmp_path / "songs.db")
    before = rows(journal.path)

    with pytest.raises(JournalError, match="stay in the journal"):
        await journal.archive(LATER, to(tmp_path))

    assert before == rows(journal.path)
    await journal.aclose()


async def test_many_jobs_move_page_by_page_past_one_that_is_damaged(
    tmp_path: Path,
) -> None:
    """What can't be read stays where it may be mended."""
    journal = SqliteJournal(tmp_path / "songs.db")
    await journal.open()
    keys = [f"k-{number}" for number in range(950)]
    await journal.admit([entry(key) for key in keys], NO_LIMITS)
    for key in keys:
        await over(journal, key)
    await journal.records()
    db = sqlite3.connect(journal.path)
    db.execute("UPDATE jobs SET clips = '{' WHERE key < 'k-3'")
    db.commit()
    damaged = db.execute("SELECT count(*) FROM jobs WHERE clips = '{'").fetchone()[0]
    db.close()

    moved = await journal.archive(LATER)

    assert len(keys) - damaged == moved.jobs == len(lines(moved.file))
    found = await journal.find("k-949")
    assert found is not None
    assert not found.lacks_archive
    await journal.aclose()


ARCHIVER = """
import asyncio, os, signal, sys
from aiomusic.journal.sqlite import SqliteJournal

calls = 0

def kill(frame, event, called):
    # At the so-many-th call into the system's own code.
    global calls
    if event == "c_call":
        calls += 1
        if calls == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)

async def main():
    journal = SqliteJournal(sys.argv[1])
    await journal.open()
    import threading
    threading.setprofile(kill)
    sys.setprofile(kill)
    await journal.archive(1e9)
    sys.setprofile(None)
    await journal.aclose()

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes are killed")
@pytest.mark.parametrize("calls", [450, 550, 600, 650, 700, 800, 900])
async def test_a_kill_at_any_instant_loses_nothing(tmp_path: Path, calls: int) -> None:
    """Each job is in its row or in a line, and the next archives the rest."""
    path = tmp_path / "songs.db"
    await (await fill(path)).aclose()

    ended = subprocess.run(
        [sys.executable, "-c", ARCHIVER, str(path), f"{calls}"], check=False
    )

    assert ended.returncode in {0, -signal.SIGKILL}
    journal = SqliteJournal(path)
    await journal.open()
    for _ in range(2):
        done, bad = await journal.find("done"), await journal.find("bad")
        assert done is not None
        assert bad is not None
        assert (CLIPS, ["rain.mp3"]) == (done.raw_clips, done.files)
        assert "JobFailed" == (bad.raw_error or {})["type"]
        await journal.archive(LATER)
    assert (2, 2) == (
        sum(row["archive"] is not None for row in rows(path).values()),
        len({one["key"] for one in lines(Path(f"{path}-archive.jsonl"))}),
    )
    await journal.aclose()


async def test_a_vacuum_gives_the_space_back(tmp_path: Path) -> None:
    """When nobody else has the file, whom it would keep waiting."""
    journal, other = (
        await fill(tmp_path / "songs.db"),
        SqliteJournal(tmp_path / "songs.db"),
    )
    words = [{"lyrics": os.urandom(50_000).hex()}]
    await journal.admit([entry("long")], NO_LIMITS)
    await over(journal, "long", clips=words)
    await journal.archive(LATER)
    keys = [one.key for one in await journal.records()]
    await other.open()

    with pytest.raises(JournalError, match="open elsewhere"):
        await journal.vacuum()
    await other.aclose()
    before, after = await journal.vacuum()

    assert after < before
    assert keys == [one.key for one in await journal.records()]
    found = await journal.find("long")
    assert found is not None
    assert words == found.raw_clips
    await journal.aclose()
