"""The library acedatacloud: a song."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import acedatacloud  # type: ignore[import-not-found, unused-ignore]
from driving import Options, Peer, drive


@asynccontextmanager
async def connect(options: Options) -> AsyncIterator[Peer]:
    client: Any = acedatacloud.AsyncAceDataCloud(
        api_token="key", base_url=options.url, timeout=options.timeout_s
    )
    pace = {} if options.every_s is None else {"poll_interval": options.every_s}

    async def submit() -> object:
        return await client.audio.generate(prompt="song")

    async def wait(handle: Any) -> object:  # noqa: ANN401 - theirs
        return await handle.wait(**pace)

    yield Peer(submit, wait)


if __name__ == "__main__":
    drive(connect)
