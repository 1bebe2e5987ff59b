"""What can be ordered of the emulator, as a user's session meets it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aiomusic import (
    ApiError,
    AuthenticationFailed,
    ContentRefused,
    InvalidRequest,
    JobFailed,
    JobTimedOut,
    MusicError,
    MusicSession,
    OutOfCredits,
    Request,
    SubscriptionInactive,
    nuro,
    riffusion,
    suno,
)
from aiomusic.emulator import Emulator, FaultKind, Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

LYRICS = "[Verse]\nPaper boats along the river, one for every day\n"


@asynccontextmanager
async def playing(
    session: dict[str, Any] | None = None,
    **options: Any,
) -> AsyncIterator[tuple[Emulator, MusicSession]]:
    """Open an emulator and a session that go by one clock."""
    clock = AutojumpClock()
    options = {"pace": Pace.polls(), "media": False, "clock": clock, **options}
    settings: dict[str, Any] = {"poll_every_s": 1.0, "clock": clock, **(session or {})}
    async with (
        Emulator(preview_s=20, **options) as api,
        MusicSession(api.key, base_url=api.url, **settings) as music,
    ):
        yield api, music


REFUSED: dict[FaultKind, type[MusicError]] = {
    "invalid": InvalidRequest,
    "language": InvalidRequest,
    "no_key": AuthenticationFailed,
    "key_format": AuthenticationFailed,
    "bad_key": AuthenticationFailed,
    "expired_key": AuthenticationFailed,
    "no_credits": OutOfCredits,
    "no_subscription": SubscriptionInactive,
    "lyrics_format": ContentRefused,
    "copyright": ContentRefused,
    "inappropriate": ContentRefused,
    "moderation": ContentRefused,
    "artist": ContentRefused,
    "producer_tag": ContentRefused,
    "retired": ApiError,
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_refused_create_is_the_error_that_it_means(kind: FaultKind) -> None:
    """Each refusal has its own error type; nothing is charged."""
    async with playing() as (api, music):
        api.fault(kind, on="create")

        with pytest.raises(REFUSED[kind], match="service answered") as refused:
            await music.suno.create("a song")

        assert ("no", 0) == (str(refused.value.charged), api.charged)


ENDED: dict[FaultKind, type[MusicError]] = {
    "lyrics_format": ContentRefused,
    "copyright": ContentRefused,
    "inappropriate": ContentRefused,
    "moderation": ContentRefused,
    "artist": ContentRefused,
    "producer_tag": ContentRefused,
    "timeout": JobFailed,
}


@pytest.mark.parametrize("kind", ENDED)
async def test_refused_task_is_the_error_that_it_means(kind: FaultKind) -> None:
    """A task that is refused on a poll is over, and was given back."""
    async with playing() as (api, music):
        api.fault(kind, on="poll")

        with pytest.raises(ENDED[kind]):
            await music.suno.create("a song")

        assert (1, 0) == (api.polls, api.charged)


BRIEF: dict[str, dict[str, Any]] = {
    "not ready": {"kind": "not_ready"},
    "queue full": {"kind": "queue_full"},
    "qps": {"kind": "qps"},
    "usage limit": {"kind": "usage_limit"},
    "rate limited": {"kind": "rate_limited", "retry_after": 3},
    "rate limited, no header": {"kind": "rate_limited"},
    "rate limited, zero": {"kind": "rate_limited", "retry_after": 0},
    "server error": {"kind": "server_error"},
    "system error": {"kind": "api_error"},
    "page": {"kind": "html"},
    "page, 403": {"kind": "html", "status": 403},
    "504": {"kind": "html", "status": 504},
    "unknown state": {"kind": "unknown_state"},
    "not found": {"kind": "task_not_found"},
}


@pytest.mark.parametrize("order", BRIEF.values(), ids=BRIEF.keys())
async def test_poll_that_fails_loses_nothing(order: dict[str, Any]) -> None:
    """Whatever two polls answer, the third finds the songs."""
    async with playing() as (api, music):
        api.fault(**order, on="poll", times=2)

        assert 2 == len(await music.suno.create("a song"))
        assert 10 == api.charged


@pytest.mark.parametrize("kind", ["queue_full", "qps", "usage_limit", "rate_limited"])
async def test_create_that_is_told_to_wait_is_sent_again(kind: FaultKind) -> None:
    """A full queue and a limit are waited for, and the song is bought once."""
    async with playing() as (api, music):
        api.fault(kind, on="create", times=2)

        assert 2 == len(await music.suno.create("a song"))
        assert (3, 1, 10) == (api.submissions, len(api.tasks), api.charged)


async def test_clip_that_comes_a_poll_late_is_waited_for() -> None:
    """A list that is short at first does not end the job with one song."""
    async with playing() as (api, music):
        api.fault("late_clip", polls=1)

        assert 2 == len(await music.suno.create("a song"))


async def test_queue_of_two_serves_all() -> None:
    """More jobs than the service takes at a time are all done, one after another."""
    pace = Pace.seconds(2, 8)
    async with playing(max_in_flight=2, pace=pace) as (api, music):
        jobs = [music.suno.create(f"song {n}") for n in range(5)]

        assert [2] * 5 == [len(await job) for job in jobs]
        assert (50, 2) == (api.charged, api.peak_in_flight)


async def test_one_create_a_second_serves_all() -> None:
    """Jobs that come faster than they are let through are all done."""
    async with playing(creates_per_s=1) as (api, music):
        jobs = [music.suno.create(f"song {n}") for n in range(5)]

        assert [2] * 5 == [len(await job) for job in jobs]
        assert 50 == api.charged


@pytest.mark.slow
async def test_link_that_has_ended_is_asked_for_again(tmp_path: Path) -> None:
    """Songs that are saved late are fetched from fresh links."""
    clock = AutojumpClock()
    options: dict[str, Any] = {"media": True, "url_ttl_s": 600, "clock": clock}
    async with playing({"clock": clock}, **options) as (_, music):
        song = music.nuro.create_instrumental("a calm piano", duration=2)
        await song
        clock.advance(601)

        (saved,) = await song.save(tmp_path)

        assert saved.stat().st_size > 10_000


@pytest.mark.slow
async def test_time_stands_still_while_music_is_made(tmp_path: Path) -> None:
    """A song of some seconds is over after some polls, not after a job's time limit."""
    clock = AutojumpClock()
    options: dict[str, Any] = {"media": True, "pace": 5.0, "clock": clock}
    async with playing({"clock": clock}, **options) as (api, music):
        song = music.nuro.create_instrumental("a calm piano", duration=2)
        (saved,) = await song.save(tmp_path)

        assert saved.exists()
        assert api.polls < 15
        assert clock.now() < 60


