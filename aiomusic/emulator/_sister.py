"""
How a sister host words its answers: errors by type, 402 for credits, names of models.

API: the error types of the sister services.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from aiomusic._http.dialects import HostDialect

__all__ = ["reworded", "with_models"]

_NO_CREDITS: Final = "The remaining credits"
_KEPT: Final = ("refund_processed", "task_id")
_TYPES: Final = {
    400: "validation_error",
    401: "unauthorized",
    402: "insufficient_credits",
    403: "forbidden",
    404: "not_found",
    410: "endpoint_retired",
    429: "rate_limited",
    502: "upstream_error",
    504: "timeout",
}


def reworded(response: web.Response, dialect: HostDialect) -> web.Response:
    """Return an answer as the sister gives it; what is not JSON stays as it is."""
    raw = response.body
    if response.content_type != "application/json" or not isinstance(raw, bytes):
        return response
    try:
        body = json.loads(raw)
    except ValueError:
        return response
    if not isinstance(body, dict):
        return response
    if response.status < HTTPStatus.BAD_REQUEST:
        response.body = json.dumps(with_models(body, dialect)).encode()
        return response
    text = str(body.get("message", body.get("error")))
    if response.status == HTTPStatus.FORBIDDEN and text.startswith(_NO_CREDITS):
        response.set_status(HTTPStatus.PAYMENT_REQUIRED)
    kept = {
        name: body[name] for name in ("refund_processed", "task_id") if name in body
    }
    kind = _TYPES.get(response.status, "server_error")
    response.body = json.dumps({"type": kind, "error": text, **kept}).encode()
    return response


def with_models(body: Mapping[str, Any], dialect: HostDialect) -> dict[str, Any]:
    """Return a reply or a webhook with the models as the sister names them."""
    clips = body.get("data")
    if not isinstance(clips, list):
        return dict(body)
    return {
        **body,
        "data": [
            dialect.body(clip) if isinstance(clip, dict) else clip for clip in clips
        ],
    }
