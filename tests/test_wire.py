"""What a reply means: its value, or which error, and what that says of the money."""

import json
import re
import time
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
from aiomusic._http.wire import (
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


def poll(body: object, status: int = 200, **headers: str) -> TaskSnapshot:
    return read_task(suno.PROVIDER, TASK_ID, reply(body, status, headers))


def nuro_poll(body: object, status: int = 200) -> TaskSnapshot:
    return read_task(nuro.PROVIDER, TASK_ID, reply(body, status))


def refused(
    sent: Request[Any] | str, status: int, body: object, **headers: str
) -> MusicError:
    """Return the error that a reply to a create, or to a poll, is read as."""
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
    """On a poll, a 404 means the task and not the address."""
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


@pytest.mark.parametrize("sent", [VOCAL, "nuro"], ids=["create", "poll"])
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
        ({"errors": ["Queue is full"]}, "Queue is full"),
        ({"errors": [{"message": "Queue is full"}]}, "Queue is full"),
        ({"msg": "Queue is full"}, "Queue is full"),
        (b'\xef\xbb\xbf{"message": "Queue is full"}', "Queue is full"),
    ],
    ids=repr,
)
def test_the_words_are_found_in_every_envelope(body: object, text: str) -> None:
    """No page shows how errors are wrapped, so every shape seen is read."""
    error = refused(CREATE, 403, body)

    assert isinstance(error, QueueFull)
    assert text == error.text


@pytest.mark.parametrize(
    "body",
    [
        b"Queue is full",
        b'["Queue is full"]',
        b"<html>Queue is full</html>",
        b"<html><script>{'message': 'Queue is full'}</script></html>",
        b'<html><script>{"message": "Queue is full"}</script></html>',
    ],
)
def test_sentences_are_matched_only_in_the_fields_of_a_json_error(body: bytes) -> None:
    """A page that holds the service's words is not the service."""
    error = refused(CREATE, 403, body)

    assert ApiError is type(error)
    assert "Queue is full" in str(error)


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
    assert (
        "suno.create: the service answered 403: Mercury is in retrograde."
        " Change the request, or ask the service what it means. Nothing was charged."
    ) == str(error)


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
        (404, ApiError),
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
    ids=["403", "402", "500", "404", "400 on a poll", "400 on lyrics"],
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
        ({"code": 200, "message": "success"}, 200),
        ({"code": 200, "data": [], "status": "success"}, 200),
        ({"code": 200, "data": [], "status": "PENDING"}, 200),
        ({"code": 200, "data": {"status": "processing", "clips": {}}}, 200),
    ],
    ids=[
        "recorded",
        "by code",
        "by type",
        "empty",
        "html",
        "[]",
        "null",
        "{}",
        "no data",
        "a poll's success",
        "a task's state",
        "wrapped",
    ],
)
def test_not_ready_and_nothing_yet_are_pending(body: object, status: int) -> None:
    """Each says: keep polling."""
    assert TaskSnapshot(state=ClipState.PENDING) == poll(body, status)


def clip(state: object = "succeeded", **fields: object) -> dict[str, Any]:
    return {"clip_id": "c", "state": state, **fields}


def snapshot(*clips: dict[str, Any]) -> TaskSnapshot:
    return poll({"code": 200, "data": list(clips), "message": "success"})


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


# What can't be told from others is counted, and what stands beside it is read.
ODD: list[tuple[object, int, int]] = [
    ({"data": [clip(), {"state": "running"}]}, 1, 1),
    ({"data": [clip("running", clip_id=None)]}, 0, 1),
    ({"data": [clip("pending", clip_id="")]}, 0, 1),
    ({"data": [clip("pending", clip_id=True)]}, 0, 1),
    ({"data": [clip("pending", clip_id="a\x1bb")]}, 0, 1),
    ({"data": [clip(), 7]}, 1, 1),
    ({"data": [clip(), None, "x", []]}, 1, 3),
    ({"data": 7}, 0, 1),
    ({"data": "A" * 100_000}, 0, 1),
    ({"data": [[[]]]}, 0, 1),
]


