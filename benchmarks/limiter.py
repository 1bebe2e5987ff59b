"""
What the README's batch of songs costs in requests where the service limits creates.

Thirty songs at ``concurrency=20`` go to emulators that take one create a second and
say in different ways when to come back, all at one time and in real time, over real
sockets.  Printed are the songs that were made, the creates that were sent, the polls,
and the seconds; the least possible is as many creates as songs, and a second each.

Run ``python benchmarks/limiter.py``; it takes about a minute.
"""

import argparse
import asyncio
import time
from typing import get_args

from aiomusic import JobState, MusicSession, riffusion
from aiomusic.emulator import Emulator, Pace, RetryForm

MAX_POSTS_PER_SONG = 4 / 3


async def measure(
    form: RetryForm, songs: int, per_s: float
) -> tuple[int, int, int, float]:
    """Return the songs that were made, creates, polls and seconds of one batch."""
    began = time.monotonic()
    async with (
        Emulator(
            pace=Pace.seconds(1, 5),
            media=False,
            credits=100 * songs,
            creates_per_s=per_s,
            retry_after=form,
        ) as api,
        MusicSession(
            api.key, base_url=api.url, concurrency=20, poll_every_s=1
        ) as music,
    ):
        batch = {f"{n}": riffusion.Create(f"song {n}") for n in range(songs)}
        jobs = [job async for job in music.run(batch.items())]
    made = sum(job.state is JobState.SUCCEEDED for job in jobs)
    posts = sum(request.method == "POST" for request in api.requests)
    return made, posts, api.polls, time.monotonic() - began


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, default=30)
    parser.add_argument("--per-s", type=float, default=1.0)
    options = parser.parse_args()
    forms = sorted(get_args(RetryForm))
    rows = await asyncio.gather(
        *(measure(form, options.songs, options.per_s) for form in forms)
    )
    print("| Retry-After | made | creates | polls | seconds |")
    print("|---|---|---|---|---|")
    for form, (made, posts, polls, seconds) in zip(forms, rows, strict=True):
        print(f"| {form} | {made} | {posts} | {polls} | {seconds:.1f} |")
    for form, (made, posts, _, _) in zip(forms, rows, strict=True):
        assert made == options.songs, form
        assert posts <= MAX_POSTS_PER_SONG * options.songs, form


if __name__ == "__main__":
    asyncio.run(main())
