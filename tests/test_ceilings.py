"""A ceiling for each user: kept by every session that shares a journal."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from aiomusic import BudgetExceeded, Charged, MusicSession, riffusion
from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


def session(api: Emulator, journal: Path | None, **options: Any) -> MusicSession:
    given: dict[str, Any] = {
        "api_key": api.key,
        "base_url": api.url,
        "poll_every_s": 0.0,
        "journal": journal,
        "limits": {"user": 20},
    }
    return MusicSession(**given | options)


@pytest.mark.parametrize("is_kept", [False, True], ids=["memory", "sqlite"])
async def test_whoever_has_spent_theirs_is_refused_unpaid(
    api: Emulator, tmp_path: Path, is_kept: bool
) -> None:
    """At once, in words that say whose it is; others go on, and so do untagged jobs."""
    path = tmp_path / "songs.db" if is_kept else None
    async with session(api, path) as music:
        jobs = [music.riffusion.create("a", metadata={"user": 7}) for _ in range(3)]
        other = music.riffusion.create("b", metadata={"user": 8})
        nobodys = music.riffusion.create("c")
        for job in (*jobs[:2], other, nobodys):
            await job
        with pytest.raises(BudgetExceeded) as refused:
            await jobs[2]

    assert ("user", "7") == refused.value.tag
    assert Charged.NO is refused.value.charged
    assert (
        "It costs 10 credits, and 20 of limits['user']=20 are spent or reserved where"
        " user is '7'." in str(refused.value)
    )
    assert 4 == api.submissions


async def test_a_ceiling_outlives_the_session(api: Emulator, tmp_path: Path) -> None:
    """And a second session beside it sees what the first bought."""
    path = tmp_path / "songs.db"
    async with session(api, path) as one:
        await one.riffusion.create("a", metadata={"user": "ann"})
        async with session(api, path) as two:
            await two.riffusion.create("b", metadata={"user": "ann"})
            with pytest.raises(BudgetExceeded):
                await one.riffusion.create("c", metadata={"user": "ann"})

    async with session(api, path) as music:
        with pytest.raises(BudgetExceeded):
            await music.riffusion.create("d", metadata={"user": "ann"})
    async with session(api, path, limits={"user": 30}) as music:
        await music.riffusion.create("d", metadata={"user": "ann"})

    assert 3 == api.submissions


async def test_one_users_ceiling_stops_no_batch(api: Emulator) -> None:
    """As the whole one does: the songs of others are still made."""
    users = ["ann", "ann", "ann", "bob", "bob"]
    songs = [riffusion.Create("a", metadata={"user": user}) for user in users]

    async with session(api, None, concurrency=1) as music:
        jobs = [job async for job in music.run(songs)]

    refused = [job for job in jobs if isinstance(job.error, BudgetExceeded)]
    assert 5 == len(jobs)
    assert ["ann"] == [job.metadata["user"] for job in refused]


WRONG: Mapping[str, tuple[object, type[Exception], str]] = {
    "number": (5, TypeError, "limits is 5; it must map names"),
    "name": ({1: 5}, TypeError, "limits has the name 1; it must map"),
    "empty": ({"": 5}, ValueError, "limits has the name ''"),
    "odd": ({"\0": 5}, ValueError, "limits has the name"),
    "text": ({"user": "5"}, TypeError, r"limits\['user'\] is '5'"),
    "negative": ({"user": -1}, ValueError, r"limits\['user'\] is -1"),
    "none": ({"user": None}, TypeError, r"limits\['user'\] is None"),
}


@pytest.mark.parametrize("limits, error, match", WRONG.values(), ids=WRONG.keys())
def test_what_is_no_ceiling_is_refused_in_the_callers_line(
    limits: Any,
    error: type[Exception],
    match: str,
) -> None:
    """Nobody finds out by a bill."""
    with pytest.raises(error, match=match):
        MusicSession("key", limits=limits)
