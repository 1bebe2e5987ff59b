"""
Callbacks of the service: verified, and then no more than a hint to poll.

Mount what fits: `Callbacks.handle` takes headers and the raw body from any framework,
`Callbacks.app` is an aiohttp.web sub-application, and `Callbacks.asgi` an ASGI
application.

API: webhook guide.  Its two generations sign in two ways; either is taken.
"""

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import logging
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, final
from urllib.parse import parse_qs, quote, unquote

import attrs

from aiomusic._bodies import read_body, task_id_in
from aiomusic._clock import Clock
from aiomusic._files.serving import ServedFile, ServedFiles
from aiomusic._http.raw_http import inflated
from aiomusic._log import log
from aiomusic._redact import shown
from aiomusic.errors import MusicError

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["Callbacks", "Event", "InvalidSignature", "SessionNotOpen", "verify"]

MAX_BYTES = 1024 * 1024
# How long a callback may take to come in.
BODY_S = 10.0
# How far a signed time may be from ours for a callback to be fresh.
FRESH_S = 300.0
MAX_DIGITS = 10
MAX_STAMP = 20
MAX_SEEN = 10_000
TOKEN_BYTES = 16


class SessionNotOpen(RuntimeError):
    """No session is open to take a callback; the service should call again."""


class InvalidSignature(ValueError):
    """A callback is not signed with the secret, is a replay, or can't be read."""


@final
@attrs.frozen(kw_only=True)
class Event:
    """
    A callback that is signed with the secret.

    Attributes:
        name: As in ``song.completed``, ``song.streaming``, ``song.failed``; empty
            if the callback holds none.
        platform: The provider, as the service names it; empty if it does not.
        age_s: How long ago it was signed, in seconds, by our clock; None: it is
            signed in the older way, without a time.
    """

    task_id: str
    platform: str
    name: str
    age_s: float | None = attrs.field(default=None, eq=False)

    @property
    def is_end(self) -> bool:
        """Whether it says that the task is over, not only that a clip can be heard."""
        return not self.name.endswith("streaming")

    @property
    def is_fresh(self) -> bool:
        """
        Whether it was signed within the last five minutes, as far as it tells.

        One that is not may be late, a replay, or of a clock that is wrong: it is a
        hint to poll all the same.
        """
        return self.age_s is not None and abs(self.age_s) <= FRESH_S


def verify(
    headers: Mapping[str, str], raw_body: bytes, secret: str, *, now: float
) -> Event:
    """
    Read a callback, if it is signed with *secret*.

    Args:
        headers: In any case.
        raw_body: Just as it came; if that is gzip or deflate, the signature may be
            over it or over what it holds.
        now: Seconds since 1970.

    Raises:
        InvalidSignature: It is too large, unsigned, signed with another secret, or no
            callback at all.
    """
    return _verified(headers, raw_body, secret, now)[0]


def _verified(
    headers: Mapping[str, str], raw_body: bytes, secret: str, now: float
) -> tuple[Event, bytes]:
    """Read a callback; return it with its body, decoded."""
    if len(raw_body) > MAX_BYTES:
        raise InvalidSignature(_too_long(len(raw_body)))
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    # Anybody can sign with an empty secret.
    is_signed = bool(secret) and _is_signed(lower, raw_body, secret.encode())
    body = _decoded(lower.get("content-encoding", ""), raw_body)
    if not is_signed and secret and body is not raw_body:
        is_signed = _is_signed(lower, body, secret.encode())
    if not is_signed:
        message = "The callback has no signature that fits the webhook secret."
        if body is raw_body and lower.get("content-encoding", "").lower() in _CODINGS:
            message = f"{message} {_DECODED_BEFORE}"
        raise InvalidSignature(message)
    return attrs.evolve(_event(body), age_s=_age_s(lower, now)), body


def _too_long(size: int | None) -> str:
    return f"The callback has {size} bytes, more than {MAX_BYTES}."


def _is_signed(headers: Mapping[str, str], raw_body: bytes, secret: bytes) -> bool:
    newer = headers.get("x-webhook-signature")
    if newer is not None:
        stamp = headers.get("x-webhook-timestamp", "")
        if not _is_stamp(stamp):
            return False
        signed = stamp.encode() + b"." + raw_body
        return _fits(newer, hmac.digest(secret, signed, hashlib.sha256))
    older = headers.get("x-signature")
    if older is None:
        return False
    return _fits(older, hmac.digest(secret, raw_body, hashlib.sha256))


def _is_stamp(stamp: str) -> bool:
    return stamp.isascii() and stamp.isdecimal() and len(stamp) <= MAX_STAMP


