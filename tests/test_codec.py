"""What is written down reads back as it was."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import json_values, requests

from aiomusic import (
    Charged,
    Clip,
    ClipState,
    ContentRefused,
    InvalidRequest,
    JobCancelled,
    JobFailed,
    Lyrics,
    MusicError,
    Persona,
    RateLimited,
    Request,
    Retry,
    SubmissionUnknown,
    Upload,
    _codec,
    lyrics,
    riffusion,
    suno,
)
from aiomusic._json import to_json

any_request = st.one_of(list(requests.values()))


def through_json(value: object) -> Any:
    return json.loads(json.dumps(value))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(any_request)
def test_a_request_reads_back_as_it_was(request: Request[Any]) -> None:
    """All of it, whatever its kind, through text."""
    written = through_json(request.to_json())

    found = Request.from_json(written)

    assert (type(request), request) == (type(found), found)
    assert _codec.fingerprint(request) == _codec.fingerprint(found)


@given(any_request, any_request)
def test_fingerprints_tell_requests_apart(
    one: Request[Any], other: Request[Any]
) -> None:
    """By what would be sent, and by nothing else."""
    is_same = (one.PATH, one.to_body()) == (other.PATH, other.to_body())

    assert is_same == (_codec.fingerprint(one) == _codec.fingerprint(other))


def test_a_fingerprint_is_the_same_for_ever() -> None:
    """A journal of last year must still know its requests."""
    found = _codec.fingerprint(lyrics.Create("rain"))

    assert FINGERPRINT == found


FINGERPRINT = "c4181cab4092d926ec5cce18d7be96a416acf03b646791888224f0a24109b6db"


def test_only_what_was_set_is_written() -> None:
    """A file of requests is short, and can be written by hand."""
    assert {"kind": "suno.create", "description": "rain"} == (
        suno.Create("rain").to_json()
    )
    assert {"kind": "suno.create", "description": "rain", "model": "chirp-v5"} == (
        suno.Create("rain", model="chirp-v5").to_json()
    )


WRONG: dict[str, tuple[object, str]] = {
    "no kind": ({}, "kind is None; it must be one of suno"),
    "unknown kind": ({"kind": "suno.sing"}, "kind is 'suno.sing'"),
    "unknown field": ({"kind": "lyrics.create", "lyrics": "x"}, "no lyrics.create"),
    "missing field": ({"kind": "lyrics.create"}, "no lyrics.create: .*description"),
    "broken rule": ({"kind": "lyrics.create", "description": ""}, "description"),
}


@pytest.mark.parametrize(("value", "match"), WRONG.values(), ids=WRONG.keys())
def test_what_is_no_request_is_a_value_error(value: Any, match: str) -> None:
    """It names the place."""
    with pytest.raises(ValueError, match=match):
        Request.from_json(value)


def test_a_difference_names_the_fields_and_both_values() -> None:
    """What is the same is not told; what is long is cut."""
    one = suno.Create("rain", model="chirp-v5").to_json()
    other = suno.Create("s" * 100, model="chirp-v5").to_json()

    found = _codec.difference(one, other)

    assert f"description was 'rain' and is '{'s' * 56}…" == found


def test_a_difference_tells_of_fields_that_one_lacks() -> None:
    """And of another kind of request."""
    one = lyrics.Create("rain").to_json()
    other = riffusion.Create("rain").to_json()

    found = _codec.difference(one, other)

    assert "kind was 'lyrics.create' and is 'riffusion.create'" in found
    assert "description was 'rain' and is None" in found
    assert "prompt was None and is 'rain'" in found


RESULTS: dict[str, object] = {
    "persona": Persona(persona_id="p", name="Ann \u2014 übung"),
    "upload": Upload(clip_id="c", provider="suno", url="https://e.org/a.mp3"),
    "lyrics": (Lyrics(title="a", text="b"), Lyrics(title="c", text="d")),
}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS.keys())
def test_a_result_reads_back_as_it_was(result: object) -> None:
    """What a create answers at once is kept whole."""
    assert result == _codec.result_from_json(
        through_json(_codec.result_to_json(result))
    )


_some = st.none() | st.text(st.characters(codec="utf-8"), max_size=9)
_clips = st.builds(
    Clip,
    clip_id=st.text(max_size=9),
    provider=st.sampled_from(["suno", "riffusion", "nuro"]),
    task_id=_some,
    state=st.sampled_from(list(ClipState)),
    title=_some,
    tags=_some,
    lyrics=_some,
    audio_url=_some,
    duration=st.none() | st.floats(0, 1e4),
    created_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    error=_some,
    raw=st.dictionaries(st.text(max_size=5), st.integers() | _some, max_size=3),
)


@given(st.lists(_clips, max_size=3).map(tuple))
def test_clips_read_back_as_they_were(clips: tuple[Clip, ...]) -> None:
    """The keys of the wire that nobody knows yet included."""
    found = _codec.clips_from_json(through_json(to_json(clips)))

    assert clips == found
    assert [clip.raw for clip in clips] == [clip.raw for clip in found]


def test_a_time_keeps_its_zone() -> None:
    """A clip made at noon in Berlin was made at eleven."""
    made = datetime.fromisoformat("2025-07-15T12:00:00.000123+01:00")
    clip = Clip(
        clip_id="c", provider="suno", state=ClipState.SUCCEEDED, created_at=made
    )

    [found] = _codec.clips_from_json(through_json(to_json((clip,))))

    assert found.created_at == made


@given(json_values)
def test_whatever_else_stands_there_is_a_value_error(value: object) -> None:
    """A damaged row is told as such, and ends no session."""
    for read in (_codec.clips_from_json, _codec.result_from_json):
        for given_value in (value, {"Persona": value}, [value], {"Lyrics": value}):
            try:
                read(given_value)
            except ValueError:
                continue


ERRORS: dict[str, MusicError] = {
    "unknown": SubmissionUnknown("lost"),
    "refunded": JobFailed("failed", charged=Charged.REFUNDED, retry=Retry.LATER),
    "refused": ContentRefused("no", status=403, text="whole words", charged=Charged.NO),
    "limited": RateLimited("slow", status=429, retry_after_s=7, retry=Retry.NOW),
    "invalid": InvalidRequest("bad", field="key", rule="one", charged=Charged.NO),
    "cancelled": JobCancelled("mine", charged=Charged.YES),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
def test_an_error_reads_back_with_what_it_says_of_the_money(error: MusicError) -> None:
    """Its type, its words, and when to repeat."""
    found = _codec.error_from_json(through_json(_codec.error_to_json(error)))

    assert (type(error), str(error), error.charged, error.retry) == (
        type(found),
        str(found),
        found.charged,
        found.retry,
    )
    assert getattr(error, "text", None) == getattr(found, "text", None)
    assert getattr(error, "status", None) == getattr(found, "status", None)


@pytest.mark.parametrize(
    "name", ["NewerError", "enum", "Charged", "MusicWarning", None]
)
def test_an_error_of_no_known_type_is_a_music_error(name: object) -> None:
    """Only the errors of this library are made by name."""
    found = _codec.error_from_json(
        {"type": name, "message": "m", "charged": "yes", "retry": "now"}
    )

    assert (MusicError, "m", "yes") == (type(found), str(found), found.charged)


def test_an_error_that_says_nothing_of_the_money_is_a_value_error() -> None:
    """It is damaged; nothing is guessed."""
    with pytest.raises(ValueError, match="'None' is not a valid Charged"):
        _codec.error_from_json({"type": "JobFailed"})
