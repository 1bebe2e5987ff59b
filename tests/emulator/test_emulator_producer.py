"""Producer's tasks: one clip each, 202 until it is made, uploads and downloads."""

import pytest
from emulated import Client, opened

pytestmark = pytest.mark.anyio

SHORT = {"type": "bgm", "description": "a calm piano", "duration": 2}


async def _made(client: Client, path: str, body: object) -> dict[str, object]:
    """Return the one clip of a task."""
    status, accepted = await client.post(f"/api/v1/producer/{path}", body)
    assert 200 == status, accepted
    status, reply = await client.end(accepted["task_id"], "producer")
    assert 200 == status, reply
    (clip,) = reply["data"]
    return dict(clip)


async def test_a_task_is_not_ready_until_its_clip_is() -> None:
    """Every poll before the end is answered 202, and the next has the whole clip."""
    async with opened() as (_, client):
        task_id = await client.create("producer")
        polls = [await client.poll(task_id, "producer") for _ in range(4)]

    assert [202, 202, 202, 200] == [status for status, _ in polls]
    assert {"not_ready"} == {body["type"] for _, body in polls[:3]}
    (clip,) = polls[3][1]["data"]
    assert ("succeeded", "r&b pop song") == (clip["state"], clip["sound"])


async def test_an_upload_is_a_task_whose_clip_can_be_edited() -> None:
    """A strict service knows the clip of an upload, and no other id."""
    async with opened(strict_ids=True) as (_, client):
        clip = await _made(client, "upload", {"audio_url": "https://e.org/a.mp3"})
        edit = {"task_type": "music_variation", "mv": "FUZZ-2.0"}
        made = await _made(client, "create", {**edit, "clip_id": clip["clip_id"]})
        refused = await client.post(
            "/api/v1/producer/create", {**edit, "clip_id": "another"}
        )

    assert made["clip_id"] != clip["clip_id"]
    assert (400, "The 'clip_id' field is invalid: there is no such clip.") == (
        refused[0],
        refused[1]["message"],
    )


@pytest.mark.slow
async def test_a_download_is_the_clip_in_another_format() -> None:
    """What was uploaded is heard as it was, and downloaded in the format asked for."""
    async with opened(media=True) as (_, client):
        task_id = await client.create("nuro", SHORT)
        _, song = await client.end(task_id, "nuro")
        clip = await _made(client, "upload", {"audio_url": song["audio_url"]})
        asked = {"clip_id": clip["clip_id"], "format": "wav"}
        download = await _made(client, "download", asked)
        heard = [
            await (await client.http.get(str(url))).read()
            for url in (song["audio_url"], download["audio_url"])
        ]

    assert clip["clip_id"] == download["clip_id"]
    assert str(download["audio_url"]).endswith(".wav")
    assert heard[0] == heard[1]
