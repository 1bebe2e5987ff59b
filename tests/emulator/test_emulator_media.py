"""The audio and the pictures behind the addresses."""

import functools
import io
import logging
import re
import wave
from pathlib import Path

import aiohttp
import pytest
from emulated import SUNG, Client, opened
from multidict import CIMultiDictProxy

from aiomusic.emulator import Emulator, Pace
from aiomusic.emulator._render_jobs import RenderFailed, render
from aiomusic.emulator._workers import Workers

pytestmark = pytest.mark.anyio

KINDS = {"mp3": "audio/mpeg", "wav": "audio/wav"}
SHORT = {"type": "bgm", "description": "a calm piano", "duration": 2}


async def fetch(
    client: Client, url: str, **headers: str
) -> tuple[int, CIMultiDictProxy[str], bytes]:
    async with client.http.get(url, headers=headers) as reply:
        return reply.status, reply.headers, await reply.read()


async def until_cut(reply: aiohttp.ClientResponse) -> bytes:
    got = b""
    try:
        async for chunk in reply.content.iter_any():
            got += chunk
    except aiohttp.ClientPayloadError:
        return got
    pytest.fail("it was not cut")


async def short_song(client: Client) -> str:
    task_id = await client.create("nuro", SHORT)
    _, body = await client.end(task_id, "nuro")
    return str(body["audio_url"])