def _age_s(headers: Mapping[str, str], now: float) -> float | None:
    if "x-webhook-signature" not in headers:
        # A time beside the older signature is not signed.
        return None
    return now - int(headers["x-webhook-timestamp"])


def _fits(given: str, digest: bytes) -> bool:
    """Compare in constant time; the encoding is not documented, so both are taken."""
    given = given.removeprefix("sha256=")
    candidates = []
    for decode in (binascii.unhexlify, base64.b64decode):
        try:
            candidates.append(decode(given.encode()))
        except ValueError:
            continue
    return any(hmac.compare_digest(one, digest) for one in candidates)


_GZIP = b"\x1f\x8b"
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_DECODED_BEFORE = (
    "The server has decoded it, and the signature may be over the encoded bytes: hand"
    " in the body as it came (aiohttp: AppRunner(app, auto_decompress=False))."
)


def _decoded(coding: str, raw_body: bytes) -> bytes:
    """
    Undo the content coding, unless the server has done so already.

    Raises:
        InvalidSignature: It is broken, or holds too much.
    """
    if coding.lower() not in _CODINGS:
        return raw_body
    is_deflate = coding.lower() == "deflate" and not raw_body.lstrip().startswith(b"{")
    if not (raw_body.startswith(_GZIP) or is_deflate):
        return raw_body
    try:
        body, is_whole = inflated(raw_body, MAX_BYTES + 1)
    except zlib.error as error:
        message = f"The callback can't be decoded as {shown(coding, 10)}."
        raise InvalidSignature(message) from error
    if not is_whole or len(body) > MAX_BYTES:
        message = f"The callback is cut off, or holds more than {MAX_BYTES} bytes."
        raise InvalidSignature(message)
    return body


def _event(body: bytes) -> Event:
    """Read what a hint needs: the task's id, as in the reply to a create."""
    read = read_body(body)
    task_id = task_id_in(read, {}, is_yes=True, is_no=False)
    if task_id is None:
        message = "The callback is signed, but is no JSON with a task_id."
        raise InvalidSignature(message)
    texts = [read.fields.get(name) for name in ("platform", "event")]
    platform, name = (one if isinstance(one, str) else "" for one in texts)
    return Event(task_id=task_id, platform=platform, name=name)