async def test_a_clock_that_is_held_goes_on_afterwards() -> None:
    """Also by hand while it is held, and once for all that hold it."""
    clock = AutojumpClock()
    woken: list[str] = []
    with clock.hold():
        with clock.hold():
            clock.call_at(5, lambda: woken.append("five"))
            clock.call_at(9, lambda: woken.append("nine"))
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert ([], 0) == (woken, clock.now())
        clock.advance(6)
        assert ["five"] == woken
    await asyncio.sleep(0)

    assert ["five", "nine"] == woken
    assert 9 == clock.now()


TOLD: dict[str, dict[str, Any]] = {
    "the legacy form": {"kind": "legacy"},
    "the legacy form, created": {"kind": "legacy", "status": 201},
    **{
        f"beside a {status}": {"kind": "id_beside_error", "status": status}
        for status in (400, 401, 403, 409, 429, 500, 502, 503, 504)
    },
    "beside a full queue": {
        "kind": "id_beside_error",
        "status": 403,
        "message": "Queue is full",
    },
    "beside a refund": {
        "kind": "id_beside_error",
        "status": 504,
        "message": "Task timed out. Credits have been refunded.",
    },
}


@pytest.mark.parametrize("order", TOLD.values(), ids=TOLD.keys())
async def test_task_that_is_told_in_another_way_is_followed(
    order: dict[str, Any], tmp_path: Path
) -> None:
    """It was made and is charged, so it is the job's, and bought once."""
    async with playing({"journal": tmp_path / "j.db"}) as (api, music):
        api.fault(**order)

        job = music.suno.create("a song")

        assert 2 == len(await job)
        [record] = await music.jobs()
        assert [record.task_id] == [job.task_id] == list(api.tasks)
        assert (1, 10) == (api.submissions, api.charged)


@pytest.mark.parametrize("provider", ["suno", "riffusion", "nuro"])
async def test_task_is_followed_whoever_makes_it(provider: str) -> None:
    """The forms of a reply are those of every provider."""
    async with playing() as (api, music):
        api.fault("legacy")
        api.fault("id_beside_error")
        requests: dict[str, Request[Any]] = {
            "suno": suno.Create("a song"),
            "riffusion": riffusion.Create("a song"),
            "nuro": nuro.CreateInstrumental("a calm piano"),
        }

        await music.submit(requests[provider])
        await music.submit(requests[provider])

        assert (2, 20) == (api.submissions, api.charged)


async def test_a_time_out_names_the_clock_that_leaps() -> None:
    """An emulator with the clock of the machine is left behind by one that leaps."""
    async with (
        Emulator(media=False, pace=3600) as api,
        MusicSession(api.key, base_url=api.url, clock=AutojumpClock()) as music,
    ):
        with pytest.raises(JobTimedOut, match=r"the same one, Emulator\(clock="):
            await music.suno.create("rain")
