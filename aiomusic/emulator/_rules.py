"""
Checks of requests, and the service's sentences for broken rules.

The rules are those of the request classes; the sentences are the API's (error
handling; nuro error handling).  Where the API has none, the reply states the rule.
"""

import re
import warnings
from collections.abc import Mapping
from typing import Any, Final, NoReturn, Self, final

import attrs

from aiomusic._fields import Field, Flag, Text
from aiomusic._request import Request, fields_of
from aiomusic._spelling import half_a_pair, shown
from aiomusic.emulator._hosts import is_http_url
from aiomusic.emulator._refusals import REFUSALS, RefusalKind
from aiomusic.emulator.dialects import Breach, Sentences, dialect_of
from aiomusic.errors import InvalidRequest, MusicWarning
from aiomusic.providers._all import requests

__all__ = [
    "KINDS",
    "NOT_ACCESSIBLE",
    "REQUIRED",
    "RequestRefused",
    "read_request",
    "read_webhook",
]


def _kinds() -> dict[str, tuple[type[Request[Any]], ...]]:
    found: dict[str, list[type[Request[Any]]]] = {}
    for kind in requests().values():
        for path in kind.paths():
            found.setdefault(path, []).append(kind)
    return {path: tuple(kinds) for path, kinds in found.items()}


KINDS: Final = _kinds()
"""The kinds of request that each path takes."""


@final
class RequestRefused(Exception):
    """
    The service refuses the request.

    Args:
        status: The HTTP status.
        message: The message of the service.
        kind: The type of the error, for dialects that tell it.
    """

    def __init__(self, status: int, message: str, kind: str = "bad_request") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind

    @classmethod
    def of(cls, kind: RefusalKind) -> Self:
        """Return the refusal of that kind."""
        known = REFUSALS[kind]
        return cls(known.status, known.message, known.kind)


NOT_ACCESSIBLE: Final = (
    "Audio URL is not accessible. Please provide a public direct audio file URL."
)
"""API: upload music; seen by a client of a sister service."""


_SENTENCES: Final[Sentences] = {
    ("*", "title", Breach.TOO_LONG): (
        "The title character length should be less than 80."
    ),
}
"""Sentences that follow no pattern, of every provider."""

_PATTERNS: Final = {
    Breach.MISSING: "The '{field}' field is required.",
    Breach.TOO_LONG: "The {field} character length should be less than {most}.",
    Breach.NOT_BOOLEAN: "The '{field}' field should be boolean.",
    Breach.INVALID: "The '{field}' field is invalid: {rule}.",
}
"""TOO_LONG and NOT_BOOLEAN are the API's own pattern; the others are inferred."""


def _sentence(
    kind: type[Request[Any]], field: str, breach: Breach, rule: str = ""
) -> str:
    sentences = {**_SENTENCES, **dialect_of(kind).sentences}
    for scope in (kind.OPERATION, "*"):
        if (scope, field, breach) in sentences:
            return sentences[scope, field, breach]
    digits = re.search(r"\d[\d,]*", rule)
    most = digits.group().replace(",", "") if digits else ""
    return _PATTERNS[breach].format(field=field, rule=rule, most=most)


def _refuse(
    kind: type[Request[Any]], field: str, breach: Breach, rule: str = ""
) -> NoReturn:
    raise RequestRefused(400, _sentence(kind, field, breach, rule))


def read_request(path: str, body: object) -> Request[Any]:
    """
    Return the request in a body that was sent to *path*.

    Raises:
        RequestRefused: It breaks a rule of the service.
    """
    if not isinstance(body, dict):
        raise RequestRefused(400, "The body should be a JSON object.")
    kind = _kind_of(path, body)
    for name, value in kind.FIXED.items():
        if body.get(name) != value:
            rule = f"it should be {str(value).lower()} here"
            _refuse(kind, name, Breach.INVALID, rule)
    dialect = dialect_of(kind)
    body = dialect.normalized(path, body)
    for field in (*dialect.required_by_body(kind, body), *REQUIRED[kind]):
        if body.get(field) is None:
            breach = dialect.breach_if_missing.get(field, Breach.MISSING)
            _refuse(kind, field, breach, "it is required")
    return _checked(kind, body, path)


def _kind_of(path: str, body: Mapping[str, object]) -> type[Request[Any]]:
    kinds = KINDS[path]
    dialect = dialect_of(kinds[0])
    is_create = path.endswith("/create") and dialect.needs_custom_mode(body)
    if is_create and not isinstance(body.get("custom_mode"), bool):
        _refuse(kinds[0], "custom_mode", Breach.NOT_BOOLEAN)
    field = dialect.type_field
    given = body.get(field)
    if given is None or isinstance(given, str):
        for kind in kinds:
            if kind.matches(body):
                return kind
        for kind in kinds:
            if given is not None and kind.FIXED.get(field) == given:
                return kind
    return _refuse(kinds[0], field, Breach.INVALID, f"it is {shown(given)}")


def _required(kind: type[Request[Any]]) -> tuple[str, ...]:
    """Return the required fields of the body, some of which have a default here."""
    known = fields_of(kind)
    required = [
        known[field.name].wire
        for field in attrs.fields(kind)
        if field.name in known and field.default is attrs.NOTHING
    ]
    wires = {spec.wire for spec in known.values()}
    required += [wire for wire in dialect_of(kind).required if wire in wires]
    return tuple(required)


REQUIRED: Final = {kind: _required(kind) for kind in requests().values()}


def _checked(
    kind: type[Request[Any]], body: Mapping[str, object], path: str
) -> Request[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MusicWarning)
            return kind.from_body(body, path)
    except InvalidRequest as error:
        _refuse_as(kind, body, error)
    except _WRONG_TYPE:
        raise RequestRefused(400, "A field of the body has the wrong type.") from None


_WRONG_TYPE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def read_webhook(body: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """
    Return URL and secret of the webhook in a body; None: it has none.

    Raises:
        RequestRefused: The URL or the secret is invalid.
    """
    url, secret = body.get("webhook_url"), body.get("webhook_secret")
    if url is not None and not (isinstance(url, str) and is_http_url(url)):
        raise RequestRefused(
            400, "The 'webhook_url' field is invalid: it is no http(s) URL."
        )
    is_text = isinstance(secret, str) and half_a_pair(secret) is None
    if secret is not None and not is_text:
        raise RequestRefused(
            400, "The 'webhook_secret' field is invalid: it is no text."
        )
    return None if url is None else (url, secret)


def _refuse_as(
    kind: type[Request[Any]], body: Mapping[str, object], error: InvalidRequest
) -> NoReturn:
    name = error.field or ""
    spec = fields_of(kind).get(name)
    rule = error.rule or "it breaks a rule"
    if spec is None:
        _refuse(kind, name, Breach.INVALID, rule)
    if body.get(spec.wire) == "" and not isinstance(spec, Flag):
        breach = dialect_of(kind).breach_if_missing.get(spec.wire, Breach.MISSING)
    else:
        breach = _breach(spec, rule)
    _refuse(kind, spec.wire, breach, rule)


def _breach(spec: Field, rule: str) -> Breach:
    if isinstance(spec, Flag):
        return Breach.NOT_BOOLEAN
    if isinstance(spec, Text) and rule.startswith("at most"):
        return Breach.TOO_LONG
    return Breach.INVALID
