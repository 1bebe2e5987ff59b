"""
Measure how quickly the emulator answers while it composes and renders four songs.

Run ``python benchmarks/music_load.py [--rounds 5]``. The emulator is a process of its
own, as ``aiomusic emulator`` starts it; this process measures the time. Each round
requests the balance for a while when the emulator is idle, then again from the create
of four songs until the last of them is made.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp

LYRICS = "\n".join(
    f"[{kind}]\nMorning finds a paper crane\nSleeping on the window pane\n"
    "Someone folded it last night\nOut of letters, out of light"
    for kind in ("Verse", "Chorus") * 3
)
GENRES = ("Pop", "Rock", "Jazz", "R&B/Soul")
IDLE_S = 6.0
# Pauses like a client's: a closed loop would measure its own load.
PAUSE_S = 0.004


async def latencies(
    http: aiohttp.ClientSession, is_over: Callable[[], bool]
) -> list[float]:
    """Request the balance repeatedly; return the latency of each answer in ms."""
    found = []
    while not is_over():
        start = time.perf_counter()
        async with http.get("/api/v1/get-credits") as reply:
            await reply.read()
        found.append(1000 * (time.perf_counter() - start))
        await asyncio.sleep(PAUSE_S)
    return found


async def create(http: aiohttp.ClientSession, genre: str, number: int) -> str:
    """Create one song; no two are equal."""
    body = {
        "type": "vocal",
        "lyrics": LYRICS + f"\nNumber {number} of many songs",
        "genre": genre,
        "duration": 120,
    }
    async with http.post("/api/v1/nuro/create", json=body) as reply:
        made = await reply.json()
    assert "task_id" in made, made
    return str(made["task_id"])


async def made(http: aiohttp.ClientSession, task_id: str) -> dict[str, Any]:
    """Wait until a song is made."""
    while True:
        async with http.get(f"/api/v1/nuro/task/{task_id}") as reply:
            body: dict[str, Any] = await reply.json()
        if body["status"] in ("succeeded", "failed"):
            return body
        await asyncio.sleep(0.5)


async def under_load(http: aiohttp.ClientSession, number: int) -> list[float]:
    """Order four songs and measure until the last one is made."""

    async def one(genre: str) -> dict[str, Any]:
        return await made(http, await create(http, genre, number))

    songs = asyncio.gather(*(one(genre) for genre in GENRES))
    found = await latencies(http, songs.done)
    for body in await songs:
        assert body["status"] == "succeeded", body
    return found


def p99(values: Sequence[float]) -> float:
    """Return what one in a hundred exceeds."""
    return statistics.quantiles(values, n=100)[98]


async def serving(work: Callable[[aiohttp.ClientSession], Awaitable[None]]) -> None:
    """Start the emulator, do something with it, end it."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "aiomusic", "emulator"),
        *("--credits", "100000", "--pace", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    try:
        lines = (await server.stdout.read()).decode().splitlines()
        url, key = (line.partition("=")[2] for line in lines)
        headers = {"Authorization": f"Bearer {key}"}
        async with aiohttp.ClientSession(url, headers=headers) as http:
            await work(http)
    finally:
        server.terminate()
        await server.wait()


async def measure(http: aiohttp.ClientSession, rounds: int) -> None:
    """Print each round, then the medians."""
    rows = []
    print(f"processors: {os.cpu_count()}; load: {os.getloadavg()[0]:.1f}")
    print("round   idle p50    p99   songs p50    p99   answers   p99 ratio")
    await under_load(http, -1)
    for number in range(rounds):
        rest = asyncio.ensure_future(asyncio.sleep(IDLE_S))
        idle = await latencies(http, rest.done)
        busy = await under_load(http, number)
        row = (
            statistics.median(idle), p99(idle), statistics.median(busy), p99(busy),
            float(len(busy)), p99(busy) / p99(idle),
        )  # fmt: skip
        rows.append(row)
        show(f"{number + 1}", row)
    show("median", [statistics.median(column) for column in zip(*rows, strict=True)])


def show(name: str, row: Sequence[float]) -> None:
    """Print one line of the table, in milliseconds."""
    idle_50, idle_99, busy_50, busy_99, answers, ratio = row
    print(
        f"{name:<6}{idle_50:>9.2f}{idle_99:>8.2f}{busy_50:>11.2f}{busy_99:>8.2f}"
        f"{answers:>9.0f}{ratio:>11.1f}",
        flush=True,
    )


def main() -> None:
    """Measure as often as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    asyncio.run(serving(lambda http: measure(http, rounds)))


if __name__ == "__main__":
    main()
