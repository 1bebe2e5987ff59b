"""The Litestar example, from the order of a song to its file, through restarts."""

from pathlib import Path

import pytest
from example_process import Client, Example, held_service, needs, until
from quick_service import FRAME, QuickService

pytestmark = [pytest.mark.anyio, pytest.mark.slow, needs("litestar", "uvicorn")]

SONG = "/songs/order-17"

NO_ORDERS = [b"boats", b"[]", b"{}", b'{"prompt": 1}', b'{"prompt": ""}']


def example(service: QuickService, folder: Path, client: Client) -> Example:
    return Example(
        service,
        folder,
        *("-m", "uvicorn", "litestar_service:app", "--port", client.port),
        WEBHOOK_URL=f"{client.url}/hooks",
        WEBHOOK_SECRET="a long random secret",
    )


async def test_a_song_is_delivered_through_restarts(tmp_path: Path) -> None:
    """An order is paid once, and no leaving client and no restart stops it."""
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
            assert (await client.get(SONG)).json["eta"]
            await service.api.finish()
            song = await client.get(f"{SONG}/audio")

        async with program.running(client.is_answered):
            assert "succeeded" == (await client.get(SONG)).json["state"]
            assert song.body == (await client.get(f"{SONG}/audio")).body

    assert song.body.endswith(FRAME)
    assert [204] == [hook.status for hook in service.api.deliveries]
    assert (1, 10) == (service.api.submissions, service.api.charged)
