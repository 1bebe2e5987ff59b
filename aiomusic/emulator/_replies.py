"""The bodies of replies, key for key as the API documents them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, final

import attrs

from aiomusic.emulator._refusals import NOT_READY
from aiomusic.emulator._songs import Song
from aiomusic.emulator._tasks import Late, Look, Stage, Task, clip_look
from aiomusic.providers import nuro, suno

__all__ = ["accepted", "task_body", "webhook_body", "with_state"]


def accepted(task: Task) -> dict[str, object]:
    """Answer a create (API: success envelope of a create)."""
    return {"message": "success", "task_id": task.task_id}


def task_body(
    task: Task, look: Look, songs: Sequence[Song], late: Late | None = None
) -> tuple[int, dict[str, Any]]:
    """
    Answer a look at a task that is not refused: the status and the body.

    Args:
        late: What is missing, as it comes later.
    """
    if late is not None:
        songs = _without_late(task, late, songs)
    if task.provider == "nuro":
        return 200, _nuro(task, look, songs[0])
    if look.stage is Stage.NOT_READY and task.provider == "suno":
        return 202, NOT_READY
    listed = songs[: _listed(task, look)]
    data = [_clip(task, look, song, clip) for clip, song in enumerate(listed)]
    return 200, {"code": 200, "data": data, "message": "success"}


def _without_late(task: Task, late: Late, songs: Sequence[Song]) -> Sequence[Song]:
    first = 0 if late.clips is None else max(0, task.clips - late.clips)
    if late.is_clip and task.provider != "nuro":
        return songs[:first]
    # Nuro has no list that its one clip could be missing from.
    held_back = [attrs.evolve(song, audio_url="") for song in songs[first:]]
    return [*songs[:first], *held_back]


def _listed(task: Task, look: Look) -> int:
    """Say how many clips are in the list (API: riffusion's grows)."""
    if task.provider == "suno" or look.stage >= Stage.RUNNING:
        return task.clips
    return 1 if look.stage is Stage.PENDING else 0


@final
@attrs.frozen
class _Shown:
    """What a look finds of one clip."""

    state: str
    audio_url: str = ""
    image_url: str = ""
    duration: float = 0
    error: str | None = None


def _shown(task: Task, look: Look, song: Song, clip: int) -> _Shown:
    state, is_playable = clip_look(look, clip, task.clips)
    if task.doom is not None and task.is_failed(clip):
        if look.stage is Stage.OVER:
            return _Shown("failed", error=task.doom.message)
        is_playable = False
    if state == "pending":
        return _Shown(state)
    if not (is_playable and song.is_ready):
        return _Shown("running")
    length = song.duration_s if state == "succeeded" else 0
    return _Shown(state, song.audio_url, song.image_url, length)


def _clip(task: Task, look: Look, song: Song, clip: int) -> dict[str, Any]:
    shown = _shown(task, look, song, clip)
    body: dict[str, Any] = {
        "clip_id": song.clip_id,
        "state": shown.state,
        "title": song.title,
        "tags": song.style,
        "lyrics": song.lyrics,
        "image_url": shown.image_url,
        "audio_url": shown.audio_url,
        "video_url": None,
        "created_at": _moment(task.made_at),
        "mv": getattr(task.request, "model", suno.DEFAULT_MODEL),
        "gpt_description_prompt": getattr(task.request, "description", None),
        "duration": shown.duration,
    }
    if task.provider == "riffusion":
        # API: get music (riffusion) has neither tags nor the prompt.
        del body["tags"], body["gpt_description_prompt"]
        body["timestamp"] = dict(song.timing) if shown.duration else {}
    if shown.error is not None:
        body["error_message"] = shown.error
    return body


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"


def _nuro(task: Task, look: Look, song: Song) -> dict[str, Any]:
    shown = _shown(task, look, song, 0)
    is_done = shown.state == "succeeded"
    body: dict[str, Any] = {
        "task_id": task.task_id,
        "status": shown.state,
        "progress": 100 if is_done else min(99, int(look.share * 100)),
        "audio_url": shown.audio_url if is_done else "",
        "lyrics": song.lyrics if is_done else "",
        "duration": shown.duration,
        **dict.fromkeys(("genre", "mood", "gender", "timbre"), ""),
    }
    match task.request:
        case nuro.CreateVocal() as sung if is_done:
            # API: the service guesses what is left out.
            body["genre"] = sung.genre or "Pop"
            body["mood"] = sung.mood or "Happy"
            body["gender"] = sung.gender or "Female"
            body["timbre"] = sung.timbre or "Warm"
        case nuro.CreateInstrumental() as played:
            for name in ("genre", "mood", "theme", "instrument"):
                body[name] = ", ".join(getattr(played, name)) if is_done else ""
            body["prompt"] = played.description if is_done else ""
    return body


def with_state(body: dict[str, Any], state: str) -> dict[str, Any]:
    """Put another word where the state stands."""
    if "status" in body:
        return {**body, "status": state}
    return {**body, "data": [{**clip, "state": state} for clip in body["data"]]}


def webhook_body(task: Task, look: Look, songs: Sequence[Song]) -> dict[str, Any]:
    """
    Tell a webhook of a task that is over.

    API: webhooks; a suno clip has its duration as text there, and the keys of the
    second snapshot.
    """
    about = {"task_id": task.task_id, "platform": task.provider}
    doom = task.doom
    if doom is not None and not doom.is_partial:
        failure = {"type": "failed", "message": doom.message}
        refund = {"refund_processed": task.is_refunded}
        return {**failure, **refund, **about, "event": "song.failed"}
    _, body = task_body(task, look, songs, task.late)
    for clip in body.get("data", ()):
        clip["duration"] = str(clip["duration"])
        for key in ("negative_tags", "style_weight"):
            clip[key] = getattr(task.request, key, None)
        clip["weirdness_constraint"] = getattr(task.request, "weirdness", None)
    if task.provider == "nuro":
        body = {"prompt": "", "theme": "", "instrument": "", **body}
    return {**body, **about, "event": "song.completed"}
