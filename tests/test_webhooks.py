"""A callback is verified, and then no more than a hint to poll a task."""

import asyncio
import base64
import collections
import gzip
import hashlib
import hmac
import io
import json
import logging
import socket
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import attrs
import pytest
from aiohttp import web
from stopped import StoppedClock
from yarl import URL

from aiomusic import (
    Calling,
    JobCancelled,
    JobState,
    MusicJob,
    MusicSession,
    Polled,
    SubmissionUnknown,
    nuro,
    suno,
    wait_all,
)
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import Entry, Limits
from aiomusic.journal.sqlite import SqliteJournal
from aiomusic.testing import AutojumpClock
from aiomusic.webhooks import Callbacks, Event, InvalidSignature, SessionNotOpen, verify

pytestmark = pytest.mark.anyio

SECRET = "s-webhook-7f3a"
NOW = 1_760_000_000
BODY = b'{"task_id": "t-1", "platform": "suno", "event": "song.completed"}'
EVENT = Event(task_id="t-1", platform="suno", name="song.completed")
# Longer than any test: only a callback makes a session poll before.
NEVER_S = 3600.0
LYRICS = "[Verse]\nPaper boats along the river, one for every day\n"


def older(raw: bytes = BODY, secret: str = SECRET) -> bytes:
    return hmac.digest(secret.encode(), raw, hashlib.sha256)


def newer(raw: bytes = BODY, secret: str = SECRET, at: object = NOW) -> bytes:
    signed = f"{at}.".encode() + raw
    return hmac.digest(secret.encode(), signed, hashlib.sha256)


def with_stamp(signature: str, at: object = NOW) -> dict[str, str]:
    return {"X-Webhook-Signature": signature, "X-Webhook-Timestamp": f"{at}"}


