"""The album as the page reads it: plain JSON, and addresses that stay beside it."""

import base64
import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from aiomusic.gallery._album import Album, Line, Origin, Song, Take
from aiomusic.gallery._peaks import Waveform

__all__ = ["to_model"]


def to_model(
    album: Album, waveforms: Mapping[str, Waveform], notes: tuple[str, ...]
) -> dict[str, object]:
    """
    Return all that the page shows.

    Args:
        waveforms: By the name of the file.
        notes: What the page says of itself.
    """
    places = {song.key: place for place, song in enumerate(album.songs)}
    clips = {
        take.clip_id: (place, take.number)
        for place, song in enumerate(album.songs)
        for take in song.takes
    }
    return {
        "title": album.title,
        "notes": list(notes),
        "songs": [
            {
                **_song(song),
                "from": [_origin(one, places, clips) for one in song.origins],
                "takes": [_take(take, waveforms) for take in song.takes],
            }
            for song in album.songs
        ],
    }


def _song(song: Song) -> dict[str, object]:
    failure = song.failure
    return {
        "key": song.key,
        "row": song.row,
        "provider": song.provider,
        "operation": song.operation,
        "generated": song.is_generated,
        "title": _title(song),
        "request": list(song.request.items()),
        "metadata": list(song.metadata.items()),
        "state": song.state,
        "charged": song.charged,
        "cost": song.cost,
        "task": song.task_id,
        "model": song.model,
        "made": song.made_at,
        "elapsed": song.elapsed_s,
        "error": None
        if failure is None
        else {
            "kind": failure.kind,
            "message": failure.message,
            "next": failure.advice,
            "charged": failure.charged,
        },
    }


def _title(song: Song) -> str:
    titles = [take.title for take in song.takes if take.title]
    return titles[0] if titles else song.request.get("title", "") or song.key


def _take(take: Take, waveforms: Mapping[str, Waveform]) -> dict[str, object]:
    waveform = waveforms.get(take.file or "")
    duration_s = take.duration_s
    if waveform is not None:
        # What was decoded counts for more than what was said of it.
        duration_s = waveform.duration_s
    return {
        "id": take.clip_id,
        "number": take.number,
        "title": take.title,
        "tags": list(take.tags),
        "lyrics": _lyrics(take.lyrics),
        "model": take.model,
        "duration": None if duration_s is None else round(duration_s, 2),
        "made": take.created_at,
        "file": take.file,
        "src": None if take.file is None else quote(take.file),
        "missing": take.missing,
        "bytes": take.size_bytes,
        "cover": None if take.cover is None else quote(take.cover),
        "peaks": None if waveform is None else _base64(waveform.levels),
        "kept": take.kept,
    }


def _lyrics(lines: Sequence[Line]) -> str | None:
    """Return lyrics as JSON in a text, which the page reads when it shows them."""
    entries = [_line(line) for line in lines]
    return json.dumps(entries, ensure_ascii=False) if entries else None


def _line(line: Line) -> object:
    """Return a text; or when it is sung, the text, and when each word of it is."""
    if line.start_s is None:
        return line.text
    times = [
        f"{start:.2f}".rstrip("0").rstrip(".")
        for start, words in line.words
        for _ in words.split()
    ]
    is_whole = len(times) == len(line.text.split())
    return [round(line.start_s, 2), line.text, " ".join(times) if is_whole else ""]


def _origin(
    origin: Origin, places: Mapping[str, int], clips: Mapping[str, tuple[int, int]]
) -> dict[str, object]:
    """Name the song that an origin is, be it by its key or by its clip alone."""
    place, take = clips.get(origin.clip_id, (None, origin.take))
    if origin.key is not None and origin.key in places:
        place, take = places[origin.key], origin.take or take
    return {
        "song": place,
        "take": take,
        "clip": origin.clip_id,
        "relation": origin.relation,
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
