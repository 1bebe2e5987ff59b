"""
Producer's dialect (API: the producer pages of the second snapshot).

Its audio is M4A at the service, and of the emulator's format here: nothing that the
emulator may depend on writes M4A.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, final

import attrs

from aiomusic._request import Request
from aiomusic.composer import (
    Score,
    SongSpec,
    cover,
    extend,
    replace_section,
    swap_sound,
    swap_vocals,
)
from aiomusic.emulator._refusals import RefusalKind
from aiomusic.emulator._schemas import TEXT, TEXT_OR_NULL, clip_list
from aiomusic.emulator._songs import Song, SongRequest
from aiomusic.emulator._tasks import Progress, Stage, Task
from aiomusic.emulator.dialects._dialect import ClipView, Dialect
from aiomusic.providers import producer

__all__ = ["ProducerDialect"]

_DEFAULT_START_S = 30.0


def _strength(
    request: producer.Cover | producer.SwapSound | producer.SwapVocals,
    usual: float = 0.5,
) -> float:
    """Return how far an edit goes from its clip; the service has its own default."""
    return usual if request.strength is None else request.strength


@final
class ProducerDialect(Dialect):
    """Producer: one clip, and 202 until it is made; uploads are tasks too."""

    name = "producer"
    page_create: ClassVar[type[Request[Any]] | None] = producer.Create
    default_task_type: ClassVar[str | None] = None
    refusals: ClassVar[Mapping[RefusalKind, tuple[int, str]]] = {
        "task_not_found": (404, "task not found"),
    }
    may_be_not_ready = True

    def is_ready(self, progress: Progress) -> bool:
        """Answer with the clip only once it is made."""
        return progress.stage is Stage.OVER

    def clip(self, task: Task, song: Song, view: ClipView) -> dict[str, Any]:
        """Return one clip, with its sound and its seed."""
        seed = getattr(task.request, "seed", None)
        return {
            **super().clip(task, song, view),
            "mv": getattr(task.request, "model", producer.DEFAULT_MODEL),
            "sound": song.style or None,
            "seed": seed or str(task.number),
        }

    def format_of(self, request: Request[Any]) -> str | None:
        """Return the format that a download asks for."""
        return request.format if isinstance(request, producer.Download) else None

    def made_before(self, request: Request[Any]) -> str | None:
        """Return the clip that a download asks for."""
        if isinstance(request, producer.Download):
            return request.clip.clip_id
        return None

    def song_request(self, request: Request[Any]) -> SongRequest:
        """Return what a request asks the composer for."""
        return attrs.evolve(
            super().song_request(request),
            closeness=getattr(request, "sound_strength", None),
            lyrics_strength=getattr(request, "lyrics_strength", None),
            seed=getattr(request, "seed", None) or "",
        )

    def edit(self, request: Request[Any], source: Score, spec: SongSpec) -> Score:
        """Return the score of an edit, or of an upload."""
        match request:
            case producer.UploadAudio():
                edited = source
            case producer.Extend():
                at_s = request.at or min(_DEFAULT_START_S, source.duration_s)
                edited = extend(source, spec, at_s=at_s)
            case producer.Cover():
                edited = cover(source, spec, faithfulness=1 - _strength(request))
            case producer.Variation():
                edited = cover(source, spec)
            case producer.SwapSound():
                edited = swap_sound(source, spec, strength=_strength(request, 1.0))
            case producer.SwapVocals():
                edited = swap_vocals(source, spec, strength=_strength(request, 1.0))
            case producer.ReplaceSection():
                start_s, end_s = request.at, request.until
                edited = replace_section(source, spec, start_s=start_s, end_s=end_s)
            case _:
                edited = super().edit(request, source, spec)
        return edited

    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the schema of tasks."""
        return {
            self.task_schema: clip_list(sound=TEXT_OR_NULL, seed=TEXT),
        }
