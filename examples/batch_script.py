"""
Make a folder of songs from a file that describes one a line.

Set AIOMUSIC_API_KEY, and run ``python batch_script.py songs.txt out``.
Run it again after a crash, or with more lines: only what is missing is bought.
"""

import argparse
import asyncio
import hashlib
import sys
from pathlib import Path

from aiomusic import MusicError, MusicSession, suno


def read(file: Path) -> dict[str, suno.Create]:
    """Return the requests, by keys that stay what they are when lines are moved."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return {
        hashlib.sha256(line.encode()).hexdigest()[:12]: suno.Create(line)
        for line in lines
        if line
    }


async def make(requests: dict[str, suno.Create], out: Path, max_credits: int) -> int:
    """Buy and store what is missing; return how many songs could not be had."""
    failed = 0
    async with MusicSession(
        journal=out / "songs.db", concurrency=20, max_credits=max_credits
    ) as music:
        print(music.quote(requests))
        async for job in music.run(requests):
            try:
                for path in await job.save(out, name="{title} ({take})"):
                    print("stored", path)
            except MusicError as error:
                failed += 1
                print(f"no song for {job.request.description!r}: {error}")
    return failed


def main() -> None:
    """Read the command line; the exit code says whether all songs are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="one description a line")
    parser.add_argument("out", type=Path, help="where songs and journal are kept")
    parser.add_argument("--max-credits", type=int, default=1000)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    failed = asyncio.run(make(read(given.file), given.out, given.max_credits))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
