"""``aiomusic worker``: killed in the middle, and stopped: each row is bought once."""

import asyncio
import json
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pg_server
import pytest
from quick_service import QuickService
from running import Command

from aiomusic.batch.engines._opening import ENGINES
from aiomusic.emulator import Pace

pytestmark = [pytest.mark.anyio, pg_server.NEEDED]

BOUND_S = 120.0
ROWS = 12


@pytest.fixture
async def service() -> AsyncIterator[QuickService]:
    """No task ends but by `finish`."""
    async with QuickService(pace=Pace.polls(pending=10**9)) as service:
        yield service


@pytest.fixture
def command(service: QuickService, tmp_path: Path) -> Command:
    lines = [f"row-{n},suno,rain {n}" for n in range(ROWS)]
    heading = "key,provider,description"
    (tmp_path / "songs.csv").write_text("\n".join([heading, *lines, ""]))
    journal = pg_server.running().url(tmp_path, options="&lease_s=2")
    return Command.within(tmp_path).at(service.api).having(AIOMUSIC_JOURNAL=journal)


async def worker(command: Command, engine: str) -> tuple[Process, str]:
    """Start one; return where it tells of itself."""
    words = ["--concurrency", str(ROWS), "--poll-every", "0.1", "--json"]
    words += ["--health", "127.0.0.1:0"]
    process = await command.start("worker", "--engine", engine, *words)
    assert process.stderr is not None
    told = (await process.stderr.readline()).decode().split()
    assert "/metrics" in told, told
    return process, told[-1]


async def told(url: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession(trust_env=False) as http,
        http.get(url) as reply,
    ):
        return reply.status, await reply.text()


async def until(service: QuickService, submissions: int) -> None:
    while service.api.submissions < submissions:
        await asyncio.sleep(0.02)


async def ended(process: Process, count: int) -> list[str]:
    """Wait for so many rows; return the states that they ended in."""
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(count)]
    return [json.loads(line)["state"] for line in lines]


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_worker_that_is_killed_leaves_its_rows_to_another(
    engine: str, service: QuickService, command: Command
) -> None:
    """Its tasks are followed by the other: as many are charged as rows, none twice."""
    api = service.api
    put = await command("batch", "songs.csv", "--engine", engine, "--json")
    assert (ROWS, 0) == (json.loads(put.out)["added"], put.code)

    async with asyncio.timeout(BOUND_S):
        one, _ = await worker(command, engine)
        await until(service, ROWS)
        one.kill()
        await one.wait()
        other, url = await worker(command, engine)
        await api.finish()
        states = await ended(other, ROWS)
        ready, healthy = await told(f"{url}/readyz"), await told(f"{url}/healthz")
        _, figures = await told(f"{url}/metrics")
        other.send_signal(signal.SIGTERM)
        out, err = await other.communicate()

    assert (0, b"") == (other.returncode, out), err
    assert b"the others are handed over" in err
    made, lost = states.count("succeeded"), states.count("unknown")
    assert ROWS == made + lost
    assert ((200, "ready\n"), (200, "ok\n")) == (ready, healthy)
    assert f'aiomusic_jobs{{state="succeeded"}} {made}\n' in figures
    assert f'aiomusic_credits{{kind="spent"}} {10 * ROWS}\n' in figures
    assert "aiomusic_lease_losses_total 0\n" in figures
    assert (ROWS, ROWS) == (api.submissions, len(api.tasks))


async def test_a_queue_needs_a_journal_that_is_shared(
    command: Command, tmp_path: Path
) -> None:
    """And the ceiling is for whoever buys."""
    file = command.having(AIOMUSIC_JOURNAL=str(tmp_path / "jobs.db"))

    put = await file("batch", "songs.csv", "--engine", "pgqueuer")
    dear = await command(
        "batch", "songs.csv", "--engine", "pgqueuer", "--max-credits", "10"
    )

    assert (2, 2) == (put.code, dear.code)
    assert "postgresql://" in put.sentence
    assert "'aiomusic worker'" in dear.sentence
