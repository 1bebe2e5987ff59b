"""What a journal that is kept does with the end of a job, whatever its database."""

from typing import Any

from aiomusic.journal import Ending
from aiomusic.journal.policy import Change, Row
from aiomusic.journal.rows import dump, integer

__all__ = ["change_of", "facts_of", "no_such_job", "not_accepted", "unheeded"]


def change_of(ending: Ending, by: str) -> Change:
    """Return the event that ends a job, as it happens to a session."""
    return Change(
        event=ending.event,
        now=ending.now,
        by=by,
        task_id=ending.task_id,
        charged=ending.charged,
    )


def facts_of(ending: Ending) -> dict[str, Any]:
    """Return the columns that are kept beside the money."""
    return {
        "error": None if ending.error is None else dump(ending.error),
        "result": None if ending.result is None else dump(ending.result),
        "clips": dump(list(ending.clips)) if ending.clips else "[]",
        "clip_count": len(ending.clips),
        "balance_after": integer(ending.balance),
    }


def unheeded(journal: object, key: str, row: Row | None, change: Change) -> str:
    """Return the message that an event did not move a job."""
    found = "has no such purchase" if row is None else f"has it as {row.stage}"
    return f"'{change.event}' did not move job {key}: the journal {journal} {found}."


def not_accepted(journal: object, key: str, task_id: str, row: Row | None) -> str:
    """Return the message that a task was not written down."""
    found = "another task" if row is not None else "no such purchase"
    return (
        f"Task {task_id} of job {key} was not written down: the journal {journal} has"
        f" {found} there. The task is paid for and followed."
    )


def no_such_job(journal: object, key: str) -> str:
    """Return the message that a job could not be marked."""
    return f"Job {key} can't be marked: the journal {journal} has no such purchase."
