"""What the log is told; a log that fails changes nothing."""

import contextlib
import logging

from aiomusic._redact import Shown

__all__ = ["log"]

_log = logging.getLogger("aiomusic")
# Who wants to hear of it sets up logging; nobody else is told twice.
_log.addHandler(logging.NullHandler())


def log(level: int, message: str, *values: object) -> None:
    """
    Log a line, without secrets and on one line.

    A handler that raises must not cost a job that is paid for.
    """
    if not _log.isEnabledFor(level):
        return
    with contextlib.suppress(Exception):
        _log.log(level, message, *map(_safe, values))


def _safe(value: object) -> object:
    return value if isinstance(value, (int, float)) else Shown(value)
