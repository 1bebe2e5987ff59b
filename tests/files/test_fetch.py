"""What a media host answers is taken for music only if it is."""

import functools
import gzip
import zlib

import media_host
import pytest
import sounds
from aiohttp import web
from media_host import PART_WAY, SONG, Answer, MediaHost, Saver, clip, says, wav
from sounds import FRAME, ID3, m4a, mp3

from aiomusic._files.fetch import fetch_cover
from aiomusic._files.media import MediaClient
from aiomusic.errors import DownloadError

pytestmark = pytest.mark.anyio
host, client = media_host.host, media_host.client
tagging_save, save = media_host.tagging_save, media_host.save


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


async def nameless_song(request: web.Request) -> web.StreamResponse:
    start, total = request.http_range.start, len(SONG)
    headers = {"Content-Range": f"bytes {start}-{total - 1}/{total}"}
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
        pytest.param(nameless_song, id="206-of-who-knows-what"),
    ],
)
async def test_a_range_that_does_not_fit_is_not_used(
    save: Saver, host: MediaHost, answer: Answer
) -> None:
    """The download begins again rather than join what does not belong together."""
    host.answers = [host.cut(500_000), answer]

    path = await save()

    assert SONG == path.read_bytes()
    assert [None, PART_WAY, None] == host.starts


async def test_more_than_was_promised_is_not_kept(save: Saver, host: MediaHost) -> None:
    """What is longer than the whole can't be trusted in any part."""
    total = len(SONG)

    async def longer(request: web.Request) -> web.StreamResponse:
        start = request.http_range.start
        content_range = f"bytes {start}-{total - 1}/{total}"
        headers = {"ETag": host.etag, "Content-Range": content_range}
        return web.Response(status=206, body=SONG[start:] + b"more", headers=headers)

    host.answers = [host.cut(500_000), longer]

    path = await save()

    assert SONG == path.read_bytes()
    assert [None, PART_WAY, None] == host.starts


async def test_without_an_etag_nothing_is_joined(save: Saver, host: MediaHost) -> None:
    """Who can't tell one song from another begins again."""
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


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://[", "song.mp3"])
async def test_only_web_addresses_are_fetched(save: Saver, url: str) -> None:
    """A link of another kind is a dead one."""
    with pytest.raises(DownloadError, match="its link is no http:// or https://"):
        await save(clip(url))


async def stream(song: bytes, request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(song)
    return response


@pytest.mark.parametrize(
    ("words", "song"),
    [
        pytest.param("it holds 4.0 s of the 8.0 s", SONG[: 44 + 4 * 176_400], id="wav"),
        pytest.param("it plays 4.0 s of 8.0 s", mp3(4) + FRAME[:99], id="mp3"),
        pytest.param("it is a web page, not", ID3 + b"<html>", id="page-behind-id3"),
        pytest.param("its last part is missing", m4a(8)[:-9], id="m4a"),
    ],
)
@pytest.mark.parametrize("has_length", [True, False], ids=["length", "no-length"])
async def test_a_song_that_is_cut_at_the_host_is_refused(
    save: Saver, host: MediaHost, words: str, song: bytes, *, has_length: bool
) -> None:
    """A length that fits does not make it whole."""
    host.song = song
    if not has_length:
        host.answers = [functools.partial(stream, song)] * 9

    with pytest.raises(DownloadError, match=f"not the whole song: {words}"):
        await save()

    assert [] == save.names


async def test_a_song_without_a_length_that_is_too_short_is_refused(
    save: Saver, host: MediaHost
) -> None:
    """Nobody vouches that it is all, however often it comes."""
    host.answers = [functools.partial(stream, mp3(4))] * 9

    with pytest.raises(DownloadError, match="not the whole song: it plays 4.0 s"):
        await save()


@pytest.mark.parametrize(
    ("ending", "song"),
    [
        pytest.param(".wav", wav(4), id="wav"),
        pytest.param(".mp3", mp3(4), id="mp3"),
        pytest.param(".m4a", m4a(4), id="m4a"),
    ],
)
async def test_whole_music_that_is_shorter_than_told_is_kept(
    save: Saver,
    host: MediaHost,
    caplog: pytest.LogCaptureFixture,
    ending: str,
    song: bytes,
) -> None:
    """When a fresh link gives the same bytes, the duration is wrong, and not they."""
    host.song = song

    path = await save()
    again = await save()

    assert (ending, song) == (path.suffix, path.read_bytes())
    assert path == again
    assert 2 == len(host.seen)
    assert "is kept though it plays 4.0 s of 8.0 s" in caplog.text


async def test_short_music_that_is_another_each_time_is_refused(
    save: Saver, host: MediaHost
) -> None:
    """A stream that grows is not the song yet."""
    host.answers = [says(200, wav(seconds)) for seconds in (2, 3, 4, 5)]

    with pytest.raises(DownloadError, match="not the whole song: it plays 4.0 s"):
        await save()


@pytest.mark.parametrize(
    ("ending", "song"),
    [
        pytest.param(".aac", sounds.aac(8), id="aac"),
        pytest.param(".webm", sounds.webm() + bytes(4_000), id="webm"),
        pytest.param(".bin", b"\0\1\2" + sounds.noise(9_000), id="unknown"),
    ],
)
async def test_unusual_music_is_kept_with_a_warning(
    tagging_save: Saver,
    host: MediaHost,
    caplog: pytest.LogCaptureFixture,
    ending: str,
    song: bytes,
) -> None:
    """It is under its true ending, and found there by the next call."""
    host.song = song

    path = await tagging_save()
    again = await tagging_save()

    assert (ending, song) == (path.suffix, path.read_bytes())
    assert path == again
    assert [path.name] == tagging_save.names
    assert f"unusual kind: it is kept as {ending}" in caplog.text


@pytest.mark.parametrize("cut", [1, 9, 5_000], ids=["crc", "end", "data"])
async def test_a_compressed_reply_must_reach_its_end(
    save: Saver, host: MediaHost, cut: int
) -> None:
    """However long what came of it is."""
    headers = {"Content-Encoding": "gzip"}
    host.answers = [says(200, gzip.compress(SONG)[:-cut], headers)] * 9

    with pytest.raises(DownloadError, match="compressed is cut off"):
        await save()

    assert [] == save.names


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        pytest.param("gzip", SONG, id="not-compressed-at-all"),
        pytest.param("gzip", gzip.compress(SONG[:9]) + gzip.compress(SONG[9:]), id="2"),
        pytest.param("gzip", gzip.compress(SONG) + bytes(99), id="padded"),
        pytest.param("deflate", zlib.compress(SONG), id="deflate"),
        pytest.param("X-GZIP", gzip.compress(SONG), id="x-gzip"),
    ],
)
async def test_what_is_compressed_is_stored_as_it_is(
    save: Saver, host: MediaHost, encoding: str, body: bytes
) -> None:
    """Whichever way a host does it, though it was not asked to."""
    host.answers = [says(200, body, {"Content-Encoding": encoding})]

    assert SONG == (await save()).read_bytes()


