"""What a create is answered: a task, no, or something that leaves it open."""

import gzip
import json
import zlib
from collections.abc import Sequence

from raw_server import Say, http
from situation import (
    BODY,
    CHUNKED,
    HEAD,
    IN_CHUNKS,
    LENGTH,
    TASK_ID,
    Situation,
    raw,
)

__all__ = ["ACCEPTED", "CREATES"]

SWITCHED = b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"

# The task was made, and what tells of it is not quite HTTP, or not quite JSON.
ACCEPTED: dict[str, Say] = {
    "a header of 9 kB": http(BODY, headers=[f"Content-Security-Policy: {'x' * 9000}"]),
    "a header of three megabytes": http(BODY, headers=[f"X: {'x' * 3_000_000}"]),
    "a switch of protocols": raw(SWITCHED, LENGTH, b"\r\n", BODY),
    "a switch of protocols, open": raw(SWITCHED, b"\r\n", BODY, then="hang"),
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
    "an id behind three megabytes": http(b"x" * 3_000_000 + BODY),
    "an id at the end of three megabytes": http(
        b'{"x": "' + b"x" * 3_000_000 + b'", ' + BODY[1:]
    ),
    "gzip twice": http(
        gzip.compress(gzip.compress(BODY)), headers=["Content-Encoding: gzip, gzip"]
    ),
    "gzip in two members": http(
        gzip.compress(BODY[:9]) + gzip.compress(BODY[9:]),
        headers=["Content-Encoding: gzip"],
    ),
    "gzip that nobody names": http(gzip.compress(BODY)),
    "gzip called brotli": http(gzip.compress(BODY), headers=["Content-Encoding: br"]),
    "deflate said of plain JSON": http(BODY, headers=["Content-Encoding: deflate"]),
    "deflate said of a notice": http(
        b"<b>Notice</b>" + BODY, headers=["Content-Encoding: deflate"]
    ),
    "zstd said of plain JSON": http(BODY, headers=["Content-Encoding: zstd"]),
    "gzip in chunks": raw(
        HEAD,
        b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(gzip.compress(BODY)), gzip.compress(BODY)),
    ),
    "chunks without an end": raw(
        HEAD, CHUNKED, b"\r\n", IN_CHUNKS.removesuffix(b"0\r\n\r\n"), then="hang"
    ),
    "chunks with extensions": raw(
        HEAD, CHUNKED, b"\r\n", IN_CHUNKS.replace(b"\r\n", b";a=b\r\n", 1)
    ),
    "chunks with bare line ends": raw(
        HEAD, CHUNKED, b"\r\n", b"%x\n%s\n0\n\n" % (len(BODY), BODY)
    ),
    "a length of nothing": http(BODY, length=0, then="close"),
    "a length that is too short": http(BODY, length=9, then="close"),
    "a length below nothing": raw(HEAD, b"Content-Length: -1\r\n\r\n", BODY),
    "no content": http(BODY, 204, then="close"),
    "not modified": http(BODY, 304, then="close"),
    "accepted": http(BODY, 202),
    "a line before the head": raw(b"\r\n", HEAD, LENGTH, b"\r\n", BODY),
    "another protocol": raw(b"ICY 200 OK\r\n", LENGTH, b"\r\n", BODY),
    "a status that is none": raw(b"HTTP/1.1 2000 OK\r\n", LENGTH, b"\r\n", BODY),
    "a thousand headers": http(BODY, headers=[f"X-{n}: {n}" for n in range(1000)]),
    "a header in no known letters": raw(HEAD, b"X: \xff\r\n", LENGTH, b"\r\n", BODY),
    "UTF-16": http(BODY.decode().encode("utf-16")),
    "two replies in one": raw(*[HEAD + LENGTH + b"\r\n" + BODY] * 2),
    "an event stream": http(b"event: made\ndata: " + BODY + b"\n\n"),
    "a callback in a script": http(b"made(" + BODY + b");"),
    "a page around it": http(b"<html><pre>" + BODY + b"</pre></html>"),
    "a page that escapes it": http(
        b"<html>" + BODY.replace(b'"', b"&quot;") + b"</html>", 502
    ),
    "a dictionary of Python's": http(BODY.replace(b'"', b"'")),
    "a dump of PHP's": http(f'["task_id"]=>\n  string(36) "{TASK_ID}"'.encode()),
    "XML": http(f"<made><task_id>{TASK_ID}</task_id></made>".encode()),
    "a form": http(f"message=success&task_id={TASK_ID}".encode()),
    "YAML": http(f"message: success\ntask_id: {TASK_ID}\n".encode()),
    "a comma too many": http(BODY[:-1] + b",}"),
    "the id alone": http(TASK_ID.encode()),
    "the id as JSON": http(json.dumps(TASK_ID).encode()),
    "a list of ids": http({"task_ids": [TASK_ID]}),
    "an id at the top": http({"id": TASK_ID, "status": "pending"}),
    "JSON in JSON": http({"data": json.dumps({"taskId": TASK_ID})}),
    "an id beside a 401": http({"error": "who?", "task_id": TASK_ID}, 401),
    "an id beside a 410": http({"error": "gone", "data": {"task_id": TASK_ID}}, 410),
    "an id in an error": http({"error": {"message": "x", "task_id": TASK_ID}}, 422),
    "an id beside a code": http({"code": 403, "message": "No", "task_id": TASK_ID}),
    "an id beside a redirect": http(BODY, 302, headers=["Location: /login"]),
    "an id in a location's query": http(
        b"", 201, headers=[f"Location: /poll?task_id={TASK_ID}"]
    ),
    "an id in a header": http(b"", headers=[f"X-Task-Id: {TASK_ID}"]),
}

