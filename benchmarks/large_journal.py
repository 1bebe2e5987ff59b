"""
What a journal costs that holds very many finished jobs.

Run ``python benchmarks/large_journal.py``.  For each size it prints the bytes on disk
for a job, and how long it takes to enter a session on the file, to resume, to buy the
next song (the emulator answers at once), and to list the latest five jobs: in a
process of its own each time, medians of several.  Nothing of it should grow with what
is over.  At the end, how long a finished job takes to be moved to an archive, and how
large the write-ahead log is while a session buys for long.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from listing import filled

from aiomusic import MusicSession
from aiomusic.emulator import Emulator, Pace

STEPS = ("enter", "resume", "create", "list", "leave")


async def steps(path: Path) -> dict[str, float]:
    """Return the seconds that each step of a short session takes."""
    took: dict[str, float] = {}
    pace = Pace.polls(0, 0, not_ready=0)
    async with Emulator(pace=pace, media=False, credits=10**9) as api:
        music = MusicSession(
            api.key, base_url=api.url, journal=path, max_credits=10**12
        )
        at = time.perf_counter()
        for name in STEPS:
            match name:
                case "enter":
                    await music.__aenter__()
                case "resume":
                    await music.resume()
                case "create":
                    await music.riffusion.create("r&b pop song")
                case "list":
                    assert len(await music.jobs(limit=5)) == 5
                case _:
                    await music.__aexit__(None, None, None)
            now = time.perf_counter()
            took[name], at = now - at, now
    return took


async def largest_log(path: Path, songs: int) -> int:
    """Return the largest write-ahead log while a session buys, in bytes."""
    log, largest = f"{path}-wal", 0
    pace = Pace.polls(0, 0, not_ready=0)
    async with (
        Emulator(pace=pace, media=False, credits=10**9) as api,
        MusicSession(api.key, base_url=api.url, journal=path, concurrency=64) as music,
    ):
        requests = (f"song {n}" for n in range(songs))
        jobs: list[Any] = []
        for prompt in requests:
            jobs.append(music.riffusion.create(prompt))
            if len(jobs) == 64:
                await asyncio.gather(*jobs)
                jobs.clear()
                largest = max(largest, await asyncio.to_thread(os.path.getsize, log))
        await asyncio.gather(*jobs)
    return largest


def in_a_process(*words: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, *words], check=True, capture_output=True, text=True
    )
    took: dict[str, float] = json.loads(done.stdout)
    return took


def report(folder: Path, sizes: list[int], rounds: int) -> Path:
    print("| finished jobs | bytes a job | " + ", ms | ".join(STEPS) + ", ms |")
    print("|---" * (len(STEPS) + 2) + "|")
    paths = [asyncio.run(filled(folder / f"{jobs}.db", jobs)) for jobs in sizes]
    sides = [path.stat().st_size for path in paths]
    # In turns, so that all meet the same noise.
    runs = [
        [in_a_process("--steps", str(path)) for path in paths] for _ in range(rounds)
    ]
    for at, jobs in enumerate(sizes):
        medians = (
            statistics.median(run[at][name] * 1e3 for run in runs) for name in STEPS
        )
        cells = " | ".join(f"{each:.1f}" for each in medians)
        print(f"| {jobs:,} | {sides[at] / jobs:,.0f} | {cells} |", flush=True)
    return paths[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description="What a large journal costs.")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[1_000, 100_000, 1_000_000]
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--songs", type=int, default=20_000, help="for the log")
    parser.add_argument("--folder", type=Path, help="on the disk to measure")
    parser.add_argument("--steps", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.steps:
        print(json.dumps(asyncio.run(steps(options.steps))))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        last = report(folder, sorted(options.sizes), options.rounds)
        start = time.perf_counter()
        words = ["jobs", "archive", "--before", "2001-01-01", "--journal", str(last)]
        subprocess.run(
            [sys.executable, "-m", "aiomusic", *words, "--to", str(folder / "a.jsonl")],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        took_s = time.perf_counter() - start
        jobs = max(options.sizes)
        print(f"\narchived {jobs:,} jobs: {took_s / jobs * 1e6:.0f} us a job")
        small = folder / f"{min(options.sizes)}.db"
        before = small.stat().st_size
        largest = asyncio.run(largest_log(small, options.songs))
        wrote = small.stat().st_size - before
        print(
            f"write-ahead log over {options.songs:,} songs: at most {largest / 1e6:.1f}"
            f" MB, while the file grew by {wrote / 1e6:.1f} MB"
        )


if __name__ == "__main__":
    main()
