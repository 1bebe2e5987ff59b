"""Whatever comes in over the socket, no request is answered with a 500."""

import asyncio
import gzip
import json
import logging
import os
import random
import re
import zlib
from typing import Any

import anyio
import pytest
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError
from emulated import BODIES, DESCRIBED, RIFFUSION, SUNG, VOCAL, opened

from aiomusic.emulator import Emulator, Pace

pytestmark = pytest.mark.anyio

CASES = int(os.environ.get("AIOMUSIC_FUZZ_CASES", "400"))
CHUNK = 100
"""Cases that one emulator takes, on connections that are open at once."""
STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3})", re.MULTILINE)

BASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/api/v1/suno/create", DESCRIBED),
    ("/api/v1/suno/create", SUNG),
    (
        "/api/v1/suno/create",
        {
            **SUNG,
            "task_type": "extend_music",
            "continue_clip_id": "c",
            "continue_at": 3,
        },
    ),
    ("/api/v1/suno/create", {"task_type": "concat_music", "continue_clip_id": "c"}),
    ("/api/v1/suno/persona", {"name": "n", "description": "d", "clip_id": "c"}),
    ("/api/v1/suno/upload", {"url": "https://127.0.0.1/x.mp3"}),
    ("/api/v1/suno/lyrics", {"description": "the sky"}),
    ("/api/v1/riffusion/create", RIFFUSION),
    ("/api/v1/riffusion/upload", {"audio_url": "https://127.0.0.1/x.mp3"}),
    ("/api/v1/nuro/create", VOCAL),
    (
        "/api/v1/nuro/create",
        {
            "type": "bgm",
            "version": "v2.0",
            "description": "calm",
            "genre": ["pop"],
            "segments": [{"name": "intro", "duration": 30}],
        },
    ),
)
VALUES = (
    "null",
    '""',
    '" "',
    "0",
    "-1",
    "1e400",
    "-1e400",
    "1" + "0" * 400,
    "1" * 5_000,
    "1e308",
    "NaN",
    "Infinity",
    "true",
    "[]",
    "{}",
    '[null, 1, "a"]',
    '{"a": {"b": []}}',
    "[" * 900 + "]" * 900,
    "[" * 10_000 + "]" * 10_000,
    '{"a":' * 900 + "1" + "}" * 900,
    r'"\ud800"',
    r'"\udcff and words"',
    r'"\u0000"',
    r'"\r\nX-Header: 1"',
    '"' + "x" * 100_000 + '"',
    '"[[copyright]]"',
    '"http://127.0.0.1:99999/"',
    '"http://127.0.0.1:x/"',
    '"http://[::1"',
    '"http://[::1%25eth0]:1/"',
    r'"http://\ud800/"',
    r'"http://127.0.0.1:1/\ud800"',
    '"http://' + "a" * 300 + '/"',
    '"http://a..b/"',
    '"http://127.0.0.1:1/hook"',
    '"//"',
    '"ftp://127.0.0.1/"',
)
FIELDS = ("webhook_url", "webhook_secret", "extra", "task_type", "type", "mv")
NAMES = (
    "image_",
    "image_.svg",
    "image_..svg",
    "image_x%2F.svg",
    "image_%ff.svg",
    "image_%ED%A0%80.svg",
    "image_x.jpg",
    "image_x.svg%00",
    "%00.mp3",
    "..%2f..%2fetc%2fpasswd",
    "song-.wav",
    "x.mid",
    "x." + "y" * 3_000,
    "%",
    "%%%",
    "\xe9.svg",
)
TARGETS = (
    *(f"/media/{name}" for name in NAMES),
    "/openapi.json",
    "/api/v1/get-credits",
    "/api/v1/get-credits/%ED%A0%80",
    *(f"/api/v1/{provider}/task/" for provider in ("suno", "riffusion", "nuro")),
    *(f"/api/v1/{provider}/task/%ff%00" for provider in ("suno", "riffusion", "nuro")),
    "/api/v1/suno/task/..",
    "/api/v1//task/x",
    "//",
    "*",
    "/%",
    "/?" + "&" * 2_000,
    "http://127.0.0.1/api/v1/get-credits",
    "http://[::1",
    "http://x:99999/",
)
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "CONNECT", "BREW", "get")
HEADERS = (
    "Range: bytes=0-",
    "Range: bytes=-5",
    "Range: bytes=5-1",
    "Range: lines=1",
    "Range: bytes=" + "9" * 500 + "-",
    "If-Range: x",
    "If-None-Match: *",
    "If-Match: \udcff",
    "If-Modified-Since: yesterday",
    "Expect: 100-continue",
    "Expect: more",
    "Content-Encoding: gzip",
    "Content-Encoding: deflate",
    "Content-Encoding: br",
    "Content-Encoding: zstd",
    "Content-Type: application/json; charset=nonsense",
    "Content-Type: multipart/form-data",
    "Content-Type: \udcff\udcfe",
    "Cookie: a=\udcff; =; b",
    "Authorization: Bearer \udcff\udcfe",
    "Authorization: Bearer \u00e9",
    "Authorization: bearer x",
    "Authorization:",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Content-Length: 5",
    "Content-Length: -1",
    "Content-Length: " + "9" * 30,
    "Host: evil.example",
    "Host: \udcff",
    "Host:",
    "Upgrade: websocket",
    "Connection: upgrade, close",
    "X: " + "y" * 9_000,
)


