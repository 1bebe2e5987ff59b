"""
What a first song costs: ``aiomusic create … --local``, from a cold start to its file.

Run ``python benchmarks/start.py``.  First the whole command, by the clock and in CPU
time of all its processes, and when its first file was whole; then what its parts cost
in CPU time, each in a process of its own and in turns.  The command imports, and opens
its session; two processes, one a take, import, render and encode beside each other.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PROMPT: Final = "r&b pop song"
COMPOSED: Final = f"""
from functools import partial
from aiomusic import suno
from aiomusic.emulator._compose_jobs import compose_takes
make = partial(compose_takes, suno.Create({PROMPT!r}), None, 7, 2, 20.0)
"""
RENDERED: Final = f"""{COMPOSED}
from aiomusic.composer.synth import render_file, song_blocks
from aiomusic.emulator._packed_scores import unpack
score = unpack(make()[0].score)
list(song_blocks(score))
"""
JOURNAL: Final = """
import asyncio, os, tempfile
from pathlib import Path
from aiomusic.journal.sqlite import SqliteJournal
folder = tempfile.TemporaryDirectory()
async def open_and_leave():
    journal = SqliteJournal(Path(folder.name) / "songs.db")
    await journal.open()
    await journal.aclose()
"""
ENCODED: Final = f"""{RENDERED}
import os
from pathlib import Path
blocks = list(song_blocks(score))
path = Path(os.devnull)
"""
# What is timed, after what is not.
PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "the command's imports": ("", "import aiomusic.cli._create, aiomusic.emulator"),
    "a journal's file, made and left (with --journal)": (
        JOURNAL,
        "asyncio.run(open_and_leave())",
    ),
    "compose two takes": (COMPOSED, "make()"),
    "imports of a process that renders": (
        "",
        "import aiomusic.emulator._render_jobs, aiomusic.composer.synth",
    ),
    "render a take of 20 s": (RENDERED, "list(song_blocks(score))"),
    "encode a take as MP3, and write it": (
        ENCODED,
        "render_file(blocks, Path('song.mp3'), 'mp3')",
    ),
}


def part_s(name: str, folder: str) -> float:
    """Return the CPU time of a part."""
    before, timed = PARTS[name]
    code = f"{before}\nimport time\nt = time.process_time()\n{timed}\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}print(time.process_time() - t)"],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
    )
    return float(done.stdout)


def command(folder: str) -> tuple[float, float, float]:
    """Return when the first file was whole, when all was done, and the CPU time."""
    words = ["create", PROMPT, "--local", "--no-journal", "--out", "out"]
    start, first_s = time.perf_counter(), 0.0
    process = subprocess.Popen(
        [sys.executable, "-m", "aiomusic", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None:
        if not first_s and any(Path(folder, "out").glob("*.mp3")):
            first_s = time.perf_counter() - start
        time.sleep(0.01)
    assert process.stdout is not None
    process.stdout.close()
    assert process.returncode == 0
    whole_s = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return first_s or whole_s, whole_s, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores; medians of")
    print(f"{options.runs} runs in turns, after a warm one\n")
    runs: list[dict[str, float]] = []
    for _ in range(options.runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            first_s, whole_s, used_s = command(folder)
            used_s -= before.ru_utime + before.ru_stime
            parts = {name: part_s(name, folder) for name in PARTS}
        whole = {"first file": first_s, "all done": whole_s, "CPU": used_s}
        runs.append({**whole, **parts})
    middle = {
        name: statistics.median(run[name] for run in runs[1:]) for name in runs[0]
    }
    print(
        f"`aiomusic create … --local`: {middle['first file']:.2f} s to the first whole"
        f" file, {middle['all done']:.2f} s to the end, {middle['CPU']:.2f} s of CPU\n"
    )
    print("| part | CPU, ms |\n|---|---|")
    for name in PARTS:
        print(f"| {name} | {middle[name] * 1e3:.0f} |")


if __name__ == "__main__":
    main()
