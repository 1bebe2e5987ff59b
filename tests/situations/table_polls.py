"""What polls are answered: bad ones, odd ones, and ends."""

from typing import Any

from raw_server import HERE, Say, http, ok
from situation import (
    CHUNKED,
    DONE,
    HEAD,
    LENGTH,
    RUNNING,
    TASK_ID,
    Situation,
    clip,
    raw,
)

__all__ = ["POLLS"]

# Somebody else than the service answers, or it says nothing of the task: one bad poll.
BAD: dict[str, Say] = {
    **{
        f"a page: {status} {words}": http(f"<!DOCTYPE html>{words}".encode(), status)
        for status, words in (
            (200, "Copyright 2025"),
            (403, "Copyright 2025"),
            (403, "inappropriate"),
            (401, "authorization required"),
            (403, "task not found"),
            (400, "Copyright"),
            (422, "moderation"),
            (404, "nothing here"),
            (410, "inappropriate"),
            (402, "credits are not enough"),
            (429, "too much copyright"),
            (451, "copyright"),
            (503, "Copyright"),
        )
    },
    "a text": http(b"inappropriate content", 403),
    "XML": http(b"<?xml?><Error>copyrighted authorization</Error>", 403),
    "a firewall's JSON": http(
        {"success": False, "errors": [{"code": 1020, "message": "inappropriate"}]}, 403
    ),
    "a firewall's sentence": http({"message": "Forbidden. Copyright 2025 Wall"}, 403),
    "a page in JSON": http({"message": "<html>copyrighted content</html>"}, 403),
    "JSON in a page": http(b'<script>{"message": "copyrighted"}</script>', 403),
    "another field of JSON": http({"footer": "copyrighted content"}, 403),
    "JSON that is a text": http(b'"copyrighted content"', 403),
    "JSON that is a list": http(["copyrighted content"], 403),
    "a server's error": http({"error": "inappropriate content"}, 502),
    "a status that is not the service's": http({"message": "copyrighted"}, 451),
    "a full queue": http({"message": "Queue is full"}, 403),
    "a rate": http({"message": "API QPS limit exceeded"}, 403),
    "no such task, yet": http({"message": "task not found."}, 400),
    "a redirect": http(b"", 302, headers=["Location: /login"]),
    "a proxy's login": http(b"", 407),
    "nothing": http(b""),
    "a drop": raw(b""),
    "a reset": Say(b"", "reset"),
    "a long header": http({"data": []}, headers=[f"X-Policy: {'x' * 9000}"]),
    "gzip said of plain JSON": http({"data": []}, headers=["Content-Encoding: gzip"]),
    "ten megabytes": http(b"x" * 10_000_000),
    "a hundred thousand brackets": http(b"[" * 100_000),
    "a byte missing": http({"data": []}, cut=1),
    "a length beside chunks": raw(
        HEAD, CHUNKED, LENGTH, b"\r\n", b"2\r\n{}\r\n0\r\n\r\n"
    ),
}

# The task is well, and what is said of it is odd: no news.
ODD: dict[str, object] = {
    "no data": {"code": 200},
    "null": {"code": 200, "data": None},
    "an object": {"data": {}},
    "a number": {"data": 0},
    "a text": {"data": "A" * 100_000},
    "a null entry": {"data": [None]},
    "a null entry beside a clip": {"data": [clip(1, "running"), None]},
    "numbers for clips": {"data": [1, 2]},
    "a list in a list": {"data": [[clip(1, "running")]]},
    "an empty id": {"data": [clip(1, "pending", clip_id="")]},
    "an id that is null": {"data": [clip(1, "pending", clip_id=None)]},
    "an id that is an object": {"data": [clip(1, "running", clip_id={})]},
    "no id": {"data": [{"state": "running"}]},
    "the legacy form": {"data": {"status": "processing", "clips": {}}},
    "a state that is null": {"data": [clip(1, None), clip(2, None)]},
    "a state that is an object": {"data": [clip(1, {}), clip(2, [])]},
    "a long state": {"data": [clip(1, "x" * 100_000)]},
    "a long number": b'{"data": [{"clip_id": "c", "duration": %s}]}' % (b"9" * 5000),
    "a state that nobody knows": {"data": [clip(1, "dreaming"), clip(2, "running")]},
    "a code as text": {"code": "202", "message": "x"},
    "not ready": {"type": "not_ready"},
    "an empty object": {},
    "an empty list": [],
    "null alone": b"null",
    "a text alone": b'"running"',
}

