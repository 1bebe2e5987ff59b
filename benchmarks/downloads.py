"""
Fetch 100 files of 5 MB beside ``curl --parallel``, and run a batch of 10,000 rows.

Run ``python benchmarks/downloads.py [--rounds N] [--rows N]``.  A host in a process of
its own serves both; files go to the same disk, eight at a time, in turns.  The first
table has throughput and CPU as multiples of curl's, with the tags (each file is copied
to be tagged) and without, and how late the event loop was while it downloaded: beside
curl it is one that does nothing, so that much is the machine's.  The second has the
memory of a process that runs batches of growing length.
"""

import argparse
import asyncio
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from aiomusic import Clip, ClipState, MusicSession, batch
from aiomusic._files import save, tags
from aiomusic.emulator import Emulator, Pace

FILES, SIZE = 100, 5_000_000
AT_ONCE = save.SAVES_AT_ONCE
# 128 kbit/s at 44.1 kHz: 417 bytes play 1152 samples; 32 kbit/s: 104 bytes do.
FRAME, SMALL = b"\xff\xfb\x90\x00" + bytes(413), b"\xff\xfb\x10\x00" + bytes(100)
FRAME_S = 1152 / 44_100
SONG_S = 20.0
STEP_S = 0.002


async def host() -> None:
    """Serve music of 5 MB, and the API with short songs, until standard input ends."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "song.mp3"
        file.write_bytes(FRAME * (SIZE // len(FRAME)))
        short = SMALL * (round(SONG_S / FRAME_S) + 1)

        async def long_song(_request: web.Request) -> web.StreamResponse:
            return web.FileResponse(file)

        async def short_song(_request: web.Request) -> web.Response:
            return web.Response(body=short, content_type="audio/mpeg")

        app = web.Application()
        app.router.add_get("/long/{name}", long_song)
        app.router.add_get("/media/{name}", short_song)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = "http://{}:{}".format(*runner.addresses[0][:2])
        options: dict[str, Any] = {"media": False, "public_url": url}
        async with Emulator(
            preview_s=20, pace=Pace.polls(), credits=10**9, **options
        ) as api:
            print(json.dumps({"media": url, "api": api.url, "key": api.key}))
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)
        await runner.cleanup()


def clips(url: str) -> Iterator[Clip]:
    for number in range(FILES):
        yield Clip(
            clip_id=f"{number:08}",
            provider="suno",
            state=ClipState.SUCCEEDED,
            title="Song",
            audio_url=f"{url}/long/{number}.mp3",
            duration=SIZE // len(FRAME) * FRAME_S,
        )


async def fetch(where: dict[str, str], folder: Path, *, has_tags: bool) -> None:
    """Download the files, and print what that took."""
    if not has_tags:
        tags.can_tag = lambda: False
    late: list[float] = []
    music = MusicSession(where["key"], base_url=where["api"])
    async with music:
        watching = asyncio.create_task(watch(late))
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(
            *(music.download(c, folder) for c in clips(where["media"]))
        )
        took = time.perf_counter() - began, time.process_time() - cpu
        watching.cancel()
    print(json.dumps({"s": took[0], "cpu_s": took[1], "p99_s": p99(late)}))


async def watch(late: list[float]) -> None:
    """Note how late the loop is, time and again."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(STEP_S)
        late.append(time.perf_counter() - before - STEP_S)


def p99(late: list[float]) -> float:
    return sorted(late)[round(len(late) * 0.99) - 1]


async def run_batch(where: dict[str, str], folder: Path, rows: int) -> None:
    """Run a batch of so many rows, and print what memory that took."""
    asked = (
        {"key": f"row-{n}", "provider": "nuro", "operation": "create_instrumental"}
        | {"description": "calm piano"}
        for n in range(rows)
    )
    music = MusicSession(
        where["key"],
        base_url=where["api"],
        journal=folder / "jobs.db",
        concurrency=64,
        poll_every_s=0.01,
    )
    done = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    async with music:
        async for outcome in batch.run(music, asked, folder / "album"):
            done += outcome.error is None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = time.perf_counter() - began
    print(json.dumps({"done": done, "s": took, "before": before, "peak": peak}))


