"""
A song service on Litestar, with webhooks.

Set AIOMUSIC_API_KEY, WEBHOOK_SECRET and WEBHOOK_URL, which leads to ``/hooks`` here,
and run ``litestar --app litestar_service:app run``.
"""

import os
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response, asgi, get, put
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.response import File

from aiomusic import InvalidRequest, MusicError, MusicJob, MusicSession

music = MusicSession(
    journal="songs.db",
    on_exit="detach",
    webhook_url=os.environ["WEBHOOK_URL"],
    webhook_secret=os.environ["WEBHOOK_SECRET"],
)
jobs = weakref.WeakValueDictionary[str, MusicJob]()
Song = Any  # A job that is open, or the record of one.


@asynccontextmanager
async def lifespan(_app: Litestar) -> AsyncIterator[None]:
    """Keep one session for the life of the process."""
    async with music:
        jobs.update({job.key: job for job in await music.resume(queued=True)})
        yield


async def find(song_id: str) -> Song:
    """Return the job that the session holds open, or what the journal keeps."""
    if found := jobs.get(song_id) or await music.job(song_id):
        return found
    raise NotFoundException


def explain(_request: Request, error: MusicError) -> Response:
    """Answer what happened, and what it means for the money."""
    status = 400 if isinstance(error, InvalidRequest) else 502
    return Response({"error": str(error)}, status_code=status)


@put("/songs/{song_id:str}", status_code=202)
async def create(song_id: str, data: dict[str, str]) -> dict[str, str]:
    """Order a song, and answer at once; the same id again buys nothing."""
    jobs[song_id] = job = music.suno.create(data.get("prompt", ""), key=song_id)
    return {"state": job.state}


@get("/songs/{song_id:str}")
async def show(song: Song) -> dict[str, Any]:
    """Return how far a song is."""
    error = None if song.error is None else str(song.error)
    return {"state": song.state, "eta": getattr(song, "eta", None), "error": error}


@get("/songs/{song_id:str}/audio")
async def audio(song: Song) -> File:
    """Send a song as soon as it is there; a client that leaves does not stop it."""
    clips = await song if isinstance(song, MusicJob) else song.clips
    if not clips:
        raise NotFoundException(str(song.error or song.state))
    return File(await music.download(clips[0], "songs"))


app = Litestar(
    [create, show, audio, asgi("/hooks", is_mount=True)(music.webhooks.asgi)],
    dependencies={"song": Provide(find)},
    exception_handlers={MusicError: explain},
    lifespan=[lifespan],
)
