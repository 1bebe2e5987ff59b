"""A server that answers as it is told, and remembers what it was asked."""

import json
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

import attrs
from aiohttp import web

from aiomusic import MusicSession

KEY = "k-scripted"
EXAMPLES = Path(__file__).parent / "examples"
TASK_ID = "468d0e42-f7a6-40ce-9a4c-37db56b13b99"


def example(name: str) -> dict[str, Any]:
    """Read a recorded body."""
    found = json.loads((EXAMPLES / f"{name}.json").read_text())
    assert isinstance(found, dict)
    return found


def exact(body: object) -> str:
    """Spell a JSON value so that 30 and 30.0, or 1 and true, are not the same."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


@final
@attrs.frozen(kw_only=True)
class Call:
    """A request that came, as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@final
@attrs.frozen
class Answer:
    """What to answer: bytes as they are, anything else as JSON."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def to_response(self) -> web.Response:
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body)
        return web.Response(
            status=self.status,
            body=raw,
            headers={"Content-Type": "application/json", **self.headers},
        )


@final
class Scripted:
    """
    A server on loopback; each answer is given once, and the last one for ever.

    Attributes:
        calls: All that came, in order.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.url = ""
        self._answers: dict[str, deque[Answer]] = {}

    def answer(self, path: str, *answers: Answer) -> None:
        self._answers[path] = deque(answers)

    def creates(self, path: str, *polls: Answer, task_path: str) -> None:
        """Accept what is sent to *path*, and answer polls of its task."""
        self.answer(path, Answer({"message": "success", "task_id": TASK_ID}))
        self.answer(task_path.format(task_id=TASK_ID), *polls)

    @property
    def posts(self) -> list[Call]:
        return [call for call in self.calls if call.method == "POST"]

    @property
    def polls(self) -> list[Call]:
        return [call for call in self.calls if call.method == "GET"]

    def session(self) -> MusicSession:
        return MusicSession(api_key=KEY, base_url=self.url, poll_every_s=0)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(
            Call(
                method=request.method,
                path=request.raw_path,
                headers=headers,
                body=await request.read(),
            )
        )
        script = self._answers.get(request.path)
        if not script:
            return web.Response(status=404, text="the script has no answer to this")
        answer = script.popleft() if len(script) > 1 else script[0]
        return answer.to_response()
