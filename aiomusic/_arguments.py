"""Checks of arguments' shapes, so that a slip is told in the caller's line."""

import inspect
import json
import math
import os
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

from aiomusic._fields import refuse
from aiomusic._request import Request
from aiomusic._spelling import shown
from aiomusic.results import Clip

__all__ = [
    "all_of",
    "batch_of",
    "check_clip",
    "check_count",
    "check_folder",
    "check_formats",
    "check_has",
    "check_held",
    "check_key",
    "check_limits",
    "check_listener",
    "check_mark",
    "check_number",
    "check_one_of",
    "check_request",
    "check_seconds",
    "check_text",
    "kept_metadata",
    "keyed",
    "pairs_of",
]

T = TypeVar("T")

MAX_KEY = 200


def _refuse(call: str, takes: str, value: object, so: str = "sent") -> NoReturn:
    message = f"{call} takes {takes}, and not {shown(value)}. Nothing was {so}."
    raise TypeError(message)


# What calls take.


def check_request(call: str, value: object) -> None:
    """
    Check that *value* is a request.

    Args:
        call: The call as it reads, such as ``submit()``.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, Request):
        _refuse(call, "a request, such as suno.Create('rain')", value)


def check_key(call: str, value: object) -> None:
    """
    Check that *value* can be a job's key; None lets one be made up.

    Raises:
        TypeError: It is neither text nor None.
        ValueError: It can't be shown, is empty or too long.
    """
    if value is None:
        return
    if not isinstance(value, str):
        _refuse(call, "key= as text", value)
    if not (value and value.isprintable() and len(value) <= MAX_KEY):
        message = (
            f"key is {shown(value)}; it must be 1 to {MAX_KEY} printable characters."
            " Nothing was sent."
        )
        raise ValueError(message)


def kept_metadata(call: str, metadata: object) -> dict[str, object]:
    """
    Copy metadata as the journal will have it, so that it can't change any more.

    Raises:
        TypeError: It is no mapping.
        ValueError: It holds what JSON does not.
    """
    if metadata is None:
        return {}
    try:
        found = dict(metadata)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        found = None
    if found is None or isinstance(metadata, str):
        _refuse(call, 'metadata= as a mapping, such as {"order": 17}', metadata)
    try:
        kept: dict[str, object] = json.loads(json.dumps(found, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        message = f"metadata can't be kept as JSON: {error}. Nothing was sent."
        raise ValueError(message) from error
    return kept


def check_clip(call: str, value: object) -> None:
    """
    Check that *value* is a clip, which holds more than its link.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, Clip):
        _refuse(call, "a clip, such as job.clips[0]", value, "stored")


