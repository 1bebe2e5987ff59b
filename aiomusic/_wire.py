"""
Requests to HTTP, and replies to values or errors, with no I/O.

What a reply *means* is told here once, for every provider: the HTTP status is
the truth, the body's ``error``, ``message`` or ``detail`` the words, and the
sentences that the service packs into 400 and 403 are mapped to types.
"""

import functools
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, final

import attrs

from aiomusic import _retry_after
from aiomusic.errors import (
    ApiError,
    AuthenticationFailed,
    Charged,
    ContentRefused,
    InvalidRequest,
    JobFailed,
    OutOfCredits,
    ProtocolError,
    QueueFull,
    RateLimited,
    ServiceFailed,
    SubscriptionInactive,
    TaskNotFound,
)
from aiomusic.providers._replies import Name, Provider
from aiomusic.results import ClipState, Credits, TaskSnapshot

if TYPE_CHECKING:
    import cattrs

    from aiomusic._request import Request

__all__ = [
    "CREDITS_PATH",
    "Accepted",
    "Reply",
    "encode",
    "prepare",
    "read_created",
    "read_credits",
    "read_task",
    "retry_after_s",
    "says_refunded",
]

CREDITS_PATH = "/api/v1/get-credits"

T = TypeVar("T")


@final
@attrs.frozen(kw_only=True)
class Reply:
    """What came back over the wire; header names are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    wall: float
    """When it came, in seconds since 1970."""


@final
@attrs.frozen(kw_only=True)
class Accepted:
    """The service has made a task of the request."""

    task_id: Name
    retry_after_s: float | None = None
    """When it asks to be looked at first."""


@final
@attrs.frozen(kw_only=True)
class _TaskMade:
    """``{task_id, message}``, as a create is answered."""

    task_id: Name


def encode(body: Mapping[str, object]) -> bytes:
    """
    Give the bytes of a JSON body.

    Raises:
        InvalidRequest: It holds what JSON can't, which only ``extra`` can bring.
    """
    try:
        return _JSON.encode(body).encode()
    except (TypeError, ValueError) as error:
        message = f"The request can't be sent as JSON: {error}. Nothing was sent."
        raise InvalidRequest(message, rule="it must be JSON") from error


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def prepare() -> None:
    """Load what reads replies, so that the first of them need not wait for it."""
    _converter()


def read_created(request: "Request[Any]", reply: Reply) -> Accepted | object:
    """
    Read the reply to a create: `Accepted`, or the result itself.

    Raises:
        ApiError: The service says no.
        ProtocolError: It says neither yes nor no.
    """
    what = request.kind()
    if reply.status in _DOUBTFUL:
        raise _unreadable(what, reply, "it does not tell whether it was done")
    body = _read_ok(reply, what)
    if request.REPLY is None:
        accepted = _structure(body, _TaskMade, what)
        return Accepted(task_id=accepted.task_id, retry_after_s=retry_after_s(reply))
    return _structure(body, request.REPLY, what).to_result(request)


def read_task(provider: Provider, task_id: str, reply: Reply) -> TaskSnapshot:
    """
    Read the reply to a look at a task.

    Raises:
        JobFailed: The service says that the task is over and failed.
        ContentRefused: The model refused the request.
        ApiError: The look itself failed; the task may be well.
        ProtocolError: The reply can't be read.
    """
    what = f"{provider.name} task"
    if reply.status == _NOT_READY:
        return TaskSnapshot(state=ClipState.PENDING)
    body = _read_ok(reply, what)
    if body.get("code") == _NOT_READY or body.get("type") == "not_ready":
        return TaskSnapshot(state=ClipState.PENDING)
    found = _structure(body, provider.reply, what)
    return found.to_snapshot(body, provider=provider.name, task_id=task_id)


def read_credits(reply: Reply) -> Credits:
    """
    Read the reply to get-credits.

    Raises:
        ApiError: The service says no.
        ProtocolError: The reply can't be read.
    """
    return _structure(_read_ok(reply, "credits"), Credits, "credits")


_NOT_READY = 202
# Answers to a create that may come after it was carried out: see other, request
# time-out, conflict, client closed request.
_DOUBTFUL = {303, 408, 409, 499}
_OK = range(200, 300)
_CLIENT_ERROR = 400
_SERVER_ERROR = 500


def _read_ok(reply: Reply, what: str) -> dict[str, Any]:
    """Give the JSON object of a reply that says yes."""
    if reply.status not in _OK:
        raise _error(reply, what, reply.status)
    try:
        body = json.loads(reply.body)
    except (RecursionError, ValueError) as error:
        raise _unreadable(what, reply, f"it is not JSON ({error})") from error
    if not isinstance(body, dict):
        raise _unreadable(what, reply, "it is JSON, but no object")
    code = body.get("code")
    if isinstance(code, int) and code >= _CLIENT_ERROR and "task_id" not in body:
        # A yes by status and a no by code: clients of this family have seen both.
        raise _error(reply, what, code)
    return body


def _unreadable(what: str, reply: Reply, why: str) -> ProtocolError:
    start = reply.body[:60].decode(errors="replace")
    return ProtocolError(
        f"{what}: HTTP {reply.status} came with {len(reply.body)} bytes that can't be"
        f" read: {why}. They begin with {start!r}."
    )


def _structure(body: dict[str, Any], shape: type[T], what: str) -> T:
    import cattrs  # noqa: PLC0415 - its cost

    try:
        return _converter().structure(body, shape)
    except (cattrs.BaseValidationError, ValueError, TypeError) as error:
        places = "; ".join(cattrs.transform_error(error, path="$"))
        message = f"{what}: the reply is not what the API describes: {places}."
        raise ProtocolError(message) from error


def _text(value: object, _type: object = None) -> str:
    if isinstance(value, (str, int, float)):
        return str(value)
    message = f"{type(value).__name__} is no text"
    raise TypeError(message)


def _name(value: object, _type: object = None) -> str:
    text = _text(value)
    if not text.strip():
        message = "it is empty"
        raise ValueError(message)
    return text


def _state(value: object, _type: object = None) -> ClipState:
    """Read a state; sisters of the API spell the same four in other words."""
    word = value.lower() if isinstance(value, str) else ""
    return _STATES.get(word, ClipState.UNKNOWN)


_STATES = {
    **dict.fromkeys(("pending", "queued", "submitted"), ClipState.PENDING),
    **dict.fromkeys(("running", "processing", "streaming"), ClipState.RUNNING),
    **dict.fromkeys(("succeeded", "success", "completed"), ClipState.SUCCEEDED),
    **dict.fromkeys(("failed", "failure", "error"), ClipState.FAILED),
}


@functools.cache
def _converter() -> "cattrs.Converter":
    import cattrs  # noqa: PLC0415 - its cost

    converter = cattrs.Converter()
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(Name, _name)
    converter.register_structure_hook(ClipState, _state)
    converter.register_structure_hook_func(
        lambda t: t is object, lambda value, _: value
    )
    return converter


# The sentences, and what they mean (API: error handling, nuro error handling).
_SENTENCES: tuple[tuple[str, type[ApiError]], ...] = (
    # First, as they repeat the caller's own words, which may be any others.
    (r"copyright|inappropriate|moderation", ContentRefused),
    (r"artist names|producer tags|lyrics format", ContentRefused),
    (r"credits are not enough|insufficient.credit", OutOfCredits),
    (r"active subscription", SubscriptionInactive),
    (r"queue is full", QueueFull),
    (r"QPS limit|usage limit|rate.limit|too many requests", RateLimited),
    (r"task not found", TaskNotFound),
    (
        r"authorization|api.?key|(bad|invalid|wrong) (key|signature)",
        AuthenticationFailed,
    ),
)

_STATUSES: dict[int, type[ApiError]] = {
    400: InvalidRequest,
    401: AuthenticationFailed,
    402: OutOfCredits,
    404: TaskNotFound,
    413: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
}

# Of these the status tells all, whatever the words (an HTML page's, say).
_PLAIN = frozenset({401, 402, 404, 429})

_TO_DO: dict[type[ApiError], str] = {
    AuthenticationFailed: "Check the API key.",
    InvalidRequest: "Change the request.",
    OutOfCredits: "Buy credits, or wait for the next billing cycle.",
    SubscriptionInactive: "Renew the subscription.",
    ContentRefused: "Change the words.",
    RateLimited: "Send less, or try later.",
    QueueFull: "Try later.",
    ServiceFailed: "Try later.",
}


def _error(reply: Reply, what: str, status: int) -> ApiError | JobFailed:
    """Turn a no into its type; the service's own sentence is kept whole."""
    fields = _fields(reply.body)
    text = _sentence(fields, reply.body)
    kind = _kind(status, text)
    if kind is TaskNotFound and not what.endswith(" task"):
        # A 404 on anything else is about the address.
        kind = ApiError
    message = f"{what}: the service answered {status}: {text}"
    is_refunded = fields.get("refund_processed") is True or says_refunded(text)
    charged = Charged.REFUNDED if is_refunded else None
    is_over = status >= _SERVER_ERROR or what.endswith(" task")
    if is_refunded and is_over and kind is not ContentRefused:
        # API: credits are given back (a 504's, nuro's) when the task is over.
        return JobFailed(message, charged=charged, retry=kind.retry)
    return kind(
        " ".join(filter(None, (_ended(message), _TO_DO.get(kind)))),
        status=status,
        text=text,
        retry_after_s=retry_after_s(reply),
        charged=charged,
    )


