"""What a reply means: its value, or which error, and what that says of the money."""

import json
import re
import warnings
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import TASK_ID, example

from aiomusic import (
    ApiError,
    AuthenticationFailed,
    Clip,
    ClipState,
    ContentRefused,
    Credits,
    InvalidRequest,
    JobFailed,
    MusicError,
    OutOfCredits,
    ProtocolError,
    QueueFull,
    RateLimited,
    Request,
    ServiceFailed,
    SubscriptionInactive,
    TaskNotFound,
    TaskSnapshot,
    lyrics,
    nuro,
    riffusion,
    suno,
)
from aiomusic._wire import (
    Accepted,
    Reply,
    encode,
    read_created,
    read_credits,
    read_task,
    says_refunded,
)

WALL = 1_752_566_400.0
CREATE = suno.Create("x")
VOCAL = nuro.CreateVocal("x" * 300)
PERSONA = suno.CreatePersona("c", name="n", description="d")
WORDS = lyrics.Create("x")
UPLOAD = suno.UploadAudio("https://e.org/a.mp3")


def reply(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers=headers or {}, body=raw, wall=WALL)


def look(body: object, status: int = 200, **headers: str) -> TaskSnapshot:
    return read_task(suno.PROVIDER, TASK_ID, reply(body, status, headers))


def nuro_look(body: object, status: int = 200) -> TaskSnapshot:
    return read_task(nuro.PROVIDER, TASK_ID, reply(body, status))


def refused(
    sent: Request[Any] | str, status: int, body: object, **headers: str
) -> MusicError:
    """Give the error that a reply to a create, or to a look, is read as."""
    answer = reply(body, status, headers)
    with pytest.raises(MusicError, match=r"^[\w.]+( task)?: ") as caught:
        _read(sent, answer)
    return caught.value


def _read(sent: Request[Any] | str, answer: Reply) -> object:
    match sent:
        case Request():
            return read_created(sent, answer)
        case "suno":
            return read_task(suno.PROVIDER, TASK_ID, answer)
        case _:
            return read_task(nuro.PROVIDER, TASK_ID, answer)


# API: error handling, every row, where it applies.
GENERAL = [
    (
        CREATE,
        400,
        (
            "The 'mv' field is invalid. The model should be"
            " 'chirp-v3-5','chirp-v4' or 'chirp-v4-5'."
        ),
        InvalidRequest,
    ),
    (
        CREATE,
        400,
        "The 'persona_id' field is required when task_type = persona_music.",
        InvalidRequest,
    ),
    (CREATE, 400, "The 'make_instrumental' field should be boolean.", InvalidRequest),
    (CREATE, 400, "The 'custom_mode' field should be boolean.", InvalidRequest),
    (
        CREATE,
        400,
        "The prompt character length should be less than 3000.",
        InvalidRequest,
    ),
    (
        CREATE,
        400,
        "The 'gpt_description_prompt' character length should be less than 200.",
        InvalidRequest,
    ),
    (
        CREATE,
        400,
        "The tags character length should be less than 200.",
        InvalidRequest,
    ),
    (
        CREATE,
        400,
        "The title character length should be less than 80.",
        InvalidRequest,
    ),
    (WORDS, 400, "description is required.", InvalidRequest),
    (
        WORDS,
        400,
        "The description character length should be less than 120.",
        InvalidRequest,
    ),
    (PERSONA, 400, "name and continue_clip_id are required fields.", InvalidRequest),
    (
        PERSONA,
        400,
        "The name character length should be less than 80.",
        InvalidRequest,
    ),
    (
        PERSONA,
        400,
        "The description character length should be less than 200.",
        InvalidRequest,
    ),
    ("suno", 400, "task not found.", TaskNotFound),
    ("suno", 400, "missing task id.", InvalidRequest),
    (CREATE, 401, "Authorization header is missing.", AuthenticationFailed),
    ("suno", 401, "Authorization header is missing.", AuthenticationFailed),
    (CREATE, 401, "Invalid authorization format.", AuthenticationFailed),
    ("suno", 401, "Invalid authorization format.", AuthenticationFailed),
    (
        CREATE,
        403,
        (
            "The remaining credits are not enough. You can buy more one-time credit"
            " packs or subscribe."
        ),
        OutOfCredits,
    ),
    (
        CREATE,
        403,
        (
            "You do not have an active subscription. Please check whether your renewal"
            " was successful."
        ),
        SubscriptionInactive,
    ),
    (
        "suno",
        403,
        "The lyrics format is invalid. Please check and try again.",
        ContentRefused,
    ),
    (
        "suno",
        403,
        (
            "The lyrics contain copyrighted content: 'specificError'. Please use"
            " original lyrics."
        ),
        ContentRefused,
    ),
    (
        "suno",
        403,
        "The lyrics contain inappropriate content: 'specificError'.",
        ContentRefused,
    ),
    (CREATE, 403, "The song description needs moderation review.", ContentRefused),
    ("suno", 403, "The song description needs moderation review.", ContentRefused),
    (
        "suno",
        403,
        (
            "The song description contains artist names: 'specificError' which is not"
            " allowed."
        ),
        ContentRefused,
    ),
    (
        "suno",
        403,
        (
            "The song description contains producer tags: 'specificError' which is not"
            " allowed."
        ),
        ContentRefused,
    ),
    (CREATE, 500, "Internal Server Error.", ServiceFailed),
    ("suno", 500, "Internal Server Error.", ServiceFailed),
]

