"""
Interrupt a program in each way at each instant of a create's life.

Run ``python benchmarks/interrupts.py``.  A program that makes songs is cancelled, left,
torn down, signalled, stopped or forked every 5 ms from its create until it has left its
session; then a second process opens the journal, resumes, and asks for the same songs.
The table tells where the interrupts fell; an emulator's ledger tells what was bought
twice, called free, or silent.
"""

import argparse
import asyncio
import collections
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "torture"))

import swept
from sweep_worker import WAYS
from swept import Found

# In which state an interrupt left the row of the first song.
STATES = (
    "none",
    "queued",
    "submitting",
    "unknown",
    "pending",
    "running",
    "succeeded",
)
# After the measured life, for those that the machine made live longer.
MARGIN = 1.25


async def run(step_s: float, ways: list[str], at_once: int) -> list[Found]:
    with tempfile.TemporaryDirectory() as folder:
        async with swept.swept(Path(folder)) as sweep:
            life_s = await sweep.life_s()
            count = int(MARGIN * life_s / step_s) + 1
            print(f"a create's life: {life_s * 1e3:.0f} ms; {count} instants\n")
            instants = [step_s * number for number in range(count)]
            found: list[Found] = await sweep.run(instants, ways, at_once)
            return found


def report(found: list[Found]) -> None:
    names = [*STATES, "other", "unknown songs", "never billed", "wrong"]
    print(
        f"| interrupt | times | {' | '.join(names)} |\n|---{'|---' * (len(names) + 1)}|"
    )
    for way in dict.fromkeys(one.way for one in found):
        print(row(way, [one for one in found if one.way == way]))
    print(row("all", found))


def row(name: str, found: list[Found]) -> str:
    rows = collections.Counter(one.row for one in found)
    states = [rows.pop(state, 0) for state in STATES]
    figures = [
        len(found),
        *states,
        rows.total(),
        sum(one.unknown for one in found),
        sum(one.unpaid for one in found),
        sum(len(one.wrong) for one in found),
    ]
    return f"| {name} | {' | '.join(map(str, figures))} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=float, default=5.0, help="ms")
    parser.add_argument("--only", default="", help="ways whose name holds this")
    parser.add_argument("--at-once", type=int, default=3, help="programs")
    options = parser.parse_args()
    start = time.monotonic()
    ways = [way for way in WAYS if options.only in way]
    found = asyncio.run(run(options.step / 1e3, ways, options.at_once))
    report(found)
    wrong = [line for one in found for line in one.wrong]
    print(f"\n{time.monotonic() - start:.0f} s")
    for line in wrong:
        print(f"WRONG: {line}")
    print(f"{len(wrong)} violations")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
