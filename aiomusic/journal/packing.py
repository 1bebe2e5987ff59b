"""Long texts of a row, compressed where the database does not do so by itself."""

import zlib
from typing import Final

__all__ = ["MIN_BYTES", "PACKED", "pack", "plain", "unpack"]

# The columns whose texts grow with songs; no statement but a search for clips reads
# into them.
PACKED: Final = frozenset({"request", "error", "result", "clips"})

# Shorter texts would hardly shrink; longer ones would keep the writer for too long.
MIN_BYTES: Final = 160
MAX_BYTES: Final = 2**20
# A window of 8 kB holds a song's clips, and is made in half the time of the usual one.
_LEVEL, _WINDOW_BITS, _MEMORY = 6, 13, 6
# What most rows repeat.  Every file that was written needs it: it never changes.
_DICTIONARY: Final = (
    b'"https://cdn1.suno.ai/image_.jpeg .mp3","gpt_description_prompt":"","timestamp":'
    b'{}}},"lyrics":"[Verse 1]\\n\\n[Chorus]\\n\\n[Bridge]\\n","audio_url":"https://",'
    b'"image_url":"https://","video_url":null,"duration":,"created_at":"2026-","mv":"'
    b'chirp-v4-5","tags":"FUZZ-1.1 Pro"[{"clip_id":"","provider":"riffusion","provider'
    b'":"suno","task_id":"","state":"succeeded","title":"","tags":null,"lyrics":"","'
    b'audio_url":"https://","image_url":"https://","video_url":null,"duration":,"'
    b'created_at":"2026-","model":"chirp-v4-5","error":null,"raw":{"clip_id":"'
)


def pack(text: str | bytes) -> str | bytes:
    """Return a text compressed, if that makes it shorter."""
    plain = text.encode() if isinstance(text, str) else text
    if not MIN_BYTES <= len(plain) <= MAX_BYTES:
        return text
    packer = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY, zdict=_DICTIONARY
    )
    packed = packer.compress(plain) + packer.flush()
    return packed if len(packed) < len(plain) else text


def unpack(packed: bytes) -> str:
    """
    Return the text that `pack` compressed.

    Raises:
        ValueError: It did not.
    """
    unpacker = zlib.decompressobj(zdict=_DICTIONARY)
    try:
        plain = unpacker.decompress(packed, MAX_BYTES)
    except zlib.error as error:
        message = f"it can't be decompressed: {error}"
        raise ValueError(message) from error
    if not unpacker.eof:
        message = "it is cut off, or longer than what is ever compressed"
        raise ValueError(message)
    return plain.decode(errors="replace")


def plain(cell: object) -> str | None:
    """Return the text that a column holds; None: it can't be read."""
    try:
        found = unpack(cell) if isinstance(cell, bytes) else cell
    except ValueError:
        return None
    return found if isinstance(found, str) else None
