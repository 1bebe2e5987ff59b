"""Requests, results and errors to JSON and back: for the journal, and for files."""

import functools
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from aiomusic import errors
from aiomusic._redact import kept, shown
from aiomusic.errors import ApiError, Charged, InvalidRequest, MusicError, Retry
from aiomusic.providers._all import requests
from aiomusic.results import Clip, Lyrics, Persona, Upload

if TYPE_CHECKING:
    import cattrs

    from aiomusic._request import Request

__all__ = [
    "canonical",
    "clips_from_json",
    "difference",
    "error_from_json",
    "error_to_json",
    "fingerprint",
    "request_from_json",
    "request_to_json",
    "result_from_json",
    "result_to_json",
    "to_json",
]

R = TypeVar("R")


def canonical(value: object) -> str:
    """Give JSON that is the same for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def fingerprint(request: "Request[Any]") -> str:
    """Tell one request from another by what would be sent."""
    text = canonical([request.PATH, _whole(request.to_body())])
    return hashlib.sha256(text.encode()).hexdigest()


def _whole(value: object) -> object:
    """Spell numbers in one way: 30 seconds are 30.0 seconds."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case Mapping():
            return {name: _whole(one) for name, one in value.items()}
        case list() | tuple():
            return [_whole(one) for one in value]
        case _:
            return value


def request_to_json(request: "Request[Any]") -> dict[str, object]:
    """Give ``{"kind": "suno.create", …}``, with the fields that were set."""
    fields = {
        field.name: getattr(request, field.name)
        for field in attrs.fields(type(request))
        # The job's own key and metadata are no part of what was asked for.
        if field.eq and getattr(request, field.name) != _default(field)
    }
    return {"kind": request.kind(), **_converter().unstructure(fields)}


def _default(field: "attrs.Attribute[Any]") -> object:
    make = getattr(field.default, "factory", None)
    return field.default if make is None else make()


def request_from_json(value: Mapping[str, Any]) -> "Request[Any]":
    """
    Read what `request_to_json` gave.

    Raises:
        ValueError: It is no request, or one that breaks a rule.
    """
    fields = dict(value)
    kind = requests().get(str(fields.pop("kind", None)))
    if kind is None:
        known = ", ".join(requests())
        message = f"kind is {value.get('kind')!r}; it must be one of {known}."
        raise ValueError(message)
    import cattrs  # noqa: PLC0415 - its cost

    from aiomusic._fields import unwarned  # noqa: PLC0415 - its cost

    try:
        with unwarned():
            return _converter().structure(fields, kind)
    except cattrs.BaseValidationError as error:
        places = "; ".join(
            cattrs.transform_error(error, path=kind.kind(), format_exception=_words)
        )
        message = f"This is no {kind.kind()}: {places}."
        raise ValueError(message) from error


def _words(error: BaseException, kind: type | None) -> str:
    import cattrs.v  # noqa: PLC0415 - its cost

    # A rule of ours is told in our own words.
    if isinstance(error, InvalidRequest):
        return str(error).rstrip(".")
    return cattrs.v.format_exception(error, kind)


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Say in which fields two requests differ, and how."""
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return "; ".join(
        f"{name} was {_short(one.get(name))} and is {_short(other.get(name))}"
        for name in names
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004 - a line


def result_to_json(result: object) -> object:
    """Give the result of a job; clips are kept apart, so theirs is None."""
    match result:
        case Persona() | Upload():
            return {type(result).__name__: to_json(result)}
        case (Lyrics(), *_):
            return {"Lyrics": to_json(result)}
        case _:
            return None


def result_from_json(value: Any) -> object:  # noqa: ANN401 - JSON
    """
    Read what `result_to_json` gave.

    Raises:
        ValueError: It is something else.
    """
    match value:
        case {"Persona": fields}:
            return _read(fields, Persona)
        case {"Upload": fields}:
            return _read(fields, Upload)
        case {"Lyrics": versions}:
            return _read(versions, tuple[Lyrics, ...])
        case _:
            return None


def clips_from_json(value: Any) -> tuple[Clip, ...]:  # noqa: ANN401 - JSON
    """
    Read clips that `to_json` gave.

    Raises:
        ValueError: They are something else.
    """
    return _read(value, tuple[Clip, ...])


def _read(value: Any, kind: type[R]) -> R:  # noqa: ANN401 - JSON
    import cattrs  # noqa: PLC0415 - its cost

    try:
        return _converter().structure(value, kind)
    except (cattrs.BaseValidationError, AttributeError, TypeError) as error:
        message = f"this is no {getattr(kind, '__name__', kind)}: {error}"
        raise ValueError(message) from error


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON
    """Give any value of this library as JSON, in which no secret is spelled."""
    return kept(_converter().unstructure(value))


def error_to_json(error: MusicError) -> dict[str, object]:
    """Give an error as JSON, without its cause."""
    known: dict[str, object] = {
        "type": type(error).__name__,
        "message": str(error.args[0]),
        "charged": str(error.charged),
        "retry": str(error.retry),
    }
    if error.reply_text is not None:
        # What a create was answered may hold its task's id for a person to find.
        known["reply_text"] = error.reply_text
    if isinstance(error, ApiError):
        known |= {"status": error.status, "text": error.text}
    return known


def error_from_json(value: Mapping[str, Any]) -> MusicError:
    """
    Read what `error_to_json` gave.

    Raises:
        ValueError: It is something else.
    """
    name = str(value.get("type"))
    kind: type[MusicError] = getattr(errors, name) if name in _ERRORS else MusicError
    options: dict[str, Any] = {
        "charged": Charged(str(value.get("charged"))),
        "retry": Retry(str(value.get("retry"))),
    }
    if issubclass(kind, ApiError):
        options |= {"status": value.get("status"), "text": value.get("text", "")}
    found: MusicError = kind(str(value.get("message")), **options)
    if isinstance(reply_text := value.get("reply_text"), str):
        found.reply_text = shown(reply_text)
    return found


_ERRORS = frozenset(errors.__all__) - {"Charged", "MusicWarning", "Retry"}


@functools.cache
def _converter() -> "cattrs.Converter":
    import cattrs  # noqa: PLC0415 - its cost

    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(
        datetime, lambda value, _: datetime.fromisoformat(value)
    )
    from aiomusic._fields import is_open  # noqa: PLC0415 - its cost

    converter.register_structure_hook_func(
        # What a name may be is for the rule of its field to say.
        lambda kind: kind is object or is_open(kind),
        lambda value, _: value,
    )
    return converter
