"""The FastAPI example, from the order of a song to its file, through restarts."""

import json
from pathlib import Path
from typing import Any

import pytest
from example_process import Client, Example, held_service, needs, until
from quick_service import FRAME, QuickService

pytestmark = [pytest.mark.anyio, pytest.mark.slow, needs("fastapi", "uvicorn")]

SONG = "/songs/order-17"

NO_ORDERS = [b"boats", b"[]", b"{}", b'{"prompt": 1}', b'{"prompt": ""}']


def example(service: QuickService, folder: Path, client: Client) -> Example:
    return Example(
        service,
        folder,
        *("-m", "uvicorn", "fastapi_service:app", "--port", client.port),
        WEBHOOK_URL=f"{client.url}/hooks",
        WEBHOOK_SECRET="a long random secret",
    )


async def test_a_song_is_delivered_through_restarts(tmp_path: Path) -> None:
    """Events go on after a restart, and a webhook ends them with the song's links."""
    async with held_service() as service, Client() as client:
        program = example(service, tmp_path, client)
        async with program.running(client.is_answered):
            for body in NO_ORDERS:
                assert (await client.put(SONG, body)).status in {400, 422}
            for _ in range(2):
                assert 202 == (await client.put(SONG, {"prompt": "paper boats"})).status
            async with client.leaving(f"{SONG}/audio"):
                await until(lambda: service.api.polls > 1)

        async with program.running(client.is_answered):
            events: list[dict[str, Any]] = []
            async for line in client.lines(f"{SONG}/events"):
                if line.startswith("data:"):
                    events.append(json.loads(line.removeprefix("data:")))
                    if len(events) == 1:
                        await service.api.finish()
            song = await client.get(f"{SONG}/audio")

        async with program.running(client.is_answered):
            again = await client.get(f"{SONG}/events")
            assert song.body == (await client.get(f"{SONG}/audio")).body

    assert events[0]["eta"]
    assert "succeeded" == events[-1]["state"]
    assert 2 == sum(len(event["listen"]) for event in events)
    assert b'"succeeded"' in again.body
    assert song.body.endswith(FRAME)
    assert [204] == [hook.status for hook in service.api.deliveries]
    assert (1, 10) == (service.api.submissions, service.api.charged)
