"""What never ends, ends in time: limits of jobs, refused keys, absent tasks."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest
from raw_server import RawServer, Say, http
from situation import DONE, KEY, RUNNING, TASK_ID, YES

from aiomusic import (
    AuthenticationFailed,
    Charged,
    JobState,
    JobTimedOut,
    MusicError,
    MusicSession,
    NotSent,
    SubmissionUnknown,
    TaskNotFound,
)
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

LATER = http({"message": "slow down"}, 429, headers=["Retry-After: 3600"])
FULL = http({"message": "Queue is full"}, 403)
FULL_LATER = http({"message": "Queue is full"}, 403, headers=["Retry-After: 3600"])
HANG = Say(b"", "hang")
LIMIT_S = 0.4


@pytest.fixture
def clock() -> AutojumpClock:
    return AutojumpClock()


@pytest.mark.parametrize("say", [LATER, FULL, FULL_LATER], ids=["429", "full", "both"])
@pytest.mark.parametrize("limit_s", [5.0, 60.0, 1800.0])
async def test_a_create_that_is_not_taken_ends_at_its_limit(
    clock: AutojumpClock, tmp_path: Path, say: Say, limit_s: float
) -> None:
    """Unpaid, and its key is free again."""
    with RawServer([say], [DONE]) as server:
        async with MusicSession(
            KEY,
            base_url=server.url,
            clock=clock,
            job_timeout_s=limit_s,
            journal=tmp_path / "songs.db",
        ) as music:
            job = music.suno.create("a song", key="k")
            with pytest.raises(JobTimedOut, match="job_timeout_s") as caught:
                await job
            [record] = await music.jobs()

    assert limit_s <= job.elapsed_s <= limit_s + 1
    assert ("no", "later") == (caught.value.charged, caught.value.retry)
    assert "nothing was charged" in str(caught.value)
    assert "Queue is full" in str(caught.value) or "429" in str(caught.value)
    assert ("failed", "no", None) == (record.state, record.charged, record.task_id)
    assert len(server.posts) <= 10 + limit_s / 60


async def test_a_create_that_waits_for_room_is_queued(clock: AutojumpClock) -> None:
    """Not submitting: it may be dropped unpaid."""
    with RawServer([FULL], [DONE]) as server:
        async with MusicSession(
            KEY, base_url=server.url, clock=clock, job_timeout_s=60
        ) as music:
            job = music.suno.create("a song")
            states = [update.state async for update in job.updates()]
            with pytest.raises(JobTimedOut, match="queued after 60.0 s"):
                await job

    assert JobState.FAILED is states.pop()
    assert {JobState.QUEUED, JobState.SUBMITTING} == set(states)


@attrs.frozen(kw_only=True)
class Stuck:
    """What is said, and what a job ends with that has a limit of less than a second."""

    creates: Sequence[Say] = (YES,)
    polls: Sequence[Say] = (RUNNING,)
    every_s: float = 0.0
    error: type[MusicError] = JobTimedOut
    charged: str = "yes"
    state: JobState = JobState.PENDING


STUCK = {
    "polls that hang": Stuck(polls=[HANG]),
    "a poll that hangs later": Stuck(
        polls=[RUNNING, HANG], every_s=0.1, state=JobState.RUNNING
    ),
    "between two polls": Stuck(every_s=600),
    "polls that are refused for an hour": Stuck(polls=[LATER]),
    "polls that fail": Stuck(polls=[http({}, 503, headers=["Retry-After: 3600"])]),
    "a create that hangs": Stuck(
        creates=[HANG],
        error=SubmissionUnknown,
        charged="unknown",
        state=JobState.UNKNOWN,
    ),
    "a create that is refused for an hour": Stuck(
        creates=[LATER], charged="no", state=JobState.FAILED
    ),
    "a full queue": Stuck(creates=[FULL], charged="no", state=JobState.FAILED),
}


@pytest.mark.slow
@pytest.mark.parametrize("stuck", STUCK.values(), ids=STUCK.keys())
async def test_whatever_it_waits_for_a_job_ends_at_its_limit(stuck: Stuck) -> None:
    """In real time, within a second, though one call may take half a minute."""
    with RawServer(stuck.creates, stuck.polls) as server:
        async with MusicSession(
            KEY,
            base_url=server.url,
            poll_every_s=stuck.every_s,
            job_timeout_s=LIMIT_S,
            on_exit="detach",
        ) as music:
            job = music.suno.create("a song")
            async with asyncio.timeout(10):
                with pytest.raises(stuck.error, match="job_timeout_s=0.4 s") as caught:
                    await job
            elapsed_s = job.elapsed_s

    assert LIMIT_S <= elapsed_s <= 2 * LIMIT_S + 1
    assert (stuck.charged, stuck.state) == (caught.value.charged, job.state)
    assert 1 <= len(server.posts) <= 3


@pytest.mark.slow
async def test_more_polls_that_hang_than_there_are_pollers_end_in_time() -> None:
    """Those that wait for a poller have their limits too."""
    ids = [http({"task_id": f"t-{n}"}) for n in range(80)]
    with RawServer(ids, [HANG]) as server:
        async with MusicSession(
            KEY,
            base_url=server.url,
            poll_every_s=0,
            job_timeout_s=3,
            concurrency=100,
            on_exit="detach",
        ) as music:
            jobs = [music.suno.create(f"song {n}") for n in range(80)]
            async with asyncio.timeout(20):
                for job in jobs:
                    with pytest.raises(JobTimedOut, match="job_timeout_s=3 s"):
                        await job


@pytest.mark.slow
async def test_a_late_answer_to_a_create_is_still_written_down(tmp_path: Path) -> None:
    """The task is paid for, so it is known to the journal, and followed to its end."""
    go = threading.Event()
    late = attrs.evolve(YES, before=lambda: go.wait(10))
    with RawServer([late], [DONE]) as server:
        async with MusicSession(
            KEY,
            base_url=server.url,
            poll_every_s=0,
            job_timeout_s=LIMIT_S,
            journal=tmp_path / "songs.db",
        ) as music:
            job = music.suno.create("a song", key="k")
            with pytest.raises(SubmissionUnknown, match="may have been charged"):
                await job
            go.set()
            async with asyncio.timeout(10):
                while (found := await music.job("k")) is None or found.is_open:
                    await asyncio.sleep(0.01)

    assert (TASK_ID, "succeeded", "yes") == (found.task_id, found.state, found.charged)
    assert 1 == len(server.posts)


@pytest.mark.slow
async def test_a_key_that_is_never_given_ends_a_job_unpaid() -> None:
    """Nothing is sent, not even when the key comes after all."""
    given: asyncio.Event = asyncio.Event()
    is_first = True

    async def key() -> str:
        nonlocal is_first
        if is_first:
            is_first = False
            return KEY
        await given.wait()
        return KEY

    with RawServer([YES], [DONE]) as server:
        async with MusicSession(
            key, base_url=server.url, job_timeout_s=LIMIT_S, on_exit="detach"
        ) as music:
            is_first = False
            job = music.suno.create("a song")
            async with asyncio.timeout(10):
                with pytest.raises(MusicError, match="nothing was charged") as caught:
                    await job
            given.set()
            await asyncio.sleep(0)

    assert "no" == caught.value.charged
    assert len(server.posts) <= 1


# Keys that are refused.

DENIED = http({"message": "Authorization expired", "type": "unauthorized"}, 401)


class Keys:
    """Returns another key each time, and counts."""

    def __init__(self) -> None:
        self.given = 0

    async def __call__(self) -> str:
        self.given += 1
        return f"{KEY}-{self.given}"


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("on", ["create", "poll"])
async def test_a_key_that_was_changed_is_asked_for_again(
    clock: AutojumpClock, on: str, times: int
) -> None:
    """A few refusals in a row are met by asking again."""
    denied = [DENIED] * times
    creates, polls = (
        ([*denied, YES], [DONE]),
        ([YES], [*denied, RUNNING, *denied, DONE]),
    )
    with RawServer(*(creates if on == "create" else polls)) as server:
        keys = Keys()
        async with MusicSession(keys, base_url=server.url, clock=clock) as music:
            clips = await music.suno.create("a song")

    assert 2 == len(clips)
    assert len(server.requests) <= keys.given
    assert clock.now() < 120


@pytest.mark.parametrize("on", ["create", "poll"])
async def test_a_key_that_stays_wrong_ends_a_job(clock: AutojumpClock, on: str) -> None:
    """After a few tries, with what is true of the money."""
    creates = [DENIED] if on == "create" else [YES]
    with RawServer(creates, [DENIED]) as server:
        async with MusicSession(Keys(), base_url=server.url, clock=clock) as music:
            with pytest.raises(
                AuthenticationFailed, match="Check the API key"
            ) as caught:
                await music.suno.create("a song")

    assert ("no" if on == "create" else "yes") == caught.value.charged
    assert 5 == sum(("POST" in line) == (on == "create") for line in server.requests)


@pytest.mark.parametrize("on", ["create", "poll"])
async def test_a_key_that_can_not_change_is_not_tried_again(
    clock: AutojumpClock, on: str
) -> None:
    """There is no other to try."""
    creates = [DENIED] if on == "create" else [YES]
    with RawServer(creates, [DENIED]) as server:
        async with MusicSession(KEY, base_url=server.url, clock=clock) as music:
            with pytest.raises(AuthenticationFailed, match="Check the API key"):
                await music.suno.create("a song")

    assert (1 if on == "create" else 2) == len(server.requests)


async def test_a_create_is_not_sent_again_with_the_key_that_was_refused(
    clock: AutojumpClock,
) -> None:
    """What gives the key is asked once more, and gives no other."""
    asked = 0

    async def same() -> str:
        nonlocal asked
        asked += 1
        return KEY

    with RawServer([DENIED], [DONE]) as server:
        async with MusicSession(same, base_url=server.url, clock=clock) as music:
            with pytest.raises(AuthenticationFailed, match="Check the API key"):
                await music.suno.create("a song")

    assert (1, 2) == (len(server.posts), asked)


async def test_the_balance_is_asked_for_with_a_fresh_key(clock: AutojumpClock) -> None:
    """As it is a free call like any other."""
    with RawServer([YES], [DONE], DENIED) as server:
        keys = Keys()
        async with MusicSession(keys, base_url=server.url, clock=clock) as music:
            with pytest.raises(AuthenticationFailed, match="Check the API key"):
                await music.credits()

    assert 4 == len(server.requests)


# Tasks that are not there.

ABSENT = {
    "404": http({"message": "Task not found"}, 404),
    "404 without words": http(b"", 404),
    "400": http({"code": 400, "message": "task not found."}, 400),
    "403": http({"message": "Task not found"}, 403),
    "a code": http({"code": 404, "message": "Task not found"}),
}


@pytest.fixture(params=[None, 0, 5, 600], ids=["learned", "0 s", "5 s", "600 s"])
def every_s(request: pytest.FixtureRequest) -> float | None:
    found: float | None = request.param
    return found


@pytest.mark.parametrize("say", ABSENT.values(), ids=ABSENT.keys())
async def test_a_task_that_never_was_ends_within_a_minute(
    clock: AutojumpClock, say: Say, every_s: float | None, tmp_path: Path
) -> None:
    """Nobody is told that it was paid for, and it is not looked for again."""
    with RawServer([YES], [say]) as server:
        async with MusicSession(
            KEY,
            base_url=server.url,
            clock=clock,
            poll_every_s=every_s,
            journal=tmp_path / "songs.db",
        ) as music:
            job = music.attach("suno", "nope")
            with pytest.raises(TaskNotFound, match="no task nope") as caught:
                await job
            again = await music.resume()

    assert "Nothing is known to be paid for it" in str(caught.value)
    assert (Charged.UNKNOWN, [], 0) == (caught.value.charged, again, len(server.posts))
    assert 5 <= len(server.requests) <= 12
    assert 30 <= clock.now() <= 60


LOST = http(b"<html>gateway</html>", 502)


@pytest.mark.parametrize("how", ["found", "attach"])
async def test_a_purchase_that_was_given_a_wrong_id_takes_the_right_one(
    clock: AutojumpClock, tmp_path: Path, how: str
) -> None:
    """It is as unknown as before, counts as paid, and is bought no second time."""
    with RawServer([LOST], [*[ABSENT["404"]] * 8, DONE]) as server:
        async with MusicSession(
            KEY, base_url=server.url, clock=clock, journal=tmp_path / "songs.db"
        ) as music:
            job = music.suno.create("a song", key="k")
            with pytest.raises(SubmissionUnknown, match="may have been charged"):
                await job
            with pytest.raises(TaskNotFound, match="given by hand") as caught:
                if how == "found":
                    job = await job.found("wrong")
                    await job
                else:
                    await music.attach("suno", "wrong", key="k")
            record = await music.job("k")
            again = await job.found("right")
            clips = await again
            after = await music.job("k")

    assert record is not None
    assert after is not None
    assert ("unknown", None, 10) == (record.state, record.task_id, record.cost)
    assert ("unknown", Charged.UNKNOWN) == (record.charged, caught.value.charged)
    assert ("succeeded", "right", "yes") == (after.state, after.task_id, after.charged)
    assert (2, 1) == (len(clips), len(server.posts))


async def test_a_task_that_lags_is_waited_for(
    clock: AutojumpClock, every_s: float | None
) -> None:
    """The service may know it only some seconds after it took its create."""
    lags = [ABSENT["404"]] * 4
    with RawServer([YES], [*lags, RUNNING, DONE]) as server:
        async with MusicSession(
            KEY, base_url=server.url, clock=clock, poll_every_s=every_s
        ) as music:
            assert 2 == len(await music.suno.create("a song"))


async def test_a_bought_task_that_is_never_there_stays_in_the_journal(
    clock: AutojumpClock, tmp_path: Path
) -> None:
    """It counts as paid, is told within about a minute, and can be looked for again."""
    with RawServer([YES], [ABSENT["404"]]) as server:
        async with MusicSession(
            KEY, base_url=server.url, clock=clock, journal=tmp_path / "songs.db"
        ) as music:
            job = music.suno.create("a song", key="k")
            with pytest.raises(TaskNotFound, match="counts as paid") as caught:
                await job
            took_s = clock.now()
            [again] = await music.resume()
            with pytest.raises(TaskNotFound, match="counts as paid"):
                await again
            [record] = await music.jobs()

    assert 30 <= took_s <= 60
    assert ("k", True, TASK_ID) == (record.key, record.is_open, record.task_id)
    assert (Charged.YES, TASK_ID) == (caught.value.charged, caught.value.task_id)
    assert 1 == len(server.posts)


async def test_a_task_that_was_seen_once_is_not_given_up_in_a_minute(
    clock: AutojumpClock,
) -> None:
    """A service that loses sight of a task has it again."""
    lost = [ABSENT["404"]] * 10
    with RawServer([YES], [RUNNING, *lost, DONE]) as server:
        async with MusicSession(
            KEY, base_url=server.url, clock=clock, poll_every_s=10
        ) as music:
            assert 2 == len(await music.suno.create("a song"))

    assert clock.now() > 60


async def test_who_asks_for_the_balance_does_not_outwait_the_session() -> None:
    """It waits for polls that are held back, and hears that the session was closed."""
    with RawServer([YES], [LATER]) as server:
        async with MusicSession(
            KEY, base_url=server.url, poll_every_s=0, on_exit="detach"
        ) as music:
            job = music.suno.create("a song")
            while not any("task" in line for line in server.requests):
                await asyncio.sleep(0.001)
            assert music._engine is not None
            while not music._engine.polls.pace.refusals:
                await asyncio.sleep(0)
            asking = asyncio.ensure_future(music.credits())
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            with pytest.raises(NotSent, match="session was closed"):
                await asking

    assert JobState.PENDING is job.state
