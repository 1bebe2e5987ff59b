"""Retry-After, as services write it; the only place that reads it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["retry_after_s"]

# No date is longer, and the header is a stranger's.
MAX_CHARS = 64
_SECONDS = re.compile(r"[0-9]{1,18}(\.[0-9]*)?|\.[0-9]+", re.ASCII).fullmatch


def retry_after_s(
    headers: Mapping[str, str], wall: float, *, floor_s: float = 0.0
) -> float | None:
    """
    Return the seconds for which a reply asks to be left alone.

    A date is read against the reply's own ``Date``, so that a clock that differs
    from the service's does not count.

    Args:
        headers: Of the reply; names are looked up in lower case.
        wall: When it came, in seconds since 1970, for a reply without ``Date``.
        floor_s: What 0, or a date in the past, is taken for.

    Returns:
        The seconds; None if it does not ask, or what it says can't be read.
    """
    value = headers.get("retry-after", "").strip()
    if not value or len(value) > MAX_CHARS:
        return None
    if _SECONDS(value):
        return max(floor_s, float(value))
    until = _moment(value)
    if until is None:
        return None
    sent = _moment(headers.get("date", "").strip()[:MAX_CHARS])
    return max(floor_s, until - (wall if sent is None else sent))


def _moment(text: str) -> float | None:
    """Read a date of HTTP, or an ISO one; without a zone it is UTC."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (OverflowError, TypeError, ValueError):
            continue
    return None
