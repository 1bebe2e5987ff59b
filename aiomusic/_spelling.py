"""What a text of the caller's amounts to: nothing, a slip, or what can't be sent."""

import re
import reprlib
import unicodedata
from collections.abc import Iterable
from typing import Final

from aiomusic._redact import kept

__all__ = ["half_a_pair", "is_blank", "meant", "short_links", "shortened", "shown"]

MAX_SHOWN: Final = 80
MAX_LOOKED_AT: Final = 10_000

# Letters and symbols by their category, and yet nothing is seen of them.
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_SEPARATORS: Final = frozenset("./\\:;|,'`\u00b7\u2019")


def is_blank(text: str) -> bool:
    """Check whether nothing is seen of a text: white space alone, or less."""
    # Most texts begin with a letter, and long ones are looked at once.
    return all(map(_is_invisible, text))


def _is_invisible(one: str) -> bool:
    return (
        one.isspace()
        or one in _BLANK_LETTERS
        or (unicodedata.category(one) in {"Cc", "Cf", "Zs", "Zl", "Zp"})
    )


def meant(word: str, known: Iterable[str]) -> str | None:
    """
    Return the known name that *word* misspells, if it does.

    It does where both are the same but for case, spaces and separators.
    Nothing looser counts, since a new version differs from an old one by a digit.
    """
    bare = _bare(word)
    return next((name for name in known if _bare(name) == bare), None)


def _bare(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(one for one in folded if not _separates(one))


def _separates(one: str) -> bool:
    is_dash = unicodedata.category(one) in {"Pc", "Pd"}
    return is_dash or one in _SEPARATORS or _is_invisible(one)


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def half_a_pair(text: str) -> int | None:
    """Return where a text has half of a surrogate pair; None: nowhere."""
    found = _SURROGATE.search(text)
    return None if found is None else found.start()


class _Shown(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = MAX_SHOWN
        self.maxlong = 40

    def repr_str(self, x: str, level: int) -> str:
        # Who cuts through a secret must not show the half of it.
        return super().repr_str(str(kept(x[:MAX_LOOKED_AT])), level)


_REPR: Final = _Shown()


def shortened(text: str, most: int = MAX_SHOWN) -> str:
    """Return text of at most *most* characters, the last one … where it is cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


_DATA_LINK: Final = re.compile(r"(data:[\w.+/;=-]{0,100},)[^\s\"'<>]{64,}")


def short_links(text: str) -> str:
    """Return text whose ``data:`` links say of what kind they are, and hold nothing."""
    return _DATA_LINK.sub(r"\1…", text)


def shown(value: object) -> str:
    """Return how a value looks in a message: short, whatever it is."""
    try:
        text = _REPR.repr(value)
    except (ValueError, RecursionError):
        # An int of thousands of digits has no text.
        return f"a {type(value).__name__}"
    return shortened(text, 2 * MAX_SHOWN)
