"""What became of a row, and how an album's manifest says it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, final

import attrs

from aiomusic import _codec
from aiomusic._job import MusicJob
from aiomusic._request import Request
from aiomusic.batch._plan import PlannedRow, Results
from aiomusic.batch._rows import BadRow, Reference
from aiomusic.errors import Charged, MusicError
from aiomusic.results import Clip, Upload

__all__ = ["Origin", "Outcome", "Song", "origins"]


@final
@attrs.frozen(kw_only=True)
class Song:
    """
    One clip of a row, and its file.

    Attributes:
        take: Which of the row's clips, from 0.
        path: The file; None where it could not be stored.
        others: Its files in the other formats that were asked for.
        bytes, sha256: Of the file.
        lrc: The file beside it that says when each line is sung.
        is_signed: Whether it carries Content Credentials, its own or yours.
        is_kept: What was chosen in the gallery; None: nothing yet.
    """

    clip: Clip
    take: int
    path: Path | None = None
    others: tuple[Path, ...] = ()
    bytes: int | None = None
    sha256: str | None = None
    lrc: Path | None = None
    is_signed: bool | None = None
    is_kept: bool | None = None


@final
@attrs.frozen
class Origin:
    """
    A clip that a row was made from.

    Attributes:
        key: The row that made it; None: it is not of this batch.
        relation: The operation, as in ``"extend"``.
    """

    clip_id: str
    relation: str
    key: str | None = None
    take: int | None = None


@final
@attrs.frozen(kw_only=True)
class Outcome:
    """
    What became of one row.

    Attributes:
        key: The row's key; None where it can't be told.
        number: Which row of its file it is, from 1; None: it comes from no file.
        state: A job's state, ``"refused"`` where the row itself is wrong, or
            ``"waiting"`` where what it needs was not there in this run.
        row: What was planned; None for a row that is wrong.
        job: None where nothing was bought.
        request: What was sent, or would have been; None if that can't be told.
        result: What the job made, where that is no clips.
        songs: Its clips with their files.
        origins: The clips that it was made from.
        charged: What is known of the money.
        error: Why not all of it is there; None: all is well.
        is_left: Whether the batch was stopped before its turn came.
        made_at: When the job was made.
        elapsed_s: How long it took.
    """

    key: str | None
    number: int | None
    state: str
    row: PlannedRow | None = None
    job: MusicJob[Any] | None = None
    request: Request[Any] | None = None
    result: object = None
    songs: tuple[Song, ...] = ()
    origins: tuple[Origin, ...] = ()
    charged: Charged = Charged.NO
    error: MusicError | None = None
    is_left: bool = False
    made_at: datetime | None = None
    elapsed_s: float | None = None

    @property
    def is_done(self) -> bool:
        """Whether all that the row asks for is there."""
        return self.error is None

    @property
    def files(self) -> list[Path]:
        """The files that are stored."""
        return [
            path
            for song in self.songs
            for path in (song.path, *song.others)
            if path is not None
        ]

    @classmethod
    def of_bad(cls, row: BadRow) -> "Outcome":
        """Return the outcome of a row that is wrong."""
        return cls(key=row.key, number=row.number, state="refused", error=row.error)

    @classmethod
    def waiting(
        cls, row: PlannedRow, error: MusicError, *, is_left: bool = False
    ) -> "Outcome":
        """Return the outcome of a row that was not bought."""
        return cls(
            key=row.key,
            number=row.row.number,
            state="waiting",
            row=row,
            error=error,
            is_left=is_left,
        )

    def to_json(self, folder: Path) -> dict[str, Any]:
        """
        Return its line of the manifest.

        Args:
            folder: Where the manifest is: files are named from there.
        """
        row, job, request = self.row, self.job, self.request
        return {
            "key": self.key,
            "row": self.number,
            "provider": None if row is None else row.row.provider,
            "operation": None if row is None else row.row.operation,
            "request": None if request is None else _codec.request_to_json(request),
            "metadata": {} if row is None else dict(row.metadata),
            "state": self.state,
            "charged": str(self.charged),
            "cost": None if row is None else row.cost,
            "task_id": None if job is None else job.task_id,
            "model": None if request is None else _model(request),
            "made_at": None if self.made_at is None else self.made_at.isoformat(),
            "elapsed_s": None if self.elapsed_s is None else round(self.elapsed_s, 2),
            "from": [_origin_to_json(one) for one in self.origins],
            "clips": [_song_to_json(song, folder) for song in self.songs],
            "result": _codec.result_to_json(self.result),
            "error": None if self.error is None else _error_to_json(self.error),
        }


def _model(request: Request[Any]) -> str | None:
    found = getattr(request, "model", None) or getattr(request, "version", None)
    return None if found is None else str(found)


def _song_to_json(song: Song, folder: Path) -> dict[str, Any]:
    clip = song.clip
    made_at = clip.created_at
    return {
        "clip_id": clip.clip_id,
        "take": song.take + 1,
        "title": clip.title,
        "tags": clip.tags,
        "lyrics": clip.lyrics,
        "model": clip.model,
        "duration": clip.duration,
        "created_at": None if made_at is None else made_at.isoformat(),
        "file": None if song.path is None else _relative(song.path, folder),
        "other_files": [_relative(path, folder) for path in song.others],
        "bytes": song.bytes,
        "sha256": song.sha256,
        "credentials": song.is_signed,
        "cover": None,
        "lrc": None if song.lrc is None else _relative(song.lrc, folder),
        "words": None,
        "kept": song.is_kept,
    }


def _origin_to_json(origin: Origin) -> dict[str, Any]:
    return {
        "key": origin.key,
        "take": None if origin.take is None else origin.take + 1,
        "clip_id": origin.clip_id,
        "relation": origin.relation,
    }


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _error_to_json(error: MusicError) -> dict[str, object]:
    known = _codec.error_to_json(error)
    names = ("type", "message", "charged", "retry", "next_steps")
    return {name: known[name] for name in names if name in known}


def origins(
    row: PlannedRow, results: Results, made: Mapping[str, object]
) -> tuple[Origin, ...]:
    """
    Return the clips that a row is made from.

    Args:
        results: What each of its references stands for.
        made: All that the rows made which it refers to.
    """
    found: list[Origin] = []
    relation = row.row.operation
    for name, value in row.arguments.items():
        if isinstance(value, Reference):
            one = results.get(value)
            if isinstance(one, (Clip, Upload)):
                take = _take_of(one, made[value.key])
                found.append(Origin(one.clip_id, relation, value.key, take))
        elif name == "clip" and isinstance(value, str):
            found.append(Origin(value, relation))
    return tuple(found)


def _take_of(clip: object, made: object) -> int | None:
    takes = made if isinstance(made, tuple) else ()
    return next((at for at, one in enumerate(takes) if one is clip), None)
