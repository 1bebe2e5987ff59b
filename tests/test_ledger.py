"""What a job holds is given back once, by the job that holds it."""

from collections.abc import AsyncIterator

import attrs
import pytest

from aiomusic import (
    Charged,
    Clip,
    ClipState,
    JobCancelled,
    JobDetached,
    JobFailed,
    JobState,
    JournalError,
    MusicSession,
    riffusion,
)
from aiomusic._engine.engine import Engine
from aiomusic._engine.job import TrackedJob
from aiomusic._engine.ledger import Ledger
from aiomusic.journal import Limits, Record
from aiomusic.journal.memory import MemoryJournal

pytestmark = pytest.mark.anyio

RECORD = Record(
    key="one",
    attempt=1,
    kind="riffusion.create",
    provider="riffusion",
    raw_request=None,
    fingerprint=None,
    metadata={},
    cost=10,
    state="succeeded",
    charged="yes",
    is_followed=False,
    task_id="task-one-1",
    made_at=0.0,
    sent_at=0.0,
    accepted_at=0.0,
    ended_at=1.0,
    balance_before=None,
    balance_after=None,
    raw_error=None,
    files=(),
    raw_clips=(),
    raw_result=None,
)


@attrs.frozen
class Held:
    """The ledger of a session that can reach nobody, and its journal."""

    engine: Engine
    journal: MemoryJournal

    @property
    def ledger(self) -> Ledger:
        return self.engine.ledger

    @property
    def sums(self) -> tuple[int, int, int]:
        journal = self.journal
        return journal.in_flight, journal.reserved, journal.spent

    async def granted(self, key: str, attempt: int = 1) -> TrackedJob[object]:
        """Return a job whose slot and credits are taken, as if it were sent."""
        request = riffusion.Create("r&b pop song")
        job: TrackedJob[object] = self.engine.new_job(request, "riffusion", key)
        self.ledger.open(job)
        await self.journal.admit([self.ledger.entry(job)], Limits(concurrency=10))
        self.ledger.granted(job, attempt)
        return job

    async def accepted(self, key: str, attempt: int = 1) -> TrackedJob[object]:
        """Return a job whose task is made."""
        job = await self.granted(key, attempt)
        await self.ledger.accepted(job, f"task-{key}-{attempt}")
        return job


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    journal = MemoryJournal()
    async with MusicSession(
        "k", base_url="http://127.0.0.1:9", journal=journal, on_exit="detach"
    ) as music:
        assert music._engine is not None
        yield Held(music._engine, journal)


async def test_a_job_that_is_detached_keeps_its_slot(held: Held) -> None:
    """Its task goes on at the service, and so its slot and credits stay taken."""
    job = await held.accepted("one")

    held.ledger.detach(job, JobDetached("It was left."))

    assert (1, 10, 0) == held.sums
    assert held.journal.lease_until is not None
    with pytest.raises(JobDetached, match="It was left"):
        await job


@pytest.mark.parametrize("how", ["ended", "left"])
async def test_a_job_that_is_over_gives_back_nothing_of_the_next(
    held: Held, how: str
) -> None:
    """Its key may by then be that of another purchase."""
    over = await held.accepted("one")
    if how == "ended":
        held.ledger.succeeded(over, "song", ())
    else:
        held.ledger.detach(over, JobDetached("It was left."))
    before = held.sums
    later = await held.granted("one", 1 if how == "ended" else 2)

    held.ledger.detach(over, JobDetached("It was left."))
    held.ledger.failed(over, JobFailed("It failed.", charged=Charged.NO))

    assert (before[0] + 1, before[1] + 10, before[2]) == held.sums
    assert {"one": later} == held.ledger.open_jobs


async def test_jobs_of_one_key_are_waited_for_apart(held: Held) -> None:
    """A purchase that is made again does not end the one before it."""
    one, other = await held.accepted("k"), await held.accepted("k", 2)

    held.ledger.succeeded(other, "song", ())
    is_idle = held.ledger.is_idle.is_set()
    held.ledger.succeeded(one, "song", ())

    held.ledger.failed(one, JobFailed("It failed."))

    assert ("song", JobState.SUCCEEDED) == (await one, one.state)
    assert (False, True) == (is_idle, held.ledger.is_idle.is_set())
    assert (0, 0, 20) == held.sums


