"""
Callbacks as they may come, to a session that has lost its task.

A signed one that names a task recovers its job; whatever else comes is refused in
words, and costs nothing.  A new situation is one more entry.
"""

import asyncio
import contextlib
import gzip
import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, final
from urllib.parse import urlsplit

import aiohttp
import attrs
import pytest
from aiohttp import web
from raw_server import RawServer
from situation import DONE, KEY, TASK_ID, raw

from aiomusic import JobState, MusicJob, MusicSession

pytestmark = pytest.mark.anyio

SECRET = "s-webhook-7f3aQ9zL"
NAMED = {"task_id": TASK_ID, "platform": "suno", "event": "song.completed"}
BODY = json.dumps(NAMED).encode()


@final
@attrs.frozen(kw_only=True)
class Callback:
    """
    A callback.

    Args:
        body: As it is sent.
        signed: What the signature is over; None: *body*.
        is_newer: Whether it is signed in the newer way, with a time.
        headers: Beside the signature.
    """

    body: bytes = BODY
    signed: bytes | None = None
    is_newer: bool = False
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def all_headers(self, secret: str = SECRET) -> dict[str, str]:
        signed = self.body if self.signed is None else self.signed
        if not self.is_newer:
            return {"X-Signature": _sign(signed, secret), **self.headers}
        stamp = str(int(time.time()))
        over = stamp.encode() + b"." + signed
        return {
            "X-Webhook-Signature": f"sha256={_sign(over, secret)}",
            "X-Webhook-Timestamp": stamp,
            **self.headers,
        }


def _sign(data: bytes, secret: str) -> str:
    return hmac.digest(secret.encode(), data, hashlib.sha256).hex()


def _says(**fields: object) -> Callback:
    return Callback(body=json.dumps({**NAMED, **fields}).encode())


GZIP = {"Content-Encoding": "gzip"}
HINTS: dict[str, Callback] = {
    "as documented": Callback(),
    "the newer signature": Callback(is_newer=True),
    "null fields": _says(platform=None, event=None, data=None, message=None, code=None),
    "a null clip": _says(data=[None]),
    "no platform": Callback(body=json.dumps({"task_id": TASK_ID}).encode()),
    "a platform that is a number": _says(platform=5, event=[]),
    "fields that nobody knows": _says(new={"a": [1]}, version="9"),
    "an event that nobody knows": _says(event="song.dreamt"),
    "a failure that is none": _says(event="song.failed", type="failed"),
    "camel case": Callback(body=json.dumps({"taskId": TASK_ID}).encode()),
    "the legacy form": Callback(
        body=json.dumps({"code": 200, "data": {"task_id": TASK_ID}}).encode()
    ),
    "a list of one": _says(task_id=[TASK_ID]),
    "a byte order mark": Callback(body=b"\xef\xbb\xbf" + BODY),
    "UTF-16": Callback(body=BODY.decode().encode("utf-16")),
    "a notice before": Callback(body=b"<b>Notice</b>\n" + BODY),
    "a form's type": Callback(
        headers={"Content-Type": "application/x-www-form-urlencoded"}
    ),
    "gzip, signed as sent": Callback(body=gzip.compress(BODY), headers=GZIP),
    "gzip, signed before": Callback(
        body=gzip.compress(BODY), signed=BODY, headers=GZIP
    ),
    "gzip, newer": Callback(body=gzip.compress(BODY), headers=GZIP, is_newer=True),
    "gzip said of what is plain": Callback(headers=GZIP),
    "a long body": _says(data=[{"lyrics": "la " * 100_000}]),
}
REFUSED: dict[str, tuple[Callback, str]] = {
    "no signature": (Callback(headers={"X-Signature": ""}), "no signature that fits"),
    "another body's": (Callback(signed=b"{}"), "no signature that fits"),
    "no JSON": (Callback(body=b"hello"), "no JSON with a task_id"),
    "no task": (Callback(body=b'{"event": "e"}'), "no JSON with a task_id"),
    "two tasks": (_says(task_id=[TASK_ID, "other"]), "no JSON with a task_id"),
    "too much": (Callback(body=b" " * 1_100_000 + BODY), "more than 1048576"),
}


@contextlib.asynccontextmanager
async def served(music: MusicSession) -> AsyncIterator[str]:
    """Mount the sub-application as the README does, with the bytes left as sent."""
    assert music.webhooks is not None
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.add_subapp("/hooks", music.webhooks.app())
    runner = web.AppRunner(app, access_log=None, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def lost(folder: Path) -> AsyncIterator[tuple[MusicSession, RawServer]]:
    """Open a session whose creates are answered by nothing."""
    with RawServer([raw(b"")], [DONE]) as server:
        async with MusicSession(
            KEY,
            base_url=server.url,
            journal=folder / "journal.db",
            webhook_url="https://me.example/hooks",
            webhook_secret=SECRET,
            on_exit="detach",
        ) as music:
            yield music, server


async def post(base: str, server: RawServer, call: Callback) -> tuple[int, str]:
    """Call the address that the create carried."""
    address = urlsplit(json.loads(server.posts[0])["webhook_url"])
    url = f"{base}{address.path}?{address.query}"
    headers = {**call.all_headers(), **call.headers}
    async with (
        aiohttp.ClientSession() as http_session,
        http_session.post(url, data=io.BytesIO(call.body), headers=headers) as reply,
    ):
        return reply.status, await reply.text()


async def _until_unknown(job: MusicJob[Any]) -> None:
    async for update in job.updates():
        if update.state is JobState.UNKNOWN:
            return


async def _result(job: MusicJob[Any]) -> tuple[Any, ...]:
    found: tuple[Any, ...] = await job
    return found


@pytest.mark.parametrize("call", HINTS.values(), ids=HINTS.keys())
async def test_a_signed_callback_recovers_a_lost_task(
    call: Callback, tmp_path: Path
) -> None:
    """Whatever form it has: the task itself is asked, and has the songs."""
    async with lost(tmp_path) as (music, server), served(music) as base:
        job = music.suno.create("a song")
        await _until_unknown(job)

        assert (204, "") == await post(base, server, call)

        assert 2 == len(await asyncio.wait_for(_result(job), 20))
        [record] = await music.jobs()
        assert TASK_ID == job.task_id == record.task_id
        assert 1 == len(server.posts)


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=REFUSED.keys())
async def test_any_other_callback_is_refused_in_words(
    call: Callback, words: str, tmp_path: Path
) -> None:
    """400, with why; the job waits on for one that is genuine."""
    async with lost(tmp_path) as (music, server), served(music) as base:
        job = music.suno.create("a song")
        await _until_unknown(job)

        status, text = await post(base, server, call)

        assert 400 == status
        assert words in text
        assert JobState.UNKNOWN is job.state
        assert not any("/task/" in line for line in server.requests)
        assert 204 == (await post(base, server, Callback()))[0]
        assert 2 == len(await asyncio.wait_for(_result(job), 20))
