"""What media hosts answer, and what is stored of it."""

import io
import random
import threading
import wave
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
from raw_server import HERE, Say, http, ok
from situation import Situation, clip, raw

__all__ = ["FILES"]


def wav(seconds: float, seed: int = 0) -> bytes:
    """Make noise that plays so long."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(random.Random(seed).randbytes(round(seconds * 8_000) * 2))
    return buffer.getvalue()


ONE, TWO = wav(8, 1), wav(8, 2)
PLAYS: dict[str, Any] = {"duration": 8.0}
MADE = ok(clip(1, **PLAYS), clip(2, **PLAYS))
BOTH = {"/1.mp3": [http(ONE)], "/2.mp3": [http(TWO)]}

NOISE = random.Random(3).randbytes(4_000)
FRAME = b"\xff\xfb\x90\x00" + bytes(413)
MP3 = FRAME * 300
ADTS = (bytes([0xFF, 0xF1, 0x50, 0x80, 0x19, 0x1F, 0xFC]) + bytes(193)) * 345
EBML = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
APE_TAG = b"APETAGEX" + bytes([208, 7, 0, 0, 32, 0, 0, 0]) + bytes(4) + bytes(12)

# What the vendor may send some day, or a host may spoil, and what it is stored as.
KINDS: dict[str, tuple[bytes, str]] = {
    "MP3": (MP3, ".mp3"),
    "MP3 behind junk": (NOISE[:700] + MP3, ".mp3"),
    "MP3 behind zeros": (bytes(5_000) + MP3, ".mp3"),
    "MP3 behind an APE tag": (APE_TAG + MP3, ".mp3"),
    "MP3 before junk": (MP3 + NOISE, ".mp3"),
    "ADTS": (ADTS, ".aac"),
    "WebM": (
        EBML + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + NOISE,
        ".webm",
    ),
    "WAV": (ONE, ".wav"),
    "AMR": (b"#!AMR\n" + NOISE, ".amr"),
    "CAF": (b"caff\0\1\0\0" + NOISE, ".caf"),
    "what nobody knows": (NOISE, ".bin"),
}
NO_MUSIC: dict[str, tuple[bytes, str]] = {
    "a page": (b"<!DOCTYPE html><html>Not here</html>", "a web page"),
    "JSON": (b'{"error": "gone"}', "JSON"),
    "XML": (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "XML"),
    "a text": (b"Please come back later. " * 50, "text"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + NOISE, "an image"),
    "an archive": (b"PK\x03\x04" + NOISE, "an archive"),
    "a document": (b"%PDF-1.7\n" + NOISE, "a document"),
    "nothing": (b"", "nothing"),
}
DEAD_LINKS: dict[str, tuple[str, str]] = {
    "of None": (f"{HERE}/None.mp3", "404"),
    "that is none": ("None", "no http:// or https:// address"),
    "to a file": ("file:///etc/passwd", "no http:// or https:// address"),
    "to another scheme": ("ftp://e.org/a.mp3", "no http:// or https:// address"),
    "without a host": ("https:///a.mp3", "no http:// or https:// address"),
    "with a port that is none": ("http://e.org:99999999/a", "no http:// or https://"),
    "to nobody": ("http://127.0.0.1:1/a.mp3", "refused"),
}
# Each byte of a link may be part of its signature.
LINKS = (
    "/a%28b%29/%2f.mp3?key=%3A%2F(~)'&sig=a+b%20c%7E",
    "/a(b)/'*!$;=@,.mp3?x=[1]&y={2}|^",
    "/%E2%82%AC.mp3?x=%e2%82%ac",
    "/a//b/./../c.mp3?sig==&&a=b&a=c",
    "/a.mp3?sig=%25%2B%3d;b",
    "/%00%0a.mp3?x",
)


def _one(path: str, **more: object) -> Say:
    return ok(clip(1, audio_url=f"{HERE}{path}", **PLAYS, **more), clip(2, **PLAYS))


def _until(path: str, *clips: object) -> Say:
    """Return what a task shows until a file is asked for."""
    return attrs.evolve(ok(*clips), until=path)


class _Drip:
    """Two bytes now and then, for as long as anybody listens."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            threading.Event().wait(0.01)
            yield b"ab"


