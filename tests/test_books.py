"""What a job holds is given back once, by the job that holds it."""

from collections.abc import AsyncIterator

import attrs
import pytest

from aiomusic import JobDetached, JobState, MusicJob, MusicSession, riffusion
from aiomusic._books import Books
from aiomusic._run import Run
from aiomusic.journal import Limits
from aiomusic.journal.memory import MemoryJournal

pytestmark = pytest.mark.anyio


@attrs.frozen
class Held:
    """The books of a session that can reach nobody, and their journal."""

    run: Run
    journal: MemoryJournal

    @property
    def books(self) -> Books:
        return self.run.books

    async def granted(self, key: str) -> MusicJob[object]:
        """Give a job whose slot and credits are taken, as if it were sent."""
        request = riffusion.Create("r&b pop song")
        job: MusicJob[object] = self.run.new_job(request, "riffusion", key)
        self.books.open(job)
        await self.journal.admit([self.books.entry(job)], Limits(concurrency=10))
        job._attempt = 1
        return job


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    journal = MemoryJournal()
    async with MusicSession(
        "k", base_url="http://127.0.0.1:9", journal=journal, on_exit="detach"
    ) as music:
        assert music._run is not None
        yield Held(music._run, journal)


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


async def test_a_job_that_has_ended_gives_back_nothing_of_the_next(held: Held) -> None:
    """Its key and number may by then be those of another purchase."""
    ended = await held.granted("one")
    held.books.succeed(ended, "song")
    later = await held.granted("one")

    held.books.detach(ended, JobDetached("It was left."))

    assert (1, 10, 10) == (
        held.journal.in_flight,
        held.journal.reserved,
        held.journal.spent,
    )
    assert {"one": later} == held.books.open_jobs
    assert "song" == await ended
    assert JobState.SUCCEEDED is ended.state
