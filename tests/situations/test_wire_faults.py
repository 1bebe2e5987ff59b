"""What stands between this machine and the service: proxies, late loops, sessions."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler
from hypothesis import given
from hypothesis import strategies as st
from raw_server import RawServer, Say, http
from situation import DONE, KEY, RUNNING, TASK_ID, YES

from aiomusic import ApiError, Clip, ClipState, DownloadError, MusicSession, NotSent
from aiomusic._http.raw_http import MAX_BYTES, decoded, parse, record_replies
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_every_connection_of_aiohttp_is_made_by_what_is_replaced() -> None:
    """If aiohttp changes how it makes connections, no bytes are kept: see here."""

    async def made() -> None:
        connector = aiohttp.TCPConnector()
        before = connector._factory()
        record_replies(connector)
        after = connector._factory()
        assert type(before) is ResponseHandler
        assert isinstance(after, ResponseHandler)
        assert type(after) is not ResponseHandler
        await connector.close()

    asyncio.run(made())


# A loop that stands still.


def freeze(said: threading.Event, for_s: float) -> None:
    """Hold the loop until the answer lies in the socket, and its time is over."""
    assert said.wait(10)
    threading.Event().wait(for_s)


@pytest.mark.slow
async def test_an_answer_that_lies_in_the_socket_is_read_by_a_late_loop() -> None:
    """The loop stood still beyond the limit: the create's reply is not thrown away."""
    loop = asyncio.get_running_loop()
    said = threading.Event()

    def stop_the_loop() -> None:
        loop.call_soon_threadsafe(freeze, said, 0.7)

    late = Say(YES.data, before=stop_the_loop, after=said.set)
    with RawServer([late], [DONE]) as server:
        async with MusicSession(
            KEY, base_url=server.url, request_timeout_s=0.4, poll_every_s=0
        ) as music:
            clips = await music.suno.create("a song")

    assert 2 == len(clips)
    assert 1 == len(server.posts)


@pytest.mark.slow
async def test_a_poll_of_a_late_loop_is_read_too() -> None:
    """It is the same timer."""
    loop = asyncio.get_running_loop()
    said = threading.Event()
    late = Say(
        DONE.data,
        before=lambda: loop.call_soon_threadsafe(freeze, said, 0.7),
        after=said.set,
    )
    with RawServer([YES], [late, http(b"<html>", 500)]) as server:
        async with MusicSession(
            KEY, base_url=server.url, request_timeout_s=0.4, poll_every_s=0
        ) as music:
            found = await music.suno.get(TASK_ID)

    assert ClipState.SUCCEEDED is found.state
    assert 1 == len(server.requests)


@pytest.mark.slow
async def test_a_late_loop_does_not_wait_for_an_answer_that_does_not_come() -> None:
    """One grace, and the limit holds."""
    loop = asyncio.get_running_loop()
    said = threading.Event()
    late = Say(
        b"",
        then="hang",
        before=lambda: loop.call_soon_threadsafe(freeze, said, 0.7),
        after=said.set,
    )
    with RawServer([late], [DONE]) as server:
        async with MusicSession(
            KEY, base_url=server.url, request_timeout_s=0.4
        ) as music:
            with pytest.raises(Exception, match="it took too long"):
                await asyncio.wait_for(asyncio.ensure_future(_made(music)), 3)


async def _made(music: MusicSession) -> object:
    return await music.suno.create("a song")


# Proxies.


