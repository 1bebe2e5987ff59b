"""What the engines have in common."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import asyncpg

from aiomusic.batch.engines import QueueAddress

__all__ = ["beside", "preparing", "unasked"]


@contextlib.asynccontextmanager
async def preparing(address: QueueAddress) -> AsyncIterator[None]:
    """Make the schema, and let one process at a time make tables in it."""
    db = await asyncpg.connect(address.dsn, statement_cache_size=0)
    try:
        lock = f"hashtextextended('aiomusic {address.schema}', 0)"
        await db.execute(f"SELECT pg_advisory_lock({lock})")
        await db.execute(f"CREATE SCHEMA IF NOT EXISTS {address.schema}")
        yield
    finally:
        # It lets go of the lock, too.
        await db.close()


@contextlib.asynccontextmanager
async def beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run coroutines for as long as the block takes, and then end them."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def unasked(stop: asyncio.Event, wait_s: float) -> bool:
    """Wait; return whether nobody has asked to stop meanwhile."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            await stop.wait()
    return not stop.is_set()
