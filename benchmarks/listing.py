"""
What listing a journal of many jobs costs, and what it costs those who write meanwhile.

Run ``python benchmarks/listing.py``.  It prints how long ``aiomusic jobs --limit 5``
takes, and what it holds at its peak, over a hundred jobs and over a hundred thousand;
then how long a task's id takes to be durable while another session lists all of them,
in this process and in another.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiomusic.journal import Entry, Limits
from aiomusic.journal.rows import dump
from aiomusic.journal.sql_syntax import SQLITE
from aiomusic.journal.sqlite import SqliteJournal

NAMES = (
    "key, attempt, kind, provider, request, fingerprint, metadata, cost, state,"
    " charged, slot, reserved, spent, task_id, made_at, sent_at, accepted_at,"
    " ended_at, clips"
)
# Of no song, so that lyrics are hardly shorter when they are compressed.
WORDS = """
a all always and angel around away baby back because been before blue boat
break breathe bridge bright broken burn but call candle carry change chase
city close cold come corner could cross crowd cry dance dark day deep door
down dream drive echo edge empty end engine ever every eyes fade fall far fast
feel fields find fire floor fly follow for forever found free from garden
ghost give glass go gold gone green ground half hand hard harbour have hear
heart heavy here high hold hollow home hope hour house how hundred if in
inside into island it just keep key kind kitchen know ladder lamp last late
lead learn leave letter light like line linger little lonely long lost loud
love low machine made magic map maybe mean melt mercy mile mind mirror moment
money moon more morning mountain move my name near never new night no nobody
north not nothing now ocean off old on once one only open or other our out
over paper past people piece place please pocket promise pull quiet rain reach
ready real red remember rest return rhythm right ring rise river road room
round run sad said same save sea secret see shadow shake shine shore should
shout show sign silence silver sing sky sleep slow small smile smoke snow so
some song soul sound south speak spin spring stand star start stay steel still
stone stop storm stranger street strong summer sun sweet take talk tall tell
tender than that the then there thing think this thread through thunder tide
time to today together tomorrow tonight too touch town train tree true try
turn two under until up us valley velvet voice wait wake walk wall want warm
wash watch water wave way we weather well west what wheel when where while
white who why wild will wind window winter wire wish with without wonder word
world would write wrong year yellow yes yesterday yet you young your
"""
VOCABULARY = WORDS.split()
LYRICS_CHARACTERS = 900
QUIET_S = 5.0
NO_LIMITS = Limits(concurrency=10**9)


def entry(number: int) -> Entry:
    return Entry(
        key=f"new-{number:08}",
        kind="riffusion.create",
        provider="riffusion",
        request={"kind": "riffusion.create", "prompt": "r&b pop song"},
        fingerprint="f" * 64,
        cost=10,
        metadata={},
        made_at=time.time(),
        now=time.time(),
    )


def lyrics(dice: random.Random) -> str:
    """Return lyrics of random words, in verses."""
    lines = (
        " ".join(dice.choices(VOCABULARY, k=dice.randint(4, 8)))
        if at % 5
        else "[Verse]"
        for at in range(60)
    )
    return "\n".join(lines)[:LYRICS_CHARACTERS]


def clip(dice: random.Random, task_id: str, words: str) -> dict[str, Any]:
    """Return a clip as the service tells of it, and as it is kept."""
    clip_id = str(uuid.UUID(int=dice.getrandbits(128)))
    told: dict[str, Any] = {
        "clip_id": clip_id,
        "state": "succeeded",
        "title": " ".join(dice.choices(VOCABULARY, k=3)).title(),
        "lyrics": words,
        "image_url": f"https://media.example.com/image_{clip_id}.jpeg",
        "audio_url": f"https://media.example.com/{clip_id}.mp3",
        "video_url": None,
        "created_at": f"2026-11-28T16:{dice.randrange(10, 60)}:48.942Z",
        "mv": "FUZZ-1.1 Pro",
        "duration": dice.randrange(12_000, 24_000) / 100,
        "timestamp": {},
    }
    about = {"provider": "riffusion", "task_id": task_id, "tags": None, "error": None}
    left_out = ("mv", "timestamp")
    kept = {name: value for name, value in told.items() if name not in left_out}
    return {**kept, **about, "model": told["mv"], "raw": told}


def songs(jobs: int) -> Iterator[tuple[object, ...]]:
    """Yield the rows of so many songs of two clips each."""
    dice = random.Random(0)
    texts = [lyrics(dice) for _ in range(500)]
    for n in range(jobs):
        task_id, key = (str(uuid.UUID(int=dice.getrandbits(128))) for _ in range(2))
        words = dice.choice(texts)
        prompt = " ".join(dice.choices(VOCABULARY, k=8))
        request = dump({"kind": "riffusion.create", "prompt": prompt})
        clips = dump([clip(dice, task_id, words) for _ in range(2)])
        print_ = f"{dice.getrandbits(256):064x}"
        yield (
            *(key.replace("-", ""), 1, "riffusion.create", "riffusion"),
            *(SQLITE.pack(request), print_, "{}", 10, "succeeded", "yes", 0, 0, 10),
            *(task_id, 1e9 + n, 1e9 + n + 0.5, 1e9 + n + 0.75, 1e9 + n + 60.25),
            SQLITE.pack(clips),
        )


async def filled(path: Path, jobs: int) -> Path:
    """Write a journal of so many songs of two clips each."""
    journal = SqliteJournal(path)
    await journal.open()
    await journal.aclose()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        marks = ", ".join("?" * 19)
        db.executemany(f"INSERT INTO jobs ({NAMES}) VALUES ({marks})", songs(jobs))
    return path


def command(path: Path) -> tuple[float, float]:
    """Return how long the command takes, in s, and its peak, in MB."""
    words = [sys.executable, "-m", "aiomusic", "jobs", "--limit", "5"]
    start = time.perf_counter()
    process = subprocess.Popen(
        [*words, "--journal", str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    took_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert len(lines) == 5
    return took_s, used.ru_maxrss / 1024


async def lists(path: Path) -> tuple[float, int]:
    """List all that is there, once; return how long it takes, and how many."""
    journal = SqliteJournal(path)
    await journal.open()
    start = time.perf_counter()
    found = await journal.records()
    took_s = time.perf_counter() - start
    await journal.aclose()
    return took_s, len(found)


async def creates(journal: SqliteJournal, until: "asyncio.Future[Any]") -> list[float]:
    """Buy until it is done; return how long each id took to be durable, in ms."""
    took: list[float] = []
    while not until.done():
        one = entry(len(took))
        await journal.admit([one], NO_LIMITS)
        await journal.note_sent(one.key, 1)
        start = time.perf_counter()
        await journal.accept(one.key, 1, f"task-{one.key}", time.time())
        took.append((time.perf_counter() - start) * 1e3)
        await asyncio.sleep(0.005)
    return took


async def lists_elsewhere(path: Path) -> tuple[float, int]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, "--list", str(path)), stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    took_s, count = json.loads(out)
    return took_s, count


async def lists_nothing(path: Path) -> tuple[float, int]:  # noqa: ARG001 - as others
    """What the machine itself costs those who write."""
    await asyncio.sleep(QUIET_S)
    return QUIET_S, 0


WHERE: Mapping[str, Callable[[Path], Awaitable[tuple[float, int]]]] = {
    "nowhere": lists_nothing,
    "another process": lists_elsewhere,
    "the same process": lists,
}


async def beside(path: Path, where: str) -> None:
    journal = SqliteJournal(path)
    await journal.open()
    listing = asyncio.ensure_future(WHERE[where](path))
    took = sorted(await creates(journal, listing))
    await journal.aclose()
    took_s, count = await listing
    p99 = took[len(took) * 99 // 100]
    print(
        f"| {where} | {count:,} | {took_s:.2f} | {len(took)}"
        f" | {statistics.median(took):.1f} | {p99:.1f} | {took[-1]:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="What lists cost, and cost others.")
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="on the disk to measure")
    parser.add_argument("--list", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.list:
        print(json.dumps(asyncio.run(lists(options.list))))
        return
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        few = asyncio.run(filled(Path(name) / "few.db", 100))
        many = asyncio.run(filled(Path(name) / "many.db", options.jobs))
        print("aiomusic jobs --limit 5\n\n| jobs | file, MB | s | peak, MB |")
        print("|---|---|---|---|")
        # In turns, so that both meet the same noise.
        took = [(command(few), command(many)) for _ in range(options.rounds)]
        medians: list[float] = []
        for at, (path, jobs) in enumerate(((few, 100), (many, options.jobs))):
            medians.append(statistics.median(pair[at][0] for pair in took))
            peak = max(pair[at][1] for pair in took)
            size = path.stat().st_size / 1e6
            print(f"| {jobs:,} | {size:.1f} | {medians[-1]:.2f} | {peak:.0f} |")
        print(f"\nratio {medians[1] / medians[0]:.2f}\n")
        print("a task's id, durable, while a session lists all\n")
        print("| listed in | jobs | list, s | ids | median, ms | p99, ms | worst, ms |")
        print("|---|---|---|---|---|---|---|")
        for where in WHERE:
            asyncio.run(beside(many, where))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak of this process, with a whole list: {peak:.0f} MB")


if __name__ == "__main__":
    main()
