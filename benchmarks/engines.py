"""
Kill workers of a task engine: with our journal, and with the engine alone.

Run ``python benchmarks/engines.py``.  Three workers buy songs from the emulator, and
are killed by SIGKILL at seeded instants, each time for a new one.  With the journal,
they are ``aiomusic worker``; alone, they are the engine's own worker, whose task body
buys a song and waits for it, as its documentation shows a task.
"""

import argparse
import asyncio
import collections
import json
import os
import random
import signal
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import asyncpg
import attrs

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import pg_server

from aiomusic import MusicSession, batch
from aiomusic.batch.engines import QueueAddress, Task, TaskQueue
from aiomusic.batch.engines._opening import ENGINES, EngineName, queue_of
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import Identity
from aiomusic.journal.opening import address_of, reader_at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WORKERS = 3
AT_ONCE = 10
TASK_S = 1.0
# How long a worker may be silent before its tasks are another's.
SILENT_S = 3
# No task has begun or ended for so long: what is left is stuck.
STUCK_S = 20.0
# However long the first workers take to start.
START_S = 120.0
OVER = ("succeeded", "failed", "unknown", "cancelled")
QUEUE = "aiomusic-1"


@final
@attrs.define(eq=False)
class Run:
    """One run of an engine."""

    engine: EngineName
    has_journal: bool
    jobs: int
    kills: int
    api: Emulator
    journal: str
    dice: random.Random
    workers: list[Process] = attrs.field(factory=list)
    killed: int = 0

    @property
    def schema(self) -> str:
        return f"{address_of(self.journal).schema}_queue"

    def queue(self) -> TaskQueue:
        address = QueueAddress(
            dsn=address_of(self.journal).dsn,
            schema=self.schema,
            name=QUEUE,
            stalled_s=SILENT_S,
        )
        return queue_of(self.engine, address)

    async def put(self) -> None:
        keys = [f"song-{n}" for n in range(self.jobs)]
        rows = [{"key": key, "provider": "suno", "description": key} for key in keys]
        queue = self.queue()
        await queue.open()
        if self.has_journal:
            async with MusicSession(
                self.api.key, base_url=self.api.url, journal=self.journal
            ) as music:
                await batch.put(music, queue, batch.plan(rows))
        else:
            await queue.put([Task(key) for key in keys])
        await queue.aclose()

    async def start(self) -> None:
        words = [__file__, "--alone", self.engine, self.schema, self.journal]
        if self.has_journal:
            words = ["-m", "aiomusic", "worker", "--engine", self.engine]
            words += ["--concurrency", str(AT_ONCE * WORKERS), "--poll-every", "0.3"]
        env = {
            **os.environ,
            "AIOMUSIC_API_KEY": self.api.key,
            "AIOMUSIC_BASE_URL": self.api.url,
            "AIOMUSIC_JOURNAL": self.journal,
        }
        worker = await asyncio.create_subprocess_exec(
            sys.executable, *words, env=env, stdout=DEVNULL, stderr=DEVNULL
        )
        self.workers.append(worker)

    async def kill(self) -> None:
        victim = self.workers.pop(self.dice.randrange(len(self.workers)))
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        self.killed += 1
        await self.start()

    async def work(self) -> None:
        """Run to the end, or until nothing moves any more."""
        for _ in range(WORKERS):
            await self.start()
        due = [self.jobs * (n + 1) // (self.kills + 2) for n in range(self.kills)]
        moved_at, before = time.monotonic() + START_S, (0, self.jobs)
        while time.monotonic() - moved_at < STUCK_S and await self.left():
            now = (self.api.submissions, await self.left())
            if now != before:
                moved_at, before = time.monotonic(), now
            if due and len(self.api.tasks) >= due[0]:
                due.pop(0)
                await asyncio.sleep(self.dice.uniform(0, 0.3))
                await self.kill()
            await asyncio.sleep(0.1)
        for worker in self.workers:
            worker.terminate()
        await asyncio.wait([asyncio.ensure_future(one.wait()) for one in self.workers])

    async def left(self) -> int:
        """Count the tasks that are not over, as the engine has it."""
        table = {
            "procrastinate": "procrastinate_jobs WHERE status IN ('todo', 'doing')",
            "pgqueuer": "pgqueuer WHERE status IN ('queued', 'picked')",
        }[self.engine]
        db = await asyncpg.connect(address_of(self.journal).dsn)
        try:
            text = f"SELECT count(*) FROM {self.schema}.{table}"
            return int(await db.fetchval(text))
        finally:
            await db.close()

    async def states(self) -> dict[str, int]:
        if not self.has_journal:
            return {}
        mine = Identity(base_url=self.api.url, key=self.api.key)
        return await reader_at(self.journal, mine).states()

    async def line(self) -> str:
        await self.put()
        began = time.monotonic()
        await self.work()
        took = time.monotonic() - began
        bought = collections.Counter(
            str(task.request.to_json()["description"])
            for task in self.api.tasks.values()
        )
        twice = sum(count - 1 for count in bought.values())
        never = self.jobs - len(bought)
        states, stuck = await self.states(), await self.left()
        told = "journal" if self.has_journal else "alone"
        known = sum(states.get(name, 0) for name in OVER)
        unknown = states.get("unknown", 0)
        over = f"{known} ({unknown} unknown)" if self.has_journal else "not known"
        return (
            f"| {self.engine} | {told} | {self.jobs} | {self.killed} |"
            f" {len(self.api.tasks)} | {twice} | {never} | {stuck} | {over} |"
            f" {took:.0f} |"
        )


async def buy(key: str) -> None:
    """Do what a task body does that knows of no journal."""
    async with MusicSession(poll_every_s=0.3, journal="") as music:
        await music.suno.create(key)


async def alone(engine: str, schema: str, journal: str) -> None:
    """Run the engine's own worker, as it comes."""
    works: dict[str, Callable[[str, str], Awaitable[None]]] = {
        "procrastinate": _procrastinate,
        "pgqueuer": _pgqueuer,
    }
    await works[engine](address_of(journal).dsn, schema)


async def _procrastinate(dsn: str, schema: str) -> None:
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415

    options = {"options": f"-c search_path={schema}"}
    app = App(connector=PsycopgConnector(conninfo=dsn, kwargs=options))

    @app.task(name="aiomusic.drive", queue=QUEUE)
    async def drive(key: str) -> None:
        await buy(key)

    async with app.open_async():
        await app.run_worker_async(
            concurrency=AT_ONCE,
            update_heartbeat_interval=SILENT_S / 3,
            stalled_worker_timeout=SILENT_S,
        )


async def _pgqueuer(dsn: str, schema: str) -> None:
    from pgqueuer import AsyncpgDriver, Job, PgQueuer  # noqa: PLC0415

    db = await asyncpg.connect(dsn, server_settings={"search_path": schema})
    queue = PgQueuer(AsyncpgDriver(db))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, queue.shutdown.set)

    @queue.entrypoint(QUEUE)
    async def drive(job: Job) -> None:
        await buy((job.payload or b"").decode())

    await queue.run(
        batch_size=AT_ONCE // 2,
        max_concurrent_tasks=AT_ONCE,
        dequeue_timeout=timedelta(seconds=1),
        heartbeat_timeout=timedelta(seconds=SILENT_S),
    )


