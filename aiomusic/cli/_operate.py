"""Run one operation of a provider, with what was typed for it."""

import asyncio
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from aiomusic._fields import ClipId, WebAddress
from aiomusic._request import Request, fields_of
from aiomusic.batch._cells import read_cell
from aiomusic.batch._manifest import KEPT_NAME, choices
from aiomusic.batch._rows import Reference
from aiomusic.cli._create import buy, journal_path_of
from aiomusic.cli._exits import Exit, UsageError
from aiomusic.cli._journal import find_job, reader_of
from aiomusic.cli._options import Delivery
from aiomusic.cli._requests import read_lyrics
from aiomusic.cli._show import report
from aiomusic.errors import MusicWarning
from aiomusic.journal import Record
from aiomusic.results import Clip, Persona, Upload

__all__ = ["operate"]

_REFERRING: Final = frozenset({"persona"})


def operate(
    kind: type[Request[Any]], values: Mapping[str, Any], delivery: Delivery
) -> Exit:
    """Buy it, follow it, save or print what it makes, and say how it ended."""
    return buy(lambda: _request(kind, values, delivery), delivery)


def _request(
    kind: type[Request[Any]], values: Mapping[str, Any], delivery: Delivery
) -> Request[Any]:
    """
    Make the request.

    Raises:
        UsageError: What was typed can't be read, or names a job that is not there.
        InvalidRequest: It breaks a rule of the service.
    """
    given = {name: one for name, one in values.items() if one not in {None, ()}}
    found = {name: _value(kind, name, value, delivery) for name, value in given.items()}
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", MusicWarning)
        build: Callable[..., Request[Any]] = kind
        request = build(**found)
    for note in noted:
        report(str(note.message))
    return request


def _value(
    kind: type[Request[Any]], name: str, typed: object, delivery: Delivery
) -> object:
    if isinstance(typed, tuple):
        return [one for text in typed for one in _listed(kind, name, text)]
    if not isinstance(typed, str):
        return typed
    if name == "lyrics":
        return read_lyrics(typed)
    if isinstance(fields_of(kind)[name], WebAddress):
        return read_cell(kind, name, typed)
    may_refer = isinstance(fields_of(kind)[name], ClipId) or name in _REFERRING
    reference = Reference.read(typed) if may_refer else None
    if reference is not None:
        return _made(kind, reference, delivery)
    return typed


def _listed(kind: type[Request[Any]], name: str, text: str) -> Iterable[object]:
    """Read one of the values of an option that may be repeated."""
    try:
        found = read_cell(kind, name, text)
    except ValueError as error:
        raise UsageError(f"--{name}: {error}. Nothing was sent.") from error
    return found if isinstance(found, (list, tuple)) else [found]


def _made(kind: type[Request[Any]], reference: Reference, delivery: Delivery) -> object:
    """Return what a job of the journal made."""
    place = journal_path_of(delivery)
    if place is None:
        message = f"{reference} names a job, and no journal is kept: give --journal."
        raise UsageError(f"{message} Nothing was sent.")

    async def find() -> Record:
        return await find_job(await reader_of(place), place, reference.key)

    record = asyncio.run(find())
    if record.provider != kind.PROVIDER:
        raise UsageError(
            f"{reference} is a job of {record.provider}, and {kind.PROVIDER} can't use"
            " what it made. Nothing was sent."
        )
    if isinstance(record.result, (Upload, Persona)):
        made: object = record.result
    else:
        made = _clip(record.clips, reference, Path(delivery.out))
    if made is None:
        seen = f"{reference}: job {record.key} is in state {record.state}"
        raise UsageError(f"{seen}, and has no such clip. Nothing was sent.")
    return made


def _clip(clips: Sequence[Clip], reference: Reference, out: Path) -> Clip | None:
    if reference.is_kept:
        kept = choices(out.expanduser() / KEPT_NAME)
        return next((one for one in clips if kept.choice(one.clip_id)), None)
    return clips[reference.take] if reference.take < len(clips) else None
