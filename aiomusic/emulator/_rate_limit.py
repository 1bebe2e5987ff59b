"""How many creates a second are let through, and when to come back."""

import email.utils
import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, final

import attrs

from aiomusic._clock import Clock

__all__ = ["RateLimit", "RetryAfter", "RetryForm", "retry_headers"]

RetryAfter = float | str | timedelta | None
"""Seconds; text as it is; from now on, as a date; no header."""

RetryForm = Literal["date", "none", "past", "seconds", "zero"]
"""How a rate limit says when to come back."""

_AN_HOUR = timedelta(hours=1)


def retry_headers(when: RetryAfter, wall: float) -> Mapping[str, str]:
    """
    Write the headers of an answer that says when to come back.

    Args:
        wall: Now, in seconds since 1970; a date is read against it.
    """
    if when is None:
        return {}
    if not isinstance(when, timedelta):
        return {"Retry-After": f"{when}"}
    date = math.ceil(wall + when.total_seconds())
    return {"Retry-After": _http_date(date), "Date": _http_date(wall)}


def _http_date(seconds: float) -> str:
    return email.utils.formatdate(seconds, usegmt=True)


@final
@attrs.define(eq=False, kw_only=True)
class RateLimit:
    """
    Lets one create through, then none until its share of a second is over.

    Args:
        per_s: How many in a second; None: all.
        form: How a create that comes too early is told when to come back.
    """

    clock: Clock
    per_s: float | None = None
    form: RetryForm = "seconds"
    _free_at: float = attrs.field(default=float("-inf"), init=False)

    def refuses(self) -> Mapping[str, str] | None:
        """Let a create through, or return the headers of its refusal."""
        if self.per_s is None:
            return None
        now = self.clock.now()
        if now < self._free_at:
            return retry_headers(self._when(self._free_at - now), self.clock.wall())
        self._free_at = now + 1 / self.per_s
        return None

    def _when(self, wait_s: float) -> RetryAfter:
        match self.form:
            case "seconds":
                return math.ceil(wait_s)
            case "zero":
                return 0
            case "date":
                return timedelta(seconds=wait_s)
            case "past":
                return -_AN_HOUR
            case "none":
                return None
