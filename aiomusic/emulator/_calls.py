"""The log of calls, bounded in number and bytes."""

import collections
import json
from typing import Any, Final, final

import attrs

__all__ = ["Call", "CallLog", "from_json"]

MAX_BODY_BYTES: Final = 64 * 1024
"""More than any request needs; larger bodies are not kept."""
MAX_LOG_BYTES: Final = 32 * 1024 * 1024


def from_json(raw: bytes) -> object:
    """Return the parsed JSON, or the text if it is not JSON."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw.decode(errors="replace")


@final
@attrs.frozen(repr=False)
class Call:
    """
    One received call.

    Attributes:
        sent_key: Whether an ``Authorization`` header came with it.
    """

    method: str
    path: str
    # Parsed on demand: parsed JSON takes up to thirty times the memory of its text.
    _raw: bytes | None = None
    sent_key: bool = False

    def __repr__(self) -> str:
        body = self.body
        if isinstance(body, dict) and "webhook_secret" in body:
            body = {**body, "webhook_secret": "..."}
        return (
            f"Call(method={self.method!r}, path={self.path!r}, body={body!r},"
            f" sent_key={self.sent_key})"
        )

    @property
    def body(self) -> Any:  # noqa: ANN401 - JSON
        """
        The parsed JSON body, or the text if it is not JSON.

        None: there was no body, it was not read, or it was too large to keep.
        """
        return None if self._raw is None else from_json(self._raw)

    @property
    def size_bytes(self) -> int:
        """The bytes that are kept of it."""
        return len(self.path) + len(self._raw or b"")


@final
@attrs.define(eq=False)
class CallLog:
    """
    The latest calls.

    Args:
        max_calls: How many; fewer, if they are large.
    """

    _max_calls: int
    _calls: collections.deque[Call] = attrs.field(factory=collections.deque, init=False)
    _size_bytes: int = attrs.field(default=0, init=False)

    def add(self, method: str, path: str, raw: bytes | None, *, sent_key: bool) -> None:
        """Add a call, and drop the oldest if there are too many."""
        if raw is not None and len(raw) > MAX_BODY_BYTES:
            raw = None
        call = Call(method, path, raw, sent_key)
        self._calls.append(call)
        self._size_bytes += call.size_bytes
        while len(self._calls) > self._max_calls or self._size_bytes > MAX_LOG_BYTES:
            self._size_bytes -= self._calls.popleft().size_bytes

    def all(self) -> tuple[Call, ...]:
        """Return all calls, oldest first."""
        return tuple(self._calls)
