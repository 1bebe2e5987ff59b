"""What a caller can't do to the emulator: fill it, be another host, keep it open."""

import gzip
import json
import tracemalloc
from pathlib import Path

import aiohttp
import anyio
import pytest
from emulated import DESCRIBED, SUNG, SUNO, opened

from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio

CREDITS = "/api/v1/get-credits"
MB = 1_000_000


def large(size: int) -> bytes:
    """Write a body that is refused, of the JSON that takes most memory."""
    return b'{"prompt": [' + b"[]," * (size // 3) + b"[]]}"


@pytest.mark.slow
async def test_refused_bodies_are_not_kept() -> None:
    """Refused creates of a megabyte leave the memory as it was."""
    raw = large(MB)
    async with opened() as (api, client):
        for count in range(8):
            if count == 4:
                tracemalloc.start(1)
            async with client.http.post(SUNO, data=raw) as reply:
                assert reply.status == 400
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        # Four would take twice as much, as bytes alone.
        assert kept < 2 * MB
        assert [call.body for call in api.requests] == [None] * 8


async def test_small_bodies_are_kept_even_if_they_are_refused() -> None:
    """Refused calls are kept too."""
    async with opened() as (api, client):
        await client.post(SUNO, {"mv": "?"})
        async with client.http.post(SUNO, data=b"nonsense"):
            pass

        assert [call.body for call in api.requests] == [{"mv": "?"}, "nonsense"]


async def test_log_is_bounded_in_number() -> None:
    """Only the latest calls are kept, up to the limit."""
    async with opened(keep_calls=2) as (api, client):
        for body in ({"n": 1}, {"n": 2}, {"n": 3}):
            await client.post(SUNO, body)

        assert [call.body for call in api.requests] == [{"n": 2}, {"n": 3}]


@pytest.mark.slow
async def test_log_is_bounded_in_bytes() -> None:
    """Many calls that are each small enough are not all kept."""
    body = {"mv": "x" * 60_000}
    async with opened() as (api, client):
        for _ in range(600):
            async with client.http.post(SUNO, json=body):
                pass

        assert 500 < len(api.requests) < 600


@pytest.mark.slow
async def test_body_that_grows_when_it_is_decoded_is_refused() -> None:
    """A few kilobytes of gzip that hold 200 megabytes are not unpacked."""
    raw = gzip.compress(b" " * (200 * MB))
    async with opened() as (api, client):
        tracemalloc.start()
        headers = {"Content-Encoding": "gzip"}
        async with client.http.post(SUNO, data=raw, headers=headers) as reply:
            status = reply.status
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert (status, api.charged) == (413, 0)
        assert peak < 50 * MB


@pytest.mark.parametrize(
    ("coding", "raw"),
    [
        ("gzip", b"nonsense"),
        ("gzip", gzip.compress(json.dumps(DESCRIBED).encode())[:-30]),
        ("deflate", b"\x78\x9c nonsense"),
        ("br", b"nonsense"),
    ],
    ids=["gzip", "cut gzip", "deflate", "br"],
)
async def test_body_that_can_not_be_decoded_is_refused(coding: str, raw: bytes) -> None:
    """It is answered 400 and charges nothing; the next create is taken."""
    async with opened() as (api, client):
        headers = {"Content-Encoding": coding}
        async with client.http.post(SUNO, data=raw, headers=headers) as reply:
            status = reply.status
        await client.create()

        assert (status, api.charged) == (400, 10)


@pytest.mark.parametrize(
    "more",
    [
        {"continue_at": 10**400},
        {"continue_at": 1e999},
        {"title": "\ud800"},
        {"prompt": "[Verse]\n\udcff"},
        {"tags": {"a": []}},
        {"task_type": ["extend_music"]},
        {"task_type": "\ud800" * 5_000},
        {"mv": {}},
    ],
    ids=lambda more: next(iter(more)),
)
async def test_odd_field_is_refused_in_short(more: dict[str, object]) -> None:
    """What no field can be is answered 400, and never repeated at length."""
    extend = {"task_type": "extend_music", "continue_clip_id": "c", "continue_at": 1}
    async with opened() as (api, client):
        status, reply = await client.post(SUNO, {**SUNG, **extend, **more})

        assert (status, api.charged) == (400, 0)
        assert len(json.dumps(reply)) < 1_000


async def test_key_that_is_no_text_is_refused() -> None:
    """Bytes in the key that are no text are a wrong key."""
    async with opened() as (api, client):
        headers = {"Authorization": "Bearer \udcff\udcfe"}
        async with client.http.get(CREDITS, headers=headers) as reply:
            assert reply.status == 401
        assert api.requests[0].sent_key


@pytest.mark.parametrize(
    "name",
    ["image_x%2F.svg", "image_%ED%A0%80", "image_%ff.jpg", ".svg", "%2F", "x.exe"],
)
async def test_odd_name_of_a_medium_is_not_found(name: str) -> None:
    """A name that no clip has is a picture at most."""
    async with opened() as (api, _), aiohttp.ClientSession() as http:
        host, port = api.url.removeprefix("http://").split(":")
        async with await anyio.connect_tcp(host, int(port)) as stream:
            await stream.send(
                f"GET /media/{name} HTTP/1.1\r\nHost: {host}\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            head = await stream.receive()
        assert head.split(b" ")[1] in {b"200", b"404"}
        async with http.get(api.url + "/openapi.json") as reply:
            assert reply.status == 200


async def status_for(api: Emulator, host: str | None) -> int:
    port = int(api.url.rpartition(":")[2])
    lines = ["GET /openapi.json HTTP/1.1", "Connection: close"]
    lines += [] if host is None else [f"Host: {host}"]
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send("\r\n".join([*lines, "", ""]).encode())
        return int((await stream.receive()).split(b" ")[1])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:80",
        "127.1.2.3:8000",
        "localhost",
        "LOCALHOST.:1",
        "api.localhost:8000",
        "[::1]",
        "[::1]:8000",
    ],
)
async def test_loopback_is_served(host: str) -> None:
    """Each name of this machine is served, with a port or without."""
    async with opened() as (api, _):
        assert await status_for(api, host) == 200


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:80",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:127.0.0.1",
        "[::1].evil.example",
        "notlocalhost",
        "10.0.0.1",
        "[::2]:80",
        "[",
        "127.0.0.1@evil.example",
    ],
)
async def test_other_hosts_are_not_served(host: str | None) -> None:
    """A page whose name points at this machine is answered 421, whatever it asks."""
    async with opened() as (api, _):
        assert await status_for(api, host) in {400, 421}
        assert api.requests == ()