async def compare(jobs: int, kills: int, seed: int) -> list[str]:
    server, lines = pg_server.start(), []
    print(
        "| engine | with | jobs | kills | charged | twice | never | stuck | known over"
        " | s |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    try:
        for engine in ENGINES:
            for has_journal in (True, False):
                with tempfile.TemporaryDirectory() as folder:
                    url = server.url(Path(folder), options=f"&lease_s={SILENT_S}")
                    async with Emulator(
                        pace=Pace.seconds(TASK_S / 2, TASK_S / 2),
                        credits=10**6,
                        media=False,
                    ) as api:
                        name: Any = engine
                        run = Run(
                            name,
                            has_journal,
                            jobs,
                            kills,
                            api,
                            url,
                            random.Random(seed),
                        )
                        lines.append(await run.line())
                        print(lines[-1], flush=True)
    finally:
        server.stop()
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--alone", nargs=3)
    options = parser.parse_args()
    if options.alone:
        asyncio.run(alone(*options.alone))
        return 0
    lines = asyncio.run(compare(options.jobs, options.kills, options.seed))
    ours = [line.split("|") for line in lines if "| journal |" in line]
    wrong = [line for line in ours if line[6:9] != [" 0 ", " 0 ", " 0 "]]
    print(json.dumps({"violations": len(wrong)}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