def says_refunded(text: str) -> bool:
    """Tell whether the service's words say that the credits are back."""
    own = _own_words(text)
    return bool(_REFUNDED.search(own)) and not _NOT_REFUNDED.search(own)


def _own_words(text: str) -> str:
    """Leave out the caller's words that a refusal repeats: they mean nothing."""
    return text if text.startswith(("{", "[")) else _QUOTED.sub("", text)


_QUOTED = re.compile(r"'.*'|\".*\"|“.*”", re.DOTALL)
_REFUNDED = re.compile(r"\bcredits?\b[^.]*\brefunded\b", re.IGNORECASE)
_NOT_REFUNDED = re.compile(
    r"\b(not|never|no credits|cannot|can't|won't|weren't|wasn't|if|will|would|may)\b"
    r"[^.]*\brefunded\b",
    re.IGNORECASE,
)


def _kind(status: int, text: str) -> type[ApiError]:
    if status >= _SERVER_ERROR:
        return ServiceFailed
    if status not in _PLAIN:
        own = _own_words(text)
        for pattern, kind in _SENTENCES:
            if re.search(pattern, own, re.IGNORECASE):
                return kind
    return _STATUSES.get(status, ApiError)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _fields(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (RecursionError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _sentence(fields: Mapping[str, Any], body: bytes) -> str:
    for name in ("error", "message", "detail"):
        value = fields.get(name)
        if isinstance(value, dict):
            value = value.get("message")
        if isinstance(value, str) and value:
            return value
    text = " ".join(body[:500].decode(errors="replace").split())
    return text or "(no words)"


def retry_after_s(reply: Reply) -> float | None:
    """Return the seconds for which a reply asks to be left alone."""
    return _retry_after.retry_after_s(reply.headers, reply.wall)
