"""
Send one create, once, and return what came of it.

It touches no job, no journal and no poller: what an outcome means for the money is
decided by the table in `aiomusic.journal.policy`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, final

import attrs

from aiomusic._http import wire
from aiomusic._http.transport import Transport
from aiomusic._request import Request
from aiomusic._sending import Sending
from aiomusic.errors import (
    UNKNOWN_STEPS,
    Charged,
    JobFailed,
    MusicError,
    NotSent,
    ProtocolError,
    QueueFull,
    RateLimited,
    ServiceFailed,
    SubmissionUnknown,
)

__all__ = [
    "MAY_BE_CHARGED",
    "Accepted",
    "Answered",
    "Outcome",
    "Refused",
    "Throttled",
    "Unknown",
    "Unsent",
    "send",
]


@final
@attrs.frozen
class Accepted:
    """The service has made a task of it."""

    task_id: str
    retry_after_s: float | None = None


@final
@attrs.frozen
class Answered:
    """The reply holds the result itself."""

    result: object


@final
@attrs.frozen
class Refused:
    """The service says no, or it was kept back here: nothing was bought."""

    error: MusicError


@final
@attrs.frozen
class Throttled:
    """The service says not now: nothing was bought, and it may be sent again."""

    error: RateLimited | QueueFull


@final
@attrs.frozen
class Unsent:
    """No byte of its body left."""

    error: NotSent


@final
@attrs.frozen
class Unknown:
    """It was sent, and nothing tells what became of it."""

    error: SubmissionUnknown


Outcome: TypeAlias = Accepted | Answered | Refused | Throttled | Unsent | Unknown


async def send(
    transport: Transport,
    request: Request[Any],
    sending: Sending,
    fields: Mapping[str, object],
    *,
    overrides: Mapping[str, object] = MappingProxyType({}),
    timeout_s: float | None = None,
    headers: Mapping[str, str] | None = None,
    hear: Callable[[wire.Reply], None] | None = None,
) -> Outcome:
    """
    Send a create, once.

    Args:
        sending: Is told when the body leaves.
        fields: What the body carries beside the request's own fields.
        overrides: What it carries in place of the request's own.
        timeout_s: How long the call may take; None: as long as others.
        headers: More of them.
        hear: Called with the reply.
    """
    own = transport.dialect.body({**request.to_body(), **overrides})
    body = wire.encode({**fields, **own})
    try:
        reply = await transport.post(
            request.path,
            body,
            sending,
            reply_s=request.REPLY_S,
            timeout_s=timeout_s,
            more=headers,
            max_bytes=request.MAX_REPLY_BYTES,
        )
        if hear is not None:
            hear(reply)
        found = wire.read_created(request, reply)
    except MusicError as error:
        return _outcome_of(error)
    if isinstance(found, wire.Accepted):
        return Accepted(found.task_id, found.retry_after_s)
    return Answered(found)


def _outcome_of(error: MusicError) -> Outcome:
    match error:
        case SubmissionUnknown():
            return Unknown(error)
        case NotSent():
            return Unsent(error)
        case RateLimited() | QueueFull():
            return Throttled(error)
        case ServiceFailed() | ProtocolError() | JobFailed():
            return Unknown(_doubtful(error))
        case _:
            return Refused(error)


def _doubtful(error: MusicError) -> SubmissionUnknown:
    """The service had it, and its answer does not tell what became of it."""
    is_refunded = error.charged is Charged.REFUNDED
    seen = str(error.args[0]).removesuffix(" Try later.")
    said = error.reply_text or ""
    if said and not isinstance(error, ProtocolError) and said not in seen:
        # What is no id to us may be one to a person.
        seen = f"{seen} All that it said: {said}"
    found = (
        SubmissionUnknown(seen, charged=Charged.REFUNDED)
        if is_refunded
        else SubmissionUnknown(f"{seen} {MAY_BE_CHARGED}", next_steps=UNKNOWN_STEPS)
    )
    found.reply, found.reply_text = error.reply, error.reply_text
    found.__cause__ = error
    return found


MAY_BE_CHARGED = "The request may have been charged, so it is not sent again."
