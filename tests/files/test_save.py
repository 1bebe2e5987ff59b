"""A clip becomes a file once, and whole, whatever the host and the link do."""

import asyncio
import os
import re
from datetime import UTC, datetime

import anyio.lowlevel
import attrs
import media_host
import pytest
from aiohttp import web
from media_host import NAME, PART_WAY, SONG, MediaHost, Saver, clip, says, wav

from aiomusic.errors import DownloadError, NotSent, Retry
from aiomusic.results import ClipState

pytestmark = pytest.mark.anyio
host, client = media_host.host, media_host.client
tagging_save, save = media_host.tagging_save, media_host.save


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
    old = attrs.evolve(save.clip, created_at=datetime(1960, 1, 1, tzinfo=UTC))

    with pytest.raises(DownloadError, match=expected):
        await save(old)

    assert 2 == save.refreshed
    assert 3 == len(host.seen)


@pytest.mark.parametrize("has_link", [True, False], ids=["refused", "missing"])
async def test_the_link_of_a_young_clip_is_given_a_minute(
    save: Saver, host: MediaHost, *, has_link: bool
) -> None:
    """A host hears of a new file some time after its link is given out."""
    host.answers = [says(403)] * 99

    with pytest.raises(DownloadError, match="answered 403|no audio yet"):
        await save(clip(host.url if has_link else None))

    assert 60 <= save.clock.now() < 70
    assert 7 == save.refreshed


async def test_fresh_links_that_are_refused_are_no_endless_loop(
    save: Saver, host: MediaHost
) -> None:
    """Also where the task gives another link each time."""
    host.answers = [says(403)] * 999
    save.fresh = [clip(f"{host.url}&fresh={n}") for n in range(999)]

    with pytest.raises(DownloadError, match="answered 403"):
        await save()

    assert 60 <= save.clock.now() < 70


async def test_a_link_that_comes_late_is_waited_for(
    save: Saver, host: MediaHost
) -> None:
    """A clip is asked for again while its task may still add its link."""
    save.fresh = [clip(None), clip(None), clip(None), clip(host.url)]

    path = await save(clip(None))

    assert SONG == path.read_bytes()


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


async def test_a_host_that_is_gone_is_an_error(save: Saver) -> None:
    """It is tried a few times, and the address is not told in full."""
    gone = clip("http://127.0.0.1:1/song.wav?signature=secret")

    with pytest.raises(
        DownloadError, match=r"127.0.0.1 was not reached: connection"
    ) as caught:
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


async def test_a_cover_link_that_is_broken_is_done_without(tagging_save: Saver) -> None:
    """No error leaves that is not ours."""
    mutagen = pytest.importorskip("mutagen")
    broken = attrs.evolve(tagging_save.clip, image_url="http://[")

    path = await tagging_save(broken)

    assert "Paper Boats" == mutagen.File(path).tags["TIT2"]


async def test_an_audio_link_with_a_broken_port_is_an_error(save: Saver) -> None:
    """It is told as one sentence, without the address."""
    broken = clip("http://host:port/song.wav?signature=secret")

    with pytest.raises(
        DownloadError, match="link is no http:// or https:// address; its task"
    ) as caught:
        await save(broken)

    assert "secret" not in str(caught.value)
