"""aiomusic, as its README has it, with nuro, whose songs are the quickest."""

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
        concurrency=options.jobs,
    ) as music:

        async def submit() -> MusicJob[tuple[Clip, ...]]:
            return music.nuro.create_instrumental("song")

        async def wait(job: MusicJob[tuple[Clip, ...]]) -> object:
            return await job

        yield Peer(submit, wait)


if __name__ == "__main__":
    drive(connect)
