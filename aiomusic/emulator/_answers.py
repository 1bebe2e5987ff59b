"""HTTP answers, and the faults injected into them."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final, final

import attrs
from aiohttp import web

from aiomusic._clock import Clock
from aiomusic.emulator._faults import Fault
from aiomusic.emulator._refusals import NOT_READY, REFUSALS, Reply
from aiomusic.emulator.dialects import dialect_named

__all__ = ["Answer", "FaultInjector", "drop", "to_json"]

PAGE: Final = (
    "<!DOCTYPE html><html><head><title>{text}</title></head>"
    "<body><h1>{text}</h1></body></html>"
)
JSON_TYPE: Final = "application/json; charset=utf-8"


@final
@attrs.define
class Answer:
    """
    The answer to a call.

    Args:
        body: Bytes, the file that holds them, or what yields them one by one.
    """

    status: int
    body: bytes | Path | AsyncIterator[bytes]
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def to_response(self) -> web.StreamResponse:
        """Return it as a response of aiohttp."""
        headers = {"Content-Type": self.content_type, **self.headers}
        if isinstance(self.body, Path):
            return web.FileResponse(self.body, headers=headers)
        return web.Response(body=self.body, status=self.status, headers=headers)


def to_json(reply: Reply, retry_after_s: float | None = None) -> Answer:
    """
    Answer with a JSON body.

    Args:
        retry_after_s: When to poll the task again, if the reply is about one.
    """
    status, body = reply
    headers = {}
    if retry_after_s is not None and status < HTTPStatus.MULTIPLE_CHOICES:
        headers["Retry-After"] = f"{retry_after_s:.3g}"
    return Answer(status, _dump(body), headers=headers)


def drop(request: web.Request, *, is_reset: bool = False) -> web.StreamResponse:
    """Close the connection without an answer; the response is never sent."""
    transport = request.transport
    if transport is not None and is_reset:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    elif transport is not None:
        transport.close()
    return web.Response()


@final
@attrs.define(eq=False)
class FaultInjector:
    """
    Applies faults to answers.

    Args:
        is_closing: Set when the server closes; hanging calls then end.
    """

    _clock: Clock
    _is_closing: asyncio.Event

    async def apply(
        self,
        fault: Fault,
        request: web.Request,
        provider: str,
        answer: Answer | None = None,
    ) -> web.StreamResponse:
        """
        Answer as the fault says.

        Args:
            answer: The answer without the fault; None: the call was not carried out.
        """
        match fault.kind:
            case "reset":
                return drop(request, is_reset=True)
            case "hang":
                await self._hang(request)
                return drop(request)
            case "slow":
                await self._clock.sleep(fault.seconds)
        headers = fault.sent_headers(self._clock.wall())
        sent = _instead(fault, provider, headers) or answer
        if sent is None or fault.kind.startswith("drop"):
            return drop(request)
        if fault.kind == "cut_body":
            return await _cut(request, sent)
        return _reshaped(fault, sent, headers).to_response()

    async def _hang(self, request: web.Request) -> None:
        """Wait until the client leaves or the server closes."""
        while request.transport is not None and not self._is_closing.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await self._is_closing.wait()


def _instead(fault: Fault, provider: str, headers: dict[str, str]) -> Answer | None:
    """Return the answer that the fault alone decides; None: there is none."""
    match fault.kind:
        case "html":
            page = fault.body
            if not isinstance(page, str):
                page = PAGE.format(text=fault.message or "Just a moment...")
            kind = "text/html; charset=utf-8"
            return Answer(fault.status or HTTPStatus.OK, page.encode(), kind, headers)
        case "redirect":
            place = {"Location": fault.to or "/login", **headers}
            return Answer(fault.status or HTTPStatus.FOUND, b"", headers=place)
        case "status":
            return _with_status(fault, provider, headers)
    refusal = fault.refusal_kind
    if refusal is None:
        return None
    status, body = dialect_named(provider).refusal(
        refusal, message=fault.message, status=fault.status
    )
    return Answer(status, _dump(body), headers=headers)


def _with_status(fault: Fault, provider: str, headers: dict[str, str]) -> Answer:
    status = fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
    if isinstance(fault.body, str):
        return Answer(status, fault.body.encode(), "text/plain; charset=utf-8", headers)
    body = fault.body if fault.body is not None else _error(fault, status, provider)
    return Answer(status, _dump(body), headers=headers)


def _reshaped(fault: Fault, answer: Answer, headers: dict[str, str]) -> Answer:
    """Return the reply to a create in another shape than usual."""
    if fault.kind not in {"id_beside_error", "legacy"}:
        return answer
    assert isinstance(answer.body, bytes)
    body = json.loads(answer.body)
    if "task_id" not in body:
        return answer
    if fault.kind == "legacy":
        body = {
            "code": HTTPStatus.OK,
            "data": {"task_id": body["task_id"]},
            "message": body["message"],
        }
        return Answer(fault.status or HTTPStatus.OK, _dump(body), headers=headers)
    status = fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
    text = fault.message or REFUSALS["server_error"].message
    body = {"code": status, "message": text, "task_id": body["task_id"]}
    return Answer(status, _dump(body), headers=headers)


def _dump(body: object) -> bytes:
    return json.dumps(body).encode()


def _error(fault: Fault, status: int, provider: str) -> object:
    if status == HTTPStatus.ACCEPTED and fault.message is None:
        return NOT_READY
    text = fault.message or _MESSAGES.get(status) or _phrase(status)
    kind = "forbidden" if status == HTTPStatus.FORBIDDEN else "api_error"
    return dialect_named(provider).envelope(status, text, kind=kind)


_MESSAGES: Final = {
    REFUSALS[kind].status: REFUSALS[kind].message
    for kind in ("server_error", "timeout")
}


def _phrase(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase}."
    except ValueError:
        return f"Error {status}."


async def _cut(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Announce the whole body, or the requested rest, send half of it, and close."""
    headers = {"Content-Type": answer.content_type, **answer.headers}
    status, whole = answer.status, answer.body
    if isinstance(whole, AsyncIterator):
        whole = b"".join([chunk async for chunk in whole])
    if isinstance(whole, Path):
        seen = await asyncio.to_thread(whole.stat)
        # The same as FileResponse's, so that a download can be resumed.
        headers["ETag"] = f'"{seen.st_mtime_ns:x}-{seen.st_size:x}"'
        headers["Accept-Ranges"] = "bytes"
        whole = await asyncio.to_thread(whole.read_bytes)
        begin = _begin(request, len(whole))
        if begin:
            size = len(whole)
            status, whole = HTTPStatus.PARTIAL_CONTENT, whole[begin:]
            headers["Content-Range"] = f"bytes {begin}-{size - 1}/{size}"
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(whole)
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _begin(request: web.Request, size: int) -> int:
    try:
        start = request.http_range.start or 0
    except ValueError:
        return 0
    return max(0, size + start) if start < 0 else min(start, size)
