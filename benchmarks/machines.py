"""
What a journal costs that several workers share: jobs a second, CPU, and waiting.

Run ``python benchmarks/machines.py``.  It starts a PostgreSQL and a PgBouncer of its
own, on a disk, with every commit synced.  Each worker is a process with one session,
that takes jobs through all that is written of one: admitted, sent, accepted, ended;
eight at a time.  Then a hundred sessions, in four processes, buy at the same time.
What a job costs the server is printed beside: transactions, write-ahead log, and rows
with their indexes.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import asyncpg
import attrs
import pg_server

from aiomusic.journal import Ending, Entry, Event, Granted, Limits
from aiomusic.journal._postgres_link import Address
from aiomusic.journal.opening import is_address, journal_at

if TYPE_CHECKING:
    from aiomusic.journal.opening import KeptJournal

AT_ONCE = 8
LIMITS = Limits(concurrency=1_000_000)
REQUEST = {"kind": "suno.create", "description": "a song of rain " * 10}


def entry(key: str) -> Entry:
    now = time.time()
    return Entry(
        key=key,
        kind="suno.create",
        provider="suno",
        request=REQUEST,
        fingerprint="f",
        cost=10,
        metadata={"song": key},
        made_at=now,
        now=now,
    )


async def buy(journal: "KeptJournal", key: str) -> float:
    """Take a job through its life; return how long it waited to be admitted."""
    began = time.perf_counter()
    [verdict] = await journal.admit([entry(key)], LIMITS)
    waited_s = time.perf_counter() - began
    assert isinstance(verdict, Granted)
    assert await journal.note_sent(key, 1)
    await journal.accept(key, 1, f"t-{key}", time.time())
    clips = [{"clip_id": f"{key}-{n}", "audio_url": "https://x/" * 9} for n in (0, 1)]
    end = Ending(event=Event.SUCCEEDED, now=time.time(), clips=clips)
    await journal.settle(key, 1, end)
    return waited_s


async def work(
    place: str, sessions: int, jobs: int, at_once: int, *, is_told: bool = False
) -> None:
    """Buy so many jobs with so many sessions, once told to; print what it took."""
    journals = [journal_at(place) for _ in range(sessions)]
    for journal in journals:
        await journal.open()
    if not is_told:
        sys.stdin.readline()
    began, cpu = time.perf_counter(), time.process_time()
    waits: list[float] = []

    async def lane(journal: "KeptJournal", number: int) -> None:
        name = f"{os.getpid()}-{id(journal)}-{number}"
        waits.extend(
            [await buy(journal, f"{name}-{n}") for n in range(jobs // at_once)]
        )

    lanes = [lane(journal, n) for journal in journals for n in range(at_once)]
    await asyncio.gather(*lanes)
    took = time.perf_counter() - began, time.process_time() - cpu
    for journal in journals:
        await journal.aclose()
    if not is_told:
        print(json.dumps({"took": took, "waits": waits}))


@attrs.frozen
class Costs:
    """What a server has done: transactions, bytes of its log, bytes of the tables."""

    transactions: int
    logged: int
    kept: int


async def costs(place: str) -> Costs:
    """Ask what a journal's server has done."""
    address = Address.of(place)
    db = await asyncpg.connect(address.dsn, statement_cache_size=0)
    try:
        found = await db.fetchrow(
            "SELECT sum(xact_commit)::bigint AS transactions,"
            " pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS logged,"
            " (SELECT coalesce(sum(pg_total_relation_size(format('%I.%I', schemaname,"
            " tablename)::regclass)), 0)::bigint FROM pg_tables"
            f" WHERE schemaname = '{address.schema}') AS kept FROM pg_stat_database"
        )
    finally:
        await db.close()
    return Costs(found["transactions"], found["logged"], found["kept"])


def costed(place: str, workers: int, *, sessions: int, jobs: int, at_once: int) -> str:
    """Run workers; return a line of figures, and what each job cost the server."""
    if not is_address(place):
        figures = run(place, workers, sessions=sessions, jobs=jobs, at_once=at_once)
        return f"{figures} | | |"
    asyncio.run(work(place, 1, at_once, at_once, is_told=True))
    before = asyncio.run(costs(place))
    figures = run(place, workers, sessions=sessions, jobs=jobs, at_once=at_once)
    # A backend that ends tells what it has done.
    time.sleep(1.5)
    after = asyncio.run(costs(place))
    count = workers * sessions * at_once * (jobs // at_once)
    took = [
        (after.transactions - before.transactions) / count,
        (after.logged - before.logged) / count / 1_000,
        (after.kept - before.kept) / count / 1_000,
    ]
    return f"{figures} | {took[0]:.1f} | {took[1]:.1f} | {took[2]:.1f}"


def run(place: str, workers: int, *, sessions: int, jobs: int, at_once: int) -> str:
    """Run workers at the same time; return a line of figures."""
    words = [sys.executable, __file__, "--work", place]
    words += [str(sessions), str(jobs), str(at_once)]
    running = [
        subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(workers)
    ]
    # All have their sessions open before any of them begins.
    time.sleep(2.0 + sessions * 0.1)
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    told = [json.loads(one.communicate()[0]) for one in running]
    waits = sorted(wait for one in told for wait in one["waits"])
    seconds = max(one["took"][0] for one in told)
    cpu_ms = 1_000 * sum(one["took"][1] for one in told) / len(waits)
    p50, p99 = (1_000 * waits[int(len(waits) * q)] for q in (0.5, 0.99))
    return f"{len(waits) / seconds:,.0f} | {cpu_ms:.2f} | {p50:,.1f} | {p99:,.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=800)
    parser.add_argument("--work", nargs=4)
    options = parser.parse_args()
    if options.work:
        place, *numbers = options.work
        asyncio.run(work(place, *map(int, numbers)))
        return
    pg_server.SETTINGS.update(fsync="on", full_page_writes="on", autovacuum="on")
    pg_server.FAST = None
    server = pg_server.start()
    names = "jobs/s | CPU ms a job | admit p50 ms | p99 ms | transactions a job"
    print(f"| journal | workers | {names} | log kB a job | kept kB a job |")
    print(f"|---|---|{'---|' * 7}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            for workers in (1, 2, 4):
                places = {
                    "SQLite": f"{folder}/{workers}.db",
                    "PostgreSQL": server.url(Path(f"{workers}")),
                    "with PgBouncer": server.url(Path(f"{workers}b"), is_pooled=True),
                }
                for name, place in places.items():
                    figures = costed(
                        place, workers, sessions=1, jobs=options.jobs, at_once=AT_ONCE
                    )
                    print(f"| {name} | {workers} | {figures} |", flush=True)
            place = server.url(Path("100"))
            hundred = costed(place, 4, sessions=25, jobs=8, at_once=1)
            print(f"| PostgreSQL, 100 sessions | 4 | {hundred} |")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
