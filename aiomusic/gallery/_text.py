"""Text of others, as a page may hold it: no controls, no tricks, bounded."""

import json
import math
import unicodedata
from typing import Final

from aiomusic._spelling import short_links

__all__ = ["block", "fields_of", "line", "number", "split_tags", "whole"]

MAX_LINE: Final = 500
MAX_BLOCK: Final = 50_000
MAX_FIELD: Final = 20_000
# What a request may hold that no page should show.
_HIDDEN: Final = ("secret", "token", "password", "api_key")
# Overrides and isolates turn around what stands beside them.
_TURNERS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def line(value: object, most: int = MAX_LINE) -> str:
    """Return a text as one line; what is no text, or blank, is ``""``."""
    return " ".join(_kept(value, most, "").split())


def block(value: object, most: int = MAX_BLOCK) -> str:
    """Return a text with its lines, without what surrounds them."""
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return _kept(value, most, "\n").strip()


def number(value: object, *, most: float = 1e9) -> float | None:
    """Return a number that is finite and not negative; None for all else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= most else None


def whole(value: object) -> int | None:
    """Return a whole number that is not negative; None for all else."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() else None


def split_tags(tags: object) -> tuple[str, ...]:
    """Return what stands between commas, each once."""
    parts = (part.strip() for part in line(tags, 2000).split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def fields_of(fields: object) -> dict[str, str]:
    """Return arguments as texts, without those that are not set or are secrets."""
    if not isinstance(fields, dict):
        return {}
    return {
        line(name, 100): block(_said(value), MAX_FIELD)
        for name, value in fields.items()
        if value not in (None, "", {}, [])
        and not any(word in str(name).lower() for word in _HIDDEN)
    }


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return short_links(text)


def _kept(value: object, most: int, breaks: str) -> str:
    if not isinstance(value, str):
        return ""
    text = "".join(_shown(char, breaks) for char in value[:most])
    return f"{text.rstrip()}…" if len(value) > most else text


def _shown(char: str, breaks: str) -> str:
    if char.isprintable() or char in breaks:
        return char
    if char in _TURNERS:
        return ""
    category = unicodedata.category(char)
    if category == "Cs":
        return "\ufffd"
    return " " if category in _UNSEEN else char
