"""Replies to creates and polls, and webhooks, in the dialect of their provider."""

from collections.abc import Sequence
from typing import Any

from aiomusic.emulator._refusals import Reply
from aiomusic.emulator._songs import Song
from aiomusic.emulator._tasks import LateResult, Progress, Stage, Task
from aiomusic.emulator.dialects import dialect_of

__all__ = [
    "accepted",
    "other_state_reply",
    "poll_reply",
    "streaming_body",
    "webhook_body",
]


def accepted(task: Task) -> dict[str, object]:
    """Return the reply to a create (API: success envelope of a create)."""
    return {"message": "success", "task_id": task.task_id}


def poll_reply(
    task: Task,
    progress: Progress,
    songs: Sequence[Song],
    late: LateResult | None = None,
) -> Reply:
    """
    Return the reply to a poll of a task that has not failed.

    Args:
        late: The part of the result that is still missing.
    """
    dialect = dialect_of(task.request)
    return dialect.poll(task, progress, _reported(task, songs, late))


def other_state_reply(
    task: Task,
    progress: Progress,
    songs: Sequence[Song],
    late: LateResult | None,
    state: str,
) -> Reply:
    """Return the reply to a poll that shows a task in another *state* than its own."""
    dialect = dialect_of(task.request)
    # Before it is listed, it has no state to replace.
    progress = max(progress, Progress(Stage.PENDING), key=lambda one: one.stage)
    shown = dialect.shown(task, progress, _reported(task, songs, late))
    return 200, dialect.with_state(shown, state)


def _reported(
    task: Task, songs: Sequence[Song], late: LateResult | None
) -> Sequence[Song]:
    if late is None:
        return songs
    return dialect_of(task.request).held_back(task, late, songs)


def streaming_body(
    task: Task, progress: Progress, songs: Sequence[Song]
) -> dict[str, Any]:
    """
    Return the webhook of a task of which a clip can be heard.

    API: webhooks; it is known of clients and of a sister service alone.
    """
    dialect = dialect_of(task.request)
    body = dialect.webhook(task, dialect.shown(task, progress, songs))
    about = {"task_id": task.task_id, "platform": task.provider}
    return {**body, "message": "streaming", **about, "event": "song.streaming"}


def webhook_body(
    task: Task, progress: Progress, songs: Sequence[Song]
) -> dict[str, Any]:
    """Return the webhook of a task that is over (API: webhooks)."""
    about = {"task_id": task.task_id, "platform": task.provider}
    failure = task.failure
    if failure is not None and not failure.is_partial:
        return {
            "type": "failed",
            "message": failure.message,
            "refund_processed": task.is_refunded,
            **about,
            "event": "song.failed",
        }
    dialect = dialect_of(task.request)
    shown = dialect.shown(task, progress, _reported(task, songs, task.late))
    body = dialect.webhook(task, shown)
    return {**body, **about, "event": "song.completed"}
