"""What a finished job says at length takes little room, and reads as it was written."""

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from journaling import NO_LIMITS, entry, over, rows, sqlite_journal

from aiomusic.journal import Wanted
from aiomusic.journal.packing import MAX_BYTES, MIN_BYTES, pack, plain, unpack

pytestmark = pytest.mark.anyio

LYRICS = "Paper boats on the rain, größe 🎵\n" * 25
CLIPS = [{"clip_id": f"c-{n}", "lyrics": LYRICS, "odd": "\udc00"} for n in (1, 2)]
REQUEST = {"kind": "suno.create", "lyrics": LYRICS}
LONG = ("request", "result", "clips")


async def fill(folder: Path) -> Path:
    """Write a journal of one song that says much, and leave it."""
    journal = sqlite_journal(folder)
    await journal.open()
    await journal.admit([entry("song", request=REQUEST)], NO_LIMITS)
    await over(journal, "song", clips=CLIPS, result={"lyrics": LYRICS})
    await journal.aclose()
    return journal.path


def loosen(path: Path) -> None:
    """Have the song's texts stand there as older versions wrote them."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.create_function("plain", 1, plain)
        for name in LONG:
            db.execute(f"UPDATE jobs SET {name} = plain({name})")


async def test_a_song_takes_a_fraction_of_what_it_says(tmp_path: Path) -> None:
    """Compressed, whatever of it is long."""
    row = rows(await fill(tmp_path))["song", 1]

    said = len(json.dumps([CLIPS, REQUEST, LYRICS]))
    assert said / 5 > sum(len(row[name]) for name in LONG)


@pytest.mark.parametrize("is_old", [False, True], ids=["new", "old"])
async def test_it_reads_as_it_was_written(tmp_path: Path, *, is_old: bool) -> None:
    """Also of a row that an older version wrote; its clips are found by their ids."""
    path = await fill(tmp_path)
    if is_old:
        loosen(path)
    journal = sqlite_journal(tmp_path)
    await journal.open()

    found = await journal.find("song")
    listed = await journal.records(Wanted(clips=["c-2"]))
    await journal.aclose()

    assert found is not None
    assert (CLIPS, REQUEST) == (found.raw_clips, found.raw_request)
    assert {"lyrics": LYRICS} == found.raw_result
    assert [("song", REQUEST)] == [(one.key, one.raw_request) for one in listed]


async def test_to_shrink_a_file_compresses_what_older_versions_wrote(
    tmp_path: Path,
) -> None:
    """And leaves alone what can't be read."""
    path = await fill(tmp_path)
    expected = rows(path)
    loosen(path)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE jobs SET error = CAST(? AS TEXT)", (b"\xff" * 200,))
    journal = sqlite_journal(tmp_path)
    await journal.open()

    await journal.vacuum()
    await journal.aclose()

    with contextlib.closing(sqlite3.connect(path)) as db:
        [error] = db.execute("SELECT CAST(error AS BLOB) FROM jobs").fetchone()
        db.execute("UPDATE jobs SET error = NULL")
        db.commit()
    assert b"\xff" * 200 == error
    assert expected == rows(path)


@pytest.mark.parametrize("size", [0, MIN_BYTES - 1, MAX_BYTES + 1])
def test_what_is_short_or_very_long_is_left_as_it_is(size: int) -> None:
    """It would gain nothing, or keep whoever writes for too long."""
    assert "a" * size == pack("a" * size)


@pytest.mark.parametrize("text", ["a" * MIN_BYTES, "ä" * (MAX_BYTES // 2), LYRICS])
def test_what_is_packed_is_unpacked(text: str) -> None:
    """Up to the longest that is ever packed."""
    packed: Any = pack(text)

    assert isinstance(packed, bytes)
    assert text == unpack(packed) == plain(packed)
    assert plain(packed[:-1]) is None


def test_what_was_packed_once_can_always_be_read() -> None:
    """The files of today are opened for years."""
    packed = bytes.fromhex("58a4f7b6b07543098f645d43ac9eab8d1d55469e32009ce17294")

    assert '[{"clip_id":"c-1","state":"succeeded"}]' * 9 == unpack(packed)
