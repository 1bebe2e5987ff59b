"""Uploads: real files over a real socket, and hosts that are never asked."""

import io
import re
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, final

import attrs
import numpy as np
import numpy.typing as npt
import pytest
from aiohttp import web
from emulated import SUNG, Client, opened

from aiomusic.emulator._media import NOT_AUDIO
from aiomusic.emulator._rules import NOT_ACCESSIBLE
from aiomusic.emulator._uploads import Fetcher, NotFetched

soundfile = pytest.importorskip("soundfile")
pytestmark = [pytest.mark.anyio, pytest.mark.slow]

HERE: Final = "127.0.0.1"
E_MAJOR: Final = (4, (0, 2, 4, 5, 7, 9, 11, 12))
TEMPO: Final = 96.0


def played(seconds: float, rate: int = 44100) -> npt.NDArray[np.float32]:
    """Play the scale of E major up and down, a tone a beat, and end at home."""
    tonic, steps = E_MAJOR
    size = round(60 / TEMPO * rate)
    time = np.arange(size) / rate
    tones = [
        sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 6))
        * np.exp(-4 * time)
        for hertz in (
            440 * 2 ** ((tonic + step - 9) / 12) for step in steps + steps[::-1]
        )
    ]
    tune = 0.3 * np.concatenate(tones)
    return np.resize(tune, round(seconds * rate)).astype(np.float32)


def file_of(kind: str, seconds: float = 20.0, rate: int = 44100) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, played(seconds, rate), rate, format=kind)
    return out.getvalue()


@final
@attrs.define
class Shelf:
    """A server of files, and what it was asked for."""

    files: dict[str, bytes] = attrs.Factory(dict)
    asked: list[str] = attrs.Factory(list)
    port: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        if name.startswith("to/"):
            raise web.HTTPFound(
                name.removeprefix("to/").replace("PORT", f"{self.port}")
            )
        if name not in self.files:
            raise web.HTTPNotFound
        return web.Response(body=self.files[name])

    def url(self, name: str, host: str = HERE) -> str:
        return f"http://{host}:{self.port}/{name}"


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    shelf = Shelf()
    app = web.Application()
    app.router.add_get("/{name:.*}", shelf.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HERE, 0).start()
    shelf.port = runner.addresses[0][1]
    yield shelf
    await runner.cleanup()


async def upload(
    client: Client, url: str, provider: str = "suno"
) -> tuple[int, dict[str, str]]:
    return await client.post(f"/api/v1/{provider}/upload", {"url": url})


async def fetched(client: Client, url: str) -> bytes:
    async with client.http.get(url) as reply:
        assert reply.status == 200
        return await reply.read()


def mood_of(midi: bytes) -> tuple[float, int, int]:
    """Read the tempo, the sharps and whether it is minor from a MIDI file."""
    tempo, mood = midi.index(b"\xff\x51\x03") + 3, midi.index(b"\xff\x59\x02") + 3
    (beat_us,) = struct.unpack(">I", b"\0" + midi[tempo : tempo + 3])
    return 60e6 / beat_us, midi[mood], midi[mood + 1]


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
async def test_an_upload_is_heard_and_gone_on_from(shelf: Shelf, kind: str) -> None:
    """The extension of an upload has the tempo and the key detected in it."""
    shelf.files["tune"] = file_of(kind)
    async with opened(media=True, allow_hosts=[HERE]) as (api, client):
        status, upped = await upload(client, shelf.url("tune"))
        extension = {
            **SUNG,
            "task_type": "extend_upload_music",
            "continue_clip_id": upped["clip_id"],
            "continue_at": 10,
        }
        _, body = await client.end(await client.create("suno", extension))
        audio = body["data"][0]["audio_url"]
        midi = await fetched(client, audio.rpartition(".")[0] + ".mid")

        assert (200, 2 + 10) == (status, api.charged)
        tempo, *signature = mood_of(midi)
        assert tempo == pytest.approx(TEMPO, rel=0.01)
        assert [4, 0] == signature


async def test_an_upload_is_covered(shelf: Shelf) -> None:
    """A cover of a file has its key, and tells when its lines are sung."""
    shelf.files["tune"] = file_of("flac")
    async with opened(media=True, allow_hosts=[HERE]) as (_, client):
        _, upped = await upload(client, shelf.url("tune"), "riffusion")
        cover = {
            "custom_mode": True,
            "lyrics": "[Verse]\nPaper boats along the gutter",
            "sound": "bossa nova",
            "mv": "FUZZ-1.0",
            "task_type": "cover_upload_music",
            "continue_clip_id": upped["clip_id"],
        }
        _, body = await client.end(await client.create("riffusion", cover), "riffusion")
        clip = body["data"][0]
        midi = await fetched(client, clip["audio_url"].rpartition(".")[0] + ".mid")
        lines = [
            line for part in clip["timestamp"]["sections"] for line in part["lines"]
        ]

        assert (4, 0) == mood_of(midi)[1:]
        assert "Paper boats along the gutter" in [line["text"] for line in lines]
        assert 0 <= lines[0]["start"] < lines[0]["end"] <= clip["duration"]


