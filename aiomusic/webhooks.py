"""
Callbacks of the service: verified, and then no more than a hint to look.

Mount what fits: `Hooks.handle` takes headers and the raw body from any framework,
`Hooks.app` is an aiohttp.web sub-application, and `Hooks.asgi` an ASGI application.

API: webhook guide.  Its two generations sign in two ways; either is taken.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, final
from urllib.parse import parse_qs, quote, unquote

import attrs

from aiomusic._clock import Clock

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["Event", "Forged", "Hooks", "NotListening", "verify"]

MOST_BYTES = 1024 * 1024
# How far a signed time may be from ours: older ones may be replays.
FRESH_S = 300.0
MOST_DIGITS = 10
LONGEST_STAMP = 20


class NotListening(RuntimeError):
    """No session is open to take a callback; the service should call again."""


class Forged(ValueError):
    """A callback is not signed with the secret, or can't be read."""


@final
@attrs.frozen(kw_only=True)
class Event:
    """
    A callback that is signed with the secret.

    Attributes:
        name: As in ``song.completed``, ``song.streaming``, ``song.failed``.
        platform: The provider, as the service names it.
    """

    task_id: str
    platform: str
    name: str


def verify(
    headers: Mapping[str, str], raw_body: bytes, secret: str, *, now: float
) -> Event:
    """
    Read a callback, if it is signed with *secret*.

    Args:
        headers: In any case.
        raw_body: Just as it came.
        now: Seconds since 1970.

    Raises:
        Forged: It is too large, unsigned, stale, signed with another secret, or no
            callback at all.
    """
    if len(raw_body) > MOST_BYTES:
        message = f"The callback has {len(raw_body)} bytes, more than {MOST_BYTES}."
        raise Forged(message)
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    # Anybody can sign with an empty secret.
    if not secret or not _is_signed(lower, raw_body, secret.encode(), now):
        message = "The callback has no signature that fits the webhook secret."
        raise Forged(message)
    return _event(raw_body)


def _is_signed(
    headers: Mapping[str, str], raw_body: bytes, secret: bytes, now: float
) -> bool:
    newer = headers.get("x-webhook-signature")
    if newer is not None:
        stamp = headers.get("x-webhook-timestamp", "")
        if not _is_fresh(stamp, now):
            return False
        signed = stamp.encode() + b"." + raw_body
        return _fits(newer, hmac.digest(secret, signed, hashlib.sha256))
    older = headers.get("x-signature")
    if older is None:
        return False
    return _fits(older, hmac.digest(secret, raw_body, hashlib.sha256))


def _is_fresh(stamp: str, now: float) -> bool:
    is_time = stamp.isascii() and stamp.isdecimal() and len(stamp) <= LONGEST_STAMP
    return is_time and abs(now - int(stamp)) <= FRESH_S


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


