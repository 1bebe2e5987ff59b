"""What a job holds is given back once, by the job that holds it."""

from collections.abc import AsyncIterator

import attrs
import pytest

from aiomusic import (
    Charged,
    Clip,
    ClipState,
    JobDetached,
    JobFailed,
    JobState,
    MusicJob,
    MusicSession,
    riffusion,
)
from aiomusic._engine.ledger import Ledger
from aiomusic._engine.engine import Engine
from aiomusic.journal import Limits
from aiomusic.journal.memory import MemoryJournal

pytestmark = pytest.mark.anyio


@attrs.frozen
class Held:
    """The books of a session that can reach nobody, and their journal."""

    run: Engine
    journal: MemoryJournal

    @property
    def books(self) -> Ledger:
        return self.run.books

    async def granted(self, key: str) -> MusicJob[object]:
        """Give a job whose slot and credits are taken, as if it were sent."""
        request = riffusion.Create("r&b pop song")
        job: MusicJob[object] = self.run.new_job(request, "riffusion", key)
        self.books.open(job)
        await self.journal.admit([self.books.entry(job)], Limits(concurrency=10))
        job.attempt = 1
        return job


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    journal = MemoryJournal()
    async with MusicSession(
        "k", base_url="http://127.0.0.1:9", journal=journal, on_exit="detach"
    ) as music:
        assert music._engine is not None
        yield Held(music._engine, journal)


async def test_a_job_that_is_left_gives_its_slot_back(held: Held) -> None:
    """Its credits are spent, for its task goes on."""
    job = await held.granted("one")

    held.books.detach(job, JobDetached("It was left."))

    assert (0, 0, 10) == (
        held.journal.in_flight,
        held.journal.reserved,
        held.journal.spent,
    )
    with pytest.raises(JobDetached, match="It was left"):
        await job


@pytest.mark.parametrize("how", ["ended", "left"])
async def test_a_job_that_is_over_gives_back_nothing_of_the_next(
    held: Held, how: str
) -> None:
    """Its key and number may by then be those of another purchase."""
    over = await held.granted("one")
    if how == "ended":
        held.books.succeed(over, "song")
    else:
        held.books.detach(over, JobDetached("It was left."))
    later = await held.granted("one")

    held.books.detach(over, JobDetached("It was left."))
    held.books.fail(over, JobFailed("It failed.", charged=Charged.NO))

    assert (1, 10, 10) == (
        held.journal.in_flight,
        held.journal.reserved,
        held.journal.spent,
    )
    assert {"one": later} == held.books.open_jobs


async def test_jobs_of_one_key_are_waited_for_apart(held: Held) -> None:
    """A purchase that is made anew does not end the one before it."""
    one, other = await held.granted("k"), await held.granted("k")
    other.attempt = 2

    held.books.succeed(other, "song")
    is_idle = held.books.is_idle.is_set()
    held.books.succeed(one, "song")

    held.books.fail(one, JobFailed("It failed."))

    assert ("song", JobState.SUCCEEDED) == (await one, one.state)
    assert (False, True) == (is_idle, held.books.is_idle.is_set())
    assert (0, 20) == (held.journal.in_flight, held.journal.spent)


async def test_whoever_leaves_leaves_all_jobs_of_a_key(held: Held) -> None:
    """Each of them tells why."""
    one, other = await held.granted("k"), await held.granted("k")
    other.attempt = 2
    cause = RuntimeError("mistaken")

    held.books.detach_all("aiomusic itself failed.", cause)

    for job in (one, other):
        with pytest.raises(JobDetached, match="aiomusic itself failed") as caught:
            await job
        assert cause is caught.value.__cause__
    assert (0, 0) == (held.journal.in_flight, held.journal.spent)


async def test_a_job_that_fails_keeps_the_clips_it_had(held: Held) -> None:
    """Those that its end tells, or else those that were seen before."""
    clip = Clip(clip_id="c", provider="riffusion", state=ClipState.FAILED)
    told, seen = await held.granted("told"), await held.granted("seen")
    seen._clips = (clip,)

    held.books.fail(told, JobFailed("It failed."), clips=(clip,))
    held.books.fail(seen, JobFailed("It failed."))

    assert ((clip,), (clip,)) == (told.clips, seen.clips)


async def test_a_job_was_made_before_it_is_written_down(held: Held) -> None:
    """However long it waited for its turn."""
    job = await held.granted("one")

    entry = held.books.entry(job)

    assert entry.made_at < entry.now
