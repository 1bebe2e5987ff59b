"""The library runpod: a job of a serverless endpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import runpod  # type: ignore[import-not-found, unused-ignore]
from driving import Options, Peer, drive
from runpod.http_client import (  # type: ignore[import-not-found, unused-ignore]
    AsyncClientSession,
)


@asynccontextmanager
async def connect(options: Options) -> AsyncIterator[Peer]:
    runpod.endpoint_url_base = f"{options.url}/v2"
    runpod.api_key = "key"
    async with AsyncClientSession() as http:
        endpoint: Any = runpod.AsyncioEndpoint("endpoint", http)

        async def submit() -> object:
            return await endpoint.run({"a": 1})

        async def wait(job: Any) -> object:  # noqa: ANN401 - theirs
            return await job.output(timeout=600)

        yield Peer(submit, wait)


if __name__ == "__main__":
    drive(connect)
