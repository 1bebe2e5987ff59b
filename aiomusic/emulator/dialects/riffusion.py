"""Riffusion's dialect (API: get music (riffusion) and its edits)."""

from collections.abc import Mapping
from typing import Any, ClassVar, final

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
from aiomusic.emulator._schemas import clip_list
from aiomusic.emulator._songs import Song
from aiomusic.emulator._tasks import Task
from aiomusic.emulator.dialects._dialect import ClipView, Dialect
from aiomusic.providers import riffusion

__all__ = ["RiffusionDialect"]


@final
class RiffusionDialect(Dialect):
    """Riffusion: two clips, of which the first is listed before the second."""

    name = "riffusion"
    page_create: ClassVar[type[Request[Any]] | None] = riffusion.Create
    required: ClassVar[tuple[str, ...]] = ("mv", "make_instrumental")

    def needs_custom_mode(self, body: Mapping[str, Any]) -> bool:
        """All creates need it."""
        return True

    def clip(self, task: Task, song: Song, view: ClipView) -> dict[str, Any]:
        """Return one clip, with the times of its sections once it is made."""
        return {
            **super().clip(task, song, view),
            "timestamp": dict(song.timing) if view.duration else {},
        }

    def edit(self, request: Request[Any], source: Score, spec: SongSpec) -> Score:
        """Return the score of an edit."""
        match request:
            case riffusion.Extend():
                return extend(source, spec, at_s=request.at)
            case riffusion.Cover():
                return cover(source, spec)
            case riffusion.SwapSound():
                return swap_sound(source, spec)
            case riffusion.SwapVocals():
                return swap_vocals(source, spec)
            case riffusion.ReplaceSection():
                start_s, end_s = request.at, request.until
                return replace_section(source, spec, start_s=start_s, end_s=end_s)
        return super().edit(request, source, spec)

    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the schema of tasks."""
        return {self.task_schema: clip_list(timestamp={"type": "object"})}
