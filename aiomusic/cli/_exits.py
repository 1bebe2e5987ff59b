"""How the command ends: one table from what went wrong to an exit code."""

import enum
from collections.abc import Iterable
from typing import Final, final

from aiomusic._spelling import short_links
from aiomusic.errors import (
    ApiError,
    AuthenticationFailed,
    BudgetExceeded,
    Charged,
    DownloadError,
    InvalidRequest,
    JobDetached,
    JobTimedOut,
    JournalError,
    MusicError,
    NotSent,
    OutOfCredits,
    ProtocolError,
    QueueFull,
    RateLimited,
    ServiceFailed,
    SubmissionUnknown,
    SubscriptionInactive,
    TaskNotFound,
)

__all__ = [
    "MEANINGS",
    "Exit",
    "OutputError",
    "UsageError",
    "counted",
    "exit_for",
    "printable",
    "sentence",
    "unsent",
    "worst",
]


class UsageError(Exception):
    """The command can't be run as it was typed."""


class OutputError(Exception):
    """Standard output can't be written, as on a full disk."""

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"Standard output can't be written: {error.strerror}. What was bought is"
            " kept in the journal: run the same line again, or see 'aiomusic jobs'."
        )


@final
class Exit(enum.IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    AUTHENTICATION = 3
    MONEY = 4
    NOT_REACHED = 5
    UNKNOWN = 6
    FILES = 7
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Final = {
    Exit.DONE: "done",
    Exit.FAILED: "the content was refused, the task failed, or doctor found a fault",
    Exit.USAGE: "the command line or the request is wrong; nothing was sent",
    Exit.AUTHENTICATION: "the API key is missing or not accepted",
    Exit.MONEY: "no credits, no subscription, or over --max-credits",
    Exit.NOT_REACHED: "the service was not reached, or was too busy",
    Exit.UNKNOWN: "the outcome is unknown; it may be charged: don't just repeat it",
    Exit.FILES: "a file could not be written or fetched",
    Exit.INTERRUPTED: "interrupted by Ctrl-C (143: by SIGTERM)",
}

# The first that fits counts.
_CODES: Final[tuple[tuple[type[Exception], Exit], ...]] = (
    (UsageError, Exit.USAGE),
    (InvalidRequest, Exit.USAGE),
    (AuthenticationFailed, Exit.AUTHENTICATION),
    (OutOfCredits, Exit.MONEY),
    (SubscriptionInactive, Exit.MONEY),
    (BudgetExceeded, Exit.MONEY),
    (SubmissionUnknown, Exit.UNKNOWN),
    (DownloadError, Exit.FILES),
    (JournalError, Exit.FILES),
    (NotSent, Exit.NOT_REACHED),
    (ProtocolError, Exit.NOT_REACHED),
    (QueueFull, Exit.NOT_REACHED),
    (RateLimited, Exit.NOT_REACHED),
    (ServiceFailed, Exit.NOT_REACHED),
    (TaskNotFound, Exit.NOT_REACHED),
)

# What matters most first: several jobs end with one code.
_WORST_FIRST: Final = (
    Exit.UNKNOWN,
    Exit.FILES,
    Exit.FAILED,
    Exit.MONEY,
    Exit.AUTHENTICATION,
    Exit.NOT_REACHED,
    Exit.USAGE,
)

_MONEY: Final = {
    Charged.NO: "Nothing was charged.",
    Charged.YES: "It was charged.",
    Charged.REFUNDED: "Its credits were given back.",
    Charged.UNKNOWN: "It may have been charged.",
}
_MONEY_WORDS: Final = ("charged", "paid", "refunded", "nothing was sent")


def exit_for(error: Exception) -> Exit:
    """Return the code that an error ends the command with."""
    if isinstance(error, (JobDetached, JobTimedOut)):
        # Paid for, and perhaps still being made: a mere repeat would buy it twice.
        is_unpaid = error.charged is Charged.NO
        return Exit.NOT_REACHED if is_unpaid else Exit.UNKNOWN
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    is_elsewhere = type(error) is ApiError
    return Exit.NOT_REACHED if is_elsewhere else Exit.FAILED


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the code that counts most; DONE if there is no other."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), Exit.DONE)


def sentence(error: Exception) -> str:
    """Return an error on one line, its task and its money included."""
    text = printable(str(error.args[0]))
    if not isinstance(error, MusicError):
        return text
    if not any(word in text.lower() for word in _MONEY_WORDS):
        text = f"{text} {_MONEY[error.charged]}"
    is_named = error.task_id is None or error.task_id in text
    return text if is_named else f"{text} [task {error.task_id}]"


def unsent(error: Exception) -> str:
    """Return what is wrong with a request that never left."""
    text = str(error)
    return text if "Nothing was sent" in text else f"{text} Nothing was sent."


def counted(number: int, noun: str) -> str:
    """Return a number of things, as in "1 row" and "2,000 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """Return text of the service as one line that can't move the cursor."""
    text = short_links(text)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
