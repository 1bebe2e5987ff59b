"""One course of events, as data: what is said, what is seen, what it means."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, final

import attrs
from raw_server import HERE, Say, http, ok

__all__ = [
    "BODY",
    "CHUNKED",
    "DONE",
    "HEAD",
    "IN_CHUNKS",
    "KEY",
    "LENGTH",
    "RUNNING",
    "TASK_ID",
    "YES",
    "Situation",
    "clip",
    "raw",
]

KEY = "sk-7f3aQ9zLm2Xw84Tn"
TASK_ID = "468d0e42-f7a6-40ce-9a4c-37db56b13b99"


@final
@attrs.frozen(kw_only=True)
class Situation:
    """
    One course of events.

    Args:
        creates, polls: What is answered, in order; the last for ever.
        files: What is answered to those who ask for a file at a path that begins so;
            where there are some, the job is saved.
        ends: The number of clips, or the name of the error.
        charged: What the error says of the money.
        says: What must stand in the error.
        logs: What must stand in the log.
        posts: How many creates may go out.
        task: The id that the service gave out, which must not be lost; None: none.
        stores: The files that are stored, in order.
        is_streamed: Whether the first clip is downloaded as soon as it plays.
        asks: Lines that must stand among the requests, byte for byte.
        options: Of the session.
    """

    creates: Sequence[Say] = ()
    polls: Sequence[Say] = ()
    files: Mapping[str, Sequence[Say]] = attrs.field(factory=dict)
    ends: int | str = 2
    charged: str = ""
    says: Sequence[str] = ()
    logs: Sequence[str] = ()
    posts: int = 1
    task: str | None = TASK_ID
    stores: Sequence[bytes] = ()
    is_streamed: bool = False
    asks: Sequence[str] = ()
    options: dict[str, Any] = attrs.field(factory=dict)


def clip(
    number: int = 1, state: object = "succeeded", **more: object
) -> dict[str, Any]:
    """Spell a clip as the service does."""
    url = f"{HERE}/{number}.mp3"
    return {"clip_id": f"c{number}", "state": state, "audio_url": url, **more}


def raw(*parts: bytes, then: str = "close") -> Say:
    """Return bytes as they are."""
    return Say(b"".join(parts), then)


YES = http({"message": "success", "task_id": TASK_ID})
DONE = ok(clip(1), clip(2))
RUNNING = ok(clip(1, "running"), clip(2, "running"))
BODY = json.dumps({"message": "success", "task_id": TASK_ID}).encode()
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
IN_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
