"""The aiohttp example, from the order of a song to its file, through restarts."""

from pathlib import Path

import pytest
from example_process import Client, Example, held_service, until
from quick_service import FRAME

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SONG = "/songs/order-17"
NO_ORDERS = [b"boats", b"[]", b"{}", b'{"prompt": 1}', b'{"prompt": ""}']


async def test_a_song_is_delivered_through_restarts(tmp_path: Path) -> None:
    """An order is answered at once and paid once, and no leaving client stops it."""
    async with held_service() as service, Client() as client:
        example = Example(service, tmp_path, "aiohttp_service.py", PORT=client.port)
        async with example.running(client.is_answered):
            for body in NO_ORDERS:
                assert 400 == (await client.put(SONG, body)).status
            for _ in range(2):
                assert 202 == (await client.put(SONG, {"prompt": "paper boats"})).status
            async with client.leaving(f"{SONG}/audio"):
                await until(lambda: service.api.polls > 1)
            assert "pending" == (await client.get(SONG)).json["state"]

        async with example.running(client.is_answered):
            assert (await client.get(SONG)).json["eta"]
            await service.api.finish()
            song = await client.get(f"{SONG}/audio")
            assert "audio/mpeg" == song.headers["Content-Type"]

        async with example.running(client.is_answered):
            assert "succeeded" == (await client.get(SONG)).json["state"]
            assert song.body == (await client.get(f"{SONG}/audio")).body

    assert song.body.endswith(FRAME)
    assert (1, 10) == (service.api.submissions, service.api.charged)