# API: nuro error handling, every row.
NURO = [
    (500, "api_error", "API system error, please contact administrator", ServiceFailed),
    (401, "unauthorized", "Invalid signature", AuthenticationFailed),
    (401, "unauthorized", "Authorization expired", AuthenticationFailed),
    (403, "forbidden", "API usage limit exceeded", RateLimited),
    (403, "forbidden", "API QPS limit exceeded", RateLimited),
    (500, "api_error", "Algorithm error", ServiceFailed),
    (400, "bad_request", "Input language not supported", InvalidRequest),
    (500, "api_error", "Semantic error, please try again", ServiceFailed),
    (403, "forbidden", "Queue is full", QueueFull),
]

MONEY = {
    InvalidRequest: ("no", "after an edit"),
    AuthenticationFailed: ("no", "after an edit"),
    OutOfCredits: ("no", "later"),
    SubscriptionInactive: ("no", "later"),
    ContentRefused: ("no", "after an edit"),
    RateLimited: ("no", "later"),
    QueueFull: ("no", "later"),
    TaskNotFound: ("no", "never"),
    ServiceFailed: ("no", "later"),
}


@pytest.mark.parametrize(
    ("sent", "status", "message", "kind"),
    GENERAL,
    ids=[f"{n} {row[1]} {row[2][:40]}" for n, row in enumerate(GENERAL)],
)
def test_each_general_sentence_has_its_type(
    sent: Request[Any] | str, status: int, message: str, kind: type[ApiError]
) -> None:
    """The documented sentence becomes its type, with money, retry and the words."""
    error = refused(sent, status, {"code": status, "message": message})

    assert kind is type(error)
    assert isinstance(error, ApiError)
    assert (status, message) == (error.status, error.text)
    assert MONEY[kind] == (error.charged, error.retry)
    assert message in str(error)


@pytest.mark.parametrize(
    ("status", "word", "message", "kind"), NURO, ids=[row[2] for row in NURO]
)
def test_each_nuro_sentence_has_its_type(
    status: int, word: str, message: str, kind: type[ApiError]
) -> None:
    """Nuro's own envelope is read as the general one is."""
    body = {"type": word, "message": message, "refund_processed": False}

    error = refused(VOCAL, status, body)

    assert kind is type(error)
    assert isinstance(error, ApiError)
    assert (status, message) == (error.status, error.text)
    assert MONEY[kind] == (error.charged, error.retry)


def test_nuros_task_not_found_is_one() -> None:
    """On a look, a 404 means the task and not the address."""
    body = {"type": "not_found", "message": "Task not found"}

    error = refused("nuro", 404, body)

    assert (TaskNotFound, "no", "never") == (type(error), error.charged, error.retry)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, QueueFull), (400, InvalidRequest)],
    ids=["queue full", "language"],
)
def test_a_refused_create_says_that_the_credits_are_back(
    status: int, kind: type[ApiError]
) -> None:
    """`refund_processed` is the service's word that nothing was lost."""
    messages = {403: "Queue is full", 400: "Input language not supported"}
    body = {"type": "x", "message": messages[status], "refund_processed": True}

    error = refused(VOCAL, status, body)

    assert (kind, "refunded") == (type(error), error.charged)