@pytest.mark.parametrize(
    ("body", "clips", "unreadable"), ODD, ids=[str(row[0])[:50] for row in ODD]
)
def test_what_does_not_read_is_counted_and_no_failure(
    body: object, clips: int, unreadable: int
) -> None:
    """One field that can't be read does not spoil a poll."""
    found = poll(body)

    assert (clips, unreadable) == (len(found.clips), found.unreadable)


SAME_CLIP = [
    {"data": [{"clip_id": "c", "state": "succeeded", "audio_url": "https://e.org/a"}]},
    {"data": [{"id": "c", "status": "complete", "audio_url": "https://e.org/a"}]},
    {"data": [{"clipId": "c", "state": "SUCCESS", "audioUrl": "https://e.org/a"}]},
    {
        "data": [
            {"clip_id": "", "id": "c", "state": "done", "audio_url": "https://e.org/a"}
        ]
    },
    {"data": {"status": "completed", "clips": {"c": {"audio_url": "https://e.org/a"}}}},
    {
        "data": {
            "status": "finished",
            "clips": [{"id": "c", "audio_url": "https://e.org/a"}],
        }
    },
    {"data": {"c": {"state": "finished", "audio_url": "https://e.org/a"}}},
    {"data": {"clip_id": "c", "state": "finished", "audio_url": "https://e.org/a"}},
    {"clips": [{"id": "c", "status": 200, "audio_url": "https://e.org/a"}]},
    {"clip_id": "c", "state": "succeeded", "audio_url": "https://e.org/a"},
]


@pytest.mark.parametrize("body", SAME_CLIP, ids=repr)
def test_a_clip_is_read_in_every_shape_that_sisters_give_it(body: object) -> None:
    """Other names, other wrapping, and the same song."""
    found = poll(body)

    [one] = found.clips
    assert ("c", ClipState.SUCCEEDED, "https://e.org/a") == (
        one.clip_id,
        one.state,
        one.audio_url,
    )
    assert (ClipState.SUCCEEDED, 0) == (found.state, found.unreadable)


def test_a_song_without_an_id_can_be_had() -> None:
    """It is paid for: it is named for its task and its place."""
    found = snapshot(clip(clip_id=None, audio_url="https://e.org/a.mp3"))

    assert f"{TASK_ID}-1" == found.clips[0].clip_id


WORDS_FOR_STATES = {
    "pending": "pending queued SUBMITTED in_queue not-started",
    "running": "running processing streaming in_progress 202",
    "succeeded": "succeeded success complete completed Done finished 200",
    "failed": "failed failure error cancelled canceled expired timed_out 500 422",
    "unknown": "dreaming 7 0 1 2 3",
}


@pytest.mark.parametrize(
    ("word", "expected"),
    [(w, state) for state, all_ in WORDS_FOR_STATES.items() for w in all_.split()],
)
def test_the_known_words_for_states_are_known(word: str, expected: str) -> None:
    """Sisters of the service end their tasks in other words, or numbers."""
    assert expected == snapshot(clip(word)).clips[0].state
    if word.isdecimal():
        assert expected == snapshot(clip(int(word))).clips[0].state


def test_a_word_that_nobody_knows_is_named() -> None:
    """So that it can be told at once, and not after half an hour."""
    found = snapshot(clip("dreaming"), clip("dreaming"), clip(9))

    assert ("'dreaming'", "9") == found.unknown_states


@pytest.mark.parametrize(
    "name", ["error_message", "fail_reason", "failReason", "error", "message", "reason"]
)
def test_a_failed_clip_gives_its_reason_under_any_name(name: str) -> None:
    """It is not said that there is none."""
    found = snapshot(clip("failed", **{name: "No voice."}))

    assert "No voice." == found.clips[0].error


def test_a_clip_that_did_not_fail_has_no_reason() -> None:
    """A message that says success is none."""
    assert snapshot(clip(message="success")).clips[0].error is None


