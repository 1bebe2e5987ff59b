"""
Two hosts with one journal, one of which is cut off half-way through their batch.

Run ``sudo python benchmarks/two_hosts.py`` on Linux.  Each host is a network namespace
with an address of its own, and runs a worker; the database and the service (the
emulator) are on a third, this one, which both reach over a bridge.  When half of the
songs are bought, the second host's cable is pulled, for good.  Every song has to be
bought, once, and the slots hold.
"""

import argparse
import asyncio
import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import attrs

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "torture"))

import pg_server
from tortured_postgres import CONCURRENCY, COST, WORKER, Report, Torture

from aiomusic.emulator import Emulator, Pace
from aiomusic.journal._postgres_link import Address
from aiomusic.journal.postgres import PostgresJournal

BRIDGE = "aiomusic0"
HOSTS = ("aiomusic1", "aiomusic2")
NETWORK = "10.213.77"
LEASE_S = 3
END_S = 120.0


def ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)


@contextlib.contextmanager
def network() -> Iterator[str]:
    """Make both hosts and what joins them; return the third one's address."""
    take_down()
    ip(f"link add {BRIDGE} type bridge")
    ip(f"addr add {NETWORK}.254/24 dev {BRIDGE}")
    ip(f"link set {BRIDGE} up")
    try:
        for number, host in enumerate(HOSTS, 1):
            ip(f"netns add {host}")
            ip(f"link add {host}v type veth peer name eth0 netns {host}")
            ip(f"link set {host}v master {BRIDGE} up")
            ip(f"-n {host} addr add {NETWORK}.{number}/24 dev eth0")
            ip(f"-n {host} link set eth0 up")
            ip(f"-n {host} link set lo up")
        yield f"{NETWORK}.254"
    finally:
        take_down()


def take_down() -> None:
    links = [f"link del {name}" for name in (BRIDGE, *(f"{one}v" for one in HOSTS))]
    for words in (*links, *(f"netns del {host}" for host in HOSTS)):
        subprocess.run(["ip", *words.split()], check=False, stderr=subprocess.DEVNULL)


async def started(host: str, plan: dict[str, object]) -> asyncio.subprocess.Process:
    """Start a worker on a host."""
    worker = await asyncio.create_subprocess_exec(
        "ip", "netns", "exec", host, sys.executable, str(WORKER),
        stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert worker.stdin is not None
    worker.stdin.write(f"{json.dumps(plan)}\n".encode())
    await worker.stdin.drain()
    return worker


@contextlib.asynccontextmanager
async def database(host: str) -> AsyncIterator[pg_server.Server]:
    pg_server.SETTINGS["listen_addresses"] = host
    server = await asyncio.to_thread(pg_server.start)
    with (server.folder / "data" / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {NETWORK}.0/24 trust\n")
    assert server.postgres.process is not None
    server.postgres.process.send_signal(signal.SIGHUP)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


async def half_way(torture: Torture) -> list[int]:
    """Wait until half is bought, and both hosts follow tasks; return how many."""
    text = (
        "SELECT count(*) AS n FROM jobs"
        " WHERE task_id IS NOT NULL AND owner IS NOT NULL GROUP BY owner"
    )
    followed: list[int] = []
    while len(torture.api.tasks) < torture.report.jobs // 2 or len(followed) < len(
        HOSTS
    ):
        await asyncio.sleep(0.05)
        found = await torture.rows(text)
        followed = sorted(int(row["n"]) for row in found)
    return followed


async def share(torture: Torture, host: str) -> dict[str, float]:
    """Let both hosts make the songs, and cut one off; return what was seen then."""
    report, schema = torture.report, Address.of(torture.url).schema
    journal = f"postgresql://postgres@{host}/postgres?schema={schema}"
    plan = {"key": torture.api.key, "url": torture.api.url, "jobs": report.jobs}
    plan |= {"journal": f"{journal}&lease_s={LEASE_S}", "concurrency": CONCURRENCY}
    plan |= {
        "max_credits": report.jobs * COST,
        "requests_per_s": 60.0,
        "at_once": CONCURRENCY,
    }
    workers = [
        await started(name, {**plan, "seed": number})
        for number, name in enumerate(HOSTS)
    ]
    try:
        followed = await half_way(torture)
        ip(f"link set {HOSTS[1]}v down")
        seen: dict[str, float] = {"bought when cut": len(torture.api.tasks)}
        report.cuts += 1
        await asyncio.wait_for(workers[0].wait(), END_S)
        return seen | {"each host followed at least": followed[0]}
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()


async def run(host: str, jobs: int) -> tuple[Report, dict[str, float]]:
    report, began = Report(jobs=jobs), time.monotonic()
    pace = Pace.seconds(0.5, 1.0, not_ready=0.5, spread=0.2)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            database(host) as server,
            Emulator(
                host=host, credits=jobs * COST * 2, pace=pace, media=False,
                keep_calls=1_000_000,
            ) as api,
        ):  # fmt: skip
            rng = random.Random(1)
            torture = Torture(api, server, Path(folder), report, rng, LEASE_S)
            beside = [
                asyncio.create_task(one())
                for one in (torture.settle, torture.watch, torture.count)
            ]
            tables = PostgresJournal(torture.url)
            await tables.open()
            await tables.aclose()
            try:
                seen = await share(torture, host)
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.wait(beside)
            await torture.audit()
    report.seconds = time.monotonic() - began
    return report, seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=120)
    options = parser.parse_args()
    with network() as host:
        report, seen = asyncio.run(run(host, options.jobs))
    print("| what | how many |\n|---|---|")
    for name, value in (seen | attrs.asdict(report)).items():
        print(f"| {name.replace('_', ' ')} | {value:.4g} |")
    for line in report.wrong():
        print(f"WRONG: {line}")
    return 1 if report.wrong() else 0


if __name__ == "__main__":
    sys.exit(main())
