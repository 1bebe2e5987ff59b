"""What is told of many jobs, in one stream, and to whoever listens to a session."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiomusic import (
    Calling,
    Charged,
    ContentRefused,
    JobState,
    JobUpdate,
    MusicSession,
    Polled,
    blocking,
    merge_updates,
)
from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


def session(api: Emulator, **options: Any) -> MusicSession:
    given: dict[str, Any] = {"base_url": api.url, "poll_every_s": 0.0}
    return MusicSession(api.key, **given | options)


@pytest.mark.parametrize(
    "kind", [ValueError, asyncio.CancelledError, GeneratorExit, StopAsyncIteration]
)
async def test_whatever_a_listener_raises_each_job_ends(
    api: Emulator, kind: type[BaseException]
) -> None:
    """Whatever it raises, at whichever event: a cancelled future's result, too."""
    calls = 0

    def listen(_: object) -> None:
        nonlocal calls
        calls += 1
        raise kind

    async with session(api, on_event=listen) as music, asyncio.timeout(30):
        jobs = [music.suno.create(f"song {n}") for n in range(3)]
        made = [await job for job in jobs]

    assert (3, 30) == (len(made), api.charged)
    assert calls > len(jobs)


async def test_a_listener_that_had_to_be_awaited_is_refused() -> None:
    """At once, as its events would be lost; an object's call is looked at, too."""

    class Listener:
        async def __call__(self, event: object) -> None:
            """Never be awaited."""

    for listener in (Listener(), Listener().__call__):
        with pytest.raises(TypeError, match="on_event is .*a plain function"):
            MusicSession("key", on_event=listener)  # type: ignore[arg-type]


async def test_updates_of_many_jobs_are_one_stream(api: Emulator) -> None:
    """Each begins with how it is and ends with its end."""
    async with session(api) as music:
        over = music.suno.create("a", key="over")
        await over
        api.fault("moderation", on="create")
        bad = music.suno.create("b", key="bad")
        jobs = [over, bad, music.riffusion.create("c", key="song"), over]

        seen: dict[str, list[JobUpdate]] = {}
        async for update in merge_updates(jobs):
            seen.setdefault(update.key, []).append(update)

    assert {"over", "bad", "song"} == set(seen)
    assert 1 == len(seen["over"])
    assert all([one.is_over for one in updates][-1] for updates in seen.values())
    assert not any(one.is_over for updates in seen.values() for one in updates[:-1])
    failed, song = seen["bad"][-1], seen["song"]
    assert (JobState.FAILED, Charged.NO, 10) == (
        failed.state,
        failed.charged,
        failed.cost,
    )
    assert failed.error is not None
    assert "moderation" in failed.error
    assert [JobState.QUEUED, JobState.SUCCEEDED] == [song[0].state, song[-1].state]
    assert ("riffusion.create", Charged.YES) == (song[-1].kind, song[-1].charged)


async def test_a_detached_job_ends_its_stream(api: Emulator) -> None:
    """Its state stays, and the update says that it is over here."""
    async with session(api, on_exit="detach", poll_every_s=1_000.0) as music:
        job = music.suno.create("a")
        updates = job.updates()
        async for update in updates:
            if update.state is JobState.PENDING:
                break
    last = [update async for update in updates]

    assert (JobState.PENDING, True) == (last[-1].state, last[-1].is_over)


async def test_nothing_is_left_watching_when_a_stream_is_left(api: Emulator) -> None:
    """Whoever has seen enough holds no job."""
    async with session(api) as music:
        jobs = [music.suno.create(name) for name in "ab"]
        stream = merge_updates(jobs)
        await anext(stream)
        await stream.aclose()

        assert [[], []] == [job._watchers for job in jobs]
    with pytest.raises(TypeError, match="merge_updates.. takes jobs"):
        merge_updates([5])  # type: ignore[list-item]
    assert [] == [update async for update in merge_updates([])]


async def test_a_listener_hears_of_every_job(api: Emulator) -> None:
    """Its states in order, each call before it is made, and each poll after it."""
    heard: list[Any] = []
    async with session(api, on_event=heard.append) as music:
        await music.suno.create("a", key="one")
        await music.lyrics.create("b", key="two")

    of_one = [event for event in heard if event.key == "one"]
    states = [event.state for event in of_one if isinstance(event, JobUpdate)]
    calls = [event.purpose for event in of_one if isinstance(event, Calling)]
    polls = [event for event in of_one if isinstance(event, Polled)]
    assert (JobState.QUEUED, JobState.SUCCEEDED) == (states[0], states[-1])
    assert ["create", *["poll"] * len(polls)] == calls
    assert {200} == {poll.status for poll in polls if poll.status != 202}
    assert len(polls) == api.polls
    assert {"one", "two"} == {event.key for event in heard}


async def test_a_listener_that_raises_stops_no_job(
    api: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The log tells of it."""

    def listen(event: object) -> None:
        message = f"no {type(event).__name__}"
        raise ValueError(message)

    async with session(api, on_event=listen) as music:
        assert 2 == len(await music.suno.create("a"))

    assert "on_event raised ValueError: no JobUpdate" in caplog.text
    with pytest.raises(TypeError, match="on_event is 5"):
        MusicSession("key", on_event=5)  # type: ignore[arg-type]


async def test_what_a_listener_adds_is_sent(api: Emulator) -> None:
    """A trace's headers go along; the key's can't be replaced."""

    def listen(event: object) -> None:
        if isinstance(event, Calling):
            event.headers["Authorization"] = "Bearer nobody"
            event.headers["traceparent"] = "00-1-2-01"
            event.headers["X-Number"] = 5  # type: ignore[assignment]

    async with session(api, on_event=listen) as music:
        assert 2 == len(await music.suno.create("a"))


async def test_blocking_programs_have_the_stream_too(api: Emulator) -> None:
    """As an iterator."""

    def listen() -> list[tuple[str, bool]]:
        given: dict[str, Any] = {"base_url": api.url, "poll_every_s": 0.0}
        with blocking.MusicSession(api.key, **given) as music:
            jobs = [music.suno.create(name, key=name) for name in "ab"]
            return [
                (update.key, update.is_over) for update in blocking.merge_updates(jobs)
            ]

    seen = await asyncio.to_thread(listen)

    assert {("a", True), ("b", True)} == {one for one in seen if one[1]}


async def test_a_refused_job_is_told_of(api: Emulator) -> None:
    """Also where nothing was sent."""
    heard: list[Any] = []
    async with session(api, on_event=heard.append) as music:
        api.fault("copyright", on="poll")
        with pytest.raises(ContentRefused):
            await music.suno.create("a")

    assert "copyright" in (heard[-1].error or "")
