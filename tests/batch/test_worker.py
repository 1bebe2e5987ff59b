"""A batch on a queue: bought once by whatever workers there are, and stored."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pg_server
import pytest
from quick_service import QuickService

from aiomusic import BudgetExceeded, JobState, MusicSession, batch
from aiomusic.batch import Put, Worker, put
from aiomusic.batch.engines import QueueAddress, TaskQueue
from aiomusic.batch.engines._opening import ENGINES, EngineName, queue_of
from aiomusic.emulator import Pace
from aiomusic.journal.opening import address_of

pytestmark = [pytest.mark.anyio, pg_server.NEEDED]

BOUND_S = 90.0
SONG: dict[str, Any] = {"key": "song", "provider": "suno", "description": "rain"}
MORE: dict[str, Any] = {
    "key": "more",
    "provider": "suno",
    "operation": "extend",
    "clip": "@song[1]",
    "at": 10,
    "lyrics": "[Verse] on",
}
DEAR: dict[str, Any] = {"key": "dear", "provider": "suno", "operation": "extend"}


class Farm:
    """One queue, one journal, and the service."""

    def __init__(self, engine: EngineName, folder: Path, service: QuickService) -> None:
        self.engine = engine
        self.folder = folder
        self.service = service
        self.url = pg_server.running().url(folder, options="&lease_s=2")

    def session(self, **options: Any) -> MusicSession:
        api = self.service.api
        return MusicSession(
            api.key,
            base_url=api.url,
            journal=self.url,
            poll_every_s=0.01,
            on_exit="detach",
            **options,
        )

    def queue(self) -> TaskQueue:
        at = address_of(self.url)
        address = QueueAddress(
            dsn=at.dsn, schema=f"{at.schema}_queue", name="aiomusic-1", stalled_s=2.0
        )
        return queue_of(self.engine, address)

    async def put(self, *rows: Mapping[str, Any]) -> Put:
        queue = self.queue()
        await queue.open()
        try:
            async with self.session() as music:
                return await put(music, queue, batch.plan(rows))
        finally:
            await queue.aclose()

    async def work(
        self,
        keys: Sequence[str],
        session: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Worker:
        """Run a worker until so many tasks are over."""
        left = set(keys)
        worker: Worker

        def ended(driven: batch.Driven) -> None:
            left.discard(driven.key)
            if not left:
                worker.stop()

        worker = Worker(at_once=4, on_end=ended, **options)
        async with asyncio.timeout(BOUND_S):
            await worker.run(self.session(**(session or {})), self.queue)
        return worker


@pytest.fixture(params=ENGINES)
async def farm(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Farm]:
    async with QuickService() as service:
        yield Farm(request.param, tmp_path, service)


@pytest.fixture
async def one_farm(tmp_path: Path) -> AsyncIterator[Farm]:
    """Where it is the same on every engine."""
    async with QuickService() as service:
        yield Farm("pgqueuer", tmp_path, service)


async def test_a_chain_is_bought_in_order_and_only_what_is_missing_is_added(
    farm: Farm, tmp_path: Path
) -> None:
    """Rows that can't be bought are told; the songs are stored where it is asked."""
    first = await farm.put(MORE, SONG, DEAR)
    again = await farm.put(MORE, SONG)

    worker = await farm.work(["song", "more"], out=tmp_path / "songs")
    last = await farm.put(MORE, SONG)

    assert (("song", "more"), 2, ["dear"]) == (
        first.keys,
        first.added,
        [one.key for one in first.outcomes],
    )
    assert (("song", "more"), 0, ()) == (again.keys, again.added, again.bought)
    assert ((), 0, ("song", "more")) == (last.keys, last.added, last.bought)
    assert {"succeeded": 2} == worker.ended
    assert 2 == farm.service.api.submissions
    assert 4 == len(list((tmp_path / "songs").glob("*.mp3")))


async def test_a_worker_that_is_stopped_hands_over_at_once(farm: Farm) -> None:
    """Another follows the task, long before any lease is over; none is sent twice."""
    farm.url = farm.url.replace("lease_s=2", "lease_s=600")
    async with QuickService(pace=Pace.polls(pending=10**9)) as service:
        farm.service = service
        await farm.put(SONG)
        worker = Worker(at_once=4)
        async with asyncio.timeout(BOUND_S):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(worker.run(farm.session(), farm.queue))
                while not service.api.tasks:
                    await asyncio.sleep(0.02)
                worker.stop()
            await service.api.finish()
            other = await farm.work(["song"])

        assert (0, 1) == (worker.ended.total(), worker.put_back)
        assert {JobState.SUCCEEDED: 1} == other.ended
        assert 1 == service.api.submissions


async def test_what_workers_buy_is_followed_and_stored_as_a_local_run_does(
    one_farm: Farm, tmp_path: Path
) -> None:
    """With outcomes and a manifest, whatever was over before; it buys nothing."""
    farm = one_farm
    behind = {**MORE, "key": "behind", "clip": "@dear"}
    dear = {"key": "dear", "provider": "suno", "description": "snow"}
    rows = [MORE, SONG, dear, behind]
    await farm.put(*rows)
    worker = await farm.work(["song", "dear"])
    queue = farm.queue()
    await queue.open()
    album = tmp_path / "album"
    try:
        async with farm.session(max_credits=0) as music, asyncio.timeout(BOUND_S):
            working = asyncio.ensure_future(farm.work(["more", "behind"]))
            running = batch.follow(music, queue, batch.plan(rows), album)
            outcomes = {one.key: one async for one in running}
            await working
    finally:
        await queue.aclose()

    assert not worker.is_ready
    assert {"succeeded"} == {one.state for one in outcomes.values()}
    assert 4 == farm.service.api.submissions
    assert 8 == len(list(album.glob("*.mp3")))
    assert 4 == len((album / "manifest.jsonl").read_text().splitlines())


async def test_a_row_that_no_worker_could_send_tells_why(
    one_farm: Farm, tmp_path: Path
) -> None:
    """Over the ceiling, and behind such a row; the next run puts them there again."""
    farm = one_farm
    await farm.put(MORE, SONG)
    await farm.work(["song", "more"], session={"max_credits": 1})
    queue = farm.queue()
    await queue.open()
    try:
        async with farm.session(max_credits=0) as music, asyncio.timeout(BOUND_S):
            running = batch.follow(music, queue, batch.plan([MORE, SONG]), tmp_path)
            outcomes = {one.key: one async for one in running}
    finally:
        await queue.aclose()

    assert ("failed", "waiting") == (outcomes["song"].state, outcomes["more"].state)
    assert isinstance(outcomes["song"].error, BudgetExceeded)
    assert 2 == (await farm.put(MORE, SONG)).added
    assert 0 == farm.service.api.submissions