# Something was said, and no one task's id is in it: a person must be able to read it.
SENT = ["not sent again", "job.found(task_id)", "may have been charged"]
LOST: dict[str, tuple[Say, Sequence[str]]] = {
    "another name for the id": (http({"ticket": "t-77"}), ["t-77"]),
    "an id of another form": (http({"id": "t-77"}), ["t-77"]),
    "an id in a list of two": (http({"task_id": ["t-77", "x"]}), ["t-77"]),
    "an id beside an error's own": (http({"id": "t-77"}, 500), ["t-77", "500"]),
    "an id that is too long": (http({"task_id": "t-77" * 200}), ["t-77"]),
    "an id with an end of line": (http({"task_id": "t-77\nx"}), ["t-77"]),
    "a number that is no whole one": (http(b'{"task_id": 77.5}'), ["77.5"]),
    "a code that may come too late": (http({"code": "409", "n": "t-77"}), ["t-77"]),
    "an error without a code": (http({"error": "t-77"}), ["t-77"]),
    "a status that is none": (http(b"t-77", 666), ["t-77", "666"]),
    "a gateway's timeout": (http(b"<html>t-77</html>", 504), ["t-77", "504"]),
    "a portal": (http(b"<html>t-77</html>", 511), ["t-77", "511"]),
    "a reset": (Say(b"", "reset"), ["reset"]),
    "silence": (Say(b"", "hang"), ["took too long"]),
    "a head, and silence": (Say(http(length=9).data, "hang"), ["took too long"]),
    "two ids": (http({"task_id": "t-77", "taskId": "t-78"}), ["t-77", "t-78"]),
    "a cut in the id": (http(b'{"task_id": "t-77', length=99, then="close"), ["t-77"]),
    "an id that is a path": (http({"task_id": "..", "n": "t-77"}), ["t-77"]),
    "a page": (http(b"<html>t-77</html>"), ["t-77", "HTTP 200"]),
    "a 500 with words": (http({"error": "oops t-77"}, 500), ["oops t-77", "500"]),
    "a 502 page": (http(b"<html>t-77</html>", 502), ["t-77", "502"]),
    "a 409": (http({"error": "duplicate of t-77"}, 409), ["t-77", "409"]),
    "nothing": (http(b""), ["without a body"]),
    "a head without its body": (raw(HEAD, b"Content-Length: 9\r\n\r\n"), ["cut off"]),
    "no words at all": (raw(b""), ["closed before a reply"]),
    "a code that is none": (http({"code": 1001, "msg": "t-77"}), ["t-77"]),
}