def base64_of(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


SIGNED = {
    "older, hex": {"X-Signature": older().hex()},
    "older, hex, prefix": {"X-Signature": f"sha256={older().hex()}"},
    "older, upper-case hex": {"X-Signature": older().hex().upper()},
    "older, base64": {"X-Signature": base64_of(older())},
    "older, spaces around": {"X-Signature": f" {older().hex()} "},
    "older, lower-case name": {"x-signature": older().hex()},
    "newer, hex": with_stamp(newer().hex()),
    "newer, hex, prefix": with_stamp(f"sha256={newer().hex()}"),
    "newer, base64": with_stamp(base64_of(newer())),
    "newer, base64, prefix": with_stamp(f"sha256={base64_of(newer())}"),
    "both": {"X-Signature": older().hex(), **with_stamp(newer().hex())},
}


@pytest.mark.parametrize("headers", SIGNED.values(), ids=SIGNED.keys())
def test_a_signed_callback_is_read(headers: Mapping[str, str]) -> None:
    """Both generations, in both encodings."""
    assert EVENT == verify(headers, BODY, SECRET, now=NOW)


UNSIGNED = {
    "no header": {},
    "empty": {"X-Signature": ""},
    "prefix alone": {"X-Signature": "sha256="},
    "another secret": {"X-Signature": older(secret="other").hex()},
    "another body": {"X-Signature": older(b"{}").hex()},
    "older over the newer text": {"X-Signature": newer().hex()},
    "newer over the older text": with_stamp(older().hex()),
    "newer, another secret": with_stamp(newer(secret="other").hex()),
    "newer, another time": with_stamp(newer(at=NOW - 1).hex()),
    "newer, no time": {"X-Webhook-Signature": newer().hex()},
    "newer wrong, older right": {
        "X-Signature": older().hex(),
        **with_stamp("sha256=00"),
    },
    "not hex": {"X-Signature": "zz" * 32},
    "odd hex": {"X-Signature": "abc"},
    "not ASCII": {"X-Signature": "é" * 64},
    "bytes that are no text": {"X-Signature": "\udcff" * 64},
    "time that is no number": with_stamp(newer(at="soon").hex(), "soon"),
    "time below zero": with_stamp(newer(at="-1").hex(), "-1"),
    "time with a fraction": with_stamp(newer(at=f"{NOW}.0").hex(), f"{NOW}.0"),
    "time in other digits": with_stamp(newer(at="\u0661\u0667").hex(), "\u0661\u0667"),
    "time that is no text": with_stamp(newer().hex(), "\udcff"),
    "time without end": with_stamp(newer(at="9" * 5_000).hex(), "9" * 5_000),
}


@pytest.mark.parametrize("headers", UNSIGNED.values(), ids=UNSIGNED.keys())
def test_what_is_not_signed_with_the_secret_is_forged(
    headers: Mapping[str, str],
) -> None:
    """Whatever stands in the headers ends in one error."""
    with pytest.raises(InvalidSignature, match="no signature that fits"):
        verify(headers, BODY, SECRET, now=NOW)


def test_no_part_of_a_signature_is_enough() -> None:
    """All of its bytes count: none may be cut, changed or added."""
    right = older()
    near = [right[:n] for n in range(32)]
    near += [bytes(b ^ (n == i) for i, b in enumerate(right)) for n in range(32)]
    near += [right + b"\0", b"\0" + right, right * 2]

    refused = 0
    for digest in near:
        for spelt in (digest.hex(), base64_of(digest)):
            with pytest.raises(InvalidSignature, match="no signature"):
                verify({"X-Signature": spelt}, BODY, SECRET, now=NOW)
            refused += 1

    assert 2 * (32 + 32 + 3) == refused


def test_signatures_are_compared_in_constant_time() -> None:
    """How long a refusal takes must not tell how much of a guess was right."""
    compared: list[object] = []

    def note(_frame: object, event: str, called: object) -> None:
        if event == "c_call" and called is hmac.compare_digest:
            compared.append(called)

    sys.setprofile(note)
    try:
        verify({"X-Signature": older().hex()}, BODY, SECRET, now=NOW)
        verify(with_stamp(newer().hex()), BODY, SECRET, now=NOW)
    finally:
        sys.setprofile(None)

    assert 2 <= len(compared)


def test_an_empty_secret_signs_nothing() -> None:
    """Anybody has it."""
    headers = {"X-Signature": older(secret="").hex()}

    with pytest.raises(InvalidSignature, match="no signature that fits"):
        verify(headers, BODY, "", now=NOW)


@pytest.mark.parametrize(
    ("age_s", "is_fresh"),
    [(0, True), (300, True), (-300, True), (301, False), (-7200, False), (1e9, False)],
)
def test_a_callback_by_another_clock_is_a_hint(age_s: float, *, is_fresh: bool) -> None:
    """However far its signed time is off, it is taken, and says so."""
    at = int(NOW - age_s)

    found = verify(with_stamp(newer(at=at).hex(), at), BODY, SECRET, now=NOW)

    assert EVENT == found
    assert (age_s, is_fresh) == (found.age_s, found.is_fresh)


def test_the_older_signature_holds_no_time() -> None:
    """A time beside it is not signed, so it is not known to be fresh."""
    headers = {"X-Signature": older().hex(), "X-Webhook-Timestamp": f"{NOW}"}

    found = verify(headers, BODY, SECRET, now=NOW)

    assert (None, False) == (found.age_s, found.is_fresh)


def test_a_body_of_a_mebibyte_is_the_largest() -> None:
    """One byte more is refused before anything is computed over it."""
    most = BODY[:-1] + b" " * (1024 * 1024 - len(BODY)) + b"}"

    found = verify({"X-Signature": older(most).hex()}, most, SECRET, now=NOW)

    assert EVENT == found
    with pytest.raises(InvalidSignature, match="1048577 bytes, more than 1048576"):
        verify({"X-Signature": older(most + b" ").hex()}, most + b" ", SECRET, now=NOW)


GARBAGE = {
    "empty": b"",
    "no JSON": b"task_id=t-1",
    "no UTF-8": b"\xff\xfe{",
    "a number": b"1",
    "a text": b'"task_id event"',
    "a list": b'["task_id", "event"]',
    "nothing": b"null",
    "no task": b'{"event": "song.completed"}',
    "two tasks": b'{"task_id": ["t-1", "t-2"], "event": "song.completed"}',
    "a task and another": b'{"task_id": "t-1", "taskId": "t-2"}',
    "a task that is true": b'{"task_id": true, "event": "song.completed"}',
    "a task that is null": b'{"task_id": null, "event": "song.completed"}',
    "a task that is empty": b'{"task_id": ""}',
    "a task of a fraction": b'{"task_id": 1.5}',
    "a task without end": b'{"task_id": "' + b"t" * 513 + b'"}',
    "a number without end": b'{"task_id": ' + b"1" * 5_000 + b"}",
    "half a character": rb'{"task_id": "\ud800"}',
    "a control character": rb'{"task_id": "t\u0000"}',
    "deep": b'{"task_id":' + b"[" * 100_000,
    "deep, and closed": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("raw", GARBAGE.values(), ids=GARBAGE.keys())
def test_signed_garbage_is_refused_too(raw: bytes) -> None:
    """The error says that the signature was right and the body was not."""
    with pytest.raises(InvalidSignature, match="is signed, but"):
        verify({"X-Signature": older(raw).hex()}, raw, SECRET, now=NOW)


HINTS = {
    "more than is known": b'{"event":"song.failed","task_id":"t-1","new":{"x":[1]}}',
    "no event": b'{"task_id": "t-1"}',
    "null event": b'{"task_id": "t-1", "event": null, "platform": "suno"}',
    "null platform": b'{"task_id": "t-1", "event": "e", "platform": null}',
    "a platform that is no text": b'{"task_id":"t-1","event":"e","platform":[]}',
    "an event that is no text": b'{"task_id": "t-1", "event": {}}',
    "null data": b'{"task_id": "t-1", "data": null, "code": null, "message": null}',
    "a null entry": b'{"task_id": "t-1", "data": [null], "event": "e"}',
    "another spelling": b'{"taskId": "t-1", "event": "e"}',
    "the legacy form": b'{"code": 200, "data": {"task_id": "t-1"}}',
    "a list of one": b'{"task_id": ["t-1"], "event": "e"}',
    "a mark before": b'\xef\xbb\xbf{"task_id": "t-1"}',
    "a notice before": b'<b>Notice</b>{"task_id": "t-1"}',
    "UTF-16": '{"task_id": "t-1"}'.encode("utf-16"),
    "not a number": b'{"task_id": "t-1", "duration": NaN}',
    "half a character beside it": rb'{"task_id": "t-1", "title": "\ud800"}',
}


@pytest.mark.parametrize("raw", HINTS.values(), ids=HINTS.keys())
def test_the_id_suffices(raw: bytes) -> None:
    """What is not needed is not asked for, and is empty if it is no text."""
    found = verify({"X-Signature": older(raw).hex()}, raw, SECRET, now=NOW)

    assert "t-1" == found.task_id
    assert {"", "suno"} >= {found.platform}
    assert {"", "e", "song.failed"} >= {found.name}


def test_an_id_may_be_as_long_as_that_of_a_create() -> None:
    """What a create accepts, its callback may name."""
    raw = b'{"task_id": "' + b"t" * 512 + b'"}'

    found = verify({"X-Signature": older(raw).hex()}, raw, SECRET, now=NOW)

    assert "t" * 512 == found.task_id


def test_an_id_may_be_a_number() -> None:
    """It is read as the reply to a create is."""
    raw = b'{"task_id": 12345678901234567890, "event": "e"}'

    found = verify({"X-Signature": older(raw).hex()}, raw, SECRET, now=NOW)

    assert "12345678901234567890" == found.task_id


CODED = {
    "gzip": ("gzip", gzip.compress(BODY)),
    "x-gzip": ("X-GZIP", gzip.compress(BODY)),
    "deflate": ("deflate", zlib.compress(BODY)),
    "decoded by the server": ("gzip", BODY),
    "deflate, decoded by the server": ("deflate", BODY),
}


@pytest.mark.parametrize("is_over_coded", [True, False], ids=["coded", "plain"])
@pytest.mark.parametrize(("coding", "raw"), CODED.values(), ids=CODED.keys())
def test_the_signature_may_be_over_either_form(
    coding: str, raw: bytes, *, is_over_coded: bool
) -> None:
    """Over the bytes that came, or over what they hold."""
    signature = older(raw if is_over_coded else BODY).hex()
    headers = {"Content-Encoding": coding, "X-Signature": signature}

    assert EVENT == verify(headers, raw, SECRET, now=NOW)


BROKEN = {
    "no gzip": b"\x1f\x8b nonsense",
    "cut gzip": gzip.compress(BODY)[:-9],
    "too much": gzip.compress(b" " * 2_000_000),
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_coding_is_refused(raw: bytes) -> None:
    """Signed or not."""
    headers = {"Content-Encoding": "gzip", "X-Signature": older(raw).hex()}

    with pytest.raises(InvalidSignature, match="The callback"):
        verify(headers, raw, SECRET, now=NOW)


@attrs.define
class Heard:
    """Keeps what receivers pass on."""

    events: list[tuple[str | None, Event]] = attrs.field(factory=list)
    attempts: list[int] = attrs.field(factory=list)

    async def __call__(self, job_key: str | None, attempt: int, event: Event) -> None:
        self.attempts.append(attempt)
        self.events.append((job_key, event))


def hooks(heard: Heard) -> Callbacks:
    return Callbacks("https://me.test/hooks/", SECRET, heard, AutojumpClock())


async def test_handle_takes_a_callback_from_any_framework() -> None:
    """Headers, the raw body, and the key that the path ended with."""
    heard = Heard()
    headers = {"X-Signature": older().hex()}

    token = hooks(heard).token("one")
    await hooks(heard).handle(headers, BODY, job_key="one", token=token)
    await hooks(heard).handle(headers, BODY)
    with pytest.raises(InvalidSignature, match="no signature"):
        await hooks(heard).handle({}, BODY, job_key="one")

    assert [("one", EVENT), (None, EVENT)] == heard.events


def test_a_create_carries_its_key_in_the_address() -> None:
    """Quoted, so that any key is one part of the path; with what proves it is ours."""
    fields = hooks(Heard()).fields("a/b 50%ü")
    token = hooks(Heard()).token("a/b 50%ü")

    assert 32 == len(token)
    assert {
        "webhook_url": f"https://me.test/hooks/a%2Fb%2050%25%C3%BC?token={token}",
        "webhook_secret": SECRET,
    } == fields


KEYS = ("one", "a/b", "50%41", "ü ?#&", "{x}", "a%2Fb", "..x", "+")


@pytest.mark.parametrize("key", KEYS)
async def test_the_sub_application_gives_every_key_back(key: str) -> None:
    """Over a real socket, from the address that the create carried."""
    heard = Heard()
    taken = hooks(heard)

    async with served(taken) as url:
        address = f"{url}/{quote(key, safe='')}?token={taken.token(key)}"
        status = await post(address, {"X-Signature": older().hex()}, BODY)

    assert 204 == status
    assert [(key, EVENT)] == heard.events


async def test_the_sub_application_refuses_what_is_forged() -> None:
    """400 for a wrong signature, for too many bytes, and for a strange time."""
    heard = Heard()
    large = b"x" * (1024 * 1024 + 1)

    async with served(hooks(heard)) as url:
        statuses = [
            await post(f"{url}/one", {}, BODY),
            await post(f"{url}/one", {"X-Signature": older(large).hex()}, large),
            await post(f"{url}/one", with_stamp("00", "9" * 5_000), BODY),
            await post(f"{url}/", {"X-Signature": older().hex()}, BODY),
        ]

    assert [400, 400, 400, 204] == statuses
    assert [(None, EVENT)] == heard.events


def proof(key: str, attempt: int = 1) -> dict[str, bytes]:
    """Return the query of the address that a create of a key carried."""
    url = str(hooks(Heard()).fields(key, attempt)["webhook_url"])
    return {"query_string": url.partition("?")[2].encode()}


async def drive(
    app: Callbacks,
    scope: Mapping[str, object],
    chunks: tuple[bytes, ...] = (BODY,),
    signature: str | None = None,
) -> int:
    """Call an ASGI application as a server does, and give the status it answers."""
    sent: list[MutableMapping[str, Any]] = []
    parts: collections.deque[dict[str, object]] = collections.deque(
        {"type": "http.request", "body": chunk, "more_body": n < len(chunks)}
        for n, chunk in enumerate(chunks, 1)
    )

    async def receive() -> MutableMapping[str, Any]:
        return dict(parts.popleft())

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    raw = older(b"".join(chunks)).hex() if signature is None else signature
    whole = {
        "type": "http",
        "method": "POST",
        "headers": [(b"x-signature", raw.encode())],
        **scope,
    }
    await app.asgi(whole, receive, send)

    assert ["http.response.start", "http.response.body"] == [m["type"] for m in sent]
    status: int = sent[0]["status"]
    return status


@pytest.mark.parametrize("key", KEYS)
async def test_the_asgi_application_gives_every_key_back(key: str) -> None:
    """The raw path is quoted as it was sent; the path is unquoted already."""
    heard = Heard()
    raw_path = f"/hooks/{quote(key, safe='')}".encode()
    scope = {"path": f"/hooks/{key}", "raw_path": raw_path, **proof(key)}

    status = await drive(hooks(heard), scope)

    assert 204 == status
    assert [(key, EVENT)] == heard.events


async def test_the_asgi_application_does_without_a_raw_path() -> None:
    """Servers may leave it out, and what is left is unquoted once, not twice."""
    heard = Heard()

    await drive(hooks(heard), {"path": "/hooks/50%41", **proof("50%41")})
    await drive(hooks(heard), {"path": "/"})

    assert ["50%41", None] == [key for key, _ in heard.events]


async def test_the_asgi_application_joins_a_body_in_pieces() -> None:
    """The signature is over all of it."""
    heard = Heard()

    scope = {"path": "/one", **proof("one")}
    status = await drive(hooks(heard), scope, (BODY[:9], b"", BODY[9:20], BODY[20:]))

    assert 204 == status
    assert [("one", EVENT)] == heard.events


async def test_the_asgi_application_refuses_what_is_no_callback() -> None:
    """A forged one, a large one that is not read to its end, and other methods."""
    heard = Heard()
    pieces = (b"x" * 600_000,) * 40

    statuses = [
        await drive(hooks(heard), {"path": "/one"}, signature="00"),
        await drive(hooks(heard), {"path": "/one"}, pieces),
        await drive(hooks(heard), {"path": "/one", "method": "GET"}),
    ]

    assert [400, 400, 405] == statuses
    assert [] == heard.events
    with pytest.raises(ValueError, match="not websocket"):
        await drive(hooks(heard), {"type": "websocket", "path": "/one"})


async def post(url: str, headers: Mapping[str, str], raw: bytes) -> int:
    """POST once over a real socket."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            URL(url, encoded=True), data=io.BytesIO(raw), headers=headers
        ) as reply,
    ):
        return reply.status


@asynccontextmanager
async def served(
    taken: Callbacks, port: socket.socket | None = None, *, auto_decompress: bool = True
) -> AsyncIterator[str]:
    """Mount the sub-application below a path, as a user does."""
    bound = loopback() if port is None else port
    app = web.Application()
    app.add_subapp("/hooks", taken.app())
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=0, auto_decompress=auto_decompress
    )
    await runner.setup()
    await web.SockSite(runner, bound).start()
    try:
        yield address(bound)
    finally:
        await runner.cleanup()


def loopback() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def address(bound: socket.socket) -> str:
    return f"http://127.0.0.1:{bound.getsockname()[1]}/hooks"


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    """Yield an API whose tasks end when they are told to."""
    pace = Pace.seconds(pending=0.0, running=NEVER_S)
    async with Emulator(pace=pace, media=False) as api:
        yield api


@asynccontextmanager
async def called_back(api: Emulator, **options: object) -> AsyncIterator[MusicSession]:
    """Open a session whose callbacks arrive over a real socket."""
    bound = loopback()
    settings: dict[str, Any] = {
        "api_key": api.key,
        "base_url": api.url,
        "webhook_url": address(bound),
        "webhook_secret": SECRET,
        "poll_every_s": NEVER_S,
        "on_exit": "detach",
    }
    music = MusicSession(**{**settings, **options})
    assert music.webhooks is not None
    async with served(music.webhooks, bound), music:
        yield music


async def reach(job: MusicJob[Any], *states: JobState) -> None:
    async for update in job.updates():
        if update.state in states:
            return


async def hint(
    music: MusicSession,
    task_id: str,
    key: str | None,
    *,
    platform: str = "suno",
    event: str = "song.completed",
    attempt: int = 1,
    at: int | None = None,
) -> None:
    """Hand a callback in that is signed as it should be, maybe by another clock."""
    body = {"task_id": task_id, "platform": platform, "event": event}
    raw = json.dumps(body).encode()
    assert music.webhooks is not None
    headers = {"X-Signature": older(raw).hex()}
    if at is not None:
        headers = with_stamp(newer(raw, at=at).hex(), at)
    token = None if key is None else music.webhooks.token(key, attempt)
    await music.webhooks.handle(headers, raw, job_key=key, attempt=attempt, token=token)


async def settled(music: MusicSession, key: str, state: JobState) -> None:
    """Wait until the journal has a job in a state."""
    while not any((r.key, r.state) == (key, state) for r in await music.jobs()):
        await asyncio.sleep(0)


def only_task(api: Emulator) -> str:
    (task_id,) = api.tasks
    return task_id


def statuses(api: Emulator) -> list[int | None]:
    return [delivery.status for delivery in api.deliveries]


async def test_a_callback_makes_one_poll_and_ends_the_job(api: Emulator) -> None:
    """Long before the next poll was due."""
    async with called_back(api) as music:
        job = music.suno.create("paper boats", key="one")
        await reach(job, JobState.PENDING)
        assert 0 == api.polls
        await api.finish()
        clips = await job
        await api.webhooks_idle()

    assert 2 == len(clips)
    assert (1, [204]) == (api.polls, statuses(api))
    assert "/hooks/one?token=" in api.deliveries[0].url


async def test_a_callback_that_another_thread_takes_ends_the_job(
    api: Emulator,
) -> None:
    """Web servers often run in one of their own: it is handed to the session's loop."""
    async with called_back(api) as music, asyncio.timeout(60):
        job = music.suno.create("paper boats", key="one")
        await reach(job, JobState.PENDING)
        api.fault("lost", on="webhook", times=None)
        await api.finish()
        task_id, loop = only_task(api), asyncio.get_running_loop()
        # So it raises where it is called from another thread.
        loop.set_debug(True)
        await asyncio.to_thread(lambda: asyncio.run(hint(music, task_id, "one")))
        clips = await job
        loop.set_debug(False)

    assert (2, 1) == (len(clips), api.polls)


@pytest.mark.parametrize("off_s", [3600, 7200, -3600, -7200])
async def test_a_callback_that_is_hours_off_makes_its_task_be_polled(
    api: Emulator, off_s: int
) -> None:
    """A server that keeps local time signs an hour or two beside the truth."""
    async with called_back(api) as music:
        job = music.suno.create("paper boats", key="one")
        await reach(job, JobState.PENDING)
        api.fault("lost", on="webhook", times=None)
        await api.finish()
        await hint(music, only_task(api), "one", at=int(time.time()) + off_s)
        clips = await job

    assert (2, 1) == (len(clips), api.polls)


@pytest.mark.slow
async def test_jobs_end_by_their_callbacks_at_the_services_own_pace() -> None:
    """Ten tasks by the clock: ten callbacks, ten polls, no more."""
    pace = Pace.seconds(pending=0.02, running=0.05, spread=0.3)
    async with Emulator(pace=pace, media=False) as api, called_back(api) as music:
        jobs = [music.suno.create(f"song {n}") for n in range(10)]
        ends = await asyncio.gather(*jobs)
        await api.webhooks_idle()

    assert [2] * 10 == [len(clips) for clips in ends]
    assert (10, [204] * 10) == (api.polls, statuses(api))


async def test_a_callback_that_says_what_is_not_so_is_not_believed(
    api: Emulator,
) -> None:
    """It says completed, or failed; the poll says running, and the poll counts."""
    async with called_back(api) as music:
        job = music.suno.create("paper boats", key="one")
        await reach(job, JobState.PENDING)
        assert job.task_id is not None
        await hint(music, job.task_id, "one", event="song.failed")
        await reach(job, JobState.RUNNING)

        assert not job.done()
        assert 1 == api.polls


async def test_a_callback_without_a_key_finds_its_job_by_the_task(
    api: Emulator,
) -> None:
    """A framework may not pass the path on; only a lost task id needs it."""
    async with called_back(api) as music:
        job = music.suno.create("paper boats")
        await reach(job, JobState.PENDING)
        assert job.task_id is not None
        await hint(music, job.task_id, None)
        await reach(job, JobState.RUNNING)

    assert 1 == api.polls


@pytest.mark.slow
@pytest.mark.parametrize("is_kept", [True, False], ids=["journal", "no journal"])
async def test_a_callback_that_is_early_is_kept_for_its_create(
    tmp_path: Path, *, is_kept: bool
) -> None:
    """It comes before the create has heard its own answer; the poll follows that."""
    options = {"journal": tmp_path / "songs.db"} if is_kept else {}
    async with (
        Emulator(pace=Pace.seconds(0.0, 0.01), media=False) as api,
        called_back(api, **options) as music,
    ):
        api.fault("slow", on="create", seconds=0.3)
        job = music.suno.create("paper boats")
        while not api.deliveries:
            await asyncio.sleep(0)
        clips = await job

    assert 2 == len(clips)
    assert (1, [204]) == (api.polls, statuses(api))


async def test_a_callback_while_the_task_id_is_stored_is_not_lost(
    api: Emulator, tmp_path: Path
) -> None:
    """Wherever it falls between the answer and the journal, a poll follows."""
    async with called_back(api, journal=tmp_path / "songs.db") as music:
        job = music.suno.create("paper boats", key="one")
        while not api.tasks:
            await asyncio.sleep(0)
        async with asyncio.TaskGroup() as tasks:
            # One for each turn of the loop until the job has its task id.
            while job.task_id is None:
                tasks.create_task(hint(music, only_task(api), "one"))
                await asyncio.sleep(0)
        await reach(job, JobState.RUNNING)

    assert 1 <= api.polls


async def test_a_callback_that_is_late_changes_nothing(api: Emulator) -> None:
    """Its job is over; the receiver says thanks, and nobody polls."""
    api.fault("late", on="webhook", seconds=0.05)

    async with called_back(api, poll_every_s=0.001) as music:
        job = music.suno.create("paper boats")
        await reach(job, JobState.PENDING)
        await api.finish()
        await job
        polls = api.polls
        await api.webhooks_idle()

        assert (polls, [204]) == (api.polls, statuses(api))


async def test_a_callback_that_comes_twice_makes_one_poll(api: Emulator) -> None:
    """The second finds the poll under way, or the job over."""
    api.fault("twice", on="webhook")

    async with called_back(api) as music:
        job = music.suno.create("paper boats")
        await reach(job, JobState.PENDING)
        await api.finish()
        clips = await job
        await api.webhooks_idle()

    assert 2 == len(clips)
    assert (1, [204, 204]) == (api.polls, statuses(api))


async def test_many_callbacks_at_once_make_one_poll(api: Emulator) -> None:
    """Hints that nobody has followed yet are one hint."""
    async with called_back(api) as music:
        job = music.suno.create("paper boats", key="one")
        await reach(job, JobState.PENDING)
        assert job.task_id is not None
        for _ in range(50):
            await hint(music, job.task_id, "one")
        await reach(job, JobState.RUNNING)

    assert 1 == api.polls


async def test_callbacks_out_of_order_are_harmless(api: Emulator) -> None:
    """The first comes after the second; each ends its own job."""
    api.fault("out_of_order", on="webhook")

    async with called_back(api) as music:
        jobs = [music.suno.create(f"song {n}", key=f"{n}") for n in range(2)]
        for job in jobs:
            await reach(job, JobState.PENDING)
        await api.finish(*[job.task_id for job in jobs if job.task_id])
        ends = await asyncio.gather(*jobs)

    assert [2, 2] == [len(clips) for clips in ends]
    assert [jobs[1].task_id, jobs[0].task_id] == [d.task_id for d in api.deliveries]
    assert 2 == api.polls


async def test_a_forged_callback_is_refused_and_nobody_polls(api: Emulator) -> None:
    """A true one still ends the job."""
    api.fault("forged", on="webhook")

    async with called_back(api) as music:
        job = music.suno.create("paper boats", key="one")
        await reach(job, JobState.PENDING)
        await api.finish()
        await api.webhooks_idle()
        assert ([400], 0, False) == (statuses(api), api.polls, job.done())
        assert job.task_id is not None
        await hint(music, job.task_id, "one")

        assert 2 == len(await job)


async def test_a_callback_for_another_jobs_task_is_dropped(api: Emulator) -> None:
    """One key with the other's task: neither is looked at, and neither is lost."""
    async with called_back(api) as music:
        one, two = [music.suno.create(f"song {k}", key=k) for k in ("1", "2")]
        for job in (one, two):
            await reach(job, JobState.PENDING)
        assert one.task_id is not None
        assert two.task_id is not None
        await hint(music, one.task_id, "2")
        await hint(music, two.task_id, "1")
        await hint(music, "never-heard-of", "1")
        await hint(music, one.task_id, "1")
        await reach(one, JobState.RUNNING)

        assert (1, JobState.PENDING) == (api.polls, two.state)


async def test_an_unknown_job_does_not_take_another_jobs_task(
    api: Emulator, tmp_path: Path
) -> None:
    """Neither that of a job that is open, nor that of one that is over."""
    async with called_back(api, journal=tmp_path / "songs.db") as music:
        over = music.suno.create("over", key="over")
        await reach(over, JobState.PENDING)
        await api.finish()
        await over
        still = music.suno.create("open", key="open")
        await reach(still, JobState.PENDING)
        api.fault("drop_after_body", on="create")
        lost = music.suno.create("lost", key="lost")
        await reach(lost, JobState.UNKNOWN)
        assert over.task_id is not None
        assert still.task_id is not None

        await hint(music, over.task_id, "lost")
        await hint(music, still.task_id, "lost")
        assert lost.task_id is None
        await api.finish(list(api.tasks)[-1])
        await lost

    assert list(api.tasks)[-1] == lost.task_id


@pytest.mark.parametrize("is_kept", [True, False], ids=["journal", "no journal"])
async def test_a_callback_for_a_key_that_nobody_has_is_harmless(
    api: Emulator, tmp_path: Path, *, is_kept: bool
) -> None:
    """It may be another program's, or that of a journal that is gone."""
    options = {"journal": tmp_path / "songs.db"} if is_kept else {}
    async with called_back(api, **options) as music:
        await hint(music, "t-1", "nobody")
        await hint(music, "t-1", None)
        found = await music.jobs()

    assert [] == found
    assert 0 == api.polls


async def test_a_callback_to_a_session_that_is_closed_is_to_come_again(
    api: Emulator,
) -> None:
    """Before it is entered, and after it is left."""
    music = MusicSession(
        "k",
        base_url=api.url,
        webhook_url="http://127.0.0.1/hooks",
        webhook_secret=SECRET,
    )

    with pytest.raises(SessionNotOpen, match="call again"):
        await hint(music, "t-1", "one")
    async with music:
        pass
    with pytest.raises(SessionNotOpen, match="call again"):
        await hint(music, "t-1", "one")

    assert 0 == api.polls


REQUESTS: dict[str, suno.Create | nuro.CreateVocal] = {
    "suno": suno.Create("paper boats"),
    "nuro": nuro.CreateVocal(LYRICS * 6),
}


@pytest.mark.parametrize("is_kept", [True, False], ids=["journal", "no journal"])
@pytest.mark.parametrize("provider", REQUESTS)
async def test_an_unknown_job_is_recovered(
    api: Emulator, tmp_path: Path, provider: str, *, is_kept: bool
) -> None:
    """The callback of a create whose answer was lost brings its task, and its clips."""
    api.fault("drop_after_body", on="create")
    options = {"journal": tmp_path / "songs.db"} if is_kept else {}
    async with called_back(api, **options) as music:
        request = REQUESTS[provider]
        job = music.submit(request)
        await reach(job, JobState.UNKNOWN)
        assert (None, False) == (job.task_id, job.done())
        # Leaving the session would not wait for it.
        assert music._engine is not None
        assert set() == music._engine.admission._sending
        await api.finish()
        clips = await job

    assert request.CLIPS == len(clips)
    assert (only_task(api), JobState.SUCCEEDED) == (job.task_id, job.state)
    assert (1, 1) == (api.submissions, api.polls)
    assert request.cost == api.charged


async def test_what_is_recovered_is_not_taken_for_quick(api: Emulator) -> None:
    """Its task's id came at its end, and tells nothing of when it began."""
    api.fault("drop_after_body", on="create", times=3)
    clock = StoppedClock()
    async with called_back(api, clock=clock) as music:
        lost = [music.suno.create("lost") for _ in range(3)]
        for job in lost:
            await reach(job, JobState.UNKNOWN)
        clock.advance(100.0)
        await api.finish()
        await wait_all(lost)
        later = music.suno.create("later")
        await reach(later, JobState.PENDING)
        eta = later.eta

    assert eta is not None
    assert eta[0] > 3.0


async def test_a_job_that_waits_for_its_task_holds_the_limits(api: Emulator) -> None:
    """It may be in flight, and may be paid for, until a callback tells."""
    api.fault("drop_after_body", on="create")
    async with called_back(api, concurrency=1, max_credits=20) as music:
        lost = music.suno.create("lost")
        await reach(lost, JobState.UNKNOWN)
        queued = music.suno.create("queued")
        await api.finish()
        await lost
        await reach(queued, JobState.PENDING)

    assert 1 == api.peak_in_flight


async def test_a_job_that_nobody_calls_back_for_ends_unknown(
    api: Emulator,
) -> None:
    """After ten minutes; it is not sent again."""
    api.fault("drop_after_body", on="create")
    clock = AutojumpClock()
    async with called_back(api, clock=clock) as music:
        job = music.suno.create("lost")
        with pytest.raises(SubmissionUnknown, match="not sent again") as caught:
            await job

    assert "unknown" == caught.value.charged
    assert 600 <= clock.now()
    assert 1 == api.submissions


async def test_a_job_waits_no_longer_for_a_callback_than_it_may_take(
    api: Emulator,
) -> None:
    """Where the session says so."""
    api.fault("drop_after_body", on="create")
    clock = AutojumpClock()
    async with called_back(api, clock=clock, job_timeout_s=60) as music:
        with pytest.raises(SubmissionUnknown, match="not sent again"):
            await music.suno.create("lost")

    assert 60 <= clock.now() < 70


async def test_leaving_a_job_that_waits_for_its_task_does_not_call_it_unpaid(
    api: Emulator, tmp_path: Path
) -> None:
    """It may be charged, counts as paid, and its key does not buy it twice."""
    api.fault("drop_after_body", on="create")
    file = tmp_path / "songs.db"
    async with called_back(api, journal=file) as music:
        job = music.suno.create("lost", key="one")
        await reach(job, JobState.UNKNOWN)

    with pytest.raises(SubmissionUnknown, match="may have been charged") as caught:
        await job
    assert "unknown" == caught.value.charged
    async with called_back(api, journal=file) as music:
        (record,) = await music.jobs()
        assert ("unknown", "unknown") == (record.state, record.charged)
        with pytest.raises(SubmissionUnknown, match="may have been charged"):
            await music.suno.create("lost", key="one")
    assert 1 == api.submissions


async def test_a_session_without_a_journal_keeps_its_unknown_jobs_counted(
    api: Emulator,
) -> None:
    """Entered again, it has no credits that it may have spent."""
    api.fault("drop_after_body", on="create")
    settings = {"max_credits": 10, "webhook_url": "http://127.0.0.1:9/hooks"}
    music = MusicSession(
        api.key,
        base_url=api.url,
        webhook_secret=SECRET,
        on_exit="detach",
        **settings,  # type: ignore[arg-type]
    )
    async with music:
        lost = music.suno.create("lost")
        await reach(lost, JobState.UNKNOWN)
    async with music:
        with pytest.raises(Exception, match="10 of max_credits=10 are spent"):
            await music.suno.create("two")

    assert 1 == api.submissions


def test_a_key_that_was_unknown_can_be_used_under_another_loop() -> None:
    """What a session expected before it was left is forgotten with its loop."""

    async def once(music: MusicSession, api: Emulator) -> None:
        api.fault("drop_after_body", on="create")
        async with music:
            job = music.suno.create("lost", key="one")
            await reach(job, JobState.UNKNOWN)
            # The purchase that the first loop lost still counts, so this is the second.
            await hint(music, list(api.tasks)[-1], "one", attempt=2)
            await reach(job, JobState.PENDING, JobState.RUNNING)

    async def left(music: MusicSession, api: Emulator) -> None:
        api.fault("drop_after_body", on="create")
        async with music:
            await reach(music.suno.create("lost", key="one"), JobState.UNKNOWN)

    async def serve(work: Callable[[MusicSession, Emulator], Any]) -> None:
        pace = Pace.seconds(pending=0.0, running=NEVER_S)
        async with Emulator(pace=pace, media=False, api_key="k", port=port) as api:
            await work(music, api)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    music = MusicSession(
        "k",
        base_url=f"http://127.0.0.1:{port}",
        webhook_url="http://127.0.0.1:9/hooks",
        webhook_secret=SECRET,
        poll_every_s=NEVER_S,
        on_exit="detach",
    )

    asyncio.run(serve(left))
    asyncio.run(serve(once))


async def test_a_job_that_waits_for_its_task_can_be_cancelled(api: Emulator) -> None:
    """The error does not say that it has a task, or what it costs."""
    api.fault("drop_after_body", on="create")
    async with called_back(api) as music:
        job = music.suno.create("lost", key="one")
        await reach(job, JobState.UNKNOWN)
        job.cancel()
        with pytest.raises(JobCancelled, match="If the service has it") as caught:
            await job
        assert "unknown" == caught.value.charged

    assert 1 == api.submissions


async def left_unknown(api: Emulator, file: Path) -> None:
    """Buy a song as job ``one``, lose the answer, and leave."""
    api.fault("drop_after_body", on="create")
    async with called_back(api, journal=file) as music:
        job = music.suno.create("lost", key="one", metadata={"chat": 7})
        await reach(job, JobState.UNKNOWN)


@pytest.mark.parametrize("is_resumed", [True, False], ids=["resumed", "not resumed"])
async def test_a_callback_revives_a_job_of_an_earlier_session(
    api: Emulator, tmp_path: Path, *, is_resumed: bool
) -> None:
    """The journal has it as unknown; its task is followed to its clips, unpaid."""
    file = tmp_path / "songs.db"
    await left_unknown(api, file)
    async with called_back(api, journal=file) as music:
        if is_resumed:
            (known,) = await music.resume()
            assert (JobState.UNKNOWN, True) == (known.state, known.done())
        await api.finish()
        await hint(music, only_task(api), "one")
        await hint(music, only_task(api), "one")
        await settled(music, "one", JobState.SUCCEEDED)
        (record,) = await music.jobs()
        again = await music.suno.create("lost", key="one")

    assert (only_task(api), "yes") == (record.task_id, record.charged)
    assert {"chat": 7} == record.metadata
    assert 2 == len(again)
    assert (1, 10) == (api.submissions, api.charged)


async def test_a_clean_exit_waits_for_a_job_that_a_callback_revived(
    api: Emulator, tmp_path: Path
) -> None:
    """It is open, so it is the session's; `resume` gives it as it is now."""
    file = tmp_path / "songs.db"
    await left_unknown(api, file)
    options = {"on_exit": "wait", "poll_every_s": 0.001}
    async with called_back(api, journal=file, **options) as music:
        await hint(music, only_task(api), "one")
        (job,) = await music.resume()
        assert (only_task(api), False) == (job.task_id, job.done())
        await api.finish()

    assert 2 == len(await job)


def entry(key: str) -> Entry:
    return Entry(
        key=key,
        kind="suno.create",
        provider="suno",
        request=None,
        fingerprint=None,
        cost=10,
        metadata={},
        made_at=time.time(),
        now=time.time(),
    )


async def test_a_callback_revives_a_job_whose_session_has_died(
    api: Emulator, tmp_path: Path
) -> None:
    """Killed with the create on the wire, and nobody has called ``resume`` yet."""
    file = tmp_path / "songs.db"
    died = SqliteJournal(file)
    await died.open()
    await died.admit([entry("one")], Limits(concurrency=1))
    task_id = await bought(api)
    async with called_back(api, journal=file) as music:
        # What a kill does: the lock is gone, and nothing was written.
        died._lock.release()
        await api.finish()
        await hint(music, task_id, "one")
        await settled(music, "one", JobState.SUCCEEDED)
        (record,) = await music.jobs()
    await died.aclose()

    assert (task_id, "yes") == (record.task_id, record.charged)


async def test_a_callback_for_an_old_purchase_loses_no_later_one(
    api: Emulator, tmp_path: Path
) -> None:
    """It takes over what a dead session left under the key, so it follows that."""
    file = tmp_path / "songs.db"
    died = SqliteJournal(file)
    async with called_back(api, journal=file, on_exit="wait") as music:
        first = music.suno.create("song", key="one")
        await reach(first, JobState.PENDING)
        await api.finish()
        await hint(music, only_task(api), "one")
        await first
        # Its end is written down, and its slot free.
        await music.jobs()
        await died.open()
        again = attrs.evolve(entry("one"), attempt=2, force_new=True)
        await died.admit([again], Limits(concurrency=1))
        await died.accept("one", 2, await bought(api), time.time())
        died._lock.release()

        await hint(music, str(first.task_id), "one")

        (second,) = await music.resume()
        await api.finish()
        await hint(music, str(second.task_id), "one")
        await second
        (record,) = await music.jobs()
    await died.aclose()

    assert (2, "succeeded", "yes") == (record.attempt, record.state, record.charged)


async def bought(api: Emulator) -> str:
    """Create a task as a session would have that is gone by now."""
    headers = {"Authorization": f"Bearer {api.key}"}
    body = suno.Create("paper boats").to_body()
    async with aiohttp.ClientSession(headers=headers) as http:
        address = f"{api.url}/api/v1/suno/create"
        async with http.post(address, json=body) as reply:
            task_id: str = (await reply.json())["task_id"]
    return task_id


async def test_a_callback_opens_a_job_that_was_given_up(
    api: Emulator, tmp_path: Path
) -> None:
    """The service's word on a task that is paid for goes before a guess."""
    file = tmp_path / "songs.db"
    await left_unknown(api, file)
    async with called_back(api, journal=file) as music:
        (job,) = await music.resume()
        job.give_up()
        await api.finish()
        await hint(music, only_task(api), "one")
        await settled(music, "one", JobState.SUCCEEDED)
        (record,) = await music.jobs()

    assert (only_task(api), "yes") == (record.task_id, record.charged)
    assert 1 == api.submissions


async def test_only_creates_that_take_a_webhook_carry_one(api: Emulator) -> None:
    """Suno and nuro do; riffusion, lyrics and an upload have no such fields."""
    async with called_back(api) as music:
        jobs: list[MusicJob[Any]] = [
            music.suno.create("paper boats", key="s"),
            music.nuro.create_vocal(LYRICS * 6, key="n"),
            music.riffusion.create("paper boats", key="r"),
            music.lyrics.create("paper boats", key="l"),
            music.suno.upload("https://example.test/song.mp3", key="u"),
        ]
        for job in jobs:
            await reach(job, JobState.PENDING, JobState.SUCCEEDED)
        bodies = [call.body for call in api.requests if call.method == "POST"]
        assert music.webhooks is not None
        own = [music.webhooks.fields(key)["webhook_url"] for key in ("s", "n")]

    hooked = [
        (b["webhook_url"], b["webhook_secret"]) for b in bodies if "webhook_url" in b
    ]
    assert sorted((url, SECRET) for url in own) == sorted(hooked)
    assert 5 == len(bodies)
    assert 2 == sum("webhook_secret" in body for body in bodies)


async def test_a_create_of_riffusion_that_is_lost_waits_for_nobody(
    api: Emulator,
) -> None:
    """No callback can come, so it is unknown at once."""
    api.fault("drop_after_body", on="create")
    async with called_back(api) as music:
        with pytest.raises(SubmissionUnknown, match="not sent again"):
            await music.riffusion.create("paper boats")

    assert 1 == api.submissions


async def test_the_secret_appears_nowhere(
    api: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in a log, a repr, an error, nor in any file of the journal."""
    caplog.set_level(logging.DEBUG)
    api.fault("status", on="create", status=400, message="no", skip=1)
    api.fault("drop_after_body", on="create", skip=1)
    api.fault("twice", on="webhook")
    shown: list[object] = []
    async with called_back(api, journal=tmp_path / "songs.db") as music:
        jobs = [music.suno.create("boats", key=f"{n}") for n in range(3)]
        await reach(jobs[0], JobState.PENDING)
        await api.finish()
        await jobs[0]
        shown += await asyncio.gather(jobs[1], return_exceptions=True)
        await reach(jobs[2], JobState.UNKNOWN)
        shown += [music, music.webhooks, *jobs, music._engine, music.__dict__]
        assert music._engine is not None
        shown += [music._engine.admission, music._engine.ledger, music._engine.poller]
        shown += await music.jobs()
    shown += [job.error for job in jobs]

    assert SECRET not in "\n".join(f"{one!r} {one}" for one in shown)
    assert SECRET not in caplog.text
    files = [file for file in tmp_path.iterdir() if file.is_file()]
    assert files
    assert all(SECRET.encode() not in file.read_bytes() for file in files)
    assert any(
        call.body["webhook_secret"] == SECRET
        for call in api.requests
        if call.method == "POST"
    )


async def test_the_address_tells_a_purchase_from_the_next() -> None:
    """A key that is bought again is called back under another address."""
    taken = hooks(Heard())
    first, second = (taken.fields("one", n)["webhook_url"] for n in (1, 2))

    assert f"https://me.test/hooks/one?token={taken.token('one', 1)}" == first
    token = taken.token("one", 2)
    assert f"https://me.test/hooks/one?attempt=2&token={token}" == second
    assert taken.token("one") not in {token, taken.token("one2"), taken.token("two")}


async def test_the_receiver_reads_which_purchase_it_is_about() -> None:
    """The address that a create carried leads back to key and attempt."""
    heard = Heard()

    for attempt in (1, 2, 30):
        await drive(hooks(heard), {"path": "/hooks/one", **proof("one", attempt)})

    assert [1, 2, 30] == heard.attempts
    assert {"one"} == {key for key, _ in heard.events}


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"token=",
        b"token=00",
        b"attempt=2&token=" + b"0" * 32,
        b"token=\xff\xfe",
        b"token=%ed%a0%80",
        b"attempt=x",
        proof("two")["query_string"],
        b"attempt=2&" + proof("one")["query_string"],
        proof("one", 2)["query_string"].replace(b"attempt=2&", b""),
    ],
)
async def test_an_address_that_was_not_made_here_has_no_key(query: bytes) -> None:
    """A genuine callback at another job's address is a hint about its task alone."""
    heard = Heard()

    status = await drive(hooks(heard), {"path": "/hooks/one", "query_string": query})

    assert 204 == status
    assert ([(None, EVENT)], [1]) == (heard.events, heard.attempts)


async def test_a_replay_is_refused_after_its_window() -> None:
    """The service may repeat itself for so long; its callbacks of others go on."""
    heard, clock = Heard(), AutojumpClock()
    taken = Callbacks("https://me.test", SECRET, heard, clock, replay_window_s=60.0)
    plain = {"X-Signature": older().hex()}
    packed = gzip.compress(BODY)
    coded = {"X-Signature": older(packed).hex(), "Content-Encoding": "gzip"}

    await taken.handle(plain, BODY)
    clock.advance(60.0)
    await taken.handle(plain, BODY)
    clock.advance(1.0)
    for headers, raw in ((plain, BODY), (with_stamp(newer().hex()), BODY)):
        with pytest.raises(InvalidSignature, match="seen before"):
            await taken.handle(headers, raw)
    with pytest.raises(InvalidSignature, match="seen before"):
        await taken.handle(coded, packed)
    other = BODY + b" "
    await taken.handle({"X-Signature": older(other).hex()}, other)

    assert 3 == len(heard.events)


async def test_a_session_can_refuse_replays(api: Emulator) -> None:
    """With its window, a callback that comes again later is refused."""
    clock = StoppedClock()
    async with called_back(api, clock=clock, webhook_replay_window_s=60) as music:
        await hint(music, "t-1", "one")
        clock.advance(61)
        with pytest.raises(InvalidSignature, match="seen before"):
            await hint(music, "t-1", "one")
    with pytest.raises(ValueError, match="webhook_replay_window_s"):
        MusicSession("k", webhook_replay_window_s=-1)


@pytest.mark.parametrize(
    "raw", [b'{"a":' * 50_000, rb'{"task_id": "\ud800"}', b"\xff"], ids=len
)
async def test_signed_garbage_is_answered_400(raw: bytes) -> None:
    """By both applications, and never 500."""
    async with served(hooks(Heard())) as url:
        headers = {"X-Signature": older(raw).hex()}
        assert 400 == await post(f"{url}/one", headers, raw)

    assert 400 == await drive(hooks(Heard()), {"path": "/one"}, (raw,))


async def test_a_broken_encoding_is_answered_400() -> None:
    """The sub-application is told by aiohttp, before there is a body."""
    headers = {"X-Signature": older().hex(), "Content-Encoding": "gzip"}

    async with served(hooks(Heard())) as url:
        assert 400 == await post(f"{url}/one", headers, b"nonsense")
        assert 204 == await post(f"{url}/one", headers, gzip.compress(BODY))


PACKED = {
    "gzip": ("gzip", gzip.compress(BODY)),
    "the best gzip": ("gzip", gzip.compress(BODY, 9)),
    "gzip in capitals": ("GZIP", gzip.compress(BODY)),
    "gzip in two": ("gzip", gzip.compress(BODY[:9]) + gzip.compress(BODY[9:])),
    "deflate": ("deflate", zlib.compress(BODY)),
}


@pytest.mark.parametrize(("coding", "packed"), PACKED.values(), ids=PACKED.keys())
async def test_a_signature_over_gzip_is_verified_where_the_server_leaves_it(
    coding: str, packed: bytes
) -> None:
    """With the one option of aiohttp's runner, and in an ASGI application."""
    heard = Heard()
    headers = {"X-Signature": older(packed).hex(), "Content-Encoding": coding}

    async with served(hooks(heard), auto_decompress=False) as url:
        assert 204 == await post(f"{url}/one", headers, packed)

    assert [(None, EVENT)] == heard.events


@pytest.mark.parametrize(("coding", "packed"), PACKED.values(), ids=PACKED.keys())
async def test_a_signature_over_what_aiohttp_has_decoded_says_what_to_do(
    coding: str, packed: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It can't be verified, so it is refused, in words to the log and the sender."""
    caplog.set_level(logging.INFO, "aiomusic")
    heard = Heard()
    headers = {"X-Signature": older(packed).hex(), "Content-Encoding": coding}

    async with served(hooks(heard)) as url, aiohttp.ClientSession() as http:
        async with http.post(f"{url}/one", data=packed, headers=headers) as reply:
            status, text = reply.status, await reply.text()
        plain = {"X-Signature": older().hex(), "Content-Encoding": coding}
        assert 204 == await post(f"{url}/one", plain, packed)

    assert 400 == status
    assert "AppRunner(app, auto_decompress=False)" in text
    assert "auto_decompress=False" in caplog.text
    assert [(None, EVENT)] == heard.events


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
async def test_a_body_that_is_not_what_it_says_leaves_no_traceback(
    coding: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody can send one: the answer is 400, and no more is said of it."""
    body = gzip.compress(bytes(1_000))[:-9] + b"\xff" * 99
    headers = {"X-Signature": older(body).hex(), "Content-Encoding": coding}

    async with served(hooks(Heard())) as url:
        statuses = [await post(f"{url}/one", headers, body) for _ in range(3)]

    assert [400] * 3 == statuses
    assert "Unhandled" not in caplog.text


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    """After the time that a body may take, the answer is 408."""
    taken = Callbacks("https://me.test", SECRET, Heard(), AutojumpClock(), body_s=0.01)

    async with served(taken) as url:
        host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /hooks/one HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{"
        )
        async with asyncio.timeout(5):
            line = await reader.readline()
        writer.close()

    assert b"408" in line


@pytest.mark.slow
async def test_a_body_in_single_bytes_is_as_cheap_as_any() -> None:
    """Half a megabyte of them takes no time that grows with its square."""
    body = BODY + b" " * 500_000
    pieces = tuple(body[n : n + 1] for n in range(len(body)))
    whole = {"path": "/one"}
    began = time.process_time()

    status = await drive(hooks(Heard()), whole, pieces)

    assert 204 == status
    assert time.process_time() - began < 3


async def test_a_callback_of_another_job_is_not_taken_without_its_platform(
    api: Emulator,
) -> None:
    """Replayed to a lost job's own address, after its own job is over."""
    async with called_back(api) as music:
        over = music.suno.create("over", key="over")
        await reach(over, JobState.PENDING)
        await api.finish()
        await over
        api.fault("drop_after_body", on="create")
        lost = music.suno.create("lost", key="lost")
        await reach(lost, JobState.UNKNOWN)
        assert over.task_id is not None

        await hint(music, over.task_id, "lost", platform="")

        assert lost.task_id is None
        await api.finish(list(api.tasks)[-1])
        await lost

    assert list(api.tasks)[-1] == lost.task_id


async def test_a_late_callback_is_not_taken_for_the_next_purchase(
    api: Emulator, tmp_path: Path
) -> None:
    """Two creates under one key are lost; each recovers its own task."""
    api.fault("drop_after_body", on="create", times=2)
    async with called_back(api, journal=tmp_path / "songs.db") as music:
        first = music.suno.create("song", key="one")
        await reach(first, JobState.UNKNOWN)
        assert music._engine is not None
        job = music._engine.ledger.open_jobs["one"]
        job.attempt = 2

        await music._engine.called_back("one", 1, attrs.evolve(EVENT, task_id="stale"))

        assert music.webhooks is not None
        assert music.webhooks.parked("one", 1) is None
        job.attempt = 1
        await api.finish()
        await first

    assert JobState.SUCCEEDED is first.state


async def test_an_early_callback_is_not_taken_for_the_next_purchase(
    api: Emulator, tmp_path: Path
) -> None:
    """Its create was cancelled, and the key bought again, before both answers."""
    api.fault("slow", on="create", seconds=0.5)
    api.fault("drop_after_body", on="create")
    options = {"journal": tmp_path / "songs.db", "on_known_key": "new"}
    async with called_back(api, **options) as music:
        first = music.suno.create("song", key="one")
        while not api.tasks:
            await asyncio.sleep(0)
        await hint(music, only_task(api), "one")
        first.cancel()
        second = music.suno.create("song", key="one")
        await reach(second, JobState.UNKNOWN, JobState.PENDING)

        assert (JobState.UNKNOWN, None) == (second.state, second.task_id)


async def test_a_job_that_is_cancelled_while_it_waits_keeps_its_slot(
    api: Emulator,
) -> None:
    """Nobody waits for its task any more, but it may run at the service."""
    api.fault("drop_after_body", on="create")
    async with called_back(
        api, concurrency=1, poll_every_s=0.001, on_exit="detach"
    ) as music:
        lost = music.suno.create("lost")
        await reach(lost, JobState.UNKNOWN)
        lost.cancel()
        next_one = music.riffusion.create("next")
        assert music._engine is not None
        while music._engine.journal.lease_until is None:
            await asyncio.sleep(0)
        while music._engine.ledger.changed.is_set():
            await asyncio.sleep(0)
        assert JobState.QUEUED is next_one.state

    assert JobState.CANCELLED is lost.state
    assert 1 == api.submissions


async def waits_for_home(music: MusicSession, key: str) -> None:
    """Wait until a lost job has looked for its task once, and waits for it."""
    assert music.webhooks is not None
    while (key, 1) not in music.webhooks._expected:
        await asyncio.sleep(0)


async def test_a_task_that_came_home_to_another_session_is_found_in_the_journal(
    api: Emulator, tmp_path: Path
) -> None:
    """Whichever process the callback reaches, the job that waits for it ends well."""
    api.fault("drop_after_body", on="create")
    file = tmp_path / "songs.db"
    clock = StoppedClock()
    async with (
        called_back(api, journal=file, clock=clock) as music,
        called_back(api, journal=file) as other,
    ):
        job = music.suno.create("lost", key="one")
        await waits_for_home(music, "one")
        await hint(other, only_task(api), "one")
        await api.finish()

        clock.advance(600.0)
        clips = await job

    assert (2, only_task(api)) == (len(clips), job.task_id)
    assert (1, 10) == (api.submissions, api.charged)


async def test_the_task_of_a_later_purchase_is_not_taken_from_the_journal(
    api: Emulator, tmp_path: Path
) -> None:
    """A lost create stays unknown when its key was bought again elsewhere."""
    api.fault("drop_after_body", on="create")
    file = tmp_path / "songs.db"
    clock = StoppedClock()
    second = SqliteJournal(file)
    async with called_back(api, journal=file, clock=clock) as music:
        job = music.suno.create("lost", key="one")
        await waits_for_home(music, "one")
        await second.open()
        again = attrs.evolve(entry("one"), attempt=2, force_new=True)
        await second.admit([again], Limits(concurrency=2))
        await second.accept("one", 2, "t-2", time.time())

        clock.advance(600.0)
        while not job.done() and job.task_id is None:
            await asyncio.sleep(0)
        assert job.task_id is None
        with pytest.raises(SubmissionUnknown, match="not sent again"):
            await job

    await second.aclose()
    assert JobState.UNKNOWN is job.state


@pytest.mark.parametrize(
    "url",
    ["https://e.com/hooks?token=abc", "https://e.com/#x", "e.com/hooks", "ftp://e"],
)
def test_an_address_that_can_take_no_key_is_refused(url: str) -> None:
    """Each job's key becomes the last part of its path."""
    with pytest.raises(ValueError, match="webhook_url must be"):
        MusicSession("k", webhook_url=url, webhook_secret=SECRET)


class Polls:
    """When polls went out, by a clock that a test moves on."""

    def __init__(self) -> None:
        self.clock = StoppedClock()
        self.at: list[float] = []
        self.answers = 0

    def __call__(self, event: Calling | Polled) -> None:
        self.answers += isinstance(event, Polled)
        if isinstance(event, Calling) and event.purpose == "poll":
            self.at.append(self.clock.passed_s)

    async def answered(self) -> None:
        """Wait for the answer to a poll that is due, if one is."""
        for _ in range(30):
            await asyncio.sleep(0)
        while self.answers < len(self.at):
            await asyncio.sleep(0)

    async def next(self) -> float:
        """Let time pass until the next one, and return when it was."""
        count = len(self.at)
        while len(self.at) == count:
            self.clock.advance(1.0)
            for _ in range(10):
                await asyncio.sleep(0)
        return self.at[-1]


async def test_a_callback_that_comes_costs_one_poll(api: Emulator) -> None:
    """And none before it, with a pace that is learned."""
    polls = Polls()
    options = {"clock": polls.clock, "poll_every_s": None, "on_event": polls}
    async with called_back(api, **options) as music:
        job = music.suno.create("song")
        await reach(job, JobState.PENDING)
        # Where no callback may come, it would be polled by now.
        polls.clock.advance(25.0)
        await api.finish()
        await job

    assert [25.0] == polls.at


@pytest.mark.parametrize("takes_s", [15.0, 120.0])
async def test_a_task_whose_callback_is_overdue_is_polled(
    api: Emulator, takes_s: float
) -> None:
    """Once nearly all tasks that were called back had ended, however long that is."""
    polls = Polls()
    options = {"clock": polls.clock, "poll_every_s": None, "on_event": polls}
    async with called_back(api, **options) as music:
        for _ in range(8):
            job = music.suno.create("song")
            await reach(job, JobState.PENDING)
            polls.clock.advance(takes_s)
            await polls.answered()
            await api.finish()
            await job
        began_s = polls.clock.passed_s
        api.fault("lost", times=2)
        job = music.suno.create("song")
        await reach(job, JobState.PENDING)
        await api.finish()
        overdue_s = await polls.next() - began_s
        await job

    assert takes_s < overdue_s < 2.0 * takes_s


async def test_after_a_callback_that_came_too_early_the_usual_pace_holds(
    api: Emulator,
) -> None:
    """It says that the task is over, but the task is shown as running."""
    polls = Polls()
    options = {"clock": polls.clock, "poll_every_s": None, "on_event": polls}
    async with called_back(api, **options) as music:
        job = music.suno.create("song")
        await reach(job, JobState.PENDING)
        assert job.task_id is not None
        await hint(music, job.task_id, job.key)
        await reach(job, JobState.RUNNING)
        again_s = await polls.next()

    assert again_s <= 40.0
