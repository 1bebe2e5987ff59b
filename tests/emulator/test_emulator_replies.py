"""Replies have the shape of the recorded ones, key for key and type for type."""

from typing import Any

import pytest
from emulated import BODIES, SUNG, SUNO, VOCAL, example, opened

pytestmark = pytest.mark.anyio

RIFFUSION_KEYS: dict[str, type | tuple[type, ...]] = {
    "clip_id": str,
    "title": str,
    "lyrics": str,
    "image_url": str,
    "audio_url": str,
    "video_url": type(None),
    "created_at": str,
    "mv": str,
    "duration": (int, float),
    "timestamp": dict,
    "state": str,
}


def assert_alike(recorded: object, given: object, path: str = "$") -> None:
    """Compare keys and types; a null stands for anything that may be missing."""
    if isinstance(recorded, dict):
        assert isinstance(given, dict), path
        assert recorded.keys() == given.keys(), path
        for key, value in recorded.items():
            assert_alike(value, given[key], f"{path}.{key}")
    elif isinstance(recorded, list):
        assert isinstance(given, list), path
        for one in given:
            assert_alike(recorded[0], one, f"{path}[]")
    elif isinstance(recorded, (int, float)):
        assert isinstance(given, (int, float)), path
    elif recorded is not None and given is not None:
        assert type(recorded) is type(given), path


@pytest.mark.parametrize("provider", ["suno", "riffusion", "nuro"])
async def test_create_is_accepted_as_recorded(provider: str) -> None:
    """A create of each provider is answered as its recorded one."""
    async with opened() as (_, client):
        status, reply = await client.post(
            f"/api/v1/{provider}/create", BODIES[provider]
        )

        assert status == 200
        assert_alike(example(f"{provider}_create_accepted"), reply)


async def test_concat_is_accepted_as_recorded() -> None:
    """The recorded concat is taken, costs 2 and makes one clip."""
    async with opened() as (api, client):
        status, reply = await client.post(SUNO, example("suno_concat_request"))
        _, task = await client.end(reply["task_id"])

        assert status == 200
        assert_alike(example("suno_concat_accepted"), reply)
        assert len(task["data"]) == 1
        assert api.charged == 2


async def test_suno_task_is_as_recorded() -> None:
    """A finished suno task has two clips of the twelve recorded keys."""
    async with opened() as (_, client):
        task_id = await client.create("suno", SUNG)
        status, reply = await client.end(task_id)

        assert status == 200
        assert_alike(example("suno_get_music_succeeded"), reply)
        assert len(reply["data"]) == 2
        assert reply["data"][0]["lyrics"] == SUNG["prompt"]


async def test_suno_is_not_ready_as_recorded() -> None:
    """The first poll of a suno task is answered with the recorded 202."""
    async with opened() as (_, client):
        reply = await client.poll(await client.create())

        assert reply == (202, example("task_not_ready_202"))


async def test_riffusion_task_has_the_documented_keys() -> None:
    """A finished riffusion clip has the eleven documented keys and no other."""
    async with opened() as (_, client):
        task_id = await client.create("riffusion")
        _, reply = await client.end(task_id, "riffusion")

        assert reply.keys() == {"code", "data", "message"}
        for clip in reply["data"]:
            assert clip.keys() == RIFFUSION_KEYS.keys()
            for key, kind in RIFFUSION_KEYS.items():
                assert isinstance(clip[key], kind), key


async def test_nuro_task_is_as_recorded() -> None:
    """A finished nuro song has the flat recorded shape, and WAV."""
    body = {**VOCAL, "genre": "Pop", "mood": "Happy", "gender": "Female"}
    async with opened() as (_, client):
        task_id = await client.create("nuro", {**body, "duration": 199})
        status, reply = await client.end(task_id, "nuro")

        assert status == 200
        assert_alike(example("nuro_get_music_succeeded"), reply)
        assert reply["duration"] == 199
        assert reply["audio_url"].endswith(f"/media/song-{task_id}.wav")


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_nuro_background_music_is_taken(version: str) -> None:
    """The recorded requests for background music end with three more keys."""
    request = example(f"nuro_create_bgm_{version}_request")
    async with opened() as (_, client):
        task_id = await client.create("nuro", request)
        _, reply = await client.end(task_id, "nuro")

        keys = example("nuro_get_music_succeeded").keys()
        assert reply.keys() == keys | {"prompt", "theme", "instrument"}
        assert reply["duration"] == request["duration"]


@pytest.mark.parametrize(
    ("path", "body", "recorded"),
    [
        ("suno/persona", example("suno_persona_request_s1"), "suno_persona_created"),
        ("suno/persona", {"clip_id": "c", "name": "n"}, "suno_persona_created"),
        ("suno/upload", {"url": "https://example.org/a.mp3"}, "suno_upload_ok"),
        ("riffusion/upload", {"url": "https://example.org/a.mp3"}, "suno_upload_ok"),
        ("suno/lyrics", {"description": "paper boats"}, "lyrics_ok_partial"),
    ],
    ids=["persona", "persona, newer body", "upload", "riffusion upload", "lyrics"],
)
async def test_direct_reply_is_as_recorded(
    path: str, body: dict[str, Any], recorded: str
) -> None:
    """What no task follows is answered at once, as recorded."""
    async with opened() as (_, client):
        status, reply = await client.post(f"/api/v1/{path}", body)

        assert status == 200
        assert_alike(example(recorded), reply)


async def test_lyrics_come_in_two_versions() -> None:
    """Lyrics are two texts that differ."""
    async with opened() as (_, client):
        _, reply = await client.post(
            "/api/v1/suno/lyrics", {"description": "paper boats"}
        )

        first, second = reply["results"]
        assert first["lyrics"] != second["lyrics"]
        assert "boats" in first["lyrics"]


async def test_credits_are_as_recorded() -> None:
    """The reply with the balance is as recorded."""
    async with opened(credits=50) as (_, client):
        assert await client.get("/api/v1/get-credits") == (200, example("get_credits"))


async def test_riffusion_requests_that_were_recorded_are_taken() -> None:
    """The recorded riffusion requests are taken."""
    names = (
        "riffusion_create_with_description_request",
        "riffusion_extend_request",
    )
    async with opened() as (api, client):
        for name in names:
            await client.create("riffusion", example(name))

        assert api.charged == 20


async def test_ids_follow_from_the_seed() -> None:
    """The same seed gives the same ids, another seed others."""
    found = []
    for seed in (1, 1, 2):
        async with opened(seed=seed) as (_, client):
            found.append(await client.create())

    assert found[0] == found[1] != found[2]
