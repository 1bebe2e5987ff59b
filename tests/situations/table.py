"""
What the service says, in order, and what the user must see: one entry a situation.

A new one is one more entry: what is answered to creates and to polls, how the job
ends, what that says of the money, and what must stand in its error.
"""

import gzip
import json
import zlib
from collections.abc import Sequence
from typing import Any, final

import attrs
from raw_server import Say, http, ok

__all__ = ["KEY", "SITUATIONS", "TASK_ID", "Situation"]

KEY = "sk-7f3aQ9zLm2Xw84Tn"
TASK_ID = "468d0e42-f7a6-40ce-9a4c-37db56b13b99"
URL = "https://cdn.example/a.mp3"


def clip(
    number: int = 1, state: object = "succeeded", **more: object
) -> dict[str, Any]:
    return {"clip_id": f"c{number}", "state": state, "audio_url": URL, **more}


YES = http({"message": "success", "task_id": TASK_ID})
DONE = ok(clip(1), clip(2))
RUNNING = ok(clip(1, "running"), clip(2, "running"))
BODY = json.dumps({"message": "success", "task_id": TASK_ID}).encode()


@final
@attrs.frozen(kw_only=True)
class Situation:
    """
    One course of events.

    Args:
        creates, polls: What is answered, in order; the last for ever.
        ends: Its clips' number, or the name of its error.
        charged: What the error says of the money.
        says: What must stand in the error, and in the journal.
        posts: How many creates may go out.
        options: Of the session.
    """

    creates: Sequence[Say] = (YES,)
    polls: Sequence[Say] = (DONE,)
    ends: int | str = 2
    charged: str = ""
    says: Sequence[str] = ()
    posts: int = 1
    options: dict[str, Any] = attrs.field(factory=dict)


def raw(*parts: bytes, then: str = "close") -> Say:
    return Say(b"".join(parts), then)


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
IN_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
LENGTH = b"Content-Length: %d\r\n" % len(BODY)

# The task was made, and what tells of it is not quite HTTP, or not quite JSON.
ACCEPTED: dict[str, Say] = {
    "a header of 9 kB": http(BODY, headers=[f"Content-Security-Policy: {'x' * 9000}"]),
    "a header of 100 kB": http(BODY, headers=[f"X-Policy: {'x' * 100_000}"]),
    "gzip said of plain JSON": http(BODY, headers=["Content-Encoding: gzip"]),
    "brotli said of plain JSON": http(BODY, headers=["Content-Encoding: br"]),
    "gzip": http(gzip.compress(BODY), headers=["Content-Encoding: gzip"]),
    "gzip cut": http(
        gzip.compress(BODY + b" " * 99)[:-9], headers=["Content-Encoding: gzip"]
    ),
    "deflate": http(zlib.compress(BODY), headers=["Content-Encoding: deflate"]),
    "raw deflate": http(
        zlib.compress(BODY)[2:-4], headers=["Content-Encoding: deflate"]
    ),
    "the last byte missing": http(BODY, cut=1),
    "the last byte missing, reset": Say(http(BODY, cut=1).data, "reset"),
    "the last byte missing, open": Say(http(BODY, cut=1).data, "hang"),
    "a length that is too long": http(BODY, length=len(BODY) + 50, then="close"),
    "a length beside chunks": raw(HEAD, LENGTH, CHUNKED, b"\r\n", IN_CHUNKS),
    "a length beside chunks, open": raw(
        HEAD, LENGTH, CHUNKED, b"\r\n", IN_CHUNKS, then="hang"
    ),
    "chunks that are none": raw(HEAD, CHUNKED, b"\r\n", BODY),
    "a chunk that is cut": raw(HEAD, CHUNKED, b"\r\n", IN_CHUNKS[:-9]),
    "a chunk size that is wrong": raw(
        HEAD, CHUNKED, b"\r\n", b"fffff\r\n", BODY, b"\r\n0\r\n\r\n"
    ),
    "two lengths": raw(HEAD, LENGTH, b"Content-Length: 5\r\n\r\n", BODY),
    "a length that is no number": raw(HEAD, b"Content-Length: many\r\n\r\n", BODY),
    "no length": raw(HEAD, b"\r\n", BODY),
    "bare line ends": raw(b"HTTP/1.1 200 OK\nX: y\n\n", BODY),
    "a header without a colon": raw(HEAD, b"oops\r\n", LENGTH, b"\r\n", BODY),
    "a header name with spaces": raw(HEAD, b"X Y: z\r\n", LENGTH, b"\r\n", BODY),
    "a header with a NUL": raw(HEAD, b"X: a\x00b\r\n", LENGTH, b"\r\n", BODY),
    "a status without words": raw(b"HTTP/1.1 200\r\n", LENGTH, b"\r\n", BODY),
    "an old version": raw(b"HTTP/1.0 200 OK\r\n\r\n", BODY),
    "a version that is none": raw(b"HTTP/1.7 200 OK\r\n", LENGTH, b"\r\n", BODY),
    "no head at all": raw(BODY),
    "early hints first": raw(
        b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n", HEAD, LENGTH, b"\r\n", BODY
    ),
    "a notice before": http(b"<br />\n<b>Notice</b>: x in {main}\n" + BODY),
    "a mark before": http(b"\xef\xbb\xbf" + BODY),
    "a comment after": http(BODY + b"<!-- cached -->"),
    "the legacy form": http({"code": 200, "data": {"task_id": TASK_ID}}),
    "camel case": http({"taskId": TASK_ID}),
    "an id beside a 500": http({"error": "oops", "task_id": TASK_ID}, 500),
    "an id beside a 403": http({"error": "Queue is full", "task_id": TASK_ID}, 403),
    "an id beside a 429": http({"error": "slow", "task_id": TASK_ID}, 429),
    "an id in a location": http(
        b"", 201, headers=[f"Location: /api/v1/suno/task/{TASK_ID}"]
    ),
    "an id before a megabyte": http(BODY[:-1] + b', "x": "' + b"x" * 1_000_000),
    "an id before ten megabytes": http(BODY[:-1] + b', "x": "' + b"x" * 10_000_000),
}

