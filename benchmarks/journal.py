"""
What the journal costs, and what writing together saves.

Run ``python benchmarks/journal.py``.

The first table is the same run of jobs against the emulator, in a process of its own
and without audio, with and without a journal, one after the other in one run: time
and this process's CPU time for each job, and their ratio.

The second is durable records per second, an intent and a task id for each job:
through the journal, with so many jobs at once, against a plain sqlite3 loop that
writes the same rows to the same tables one by one.  Both have WAL and
``synchronous=FULL``.  All figures are medians.
"""

import argparse
import asyncio
import contextlib
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import attrs

from aiomusic import MusicSession, riffusion
from aiomusic.journal import Entry, Limits
from aiomusic.journal.policy import Row, Stage
from aiomusic.journal.rows import entered
from aiomusic.journal.sqlite import SqliteJournal

SERVICE = """
import asyncio
from aiomusic.emulator import Emulator, Pace

async def main():
    pace = Pace.polls(pending=0, running=1, not_ready=0)
    async with Emulator(credits=10**9, pace=pace, media=False, keep_calls=0) as api:
        print(api.url, api.key, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
NO_LIMITS = Limits(concurrency=10**9)
QUEUED = Row(stage=Stage.QUEUED, cost=10)


@attrs.frozen
class Cost:
    """What one job took, in ms."""

    wall_ms: float
    cpu_ms: float


@contextlib.contextmanager
def service() -> Iterator[tuple[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVICE], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url, key = process.stdout.readline().split()
        yield url, key
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


async def buy(url: str, key: str, jobs: int, journal: Path | None) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    async with MusicSession(
        api_key=key, base_url=url, concurrency=64, poll_every_s=0, journal=journal
    ) as music:
        made = [music.submit(riffusion.Create(f"song {n}")) for n in range(jobs)]
        await asyncio.gather(*made)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Cost(wall / jobs * 1e3, cpu / jobs * 1e3)


def entry(number: int) -> Entry:
    return Entry(
        key=f"key-{number:08}",
        kind="riffusion.create",
        provider="riffusion",
        request={"kind": "riffusion.create", "prompt": "r&b pop song"},
        fingerprint="f" * 64,
        cost=10,
        metadata={"user": "ann"},
        made_at=1.0,
        now=2.0,
    )


async def together(path: Path, jobs: int, at_once: int) -> float:
    """Return records per second through the journal."""
    journal = SqliteJournal(path)
    await journal.open()
    numbers = iter(range(jobs))

    async def one_by_one() -> None:
        for number in numbers:
            await journal.admit([entry(number)], NO_LIMITS)
            await journal.accept(f"key-{number:08}", 1, f"task-{number}", 3.0)

    start = time.perf_counter()
    await asyncio.gather(*(one_by_one() for _ in range(at_once)))
    took_s = time.perf_counter() - start
    await journal.aclose()
    return 2 * jobs / took_s


async def plain(path: Path, jobs: int) -> float:
    """Return records per second of a loop that commits each."""
    journal = SqliteJournal(path)
    await journal.open()
    await journal.aclose()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        start = time.perf_counter()
        for number in range(jobs):
            values = entered(entry(number), 1, QUEUED)
            names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
            task = {"task_id": f"task-{number}", "key": f"key-{number:08}"}
            for statement, given in (
                (f"INSERT INTO jobs ({names}) VALUES ({marks})", values),
                ("UPDATE jobs SET task_id = :task_id WHERE key = :key", task),
            ):
                db.execute("BEGIN IMMEDIATE")
                db.execute(statement, given)
                db.execute("COMMIT")
        return 2 * jobs / (time.perf_counter() - start)


def cost_of_a_job(folder: Path, jobs: int, rounds: int) -> None:
    costs: dict[str, list[Cost]] = {"without": [], "with": []}
    with service() as (url, key):
        asyncio.run(buy(url, key, jobs // 4, None))
        for number in range(rounds):
            path = folder / f"cost-{number}.db"
            costs["without"].append(asyncio.run(buy(url, key, jobs, None)))
            costs["with"].append(asyncio.run(buy(url, key, jobs, path)))
    print(f"{jobs} jobs against the emulator, {rounds} rounds, ms for each job")
    print(f"{'journal':<10}{'time':>8}{'CPU':>8}")
    for name, found in costs.items():
        wall = statistics.median(cost.wall_ms for cost in found)
        cpu = statistics.median(cost.cpu_ms for cost in found)
        print(f"{name:<10}{wall:>8.2f}{cpu:>8.2f}")
    pairs = list(zip(costs["with"], costs["without"], strict=True))
    wall = statistics.median(one.wall_ms / other.wall_ms for one, other in pairs)
    cpu = statistics.median(one.cpu_ms / other.cpu_ms for one, other in pairs)
    print(f"{'ratio':<10}{wall:>8.2f}{cpu:>8.2f}\n")


def records_per_second(folder: Path, jobs: int, rounds: int) -> None:
    sizes = (1, 16, 256, 2_000)
    base: list[float] = []
    found: dict[int, list[float]] = {size: [] for size in sizes}
    for number in range(rounds):
        path = folder / f"plain-{number}.db"
        base.append(asyncio.run(plain(path, min(jobs, 500))))
        for size in sizes:
            count = min(jobs, max(200, size * 10))
            path = folder / f"together-{number}-{size}.db"
            found[size].append(asyncio.run(together(path, count, size)))
    print(f"durable records per second, {rounds} rounds")
    print(f"{'':<24}{'records/s':>10}{'ratio':>8}")
    print(f"{'plain loop':<24}{statistics.median(base):>10,.0f}{1:>8.1f}")
    for size, speeds in found.items():
        ratio = statistics.median(a / b for a, b in zip(speeds, base, strict=True))
        name = f"journal, {size} at once"
        print(f"{name:<24}{statistics.median(speeds):>10,.0f}{ratio:>8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="The journal's cost and its speed.")
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="on the disk to measure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version},")
        print(f"{os.cpu_count()} cores\n")
        cost_of_a_job(Path(name), options.jobs, options.rounds)
        records_per_second(Path(name), options.records, options.rounds)


if __name__ == "__main__":
    main()
