"""What may come to where callbacks are taken, over a socket, while a job waits."""

import asyncio
import base64
import contextlib
import gzip
import hashlib
import hmac
import itertools
import json
import random
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, final

import attrs
from aiohttp import web
from hostile_replies import POLLS
from hostile_run import Tally, heard, watch_loop, within
from hostile_values import KEY, VALUES, WEBHOOK_SECRET, echoes, mutations
from raw_server import RawServer, Say, http

from aiomusic import MusicError, MusicSession, suno

__all__ = ["run_calls"]

BODY: Final = {"task_id": "t-1", "platform": "suno", "event": "done", "data": [{}]}
BODY_S: Final = 0.3
TOGETHER: Final = 50
# Twenty megabytes of nothing.
BOMB: Final = gzip.compress(bytes(20_000_000), 1)
FIT: Final = {100, 204, 400, 401, 404, 405, 408, 413, 414, 415, 417, 431, 503, 505}


@final
@attrs.frozen
class Call:
    """A call by its name, and its bytes in pieces, with a pause between them."""

    name: str
    pieces: tuple[bytes, ...]
    pause_s: float = 0.0
    is_cut: bool = False


def _digest(*pieces: bytes) -> bytes:
    found = hmac.new(WEBHOOK_SECRET.encode(), digestmod=hashlib.sha256)
    for piece in pieces:
        found.update(piece)
    return found.digest()


def _sign(pieces: Sequence[bytes], form: str) -> list[str]:
    stamp = str(int(time.time()))
    if form == "newer":
        signature = _digest(f"{stamp}.".encode(), *pieces).hex()
        return [f"X-Webhook-Signature: {signature}", f"X-Webhook-Timestamp: {stamp}"]
    if form == "older":
        return [f"X-Signature: {base64.b64encode(_digest(*pieces)).decode()}"]
    return [f"X-Signature: {bytes(32).hex()}"] if form == "wrong" else []


def _call(
    name: str,
    body: bytes | Sequence[bytes],
    path: str = "/other",
    *headers: str,
    form: str = "older",
) -> Call:
    pieces = (body,) if isinstance(body, bytes) else tuple(body)
    size = sum(map(len, pieces))
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Length: {size}"]
    lines += [*_sign(pieces, form), *headers, "Connection: close"]
    head = "\r\n".join(lines).encode("latin-1", errors="replace") + b"\r\n\r\n"
    return Call(name, (head, *pieces))


def calls(token: str) -> Iterator[Call]:
    """Yield callbacks with every value in every field, and every fault of the wire."""
    other = f"/other?token={token}"
    for name, value in mutations(BODY, (*VALUES, *echoes())):
        yield _call(f"signed: {name}", value.pieces, other)
    body = json.dumps(BODY).encode()
    packed = gzip.compress(body)
    for form in ("newer", "older", "wrong", "none"):
        for path in PATHS:
            yield _call(f"{form}: {path[:40]}", body, path, form=form)
        for header in HEADERS:
            yield _call(f"{form}: {header[:40]!r}", body, other, header, form=form)
        for coding in ("gzip", "deflate", "br", "gzip, gzip"):
            for cut in (0, 1, 8, len(packed) - 2):
                sent = packed[: len(packed) - cut]
                header = f"Content-Encoding: {coding}"
                name = f"{form}: {coding} cut by {cut}"
                yield _call(name, sent, other, header, form=form)
        yield _call(f"{form}: a bomb", BOMB, other, "Content-Encoding: gzip", form=form)
    yield from _wire(body, other)


PATHS: Final = (
    *("/", "//", "/..", "/%2e%2e", "/%00", "/%ff", "/%ed%a0%80", "/" + "x" * 7000),
    *("/other?attempt=-1", "/other?attempt=" + "9" * 4000, "/other?attempt=²"),
    *("/other?token=%ed%a0%80", "/other?token=\xff", "/other?token=" + "0" * 5000),
    *("/other?" + "a=1&" * 1500, "/a/b/c", "/other;x", "*", "http://e.org/other"),
)
HEADERS: Final = (
    *(f"X-Signature: {text}" for text in ("", "sha256=", "\xff", "=" * 5000, "é")),
    *(f"X-Webhook-Signature: {text}" for text in ("", "0" * 64, "²" * 64)),
    *(f"X-Webhook-Timestamp: {text}" for text in ("-1", "9" * 4000, "²", "1e9")),
    *(f"Content-Type: {text}" for text in ("x", "multipart/form-data", "a;charset=x")),
    *(
        "Expect: 100-continue",
        "Expect: x",
        "Upgrade: websocket",
        "X-Long: " + "x" * 9000,
    ),
    *("Content-Length: 5", "Content-Length: -1", "Transfer-Encoding: chunked"),
)


