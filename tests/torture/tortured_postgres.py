"""Workers over one journal in PostgreSQL, what is done to them, and what came of it."""

import asyncio
import json
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any, final

import asyncpg
import attrs
import pg_server
from wires import Wire

from aiomusic.emulator import Emulator, Pace
from aiomusic.errors import MusicError
from aiomusic.journal import Identity, Wanted
from aiomusic.journal._postgres_link import Address
from aiomusic.journal.postgres import PostgresJournal
from aiomusic.providers import suno

WORKERS = 3
CONCURRENCY = 12
TASK_S = 0.8
COST = suno.Create.COST
REQUESTS_PER_S = 60.0
# Those that are on their way arrive together where the machine is busy.
SEEN_PER_S = 1.25 * REQUESTS_PER_S
WORKER = Path(__file__).with_name("postgres_worker.py")
# How long after its lease a session's jobs may stay as it left them: others look when
# they wait for a slot, or for a job that it has.
SETTLED_S = 15.0
# A create whose sender is gone has arrived by then, if it was sent.
ARRIVES_S = 2.0


@final
@attrs.define
class Report:
    """What was done, and what came of it."""

    jobs: int
    kills: int = 0
    stops: int = 0
    restarts: int = 0
    cuts: int = 0
    charged: int = 0
    twice: int = 0
    silent: int = 0
    unknown: int = 0
    peak: int = 0
    spent: int = 0
    unsettled_s: float = 0.0
    requests_per_s: float = 0.0
    seconds: float = 0.0

    def wrong(self) -> list[str]:
        """Return what must not be."""
        checks = {
            f"{self.charged} tasks were charged for {self.jobs} jobs": (
                self.charged == self.jobs
            ),
            f"{self.twice} jobs were bought twice": not self.twice,
            f"{self.silent} tasks were charged and no journal knows": not self.silent,
            f"{self.peak} tasks ran at a time, of {CONCURRENCY}": (
                self.peak <= CONCURRENCY
            ),
            f"{self.spent} credits were spent of {self.jobs * COST}": (
                self.spent <= self.jobs * COST
            ),
            f"{self.requests_per_s:.0f} requests went out in a second": (
                self.requests_per_s <= SEEN_PER_S
            ),
            f"a dead session's jobs were left for {self.unsettled_s:.1f} s": (
                self.unsettled_s <= SETTLED_S
            ),
        }
        return [words for words, is_right in checks.items() if not is_right]


