"""Downloads belong to their session, and clips to their job."""

import asyncio
import os
from pathlib import Path

import attrs
import media_host
import pytest
from aiohttp import web
from media_host import NAME, SONG, MediaHost, Saver, clip, says

from aiomusic._files.media import MediaClient
from aiomusic._files.save import Downloads
from aiomusic.errors import DownloadError
from aiomusic.results import ClipState

pytestmark = pytest.mark.anyio
host, client = media_host.host, media_host.client
tagging_save, save = media_host.tagging_save, media_host.save

OTHER_ID = "0f7b5f2e-aaaa-4b8a-9d3e-5a4c3b2a1f00"


def downloads(save: Saver) -> Downloads:
    return Downloads(save.client, save.refresh, save.clock)


async def test_a_dead_clip_does_not_keep_the_others_from_being_stored(
    save: Saver, host: MediaHost
) -> None:
    """The error names what was stored, and what was not."""
    dead = attrs.evolve(clip(None, clip_id=OTHER_ID), state=ClipState.FAILED)

    with pytest.raises(DownloadError, match="1 of 2 clips are stored: .*wav") as caught:
        await downloads(save).save([dead, clip(host.url)], save.folder)

    assert (save.folder / f"{NAME}.wav",) == caught.value.stored
    assert OTHER_ID in str(caught.value)
    assert SONG == caught.value.stored[0].read_bytes()


async def test_what_streams_does_not_get_the_final_name(
    save: Saver, host: MediaHost
) -> None:
    """The whole song is stored beside it, later."""
    running = attrs.evolve(clip(host.url), state=ClipState.RUNNING)
    host.answers = [says(200, media_host.wav(2))]

    early = await save(running)
    late = await save()

    assert f"{NAME}.stream.wav" == early.name
    assert f"{NAME}.wav" == late.name
    assert SONG == late.read_bytes()


async def test_a_pipe_under_the_final_name_is_refused(save: Saver) -> None:
    """It is neither opened, which would hang, nor replaced."""
    save.folder.mkdir()
    os.mkfifo(save.folder / f"{NAME}.wav")

    with pytest.raises(DownloadError, match="is a link, or no file: remove it"):
        await save()

    assert (save.folder / f"{NAME}.wav").is_fifo()


async def test_the_home_folder_is_known(
    save: Saver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder is named with a tilde."""
    monkeypatch.setenv("HOME", str(tmp_path))

    path = await downloads(save).download(save.clip, "~/Music")

    assert tmp_path / "Music" == path.parent


async def test_leaving_ends_what_runs_and_unlocks_it(
    save: Saver, host: MediaHost
) -> None:
    """It ends with an error that says so, and can be taken up again."""
    is_asked = asyncio.Event()

    async def hang(_request: web.Request) -> web.StreamResponse:
        is_asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    host.answers = [hang]
    all_of_them = downloads(save)
    running = asyncio.create_task(all_of_them.download(save.clip, save.folder))
    await is_asked.wait()

    await all_of_them.aclose()

    with pytest.raises(DownloadError, match="the session was closed before it came"):
        await running
    with pytest.raises(DownloadError, match="the session was closed"):
        await all_of_them.download(save.clip, save.folder)
    save.client = MediaClient(host.url, timeout_s=5)
    assert SONG == (await save()).read_bytes()
    await save.client.aclose()


async def test_a_link_is_sent_byte_for_byte(save: Saver, host: MediaHost) -> None:
    """Hosts that sign links compare each of them, also behind a redirect."""
    base = host.url.partition("/song")[0]
    exact = "/a%28b%7E/%2f.wav?key=%3A%2F(~)'&sig=a+b%20c"
    other = f"{exact}&hop=%7E"
    host.answers = [
        says(302, headers={"Location": base + other}),
        says(302, headers={"Location": f"{base}/a.wav?"}),
    ]

    await save(clip(base + exact))

    paths = [str(request.raw_path) for request in host.seen]
    assert [exact, other, "/a.wav?"] == paths


@pytest.mark.slow
async def test_a_drip_is_not_waited_for(save: Saver, host: MediaHost) -> None:
    """Two bytes now and then hold no download open."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"ab")
            await asyncio.sleep(0.01)

    host.answers = [drip] * 99
    save.client = MediaClient(host.url, timeout_s=0.1)

    with pytest.raises(DownloadError, match="sends too slowly"):
        await save()

    await save.client.aclose()