@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTP_PROXY"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "ftp"])
async def test_a_proxy_of_another_kind_is_named(
    name: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent, nothing is tried again, and it says what to do."""
    monkeypatch.setenv(name, f"{scheme}://me:pass-7f3aQ9zL@proxy.example:1080")
    monkeypatch.setenv(name.lower(), f"{scheme}://me:pass-7f3aQ9zL@proxy.example:1080")

    async with MusicSession(KEY, base_url="http://api.example") as music:
        with pytest.raises(NotSent, match=f"the {scheme} proxy proxy.example") as made:
            await music.suno.create("a song")
        with pytest.raises(NotSent, match="Name an HTTP proxy in HTTPS_PROXY") as asked:
            await music.credits()
        clip = Clip(
            clip_id="c",
            provider="suno",
            state=ClipState.SUCCEEDED,
            audio_url="http://cdn.example/a.mp3",
        )
        with pytest.raises(DownloadError, match="could not be fetched") as fetched:
            await music.download(clip, "/nowhere")

    assert ("no", "after an edit") == (made.value.charged, made.value.retry)
    shown = f"{made.value} {asked.value} {fetched.value}"
    assert "pass-7f3aQ9zL" not in shown


async def test_a_tunnel_that_wants_a_login_says_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is asked once, as asking again can't work."""
    no = http(b"", 407, headers=["Proxy-Authenticate: Basic"], then="close")
    with proxy(no) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
        async with MusicSession(KEY, base_url="https://api.example") as music:
            with pytest.raises(NotSent, match="the proxy answered 407") as caught:
                await music.suno.create("a song")

    assert f"127.0.0.1:{server.port}" in str(caught.value)
    assert "user:password@host" in str(caught.value)
    assert ("no", "after an edit") == (caught.value.charged, caught.value.retry)
    # One for the balance, one for the create.
    assert len(server.requests) <= 2


async def test_a_proxy_that_wants_a_login_refuses_a_create(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a tunnel it answers in the service's place; nothing was bought."""
    with proxy(http(b"<html>login</html>", 407)) as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
        async with MusicSession(KEY, base_url="http://api.example") as music:
            with pytest.raises(ApiError, match="407.*HTTPS_PROXY") as caught:
                await music.suno.create("a song")

    assert "no" == caught.value.charged
    assert 1 == len(server.posts)


def closed_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port: int = closed.getsockname()[1]
        return port


LOGIN = "user:password@host:port"
# What a proxy does, and what must be said of it.
SHUT: dict[str, tuple[Say | None, list[str]]] = {
    "is not there": (None, ["reached", "refused", "NO_PROXY"]),
    "wants a login": (http(b"", 407, then="close"), ["answered 407", LOGIN]),
    "wants a login, in words": (http(b"<html>", 407, then="close"), ["407", LOGIN]),
    "refuses": (http(b"no", 403, then="close"), ["answered 403", "NO_PROXY"]),
    "knows no tunnels": (http(b"", 405, then="close"), ["answered 405", "NO_PROXY"]),
}


@pytest.mark.parametrize(("say", "says"), SHUT.values(), ids=SHUT.keys())
async def test_a_proxy_that_lets_nothing_through_is_asked_once(
    say: Say | None, says: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """For a create, the balance and a file: it is named, and what to do about it."""
    with proxy(say or http(b"")) as server:
        port = closed_port() if say is None else server.port
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:pass-7f3aQ9zL@127.0.0.1:{port}")
        clock = AutojumpClock()
        async with MusicSession(KEY, base_url="https://8.8.8.8", clock=clock) as music:
            with pytest.raises(NotSent, match="^POST /api/v1/suno/create was") as made:
                await music.suno.create("a song")
            with pytest.raises(NotSent, match="^GET /api/v1/get-credits was") as asked:
                await music.credits()
            song = Clip(
                clip_id="c1",
                provider="suno",
                state=ClipState.SUCCEEDED,
                audio_url="https://8.8.4.4/a.mp3",
            )
            with pytest.raises(DownloadError, match="^Clip c1 could") as fetched:
                await music.download(song, tmp_path)

    assert [] == clock.slept
    for caught, charged in ((made, "no"), (asked, "no"), (fetched, "yes")):
        assert (charged, "after an edit") == (caught.value.charged, caught.value.retry)
        assert "pass-7f3aQ9zL" not in str(caught.value)
        for words in (f"127.0.0.1:{port}", *says):
            assert words in str(caught.value)


async def test_a_proxy_that_is_busy_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gateway's error may pass."""
    with proxy(http(b"", 502, then="close")) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
        clock = AutojumpClock()
        async with MusicSession(KEY, base_url="https://api.example", clock=clock) as m:
            with pytest.raises(NotSent, match="the proxy answered 502") as caught:
                await m.credits()

    assert "now" == caught.value.retry
    assert 4 == len(server.requests)


@contextlib.contextmanager
def proxy(say: Say) -> Iterator[RawServer]:
    with RawServer([say], [say], say) as server:
        yield server


# Sessions of the caller's.


async def test_a_closed_http_session_is_told_when_it_is_entered() -> None:
    """Not by an error of aiohttp's, and before anything is sent."""
    http_session = aiohttp.ClientSession()
    await http_session.close()

    with pytest.raises(NotSent, match="given as http= is closed. Keep it open"):
        async with MusicSession(KEY, http=http_session):
            pass


async def test_an_http_session_that_is_closed_meanwhile_is_told() -> None:
    """By whatever is asked next."""
    with RawServer([YES], [RUNNING]) as server:
        http_session = aiohttp.ClientSession()
        async with MusicSession(KEY, base_url=server.url, http=http_session) as music:
            await http_session.close()
            with pytest.raises(NotSent, match="was not sent: the aiohttp") as caught:
                await music.suno.create("a song")
            with pytest.raises(NotSent, match="http= is closed"):
                await music.credits()

    assert ("no", "after an edit") == (caught.value.charged, caught.value.retry)
    assert [] == server.requests


async def test_a_callers_session_hears_the_same_replies() -> None:
    """Also one with a long header, and one that says gzip of plain JSON."""
    for headers in ([f"X-Policy: {'x' * 9000}"], ["Content-Encoding: gzip"]):
        said = http({"task_id": TASK_ID}, headers=headers)
        with RawServer([said], [DONE]) as server:
            async with (
                aiohttp.ClientSession() as http_session,
                MusicSession(
                    KEY, base_url=server.url, http=http_session, poll_every_s=0
                ) as music,
            ):
                assert 2 == len(await music.suno.create("a song"))


# Bytes.


@given(st.binary(max_size=300) | st.binary(max_size=99).map(b"HTTP/1.1 200 ".__add__))
def test_no_bytes_break_the_reading(raw: bytes) -> None:
    """They are a reply, or nothing."""
    found = parse(raw)

    assert (found is None) == (not raw.strip())


@given(
    body=st.binary(max_size=99),
    encoding=st.sampled_from(["gzip", "deflate", "br", "gzip, gzip", "", "identity"]),
)
def test_no_encoding_breaks_the_reading(body: bytes, encoding: str) -> None:
    """What was not encoded is left, and what was is bounded."""
    found, _ = decoded(body, {"content-encoding": encoding})

    assert len(found) <= MAX_BYTES


def test_a_gigabyte_in_gzip_is_never_there() -> None:
    """What a megabyte unpacks to is cut where no reply of the API goes."""
    import zlib  # noqa: PLC0415

    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()

    found, is_whole = decoded(bomb, {"content-encoding": "gzip"})

    assert (MAX_BYTES, False) == (len(found), is_whole)
