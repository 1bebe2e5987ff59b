"""The library azure-core: a pipeline and a poller, as Azure's own clients use them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from azure.core import (  # type: ignore[import-not-found, unused-ignore]
    AsyncPipelineClient,
)
from azure.core.pipeline.policies import (  # type: ignore[import-not-found, unused-ignore]
    AsyncRetryPolicy,
    RequestIdPolicy,
)
from azure.core.polling import (  # type: ignore[import-not-found, unused-ignore]
    AsyncLROPoller,
)
from azure.core.polling.async_base_polling import (  # type: ignore[import-not-found, unused-ignore]
    AsyncLROBasePolling,
)
from driving import Options, Peer, drive


@asynccontextmanager
async def connect(options: Options) -> AsyncIterator[Peer]:
    client: Any = AsyncPipelineClient(
        base_url=options.url,
        policies=[RequestIdPolicy(), AsyncRetryPolicy()],
        read_timeout=options.timeout_s,
    )
    pace = {} if options.every_s is None else {"timeout": options.every_s}

    async def submit() -> object:
        request = client.post("/songs", content={"a": 1})
        response = await client._pipeline.run(request)  # noqa: SLF001 - as theirs do
        if response.http_response.status_code != 202:
            response.http_response.raise_for_status()
        method = AsyncLROBasePolling(**pace)
        return AsyncLROPoller(client, response, lambda found: found, method)

    async def wait(poller: Any) -> object:  # noqa: ANN401 - theirs
        return await poller.result()

    async with client:
        yield Peer(submit, wait)


if __name__ == "__main__":
    drive(connect)
