"""Nuro's dialect (API: get music (nuro); nuro error handling)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final, final

import attrs

from aiomusic._request import Request
from aiomusic.emulator._refusals import RefusalKind, Reply
from aiomusic.emulator._schemas import INTEGER, NUMBER, STATE, TEXT, record
from aiomusic.emulator._songs import Song, SongRequest
from aiomusic.emulator._tasks import LateResult, PlannedFailure, Progress, Task
from aiomusic.emulator.dialects._dialect import Dialect, view_clip
from aiomusic.providers import nuro

__all__ = ["NuroDialect"]

_FAILURE: Final = "Algorithm error"
_INSTRUMENTAL_S: Final = {"v1.0": 60.0, "v2.0": 30.0}
"""API: 60 is documented for v1.0; v2.0 has no default, 30 is its minimum."""


@final
class NuroDialect(Dialect):
    """Nuro: a task is one song without an id of its own, in WAV; own errors."""

    name = "nuro"
    page_create: ClassVar[type[Request[Any]] | None] = nuro.CreateInstrumental
    type_field = "type"
    required: ClassVar[tuple[str, ...]] = ()
    default_task_type: ClassVar[str | None] = None
    refusals: ClassVar[Mapping[RefusalKind, tuple[int, str]]] = {
        "task_not_found": (404, "Task not found"),
        "bad_key": (401, "Invalid signature"),
    }
    audio_format: ClassVar[str | None] = "wav"
    audio_prefix = "song-"
    has_clip_ids = False
    error_schema = "NuroError"

    def envelope(
        self,
        status: int,
        message: str,
        *,
        kind: str,
        is_refunded: bool = False,
    ) -> dict[str, object]:
        """Return the body of an error, which tells of the refund."""
        return {"type": kind, "message": message, "refund_processed": is_refunded}

    def failed(self, failure: PlannedFailure, *, is_refunded: bool) -> Reply:
        """
        Answer the poll of a failed task with an error.

        API: most likely so (inferred), as the reply has no place for a reason.
        """
        status, message = failure.status, failure.message
        if status is None:
            status = int(HTTPStatus.INTERNAL_SERVER_ERROR)
            message = failure.cause or _FAILURE
        body = self.envelope(
            status, message, kind=failure.type, is_refunded=is_refunded
        )
        return status, body

    def shown(
        self, task: Task, progress: Progress, songs: Sequence[Song]
    ) -> dict[str, Any]:
        """Return what a poll shows: the song itself, not a list."""
        song = songs[0]
        view = view_clip(task, progress, song, 0)
        is_done = view.state == "succeeded"
        body: dict[str, Any] = {
            "task_id": task.task_id,
            "status": view.state,
            "progress": 100 if is_done else min(99, int(progress.share * 100)),
            "audio_url": view.audio_url if is_done else "",
            "lyrics": song.lyrics if is_done else "",
            "duration": view.duration,
            **dict.fromkeys(("genre", "mood", "gender", "timbre"), ""),
        }
        match task.request:
            case nuro.CreateVocal() as vocal if is_done:
                # API: the service chooses what the request leaves out.
                body |= _chosen(vocal)
            case nuro.CreateInstrumental() as played:
                for name in ("genre", "mood", "theme", "instrument"):
                    body[name] = ", ".join(getattr(played, name)) if is_done else ""
                body["prompt"] = played.description if is_done else ""
        return body

    def held_back(
        self,
        task: Task,
        late: LateResult,
        songs: Sequence[Song],
    ) -> Sequence[Song]:
        """Hold back the link: there is no list that the clip could be missing from."""
        return [attrs.evolve(song, audio_url="") for song in songs]

    def with_state(self, body: Mapping[str, Any], state: str) -> dict[str, Any]:
        """Return the reply to a poll with another word for the state."""
        return {**body, "status": state}

    def webhook(self, task: Task, body: dict[str, Any]) -> dict[str, Any]:
        """Add the keys that a webhook always has."""
        return {"prompt": "", "theme": "", "instrument": "", **body}

    def song_request(self, request: Request[Any]) -> SongRequest:
        """Return what a request asks the composer for."""
        match request:
            case nuro.CreateVocal():
                chosen = _chosen(request)
                return SongRequest(
                    style=f"{chosen['genre']} {chosen['mood']}",
                    lyrics=request.lyrics,
                    duration_s=request.duration,
                    voice=f"{chosen['gender']} {chosen['timbre']}",
                )
            case nuro.CreateInstrumental():
                return _instrumental(request)
        return super().song_request(request)

    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the schemas of tasks and of errors."""
        return {
            self.task_schema: record(
                task_id=TEXT,
                status=STATE,
                progress=INTEGER,
                audio_url=TEXT,
                lyrics=TEXT,
                duration=NUMBER,
                genre=TEXT,
                mood=TEXT,
                gender=TEXT,
                timbre=TEXT,
            ),
            "NuroError": record(
                type=TEXT, message=TEXT, refund_processed={"type": "boolean"}
            ),
        }


def _chosen(request: nuro.CreateVocal) -> dict[str, str]:
    """Return what the request says, and what the service chooses where it does not."""
    return {
        "genre": request.genre or "Pop",
        "mood": request.mood or "Happy",
        "gender": request.gender or "Female",
        "timbre": request.timbre or "Warm",
    }


def _instrumental(request: nuro.CreateInstrumental) -> SongRequest:
    words = (request.genre, request.mood, request.instrument, request.theme)
    segments = tuple((one.name, float(one.duration)) for one in request.segments)
    length = sum(length for _, length in segments) or request.duration
    return SongRequest(
        style=" ".join(
            [request.description, *(word for kind in words for word in kind)]
        ),
        instrumental=True,
        duration_s=length or _INSTRUMENTAL_S[request.version],
        segments=segments,
    )
