"""The emulator without its composer, and a host that serves music of any length."""

import contextlib
import io
import socket
import wave
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from aiomusic import MusicSession
from aiomusic.emulator import Emulator, Pace

# 128 kbit/s at 44.1 kHz: 417 bytes play 1152 samples.
FRAME = b"\xff\xfb\x90\x00" + bytes(413)
FRAME_S = 1152 / 44_100
# What the emulator says of songs that it does not compose.
SONG_S = 20.0


def _wav() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(range(256)) * round(SONG_S * 8_000 / 128))
    return buffer.getvalue()


WAV = _wav()


class QuickService:
    """
    What a batch meets.

    Attributes:
        api: The emulator.
        dead: Names of media that answer with `dead_status`.
        only_mp3: Clips whose WAV is an MP3.
        pages: Names of media that a web page stands in place of.
        asked: The names of media that were asked for.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._stack = contextlib.AsyncExitStack()
        self.dead: set[str] = set()
        self.dead_status = 404
        self.only_mp3: set[str] = set()
        self.pages: set[str] = set()
        self.asked: list[str] = []
        self.api: Emulator

    async def __aenter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", 0))
        app = web.Application()
        app.router.add_get("/media/{name}", self._media)
        runner = web.AppRunner(app)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listening).start()
        port = listening.getsockname()[1]
        options = {"pace": Pace.polls(), "credits": 100_000, **self._options}
        self.api = await self._stack.enter_async_context(
            Emulator(media=False, public_url=f"http://127.0.0.1:{port}", **options)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def _media(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        clip_id, _, ending = name.rpartition(".")
        if clip_id in self.dead:
            return web.Response(status=self.dead_status)
        if ending == "wav" and clip_id not in self.only_mp3:
            return web.Response(body=WAV, content_type="audio/wav")
        if ending not in {"mp3", "wav"}:
            raise web.HTTPNotFound
        if clip_id in self.pages:
            return web.Response(text="<html>sign in</html>", content_type="text/html")
        # No two songs are alike.
        head = FRAME[:4] + clip_id.encode().ljust(413, b"\0")
        data = head + FRAME * (round(SONG_S / FRAME_S) - 1)
        return web.Response(body=data, content_type="audio/mpeg")

    def session(self, journal: Path | None = None, **options: Any) -> MusicSession:
        return MusicSession(
            api_key=self.api.key,
            base_url=self.api.url,
            journal=journal,
            poll_every_s=0.001,
            **options,
        )
