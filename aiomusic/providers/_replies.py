"""The shapes of replies that several providers share, as the wire has them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NewType, Protocol, final
from urllib.parse import quote

import attrs

from aiomusic.results import Clip, ClipState, TaskSnapshot, Upload

__all__ = [
    "ClipList",
    "Name",
    "Provider",
    "TaskReply",
    "UploadReply",
    "address",
    "percent",
    "seconds",
    "task_state",
    "words",
]


Name = NewType("Name", str)
"""What a later call needs, so an empty one is no answer."""


class TaskReply(Protocol):
    """The reply to a look at a task."""

    def to_snapshot(
        self, raw: Mapping[str, Any], *, provider: str, task_id: str
    ) -> TaskSnapshot:
        """Say what it shows; *raw* is the body that it was read from."""


@final
@attrs.frozen(kw_only=True)
class Provider:
    """
    One music model of the service: where its tasks are, and how long they take.

    Args:
        task_path: With ``{task_id}`` where the id goes.
        pace_s: How often the service advises to look.
        typical_s: Between how many seconds most tasks end.
        clips: How many a task makes, if nothing else is known of it.
        reply: How a look at a task reads.
    """

    name: str
    task_path: str
    pace_s: float
    typical_s: tuple[float, float]
    clips: int
    reply: type[TaskReply]

    def path_of(self, task_id: str) -> str:
        """Give where a task is looked at, whatever the service has named it."""
        # Most ids are plain, and one is looked at many times.
        name = task_id if _PLAIN(task_id) else quote(task_id, safe="")
        return self.task_path.replace("{task_id}", name)


_PLAIN = re.compile(r"[\w-]+", re.ASCII).fullmatch


def seconds(value: object) -> float | None:
    """Read a duration, which comes as a number or as text; None for neither."""
    try:
        found = float(value) if isinstance(value, (int, float, str)) else 0.0
    except (OverflowError, ValueError):
        return None
    return found if 0 < found < float("inf") else None


def percent(value: object) -> int | None:
    """Read a progress, a number or text such as ``"45%"``; None for neither."""
    try:
        found = float(str(value).removesuffix("%"))
    except ValueError:
        return None
    return int(found) if 0 <= found <= 100 else None  # noqa: PLR2004


def words(value: object) -> str | None:
    """Read a text that a song can do without; None for anything else."""
    return value if isinstance(value, str) else None


def address(value: object) -> str | None:
    """Read an address, which is empty while there is nothing to fetch."""
    return words(value) or None


def _moment(value: object) -> datetime | None:
    """Read a time with a zone; what does not read is left to ``Clip.raw``."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else None


def task_state(clips: tuple[Clip, ...]) -> ClipState:
    """Say how far a task is, from its clips: it has no state of its own."""
    states = {clip.state for clip in clips}
    if not states:
        return ClipState.PENDING
    if all(state.is_final for state in states):
        is_any = ClipState.SUCCEEDED in states
        return ClipState.SUCCEEDED if is_any else ClipState.FAILED
    if states == {ClipState.PENDING}:
        return ClipState.PENDING
    return ClipState.UNKNOWN if ClipState.UNKNOWN in states else ClipState.RUNNING


@final
@attrs.frozen(kw_only=True)
class _ClipBody:
    """One clip of a list; only its id and state must be there."""

    clip_id: Name
    state: ClipState
    title: object = None
    tags: object = None
    lyrics: object = None
    audio_url: object = None
    image_url: object = None
    video_url: object = None
    created_at: object = None
    mv: object = None
    duration: object = None
    error_message: object = None

    def to_clip(self, raw: Mapping[str, Any], provider: str, task_id: str) -> Clip:
        return Clip(
            clip_id=self.clip_id,
            provider=provider,
            task_id=task_id,
            state=self.state,
            title=words(self.title),
            tags=words(self.tags),
            lyrics=words(self.lyrics),
            audio_url=address(self.audio_url),
            image_url=address(self.image_url),
            video_url=address(self.video_url),
            duration=seconds(self.duration),
            created_at=_moment(self.created_at),
            model=words(self.mv),
            error=words(self.error_message),
            raw=raw,
        )


@final
@attrs.frozen(kw_only=True)
class ClipList:
    """``{code, data: [clip], message}``, as suno and riffusion answer a look."""

    data: tuple[_ClipBody, ...] | None
    """None, or empty, while nothing has begun."""

    def to_snapshot(
        self, raw: Mapping[str, Any], *, provider: str, task_id: str
    ) -> TaskSnapshot:
        clips = tuple(
            body.to_clip(one, provider, task_id)
            for body, one in zip(self.data or (), raw["data"] or (), strict=True)
        )
        return TaskSnapshot(state=task_state(clips), clips=clips)


@final
@attrs.frozen(kw_only=True)
class UploadReply:
    """``{code, clip_id, message}``, as an upload is answered."""

    clip_id: Name

    def to_result(self, request: Any) -> Upload:  # noqa: ANN401
        return Upload(clip_id=self.clip_id, provider=request.PROVIDER, url=request.url)
