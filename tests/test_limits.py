"""A service that lets only so many in: every song is made, and few are sent twice."""

import asyncio
import email.utils
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Self, final

import pytest
from aiohttp import web
from stopped import StoppedClock

from aiomusic import JobState, MusicSession, RateLimited, riffusion, suno
from aiomusic._clock import Clock
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

SONGS = 30


@pytest.fixture
def clock() -> AutojumpClock:
    return AutojumpClock()


@final
class Service:
    """
    Takes a create now and then, and ends a task some time later.

    Args:
        per_s: How many creates are taken in a second, evenly spaced.
        capacity: How many tasks may be under way.
        says: The headers of a refusal; seconds to wait, and the service's time, go in.
        refusal: Its status and words.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        per_s: float = 1e9,
        capacity: int = 1_000,
        says: Mapping[str, str] | None = None,
        refusal: tuple[int, str] = (429, "Too many requests"),
        lasts_s: float = 20.0,
    ) -> None:
        self.clock = clock
        self.posts: list[float] = []
        self.polls: list[float] = []
        self.ends_at: dict[str, float] = {}
        self.per_s, self.capacity, self.lasts_s = per_s, capacity, lasts_s
        self.says, self.refusal = says or {}, refusal
        self.refused = 0
        self.poll_says: list[web.Response] = []
        self._free_at = 0.0

    async def create(self, request: web.Request) -> web.Response:
        await request.read()
        now = self.clock.now()
        self.posts.append(now)
        running = sum(end > now for end in self.ends_at.values())
        if now < self._free_at or running >= self.capacity:
            self.refused += 1
            return self._refuse(self._free_at - now)
        self._free_at = now + 1 / self.per_s
        task_id = f"task-{len(self.ends_at)}"
        self.ends_at[task_id] = now + self.lasts_s
        return web.json_response({"task_id": task_id})

    def _refuse(self, wait_s: float) -> web.Response:
        status, words = self.refusal
        # Its clock is a day ahead of this machine's.
        now = self.clock.wall() + 86_400
        said = {
            name: value.format(
                seconds=max(1, round(wait_s)),
                date=email.utils.formatdate(now + wait_s, usegmt=True),
                now=email.utils.formatdate(now, usegmt=True),
                past=email.utils.formatdate(now - 3600, usegmt=True),
            )
            for name, value in self.says.items()
        }
        body = json.dumps({"message": words})
        return web.Response(
            status=status, text=body, content_type="application/json", headers=said
        )

    async def poll(self, request: web.Request) -> web.Response:
        self.polls.append(self.clock.now())
        if self.poll_says:
            return self.poll_says.pop(0)
        is_over = self.clock.now() >= self.ends_at[request.match_info["task_id"]]
        state = "succeeded" if is_over else "running"
        clips = [
            {"clip_id": f"clip-{n}", "state": state, "audio_url": "https://x.example/a"}
            for n in range(2)
        ]
        return web.json_response({"code": 200, "data": clips})

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/v1/{provider}/create", self.create)
        app.router.add_get("/api/v1/{provider}/task/{task_id}", self.poll)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()


SAYS: dict[str, Mapping[str, str]] = {
    "seconds": {"Retry-After": "{seconds}"},
    "0": {"Retry-After": "0"},
    "a date": {"Retry-After": "{date}", "Date": "{now}"},
    "a past date": {"Retry-After": "{past}", "Date": "{now}"},
    "nothing": {},
    "nonsense": {"Retry-After": "soon"},
    "an eighth of a second": {"Retry-After": "0.125"},
}
REFUSALS: dict[str, tuple[int, str]] = {
    "429": (429, "Too many requests"),
    "QPS": (403, "API QPS limit exceeded"),
}


@pytest.mark.slow
@pytest.mark.parametrize("says", SAYS.values(), ids=SAYS.keys())
@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
@pytest.mark.parametrize("per_s", [1.0, 0.5])
async def test_the_readmes_batch_is_made_at_a_create_a_second(
    clock: AutojumpClock,
    per_s: float,
    refusal: tuple[int, str],
    says: Mapping[str, str],
) -> None:
    """Thirty of thirty, with at most forty creates, however it says when."""
    async with (
        Service(clock, per_s=per_s, says=says, refusal=refusal) as service,
        MusicSession(
            "key",
            base_url=service.url,
            concurrency=20,
            max_credits=2_000,
            clock=clock,
            poll_every_s=5,
        ) as music,
    ):
        songs = {f"{n}": suno.Create(f"song {n}") for n in range(SONGS)}
        jobs = [job async for job in music.run(songs.items())]

    assert {JobState.SUCCEEDED} == {job.state for job in jobs}
    assert SONGS == len(jobs) == len(service.ends_at)
    assert len(service.posts) <= 40


@pytest.mark.parametrize("form", ["seconds", "zero", "date", "past", "none"])
async def test_the_emulators_rate_is_kept(clock: AutojumpClock, form: str) -> None:
    """In every form in which it says when to come back."""
    async with (
        Emulator(
            preview_s=20,
            pace=Pace.seconds(5, 25),
            media=False,
            clock=clock,
            creates_per_s=1,
            retry_after=form,  # type: ignore[arg-type]
        ) as api,
        MusicSession(api.key, base_url=api.url, concurrency=20, clock=clock) as music,
    ):
        songs = [riffusion.Create(f"song {n}") for n in range(SONGS)]
        jobs = [job async for job in music.run(songs)]

    assert {JobState.SUCCEEDED} == {job.state for job in jobs}
    assert sum(request.method == "POST" for request in api.requests) <= 40


async def pass_time(clock: StoppedClock, seconds: float) -> None:
    """Let time pass in small steps, and what is sent in each of them be answered."""
    for _ in range(round(seconds / 0.5)):
        for _ in range(100):
            await asyncio.sleep(0)
        clock.advance(0.5)


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["3600", "300"])
async def test_a_creates_hour_holds_back_no_poll(asked: str) -> None:
    """A song that is ready is seen at its time, though the service takes no more."""
    clock = StoppedClock()
    says = {"Retry-After": asked}
    async with (
        Service(clock, per_s=1e-9, says=says) as service,
        MusicSession(
            "key", base_url=service.url, clock=clock, poll_every_s=5, on_exit="detach"
        ) as music,
    ):
        first, second = music.suno.create("one"), music.suno.create("two")
        await pass_time(clock, service.lasts_s + 10)

        assert (JobState.SUCCEEDED, JobState.SUBMITTING) == (first.state, second.state)
        assert 2 == len(service.posts)


async def test_a_polls_hour_holds_back_no_create() -> None:
    """Nor does it ask for the balance then."""
    clock = StoppedClock()
    limited = web.json_response({}, status=429, headers={"Retry-After": "3600"})
    async with (
        Service(clock) as service,
        MusicSession(
            "key", base_url=service.url, clock=clock, poll_every_s=1, on_exit="detach"
        ) as music,
    ):
        service.poll_says = [limited]
        music.suno.create("one")
        await pass_time(clock, 2)
        second = music.suno.create("two")
        await pass_time(clock, 1)

        assert JobState.PENDING is second.state
        assert 1 == len(service.polls)


@pytest.mark.parametrize(
    "says", [{}, {"Retry-After": "1"}, {"Retry-After": "0"}], ids=["none", "1", "0"]
)
async def test_a_full_queue_is_waited_for_unpaid(
    clock: AutojumpClock, says: Mapping[str, str]
) -> None:
    """Eight jobs and three slots: none is given up, and those that wait are queued."""
    async with (
        Service(
            clock, capacity=3, says=says, refusal=(403, "Queue is full"), lasts_s=100
        ) as service,
        MusicSession("key", base_url=service.url, clock=clock, poll_every_s=5) as music,
    ):
        jobs = [music.suno.create(f"song {n}") for n in range(8)]
        await jobs[0]
        states = [job.state for job in jobs if job.task_id is None]
        for job in jobs:
            await job

    assert {JobState.QUEUED} == set(states) - {JobState.SUBMITTING}
    assert {JobState.SUCCEEDED} == {job.state for job in jobs}
    assert len(service.posts) <= 8 + 3 * 10


@pytest.mark.parametrize(
    ("refusal", "error"),
    [((429, "slow"), RateLimited), ((403, "API usage limit exceeded"), RateLimited)],
)
async def test_a_refusal_without_end_ends_a_job_unpaid(
    clock: AutojumpClock, refusal: tuple[int, str], error: type[Exception]
) -> None:
    """After ten tries in minutes, not in a blink."""
    says = {"Retry-After": "0"}
    async with Service(clock, per_s=1e-9, says=says, refusal=refusal) as service:
        service._free_at = 1e9
        async with MusicSession("key", base_url=service.url, clock=clock) as music:
            with pytest.raises(error, match="Nothing was charged") as caught:
                await music.suno.create("one")

    assert "no" == getattr(caught.value, "charged", None)
    assert 10 == len(service.posts)
    assert 100 < clock.now() < 300
