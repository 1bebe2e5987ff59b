"""Real exchanges with the service, kept as a file without secrets, and given again."""

import collections
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast, final

import aiohttp
import attrs
from aiohttp import web

from aiomusic._http.transport import base_url_from
from aiomusic._redact import hide, recorded

__all__ = ["Recorder", "Replay"]

# What an answer means for a client; what else came is the gateway's own.
_KEPT_HEADERS: Final = ("content-type", "location", "retry-after", "x-request-id")
_PASSED_ON: Final = ("authorization", "content-type", "traceparent")
MAX_BODY_BYTES: Final = 64 * 1024 * 1024


class _Server:
    """A server on loopback while it is entered."""

    def __init__(self) -> None:
        self.url: str = ""
        """Where it is: the ``base_url`` of a session."""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_route("*", "/{rest:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError


@final
class Recorder(_Server):
    """
    Passes calls on to the service, and writes down what was said, for `Replay`.

    ::

        async with Recorder("songs.json") as api:
            async with MusicSession(base_url=api.url) as music:
                await music.lyrics.create("rain")  # it is real, and paid for

    The file is written on exit.  No API key, no header that carries one, no
    field that is named for a secret and no signature of a link is in it.

    Args:
        path: The file; one that is there is replaced.
        base_url: Where the service is; None: AIOMUSIC_BASE_URL, else the service.
    """

    def __init__(self, path: str | Path, *, base_url: str | None = None) -> None:
        super().__init__()
        self._path = Path(path).expanduser()
        self._base_url = base_url_from(base_url)
        self._exchanges: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(auto_decompress=True, trust_env=True)
        return await super().__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        await self._http.close()
        text = json.dumps(recorded(self._exchanges), indent=2, ensure_ascii=False)
        half = self._path.with_name(f"{self._path.name}.part")
        half.write_text(f"{text}\n", encoding="utf-8")
        half.replace(self._path)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        hide(request.headers.get("Authorization", "").removeprefix("Bearer "))
        async with self._http.request(
            request.method,
            self._base_url + request.raw_path,
            data=body or None,
            headers=_only(request.headers, _PASSED_ON),
            allow_redirects=False,
        ) as reply:
            raw = await reply.read()
        headers = _only(reply.headers, _KEPT_HEADERS)
        self._exchanges.append(
            {
                "method": request.method,
                "path": request.raw_path,
                "sent": _readable(body),
                "status": reply.status,
                "headers": headers,
                "body": _readable(raw),
            }
        )
        return web.Response(status=reply.status, body=raw, headers=headers)


@final
@attrs.frozen
class _Said:
    """One answer of a file."""

    status: int
    headers: Mapping[str, str]
    body: Any

    def to_response(self) -> web.Response:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return web.Response(
            status=self.status, body=text.encode(), headers=dict(self.headers)
        )


@final
class Replay(_Server):
    """
    Answers as a service did that `Recorder` listened to; nothing is paid for.

    Each call is answered as those before to the same path were, in their order, and
    from then on as the last one was.  A path that was never asked for is a 404.

    Args:
        path: The file that a `Recorder` wrote.

    Attributes:
        key: An API key for the session; any other does, too.
        calls: Method, path and JSON of each call that came.

    Raises:
        ValueError: The file is something else.
        OSError: It can't be read.
    """

    key = "replayed"

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self.calls: list[tuple[str, str, Any]] = []
        self._said: dict[tuple[str, str], collections.deque[_Said]] = {}
        for one in _read(Path(path).expanduser()):
            said = _Said(one["status"], one["headers"], one["body"])
            place = (one["method"], one["path"])
            self._said.setdefault(place, collections.deque()).append(said)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        place = (request.method, request.raw_path)
        self.calls.append((*place, _readable(await request.read())))
        said = self._said.get(place)
        if said is None:
            known = ", ".join(f"{method} {path}" for method, path in self._said)
            words = f"nothing was recorded of {place[0]} {place[1]}, but of {known}"
            return web.json_response({"error": words}, status=404)
        one = said.popleft() if len(said) > 1 else said[0]
        return one.to_response()


def _read(path: Path) -> Sequence[Mapping[str, Any]]:
    found: Any = json.loads(path.read_text(encoding="utf-8"))
    wanted = {"method", "path", "sent", "status", "headers", "body"}
    is_fit = isinstance(found, list) and all(
        isinstance(one, dict) and wanted <= one.keys() for one in found
    )
    if not is_fit:
        message = (
            f"{path} is no file that aiomusic.testing.Recorder wrote: record it again,"
            " or give its path."
        )
        raise ValueError(message)
    return cast("Sequence[Mapping[str, Any]]", found)


def _only(headers: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}


def _readable(body: bytes) -> object:
    text = body.decode(errors="replace")
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