# Something was said, and no one task's id is in it: a person must be able to read it.
SENT = ["not sent again", "job.found(task_id)", "may have been charged"]
LOST: dict[str, tuple[Say, Sequence[str]]] = {
    "another name for the id": (http({"ticket": "t-77"}), ["t-77"]),
    "two ids": (http({"task_id": "t-77", "taskId": "t-78"}), ["t-77", "t-78"]),
    "a cut in the id": (http(b'{"task_id": "t-77', length=99, then="close"), ["t-77"]),
    "an id that is a path": (http({"task_id": "..", "n": "t-77"}), ["t-77"]),
    "a page": (http(b"<html>t-77</html>"), ["t-77", "HTTP 200"]),
    "a 500 with words": (http({"error": "oops t-77"}, 500), ["oops t-77", "500"]),
    "a 502 page": (http(b"<html>t-77</html>", 502), ["t-77", "502"]),
    "a 409": (http({"error": "duplicate of t-77"}, 409), ["t-77", "409"]),
    "nothing": (http(b""), ["no body"]),
    "a head without its body": (raw(HEAD, b"Content-Length: 9\r\n\r\n"), ["cut off"]),
    "no words at all": (raw(b""), ["closed before a reply"]),
    "a code that is none": (http({"code": 1001, "msg": "t-77"}), ["t-77"]),
}

# The service says no.
REFUSED: dict[str, tuple[Say, str, Sequence[str]]] = {
    "a code as text": (
        http({"code": "403", "message": "No"}),
        "ApiError",
        ["403: No."],
    ),
    "success: false": (
        http({"success": False, "message": "No"}),
        "ApiError",
        ["200: No."],
    ),
    "words": (
        http({"message": "The lyrics contain inappropriate content: 'x'."}, 403),
        "ContentRefused",
        ["inappropriate", "Change the words."],
    ),
    "credits": (
        http({"message": "The remaining credits are not enough."}, 403),
        "OutOfCredits",
        ["Buy credits"],
    ),
    "a firewall's page": (
        http(b"<html>Copyright 2025. Queue is full. authorization</html>", 403),
        "ApiError",
        ["web page", "firewall", "403"],
    ),
    "a redirect": (
        http(b"", 301, headers=["Location: https://api.example/v2"]),
        "ApiError",
        ["301", "https://api.example/v2", "AIOMUSIC_BASE_URL"],
    ),
    "a proxy's login": (http(b"", 407), "ApiError", ["407", "HTTPS_PROXY"]),
    "a malformed refusal": (
        raw(b"HTTP/1.1 403 No\r\nX: a\x00b\r\n\r\n", b'{"message": "Bad words"}'),
        "ApiError",
        ["403: Bad words."],
    ),
    "three megabytes of words": (
        http({"message": "no " * 1_000_000}, 400),
        "InvalidRequest",
        ["400", "Change the request."],
    ),
}

