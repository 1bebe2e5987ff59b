"""Kinds of files by their first bytes: music, and what is known not to be."""

import re
from typing import Final

__all__ = ["GZIP", "HEAD_BYTES", "is_compressed", "not_music", "sniff", "tag_bytes"]

HEAD_BYTES: Final = 512
GZIP: Final = b"\x1f\x8b"

# Where it stands, what stands there, and the ending that it asks for.
_MUSIC: tuple[tuple[int, bytes, str], ...] = (
    (8, b"WAVE", ".wav"),
    (0, b"fLaC", ".flac"),
    (0, b"OggS", ".ogg"),
    (0, b"\x1a\x45\xdf\xa3", ".webm"),
    (8, b"AIFF", ".aiff"),
    (8, b"AIFC", ".aiff"),
    (0, b"caff", ".caf"),
    (0, b"#!AMR", ".amr"),
    (0, b".snd", ".au"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ".wma"),
    (0, b"MThd", ".mid"),
    (0, b"wvpk", ".wv"),
    (0, b"MAC ", ".ape"),
    (0, b"TTA1", ".tta"),
    (0, b"DSD ", ".dsf"),
    (0, b"MPCK", ".mpc"),
    (0, b"ADIF", ".aac"),
    (0, b"\x0b\x77", ".ac3"),
)
_FORMS = {".wav": (b"RIFF", b"RF64", b"BW64"), ".aiff": (b"FORM",)}
# Pictures share the boxes of MP4.
_PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")

_OTHER: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "an image"),
    (0, b"\x89PNG", "an image"),
    (0, b"GIF8", "an image"),
    (0, b"II*\0", "an image"),
    (0, b"MM\0*", "an image"),
    (0, b"8BPS", "an image"),
    (0, b"\0\0\x01\0", "an image"),
    (8, b"WEBP", "an image"),
    (8, b"AVI ", "a video"),
    (0, b"PK\x03\x04", "an archive"),
    (0, b"PK\x05\x06", "an archive"),
    (0, GZIP, "an archive"),
    (0, b"\x1f\x9d", "an archive"),
    (0, b"BZh", "an archive"),
    (0, b"\xfd7zXZ\0", "an archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "an archive"),
    (0, b"Rar!", "an archive"),
    (0, b"\x28\xb5\x2f\xfd", "an archive"),
    (0, b"\x04\x22\x4d\x18", "an archive"),
    (257, b"ustar", "an archive"),
    (0, b"%PDF", "a document"),
    (0, b"\xd0\xcf\x11\xe0", "a document"),
    (0, b"SQLite format 3", "a database"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"\0asm", "a program"),
    (0, b"\xfe\xed\xfa", "a program"),
    (0, b"\xcf\xfa\xed\xfe", "a program"),
    (0, b"\xca\xfe\xba\xbe", "a program"),
    (0, b"wOFF", "a font"),
    (0, b"wOF2", "a font"),
    (0, b"OTTO", "a font"),
)
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<!--", b"<title", b"<p")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

# Layers II and III: the sync, no reserved version, bit rate or sample rate.
_MPEG = re.compile(rb"\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd][\x10-\xef].", re.DOTALL)
_ADTS = re.compile(rb"\xff[\xf0\xf1\xf8\xf9]")


def sniff(head: bytes) -> str | None:
    """Return the ending that the first bytes of music ask for; None: not known."""
    if head[4:8] == b"ftyp":
        return None if head[8:12] in _PICTURE_BRANDS else ".m4a"
    for at, magic, kind in _MUSIC:
        if head[at : at + len(magic)] == magic and head.startswith(
            _FORMS.get(kind, b"")
        ):
            return kind
    if _ADTS.match(head):
        return ".aac"
    if head[:2] not in _BOMS and _MPEG.match(head) and head[2] & 0x0C != 0x0C:
        return ".mp3"
    return ".mp3" if tag_bytes(head) else None


def tag_bytes(head: bytes) -> int:
    """Return the length of the tag that begins there; 0: there is none."""
    if head[:3] == b"ID3" and len(head) >= 10:
        sizes = head[6:10]
        if max(sizes) > 0x7F or not 2 <= head[3] <= 4:
            return 0
        size = sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3]
        return 10 + size + (10 if head[5] & 0x10 else 0)
    if head[:8] == b"APETAGEX" and len(head) >= 16:
        return 32 + int.from_bytes(head[12:16], "little")
    return 0


def not_music(head: bytes) -> str | None:
    """Return the kind of file that the first bytes show; None: it may be music."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not start:
        return "nothing"
    if sniff(head) is not None:
        return None
    for at, magic, words in _OTHER:
        if head[at : at + len(magic)] == magic:
            return words
    if head[4:8] == b"ftyp":
        return "an image"
    return _text(head, start)


def _text(head: bytes, start: bytes) -> str | None:
    """Return what kind of text it is, if it is any."""
    if start.startswith(_PAGES):
        return "a web page"
    if not head.startswith(_BOMS) and not _is_text(start):
        return None
    for magic, words in ((b"<", "XML"), (b"{", "JSON"), (b"[", "JSON")):
        if start.startswith(magic):
            return words
    return "text"


def _is_text(start: bytes) -> bool:
    if _CONTROLS.search(start):
        return False
    try:
        # The last character may be cut.
        start[: HEAD_BYTES - 8].decode()
    except UnicodeDecodeError as error:
        return error.start >= min(len(start), HEAD_BYTES - 8) - 3
    return True


def is_compressed(head: bytes) -> bool:
    """Check whether bytes begin as gzip, or as deflate with its head."""
    first, second = (*head[:2], 0, 0)[:2]
    is_zlib = first & 0x0F == 8 and (first << 8 | second) % 31 == 0
    return is_zlib or head.startswith(GZIP)
