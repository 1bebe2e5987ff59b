"""Covers that are only inside audio files, put where a page can show them."""

import hashlib
from pathlib import Path
from typing import Final

import attrs

from aiomusic.gallery._album import Album, Take

__all__ = ["COVERS_NAME", "with_covers"]

COVERS_NAME: Final = ".covers"
MAX_COVER_BYTES: Final = 8 * 1024 * 1024


def with_covers(album: Album) -> Album:
    """Return the album with the pictures of its takes as files beside the page."""
    songs = (
        attrs.evolve(
            song, takes=tuple(_with_cover(album.folder, take) for take in song.takes)
        )
        for song in album.songs
    )
    return attrs.evolve(album, songs=tuple(songs))


def _with_cover(folder: Path, take: Take) -> Take:
    picture = take.picture
    if picture is None or len(picture) > MAX_COVER_BYTES:
        return attrs.evolve(take, picture=None)
    name = f"{COVERS_NAME}/{hashlib.sha256(picture).hexdigest()[:24]}{_ending(picture)}"
    path = folder / name
    try:
        if not path.is_file() or path.stat().st_size != len(picture):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(picture)
    except OSError:
        # A page without a picture is still a page.
        return attrs.evolve(take, picture=None)
    return attrs.evolve(take, cover=name, picture=None)


def _ending(picture: bytes) -> str:
    if picture.startswith(b"\x89PNG"):
        return ".png"
    return ".webp" if picture.startswith(b"RIFF") else ".jpg"
