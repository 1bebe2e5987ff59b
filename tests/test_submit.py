"""A create is sent once, and what became of it is told."""

import asyncio
import collections
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import aiohttp
import attrs
import pytest
from aiohttp import web
from scripted import Answer, Scripted
from stopped import StoppedClock

from aiomusic import (
    Clip,
    ContentRefused,
    JobCancelled,
    JobDetached,
    JobState,
    JobTimedOut,
    MusicJob,
    MusicSession,
    NotSent,
    OutOfCredits,
    RateLimited,
    SubmissionUnknown,
)
from aiomusic._clock import SystemClock, Timer
from aiomusic._engine.admission import MAX_429_TRIES
from aiomusic._engine.breaker import MAX_ON_WIRE, Try
from aiomusic._request import Request
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal.memory import MemoryJournal
from aiomusic.journal.sqlite import SqliteJournal
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


@pytest.fixture
def clock() -> AutojumpClock:
    return AutojumpClock()


@pytest.fixture
async def music(api: Emulator, clock: AutojumpClock) -> AsyncIterator[MusicSession]:
    async with MusicSession(
        api_key=api.key, base_url=api.url, clock=clock, request_timeout_s=0.5
    ) as music:
        yield music


AMBIGUOUS: dict[str, dict[str, Any]] = {
    "dropped before the body was read": {"kind": "drop_before_body"},
    "dropped after the body was read": {"kind": "drop_after_body"},
    "reset": {"kind": "reset"},
    "no answer": {"kind": "hang"},
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502},
    "503": {"kind": "status", "status": 503},
    "504": {"kind": "status", "status": 504, "body": "gateway"},
    "cut reply": {"kind": "cut_body"},
    "web page": {"kind": "html"},
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_an_ambiguous_create_is_sent_once_and_unknown(
    api: Emulator, music: MusicSession, fault: dict[str, Any]
) -> None:
    """Whatever breaks after the first byte, the create is not sent again."""
    api.fault(on="create", **fault)
    job = music.riffusion.create("r&b pop song")

    with pytest.raises(SubmissionUnknown, match="not sent again") as caught:
        await job

    posts = [request for request in api.requests if request.method == "POST"]
    assert 1 == len(posts) if fault["kind"] != "drop_before_body" else len(posts) <= 1
    assert api.submissions <= 1
    assert JobState.UNKNOWN is job.state
    assert ("unknown", job.key) == (caught.value.charged, caught.value.key)


async def test_an_unknown_job_counts_against_the_budget(api: Emulator) -> None:
    """What may have been paid is not spent again."""
    api.fault("drop_after_body", on="create")

    async with MusicSession(
        api_key=api.key, base_url=api.url, max_credits=10, poll_every_s=0
    ) as music:
        first = music.riffusion.create("one")
        with pytest.raises(SubmissionUnknown, match="may have been charged"):
            await first
        second = music.riffusion.create("two")
        with pytest.raises(Exception, match="max_credits=10"):
            await second

    assert 10 == api.charged


async def test_a_429_is_repeated_when_the_service_says(
    api: Emulator, music: MusicSession, clock: AutojumpClock
) -> None:
    """Nothing was bought, so it is safe; Retry-After is obeyed."""
    api.fault("status", status=429, retry_after=7, on="create", times=2)

    clips = await music.riffusion.create("r&b pop song")

    assert 2 == len(clips)
    assert 14.0 <= clock.now() < 40.0
    assert 10 == api.charged


async def test_a_429_without_end_is_an_error(
    api: Emulator, music: MusicSession
) -> None:
    """It is tried a bounded number of times."""
    api.fault("status", status=429, on="create", times=1_000)

    with pytest.raises(RateLimited, match="429") as caught:
        await music.riffusion.create("r&b pop song")

    assert ("no", "later") == (caught.value.charged, caught.value.retry)
    assert 0 == api.charged
    posts = [request for request in api.requests if request.method == "POST"]
    assert MAX_429_TRIES == len(posts)


REFUSED = {
    "credits": (403, "The remaining credits are not enough.", OutOfCredits),
    "payment": (402, "pay", OutOfCredits),
    "words": (403, "The song description needs moderation review.", ContentRefused),
}