REFUND = "Generation failed. Credits have been refunded."
ENDS: list[tuple[object, str]] = [
    ({"status": "FAILED", "data": [], "message": "No."}, "unknown"),
    ({"status": "FAILED", "data": [], "message": REFUND}, "refunded"),
    ({"status": "FAILED", "data": [], "fail_reason": REFUND}, "refunded"),
    ({"state": "cancelled", "data": None, "message": REFUND}, "refunded"),
    ({"data": {"status": "error", "fail_reason": "No."}}, "unknown"),
    ({"data": {"status": "expired", "clips": []}, "message": REFUND}, "refunded"),
    ({"status": "error", "task_id": TASK_ID, "message": "No."}, "unknown"),
    ({"code": 500, "task_id": TASK_ID, "message": REFUND}, "refunded"),
    ({"code": "500", "data": {"taskId": TASK_ID}, "message": "No."}, "unknown"),
    ({"status": "FAILED", "data": [clip("running")], "message": "No."}, "unknown"),
    (
        {"status": "FAILED", "data": [], "refund_processed": True, "message": "No."},
        "refunded",
    ),
]


@pytest.mark.parametrize(("body", "charged"), ENDS, ids=repr)
def test_an_end_around_the_clips_is_the_end(body: object, charged: str) -> None:
    """Its reason is told, and what it says of the money."""
    with pytest.raises(JobFailed, match="No.|Generation failed") as caught:
        poll(body)

    assert charged == caught.value.charged


NO_ENDS: list[object] = [
    {"status": "error", "message": "try again"},
    {"status": "FAILED", "data": [clip(audio_url="https://e.org/a"), clip("running")]},
    {"status": "FAILED", "data": [clip("failed")]},
]


@pytest.mark.parametrize("body", NO_ENDS, ids=repr)
def test_what_may_be_about_the_poll_alone_ends_no_task(body: object) -> None:
    """Nor does it end a task of which a clip is there, or says why itself."""
    assert isinstance(poll(body), TaskSnapshot)


def test_the_end_of_another_task_is_not_this_ones() -> None:
    """A code of 500 beside an id that was not asked for is a failed poll."""
    error = refused("suno", 200, {"code": 500, "task_id": "other", "message": "No."})

    assert isinstance(error, ServiceFailed)


PAGES = ["Copyright 2025", "inappropriate", "authorization required", "Queue is full"]


@pytest.mark.parametrize("words", PAGES)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 418, 422])
def test_a_web_page_ends_no_job(status: int, words: str) -> None:
    """It is a failed poll, whatever words are on it and whatever status it has."""
    page = f"<!DOCTYPE html><html><body>{words}</body></html>".encode()

    error = refused("suno", status, page)

    assert ApiError is type(error)
    assert "web page" in str(error)


UNREADABLE: list[tuple[object, str]] = [
    (5, "it is JSON, but no object"),
    (None, "it is not JSON|no object"),
    (b"", "without a body"),
    (b'{"data": [', "it is not JSON"),
    (b"\xff\xfe\x00", "it is not JSON"),
    (b"[" * 9_000, "it is nested too deep|it is not JSON"),
    (b"[" * 100_000, "too many lists"),
]


@pytest.mark.parametrize(
    ("body", "place"), UNREADABLE, ids=[str(row[0])[:50] for row in UNREADABLE]
)
def test_what_is_no_json_object_is_a_protocol_error(body: object, place: str) -> None:
    """It says why, and shows how it begins."""
    with pytest.raises(ProtocolError, match=place) as caught:
        poll(body)

    assert str(caught.value).startswith("suno task: the service answered HTTP 200 with")
    assert ("no", "later") == (caught.value.charged, caught.value.retry)


def test_a_nuro_reply_without_a_state_is_no_news() -> None:
    """It is waited for."""
    assert (ClipState.PENDING, 1) == (
        nuro_poll({"progress": 45}).state,
        nuro_poll({"progress": 45}).unreadable,
    )


@pytest.mark.parametrize(
    ("sent", "body", "place"),
    [
        (CREATE, {"message": "success"}, "no one task's id is in it"),
        (CREATE, {"message": "success", "task_id": ""}, "no one task's id is in it"),
        (CREATE, {"message": "success", "task_id": None}, "no one task's id"),
        (CREATE, {"message": "success", "task_id": ".."}, "no one task's id"),
        (CREATE, {"task_id": "a", "taskId": "b"}, "no one task's id"),
        (PERSONA, {"code": 200}, "it has no persona_id"),
        (PERSONA, {"code": 200, "persona_id": " "}, "it has no persona_id"),
        (UPLOAD, {"code": 200}, "it has no clip_id"),
        (UPLOAD, {"code": 200, "clip_id": ""}, "it has no clip_id"),
        (WORDS, {"code": 200}, "it has no list of results"),
        (WORDS, {"code": 200, "results": [{}]}, "it has no lyrics"),
        (WORDS, {"code": 200, "results": []}, "its results are empty"),
    ],
    ids=str,
)
def test_a_create_that_is_answered_without_its_result_is_no_success(
    sent: Request[Any], body: dict[str, object], place: str
) -> None:
    """An empty id would fail only later; all that was said is in the error."""
    with pytest.raises(ProtocolError, match=re.escape(place)) as caught:
        read_created(sent, reply(body))

    assert str(caught.value).startswith(f"{sent.kind()}: ")
    assert json.dumps(body) in str(caught.value)
    assert json.dumps(body) == caught.value.reply_text


