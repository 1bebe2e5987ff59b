"""The service over HTTP: its routes and its key."""

import asyncio
import collections
import hmac
import json
from collections.abc import Awaitable, Callable
from pathlib import Path, PurePath
from typing import Any, Final, final

import attrs
from aiohttp import web

from aiomusic._clock import Clock
from aiomusic.emulator._answers import Answer, Striker, drop, to_json
from aiomusic.emulator._faults import Fault, Faults, Target
from aiomusic.emulator._openapi import describe
from aiomusic.emulator._rules import KINDS, envelope
from aiomusic.emulator._service import Reply, Service
from aiomusic.emulator._studio import Media
from aiomusic.providers._all import PROVIDERS

__all__ = ["Api", "Call"]

TYPES: Final = {
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mid": "audio/midi",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}


def _without_secret(body: object) -> str:
    if isinstance(body, dict) and "webhook_secret" in body:
        body = {**body, "webhook_secret": "..."}
    return repr(body)


@final
@attrs.frozen
class Call:
    """
    One call that came in.

    Attributes:
        body: What its JSON holds, or its text if it is not JSON; None: there was no
            body, or it was not read.
        sent_key: Whether an ``Authorization`` header came with it.
    """

    method: str
    path: str
    body: Any = attrs.field(default=None, repr=_without_secret)
    sent_key: bool = False


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class Api:
    """The routes; each answers one call, or lets a fault answer it."""

    service: Service
    media: Media
    faults: Faults
    clock: Clock
    key: str
    calls: collections.deque[Call]
    submissions: int = attrs.field(default=0, init=False)
    polls: int = attrs.field(default=0, init=False)
    _is_closing: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    _striker: Striker = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._striker = Striker(self.clock, self._is_closing)

    def app(self) -> web.Application:
        """Build the application."""
        self._is_closing.clear()
        app = web.Application()
        routes = app.router
        for path in KINDS:
            routes.add_post(path, self.create)
        for provider in PROVIDERS.values():
            routes.add_get(provider.task_path, self.poll)
            bare = provider.task_path.partition("{")[0]
            routes.add_get(bare, self.poll_nothing)
            routes.add_get(bare.rstrip("/"), self.poll_nothing)
        routes.add_get("/api/v1/get-credits", self.credits)
        routes.add_get("/media/{name}", self.fetch)
        routes.add_get("/openapi.json", self.openapi)
        routes.add_route("*", "/{rest:.*}", self.nothing)
        app.on_shutdown.append(self._let_go)
        return app

    async def _let_go(self, _: web.Application) -> None:
        self._is_closing.set()

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Answer a POST that costs money."""
        path, provider = request.path, _provider(request)
        whose = "lyrics" if path.endswith("/lyrics") else provider
        fault = self.faults.take("create", whose)
        if fault is not None and fault.kind == "drop_before_body":
            self._log(request)
            return drop(request)
        is_carried_out = fault is None or fault.is_carried_out
        refused = self._key_refused(request, provider) if is_carried_out else None
        if refused is not None:
            self._log(request)
            return to_json(refused).to_response()
        body = _read(await request.read())
        self.submissions += 1
        self._log(request, body)
        answer = None
        if is_carried_out:
            reply = await self.service.create(path, body, provider, fault)
            answer = to_json(reply, self.service.pace.retry_after_s)
        return await self._send(request, answer, fault)

    async def poll(self, request: web.Request) -> web.StreamResponse:
        """Answer a look at a task."""
        provider, task_id = _provider(request), request.match_info["task_id"]
        self.polls += 1

        async def answer(fault: Fault | None) -> Answer:
            refused = self._key_refused(request, provider)
            if refused is not None:
                return to_json(refused)
            await self.media.prepare(task_id)
            state = fault.state if fault and fault.kind == "unknown_state" else None
            reply = self.service.look(provider, task_id, state)
            return to_json(reply, self.service.pace.retry_after_s)

        return await self._unless_struck(request, "poll", answer)

    async def poll_nothing(self, request: web.Request) -> web.StreamResponse:
        """Answer a look at no task."""
        provider, text = _provider(request), "missing task id."
        refused = 400, envelope(provider, 400, text, kind="bad_request")

        async def answer(_: Fault | None) -> Answer:
            return to_json(self._key_refused(request, provider) or refused)

        return await self._unless_struck(request, "poll", answer)

    async def credits(self, request: web.Request) -> web.StreamResponse:
        """Answer how much is left."""

        async def answer(_: Fault | None) -> Answer:
            refused = self._key_refused(request, "")
            return to_json(refused or self.service.balance())

        return await self._unless_struck(request, "credits", answer)

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        """Answer with audio, or with a picture."""
        name = request.match_info["name"]

        async def answer(_: Fault | None) -> Answer:
            body = await self._medium(name)
            if body is None:
                return Answer(404, b"There is no such file.", "text/plain")
            return Answer(200, body, TYPES[PurePath(name).suffix])

        return await self._unless_struck(request, "media", answer)

    async def _medium(self, name: str) -> bytes | Path | None:
        if name.startswith("image_"):
            return await self.media.picture(name.removeprefix("image_"))
        return await self.media.file(name)

    async def openapi(self, request: web.Request) -> web.StreamResponse:
        """Describe all this."""
        url = f"{request.scheme}://{request.host}"
        return to_json((200, describe(url))).to_response()

    async def nothing(self, request: web.Request) -> web.StreamResponse:
        """Answer a call that is none of the service's."""

        async def answer(_: Fault | None) -> Answer:
            return to_json((404, {"code": 404, "message": "Not Found."}))

        return await self._unless_struck(request, "any", answer)

    async def _unless_struck(
        self,
        request: web.Request,
        on: Target,
        answer: Callable[[Fault | None], Awaitable[Answer]],
    ) -> web.StreamResponse:
        self._log(request)
        fault = self.faults.take(on, _provider(request))
        is_carried_out = fault is None or fault.is_carried_out
        said = await answer(fault) if is_carried_out else None
        return await self._send(request, said, fault)

    async def _send(
        self, request: web.Request, answer: Answer | None, fault: Fault | None
    ) -> web.StreamResponse:
        if fault is not None:
            provider = _provider(request)
            return await self._striker.strike(fault, request, provider, answer)
        assert answer is not None
        return answer.to_response()

    def _log(self, request: web.Request, body: object = None) -> None:
        sent_key = "Authorization" in request.headers
        self.calls.append(Call(request.method, request.path, body, sent_key))

    def _key_refused(self, request: web.Request, provider: str) -> Reply | None:
        given = request.headers.get("Authorization")
        if given is None:
            text = "Authorization header is missing."
        elif not given.startswith("Bearer ") or not given[7:].strip():
            text = "Invalid authorization format."
        elif not hmac.compare_digest(given[7:].encode(), self.key.encode()):
            # API: the sentence for a wrong key is on no page but nuro's.
            text = "Invalid signature" if provider == "nuro" else "Invalid API key."
        else:
            return None
        return 401, envelope(provider, 401, text, kind="unauthorized")


def _provider(request: web.Request) -> str:
    """Take the provider from ``/api/v1/<provider>/…``."""
    parts = request.path.split("/", 4)
    return parts[3] if len(parts) > 4 else ""  # noqa: PLR2004 - as the path has


def _read(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode(errors="replace")
