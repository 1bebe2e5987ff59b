"""The library fal-client: a request to a queue."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import fal_client.client as fal  # type: ignore[import-not-found, unused-ignore]
from driving import Options, Peer, drive


@asynccontextmanager
async def connect(options: Options) -> AsyncIterator[Peer]:
    fal.QUEUE_URL_FORMAT = options.url + "/"
    client: Any = fal.AsyncClient(key="key", default_timeout=options.timeout_s)

    async def submit() -> object:
        return await client.submit("owner/app", {"a": 1})

    async def wait(handle: Any) -> object:  # noqa: ANN401 - theirs
        return await handle.get()

    yield Peer(submit, wait)


if __name__ == "__main__":
    drive(connect)
