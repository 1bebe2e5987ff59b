"""The journal that a path or an address means, loaded only where it is used."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from aiomusic.errors import JournalError
from aiomusic.journal import Identity

if TYPE_CHECKING:
    from aiomusic.journal._postgres_link import Address
    from aiomusic.journal.postgres import PostgresJournal, PostgresReader
    from aiomusic.journal.reader import SqliteReader
    from aiomusic.journal.sqlite import SqliteJournal

    KeptJournal: TypeAlias = SqliteJournal | PostgresJournal
    Reader: TypeAlias = SqliteReader | PostgresReader

__all__ = ["address_of", "is_address", "journal_at", "reader_at", "shown_place"]

SCHEMES = ("postgresql:", "postgres:")


def is_address(place: object) -> bool:
    """Check whether a journal is meant that is no file."""
    return isinstance(place, str) and place.lower().startswith(SCHEMES)


def journal_at(
    place: str | Path, wall: Callable[[], float] = time.time
) -> "KeptJournal":
    """
    Return the journal in a file, or at ``postgresql://…``, to be opened.

    Args:
        wall: Gives the time by which its user counts, in seconds since 1970; the
            server of an address counts by its own.

    Raises:
        JournalError: What it needs is not installed.
        ValueError: The address can't be read.
    """
    if not is_address(place):
        from aiomusic.journal.sqlite import SqliteJournal  # noqa: PLC0415 - its cost

        return SqliteJournal(place)
    try:
        from aiomusic.journal.postgres import PostgresJournal  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _no_driver(error) from error
    return PostgresJournal(str(place), wall=wall)


def reader_at(place: str | Path, identity: Identity | None) -> "Reader":
    """
    Return what reads the journal of a place and changes nothing; as `journal_at`.

    Args:
        identity: Whose rows are told from those of others; None: nobody's.
    """
    if not is_address(place):
        from aiomusic.journal.reader import SqliteReader  # noqa: PLC0415 - its cost

        return SqliteReader(Path(place), identity=identity)
    try:
        from aiomusic.journal.postgres import PostgresReader  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _no_driver(error) from error
    return PostgresReader.at(str(place), identity)


def shown_place(place: str) -> str:
    """
    Return an address as it may be shown, without its password.

    Raises:
        JournalError: What it needs is not installed.
        ValueError: The address can't be read.
    """
    return address_of(place).shown


def address_of(place: str) -> "Address":
    """
    Read an address, as its journal does.

    Raises:
        JournalError: What it needs is not installed.
        ValueError: The address can't be read.
    """
    try:
        from aiomusic.journal._postgres_link import Address  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _no_driver(error) from error
    return Address.of(place)


def _no_driver(error: ModuleNotFoundError) -> JournalError:
    return JournalError(
        f"A journal in PostgreSQL needs {error.name}: pip install 'aiomusic[postgres]'."
        " Nothing was sent."
    )
