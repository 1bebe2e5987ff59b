"""
The emulator's own calls: its page, what the page shows, and faults to switch on.

They are no part of the service: they are not logged, and no fault applies to them.
"""

import base64
import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from html import escape
from importlib import resources
from string import Template
from typing import Any, Final, final, get_args

import attrs
from aiohttp import web

from aiomusic._http.dialects import HostDialect
from aiomusic._request import Request, fields_of
from aiomusic.emulator._answers import to_json
from aiomusic.emulator._faults import WEBHOOK_KINDS, Fault, FaultKind, Faults
from aiomusic.emulator._hosts import is_loopback
from aiomusic.emulator._refusals import Reply
from aiomusic.emulator._service import Service
from aiomusic.emulator._tasks import Progress, Stage, Task
from aiomusic.emulator.dialects import DIALECTS, view_clip

__all__ = ["Control"]

MAX_TASKS: Final = 50
_TEXTS: Final = ("description", "prompt", "tags", "sound", "title")


@final
@attrs.define(eq=False, kw_only=True, repr=False)
class Control:
    """
    The routes of the page.

    Args:
        key: What the page is told, if it is asked for at this machine; None: its
            reader types it.
        refused: Returns the refusal of a call without the key.
    """

    service: Service
    faults: Faults
    dialect: HostDialect
    key: str | None
    refused: Callable[[web.Request], Reply | None]
    _orders: dict[str, Fault] = attrs.field(factory=dict, init=False)

    def add_to(self, routes: web.UrlDispatcher) -> None:
        """Add the routes."""
        routes.add_get("/", self.page)
        routes.add_get("/emulator/state", self.state)
        routes.add_post("/emulator/faults", self.order)
        routes.add_delete("/emulator/faults/{id}", self.withdraw)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """Answer with the page."""
        is_here = is_loopback(request.url.host or "")
        key = self.key if is_here and self.key is not None else ""
        text = Template(_template()).substitute(key=escape(key))
        headers = {**_HEADERS, "Content-Security-Policy": _policy(text)}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def state(self, request: web.Request) -> web.StreamResponse:
        """Answer with the account, the latest tasks and the faults that are on."""
        return to_json(self.refused(request) or (200, self._state())).to_response()

    async def order(self, request: web.Request) -> web.StreamResponse:
        """Order a fault, whose fields are those of `Fault`."""
        refused = self.refused(request)
        if refused is not None:
            return to_json(refused).to_response()
        try:
            fault = _fault(json.loads(await request.read()))
        except (TypeError, ValueError) as error:
            return to_json(_error(400, str(error))).to_response()
        number = str(len(self._orders))
        self._orders[number] = self.faults.add(fault)
        return to_json((200, {"id": number})).to_response()

    async def withdraw(self, request: web.Request) -> web.StreamResponse:
        """Withdraw a fault that was ordered here."""
        refused = self.refused(request)
        fault = self._orders.get(request.match_info["id"])
        if refused is None and fault is None:
            refused = _error(404, "There is no such fault.")
        if refused is None and fault is not None:
            fault.cancel()
        return to_json(refused or (200, {})).to_response()

    def _state(self) -> dict[str, object]:
        service = self.service
        service.settle_due()
        tasks = [*service.tasks.values()][-MAX_TASKS:][::-1]
        return {
            "credits": service.account.balance,
            "charged": service.account.charged,
            "in_flight": service.in_flight,
            "max_in_flight": service.max_in_flight,
            "task_count": len(service.tasks),
            "tasks": [self._task(task) for task in tasks],
            "faults": [
                _order(number, fault)
                for number, fault in self._orders.items()
                if fault.times != 0
            ],
            "fault_kinds": sorted(set(get_args(FaultKind)) - WEBHOOK_KINDS),
            "creates": {
                name: self._create(dialect.page_create)
                for name, dialect in DIALECTS.items()
                if dialect.page_create is not None
            },
        }

    def _create(self, kind: type[Request[Any]]) -> Mapping[str, object]:
        field = fields_of(kind).get("model")
        path = self.dialect.path(kind.PATH)
        if field is None:
            return {"path": path}
        default = next(one.default for one in attrs.fields(kind) if one.name == "model")
        return {"path": path, **self.dialect.body({field.wire: default})}

    def _task(self, task: Task) -> Mapping[str, object]:
        service, request = self.service, task.request
        progress = task.progress(service.pace, service.clock.now())
        failure = task.failure if task.is_failure else None
        views = (
            (song, view_clip(task, progress, song, number))
            for number, song in enumerate(service.songs(task))
        )
        texts = (getattr(request, name, None) for name in _TEXTS)
        path = f"/api/v1/{task.provider}/task/{task.task_id}"
        return {
            "task_id": task.task_id,
            "path": self.dialect.path(path),
            "operation": request.kind(),
            "text": next(
                (text for text in texts if isinstance(text, str) and text), ""
            ),
            "cost": service.price(request),
            "polls": task.polls,
            "state": _state(task, progress),
            "progress": task.share(service.pace, service.clock.now()),
            "is_over": task.is_over,
            "is_refunded": task.is_refunded,
            "error": "" if failure is None else failure.message,
            "clips": [
                {
                    "clip_id": song.clip_id,
                    "title": song.title,
                    "words": song.lyrics if view.state == "succeeded" else "",
                    "state": view.state,
                    "audio_url": view.audio_url,
                    "image_url": view.image_url,
                    "duration": view.duration,
                    "error": view.error,
                }
                for song, view in views
            ],
        }


_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STATES: Final = {
    Stage.NOT_READY: "not ready",
    Stage.PENDING: "pending",
    Stage.RUNNING: "running",
    Stage.OVER: "running",
}
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    **dict.fromkeys(("kind", "on", "provider", "message", "state"), str),
    **dict.fromkeys(("times", "skip", "status", "clips", "polls"), int),
    "seconds": (int, float),
    "retry_after": (int, float, str),
}
"""The fields of a fault that can be ordered, and what they may be besides null."""


@functools.cache
def _template() -> str:
    file = resources.files("aiomusic.emulator") / "demo" / "emulator.html"
    return file.read_text(encoding="utf-8")


def _policy(page: str) -> str:
    """Return the policy that lets a page run its own script and style, and no other."""
    found = {tag: _hash(page, tag) for tag in ("script", "style")}
    return (
        f"default-src 'none'; script-src {found['script']};"
        f" style-src {found['style']}; img-src http: https: data:;"
        " media-src http: https:; connect-src 'self'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    )


def _hash(page: str, tag: str) -> str:
    found = re.search(f"<{tag}>(.*)</{tag}>", page, re.DOTALL)
    assert found is not None
    digest = hashlib.sha256(found[1].encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _fault(given: object) -> Fault:
    if not isinstance(given, dict):
        raise TypeError("A fault is a JSON object with its kind.")
    for name, value in given.items():
        known = _TYPES.get(name)
        if known is None:
            raise ValueError(f"{name!r} is no field; there are {', '.join(_TYPES)}.")
        if isinstance(value, bool) or not isinstance(value, (known, type(None))):
            raise TypeError(f"{name} can't be {value!r}.")
    return Fault(**{"kind": "", "on": "any", **given})


def _error(status: int, message: str) -> Reply:
    return status, {"code": status, "message": message}


def _order(number: str, fault: Fault) -> Mapping[str, object]:
    left = {"times": fault.times, "struck": fault.struck}
    return {"id": number, "kind": fault.kind, "on": fault.on, **left}


def _state(task: Task, progress: Progress) -> str:
    if task.is_over:
        return "failed" if task.is_failure else "succeeded"
    return _STATES[progress.stage]