ID = "468d0e42-f7a6-40ce-9a4c-37db56b13b99"
QUOTED = json.dumps({"message": "success", "task_id": ID})
NAMED: dict[str, tuple[int, object]] = {
    "the documented legacy form": (200, {"code": 200, "data": {"task_id": ID}}),
    "camel case": (200, {"taskId": ID}),
    "kebab case": (200, {"task-id": ID}),
    "capitals": (200, {"Task_ID": ID}),
    "twice the same": (200, {"task_id": ID, "data": {"task_id": ID}}),
    "a deeper one is another's": (200, {"task_id": ID, "data": {"task_id": "other"}}),
    "an id in data": (200, {"code": 200, "data": {"id": ID}}),
    "an id in result": (201, {"result": {"id": ID, "status": "queued"}}),
    "a task": (202, {"task": {"id": ID}}),
    "a bare UUID": (200, {"code": 200, "data": ID}),
    "a list": (200, {"data": [{"task_id": ID}]}),
    "JSON in JSON": (200, json.dumps(QUOTED).encode()),
    "data as JSON": (200, {"data": QUOTED}),
    "a notice before": (200, b"<br />\n<b>Notice</b>: x in {main}\n" + QUOTED.encode()),
    "a byte order mark": (200, b"\xef\xbb\xbf" + QUOTED.encode()),
    "a comment after": (200, QUOTED.encode() + b"<!-- cached -->"),
    "UTF-16": (200, QUOTED.encode("utf-16")),
    "a line end in a text": (
        200,
        b'{"message": "a\nb", "task_id": "%s"}' % ID.encode(),
    ),
    "the last byte missing": (200, QUOTED.encode()[:-1]),
    "a cut after the id": (200, b'{"task_id": "%s", "mess' % ID.encode()),
    "half a character": (200, b'{"task_id": "%s", "m": "\\ud800"}' % ID.encode()),
    "bytes that are no text": (200, b'{"task_id": "%s", "m": "\xff"}' % ID.encode()),
    "nested too deep": (
        200,
        b'{"task_id": "%s", "m": %s}' % (ID.encode(), b"[" * 50_000),
    ),
    "beside a 500": (500, {"error": "oops", "task_id": ID}),
    "in data beside a 502": (502, {"error": "oops", "data": {"id": ID}}),
    "beside a 403": (403, {"message": "Queue is full", "task_id": ID}),
    "beside a 429": (429, {"message": "slow down", "task_id": ID}),
    "beside a code": (200, {"code": 500, "task_id": ID}),
    "beside a 409": (409, {"message": "duplicate", "task_id": ID}),
    "beside a 303": (303, {"task_id": ID}),
    "beside no success": (200, {"success": False, "task_id": ID}),
}


@pytest.mark.parametrize(("status", "body"), NAMED.values(), ids=NAMED.keys())
def test_a_task_that_is_named_anywhere_is_a_task(status: int, body: object) -> None:
    """It may be paid for, so it is polled, whatever stands around it."""
    created = read_created(CREATE, reply(body, status))

    assert isinstance(created, Accepted)
    assert ID == created.task_id


def test_a_number_is_an_id_too() -> None:
    """It is sent back as it was written."""
    created = read_created(CREATE, reply({"task_id": 12345}))

    assert Accepted(task_id="12345") == created


def test_a_location_names_the_task() -> None:
    """Some answer a create with the address of what it made."""
    answer = reply(b"", 201, {"location": f"/api/v1/suno/task/{ID}"})

    assert Accepted(task_id=ID) == read_created(CREATE, answer)


