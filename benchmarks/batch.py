"""
Run a batch of 300 rows that meets every fault, and kill it half-way.

Run ``python benchmarks/batch.py [ROWS]``.  The rows hold chains (create, extend,
concat), bad rows, tasks that fail, rows that wait for those, a dead link and a web
page in place of music.  The process gets a SIGKILL in the middle and is run again;
then every good row's files must be whole, each bought once, and the manifest must say
what became of the rest.  Ends with 1 if anything is not as it must be.
"""

import argparse
import asyncio
import collections
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "batch"))

from killed import Killing


async def run(number: int) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        async with Killing.prepared(Path(folder), number) as killing:
            began = time.monotonic()
            await killing.killed()
            api, cut_s = killing.service.api, time.monotonic() - began
            print(f"killed after {cut_s:.1f} s: {api.submissions} creates")
            code, words = await killing.ended()
            print(f"ended with {code} after {time.monotonic() - began:.1f} s")
            lines = killing.manifest().values()
            states = collections.Counter(line["state"] for line in lines)
            for state, count in states.most_common():
                print(f"{state:<12} {count:>6,} rows")
            print(f"{'bought':<12} {len(killing.bought):>6,} rows")
            print(f"{'creates':<12} {api.submissions:>6,}")
            stored = sum(1 for _ in killing.album.glob("*.mp3"))
            print(f"{'files':<12} {stored:>6,}")
            print(words.splitlines()[-2:])
            return list(killing.flaws())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=300)
    flaws = asyncio.run(run(parser.parse_args().rows))
    for flaw in flaws:
        print("WRONG:", flaw)
    print("all as it must be" if not flaws else f"{len(flaws)} flaws")
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main())
