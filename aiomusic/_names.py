"""Names of files, good on any operating system, and patterns for them."""

import hashlib
import re
import string
import sys
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final, final

import attrs

from aiomusic._redact import kept
from aiomusic.errors import InvalidRequest
from aiomusic.results import Clip

__all__ = ["NameTemplate", "file_stem", "safe_stem", "short_id"]

# With the id and the longest ending, under the 143 bytes that eCryptfs leaves.
MAX_TITLE_BYTES = 92
# So much is looked at; the rest would be cut off anyway.
MAX_TITLE_CHARS = 1000

FIELDS: Final = (
    "title",
    "take",
    "track",
    "key",
    "id",
    "task",
    "provider",
    "operation",
    "model",
    "style",
    "date",
)

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]+")
_PLAIN = re.compile(r"[0-9a-z_-]{1,36}")
_RESERVED = re.compile(
    r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE
)
# Half a surrogate pair, controls, private and unassigned characters, line ends.
_UNPRINTABLE = frozenset({"Cs", "Cc", "Co", "Cn", "Cf", "Zl", "Zp"})
# Formatting that words and emoji are spelled with: the joiners.
_JOINERS = "\u200c\u200d"


def file_stem(clip: Clip) -> str:
    """
    Name a clip's file, without its ending, for any operating system.

    It holds the title and the start of the clip's id, as much as tells clips apart.
    """
    title = _plain(clip.title or "") or _plain(clip.provider)
    return _unreserved(f"{title} {short_id(clip.clip_id)}".strip())


def safe_stem(text: str) -> str:
    """Return text as a name without an ending, for any operating system; or ""."""
    return _unreserved(_plain(text))


def _unreserved(stem: str) -> str:
    # Windows reads a name up to its first dot.
    start = stem.partition(".")[0].strip()
    return f"_{stem}" if _RESERVED.fullmatch(start) else stem


def _plain(text: str) -> str:
    text = "".join(
        char if char in _JOINERS or not _is_unprintable(char) else " "
        for char in unicodedata.normalize("NFC", str(kept(text[:MAX_TITLE_CHARS])))
    )
    # Where files are named in ASCII, a letter that it lacks must not lose a song.
    encoding = sys.getfilesystemencoding()
    text = text.encode(encoding, "replace").decode(encoding)
    text = " ".join(re.sub(r'[<>:"/\\|?*]+', "-", text).split())
    cut = text.encode()[:MAX_TITLE_BYTES].decode(errors="ignore")
    # Files that begin with a dot are hidden, with a hyphen they look like options.
    return cut.strip(f" .-{_JOINERS}")


def _is_unprintable(char: str) -> bool:
    return unicodedata.category(char) in _UNPRINTABLE


def short_id(clip_id: str) -> str:
    """Return as much of an id as tells clips apart."""
    # Eight characters of a UUID are 32 bits: in ten thousand songs of one title,
    # two would be one in a hundred times.  So there are four more.
    if _UUID4.fullmatch(clip_id):
        return clip_id[:13]
    if _PLAIN.fullmatch(clip_id):
        return clip_id
    digest = hashlib.sha256(clip_id.encode(errors="replace")).hexdigest()
    start = re.sub(r"[^0-9A-Za-z_-]", "", clip_id)[:8]
    return f"{start}-{digest[:12]}"


def _formatted(value: object, spec: str) -> str:
    """Format a value; as it is, where it is of another kind than the pattern's."""
    try:
        return format(value, spec)
    except (ValueError, TypeError):
        return str(value)


@final
@attrs.frozen
class NameTemplate:
    """
    A pattern for names of files, such as ``"{track:02} {title} ({take})"``.

    Its fields are those of `FIELDS`, and any that is asked for by name beside them;
    one that is not known for a clip is left out.

    Args:
        pattern: As `str.format` reads it, with plain names only.
        others: Names of fields beside the usual ones.

    Raises:
        InvalidRequest: It can't be filled in.
    """

    pattern: str
    others: frozenset[str] = frozenset()

    def __attrs_post_init__(self) -> None:
        known = {*FIELDS, *self.others}
        try:
            parts = list(string.Formatter().parse(self.pattern))
        except ValueError as error:
            raise self._refused(str(error)) from error
        names = [name for _, name, _, _ in parts if name is not None]
        for name in names:
            if name not in known:
                raise self._refused(
                    f"there is no {{{name}}}; known are {', '.join(sorted(known))}"
                )
        if not names:
            raise self._refused("all files would have one name; use {title} or {id}")
        try:
            self._fill(dict.fromkeys(known, "1"), format)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise self._refused(str(error)) from error

    def fill(self, values: Mapping[str, Any]) -> str:
        """Return the name for one clip, good on any operating system."""
        return self._fill(values, _formatted)

    def _fill(
        self, values: Mapping[str, Any], formatted: Callable[[object, str], str]
    ) -> str:
        found: list[str] = []
        for text, name, spec, conversion in string.Formatter().parse(self.pattern):
            found.append(text)
            if name is None:
                continue
            value = values.get(name)
            if value is None:
                continue
            if isinstance(value, str) and value.isdecimal() and spec:
                value = int(value)
            if conversion:
                value = string.Formatter().convert_field(value, conversion)
            found.append(formatted(value, spec or ""))
        return safe_stem("".join(found))

    def _refused(self, why: str) -> InvalidRequest:
        message = f"{self.pattern!r} is no pattern for names: {why}. Nothing was sent."
        return InvalidRequest(message)
