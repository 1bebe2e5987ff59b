"""A job is driven to its end by its key alone, and bought once, whoever drives it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pg_server
import pytest
from quick_service import FRAME

from aiomusic import (
    BudgetExceeded,
    Charged,
    InvalidRequest,
    JobDetached,
    JobState,
    JournalError,
    MusicSession,
    NotSent,
    suno,
)
from aiomusic.batch import drive
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

PLACES: Mapping[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: str(folder / "songs.db"),
    "postgres": lambda folder: pg_server.running().url(folder),
}
SONG = suno.Create("rain", key="song", metadata={"album": "wet"})
VERSE = suno.Extend("0" * 36, at=10, lyrics="[Verse] on", key="verse")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pg_server.NEEDED)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return PLACES[request.param](tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return PLACES["sqlite"](tmp_path)


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


def session(api: Emulator, place: str, **options: object) -> MusicSession:
    given = {"api_key": api.key, "base_url": api.url, "poll_every_s": 0.01}
    return MusicSession(**{**given, "journal": place, **options})  # type: ignore[arg-type]


async def held(api: Emulator, place: str, *requests: suno.Create | suno.Extend) -> None:
    async with session(api, place) as music:
        await music.hold(requests)


async def test_what_is_held_is_queued_and_unpaid_until_it_is_driven(
    api: Emulator, place: str
) -> None:
    """Its key is all that the one who sends it needs."""
    async with session(api, place) as music:
        assert {} == await music.hold([SONG])
        record = await music.job("song")
        assert {} == await music.spending()
    assert record is not None
    assert (JobState.QUEUED, None, SONG) == (
        record.state,
        record.owner,
        record.request,
    )
    assert 0 == api.submissions

    async with session(api, place) as music:
        driven = await drive(music, "song")
        known = await music.job("song")

    assert (JobState.SUCCEEDED, Charged.YES, True) == (
        driven.state,
        driven.charged,
        driven.is_over,
    )
    assert known is not None
    assert ({"album": "wet"}, 2) == (known.metadata, len(known.clips))
    assert SONG.cost == api.charged


async def test_two_who_drive_one_key_at_once_buy_it_once(
    api: Emulator, place: str
) -> None:
    """And so does one that drives it again when it is over."""
    await held(api, place, SONG)
    async with session(api, place) as one, session(api, place) as other:
        async with asyncio.timeout(60):
            driven = await asyncio.gather(
                drive(one, "song"), drive(one, "song"), drive(other, "song")
            )
        again = await drive(other, "song")

    assert {JobState.SUCCEEDED} == {found.state for found in [*driven, again]}
    assert (1, None) == (api.submissions, again.job)


@pytest.fixture
async def endless() -> AsyncIterator[Emulator]:
    """No task ends but by `finish`."""
    async with Emulator(pace=Pace.polls(pending=10**9), media=False) as api:
        yield api


async def test_a_job_whose_session_is_left_is_driven_on_by_another_at_once(
    endless: Emulator, place: str
) -> None:
    """The task that is paid for is followed, and nothing is sent twice."""
    api = endless
    await held(api, place, SONG)
    async with session(api, place, on_exit="detach") as music:
        driving = asyncio.ensure_future(drive(music, "song"))
        async with asyncio.timeout(60):
            while (found := await music.job("song")) and found.task_id is None:
                await asyncio.sleep(0.01)
    driven = await driving
    assert isinstance(driven.error, JobDetached)
    assert 0.0 == driven.again_s

    assert found is not None
    assert found.task_id is not None
    await api.finish(found.task_id)
    async with session(api, place) as other, asyncio.timeout(60):
        again = await drive(other, "song", tries=1)

    assert (JobState.SUCCEEDED, 1) == (again.state, api.submissions)


async def test_a_row_waits_for_what_it_is_made_from(api: Emulator, place: str) -> None:
    """Then it is sent with the clip that the other made."""
    references = {"verse": {"clip": "@song[1]"}}
    async with session(api, place) as music:
        await music.hold([SONG, VERSE], made_from=references)
        waiting = await drive(music, "verse", tries=2)
        record = await music.job("verse")
        assert record is not None
        assert ({"clip": "@song[1]"}, None) == (record.made_from, record.request)
        assert [JobState.QUEUED] * 2 == [one.state for one in await music.resume()]

        await drive(music, "song")
        driven = await drive(music, "verse")
        song = await music.job("song")
        verse = await music.job("verse")

    assert (JobState.QUEUED, 4.0) == (waiting.state, waiting.again_s)
    assert JobState.SUCCEEDED == driven.state
    assert song is not None
    assert verse is not None
    sent = verse.request
    assert isinstance(sent, suno.Extend)
    assert song.clips[1].clip_id == getattr(sent.clip, "clip_id", None)


async def test_a_row_whose_source_made_nothing_is_not_bought(
    api: Emulator, file: str
) -> None:
    """It is over, the journal tells why, and the next run may hold it again."""
    references = {"verse": {"clip": "@song[1]"}}
    async with session(api, file) as music:
        await music.hold([VERSE], made_from=references)
        driven = await drive(music, "verse")
        again = await drive(music, "verse")
        record = await music.job("verse")
        assert {} == await music.hold([VERSE], made_from=references)
        recorded = await music.job("verse")

    assert isinstance(driven.error, NotSent)
    assert "no job 'song'" in str(again.error)
    assert (True, True) == (driven.is_over, again.is_over)
    assert record is not None
    assert "no job 'song'" in str(record.error)
    assert recorded is not None
    assert recorded.raw_error is None
    assert 0 == api.submissions


async def test_a_job_over_the_budget_is_over_until_it_is_held_anew(
    api: Emulator, place: str
) -> None:
    """To raise the ceiling is the user's to do."""
    await held(api, place, SONG)
    async with session(api, place, max_credits=1) as music:
        driven = await drive(music, "song")

    assert isinstance(driven.error, BudgetExceeded)
    assert driven.is_over
    async with session(api, place) as music:
        assert isinstance((await drive(music, "song")).error, BudgetExceeded)
        await music.hold([SONG])
        assert JobState.SUCCEEDED == (await drive(music, "song")).state
    assert 1 == api.submissions