def _event(raw_body: bytes) -> Event:
    try:
        body = json.loads(raw_body)
        task_id, name = body["task_id"], body["event"]
        platform = body.get("platform", "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = "The callback is signed, but is no JSON with task_id and event."
        raise Forged(message) from error
    if not all(isinstance(one, str) for one in (task_id, name, platform)):
        message = "The callback is signed, but its task_id or event is no text."
        raise Forged(message)
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
class Hooks:
    """
    ``music.webhooks``: where the service's callbacks are handed in.

    Early, late, doubled and reordered callbacks are harmless: each is a hint to look
    at the task, which alone is believed.
    """

    _url: str
    _secret: str
    _on_event: OnEvent
    _clock: Clock
    _parked: dict[tuple[str, int], str] = attrs.field(factory=dict)
    _expected: dict[tuple[str, int], asyncio.Event] = attrs.field(factory=dict)

    def fields(self, job_key: str, attempt: int = 1) -> dict[str, object]:
        """Give what a create carries so that its callback finds the job."""
        url = f"{self._url.rstrip('/')}/{quote(job_key, safe='')}"
        if attempt > 1:
            # A late callback of a purchase must not be taken for a later one's.
            url += f"?attempt={attempt}"
        return {"webhook_url": url, "webhook_secret": self._secret}

    async def handle(
        self,
        headers: Mapping[str, str],
        raw_body: bytes,
        *,
        job_key: str | None = None,
        attempt: int = 1,
    ) -> None:
        """
        Take a callback from any framework.

        Args:
            headers: All of them.
            raw_body: The body just as it came, before any parsing.
            attempt: What the query of the call says, as in ``?attempt=2``; it says
                nothing at a key's first purchase.
            job_key: The last part of the path that was called, unquoted; without
                it, a callback can't bring home a lost task id.

        Raises:
            Forged: It is not from the service; answer 400 or 401.
        """
        now = self._clock.wall()
        event = verify(headers, raw_body, self._secret, now=now)
        await self._on_event(job_key, attempt, event)

    def app(self) -> "web.Application":
        """Give an aiohttp.web application to mount where ``webhook_url`` points."""
        from aiohttp import web  # noqa: PLC0415 - a server's half of aiohttp

        async def receive(request: "web.Request") -> "web.Response":
            raw_body = await request.content.read(MOST_BYTES + 1)
            while len(raw_body) <= MOST_BYTES and not request.content.at_eof():
                raw_body += await request.content.read(MOST_BYTES + 1)
            key = request.match_info.get("key") or None
            status = await self._answer(
                request.headers, raw_body, key, request.query_string
            )
            return web.Response(status=status)

        found = web.Application()
        found.router.add_post("/{key:[^/]+}", receive)
        found.router.add_post("/", receive)
        return found

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an ASGI application; mount it where ``webhook_url`` points."""
        if scope["type"] != "http":
            message = f"webhooks are called over http, not {scope['type']}."
            raise ValueError(message)
        status = 405
        if scope["method"] == "POST":
            raw_body, is_more = b"", True
            while is_more and len(raw_body) <= MOST_BYTES:
                message_in = await receive()
                raw_body += message_in.get("body", b"")
                is_more = message_in.get("more_body", False)
            headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in scope["headers"]
            }
            status = await self._answer(
                headers,
                raw_body,
                _last_part(scope),
                scope.get("query_string", b"").decode("latin-1"),
            )
        head = {"type": "http.response.start", "status": status, "headers": []}
        await send(head)
        await send({"type": "http.response.body", "body": b""})

    async def _answer(
        self,
        headers: Mapping[str, str],
        raw_body: bytes,
        job_key: str | None,
        query: str,
    ) -> int:
        try:
            attempt = _attempt(query)
            await self.handle(headers, raw_body, job_key=job_key, attempt=attempt)
        except Forged:
            return 400
        except NotListening:
            return 503
        return 204

    def forget(self) -> None:
        """Drop what was parked and expected: nobody is left who waits for it."""
        self._parked.clear()
        self._expected.clear()

    def wake(self, job_key: str, attempt: int) -> None:
        """Have whoever waits for the task id of a purchase look again."""
        expected = self._expected.get((job_key, attempt))
        if expected is not None:
            expected.set()

    def park(self, job_key: str, attempt: int, task_id: str) -> None:
        """Keep a task's id until its create has heard its own answer."""
        self._parked[job_key, attempt] = task_id
        self.wake(job_key, attempt)

    def parked(self, job_key: str, attempt: int) -> str | None:
        """Give the id that a callback brought for a purchase, once."""
        self._expected.pop((job_key, attempt), None)
        return self._parked.pop((job_key, attempt), None)

    def expect(self, job_key: str, attempt: int) -> asyncio.Event:
        """Give what is set when a callback brings the task id of a purchase."""
        return self._expected.setdefault((job_key, attempt), asyncio.Event())


def _attempt(query: str) -> int:
    """Read which purchase under its key a callback is about."""
    given = parse_qs(query).get("attempt", ["1"])[0]
    return int(given) if given.isdecimal() and len(given) < MOST_DIGITS else 1


def _last_part(scope: Scope) -> str | None:
    """Give the key that a path ends with; only the raw path has it as it was sent."""
    raw_path = scope.get("raw_path")
    if raw_path is None:
        # Unquoted by the server already: a key that holds a slash can't be had.
        key = scope["path"].rstrip("/").rpartition("/")[2]
    else:
        path = raw_path.partition(b"?")[0].decode("latin-1")
        key = unquote(path.rstrip("/").rpartition("/")[2])
    return key or None