async def test_whoever_leaves_leaves_all_jobs_of_a_key(held: Held) -> None:
    """Each of them tells why, and no row is written."""
    one, other = await held.accepted("k"), await held.accepted("k", 2)
    cause = RuntimeError("mistaken")

    held.ledger.detach_all("aiomusic itself failed.", cause)

    for job in (one, other):
        with pytest.raises(JobDetached, match="aiomusic itself failed") as caught:
            await job
        assert cause is caught.value.__cause__
    assert (2, 20, 0) == held.sums


async def test_a_job_that_is_cancelled_moves_no_row(held: Held) -> None:
    """Its task goes on, and the row ends as the task does."""
    job = await held.accepted("one")

    held.ledger.abandon(job, JobCancelled("It was cancelled."))
    before = held.sums
    held.ledger.succeeded(job, "song", ())

    assert ((1, 10, 0), (0, 0, 10)) == (before, held.sums)
    assert JobState.CANCELLED is job.state


async def test_a_task_that_was_made_is_never_free(held: Held) -> None:
    """Whatever an error says of the money."""
    job = await held.accepted("one")

    held.ledger.failed(job, JobFailed("It failed.", charged=Charged.NO))

    with pytest.raises(JobFailed, match="It failed") as caught:
        await job
    assert Charged.UNKNOWN is caught.value.charged
    assert (0, 0, 10) == held.sums


async def test_a_job_that_fails_keeps_the_clips_it_had(held: Held) -> None:
    """Those that its end tells, or else those that were seen before."""
    clip = Clip(clip_id="c", provider="riffusion", state=ClipState.FAILED)
    told, seen = await held.accepted("told"), await held.accepted("seen")
    seen.advance(JobState.RUNNING, clips=(clip,))

    held.ledger.failed(told, JobFailed("It failed."), clips=(clip,))
    held.ledger.failed(seen, JobFailed("It failed."))

    assert ((clip,), (clip,)) == (told.clips, seen.clips)


async def test_a_job_was_made_before_it_is_written_down(held: Held) -> None:
    """However long it waited for its turn."""
    job = await held.granted("one")

    entry = held.ledger.entry(job)

    assert entry.made_at < entry.now


async def test_a_task_is_remembered_for_whom_it_was_when_its_job_is_over(
    held: Held,
) -> None:
    """While the job is open it tells itself; one that was never sent has no task."""
    job, other = await held.accepted("one"), await held.granted("two")

    before = held.ledger.owner_of("task-one-1")
    held.ledger.succeeded(job, "song", ())
    held.ledger.dropped(other, JobCancelled("It was cancelled."))

    assert before is None
    assert ("one", 1) == held.ledger.owner_of("task-one-1")
    assert held.ledger.owner_of("task-two-1") is None


async def test_a_task_that_comes_after_its_job_was_dropped_is_remembered(
    held: Held,
) -> None:
    """Nobody waits for it, and yet it is no other job's."""
    job = await held.granted("one")
    held.ledger.dropped(job, JobCancelled("It was cancelled."))

    await held.ledger.accepted(job, "task-late")

    assert ("one", 1) == held.ledger.owner_of("task-late")


async def test_only_so_many_tasks_are_remembered(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest are forgotten first."""
    monkeypatch.setattr("aiomusic._engine.ledger.MAX_OWNERS", 2)
    for key in ("one", "two", "three"):
        held.ledger.succeeded(await held.accepted(key), "song", ())

    known = [held.ledger.owner_of(f"task-{key}-1") for key in ("one", "two", "three")]

    assert [None, ("two", 1), ("three", 1)] == known


async def test_a_row_that_cannot_be_followed_stays_as_it_is(held: Held) -> None:
    """Its job ends, and whatever is told of it later moves nothing."""
    job = await held.accepted("one")
    before = held.sums

    held.ledger.unreadable(job, JournalError("Its row can't be read."))
    held.ledger.failed(job, JobFailed("It failed.", charged=Charged.REFUNDED))

    assert before == held.sums == (1, 10, 0)
    with pytest.raises(JournalError, match="can't be read"):
        await job


async def test_a_job_that_ended_before_is_not_ended_again(held: Held) -> None:
    """What the journal says of it stands; a later end moves no row."""
    job = await held.accepted("one")
    before = held.sums

    held.ledger.restore(job, RECORD)
    held.ledger.failed(job, JobFailed("It failed.", charged=Charged.REFUNDED))

    assert before == held.sums
    assert JobState.SUCCEEDED is job.state
