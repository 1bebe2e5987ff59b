"""Retry-After is read in every form that services write."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiomusic._http.retry_after import retry_after_s

WALL = 1_752_566_400.0  # 2025-07-15 08:00:00 UTC
FORMS: dict[str, float | None] = {
    "7": 7.0,
    "0": 0.0,
    " 30 ": 30.0,
    "12.5": 12.5,
    "12.": 12.0,
    ".5": 0.5,
    formatdate(WALL + 90, usegmt=True): 90.0,
    formatdate(WALL - 90, usegmt=True): 0.0,
    "Tue, 15 Jul 2025 10:01:30 +0200": 90.0,
    "Tue, 15 Jul 2025 08:01:30 -0000": 90.0,
    "Tue, 15 Jul 2025 08:01:30": 90.0,
    "Tuesday, 15-Jul-25 08:01:30 GMT": 90.0,
    "Tue Jul 15 08:01:30 2025": 90.0,
    "2025-07-15T08:01:30Z": 90.0,
    "2025-07-15T08:01:30": 90.0,
    "": None,
    "-5": None,
    "soon": None,
    "1e3": None,
    "nan": None,
    "inf": None,
    "٣": None,
    "9" * 400: None,
    "Wed, 21 Oct 99999 07:28:00 GMT": None,
    "Wed, 31 Feb 2025 07:28:00 GMT": None,
}


@pytest.mark.parametrize(("value", "expected"), FORMS.items(), ids=list(FORMS))
def test_each_form_is_read(value: str, expected: float | None) -> None:
    """Seconds, decimals and dates count; nonsense is no advice."""
    assert expected == retry_after_s({"retry-after": value}, WALL)


@pytest.mark.parametrize("skew_s", [-86_400.0, -40.0, 40.0, 86_400.0])
def test_a_skewed_clock_does_not_count(skew_s: float) -> None:
    """A date is read against the reply's own date, not against this machine's."""
    service = WALL + skew_s
    headers = {
        "date": formatdate(service, usegmt=True),
        "retry-after": formatdate(service + 20, usegmt=True),
    }

    assert 20.0 == retry_after_s(headers, WALL)


@pytest.mark.parametrize("date", ["", "yesterday", "x" * 100_000])
def test_a_date_that_is_none_leaves_the_machines_clock(date: str) -> None:
    """What can't be read is as if it were not there."""
    headers = {"date": date, "retry-after": formatdate(WALL + 20, usegmt=True)}

    assert 20.0 == retry_after_s(headers, WALL)


@pytest.mark.parametrize("value", ["0", "0.0", formatdate(WALL - 5, usegmt=True)])
def test_now_or_before_is_the_floor(value: str) -> None:
    """Whoever is asked to come at once, comes after a moment."""
    assert 0.25 == retry_after_s({"retry-after": value}, WALL, floor_s=0.25)


@given(value=st.text(max_size=90) | st.dates().map(str) | st.datetimes().map(str))
def test_whatever_stands_there_is_seconds_or_nothing(value: str) -> None:
    """No header of a stranger breaks the reading."""
    found = retry_after_s({"retry-after": value, "date": value}, WALL)

    assert found is None or 0 <= found < float("inf")