@pytest.mark.parametrize("sent", [VOCAL, "nuro"], ids=["create", "look"])
@pytest.mark.parametrize("row", [r for r in NURO if r[0] == 500], ids=lambda r: r[2])
def test_a_break_that_was_refunded_is_the_end_of_the_task(
    sent: Request[Any] | str, row: tuple[int, str, str, type[ApiError]]
) -> None:
    """The money is back, so nothing is uncertain and nothing goes on."""
    status, word, message, _ = row
    body = {"type": word, "message": message, "refund_processed": True}

    error = refused(sent, status, body)

    assert (JobFailed, "refunded", "later") == (
        type(error),
        error.charged,
        error.retry,
    )
    assert message in str(error)


def test_a_timeout_at_the_service_is_refunded() -> None:
    """The 504 of the table says so in words."""
    message = "Task failed due to timeout. Credits were previously refunded."

    error = refused("suno", 504, {"code": 504, "message": message})

    assert (JobFailed, "refunded", "later") == (
        type(error),
        error.charged,
        error.retry,
    )
    assert message in str(error)


def test_a_gateway_timeout_is_not_the_end() -> None:
    """A 504 that says nothing of credits may be any proxy's."""
    error = refused("suno", 504, b"<html><h1>504 Gateway Time-out</h1></html>")

    assert (ServiceFailed, "no", "later") == (type(error), error.charged, error.retry)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Task failed due to timeout. Credits were previously refunded.", True),
        ("Generation failed. Credits have been refunded.", True),
        ("CREDITS REFUNDED", True),
        ("Generation failed. Credits were not refunded.", False),
        ("Credits won't be refunded.", False),
        ("No credits were refunded", False),
        ("Credits are non-refundable.", False),
        ("Generation failed.", False),
        ("It did not work. Credits were refunded.", True),
    ],
)
def test_a_refund_is_believed_only_if_it_is_said(text: str, expected: object) -> None:
    """The words of a refusal that denies a refund are no refund."""
    assert expected is says_refunded(text)


def test_a_denied_refund_is_no_refund() -> None:
    """An error never claims that money is back which is not."""
    error = refused("suno", 500, {"message": "Failed. Credits were not refunded."})

    assert (ServiceFailed, "no") == (type(error), error.charged)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"code": 403, "message": "Queue is full"}, "Queue is full"),
        ({"type": "x", "error": "Queue is full"}, "Queue is full"),
        ({"code": 403, "type": "x", "error": "Queue is full"}, "Queue is full"),
        ({"type": "x", "message": "Queue is full"}, "Queue is full"),
        ({"detail": "Queue is full"}, "Queue is full"),
        ({"error": {"message": "Queue is full"}}, "Queue is full"),
        ({"error": True, "message": "Queue is full"}, "Queue is full"),
        ({"error": "", "message": "Queue is full"}, "Queue is full"),
        ({"errors": ["Queue is full"]}, '{"errors": ["Queue is full"]}'),
        (b"Queue is full", "Queue is full"),
        (b"  Queue\n is full ", "Queue is full"),
        (b'["Queue is full"]', '["Queue is full"]'),
    ],
    ids=repr,
)
def test_the_words_are_found_in_every_envelope(body: object, text: str) -> None:
    """No page shows how errors are wrapped, so every shape seen is read."""
    error = refused(CREATE, 403, body)

    assert isinstance(error, QueueFull)
    assert text == error.text


@settings(max_examples=100)
@given(
    words=st.lists(strategies.sentences, min_size=1).map(" ".join),
    name=st.sampled_from(["error", "message", "detail"]),
    status=st.sampled_from([400, 401, 402, 403, 404, 410, 418, 422, 429]),
    sent=st.sampled_from([CREATE, VOCAL, PERSONA, WORDS, "suno", "nuro"]),
)
def test_a_sentence_is_kept_whole(
    words: str, name: str, status: int, sent: Request[Any] | str
) -> None:
    """Whatever the service says, the error's text is that, and it is in its words."""
    error = refused(sent, status, {name: words, "code": status})

    assert isinstance(error, (ApiError, JobFailed))
    assert words in str(error)
    assert isinstance(error, JobFailed) or words == error.text


