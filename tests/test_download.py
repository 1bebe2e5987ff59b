"""A clip becomes a file once, whole, and under a name that any system takes."""

import asyncio
import contextlib
import errno
import gzip
import io
import os
import re
import sys
import unicodedata
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import anyio
import anyio.lowlevel
import attrs
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from aiomusic._clock import Timer
from aiomusic._download import file_stem, save_clip
from aiomusic._transport import Transport
from aiomusic.errors import DownloadError, NotSent, Retry
from aiomusic.results import Clip, ClipState

pytestmark = pytest.mark.anyio

CLIP_ID = "0f7b5f2e-6c1d-4b8a-9d3e-5a4c3b2a1f00"
NAME = "Paper Boats 0f7b5f2e-6c1d"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def wav(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(os.urandom(round(seconds * 44_100) * 4))
    return buffer.getvalue()


SONG = wav(8)


class PartWay:
    """Equal to any place in the song but its start and its end."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and 0 < other < len(SONG)

    __hash__ = None  # type: ignore[assignment]


PART_WAY = PartWay()


class FakeClock:
    """Time that passes as soon as somebody waits for it."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return sum(self.slept)

    def wall(self) -> float:
        return self.now()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await anyio.lowlevel.checkpoint()

    def call_at(self, when: float, wake: Callable[[], None]) -> Timer:
        raise NotImplementedError


class MediaHost:
    """A server that answers as it is told, and a song when it is told nothing."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[Answer] = []
        self.seen: list[web.BaseRequest] = []
        self.song = SONG
        self.etag = '"one"'

    @property
    def starts(self) -> list[int | None]:
        """Where each request wants to begin; None: it says nothing of that."""
        return [request.http_range.start for request in self.seen]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        answer = self.answers.pop(0) if self.answers else self.serve
        return await answer(request)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        headers = {"ETag": self.etag, "Content-Type": "audio/wav"}
        start = request.http_range.start
        if start is None or request.headers.get("If-Range") != self.etag:
            return web.Response(body=self.song, headers=headers)
        total = len(self.song)
        headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        return web.Response(status=206, body=self.song[start:], headers=headers)

    def cut(self, size: int, **headers: str) -> Answer:
        """Break off after so many bytes of the song."""

        async def answer(request: web.Request) -> web.StreamResponse:
            full = await self.serve(request)
            assert isinstance(full, web.Response)
            assert isinstance(full.body, bytes)
            response = web.StreamResponse(status=full.status, headers=full.headers)
            response.headers.update(headers)
            response.content_length = len(full.body)
            await response.prepare(request)
            await response.write(full.body[:size])
            # What aiohttp has not handed out when a connection breaks is lost.
            for _ in range(50):
                await asyncio.sleep(0)
            assert request.transport is not None
            request.transport.close()
            return response

        return answer


def says(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers=headers)

    return answer


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    host = MediaHost()
    app = web.Application()
    app.router.add_get("/{path:.*}", host.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = runner.addresses[0]
    host.url = f"http://{address[0]}:{address[1]}/song.wav?signature=secret"
    yield host
    await runner.cleanup()


@pytest.fixture
async def transport(host: MediaHost) -> AsyncIterator[Transport]:
    transport = Transport(base_url=host.url, key="the-key", timeout_s=5)
    await transport.open()
    yield transport
    await transport.aclose()


@attrs.define
class Saver:
    """The arguments of a save, and what became of them."""

    clip: Clip
    folder: Path
    transport: Transport
    clock: FakeClock = attrs.field(factory=FakeClock)
    fresh: list[Clip | Exception] = attrs.field(factory=list)
    refreshed: int = 0

    async def refresh(self, clip: Clip) -> Clip:
        self.refreshed += 1
        fresh = self.fresh.pop(0) if self.fresh else clip
        if isinstance(fresh, Exception):
            raise fresh
        return fresh

    async def __call__(self, clip: Clip | None = None) -> Path:
        return await save_clip(
            clip or self.clip,
            self.folder,
            transport=self.transport,
            refresh=self.refresh,
            clock=self.clock,
        )

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def tagging_save(host: MediaHost, transport: Transport, tmp_path: Path) -> Saver:
    return Saver(clip=clip(host.url), folder=tmp_path / "out", transport=transport)


@pytest.fixture
def save(tagging_save: Saver, monkeypatch: pytest.MonkeyPatch) -> Saver:
    """Save without mutagen, so that what comes is what is stored."""
    monkeypatch.setitem(sys.modules, "mutagen", None)
    return tagging_save


def clip(
    url: str | None, *, title: str = "Paper Boats", clip_id: str = CLIP_ID
) -> Clip:
    return Clip(
        clip_id=clip_id,
        provider="suno",
        task_id="task-1",
        state=ClipState.SUCCEEDED,
        title=title,
        audio_url=url,
        duration=8.0,
    )


async def test_a_clip_becomes_a_file(save: Saver) -> None:
    """The folder is made, the file is whole, and nothing else is left."""
    path = await save()

    assert save.folder / f"{NAME}.wav" == path
    assert SONG == path.read_bytes()
    assert [path.name] == save.names


async def test_the_key_stays_here(save: Saver, host: MediaHost) -> None:
    """A media host never sees the API key."""
    await save()

    assert "the-key" not in str(host.seen[0].headers)


async def test_a_second_save_fetches_nothing(save: Saver, host: MediaHost) -> None:
    """A file that is there and whole is the answer."""
    first = await save()

    second = await save()

    assert first == second
    assert 1 == len(host.seen)


async def test_a_file_that_was_cut_since_is_fetched_again(
    save: Saver, host: MediaHost
) -> None:
    """What stands under the name is believed only if it is whole."""
    path = await save()
    os.truncate(path, 1000)

    await save()

    assert SONG == path.read_bytes()
    assert 2 == len(host.seen)


async def test_clips_of_one_title_do_not_collide(save: Saver, host: MediaHost) -> None:
    """Each clip has a file of its own."""
    other = clip(host.url, clip_id="0f7b5f2e-aaaa-4b8a-9d3e-5a4c3b2a1f00")

    paths = {await save(), await save(other)}

    assert 2 == len(paths)
    assert 2 == len(host.seen)


async def test_a_broken_download_goes_on(save: Saver, host: MediaHost) -> None:
    """What came is not fetched again."""
    host.answers = [host.cut(500_000)]

    path = await save()

    assert SONG == path.read_bytes()
    assert [None, PART_WAY] == host.starts
    assert '"one"' == host.seen[1].headers["If-Range"]
    assert [0.5] == save.clock.slept


async def test_a_later_call_goes_on_where_an_earlier_gave_up(
    save: Saver, host: MediaHost
) -> None:
    """The part outlives the error, and the error says so."""
    host.answers = [host.cut(500_000), *[says(503)] * 4]
    part = re.escape(str(save.folder / f"{NAME}.part"))

    with pytest.raises(
        DownloadError, match=f"answered 503.*0.. MB of it wait in {part}"
    ):
        await save()
    path = await save()

    assert SONG == path.read_bytes()
    assert PART_WAY == host.starts[-1]
    assert [path.name] == save.names


async def test_a_slow_line_is_not_given_up_while_it_moves(
    save: Saver, host: MediaHost
) -> None:
    """Only breaks without news in between count."""
    host.answers = [host.cut(150_000) for _ in range(9)]
    host.song = SONG

    path = await save()

    assert SONG == path.read_bytes()
    assert 10 == len(host.seen)


async def test_a_song_that_changed_is_fetched_from_its_start(
    save: Saver, host: MediaHost
) -> None:
    """The host says 200 to a range of what is no more, and gets its way."""
    host.answers = [host.cut(500_000)]
    other = wav(8)

    async def change(request: web.Request) -> web.StreamResponse:
        host.song, host.etag = other, '"two"'
        return await host.serve(request)

    host.answers.append(change)

    path = await save()

    assert other == path.read_bytes()
    assert [None, PART_WAY] == host.starts


async def another_song(request: web.Request) -> web.StreamResponse:
    start, total = request.http_range.start, len(SONG)
    content_range = f"bytes {start}-{total - 1}/{total}"
    headers = {"ETag": '"two"', "Content-Range": content_range}
    return web.Response(status=206, body=SONG[start:], headers=headers)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says(416), id="416"),
        pytest.param(says(206, SONG[500_000:]), id="206-without-a-range"),
        pytest.param(
            says(206, b"x" * 10, {"Content-Range": "bytes 0-9/10"}), id="206-elsewhere"
        ),
        pytest.param(another_song, id="206-of-another-song"),
    ],
)
async def test_a_range_that_does_not_fit_is_not_used(
    save: Saver, host: MediaHost, answer: Answer
) -> None:
    """The download begins anew rather than join what does not belong together."""
    host.answers = [host.cut(500_000), answer]

    path = await save()

    assert SONG == path.read_bytes()
    assert [None, PART_WAY, None] == host.starts


async def test_without_an_etag_nothing_is_joined(save: Saver, host: MediaHost) -> None:
    """Who can't tell one song from another begins anew."""
    host.answers = [host.cut(500_000, ETag="")]

    path = await save()

    assert SONG == path.read_bytes()
    assert [None, None] == host.starts


async def test_a_stream_of_unknown_length_is_stored(
    save: Saver, host: MediaHost
) -> None:
    """A chunked reply is as good as one with its length."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(SONG)
        return response

    host.answers = [stream]

    assert SONG == (await save()).read_bytes()


async def test_a_compressed_reply_is_not_taken_for_a_short_one(
    save: Saver, host: MediaHost
) -> None:
    """The length of what was sent is not that of the song."""
    headers = {"Content-Encoding": "gzip", "ETag": '"zip"'}
    host.answers = [says(200, gzip.compress(SONG), headers)]

    assert SONG == (await save()).read_bytes()
    assert "identity" == host.seen[0].headers["Accept-Encoding"]


async def test_a_part_that_was_whole_is_not_fetched_again(
    save: Saver, host: MediaHost
) -> None:
    """A crash just before the last step costs no download."""
    blocker = save.folder / f"{NAME}.wav"
    (blocker / "in the way").mkdir(parents=True)
    with pytest.raises(
        DownloadError, match=r"\.wav is a link, or no file.*1\.4 MB of it"
    ):
        await save()
    (blocker / "in the way").rmdir()
    blocker.rmdir()

    path = await save()

    assert SONG == path.read_bytes()
    assert 1 == len(host.seen)


@pytest.mark.parametrize(
    ("words", "body"),
    [
        pytest.param("a web page", b"<!DOCTYPE html><p>Sign in</p>", id="page"),
        pytest.param("JSON", b'{"error": "expired"}', id="json"),
        pytest.param("nothing", b"", id="nothing"),
    ],
)
async def test_what_is_no_music_is_refused(
    save: Saver, host: MediaHost, words: str, body: bytes
) -> None:
    """A status of 200 does not make a song; fresh links are tried first."""
    host.answers = [says(200, body, {"Content-Type": "text/x"})] * 3
    expected = rf"127.0.0.1 sent {words} \(Content-Type: text/x\) in place of music"

    with pytest.raises(DownloadError, match=expected) as caught:
        await save()

    assert 2 == save.refreshed
    assert [] == save.names
    assert "secret" not in str(caught.value)
    assert "task-1" == caught.value.task_id


async def test_a_web_page_does_not_cost_what_is_there(
    save: Saver, host: MediaHost
) -> None:
    """A sign-in page in the middle of a download is waited out."""
    host.answers = [host.cut(500_000), says(200, b"<html>Sign in</html>")]

    path = await save()

    assert SONG == path.read_bytes()
    assert [None, PART_WAY, PART_WAY] == host.starts


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_dead_link_is_cured_by_asking_the_task(
    save: Saver, host: MediaHost, status: int
) -> None:
    """The fresh link is used at once."""
    host.answers = [says(status)]
    save.fresh = [clip(f"{host.url}&fresh=1")]

    path = await save()

    assert SONG == path.read_bytes()
    assert "/song.wav?signature=secret&fresh=1" == host.seen[1].path_qs
    assert [] == save.clock.slept


async def test_a_fresh_signature_does_not_cost_what_is_there(
    save: Saver, host: MediaHost
) -> None:
    """A link that dies half way is replaced, and the download goes on."""
    host.answers = [host.cut(500_000), says(403)]
    save.fresh = [clip(host.url.replace("secret", "other"))]

    path = await save()

    assert SONG == path.read_bytes()
    assert [None, PART_WAY, PART_WAY] == host.starts


async def test_a_clip_without_a_link_asks_for_one(save: Saver, host: MediaHost) -> None:
    """A clip that was seen before it had audio can be saved."""
    save.fresh = [clip(host.url)]

    path = await save(clip(None))

    assert SONG == path.read_bytes()


async def test_a_clip_that_failed_is_an_error(save: Saver) -> None:
    """The service's reason is told."""
    failed = attrs.evolve(clip(None), state=ClipState.FAILED, error="too loud")

    with pytest.raises(DownloadError, match="fetched: it failed: too loud"):
        await save(failed)


async def test_a_link_that_stays_dead_is_an_error(save: Saver, host: MediaHost) -> None:
    """It says what was seen, and what to do."""
    host.answers = [says(404)] * 3
    expected = "127.0.0.1 answered 404; its task was asked.*save it again later"

    with pytest.raises(DownloadError, match=expected):
        await save()

    assert 2 == save.refreshed
    assert 3 == len(host.seen)


async def test_a_task_that_does_not_answer_is_an_error(
    save: Saver, host: MediaHost
) -> None:
    """Both troubles are told, the second as the cause."""
    host.answers = [says(404)]
    save.fresh = [NotSent("GET /task was not sent: no network.")]

    with pytest.raises(DownloadError, match=r"404; and asking.*no network") as caught:
        await save()

    assert isinstance(caught.value.__cause__, NotSent)
    assert Retry.NOW is caught.value.retry


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://[", "song.mp3"])
async def test_only_web_addresses_are_fetched(save: Saver, url: str) -> None:
    """A link of another kind is a dead one."""
    with pytest.raises(DownloadError, match="its link is no http:// or https://"):
        await save(clip(url))


async def test_a_host_that_is_gone_is_an_error(save: Saver) -> None:
    """It is tried a few times, and the address is not told in full."""
    gone = clip("http://127.0.0.1:1/song.wav?signature=secret")

    with pytest.raises(DownloadError, match=r"from 127.0.0.1 broke off") as caught:
        await save(gone)

    assert [0.5, 1.0, 2.0, 4.0] == save.clock.slept
    assert "secret" not in str(caught.value)
    assert [] == save.names


async def test_a_busy_host_is_waited_for(save: Saver, host: MediaHost) -> None:
    """Retry-After is heeded, within reason."""
    host.answers = [
        says(429, headers={"Retry-After": "7"}),
        says(503, headers={"Retry-After": "9999"}),
        says(500),
    ]

    await save()

    assert [7.0, 60.0, 2.0] == save.clock.slept


@pytest.mark.parametrize(
    ("words", "song"),
    [
        pytest.param("it holds 4.0 s of the 8.0 s", SONG[: 44 + 4 * 176_400], id="cut"),
        pytest.param("it plays 4.0 s of 8.0 s", wav(4), id="short"),
    ],
)
async def test_a_song_that_is_cut_at_the_host_is_refused(
    save: Saver, host: MediaHost, words: str, song: bytes
) -> None:
    """A length that fits does not make it whole."""
    host.song = song

    with pytest.raises(DownloadError, match=f"not the whole song: {words}"):
        await save()

    assert [] == save.names


async def test_a_cut_stream_is_replaced_by_the_whole_song(
    save: Saver, host: MediaHost
) -> None:
    """The task is asked again: by then it may have more than a stream."""
    host.answers = [says(200, wav(4), {"ETag": '"stream"'})]

    path = await save()

    assert SONG == path.read_bytes()
    assert 1 == save.refreshed


async def test_two_saves_at_once_fetch_once(save: Saver, host: MediaHost) -> None:
    """The second waits for the first, and gives the same file."""
    paths = await asyncio.gather(save(), save(), save())

    assert 1 == len(set(paths))
    assert 1 == len(host.seen)
    assert SONG == paths[0].read_bytes()
    assert [paths[0].name] == save.names


OTHER_PROCESS = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(fd, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


async def test_another_process_is_waited_for(save: Saver, host: MediaHost) -> None:
    """A part that is locked elsewhere is left alone until the lock is gone."""
    pytest.importorskip("fcntl")
    save.folder.mkdir()
    part = save.folder / f"{NAME}.part"
    part.write_bytes(b"theirs")
    command = [sys.executable, "-c", OTHER_PROCESS, str(part)]

    async with await anyio.open_process(command) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        await other.stdout.receive()
        saving = asyncio.create_task(save())
        while len(save.clock.slept) < 3:
            await anyio.lowlevel.checkpoint()
        seen_before = len(host.seen), part.read_bytes()
        await other.stdin.aclose()
        path = await saving

    assert (0, b"theirs") == seen_before
    assert SONG == path.read_bytes()


async def test_without_file_locks_each_save_has_its_own_part(
    save: Saver, host: MediaHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file system locks nothing, bytes are spent, and no file is spoilt."""
    fcntl = pytest.importorskip("fcntl")

    def no_locks(_fd: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    host.answers = [host.cut(500_000)]

    paths = await asyncio.gather(save(), save())

    assert 1 == len(set(paths))
    assert SONG == paths[0].read_bytes()
    assert [paths[0].name] == save.names
    assert PART_WAY in host.starts
    (save.folder / paths[0].name).unlink()
    paths[0].mkdir()
    with pytest.raises(DownloadError, match=r"\.wav is a link, or no file"):
        await save()
    assert [paths[0].name] == save.names


async def test_cancelling_keeps_what_came_and_unlocks_it(
    save: Saver, host: MediaHost
) -> None:
    """A save that is given up can be taken up again."""
    is_sent = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"ETag": host.etag})
        response.content_length = len(SONG)
        await response.prepare(request)
        await response.write(SONG[:600_000])
        is_sent.set()
        await asyncio.Event().wait()
        return response

    host.answers = [hang]
    part = save.folder / f"{NAME}.part"
    saving = asyncio.create_task(save())
    await is_sent.wait()
    while not part.exists() or part.stat().st_size < 200_000:
        await anyio.lowlevel.checkpoint()

    saving.cancel()
    await asyncio.wait([saving])
    path = await save()

    assert saving.cancelled()
    assert SONG == path.read_bytes()
    assert [None, PART_WAY] == host.starts


@pytest.mark.parametrize("delay", range(0, 40, 3))
async def test_cancelling_at_any_point_leaves_no_lock(save: Saver, delay: int) -> None:
    """Wherever the cancellation strikes, the next save succeeds."""
    saving = asyncio.create_task(save())
    for _ in range(delay):
        await asyncio.sleep(0)

    saving.cancel()
    await asyncio.wait([saving])
    path = await save()

    assert SONG == path.read_bytes()
    assert [path.name] == save.names


async def test_a_part_that_is_a_link_is_not_followed(
    save: Saver, tmp_path: Path
) -> None:
    """Whoever may write to the folder can't make us write elsewhere."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    save.folder.mkdir()
    (save.folder / f"{NAME}.part").symlink_to(precious)

    with pytest.raises(DownloadError, match=r"\.part is a link, or no file: remove it"):
        await save()

    assert "mine" == precious.read_text()


async def test_a_note_that_is_rubbish_is_not_trusted(
    save: Saver, host: MediaHost
) -> None:
    """A part that nobody can vouch for is begun anew."""
    save.folder.mkdir()
    (save.folder / f"{NAME}.part").write_bytes(b"RIFF rubbish")
    (save.folder / f"{NAME}.part.json").write_bytes(b'{"total": []}')

    path = await save()

    assert SONG == path.read_bytes()
    assert [None] == host.starts
    assert [path.name] == save.names


async def test_a_file_in_place_of_the_folder_is_an_error(save: Saver) -> None:
    """The sentence names the path, and says what to do."""
    save.folder.write_text("mine")
    expected = f"{re.escape(str(save.folder))} is not a folder.*choose another folder"

    with pytest.raises(DownloadError, match=expected) as caught:
        await save()

    assert isinstance(caught.value.__cause__, OSError)
    assert "mine" == save.folder.read_text()


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's right to write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
async def test_a_folder_that_can_not_be_written_is_an_error(
    save: Saver, tmp_path: Path
) -> None:
    """The sentence names the path, and nothing is fetched for nothing."""
    save.folder.mkdir(mode=0o555)

    with (
        as_nobody(),
        pytest.raises(DownloadError, match="may not be written") as caught,
    ):
        await save()

    assert str(tmp_path) in str(caught.value)
    assert Retry.AFTER_EDIT is caught.value.retry
    assert [] == save.names


async def test_a_file_that_may_not_grow_is_an_error(save: Saver) -> None:
    """Nothing half-written stands under the final name, and the next save goes on."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, limits[1]))
    try:
        with pytest.raises(
            DownloadError, match=r"may not grow that big.*0\.7 MB of it"
        ):
            await save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    names = save.names

    path = await save()

    assert [f"{NAME}.part", f"{NAME}.part.json"] == names
    assert SONG == path.read_bytes()


FULL_DISK = """
import asyncio, os, pathlib, subprocess, sys
sys.path[:0] = sys.argv[2:]
import test_download as t

async def main(folder):
    host = t.MediaHost()
    app = t.web.Application()
    app.router.add_get("/{path:.*}", host.answer)
    runner = t.web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await t.web.TCPSite(runner, "127.0.0.1", 0).start()
    url = "http://127.0.0.1:%d/song" % runner.addresses[0][1]
    transport = t.Transport(base_url=url, key="k", timeout_s=5)
    await transport.open()
    save = t.Saver(clip=t.clip(url), folder=folder, transport=transport)
    try:
        await save()
    except t.DownloadError as error:
        print(error, save.names)
    await transport.aclose()
    await runner.cleanup()

mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "x", sys.argv[1]]
subprocess.run(mount, check=True)
asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


@pytest.mark.slow
async def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    """The sentence names the path; nothing half-written has the final name."""
    tests = Path(__file__).parent
    command = [
        *("unshare", "--map-root-user", "--mount", sys.executable, "-c", FULL_DISK),
        *(str(tmp_path), str(tests), str(tests.parent)),
    ]
    try:
        probe = await anyio.run_process([*command[:3], "true"], check=False)
    except FileNotFoundError:
        probe = None
    if probe is None or probe.returncode != 0:
        pytest.skip("only Linux with user namespaces gives a test a disk of its own")

    done = await anyio.run_process(command, check=False)

    expected = rf"{NAME}.part found the disk full: free some space.*0.. MB of it wait"
    assert re.search(expected, done.stdout.decode()), done.stderr.decode()
    assert f"['{NAME}.part', '{NAME}.part.json']" in done.stdout.decode()


async def test_the_file_is_tagged_where_mutagen_is_installed(
    tagging_save: Saver, host: MediaHost
) -> None:
    """Title, id and cover stand in the file, and it is found whole afterwards."""
    mutagen = pytest.importorskip("mutagen")
    png = b"\x89PNG\r\n\x1a\n" + bytes(9)
    with_cover = attrs.evolve(tagging_save.clip, image_url=host.url + "&cover")
    host.answers = [host.serve, says(200, png)]

    path = await tagging_save(with_cover)
    again = await tagging_save(with_cover)

    tags = mutagen.File(path).tags
    assert "Paper Boats" == tags["TIT2"]
    assert png == tags.getall("APIC")[0].data
    assert path == again
    assert 2 == len(host.seen)
    assert [path.name] == tagging_save.names


async def test_a_cover_that_does_not_come_is_done_without(
    tagging_save: Saver, host: MediaHost
) -> None:
    """Music counts for more than its picture."""
    mutagen = pytest.importorskip("mutagen")
    host.answers = [host.serve, says(404)]

    path = await tagging_save(
        attrs.evolve(tagging_save.clip, image_url=host.url + "&cover")
    )

    assert "Paper Boats" == mutagen.File(path).tags["TIT2"]


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        pytest.param("AC-DC", "AC/DC", id="separator"),
        pytest.param("etc-passwd", "../../etc/passwd", id="escape"),
        pytest.param("C-Windows", "C:\\Windows", id="drive"),
        pytest.param("a b", " a\n\t\x00b. ", id="controls"),
        pytest.param("_CON.mp3", "CON.mp3", id="reserved"),
        pytest.param("CON", "CON", id="reserved-but-for-the-id"),
        pytest.param("rf", "-rf", id="option"),
        pytest.param("Кораблики 纸船 👩‍👧", "Кораблики 纸船 👩‍👧", id="unicode"),
        pytest.param("gpj.exe", "\u202egpj.exe", id="bidi"),
        pytest.param("x", "x\ud83d", id="half-a-pair"),
        pytest.param("é", "e\u0301", id="one-spelling"),
        pytest.param("船" * 30, "船" * 200, id="long"),
        pytest.param("suno", "...", id="dots"),
        pytest.param("suno", "", id="nothing"),
    ],
)
def test_titles_become_names(stem: str, title: str) -> None:
    """They stay readable, and lose what a file system may not like."""
    assert f"{stem} 0f7b5f2e-6c1d" == file_stem(clip(None, title=title))


@given(title=st.text(max_size=300), clip_id=st.text(max_size=80))
def test_any_name_is_safe(title: str, clip_id: str) -> None:
    """Whatever the service sends, the file stays in its folder, on any system."""
    stem = file_stem(clip(None, title=title, clip_id=clip_id))

    assert 0 < len(f"{stem}.part.tagged".encode()) <= 143
    assert not set(stem) & set('<>:"/\\|?*')
    assert not {"Cc", "Cs"} & {unicodedata.category(char) for char in stem}
    assert stem == stem.strip(" ")
    assert not stem.startswith((".", "-"))


@given(one=st.text(max_size=50), other=st.text(max_size=50))
def test_no_two_ids_share_a_name(one: str, other: str) -> None:
    """Not even where upper and lower case are the same."""
    stems = {
        file_stem(clip(None, clip_id=clip_id)).casefold() for clip_id in (one, other)
    }

    assert len({one, other}) == len(stems)
