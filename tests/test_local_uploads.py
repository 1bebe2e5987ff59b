"""Local files are uploaded through the session's own public address."""

import asyncio
import functools
import os
import socket
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from aiohttp import web
from scripted import KEY, Answer, Scripted
from stopped import StoppedClock

from aiomusic import InvalidRequest, MusicSession, suno
from aiomusic.emulator import Emulator, Pace
from aiomusic.webhooks import Callbacks

pytestmark = pytest.mark.anyio

HERE = "127.0.0.1"
SECRET = "s-uploads-2b9d"
SECONDS = 8
BOUND_S = 50.0
UPLOAD = "/api/v1/producer/upload"


def make_wav(path: Path, seconds: float = SECONDS, channels: int = 1) -> Path:
    """Write a WAV of a ramp, which is no silence."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(bytes(range(256)) * round(seconds * 44_100 * channels / 128))
    return path


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return make_wav(tmp_path / "my söng.wav")


@pytest.fixture
async def api() -> AsyncIterator[Emulator]:
    """Yield an API that fetches from this machine, as from a public address."""
    async with Emulator(preview_s=20, pace=Pace.polls(), allow_hosts=[HERE]) as api:
        yield api


class Counter:
    """What came in at the public address."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str, int]] = []

    @property
    def gets(self) -> int:
        return sum(method == "GET" for method, _, _ in self.answers)


@asynccontextmanager
async def mounted(
    hooks: Callbacks, bound: socket.socket, seen: Counter
) -> AsyncIterator[None]:
    """Mount the sub-application at a port of its own, below a path."""

    @web.middleware
    async def count(
        request: web.Request, handler: Callable[..., Any]
    ) -> web.StreamResponse:
        reply: web.StreamResponse | None = None
        try:
            reply = await handler(request)
            return reply
        finally:
            status = 0 if reply is None else reply.status
            seen.answers.append((request.method, request.path, status))

    app = web.Application(middlewares=[count])
    app.add_subapp("/hooks", hooks.app())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.SockSite(runner, bound).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def public(
    api: Emulator | Scripted, **options: Any
) -> AsyncIterator[tuple[MusicSession, Counter]]:
    """Open a session whose second port stands for its public address."""
    bound = socket.socket()
    bound.bind((HERE, 0))
    music = MusicSession(
        api.key if isinstance(api, Emulator) else KEY,
        base_url=api.url,
        webhook_url=f"http://{HERE}:{bound.getsockname()[1]}/hooks",
        webhook_secret=SECRET,
        poll_every_s=0,
        **options,
    )
    assert music.webhooks is not None
    seen = Counter()
    with anyio.fail_after(BOUND_S):
        async with mounted(music.webhooks, bound, seen), music:
            yield music, seen


def served_count(music: MusicSession) -> int:
    assert music.webhooks is not None
    return len(music.webhooks.files)


async def test_a_file_of_30_mb_is_read_once_and_is_gone_afterwards(
    tmp_path: Path, api: Emulator
) -> None:
    """The service fetches it from the public address; what it made of it is used."""
    path = make_wav(tmp_path / "long.wav", seconds=55, channels=8)
    assert path.stat().st_size > 30_000_000

    async with public(api) as (music, seen):
        upload = await music.suno.upload(path)
        ((method, where, status),) = seen.answers
        async with aiohttp.ClientSession() as http:
            base = seen_base(music)
            async with http.get(f"{base}{where.removeprefix('/hooks')}") as again:
                assert 404 == again.status
        held = served_count(music)

    assert ("GET", 200) == (method, status)
    assert where.startswith("/hooks/files/")
    assert where.endswith(".wav")
    assert len(where) > 50
    assert not any(part in where for part in (path.stem, path.name))
    assert 0 == held
    assert upload.url.startswith(path.as_uri())


def seen_base(music: MusicSession) -> str:
    assert music.webhooks is not None
    address = music.webhooks.fields("key")["webhook_url"]
    return str(address).partition("/key?")[0]


@pytest.mark.parametrize("provider", ["suno", "riffusion", "producer"])
async def test_every_provider_takes_a_path(
    provider: str, song: Path, api: Emulator
) -> None:
    """Whether the reply is the result, or a task follows; 2 credits once."""
    async with public(api) as (music, seen):
        await getattr(music, provider).upload(song)
        held = served_count(music)

    assert 1 == seen.gets
    assert 0 == held
    assert 2 == api.charged