# A song is there, in another form.
U = f"{HERE}/1.mp3"
FOUND: dict[str, object] = {
    "clips by their ids": {"data": {"c1": clip(1), "c2": clip(2)}},
    "clips without an id": {
        "data": {n: {"state": "succeeded", "audio_url": U} for n in ("a", "b")}
    },
    "the legacy form": {
        "data": {
            "status": "completed",
            "clips": {n: {"id": n, "audio_url": U} for n in ("a", "b")},
        }
    },
    "id and status": {
        "data": [{"id": n, "status": "complete", "audio_url": U} for n in (1, 2)]
    },
    "camel case": {
        "data": [{"clipId": n, "state": "done", "audioUrl": U} for n in ("a", "b")]
    },
    "songs": {
        "data": [{"song_id": n, "state": "done", "song_url": U} for n in ("a", "b")]
    },
    "a link in a list": {"data": [clip(n, audio_url=[U]) for n in (1, 2)]},
    "a link in an object": {"data": [clip(n, audio_url={"url": U}) for n in (1, 2)]},
    "a wrapper": {
        "data": {
            "status": "SUCCESS",
            "response": {"tracks": [{"id": n, "audio_url": U} for n in ("a", "b")]},
        }
    },
    "a list alone": [clip(1), clip(2)],
    "a code as text": {"code": "200", "data": [clip(1), clip(2)]},
    "fields that are something else": {
        "data": [clip(1, title=5, tags=["a"], duration="x", created_at=17), clip(2)]
    },
    **{
        f"a state of {word!r}": {"data": [clip(1, word), clip(2, word)]}
        for word in (
            *("complete", "COMPLETED", "done", "finished", "Success", "succeed"),
            *(200, "200", "Finish"),
        )
    },
}

REFUND = "Generation failed. Credits have been refunded."
BACK, UNSAID = "Its credits were given back.", "Look at your balance"
# How a task that fails is told, what is known of the money, and why.
ENDS: dict[str, tuple[object, str, str]] = {
    "FAILED beside nothing": (
        {"status": "FAILED", "data": [], "message": REFUND},
        "refunded",
        REFUND,
    ),
    "FAILED and no data": ({"state": "FAILED"}, "unknown", "no reason"),
    "FAILED in data": (
        {"code": "success", "data": {"status": "FAILURE", "fail_reason": "No luck"}},
        "unknown",
        "No luck",
    ),
    "a code beside the id": (
        {"code": 500, "task_id": TASK_ID, "message": "It broke"},
        "unknown",
        "It broke",
    ),
    "a code as text beside the id": (
        {"code": "500", "data": {"task_id": TASK_ID}, "msg": "It broke"},
        "unknown",
        "It broke",
    ),
    **{
        f"a state of {word!r}": (
            {"data": [clip(1, word), clip(2, word)]},
            "unknown",
            "no reason",
        )
        for word in (
            *("failed", "ERROR", "cancelled", "canceled", "expired", "timeout"),
            *("TIMED_OUT", "rejected", "CREATE_TASK_FAILED", "terminated", 500),
        )
    },
    **{
        f"a reason in {name}": (
            {"data": [clip(n, "failed", **{name: "No voice"}) for n in (1, 2)]},
            "unknown",
            "No voice",
        )
        for name in ("fail_reason", "error", "message", "failReason", "error_message")
    },
    "a reason in an object": (
        {"data": [clip(n, "failed", error={"message": "No voice"}) for n in (1, 2)]},
        "unknown",
        "No voice",
    ),
    **{
        f"money: {words}": ({"status": "failed", "message": words}, "refunded", words)
        for words in (
            "Credits refunded.",
            "We have refunded your 10 credits.",
            "Your credits were returned.",
            "The credits have been given back.",
        )
    },
    **{
        f"money: {words}": ({"status": "failed", "message": words}, "unknown", words)
        for words in (
            "Credits were not refunded.",
            "No refund: the credits are kept.",
            "Credits will be refunded.",
            "Half of the credits were refunded.",
            "The credits check returned an error.",
        )
    },
    "a callback's form": (
        {"type": "failed", "message": "No luck", "refund_processed": True},
        "refunded",
        "No luck",
    ),
    "a flag": ({"status": "failed", "refund_processed": True}, "refunded", "no reason"),
    "a flag in data": (
        {"data": {"status": "FAILED", "refund_processed": "true"}},
        "refunded",
        "no reason",
    ),
    "a flag on each clip": (
        {"data": [clip(n, "failed", refunded=True) for n in (1, 2)]},
        "refunded",
        "no reason",
    ),
    "a refund on a clip": (
        {"data": [clip(n, "cancelled", error=REFUND) for n in (1, 2)]},
        "refunded",
        REFUND,
    ),
    "too old": (
        {"data": {"status": "expired", "msg": "Too old"}},
        "unknown",
        "Too old",
    ),
}

