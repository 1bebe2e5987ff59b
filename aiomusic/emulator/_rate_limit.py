"""The rate limit of creates, and its Retry-After headers."""

import email.utils
import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, final

import attrs

from aiomusic._clock import Clock

__all__ = ["RateLimit", "RetryAfter", "RetryForm", "retry_headers"]

RetryAfter = float | str | timedelta | None
"""Seconds, any text, a date that long from now, or no header."""

RetryForm = Literal["date", "none", "past", "seconds", "zero"]
"""How a refusal tells when to retry."""

_AN_HOUR = timedelta(hours=1)


def retry_headers(when: RetryAfter, wall: float) -> Mapping[str, str]:
    """
    Return the headers of an answer that tells when to retry.

    Args:
        wall: Now, in seconds since 1970; dates are relative to it.
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
    Allows creates at a steady rate.

    Args:
        per_s: Creates per second; None: no limit.
        form: How the refusal of a create tells when to retry.
    """

    clock: Clock
    per_s: float | None = None
    form: RetryForm = "seconds"
    _free_at: float = attrs.field(default=float("-inf"), init=False)

    def refuses(self) -> Mapping[str, str] | None:
        """Return None if a create is allowed now, else the headers of its refusal."""
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