def _wire(body: bytes, path: str) -> Iterator[Call]:
    whole = b"".join(_call("", body, path).pieces)
    for end in range(0, len(whole), max(1, len(whole) // 40)):
        yield Call(f"cut after {end}", (whole[:end],), is_cut=True)
    yield Call("one byte at a time", tuple(bytes([one]) for one in whole))
    yield Call(
        "slow bytes", tuple(whole[n : n + 9] for n in range(0, len(whole), 9)), 0.05
    )
    lines = (f"POST {path} HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "", "")
    head = "\r\n".join(lines).encode()
    yield Call("chunks of one byte", (head, b"1\r\nx\r\n" * 300_000, b"0\r\n\r\n"))
    yield Call("chunks without end", (head, *(b"1\r\nx\r\n",) * 40), 0.05)
    yield Call("a chunk of no size", (head, b"g\r\nx\r\n0\r\n\r\n"))
    for noise in (b"", b"\x00" * 99, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" * 30):
        yield Call(f"noise {noise[:9]!r}", (noise,), is_cut=True)


def run_calls(tally: Tally, rng: random.Random, *, share: float = 1.0) -> None:
    """Send calls, or a share of them, to a session whose job has lost its task."""
    with heard(tally) as log, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "songs.db"
        asyncio.run(_run(path, tally, lambda _: rng.random() < share))
        tally.check("callbacks: log", log.take())
        for one in path.parent.iterdir():
            tally.check("callbacks: journal", one.read_bytes())


def _respond(line: str, _body: bytes) -> Say:
    if line.startswith("POST"):
        return Say(b"", "close")
    if "get-credits" in line:
        return http({"credits": 100, "extra_credits": 0})
    return http(POLLS["suno.create"])


async def _run(path: Path, tally: Tally, is_wanted: Callable[[Call], bool]) -> None:
    watch = asyncio.create_task(watch_loop(tally))
    with RawServer(respond=_respond) as server:
        music = MusicSession(
            KEY,
            base_url=server.url,
            journal=path,
            poll_every_s=0.05,
            webhook_url="https://music.example/hooks",
            webhook_secret=WEBHOOK_SECRET,
        )
        try:
            async with asyncio.timeout(300), music:
                await _in_session(music, tally, is_wanted)
        except (Exception, TimeoutError) as error:  # noqa: BLE001 - it is told
            said = "".join(traceback.format_exception(error))
            tally.wrong.append(f"callbacks: the session raised {said}")
    watch.cancel()


async def _in_session(
    music: MusicSession, tally: Tally, is_wanted: Callable[[Call], bool]
) -> None:
    assert music.webhooks is not None
    music.webhooks.body_s = BODY_S
    job = music.submit(suno.Create("a song"), key="lost")
    async for _ in job.updates():
        if str(job.state) == "unknown":
            break
    runner = web.AppRunner(music.webhooks.app(), access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    token = music.webhooks.token("other")
    try:
        todo = filter(is_wanted, calls(token))
        while some := list(itertools.islice(todo, TOGETHER)):
            await _send_all(some, port, tally)
        good = _call("good", json.dumps(BODY).encode(), _path(music))
        await _send_all([good], port, tally)
        async with asyncio.timeout(10):
            clips = await job
        if len(clips) != 2 or job.task_id != "t-1":
            tally.wrong.append(f"callbacks: the lost job became {job!r}")
    except MusicError as error:
        tally.failed("callbacks", error)
        tally.wrong.append(f"callbacks: the lost job ended as {error}")
    finally:
        await runner.cleanup()


def _path(music: MusicSession) -> str:
    assert music.webhooks is not None
    return f"/lost?token={music.webhooks.token('lost')}"


async def _send_all(some: Sequence[Call], port: int, tally: Tally) -> None:
    await asyncio.gather(*(_send(one, port, tally) for one in some))


async def _send(call: Call, port: int, tally: Tally) -> None:
    tally.cases["callbacks"] += 1
    limit_s = BODY_S + call.pause_s * len(call.pieces)
    began = tally.now()
    said = b""
    try:
        said = await within(limit_s + 6, _exchange(call, port), tally)
    except TimeoutError:
        tally.wrong.append(f"callback {call.name}: no answer")
    tally.settled(f"callback {call.name}", tally.now() - began, limit_s)
    tally.check(f"callback {call.name}", said)
    words = said.split(b" ", 2)
    status = int(words[1]) if said.startswith(b"HTTP/") and len(words) > 1 else None
    tally.ends[f"status {status}"] += 1
    if status is not None and status not in FIT:
        tally.wrong.append(f"callback {call.name}: answered {said[:200]!r}")


async def _exchange(call: Call, port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    try:
        with contextlib.suppress(ConnectionError):
            for piece in call.pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(call.pause_s)
            if call.is_cut:
                writer.write_eof()
            said = await reader.read(2000)
    finally:
        writer.close()
    return said
