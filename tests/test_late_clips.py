"""What is paid for may come some seconds after a task's end, and is waited for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, final

import attrs
import pytest
from aiohttp import web

from aiomusic import (
    ClipState,
    DownloadError,
    JobFailed,
    JobTimedOut,
    MusicJob,
    MusicSession,
)
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

LINK = "https://e.org/a.mp3"


def clip(number: int, link: object = LINK, state: str = "succeeded") -> dict[str, Any]:
    return {"clip_id": f"c{number}", "state": state, "audio_url": link}


BOTH = [clip(1), clip(2)]
ONE = [clip(1)]
NO_LINKS = [clip(1, ""), clip(2, "")]
ONE_LINK = [clip(1), clip(2, None)]
RUNNING = [clip(1, "", "running"), clip(2, "", "running")]
ONE_FAILED = [clip(1, None, "failed")]

Course = Sequence[tuple[float, object]]


@final
class Service:
    """
    One task, whose reply depends on the time.

    Attributes:
        course: From which second on it says what.
    """

    def __init__(self, clock: AutojumpClock) -> None:
        self.clock = clock
        self.course: Course = ()
        self.polls = 0
        self.url = ""

    async def create(self, _request: web.Request) -> web.Response:
        self.began_at = self.clock.now()
        return web.json_response({"task_id": "task-1"})

    async def poll(self, _request: web.Request) -> web.Response:
        self.polls += 1
        age_s = self.clock.now() - self.began_at
        said = [body for from_s, body in self.course if from_s <= age_s]
        body = said[-1] if isinstance(said[-1], dict) else {"data": said[-1]}
        return web.json_response(body)


@pytest.fixture
def clock() -> AutojumpClock:
    return AutojumpClock()


@pytest.fixture
async def service(clock: AutojumpClock) -> AsyncIterator[Service]:
    service = Service(clock)
    app = web.Application()
    app.router.add_post("/api/v1/{provider}/create", service.create)
    app.router.add_post("/api/v1/nuro/generate/vocal", service.create)
    app.router.add_get("/api/v1/{provider}/task/{task_id}", service.poll)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield service
    await runner.cleanup()


async def ended(service: Service, **options: Any) -> MusicJob[Any]:
    async with MusicSession(
        "k", base_url=service.url, clock=service.clock, **options
    ) as music:
        return music.suno.create("rain")


@final
@attrs.frozen
class Late:
    """
    A course that the task takes, and what its job ends with.

    Args:
        links: Of the job's clips, in their order.
        within_s: When the job is over, at the latest, polled once a second.
    """

    course: Course
    links: Sequence[str | None]
    within_s: float


LATE: dict[str, Late] = {
    "nothing is late": Late([(0, RUNNING), (30, BOTH)], [LINK, LINK], 31),
    "links, by two polls": Late([(0, NO_LINKS), (2, BOTH)], [LINK, LINK], 3),
    "links, by 30 s": Late([(0, NO_LINKS), (30, BOTH)], [LINK, LINK], 31),
    "links, by 59 s": Late([(0, NO_LINKS), (59, BOTH)], [LINK, LINK], 60),
    "links, by ten minutes": Late([(0, NO_LINKS), (600, BOTH)], [LINK, LINK], 601),
    "one link, by 8 s": Late([(0, ONE_LINK), (8, BOTH)], [LINK, LINK], 9),
    "one link, by 59 s": Late([(0, ONE_LINK), (59, BOTH)], [LINK, LINK], 60),
    "one link, never": Late([(0, ONE_LINK)], [LINK, None], 61),
    "a clip, by 8 s": Late([(0, ONE), (8, BOTH)], [LINK, LINK], 9),
    "a clip, by 59 s": Late([(0, ONE), (59, BOTH)], [LINK, LINK], 60),
    "a clip, never": Late([(0, ONE)], [LINK], 61),
    "a clip, then its link": Late(
        [(0, ONE), (8, ONE_LINK), (20, BOTH)], [LINK, LINK], 21
    ),
    "a clip after one that failed": Late(
        [(0, ONE_FAILED), (8, [*ONE_FAILED, clip(2)])], [None, LINK], 9
    ),
    "a clip that runs on": Late(
        [(0, ONE), (8, [clip(1), clip(2, "", "running")]), (200, BOTH)],
        [LINK, LINK],
        201,
    ),
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE.keys())
async def test_what_is_late_is_waited_for(service: Service, late: Late) -> None:
    """Patience is counted in seconds, whatever the pace."""
    service.course = late.course

    job = await ended(service, poll_every_s=1.0)

    assert [one.audio_url for one in job.clips] == late.links
    made = [one for one in job.clips if one.state is ClipState.SUCCEEDED]
    assert await job == tuple(made)
    assert late.within_s - 2 <= service.clock.now() <= late.within_s + 1


@pytest.mark.parametrize("pace_s", [0.25, 3.0, 20.0, None])
async def test_patience_does_not_depend_on_the_pace(
    service: Service, pace_s: float | None
) -> None:
    """A second clip that is 8 s late is had by whoever polls often, and seldom."""
    service.course = [(0, RUNNING), (20, ONE), (28, BOTH)]

    job = await ended(service, poll_every_s=pace_s)

    assert [LINK, LINK] == [one.audio_url for one in job.clips]
    assert service.clock.now() <= 28 + 2 * (pace_s or 15.0)


async def test_a_clip_that_never_comes_costs_few_polls(service: Service) -> None:
    """At a pace that is learned, a minute of patience is some polls."""
    service.course = [(0, ONE)]

    await ended(service)

    assert service.polls <= 8


async def test_a_song_without_any_link_is_none(service: Service) -> None:
    """The job ends at its limit, and says what is there."""
    service.course = [(0, NO_LINKS)]

    job = await ended(service, poll_every_s=5, job_timeout_s=100)

    with pytest.raises(JobTimedOut, match="2 of 2 clips succeeded, without a link"):
        await job
    assert 2 == len(job.clips)


async def test_a_limit_that_ends_during_patience_gives_what_there_is(
    service: Service,
) -> None:
    """One of two is better than a timeout."""
    service.course = [(0, ONE_LINK)]

    job = await ended(service, poll_every_s=5, job_timeout_s=20)

    assert [LINK, None] == [one.audio_url for one in await job]


async def test_a_task_that_failed_fails_after_a_minute_at_the_latest(
    service: Service,
) -> None:
    """A failed clip alone may have a good one beside it, but not for ever."""
    service.course = [(0, ONE_FAILED)]

    job = await ended(service, poll_every_s=1)

    with pytest.raises(JobFailed, match="no reason"):
        await job
    assert service.clock.now() <= 62


async def test_what_is_missing_is_in_the_log(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """No paid song is left out in silence."""
    service.course = [(0, ONE)]

    job = await ended(service, poll_every_s=1)

    assert f"task task-1 of job {job.key} ended with 1 of 2 clips" in caplog.text


async def test_nuros_song_is_done_when_it_has_its_link(service: Service) -> None:
    """API: done is succeeded and an address."""
    body = {"task_id": "task-1", "status": "succeeded", "audio_url": ""}
    service.course = [(0, body), (40, {**body, "audio_url": LINK})]

    async with MusicSession(
        "k", base_url=service.url, clock=service.clock, poll_every_s=1
    ) as music:
        job = music.nuro.create_vocal("la la " * 60)

    assert [LINK] == [one.audio_url for one in job.clips]


# Saving.


@pytest.mark.slow
@pytest.mark.parametrize("fault, polls", [("late_link", 3), ("late_clip", 2)])
async def test_what_is_missing_is_asked_for_before_save_gives_up(
    tmp_path: Path,
    fault: Any,
    polls: int,
) -> None:
    """It came after the job's end, and all files are stored."""
    clock = AutojumpClock()
    async with (
        Emulator(preview_s=20, pace=Pace.polls()) as api,
        MusicSession(api.key, base_url=api.url, clock=clock, poll_every_s=30) as music,
    ):
        api.fault(fault, polls=polls, clips=1)
        job = music.riffusion.create("rain")
        await job
        had = sum(one.audio_url is not None for one in job.clips)
        paths = await job.save(tmp_path)

    assert 1 == had
    assert 2 == len(set(paths)) == len(list(tmp_path.glob("*.mp3")))


async def test_save_never_gives_fewer_files_than_clips(
    service: Service, tmp_path: Path
) -> None:
    """A clip whose link never comes is named, and so is what was stored."""
    service.course = [(0, [clip(1, None), clip(2, None)]), (30, ONE_LINK)]
    async with MusicSession(
        "k", base_url=service.url, clock=service.clock, poll_every_s=1
    ) as music:
        job = music.suno.create("rain")
        await job
        polls = service.polls
        async with asyncio.timeout(60):
            with pytest.raises(DownloadError, match="Clip c2 could not be"):
                await job.save(tmp_path)

    assert service.polls > polls
