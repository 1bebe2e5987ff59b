"""
What a poll of a task costs, through the whole library and through bare aiohttp.

Run ``python benchmarks/polls.py``.  A server in a process of its own answers every
poll with the same two-clip reply, "running" until a task has been polled often
enough.  The client's CPU time per poll is taken for the library and for a bare loop
of the same GETs, side by side in one run, and printed as a ratio.
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
from serving import serve, served_by

from aiomusic import MusicSession

# As many as the library polls at one time with the default number of jobs.
WORKERS = 50


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


def app(polls_per_task: int) -> web.Application:
    """Answer creates, and polls, from bytes that were made before."""
    replies = {
        state: json.dumps(
            {
                "code": 200,
                "data": [clip(1, state), clip(2, state)],
                "message": "success",
            }
        ).encode()
        for state in ("running", "succeeded")
    }
    polls: dict[str, int] = {}
    numbers = itertools.count()

    async def create(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"message": "success", "task_id": f"t{next(numbers)}"})

    async def poll(request: web.Request) -> web.Response:
        task_id = request.match_info["task_id"]
        polls[task_id] = polls.get(task_id, 0) + 1
        is_over = polls[task_id] >= polls_per_task
        body = replies["succeeded" if is_over else "running"]
        return web.Response(body=body, content_type="application/json")

    found = web.Application()
    found.router.add_post("/api/v1/riffusion/create", create)
    found.router.add_get("/api/v1/riffusion/task/{task_id}", poll)
    return found


async def library(url: str, jobs: int) -> None:
    async with MusicSession(
        "key", base_url=url, concurrency=jobs, poll_every_s=0
    ) as music:
        await asyncio.gather(*(music.riffusion.create(f"{n}") for n in range(jobs)))


async def bare(url: str, polls: int) -> None:
    left = itertools.repeat(None, polls)
    headers = {"Authorization": "Bearer key"}
    async with aiohttp.ClientSession() as http:

        async def work(number: int) -> None:
            address = f"{url}/api/v1/riffusion/task/bare{number}"
            for _ in left:
                async with http.get(address, headers=headers) as response:
                    json.loads(await response.read())

        await asyncio.gather(*(work(number) for number in range(WORKERS)))


def cpu_s(what: Any) -> float:  # noqa: ANN401 - any coroutine
    start = time.process_time()
    asyncio.run(what)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=50)
    parser.add_argument("--polls", type=int, default=100, help="polls a job")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(app(options.polls))
        return
    with served_by(__file__, "--polls", str(options.polls)) as url:
        report(url, options.jobs, options.polls, options.runs)


def report(url: str, jobs: int, polls: int, runs: int) -> None:
    total = jobs * polls
    asyncio.run(library(url, jobs))
    asyncio.run(bare(url, total))
    pairs = [(cpu_s(library(url, jobs)), cpu_s(bare(url, total))) for _ in range(runs)]
    print(f"{jobs} jobs of {polls} polls, {runs} runs after a warm one\n")
    print("| run | aiomusic, µs a poll | bare aiohttp, µs a poll | ratio |")
    print("|---|---|---|---|")
    for number, (ours, theirs) in enumerate(pairs, 1):
        figures = f"{ours / total * 1e6:.0f} | {theirs / total * 1e6:.0f}"
        print(f"| {number} | {figures} | {ours / theirs:.2f} |")
    median = statistics.median(ours / theirs for ours, theirs in pairs)
    print(f"\nmedian ratio {median:.2f}")


if __name__ == "__main__":
    main()