def test_an_unknown_refusal_is_a_plain_api_error() -> None:
    """A 403 in new words says no more than it says: nothing is made up."""
    error = refused(CREATE, 403, {"message": "Mercury is in retrograde"})

    assert (ApiError, "no", "never") == (type(error), error.charged, error.retry)
    assert "suno.create: the service answered 403: Mercury is in retrograde." == str(
        error
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (401, AuthenticationFailed),
        (402, OutOfCredits),
        (403, ApiError),
        (404, ApiError),
        (405, ApiError),
        (410, ApiError),
        (413, InvalidRequest),
        (422, InvalidRequest),
        (429, RateLimited),
        (500, ServiceFailed),
        (502, ServiceFailed),
        (503, ServiceFailed),
        (504, ServiceFailed),
        (301, ApiError),
    ],
)
def test_without_words_the_status_tells(status: int, kind: type[ApiError]) -> None:
    """An empty body is an answer too."""
    error = refused(CREATE, status, b"")

    assert kind is type(error)
    assert isinstance(error, ApiError)
    assert "(no words)" == error.text


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthenticationFailed), (402, OutOfCredits), (429, RateLimited)],
)
def test_where_the_status_is_plain_the_words_do_not_count(
    status: int, kind: type[ApiError]
) -> None:
    """A page that speaks of keys and queues does not make a 429 a wrong key."""
    page = b"<html>Too fast! Your API key has no active subscription. Queue is full."

    error = refused(CREATE, status, page)

    assert kind is type(error)


def test_the_callers_own_words_do_not_change_the_type() -> None:
    """The service quotes what it refuses, and that may be any sentence."""
    quoted = "credits are not enough for an active subscription"
    message = f"The lyrics contain copyrighted content: '{quoted}'."

    error = refused("suno", 403, {"message": message})

    assert ContentRefused is type(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, ApiError),
        (404, TaskNotFound),
        (502, ServiceFailed),
        (200, ProtocolError),
    ],
)
def test_a_web_page_is_an_error_that_shows_its_beginning(
    status: int, kind: type[MusicError]
) -> None:
    """What a proxy says in the service's place is not taken for a task."""
    page = b"<!DOCTYPE html><html><h1>Just a moment...</h1>" + b"<p>x</p>" * 1000

    error = refused("suno", status, page)

    assert kind is type(error)
    assert "<!DOCTYPE html>" in str(error)
    assert len(str(error)) < 800


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 30 ", 30.0),
        (formatdate(WALL + 90, usegmt=True), 90.0),
        (formatdate(WALL - 90, usegmt=True), 0.0),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("9" * 400, None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(
    header: str, expected: float | None
) -> None:
    """A date is counted from when the reply came; nonsense is no advice."""
    error = refused(CREATE, 429, {"message": "slow down"}, **{"retry-after": header})

    assert isinstance(error, RateLimited)
    assert expected == error.retry_after_s


@given(header=st.text(max_size=40) | st.dates().map(str))
def test_no_retry_after_breaks_the_reading(header: str) -> None:
    """Whatever stands there, the refusal is still read."""
    error = refused(CREATE, 503, b"", **{"retry-after": header})

    assert isinstance(error, ServiceFailed)
    assert error.retry_after_s is None or 0 <= error.retry_after_s < float("inf")


@pytest.mark.parametrize(
    ("sent", "body", "kind", "status"),
    [
        (CREATE, {"code": 403, "message": "Queue is full"}, QueueFull, 403),
        (CREATE, {"code": 402, "error": "insufficient_credits"}, OutOfCredits, 402),
        (CREATE, {"code": 500, "message": "x"}, ServiceFailed, 500),
        ("suno", {"code": 404, "message": "x"}, TaskNotFound, 404),
        ("suno", {"code": 400, "message": "task not found."}, TaskNotFound, 400),
        (WORDS, {"code": 400, "message": "description is required."}, None, 400),
    ],
    ids=["403", "402", "500", "404", "400 on a look", "400 on lyrics"],
)
def test_a_no_by_code_counts_though_the_status_says_yes(
    sent: Request[Any] | str,
    body: dict[str, object],
    kind: type[ApiError] | None,
    status: int,
) -> None:
    """Some of this family answer 200 with a code in the body."""
    error = refused(sent, 200, body)

    assert (kind or InvalidRequest) is type(error)
    assert isinstance(error, ApiError)
    assert status == error.status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (example("task_not_ready_202"), 202),
        (example("task_not_ready_202"), 200),
        ({"type": "not_ready", "error": "x"}, 200),
        (b"", 202),
        (b"<html>", 202),
        ({"code": 200, "data": [], "message": "success"}, 200),
        ({"code": 200, "data": None, "message": "success"}, 200),
        ({"code": 200, "data": {}, "message": "success"}, 200),
    ],
    ids=["recorded", "by code", "by type", "empty", "html", "[]", "null", "{}"],
)
def test_not_ready_and_nothing_yet_are_pending(body: object, status: int) -> None:
    """Each says: keep looking."""
    assert TaskSnapshot(state=ClipState.PENDING) == look(body, status)


