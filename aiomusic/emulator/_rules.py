"""
From a broken rule to the service's own sentence.

The rules are those of the request classes; the sentences are the API's (error
handling; nuro error handling).  Where no page has one, the reply says the rule.
"""

import enum
import re
import warnings
from collections.abc import Mapping
from typing import Any, Final, NoReturn, Self, final

import attrs

from aiomusic._request import Flag, Request, Spec, Text, specs
from aiomusic._spelling import half_a_pair, shown
from aiomusic.emulator._hosts import is_http_url
from aiomusic.emulator._refusals import REFUSALS, RefusalKind
from aiomusic.emulator._tasks import Doom
from aiomusic.errors import InvalidRequest, MusicWarning
from aiomusic.providers._all import requests
from aiomusic.providers.suno import Create as SunoCreate

__all__ = [
    "KINDS",
    "MARKERS",
    "NOT_ACCESSIBLE",
    "REQUIRED",
    "Refusal",
    "find_doom",
    "read_request",
    "read_webhook",
]


def _kinds() -> dict[str, tuple[type[Request[Any]], ...]]:
    found: dict[str, list[type[Request[Any]]]] = {}
    for kind in requests().values():
        found.setdefault(kind.PATH, []).append(kind)
    return {path: tuple(kinds) for path, kinds in found.items()}


KINDS: Final = _kinds()
"""The kinds of request that each path takes."""


@final
class Refusal(Exception):
    """
    The service says no.

    Args:
        status: Of HTTP.
        message: The service's words.
        kind: Nuro's word for it.
    """

    def __init__(self, status: int, message: str, kind: str = "bad_request") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind

    @classmethod
    def of(cls, kind: RefusalKind) -> Self:
        """Say no in one of the service's ways."""
        known = REFUSALS[kind]
        return cls(known.status, known.message, known.kind)


NOT_ACCESSIBLE: Final = (
    "Audio URL is not accessible. Please provide a public direct audio file URL."
)
"""API: upload music; seen by a client of a sister service."""


@final
class _Breach(enum.Enum):
    MISSING = enum.auto()
    TOO_LONG = enum.auto()
    NOT_BOOLEAN = enum.auto()
    INVALID = enum.auto()


_DOCUMENTED: Final[dict[tuple[str, str, _Breach], str]] = {
    ("suno", "mv", _Breach.INVALID): (
        "The 'mv' field is invalid."
        " The model should be 'chirp-v3-5','chirp-v4' or 'chirp-v4-5'."
    ),
    ("suno", "persona_id", _Breach.MISSING): (
        "The 'persona_id' field is required when task_type = persona_music."
    ),
    ("suno", "gpt_description_prompt", _Breach.TOO_LONG): (
        "The 'gpt_description_prompt' character length should be less than 200."
    ),
    ("*", "title", _Breach.TOO_LONG): (
        "The title character length should be less than 80."
    ),
    ("lyrics.create", "description", _Breach.MISSING): "description is required.",
    ("suno.create_persona", "name", _Breach.MISSING): (
        "name and continue_clip_id are required fields."
    ),
    ("suno.create_persona", "continue_clip_id", _Breach.MISSING): (
        "name and continue_clip_id are required fields."
    ),
}
"""Sentences of the API that do not follow one of the patterns below."""

_PATTERNS: Final = {
    _Breach.MISSING: "The '{field}' field is required.",
    _Breach.TOO_LONG: "The {field} character length should be less than {most}.",
    _Breach.NOT_BOOLEAN: "The '{field}' field should be boolean.",
    _Breach.INVALID: "The '{field}' field is invalid: {rule}.",
}
"""TOO_LONG and NOT_BOOLEAN are the API's own pattern; the others are inferred."""


def _sentence(
    kind: type[Request[Any]], field: str, breach: _Breach, rule: str = ""
) -> str:
    for scope in (kind.kind(), kind.PROVIDER, "*"):
        if (scope, field, breach) in _DOCUMENTED:
            return _DOCUMENTED[scope, field, breach]
    digits = re.search(r"\d[\d,]*", rule)
    most = digits.group().replace(",", "") if digits else ""
    return _PATTERNS[breach].format(field=field, rule=rule, most=most)


def _refuse(
    kind: type[Request[Any]], field: str, breach: _Breach, rule: str = ""
) -> NoReturn:
    raise Refusal(400, _sentence(kind, field, breach, rule))


