"""Runs a file of examples/ as its users do: as a process, which a test may kill."""

import asyncio
import contextlib
import importlib.util
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, final

import aiohttp
import attrs
import pytest
from quick_service import QuickService

from aiomusic.emulator import Pace

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
WAIT_S: Final = 100.0


def needs(*modules: str) -> pytest.MarkDecorator:
    """Skip where a framework is not installed; the group ``examples`` has them all."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    reason = f"no {', '.join(missing)}: pip install --group examples"
    return pytest.mark.skipif(bool(missing), reason=reason)


def held_service() -> QuickService:
    """Return a service whose tasks end when a test says so, by `Emulator.finish`."""
    return QuickService(pace=Pace.polls(pending=10**9))


async def until(is_so: Callable[[], object]) -> None:
    """Wait for a condition, for a bounded time."""
    async with asyncio.timeout(WAIT_S):
        while not is_so():
            await asyncio.sleep(0.01)


@final
class Example:
    """
    An example that runs in a folder of its own.

    Args:
        arguments: What Python is given, as in ``"bot.py"`` or ``"-m", "uvicorn"``.
        environment: What a user sets beside the service's key and address.
    """

    def __init__(
        self, service: QuickService, folder: Path, *arguments: str, **environment: str
    ) -> None:
        self._arguments = [
            str(EXAMPLES / one) if one.endswith(".py") else one for one in arguments
        ]
        self._folder = folder
        self._environment = {
            **os.environ,
            "AIOMUSIC_API_KEY": service.api.key,
            "AIOMUSIC_BASE_URL": service.api.url,
            "PYTHONPATH": os.pathsep.join([str(EXAMPLES), *filter(None, sys.path)]),
            **environment,
        }

    @contextlib.asynccontextmanager
    async def running(
        self, is_up: Callable[[], Awaitable[bool]] | None = None
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run it to the block's end, where it is killed as by a machine that fails."""
        log = self._folder / "log.txt"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                cwd=self._folder,
                env=self._environment,
                stdout=output,
                stderr=output,
            )
        try:
            async with asyncio.timeout(WAIT_S):
                while is_up is not None and not await is_up():
                    assert process.returncode is None, "it ended"
                    await asyncio.sleep(0.02)
            yield process
        except BaseException as error:
            error.add_note(log.read_text())
            raise
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@final
@attrs.frozen
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@final
class Client:
    """A client of a service on a port that it chose."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=WAIT_S)
        self._http = aiohttp.ClientSession(self.url, timeout=timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def is_answered(self) -> bool:
        """Check whether the service is up: of no such song it says so."""
        try:
            return 404 == (await self.get("/songs/none/audio")).status
        except aiohttp.ClientConnectionError:
            return False

    async def get(self, path: str) -> Answer:
        async with self._http.get(path) as reply:
            return Answer(reply.status, reply.headers, await reply.read())

    async def put(self, path: str, body: Mapping[str, object] | bytes) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        async with self._http.put(path, data=data, headers=kind) as reply:
            return Answer(reply.status, reply.headers, await reply.read())

    async def lines(self, path: str) -> AsyncIterator[str]:
        """Yield the lines of an answer as they come."""
        async with self._http.get(path) as reply:
            async for line in reply.content:
                yield line.decode().rstrip()

    @contextlib.asynccontextmanager
    async def leaving(self, path: str) -> AsyncIterator[None]:
        """Ask, and hang up at the end of the block, before there is an answer."""
        waiting = asyncio.create_task(self.get(path))
        try:
            yield
            assert not waiting.done()
        finally:
            waiting.cancel()
            await asyncio.wait([waiting])
