"""aiomusic, as its README has it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from driving import Options, Peer, drive

from aiomusic import MusicJob, MusicSession
from aiomusic.results import Clip


@asynccontextmanager
async def connect(options: Options) -> AsyncIterator[Peer]:
    async with MusicSession(
        "key",
        base_url=options.url,
        request_timeout_s=options.timeout_s,
        poll_every_s=options.every_s,
        on_exit="detach",
    ) as music:

        async def submit() -> MusicJob[tuple[Clip, ...]]:
            job = music.riffusion.create("song")
            async for update in job.updates():
                if update.task_id is not None:
                    return job
            await job
            return job

        async def wait(job: MusicJob[tuple[Clip, ...]]) -> object:
            return await job

        yield Peer(submit, wait)


if __name__ == "__main__":
    drive(connect)
