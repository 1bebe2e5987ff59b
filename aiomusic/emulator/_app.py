"""The service over HTTP: routes and authentication."""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final, final

import attrs
from aiohttp import web

from aiomusic._clock import Clock
from aiomusic._http.dialects import SUNO, HostDialect
from aiomusic._spelling import shown
from aiomusic.emulator._answers import Answer, FaultInjector, drop, to_json
from aiomusic.emulator._calls import CallLog, from_json
from aiomusic.emulator._control import Control
from aiomusic.emulator._cors import allow_origins, answer_preflight
from aiomusic.emulator._faults import Fault, Faults, Target
from aiomusic.emulator._hosts import ServedHosts
from aiomusic.emulator._media import Media
from aiomusic.emulator._media_urls import MediaUrls
from aiomusic.emulator._openapi import describe
from aiomusic.emulator._rate_limit import RateLimit
from aiomusic.emulator._refusals import Reply
from aiomusic.emulator._rules import KINDS
from aiomusic.emulator._service import Service
from aiomusic.emulator._sister import reworded
from aiomusic.emulator._streams import Streams
from aiomusic.emulator.dialects import dialect_named
from aiomusic.providers._all import PROVIDERS

__all__ = ["Api"]

TYPES: Final = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mid": "audio/midi",
    "svg": "image/svg+xml",
    "jpg": "image/jpeg",
}

