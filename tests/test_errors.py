"""Errors: one tree, as it is drawn, and each says what happened to the money."""

import copy
import inspect
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest

import aiomusic
from aiomusic import (
    ApiError,
    Charged,
    InvalidRequest,
    JobFailed,
    JobTimedOut,
    MusicError,
    MusicWarning,
    RateLimited,
    Retry,
    SubmissionUnknown,
    errors,
)


def subclasses(kind: type[MusicError]) -> list[type[MusicError]]:
    below = [one for one in kind.__subclasses__() if one.__module__ == errors.__name__]
    return [kind, *(deeper for one in below for deeper in subclasses(one))]


KINDS = subclasses(MusicError)
LINE = re.compile(r"(?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)( {2,}(?P<when>\S.*))?")

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def drawn() -> dict[str, str | None]:
    """Read the tree of the module's docstring: each class, and what it is under."""
    assert errors.__doc__ is not None
    found: dict[str, str | None] = {}
    path: list[str] = []
    block = errors.__doc__.partition("::\n")[2].strip("\n").partition("\n\n")[0]
    for line in inspect.cleandoc(block).splitlines():
        row = LINE.fullmatch(line)
        assert row is not None, line
        depth = len(row["branch"]) // 4
        path[depth:] = [row["name"]]
        found[row["name"]] = path[depth - 1] if depth else None
        assert depth == 0 or row["when"], f"{row['name']} has no sentence"
    return found


def test_the_tree_that_is_drawn_is_the_tree_that_is() -> None:
    """A reader of the module's first page can trust it, class by class."""
    real = {
        kind.__name__: next(
            (base.__name__ for base in kind.__bases__ if issubclass(base, MusicError)),
            None,
        )
        for kind in KINDS
    }

    assert drawn() == real


def test_every_error_can_be_imported_from_the_package() -> None:
    """Also the enumerations, and the warning."""
    names = [kind.__name__ for kind in KINDS] + [
        "Charged",
        "Retry",
        "MusicWarning",
        "NextStep",
    ]

    assert sorted(names) == sorted(errors.__all__)
    assert set(names) <= set(aiomusic.__all__)
    assert all(getattr(errors, name) is getattr(aiomusic, name) for name in names)


MONEY = {
    "MusicError": ("no", "never"),
    "NotSent": ("no", "now"),
    "SubmissionUnknown": ("unknown", "never"),
    "ApiError": ("no", "never"),
    "AuthenticationFailed": ("no", "after an edit"),
    "InvalidRequest": ("no", "after an edit"),
    "OutOfCredits": ("no", "later"),
    "SubscriptionInactive": ("no", "later"),
    "ContentRefused": ("no", "after an edit"),
    "RateLimited": ("no", "later"),
    "QueueFull": ("no", "later"),
    "TaskNotFound": ("no", "never"),
    "ServiceFailed": ("no", "later"),
    "ProtocolError": ("no", "later"),
    "JobError": ("no", "never"),
    "JobFailed": ("unknown", "later"),
    "JobCancelled": ("no", "never"),
    "JobTimedOut": ("yes", "never"),
    "JobDetached": ("yes", "never"),
    "BudgetExceeded": ("no", "never"),
    "JournalError": ("no", "never"),
    "DownloadError": ("yes", "later"),
}


@every_kind
def test_every_kind_says_what_happened_to_the_money(kind: type[MusicError]) -> None:
    """Unless its raiser knows better, an error says what its kind always means."""
    error = kind("It went wrong.")

    assert MONEY[kind.__name__] == (error.charged, error.retry)
    assert isinstance(error.charged, Charged)
    assert isinstance(error.retry, Retry)
    assert (None, None) == (error.key, error.task_id)


@every_kind
def test_every_kind_has_a_sentence(kind: type[MusicError]) -> None:
    """Its docstring says when it happens."""
    first = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]

    assert first.endswith(".")


def _told(kind: type[MusicError]) -> MusicError:
    more: dict[str, Any] = {}
    if issubclass(kind, ApiError):
        more = {"status": 403, "text": "No.", "retry_after_s": 7.5}
    if issubclass(kind, InvalidRequest):
        more |= {"field": "title", "rule": "at most 120 are taken"}
    return kind(
        "It went wrong.",
        charged=Charged.REFUNDED,
        retry=Retry.NOW,
        key="k",
        task_id="t",
        **more,
    )


@every_kind
@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_knows_all_that_the_error_knew(
    kind: type[MusicError], again: Callable[[MusicError], MusicError]
) -> None:
    """An error can go to another process, and lose nothing on the way."""
    error = _told(kind)
    error.add_note("seen at noon")

    other = again(error)

    assert kind is type(other)
    assert vars(error) == vars(other)
    assert (error.args, str(error)) == (other.args, str(other))


@every_kind
def test_a_fresh_error_has_the_cause_and_no_traceback(kind: type[MusicError]) -> None:
    """Each waiter raises its own, which says what the stored one says."""
    cause = OSError("cable")
    error = _told(kind).with_traceback(None)
    error.__cause__ = cause
    try:
        raise error
    except MusicError as raised:
        stored = raised

    fresh = stored._fresh()

    assert stored is not fresh
    assert (kind, vars(stored), cause) == (type(fresh), vars(fresh), fresh.__cause__)
    assert fresh.__traceback__ is None


@every_kind
def test_the_text_names_the_job_and_its_task(kind: type[MusicError]) -> None:
    """In a log line, an error can be matched with what it is about."""
    assert "It went wrong. [job k, task t]" == str(_told(kind))


@pytest.mark.parametrize(
    ("about", "text"),
    [
        ({}, "No."),
        ({"key": "k"}, "No. [job k]"),
        ({"task_id": "t"}, "No. [task t]"),
        ({"key": "k", "task_id": "t"}, "No. [job k, task t]"),
    ],
    ids=["neither", "job", "task", "both"],
)
def test_the_text_names_what_is_known(about: dict[str, str], text: str) -> None:
    """What is not known is not mentioned."""
    assert text == str(MusicError("No.", **about))  # type: ignore[arg-type]


def test_what_is_learnt_later_is_added() -> None:
    """The raiser may not know the job; what it did know is kept."""
    error = SubmissionUnknown("Lost.", task_id="t")

    same = error._about(key="k", charged=Charged.YES)

    assert same is error
    assert ("k", "t", "yes") == (error.key, error.task_id, error.charged)


def test_telling_one_error_leaves_its_kind_alone() -> None:
    """Charges are known of an error, not of all errors of its kind."""
    JobFailed("x")._about(charged=Charged.REFUNDED)

    assert "unknown" == JobFailed("y").charged


def test_they_are_what_python_calls_them() -> None:
    """Code that knows nothing of this library catches them by the usual names."""
    assert issubclass(InvalidRequest, ValueError)
    assert issubclass(JobTimedOut, TimeoutError)
    assert issubclass(MusicWarning, UserWarning)
    assert not issubclass(MusicError, OSError)


def test_an_api_error_carries_what_was_answered() -> None:
    """Typed, and not only in the text."""
    error = RateLimited("x", status=429, text="slow down", retry_after_s=3.0)

    assert (429, "slow down", 3.0) == (error.status, error.text, error.retry_after_s)


def test_an_invalid_request_has_field_and_rule() -> None:
    """So a form can show the message beside its field."""
    error = InvalidRequest("x", field="title", rule="at most 120 are taken")

    assert ("title", "at most 120 are taken") == (error.field, error.rule)
    assert (None, "", None) == (error.status, error.text, error.retry_after_s)
