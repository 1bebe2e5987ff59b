"""Limits, slots and callbacks hold for all processes that share a journal."""

import asyncio
import hashlib
import hmac
import json
import random
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from aiomusic import JobState, MusicJob, MusicSession, SubmissionUnknown
from aiomusic.emulator import Emulator, Pace
from aiomusic.errors import MusicError

sys.path.insert(0, str(Path(__file__).parent / "torture"))

from tortured import Gang, Life, Service

pytestmark = pytest.mark.anyio

# Twelve processes start, beside whatever else the machine does.
BOUND_S = 200.0

SECRET = "s-processes"


@attrs.define
class Lane:
    """Programs on one journal, one after the other."""

    service: Service
    folder: Path
    concurrency: int = 10
    max_credits: int | None = None
    ended: list[Life] = attrs.field(factory=list)

    @property
    def gang(self) -> Gang:
        journal = self.folder / "songs.db"
        return Gang(name="lane", journal=journal, has_hooks=False, workers=[])

    async def begin(self, keys: list[str]) -> Life:
        plan = {
            "name": "lane",
            "key": self.service.key,
            "url": self.service.url,
            "journal": str(self.gang.journal),
            "concurrency": self.concurrency,
            "max_credits": self.max_credits,
            "poll_every_s": 0.02,
            "request_timeout_s": 3.0,
            "hooks": None,
            "folder": None,
            "keys": keys,
            "stays": False,
        }
        return await Life.begin(plan, self.folder / "err")

    async def run(self, keys: list[str]) -> None:
        life = await self.begin(keys)
        assert 0 == await life.end(), (self.folder / "err").read_text()
        self.ended.append(life)

    def told(self, name: str) -> list[str]:
        return [word for life in self.ended for word in life.told(name)]


def assert_closed(gang: Gang, spent: int) -> None:
    """See that the sums are right, and that nothing is held or left behind."""
    rows = gang.rows()
    sums = tuple(sum(row[n] for row in rows) for n in ("slot", "reserved", "spent"))
    # Those whose answer was lost may run at the service still.
    leased = [row["state"] for row in rows if row["slot_until"] is not None]
    assert {"unknown"} >= set(leased)
    assert (len(leased), 0, spent) == gang.totals() == sums
    assert [] == gang.owner_files()


@pytest.mark.slow
async def test_four_processes_never_overrun_a_ceiling(tmp_path: Path) -> None:
    """Of 400 jobs of 10 credits, 1,000 credits buy exactly 100, ten at a time."""
    async with Service.started(task_s=0.1) as service:
        lane = Lane(service, tmp_path, max_credits=1_000)

        async with asyncio.timeout(BOUND_S), asyncio.TaskGroup() as tasks:
            for n in range(4):
                keys = [f"{n}-{number}" for number in range(100)]
                tasks.create_task(lane.run(keys))

        ledger = await service.ledger()
    assert (100, 1_000) == (ledger["charges"], ledger["charged"])
    assert 10 >= ledger["peak"]
    assert (100, 300) == (len(lane.told("done")), len(lane.told("over_budget")))
    assert_closed(lane.gang, 1_000)


@pytest.mark.slow
async def test_slots_hold_while_processes_come_and_go(tmp_path: Path) -> None:
    """Twelve processes in four lanes never have more than five tasks in flight."""
    async with Service.started(task_s=0.1) as service:
        lane = Lane(service, tmp_path, concurrency=5)

        async def one_after_the_other(n: int) -> None:
            for wave in range(3):
                await lane.run([f"{n}-{wave}-{number}" for number in range(6)])

        async with asyncio.timeout(BOUND_S), asyncio.TaskGroup() as tasks:
            for n in range(4):
                tasks.create_task(one_after_the_other(n))

        ledger = await service.ledger()
    assert 72 == ledger["charges"]
    assert 5 == ledger["peak"]
    assert_closed(lane.gang, 720)


