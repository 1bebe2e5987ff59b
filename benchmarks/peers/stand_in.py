"""
One server for all: it reads a request whole, counts it, and then does as told.

A submission is a POST whose body the server has read: what a paying service bills.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import attrs

TASK_ID = "468d0e42-f7a6-40ce-9a4c-37db56b13b99"

Body: TypeAlias = dict[str, Any]


@attrs.frozen
class Fault:
    """
    What is done in place of an answer.

    Args:
        kind: ``drop``, ``hang``, ``html``, or a status.
    """

    kind: str
    retry_after_s: float | None = None


@attrs.frozen(kw_only=True)
class Shape:
    """
    How a library's service answers.

    Args:
        created: The reply to a create, given the server's address.
        poll: The reply to a poll of that path, given whether the task is over.
        status: Of the reply to a create.
        headers: Of the reply to a create, given the server's address.
    """

    created: Callable[[str], Body]
    poll: Callable[[str, bool], Body]
    status: int = 200
    headers: Callable[[str], Mapping[str, str]] = lambda _: {}


@attrs.define(eq=False)
class Server:
    """
    Plays one service to one library, once.

    Args:
        create_faults, poll_faults: Struck in turn; a last None lets all others pass.
        over_after_s: How long a task takes.
        down_s: How long connections are refused, once the library is ready.
    """

    shape: Shape
    create_faults: list[Fault | None] = attrs.field(factory=list)
    poll_faults: list[Fault | None] = attrs.field(factory=list)
    over_after_s: float = 0.0
    down_s: float = 0.0
    url: str = ""
    submitted_at: list[float] = attrs.field(factory=list)
    polled_at: list[float] = attrs.field(factory=list)
    is_awaited: asyncio.Event = attrs.field(factory=asyncio.Event)
    _changed: asyncio.Event = attrs.field(factory=asyncio.Event)
    _open: set[asyncio.StreamWriter] = attrs.field(factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(
            self._talk, "127.0.0.1", 0, start_serving=False
        )
        host, port = server.sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{port}"
        later = asyncio.create_task(self._start(server))
        if not self.down_s:
            self.is_awaited.set()
        try:
            yield
        finally:
            later.cancel()
            server.close()
            for writer in self._open:
                writer.transport.abort()

    async def polled(self, times: int | None) -> None:
        """Wait for so many polls; None: for ever."""
        while times is None or len(self.polled_at) < times:
            self._changed.clear()
            await self._changed.wait()

    async def _start(self, server: asyncio.Server) -> None:
        # A socket that is bound and does not listen refuses.
        await self.is_awaited.wait()
        await asyncio.sleep(self.down_s)
        await server.start_serving()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._open.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        method, path, _ = await read_request(reader)
        is_create = method == "POST" and not path.endswith("/suno/tasks")
        fault = self._note(path, is_create=is_create)
        if fault is None:
            writer.write(self._answer(path, is_create=is_create))
        elif fault.kind == "drop":
            return False
        elif fault.kind == "hang":
            with contextlib.suppress(OSError):
                await reader.read()
            return False
        else:
            writer.write(_faulty(fault))
        await writer.drain()
        return True

    def _note(self, path: str, *, is_create: bool) -> Fault | None:
        if not is_create and path.endswith("/get-credits"):
            return None
        times = self.submitted_at if is_create else self.polled_at
        times.append(time.monotonic())
        self._changed.set()
        faults = self.create_faults if is_create else self.poll_faults
        if not faults:
            return None
        return faults.pop(0) if len(faults) > 1 else faults[0]

    def _answer(self, path: str, *, is_create: bool) -> bytes:
        if is_create:
            body = self.shape.created(self.url)
            return reply(self.shape.status, body, self.shape.headers(self.url))
        since = self.submitted_at[-1] if self.submitted_at else 0.0
        is_over = time.monotonic() - since >= self.over_after_s
        return reply(200, self.shape.poll(path, is_over))


async def read_request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    """Return the method, the path and the body, which is read whole."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    pairs = [line.partition(":") for line in lines if line]
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return method, path, await _body(reader, headers)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    whole = b""
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        whole += (await reader.readexactly(size + 2))[:size]
        if size == 0:
            return whole


def _faulty(fault: Fault) -> bytes:
    if fault.kind == "502":
        # As gateways answer; some libraries tell them by it.
        page = b"<html><title>502 Bad Gateway</title><center>nginx</center></html>"
        return _raw(502, page, "text/html", {})
    if fault.kind == "html":
        page = b"<!doctype html><title>Welcome</title><p>One moment, please."
        return _raw(200, page, "text/html", {})
    headers = {}
    if fault.retry_after_s is not None:
        headers["Retry-After"] = f"{fault.retry_after_s:g}"
    return reply(int(fault.kind), {"message": f"status {fault.kind}"}, headers)


def reply(status: int, body: Body, headers: Mapping[str, str] | None = None) -> bytes:
    return _raw(status, json.dumps(body).encode(), "application/json", headers or {})


def _raw(status: int, body: bytes, kind: str, headers: Mapping[str, str]) -> bytes:
    whole = {"Content-Type": kind, "Content-Length": f"{len(body)}", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in whole.items())
    return f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode() + body
