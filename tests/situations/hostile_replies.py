"""What a service may answer to creates, polls and questions: one case a reply."""

import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, final

import attrs
from hostile_values import (
    KEY,
    OLD_KEY,
    VALUES,
    WEBHOOK_SECRET,
    Value,
    echoes,
    mutations,
)
from raw_server import Say

from aiomusic import Request, lyrics, nuro, producer, riffusion, suno

__all__ = ["REQUESTS", "Case", "replies", "wire_faults"]

UUID = "468d0e42-f7a6-40ce-9a4c-37db56b13b99"
URL = "https://cdn.example/a.mp3"
SUNG = "A paper boat is on the rain. " * 12


@final
@attrs.frozen
class Case:
    """
    One answer, and the question that it is given to.

    Args:
        make: Makes the request whose create is answered.
        create, poll, credits: What is answered; None: as the service does.
    """

    name: str
    make: Callable[..., Request[Any]]
    create: Say | None = None
    poll: Say | None = None
    credits: Say | None = None

    @property
    def kind(self) -> str:
        """Which of the generator's kinds it is of."""
        if self.credits is not None:
            return "credits"
        which = "create" if self.create is not None else "poll"
        is_wire = not self.name.startswith(("suno", "riffusion", "nuro", "lyrics"))
        return f"{which}, wire" if is_wire else f"{which}, fields"

    @property
    def is_alone(self) -> bool:
        """Whether its answer may hold back all other jobs of its session."""
        return self.create is not None or self.credits is not None


def _kinds() -> dict[str, Callable[..., Request[Any]]]:
    edit: dict[str, Any] = {"lyrics": "la la", "sound": "slow"}
    return {
        "suno.create": lambda **o: suno.Create("a song", **o),
        "suno.extend": lambda **o: suno.Extend("c-1", at=9, lyrics="la", **o),
        "suno.cover": lambda **o: suno.Cover("c-1", lyrics="la", **o),
        "suno.concat": lambda **o: suno.Concat("c-1", **o),
        "suno.create_with_persona": lambda **o: suno.CreateWithPersona(
            "p-1", lyrics="la", **o
        ),
        "suno.stems": lambda **o: suno.Stems(UUID, **o),
        "suno.wav": lambda **o: suno.GetWav(UUID, **o),
        "suno.midi": lambda **o: suno.GetMidi(UUID, **o),
        "suno.aligned_lyrics": lambda **o: suno.AlignLyrics(UUID, **o),
        "producer.create": lambda **o: producer.Create(SUNG, **o),
        "producer.upload": lambda **o: producer.UploadAudio(URL, **o),
        "suno.create_persona": lambda **o: suno.CreatePersona(
            "c-1", name="me", description="low", **o
        ),
        "suno.upload": lambda **o: suno.UploadAudio("https://e.org/a.mp3", **o),
        "riffusion.create": lambda **o: riffusion.Create("a song", **o),
        "riffusion.create_with_lyrics": lambda **o: riffusion.CreateWithLyrics(
            "la", **o
        ),
        "riffusion.extend": lambda **o: riffusion.Extend("c-1", at=9, **edit, **o),
        "riffusion.cover": lambda **o: riffusion.Cover("c-1", **edit, **o),
        "riffusion.replace_section": lambda **o: riffusion.ReplaceSection(
            "c-1", at=3, until=9, **edit, **o
        ),
        "riffusion.swap_sound": lambda **o: riffusion.SwapSound("c-1", **edit, **o),
        "riffusion.swap_vocals": lambda **o: riffusion.SwapVocals("c-1", **edit, **o),
        "riffusion.upload": lambda **o: riffusion.UploadAudio(
            "https://e.org/a.mp3", **o
        ),
        "nuro.create_vocal": lambda **o: nuro.CreateVocal(SUNG, **o),
        "nuro.create_instrumental": lambda **o: nuro.CreateInstrumental("calm", **o),
        "lyrics.create": lambda **o: lyrics.Create("rain", **o),
    }


REQUESTS: Final = _kinds()

