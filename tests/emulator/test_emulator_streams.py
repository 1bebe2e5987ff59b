"""Running clips whose audio grows, and pages of other origins that read answers."""

import asyncio
from typing import Any

import aiohttp
import anyio
import pytest
from emulated import DESCRIBED, SUNO, Client, Standing, opened

from aiomusic.emulator import Pace

pytestmark = pytest.mark.anyio

RUNNING = Pace.polls(not_ready=0, pending=0, running=2)
"""The first poll finds the first clip running, with its link."""
SONG = {**DESCRIBED, "gpt_description_prompt": "lo-fi instrumental, 4 seconds"}
STREAM: dict[str, Any] = {"media": True, "stream": True, "pace": RUNNING}
ORIGIN = {"Origin": "https://example.org"}


async def running(client: Client) -> tuple[str, str]:
    """Create a song; return its task and the link of its running clip."""
    task_id = await client.create("suno", SONG)
    _, body = await client.poll(task_id)
    clip = body["data"][0]
    assert "running" == clip["state"]
    return task_id, clip["audio_url"]


async def test_a_running_clip_grows_in_real_time() -> None:
    """No length is announced, and the last byte comes when the song has been heard."""
    clock = Standing()
    async with opened(**STREAM, clock=clock) as (api, client):
        task_id, url = await running(client)
        async with client.http.get(url, headers={"Range": "bytes=99-"}) as reply:
            grown = await reply.read()
        took_s = clock.at
        await api.finish(task_id)
        async with client.http.get(url) as whole:
            assert grown == await whole.read()

    assert (200, None) == (reply.status, reply.content_length)
    assert len(grown) == whole.content_length
    assert took_s == pytest.approx(2, abs=0.5)


async def test_it_is_whole_as_soon_as_its_task_is_over() -> None:
    """Whoever listens gets the rest at once."""
    clock = Standing()
    clock.let_go.clear()
    async with opened(**STREAM, clock=clock) as (api, client):
        task_id, url = await running(client)
        async with client.http.get(url) as reply:
            first = await reply.content.readany()
            await api.finish(task_id)
            clock.let_go.set()
            rest = await reply.read()
        async with client.http.get(url) as whole:
            assert whole.content_length == len(first) + len(rest)

    assert first
    assert clock.at < 1


async def test_it_breaks_off_when_the_emulator_closes() -> None:
    """A part is not taken for the whole."""
    clock = Standing()
    clock.let_go.clear()
    with anyio.fail_after(30):
        async with opened(**STREAM, clock=clock) as (api, client):
            _, url = await running(client)
            async with client.http.get(url) as reply, asyncio.TaskGroup() as group:
                group.create_task(api.aclose())
                await asyncio.sleep(0)
                clock.let_go.set()
                with pytest.raises(aiohttp.ClientPayloadError):
                    await reply.read()


@pytest.mark.parametrize("path", [SUNO, "/media/a.mp3", "/api/v1/get-credits"])
async def test_a_page_of_any_origin_may_ask(path: str) -> None:
    """Its browser is told so before, and that is no call of the service."""
    asked = {
        **ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    async with opened() as (api, client):
        api.fault("server_error")
        async with client.http.options(path, headers=asked) as reply:
            allowed = reply.headers

        assert 204 == reply.status
        assert "*" == allowed["Access-Control-Allow-Origin"]
        assert "POST" in allowed["Access-Control-Allow-Methods"]
        assert "authorization,content-type" == allowed["Access-Control-Allow-Headers"]
        assert () == api.requests


async def test_a_page_of_any_origin_may_read_every_answer() -> None:
    """Also the refusals, whose texts and headers it would not see otherwise."""
    async with opened() as (api, client):
        api.fault("rate_limited", on="create", retry_after=7)
        replies = [
            await client.http.get("/media/image_a.svg", headers=ORIGIN),
            await client.http.post(SUNO, json=DESCRIBED, headers=ORIGIN),
            await client.http.get("/api/v1/nothing", headers=ORIGIN),
        ]

        assert [200, 429, 404] == [reply.status for reply in replies]
        for reply in replies:
            assert "*" == reply.headers["Access-Control-Allow-Origin"]
            assert "*" == reply.headers["Access-Control-Expose-Headers"]
            reply.release()
