"""From what is typed, in a cell or behind an option, to an argument's value."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aiomusic._fields import Flag, Names, Number, WebAddress
from aiomusic._request import Request, fields_of
from aiomusic._spelling import shown

__all__ = ["read_cell"]

_YES: Final = frozenset({"true", "yes", "y", "1", "on"})
_NO: Final = frozenset({"false", "no", "n", "0", "off"})


def read_cell(
    kind: type[Request[Any]], name: str, text: str, folder: Path | None = None
) -> object:
    """
    Read text as the argument of that name.

    Args:
        folder: Where paths of files begin; None: in the current one.

    Raises:
        ValueError: It can't be read.
    """
    match fields_of(kind).get(name):
        case Flag():
            return _flag(text)
        case Number(whole=whole):
            return _number(text, whole=whole)
        case Names():
            return tuple(_listed(text))
        case WebAddress() if "://" not in text:
            return (folder or Path()) / Path(text.strip())
    return _parts(text) if name == "segments" else text


def _flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in _YES | _NO:
        message = f"it is {shown(text)}; write yes or no"
        raise ValueError(message)
    return word in _YES


def _number(text: str, *, whole: bool) -> int | float:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        kind = "a whole number, as in 30" if whole else "a number, as in 12.5"
        message = f"it is {shown(text)}; write {kind}"
        raise ValueError(message) from None


def _listed(text: str) -> Iterator[str]:
    separator = ";" if ";" in text else ","
    yield from (one.strip() for one in text.split(separator) if one.strip())


def _parts(text: str) -> list[tuple[str, int]]:
    """Read the parts of a song, as in ``intro:10; chorus:30``."""
    found = []
    for one in _listed(text):
        name, colon, length = one.rpartition(":")
        if not (colon and length.strip().isdecimal()):
            message = f"it holds {shown(one)}; write name:seconds, as in intro:10"
            raise ValueError(message)
        found.append((name.strip(), int(length)))
    return found
