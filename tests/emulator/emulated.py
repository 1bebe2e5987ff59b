"""An emulator and a plain aiohttp client, for tests of the wire."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, final

import aiohttp
import attrs

from aiomusic.emulator import Emulator, Pace

EXAMPLES = Path(__file__).parent.parent / "examples"

DESCRIBED = {
    "custom_mode": False,
    "gpt_description_prompt": "r&b pop song",
    "mv": "chirp-v4",
}
SUNG = {
    "custom_mode": True,
    "prompt": "[Verse]\nPaper boats",
    "title": "Boats",
    "tags": "pop",
    "mv": "chirp-v4",
}
RIFFUSION = {"mv": "FUZZ-1.1 Pro", "prompt": "r&b pop song", "custom_mode": False}
VOCAL = {"type": "vocal", "lyrics": "[verse]\n" + "Paper boats go by\n" * 20}

PRODUCED = {"task_type": "create_music", "mv": "FUZZ-2.0", "sound": "r&b pop song"}

SUNO = "/api/v1/suno/create"
BODIES = {
    "suno": DESCRIBED,
    "riffusion": RIFFUSION,
    "nuro": VOCAL,
    "producer": PRODUCED,
}


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text())


@final
@attrs.frozen
class Client:
    """Sends requests and reads replies, without interpreting them."""

    http: aiohttp.ClientSession

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        async with self.http.post(path, json=body) as reply:
            return reply.status, await reply.json()

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.http.get(path) as reply:
            return reply.status, await reply.json()

    async def create(self, provider: str = "suno", body: object = None) -> str:
        path = f"/api/v1/{provider}/create"
        status, reply = await self.post(path, body or BODIES[provider])
        assert status == 200, reply
        return str(reply["task_id"])

    async def poll(self, task_id: str, provider: str = "suno") -> tuple[int, Any]:
        return await self.get(f"/api/v1/{provider}/task/{task_id}")

    async def end(self, task_id: str, provider: str = "suno") -> tuple[int, Any]:
        """Poll four times: the fourth poll finds a task of ``Pace.polls()`` over."""
        for _ in range(3):
            await self.poll(task_id, provider)
        return await self.poll(task_id, provider)


@asynccontextmanager
async def opened(
    **options: Any,
) -> AsyncIterator[tuple[Emulator, Client]]:
    """Open an emulator without audio, whose tasks progress by polls."""
    options = {"pace": Pace.polls(), "media": False, **options}
    async with Emulator(**{"preview_s": 20, **options}) as api:
        headers = {"Authorization": f"Bearer {api.key}"}
        async with aiohttp.ClientSession(api.url, headers=headers) as http:
            yield api, Client(http)


@final
class Standing:
    """A clock that is moved by hand, and by its sleepers once they are let go."""

    def __init__(self) -> None:
        self.at = 0.0
        self.let_go = asyncio.Event()
        self.let_go.set()

    def now(self) -> float:
        return self.at

    def wall(self) -> float:
        return 1_700_000_000.0 + self.at

    async def sleep(self, seconds: float) -> None:
        await self.let_go.wait()
        self.at += seconds

    def call_at(self, when: float, wake: Callable[[], None]) -> "Standing":  # noqa: ARG002
        return self

    def cancel(self) -> None:
        pass