async def test_a_bomb_is_not_blown_up(save: Saver, host: MediaHost) -> None:
    """A small reply that unpacks to a huge one ends where no song goes on."""
    bomb = gzip.compress(ID3 + bytes(60_000_000))
    host.answers = [says(200, bomb, {"Content-Encoding": "gzip"})] * 9

    with pytest.raises(DownloadError, match="sends more than 21.* bytes, which no"):
        await save()

    assert [] == save.names


async def test_a_song_without_end_is_refused(save: Saver, host: MediaHost) -> None:
    """A clip of 8 s does not take all the disk."""
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(mp3(60))
            sent += len(mp3(60))

    host.answers = [endless] * 9

    with pytest.raises(DownloadError, match="bytes, which no such song needs"):
        await save()

    assert [] == save.names
    assert sent < 3 * 30_000_000


async def test_a_length_that_no_song_has_is_refused_at_once(
    save: Saver, host: MediaHost
) -> None:
    """Nothing is fetched to find out."""
    host.answers = [host.cut(300_000, **{"Content-Length": "900000000"})] * 9

    with pytest.raises(DownloadError, match="bytes, which no such song needs"):
        await save()

    assert 3 == len(host.seen)


@pytest.mark.parametrize(
    "url", ["http://[", "http://host:port/", "file:///etc/passwd", "cover.png", ""]
)
async def test_a_broken_cover_link_gives_no_cover(
    client: MediaClient, url: str
) -> None:
    """What is no address costs no music, whichever way it is none."""
    cover = await fetch_cover(url, client)

    assert cover is None


@pytest.mark.parametrize(
    ("is_taken", "status", "body"),
    [
        pytest.param(True, 200, b"\xff\xd8\xff\xe0", id="jpeg"),
        pytest.param(True, 200, b"\x89PNG\r\n", id="png"),
        pytest.param(False, 404, b"\x89PNG\r\n", id="404"),
        pytest.param(False, 200, b"<html>", id="page"),
        pytest.param(False, 200, b"", id="nothing"),
        pytest.param(False, 200, b"\x89PNG" + bytes(5 * 1024 * 1024), id="huge"),
    ],
)
async def test_only_a_picture_becomes_a_cover(
    client: MediaClient, host: MediaHost, *, is_taken: bool, status: int, body: bytes
) -> None:
    """It is a JPEG or PNG of a decent size."""
    host.answers = [says(status, body)]

    cover = await fetch_cover(host.url, client)

    assert (body if is_taken else None) == cover