@final
@attrs.define(eq=False)
class Torture:
    """One run."""

    api: Emulator
    server: pg_server.Server
    folder: Path
    report: Report
    rng: random.Random
    lease_s: int
    workers: dict[int, asyncio.subprocess.Process] = attrs.field(factory=dict)
    urls: dict[int, str] = attrs.field(factory=dict)

    @property
    def url(self) -> str:
        return self.server.url(self.folder, options=f"&lease_s={self.lease_s}")

    async def start(self, number: int) -> None:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, str(WORKER), stdin=asyncio.subprocess.PIPE
        )
        plan = {
            "key": self.api.key,
            "url": self.api.url,
            "journal": self.urls[number],
            "jobs": self.report.jobs,
            "seed": number,
            "concurrency": CONCURRENCY,
            "max_credits": self.report.jobs * COST,
            "requests_per_s": REQUESTS_PER_S,
        }
        assert worker.stdin is not None
        worker.stdin.write(f"{json.dumps(plan)}\n".encode())
        await worker.stdin.drain()
        self.workers[number] = worker

    async def kill(self) -> None:
        number = self.rng.choice(list(self.workers))
        worker = self.workers[number]
        if worker.returncode is not None:
            return
        worker.kill()
        await worker.wait()
        self.report.kills += 1
        await self.start(number)

    async def stop(self) -> None:
        """Stop a worker for longer than a lease, and let it go on."""
        worker = self.workers[self.rng.choice(list(self.workers))]
        if worker.returncode is not None:
            return
        worker.send_signal(signal.SIGSTOP)
        await asyncio.sleep(self.lease_s * 1.7)
        worker.send_signal(signal.SIGCONT)
        self.report.stops += 1

    async def restart(self) -> None:
        """Stop the server as an operator does, and start it again."""
        await asyncio.to_thread(self.server.postgres.stop, signal.SIGINT)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(self.server.postgres.start)
        self.report.restarts += 1

    async def cut(self, wire: Wire) -> None:
        """Lose all that goes to and from a worker's database, without a word."""
        wire.is_silent = True
        await asyncio.sleep(self.lease_s * 1.7)
        wire.mend()
        self.report.cuts += 1

    async def harm(self, kills: int, wire: Wire) -> None:
        """Do it all, at seeded instants, spread over the run."""
        harms = ["kill"] * kills + ["stop"] * (kills // 2 + 1) + ["restart", "cut"]
        self.rng.shuffle(harms)
        share = len(harms)
        for number, harm in enumerate(harms):
            due = self.report.jobs * (number + 1) // (share + 2)
            while len(self.api.tasks) < due and self.is_running:
                await asyncio.sleep(0.05)
            await asyncio.sleep(self.rng.uniform(0, 0.3))
            await (self.cut(wire) if harm == "cut" else getattr(self, harm)())

    @property
    def is_running(self) -> bool:
        return any(one.returncode is None for one in self.workers.values())

    async def settle(self) -> None:
        """
        Find out what became of creates whose answers were lost, as its owner would.

        The service knows; a callback would have said so.
        """
        journal = PostgresJournal(self.url)
        mine = Identity(base_url=self.api.url, key=self.api.key)
        seen: dict[tuple[str, int], float] = {}
        await journal.open(mine)
        try:
            while True:
                await asyncio.sleep(0.3)
                try:
                    found = await journal.records(Wanted(states=["unknown"]))
                    for one in found:
                        at = seen.setdefault((one.key, one.attempt), time.monotonic())
                        if time.monotonic() - at > ARRIVES_S:
                            await self._settle(journal, one.key, one.attempt)
                except MusicError:
                    continue
        finally:
            self.report.unknown = len(seen)
            await journal.aclose()

    async def _settle(self, journal: PostgresJournal, key: str, attempt: int) -> None:
        known = await self.rows("SELECT task_id FROM jobs WHERE task_id IS NOT NULL")
        taken = {row["task_id"] for row in known}
        made = [t for t in self.tasks_of(key) if t not in taken]
        if made:
            await journal.find_lost(key, attempt, made[0], time.time())
            journal.release(key, attempt)
        else:
            journal.give_up_soon(key, attempt, time.time(), is_charged=False)

    def tasks_of(self, key: str) -> list[str]:
        return [
            task_id
            for task_id, task in self.api.tasks.items()
            if getattr(task.request, "description", "") == f"song {key}"
        ]

    async def rows(self, text: str) -> list[dict[str, Any]]:
        address = Address.of(self.url)
        db = await asyncpg.connect(
            address.dsn, server_settings={"search_path": address.schema}
        )
        try:
            return [dict(row) for row in await db.fetch(text)]
        finally:
            await db.close()

    async def watch(self) -> None:
        """Measure for how long jobs stay with sessions whose leases are over."""
        since: float | None = None
        text = (
            "SELECT count(*) AS n FROM jobs WHERE owner NOT IN"
            " (SELECT name FROM sessions WHERE until > clock_timestamp())"
        )
        while True:
            await asyncio.sleep(0.2)
            try:
                [found] = await self.rows(text)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                since = None
                continue
            now = time.monotonic()
            since = (since or now) if found["n"] else None
            if since is not None:
                self.report.unsettled_s = max(self.report.unsettled_s, now - since)

    async def count(self) -> None:
        """Measure how many requests come in a second."""
        while True:
            before, began = len(self.api.requests), time.monotonic()
            await asyncio.sleep(1.0)
            per_s = (len(self.api.requests) - before) / (time.monotonic() - began)
            self.report.requests_per_s = max(self.report.requests_per_s, per_s)

    async def audit(self) -> None:
        report = self.report
        rows = await self.rows("SELECT * FROM jobs")
        known = {row["task_id"] for row in rows}
        made = [self.tasks_of(f"k{n}") for n in range(report.jobs)]
        report.charged = self.api.charges
        report.twice = sum(len(tasks) > 1 for tasks in made)
        report.silent = sum(task not in known for one in made for task in one)
        report.peak = self.api.peak_in_flight
        [totals] = await self.rows("SELECT sum(spent + reserved) AS all FROM totals")
        report.spent = max(int(totals["all"]), self.api.charged)
        over = {row["key"] for row in rows if row["state"] == "succeeded"}
        assert len(over) == report.jobs, f"{report.jobs - len(over)} jobs are not over"


async def run(
    folder: Path, *, jobs: int, kills: int, seed: int, lease_s: int = 2
) -> Report:
    """Make so many songs with three workers, while all that is done to them."""
    began = time.monotonic()
    server = await asyncio.to_thread(pg_server.start)
    report = Report(jobs=jobs)
    pace = Pace.seconds(TASK_S / 4, TASK_S / 2, not_ready=TASK_S / 4, spread=0.2)
    try:
        async with (
            Emulator(
                credits=jobs * COST * 2, pace=pace, media=False, keep_calls=1_000_000
            ) as api,
            Wire(server.socket) as wire,
        ):
            rng = random.Random(seed)
            torture = Torture(api, server, folder, report, rng, lease_s)
            schema = Address.of(torture.url).schema
            host = f"127.0.0.1:{wire.port}"
            through = f"postgresql://postgres@{host}/postgres?schema={schema}"
            for number in range(WORKERS):
                is_last = number == WORKERS - 1
                torture.urls[number] = (
                    f"{through}&lease_s={lease_s}" if is_last else torture.url
                )
                await torture.start(number)
            beside = [
                asyncio.create_task(one())
                for one in (torture.settle, torture.watch, torture.count)
            ]
            try:
                await torture.harm(kills, wire)
                for worker in torture.workers.values():
                    assert await worker.wait() == 0
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.wait(beside)
                for worker in torture.workers.values():
                    if worker.returncode is None:
                        worker.kill()
                        await worker.wait()
            await torture.audit()
    finally:
        await asyncio.to_thread(server.stop)
    report.seconds = time.monotonic() - began
    return report
