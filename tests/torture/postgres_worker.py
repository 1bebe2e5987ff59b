"""
A program that makes the same songs as others on other machines, and may end any time.

Its plan comes as JSON in its first line of input: where API and journal are, how many
songs there are in all, and how many it may ask for at a time.  It ends when every song
is made.
"""

import asyncio
import json
import random
import sys

from aiomusic import JobState, MusicSession
from aiomusic.errors import JournalError, SubmissionUnknown

AGAIN_S = 0.3


async def make(music: MusicSession, key: str) -> None:
    """Ask for a song until it is there: its key makes it one purchase."""
    while True:
        job = music.suno.create(f"song {key}", key=key)
        try:
            await job
        except (JournalError, SubmissionUnknown):
            # Another has it, or somebody has to find out what became of it.
            await asyncio.sleep(AGAIN_S)
        else:
            assert job.state is JobState.SUCCEEDED
            return


async def in_turn(turns: asyncio.Semaphore, music: MusicSession, key: str) -> None:
    async with turns:
        await make(music, key)


def session(plan: dict[str, object]) -> MusicSession:
    return MusicSession(
        str(plan["key"]),
        base_url=str(plan["url"]),
        journal=str(plan["journal"]),
        concurrency=int(str(plan["concurrency"])),
        max_credits=int(str(plan["max_credits"])),
        requests_per_s=float(str(plan["requests_per_s"])),
        poll_every_s=0.3,
    )


async def main(plan: dict[str, object]) -> None:
    keys = [f"k{n}" for n in range(int(str(plan["jobs"])))]
    random.Random(int(str(plan["seed"]))).shuffle(keys)
    while True:
        music = session(plan)
        try:
            await music.__aenter__()
        except JournalError:
            # The database is not there just now; whoever started us would try again.
            await asyncio.sleep(AGAIN_S)
        else:
            break
    try:
        await music.resume()
        turns = asyncio.Semaphore(int(str(plan.get("at_once", len(keys)))))
        await asyncio.gather(*(in_turn(turns, music, key) for key in keys))
    finally:
        await music.__aexit__(*sys.exc_info())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
