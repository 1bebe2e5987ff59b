"""
A batch on Celery: each task is a shard of its rows, and may run twice.

Set AIOMUSIC_API_KEY, AIOMUSIC_JOURNAL (``postgresql://…`` for several machines, else a
file) and CELERY_BROKER_URL.  Run ``celery --app celery_shards worker`` where songs are
to be bought, and ``python celery_shards.py songs.csv`` to put a batch on the queue.
"""

import asyncio
import os
import sys
from collections.abc import Sequence

from celery import Celery, Task

from aiomusic import MusicSession, batch

SHARD = 50

app = Celery("celery_shards", broker=os.environ["CELERY_BROKER_URL"])
# What a worker that dies was running is run by another; the journal buys nothing twice.
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
)


async def drive_all(keys: list[str], tries: int) -> dict[str, float]:
    """Drive a shard to its end; return when to drive again what is not over."""
    async with MusicSession(concurrency=20) as music:
        driving = (batch.drive(music, key, tries=tries) for key in keys)
        driven = await asyncio.gather(*driving)
    return {one.key: one.again_s for one in driven if one.again_s is not None}


@app.task(bind=True, max_retries=None)
def drive_shard(self: Task, keys: list[str]) -> None:
    """Buy a shard, and put back what waits for another row, or for the service."""
    left = asyncio.run(drive_all(keys, self.request.retries))
    if left:
        raise self.retry(args=[list(left)], countdown=min(left.values()))


class Shards:
    """What `batch.put` sends keys to: tasks of so many rows, sources first."""

    async def put(self, tasks: Sequence[batch.Task]) -> int:
        """Send the keys, and return how many."""
        keys = [task.key for task in sorted(tasks, key=lambda task: task.depth)]
        for start in range(0, len(keys), SHARD):
            shard = keys[start : start + SHARD]
            await asyncio.to_thread(drive_shard.delay, shard)
        return len(keys)


async def put(file: str) -> None:
    """Write a batch's rows into the journal, and then their keys on the queue."""
    async with MusicSession() as music:
        found = await batch.put(music, Shards(), batch.plan(batch.read(file)))
    for outcome in found.outcomes:
        print(outcome.error)
    print(
        f"{found.added} rows are on the queue, {len(found.bought)} were bought before"
    )


if __name__ == "__main__":
    asyncio.run(put(sys.argv[1]))
