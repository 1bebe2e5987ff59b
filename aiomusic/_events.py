"""What is told of jobs while they go on, to whoever listens: ``on_event=``."""

from collections.abc import MutableMapping
from typing import Literal, Protocol, TypeAlias, final

import attrs

from aiomusic._job import JobUpdate
from aiomusic._json import Portable

__all__ = ["Calling", "Event", "OnEvent", "Polled"]


@final
@attrs.frozen(kw_only=True)
class Calling:
    """
    The service is about to be called for a job.

    Attributes:
        key: The job's.
        purpose: What for; a create may be paid.
        headers: More headers to send, for the listener to add, such as a trace's.
    """

    key: str
    purpose: Literal["create", "poll"]
    headers: MutableMapping[str, str] = attrs.field(factory=dict)


@final
@attrs.frozen(kw_only=True)
class Polled(Portable):
    """
    The service was asked for a job's task.

    Attributes:
        key: The job's.
        task_id: The task's.
        status: The HTTP status of the answer; None: there was none.
        elapsed_s: Seconds since the job was made.
    """

    key: str
    task_id: str
    status: int | None
    elapsed_s: float


Event: TypeAlias = JobUpdate | Calling | Polled
"""A change of a job, a call that is about to be made for it, or a poll of its task."""


class OnEvent(Protocol):
    """
    What hears of every event of a session, at once and in order.

    It must return soon, as nothing goes on meanwhile.  What it raises is logged.
    """

    def __call__(self, event: Event, /) -> None: ...