@pytest.mark.parametrize(
    ("status", "text", "kind"), REFUSED.values(), ids=REFUSED.keys()
)
async def test_a_refused_create_is_not_repeated(
    api: Emulator, music: MusicSession, status: int, text: str, kind: type[Exception]
) -> None:
    """The service said no, in words that are kept, and nothing was bought."""
    body = f'{{"message": "{text}"}}'
    api.fault("status", status=status, body=body, on="create")
    job = music.riffusion.create("r&b pop song")

    with pytest.raises(kind, match=text) as caught:
        await job

    assert "no" == getattr(caught.value, "charged", None)
    assert JobState.FAILED is job.state
    assert 0 == api.charged


async def test_a_redirect_does_not_carry_a_create_elsewhere(
    api: Emulator, music: MusicSession
) -> None:
    """A body that is paid for goes where it was addressed, or nowhere."""
    api.fault("redirect", on="create")

    with pytest.raises(Exception, match="answered 30"):
        await music.riffusion.create("r&b pop song")

    assert 1 == len([request for request in api.requests if request.method == "POST"])


POLL_FAULTS: dict[str, dict[str, Any]] = {
    "drop": {"kind": "drop_after_body"},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "429": {"kind": "status", "status": 429, "retry_after": 1},
    "404": {"kind": "status", "status": 404},
    "web page": {"kind": "html"},
}


@pytest.mark.parametrize("fault", POLL_FAULTS.values(), ids=POLL_FAULTS.keys())
async def test_one_bad_poll_never_loses_a_job(
    api: Emulator, music: MusicSession, fault: dict[str, Any]
) -> None:
    """Each fault of a poll is survived."""
    api.fault(on="poll", **fault)

    clips = await music.riffusion.create("r&b pop song")

    assert 2 == len(clips)


async def test_all_bad_polls_in_a_row_are_survived(
    api: Emulator, music: MusicSession
) -> None:
    """Six different faults, one after the other, do not lose a job either."""
    for fault in POLL_FAULTS.values():
        api.fault(on="poll", **fault)
    api.fault("unknown_state", on="poll")
    api.fault("cut_body", on="poll")

    clips = await music.riffusion.create("r&b pop song")

    assert 2 == len(clips)
    assert 1 == api.submissions


async def test_polls_that_fail_for_ever_end_the_following(
    api: Emulator, music: MusicSession
) -> None:
    """The error names the task, the last fault and how to go on."""
    api.fault("status", status=500, on="poll", times=1_000_000)
    job = music.riffusion.create("r&b pop song")

    with pytest.raises(JobDetached, match="20 polls of the task failed") as caught:
        await job

    assert ("yes", job.task_id) == (caught.value.charged, caught.value.task_id)
    assert "music.attach('riffusion'" in str(caught.value)
    assert "pending" == caught.value.state
    assert job.elapsed_s == caught.value.elapsed_s
    assert caught.value.__cause__ is not None


async def test_a_task_that_never_ends_times_out(
    api: Emulator, clock: AutojumpClock
) -> None:
    """The job's time limit is apart from the count of failures."""
    api.fault("unknown_state", on="poll", times=1_000_000)

    async with MusicSession(
        api_key=api.key, base_url=api.url, clock=clock, job_timeout_s=100
    ) as music:
        job = music.riffusion.create("r&b pop song")
        with pytest.raises(JobTimedOut, match="after job_timeout_s=100 s") as caught:
            await job

    assert ("yes", job.task_id) == (caught.value.charged, caught.value.task_id)
    assert pytest.approx(100, abs=1) == clock.now()
    assert "running" == caught.value.state
    assert pytest.approx(100, abs=1) == caught.value.elapsed_s
    assert f"[job {job.key}, task {job.task_id}, running after 100." in str(
        caught.value
    )
    assert f"music.attach('riffusion', '{job.task_id}')" in str(caught.value)


async def test_words_refused_on_the_poll_end_the_job(music: MusicSession) -> None:
    """The service may find out only later, and says so in the reply to a poll."""
    job = music.riffusion.create("[[copyright]]")

    with pytest.raises(ContentRefused, match="copyrighted") as caught:
        await job

    assert JobState.FAILED is job.state
    assert job.task_id == caught.value.task_id


class HeldClock:
    """The machine's time, but sleep ends when the test says."""

    def __init__(self) -> None:
        self.asleep = asyncio.Event()
        self.wake = asyncio.Event()
        self.system = SystemClock()

    def now(self) -> float:
        return self.system.now()

    def wall(self) -> float:
        return self.system.wall()

    async def sleep(self, seconds: float) -> None:
        del seconds
        self.asleep.set()
        await self.wake.wait()

    def call_at(self, when: float, wake: Callable[[], None]) -> Timer:
        return self.system.call_at(when, wake)