def clip(state: object = "succeeded", **fields: object) -> dict[str, Any]:
    return {"clip_id": "c", "state": state, **fields}


def snapshot(*clips: dict[str, Any]) -> TaskSnapshot:
    return look({"code": 200, "data": list(clips), "message": "success"})


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["pending", "pending"], "pending"),
        (["running", "pending"], "running"),
        (["succeeded", "running"], "running"),
        (["succeeded", "pending"], "running"),
        (["succeeded", "succeeded"], "succeeded"),
        (["succeeded", "failed"], "succeeded"),
        (["failed", "running"], "running"),
        (["failed", "failed"], "failed"),
        (["succeeded", "dreaming"], "unknown"),
        (["dreaming", "pending"], "unknown"),
    ],
    ids=" ".join,
)
def test_the_state_of_a_task_is_that_of_its_clips(
    states: list[str], expected: str
) -> None:
    """There is no state of the task on the wire; it is over when every clip is."""
    found = snapshot(*(clip(state) for state in states))

    assert expected == found.state
    assert len(states) == len(found.clips)


def test_one_clip_can_be_played_while_the_other_runs() -> None:
    """Each clip has its own state, and the ready one its address."""
    found = snapshot(clip(audio_url="https://e.org/a.mp3"), clip("running"))

    first, second = found.clips
    assert (True, False) == (first.is_playable, second.is_playable)
    assert (ClipState.SUCCEEDED, ClipState.RUNNING) == (first.state, second.state)


def test_a_stream_can_be_played_before_it_is_done() -> None:
    """An address may be there long before the state is final."""
    found = snapshot(clip("running", audio_url="https://audiopipe.suno.ai/?item_id=c"))

    assert found.clips[0].is_playable


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (179, 179.0),
        (104.88, 104.88),
        ("104.88", 104.88),
        ("", None),
        ("soon", None),
        (0, None),
        (None, None),
        (-1, None),
        ([], None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        ("1e999", None),
    ],
    ids=repr,
)
def test_a_duration_reads_as_a_number_or_as_text(
    duration: object, expected: float | None
) -> None:
    """The sources disagree on its type; what is not known is absent."""
    found = snapshot(clip(duration=duration))

    assert expected == found.clips[0].duration


@pytest.mark.parametrize("state", ["dreaming", "", None, 7, [], {}], ids=repr)
def test_an_unknown_state_is_unknown_and_not_the_end(state: object) -> None:
    """A word that we don't know can be seen, and ends nothing."""
    found = snapshot(clip(state))

    assert ClipState.UNKNOWN is found.clips[0].state
    assert not found.state.is_final
    assert state == found.clips[0].raw["state"]


def test_an_unknown_key_is_kept() -> None:
    """What the service adds tomorrow is in raw today."""
    found = snapshot(clip(mood_ring={"colour": "teal"}))

    assert {"colour": "teal"} == found.clips[0].raw["mood_ring"]


