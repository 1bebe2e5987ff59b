"""The library openai: a video."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import openai  # type: ignore[import-not-found, unused-ignore]
from driving import Options, Peer, drive


@asynccontextmanager
async def connect(options: Options) -> AsyncIterator[Peer]:
    async with openai.AsyncOpenAI(
        api_key="key", base_url=f"{options.url}/v1", timeout=options.timeout_s
    ) as client:
        pace: dict[str, Any] = {}
        if options.every_s is not None:
            pace["poll_interval_ms"] = int(options.every_s * 1000)

        async def submit() -> object:
            return await client.videos.create(prompt="song")

        async def wait(video: Any) -> object:  # noqa: ANN401 - theirs
            return await client.videos.poll(video.id, **pace)

        yield Peer(submit, wait)


if __name__ == "__main__":
    drive(connect)