async def test_without_a_public_address_nothing_is_sent(
    song: Path, api: Emulator
) -> None:
    """The error says what works."""
    async with MusicSession(api.key, base_url=api.url) as music:
        with pytest.raises(InvalidRequest, match=r"webhook_url=.*Nothing was sent"):
            music.suno.upload(song)

    assert 0 == api.charged


def a_symlink(folder: Path) -> Path:
    make_wav(folder / "real.wav")
    (folder / "link.wav").symlink_to(folder / "real.wav")
    return folder / "link.wav"


def a_link_to_nowhere(folder: Path) -> Path:
    (folder / "dead.wav").symlink_to(folder / "nothing.wav")
    return folder / "dead.wav"


def a_folder(folder: Path) -> Path:
    (folder / "album.wav").mkdir()
    return folder / "album.wav"


def two_gigabytes(folder: Path) -> Path:
    path = make_wav(folder / "huge.wav", seconds=1)
    os.truncate(path, 2_000_000_000)
    return path


def a_text(folder: Path) -> Path:
    (folder / "song.wav").write_text("These are only words.\n" * 40)
    return folder / "song.wav"


def a_picture(folder: Path) -> Path:
    (folder / "song.wav").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9)
    return folder / "song.wav"


def bytes_of_no_kind(folder: Path) -> Path:
    (folder / "song.wav").write_bytes(b"\x07\x01\x02\x03" * 500)
    return folder / "song.wav"


def an_empty_file(folder: Path) -> Path:
    (folder / "song.wav").touch()
    return folder / "song.wav"


def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.wav")
    return folder / "pipe.wav"


def a_home_of_nobody(_: Path) -> Path:
    return Path("~nobody-of-that-name/song.wav")


def nothing(folder: Path) -> Path:
    return folder / "missing.wav"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (a_symlink, "symbolic link"),
        (a_link_to_nowhere, "symbolic link"),
        (a_folder, "is a folder"),
        (two_gigabytes, "2,000,000,000 bytes; at most 200,000,000"),
        (a_text, "holds text"),
        (a_picture, "holds an image"),
        (bytes_of_no_kind, "no kind of audio"),
        (an_empty_file, "holds nothing"),
        (a_pipe, "no regular file"),
        (nothing, "does not exist"),
        (a_home_of_nobody, "can't be read"),
    ],
)
def test_what_is_no_audio_is_refused_at_the_call(
    make: Callable[[Path], Path], words: str, tmp_path: Path
) -> None:
    """In words that name the file; nothing was sent."""
    path = make(tmp_path)

    with pytest.raises(InvalidRequest, match=words) as caught:
        suno.UploadAudio(path)

    assert path.name in str(caught.value)
    assert "Nothing was sent" in str(caught.value)


def test_a_text_stays_an_address(song: Path) -> None:
    """The path of a file as text is refused, and what to give is told."""
    for text in (str(song), song.as_uri(), f"{song.as_uri()}#sha256=0&sha256=1&size=1"):
        with pytest.raises(InvalidRequest, match=r"pathlib\.Path"):
            suno.UploadAudio(text)


def test_a_request_holds_path_and_hash(song: Path) -> None:
    """It comes back from JSON as it was, though the file is gone by then."""
    request = suno.UploadAudio(song)
    song.unlink()

    assert suno.UploadAudio.from_json(request.to_json()) == request
    assert song == request.local_files()["url"].path


def changed(song: Path) -> None:
    make_wav(song, seconds=SECONDS + 1)


@pytest.mark.parametrize(
    ("change", "words"), [(changed, "has changed"), (Path.unlink, "does not exist")]
)
async def test_a_file_that_has_changed_is_not_paid_for(
    change: Callable[[Path], None], words: str, song: Path, api: Emulator
) -> None:
    """It is looked at again when its turn comes."""
    request = suno.UploadAudio(song)
    change(song)

    async with public(api) as (music, _):
        with pytest.raises(InvalidRequest, match=words):
            await music.submit(request)

    assert 0 == api.charged


