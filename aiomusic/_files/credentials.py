"""
Content Credentials (C2PA): whether a music file carries a signed manifest.

Writing a tag into such a file breaks its signature, so it is left as it came.
"""

import struct
from pathlib import Path
from typing import BinaryIO, Final

from aiomusic._magic import tag_bytes

__all__ = ["has_credentials"]

# What a manifest may take at most in front of the music.
MAX_TAG: Final = 64 * 1024 * 1024
MP4_MANIFEST: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
MAX_PARTS: Final = 10_000


def has_credentials(path: Path) -> bool:
    """
    Check whether a file carries a C2PA manifest.

    MP3 and FLAC hold it in a GEOB frame of an ID3 tag, WAV in a chunk, MP4 in a box.
    """
    with path.open("rb") as file:
        head = file.read(12)
        match head[:4], head[4:8], head[8:12]:
            case b"ID3\x02" | b"ID3\x03" | b"ID3\x04", _, _:
                return _in_id3(file)
            case b"RIFF" | b"RF64", _, b"WAVE":
                return _in_riff(file)
            case _, b"ftyp", _:
                return _in_mp4(file)
    return False


def _in_id3(file: BinaryIO) -> bool:
    file.seek(0)
    size = tag_bytes(file.read(10)) - 10
    tag = file.read(max(0, min(size, MAX_TAG)))
    # A GEOB frame without a manifest is rare, and costs no more than its tags.
    return b"GEOB" in tag and b"c2pa" in tag


def _in_riff(file: BinaryIO) -> bool:
    for _ in range(MAX_PARTS):
        head = file.read(8)
        if len(head) < 8:
            return False
        name, size = struct.unpack("<4sI", head)
        if name == b"C2PA":
            return True
        file.seek(size + size % 2, 1)
    return False


def _in_mp4(file: BinaryIO) -> bool:
    file.seek(0)
    for _ in range(MAX_PARTS):
        start = file.tell()
        head = file.read(32)
        if len(head) < 8:
            return False
        size, name = struct.unpack(">I4s", head[:8])
        header = 8
        if size == 1 and len(head) >= 16:
            size, header = int.from_bytes(head[8:16], "big"), 16
        if name == b"uuid" and head[header : header + 16] == MP4_MANIFEST:
            return True
        if size < header:
            return False
        file.seek(start + size)
    return False