# The service says no.
REFUSED: dict[str, tuple[Say, str, Sequence[str]]] = {
    **{
        f"a code as {code!r}": (
            http({"code": code, "message": "No"}),
            "ApiError",
            ["403"],
        )
        for code in (403, "403", " 403 ", 403.0, "403.0", "403 Forbidden")
    },
    **{
        f"a code under {name}": (
            http({name: 403, "m": "No"}),
            "ApiError",
            ["403", "No"],
        )
        for name in ("Code", "statusCode", "status_code", "status")
    },
    "a code in an error": (
        http({"error": {"code": 403, "message": "No"}}),
        "ApiError",
        ["403: No."],
    ),
    **{
        f"{name}: {value!r}": (
            http({name: value, "message": "No"}),
            "ApiError",
            ["200, but refused: No."],
        )
        for name, value in (
            ("success", False),
            ("success", "false"),
            ("success", 0),
            ("Success", False),
            ("ok", False),
            ("is_success", False),
            ("error", True),
        )
    },
    "success: false, and why": (
        http({"success": False, "message": "The remaining credits are not enough."}),
        "OutOfCredits",
        ["Buy credits"],
    ),
    "success: false, created": (
        http({"success": False, "message": "No"}, 201),
        "ApiError",
        ["201, but refused: No."],
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
    "a redirect to a path": (
        http(b"", 307, headers=["Location: /v2/create"]),
        "ApiError",
        ["307", "/v2/create"],
    ),
    "a redirect to nowhere": (http(b"", 308), "ApiError", ["308", "base_url="]),
    "a redirect with a password": (
        http(b"", 301, headers=["Location: https://me:pw-1234@e.org/?token=abcdefgh"]),
        "ApiError",
        ["301", "https://[hidden]@e.org/?[hidden]"],
    ),
    "a redirect that is long": (
        http(b"", 302, headers=["Location: https://e.org/" + "a" * 10_000]),
        "ApiError",
        ["302", "https://e.org/aaa", "Nothing was charged."],
    ),
    "a proxy's login": (http(b"", 407), "ApiError", ["407", "HTTPS_PROXY"]),
    "a page that wants a login": (
        http(b"<html>copyright</html>", 401),
        "AuthenticationFailed",
        ["401", "API key", "web page"],
    ),
    "a page in JSON": (
        http({"message": "<html>Copyright</html>"}, 403),
        "ApiError",
        ["403", "<html>"],
    ),
    "no words": (http(b"", 403), "ApiError", ["403"]),
    "another address": (http({"message": "Not Found"}, 404), "ApiError", ["404"]),
    "another method": (http(b"", 405), "ApiError", ["405"]),
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


def _named(say: Say) -> str | None:
    return "t-77" if b"t-77" in say.data else None


# Whoever hangs is waited for no longer than that.
_SHORT = {"request_timeout_s": 0.4}

CREATES: dict[str, Situation] = {
    **{
        f"accepted: {name}": Situation(
            creates=(say,), options=_SHORT if say.then == "hang" else {}
        )
        for name, say in ACCEPTED.items()
    },
    **{
        f"lost: {name}": Situation(
            creates=(say,),
            ends="SubmissionUnknown",
            charged="unknown",
            says=[*says, *SENT],
            task=_named(say),
            options=_SHORT if say.then == "hang" else {},
        )
        for name, (say, says) in LOST.items()
    },
    **{
        f"refused: {name}": Situation(
            creates=(say,),
            ends=error,
            charged="no",
            says=["suno.create: ", *says, "Nothing was charged."],
            task=None,
        )
        for name, (say, error, says) in REFUSED.items()
    },
}