async def test_an_upload_that_was_held_is_sent_after_a_restart(
    song: Path, tmp_path: Path, api: Emulator
) -> None:
    """The journal has path and hash, and the next session's address serves it."""
    journal = tmp_path / "journal.db"
    refusal = api.fault("rate_limited", on="create")
    options = {"on_exit": "detach", "clock": StoppedClock()}
    async with public(api, journal=journal, **options) as (music, seen):
        music.suno.upload(song, key="up")
        await until(lambda: refusal.struck)
    assert 0 == seen.gets == api.charged

    async with public(api, journal=journal) as (music, seen):
        (again,) = await music.resume(queued=True)
        upload = await again

    assert "suno" == upload.provider
    assert 1 == seen.gets
    assert 2 == api.charged


@pytest.mark.parametrize("is_changed", [False, True])
async def test_a_task_that_was_not_fetched_yet_is_served_after_a_restart(
    is_changed: bool, song: Path, tmp_path: Path
) -> None:
    """Under the name that the service has, unless it is another file by then."""
    journal, held = tmp_path / "journal.db", song.read_bytes()
    async with Scripted() as api:
        pending = Answer({"type": "not_ready", "message": "not ready"}, 202)
        api.creates(UPLOAD, pending, task_path="/api/v1/producer/task/{task_id}")
        options = {"journal": journal, "on_exit": "detach"}
        async with public(api, **options) as (music, _):
            job = music.producer.upload(song, key="up")
            await until(lambda: job.task_id)
        if is_changed:
            changed(song)

        async with (
            public(api, **options) as (music, _),
            aiohttp.ClientSession() as http,
        ):
            await music.resume()
            name = api.posts[0].json["audio_url"].rpartition("/")[2]
            async with http.get(f"{seen_base(music)}/files/{name}") as reply:
                try:
                    came = await reply.read()
                except aiohttp.ClientPayloadError:
                    came = b""

    assert 1 == len(api.posts)
    assert (b"" if is_changed else held) == came


async def until(is_so: Callable[[], object]) -> None:
    """Let others run until something is so; the session's bound ends it."""
    while not is_so():
        await asyncio.sleep(0.005)


async def test_one_who_breaks_off_may_fetch_it_again(
    tmp_path: Path, api: Emulator
) -> None:
    """Only a whole read is the one that counts; a look at its headers is none."""
    path = make_wav(tmp_path / "long.wav", seconds=120, channels=2)
    (file,) = suno.UploadAudio(path).local_files().values()

    async with public(api) as (music, _), aiohttp.ClientSession() as http:
        assert music.webhooks is not None
        address = music.webhooks.files.publish("job", file)
        async with http.head(address) as head:
            assert (200, path.stat().st_size) == (head.status, head.content_length)
        async with http.get(address) as broken:
            await broken.content.read(10)
            broken.close()
        name = address.rpartition("/")[2]
        await until(functools.partial(music.webhooks.file, name))
        async with http.get(address) as whole:
            assert path.read_bytes() == await whole.read()
        async with http.get(address) as again:
            assert 404 == again.status


async def test_an_asgi_server_serves_it_too(song: Path) -> None:
    """Once, and under its own name only."""
    taken = MusicSession("k", webhook_url="https://e.org/h", webhook_secret=SECRET)
    assert taken.webhooks is not None
    (file,) = suno.UploadAudio(song).local_files().values()
    name = taken.webhooks.files.publish("job", file).rpartition("/")[2]

    other = await asked(taken.webhooks, "GET", "/h/files/other.wav")
    head = await asked(taken.webhooks, "HEAD", f"/h/files/{name}")
    first = await asked(taken.webhooks, "GET", f"/h/files/{name}")
    again = await asked(taken.webhooks, "GET", f"/h/files/{name}")

    assert (404, b"") == other == again
    assert (200, b"") == head
    assert (200, song.read_bytes()) == first


async def asked(hooks: Callbacks, method: str, path: str) -> tuple[int, bytes]:
    """Call an ASGI application as a server does; return status and body."""
    status, body = 0, b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        nonlocal status, body
        status = message.get("status", status)
        body += message.get("body", b"")

    scope = {"type": "http", "method": method, "path": path, "headers": []}
    await hooks.asgi(scope, receive, send)
    return status, body