async def test_a_refused_connection_is_tried_again(api: Emulator) -> None:
    """Nothing left this machine, so the create goes out once the host is back."""
    clock = HeldClock()
    async with MusicSession(
        api_key=api.key, base_url=api.url, poll_every_s=0.001, clock=clock
    ) as music:
        async with api.refusing():
            job = music.riffusion.create("r&b pop song")
            await clock.asleep.wait()
        assert music._engine is not None
        # Leaving the session would not wait for it: nothing is on the wire.
        assert set() == music._engine.admission._sending
        refused = api.submissions
        clock.wake.set()

        clips = await job

    assert (0, 1) == (refused, api.submissions)
    assert 2 == len(clips)


class Unreadable:
    """A reply that this library has a mistake in."""

    @classmethod
    def read(cls, raw: object) -> "Unreadable":  # noqa: ARG003
        return cls()

    def to_result(self, request: object) -> NoReturn:
        raise RuntimeError(f"mistaken about {request!r}")


@attrs.frozen(kw_only=True)
class Misread(Request[object]):
    """Sent well; its reply is what can't be understood."""

    PROVIDER: ClassVar = "lyrics"
    OPERATION: ClassVar = "misread"
    PATH: ClassVar = "/misread"
    COST: ClassVar = 10
    REPLY: ClassVar = attrs.frozen(Unreadable)


@attrs.frozen(kw_only=True)
class Unspeakable(Misread):
    """Spelt well when it is submitted, and never again."""

    calls: Iterator[int] = attrs.field(factory=itertools.count, eq=False, hash=False)

    def to_body(self) -> dict[str, object]:
        if next(self.calls):
            raise RuntimeError("mistaken")
        return {}


async def test_a_mistake_before_the_create_is_sent_costs_nothing() -> None:
    """It is that job's end alone; its slot and its credits are free again."""
    journal = MemoryJournal()
    async with Scripted() as server:
        server.answer("/misread", Answer({}))
        async with MusicSession(
            "k", base_url=server.url, journal=journal, concurrency=1, max_credits=10
        ) as music:
            job = music.submit(Unspeakable())
            with pytest.raises(NotSent, match="Nothing was sent") as caught:
                await job

    assert [] == server.posts
    assert ("no", "never") == (caught.value.charged, caught.value.retry)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert JobState.FAILED is job.state
    assert (0, 0, 0) == (journal.in_flight, journal.reserved, journal.spent)


async def test_a_mistake_after_the_create_is_sent_counts_as_paid() -> None:
    """What came of it is not known, so it is not sent again."""
    journal = MemoryJournal()
    async with Scripted() as server:
        server.answer("/misread", Answer({}))
        async with MusicSession(
            "k", base_url=server.url, journal=journal, concurrency=1, max_credits=10
        ) as music:
            job = music.submit(Misread())
            with pytest.raises(SubmissionUnknown, match="may have been") as caught:
                await job

    assert 1 == len(server.posts)
    assert "unknown" == caught.value.charged
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert JobState.UNKNOWN is job.state
    assert (1, 0, 10) == (journal.in_flight, journal.reserved, journal.spent)


class Mistaken:
    """A journal that writes a task's id down, and then makes a mistake."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal

    def __getattr__(self, name: str) -> object:
        return getattr(self._journal, name)

    async def accept(self, key: str, attempt: int, task_id: str, now: float) -> None:
        await self._journal.accept(key, attempt, task_id, now)
        raise RuntimeError("mistaken")


async def test_a_mistake_once_the_task_is_known_leaves_it_to_be_resumed(
    api: Emulator, tmp_path: Path
) -> None:
    """Its row stays open, nobody follows it, and its clips can still be had."""
    path = tmp_path / "songs.db"
    mistaken: Any = Mistaken(SqliteJournal(path))
    async with MusicSession(api.key, base_url=api.url, journal=mistaken) as music:
        left = music.riffusion.create("r&b pop song")
        with pytest.raises(JobDetached, match="goes on at the service") as caught:
            await left
        (record,) = await music.jobs()

    assert ("pending", False) == (record.state, record.is_followed)
    assert left.task_id is not None
    assert (left.task_id, left.task_id) == (record.task_id, caught.value.task_id)
    assert isinstance(caught.value.__cause__, RuntimeError)
    async with MusicSession(
        api.key, base_url=api.url, journal=path, poll_every_s=0
    ) as music:
        (job,) = await music.resume()
        clips: tuple[Clip, ...] = await job
    assert 2 == len(clips)
    assert (1, 10) == (api.submissions, api.charged)


async def cancelled_on_the_wire(music: MusicSession) -> None:
    """Cancel a job whose create has left, and whose answer has not come."""
    job: MusicJob[object] = music.riffusion.create("given up")
    while not job._is_sent:
        await asyncio.sleep(0)
    job.cancel()
    with pytest.raises(JobCancelled, match="while it was being sent"):
        await job


async def test_a_job_that_was_cancelled_on_the_wire_and_refused_is_not_sent_again(
    api: Emulator, clock: AutojumpClock
) -> None:
    """It turns out to be unpaid, so its slot and credits are the next one's."""
    api.fault("status", status=429, retry_after=7, on="create")
    journal = MemoryJournal()
    async with MusicSession(
        api.key,
        base_url=api.url,
        clock=clock,
        journal=journal,
        concurrency=1,
        max_credits=10,
    ) as music:
        await cancelled_on_the_wire(music)
        await music.riffusion.create("next")

    assert 2 == len([request for request in api.requests if request.method == "POST"])
    assert 10 == api.charged
    assert (0, 0, 10) == (journal.in_flight, journal.reserved, journal.spent)


