"""A create is sent once, and what became of it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from aiomusic import (
    ContentRefused,
    JobDetached,
    JobState,
    JobTimedOut,
    MusicSession,
    OutOfCredits,
    QueueFull,
    RateLimited,
    SubmissionUnknown,
)
from aiomusic._clock import SystemClock, Timer
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import LeapingClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
async def music(api: Emulator, clock: LeapingClock) -> AsyncIterator[MusicSession]:
    async with MusicSession(
        api_key=api.key, base_url=api.url, clock=clock, request_timeout_s=0.2
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
    api: Emulator, music: MusicSession, clock: LeapingClock
) -> None:
    """Nothing was bought, so it is safe; Retry-After is obeyed."""
    api.fault("status", status=429, retry_after=7, on="create", times=2)

    clips = await music.riffusion.create("r&b pop song")

    assert 2 == len(clips)
    assert [7.0, 7.0] == [s for s in clock.slept if s == pytest.approx(7.0)]
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


REFUSED = {
    "credits": (403, "The remaining credits are not enough.", OutOfCredits),
    "payment": (402, "pay", OutOfCredits),
    "queue": (403, "Queue is full", QueueFull),
    "rate": (403, "API QPS limit exceeded", RateLimited),
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
async def test_one_bad_look_never_loses_a_job(
    api: Emulator, music: MusicSession, fault: dict[str, Any]
) -> None:
    """Each fault of a look is survived."""
    api.fault(on="poll", **fault)

    clips = await music.riffusion.create("r&b pop song")

    assert 2 == len(clips)


async def test_all_bad_looks_in_a_row_are_survived(
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


async def test_looks_that_fail_for_ever_end_the_following(
    api: Emulator, music: MusicSession
) -> None:
    """The error names the task, the last fault and how to go on."""
    api.fault("status", status=500, on="poll", times=1_000_000)
    job = music.riffusion.create("r&b pop song")

    with pytest.raises(JobDetached, match="20 looks at the task failed") as caught:
        await job

    assert ("yes", job.task_id) == (caught.value.charged, caught.value.task_id)
    assert "music.attach('riffusion'" in str(caught.value)
    assert caught.value.__cause__ is not None


async def test_a_task_that_never_ends_times_out(
    api: Emulator, clock: LeapingClock
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


async def test_words_refused_on_the_look_end_the_job(music: MusicSession) -> None:
    """The service may find out only later, and says so in the reply to a look."""
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
        refused = api.submissions
        clock.wake.set()

        clips = await job

    assert (0, 1) == (refused, api.submissions)
    assert 2 == len(clips)
