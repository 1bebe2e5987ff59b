"""One loop polls every task: at the host's pace, and none is left behind."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from stopped import StoppedClock

from aiomusic import AuthenticationFailed, JobState, MusicJob, MusicSession, wait_all
from aiomusic._engine.breaker import FIRST_ON_WIRE
from aiomusic._http.limiter import Limiter, Turn
from aiomusic.emulator import Emulator, Pace
from aiomusic.errors import RateLimited
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> AutojumpClock:
    return AutojumpClock()


class Service:
    """Riffusion as far as polls go: its tasks end by the clock, and it asks nothing."""

    def __init__(self, clock: AutojumpClock, median_s: float) -> None:
        self.ends_at: dict[str, float] = {}
        self._clock = clock
        self._median_s = median_s
        self._dice = random.Random(5)
        self.url = ""

    async def create(self, _request: web.Request) -> web.Response:
        task_id = f"task-{len(self.ends_at)}"
        lasts_s = self._median_s * self._dice.lognormvariate(0.0, 0.35)
        self.ends_at[task_id] = self._clock.now() + lasts_s
        return web.json_response({"task_id": task_id})

    async def poll(self, request: web.Request) -> web.Response:
        is_over = self._clock.now() >= self.ends_at[request.match_info["task_id"]]
        state = "succeeded" if is_over else "running"
        clip = {"state": state, "audio_url": "https://e.org/a.mp3"}
        clips = [{**clip, "clip_id": f"clip-{n}"} for n in range(2)]
        return web.json_response({"code": 200, "data": clips})


@pytest.fixture
async def service(clock: AutojumpClock) -> AsyncIterator[Service]:
    service = Service(clock, median_s=60.0)
    app = web.Application()
    app.router.add_post("/api/v1/riffusion/create", service.create)
    app.router.add_get("/api/v1/riffusion/task/{task_id}", service.poll)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield service
    await runner.cleanup()


@pytest.fixture
async def http(
    clock: AutojumpClock, sent_at: list[float]
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that notes when each request goes out."""

    async def note(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        _params: aiohttp.TraceRequestStartParams,
    ) -> None:
        sent_at.append(clock.now())

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(note)
    async with aiohttp.ClientSession(trace_configs=[trace]) as http:
        yield http


@pytest.fixture
def sent_at() -> list[float]:
    return []


def shortest_gap(times: list[float]) -> float:
    return min(later - sooner for sooner, later in itertools.pairwise(times))


@pytest.mark.parametrize("per_s", [0.25, 2.0, 7.0])
async def test_creates_and_polls_share_a_rate(
    clock: AutojumpClock,
    http: aiohttp.ClientSession,
    sent_at: list[float],
    per_s: float,
) -> None:
    """Never do two go out nearer than the rate allows, and every job succeeds."""
    async with (
        Emulator(
            preview_s=20,
            pace=Pace.seconds(5.0, 50.0, spread=0.35),
            media=False,
            clock=clock,
        ) as api,
        MusicSession(
            api.key,
            base_url=api.url,
            concurrency=20,
            requests_per_s=per_s,
            http=http,
            clock=clock,
        ) as music,
    ):
        jobs = [music.riffusion.create(f"song {n}") for n in range(30)]
        for job in jobs:
            await job

    assert len(sent_at) == api.submissions + api.polls
    assert 1.0 / per_s <= shortest_gap(sent_at) + 1e-9
    assert {JobState.SUCCEEDED} == {job.state for job in jobs}


async def test_without_a_rate_nothing_is_kept_back(
    service: Service,
    clock: AutojumpClock,
    http: aiohttp.ClientSession,
    sent_at: list[float],
) -> None:
    """What is bought together is sent together."""
    async with MusicSession(
        "key", base_url=service.url, http=http, clock=clock, on_exit="detach"
    ) as music:
        jobs = [music.riffusion.create(f"song {n}") for n in range(FIRST_ON_WIRE)]
        await reach(jobs, JobState.PENDING)

    assert [0.0] * FIRST_ON_WIRE == sent_at[:FIRST_ON_WIRE]


async def test_polls_and_creates_take_turns_at_a_rate(
    service: Service, clock: AutojumpClock, http: aiohttp.ClientSession
) -> None:
    """Jobs end while a long queue of creates is still being sent."""
    async with MusicSession(
        "key",
        base_url=service.url,
        concurrency=400,
        requests_per_s=2.0,
        http=http,
        clock=clock,
        on_exit="detach",
    ) as music:
        jobs = [music.riffusion.create(f"song {n}") for n in range(400)]
        await jobs[0]

        waiting = [job for job in jobs if job.task_id is None]

    assert len(waiting) > 200


async def test_polls_are_dearer_while_more_are_asked_for_than_the_rate_allows(
    service: Service, clock: AutojumpClock, http: aiohttp.ClientSession
) -> None:
    """Their price rises with the tasks in flight, and falls when those are over."""
    async with MusicSession(
        "key",
        base_url=service.url,
        concurrency=60,
        requests_per_s=1.0,
        http=http,
        clock=clock,
    ) as music:
        assert music._engine is not None
        ration = music._engine.poller.ration
        assert ration is not None
        jobs = [music.riffusion.create(f"song {n}") for n in range(60)]
        await reach(jobs, JobState.PENDING)

        dear_s = ration.price_s
        for job in jobs:
            await job

    assert dear_s > 2 * ration.least_s
    assert ration.least_s == ration.price_s
    assert ration._demand == pytest.approx(0.0, abs=1e-9)


