"""A song that its host has cut gets no final name, however its bytes come."""

import gzip
from collections.abc import Callable

import attrs
import media_host
import pytest
import sounds
from aiohttp import web
from media_host import Answer, MediaHost, Saver, says
from sounds import encoded, m4a

from aiomusic import DownloadError

host, client = media_host.host, media_host.client
tagging_save, save = media_host.tagging_save, media_host.save
pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SECONDS = 5.0
SONGS = {
    "mp3": encoded(SECONDS, "MP3"),
    "mp3 behind a picture": sounds.ID3 + encoded(SECONDS, "MP3"),
    "vorbis": encoded(SECONDS, "OGG"),
    "opus": encoded(SECONDS, "OGG", "OPUS"),
    "flac": encoded(SECONDS, "FLAC"),
    "flac with a picture": sounds.pictured(encoded(SECONDS, "FLAC"), 900_000),
    "wav": encoded(SECONDS, "WAV"),
    "m4a": m4a(SECONDS),
    "m4a with its table last": m4a(SECONDS, is_moov_last=True),
}
# In percent of the song: less than 2 % of it may be missing.
CUTS = (1, 2, 8, 20, 35, 50, 64, 79, 90, 95, 97)


def with_length(body: bytes) -> Answer:
    return says(200, body)


def in_chunks(body: bytes) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(body)
        await response.write_eof()
        return response

    return answer


def until_closed(body: bytes) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        request.transport.close()
        return web.Response()

    return answer


def compressed(body: bytes) -> Answer:
    return says(200, gzip.compress(body, 1), {"Content-Encoding": "gzip"})


FORMS = {
    "with its length": with_length,
    "in chunks": in_chunks,
    "until it is closed": until_closed,
    "compressed": compressed,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("song", SONGS.values(), ids=SONGS.keys())
async def test_no_cut_song_gets_its_final_name(
    save: Saver, host: MediaHost, song: bytes, form: Callable[[bytes], Answer]
) -> None:
    """Of five seconds that are known, every cut is refused, and the whole is kept."""
    kept = []
    for percent in (*CUTS, 100):
        host.answers = [form(song[: len(song) * percent // 100])] * 99
        asked = attrs.evolve(save.clip, clip_id=f"c-{percent}", duration=SECONDS)
        try:
            path = await save(asked)
        except DownloadError:
            continue
        assert song == path.read_bytes()
        kept.append(percent)

    assert [100] == kept