NOT_NAMED: dict[str, tuple[int, object, type[MusicError]]] = {
    "two": (200, {"task_id": "a", "data": {}, "taskId": "b"}, ProtocolError),
    "two in a list": (
        200,
        {"data": [{"task_id": "a"}, {"task_id": "b"}]},
        ProtocolError,
    ),
    "an error's own id": (403, {"id": ID, "message": "No."}, ApiError),
    "an error's data": (403, {"data": {"id": ID}, "message": "No."}, ApiError),
    "a request's id": (500, {"request_id": ID, "id": ID}, ServiceFailed),
    "a cut in the id": (200, b'{"task_id": "468d0e42-f7', ProtocolError),
    "no id": (200, {"task_id": "null"}, ProtocolError),
    "a path": (200, {"task_id": ".."}, ProtocolError),
    "too long": (200, {"task_id": "x" * 10_000}, ProtocolError),
    "half a character": (200, b'{"task_id": "\\ud800"}', ProtocolError),
    "a control character": (200, {"task_id": "a\x1b[2J"}, ProtocolError),
    "a bool": (200, {"task_id": True}, ProtocolError),
    "not a number": (200, b'{"task_id": NaN}', ProtocolError),
    "too large": (200, b'{"task_id": 1e400}', ProtocolError),
}


@pytest.mark.parametrize(
    ("status", "body", "kind"), NOT_NAMED.values(), ids=NOT_NAMED.keys()
)
def test_what_is_not_one_tasks_id_is_not_taken_for_one(
    status: int, body: object, kind: type[MusicError]
) -> None:
    """No task is made up; the reply is in the error for a person to read."""
    with pytest.raises(kind, match="^suno.create: ") as caught:
        read_created(CREATE, reply(body, status))

    assert 'id": ' in (caught.value.reply_text or "")


@pytest.mark.parametrize(
    "body",
    [
        {"code": "403", "message": "No."},
        {"code": 403, "message": "No."},
        {"success": False, "message": "No."},
        {"ok": False, "error": {"message": "No."}},
    ],
    ids=repr,
)
def test_a_plain_no_under_a_yes_is_a_refusal(body: object) -> None:
    """Nothing was bought, and that is said."""
    error = refused(CREATE, 200, body)

    assert (ApiError, "no") == (type(error), error.charged)
    assert "No." in str(error)
    assert "Nothing was charged." in str(error)


def test_a_status_that_is_none_is_no_refusal() -> None:
    """Bytes without a status line may be anybody's, so nothing is called unpaid."""
    with pytest.raises(ProtocolError, match="whether it was done"):
        read_created(CREATE, reply({"message": "No."}, 0))


def test_a_redirect_names_its_target() -> None:
    """Whoever reads it knows what to set."""
    error = refused(CREATE, 301, b"", location="https://api.example/v2")

    assert "https://api.example/v2" in str(error)
    assert "AIOMUSIC_BASE_URL" in str(error)
    assert ("no", "never") == (error.charged, error.retry)


def test_a_proxy_that_wants_a_login_says_where_to_put_it() -> None:
    """The status alone tells nobody."""
    error = refused(CREATE, 407, b"<html>login</html>")

    assert "HTTPS_PROXY" in str(error)
    assert ("no", "after an edit") == (error.charged, error.retry)


@pytest.mark.parametrize(
    "words",
    ["not " * 15_000, "credit " * 15_000, "'" * 100_000, "“" * 100_000, "\\" * 99_999],
    ids=["not", "credit", "quotes", "opening quotes", "backslashes"],
)
def test_no_words_take_long_to_read(words: str) -> None:
    """A server's text of any length is read, and shown short."""
    started = time.process_time()

    error = refused(CREATE, 403, {"error": words})

    assert time.process_time() - started < 0.5
    assert len(str(error)) <= 4000


def test_a_huge_array_takes_no_time() -> None:
    """What is no list of clips is not gone through."""
    started = time.perf_counter()

    poll({"data": "A" * 1_000_000})

    assert time.perf_counter() - started < 0.5