def refuse(limiter: Limiter, after_s: float) -> None:
    turn = limiter.enter_now()
    assert turn is not None
    limiter.end(turn, RateLimited("slow down", retry_after_s=after_s))


async def reach(jobs: Sequence[MusicJob[object]], state: JobState) -> None:
    for job in jobs:
        async for update in job.updates():
            if update.state is state:
                break


ONE_IN_FIVE: dict[str, dict[str, Any]] = {
    "drop": {"kind": "drop_after_body"},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "429": {"kind": "status", "status": 429},
    "404": {"kind": "status", "status": 404},
    "web page": {"kind": "html"},
}


async def test_polls_that_fail_lose_no_job_and_cost_one_poll_each(
    clock: AutojumpClock,
) -> None:
    """With one poll in five failing, in six ways, every job ends well."""
    pace = Pace.polls(1, 1, not_ready=1)
    async with (
        Emulator(preview_s=20, pace=pace, media=False, credits=1_000) as api,
        MusicSession(
            api.key, base_url=api.url, concurrency=30, poll_every_s=1.0, clock=clock
        ) as music,
    ):
        ways = itertools.cycle(ONE_IN_FIVE.values())
        faults = [
            api.fault(on="poll", skip=skip, **next(ways)) for skip in range(4, 400, 5)
        ]
        jobs = [music.riffusion.create(f"song {n}") for n in range(60)]
        ends = await wait_all(jobs)

    struck = sum(fault.struck for fault in faults)
    assert 60 == len([end for end in ends if isinstance(end, tuple)])
    assert 60 == api.submissions
    assert api.polls // 5 == struck
    assert 4 * 60 <= api.polls <= 4 * 60 + struck


@pytest.mark.parametrize("every_s", [None, 0.5], ids=["learned", "fixed"])
async def test_a_service_that_says_when_it_is_back_is_not_given_up_before(
    clock: AutojumpClock, every_s: float | None
) -> None:
    """A poll that fails is made again when the service asks, and not sooner."""
    async with (
        Emulator(
            preview_s=20, pace=Pace.seconds(5, 25), media=False, clock=clock
        ) as api,
        MusicSession(
            api.key, base_url=api.url, poll_every_s=every_s, clock=clock
        ) as music,
    ):
        asks = {"Retry-After": "300"}
        api.fault("status", on="poll", status=503, headers=asks, times=2)

        clips = await music.riffusion.create("song")

        assert 2 == len(clips)
        assert 3 == api.polls
        assert 600 <= clock.now() < 700


async def test_a_poll_that_another_took_meanwhile_is_not_missed(
    service: Service,
) -> None:
    """Who waited in line for a poll that is gone waits for the next one."""
    clock = StoppedClock()
    async with MusicSession(
        "key", base_url=service.url, clock=clock, poll_every_s=1.0
    ) as music:
        job = music.riffusion.create("song")
        await reach([job], JobState.PENDING)
        assert music._engine is not None
        poller = music._engine.poller
        refuse(poller.polls, after_s=5.0)

        clock.advance(1.0)
        for _ in range(5):
            await asyncio.sleep(0)
        taken = poller._pop(Turn(0.0, 0))
        clock.advance(4.0)
        for _ in range(5):
            await asyncio.sleep(0)
        service.ends_at["task-0"] = 0.0
        poller._push(taken, clock.now())
        clock.advance(0.0)

        assert 2 == len(await job)


async def test_a_hint_while_a_task_is_polled_at_is_not_missed(
    service: Service,
) -> None:
    """The reply may be from before the end that the hint tells of."""
    clock = StoppedClock()
    async with MusicSession(
        "key", base_url=service.url, clock=clock, poll_every_s=1.0
    ) as music:
        job = music.riffusion.create("song")
        await reach([job], JobState.PENDING)
        assert music._engine is not None
        poller = music._engine.poller
        taken = poller._pop(Turn(0.0, 0))

        poller.called_back(taken.job)
        await poller._poll(taken)
        service.ends_at["task-0"] = 0.0

        async with asyncio.timeout(5):
            assert 2 == len(await job)


async def test_an_error_that_ends_a_wait_says_how_to_go_on(
    clock: AutojumpClock,
) -> None:
    """A key that is refused ends the polling, not the task."""
    async with (
        Emulator(
            preview_s=20, pace=Pace.seconds(5, 25), media=False, clock=clock
        ) as api,
        MusicSession(api.key, base_url=api.url, clock=clock) as music,
    ):
        api.fault("status", on="poll", status=401)
        job = music.riffusion.create("song")

        with pytest.raises(
            AuthenticationFailed,
            match=r"Check the API key\. .*The job is pending after \d+\.\d s\."
            r" .*music\.attach\('riffusion', '.*'\) follows it again, and so",
        ):
            await job
