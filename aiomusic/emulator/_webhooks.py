"""Webhooks: calls to the client when a task is over."""

import asyncio
import functools
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, final

import aiohttp
import attrs
from yarl import URL

from aiomusic._clock import Clock, held
from aiomusic.emulator._faults import Fault, Faults
from aiomusic.emulator._hosts import is_loopback
from aiomusic.emulator._ids import Ids

__all__ = ["Delivery", "WebhookSender", "signed"]

TIMEOUT_S: Final = 10.0


@final
@attrs.frozen(kw_only=True)
class Delivery:
    """
    One webhook.

    Attributes:
        status: The status that the receiver answered; None: it did not answer.
        problem: Why it was not sent or not answered; empty: it was.
    """

    task_id: str
    url: str
    status: int | None = None
    problem: str = ""


def signed(
    raw: bytes, secret: str, *, at: int, webhook_id: str, event: str
) -> dict[str, str]:
    """
    Return the headers of a webhook, signed in both known ways.

    API: webhooks; ``X-Signature`` is this service's, the others are a sister's.
    """
    key, stamp = secret.encode(), str(at)
    newer = hmac.new(key, stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Signature": hmac.new(key, raw, hashlib.sha256).hexdigest(),
        "X-Webhook-Signature": f"sha256={newer}",
        "X-Webhook-Timestamp": stamp,
        "X-Webhook-Id": webhook_id,
        "X-Webhook-Event": event,
        "Idempotency-Key": webhook_id,
    }


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class WebhookSender:
    """
    Sends webhooks: at once, once, and correctly signed, unless a fault is ordered.

    Args:
        start_soon: Runs a coroutine function in the background.
        secret: Signs the webhooks of creates without a secret of their own.
        allow_hosts: The hosts that it may call, besides loopback.
    """

    faults: Faults
    clock: Clock
    ids: Ids
    start_soon: Callable[[Callable[[], Awaitable[None]]], None]
    secret: str
    allow_hosts: frozenset[str] = frozenset()
    deliveries: list[Delivery] = attrs.field(factory=list, init=False)
    _http: aiohttp.ClientSession | None = attrs.field(default=None, init=False)
    _sent: int = attrs.field(default=0, init=False)
    _waiting: int = attrs.field(default=0, init=False)
    _idle: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    _is_closed: bool = attrs.field(default=False, init=False)
    _held: list["_Post"] = attrs.field(factory=list, init=False)

    def send(self, body: dict[str, Any], url: str, secret: str | None) -> None:
        """Send a body in the background, or as an ordered fault says."""
        fault = self.faults.take("webhook", str(body["platform"]))
        post = _Post(self, body, url, secret or self.secret, fault)
        if fault is not None and fault.kind == "out_of_order":
            self._held.append(post)
        elif fault is None or fault.kind != "lost":
            posts, self._held = (post, *self._held), []
            self._waiting += 1
            self._idle.clear()
            self.start_soon(functools.partial(self._send, posts))

    async def _send(self, posts: Sequence["_Post"]) -> None:
        try:
            for post in posts:
                await post()
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until every pending webhook was delivered."""
        if self._waiting and not self._is_closed:
            await self._idle.wait()

    async def aclose(self) -> None:
        """Close the connections; pending webhooks are not waited for."""
        self._is_closed = True
        self._idle.set()
        if self._http is not None:
            await self._http.close()

    def next_id(self) -> str:
        """Return the id of the next webhook."""
        self._sent += 1
        return self.ids.make("webhook", self._sent)

    def may_call(self, url: str) -> bool:
        """Check whether a URL is on loopback, or its host is allowed."""
        host = URL(url).host or ""
        return host in self.allow_hosts or is_loopback(host)

    async def post(self, url: str, raw: bytes, headers: dict[str, str]) -> int:
        """POST once, without following redirects; return the status."""
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            self._http = aiohttp.ClientSession(timeout=timeout)
        async with self._http.post(
            url, data=raw, headers=headers, allow_redirects=False
        ) as reply:
            return reply.status


@final
@attrs.frozen
class _Post:
    """One pending webhook."""

    sender: WebhookSender
    body: dict[str, Any]
    url: str
    secret: str = attrs.field(repr=False)
    fault: Fault | None

    async def __call__(self) -> None:
        kind = self.fault.kind if self.fault else None
        if self.fault is not None and kind == "late":
            await self.sender.clock.sleep(self.fault.seconds)
        secret = "forged" if kind == "forged" else self.secret
        webhook_id = self.sender.next_id()
        for _ in range(2 if kind == "twice" else 1):
            delivery = await self._deliver(secret, webhook_id)
            self.sender.deliveries.append(delivery)

    async def _deliver(self, secret: str, webhook_id: str) -> Delivery:
        task_id = str(self.body["task_id"])
        if not self.sender.may_call(self.url):
            problem = "the host is neither loopback nor in allow_hosts"
            return Delivery(task_id=task_id, url=self.url, problem=problem)
        raw = json.dumps(self.body).encode()
        headers = signed(
            raw,
            secret,
            at=int(self.sender.clock.wall()),
            webhook_id=webhook_id,
            event=str(self.body["event"]),
        )
        try:
            with held(self.sender.clock):
                status = await self.sender.post(self.url, raw, headers)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Delivery(task_id=task_id, url=self.url, problem=repr(error))
        return Delivery(task_id=task_id, url=self.url, status=status)