async def test_what_is_joined_to_an_upload_leaves_it_as_it_was(shelf: Shelf) -> None:
    """Up to where it goes on, the whole song is the file that was uploaded."""
    shelf.files["tune"] = file_of("wav", seconds=12)
    async with opened(media=True, allow_hosts=[HERE]) as (_, client):
        _, upped = await upload(client, shelf.url("tune"))
        extension = {
            **SUNG,
            "task_type": "extend_upload_music",
            "continue_clip_id": upped["clip_id"],
            "continue_at": 8,
        }
        _, added = await client.end(await client.create("suno", extension))
        join = {
            "task_type": "concat_music",
            "continue_clip_id": added["data"][0]["clip_id"],
        }
        _, whole = await client.end(await client.create("suno", join))
        audio = whole["data"][0]["audio_url"].rpartition(".")[0] + ".wav"
        heard, rate = soundfile.read(io.BytesIO(await fetched(client, audio)))

        kept = slice(rate, 7 * rate)
        assert np.corrcoef(heard[kept, 0], played(12)[kept])[0, 1] > 0.999
        assert len(heard) > 9 * rate


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(lambda: b"Words. " * 999, r"not an audio file", id="text"),
        pytest.param(lambda: b"", r"not an audio file", id="empty"),
        pytest.param(
            lambda: file_of("flac")[:60] + b"\x55" * 9000, r"not an audio", id="corrupt"
        ),
        pytest.param(lambda: file_of("wav", 3), r"3\.0 s long, at least 6 s", id="3 s"),
        pytest.param(
            lambda: file_of("mp3", 3), r"3\.0 s long, at least 6 s", id="3 s of MP3"
        ),
        pytest.param(
            lambda: file_of("flac", 1200, 8000),
            r"1200 s long, at most 60 s",
            id="20 minutes",
        ),
    ],
)
async def test_what_can_not_be_worked_with_is_refused(
    shelf: Shelf, make: Callable[[], bytes], why: str
) -> None:
    """It is answered 400 with the API's message and the reason, and costs nothing."""
    shelf.files["tune"] = make()
    async with opened(media=True, allow_hosts=[HERE]) as (api, client):
        status, refused = await upload(client, shelf.url("tune"))

        assert (400, 0, 0) == (status, api.charged, api.charges)
        assert re.match(f"{re.escape(NOT_AUDIO)}: .*{why}", refused["message"])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0"],
)
@pytest.mark.parametrize("provider", ["suno", "riffusion"])
async def test_a_host_that_is_not_public_is_never_asked(
    shelf: Shelf, host: str, provider: str
) -> None:
    """However loopback is spelt, nothing is asked of it and nothing is charged."""
    shelf.files["tune"] = file_of("flac")
    async with opened(media=True) as (api, client):
        status, refused = await upload(client, shelf.url("tune", host), provider)

        assert (400, 0) == (status, api.charged)
        assert NOT_ACCESSIBLE == refused["message"]
        assert [] == shelf.asked


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        pytest.param("to/http://localhost:PORT/tune", 1, id="a host not allowed"),
        pytest.param("to/file:///etc/passwd", 1, id="a file"),
        pytest.param("to//to//to//to//to//to//tune", 6, id="six redirects"),
        pytest.param("to/http://xn--/tune", 1, id="no address"),
        pytest.param("nothing", 1, id="404"),
    ],
)
async def test_what_leads_elsewhere_is_not_followed(
    shelf: Shelf, name: str, asked: int
) -> None:
    """A redirect is checked like the address itself, and five are the most."""
    shelf.files["tune"] = file_of("flac")
    async with opened(media=True, allow_hosts=[HERE]) as (api, client):
        status, refused = await upload(client, shelf.url(name))

        assert (400, NOT_ACCESSIBLE, 0) == (status, refused["message"], api.charged)
        assert asked == len(shelf.asked)
        assert "tune" not in shelf.asked


@pytest.mark.parametrize("url", ["http://a.b:99999/", "http://a.b:c/", "http://xn--/"])
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    """It is a 400 like any other that can't be had, and costs nothing."""
    async with opened(media=True) as (api, client):
        status, refused = await upload(client, url)

        assert (400, 0) == (status, api.charged)
        assert NOT_ACCESSIBLE == refused["message"]


async def test_a_redirect_to_an_allowed_host_is_followed(shelf: Shelf) -> None:
    """The target of the redirect is fetched."""
    shelf.files["tune"] = file_of("flac")
    async with opened(media=True, allow_hosts=[HERE, "localhost"]) as (_, client):
        status, _ = await upload(client, shelf.url("to/http://localhost:PORT/tune"))

        assert 200 == status
        assert "tune" == shelf.asked[-1]


async def test_a_file_that_is_too_large_is_let_go(shelf: Shelf, tmp_path: Path) -> None:
    """The download ends where the limit is passed."""
    shelf.files["tune"] = bytes(100_000)
    fetcher = Fetcher({HERE}, max_bytes=80_000)

    with pytest.raises(NotFetched, match="larger than 80000 bytes"):
        await fetcher.fetch(shelf.url("tune"), tmp_path / "tune")

    assert (tmp_path / "tune").stat().st_size <= 80_000


async def test_an_upload_that_can_not_be_paid_is_not_fetched(shelf: Shelf) -> None:
    """Without credits it is refused before anybody is asked."""
    async with opened(media=True, allow_hosts=[HERE], credits=1) as (_, client):
        status, _ = await upload(client, shelf.url("tune"))

        assert 403 == status
        assert [] == shelf.asked
