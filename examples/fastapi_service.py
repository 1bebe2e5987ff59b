"""
A song service on FastAPI, with webhooks, and progress as server-sent events.

Set AIOMUSIC_API_KEY, WEBHOOK_SECRET and WEBHOOK_URL, which leads to ``/hooks`` here,
and run ``uvicorn fastapi_service:app --timeout-graceful-shutdown 5``.
"""

import os
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse, JSONResponse
from fastapi.sse import EventSourceResponse

from aiomusic import InvalidRequest, MusicError, MusicJob, MusicSession

music = MusicSession(
    journal="songs.db",
    on_exit="detach",
    webhook_url=os.environ["WEBHOOK_URL"],
    webhook_secret=os.environ["WEBHOOK_SECRET"],
)
jobs = weakref.WeakValueDictionary[str, MusicJob]()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Keep one session for the life of the process."""
    async with music:
        jobs.update({job.key: job for job in await music.resume(queued=True)})
        yield


async def find(song_id: str) -> object:
    """Return a job that the session holds open, or what the journal keeps of it."""
    if found := jobs.get(song_id) or await music.job(song_id):
        return found
    raise HTTPException(404)


Song = Annotated[Any, Depends(find)]
app = FastAPI(lifespan=lifespan)
app.mount("/hooks", music.webhooks.asgi)


@app.exception_handler(MusicError)
async def explain(_request: object, error: MusicError) -> JSONResponse:
    """Answer with what happened, and what it means for the money."""
    status = 400 if isinstance(error, InvalidRequest) else 502
    return JSONResponse({"error": str(error), "charged": error.charged}, status)


@app.put("/songs/{song_id}", status_code=202)
async def create(song_id: str, prompt: Annotated[str, Body(embed=True)]) -> dict:
    """Order a song, and answer at once; the same id again buys nothing."""
    jobs[song_id] = job = music.suno.create(prompt, key=song_id)
    return {"state": job.state}


@app.get("/songs/{song_id}/events", response_class=EventSourceResponse)
async def events(song: Song) -> AsyncIterator[dict[str, Any]]:
    """Send each change as it comes; a client may leave, and ask again."""
    if isinstance(song, MusicJob):
        async for update in song.updates():
            listen = [clip.audio_url for clip in update.playable]
            yield {"state": update.state, "eta": song.eta, "listen": listen}
    else:
        yield {"state": song.state}


@app.get("/songs/{song_id}/audio")
async def audio(song: Song) -> FileResponse:
    """Send a song as soon as it is there; a client that leaves does not stop it."""
    clips = await song if isinstance(song, MusicJob) else song.clips
    if not clips:
        raise HTTPException(404, str(song.error or song.state))
    return FileResponse(await music.download(clips[0], "songs"))