async def test_a_job_that_is_cancelled_while_it_connects_is_not_sent(
    api: Emulator,
) -> None:
    """It was told to cost nothing, so neither the service nor the budget pays."""

    async def key() -> str:
        # The credits are reserved, and there is no connection yet.
        job.cancel()
        return api.key

    async with MusicSession(
        key, base_url=api.url, max_credits=10, poll_every_s=0.0
    ) as music:
        job = music.riffusion.create("dropped")
        with pytest.raises(JobCancelled, match="costs nothing") as caught:
            await job
        await music.riffusion.create("bought")

    assert ("no", 1, 10) == (caught.value.charged, api.submissions, api.charged)


async def test_leaving_settles_what_was_cancelled_on_the_wire_and_refused(
    api: Emulator,
) -> None:
    """It waits for nothing behind a gate that is shut, and was not bought."""
    api.fault("status", status=429, retry_after=7, on="create")
    journal = MemoryJournal()
    async with MusicSession(
        api.key, base_url=api.url, clock=StoppedClock(), journal=journal
    ) as music:
        await cancelled_on_the_wire(music)
        assert music._engine is not None
        admission = music._engine.admission
        while not admission.creates.pace.refusals or admission._sending:
            await asyncio.sleep(0)

    assert 1 == len([request for request in api.requests if request.method == "POST"])
    assert (0, 0, 0) == (journal.in_flight, journal.reserved, journal.spent)


async def test_nothing_new_is_sent_while_a_session_is_left(api: Emulator) -> None:
    """A gate that opens while another create hears its answer opens for nobody."""
    api.fault("hang", on="create")
    api.fault("status", status=429, retry_after=7, on="create")
    clock = StoppedClock()
    journal = MemoryJournal()
    music = MusicSession(
        api.key,
        base_url=api.url,
        clock=clock,
        journal=journal,
        on_exit="detach",
        request_timeout_s=0.5,
    )
    await music.__aenter__()
    assert music._engine is not None
    admission = music._engine.admission
    hanging = music.riffusion.create("on the wire")
    while not hanging._is_sent:
        await asyncio.sleep(0)
    waiting = music.riffusion.create("behind the gate")
    while not admission.creates.pace.refusals:
        await asyncio.sleep(0)

    leaving = asyncio.ensure_future(music.__aexit__(None, None, None))
    while not admission.is_leaving:
        await asyncio.sleep(0)
    clock.advance(7.0)

    with pytest.raises(JobDetached, match="closed before the job was sent") as caught:
        await waiting
    assert "no" == caught.value.charged
    await leaving
    assert 2 == len([request for request in api.requests if request.method == "POST"])
    assert (1, 0, 10) == (journal.in_flight, journal.reserved, journal.spent)