class OnEvent(Protocol):
    """What is done with a callback that is what it seems."""

    async def __call__(
        self, job_key: str | None, attempt: int, event: Event
    ) -> None: ...


Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@final
@attrs.define(eq=False, repr=False)
class Callbacks:
    """
    ``music.webhooks``: where the service's callbacks are handed in.

    Early, late, doubled and reordered callbacks are harmless: each is a hint to poll
    at the task, which alone is believed.
    """

    _url: str
    _secret: str
    _on_event: OnEvent
    _clock: Clock
    replay_window_s: float | None = attrs.field(default=None, kw_only=True)
    """
    How long after its first sight a callback may come again, in seconds; later it is
    refused as a replay.  None: for ever, as it only causes a poll.
    """
    body_s: float = attrs.field(default=BODY_S, kw_only=True)
    """How long the body of a callback may take to come in, in seconds."""
    _seen: dict[bytes, float] = attrs.field(factory=dict, init=False)
    files: ServedFiles = attrs.field(init=False)
    """Local files that are being uploaded; see `file`."""
    _parked: dict[tuple[str, int], str] = attrs.field(factory=dict, init=False)
    _expected: dict[tuple[str, int], asyncio.Event] = attrs.field(
        factory=dict, init=False
    )

    @files.default
    def _no_files(self) -> ServedFiles:
        return ServedFiles(self._url, self._secret)

    def file(self, name: str) -> ServedFile | None:
        """
        Return the local file that a GET of ``<webhook_url>/files/<name>`` asks for.

        `app` and `asgi` do so themselves; beside `handle`, answer with its *headers*
        and what its *pieces* give, and with 404 where this is None.
        """
        return self.files.find(name)

    def fields(self, job_key: str, attempt: int = 1) -> dict[str, object]:
        """Return what a create carries so that its callback finds the job."""
        query = f"token={self.token(job_key, attempt)}"
        if attempt > 1:
            # A late callback of a purchase must not be taken for a later one's.
            query = f"attempt={attempt}&{query}"
        url = f"{self._url.rstrip('/')}/{quote(job_key, safe='')}?{query}"
        return {"webhook_url": url, "webhook_secret": self._secret}

    def token(self, job_key: str, attempt: int = 1) -> str:
        """
        Return what proves that an address was made here.

        The service signs the body alone: with another key in its path, the genuine
        callback of one job would be taken for another's.
        """
        name = f"aiomusic address\0{attempt}\0{job_key}".encode(errors="surrogatepass")
        return hmac.digest(self._secret.encode(), name, hashlib.sha256)[
            :TOKEN_BYTES
        ].hex()

    async def handle(
        self,
        headers: Mapping[str, str],
        raw_body: bytes,
        *,
        job_key: str | None = None,
        attempt: int = 1,
        token: str | None = None,
    ) -> None:
        """
        Take a callback from any framework.

        Args:
            headers: All of them.
            raw_body: The body just as it came, before any parsing.
            attempt: What the query of the call says, as in ``?attempt=2``; it says
                nothing at a key's first purchase.
            token: What the query of the call says, as in ``?token=…``.
            job_key: The last part of the path that was called, unquoted.  Without
                it, or without its *token*, a callback only makes its task be polled
                if that is known, and can't recover a lost task id.

        Raises:
            InvalidSignature: It is not from the service, or it is a replay; answer
                400 or 401.
            SessionNotOpen: No session is open; answer 503.
        """
        now = self._clock.wall()
        event, body = _verified(headers, raw_body, self._secret, now)
        self._note_sight(body)
        if job_key is not None and not self._is_ours(job_key, attempt, token):
            job_key, attempt = None, 1
        await self._on_event(job_key, attempt, event)

    def _is_ours(self, job_key: str, attempt: int, token: str | None) -> bool:
        given = (token or "").encode(errors="surrogatepass")
        return hmac.compare_digest(given, self.token(job_key, attempt).encode())

    def _note_sight(self, body: bytes) -> None:
        """Refuse a callback that was first seen too long ago."""
        if self.replay_window_s is None:
            return
        now = self._clock.now()
        name = hashlib.sha256(body).digest()
        if now - self._seen.setdefault(name, now) > self.replay_window_s:
            message = "The callback was seen before, longer ago than replay_window_s."
            raise InvalidSignature(message)
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]

    def app(self) -> "web.Application":
        """
        Return an aiohttp.web application to mount where ``webhook_url`` points.

        aiohttp decodes a body that is gzip before anybody sees it: for signatures
        over the encoded bytes, make the runner with ``auto_decompress=False``, as in
        ``web.AppRunner(app, auto_decompress=False)``; else they are answered 400.
        """
        from aiohttp import web  # noqa: PLC0415 - a server's half of aiohttp

        async def receive(request: "web.Request") -> "web.Response":
            async def more() -> bytes | None:
                return await request.content.readany() or None

            if (request.content_length or 0) > MAX_BYTES:
                return web.Response(status=400, text=_too_long(request.content_length))
            try:
                raw_body = await self._read(more)
            except (web.RequestPayloadError, ConnectionError):
                text = "The callback's body is not encoded as it says."
                return await hung_up(request, web.Response(status=400, text=text))
            status, text = await self._answer(
                request.headers,
                raw_body,
                request.match_info.get("key") or None,
                request.query_string,
            )
            response = web.Response(status=status, text=text)
            return (
                response if raw_body is not None else await hung_up(request, response)
            )

        async def hung_up(
            request: "web.Request", response: "web.Response"
        ) -> "web.Response":
            await response.prepare(request)
            await response.write_eof()
            # Else aiohttp would wait for the rest of the body, or fail over it again.
            request.protocol.force_close()
            return response

        found = web.Application()
        found.router.add_get("/files/{name}", self._send_file)
        found.router.add_post("/{key:[^/]+}", receive)
        found.router.add_post("/", receive)
        return found

    async def _send_file(self, request: "web.Request") -> "web.StreamResponse":
        from aiohttp import web  # noqa: PLC0415 - a server's half of aiohttp

        served = self.file(request.match_info["name"])
        if served is None:
            return web.Response(status=404)
        response = web.StreamResponse(headers=served.headers)
        if request.method == "HEAD":
            return response
        await response.prepare(request)
        async with contextlib.aclosing(served.pieces()) as pieces:
            async for piece in pieces:
                await response.write(piece)
        await response.write_eof()
        return response

    async def _send_file_by(self, method: str, name: str, send: Send) -> None:
        """Answer a GET or HEAD of an ASGI server."""
        served = self.file(name)
        headers = {} if served is None else served.headers
        pairs = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
        status = 404 if served is None else 200
        start = {"type": "http.response.start", "status": status, "headers": pairs}
        await send(start)
        if served is not None and method == "GET":
            async with contextlib.aclosing(served.pieces()) as pieces:
                async for piece in pieces:
                    more = {"body": piece, "more_body": True}
                    await send({"type": "http.response.body", **more})
        await send({"type": "http.response.body", "body": b""})

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application; mount it where ``webhook_url`` points."""
        if scope["type"] != "http":
            message = f"webhooks are called over http, not {scope['type']}."
            raise ValueError(message)
        folder, _, name = scope["path"].rpartition("/")
        if scope["method"] in {"GET", "HEAD"} and folder.endswith("/files"):
            await self._send_file_by(scope["method"], name, send)
            return
        status, text = 405, ""
        if scope["method"] == "POST":
            raw_body = await self._read(_pieces(receive))
            headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in scope["headers"]
            }
            status, text = await self._answer(
                headers,
                raw_body,
                _last_part(scope),
                scope.get("query_string", b"").decode("latin-1"),
            )
        kind = [(b"content-type", b"text/plain; charset=utf-8")] if text else []
        head = {"type": "http.response.start", "status": status, "headers": kind}
        await send(head)
        await send({"type": "http.response.body", "body": text.encode()})

    async def _read(self, more: Callable[[], Awaitable[bytes | None]]) -> bytes | None:
        """
        Read a body, and a little more than the most that is taken.

        Returns:
            None: It did not come in time.
        """
        raw_body = bytearray()
        try:
            # A socket's time, not the session's.
            async with asyncio.timeout(self.body_s):
                while len(raw_body) <= MAX_BYTES:
                    piece = await more()
                    if piece is None:
                        break
                    raw_body += piece
        except TimeoutError:
            return None
        return bytes(raw_body)

    async def _answer(
        self,
        headers: Mapping[str, str],
        raw_body: bytes | None,
        job_key: str | None,
        query: str,
    ) -> tuple[int, str]:
        """Take a callback; return the status to answer with, and why."""
        if raw_body is None:
            return 408, "The callback's body did not come in time."
        asked = parse_qs(query)
        try:
            await self.handle(
                headers,
                raw_body,
                job_key=job_key,
                attempt=_attempt(asked),
                token=asked.get("token", [""])[0],
            )
        except InvalidSignature as error:
            log(logging.INFO, "a callback was refused: %s", error)
            return 400, str(error)
        except (SessionNotOpen, MusicError) as error:
            # It may come again when there is a session, or the journal is well.
            log(logging.INFO, "a callback is to come again: %s", error)
            return 503, "Call again later."
        return 204, ""

    def forget(self) -> None:
        """Drop what was parked and expected: nobody is left who waits for it."""
        self._parked.clear()
        self._expected.clear()
        self.files.clear()

    def wake(self, job_key: str, attempt: int) -> None:
        """Have whoever waits for the task id of a purchase poll again."""
        expected = self._expected.get((job_key, attempt))
        if expected is not None:
            expected.set()

    def park(self, job_key: str, attempt: int, task_id: str) -> None:
        """Keep a task's id until its create has heard its own answer."""
        self._parked[job_key, attempt] = task_id
        self.wake(job_key, attempt)

    def parked(self, job_key: str, attempt: int) -> str | None:
        """Return the id that a callback brought for a purchase, once."""
        self._expected.pop((job_key, attempt), None)
        return self._parked.pop((job_key, attempt), None)

    def expect(self, job_key: str, attempt: int) -> asyncio.Event:
        """Return what is set when a callback brings the task id of a purchase."""
        return self._expected.setdefault((job_key, attempt), asyncio.Event())


def _attempt(asked: Mapping[str, list[str]]) -> int:
    """Read which purchase under its key a callback is about."""
    given = asked.get("attempt", ["1"])[0]
    return int(given) if given.isdecimal() and len(given) < MAX_DIGITS else 1


def _pieces(receive: Receive) -> Callable[[], Awaitable[bytes | None]]:
    """Yield the pieces of a body, then None."""
    is_over = False

    async def more() -> bytes | None:
        nonlocal is_over
        if is_over:
            return None
        message = await receive()
        is_over = not message.get("more_body", False)
        return bytes(message.get("body", b""))

    return more


def _last_part(scope: Scope) -> str | None:
    """Return the key that a path ends with; only the raw path has it as it was sent."""
    raw_path = scope.get("raw_path")
    if raw_path is None:
        # Unquoted by the server already: a key that holds a slash can't be had.
        key = scope["path"].rstrip("/").rpartition("/")[2]
    else:
        path = raw_path.partition(b"?")[0].decode("latin-1")
        key = unquote(path.rstrip("/").rpartition("/")[2])
    return key or None
