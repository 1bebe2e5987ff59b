"""A host of music that answers as it is told, and the arguments of a save."""

import asyncio
import contextlib
import io
import os
import sys
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import anyio
import anyio.lowlevel
import attrs
import pytest
from aiohttp import web

from aiomusic._clock import Timer
from aiomusic._files.media import MediaClient
from aiomusic._files.save import save_clip
from aiomusic.results import Clip, ClipState

CLIP_ID = "0f7b5f2e-6c1d-4b8a-9d3e-5a4c3b2a1f00"


NAME = "Paper Boats 0f7b5f2e-6c1d"


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def wav(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(os.urandom(round(seconds * 44_100) * 4))
    return buffer.getvalue()


SONG = wav(8)


class PartWay:
    """Equal to any place in the song but its start and its end."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and 0 < other < len(SONG)

    __hash__ = None  # type: ignore[assignment]


PART_WAY = PartWay()


class FakeClock:
    """Time that passes as soon as somebody waits for it."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return sum(self.slept)

    def wall(self) -> float:
        return self.now()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    def call_at(self, when: float, wake: Callable[[], None]) -> Timer:
        raise NotImplementedError


class MediaHost:
    """A server that answers as it is told, and a song when it is told nothing."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[Answer] = []
        self.seen: list[web.BaseRequest] = []
        self.song = SONG
        self.etag = '"one"'

    @property
    def starts(self) -> list[int | None]:
        """Where each request wants to begin; None: it says nothing of that."""
        return [request.http_range.start for request in self.seen]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        answer = self.answers.pop(0) if self.answers else self.serve
        return await answer(request)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        headers = {"ETag": self.etag, "Content-Type": "audio/wav"}
        start = request.http_range.start
        if start is None or request.headers.get("If-Range") != self.etag:
            return web.Response(body=self.song, headers=headers)
        total = len(self.song)
        headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        return web.Response(status=206, body=self.song[start:], headers=headers)

    def cut(self, size: int, **headers: str) -> Answer:
        """Break off after so many bytes of the song."""

        async def answer(request: web.Request) -> web.StreamResponse:
            full = await self.serve(request)
            assert isinstance(full, web.Response)
            assert isinstance(full.body, bytes)
            response = web.StreamResponse(status=full.status, headers=full.headers)
            response.content_length = len(full.body)
            response.headers.update(headers)
            await response.prepare(request)
            await response.write(full.body[:size])
            # What aiohttp has not handed out when a connection breaks is lost.
            for _ in range(50):
                await asyncio.sleep(0)
            assert request.transport is not None
            request.transport.close()
            return response

        return answer


def says(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers=headers)

    return answer


@contextlib.asynccontextmanager
async def started() -> AsyncIterator[MediaHost]:
    host = MediaHost()
    app = web.Application()
    app.router.add_get("/{path:.*}", host.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = runner.addresses[0]
    host.url = f"http://{address[0]}:{address[1]}/song.wav?signature=secret"
    yield host
    await runner.cleanup()


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with started() as host:
        yield host


@pytest.fixture
async def client(host: MediaHost) -> AsyncIterator[MediaClient]:
    client = MediaClient(host.url, timeout_s=5)
    yield client
    await client.aclose()


@attrs.define
class Saver:
    """The arguments of a save, and what became of them."""

    clip: Clip
    folder: Path
    client: MediaClient
    clock: FakeClock = attrs.field(factory=FakeClock)
    fresh: list[Clip | Exception] = attrs.field(factory=list)
    refreshed: int = 0

    async def refresh(self, clip: Clip) -> Clip:
        self.refreshed += 1
        fresh = self.fresh.pop(0) if self.fresh else clip
        if isinstance(fresh, Exception):
            raise fresh
        return fresh

    async def __call__(self, clip: Clip | None = None) -> Path:
        return await save_clip(
            clip or self.clip,
            self.folder,
            client=self.client,
            refresh=self.refresh,
            clock=self.clock,
        )

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def tagging_save(host: MediaHost, client: MediaClient, tmp_path: Path) -> Saver:
    return Saver(clip=clip(host.url), folder=tmp_path / "out", client=client)


@pytest.fixture
def save(tagging_save: Saver, monkeypatch: pytest.MonkeyPatch) -> Saver:
    """Save without mutagen, so that what comes is what is stored."""
    monkeypatch.setitem(sys.modules, "mutagen", None)
    return tagging_save


def clip(
    url: str | None, *, title: str = "Paper Boats", clip_id: str = CLIP_ID
) -> Clip:
    return Clip(
        clip_id=clip_id,
        provider="suno",
        task_id="task-1",
        state=ClipState.SUCCEEDED,
        title=title,
        audio_url=url,
        duration=8.0,
    )
