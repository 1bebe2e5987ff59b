"""What one line of a batch asks for, before it is known whether it can be had."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, final

import attrs

from aiomusic import _codec
from aiomusic._spelling import shortened, shown
from aiomusic.errors import InvalidRequest

__all__ = ["AnyRow", "BadRow", "Record", "Reference", "Row", "bad", "filled", "rows_of"]

# The columns that are no argument of an operation.
KEY: Final = "key"
PROVIDER: Final = "provider"
OPERATION: Final = "operation"
USUAL_OPERATION: Final = "create"

_TAKE = re.compile(r"(?P<key>.+)\[(?P<take>\d{1,4})\]")
_KEPT = ".kept"
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


@final
@attrs.frozen(kw_only=True)
class Row:
    """
    One line of a batch.

    Attributes:
        key: The job's key; by default a digest of the row, so that the same row is
            the same job wherever it stands.
        provider, operation: As in ``"suno"`` and ``"extend"``.
        values: Everything else, by column: arguments, and what else is to be kept.
        number: Which row of its file it is, from 1; None: it comes from no file.
        place: Where it stands, as in ``"songs.csv, line 3"``.
        folder: Where the paths in it begin; None: in the current folder.
    """

    key: str
    provider: str
    operation: str
    values: Mapping[str, Any]
    number: int | None = None
    place: str = "the row"
    folder: Path | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def kind(self) -> str:
        """The operation by its full name, as in ``"suno.extend"``."""
        return f"{self.provider}.{self.operation}"


@final
@attrs.frozen(kw_only=True)
class BadRow:
    """
    A line that nothing can be bought for.

    Attributes:
        error: Names file, line and column, and what to do.
        key: The row's key; None if it can't be told.
    """

    error: InvalidRequest
    number: int | None = None
    key: str | None = None


AnyRow: TypeAlias = Row | BadRow

Record: TypeAlias = tuple[str, int | None, Mapping[str, Any]]
"""Where a line stands, its number, and its cells by column."""


@final
@attrs.frozen
class Reference:
    """
    What another row makes, as in ``@intro``, ``@intro[1]`` or ``@intro.kept``.

    Attributes:
        key: The other row's key.
        take: Which of its clips, from 0.
        is_kept: Whether it is the clip that was kept in the gallery.
    """

    key: str
    take: int = 0
    is_kept: bool = False

    @classmethod
    def read(cls, value: object) -> "Reference | None":
        """Read a cell; None: it names no row."""
        if not isinstance(value, str) or not value.startswith("@") or value == "@":
            return None
        text = value[1:]
        if text.endswith(_KEPT) and text != _KEPT:
            return cls(text.removesuffix(_KEPT), is_kept=True)
        if found := _TAKE.fullmatch(text):
            return cls(found["key"], int(found["take"]))
        return cls(text)

    def __str__(self) -> str:
        take = f"[{self.take}]" if self.take else ""
        return f"@{self.key}{_KEPT if self.is_kept else take}"


def bad(
    place: str,
    why: str,
    *,
    column: str | None = None,
    number: int | None = None,
    key: str | None = None,
) -> BadRow:
    """Make the row that stands for one that can't be read."""
    where = place if column is None else f"{place}, column {printable(column)}"
    error = InvalidRequest(f"{where}: {why} Nothing was sent for it.", field=column)
    return BadRow(error=error, number=number, key=key)


def printable(text: str) -> str:
    """Return text as one line of at most 80 characters."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return shortened(plain)


def rows_of(records: Iterable[Record | AnyRow], provider: str) -> Iterator[AnyRow]:
    """
    Make rows of records, and give a key to those that have none.

    Args:
        records: Each with where it stands, its number, and its cells by column.
        provider: Of those that name none.
    """
    seen: dict[str, int] = {}
    for record in records:
        row = _row(*record, provider) if isinstance(record, tuple) else record
        if isinstance(row, Row) and not row.key:
            digest = _digest(row)
            seen[digest] = seen.get(digest, 0) + 1
            again = "" if seen[digest] == 1 else f"-{seen[digest]}"
            row = attrs.evolve(row, key=f"{digest}{again}")
        yield row


def _row(
    place: str, number: int | None, record: Mapping[str, Any], provider: str
) -> AnyRow:
    cells = {
        name: value
        for name, value in record.items()
        if value is not None and value != ""
    }
    named = {
        KEY: cells.pop(KEY, ""),
        PROVIDER: cells.pop(PROVIDER, provider),
        OPERATION: cells.pop(OPERATION, USUAL_OPERATION),
    }
    for name, value in named.items():
        if not isinstance(value, str):
            why = f"it must be text, and is {shown(value)}."
            return bad(place, why, column=name, number=number)
    return Row(
        key=named[KEY].strip(),
        provider=named[PROVIDER].strip().lower(),
        operation=named[OPERATION].strip().lower().replace("-", "_"),
        values=cells,
        number=number,
        place=place,
    )


def _digest(row: Row) -> str:
    text = _codec.canonical([row.kind, row.values])
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]


def filled(
    rows: Iterable[AnyRow], values: Iterable[tuple[str, Mapping[str, Any]]]
) -> Iterator[AnyRow]:
    """
    Fill the ``{placeholders}`` of a recipe, once for each set of values.

    Rows whose key holds no placeholder get the set's name added to it, and so do
    the references between them.  ``{{`` and ``}}`` stand for braces.

    Args:
        rows: The recipe.
        values: Each set by its name.
    """
    recipe = list(rows)
    keys = {row.key for row in recipe if isinstance(row, Row)}
    for name, cells in values:
        for row in recipe:
            yield row if isinstance(row, BadRow) else _filled(row, name, cells, keys)


def _filled(row: Row, name: str, cells: Mapping[str, Any], keys: set[str]) -> AnyRow:
    columns = {KEY: row.key, PROVIDER: row.provider, OPERATION: row.operation}
    found: dict[str, Any] = {}
    for column, value in {**columns, **row.values}.items():
        reference = Reference.read(value)
        if reference is not None and reference.key in keys:
            target = attrs.evolve(reference, key=_key(reference.key, name, cells))
            found[column] = str(target)
            continue
        try:
            found[column] = _replaced(value, cells)
        except KeyError as error:
            known = ", ".join(map(printable, cells)) or "none"
            why = (
                f"{{{printable(str(error.args[0]))}}} is no column of the file that"
                f" fills it in; it has {known}. Write {{{{ and }}}} for braces."
            )
            return bad(row.place, why, column=column, number=row.number, key=row.key)
    return Row(
        key=_key(row.key, name, cells),
        provider=found.pop(PROVIDER),
        operation=found.pop(OPERATION),
        values={column: value for column, value in found.items() if column != KEY},
        number=row.number,
        place=f"{row.place}, filled with {name}",
        folder=row.folder,
    )


def _key(key: str, name: str, cells: Mapping[str, Any]) -> str:
    """Return a recipe's key for one set of values."""
    try:
        found = _replaced(key, cells)
    except KeyError:
        # It is told where the row itself is filled in.
        return key
    return f"{key}-{name}" if found == key else str(found)


def _replaced(value: object, cells: Mapping[str, Any]) -> object:
    match value:
        case str():
            return _PLACEHOLDER.sub(lambda found: _word(found, cells), value)
        case list():
            return [_replaced(one, cells) for one in value]
        case Mapping():
            return {name: _replaced(one, cells) for name, one in value.items()}
        case _:
            return value


def _word(found: re.Match[str], cells: Mapping[str, Any]) -> str:
    if found[1] is None:
        return found[0][0]
    value = cells[found[1].strip()]
    return "" if value is None else str(value)
