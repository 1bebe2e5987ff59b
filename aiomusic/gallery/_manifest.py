"""``manifest.jsonl`` as songs; a line that can't be read stops no other."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiomusic.gallery._album import Failure, Line, Origin, Song, Take, inside
from aiomusic.gallery._kept import Kept
from aiomusic.gallery._lines import MANIFEST_NAME, read_lines
from aiomusic.gallery._lyrics import plain_lines, read_lrc_file, read_words
from aiomusic.gallery._tagged import read_picture
from aiomusic.gallery._text import fields_of, line, number, split_tags, whole

__all__ = ["read_manifest"]


def read_manifest(folder: Path, kept: Kept) -> tuple[tuple[Song, ...], tuple[str, ...]]:
    """
    Read the manifest of a folder.

    Returns:
        The songs in the order of their rows, and what could not be read or found.

    Raises:
        OSError: It can't be read.
    """
    lines, unread = read_lines(folder)
    found = (_song(folder, key, row, kept) for key, row in lines.items())
    songs = sorted(found, key=_order)
    return tuple(songs), tuple(_notes(songs, unread))


def _order(song: Song) -> tuple[bool, int]:
    return (song.row is None, song.row or 0)


def _notes(songs: Sequence[Song], unread: Sequence[int]) -> Iterable[str]:
    if unread:
        lines = ", ".join(map(str, unread[:5])) + (", …" if unread[5:] else "")
        many = "lines" if len(unread) > 1 else "line"
        yield f"{MANIFEST_NAME}: {many} {lines} could not be read and was left out."
    missing = [take.missing for song in songs for take in song.takes if take.missing]
    if len(missing) == 1:
        yield f"The file {missing[0]} is not in the folder."
    elif missing:
        yield f"{len(missing)} files are not in the folder, the first is {missing[0]}."


def _song(folder: Path, key: str, row: Mapping[str, Any], kept: Kept) -> Song:
    clips = [clip for clip in _list(row.get("clips")) if isinstance(clip, dict)]
    return Song(
        key=line(key),
        row=whole(row.get("row")),
        provider=line(row.get("provider")),
        operation=line(row.get("operation")),
        request=fields_of(row.get("request")),
        metadata=fields_of(row.get("metadata")),
        state=line(row.get("state")) or "unknown",
        charged=line(row.get("charged")),
        cost=number(row.get("cost")),
        task_id=line(row.get("task_id")),
        model=line(row.get("model")),
        made_at=line(row.get("made_at")),
        elapsed_s=number(row.get("elapsed_s")),
        origins=tuple(_origins(row.get("from"))),
        takes=tuple(_takes(folder, clips, kept)),
        failure=_failure(row.get("error")),
    )


def _takes(
    folder: Path, clips: Sequence[Mapping[str, object]], kept: Kept
) -> Iterable[Take]:
    seen: set[str] = set()
    for place, clip in enumerate(clips, start=1):
        clip_id = line(clip.get("clip_id")) or f"clip {place}"
        if clip_id not in seen:
            seen.add(clip_id)
            yield _take(folder, clip, clip_id, place, kept)


def _take(
    folder: Path, clip: Mapping[str, object], clip_id: str, place: int, kept: Kept
) -> Take:
    choice, said = kept.choice(clip_id), clip.get("kept")
    file, cover = clip.get("file"), clip.get("cover")
    audio = _file(folder, file)
    picture = _file(folder, cover)
    return Take(
        clip_id=clip_id,
        number=whole(clip.get("take")) or place,
        title=line(clip.get("title")),
        tags=split_tags(clip.get("tags")),
        lyrics=_lyrics(folder, clip),
        model=line(clip.get("model")),
        duration_s=number(clip.get("duration")),
        created_at=line(clip.get("created_at")),
        file=audio,
        missing=line(file) if audio is None and file else None,
        size_bytes=whole(clip.get("bytes")),
        cover=picture,
        picture=read_picture(folder / audio) if audio and not picture else None,
        kept=said if choice is None and isinstance(said, bool) else choice,
    )


def _lyrics(folder: Path, clip: Mapping[str, object]) -> tuple[Line, ...]:
    timed = read_words(clip.get("words"), clip.get("lyrics"))
    return (
        timed
        or read_lrc_file(folder, clip.get("lrc") or _lrc_beside(clip.get("file")))
        or plain_lines(clip.get("lyrics"))
    )


def _lrc_beside(file: object) -> str | None:
    """Name what may stand beside a song: timed later than it, or by hand."""
    stem = file.rpartition(".")[0] if isinstance(file, str) else ""
    return f"{stem}.lrc" if stem else None


def _file(folder: Path, name: object) -> str | None:
    path = inside(folder, name)
    if path is None or not path.is_file():
        return None
    return path.relative_to(folder).as_posix()


def _origins(entries: object) -> Iterable[Origin]:
    for entry in _list(entries):
        if isinstance(entry, dict):
            yield Origin(
                key=line(entry.get("key")) or None,
                take=whole(entry.get("take")),
                clip_id=line(entry.get("clip_id")),
                relation=line(entry.get("relation"), 60) or "made",
            )


def _failure(entry: object) -> Failure | None:
    if not isinstance(entry, dict):
        return None
    return Failure(
        kind=line(entry.get("type"), 100),
        message=line(entry.get("message"), 2000),
        advice=_steps(entry.get("next_steps")),
        charged=line(entry.get("charged"), 20),
    )


def _steps(value: object) -> str:
    """Return what can be done about an error: a sentence, or the words of a list."""
    if isinstance(value, str):
        return line(value, 2000)
    return " · ".join(filter(None, (line(step, 60) for step in _list(value)[:20])))


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()
