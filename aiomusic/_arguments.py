"""Checks of arguments' shapes, so that a slip is told in the caller's line."""

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any

from aiomusic._request import Request
from aiomusic._spelling import shown

__all__ = ["check_iterable", "check_key", "check_request", "pairs_of"]


def check_request(call: str, value: object) -> None:
    """
    Check that *value* is a request.

    Args:
        call: The call as it reads, such as ``submit()``.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, Request):
        message = (
            f"{call} takes a request, such as suno.Create('rain'), and not"
            f" {shown(value)}. Nothing was sent."
        )
        raise TypeError(message)


def check_key(call: str, value: object) -> None:
    """
    Check that *value* can be a job's key.

    Raises:
        TypeError: It is neither text nor None.
    """
    if value is not None and not isinstance(value, str):
        message = (
            f"{call} takes key= as text, and not {shown(value)}. Nothing was sent."
        )
        raise TypeError(message)


def check_iterable(call: str, value: object, of: str) -> None:
    """
    Check that *value* holds several values, as a list does.

    Args:
        of: What it must hold, in the plural.

    Raises:
        TypeError: It holds none, or is text.
    """
    is_many = isinstance(value, (Iterable, AsyncIterable))
    if not is_many or isinstance(value, (str, bytes)):
        message = f"{call} takes {of}, as a list or another iterable, and not"
        message = f"{message} {shown(value)}. Nothing was sent."
        raise TypeError(message)


def pairs_of(call: str, value: object) -> Any:  # noqa: ANN401 - as it was given
    """
    Return the requests of a batch, those of a mapping as its pairs.

    Raises:
        TypeError: There can be none in it.
    """
    check_iterable(call, value, "requests, or (key, request) pairs,")
    return value.items() if isinstance(value, Mapping) else value
