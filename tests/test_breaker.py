"""A service that loses answers costs little: after three in a row, one probes."""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import ClassVar

import attrs
import pytest
from stopped import StoppedClock

from aiomusic import JobState, MusicJob, MusicSession, NotSent
from aiomusic._engine.breaker import FIRST_ON_WIRE, MAX_LOST, MAX_ON_WIRE, Breaker, Try
from aiomusic._http.limiter import Pace as Limits
from aiomusic._http.limiter import Turn
from aiomusic._request import Request
from aiomusic.emulator import Emulator, Fault, Pace

pytestmark = pytest.mark.anyio

SONGS = 300
OPENED = "were lost in a row"
CLOSED = "the service answers again"


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def breaker(clock: StoppedClock) -> Breaker:
    return Breaker(clock)


def begun(breaker: Breaker) -> Try:
    assert breaker.is_due
    return breaker.begin()


def lose(breaker: Breaker, times: int = MAX_LOST) -> None:
    tries = [begun(breaker) for _ in range(times)]
    for tried in tries:
        breaker.lost(tried)


def test_answers_make_room_and_a_loss_takes_it_back(breaker: Breaker) -> None:
    """For the next, and one more, with each answer, up to a bound."""
    capacities = [breaker.capacity]
    for _ in range(MAX_ON_WIRE):
        breaker.answered(begun(breaker))
        capacities.append(breaker.capacity)
    breaker.lost(begun(breaker))

    assert [FIRST_ON_WIRE, FIRST_ON_WIRE + 1] == capacities[:2]
    assert MAX_ON_WIRE == capacities[-1]
    assert FIRST_ON_WIRE == breaker.capacity


def test_whoever_is_let_out_need_not_wait_for_the_pace(breaker: Breaker) -> None:
    """Both allow one more with each answer, so that a burst forms no second line."""
    pace, out = Limits(), deque[tuple[Try, Turn]]()
    for _ in range(2 * MAX_ON_WIRE):
        while breaker.capacity:
            assert not pace.is_waiting
            breaker.on_wire += 1
            out.append((breaker.begin(), pace.take(0.0)))
        tried, turn = out.popleft()
        breaker.on_wire -= 1
        breaker.answered(tried)
        pace.passed(turn)

    assert MAX_ON_WIRE == breaker.on_wire + 1


def test_losses_that_are_not_in_a_row_keep_nothing_back(breaker: Breaker) -> None:
    """Only three between which nothing is answered do."""
    for _ in range(5):
        lose(breaker, MAX_LOST - 1)
        breaker.answered(begun(breaker))

    assert not breaker.is_open


@pytest.mark.parametrize("burst", [MAX_LOST, 16, MAX_ON_WIRE])
def test_the_first_probe_goes_a_second_after_a_burst(
    breaker: Breaker, clock: StoppedClock, burst: int
) -> None:
    """However many a fault hit at once, it is one fault."""
    lose(breaker, burst)

    assert (0, 1.0, False) == (breaker.capacity, breaker.wait_s, breaker.is_due)
    clock.advance(1.0)
    assert 1 == breaker.capacity
    assert begun(breaker).is_probe
    assert not breaker.is_due


def test_probes_that_are_lost_come_ever_later(
    breaker: Breaker, clock: StoppedClock
) -> None:
    """Twice as late each time, up to a minute."""
    lose(breaker)
    waits = []
    for _ in range(8):
        waits.append(breaker.wait_s)
        clock.advance(breaker.wait_s)
        breaker.lost(begun(breaker))

    assert [1, 2, 4, 8, 16, 32, 60, 60] == waits


def test_a_straggler_of_the_burst_is_no_lost_probe(
    breaker: Breaker, clock: StoppedClock
) -> None:
    """Nor does its end let a second probe go beside the first."""
    straggler = begun(breaker)
    lose(breaker)
    clock.advance(1.0)
    probe = begun(breaker)
    breaker.lost(straggler)
    clock.advance(1.0)

    assert not breaker.is_due
    breaker.lost(probe)
    assert 2.0 == breaker.wait_s


def test_a_probe_that_does_not_leave_lets_the_next_go(
    breaker: Breaker, clock: StoppedClock
) -> None:
    """It tells nothing of the service."""
    lose(breaker)
    clock.advance(1.0)
    breaker.unsent(begun(breaker))

    assert begun(breaker).is_probe


def test_an_answer_lets_all_go_on(breaker: Breaker, clock: StoppedClock) -> None:
    """And the next fault begins with a second again."""
    lose(breaker)
    clock.advance(1.0)
    breaker.lost(begun(breaker))
    clock.advance(2.0)
    breaker.answered(begun(breaker))

    assert (False, FIRST_ON_WIRE + 1) == (breaker.is_open, breaker.capacity)
    lose(breaker)
    assert 1.0 == breaker.wait_s


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(credits=10_000, pace=Pace.polls(), media=False) as api:
        yield api


def posts(api: Emulator) -> int:
    return sum(request.method == "POST" for request in api.requests)


