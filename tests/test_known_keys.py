"""A key is one purchase: what is asked for under it again is not bought again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiomusic import (
    ContentRefused,
    InvalidRequest,
    JobFailed,
    JobState,
    MusicJob,
    MusicSession,
    SubmissionUnknown,
    riffusion,
)
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import LeapingClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "songs.db"


def session(api: Emulator, path: Path, **options: object) -> MusicSession:
    given = {
        "api_key": api.key,
        "base_url": api.url,
        "clock": LeapingClock(),
        "journal": path,
    }
    return MusicSession(**{**given, **options})  # type: ignore[arg-type]


async def reach(job: MusicJob[object], state: JobState) -> None:
    async for update in job.updates():
        if update.state is state:
            return


async def test_a_script_that_runs_twice_buys_once(api: Emulator, path: Path) -> None:
    """The second run has the same clips at once, without a look at the tasks."""
    results = []
    for _ in range(2):
        polls = api.polls
        async with session(api, path) as music:
            jobs = [music.riffusion.create(f"song {n}", key=f"k{n}") for n in range(3)]
            results.append([await job for job in jobs])

    assert results[0] == results[1]
    assert [2, 2, 2] == [len(clips) for clips in results[1]]
    assert (3, polls) == (api.submissions, api.polls)


async def test_a_restored_job_is_whole(api: Emulator, path: Path) -> None:
    """State, task, clips, and nothing to pay."""
    async with session(api, path) as music:
        first = music.riffusion.create("song", key="k")
        await first
    async with session(api, path, max_credits=10) as music:
        again = music.riffusion.create("song", key="k")
        await again

    assert (JobState.SUCCEEDED, first.task_id) == (again.state, again.task_id)
    assert first.clips == again.clips


async def test_another_request_under_a_key_shows_the_difference(
    api: Emulator, path: Path
) -> None:
    """Both values are told, and nothing is sent."""
    async with session(api, path) as music:
        await music.riffusion.create("rain", key="k")
        job = music.riffusion.create("snow", key="k")

        with pytest.raises(
            InvalidRequest,
            match=r"key 'k' can't be used.*prompt was 'rain' and is 'snow'.*Nothing",
        ) as caught:
            await job

    assert ("no", "after an edit", "key", "k") == (
        caught.value.charged,
        caught.value.retry,
        caught.value.field,
        caught.value.key,
    )
    assert 1 == api.submissions


async def test_a_number_spelt_otherwise_is_the_same_request(
    api: Emulator, path: Path
) -> None:
    """30 seconds are 30.0 seconds."""
    clip = "00000000-0000-4000-8000-000000000001"
    async with session(api, path) as music:
        await music.suno.extend(clip, at=30, lyrics="rain", key="k")
        await music.suno.extend(clip, at=30.0, lyrics="rain", key="k")

    assert 1 == api.submissions


async def test_new_buys_again(api: Emulator, path: Path) -> None:
    """Each time, under the same key; both are counted."""
    async with session(api, path, on_known_key="new") as music:
        one = await music.riffusion.create("rain", key="k")
        other = await music.riffusion.create("rain", key="k")
        [record] = await music.jobs()

        assert 20 == (await music.spending())["riffusion.create"].credits

    assert 2 == record.attempt
    assert {clip.clip_id for clip in one}.isdisjoint(clip.clip_id for clip in other)
    assert 2 == api.submissions


async def test_error_refuses_a_key_that_was_used(api: Emulator, path: Path) -> None:
    """The same request or not."""
    async with session(api, path, on_known_key="error") as music:
        await music.riffusion.create("rain", key="k")

        with pytest.raises(InvalidRequest, match="has it already, as succeeded"):
            await music.riffusion.create("rain", key="k")

    assert 1 == api.submissions


async def test_error_refuses_no_key_that_was_never_paid(
    api: Emulator, path: Path
) -> None:
    """What was refused by the service was not bought."""
    api.fault("status", status=403, body='{"message": "moderation"}', on="create")
    async with session(api, path, on_known_key="error") as music:
        with pytest.raises(ContentRefused, match="moderation"):
            await music.riffusion.create("rain", key="k")

        assert 2 == len(await music.riffusion.create("rain", key="k"))


async def test_an_open_job_has_its_key_in_the_same_session(
    api: Emulator, path: Path
) -> None:
    """Asking again gives the very job; asking for something else is a mistake."""
    async with session(api, path) as music:
        job = music.riffusion.create("rain", key="k")

        assert job is music.submit(riffusion.Create("rain"), key="k")
        with pytest.raises(ValueError, match="'k' belongs to an open job"):
            music.riffusion.create("snow", key="k")


async def test_a_job_of_another_living_session_is_followed(
    api: Emulator, path: Path
) -> None:
    """Both get the clips, and one was bought."""
    async with session(api, path) as one, session(api, path) as other:
        first = one.riffusion.create("rain", key="k")
        await reach(first, JobState.PENDING)
        second = other.riffusion.create("rain", key="k")

        assert await first == await second

    assert (first.task_id, 1) == (second.task_id, api.submissions)


async def test_a_session_that_also_follows_can_leave(api: Emulator, path: Path) -> None:
    """The job stays its owner's, with its slot."""
    api.fault("unknown_state", on="poll", times=None)
    music = session(api, path, on_exit="detach", clock=None, poll_every_s=0.01)
    async with music:
        first = music.riffusion.create("rain", key="k")
        await reach(first, JobState.PENDING)
        async with session(api, path, on_exit="detach", poll_every_s=0.01) as other:
            second = other.riffusion.create("rain", key="k")
            await reach(second, JobState.PENDING)
        [record] = await music.jobs()

        assert record.is_followed


