"""
The refusals of the service, in its own words.

API: error handling; nuro error handling.  What neither page has is marked as inferred.
"""

from collections.abc import Mapping
from typing import Final, Literal, final

import attrs

from aiomusic.emulator._tasks import PlannedFailure

__all__ = [
    "NOT_READY",
    "REFUSALS",
    "Refusal",
    "RefusalKind",
    "Reply",
]

Reply = tuple[int, Mapping[str, object]]
"""An HTTP status and a JSON body."""

RefusalKind = Literal[
    "algorithm",
    "api_error",
    "artist",
    "bad_key",
    "copyright",
    "custom_mode_type",
    "description_missing",
    "description_too_long",
    "expired_key",
    "gpt_description_too_long",
    "inappropriate",
    "instrumental_type",
    "invalid",
    "key_format",
    "language",
    "lyrics_format",
    "moderation",
    "no_credits",
    "no_key",
    "no_subscription",
    "not_ready",
    "persona_description_too_long",
    "persona_fields",
    "persona_missing",
    "persona_name_too_long",
    "producer_tag",
    "prompt_too_long",
    "qps",
    "queue_full",
    "rate_limited",
    "retired",
    "semantic",
    "server_error",
    "tags_too_long",
    "task_id_missing",
    "task_not_found",
    "timeout",
    "title_too_long",
    "usage_limit",
]
"""See `Emulator.fault()`."""

NOT_READY: Final = {
    "code": 202,
    "type": "not_ready",
    "error": "Task is still processing. Please wait a few seconds and try again.",
}


@final
@attrs.frozen
class Refusal:
    """
    One refusal.

    Args:
        kind: The type of the error, for dialects that tell it.
        ends_task: Whether it ends the task when it answers a poll, and refunds its
            credits.
    """

    status: int
    message: str
    kind: str = "forbidden"
    ends_task: bool = False

    def to_failure(
        self, *, message: str | None = None, is_early: bool = True
    ) -> PlannedFailure:
        """Return the failure of a task that it ends."""
        return PlannedFailure(
            message=message or self.message,
            status=self.status,
            type=self.kind,
            is_early=is_early,
        )


def _invalid(message: str) -> Refusal:
    return Refusal(400, message, "bad_request")


def _content(message: str) -> Refusal:
    # Most likely the answer to a poll, as the model refuses later (inferred).
    return Refusal(403, message, ends_task=True)


REFUSALS: Final[dict[str, Refusal]] = {
    "invalid": _invalid(
        "The 'mv' field is invalid."
        " The model should be 'chirp-v3-5','chirp-v4' or 'chirp-v4-5'."
    ),
    "custom_mode_type": _invalid("The 'custom_mode' field should be boolean."),
    "instrumental_type": _invalid("The 'make_instrumental' field should be boolean."),
    "prompt_too_long": _invalid(
        "The prompt character length should be less than 3000."
    ),
    "gpt_description_too_long": _invalid(
        "The 'gpt_description_prompt' character length should be less than 200."
    ),
    "tags_too_long": _invalid("The tags character length should be less than 200."),
    "title_too_long": _invalid("The title character length should be less than 80."),
    "persona_missing": _invalid(
        "The 'persona_id' field is required when task_type = persona_music."
    ),
    "persona_fields": _invalid("name and continue_clip_id are required fields."),
    "persona_name_too_long": _invalid(
        "The name character length should be less than 80."
    ),
    "persona_description_too_long": _invalid(
        "The description character length should be less than 200."
    ),
    "description_missing": _invalid("description is required."),
    "description_too_long": _invalid(
        "The description character length should be less than 120."
    ),
    "task_id_missing": _invalid("missing task id."),
    "task_not_found": Refusal(400, "task not found.", "not_found"),
    "no_key": Refusal(401, "Authorization header is missing.", "unauthorized"),
    "key_format": Refusal(401, "Invalid authorization format.", "unauthorized"),
    # Inferred: only nuro's page has a sentence for a wrong key.
    "bad_key": Refusal(401, "Invalid API key.", "unauthorized"),
    "expired_key": Refusal(401, "Authorization expired", "unauthorized"),
    "no_credits": Refusal(
        403,
        "The remaining credits are not enough."
        " You can buy more one-time credit packs or subscribe.",
    ),
    "no_subscription": Refusal(
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
    "producer_tag": _content(
        "The song description contains producer tags: 'A Producer'"
        " which is not allowed."
    ),
    "language": Refusal(
        400, "Input language not supported", "bad_request", ends_task=True
    ),
    "semantic": Refusal(
        500, "Semantic error, please try again", "api_error", ends_task=True
    ),
    "algorithm": Refusal(500, "Algorithm error", "api_error", ends_task=True),
    "timeout": Refusal(
        504,
        "Task failed due to timeout. Credits were previously refunded.",
        "timeout",
        ends_task=True,
    ),
    "usage_limit": Refusal(403, "API usage limit exceeded"),
    "qps": Refusal(403, "API QPS limit exceeded"),
    "queue_full": Refusal(403, "Queue is full"),
    "server_error": Refusal(500, "Internal Server Error.", "api_error"),
    "api_error": Refusal(
        500, "API system error, please contact administrator", "api_error"
    ),
    "not_ready": Refusal(202, "", "not_ready"),
    # Both are on sister services alone, and their sentences are inferred.
    "rate_limited": Refusal(429, "Too Many Requests.", "rate_limited"),
    "retired": Refusal(410, "This endpoint has been retired.", "endpoint_retired"),
}
