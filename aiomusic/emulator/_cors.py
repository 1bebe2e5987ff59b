"""
Cross-origin access to the API and the media, for tests of code that runs in browsers.

The API needs the key, and media are no secret, so that any origin may read them.
Everything else, such as the page that knows the key, is for its own origin alone.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

__all__ = ["allow_origins", "answer_preflight"]

_OPEN: Final = ("/api/", "/media/", "/openapi.json")
_METHODS: Final = "GET, HEAD, POST"


def _is_open(request: web.Request) -> bool:
    return request.path.startswith(_OPEN)


@web.middleware
async def answer_preflight(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Answer a browser that asks whether it may call; it is no call itself."""
    is_preflight = (
        request.method == "OPTIONS"
        and "Access-Control-Request-Method" in request.headers
    )
    if not (is_preflight and _is_open(request)):
        return await handler(request)
    names = request.headers.get("Access-Control-Request-Headers", "")
    headers = {
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Private-Network": "true",
        "Access-Control-Max-Age": "600",
        "Vary": "Access-Control-Request-Headers",
    }
    if names:
        headers["Access-Control-Allow-Headers"] = names
    return web.Response(status=HTTPStatus.NO_CONTENT, headers=headers)


async def allow_origins(request: web.Request, response: web.StreamResponse) -> None:
    """Let the page of any origin read an answer of the API."""
    if _is_open(request):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "*"
