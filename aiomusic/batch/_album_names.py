"""What the files of an album are called, and the playlists that put them in order."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, final

from aiomusic._files.placement import values_of
from aiomusic._names import NameTemplate, safe_stem
from aiomusic._request import Request
from aiomusic.batch._outcome import Song
from aiomusic.batch._plan import Plan, PlannedRow

__all__ = ["AlbumNames", "write_playlists", "write_timed_lyrics"]

USUAL_PLAYLIST: Final = "all"


def album_of(row: PlannedRow) -> str | None:
    """Return the album that a row names."""
    found = row.metadata.get("album")
    return None if found is None else str(found)


@final
class AlbumNames:
    """
    The names of the files of a batch, and what they are tagged with.

    Args:
        plan: The rows, in whose order the tracks of each album are counted.
        name: The pattern; None: title and id.

    Raises:
        InvalidRequest: *name* is no pattern.
    """

    def __init__(self, plan: Plan, name: str | None) -> None:
        others = {
            one for row in plan.rows for one in row.metadata if one.isidentifier()
        }
        self._template = None if name is None else NameTemplate(name, frozenset(others))
        self._tracks = _tracks(plan.rows)

    def of(
        self, row: PlannedRow, song: Song, request: Request[Any] | None
    ) -> dict[str, Any]:
        """Return the options of `MusicSession.download` for one clip of a row."""
        track = self._tracks[row.key]
        found: dict[str, Any] = {"track": track, "request": request}
        found["album"] = album_of(row)
        if self._template is not None:
            values = {
                **row.metadata,
                **values_of(song.clip),
                "take": song.take + 1,
                "track": track,
                "key": row.key,
                "operation": row.row.operation,
            }
            found["name"] = self._template.fill(values)
        return found


def _tracks(rows: Iterable[PlannedRow]) -> dict[str, int]:
    """Count the rows of each album as they stand in the file."""
    ordered = sorted(rows, key=lambda row: row.row.number or 0)
    last: dict[str | None, int] = {}
    tracks: dict[str, int] = {}
    for row in ordered:
        album = album_of(row)
        tracks[row.key] = last[album] = last.get(album, 0) + 1
    return tracks


def write_playlists(
    folder: Path, line: Callable[[str], Mapping[str, Any]], plan: Plan
) -> None:
    """
    Write an ``.m3u8`` for each album: its files in the order of the rows.

    Takes that were dropped are left out, and so are files that are not there.

    Args:
        folder: Where they go, beside the files.
        line: Reads the manifest's line of a key.
        plan: The rows.
    """
    albums: dict[str, list[PlannedRow]] = {}
    for row in sorted(plan.rows, key=lambda row: row.row.number or 0):
        name = safe_stem(album_of(row) or USUAL_PLAYLIST) or USUAL_PLAYLIST
        albums.setdefault(name, []).append(row)
    for name, rows in albums.items():
        part = folder / f"{name}.m3u8.part"
        with part.open("wb") as file:
            file.write(b"#EXTM3U\n")
            empty = file.tell()
            for row in rows:
                for entry in _entries(line(row.key)):
                    file.write(f"{entry}\n".encode(errors="replace"))
            has_entries = file.tell() > empty
        if has_entries:
            part.replace(folder / f"{name}.m3u8")
        else:
            part.unlink()


def write_timed_lyrics(
    folder: Path, line: Callable[[str], Mapping[str, Any]], plan: Plan
) -> None:
    """
    Write an ``.lrc`` beside each song whose words a row of ``aligned_lyrics`` timed.

    One that is there may be corrected by hand, and stays.

    Args:
        folder: Where the songs are.
        line: Reads the manifest's line of a key.
        plan: The rows.
    """
    for row in plan.rows:
        made: Mapping[str, Any] = line(row.key).get("result") or {}
        found: Mapping[str, Any] = made.get("AlignedLyrics") or {}
        for song in {one.key for one in row.references if found}:
            for clip in line(song).get("clips", ()):
                if clip["file"] is None or clip["clip_id"] != found["clip_id"]:
                    continue
                path = (folder / clip["file"]).with_suffix(".lrc")
                if found["lrc"] and not os.path.lexists(path):
                    part = path.with_name(f"{path.name}.part")
                    part.write_bytes(found["lrc"].encode(errors="replace"))
                    part.replace(path)


def _entries(line: Mapping[str, Any]) -> Iterable[str]:
    for clip in line.get("clips", ()):
        if clip["file"] is None or clip["kept"] is False:
            continue
        length = clip["duration"]
        title = " ".join(str(clip["title"] or clip["file"]).split())
        yield f"#EXTINF:{-1 if length is None else round(length)},{title}"
        yield clip["file"]
