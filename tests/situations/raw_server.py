"""A server of bytes: it says exactly what it is told, be it HTTP or not."""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self, final

import attrs

__all__ = ["HERE", "RawServer", "Say", "http", "ok"]

CREDITS = {"credits": 100, "extra_credits": 0}
# Stands in replies for the server's own address, which is as long.
HERE = "http://127.0.0.1:00000"


@final
@attrs.frozen
class Say:
    """
    Bytes to answer with.

    Args:
        then: What follows: ``keep`` the connection for more, ``close`` it, ``reset``
            it, or ``hang`` until the client gives up.
        until: It is said again and again, until a request line holds that.
        before: Called when the request is there, before anything is said.
        after: Called when all is said.
        more: What follows *data*, piece by piece: slow, or too much to hold.
    """

    data: bytes
    then: str = "keep"
    until: str = ""
    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None
    more: Iterable[bytes] = ()


def http(
    body: object = b"",
    status: int = 200,
    *,
    headers: Sequence[str] = (),
    length: int | None = None,
    cut: int = 0,
    then: str = "keep",
) -> Say:
    """Spell a reply: *length* says another length, *cut* leaves out last bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    size = len(raw) if length is None else length
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {size}", *headers]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    whole = head + raw
    return Say(whole[: len(whole) - cut], "close" if cut else then)


def ok(*clips: object) -> Say:
    """Answer a poll as the service does."""
    return http({"code": 200, "data": list(clips), "message": "success"})


@final
class RawServer:
    """
    Listens on loopback; each answer is given once, and the last one for ever.

    Args:
        creates, polls, credits_: What is answered.
        files: What is answered to those who ask for a path that begins so.
        respond: Answers in their place, from a request's first line and its body.

    Attributes:
        requests: The first line of all that came.
        posts: The bodies of those that are paid for.
    """

    def __init__(
        self,
        creates: Sequence[Say] = (),
        polls: Sequence[Say] = (),
        credits_: Say | None = None,
        *,
        files: Mapping[str, Sequence[Say]] | None = None,
        respond: Callable[[str, bytes], Say] | None = None,
    ) -> None:
        self.requests: list[str] = []
        self.posts: list[bytes] = []
        self._creates, self._polls = deque(creates), deque(polls)
        self._files = {path: deque(says) for path, says in (files or {}).items()}
        self._credits = http(CREDITS) if credits_ is None else credits_
        self._respond = respond
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port:05}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A thread that waits in accept() is woken by a connection, not by a close.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for one in self._sockets:
                _end(one)
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: Callable[..., None], *values: object) -> None:
        thread = threading.Thread(target=work, args=values, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._sockets.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            while (request := _read(connection)) is not None:
                say = self._answer(*request)
                say.before()
                connection.sendall(say.data.replace(HERE.encode(), self.url.encode()))
                for piece in say.more:
                    connection.sendall(piece)
                say.after()
                if say.then == "hang":
                    connection.recv(1)
                if say.then == "reset":
                    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                if say.then != "keep":
                    return
        except OSError:
            return
        finally:
            connection.close()

    def _answer(self, line: str, body: bytes) -> Say:
        with self._lock:
            self.requests.append(line)
            if line.startswith("POST"):
                self.posts.append(body)
            if self._respond is not None:
                return self._respond(line, body)
            if line.startswith("POST"):
                script = self._creates
            elif "get-credits" in line:
                return self._credits
            else:
                script = self._file(line) or self._polls
            until = script[0].until
            is_over = not until or any(until in line for line in self.requests)
            return script.popleft() if is_over and len(script) > 1 else script[0]

    def _file(self, line: str) -> deque[Say] | None:
        path = line.split(" ")[1]
        return next(
            (f for name, f in self._files.items() if path.startswith(name)), None
        )


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _read(connection: socket.socket) -> tuple[str, bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {n.lower(): v.strip() for n, _, v in (x.partition(":") for x in lines[1:])}
    while len(body) < int(fields.get("content-length", "0")):
        body += connection.recv(65536)
    return lines[0], body
