"""What a media host may answer: a download ends as a file, or as DownloadError."""

import asyncio
import gzip
import random
import tempfile
import traceback
import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from hostile_run import Tally, heard
from hostile_values import KEY, OLD_KEY, VALUES, WEBHOOK_SECRET, echoes
from raw_server import RawServer, Say

from aiomusic import Clip, ClipState, DownloadError, MusicSession
from aiomusic._redact import hide
from aiomusic.testing import AutojumpClock

__all__ = ["run_media"]

SECONDS: Final = 5
TOGETHER: Final = 8
MAX_S: Final = 30.0
SIGNATURE: Final = "abc123-signature"
# Held here, and not only sent.
MAX_BYTES: Final = 1_000_000
STATUSES: Final = (
    *(100, 101, 200, 201, 202, 204, 205, 206, 226, 300, 304, 305, 400, 401, 403, 404),
    *(405, 407, 408, 409, 410, 416, 425, 429, 451, 499, 500, 502, 503, 511, 600, 999),
)
HEADERS: Final = ("Content-Range", "Retry-After", "ETag", "Last-Modified")
OTHERS: Final = ("Content-Type", "Content-Encoding", "Transfer-Encoding")
WORDS: Final = (
    *("0", "-1", "9" * 400, "1e9", "²", "", "bytes 0-1/2", "bytes */*", "bytes 5-1/3"),
    *("bytes 0-99999999999999999999/999999999999999999999", "NaN", KEY, OLD_KEY),
)
PLACES: Final = (
    *("", "/", "//", "http://", "http://[", "http://127.0.0.1:99999/", "http://a..b/"),
    *("file:///etc/passwd", "javascript:1", f"http://{'a' * 300}/", "/" + "x" * 9000),
    *("http://u:p@127.0.0.1/", "\xff", f"http://127.0.0.1:1/{KEY}", "%ed%a0%80"),
)


def _song() -> bytes:
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(range(256)) * 63 * SECONDS)
    return buffer.getvalue()


SONG: Final = _song()


def _reply(status: int = 200, body: bytes = SONG, *headers: str) -> Say:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    head = "\r\n".join(lines).encode("latin-1", errors="replace")
    return Say(head + b"\r\n\r\n" + body, "close")


def answers() -> Iterator[tuple[str, Say]]:
    """Yield what is answered to every request of one download."""
    yield from _heads()
    yield from _bodies()


def _heads() -> Iterator[tuple[str, Say]]:
    for status in STATUSES:
        yield f"status {status}", _reply(status)
        yield f"status {status}, empty", _reply(status, b"")
    for status in (200, 206, 416, 503):
        for header in (f"{n}: {word}" for n in (*HEADERS, *OTHERS) for word in WORDS):
            yield f"{status}, {header[:60]!r}", _reply(status, SONG, header)
    for status in (301, 302, 303, 307, 308):
        for place in PLACES:
            header = f"Location: {place}"
            yield f"{status} to {place[:40]!r}", _reply(status, b"", header)


def _bodies() -> Iterator[tuple[str, Say]]:
    whole = _reply().data
    for end in range(0, len(whole), len(whole) // 40):
        for then in ("close", "reset"):
            yield f"cut after {end}, {then}", Say(whole[:end], then)
    packed = gzip.compress(SONG)
    bodies = (SONG, packed, packed[:-9], gzip.compress(bytes(20_000_000), 1))
    for number, body in enumerate(
        (*bodies, KEY.encode() * 99, b"ID3\x04\0\0\x7f" * 99)
    ):
        for coding in ("gzip", "deflate", "br", "identity"):
            header = f"Content-Encoding: {coding}"
            yield f"body {number}, {coding}", _reply(200, body, header)
    for value in (*VALUES, *echoes()):
        if value.size < MAX_BYTES:
            yield f"body {value.name}", _reply(200, b"".join(value.pieces))
            yield f"refused: {value.name}", _reply(403, b"".join(value.pieces))


def run_media(tally: Tally, rng: random.Random, *, share: float = 1.0) -> None:
    """Download from a host that answers each of these, or a share of them."""
    for secret in (KEY, OLD_KEY, WEBHOOK_SECRET):
        hide(secret)
    some: list[tuple[str, Say]] = []
    with heard(tally) as log:
        for answer in answers():
            if rng.random() < share:
                some.append(answer)
            if len(some) == TOGETHER:
                asyncio.run(_run(some, tally))
                tally.check(f"{some[0][0]} …: log", log.take())
                some = []
        asyncio.run(_run(some, tally))


async def _run(some: list[tuple[str, Say]], tally: Tally) -> None:
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / str(number) for number in range(len(some))]
        runs = zip(some, places, strict=True)
        await asyncio.gather(*(_one(*one, place, tally) for one, place in runs))
        for path in Path(folder).rglob("*"):
            tally.check("a file's name", path.name.encode(errors="replace"))


async def _one(name: str, say: Say, folder: Path, tally: Tally) -> None:
    tally.cases["downloads"] += 1
    name = f"download, {name}"
    with RawServer(respond=lambda _line, _body: say) as server:
        link = f"{server.url}/a.wav?token={SIGNATURE}"
        clip = Clip(
            clip_id="c-1",
            provider="suno",
            state=ClipState.SUCCEEDED,
            audio_url=link,
            image_url=link,
            duration=float(SECONDS),
        )
        # What is waited for between tries takes no time.
        music = MusicSession(KEY, base_url=server.url, clock=AutojumpClock())
        began = tally.now()
        try:
            async with asyncio.timeout(2 * MAX_S), music:
                await music.download(clip, folder)
            tally.ends["a file"] += 1
        except DownloadError as error:
            tally.failed(name, error)
            if SIGNATURE in "".join(traceback.format_exception(error)):
                tally.wrong.append(f"{name}: shows a signed link")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            said = "".join(traceback.format_exception(error))
            tally.wrong.append(f"{name}: the session raised {said}")
        tally.settled(name, tally.now() - began, MAX_S)
