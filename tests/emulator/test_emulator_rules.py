"""What is refused, in the API's words, and what a key must be like."""

from typing import Any

import aiohttp
import pytest
from emulated import DESCRIBED, RIFFUSION, SUNG, SUNO, VOCAL, opened

pytestmark = pytest.mark.anyio

MV = (
    "The 'mv' field is invalid."
    " The model should be 'chirp-v3-5','chirp-v4' or 'chirp-v4-5'."
)
BOTH = "name and continue_clip_id are required fields."
ACCESS = "Audio URL is not accessible. Please provide a public direct audio file URL."
CUSTOM = "The 'custom_mode' field should be boolean."
PERSONA = {"name": "n", "description": "d", "continue_clip_id": "c"}


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in names}


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("suno/create", {**SUNG, "mv": "Chirp v4"}, MV),
        ("suno/create", without(SUNG, "mv"), MV),
        ("suno/create", {**SUNG, "mv": 4}, MV),
        ("suno/create", without(SUNG, "custom_mode"), CUSTOM),
        ("suno/create", {**SUNG, "custom_mode": "true"}, CUSTOM),
        (
            "suno/create",
            {**SUNG, "make_instrumental": "no"},
            "The 'make_instrumental' field should be boolean.",
        ),
        (
            "suno/create",
            {**SUNG, "prompt": "x" * 3001},
            "The prompt character length should be less than 3000.",
        ),
        (
            "suno/create",
            {**SUNG, "mv": "chirp-v4-5", "prompt": "x" * 5001},
            "The prompt character length should be less than 5000.",
        ),
        (
            "suno/create",
            {**DESCRIBED, "gpt_description_prompt": "x" * 401},
            "The 'gpt_description_prompt' character length should be less than 200.",
        ),
        (
            "suno/create",
            {**SUNG, "tags": "x" * 201},
            "The tags character length should be less than 200.",
        ),
        (
            "suno/create",
            {**SUNG, "title": "x" * 121},
            "The title character length should be less than 80.",
        ),
        (
            "suno/create",
            {**SUNG, "task_type": "persona_music"},
            "The 'persona_id' field is required when task_type = persona_music.",
        ),
        ("suno/create", without(SUNG, "prompt"), "The 'prompt' field is required."),
        (
            "suno/create",
            {**SUNG, "task_type": "extend_music", "continue_at": 3},
            "The 'continue_clip_id' field is required.",
        ),
        (
            "suno/create",
            {**SUNG, "task_type": "dance_music"},
            "The 'task_type' field is invalid: it is 'dance_music'.",
        ),
        (
            "suno/create",
            {**SUNG, "task_type": ["extend_music"]},
            "The 'task_type' field is invalid: it is ['extend_music'].",
        ),
        (
            "suno/create",
            {**SUNG, "task_type": "cover_music", "custom_mode": False},
            "The 'custom_mode' field is invalid: it should be true here.",
        ),
        ("suno/persona", without(PERSONA, "name"), BOTH),
        ("suno/persona", without(PERSONA, "continue_clip_id"), BOTH),
        (
            "suno/persona",
            {**PERSONA, "name": "x" * 81},
            "The name character length should be less than 80.",
        ),
        (
            "suno/persona",
            {**PERSONA, "description": "x" * 201},
            "The description character length should be less than 200.",
        ),
        ("suno/lyrics", {}, "description is required."),
        ("suno/lyrics", {"description": ""}, "description is required."),
        (
            "suno/lyrics",
            {"description": "x" * 121},
            "The description character length should be less than 120.",
        ),
        ("suno/upload", {}, "The 'url' field is required."),
        (
            "suno/upload",
            {"url": "https://nowhere.invalid/a.mp3"},
            ACCESS,
        ),
        ("riffusion/create", without(RIFFUSION, "custom_mode"), CUSTOM),
        (
            "riffusion/create",
            without(RIFFUSION, "prompt"),
            "The 'prompt' field is required.",
        ),
        (
            "riffusion/create",
            {"custom_mode": True, "mv": "FUZZ-1.0", "lyrics": "la"},
            "The 'make_instrumental' field should be boolean.",
        ),
        ("suno/create", [1], "The body should be a JSON object."),
        ("suno/create", None, "The body should be a JSON object."),
    ],
)
async def test_refusal_is_the_documented_sentence(
    path: str, body: object, message: str
) -> None:
    """A broken rule is 400 with the API's sentence, and nothing is charged."""
    async with opened() as (api, client):
        reply = await client.post(f"/api/v1/{path}", body)

        assert reply == (400, {"code": 400, "message": message})
        assert (api.submissions, api.charged, len(api.tasks)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({**VOCAL, "lyrics": "short"}, "'lyrics' field is invalid: at least 300"),
        ({**VOCAL, "genre": "jazz"}, "'genre' field is invalid"),
        ({**VOCAL, "duration": 29}, "'duration' field is invalid"),
        ({**VOCAL, "type": "opera"}, "'type' field is invalid"),
        ({"type": "bgm", "description": "x", "genre": 5}, "invalid"),
        (
            {"type": "bgm", "description": "x", "version": "v2.0", "segments": [1]},
            "",
        ),
    ],
    ids=["short", "genre", "duration", "type", "no list", "no segment"],
)
async def test_nuro_refuses_in_its_own_envelope(
    body: dict[str, Any], words: str
) -> None:
    """Nuro's refusals have a type and say that nothing was refunded."""
    async with opened() as (_, client):
        status, reply = await client.post("/api/v1/nuro/create", body)

        assert status == 400
        assert reply.keys() == {"type", "message", "refund_processed"}
        assert (reply["type"], reply["refund_processed"]) == ("bad_request", False)
        assert words in reply["message"]