@pytest.mark.slow
async def test_so_many_creates_have_connections_at_one_time() -> None:
    """However many tasks may be in flight, the sockets are bounded."""
    now, most, numbers = 0, 0, itertools.count()
    is_full = asyncio.Event()

    async def create(_request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == MAX_ON_WIRE:
            is_full.set()
        await is_full.wait()
        now -= 1
        return web.json_response({"task_id": f"task-{next(numbers)}"})

    app = web.Application()
    app.router.add_post("/api/v1/riffusion/create", create)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    host, port = runner.addresses[0][:2]
    async with MusicSession(
        "key", base_url=f"http://{host}:{port}", concurrency=1_000, on_exit="detach"
    ) as music:
        assert music._engine is not None
        for _ in range(MAX_ON_WIRE):
            music._engine.admission.breaker.answered(Try(is_probe=False))
        music._engine.creates.pace.window = MAX_ON_WIRE
        jobs = [music.riffusion.create(f"song {n}") for n in range(MAX_ON_WIRE + 50)]
        for job in jobs:
            async for update in job.updates():
                if update.task_id is not None:
                    break
    await runner.cleanup()

    assert MAX_ON_WIRE == most


@pytest.mark.slow
async def test_what_has_no_connection_yet_waits_in_the_queue() -> None:
    """It is not said to be submitted, and goes as soon as another has been answered."""
    clock = StoppedClock()
    async with (
        Emulator(credits=10_000, pace=Pace.polls(), media=False) as api,
        MusicSession(
            api.key, base_url=api.url, clock=clock, concurrency=1_000, on_exit="detach"
        ) as music,
    ):
        assert music._engine is not None
        admission = music._engine.admission
        turn = admission.creates.enter_now()
        assert turn is not None
        admission.creates.end(turn, RateLimited("slow down", retry_after_s=7.0))
        for _ in range(MAX_ON_WIRE):
            admission.breaker.answered(Try(is_probe=False))
        jobs = [music.riffusion.create(f"{n}") for n in range(MAX_ON_WIRE + 10)]
        for _ in range(100):
            await asyncio.sleep(0)

        states = collections.Counter(job.state for job in jobs)
        clock.advance(7.0)
        while not all(job.task_id or job.error for job in jobs):
            await asyncio.sleep(0)

    assert {JobState.SUBMITTING: MAX_ON_WIRE, JobState.QUEUED: 10} == states
    assert (len(jobs), 0) == (api.submissions, admission.breaker.on_wire)
    assert set() == admission._sending


async def test_what_is_answered_at_once_is_over_without_a_warning(
    music: MusicSession, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is left to be followed."""
    await music.lyrics.create("rain")

    assert [] == [one for one in caplog.records if one.levelno >= logging.WARNING]


async def test_a_callers_own_retries_cannot_buy_twice(api: Emulator) -> None:
    """Even where the session given as http= sends again whatever failed."""
    calls: list[str] = []

    async def persistent(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        calls.append(request.method)
        try:
            return await handler(request)
        except aiohttp.ClientError:
            calls.append(request.method)
            return await handler(request)

    api.fault("drop_after_body", on="create")
    async with (
        aiohttp.ClientSession(middlewares=[persistent]) as http,
        MusicSession(
            api.key, base_url=api.url, http=http, request_timeout_s=0.5
        ) as music,
    ):
        with pytest.raises(SubmissionUnknown, match="not sent again"):
            await music.riffusion.create("rain")

    assert ["POST", "POST"] == calls
    assert 1 == api.submissions


async def test_a_task_that_never_ends_teaches_that_some_take_long(
    api: Emulator, clock: AutojumpClock
) -> None:
    """Were it not learned from, only those that end in time would be."""
    api.fault("unknown_state", on="poll", times=1_000_000)
    kind = "riffusion/create/FUZZ-1.1 Pro"

    async with MusicSession(
        api_key=api.key, base_url=api.url, clock=clock, job_timeout_s=100
    ) as music:
        with pytest.raises(JobTimedOut, match="after job_timeout_s=100 s"):
            await music.riffusion.create("r&b pop song")
        assert music._schedule is not None
        learned = music._schedule.to_state()["whole"][kind]

    assert 1 == learned["ends"]


async def test_what_sends_creates_ends_when_nothing_waits() -> None:
    """It waits for the next job for as long as one waits for room, and no longer."""
    async with (
        Emulator(pace=Pace.polls(pending=10**9), media=False) as api,
        MusicSession(
            api.key, base_url=api.url, concurrency=2, on_exit="detach"
        ) as music,
    ):
        jobs = [music.riffusion.create(f"song {n}") for n in range(3)]
        assert music._engine is not None
        admission = music._engine.admission
        async with asyncio.timeout(30):
            while len(admission._idle) < 2:
                await asyncio.sleep(0)
            jobs[2].cancel()
            while admission._idle:
                await asyncio.sleep(0)

    assert (2, set()) == (api.submissions, admission._sending)