ACCEPTED: Final = {"code": 200, "message": "success", "task_id": UUID}
RESULTS: Final[dict[str, Any]] = {
    "suno.create_persona": {"code": 200, "persona_id": UUID, "message": "success"},
    "suno.upload": {"code": 200, "clip_id": UUID, "message": "success"},
    "riffusion.upload": {"code": 200, "clip_id": UUID, "message": "success"},
    "suno.wav": {"message": "success", "data": {"wav_url": URL}},
    "suno.midi": {
        "code": 200,
        "data": {
            "midi_url": URL,
            "instruments": [
                {
                    "name": "Voice",
                    "notes": [{"pitch": 60, "start": 0.5, "end": 1.5, "velocity": 0.5}],
                }
            ],
        },
        "message": "success",
    },
    "suno.aligned_lyrics": {
        "code": 200,
        "data": {"alignment": [{"word": "la ", "start_s": 0.5, "end_s": 1.5}] * 2},
        "message": "success",
    },
    "lyrics.create": {
        "code": 200,
        "results": [{"title": "Rain", "lyrics": "la la"}] * 2,
        "message": "success",
    },
}
CLIP: Final = {
    "clip_id": UUID,
    "state": "succeeded",
    "title": "Paper Boats",
    "tags": "pop",
    "lyrics": "la la",
    "image_url": "https://cdn.example/a.jpeg",
    "audio_url": URL,
    "video_url": "https://cdn.example/a.mp4",
    "created_at": "2024-11-27T10:26:46.552Z",
    "mv": "chirp-v3-5",
    "duration": 179,
}
SONG: Final = {
    "task_id": UUID,
    "status": "succeeded",
    "progress": 100,
    "audio_url": URL,
    "lyrics": "la la",
    "duration": 199.04,
    "genre": "Pop",
    "mood": "Chill",
    "gender": "Female",
    "timbre": "Warm",
}
FAILED: Final = {"status": "failed", "message": "It broke", "task_id": UUID}
POLLS: Final = {
    "suno.create": {"code": 200, "data": [CLIP, CLIP], "message": "success"},
    "riffusion.create": {"code": 200, "data": [CLIP, CLIP], "message": "success"},
    "nuro.create_vocal": SONG,
    "suno.extend": {"code": 200, "data": {"status": "failed", "clips": [FAILED]}},
}
NO: Final = {"code": 403, "error": {"message": "No"}, "detail": "No", "type": "x"}
STATUSES: Final = (
    *(100, 101, 201, 202, 204, 206, 301, 303, 304, 400, 401, 402, 403, 404, 407),
    *(408, 409, 410, 413, 422, 429, 451, 499, 500, 501, 502, 503, 504, 599, 600, 999),
)