async def test_a_job_that_waits_for_nobody_is_taken_up_by_its_key(
    api: Emulator, path: Path
) -> None:
    """A session that was left leaves its tasks to whoever asks for them."""
    music = session(api, path, on_exit="detach")
    async with music:
        first = music.riffusion.create("rain", key="k")
        await reach(first, JobState.PENDING)
    async with session(api, path) as music:
        again = music.riffusion.create("rain", key="k")

        assert 2 == len(await again)

    assert (first.task_id, 1, 10) == (again.task_id, api.submissions, api.charged)


async def test_errors_come_back_with_what_they_say_of_the_money(
    api: Emulator, path: Path
) -> None:
    """A failed job fails again, for nothing, as it did."""
    found = []
    for _ in range(2):
        async with session(api, path) as music:
            job = music.riffusion.create("[[fail]] rain", key="k")
            with pytest.raises(JobFailed, match="refunded") as caught:
                await job
        error = caught.value
        found.append((str(error), error.charged, error.retry, error.task_id))

    assert found[0] == found[1]
    assert "refunded" == found[1][1]
    assert 1 == api.submissions


async def test_an_unknown_job_stays_unknown_by_its_key(
    api: Emulator, path: Path
) -> None:
    """Running the script again does not buy what may have been bought."""
    api.fault("drop_after_body", on="create")
    for _ in range(2):
        async with session(api, path) as music:
            job = music.riffusion.create("rain", key="k")
            with pytest.raises(SubmissionUnknown, match="balance was 1000 credits"):
                await job

    assert (JobState.UNKNOWN, 1) == (job.state, api.submissions)


async def test_sync_results_come_back(api: Emulator, path: Path) -> None:
    """Lyrics, a persona and an upload are answered at once, and kept."""
    clip = "00000000-0000-4000-8000-000000000001"
    found = []
    for _ in range(2):
        async with session(api, path) as music:
            found.append(
                [
                    await music.lyrics.create("rain", key="l"),
                    await music.suno.create_persona(
                        clip, name="Ann", description="warm", key="p"
                    ),
                    await music.suno.upload("https://e.org/a.mp3", key="u"),
                    await music.riffusion.upload("https://e.org/a.mp3", key="r"),
                ]
            )

    assert found[0] == found[1]
    assert 4 == api.submissions
