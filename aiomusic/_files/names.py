"""A clip's file name, good on any operating system."""

import hashlib
import re
import unicodedata

from aiomusic._redact import kept
from aiomusic.results import Clip

__all__ = ["file_stem"]

# With the id and the longest ending, under the 143 bytes that eCryptfs leaves.
MAX_TITLE_BYTES = 92
# So much is looked at; the rest would be cut off anyway.
MAX_TITLE_CHARS = 1000

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
    stem = f"{title} {_short(clip.clip_id)}".strip()
    # Windows reads a name up to its first dot.
    return f"_{stem}" if _RESERVED.fullmatch(stem.split(".")[0].strip()) else stem


def _plain(text: str) -> str:
    text = "".join(
        char if char in _JOINERS or not _is_unprintable(char) else " "
        for char in unicodedata.normalize("NFC", str(kept(text[:MAX_TITLE_CHARS])))
    )
    text = " ".join(re.sub(r'[<>:"/\\|?*]+', "-", text).split())
    cut = text.encode()[:MAX_TITLE_BYTES].decode(errors="ignore")
    # Files that begin with a dot are hidden, with a hyphen they look like options.
    return cut.strip(f" .-{_JOINERS}")


def _is_unprintable(char: str) -> bool:
    return unicodedata.category(char) in _UNPRINTABLE


def _short(clip_id: str) -> str:
    # Eight characters of a UUID are 32 bits: in ten thousand songs of one title,
    # two would be one in a hundred times.  So there are four more.
    if _UUID4.fullmatch(clip_id):
        return clip_id[:13]
    if _PLAIN.fullmatch(clip_id):
        return clip_id
    digest = hashlib.sha256(clip_id.encode(errors="replace")).hexdigest()
    start = re.sub(r"[^0-9A-Za-z_-]", "", clip_id)[:8]
    return f"{start}-{digest[:12]}"
