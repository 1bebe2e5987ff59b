"""
A song service on aiohttp.

Set AIOMUSIC_API_KEY and run ``python aiohttp_service.py``, then::

    curl -X PUT localhost:8080/songs/order-17 -d '{"prompt": "paper boats"}'
    curl localhost:8080/songs/order-17
    curl localhost:8080/songs/order-17/audio -o boats.mp3
"""

import os
import weakref
from collections.abc import AsyncIterator

from aiohttp import web

from aiomusic import MusicError, MusicJob, MusicSession
from aiomusic.journal import Record

MUSIC = web.AppKey("music", MusicSession)
JOBS = web.AppKey("jobs", weakref.WeakValueDictionary[str, MusicJob])


async def create(request: web.Request) -> web.Response:
    """Order a song, and answer at once; the same id again buys nothing."""
    try:
        prompt, key = (await request.json())["prompt"], request.match_info["id"]
        job = request.app[MUSIC].suno.create(prompt, key=key)
    except (KeyError, TypeError, ValueError) as error:  # InvalidRequest is one too
        raise web.HTTPBadRequest(text=str(error)) from error
    request.app[JOBS][job.key] = job
    return web.json_response({"state": job.state}, status=202)


async def find(request: web.Request) -> MusicJob | Record:
    """Return a job that the session holds open, or what the journal keeps of it."""
    key = request.match_info["id"]
    if found := request.app[JOBS].get(key) or await request.app[MUSIC].job(key):
        return found
    raise web.HTTPNotFound


async def show(request: web.Request) -> web.Response:
    """Return how far a song is."""
    job = await find(request)
    eta = job.eta if isinstance(job, MusicJob) else None
    error = None if job.error is None else str(job.error)
    return web.json_response({"state": job.state, "eta": eta, "error": error})


async def audio(request: web.Request) -> web.FileResponse:
    """Send a song as soon as it is there; a client that leaves does not stop it."""
    job = await find(request)
    try:
        clips = await job if isinstance(job, MusicJob) else job.clips
        if not clips:
            raise web.HTTPNotFound(text=str(job.error or job.state))
        path = await request.app[MUSIC].download(clips[0], "songs")
    except MusicError as error:
        raise web.HTTPBadGateway(text=str(error)) from error
    return web.FileResponse(path)


async def session(app: web.Application) -> AsyncIterator[None]:
    """Keep one session for the life of the process."""
    async with MusicSession(journal="songs.db", on_exit="detach") as music:
        jobs = {job.key: job for job in await music.resume(queued=True)}
        app[MUSIC], app[JOBS] = music, weakref.WeakValueDictionary(jobs)
        yield


app = web.Application()
app.cleanup_ctx.append(session)
app.router.add_put("/songs/{id}", create)
app.router.add_get("/songs/{id}", show)
app.router.add_get("/songs/{id}/audio", audio)

if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8080"))
    web.run_app(app, port=port, handler_cancellation=True, shutdown_timeout=5)
