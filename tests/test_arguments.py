"""Arguments of the wrong shape are told in the caller's line."""

import subprocess
import sys
from typing import Any

import pytest

from aiomusic import riffusion, suno
from aiomusic._arguments import check_iterable, check_key, check_request, pairs_of
from aiomusic._quote import quote

SONG, TUNE = suno.Create("rain"), riffusion.Create("lo-fi")
NO_REQUESTS = ["r&b", 5, None, suno.Create, {"kind": "suno.create"}, ("a", "b")]


@pytest.mark.parametrize("value", NO_REQUESTS, ids=str)
def test_what_is_no_request_is_refused(value: object) -> None:
    """The message says what is taken, and that nothing was sent."""
    with pytest.raises(TypeError, match=r"^submit\(\) takes a request.*Nothing was"):
        check_request("submit()", value)


@pytest.mark.parametrize("value", [5, b"x", ("a",), SONG], ids=str)
def test_a_key_that_is_no_text_is_refused(value: object) -> None:
    """A number is not quietly made text of: another run might spell it otherwise."""
    with pytest.raises(TypeError, match=r"^create\(\) takes key= as text"):
        check_key("create()", value)


def test_text_and_none_are_keys() -> None:
    """None lets the session make one up."""
    check_key("create()", "song-1")
    check_key("create()", None)


@pytest.mark.parametrize("value", [SONG, 5, None, "r&b", b"r&b"], ids=str)
def test_what_holds_no_requests_is_refused(value: object) -> None:
    """Text is not taken apart into characters."""
    with pytest.raises(TypeError, match=r"^run\(\) takes requests"):
        pairs_of("run()", value)
    with pytest.raises(TypeError, match=r"^wait_all\(\) takes jobs"):
        check_iterable("wait_all()", value, "jobs")


@pytest.mark.parametrize(
    "requests",
    [
        [SONG, TUNE],
        [("a", SONG), ("b", TUNE)],
        {"a": SONG, "b": TUNE},
        {"a": SONG, "b": TUNE}.items(),
        iter([SONG, ("b", TUNE)]),
    ],
    ids=["list", "pairs", "mapping", "items", "iterator"],
)
def test_whatever_run_takes_has_a_price(requests: Any) -> None:  # noqa: ANN401
    """A batch is quoted as it is run."""
    found = quote(requests)

    assert (2, 20) == (found.jobs, found.credits)


@pytest.mark.parametrize("value", [*NO_REQUESTS[:-2], (5, SONG)], ids=str)
def test_a_batch_of_something_else_has_no_price(value: Any) -> None:  # noqa: ANN401
    """One wrong entry is told, whatever stands beside it."""
    with pytest.raises(TypeError, match=r"^quote\(\) takes"):
        quote([SONG, value])


def test_the_clock_is_there_without_pytest() -> None:
    """Whoever only wants the clock needs no test runner."""
    code = (
        "import sys; sys.modules['pytest'] = None;"
        "from aiomusic.testing import LeapingClock; print(LeapingClock().now())"
    )

    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ("0.0\n", "") == (found.stdout, found.stderr)