async def test_body_that_is_not_json_is_refused() -> None:
    """A body that is not JSON is 400 and is remembered as it was."""
    async with opened() as (api, client):
        async with client.http.post(SUNO, data=b"{nonsense") as reply:
            status = reply.status

        assert status == 400
        assert api.requests[-1].body == "{nonsense"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "Authorization header is missing."),
        ("Basic abc", "Invalid authorization format."),
        ("Bearer ", "Invalid authorization format."),
        ("Bearer wrong", "Invalid API key."),
    ],
)
@pytest.mark.parametrize("path", ["suno/create", "suno/task/x", "get-credits"])
async def test_key_is_asked_for(path: str, header: str | None, message: str) -> None:
    """No key, no bearer key and a wrong key are 401, and nothing is billed."""
    headers = {} if header is None else {"Authorization": header}
    async with opened() as (api, _), aiohttp.ClientSession(api.url) as http:
        method = "POST" if path.endswith("create") else "GET"
        async with http.request(
            method, f"/api/v1/{path}", headers=headers, json=DESCRIBED
        ) as reply:
            assert reply.status == 401
            assert await reply.json() == {"code": 401, "message": message}

        assert (api.submissions, api.charged) == (0, 0)


async def test_strange_clips_are_taken_unless_it_is_strict() -> None:
    """Ids that it never gave are taken by default, and refused on request."""
    cover = {**SUNG, "task_type": "cover_music", "continue_clip_id": "made-up"}
    persona = {**SUNG, "task_type": "persona_music", "persona_id": "made-up"}

    async with opened() as (_, client):
        await client.create("suno", cover)
        await client.create("suno", persona)

    async with opened(strict_ids=True) as (_, client):
        assert (await client.post(SUNO, cover))[0] == 400
        assert (await client.post(SUNO, persona))[0] == 400


async def test_strict_one_knows_its_own_clips() -> None:
    """A strict emulator takes its own clips, and uploads as uploads only."""
    async with opened(strict_ids=True) as (_, client):
        _, task = await client.end(await client.create())
        clip_id = task["data"][1]["clip_id"]
        _, upload = await client.post(
            "/api/v1/suno/upload", {"url": "https://example.org/a.mp3"}
        )
        cover = {**SUNG, "task_type": "cover_music", "continue_clip_id": clip_id}
        uploaded = {**cover, "continue_clip_id": upload["clip_id"]}

        await client.create("suno", cover)
        await client.create("suno", {**uploaded, "task_type": "cover_upload_music"})
        assert (await client.post(SUNO, uploaded))[0] == 400


async def test_a_strict_one_knows_clips_and_uploads_of_one_provider_alone() -> None:
    """Those that riffusion made are unknown at suno."""
    link = {"url": "https://example.org/a.mp3"}
    song = {"mv": "FUZZ-1.1", "prompt": "rain", "custom_mode": False}
    async with opened(strict_ids=True) as (_, client):
        task_id = await client.create("riffusion", song)
        _, task = await client.end(task_id, "riffusion")
        _, upload = await client.post("/api/v1/riffusion/upload", link)
        cover = {**SUNG, "task_type": "cover_music"}
        covers = (
            {**cover, "continue_clip_id": task["data"][0]["clip_id"]},
            {
                **cover,
                "task_type": "cover_upload_music",
                "continue_clip_id": upload["clip_id"],
            },
        )

        for body in covers:
            status, reply = await client.post(SUNO, body)
            assert status == 400
            assert "there is no such" in reply["message"]


async def test_unknown_path_is_not_found() -> None:
    """An unknown path is answered 404, as JSON."""
    async with opened() as (_, client):
        assert await client.get("/api/v1/nothing") == (
            404,
            {"code": 404, "message": "Not Found."},
        )