async def test_a_client_of_http_1_0_needs_no_host() -> None:
    """A browser always names one, so that it is no page of another host."""
    async with opened() as (api, _):
        port = int(api.url.rpartition(":")[2])
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(f"GET {CREDITS} HTTP/1.0\r\n\r\n".encode())
            answer = await stream.receive()

    assert answer.startswith(b"HTTP/1.0 401")


async def test_host_that_is_told_is_served() -> None:
    """The hosts, the public URL's host and the one that is listened on are served."""
    options = {
        "hosts": ["Music.example", "10.0.0.1"],
        "public_url": "https://pub.example/x",
    }
    async with opened(**options) as (api, _):
        for host in ("music.example:99", "MUSIC.example.", "10.0.0.1", "pub.example"):
            assert await status_for(api, host) == 200
        assert await status_for(api, "other.example") == 421
    async with opened(hosts=["*"]) as (api, _):
        assert await status_for(api, "other.example") == 200
    async with opened(host="0.0.0.0") as (api, _):
        assert await status_for(api, "127.0.0.1") == 200
        assert await status_for(api, "0.0.0.0") == 421


async def test_wrong_host_is_named_with_what_to_do() -> None:
    """The reply names the host and the option."""
    headers = {"Host": "a.example"}
    async with (
        opened() as (_, client),
        client.http.get(CREDITS, headers=headers) as reply,
    ):
        assert reply.status == 421
        text = (await reply.json())["message"]
    assert "'a.example'" in text
    assert "'hosts'" in text


async def test_closing_removes_the_files_though_something_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure in the background, or of the close itself, leaves nothing behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with anyio.fail_after(20):
        async with opened(media=True) as (_, client):
            task_id = await client.create()
            await client.end(task_id)
            _, body = await client.poll(task_id)
            async with client.http.get(body["data"][0]["audio_url"]) as reply:
                assert reply.status == 200
            assert list(tmp_path.iterdir())

    assert list(tmp_path.iterdir()) == []


async def test_nobody_waits_for_webhooks_of_a_closed_emulator() -> None:
    """A webhook that is under way when it closes is not waited for."""
    async with opened() as (api, client):
        api.fault("late", seconds=3600)
        hook = {"webhook_url": "http://127.0.0.1:1/"}
        await client.end(await client.create("suno", {**DESCRIBED, **hook}))

    with anyio.fail_after(5):
        await api.webhooks_idle()
    assert api.deliveries == ()


async def test_closing_twice_is_harmless() -> None:
    """Closing again does nothing."""
    api = Emulator(media=False, pace=Pace.polls())
    await api.aclose()
    async with opened() as (other, _):
        await other.aclose()