@pytest.mark.slow
async def test_a_ceiling_holds_through_kills(tmp_path: Path) -> None:
    """However processes die, no more than 200 credits are taken, nor counted."""
    rng = random.Random(3)
    async with Service.started(task_s=0.1) as service:
        lane = Lane(service, tmp_path, max_credits=200)

        async def killed(n: int) -> None:
            for wave in range(2):
                life = await lane.begin([f"{n}-{wave}-{m}" for m in range(8)])
                await life.ready.wait()
                await asyncio.sleep(rng.uniform(0.0, 0.2))
                await life.kill()
                rows = lane.gang.rows()
                assert 200 >= sum(row["spent"] + row["reserved"] for row in rows)
            await lane.run([f"{n}-last-{m}" for m in range(8)])

        async with asyncio.timeout(BOUND_S), asyncio.TaskGroup() as tasks:
            for n in range(3):
                tasks.create_task(killed(n))

        await lane.run([])
        ledger = await service.ledger()
    assert 200 >= ledger["charged"]
    assert_closed(lane.gang, 200)


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    """Yield an API whose tasks end at the fourth poll."""
    async with Emulator(pace=Pace.polls(), media=False) as api:
        yield api


@asynccontextmanager
async def opened(
    api: Emulator,
    file: Path,
    **options: Any,
) -> AsyncIterator[MusicSession]:
    """Open a session that stands for a process: it has an owner's lock of its own."""
    settings = {"poll_every_s": 0.01, "on_exit": "detach", **options}
    if settings.pop("has_hooks", False):
        # Nobody is there, so callbacks come by hand.
        settings["webhook_url"] = "http://127.0.0.1:9/hooks"
        settings["webhook_secret"] = SECRET
    async with MusicSession(
        api.key, base_url=api.url, journal=file, **settings
    ) as music:
        yield music


async def call_back(music: MusicSession, key: str, task_id: str) -> None:
    body = {"task_id": task_id, "platform": "suno", "event": "song.completed"}
    raw = json.dumps(body).encode()
    signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    assert music.webhooks is not None
    await music.webhooks.handle(
        {"X-Signature": signature},
        raw,
        job_key=key,
        token=music.webhooks.token(key),
    )


async def reach(job: MusicJob[Any], state: JobState) -> None:
    async for update in job.updates():
        if update.state is state:
            return


async def until_task(api: Emulator, number: int = 0) -> str:
    """Wait until the service has carried out a create."""
    while len(api.tasks) <= number:
        await asyncio.sleep(0)
    return list(api.tasks)[number]


def row(file: Path, key: str) -> tuple[Any, ...]:
    """Return state and task of a key's last purchase, as another process sees it."""
    query = "SELECT state, task_id, owner IS NULL FROM jobs WHERE key = ?"
    db = sqlite3.connect(file)
    try:
        return tuple(db.execute(f"{query} ORDER BY attempt DESC", (key,)).fetchone())
    finally:
        db.close()


async def lose(api: Emulator, file: Path, key: str) -> str:
    """Buy a song, lose the answer, and leave; give the task's id."""
    number = len(api.tasks)
    api.fault("drop_after_body", on="create")
    async with opened(api, file) as music:
        with pytest.raises(SubmissionUnknown, match="may have been charged"):
            await music.suno.create(f"song {key}", key=key)
    return await until_task(api, number)


async def test_a_callback_is_on_the_disk_when_it_is_acknowledged(
    api: Emulator, tmp_path: Path
) -> None:
    """One that overtakes the create's answer survives a process that dies of it."""
    file = tmp_path / "songs.db"
    api.fault("hang", on="create")
    async with opened(api, file, has_hooks=True) as music:
        job = music.suno.create("paper boats", key="one")
        task_id = await until_task(api)
        assert ("submitting", None, 0) == row(file, "one")

        await call_back(music, "one", task_id)

        assert ("pending", task_id, 0) == row(file, "one")
        assert JobState.SUBMITTING is job.state
        async with api.refusing():
            pass
        assert 2 == len(await job)
    assert 1 == api.charges


async def test_a_callback_finds_a_job_whose_turn_has_not_come(
    api: Emulator, tmp_path: Path
) -> None:
    """Its row is unknown, and the job of that key waits in the queue."""
    file = tmp_path / "songs.db"
    task_id = await lose(api, file, "lost")
    api.fault("stuck", on="create")
    # The lost task may run still, so it has a slot of its own.
    async with opened(api, file, has_hooks=True, concurrency=2) as music:
        stuck = music.suno.create("takes the slot", key="stuck")
        await reach(stuck, JobState.PENDING)
        music.suno.create("waits for it", key="head")
        job = music.suno.create("song lost", key="lost")

        await asyncio.sleep(0)
        assert JobState.QUEUED is job.state

        await call_back(music, "lost", task_id)
        while "succeeded" != row(file, "lost")[0]:
            await asyncio.sleep(0.01)

        await api.finish()
        assert 2 == len(await job)
    assert 3 == api.charges