def say(value: Value, status: int = 200, *headers: str) -> Say:
    """Spell a reply whose body comes in pieces."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {value.size}", *headers]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    # What is refused half-way is not read to its end.
    then = "keep" if value.size < 1_000_000 else "close"
    return Say(head, then, more=value.pieces)


def replies() -> Iterator[Case]:
    """Yield every field of every reply, with every value in its place."""
    values = (*VALUES, *echoes())
    for kind, make in REQUESTS.items():
        body = RESULTS.get(kind, ACCEPTED)
        for name, value in mutations(body, values):
            yield Case(f"{kind}: {name}", make, create=say(value))
    for kind, body in POLLS.items():
        for name, value in mutations(body, values):
            yield Case(f"{kind} polled: {name}", REQUESTS[kind], poll=say(value))
    make = REQUESTS["suno.create"]
    for name, value in mutations({"credits": 10, "extra_credits": 5}, values):
        yield Case(f"credits: {name}", make, credits=say(value))
    for name, value in mutations(NO, values):
        yield Case(f"refused: {name}", make, create=say(value, 403))
        yield Case(f"poll refused: {name}", make, poll=say(value, 400))
    yield from _statuses(make)
    yield from _headers(make)


def _statuses(make: Callable[..., Request[Any]]) -> Iterator[Case]:
    bodies = [b"", b"{}", b"null", b'"no"', b"<html>no</html>", b"[" * 9999]
    bodies += [json.dumps(one).encode() for one in (ACCEPTED, NO, FAILED)]
    for status in STATUSES:
        for number, body in enumerate(bodies):
            answer = say(Value("", (body,)), status)
            name = f"status {status}, body {number}"
            yield Case(f"create: {name}", make, create=answer)
            yield Case(f"poll: {name}", make, poll=answer)


HEADERS: Final = (
    *(f"Retry-After: {text}" for text in ("0", "-1", "1e400", "9" * 18, "9" * 400)),
    *(f"Retry-After: {text}" for text in ("NaN", "", "Wed, 99 Foo 9999", "²")),
    "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT",
    *(f"Location: {text}" for text in ("//", "http://[", "/task/..", "x" * 9000)),
    *(f"Location: https://e.org/task/{text}" for text in (KEY, OLD_KEY)),
    *(f"Content-Type: {text}" for text in ("text/html", "x" * 999, "a;charset=\xff")),
    *(f"Content-Encoding: {text}" for text in ("gzip", "br", "deflate", "x" * 999)),
    *(f"X-Echo: {text}" for text in (KEY, OLD_KEY, WEBHOOK_SECRET)),
    *(f"Set-Cookie: {text}" for text in ("a=b", "\xff", "x" * 5000)),
    *(f"Connection: {text}" for text in ("close", "upgrade", "keep-alive, x")),
    "Transfer-Encoding: identity",
    "Date: 9999999999",
    *("\r\n".join(f"X-{n}: {n}" for n in range(count)) for count in (100, 5000)),
    f"X-Long: {'x' * 1_000_000}",
)


def _headers(make: Callable[..., Request[Any]]) -> Iterator[Case]:
    body = Value("", (json.dumps(ACCEPTED).encode(),))
    for header in HEADERS:
        for status in (200, 303, 403, 429, 503):
            name = f"status {status}, {header[:40]!r}"
            answer = say(body if status == 200 else Value("", (b"{}",)), status, header)
            yield Case(f"create: {name}", make, create=answer)
            yield Case(f"poll: {name}", make, poll=answer)


# Faults of the wire.


def wire_faults(seed: int, count: int) -> Iterator[Case]:
    """Yield replies whose bytes are cut, changed, slow, wrongly measured or no HTTP."""
    make = REQUESTS["suno.create"]
    bodies = (("create", ACCEPTED), ("poll", POLLS["suno.create"]))
    for which, body in bodies:
        raw = json.dumps(body).encode()
        for name, answer in (*_cuts(raw), *_lies(raw), *_slow(raw)):
            yield Case(f"{which}: {name}", make, **{which: answer})
    rng = random.Random(seed)
    for number in range(count):
        which, body = rng.choice(bodies)
        answer = _garbled(json.dumps(body).encode(), rng)
        yield Case(f"{which}: garbled {number}", make, **{which: answer})


def _whole(raw: bytes, *headers: str) -> bytes:
    answer = say(Value("", (raw,)), 200, *headers)
    return answer.data + b"".join(answer.more)


def _cuts(raw: bytes) -> Iterator[tuple[str, Say]]:
    whole = _whole(raw)
    for end in range(0, len(whole), max(1, len(whole) // 120)):
        for then in ("close", "reset"):
            yield f"cut after {end}, {then}", Say(whole[:end], then)


def _lies(raw: bytes) -> Iterator[tuple[str, Say]]:
    packed = gzip.compress(raw)
    bomb = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    big = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()
    codings = ("gzip", "deflate", "br", "zstd", "gzip, gzip", "identity", "x")
    for coding in codings:
        for name, body in (("plain", raw), ("packed", packed), ("a bomb", big)):
            header = f"Content-Encoding: {coding}"
            yield f"{name} said to be {coding}", Say(_whole(body, header), "close")
        for cut in (1, 8, len(packed) // 2, len(packed) - 3):
            header = f"Content-Encoding: {coding}"
            yield f"cut by {cut}, {coding}", Say(_whole(packed[:-cut], header), "close")
    head = b"HTTP/1.1 200 OK\r\n"
    for length in (b"0", b"1", b"-1", b"9" * 30, b"1e3", b"", b"%d, 5" % len(raw)):
        yield (
            f"length {length!r}",
            Say(head + b"Content-Length: " + length + b"\r\n\r\n" + raw, "close"),
        )
    for size in (b"%x" % len(raw), b"fffffffff", b"-1", b"0", b"g", b"", b"1" * 99):
        chunk = b"%s\r\n%s\r\n0\r\n\r\n" % (size, raw)
        coded = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk
        yield f"chunk size {size!r}", Say(coded, "close")
    for first in (
        b"",
        b"\x00" * 99,
        b"\r\n" * 99,
        b"HTTP/9.9 200\r\n\r\n",
        b"SSH-2.0\r\n",
    ):
        yield f"{first[:9]!r} before", Say(first + _whole(raw), "close")
    yield "no end of a head", Say(b"HTTP/1.1 200 OK\r\nX: ", "close", more=[raw] * 4000)
    echo = f"HTTP/1.1 200 {KEY}\r\nX: \x00{OLD_KEY}\r\n\r\n".encode() + raw
    yield "a broken head with the key", Say(echo, "close")
    yield (
        "a hundred hints first",
        Say(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 100 + _whole(raw), "close"),
    )


@final
class Slowly:
    """Bytes one after another, with a pause after each."""

    def __init__(self, data: bytes, pause_s: float, step: int) -> None:
        self._data, self._pause_s, self._step = data, pause_s, step

    def __iter__(self) -> Iterator[bytes]:
        import threading  # noqa: PLC0415

        for at in range(0, len(self._data), self._step):
            threading.Event().wait(self._pause_s)
            yield self._data[at : at + self._step]


def _slow(raw: bytes) -> Iterator[tuple[str, Say]]:
    whole = _whole(raw)
    for pause_s, step in ((0.0, 1), (0.001, 1), (0.05, 40), (0.2, 1), (0.4, 50)):
        slowly = Slowly(whole, pause_s, step)
        yield f"{step} bytes each {pause_s} s", Say(b"", more=slowly)
    for end in (0, 9, len(whole) // 2, len(whole) - 1):
        yield f"hangs after {end}", Say(whole[:end], "hang")


def _garbled(raw: bytes, rng: random.Random) -> Say:
    whole = bytearray(_whole(raw))
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        at = rng.randrange(len(whole))
        match rng.randrange(4):
            case 0:
                whole[at] = rng.randrange(256)
            case 1:
                del whole[at : at + rng.choice((1, 2, 9))]
            case 2:
                whole[at:at] = rng.randbytes(rng.choice((1, 2, 9)))
            case _:
                whole[at:at] = whole[at : at + rng.choice((1, 20))]
        if not whole:
            break
    return Say(bytes(whole), rng.choice(("close", "reset")))