# What the service refuses only as it makes the song.
WORDS = {
    f"{status} {words}": (status, words)
    for status in (403, 400)
    for words in (
        "The lyrics contain copyrighted content: 'x'. Please use original lyrics.",
        "The lyrics contain inappropriate content: 'x'.",
        "The song description needs moderation review.",
        "The song description contains artist names: 'x' which is not allowed.",
        "The song description contains producer tags: 'x' which is not allowed.",
        "The lyrics format is invalid. Please check and try again.",
    )
}

# For as long as a task may take: what is known of it must be in the error.
STUCK: dict[str, tuple[Any, list[str]]] = {
    "one clip that stays": (ok(clip(1), clip(2, "running")), ["1 of 2 clips is ready"]),
    "a state that nobody knows": (
        ok(clip(1), clip(2, "dreaming")),
        ["1 of 2 clips is ready", "'dreaming'"],
    ),
    "a number that nobody knows": (ok(clip(1, 3), clip(2, 3)), ["not known: 3"]),
    "a task's own state that nobody knows": (
        http({"status": "HIBERNATING", "data": []}),
        ["'HIBERNATING'"],
    ),
    "entries that can't be read": (ok(None, None), ["2 entries", "can't be read"]),
    "nothing": (ok(), ["still pending"]),
}
LOST_SIGHT: dict[str, tuple[Say, list[str]]] = {
    "pages": (http(b"<html>blocked</html>", 403), ["403", "web page", "firewall"]),
    "server errors": (http({"message": "Oops"}, 500), ["500", "Oops"]),
    "drops": (raw(b""), ["closed before a reply"]),
    "a redirect": (
        http(b"", 302, headers=["Location: https://e.org/new"]),
        ["https://e.org/new", "base_url="],
    ),
    "a proxy's login": (http(b"", 407), ["407", "HTTPS_PROXY"]),
    "no JSON": (http(b"hello"), ["not JSON", "hello"]),
}

POLLS: dict[str, Situation] = {
    **{f"poll: {name}": Situation(polls=(say, DONE)) for name, say in BAD.items()},
    **{
        f"odd: {name}": Situation(polls=(http(body), DONE))
        for name, body in ODD.items()
    },
    **{
        f"found: {name}": Situation(polls=(RUNNING, http(body)))
        for name, body in FOUND.items()
    },
    **{
        f"ends: {name}": Situation(
            polls=(RUNNING, http(body)),
            ends="JobFailed",
            charged=charged,
            says=["suno task: ", says, BACK if charged == "refunded" else UNSAID],
        )
        for name, (body, charged, says) in ENDS.items()
    },
    **{
        f"refused on a poll: {name}": Situation(
            polls=(http({"message": words}, status),),
            ends="ContentRefused",
            charged="unknown",
            says=[words, "Change the words.", UNSAID],
        )
        for name, (status, words) in WORDS.items()
    },
    "refused on a poll, and paid back": Situation(
        polls=(http({"message": f"Moderation. {REFUND}"}, 403),),
        ends="ContentRefused",
        charged="refunded",
        says=[REFUND, BACK],
    ),
    "too late, and paid back": Situation(
        polls=(http({"message": f"Task timed out. {REFUND}"}, 504),),
        ends="JobFailed",
        charged="refunded",
        says=["504", REFUND, BACK],
    ),
    **{
        f"stuck: {name}": Situation(
            polls=(say,),
            ends="JobTimedOut",
            charged="yes",
            says=[*says, "music.attach('suno'"],
            options={"job_timeout_s": 30},
        )
        for name, (say, says) in STUCK.items()
    },
    **{
        f"lost sight of: {name}": Situation(
            polls=(say,),
            ends="JobDetached",
            charged="yes",
            says=[*says, "music.attach("],
        )
        for name, (say, says) in LOST_SIGHT.items()
    },
    "an unknown state is named at once": Situation(
        polls=(ok(clip(1, "dreaming"), clip(2, "running")), DONE),
        logs=["a state that is not known: 'dreaming'"],
    ),
    "a task's own unknown state is named at once": Situation(
        polls=(http({"status": "HIBERNATING", "data": []}), DONE),
        logs=["a state that is not known: 'HIBERNATING'"],
    ),
}
