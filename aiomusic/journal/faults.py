"""What a disk, a file or a row of it can do to a journal, in sentences."""

import sqlite3
from pathlib import Path

from aiomusic.journal.rows import DamagedRow

__all__ = ["FAULTS", "fault"]

FAULTS = (
    sqlite3.Error,
    OSError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    RecursionError,
)

_WORDS = {
    "SQLITE_BUSY": "another program keeps it locked",
    "SQLITE_LOCKED": "another program keeps it locked",
    "SQLITE_READONLY": "it can't be written; check its permissions",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the disk failed under it, or is full",
    "SQLITE_CORRUPT": "it is damaged; restore it from a copy, or give another path",
    "SQLITE_NOTADB": "it is no SQLite file; give another path",
    "SQLITE_CANTOPEN": "it can't be opened; check that its folder can be written",
}


def fault(path: Path, error: BaseException) -> str:
    """Return why a journal can't be used, and what that means for the money."""
    name = getattr(error, "sqlite_errorname", "")
    found = [words for start, words in _WORDS.items() if name.startswith(start)]
    if isinstance(error, FileNotFoundError):
        found = [f"there is no folder {path.parent}; make it first"]
    elif path.is_dir():
        found = ["it is a folder; name a file in it"]
    elif isinstance(error, DamagedRow):
        found = [f"its row of {error}; it is damaged"]
    elif isinstance(error, UnicodeDecodeError):
        # What SQLite says of a damaged schema holds its bytes.
        found = [_WORDS["SQLITE_CORRUPT"]]
    elif isinstance(error, ValueError | RecursionError):
        found = [f"a row of it can't be read or written ({error})"]
    elif isinstance(error, OSError) and error.errno is None:
        found = [str(error)]
    elif isinstance(error, OSError):
        found = [f"{error.strerror or error}; check the file's folder and its disk"]
    elif type(error) is sqlite3.DatabaseError and not name:
        found = [f"{_WORDS['SQLITE_CORRUPT']} ({error})"]
    words = found[0] if found else f"{type(error).__name__}: {error}"
    return (
        f"The journal {path} can't be used: {words}. Nothing is sent that"
        " can't be written down."
    )
