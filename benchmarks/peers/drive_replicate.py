"""The library replicate: a prediction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx  # type: ignore[import-not-found, unused-ignore]
import replicate  # type: ignore[import-not-found, unused-ignore]
from driving import Options, Peer, drive


@asynccontextmanager
async def connect(options: Options) -> AsyncIterator[Peer]:
    client: Any = replicate.Client(
        api_token="key",
        base_url=options.url,
        timeout=httpx.Timeout(options.timeout_s),
    )
    if options.every_s is not None:
        client.poll_interval = options.every_s

    async def submit() -> object:
        return await client.predictions.async_create(version="v1", input={"a": 1})

    async def wait(prediction: Any) -> object:  # noqa: ANN401 - theirs
        return await prediction.async_wait()

    yield Peer(submit, wait)


if __name__ == "__main__":
    drive(connect)
