"""A key belongs to what was bought under it: nothing, and it is free."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from stopped import StoppedClock

from aiomusic import (
    Charged,
    InvalidRequest,
    JobState,
    MusicError,
    MusicJob,
    MusicSession,
    riffusion,
    suno,
)
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

RAIN, SNOW = riffusion.Create("rain"), riffusion.Create("snow")
POLICIES = ("attach", "new", "error")

Session = Callable[..., MusicSession]


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


@pytest.fixture(params=["kept", "in memory"])
def session(api: Emulator, tmp_path: Path, request: pytest.FixtureRequest) -> Session:
    journal = tmp_path / "songs.db" if request.param == "kept" else None

    def make(**options: Any) -> MusicSession:
        options = {"journal": journal, "clock": AutojumpClock(), **options}
        return MusicSession(api.key, base_url=api.url, **options)

    return make


async def reach(job: MusicJob[Any], state: JobState) -> None:
    async for update in job.updates():
        if update.state is state:
            return


# How a job ends under whose key nothing was bought.
UNBOUGHT_FAULTS = (
    "moderation",
    "copyright",
    "inappropriate",
    "invalid",
    "no_credits",
    "no_subscription",
    "bad_key",
)


async def is_refused(api: Emulator, music: MusicSession, fault: Any) -> None:
    api.fault(fault, on="create")
    await ends_unpaid(music.submit(RAIN, key="k"))


async def is_not_sent(api: Emulator, music: MusicSession) -> None:
    async with api.refusing():
        await ends_unpaid(music.submit(RAIN, key="k"))


async def is_dropped(_: Emulator, music: MusicSession) -> None:
    job = music.submit(RAIN, key="k")
    job.cancel()
    await ends_unpaid(job)


async def fails_refunded(api: Emulator, music: MusicSession) -> None:
    api.fault("fail", on="create")
    await ends_unpaid(music.submit(RAIN, key="k"))


async def is_given_up_unpaid(api: Emulator, music: MusicSession) -> None:
    api.fault("drop_before_body", on="create")
    job = music.submit(RAIN, key="k")
    with pytest.raises(MusicError, match="may have been charged"):
        await job
    job.give_up(charged=False)


async def ends_unpaid(job: MusicJob[Any]) -> None:
    with pytest.raises(MusicError, match=r"\w \w") as caught:
        await job
    assert caught.value.charged in {Charged.NO, Charged.REFUNDED}


def refused(fault: str) -> Callable[[Emulator, MusicSession], Awaitable[None]]:
    return lambda api, music: is_refused(api, music, fault)


UNBOUGHT: dict[str, Callable[[Emulator, MusicSession], Awaitable[None]]] = {
    **{fault: refused(fault) for fault in UNBOUGHT_FAULTS},
    "not sent": is_not_sent,
    "cancelled in the queue": is_dropped,
    "refunded": fails_refunded,
    "given up unpaid": is_given_up_unpaid,
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("ends", UNBOUGHT.values(), ids=UNBOUGHT.keys())
async def test_a_key_is_free_while_nothing_was_bought_under_it(
    api: Emulator,
    session: Session,
    ends: Callable[[Emulator, MusicSession], Awaitable[None]],
    policy: Any,
) -> None:
    """The words can be edited under it, whatever is done with known keys."""
    async with session() as music:
        await ends(api, music)
        before = api.charges

        job = music.submit(SNOW, key="k", on_known_key=policy)
        await job
        records = await music.jobs()

    assert ("k", SNOW, 2) == (job.key, job.request, len(job.clips))
    assert before + 1 == api.charges
    assert {"succeeded"} >= {record.state for record in records}


async def test_a_held_job_gives_its_key_away(session: Session) -> None:
    """What was queued and never sent can be asked for in other words."""
    async with session(concurrency=1, on_exit="detach", clock=StoppedClock()) as music:
        music.submit(SNOW, key="first")
        music.submit(RAIN, key="k")

    async with session() as music:
        assert 2 == len(await music.submit(SNOW, key="k"))


# How a job stands under whose key something was, or may have been, bought.


async def is_done(_: Emulator, music: MusicSession) -> None:
    await music.submit(RAIN, key="k")


async def is_queued(_: Emulator, music: MusicSession) -> None:
    music.submit(RAIN, key="k")


async def is_in_flight(api: Emulator, music: MusicSession) -> None:
    api.fault("stuck", on="create")
    await reach(music.submit(RAIN, key="k"), JobState.PENDING)


async def is_given_up(api: Emulator, music: MusicSession) -> None:
    api.fault("stuck", on="create")
    job = music.submit(RAIN, key="k")
    await reach(job, JobState.PENDING)
    job.cancel()


async def is_unknown(api: Emulator, music: MusicSession) -> None:
    api.fault("drop_after_body", on="create")
    with pytest.raises(MusicError, match="may have been charged"):
        await music.submit(RAIN, key="k")


BOUGHT: dict[str, Callable[[Emulator, MusicSession], Awaitable[None]]] = {
    "done": is_done,
    "queued": is_queued,
    "in flight": is_in_flight,
    "given up": is_given_up,
    "unknown": is_unknown,
}
OTHER_WORDS = (
    "key 'k' can't be used: it belongs to another request: prompt was 'rain' and is"
    " 'snow'. Choose another key. Nothing was sent. [job k]"
)


@pytest.mark.parametrize("stands", BOUGHT.values(), ids=BOUGHT.keys())
@pytest.mark.parametrize("policy", POLICIES)
async def test_a_key_with_a_purchase_belongs_to_its_request(
    api: Emulator,
    tmp_path: Path,
    stands: Callable[[Emulator, MusicSession], Awaitable[None]],
    policy: Any,
) -> None:
    """One type and one wording, whether its job is open or over."""
    async with MusicSession(
        api.key, base_url=api.url, journal=tmp_path / "songs.db", on_exit="detach"
    ) as music:
        await stands(api, music)
        before = api.submissions

        with pytest.raises(InvalidRequest, match="can't be used") as caught:
            await music.submit(SNOW, key="k", on_known_key=policy)

    error = caught.value
    assert OTHER_WORDS == str(error)
    assert ("no", "after an edit", "key", "k") == (
        error.charged,
        error.retry,
        error.field,
        error.key,
    )
    assert api.submissions <= max(1, before)


@pytest.mark.parametrize("stands", BOUGHT.values(), ids=BOUGHT.keys())
async def test_error_refuses_the_same_request_too(
    api: Emulator,
    tmp_path: Path,
    stands: Callable[[Emulator, MusicSession], Awaitable[None]],
) -> None:
    """Whether the session says so or the call, and whether its job is open or over."""
    async with MusicSession(
        api.key, base_url=api.url, journal=tmp_path / "songs.db", on_exit="detach"
    ) as music:
        await stands(api, music)

        words = r"key 'k' can't be used: it was used already, and its job is \w+\."
        with pytest.raises(InvalidRequest, match=words):
            await music.submit(RAIN, key="k", on_known_key="error")


CALLS: dict[str, Callable[..., MusicJob[Any]]] = {
    "submit": lambda music, **more: music.submit(RAIN, key="k", **more),
    "riffusion": lambda music, **more: music.riffusion.create("rain", key="k", **more),
    "suno": lambda music, **more: music.suno.create("rain", key="k", **more),
    "nuro": lambda music, **more: music.nuro.create_vocal(
        "la la " * 60, key="k", **more
    ),
    "lyrics": lambda music, **more: music.lyrics.create("rain", key="k", **more),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("policy", POLICIES)
async def test_each_call_says_what_to_do_with_a_known_key(
    api: Emulator,
    session: Session,
    call: Callable[..., MusicJob[Any]],
    policy: str,
) -> None:
    """It goes before what the session says."""
    other = "error" if policy == "attach" else "attach"
    async with session(on_known_key=other) as music:
        if music._journal.is_kept:
            await call(music)
        else:
            call(music)

        again = call(music, on_known_key=policy) if policy != "error" else None
        if again is None:
            with pytest.raises(InvalidRequest, match="it was used already"):
                await call(music, on_known_key=policy)
        else:
            await again

    assert (2 if policy == "new" else 1) == api.submissions


async def test_new_buys_beside_an_open_job(api: Emulator, session: Session) -> None:
    """Both are had, each with clips of its own, and the key keeps both."""
    async with session() as music:
        jobs = [music.submit(RAIN, key="k", on_known_key="new") for _ in range(3)]
        ids = {clip.clip_id for job in jobs for clip in await job}

    assert (6, 3) == (len(ids), api.charges)


async def test_cancelling_one_of_a_key_leaves_the_other(
    api: Emulator, session: Session
) -> None:
    """The row of the one that is bought is not the other's."""
    async with session(concurrency=1) as music:
        first = music.submit(RAIN, key="k")
        second = music.submit(RAIN, key="k", on_known_key="new")
        second.cancel()
        clips = await first
        records = await music.jobs()

    assert (2, 1) == (len(clips), api.charges)
    assert {"succeeded"} >= {record.state for record in records}