def test_a_failed_clip_says_why() -> None:
    """It has the service's words, and nothing to play even if it has an address."""
    failed = clip("failed", error_message="No voice.", audio_url="https://e.org/a.mp3")

    found = snapshot(failed)

    assert ClipState.FAILED is found.state
    assert ("No voice.", False) == (found.clips[0].error, found.clips[0].is_playable)


def test_what_is_empty_is_absent() -> None:
    """An address that is not there yet is None and not an empty text."""
    empty = dict.fromkeys(("audio_url", "image_url", "video_url"), "")

    found = snapshot(clip("running", **empty, created_at="yesterday"))

    expected = Clip(
        clip_id="c", provider="suno", task_id=TASK_ID, state=ClipState.RUNNING
    )
    assert (expected,) == found.clips


def test_a_time_without_a_zone_is_left_to_raw() -> None:
    """Nobody knows where it would be, so it is not guessed."""
    found = snapshot(clip(created_at="2025-07-15T08:00:00"))

    assert found.clips[0].created_at is None
    assert "2025-07-15T08:00:00" == found.clips[0].raw["created_at"]


UNREADABLE = [
    ({"data": [{"clip_id": "c"}]}, "required field missing @ $.data[0].state"),
    ({"data": [clip(), {"state": "running"}]}, "missing @ $.data[1].clip_id"),
    ({"data": [clip(clip_id=None)]}, "@ $.data[0].clip_id"),
    ({"data": [clip(clip_id="")]}, "@ $.data[0].clip_id"),
    ({"data": [clip(), 7]}, "@ $.data[1]"),
    ({"data": 7}, "@ $.data"),
    ({"message": "success"}, "required field missing @ $.data"),
    ([], "it is JSON, but no object"),
    (None, "it is JSON, but no object"),
    (b"", "it is not JSON"),
    (b'{"data": [', "it is not JSON"),
    (b"\xff\xfe\x00", "it is not JSON"),
    (b"[" * 100_000, "it is not JSON"),
]


@pytest.mark.parametrize(
    ("body", "place"), UNREADABLE, ids=[str(row[0])[:50] for row in UNREADABLE]
)
def test_what_does_not_read_shows_the_place(body: object, place: str) -> None:
    """The path inside the JSON is in the error, or why there is no JSON."""
    with pytest.raises(ProtocolError, match=r"^suno task: ") as caught:
        look(body)

    assert place in str(caught.value)
    assert ("no", "later") == (caught.value.charged, caught.value.retry)


def test_every_place_that_does_not_read_is_shown() -> None:
    """One report is enough to see all that is wrong."""
    with pytest.raises(ProtocolError, match=r"data\[0\].*data\[1\]"):
        look({"data": [{"state": "x"}, {"clip_id": "c"}]})


def test_a_nuro_reply_that_does_not_read_shows_the_place() -> None:
    """The flat reply has paths too."""
    with pytest.raises(ProtocolError, match=r"missing @ \$\.status"):
        nuro_look({"progress": 45})


@pytest.mark.parametrize(
    ("sent", "body", "place"),
    [
        (CREATE, {"message": "success"}, "missing @ $.task_id"),
        (CREATE, {"message": "success", "task_id": ""}, "@ $.task_id"),
        (CREATE, {"message": "success", "task_id": None}, "@ $.task_id"),
        (PERSONA, {"code": 200}, "missing @ $.persona_id"),
        (PERSONA, {"code": 200, "persona_id": " "}, "@ $.persona_id"),
        (UPLOAD, {"code": 200}, "missing @ $.clip_id"),
        (UPLOAD, {"code": 200, "clip_id": ""}, "@ $.clip_id"),
        (WORDS, {"code": 200}, "missing @ $.results"),
        (WORDS, {"code": 200, "results": [{}]}, "$.results[0].title"),
    ],
    ids=str,
)
def test_a_create_that_is_answered_without_its_result_is_no_success(
    sent: Request[Any], body: dict[str, object], place: str
) -> None:
    """An empty id would fail only later, far from here."""
    with pytest.raises(ProtocolError, match=re.escape(place)) as caught:
        read_created(sent, reply(body))

    assert str(caught.value).startswith(f"{sent.kind()}: ")


