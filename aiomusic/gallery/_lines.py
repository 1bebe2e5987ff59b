"""The lines of an album's ``manifest.jsonl``: one JSON object for each row."""

import codecs
import json
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, final

__all__ = ["MANIFEST_NAME", "Place", "last_lines", "read_line", "read_lines"]

MANIFEST_NAME: Final = "manifest.jsonl"


@final
class Place(NamedTuple):
    """Where a line stands in its file, in bytes."""

    start: int
    size: int


def last_lines(folder: Path) -> tuple[dict[str, Place], list[int]]:
    """
    Find the lines of a folder's manifest that count, and keep none of them.

    A later line replaces an earlier one of its key, also in its place; a line that
    was cut off by a crash is passed over.

    Returns:
        Where the last line of each key stands, and the numbers of those that can't
        be read.

    Raises:
        OSError: It can't be read; FileNotFoundError: there is none.
    """
    found: dict[str, Place] = {}
    unread: list[int] = []
    with (folder / MANIFEST_NAME).open("rb") as file:
        start = 0
        for number, data in enumerate(file, 1):
            place, start = Place(start, len(data)), start + len(data)
            if not data.strip():
                continue
            key = _key(_line(data), number)
            if key is None:
                unread.append(number)
            else:
                found.pop(key, None)
                found[key] = place
    return found, unread


def read_lines(folder: Path) -> tuple[dict[str, dict[str, Any]], list[int]]:
    """
    Read the manifest of a folder.

    Returns:
        The last line of each key, and the numbers of those that can't be read.

    Raises:
        OSError: It can't be read; FileNotFoundError: there is none.
    """
    places, unread = last_lines(folder)
    with (folder / MANIFEST_NAME).open("rb") as file:
        return {key: read_line(file, place) for key, place in places.items()}, unread


def read_line(file: BinaryIO, place: Place) -> dict[str, Any]:
    """Read one line of an open manifest; nothing: it is no line any more."""
    file.seek(place.start)
    line = _line(file.read(place.size))
    return line if isinstance(line, dict) else {}


def _line(data: bytes) -> object:
    """Read a line, whatever stands there."""
    try:
        return json.loads(data.removeprefix(codecs.BOM_UTF8).decode(errors="replace"))
    except (ValueError, RecursionError):
        return None


def _key(line: object, number: int) -> str | None:
    """Return what tells a row from others; None: the line is none."""
    if not isinstance(line, dict):
        return None
    key = line.get("key")
    if key is None or key == "":
        # A row that was refused may have no key; it has a place in its file.
        return f"row {line.get('row') or number}"
    return key if isinstance(key, str) else None
