"""Every error has one exit code and one line."""

import pytest

import aiomusic.cli
from aiomusic import errors
from aiomusic.cli._exits import MEANINGS, Exit, UsageError, exit_for, sentence, worst
from aiomusic.errors import Charged


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (errors.InvalidRequest("x"), 2),
        (errors.AuthenticationFailed("x"), 3),
        (errors.OutOfCredits("x"), 4),
        (errors.SubscriptionInactive("x"), 4),
        (errors.BudgetExceeded("x"), 4),
        (errors.NotSent("x"), 5),
        (errors.ProtocolError("x"), 5),
        (errors.QueueFull("x"), 5),
        (errors.RateLimited("x"), 5),
        (errors.ServiceFailed("x"), 5),
        (errors.TaskNotFound("x"), 5),
        (errors.ApiError("x"), 5),
        (errors.SubmissionUnknown("x"), 6),
        (errors.JobTimedOut("x"), 6),
        (errors.JobDetached("x"), 6),
        (errors.JobDetached("x", charged=Charged.NO), 5),
        (errors.DownloadError("x"), 7),
        (errors.JournalError("x"), 7),
        (errors.ContentRefused("x"), 1),
        (errors.JobFailed("x"), 1),
        (errors.JobCancelled("x"), 1),
        (errors.JobError("x"), 1),
        (errors.MusicError("x"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_error_has_a_code(error: Exception, code: int) -> None:
    """The code says what a script can do about it."""
    assert code == exit_for(error)


def test_no_error_is_forgotten() -> None:
    """The table of the test above names every error of the library."""
    mark = test_each_error_has_a_code.pytestmark[0]  # type: ignore[attr-defined]
    tested = {type(error).__name__ for error, _ in mark.args[1]}
    names = set(errors.__all__) - {"Charged", "MusicWarning", "NextStep", "Retry"}

    assert set() == names - tested


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([Exit.DONE, Exit.MONEY], 4, id="one of two"),
        pytest.param([Exit.FAILED, Exit.UNKNOWN, Exit.FILES], 6, id="money first"),
    ],
)
def test_several_jobs_end_with_one_code(codes: list[Exit], expected: int) -> None:
    """The code that matters most wins."""
    assert expected == worst(codes)


def test_codes_are_documented_where_they_are_looked_for() -> None:
    """The package's docstring has the table that --help shows."""
    told = aiomusic.cli.__doc__
    assert told is not None
    plain = told.replace("``", "")

    assert [] == [m for c, m in MEANINGS.items() if f"\n{c:<4} {m}\n" not in plain]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(UsageError("No."), "No.", id="usage"),
        pytest.param(
            errors.OutOfCredits("No."), "No. Nothing was charged.", id="money added"
        ),
        pytest.param(
            errors.NotSent("No; nothing was charged."),
            "No; nothing was charged.",
            id="money said",
        ),
        pytest.param(
            errors.JobFailed("Failed.", charged=Charged.REFUNDED, task_id="t1"),
            "Failed. Its credits were given back. [task t1]",
            id="task",
        ),
        pytest.param(
            errors.ServiceFailed("a\x1b[2J\n b."),
            r"a\x1b[2J\n b. Nothing was charged.",
            id="no control characters",
        ),
    ],
)
def test_an_error_is_one_line_that_tells_of_the_money(
    error: Exception, expected: str
) -> None:
    """What the message leaves open is added."""
    assert expected == sentence(error)