def spoilt_body(rng: random.Random, body: dict[str, Any]) -> bytes:
    """Return a body with unexpected values in one to three fields, as JSON text."""
    fields = {name: json.dumps(value) for name, value in body.items()}
    for _ in range(rng.randint(1, 3)):
        fields[rng.choice([*body, *FIELDS])] = rng.choice(VALUES)
    raw = ", ".join(f'"{name}": {value}' for name, value in fields.items())
    return f"{{{raw}}}".encode()


def spoilt_bytes(rng: random.Random, raw: bytes) -> bytes:
    """Change, drop or repeat some bytes."""
    mutable = bytearray(raw)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(mutable) + 1)
        match rng.randrange(4):
            case 0:
                mutable[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del mutable[at : at + rng.randint(1, 20)]
            case 2:
                mutable[at:at] = mutable[at : at + rng.randint(1, 20)]
            case 3:
                mutable[at:at] = rng.randbytes(rng.randint(1, 8))
    return bytes(mutable)


def create(rng: random.Random, key: str) -> bytes:
    """Write a POST whose body is odd, or encoded oddly."""
    path, body = rng.choice(BASES)
    raw = spoilt_body(rng, body) if rng.random() < 0.8 else json.dumps(body).encode()
    headers = [f"Authorization: Bearer {key}", "Host: 127.0.0.1"]
    coding = rng.choice(["", "", "", "gzip", "deflate"])
    if coding:
        raw = (gzip.compress if coding == "gzip" else zlib.compress)(raw)
        headers.append(f"Content-Encoding: {coding}")
    if rng.random() < 0.2:
        raw = spoilt_bytes(rng, raw)
    return head("POST", path, [*headers, f"Content-Length: {len(raw)}"]) + raw


def odd_call(rng: random.Random, key: str) -> bytes:
    """Write a call with an odd method, target or header."""
    headers = [f"Authorization: Bearer {key}", "Host: localhost:80"]
    headers = [one for one in headers if rng.random() < 0.9]
    headers += rng.choices(HEADERS, k=rng.randint(0, 2))
    rng.shuffle(headers)
    method = rng.choice(METHODS) if rng.random() < 0.4 else "GET"
    path = rng.choice(BASES)[0] if rng.random() < 0.3 else rng.choice(TARGETS)
    return head(method, path, headers) + rng.choice([b"", b"{}", b'5\r\n{"a":\r\n'])


def head(method: str, target: str, headers: list[str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def case(rng: random.Random, key: str) -> bytes:
    raw = rng.choice([create, create, odd_call])(rng, key)
    return spoilt_bytes(rng, raw) if rng.random() < 0.15 else raw


async def statuses(url: str, raw: bytes) -> list[int]:
    """Send bytes and nothing more; return the status of each answer."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(raw)
        writer.write_eof()
        seen = await reader.read(-1)
    except ConnectionError:
        return []
    finally:
        writer.close()
    return [int(status) for status in STATUS.findall(seen)]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(max(1, CASES // CHUNK)))
async def test_no_bytes_are_answered_with_a_500(
    part: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Odd fields, encodings, targets, headers and bytes are refused, or taken."""
    rng = random.Random(part)
    found: list[tuple[int, bytes]] = []

    async def tried(api: Emulator, raw: bytes) -> None:
        seen = await statuses(api.url, raw)
        found.extend((status, raw) for status in seen if status >= 500)

    with caplog.at_level(logging.ERROR), anyio.fail_after(60):
        async with opened(credits=10**6, pace=Pace.seconds(0, 0)) as (api, client):
            for _ in range(CHUNK // 10):
                async with anyio.create_task_group() as group:
                    for _ in range(10):
                        group.start_soon(tried, api, case(rng, api.key))
            await api.webhooks_idle()
            for provider in BODIES:
                await client.create(provider)

    assert found == []
    assert [one for one in map(failure, caplog.records) if one is not None] == []


def failure(record: logging.LogRecord) -> str | None:
    """Return the error of a log line; no HTTP and a client that left are none."""
    error = record.exc_info[1] if record.exc_info else None
    # aiohttp reads the rest of a refused body, which may be no body.
    theirs = (HttpProcessingError, ConnectionError, RequestPayloadError)
    is_theirs = isinstance(error, theirs)
    return None if is_theirs else f"{record.getMessage()}: {error!r}"
