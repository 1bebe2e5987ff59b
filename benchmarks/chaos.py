"""
Two thousand jobs while one poll in five fails, in one of six ways in turn.

Run ``python benchmarks/chaos.py``.  The service is the emulator, whose tasks are over
after so many polls; time leaps, so that no wait is waited for.  Every job has to end
well, each create is sent once, and a fault may cost one poll more, and no other.
"""

import argparse
import asyncio
import collections
import itertools
import time
from typing import Any

import attrs

from aiomusic import JobState, MusicSession, riffusion
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import AutojumpClock

FAULTS: dict[str, dict[str, Any]] = {
    "drop": {"kind": "drop_after_body"},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "429": {"kind": "status", "status": 429},
    "404": {"kind": "status", "status": 404},
    "web page": {"kind": "html"},
}
EVERY = 5


@attrs.frozen(kw_only=True)
class Seen:
    states: dict[JobState, int]
    submissions: int
    polls: int
    struck: dict[str, int]
    seconds: float


async def run(jobs: int, *, is_faulty: bool) -> Seen:
    start = time.perf_counter()
    pace = Pace.polls(1, 1, not_ready=1)
    async with Emulator(pace=pace, media=False, credits=jobs * 10) as api:
        orders = collections.defaultdict(list)
        # More than there will be polls for.
        for number in range(jobs * 2 if is_faulty else 0):
            name = list(FAULTS)[number % len(FAULTS)]
            skip = number * EVERY + EVERY - 1
            orders[name].append(api.fault(on="poll", skip=skip, **FAULTS[name]))
        states: collections.Counter[JobState] = collections.Counter()
        async with MusicSession(
            api.key,
            base_url=api.url,
            concurrency=100,
            poll_every_s=1.0,
            clock=AutojumpClock(),
        ) as music:
            requests = (riffusion.Create(f"song {n}") for n in itertools.count())
            async for job in music.run(itertools.islice(requests, jobs)):
                states[job.state] += 1
        return Seen(
            states=dict(states),
            submissions=api.submissions,
            polls=api.polls,
            struck={name: sum(o.struck for o in all_) for name, all_ in orders.items()},
            seconds=time.perf_counter() - start,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2_000)
    options = parser.parse_args()
    print("| run | jobs that ended, and how | creates | polls | faults | seconds |")
    print("|---|---|---|---|---|---|")
    seen = {}
    for name, is_faulty in (("no faults", False), ("one in five", True)):
        one = seen[name] = asyncio.run(run(options.jobs, is_faulty=is_faulty))
        ends = ", ".join(f"{number:,} {state}" for state, number in one.states.items())
        faults = ", ".join(f"{number} {kind}" for kind, number in one.struck.items())
        print(
            f"| {name} | {ends} | {one.submissions:,} | {one.polls:,}"
            f" | {faults or 'none'} | {one.seconds:.0f} |"
        )
    calm, rough = seen.values()
    struck = sum(rough.struck.values())
    more = rough.polls - calm.polls
    lost = options.jobs - sum(rough.states.values())
    print(f"\n{lost} jobs lost; {struck:,} faults, {more:,} polls more.")


if __name__ == "__main__":
    main()
