"""A session owns its downloads: leaving it ends them, or waits for them."""

import asyncio
import threading
import time
import wave
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from raw_server import RawServer, Say, http

from aiomusic import DownloadError, MusicJob, MusicSession

pytestmark = pytest.mark.anyio

KEY = "sk-7f3aQ9zLm2Xw84Tn"
SECONDS = 2
Fetch = Callable[[MusicSession, MusicJob[Any], Path], Awaitable[object]]


def song() -> bytes:
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(range(256)) * 125)
    return buffer.getvalue()


SONG = song()


class Service:
    """A service whose only song is sent as a test says."""

    def __init__(self) -> None:
        self.media: Say = http(SONG)
        self.is_asked = threading.Event()
        self.server = RawServer(respond=self.respond)

    def respond(self, line: str, _body: bytes) -> Say:
        if line.startswith("POST"):
            return http({"task_id": "t-1"})
        if "/media" in line:
            self.is_asked.set()
            return self.media
        clip = {
            "clip_id": "c-1",
            "state": "succeeded",
            "audio_url": f"{self.server.url}/media/a.wav",
            "duration": SECONDS,
        }
        return http({"code": 200, "data": [clip, {**clip, "clip_id": "c-2"}]})

    def session(self) -> MusicSession:
        return MusicSession(KEY, base_url=self.server.url, poll_every_s=0)

    async def asked(self) -> None:
        assert await asyncio.to_thread(self.is_asked.wait, 10)
        self.is_asked.clear()


async def save(_music: MusicSession, job: MusicJob[Any], folder: Path) -> object:
    return await job.save(folder)


async def download(music: MusicSession, job: MusicJob[Any], folder: Path) -> object:
    return await music.download(job.clips[0], folder)


class LeftError(Exception):
    """The caller's own error."""


@pytest.mark.parametrize("fetch", [save, download])
@pytest.mark.parametrize("sent", [0, 20_000], ids=["no byte", "a part"])
async def test_leaving_by_an_error_ends_downloads_at_once(
    tmp_path: Path, fetch: Fetch, sent: int
) -> None:
    """They say so, and what came of them can be taken up again at once."""
    service = Service()
    whole = http(SONG).data
    service.media = Say(whole[: len(whole) - len(SONG) + sent] if sent else b"", "hang")
    with service.server:
        with pytest.raises(LeftError):
            async with service.session() as music:
                job = music.suno.create("a song")
                await job
                running = asyncio.ensure_future(fetch(music, job, tmp_path))
                await service.asked()
                began = time.monotonic()
                raise LeftError
        took_s = time.monotonic() - began

        with pytest.raises(DownloadError, match="session was closed"):
            await asyncio.wait_for(running, 1.0)
        assert took_s < 5.0

        service.media = http(SONG)
        async with service.session() as music:
            path = await asyncio.wait_for(music.download(job.clips[0], tmp_path), 10)
        assert SONG[44:] in path.read_bytes()


async def test_a_clean_exit_waits_for_a_bare_download(tmp_path: Path) -> None:
    """As it does for a job's own save."""
    service, go_on = Service(), threading.Event()
    service.media = Say(http(SONG).data, before=lambda: go_on.wait(10))
    with service.server:
        async with service.session() as music:
            job = music.suno.create("a song")
            await job
            running = asyncio.ensure_future(music.download(job.clips[0], tmp_path))
            await service.asked()
            # Only once the session is being left.
            asyncio.get_running_loop().call_later(0.05, go_on.set)

    assert running.done()
    assert SONG[44:] in running.result().read_bytes()