def check_folder(call: str, value: object) -> None:
    """
    Check that *value* is a folder's path.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, (str, os.PathLike)):
        _refuse(call, "a folder, as text or a path", value, "stored")


def all_of(call: str, kind: type[T], value: object, takes: str) -> list[T]:
    """
    Return all that an iterable holds, each of one kind.

    Raises:
        TypeError: Something else is there.
    """
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, type)):
        _refuse(call, takes, value, "waited for")
    found = list(value)
    for one in found:
        if not isinstance(one, kind):
            _refuse(call, takes, one, "waited for")
    return found


_REQUESTS = (
    "requests, such as suno.Create('rain'), (key, request) pairs or a mapping of keys"
    " to requests"
)


def pairs_of(call: str, value: object) -> Any:  # noqa: ANN401 - as it was given
    """
    Return the requests of a batch, those of a mapping as its pairs.

    Raises:
        TypeError: There can be none in it.
    """
    is_many = isinstance(value, (Iterable, AsyncIterable))
    if not is_many or isinstance(value, (str, bytes, type)):
        _refuse(call, _REQUESTS, value)
    return value.items() if isinstance(value, Mapping) else value


def keyed(call: str, value: object) -> tuple[str | None, Request[Any]]:
    """
    Return one entry of a batch as a key, if it has one, and its request.

    Raises:
        TypeError: It is neither a request nor a pair with one.
    """
    if isinstance(value, Request):
        return None, value
    match value:
        case [None | str() as key, Request() as request]:
            check_key(call, key)
            return key, request
    _refuse(call, _REQUESTS, value)


def check_held(request: Request[Any], key: str | None) -> str:
    """
    Return the key of a request that can be sent later, by it, from any machine.

    Raises:
        InvalidRequest: It has no key, or uploads a file of this machine.
    """
    check_key("hold()", key)
    if key is None:
        refuse(request, "key", "is missing", "what is sent later is known by its key")
    for wire, file in request.local_files().items():
        seen = f"is the local file {shown(str(file.path))}"
        rule = "other machines can't read it; put it on a server and give its address"
        refuse(request, wire, seen, rule)
    return key


# What these hold is there already, and is not made while it is read.
_AT_HAND: tuple[type, ...] = (list, tuple, type({}.items()))


def batch_of(call: str, value: object) -> Any:  # noqa: ANN401 - as it was given
    """
    Return the requests of a batch; those that are all there are looked at first.

    Raises:
        TypeError: There can be none in it, or something else stands among them.
    """
    found = pairs_of(call, value)
    if type(found) in _AT_HAND:
        for source in found:
            keyed(call, source)
    return found


def check_formats(call: str, formats: object) -> tuple[str, ...]:
    """
    Return names of formats as providers spell them, each once.

    Raises:
        TypeError, ValueError: There are none in it.
    """
    if isinstance(formats, (str, bytes)) or not isinstance(formats, Iterable):
        _refuse(call, 'formats= as a list, such as ["mp3", "wav"]', formats)
    found: dict[str, None] = {}
    for one in formats:
        if not isinstance(one, str):
            _refuse(call, 'formats= as a list, such as ["mp3", "wav"]', one)
        found[one.strip().lower().removeprefix(".")] = None
    if not all(found) or not found:
        message = f"formats is {shown(formats)}; it must name some, as in ['wav']."
        raise ValueError(f"{message} Nothing was sent.")
    return tuple(found)


# What options take.


def check_text(name: str, value: object, *, is_secret: bool = False) -> None:
    """
    Check that *value* is text, or not given.

    Raises:
        TypeError: It is something else, which is not shown if it is secret.
    """
    if value is not None and not isinstance(value, str):
        seen = f"a {type(value).__name__}" if is_secret else shown(value)
        message = f"{name} is {seen}; it must be text."
        raise TypeError(message)


def check_limits(limits: object) -> None:
    """
    Check that *limits* maps names in metadata to credits.

    Raises:
        TypeError, ValueError: It does not.
    """
    if limits is None:
        return
    takes = "it must map names in metadata to credits, as in {'user': 200}."
    if not isinstance(limits, Mapping):
        message = f"limits is {shown(limits)}; {takes}"
        raise TypeError(message)
    for name, ceiling in limits.items():
        if not isinstance(name, str):
            message = f"limits has the name {shown(name)}; {takes}"
            raise TypeError(message)
        if not name or not name.isprintable() or len(name) > MAX_KEY:
            message = f"limits has the name {shown(name)}; {takes}"
            raise ValueError(message)
        check_count(f"limits[{name!r}]", ceiling, 0, may_be_none=False)


def check_mark(name: object) -> None:
    """
    Check that *name* can be what a job is marked as.

    Raises:
        TypeError, ValueError: It can't.
    """
    if not isinstance(name, str):
        message = f"name is {shown(name)}; it must be text, such as 'delivered'."
        raise TypeError(message)
    if not name:
        message = "name is empty; it must be text, such as 'delivered'."
        raise ValueError(message)


def check_has(name: str, value: object, *methods: str, takes: str) -> None:
    """
    Check that *value*, if it is given, can do what it is given for.

    Raises:
        TypeError: It is something else.
    """
    if value is not None and not all(hasattr(value, method) for method in methods):
        message = f"{name} is {shown(value)}; it must be {takes}."
        raise TypeError(message)


def check_listener(name: str, value: object) -> None:
    """
    Check that *value*, if it is given, can be called with an event, and is done then.

    Raises:
        TypeError: It is something else, or would have to be awaited.
    """
    check_has(name, value, "__call__", takes="a function of one event")
    called = getattr(value, "__call__", None)  # noqa: B004 - of an object, its own
    if inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(called):
        message = (
            f"{name} is {shown(value)}, a coroutine function, which nobody would await;"
            " it must be a plain function. It may put events on an asyncio.Queue, or"
            " give asyncio.create_task() what is to be awaited."
        )
        raise TypeError(message)


def check_one_of(name: str, value: object, values: tuple[str, ...]) -> None:
    """
    Check that *value* is one of a few words.

    Raises:
        ValueError: It is another.
    """
    if value not in values:
        known = " or ".join(f'"{one}"' for one in values)
        message = f"{name} is {shown(value)}; it must be {known}."
        raise ValueError(message)


def check_count(
    name: str, value: object, least: int, *, may_be_none: bool = True
) -> None:
    """
    Check that *value* is a whole number, of *least* or more.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is less.
    """
    if value is None and may_be_none:
        return
    message = f"{name} is {shown(value)}; it must be a whole number, {least} or more."
    if not isinstance(value, int):
        raise TypeError(message)
    if value < least:
        raise ValueError(message)


def check_number(
    name: str, value: object, *, may_be_zero: bool = False, may_be_none: bool = False
) -> None:
    """
    Check that *value* is a number above zero, or zero if it may be.

    Raises:
        TypeError: It is no number.
        ValueError: It is less, or has no end.
    """
    if value is None and may_be_none:
        return
    rule = "0 or more" if may_be_zero else "above 0"
    message = f"{name} is {shown(value)}; it must be a number, {rule}."
    if not isinstance(value, (int, float)):
        raise TypeError(message)
    is_least = value >= 0 if may_be_zero else value > 0
    if not (is_least and value < math.inf):
        raise ValueError(message)


def check_seconds(name: str, value: object) -> None:
    """
    Check that *value* is a time to wait; None: without end.

    Raises:
        TypeError: It is no number.
    """
    if value is not None and not isinstance(value, (int, float)):
        message = f"{name} is {shown(value)}; it must be a number of seconds, or None."
        raise TypeError(message)