def _links() -> dict[str, Situation]:
    found = {}
    for number, path in enumerate(LINKS):
        line = f"GET {path} HTTP/1.1"
        hop = http(b"", 302, headers=[f"Location: {HERE}{path}"])
        rest = {"/2.mp3": [http(TWO)]}
        found[f"link {number}"] = Situation(
            polls=(_one(path),),
            files={**rest, path: [http(ONE)]},
            stores=(ONE, TWO),
            asks=[line],
        )
        found[f"link {number} behind a redirect"] = Situation(
            polls=(_one("/hop"),),
            files={**rest, "/hop": [hop], path: [http(ONE)]},
            stores=(ONE, TWO),
            asks=[line],
        )
    return found


def _first(*says: Say, stores: Sequence[bytes] = (ONE, TWO), **more: Any) -> Situation:
    """Have the first clip's file answered so."""
    files = {"/1.mp3": says, "/2.mp3": [http(TWO)]}
    return Situation(polls=(MADE,), files=files, stores=stores, **more)


NOT_ALL: dict[str, Any] = {
    "ends": "DownloadError",
    "charged": "yes",
    "stores": (TWO,),
}
WALL_2000 = "Sat, 01 Jan 2000 00:00:"

FILES: dict[str, Situation] = {
    # Streams.
    "a clip that streams first": Situation(
        polls=(
            _until("1.mp3", clip(1, "running", **PLAYS), clip(2, "pending")),
            MADE,
        ),
        files={"/1.mp3": [http(ONE[:9_000]), http(ONE)], "/2.mp3": [http(TWO)]},
        stores=(ONE, TWO),
        is_streamed=True,
    ),
    "a clip that streams from elsewhere": Situation(
        polls=(
            _until("live", clip(1, "streaming", audio_url=f"{HERE}/live")),
            MADE,
        ),
        files={"/live": [http(ONE[:9_000])], **BOTH},
        stores=(ONE, TWO),
        is_streamed=True,
    ),
    "a stream that is as long as the song": Situation(
        polls=(_until("1.mp3", clip(1, "running"), clip(2, "pending")), MADE),
        files={"/1.mp3": [http(TWO), http(ONE)], "/2.mp3": [http(TWO)]},
        stores=(ONE, TWO),
        is_streamed=True,
    ),
    # One that is dead does not keep the other from being stored.
    **{
        f"a link {name}": Situation(
            polls=(ok(clip(1, audio_url=link, **PLAYS), clip(2, **PLAYS)),),
            files={"/None": [http(b"", 404)], "/2.mp3": [http(TWO)]},
            says=["1 of 2 clips are stored: ", "Clip c1", says, "save it again"],
            **NOT_ALL,
        )
        for name, (link, says) in DEAD_LINKS.items()
    },
    "the second link is dead": Situation(
        polls=(ok(clip(1, **PLAYS), clip(2, audio_url="None")),),
        files={"/1.mp3": [http(ONE)]},
        ends="DownloadError",
        charged="yes",
        says=["1 of 2 clips are stored: ", "Clip c2"],
        stores=(ONE,),
    ),
    "both links are dead": Situation(
        polls=(ok(clip(1, audio_url="None"), clip(2, audio_url="None")),),
        files={"/none": [http(b"")]},
        ends="DownloadError",
        charged="yes",
        says=["0 of 2 clips are stored: none", "Clip c1", "Clip c2"],
    ),
    **{
        f"no music: {name}": _first(http(body), says=[says, "Clip c1"], **NOT_ALL)
        for name, (body, says) in NO_MUSIC.items()
    },
    # What comes late.
    "a link that comes two polls late": Situation(
        polls=(*[ok(clip(1, **PLAYS), clip(2, audio_url=""))] * 2, MADE),
        files=BOTH,
        stores=(ONE, TWO),
    ),
    "links that come two polls late": Situation(
        polls=(*[ok(clip(1, audio_url=None), clip(2, audio_url=None))] * 2, MADE),
        files=BOTH,
        stores=(ONE, TWO),
    ),
    "a clip that comes eight polls late": Situation(
        polls=(*[ok(clip(1, **PLAYS))] * 8, MADE), files=BOTH, stores=(ONE, TWO)
    ),
    # Lengths.
    **{
        f"a duration of {told}": Situation(
            polls=(ok(clip(1, duration=told), clip(2, **PLAYS)),),
            files=BOTH,
            stores=(ONE, TWO),
            logs=["is kept though"] if is_long else [],
        )
        for told, is_long in (
            (240.0, True),
            ("240", True),
            (16, True),
            (1, False),
            (0, False),
            (-5, False),
            ("abc", False),
            (None, False),
        )
    },
    "a file that is cut each time": _first(
        http(ONE[:40_000]), says=["Clip c1", "not the whole song"], **NOT_ALL
    ),
    "a file that is cut once": _first(http(ONE[:40_000]), http(ONE)),
    "a body that is cut once": _first(http(ONE, cut=9_000), http(ONE)),
    # Kinds.
    **{
        f"a kind: {name}": Situation(
            polls=(ok(clip(1, duration=None), clip(2, **PLAYS)),),
            files={"/1.mp3": [http(body)], "/2.mp3": [http(TWO)]},
            stores=(body, TWO),
            logs=[] if kind in {".mp3", ".wav"} else ["unusual kind"],
        )
        for name, (body, kind) in KINDS.items()
    },
    **_links(),
    # Ceilings.
    "a length that no song has": _first(
        Say(http(b"ID3\3" + bytes(300_000), length=400_000_000).data, "hang"),
        says=["sends more than", "bytes, which no such song needs"],
        **NOT_ALL,
    ),
    "zeros behind a head": _first(
        raw(b"HTTP/1.1 200 OK\r\n\r\n", b"ID3\x03\0\0\0\0\0\0", bytes(30_000_000)),
        says=["sends more than"],
        **NOT_ALL,
    ),
    "a drip": _first(
        Say(b"HTTP/1.1 200 OK\r\n\r\n" + ONE[:100], more=_Drip()),
        says=["sends too slowly"],
        options={"request_timeout_s": 0.1},
        **NOT_ALL,
    ),
    "a host that says nothing": _first(
        Say(b"", "hang"),
        says=["nothing came for too long"],
        options={"request_timeout_s": 0.1},
        **NOT_ALL,
    ),
    "redirects without end": _first(
        http(b"", 302, headers=[f"Location: {HERE}/1.mp3"]),
        says=["redirects without end"],
        **NOT_ALL,
    ),
    # Hosts that hear of a file late, or are busy.
    **{
        f"{status}, and then the song": _first(*[http(b"", status)] * 7, http(ONE))
        for status in (403, 404, 401, 410)
    },
    **{
        f"busy, Retry-After: {said}": _first(
            http(b"", status, headers=[f"Retry-After: {said}"]), http(ONE)
        )
        for status, said in (
            (429, "30"),
            (503, "12.5"),
            (503, f"{WALL_2000}30 GMT"),
            (429, "Fri, 31 Dec 1999 00:00:00 GMT"),
            (503, "soon"),
            (429, "-1"),
        )
    },
    # What is ready when the time is up.
    "one clip is ready at the end": Situation(
        polls=(ok(clip(1, **PLAYS), clip(2, "running")),),
        files=BOTH,
        ends="DownloadError",
        charged="yes",
        says=["1 of 2 clips is ready", "1 of 2 clips are stored: ", "music.attach("],
        stores=(ONE,),
        options={"job_timeout_s": 30},
    ),
    "one clip is ready, and the rest is refused": Situation(
        polls=(
            ok(clip(1, **PLAYS), clip(2, "running")),
            http({"message": "The song description needs moderation review."}, 403),
        ),
        files=BOTH,
        ends="DownloadError",
        charged="unknown",
        says=["moderation", "1 of 2 clips are stored: "],
        stores=(ONE,),
    ),
    "no clip is ready at the end": Situation(
        polls=(ok(clip(1, "running"), clip(2, "running")),),
        files=BOTH,
        ends="JobTimedOut",
        charged="yes",
        says=["still running", "music.attach("],
        options={"job_timeout_s": 30},
    ),
}
