"""
What may be shown: the one place that messages and log lines pass.

Replies are never altered.  What is shown of them holds no secret in any spelling, no
signature of a link and no character that a terminal obeys, and is bounded.
"""

import base64
import html
import re
import string
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

__all__ = ["Shown", "hide", "is_secret", "kept", "recorded", "shown"]

MAX_CHARS: Final = 4000
# A secret's first characters are looked for; no key is told by what follows them.
MAX_SECRET_CHARS: Final = 4096
MIN_SECRET_CHARS: Final = 8
# A word of the language would be hidden in every message that uses it.
MIN_WORD_CHARS, MIN_NUMBER_CHARS = 16, 12
# One so long stands in no id by chance.
MIN_LONG_CHARS: Final = 16
# Those hidden last; a key that changes with every call must not fill the memory.
MAX_SECRETS: Final = 64
HIDDEN: Final = "[hidden]"

# Each secret as it is compared, and its other spellings.  The errors of every session
# pass here, so these are the process's: an error may outlive its session.
_secrets: dict[str, tuple[str, ...]] = {}


def hide(secret: str) -> None:
    """
    Never show *secret* again, however it is spelled.

    One that is so short that it is a word or a number is shown: to hide it would
    damage whatever else holds that word.
    """
    plain = _plain(secret[:MAX_SECRET_CHARS])[0]
    if len(plain) < MIN_SECRET_CHARS or _is_word(plain):
        return
    _secrets.pop(plain, None)
    _secrets[plain] = tuple(_spellings(secret[:MAX_SECRET_CHARS]))
    while len(_secrets) > MAX_SECRETS:
        del _secrets[next(iter(_secrets))]


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it was given, in hex and in base64, in lower case."""
    yield secret.translate(_LOWER)
    raw = secret.encode(errors="surrogatepass")
    yield raw.hex()
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            text = encode(bytes(before) + raw).decode().rstrip("=")
            # The first and the last characters depend on what stands around it.
            is_shared = (before + len(raw)) % 3 != 0
            yield text[(0, 2, 3)[before] : len(text) - is_shared].lower()


def _is_word(text: str) -> bool:
    is_word = text.isalpha() and len(text) < MIN_WORD_CHARS
    return is_word or (text.isdecimal() and len(text) < MIN_NUMBER_CHARS)


def shown(text: str, most: int = MAX_CHARS) -> str:
    """
    Return *text* as it may be shown: without secrets, printable, and bounded.

    Args:
        most: How many characters are left of it; a longer text loses its middle.
    """
    if len(text) <= most and text.isprintable() and not _secrets and "://" not in text:
        return text
    head, tail = _ends(text, most)
    if not tail:
        return _cut(_printable(_without_secrets(head)), most)
    # Who cuts through a secret must not show the half of it.
    margin = 8 * max(map(len, _secrets), default=0)
    start = _printable(_without_secrets(head)[: -margin or None])
    end = _printable(_without_secrets(tail)[margin:])
    keep = (most - len(_GAP)) // 2
    return start[:keep] + _GAP + end[len(end) - keep :]


_GAP: Final = " … "


def _ends(text: str, most: int) -> tuple[str, str]:
    """Return the parts of a very long text that are looked at."""
    window = 8 * (most + 2 * max(map(len, _secrets), default=0))
    if len(text) <= 2 * window:
        return text, ""
    return text[:window], text[-window:]


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    keep = (most - len(_GAP)) // 2
    return text[:keep] + _GAP + text[len(text) - keep :]


def is_secret(text: str) -> bool:
    """Check whether a text spells a secret that is too long to be there by chance."""
    return bool(_secrets) and _is_spelled([text], MIN_LONG_CHARS)


def kept(value: object) -> object:
    """Return JSON as it may be kept: no text in it spells a secret."""
    is_clean = not _secrets or not _is_spelled(_texts(value), 0)
    return value if is_clean else _hidden(value)


def recorded(value: object) -> object:
    """Return JSON as it may be passed on: no secret, and no signature of a link."""
    match value:
        case str():
            return _LINK.sub(_unsigned, str(kept(value)))
        case Mapping():
            return {
                name: HIDDEN if _NAMED_SECRET.search(str(name)) else recorded(one)
                for name, one in value.items()
            }
        case list() | tuple():
            return [recorded(one) for one in value]
        case _:
            return value


def _texts(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        match one := waiting.pop():
            case str():
                yield one
            case Mapping():
                waiting += [*one.keys(), *one.values()]
            case list() | tuple():
                waiting += one


def _hidden(value: object) -> object:
    match value:
        case str():
            return _replaced(value, sorted(_spans(value)))
        case Mapping():
            # A secret that reads like the name of a field must not rename the field.
            return {
                _hidden(name) if is_secret(str(name)) else name: _hidden(one)
                for name, one in value.items()
            }
        case list() | tuple():
            return [_hidden(one) for one in value]
        case _:
            return value


def _is_spelled(texts: Iterable[str], least: int) -> bool:
    """Check quickly whether any text may spell a secret of so many characters."""
    text = _flat("\n".join(texts))
    return any(
        spelled in text
        for secret, spellings in _secrets.items()
        if len(secret) >= least
        for spelled in (secret, *spellings)
    )


def _flat(text: str) -> str:
    """Return a text as it is compared, with its escapes and with them undone."""
    if _MARKS.search(text):
        text = f"{_ESCAPE.sub(_unescaped, text)}\n{text}"
    if not text.isprintable():
        text = text.translate(_UNSEEN)
    if not text.isprintable():
        text = "".join(filter(str.isprintable, text))
    return text.lower() if text.isascii() else text.translate(_LOWER)


# What most texts hold of what can't be printed, and what bytes that can't be read are.
_UNSEEN: Final = dict.fromkeys([*range(32), 127, 0xFFFD])


class Shown:
    """A value of a log line; what it reads as is bounded and holds no secret."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return shown(str(self._value))

    def __repr__(self) -> str:
        return shown(repr(self._value))