@pytest.mark.parametrize(
    ("prompt", "logged"),
    [
        ("a tango at night", "tango, for 'tango'"),
        ("about a harbour", "no genre was read; .* is a guess"),
    ],
    ids=["read", "guessed"],
)
async def test_the_style_that_was_read_is_logged(
    prompt: str, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log tells which style a clip has, for which word, or that it is a guess."""
    caplog.set_level(logging.INFO, "aiomusic.emulator")

    async with opened(media=True) as (_, client):
        task_id = await client.create("nuro", {**SHORT, "description": prompt})
        await client.end(task_id, "nuro")

    assert re.search(logged, caplog.text)


@pytest.mark.slow
async def test_audio_has_the_length_that_the_reply_tells() -> None:
    """A nuro song is a WAV, as long as was asked for, served with Range and ETag."""
    async with opened(media=True) as (_, client):
        url = await short_song(client)
        status, headers, whole = await fetch(client, url)
        ranged = await fetch(client, url, Range="bytes=100-199")
        same = await fetch(client, url, **{"If-None-Match": headers["ETag"]})

        with wave.open(io.BytesIO(whole)) as song:
            assert song.getnframes() / song.getframerate() == pytest.approx(2, abs=0.1)
            assert (song.getnchannels(), song.getframerate()) == (2, 44100)
        assert (status, headers["Content-Type"]) == (200, "audio/wav")
        assert (ranged[0], ranged[2]) == (206, whole[100:200])
        assert same[0] == 304


async def test_a_range_that_makes_no_sense_brings_the_whole_file() -> None:
    """Nor are several served; one that lies beyond the end is refused."""
    async with opened(media=True, renderer="sine") as (_, client):
        url = await short_song(client)
        _, _, whole = await fetch(client, url)
        for odd in ("bytes=0-0,5-9", "bytes=5-1", "bytes=-", "bytes=x", "lines=1-2"):
            status, _, body = await fetch(client, url, Range=odd)
            assert (status, body) == (200, whole), odd
        for good, found in (
            ("bytes=7-", whole[7:]),
            ("bytes=-7", whole[-7:]),
            ("bytes=7-7", whole[7:8]),
        ):
            status, _, body = await fetch(client, url, Range=good)
            assert (status, body) == (206, found), good
        assert 416 == (await fetch(client, url, Range="bytes=99999999-"))[0]


@pytest.mark.slow
async def test_cut_audio_can_be_resumed() -> None:
    """A download that was cut has an ETag, and the rest comes by Range."""
    async with opened(media=True, renderer="sine") as (api, client):
        url = await short_song(client)
        _, headers, whole = await fetch(client, url)
        api.fault("cut_body", on="media", times=2)

        got = b""
        for _ in range(2):
            asked = {"Range": f"bytes={len(got)}-"} if got else {}
            async with client.http.get(url, headers=asked) as reply:
                assert reply.headers["ETag"] == headers["ETag"]
                got += await until_cut(reply)
        status, _, rest = await fetch(client, url, Range=f"bytes={len(got)}-")

        assert status == 206
        assert got + rest == whole


@pytest.mark.slow
async def test_seeds_repeat() -> None:
    """The same seed gives the same song, another seed another."""
    found = []
    for seed in (7, 7, 8):
        async with opened(media=True, seed=seed) as (_, client):
            found.append((await fetch(client, await short_song(client)))[2])

    assert found[0] == found[1] != found[2]


@pytest.mark.slow
async def test_suno_makes_two_takes() -> None:
    """A suno task has two different songs, in the format that the URL says."""
    async with opened(media=True, renderer="sine", preview_s=4) as (_, client):
        _, body = await client.end(await client.create())
        urls = [clip["audio_url"] for clip in body["data"]]
        (_, headers, first), (_, _, second) = [await fetch(client, u) for u in urls]

    assert first != second
    assert headers["Content-Type"] == KINDS[urls[0].rpartition(".")[2]]


@pytest.mark.slow
async def test_clip_is_held_back_until_its_audio_is_there() -> None:
    """Under a pace of seconds a clip succeeds when its audio can be fetched."""
    async with opened(media=True, pace=Pace.seconds(0, 0)) as (api, client):
        task_id = await client.create("nuro", SHORT)
        _, early = await client.poll(task_id, "nuro")
        await api.finish(task_id)
        _, late = await client.poll(task_id, "nuro")

        assert (early["status"], early["audio_url"]) == ("running", "")
        assert late["status"] == "succeeded"
        assert (await fetch(client, late["audio_url"]))[0] == 200


async def test_media_need_no_key() -> None:
    """A picture is fetched without a key, and the log knows whether one came."""
    async with opened() as (api, client):
        _, body = await client.end(await client.create())
        async with (
            aiohttp.ClientSession() as http,
            http.get(body["data"][0]["image_url"]) as reply,
        ):
            picture = await reply.read()

        assert (reply.status, reply.content_type) == (200, "image/svg+xml")
        assert picture.startswith(b"<svg")
        assert not api.requests[-1].sent_key


async def test_without_media_addresses_lead_nowhere() -> None:
    """With media=False replies have addresses, and they answer 404."""
    async with opened() as (_, client):
        _, body = await client.end(await client.create())

        assert (await fetch(client, body["data"][0]["audio_url"]))[0] == 404


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "content_type", "head"),
    [
        ("mp3", "audio/mpeg", b"\xff\xfb"),
        ("wav", "audio/wav", b"RIFF"),
        ("flac", "audio/flac", b"fLaC"),
        ("mid", "audio/midi", b"MThd"),
    ],
)
async def test_a_song_can_be_had_in_every_kind(
    kind: str, content_type: str, head: bytes
) -> None:
    """Another ending of its address gives the same song in another kind of file."""
    async with opened(media=True, renderer="sine") as (_, client):
        url = (await short_song(client)).rpartition(".")[0]
        status, headers, body = await fetch(client, f"{url}.{kind}")

        assert (200, content_type) == (status, headers["Content-Type"])
        assert body.startswith(head)


async def test_a_cover_can_be_had_as_jpeg() -> None:
    """With Pillow another ending gives the picture as a JPEG, of a known clip only."""
    async with opened(media=True) as (_, client):
        _, body = await client.end(await client.create())
        url = body["data"][0]["image_url"].rpartition(".")[0]
        status, headers, picture = await fetch(client, f"{url}.jpg")

        assert (200, "image/jpeg") == (status, headers["Content-Type"])
        assert picture.startswith(b"\xff\xd8\xff")
        assert 404 == (await fetch(client, "/media/image_nobody.jpg"))[0]
        assert 404 == (await fetch(client, f"{url}.png"))[0]


async def test_riffusion_tells_when_each_line_is_sung() -> None:
    """The sections of a clip come with their times, and the lines within them."""
    async with opened(media=True) as (_, client):
        song = {
            "custom_mode": True,
            "make_instrumental": False,
            "lyrics": "[Verse]\nPaper boats go by\n[Chorus]\nSail away with me",
            "sound": "pop",
            "mv": "FUZZ-1.0",
        }
        task_id = await client.create("riffusion", song)
        _, early = await client.poll(task_id, "riffusion")
        _, body = await client.end(task_id, "riffusion")
        clip = body["data"][0]
        sections = clip["timestamp"]["sections"]
        sung = {part["name"]: part for part in sections if part["lines"]}
        line = sung["chorus"]["lines"][0]

        assert [] == early["data"]
        assert ["verse", "chorus"] == list(sung)
        assert (0, clip["duration"]) == (sections[0]["start"], sections[-1]["end"])
        assert "Sail away with me" == line["text"]
        assert sung["chorus"]["start"] - 1 < line["start"] < sung["chorus"]["end"]


async def test_strange_names_are_not_found() -> None:
    """A name that is no clip's, or has another kind, is 404."""
    async with opened(media=True) as (_, client):
        for name in ("nobody.mp3", "..%2f..%2fetc%2fpasswd", "x"):
            assert (await fetch(client, f"/media/{name}"))[0] == 404


async def test_file_can_be_struck() -> None:
    """A media address can die, or turn into a web page."""
    async with opened() as (api, client):
        api.fault("status", on="media", status=410)
        api.fault("html", on="media")

        assert (await fetch(client, "/media/image_x.svg"))[0] == 410
        assert (await fetch(client, "/media/image_x.svg"))[2].startswith(b"<!DOCTYPE")


@pytest.mark.slow
async def test_files_are_gone_when_it_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing removes every file it made."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with opened(media=True) as (_, client):
        await fetch(client, await short_song(client))
        during = list(tmp_path.rglob("*.wav"))

    assert len(during) == 1
    assert list(tmp_path.iterdir()) == []


def test_making_one_opens_nothing() -> None:
    """An emulator can be made outside a loop, and leaves nothing behind."""
    api = Emulator()

    assert "closed" in repr(api)


@pytest.mark.parametrize(
    ("task_type", "more"),
    [
        ("extend_music", {"continue_at": 10}),
        ("cover_music", {}),
        ("replace_music", {"continue_at": 5, "ends_at": 10}),
        ("swap_music_sound", {}),
        ("swap_music_vocals", {}),
    ],
)
async def test_edits_are_composed_of_what_they_edit(
    task_type: str, more: dict[str, object]
) -> None:
    """Each edit of a known clip ends, and keeps what the edit keeps."""
    async with opened(media=True) as (_, client):
        _, source = await client.end(await client.create("riffusion"), "riffusion")
        clip = source["data"][0]
        edit = {
            "custom_mode": True,
            "lyrics": "[Verse]\nPaper boats along the gutter",
            "sound": "rock with a flute",
            "mv": "FUZZ-1.0",
            "task_type": task_type,
            "continue_clip_id": clip["clip_id"],
            **more,
        }
        _, body = await client.end(await client.create("riffusion", edit), "riffusion")

        assert [one["state"] for one in body["data"]] == ["succeeded"] * 2
        if "music_" in task_type or task_type == "replace_music":
            assert body["data"][0]["duration"] == pytest.approx(clip["duration"])


async def test_concat_joins_an_extension_to_its_song() -> None:
    """A concat is as long as the song up to the extension and the extension."""
    async with opened(media=True) as (_, client):
        _, source = await client.end(await client.create())
        extension = {
            **SUNG,
            "task_type": "extend_music",
            "continue_clip_id": source["data"][0]["clip_id"],
            "continue_at": 10,
        }
        _, added = await client.end(await client.create("suno", extension))
        clip = added["data"][0]
        join = {"task_type": "concat_music", "continue_clip_id": clip["clip_id"]}
        _, whole = await client.end(await client.create("suno", join))

        length = whole["data"][0]["duration"]
        assert length == pytest.approx(10 + clip["duration"], abs=0.1)


async def test_upload_of_its_own_song_can_be_extended() -> None:
    """Its own audio, uploaded by its address, is a song to work on."""
    async with opened(media=True) as (_, client):
        _, source = await client.end(await client.create())
        url = source["data"][0]["audio_url"]
        _, upload = await client.post("/api/v1/suno/upload", {"url": url})
        cover = {
            **SUNG,
            "task_type": "cover_upload_music",
            "continue_clip_id": upload["clip_id"],
        }
        _, body = await client.end(await client.create("suno", cover))

        assert body["data"][0]["state"] == "succeeded"


async def test_edit_that_cannot_be_made_fails_and_is_refunded() -> None:
    """A section from the very end of the song on has nothing in it, and fails."""
    async with opened(media=True, credits=100) as (api, client):
        _, source = await client.end(await client.create("riffusion"), "riffusion")
        edit = {
            "custom_mode": True,
            "lyrics": "la",
            "sound": "rock",
            "mv": "FUZZ-1.0",
            "task_type": "replace_music",
            "continue_clip_id": source["data"][0]["clip_id"],
            "continue_at": source["data"][0]["duration"],
        }
        _, body = await client.end(await client.create("riffusion", edit), "riffusion")

        assert body["data"][0]["state"] == "failed"
        assert "could not make the audio" in body["data"][0]["error_message"]
        assert api.balance == 90


@pytest.mark.parametrize(
    ("task_type", "times", "field"),
    [
        ("replace_music", {"continue_at": 21}, "continue_at"),
        ("replace_music", {"continue_at": 3, "ends_at": 25}, "ends_at"),
        ("extend_music", {"continue_at": 200}, "continue_at"),
    ],
    ids=["begins", "ends", "extend"],
)
async def test_seconds_beyond_the_end_are_refused(
    task_type: str, times: dict[str, int], field: str
) -> None:
    """The refusal names the field and the length of the clip, and costs nothing."""
    preview_s = None if task_type == "extend_music" else 20
    async with opened(media=True, preview_s=preview_s) as (api, client):
        _, source = await client.end(await client.create("riffusion"), "riffusion")
        before = api.charged
        edit = {
            "custom_mode": True,
            "lyrics": "la",
            "sound": "rock",
            "mv": "FUZZ-1.0",
            "task_type": task_type,
            "continue_clip_id": source["data"][0]["clip_id"],
            **times,
        }
        refused = await client.post("/api/v1/riffusion/create", edit)

    told = f"The '{field}' field is invalid: it is beyond the end of the clip, "
    assert (400, told) == (refused[0], refused[1]["message"][: len(told)])
    assert before == api.charged


async def test_persona_sings_again() -> None:
    """A song with a persona is made with the voice of the clip behind it."""
    async with opened(media=True) as (_, client):
        _, source = await client.end(await client.create("suno", SUNG))
        persona = {
            "name": "n",
            "description": "d",
            "continue_clip_id": source["data"][0]["clip_id"],
        }
        _, kept = await client.post("/api/v1/suno/persona", persona)
        song = {
            **SUNG,
            "task_type": "persona_music",
            "persona_id": kept["persona_id"],
        }
        _, body = await client.end(await client.create("suno", song))

        assert [clip["state"] for clip in body["data"]] == ["succeeded"] * 2


async def test_media_are_where_others_reach_them() -> None:
    """Addresses of media begin with the public URL, if there is one."""
    async with opened(public_url="http://music.test/") as (_, client):
        _, body = await client.end(await client.create())

        assert body["data"][0]["audio_url"].startswith("http://music.test/media/")


async def test_cover_picture_is_drawn_from_the_song() -> None:
    """A composed clip has a picture of its own."""
    async with opened(media=True) as (_, client):
        _, body = await client.end(await client.create())
        urls = [clip["image_url"] for clip in body["data"]]
        status, headers, picture = await fetch(client, urls[0])

        assert (status, headers["Content-Type"]) == (200, "image/svg+xml")
        assert picture.startswith(b"<svg")


@pytest.mark.slow
async def test_song_that_cannot_be_rendered_is_an_error_and_no_more() -> None:
    """A worker reports the error, and renders the next song."""
    workers = Workers(1)
    try:
        for _ in range(2):
            with pytest.raises(RenderFailed, match="error"):
                await workers.run(functools.partial(render, b"", "x", "wav"))
    finally:
        await workers.aclose()