PAGES = [
    http(f"<!DOCTYPE html><body>{words}</body>".encode(), status)
    for status, words in (
        (403, "Copyright 2025"),
        (403, "inappropriate"),
        (401, "authorization required"),
        (403, "task not found"),
        (400, "Copyright"),
        (422, "moderation"),
        (404, "nothing here"),
        (503, "Copyright"),
    )
]
ODD_POLLS = [
    http({"code": 200, "data": {}}),
    http({"code": 200}),
    http({"code": 200, "data": None}),
    http({"code": 200, "data": [None]}),
    http({"code": 200, "data": [clip(1, "running"), None]}),
    http({"code": 200, "data": [{"clip_id": "", "state": "pending"}]}),
    http({"code": 200, "data": "A" * 100_000}),
    http({"code": 200, "data": {"status": "processing", "clips": {}}}),
    http(b"", 202),
    http({"code": 200, "data": [clip(1, "dreaming"), clip(2, "running")]}),
]
LAST_BAD = [
    http({"code": 200, "data": []}, headers=[f"X-Policy: {'x' * 9000}"]),
    http({"code": 200, "data": []}, headers=["Content-Encoding: gzip"]),
    http(b"x" * 10_000_000),
    http(b"[" * 100_000),
    http({"code": 200, "data": []}, cut=1),
    raw(HEAD, CHUNKED, LENGTH, b"\r\n", b"2\r\n{}\r\n0\r\n\r\n"),
]

REFUND = "Generation failed. Credits have been refunded."
ENDS: dict[str, tuple[object, str, str]] = {
    "FAILED beside nothing": (
        {"status": "FAILED", "data": [], "message": REFUND},
        "refunded",
        "given back",
    ),
    "a code beside the id": (
        {"code": 500, "task_id": TASK_ID, "message": "It broke"},
        "unknown",
        "It broke",
    ),
    "a reason": (
        {"data": [clip(n, "failed", fail_reason="No voice") for n in (1, 2)]},
        "unknown",
        "No voice",
    ),
    "an error": (
        {"data": [clip(n, "cancelled", error=REFUND) for n in (1, 2)]},
        "refunded",
        "refunded",
    ),
    "expired": (
        {"data": {"status": "expired", "msg": "Too old"}},
        "unknown",
        "Too old",
    ),
}

SITUATIONS: dict[str, Situation] = {
    **{
        f"accepted: {name}": Situation(
            creates=(say,),
            options={"request_timeout_s": 0.6} if say.then == "hang" else {},
        )
        for name, say in ACCEPTED.items()
    },
    **{
        f"lost: {name}": Situation(
            creates=(say,),
            ends="SubmissionUnknown",
            charged="unknown",
            says=[*says, *SENT],
        )
        for name, (say, says) in LOST.items()
    },
    **{
        f"refused: {name}": Situation(
            creates=(say,),
            ends=error,
            charged="no",
            says=["suno.create: ", *says, "Nothing was charged."],
        )
        for name, (say, error, says) in REFUSED.items()
    },
    "polls: web pages": Situation(polls=(*PAGES, DONE)),
    "polls: what can't be read": Situation(polls=(*ODD_POLLS, DONE)),
    "polls: what is malformed": Situation(polls=(*LAST_BAD, DONE)),
    **{
        f"ends: {name}": Situation(
            polls=(RUNNING, http(body)), ends="JobFailed", charged=charged, says=[says]
        )
        for name, (body, charged, says) in ENDS.items()
    },
    "one clip that stays in a state that nobody knows": Situation(
        polls=(ok(clip(1), clip(2, "dreaming")),),
        ends="JobTimedOut",
        charged="yes",
        says=["1 of 2 clips is ready", "'dreaming'", "music.attach('suno'"],
        options={"job_timeout_s": 0.3},
    ),
}