HEAVY = {
    "lists": '{"task_id": "t-1", "x": [' + "[1]," * 500_000 + "0]}",
    "objects": '{"x": [' + '{"state":1},' * 150_000 + '0], "task_id": "t-1"}',
    "cut": '{"task_id": "t-1", "x": [' + '[{"a":1}],' * 200_000,
    "starts": '{"task_id": "t-1", "x": ' + '{"a":' * 30 + "[" + "1," * 900_000,
}


@pytest.mark.parametrize("text", HEAVY.values(), ids=HEAVY.keys())
def test_a_reply_that_would_cost_seconds_to_read_costs_none(text: str) -> None:
    """Its task's id is found all the same, and a poll of it tells nothing."""
    started = time.process_time()

    found = read_created(CREATE, reply(text.encode()))

    assert time.process_time() - started < 1.0
    assert Accepted(task_id="t-1") == found


@pytest.mark.parametrize("junk", ["[],", '{"a":1},'], ids=["lists", "objects"])
def test_a_poll_that_would_fill_the_memory_is_not_read(junk: str) -> None:
    """What it shows would be kept for as long as its job, and there are many."""
    text = '{"data": [{"clip_id": "c", "state": "running", "x": [%s0]}]}'

    assert 1 == len(poll_at(text % (junk * 5_000)).clips)
    with pytest.raises(ProtocolError, match="too many lists and objects"):
        poll_at(text % (junk * 20_000))


def poll_at(text: str) -> TaskSnapshot:
    return read_task(suno.PROVIDER, TASK_ID, reply(text.encode()))


def test_a_task_of_any_number_of_clips_is_bounded() -> None:
    """No more are kept than any task has; it is told that there were others."""
    clips = [{"clip_id": f"c-{n}", "state": "running"} for n in range(2_500)]

    found = poll({"data": clips})

    assert (1_000, 1_500) == (len(found.clips), found.unreadable)


@pytest.mark.parametrize("name", ["suno", "suno_concat", "riffusion", "nuro"])
def test_the_recorded_acceptances_give_their_task(name: str) -> None:
    """All creates are answered alike."""
    recorded = example(
        f"{name}_accepted" if "concat" in name else f"{name}_create_accepted"
    )

    assert Accepted(task_id=recorded["task_id"]) == read_created(
        CREATE, reply(recorded)
    )


NO_COUNTS: list[object] = [
    "many",
    None,
    True,
    -1,
    1.5,
    [],
    {},
    2**63 - 1,
    10**400,
    float("nan"),
    float("inf"),
    "9" * 400,
    "-3",
]


@pytest.mark.parametrize("value", NO_COUNTS, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", ["credits", "extra_credits"])
def test_credits_that_are_no_number_are_a_protocol_error(
    name: str, value: object
) -> None:
    """They are refused where they are read, before anything counts with them."""
    with pytest.raises(ProtocolError, match="credits must be whole numbers|not JSON"):
        read_credits(reply({"credits": 1, "extra_credits": 1, name: value}))


@pytest.mark.parametrize("body", [{"credits": 1}, {}, [], b"x"], ids=repr)
def test_credits_that_are_missing_are_a_protocol_error(body: object) -> None:
    """None is made up."""
    with pytest.raises(ProtocolError, match="^credits: "):
        read_credits(reply(body))


@pytest.mark.parametrize(
    "body",
    [
        {"credits": 50, "extra_credits": 7},
        {"credits": "50", "extra_credits": 7.0},
        {"code": 200, "data": {"credits": 50, "extraCredits": 7}},
    ],
    ids=repr,
)
def test_credits_are_read_in_other_spellings(body: object) -> None:
    """As numbers, as text, and wrapped."""
    assert Credits(credits=50, extra_credits=7) == read_credits(reply(body))


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
def test_no_reply_to_a_poll_raises_anything_but_our_errors(
    provider: Any,
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


@pytest.mark.parametrize("code", ["[]", "{}", "[202]", "null", '"x"'])
@pytest.mark.parametrize("sent", [CREATE, VOCAL, PERSONA, WORDS, UPLOAD])
def test_a_code_that_is_no_number_says_nothing(sent: Request[Any], code: str) -> None:
    """The reply is read as if it had none."""
    answer = reply(f'{{"code":{code},"message":"success"}}'.encode())

    with pytest.raises(ProtocolError, match="can't be read"):
        read_created(sent, answer)


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
