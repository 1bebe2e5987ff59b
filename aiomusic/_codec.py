"""Results and errors to JSON and back: for the journal, and for files."""

import functools
import hashlib
import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from aiomusic import errors
from aiomusic._json import from_json, to_json
from aiomusic._redact import shown
from aiomusic._spelling import shortened
from aiomusic.errors import (
    ApiError,
    Charged,
    MusicError,
    NextStep,
    Retry,
)
from aiomusic.results import (
    AlignedLyrics,
    Clip,
    Lyrics,
    Midi,
    Persona,
    Upload,
    Wav,
)

if TYPE_CHECKING:
    from aiomusic._request import Request

__all__ = [
    "canonical",
    "clips_from_json",
    "difference",
    "error_from_json",
    "error_to_json",
    "fingerprint",
    "request_to_json",
    "result_from_json",
    "result_to_json",
]


def canonical(value: object) -> str:
    """Return JSON that is the same for equal values."""
    return _CANONICAL.encode(value)


_CANONICAL: Final = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":")
)


def fingerprint(request: "Request[Any]") -> str:
    """Return what tells a request from others: a digest of what would be sent."""
    text = canonical([request.path, _whole(request.to_body())])
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
    """Return what was asked for, without its job's own key and metadata."""
    own = _own(cast("Any", type(request)))
    found = request.to_json()
    return {name: value for name, value in found.items() if name not in own}


@functools.cache
def _own(kind: type[attrs.AttrsInstance]) -> Collection[str]:
    """Return the fields that are a job's own, and make no other request."""
    return frozenset(one.name for one in attrs.fields(kind) if not one.eq)


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Describe in which fields two requests differ, and how."""
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return "; ".join(
        f"{name} was {_short(one.get(name))} and is {_short(other.get(name))}"
        for name in names
    )


def _short(value: object) -> str:
    return shortened(repr(value), 58)


def result_to_json(result: object) -> object:
    """Return the result of a job; clips are kept apart, so theirs is None."""
    match result:
        case Persona() | Upload() | Wav() | Midi() | AlignedLyrics():
            return {type(result).__name__: to_json(result)}
        case (Lyrics(), *_):
            return {"Lyrics": to_json(result)}
        case _:
            return None


def result_from_json(value: object) -> object:
    """
    Read what `result_to_json` gave.

    Raises:
        ValueError: It is something else.
    """
    match value:
        case {"Lyrics": versions}:
            return from_json(versions, tuple[Lyrics, ...])
        case Mapping() if value.keys() <= _RESULTS.keys() and len(value) == 1:
            ((name, fields),) = value.items()
            return from_json(fields, _RESULTS[name])
        case _:
            return None


_RESULTS: Mapping[str, type] = {
    kind.__name__: kind for kind in (Persona, Upload, Wav, Midi, AlignedLyrics)
}


def clips_from_json(value: object) -> tuple[Clip, ...]:
    """
    Read clips that `to_json` gave.

    Raises:
        ValueError: They are something else.
    """
    return from_json(value, tuple[Clip, ...])


def error_to_json(error: MusicError) -> dict[str, object]:
    """Return an error as JSON, without its cause."""
    known: dict[str, object] = {
        "type": type(error).__name__,
        "message": error.message,
        "charged": str(error.charged),
        "retry": str(error.retry),
    }
    if error.next_steps:
        known["next_steps"] = [str(step) for step in error.next_steps]
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
    known = set(NextStep)
    found.next_steps = tuple(
        NextStep(step) for step in value.get("next_steps", ()) if step in known
    )
    if isinstance(reply_text := value.get("reply_text"), str):
        found.reply_text = shown(reply_text)
    return found


_ERRORS = frozenset(errors.__all__) - {"Charged", "MusicWarning", "NextStep", "Retry"}