async def test_run_says_it_for_all_of_a_batch(api: Emulator, session: Session) -> None:
    """A batch that is run again buys again."""
    async with session() as music:
        policy: Any
        for policy in ("attach", "new"):
            batch = {"a": RAIN, "b": suno.Create("snow")}
            jobs = [j async for j in music.run(batch, on_known_key=policy)]
            assert {JobState.SUCCEEDED} == {job.state for job in jobs}

    assert 4 == api.charges


async def test_a_row_of_a_batch_whose_key_is_taken_fails_alone(
    api: Emulator, session: Session
) -> None:
    """It is given as a failed job, and the rows after it are bought."""
    rows = [("a", RAIN), ("a", SNOW), ("b", SNOW)]
    async with session() as music:
        jobs = [job async for job in music.run(rows)]

    by_request = {(job.key, job.request): job for job in jobs}
    assert isinstance(by_request["a", SNOW].error, InvalidRequest)
    assert 2 == len(by_request["a", RAIN].clips) == len(by_request["b", SNOW].clips)
    assert 2 == api.charges


async def test_an_attached_task_has_its_key(session: Session) -> None:
    """Another task, or a request, under it is told in the same words."""
    async with session(on_exit="detach", clock=StoppedClock()) as music:
        music.attach("suno", "task-1", key="k")

        with pytest.raises(InvalidRequest, match="can't be used: its task is task-1"):
            music.attach("suno", "task-2", key="k")
        with pytest.raises(InvalidRequest, match="can't be used: it belongs to a task"):
            music.submit(RAIN, key="k")
