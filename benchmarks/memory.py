"""
What jobs in flight hold, and what an idle second of them costs.

Run ``python benchmarks/memory.py``.  Each row is a process of its own: it buys jobs
from a server in another process, and once all have their tasks, the growth of its
resident memory is divided by their number; prompts and requests are the caller's own
and were there before.  An idle second is one in which no poll is due.  Beside it
stand the same number of sleeping tasks, as a loop per job would need, and what it
takes to wait for jobs.
"""

import argparse
import asyncio
import gc
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio
import anyio.lowlevel
from aiohttp import web
from serving import serve, served_by

from aiomusic import MusicJob, MusicSession, riffusion, wait_all

# So many jobs warm up what is there only once, connections above all.
WARM = 1_000
IDLE_S = 5.0


def app() -> web.Application:
    numbers = itertools.count()

    async def create(request: web.Request) -> web.Response:
        await request.read()
        task_id = f"468d0e42-f7a6-40ce-9a4c-{next(numbers):012}"
        return web.json_response({"message": "success", "task_id": task_id})

    found = web.Application()
    found.router.add_post("/api/v1/riffusion/create", create)
    return found


def resident_bytes() -> int:
    gc.collect()
    with open("/proc/self/statm") as file:  # noqa: PTH123 - nothing but a read
        return int(file.read().split()[1]) * resource.getpagesize()


async def buy(
    music: MusicSession, requests: Iterable[riffusion.Create]
) -> list[MusicJob[Any]]:
    jobs: list[MusicJob[Any]] = []
    for request in requests:
        jobs.append(music.submit(request))
        if len(jobs) % 256 == 0:
            await accepted(jobs[-256:])
    await accepted(jobs)
    return jobs


async def accepted(jobs: list[MusicJob[Any]]) -> None:
    while any(job.task_id is None for job in jobs):  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.001)


async def idle_ms() -> float:
    """Return the CPU time of a second in which nothing happens."""
    # By then the connections of the creates have been closed.
    await asyncio.sleep(4.0)
    start = time.process_time()
    await asyncio.sleep(IDLE_S)
    return (time.process_time() - start) / IDLE_S * 1e3


async def jobs(url: str, number: int) -> dict[str, float]:
    requests = [riffusion.Create(f"song {n}") for n in range(number)]
    async with MusicSession(
        "key",
        base_url=url,
        concurrency=number + WARM,
        poll_every_s=3_600,
        on_exit="detach",
    ) as music:
        warm = await buy(music, (riffusion.Create("warm") for _ in range(WARM)))
        before = resident_bytes()
        made = await buy(music, requests)
        held = resident_bytes()
        found = {"bytes": (held - before) / number, "idle_ms": await idle_ms()}
        for name, wait in (("wait_all", wait_all), ("gather", gather)):
            before = resident_bytes()
            waiter = asyncio.create_task(waiting(wait, made))
            await asyncio.sleep(0.5)
            found[name] = (resident_bytes() - before) / number
            waiter.cancel()
            await asyncio.wait([waiter])
        del warm
    return found


async def waiting(
    wait: Callable[[list[MusicJob[Any]]], Awaitable[object]], made: list[MusicJob[Any]]
) -> None:
    await wait(made)


async def gather(made: list[MusicJob[Any]]) -> None:
    await asyncio.gather(*made)


async def tasks(_url: str, number: int) -> dict[str, float]:
    before = resident_bytes()
    made = [asyncio.create_task(asyncio.sleep(3_600)) for _ in range(number)]
    await asyncio.sleep(0)
    found = {"bytes": (resident_bytes() - before) / number, "idle_ms": await idle_ms()}
    for task in made:
        task.cancel()
    return found


async def anyio_tasks(_url: str, number: int) -> dict[str, float]:
    before = resident_bytes()
    async with anyio.create_task_group() as group:
        for _ in range(number):
            group.start_soon(anyio.sleep, 3_600)
        await anyio.lowlevel.checkpoint()
        held = resident_bytes()
        found = {"bytes": (held - before) / number, "idle_ms": await idle_ms()}
        group.cancel_scope.cancel()
    return found


KINDS = {"jobs": jobs, "asyncio tasks": tasks, "anyio tasks": anyio_tasks}


def measured(kind: str, url: str, number: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", kind, "--url", url]
    done = subprocess.run(
        [*command, "--sizes", str(number)], check=True, stdout=subprocess.PIPE
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def report(url: str, sizes: list[int]) -> None:
    print("| in flight | number | bytes each | idle second, ms of CPU |", end="")
    print(" wait_all, bytes each | gather, bytes each |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        for number in sizes:
            found = measured(kind, url, number)
            waits = [
                f"{found[name]:,.0f}" if name in found else ""
                for name in ("wait_all", "gather")
            ]
            cells = [kind, f"{number:,}", f"{found['bytes']:,.0f}"]
            cells += [f"{found['idle_ms']:.2f}", *waits]
            print(f"| {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000]
    )
    parser.add_argument("--measure", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(app())
    elif options.measure:
        found = asyncio.run(KINDS[options.measure](options.url, options.sizes[0]))
        print(json.dumps(found))
    else:
        with served_by(__file__) as url:
            report(url, options.sizes)


if __name__ == "__main__":
    main()