# Secrets.


def _without_secrets(text: str) -> str:
    spans = sorted(_spans(text)) if _secrets else []
    if spans:
        text = _replaced(text, spans)
    return _LINK.sub(_unsigned, _LOGIN.sub(rf"\1{HIDDEN}@", text))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield from where to where a text spells a secret."""
    plain, places = _plain(text)
    for secret, spellings in _secrets.items():
        for spelled in (secret, *spellings):
            for start, end in _found(spelled, plain):
                yield places[start], places[end]
    if not isinstance(places, range):
        # A percent sign before a secret makes an escape of its first two letters.
        lower = text.translate(_LOWER)
        for given, *_ in _secrets.values():
            yield from _found(given, lower)


def _found(secret: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(secret)
    while start >= 0:
        end = start + len(secret)
        yield start, end
        start = text.find(secret, end)


# `lower` alone would make two characters of some letters, and move all after them.
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def _replaced(text: str, spans: list[tuple[int, int]]) -> str:
    parts, done = [], 0
    for start, end in spans:
        if end > done:
            parts += [text[done : max(start, done)], HIDDEN]
            done = end
    return "".join([*parts, text[done:]])


def _plain(text: str) -> "tuple[str, range | list[int]]":
    """
    Return a text as it is compared, and where each character of that stands.

    Escapes are undone, and what the halves of UTF-16 leave between characters is
    left out.
    """
    if text.isascii() and text.isprintable() and not _MARKS.search(text):
        return text.lower(), range(len(text) + 1)
    chars: list[str] = []
    places: list[int] = []
    done = 0
    for found in _ESCAPE.finditer(text):
        _take(text[done : found.start()], done, chars, places)
        _take_all(_unescaped(found), found.start(), chars, places)
        done = found.end()
    _take(text[done:], done, chars, places)
    places.append(len(text))
    return "".join(chars), places


def _take(run: str, start: int, chars: list[str], places: list[int]) -> None:
    for at, char in enumerate(run, start):
        if char.isprintable() and char != "\ufffd":
            chars.append(char.lower() if char.isascii() else char)
            places.append(at)


def _take_all(run: str, at: int, chars: list[str], places: list[int]) -> None:
    for char in run.lower():
        if char.isprintable():
            chars.append(char)
            places.append(at)


_MARKS: Final = re.compile(r"[\\%&]")
# One escape, also one that was escaped again; a lone backslash is left out.
_ESCAPE: Final = re.compile(
    r"\\{1,8}u\{(?P<b>[0-9a-fA-F]{1,6})\}"
    r"|\\{1,8}u(?P<u>[0-9a-fA-F]{4})"
    r"|\\{1,8}U(?P<U>[0-9a-fA-F]{8})"
    r"|\\{1,8}x(?P<x>[0-9a-fA-F]{2})"
    r"|\\{1,8}(?P<o>[0-3][0-7]{2}|0)"
    r"|%(?:25){0,4}u(?P<pu>[0-9a-fA-F]{4})"
    r"|%(?:25){0,4}(?P<p>[0-9a-fA-F]{2})"
    r"|&(?:amp;){0,4}\#[xX]0{0,6}(?P<hx>[0-9a-fA-F]{1,6});?"
    r"|&(?:amp;){0,4}\#0{0,6}(?P<hd>[0-9]{1,7});?"
    r"|&(?:amp;){0,4}(?P<name>amp|lt|gt|quot|apos);"
    r"|\\"
)
_BASES: Final[Mapping[str, int]] = {"o": 8, "hd": 10}


def _unescaped(found: "re.Match[str]") -> str:
    kind = found.lastgroup
    if kind is None:
        return ""
    if kind == "name":
        return html.unescape(f"&{found[kind]};")
    code = int(found[kind], _BASES.get(kind, 16))
    return chr(code) if code <= sys.maxunicode else ""


_NAMED_SECRET: Final = re.compile(
    r"secret|password|authorization|api.?key|access.?token|cookie", re.IGNORECASE
)

# Links.

# What stands before a host is a name and a password; our own advice shows neither.
_LOGIN: Final = re.compile(
    r"(https?:(?:\\{0,4}/){2})(?!user:password@)[^\s/?#@\"'<>]{1,200}@", re.IGNORECASE
)
# Who has a signed link has the song.
_LINK: Final = re.compile(
    r"(?P<address>https?:(?:\\{0,4}/){2}[^\s?\"'<>]{1,500})\?(?P<query>[^\s\"'<>]{1,2000})",
    re.IGNORECASE,
)
_SIGNED: Final = re.compile(
    r"(?:^|[&;]|u0026|%26)(?:e|s|st|se|code|hash|auth|jwt|exp"
    r"|[a-z_-]{0,20}(?:sig|signature|token|expires|expiry|policy|credential|secret"
    r"|hmac|key|password))(?:=|%3d|\\u003d)",
    re.IGNORECASE,
)


def _unsigned(found: "re.Match[str]") -> str:
    is_signed = _SIGNED.search(found["query"])
    return f"{found['address']}?{HIDDEN}" if is_signed else found[0]


# Terminals, and logs that a line end would forge.


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(map(_escaped, text))


def _escaped(char: str) -> str:
    if char.isprintable() or unicodedata.category(char) == "Zs":
        return char
    return char.encode("unicode_escape").decode()
