"""
A batch on Dask: each task is a shard of its rows, and may run twice.

Set AIOMUSIC_API_KEY and AIOMUSIC_JOURNAL (``postgresql://…`` for several machines, else
a file), for the workers too, and run ``python dask_shards.py songs.csv tcp://scheduler``.
Run it again, and only what is missing is bought.
"""

import asyncio
import sys
from collections.abc import Sequence

from distributed import Client

from aiomusic import MusicSession, batch

SHARD = 50


async def drive_all(keys: list[str]) -> dict[str, str]:
    """Drive a shard to its end, and what waits for another row again and again."""
    over: dict[str, str] = {}
    tries = 0
    async with MusicSession(concurrency=20) as music:
        while keys:
            driving = (batch.drive(music, key, tries=tries) for key in keys)
            driven = await asyncio.gather(*driving)
            over |= {one.key: str(one.state) for one in driven if one.is_over}
            left = {one.key: one.again_s or 0.0 for one in driven if not one.is_over}
            keys, tries = list(left), tries + 1
            await asyncio.sleep(min(left.values(), default=0.0))
    return over


def drive_shard(keys: list[str]) -> dict[str, str]:
    """Buy a shard; return the state that each row ended in."""
    return asyncio.run(drive_all(keys))


class Keys:
    """What `batch.put` sends keys to: a list, sources first."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def put(self, tasks: Sequence[batch.Task]) -> int:
        """Keep the keys, and return how many."""
        self.keys = [task.key for task in sorted(tasks, key=lambda task: task.depth)]
        return len(self.keys)


async def written(file: str) -> list[str]:
    """Write a batch's rows into the journal; return the keys to drive."""
    queue = Keys()
    async with MusicSession() as music:
        await batch.put(music, queue, batch.plan(batch.read(file)))
    return queue.keys


def buy(file: str, client: Client) -> dict[str, str]:
    """Buy what a file asks for on a cluster; return the state of each row."""
    keys = asyncio.run(written(file))
    shards = [keys[start : start + SHARD] for start in range(0, len(keys), SHARD)]
    # A shard whose worker dies is run by another; the journal buys nothing twice.
    tasks = client.map(drive_shard, shards, pure=False, retries=10)
    return {key: state for over in client.gather(tasks) for key, state in over.items()}


if __name__ == "__main__":
    with Client(sys.argv[2]) as cluster:
        for row, state in buy(sys.argv[1], cluster).items():
            print(row, state)
