"""A key is one purchase: what is asked for under it again is not bought again."""

import asyncio
import contextlib
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from stopped import StoppedClock

from aiomusic import (
    Clip,
    ContentRefused,
    InvalidRequest,
    JobCancelled,
    JobFailed,
    JobState,
    JournalError,
    MusicJob,
    MusicSession,
    OutOfCredits,
    SubmissionUnknown,
    _codec,
    riffusion,
)
from aiomusic._engine.job import TrackedJob
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import Ending, Entry, Event, Limits
from aiomusic.journal.sqlite import SqliteJournal
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

RAIN = riffusion.Create("rain")


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
        "clock": AutojumpClock(),
        "journal": path,
    }
    return MusicSession(**{**given, **options})  # type: ignore[arg-type]


async def reach(job: MusicJob[object], state: JobState) -> None:
    async for update in job.updates():
        if update.state is state:
            return


async def test_a_script_that_runs_twice_buys_once(api: Emulator, path: Path) -> None:
    """The second run has the same clips at once, without a poll of the tasks."""
    results = []
    for _ in range(2):
        polls = api.polls
        async with session(api, path) as music:
            jobs = [music.riffusion.create(f"song {n}", key=f"k{n}") for n in range(3)]
            results.append([await job for job in jobs])

    assert results[0] == results[1]
    assert [2, 2, 2] == [len(clips) for clips in results[1]]
    assert (3, polls) == (api.submissions, api.polls)


async def test_a_task_that_is_met_again_is_as_old_as_it_is(path: Path) -> None:
    """It is looked at at once, and is not taken for one that was quick."""
    clock = AutojumpClock()
    pace = Pace.seconds(5.0, 25.0)
    async with Emulator(pace=pace, media=False, clock=clock) as api:
        async with session(api, path, clock=clock, on_exit="detach") as music:
            first = [music.riffusion.create("song", key=f"k{n}") for n in range(8)]
            for job in first:
                await reach(job, JobState.PENDING)
        clock.advance(60.0)
        polls, began = api.polls, clock.now()

        async with session(api, path, clock=clock) as music:
            for n in range(8):
                await music.riffusion.create("song", key=f"k{n}")
            met_s = clock.now() - began
            job = music.riffusion.create("another")
            await reach(job, JobState.PENDING)
            eta = job.eta

    assert polls + 8 <= api.polls
    assert met_s < 8
    assert eta is not None
    assert eta[0] > 3.0


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