@pytest.mark.parametrize("name", ["suno", "suno_concat", "riffusion", "nuro"])
def test_the_recorded_acceptances_give_their_task(name: str) -> None:
    """All creates are answered alike."""
    recorded = example(
        f"{name}_accepted" if "concat" in name else f"{name}_create_accepted"
    )

    assert Accepted(task_id=recorded["task_id"]) == read_created(
        CREATE, reply(recorded)
    )


def test_credits_that_do_not_read_show_the_place() -> None:
    """So does the balance."""
    with pytest.raises(ProtocolError, match=r"\$\.credits.*missing @ \$\.extra_cre"):
        read_credits(reply({"credits": "many"}))


def test_the_recorded_credits_are_read() -> None:
    """And the recorded one reads."""
    found = read_credits(reply(example("get_credits")))

    assert Credits(credits=50, extra_credits=0) == found


_bodies = (
    st.binary(max_size=60)
    | strategies.json_values.map(lambda v: json.dumps(v).encode())
    | strategies.clip_lists.map(lambda v: json.dumps(v).encode())
    | strategies.nuro_tasks.map(lambda v: json.dumps(v).encode())
)
_replies = st.builds(
    Reply,
    status=st.sampled_from([200, 200, 200, 202, 204, 302, 400, 403, 404, 429, 500]),
    headers=st.just({}),
    body=_bodies,
    wall=st.just(WALL),
)


@settings(max_examples=300)
@given(
    provider=st.sampled_from([suno.PROVIDER, riffusion.PROVIDER, nuro.PROVIDER]),
    answer=_replies,
)
def test_no_reply_to_a_look_raises_anything_but_our_errors(
    provider: Any,  # noqa: ANN401
    answer: Reply,
) -> None:
    """Whatever bytes come, they are a snapshot or a MusicError."""
    try:
        found: object = read_task(provider, TASK_ID, answer)
    except MusicError as error:
        found = error

    assert isinstance(found, (TaskSnapshot, MusicError))


@settings(max_examples=200)
@given(sent=st.sampled_from([CREATE, VOCAL, PERSONA, WORDS, UPLOAD]), answer=_replies)
def test_no_reply_to_a_create_raises_anything_but_our_errors(
    sent: Request[Any], answer: Reply
) -> None:
    """Whatever bytes come, they are a result or a MusicError."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found: object = read_created(sent, answer)
        except MusicError as error:
            found = error

    assert found is not None


def test_a_body_is_compact_utf_8() -> None:
    """No byte is spent on escapes that nobody needs."""
    assert b'{"a":"\xc3\xbc","b":[1,true,null]}' == encode(
        {"a": "ü", "b": [1, True, None]}
    )


@pytest.mark.parametrize("status", [303, 408, 409, 499])
def test_an_answer_that_may_come_too_late_is_no_refusal(status: int) -> None:
    """A create so answered may have been carried out, so it is not called unpaid."""
    reply = Reply(status=status, headers={}, body=b"{}", wall=0.0)

    with pytest.raises(ProtocolError, match="does not tell whether it was done"):
        read_created(suno.Create("a song"), reply)


def test_a_task_id_outweighs_a_code() -> None:
    """Whatever else a reply says, a task that it names was made."""
    body = b'{"code": 400, "message": "warn", "task_id": "abc"}'
    reply = Reply(status=200, headers={}, body=body, wall=0.0)

    created = read_created(suno.Create("a song"), reply)

    assert isinstance(created, Accepted)
    assert "abc" == created.task_id


@pytest.mark.parametrize(
    "text",
    [
        'Inappropriate lyrics: "they refunded my heart, credits refunded"',
        "If you were charged, credits will be refunded within 24 hours.",
        "Credits may be refunded.",
    ],
)
def test_words_of_others_and_promises_are_no_refund(text: str) -> None:
    """Only what the service says of itself, and has done, gives credits back."""
    assert not says_refunded(text)


def test_a_quoted_word_does_not_decide_the_type() -> None:
    """A refusal that repeats the caller's line is not about the API key."""
    error = refused(suno.Create("x"), 403, {"message": 'Rejected: "invalid key to me"'})

    assert ApiError is type(error)