@pytest.mark.slow
async def test_a_callback_may_come_to_another_process(
    api: Emulator, tmp_path: Path
) -> None:
    """A lost task is recovered by the job, whoever of the journal's was called."""
    file = tmp_path / "songs.db"
    api.fault("drop_after_body", on="create")
    async with (
        opened(api, file, has_hooks=True) as one,
        opened(api, file, has_hooks=True) as other,
    ):
        job = one.suno.create("paper boats", key="one")
        await reach(job, JobState.UNKNOWN)

        await call_back(other, "one", await until_task(api))
        clips = await job

    assert 2 == len(clips)
    assert 1 == api.charges


async def test_resume_tells_of_a_job_that_a_callback_recovered(
    api: Emulator, tmp_path: Path
) -> None:
    """One that came between entering the session and resume() is not passed over."""
    file = tmp_path / "songs.db"
    task_id = await lose(api, file, "lost")
    async with opened(api, file, has_hooks=True) as music:
        await call_back(music, "lost", task_id)

        (job,) = await music.resume()

        assert ("lost", 2) == (job.key, len(await job))
    assert 1 == api.charges


async def test_resubmitting_what_was_recovered_buys_nothing(
    api: Emulator, tmp_path: Path
) -> None:
    """A job that was held as unknown is not bought again once its song is made."""
    file = tmp_path / "songs.db"
    task_id = await lose(api, file, "lost")
    async with opened(api, file, has_hooks=True) as music:
        (held,) = await music.resume()
        await call_back(music, "lost", task_id)
        while "succeeded" != row(file, "lost")[0]:
            await asyncio.sleep(0.01)

        again = held.resubmit()

        assert task_id == (await again)[0].task_id
    assert 1 == api.charges


async def test_leaving_a_queued_resubmit_does_not_end_anothers_purchase(
    api: Emulator, tmp_path: Path
) -> None:
    """Two who send the same job again, one in the queue, mean the same attempt."""
    file = tmp_path / "songs.db"
    await lose(api, file, "lost")
    api.fault("stuck", on="create", times=2)
    async with opened(api, file) as other, AsyncExitStack() as stack:
        one = await stack.enter_async_context(opened(api, file, concurrency=2))
        (mine,) = await one.resume()
        (theirs,) = await other.resume()
        blocker = one.suno.create("takes the slot", key="blocker")
        await reach(blocker, JobState.PENDING)
        queued = mine.resubmit()
        bought = theirs.resubmit()
        await reach(bought, JobState.PENDING)

        await stack.aclose()

        assert JobState.QUEUED is queued.state
        assert ("pending", bought.task_id, 0) == row(file, "lost")


async def test_a_session_that_follows_anothers_task_does_not_free_its_slot(
    api: Emulator, tmp_path: Path
) -> None:
    """It leaves, and the other's task is in flight all the same."""
    file = tmp_path / "songs.db"
    api.fault("stuck", on="create")
    async with opened(api, file, concurrency=1) as owner:
        job = owner.suno.create("paper boats", key="one")
        await reach(job, JobState.PENDING)
        async with opened(api, file, concurrency=1) as follower:
            await reach(follower.suno.create("paper boats", key="one"), job.state)

        db = sqlite3.connect(file)
        totals = db.execute("SELECT slots, reserved, spent FROM totals").fetchone()
        db.close()

        assert (1, 10, 0) == totals
    assert 1 == api.charges


async def test_files_of_dead_sessions_are_cleared_away(
    api: Emulator, tmp_path: Path
) -> None:
    """A killed session leaves its lock's file even if it left no job."""
    file = tmp_path / "songs.db"
    dead = tmp_path / f"songs.db-owner-{'0' * 32}"
    dead.touch()
    other = tmp_path / "songs.db-owner-of-mine.txt"
    other.touch()
    async with opened(api, file):
        assert not dead.exists()
        assert other.exists()
        async with opened(api, file):
            pass

        assert 2 == len(list(tmp_path.glob("songs.db-owner-*")))


async def test_a_refusal_leaves_a_key_free(api: Emulator, tmp_path: Path) -> None:
    """What was refused was not bought, so its key may be used by any process."""
    file = tmp_path / "songs.db"
    api.fault("status", on="create", status=403, message="Insufficient credits.")
    async with opened(api, file) as one, opened(api, file) as other:
        with pytest.raises(MusicError, match="nsufficient"):
            await one.suno.create("paper boats", key="one")

        clips = await other.suno.create("paper boats", key="one")

    assert 2 == len(clips)
    assert 1 == api.charges
