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

from aiomusic.batch import Worker
from aiomusic.batch.engines._opening import ENGINES
from aiomusic.cli._health import Health
from aiomusic.emulator import Pace
from aiomusic.journal.opening import reader_at

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


async def test_what_a_stopped_worker_held_is_bought_once_and_stored_by_who_waits(
    service: QuickService, command: Command, tmp_path: Path
) -> None:
    """It is silent for longer than its lease, and goes on; the batch has each song."""
    api, few = service.api, 4
    lines = (tmp_path / "songs.csv").read_text().splitlines(keepends=True)
    (tmp_path / "few.csv").write_text("".join(lines[: 1 + few]))
    words = ("--engine", "pgqueuer", "--wait", "--out", "album", "--json")
    async with asyncio.timeout(BOUND_S):
        waiting = await command.start("batch", "few.csv", *words)
        assert waiting.stdout is not None
        queued = json.loads(await waiting.stdout.readline())
        one, url = await worker(command, "pgqueuer")
        # Once it has polled a task, it has written down its id.
        while len({call.path for call in api.requests if "/task/" in call.path}) < few:
            await asyncio.sleep(0.05)
        one.send_signal(signal.SIGSTOP)
        other, other_url = await worker(command, "pgqueuer")
        await api.finish()
        states = await ended(other, few)
        out, err = await waiting.communicate()
        _, figures = await told(f"{other_url}/metrics")
        one.send_signal(signal.SIGCONT)
        while "lease_losses_total 1\n" not in (await told(f"{url}/metrics"))[1]:
            await asyncio.sleep(0.1)
        for process in (one, other):
            process.send_signal(signal.SIGTERM)
        codes = [await process.wait() for process in (one, other, waiting)]

    assert (few, few) == (queued["rows"], queued["added"])
    assert (few, {"succeeded"}) == (api.submissions, set(states))
    assert [0, 0, 0] == codes, err
    summary = json.loads(out.splitlines()[-1])
    assert (few, 10 * few) == (summary["states"]["succeeded"], summary["credits"])
    assert 2 * few == len(list((tmp_path / "album").glob("*.mp3")))
    assert numbers(figures) == {
        "aiomusic_worker_ready": 1,
        "aiomusic_tasks_running": 0,
        'aiomusic_tasks_over_total{state="succeeded"}': few,
        "aiomusic_tasks_put_back_total": 0,
        "aiomusic_polls_total": numbers(figures)["aiomusic_polls_total"],
        "aiomusic_lease_losses_total": 0,
        "aiomusic_journal_up": 1,
        'aiomusic_jobs{state="succeeded"}': few,
        'aiomusic_credits{kind="spent"}': 10 * few,
        'aiomusic_credits{kind="reserved"}': 0,
    }


def numbers(figures: str) -> dict[str, int]:
    """Read figures as Prometheus does."""
    lines = (line for line in figures.splitlines() if not line.startswith("#"))
    return {name: int(value) for name, _, value in (x.rpartition(" ") for x in lines)}


async def test_figures_are_told_to_the_last_digit(tmp_path: Path) -> None:
    """A counter that moves in steps of ten thousand has no rate."""
    health = Health(
        worker=Worker(at_once=1),
        reader=lambda: reader_at(tmp_path / "none.db", None),
        lease_losses=lambda: 12_345_678,
        polls=123_456_789,
    )
    async with health.serving("127.0.0.1", 0) as url:
        _, figures = await told(f"{url}/metrics")

    found = numbers(figures)
    assert 12_345_678 == found["aiomusic_lease_losses_total"]
    assert 123_456_789 == found["aiomusic_polls_total"]
    assert 0 == found["aiomusic_journal_up"]
