"""
Jobs through ``music.run()``, a thousand to a hundred thousand.

Run ``python benchmarks/scale.py``.  The service is the emulator, without media, in a
process of its own; each size is another process, which makes its requests as they are
asked for and keeps no job.  The client's CPU per job should be the same at each size,
and so should what it holds at its peak.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

from serving import served_by

from aiomusic import JobState, MusicSession, riffusion
from aiomusic.emulator import Emulator, Pace

KEY = "k-0123456789abcdef0123456789abcdef"


def serve() -> None:
    async def main() -> None:
        pace = Pace.polls(0, 1, not_ready=0)
        async with Emulator(
            pace=pace, media=False, credits=1 << 40, api_key=KEY, keep_calls=0
        ) as api:
            print(api.url, flush=True)
            await asyncio.Event().wait()

    asyncio.run(main())


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def run(url: str, jobs: int, at_once: int) -> dict[str, float]:
    def requests() -> Iterator[riffusion.Create]:
        for number in range(jobs):
            yield riffusion.Create(f"song {number}")

    done = 0
    start, cpu = time.perf_counter(), time.process_time()
    async with MusicSession(
        KEY, base_url=url, concurrency=at_once, poll_every_s=0.0
    ) as music:
        async for job in music.run(requests()):
            done += job.state is JobState.SUCCEEDED
    return {
        "done": done,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - start,
        "peak": peak_bytes(),
    }


def measured(url: str, jobs: int, at_once: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", url, "--sizes", f"{jobs}"]
    done = subprocess.run(
        [*command, "--at-once", f"{at_once}"], check=True, stdout=subprocess.PIPE
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 30_000])
    parser.add_argument(
        "--full", action="store_true", help="1,000, 10,000 and 100,000: some minutes"
    )
    parser.add_argument("--at-once", type=int, default=200, help="jobs in flight")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    if options.measure:
        found = asyncio.run(run(options.measure, options.sizes[0], options.at_once))
        print(json.dumps(found))
        return
    print("| jobs | succeeded | client CPU a job, µs | jobs/s | peak memory, MB |")
    print("|---|---|---|---|---|")
    for jobs in [1_000, 10_000, 100_000] if options.full else options.sizes:
        # A server of its own, as that one keeps all tasks it ever made.
        with served_by(__file__) as url:
            found = measured(url, jobs, options.at_once)
        print(
            f"| {jobs:,} | {found['done']:,.0f} | {found['cpu_s'] / jobs * 1e6:,.0f}"
            f" | {jobs / found['wall_s']:,.0f} | {found['peak'] / 1e6:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
