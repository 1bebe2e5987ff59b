"""
What a poll of a task costs, through the whole library and through bare aiohttp.

Run ``python benchmarks/polls.py``.  A server in a process of its own answers every
poll with the same reply, two clips that are running.  The client's CPU time per poll is
taken for the library, which follows so many tasks and has seen each once, and for a
bare loop of the same GETs, in turn in one run, and printed as a ratio.

``--uvloop`` takes the same on uvloop; another Python, with this library's dependencies,
runs it as well.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import time
from typing import Any

import aiohttp
from aiohttp import web
from loops import Run, add_option, named, running_on
from serving import serve, served_by

from aiomusic import MusicSession

# As many as the library polls at one time.
WORKERS = 64


def clip(number: int, state: str) -> dict[str, Any]:
    return {
        "clip_id": f"00000000-0000-4000-8000-{number:012}",
        "state": state,
        "title": "Paper Boats",
        "lyrics": "[Verse]\nPaper boats along the gutter\nRain is keeping time",
        "image_url": "https://media.example.test/image.jpeg",
        "audio_url": "https://media.example.test/audio.mp3",
        "video_url": None,
        "created_at": "2025-07-15T10:26:46.552Z",
        "mv": "FUZZ-1.1 Pro",
        "duration": 179,
        "timestamp": {},
    }


def app() -> web.Application:
    """Answer polls from bytes that were made before, and say how many there were."""
    reply = {
        "code": 200,
        "data": [clip(1, "running"), clip(2, "running")],
        "message": "success",
    }
    body = json.dumps(reply).encode()
    polls = itertools.count()

    async def poll(_: web.Request) -> web.Response:
        next(polls)
        return web.Response(body=body, content_type="application/json")

    async def count(_: web.Request) -> web.Response:
        return web.json_response(next(polls))

    found = web.Application()
    found.router.add_get("/api/v1/riffusion/task/{task_id}", poll)
    found.router.add_get("/count", count)
    return found


async def library(url: str, in_flight: int, polls: int) -> float:
    """Return the CPU time of a poll while so many tasks are followed, in µs."""
    async with (
        aiohttp.ClientSession() as http,
        MusicSession(
            "key",
            base_url=url,
            concurrency=in_flight,
            poll_every_s=0,
            on_exit="detach",
        ) as music,
    ):

        async def reached(count: int) -> int:
            while True:
                async with http.get(f"{url}/count") as response:
                    found: int = await response.json()
                if found >= count:
                    return found
                await asyncio.sleep(0.1)

        before = await reached(0)
        for number in range(in_flight):
            music.attach("riffusion", f"task-{number}")
        first = await reached(before + in_flight)
        start = time.process_time()
        last = await reached(first + polls)
        return (time.process_time() - start) / (last - first) * 1e6


async def bare(url: str, workers: int, polls: int) -> float:
    """Return the CPU time of a bare GET, in µs."""
    left = itertools.repeat(f"{url}/api/v1/riffusion/task/bare", polls)
    headers = {"Authorization": "Bearer key"}
    async with aiohttp.ClientSession() as http:

        async def work() -> None:
            for address in left:
                async with http.get(address, headers=headers) as response:
                    json.loads(await response.read())

        start = time.process_time()
        await asyncio.gather(*(work() for _ in range(workers)))
        return (time.process_time() - start) / polls * 1e6


def measured(
    url: str, in_flight: int, polls: int, run: Run[float]
) -> tuple[float, float]:
    """Return what a poll takes through the library, and what a bare GET does."""
    ours = run(library(url, in_flight, polls))
    return ours, run(bare(url, min(WORKERS, in_flight), polls))


def report(url: str, sizes: list[int], polls: int, runs: int, run: Run[float]) -> None:
    print(f"{polls} polls, medians of {runs} runs in turn after a warm one\n")
    print("| in flight | aiomusic, µs a poll | bare aiohttp, µs | ratio | (runs) |")
    print("|---|---|---|---|---|")
    for size in sizes:
        measured(url, size, polls // 4, run)
        found = [measured(url, size, polls, run) for _ in range(runs)]
        ours, theirs = map(statistics.median, zip(*found, strict=True))
        ratios = sorted(one / other for one, other in found)
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        cells = f"{ours:.0f} | {theirs:.0f} | {statistics.median(ratios):.2f}"
        print(f"| {size:,} | {cells} | {spread} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--in-flight", type=int, nargs="+", default=[1, 100, 1_000, 10_000]
    )
    parser.add_argument("--polls", type=int, default=5_000, help="in each run")
    parser.add_argument("--runs", type=int, default=7)
    add_option(parser)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(app())
        return
    with served_by(__file__) as url:
        print(named(uvloop=given.uvloop))
        run = running_on(uvloop=given.uvloop)
        report(url, given.in_flight, given.polls, given.runs, run)


if __name__ == "__main__":
    main()