def read_request(path: str, body: object) -> Request[Any]:
    """
    Read what was sent to a path.

    Raises:
        Refusal: It is not what the service takes there.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "The body should be a JSON object.")
    kind = _kind_of(path, body)
    for name, value in kind.FIXED.items():
        if body.get(name) != value:
            rule = f"it should be {str(value).lower()} here"
            _refuse(kind, name, _Breach.INVALID, rule)
    if path.endswith("/persona"):
        body = _older_persona(body)
    wanted = REQUIRED[kind]
    if kind is SunoCreate:
        mode = "prompt" if body["custom_mode"] else "gpt_description_prompt"
        wanted = (mode, *wanted)
    for field in wanted:
        if body.get(field) is None:
            breach = _BREACH_IF_MISSING.get(field, _Breach.MISSING)
            _refuse(kind, field, breach, "it is required")
    return _checked(kind, body)


_BREACH_IF_MISSING = {
    "mv": _Breach.INVALID,
    "make_instrumental": _Breach.NOT_BOOLEAN,
}


def _kind_of(path: str, body: Mapping[str, object]) -> type[Request[Any]]:
    kinds = KINDS[path]
    if path.endswith("/create") and not path.startswith("/api/v1/nuro"):
        is_concat = body.get("task_type") == "concat_music"
        if not is_concat and not isinstance(body.get("custom_mode"), bool):
            _refuse(kinds[0], "custom_mode", _Breach.NOT_BOOLEAN)
    field = "type" if path.startswith("/api/v1/nuro") else "task_type"
    given = body.get(field)
    if given is None or isinstance(given, str):
        for kind in kinds:
            if kind.matches(body):
                return kind
        for kind in kinds:
            if given is not None and kind.FIXED.get(field) == given:
                return kind
    return _refuse(kinds[0], field, _Breach.INVALID, f"it is {shown(given)}")


def _older_persona(body: dict[str, Any]) -> dict[str, Any]:
    """Read the persona body of the second snapshot as one of the first."""
    if "clip_id" not in body or "continue_clip_id" in body:
        return body
    description = body.get("description") or body.get("name")
    return {**body, "continue_clip_id": body["clip_id"], "description": description}


def _required(kind: type[Request[Any]]) -> tuple[str, ...]:
    """Name the fields that the service wants, though the class has a default."""
    known = specs(kind)
    wanted = [
        known[field.name].wire
        for field in attrs.fields(kind)
        if field.name in known and field.default is attrs.NOTHING
    ]
    wires = {spec.wire for spec in known.values()}
    if "mv" in wires:
        wanted.append("mv")
    if kind.PROVIDER == "riffusion" and "make_instrumental" in wires:
        wanted.append("make_instrumental")
    return tuple(wanted)


REQUIRED: Final = {kind: _required(kind) for kind in requests().values()}


def _checked(kind: type[Request[Any]], body: Mapping[str, object]) -> Request[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MusicWarning)
            return kind.from_body(body)
    except InvalidRequest as error:
        _refuse_as(kind, body, error)
    except _WRONG_TYPE:
        raise Refusal(400, "A field of the body has the wrong type.") from None


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
    Read where a task is to call back, and what signs that.

    Raises:
        Refusal: The address can't be called, or the secret is no text.
    """
    url, secret = body.get("webhook_url"), body.get("webhook_secret")
    if url is None:
        return None
    if not isinstance(url, str) or not is_http_url(url):
        raise Refusal(400, "The 'webhook_url' field is invalid: it is no http(s) URL.")
    is_text = isinstance(secret, str) and half_a_pair(secret) is None
    if secret is not None and not is_text:
        raise Refusal(400, "The 'webhook_secret' field is invalid: it is no text.")
    return url, secret


def _refuse_as(
    kind: type[Request[Any]], body: Mapping[str, object], error: InvalidRequest
) -> NoReturn:
    name = error.field or ""
    spec = specs(kind).get(name)
    rule = error.rule or "it breaks a rule"
    if spec is None:
        _refuse(kind, name, _Breach.INVALID, rule)
    _refuse(kind, spec.wire, _breach(spec, body.get(spec.wire), rule), rule)


def _breach(spec: Spec, value: object, rule: str) -> _Breach:
    if isinstance(spec, Flag):
        return _Breach.NOT_BOOLEAN
    if value == "" and spec.wire != "mv":
        return _Breach.MISSING
    if isinstance(spec, Text) and rule.startswith("at most"):
        return _Breach.TOO_LONG
    return _Breach.INVALID


_EARLY: Final[dict[str, RefusalKind]] = {
    "[[format]]": "lyrics_format",
    "[[copyright]]": "copyright",
    "[[inappropriate]]": "inappropriate",
    "[[moderation]]": "moderation",
    "[[artist]]": "artist",
    "[[producer]]": "producer",
    "[[language]]": "language",
    "[[semantic]]": "semantic",
}

MARKERS: Final[dict[str, Doom]] = {
    **{marker: REFUSALS[kind].to_doom() for marker, kind in _EARLY.items()},
    "[[timeout]]": REFUSALS["timeout"].to_doom(is_early=False),
    "[[fail]]": Doom(message="Generation failed. Credits have been refunded."),
    "[[fail-unrefunded]]": Doom(
        message="Generation failed. Credits were not refunded.", is_refunded=False
    ),
    "[[fail-one]]": Doom(
        message="Generation failed. Credits were not refunded.",
        is_refunded=False,
        clips=1,
    ),
}
"""
What a text of a request may hold to make its task fail.

The content checks come on the poll, as the API's sentences suggest (inferred), and
give the credits back.
"""


def find_doom(body: Mapping[str, object]) -> Doom | None:
    """Find the marker that a body holds."""
    for value in body.values():
        if isinstance(value, str) and "[[" in value:
            for marker, doom in MARKERS.items():
                if marker in value:
                    return doom
    return None