async def test_a_passing_fault_is_driven_again_later(api: Emulator, file: str) -> None:
    """The service is not there; the job stays, unpaid."""
    await held(api, file, SONG)
    away = {"base_url": "http://127.0.0.1:9", "clock": AutojumpClock()}
    async with session(api, file, **away) as music:
        await music.hold([SONG])
        driven = await drive(music, "song", tries=30)

    assert (Charged.NO, 300.0) == (driven.charged, driven.again_s)


async def test_a_key_that_was_bought_is_not_held_again(
    api: Emulator, place: str
) -> None:
    """What the journal has is returned, and stays as it is."""
    other = suno.Create("snow", key="song")
    async with session(api, place) as music:
        await music.hold([SONG])
        await music.hold([other])
        await drive(music, "song")

        known = await music.hold([SONG])
        assert isinstance((await drive(music, "ghost")).error, JournalError)

    assert (JobState.SUCCEEDED, other) == (known["song"].state, known["song"].request)


async def test_what_can_not_be_sent_from_elsewhere_is_not_held(
    api: Emulator, file: str, tmp_path: Path
) -> None:
    """A request without a key, or with a local file; and none without a journal."""
    (tmp_path / "a.mp3").write_bytes(FRAME * 400)
    local = suno.UploadAudio(tmp_path / "a.mp3", key="a")
    async with session(api, file) as music:
        with pytest.raises(InvalidRequest, match="key is missing"):
            await music.hold([suno.Create("rain")])
        with pytest.raises(InvalidRequest, match="other machines"):
            await music.hold([local])
    async with session(api, "") as music:
        with pytest.raises(JournalError, match="must be kept"):
            await music.hold([SONG])