async def test_new_buys_again(
    api: Emulator, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time, under the same key; both are counted, and nothing is amiss."""
    async with session(api, path, on_known_key="new") as music:
        one = await music.riffusion.create("rain", key="k")
        other = await music.riffusion.create("rain", key="k")
        [record] = await music.jobs()

        assert 20 == (await music.spending())["riffusion.create"].credits

    assert (2, "") == (record.attempt, caplog.text)
    assert {clip.clip_id for clip in one}.isdisjoint(clip.clip_id for clip in other)
    assert 2 == api.submissions


async def test_error_refuses_a_key_that_was_used(api: Emulator, path: Path) -> None:
    """The same request or not."""
    async with session(api, path, on_known_key="error") as music:
        await music.riffusion.create("rain", key="k")

        with pytest.raises(InvalidRequest, match="its job is succeeded"):
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
        with pytest.raises(ValueError, match="'k' can't be used"):
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


def entry(key: str, request: riffusion.Create) -> Entry:
    return Entry(
        key=key,
        kind=request.kind(),
        provider="riffusion",
        request=_codec.request_to_json(request),
        fingerprint=_codec.fingerprint(request),
        cost=request.cost,
        metadata={},
        made_at=0.0,
        now=0.0,
    )


async def sent_elsewhere(path: Path) -> SqliteJournal:
    """Yield a journal whose session has a create of the key k on the wire."""
    journal = SqliteJournal(path)
    await journal.open()
    await journal.admit([entry("k", RAIN)], Limits(concurrency=1))
    await journal.note_sent("k", 1)
    return journal


async def waiting(
    music: MusicSession, clock: AutojumpClock
) -> MusicJob[tuple[Clip, ...]]:
    """Ask for the key k, and give the job once it waits for who sends it."""
    job = music.submit(RAIN, key="k")
    async with asyncio.timeout(30):
        while 0.25 not in clock.slept:
            await asyncio.sleep(0)
    return job


async def test_a_job_whose_sender_is_lost_is_unknown_to_who_waits_for_it(
    api: Emulator, path: Path
) -> None:
    """It may have been charged there, so it is not sent here."""
    sending = await sent_elsewhere(path)
    clock = AutojumpClock()
    async with session(api, path, clock=clock) as music:
        job = await waiting(music, clock)

        await sending.aclose()

        with pytest.raises(SubmissionUnknown, match="may have been charged"):
            await job
    assert (JobState.UNKNOWN, 0) == (job.state, api.submissions)


async def test_a_job_that_waits_for_its_sender_can_be_cancelled(
    api: Emulator, path: Path
) -> None:
    """What the sender has bought is left to the sender."""
    sending = await sent_elsewhere(path)
    clock = AutojumpClock()
    async with session(api, path, clock=clock) as music:
        job = await waiting(music, clock)

        job.cancel()
        again = music.riffusion.create("another", key="other")
        assert 2 == len(await again)
        await sending.accept("k", 1, "t-elsewhere", 1.0)

        with pytest.raises(JobCancelled, match="costs nothing"):
            await job
    found = await sending.find("k")
    assert found is not None
    assert ("pending", True, None) == (found.state, found.is_followed, job.task_id)
    await sending.aclose()


async def test_a_journal_that_fails_while_a_sender_is_waited_for_is_told(
    api: Emulator, path: Path
) -> None:
    """Nobody waits for ever for what can't be read."""
    sending = await sent_elsewhere(path)
    clock = AutojumpClock()
    journal = SqliteJournal(path, lock_wait_s=0.0)
    async with session(api, path, clock=clock, journal=journal) as music:
        job = await waiting(music, clock)

        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("BEGIN EXCLUSIVE")
            with pytest.raises(JournalError, match="keeps it locked"):
                await job

    assert 0 == api.submissions
    await sending.aclose()


async def test_the_end_of_a_task_from_elsewhere_is_not_that_of_its_keys_job(
    api: Emulator, path: Path
) -> None:
    """A key that is given to an attached task may be another session's by now."""
    sending = await sent_elsewhere(path)
    async with session(api, path.with_name("made.db")) as elsewhere:
        made = elsewhere.submit(RAIN)
        await made
    assert made.task_id is not None

    async with session(api, path) as music:
        job = music.attach("riffusion", made.task_id, key="k")
        assert 2 == len(await job)

    found = await sending.find("k")
    assert found is not None
    assert ("submitting", None) == (found.state, found.task_id)
    await sending.aclose()


async def test_a_slot_that_another_session_frees_is_found_soon(
    api: Emulator, path: Path
) -> None:
    """Nobody tells this process of it, so it asks again every quarter of a second."""
    sending = await sent_elsewhere(path)
    clock = StoppedClock()
    async with session(
        api, path, clock=clock, concurrency=1, on_exit="detach"
    ) as music:
        job = music.riffusion.create("snow")
        while not clock._timers:
            await asyncio.sleep(0)
        sending.end("k", 1, Ending(event=Event.REFUSED, now=1.0))
        for seconds in (0.0, 0.2):
            clock.advance(seconds)
            for _ in range(5):
                await sending.records()
            assert JobState.QUEUED is job.state

        clock.advance(0.05)
        await reach(job, JobState.PENDING)

    assert 1 == api.submissions
    await sending.aclose()


async def test_a_session_whose_jobs_are_under_way_asks_for_no_slots(
    api: Emulator, path: Path
) -> None:
    """Nor does one that is idle."""
    clock = StoppedClock()
    async with session(api, path, clock=clock, on_exit="detach") as music:
        for _ in range(5):
            await music.jobs()

        assert [] == [timer for timer in clock._timers if timer.wake is not None]


async def test_a_key_that_is_refused_is_left_for_others(
    api: Emulator, path: Path
) -> None:
    """To be told that it is taken is not to take its job up."""
    async with session(api, path, on_exit="detach") as music:
        left = music.riffusion.create("rain", key="k")
        await reach(left, JobState.PENDING)

    async with session(api, path, on_known_key="error") as music:
        with pytest.raises(InvalidRequest, match="its job is pending"):
            await music.riffusion.create("rain", key="k")
        (record,) = await music.jobs()

    assert not record.is_followed


async def test_a_job_that_another_session_is_sending_is_waited_for(
    api: Emulator, path: Path
) -> None:
    """Its create is on the wire there, so nothing is sent here."""
    sending = await sent_elsewhere(path)
    async with session(api, path.with_name("made.db")) as elsewhere:
        made = elsewhere.submit(RAIN)
        await made
    assert made.task_id is not None
    clock = AutojumpClock()
    async with session(api, path, clock=clock) as music:
        job = await waiting(music, clock)

        await sending.accept("k", 1, made.task_id, 1.0)

        assert await made == await job

    await sending.aclose()
    assert (made.task_id, 1) == (job.task_id, api.submissions)


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


async def test_a_refused_resubmission_hides_no_unknown_job(
    api: Emulator, tmp_path: Path
) -> None:
    """A key stays unknown while what was bought first under it is."""
    api.fault("drop_after_body", on="create")
    api.fault("status", on="create", status=402, skip=1)
    journal = tmp_path / "songs.db"
    options: dict[str, Any] = {"api_key": api.key, "base_url": api.url}
    async with MusicSession(**options, poll_every_s=0, journal=journal) as music:
        first = music.riffusion.create("song", key="one")
        with pytest.raises(SubmissionUnknown, match="may have been charged"):
            await first
        with pytest.raises(OutOfCredits, match="402"):
            await first.resubmit()

    async with MusicSession(**options, poll_every_s=0, journal=journal) as music:
        [unknown] = await music.resume()
        again = music.riffusion.create("song", key="one")
        with pytest.raises(SubmissionUnknown, match="may have been charged"):
            await again
        bought = unknown.resubmit()
        await bought

    assert (2, 20) == (api.charges, api.charged)
    assert isinstance(bought, TrackedJob)
    assert 3 == bought.attempt


async def test_a_task_is_taken_up_whatever_was_bought_after_it(
    api: Emulator, tmp_path: Path
) -> None:
    """Buying again under a key leaves what is in flight under it to be resumed."""
    journal = tmp_path / "songs.db"
    options: dict[str, Any] = {
        "api_key": api.key,
        "base_url": api.url,
        "journal": journal,
        "on_known_key": "new",
    }
    async with MusicSession(**options, poll_every_s=60, on_exit="detach") as music:
        first = music.riffusion.create("song", key="one")
        async for update in first.updates():
            if update.task_id is not None:
                break
    async with MusicSession(**options, poll_every_s=0) as music:
        await music.riffusion.create("song", key="one")
        resumed = await music.resume()
        clips = [await job for job in resumed]

    assert [first.task_id] == [job.task_id for job in resumed]
    assert [2] == [len(each) for each in clips]
    assert 2 == api.charges


async def test_slots_are_taken_again_before_new_ones_are_granted(
    api: Emulator, tmp_path: Path
) -> None:
    """Keys that are in flight at the service count, though their session is gone."""
    journal = tmp_path / "songs.db"
    options: dict[str, Any] = {
        "api_key": api.key,
        "base_url": api.url,
        "journal": journal,
        "concurrency": 3,
    }
    async with MusicSession(**options, poll_every_s=60, on_exit="detach") as music:
        jobs = [music.riffusion.create(f"{n}", key=f"k{n}") for n in range(3)]
        for job in jobs:
            async for update in job.updates():
                if update.task_id is not None:
                    break
    async with MusicSession(**options, poll_every_s=0) as music:
        jobs = [music.riffusion.create(f"{n}", key=f"k{n}") for n in range(9)]
        for job in jobs:
            await job

    assert (9, 3) == (api.charges, api.peak_in_flight)


@pytest.mark.parametrize(
    ("on_known_key", "prompt"),
    [("attach", "another"), ("new", "song"), ("error", "song")],
)
async def test_a_task_that_was_given_up_keeps_its_slot_whoever_asks_for_its_key(
    path: Path, on_known_key: str, prompt: str
) -> None:
    """It is in flight until it is over, so nothing else may take its place."""
    # Long enough to be in flight still when the next one is admitted.
    pace = Pace.polls(running=100)
    async with (
        Emulator(pace=pace, media=False) as api,
        session(api, path, concurrency=1, on_known_key=on_known_key) as music,
    ):
        job = music.riffusion.create("song", key="k")
        await reach(job, JobState.PENDING)
        job.cancel()
        with contextlib.suppress(InvalidRequest):
            await music.riffusion.create(prompt, key="k")
        await music.riffusion.create("next", key="n")

    assert 1 == api.peak_in_flight


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is unknown")
async def test_error_refuses_no_key_whose_session_died_before_it_was_sent(
    api: Emulator, path: Path
) -> None:
    """Nobody has settled its row yet, so that is done first."""
    died = SqliteJournal(path)
    await died.open()
    await died.admit([entry("k", riffusion.Create("song"))], Limits(concurrency=1))
    # What a kill does: the lock is gone, and nothing was written.
    assert died._lock._file is not None
    died._lock._file.close()
    async with session(api, path, on_known_key="error") as music:
        await music.riffusion.create("song", key="k")
    await died.aclose()

    assert 10 == api.charged


async def test_a_key_that_another_session_drops_unpaid_is_bought(
    api: Emulator, tmp_path: Path
) -> None:
    """What ended unpaid was never bought, so whoever waits for it buys it."""
    api.fault("status", on="create", status=429, retry_after=200)
    journal = tmp_path / "songs.db"
    options: dict[str, Any] = {
        "api_key": api.key,
        "base_url": api.url,
        "poll_every_s": 0,
    }
    clock = AutojumpClock()
    other = MusicSession(**options, journal=journal, clock=clock)
    async with MusicSession(**options, journal=journal) as music, other:
        held = music.riffusion.create("song", key="one")
        while not api.submissions or held._is_sent:
            await anyio.sleep(0)
        asked = other.riffusion.create("song", key="one")
        while 0.25 not in clock.slept:
            await anyio.sleep(0)
        held.cancel()
        clips = await asked

    assert 2 == len(clips)
    assert 1 == api.charges


async def test_a_journal_that_was_removed_buys_nothing(
    api: Emulator, tmp_path: Path
) -> None:
    """What would be written into a file without a name is not sent."""
    journal = tmp_path / "songs.db"
    async with MusicSession(
        api_key=api.key, base_url=api.url, poll_every_s=0, journal=journal
    ) as music:
        await music.riffusion.create("one")
        journal.unlink()
        with pytest.raises(JournalError, match="removed or replaced"):
            await music.riffusion.create("two")

    assert 1 == api.charges


async def test_a_create_that_was_settled_meanwhile_is_not_sent(
    api: Emulator, tmp_path: Path
) -> None:
    """Its row is looked at once more when its body begins, and stays as it is."""
    path, calls = tmp_path / "songs.db", list[int]()

    async def api_key() -> str:
        calls.append(1)
        if len(calls) == 2:
            # It is granted, and its body has not begun.
            other = SqliteJournal(path)
            await other.open()
            await other.settle("a", 1, Ending(event=Event.REFUSED, now=110.0))
            await other.aclose()
        return api.key

    async with session(api, path, api_key=api_key) as music:
        job = music.suno.create("rain", key="a")
        with pytest.raises(JournalError, match="settled the purchase.*not sent"):
            await job
        [record] = await music.jobs()

    assert (0, "failed", "no") == (api.submissions, record.state, record.charged)