EXPIRED: Final = (
    b"<?xml version='1.0' encoding='UTF-8'?>"
    b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
)
"""The answer of hosts of signed links."""


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class Api:
    """
    The routes; each answers one call, or lets a fault answer it.

    Args:
        page_key: The key that the page at ``/`` is told; None: its reader types it.
        is_streaming: Whether the audio of running clips grows while it is fetched.
    """

    service: Service
    media: Media
    faults: Faults
    clock: Clock
    key: str
    calls: CallLog
    hosts: ServedHosts
    rate_limit: RateLimit
    media_urls: MediaUrls
    page_key: str | None
    is_streaming: bool = False
    dialect: HostDialect = SUNO
    submissions: int = attrs.field(default=0, init=False)
    polls: int = attrs.field(default=0, init=False)
    _is_closing: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    _injector: FaultInjector = attrs.field(init=False)
    _streams: Streams = attrs.field(init=False)
    _control: Control = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._injector = FaultInjector(self.clock, self._is_closing)
        self._streams = Streams(
            clock=self.clock,
            is_whole=self.service.is_whole,
            is_closing=self._is_closing,
        )
        self._control = Control(
            service=self.service,
            faults=self.faults,
            dialect=self.dialect,
            key=self.page_key,
            refused=lambda request: self._key_refused(request, ""),
        )

    def app(self) -> web.Application:
        """Build the application."""
        self._is_closing.clear()
        app = web.Application(
            middlewares=[self._check_host, answer_preflight, self._reword]
        )
        routes = app.router
        for path in KINDS:
            routes.add_post(self.dialect.path(path), self.create)
        for provider in PROVIDERS.values():
            task_path = self.dialect.path(provider.task_path)
            routes.add_get(task_path, self.poll)
            bare = task_path.partition("{")[0]
            routes.add_get(bare, self.poll_nothing)
            routes.add_get(bare.rstrip("/"), self.poll_nothing)
        routes.add_get("/api/v1/get-credits", self.credits)
        routes.add_get("/media/{name}", self.fetch)
        routes.add_get("/openapi.json", self.openapi)
        self._control.add_to(routes)
        routes.add_route("*", "/{rest:.*}", self.nothing)
        app.on_response_prepare.append(allow_origins)
        app.on_shutdown.append(self._release_hanging)
        return app

    async def _release_hanging(self, _: web.Application) -> None:
        self._is_closing.set()

    @web.middleware
    async def _check_host(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        host = request.headers.get("Host")
        if self.hosts.serves(host):
            return await handler(request)
        text = f"The emulator does not serve the host {shown(host)}; see its 'hosts'."
        status = HTTPStatus.MISDIRECTED_REQUEST
        return to_json((status, {"code": status, "message": text})).to_response()

    @web.middleware
    async def _reword(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        response = await handler(request)
        if self.dialect is SUNO or not isinstance(response, web.Response):
            return response
        return reworded(response, self.dialect)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Answer a POST that costs money."""
        path = self.dialect.own_path(request.path)
        provider = self._provider(request)
        wait = self.rate_limit.refuses()
        charging = KINDS[path][0].PROVIDER
        fault = self.faults.take("create", charging) if wait is None else None
        if fault is not None and fault.kind == "drop_before_body":
            self._log(request)
            return drop(request)
        is_carried_out = fault is None or fault.is_carried_out
        refused = self._key_refused(request, provider) if is_carried_out else None
        if refused is not None:
            self._log(request)
            return to_json(refused).to_response()
        try:
            raw = await request.read()
        except (web.RequestPayloadError, ConnectionError):
            self._log(request)
            return _unreadable(provider)
        self.submissions += 1
        self._log(request, raw)
        answer = None
        if wait is not None:
            status, refusal = dialect_named(provider).refusal("rate_limited")
            answer = Answer(status, json.dumps(refusal).encode(), headers=wait)
        elif is_carried_out:
            body = from_json(raw)
            if isinstance(body, dict):
                body = self.dialect.own_body(body)
            reply = await self.service.create(path, body, provider, fault)
            answer = to_json(reply, self.service.pace.retry_after_s)
        return await self._send(request, answer, fault)

    async def poll(self, request: web.Request) -> web.StreamResponse:
        """Answer a poll of a task."""
        provider, task_id = self._provider(request), request.match_info["task_id"]
        self.polls += 1

        async def answer(fault: Fault | None) -> Answer:
            refused = self._key_refused(request, provider)
            if refused is not None:
                return to_json(refused)
            if fault is not None and fault.refusal is not None and fault.ends_task:
                failure = fault.refusal.to_failure(message=fault.message)
                self.service.refuse(task_id, failure)
            await self.media.prepare(task_id)
            state = fault.state if fault and fault.kind == "unknown_state" else None
            reply = self.service.poll(provider, task_id, state)
            return to_json(reply, self.service.pace.retry_after_s)

        return await self._answer_unless_fault(request, "poll", answer)

    async def poll_nothing(self, request: web.Request) -> web.StreamResponse:
        """Answer a poll without a task id."""
        provider, text = self._provider(request), "missing task id."
        body = dialect_named(provider).envelope(400, text, kind="bad_request")
        refused = 400, body

        async def answer(_: Fault | None) -> Answer:
            return to_json(self._key_refused(request, provider) or refused)

        return await self._answer_unless_fault(request, "poll", answer)

    async def credits(self, request: web.Request) -> web.StreamResponse:
        """Answer with the balance."""

        async def answer(_: Fault | None) -> Answer:
            refused = self._key_refused(request, "")
            return to_json(refused or self.service.balance())

        return await self._answer_unless_fault(request, "credits", answer)

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        """Answer with audio or a picture."""
        name = request.match_info["name"]

        async def answer(_: Fault | None) -> Answer:
            if not self.media_urls.is_valid(name, request.query):
                return Answer(403, EXPIRED, "application/xml")
            kind = TYPES.get(name.rpartition(".")[2])
            body = None if kind is None else await self._medium(name)
            if isinstance(body, Path) and not _is_one_range(request.headers):
                # RFC 9110, 14.2: any other Range header may be ignored.
                body = await asyncio.to_thread(body.read_bytes)
            if kind is None or body is None:
                return Answer(404, b"There is no such file.", "text/plain")
            clip = self.media.playing(name) if self.is_streaming else None
            if clip is None or isinstance(body, bytes) or not self._streams.grows(clip):
                return Answer(200, body, kind)
            return Answer(200, self._streams.chunks(body, clip), kind)

        return await self._answer_unless_fault(request, "media", answer)

    async def _medium(self, name: str) -> bytes | Path | None:
        if name.startswith("image_"):
            return await self.media.picture(name.removeprefix("image_"))
        return await self.media.file(name)

    async def openapi(self, request: web.Request) -> web.StreamResponse:
        """Answer with the OpenAPI document."""
        url = f"{request.scheme}://{request.host}"
        return to_json((200, describe(url))).to_response()

    async def nothing(self, request: web.Request) -> web.StreamResponse:
        """Answer a call to an unknown path."""

        async def answer(_: Fault | None) -> Answer:
            return to_json((404, {"code": 404, "message": "Not Found."}))

        return await self._answer_unless_fault(request, "any", answer)

    async def _answer_unless_fault(
        self,
        request: web.Request,
        on: Target,
        answer: Callable[[Fault | None], Awaitable[Answer]],
    ) -> web.StreamResponse:
        self._log(request)
        fault = self.faults.take(on, self._provider(request))
        is_carried_out = fault is None or fault.is_carried_out
        is_carried_out |= on == "poll" and fault is not None and fault.ends_task
        sent = await answer(fault) if is_carried_out else None
        return await self._send(request, sent, fault)

    async def _send(
        self, request: web.Request, answer: Answer | None, fault: Fault | None
    ) -> web.StreamResponse:
        # A poll that ends its task tells the refund itself.
        is_told = fault is not None and fault.ends_task and request.method == "GET"
        if fault is not None and not (is_told and answer is not None):
            provider = self._provider(request)
            return await self._injector.apply(fault, request, provider, answer)
        assert answer is not None
        return answer.to_response()

    def _log(self, request: web.Request, raw: bytes | None = None) -> None:
        sent_key = "Authorization" in request.headers
        self.calls.add(request.method, request.path, raw, sent_key=sent_key)

    def _provider(self, request: web.Request) -> str:
        """Take the provider from ``/api/v1/<provider>/…``."""
        match self.dialect.own_path(request.path).split("/", 4):
            case [_, _, _, provider, _]:
                return provider
            case _:
                return ""

    def _key_refused(self, request: web.Request, provider: str) -> Reply | None:
        given = request.headers.get("Authorization")
        dialect = dialect_named(provider)
        if given is None:
            return dialect.refusal("no_key")
        if not given.startswith("Bearer ") or not given[7:].strip():
            return dialect.refusal("key_format")
        if not _is_same(given[7:], self.key):
            return dialect.refusal("bad_key")
        return None


def _is_one_range(headers: Mapping[str, str]) -> bool:
    """Check whether a file is asked for whole, or in one range that is well formed."""
    given = headers.get("Range")
    found = None if given is None else _ONE_RANGE.fullmatch(given.strip())
    if found is None:
        return given is None
    first, last = found.groups()
    return not (first and last) or int(first) <= int(last)


_ONE_RANGE: Final = re.compile(r"bytes=(?=\d|-\d)(\d{0,18})-(\d{0,18})", re.ASCII)


def _is_same(given: str, key: str) -> bool:
    # A header may hold bytes that are not text.
    raw = given.encode(errors="surrogatepass")
    return hmac.compare_digest(raw, key.encode())


def _unreadable(provider: str) -> web.StreamResponse:
    text = "The body can't be decoded as its Content-Encoding says."
    body = dialect_named(provider).envelope(400, text, kind="bad_request")
    response = to_json((400, body)).to_response()
    # It is unknown where the next request begins.
    response.force_close()
    return response