def curl(where: dict[str, str], folder: Path) -> dict[str, float]:
    words = ["curl", "--silent", "--parallel", "--parallel-max", f"{AT_ONCE}"]
    for number in range(FILES):
        words += [f"{where['media']}/long/{number}.mp3", "-o", f"{folder}/{number}.mp3"]
    return asyncio.run(beside(words))


async def beside(words: list[str]) -> dict[str, float]:
    """Run a command beside a loop that does nothing."""
    late: list[float] = []
    watching = asyncio.create_task(watch(late))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *words, stderr=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0
    took, after = (
        time.perf_counter() - began,
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    watching.cancel()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"s": took, "cpu_s": cpu, "p99_s": p99(late)}


def child(role: str, where: dict[str, str], folder: Path, *more: str) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, __file__, role, json.dumps(where), str(folder), *more],
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def compare(where: dict[str, str], rounds: int) -> None:
    ways: dict[str, Callable[[Path], dict[str, Any]]] = {
        "curl --parallel": lambda folder: curl(where, folder),
        "aiomusic, no tags": lambda folder: child("fetch", where, folder, "bare"),
        "aiomusic, tags": lambda folder: child("fetch", where, folder, "tags"),
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                found[name].append(way(Path(folder)))
    print(f"{FILES} files of {SIZE / 1e6:g} MB, {AT_ONCE} at a time, {rounds} rounds\n")
    print(
        f"{'':<20}{'MB/s':>8}{'of curl':>9}{'CPU s':>8}{'of curl':>9}{'late p99':>10}"
    )
    bare = found["curl --parallel"]
    base_s, base_cpu = (statistics.median(r[n] for r in bare) for n in ("s", "cpu_s"))
    for name, rows in found.items():
        took, cpu = (statistics.median(r[n] for r in rows) for n in ("s", "cpu_s"))
        late = f"{statistics.median(row['p99_s'] for row in rows) * 1e3:.1f} ms"
        speed = FILES * SIZE / took / 1e6
        print(
            f"{name:<20}{speed:>8.0f}{base_s / took:>9.2f}{cpu:>8.2f}"
            f"{cpu / base_cpu:>9.2f}{late:>10}"
        )


def grow(where: dict[str, str], most: int) -> None:
    print(f"\n{'rows':>8}{'done':>8}{'rows/s':>8}{'peak MB':>9}{'kB per row':>12}")
    for rows in (most // 10, most):
        with tempfile.TemporaryDirectory() as folder:
            one = child("batch", where, Path(folder), str(rows))
        per_row = (one["peak"] - one["before"]) / rows
        print(
            f"{rows:>8,}{one['done']:>8,}{rows / one['s']:>8.0f}"
            f"{one['peak'] / 1e3:>9.0f}{per_row:>12.1f}"
        )


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] in {"host", "fetch", "batch"}:
        role, *more = sys.argv[1:]
        where = json.loads(more[0]) if more else {}
        if role == "host":
            asyncio.run(host())
        elif role == "fetch":
            asyncio.run(fetch(where, Path(more[1]), has_tags=more[2] == "tags"))
        else:
            asyncio.run(run_batch(where, Path(more[1]), int(more[2])))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10_000)
    options = parser.parse_args()
    if shutil.which("curl") is None:
        sys.exit("curl is not installed: apt-get install curl")
    serving = subprocess.Popen(
        [sys.executable, __file__, "host"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert serving.stdin is not None
    assert serving.stdout is not None
    where = json.loads(serving.stdout.readline())
    try:
        compare(where, options.rounds)
        grow(where, options.rows)
    finally:
        serving.communicate()


if __name__ == "__main__":
    main()
