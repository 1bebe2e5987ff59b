"""
What a create costs, through the whole library and through bare aiohttp.

Run ``python benchmarks/creates.py``.  A server in a process of its own answers every
create at once.  The rate is creates per second of the client's CPU time, so that it
does not matter how fast the server is; those of the library and of bare workers that
post the same bodies are taken side by side in one run, and printed as a ratio.

*Songs* are tasks, and are counted until the last one's id is there; *uploads* are
answered by their result, so that each waits for a slot and gives it back.  What is
this library's own of a create is the difference to a bare one.

``--uvloop`` takes the same on uvloop; another Python, with this library's dependencies,
runs it as well.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from loops import Run, add_option, named, running_on
from serving import serve, served_by

from aiomusic import MusicSession

KEY = "k-0123456789abcdef0123456789abcdef"
SLOTS = 64
# As many creates as the library has on the wire at one time, where slots allow it.
ON_WIRE = 256


def app() -> web.Application:
    numbers = itertools.count()

    async def song(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"message": "success", "task_id": f"t{next(numbers)}"})

    async def upload(request: web.Request) -> web.Response:
        await request.read()
        clip = {"code": 200, "clip_id": f"c{next(numbers)}", "message": "success"}
        return web.json_response(clip)

    found = web.Application()
    found.router.add_post("/api/v1/riffusion/create", song)
    found.router.add_post("/api/v1/riffusion/upload", upload)
    return found


async def songs(url: str, jobs: int, journal: Path | None) -> float:
    async with MusicSession(
        KEY,
        base_url=url,
        concurrency=jobs,
        max_credits=jobs * 10,
        journal=journal,
        on_exit="detach",
    ) as music:
        start = time.process_time()
        made = [music.riffusion.create(f"song {n}") for n in range(jobs)]
        while any(job.task_id is None for job in made):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.005)
        return time.process_time() - start


async def uploads(url: str, jobs: int, journal: Path | None) -> float:
    async with MusicSession(
        KEY, base_url=url, concurrency=SLOTS, max_credits=jobs * 10, journal=journal
    ) as music:
        start = time.process_time()
        made = [music.riffusion.upload(f"https://me.test/{n}") for n in range(jobs)]
        for job in made:
            await job
        return time.process_time() - start


async def bare(url: str, bodies: list[dict[str, str]], workers: int) -> float:
    left = iter(bodies)
    headers = {"Authorization": f"Bearer {KEY}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as http:

        async def work() -> None:
            for body in left:
                async with http.post(url, json=body) as response:
                    json.loads(await response.read())

        start = time.process_time()
        await asyncio.gather(*(work() for _ in range(workers)))
        return time.process_time() - start


async def bare_songs(url: str, jobs: int) -> float:
    bodies = [{"prompt": f"song {n}", "mv": "FUZZ-1.1 Pro"} for n in range(jobs)]
    return await bare(f"{url}/api/v1/riffusion/create", bodies, ON_WIRE)


async def bare_uploads(url: str, jobs: int) -> float:
    bodies = [{"url": f"https://me.test/{n}"} for n in range(jobs)]
    return await bare(f"{url}/api/v1/riffusion/upload", bodies, SLOTS)


Ours = Callable[[str, int, Path | None], Coroutine[Any, Any, float]]
Theirs = Callable[[str, int], Coroutine[Any, Any, float]]


def seconds(
    url: str, jobs: int, ours: Ours, theirs: Theirs, run: Run[float]
) -> tuple[float, ...]:
    """Return the CPU time of bare workers, of the library, and of it with a journal."""
    with tempfile.TemporaryDirectory() as folder:
        return (
            run(theirs(url, jobs)),
            run(ours(url, jobs, None)),
            run(ours(url, jobs, Path(folder) / "songs.db")),
        )


def report(url: str, jobs: int, runs: int, run: Run[float]) -> None:
    print(f"{jobs} creates, medians of {runs} runs in turn after a warm one\n")
    print(
        "| creates/s | bare aiohttp | aiomusic | of bare | (runs) | own, µs |", end=""
    )
    print(" with a journal, of bare | (runs) | own, µs |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, ours, theirs in (
        ("songs", songs, bare_songs),
        ("uploads", uploads, bare_uploads),
    ):
        seconds(url, jobs // 4, ours, theirs, run)
        found = [seconds(url, jobs, ours, theirs, run) for _ in range(runs)]
        bare_s, ours_s, _ = map(statistics.median, zip(*found, strict=True))
        rates = f"{jobs / bare_s:,.0f} | {jobs / ours_s:,.0f}"
        plain, kept = (beside(found, which, jobs) for which in (1, 2))
        print(f"| {name} | {rates} | {plain} | {kept} |", flush=True)


def beside(found: list[tuple[float, ...]], which: int, jobs: int) -> str:
    """Return the share of bare rate that runs had, and what they took beside it."""
    shares = sorted(one[0] / one[which] for one in found)
    own_us = statistics.median(one[which] - one[0] for one in found) / jobs * 1e6
    spread = f"{shares[0]:.2f} to {shares[-1]:.2f}"
    return f"{statistics.median(shares):.2f} | {spread} | {own_us:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=7)
    add_option(parser)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(app())
        return
    with served_by(__file__) as url:
        print(named(uvloop=options.uvloop))
        report(url, options.jobs, options.runs, running_on(uvloop=options.uvloop))


if __name__ == "__main__":
    main()
