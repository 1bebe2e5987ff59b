"""Batch files: a heading and cells as CSV has them, or a JSON object a line."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from aiomusic._request import fields_of
from aiomusic._spelling import meant, shown
from aiomusic.batch._rows import (
    KEY,
    OPERATION,
    PROVIDER,
    AnyRow,
    BadRow,
    Record,
    Row,
    bad,
    filled,
    printable,
    rows_of,
)
from aiomusic.errors import InvalidRequest
from aiomusic.providers._all import requests

__all__ = ["read"]

SEPARATORS: Final = (",", ";", "\t")
JSON_ENDINGS: Final = frozenset({".jsonl", ".ndjson", ".json"})
# A cell holds the longest lyrics many times over.
MAX_CELL: Final = 1_000_000


def read(
    path: str | Path,
    *,
    fill: str | Path | None = None,
    provider: str = "riffusion",
) -> list[AnyRow]:
    """
    Read a batch file.

    A file whose name ends with ``.jsonl``, ``.ndjson`` or ``.json`` has a JSON object
    a line; any other is CSV with a heading, its cells between commas, semicolons or
    tabs.  The columns ``key``, ``provider`` and ``operation`` say what to do, those
    named as an argument of the operation are its arguments, and all others are kept
    beside the job as its metadata.  A path, as in the ``url`` of an upload, begins in
    the folder of the file.

    Args:
        path: The file, in UTF-8.
        fill: A second file of the same kinds: the first is a recipe then, whose
            ``{placeholders}`` are filled once for each row of the second.
        provider: Of rows that name none.

    Returns:
        The rows in their order; one that can't be read stands as a `BadRow`.

    Raises:
        InvalidRequest: The file itself can't be read.
    """
    folder = Path(path).parent
    rows = [
        attrs.evolve(row, folder=folder) if isinstance(row, Row) else row
        for row in rows_of(_records(Path(path), is_batch=True), provider)
    ]
    if fill is None:
        return rows
    return list(filled(rows, _values(Path(fill))))


def _values(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Read what fills a recipe; each set is named by its key, or its number."""
    for one in _records(path):
        if isinstance(one, BadRow):
            # A row that is left out here would leave out songs, without a word.
            raise one.error
        _, number, cells = one
        yield str(cells.get(KEY) or number), cells


def _records(path: Path, *, is_batch: bool = False) -> Iterator[Record | BadRow]:
    """
    Read what a file holds.

    Args:
        is_batch: Whether its columns are to be those of a batch.
    """
    text = _text(path)
    if path.suffix.lower() in JSON_ENDINGS:
        return _json_records(path.name, text)
    return _csv_records(path.name, text, _check_names if is_batch else None)


def _text(path: Path) -> str:
    try:
        return path.expanduser().read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = (
            f"{path}, line {line}: this is no UTF-8 text: save the file as UTF-8."
            " Nothing was sent."
        )
        raise InvalidRequest(message) from error
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        message = f"{path} can't be read: {why}. Nothing was sent."
        raise InvalidRequest(message) from error


def _json_records(name: str, text: str) -> Iterator[Record | BadRow]:
    number = 0
    for line, one in enumerate(text.split("\n"), 1):
        if not one.strip():
            continue
        number += 1
        place = f"{name}, line {line}"
        try:
            record = json.loads(one, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            why = f"this is no JSON: {error.msg} at character {error.colno}."
            yield bad(place, why, number=number)
        except (ValueError, RecursionError) as error:
            yield bad(place, f"this is no JSON: {error}.", number=number)
        else:
            yield _json_record(place, number, record)


def _json_record(place: str, number: int, record: object) -> Record | BadRow:
    if not isinstance(record, dict):
        why = f"a line must be a JSON object, and is {shown(record)}."
        return bad(place, why, number=number)
    return place, number, record


def _no_number(word: str) -> None:
    message = f"{word} is no number there"
    raise ValueError(message)


def _csv_records(
    name: str, text: str, check: Callable[[str, list[str]], None] | None
) -> Iterator[Record | BadRow]:
    heading_line = text.split("\n", 1)[0]
    separator = max(SEPARATORS, key=heading_line.count)
    csv.field_size_limit(MAX_CELL)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begin, number, headings = 1, 0, list[str]()
    while True:
        try:
            cells = next(lines, None)
        except csv.Error as error:
            why = f"from here on this is no CSV: {error}."
            yield bad(f"{name}, line {begin}", why, number=number + 1)
            return
        if cells is None:
            return
        place, begin = f"{name}, line {begin}", lines.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if not headings:
            headings = _headings(place, cells)
            if check is not None:
                check(place, headings)
            continue
        number += 1
        yield _csv_record(place, number, headings, cells)


def _headings(place: str, cells: list[str]) -> list[str]:
    headings = [cell.strip() for cell in cells]
    named = [one for one in headings if one]
    twice = next((one for one in named if named.count(one) > 1), None)
    if twice is not None:
        message = (
            f"{place}: two columns are named {printable(twice)}; rename one."
            " Nothing was sent."
        )
        raise InvalidRequest(message)
    return headings


def _check_names(place: str, headings: list[str]) -> None:
    """
    Check that a heading names what a batch asks for.

    Raises:
        InvalidRequest: It names no argument, or a column of ours in other letters.
    """
    ours = (KEY, PROVIDER, OPERATION)
    slips = {one: meant(one, ours) for one in headings if one not in ours}
    for one, name in slips.items():
        if name is not None and name not in headings:
            message = f"{place}: a column is named {printable(one)}; write {name}."
            raise InvalidRequest(f"{message} Nothing was sent.")
    arguments = {name for kind in requests().values() for name in fields_of(kind)}
    if not any(one in ours or meant(one, arguments) for one in headings):
        message = (
            f"{place}: the heading names no argument, such as description, prompt or"
            " lyrics: put the names of the columns into the first line. Nothing was"
            " sent."
        )
        raise InvalidRequest(message)


def _csv_record(
    place: str, number: int, headings: list[str], cells: list[str]
) -> Record | BadRow:
    if len(cells) > len(headings):
        why = (
            f"it has {len(cells)} cells, and the heading has {len(headings)}: put a"
            " cell that holds the separator between double quotes."
        )
        return bad(place, why, number=number)
    pairs = zip(headings, cells, strict=False)
    return place, number, {name: cell for name, cell in pairs if name and cell.strip()}
