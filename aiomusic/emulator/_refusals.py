"""
Every way in which the service says no, in its own words.

API: error handling; nuro error handling.  What both tables leave out is said so.
"""

from collections.abc import Mapping
from typing import Final, Literal, final

import attrs

from aiomusic.emulator._tasks import Doom

__all__ = [
    "NOT_READY",
    "REFUSALS",
    "RefusalKind",
    "Refused",
    "Reply",
    "envelope",
    "refusal",
]

Reply = tuple[int, Mapping[str, object]]
"""An HTTP status and a JSON body."""

RefusalKind = Literal[
    "algorithm",
    "api_error",
    "artist",
    "bad_key",
    "copyright",
    "expired_key",
    "inappropriate",
    "invalid",
    "key_format",
    "language",
    "lyrics_format",
    "moderation",
    "no_credits",
    "no_key",
    "no_subscription",
    "not_ready",
    "producer",
    "qps",
    "queue_full",
    "rate_limited",
    "retired",
    "semantic",
    "server_error",
    "task_not_found",
    "timeout",
    "usage_limit",
]
"""See `Emulator.fault`."""

NOT_READY: Final = {
    "code": 202,
    "type": "not_ready",
    "error": "Task is still processing. Please wait a few seconds and try again.",
}


def envelope(
    provider: str, status: int, message: str, *, kind: str, is_refunded: bool = False
) -> dict[str, object]:
    """
    Wrap a message as errors are.

    API: nuro's own shape is known; the general one is not on any page, so it is
    inferred from what clients read.
    """
    if provider == "nuro":
        return {"type": kind, "message": message, "refund_processed": is_refunded}
    return {"code": status, "message": message}


@final
@attrs.frozen
class Refused:
    """
    One way to say no.

    Args:
        kind: Nuro's word for it.
        nuro: What nuro says in place of status and message.
        ends_task: Whether a poll that is answered so tells that the task is over,
            with its credits given back.
    """

    status: int
    message: str
    kind: str = "forbidden"
    nuro: tuple[int, str] | None = None
    ends_task: bool = False

    def reply(
        self, provider: str, *, message: str | None = None, status: int | None = None
    ) -> Reply:
        """Say no to a call, in other words if there are any."""
        own_status, text = self.status, self.message
        if provider == "nuro" and self.nuro is not None:
            own_status, text = self.nuro
        status, text = status or own_status, message or text
        if self.kind == "not_ready":
            return status, {**NOT_READY, "error": message or NOT_READY["error"]}
        return status, envelope(provider, status, text, kind=self.kind)

    def to_doom(self, *, message: str | None = None, is_early: bool = True) -> Doom:
        """Return the failure of a task that it ends."""
        return Doom(
            message=message or self.message,
            status=self.status,
            type=self.kind,
            is_early=is_early,
        )


def _content(message: str) -> Refused:
    # Most likely said on a poll, as the upstream model refuses (inferred).
    return Refused(403, message, ends_task=True)


REFUSALS: Final[dict[str, Refused]] = {
    "invalid": Refused(
        400,
        "The 'mv' field is invalid."
        " The model should be 'chirp-v3-5','chirp-v4' or 'chirp-v4-5'.",
        "bad_request",
    ),
    "task_not_found": Refused(
        400, "task not found.", "not_found", nuro=(404, "Task not found")
    ),
    "no_key": Refused(401, "Authorization header is missing.", "unauthorized"),
    "key_format": Refused(401, "Invalid authorization format.", "unauthorized"),
    # The sentence for a wrong key is on no page but nuro's.
    "bad_key": Refused(
        401, "Invalid API key.", "unauthorized", nuro=(401, "Invalid signature")
    ),
    "expired_key": Refused(401, "Authorization expired", "unauthorized"),
    "no_credits": Refused(
        403,
        "The remaining credits are not enough."
        " You can buy more one-time credit packs or subscribe.",
    ),
    "no_subscription": Refused(
        403,
        "You do not have an active subscription."
        " Please check whether your renewal was successful.",
    ),
    "lyrics_format": _content(
        "The lyrics format is invalid. Please check and try again."
    ),
    "copyright": _content(
        "The lyrics contain copyrighted content: 'Paper Boats'."
        " Please use original lyrics."
    ),
    "inappropriate": _content(
        "The lyrics contain inappropriate content: 'a rude word'."
    ),
    "moderation": _content("The song description needs moderation review."),
    "artist": _content(
        "The song description contains artist names: 'An Artist' which is not allowed."
    ),
    "producer": _content(
        "The song description contains producer tags: 'A Producer'"
        " which is not allowed."
    ),
    "language": Refused(
        400, "Input language not supported", "bad_request", ends_task=True
    ),
    "semantic": Refused(
        500, "Semantic error, please try again", "api_error", ends_task=True
    ),
    "algorithm": Refused(500, "Algorithm error", "api_error", ends_task=True),
    "timeout": Refused(
        504,
        "Task failed due to timeout. Credits were previously refunded.",
        "timeout",
        ends_task=True,
    ),
    "usage_limit": Refused(403, "API usage limit exceeded"),
    "qps": Refused(403, "API QPS limit exceeded"),
    "queue_full": Refused(403, "Queue is full"),
    "server_error": Refused(500, "Internal Server Error.", "api_error"),
    "api_error": Refused(
        500, "API system error, please contact administrator", "api_error"
    ),
    "not_ready": Refused(202, "", "not_ready"),
    # Both are on sister services alone, and their sentences are inferred.
    "rate_limited": Refused(429, "Too Many Requests.", "rate_limited"),
    "retired": Refused(410, "This endpoint has been retired.", "endpoint_retired"),
}


def refusal(kind: RefusalKind, provider: str) -> Reply:
    """Return the answer of one kind."""
    return REFUSALS[kind].reply(provider)
