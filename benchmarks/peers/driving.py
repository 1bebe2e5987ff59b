"""What every driver does: submit, wait, and say in a line of JSON what came of it."""

import argparse
import asyncio
import json
import time
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, TypeAlias


class Options(NamedTuple):
    """
    What a driver is asked for.

    Attributes:
        timeout_s: How long a read may take.
        every_s: The pace of polls; None: the library's own.
        jobs: How many are run at once.
    """

    url: str
    timeout_s: float
    every_s: float | None
    jobs: int = 1


class Peer(NamedTuple):
    """A library, as two calls: one buys a task, one waits for what *it* gave."""

    submit: Callable[[], Awaitable[Any]]
    wait: Callable[[Any], Awaitable[object]]


Connect: TypeAlias = Callable[[Options], AbstractAsyncContextManager[Peer]]


def drive(connect: Connect) -> None:
    """Run one library once against the server that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--every", type=float)
    parser.add_argument("--waiters", type=int, default=1)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--warm", action="store_true", help="run them twice, tell once")
    given = parser.parse_args()
    options = Options(given.url, given.timeout, given.every, given.jobs or 1)
    if given.jobs is None:
        asyncio.run(_drive(connect, options, given.waiters))
    else:
        asyncio.run(_drive_many(connect, options, is_warm=given.warm))


def _forget(url: str) -> None:
    with urllib.request.urlopen(f"{url}/seen") as reply:
        reply.read()


async def _drive_many(connect: Connect, options: Options, *, is_warm: bool) -> None:
    async with connect(options) as peer:

        async def one() -> None:
            await peer.wait(await peer.submit())

        if is_warm:
            await asyncio.gather(*(one() for _ in range(options.jobs)))
            await asyncio.to_thread(_forget, options.url)
        start = time.process_time()
        await asyncio.gather(*(one() for _ in range(options.jobs)))
        print(json.dumps({"cpu_s": time.process_time() - start}), flush=True)


async def _drive(connect: Connect, options: Options, waiters: int) -> None:
    said: dict[str, object] = {}
    async with connect(options) as peer:
        # What comes from here on is timed by the server, too.
        print("ready", flush=True)
        start = time.monotonic()
        try:
            handle = await peer.submit()
            said["submitted"] = True
            await asyncio.gather(*(peer.wait(handle) for _ in range(waiters)))
            said["done"] = True
        except Exception as error:  # noqa: BLE001 - whatever the library raises
            said["error"] = type(error).__name__
    said["seconds"] = time.monotonic() - start
    print(json.dumps(said), flush=True)