async def settled(api: Emulator, music: MusicSession) -> int:
    """Wait until nothing is on the wire; return how many creates have come."""
    assert music._engine is not None
    admission = music._engine.admission
    quiet = 0
    while quiet < 20:
        await asyncio.sleep(0)
        quiet = 0 if admission._sending else quiet + 1
    return posts(api)


def break_gateway(api: Emulator) -> Fault:
    return api.fault("status", on="create", status=502, times=None)


def states(jobs: Sequence[MusicJob[object]], state: JobState) -> int:
    return sum(job.state is state for job in jobs)


async def test_a_gateway_that_answers_502_costs_what_was_in_flight(
    api: Emulator, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """And a probe now and then; the rest wait unpaid, and go when it answers."""
    fault = break_gateway(api)
    async with MusicSession(
        api.key, base_url=api.url, clock=clock, concurrency=1_000, on_exit="detach"
    ) as music:
        jobs = [music.riffusion.create(f"song {n}") for n in range(SONGS)]
        counts = [await settled(api, music)]
        for seconds in (0.9, 0.1, 1.9, 0.1, 3.9, 0.1):
            clock.advance(seconds)
            counts.append(await settled(api, music))
        lost = FIRST_ON_WIRE + 3
        unknown, queued = states(jobs, JobState.UNKNOWN), states(jobs, JobState.QUEUED)
        warned = [one for one in caplog.records if OPENED in one.getMessage()]
        fault.cancel()
        clock.advance(8.0)
        while any(job.task_id is None and job.error is None for job in jobs):
            await asyncio.sleep(0)

    first = FIRST_ON_WIRE
    assert [first, first, *2 * (first + 1,), *2 * (first + 2,), lost] == counts
    assert (lost, SONGS - lost) == (unknown, queued)
    assert [logging.ERROR] == [one.levelno for one in warned]
    assert SONGS == posts(api)
    assert SONGS - lost == len(api.tasks)
    told = [one for one in caplog.records if CLOSED in one.getMessage()]
    assert 1 == len(told)


@attrs.frozen(kw_only=True)
class Unspeakable(Request[object]):
    """Spelt well when it is submitted, and never again."""

    PROVIDER: ClassVar = "lyrics"
    OPERATION: ClassVar = "unspeakable"
    PATH: ClassVar = "/unspeakable"
    COST: ClassVar = 10

    calls: Iterator[int] = attrs.field(factory=itertools.count, eq=False, hash=False)

    def to_body(self) -> dict[str, object]:
        if next(self.calls):
            raise RuntimeError("mistaken")
        return {}


async def test_a_probe_that_ends_in_a_mistake_lets_the_next_go(
    api: Emulator, clock: StoppedClock
) -> None:
    """It was not sent, so it tells nothing of the service."""
    async with MusicSession(
        api.key, base_url=api.url, clock=clock, on_exit="detach"
    ) as music:
        assert music._engine is not None
        breaker = music._engine.admission.breaker
        lose(breaker)
        mistaken = music.submit(Unspeakable())
        song = music.riffusion.create("rain")
        clock.advance(1.0)
        async with asyncio.timeout(30):
            while song.task_id is None:
                await asyncio.sleep(0)

    assert isinstance(mistaken.error, NotSent)
    assert not breaker.is_open


async def test_those_that_wait_for_a_429_probe_one_at_a_time(
    api: Emulator, clock: StoppedClock
) -> None:
    """They have their slots, and would all be lost together."""
    api.fault("rate_limited", on="create", times=FIRST_ON_WIRE, retry_after=5)
    break_gateway(api)
    async with MusicSession(
        api.key, base_url=api.url, clock=clock, concurrency=1_000, on_exit="detach"
    ) as music:
        assert music._engine is not None
        for _ in range(8):
            music._engine.admission.breaker.answered(Try(is_probe=False))
        jobs = [music.riffusion.create(f"song {number}") for number in range(12)]
        while states(jobs, JobState.SUBMITTING) < 12:
            await settled(api, music)
        lose(music._engine.admission.breaker)
        came = []
        for _ in range(20):
            before = posts(api)
            clock.advance(1.0)
            for _ in range(300):
                await asyncio.sleep(0)
            came.append(posts(api) - before)

    assert {0, 1} == set(came)
    assert 4 == sum(came)


async def test_leaving_does_not_wait_for_a_probe_that_is_not_due(
    api: Emulator, clock: StoppedClock
) -> None:
    """What waits for its turn is dropped unpaid, and nothing more is sent."""
    break_gateway(api)
    async with MusicSession(
        api.key, base_url=api.url, clock=clock, concurrency=1_000, on_exit="detach"
    ) as music:
        jobs = [music.riffusion.create(f"song {n}") for n in range(SONGS)]
        before = await settled(api, music)

    assert before == posts(api)
    charged = [str(job.error.charged) for job in jobs if job.error is not None]
    assert (SONGS - before, SONGS) == (charged.count("no"), len(charged))
