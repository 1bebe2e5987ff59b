"""Every call of suno, as it is sent, as it is answered, and as it is refused."""

import linecache
import warnings
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote, unquote

import pytest
from scripted import KEY, TASK_ID, Answer, Scripted, exact, example

from aiomusic import (
    Clip,
    ClipState,
    InvalidRequest,
    JobFailed,
    MusicJob,
    MusicSession,
    MusicWarning,
    Persona,
    Request,
    TaskSnapshot,
    Upload,
    suno,
)

pytestmark = pytest.mark.anyio

CREATE = "/api/v1/suno/create"
TASK = "/api/v1/suno/task/{task_id}"
CLIP_ID = "a533515b-56c9-4eb2-8cb8-7f3dfa165eb8"
LYRICS = "[Verse]\nStars they shine above me\nÜber the sea"
UPLOAD = Upload(clip_id=CLIP_ID, provider="suno", url="https://e.org/a.mp3")
CLIP = Clip(clip_id=CLIP_ID, provider="suno", state=ClipState.SUCCEEDED)
PERSONA = Persona(persona_id="c08806c1-34fa-4290-a78d-0c623eb1dd1c", name="test")

Call = Callable[[MusicSession], MusicJob[Any]]


@pytest.fixture
async def api() -> AsyncIterator[Scripted]:
    async with Scripted() as api:
        yield api


@pytest.fixture
async def music(api: Scripted) -> AsyncIterator[MusicSession]:
    async with api.session() as music:
        yield music


def two_clips(*states: str) -> dict[str, Any]:
    """Return the recorded reply with a second clip, and the states asked for."""
    reply = example("suno_get_music_succeeded")
    first = reply["data"][0]
    second = {**first, "clip_id": "00000000-0000-4000-8000-000000000002"}
    reply["data"] = [
        {**clip, "state": state}
        for clip, state in zip([first, second], states, strict=True)
    ]
    return reply


BODIES = [
    pytest.param(
        lambda m: m.suno.create(
            lyrics=LYRICS, title="Starts", tags="pop", model="chirp-v4"
        ),
        suno.Create(lyrics=LYRICS, title="Starts", tags="pop", model="chirp-v4"),
        {
            "custom_mode": True,
            "prompt": LYRICS,
            "title": "Starts",
            "tags": "pop",
            "mv": "chirp-v4",
        },
        id="create, the page's custom example",
    ),
    pytest.param(
        lambda m: m.suno.create(
            "Create a happy upbeat pop song about summer", model="chirp-v5"
        ),
        suno.Create("Create a happy upbeat pop song about summer", model="chirp-v5"),
        {
            "custom_mode": False,
            "gpt_description_prompt": "Create a happy upbeat pop song about summer",
            "make_instrumental": False,
            "mv": "chirp-v5",
        },
        id="create, the page's description example",
    ),
    pytest.param(
        lambda m: m.suno.create("rain", title="Starts", tags="pop", model="chirp-v6"),
        suno.Create("rain", title="Starts", tags="pop", model="chirp-v6"),
        {
            "custom_mode": False,
            "gpt_description_prompt": "rain",
            "title": "Starts",
            "tags": "pop",
            "make_instrumental": False,
            "mv": "chirp-v6",
        },
        id="create, a description with title and tags",
    ),
    pytest.param(
        lambda m: m.suno.create(description="rain", instrumental=True),
        suno.Create(description="rain", instrumental=True),
        {
            "custom_mode": False,
            "gpt_description_prompt": "rain",
            "make_instrumental": True,
            "mv": "chirp-v4-5",
        },
        id="create, instrumental from a description",
    ),
    pytest.param(
        lambda m: m.suno.create(lyrics="", tags="lofi", instrumental=True),
        suno.Create(lyrics="", tags="lofi", instrumental=True),
        {
            "custom_mode": True,
            "prompt": "",
            "tags": "lofi",
            "make_instrumental": True,
            "mv": "chirp-v4-5",
        },
        id="create, instrumental without words",
    ),
    pytest.param(
        lambda m: m.suno.create(
            lyrics="a song about rain",
            negative_tags="metal",
            style_weight=0.25,
            weirdness=1,
            vocal_gender="f",
            auto_lyrics=True,
        ),
        suno.Create(
            lyrics="a song about rain",
            negative_tags="metal",
            style_weight=0.25,
            weirdness=1,
            vocal_gender="f",
            auto_lyrics=True,
        ),
        {
            "custom_mode": True,
            "prompt": "a song about rain",
            "mv": "chirp-v4-5",
            "negative_tags": "metal",
            "style_weight": 0.25,
            "weirdness_constraint": 1,
            "vocal_gender": "f",
            "auto_lyrics": True,
        },
        id="create, the second snapshot's fields",
    ),
    pytest.param(
        lambda m: m.suno.extend(
            CLIP_ID, at=30, lyrics=LYRICS, title="On", tags="pop", model="chirp-v4"
        ),
        suno.Extend(
            CLIP_ID, at=30, lyrics=LYRICS, title="On", tags="pop", model="chirp-v4"
        ),
        {
            "task_type": "extend_music",
            "custom_mode": True,
            "prompt": LYRICS,
            "title": "On",
            "tags": "pop",
            "continue_clip_id": CLIP_ID,
            "continue_at": 30,
            "mv": "chirp-v4",
        },
        id="extend, the page's example",
    ),
    pytest.param(
        lambda m: m.suno.extend(CLIP, at=30.5, lyrics=LYRICS),
        suno.Extend(CLIP, at=30.5, lyrics=LYRICS),
        {
            "task_type": "extend_music",
            "custom_mode": True,
            "prompt": LYRICS,
            "continue_clip_id": CLIP_ID,
            "continue_at": 30.5,
            "mv": "chirp-v4-5",
        },
        id="extend a Clip",
    ),
    pytest.param(
        lambda m: m.suno.extend(UPLOAD, at=0.1, lyrics=LYRICS),
        suno.Extend(UPLOAD, at=0.1, lyrics=LYRICS),
        {
            "task_type": "extend_upload_music",
            "custom_mode": True,
            "prompt": LYRICS,
            "continue_clip_id": CLIP_ID,
            "continue_at": 0.1,
            "mv": "chirp-v4-5",
        },
        id="extend an Upload",
    ),
    pytest.param(
        lambda m: m.suno.concat(CLIP_ID),
        suno.Concat(CLIP_ID),
        example("suno_concat_request"),
        id="concat, the recorded request",
    ),
    pytest.param(
        lambda m: m.suno.concat(CLIP),
        suno.Concat(CLIP),
        example("suno_concat_request"),
        id="concat a Clip",
    ),
    pytest.param(
        lambda m: m.suno.cover(CLIP, lyrics=LYRICS, title="Again", tags="jazz"),
        suno.Cover(CLIP, lyrics=LYRICS, title="Again", tags="jazz"),
        {
            "task_type": "cover_music",
            "custom_mode": True,
            "continue_clip_id": CLIP_ID,
            "prompt": LYRICS,
            "title": "Again",
            "tags": "jazz",
            "mv": "chirp-v4-5",
        },
        id="cover a Clip",
    ),
    pytest.param(
        lambda m: m.suno.cover(UPLOAD, lyrics=LYRICS, audio_weight=0.5),
        suno.Cover(UPLOAD, lyrics=LYRICS, audio_weight=0.5),
        {
            "task_type": "cover_upload_music",
            "custom_mode": True,
            "continue_clip_id": CLIP_ID,
            "prompt": LYRICS,
            "mv": "chirp-v4-5",
            "audio_weight": 0.5,
        },
        id="cover an Upload",
    ),
    pytest.param(
        lambda m: m.suno.create_with_persona(
            PERSONA, lyrics=LYRICS, title="Mine", tags="pop", model="chirp-v3-5"
        ),
        suno.CreateWithPersona(
            PERSONA, lyrics=LYRICS, title="Mine", tags="pop", model="chirp-v3-5"
        ),
        {
            "task_type": "persona_music",
            "custom_mode": True,
            "prompt": LYRICS,
            "persona_id": PERSONA.persona_id,
            "title": "Mine",
            "tags": "pop",
            "mv": "chirp-v3-5",
        },
        id="create with a Persona",
    ),
    pytest.param(
        lambda m: m.suno.create_with_persona(PERSONA.persona_id, lyrics=LYRICS),
        suno.CreateWithPersona(PERSONA.persona_id, lyrics=LYRICS),
        {
            "task_type": "persona_music",
            "custom_mode": True,
            "prompt": LYRICS,
            "persona_id": PERSONA.persona_id,
            "mv": "chirp-v4-5",
        },
        id="create with the id of a persona",
    ),
    pytest.param(
        lambda m: m.suno.create("rain", extra={"seed": 7, "mv": "chirp-v6"}),
        suno.Create("rain", extra={"seed": 7, "mv": "chirp-v6"}),
        {
            "custom_mode": False,
            "gpt_description_prompt": "rain",
            "make_instrumental": False,
            "mv": "chirp-v6",
            "seed": 7,
        },
        id="extra adds and overrides",
    ),
    pytest.param(
        lambda m: m.suno.create(
            lyrics="la", extra={"make_instrumental": False, "task_type": "create_music"}
        ),
        suno.Create(
            lyrics="la", extra={"make_instrumental": False, "task_type": "create_music"}
        ),
        {
            "task_type": "create_music",
            "custom_mode": True,
            "prompt": "la",
            "make_instrumental": False,
            "mv": "chirp-v4-5",
        },
        id="extra brings back what is left out",
    ),
    pytest.param(
        lambda m: m.suno.cover(CLIP_ID, lyrics="la", extra={"task_type": "x_music"}),
        suno.Cover(CLIP_ID, lyrics="la", extra={"task_type": "x_music"}),
        {
            "task_type": "x_music",
            "custom_mode": True,
            "continue_clip_id": CLIP_ID,
            "prompt": "la",
            "mv": "chirp-v4-5",
        },
        id="extra overrides the task type",
    ),
]


@pytest.mark.parametrize(("call", "request_", "body"), BODIES)
async def test_a_create_sends_exactly_its_body(
    api: Scripted,
    music: MusicSession,
    call: Call,
    request_: Request[Any],
    body: dict[str, object],
) -> None:
    """What goes over the wire is the documented JSON, once, under the key."""
    api.creates(CREATE, Answer(two_clips("succeeded", "succeeded")), task_path=TASK)

    job = call(music)
    await job

    (post,) = api.posts
    assert exact(body) == exact(post.json)
    assert (CREATE, f"Bearer {KEY}") == (post.path, post.headers["authorization"])
    assert "application/json" == post.headers["content-type"]
    assert request_ == job.request
    assert exact(body) == exact(request_.to_body())


DIRECT = [
    pytest.param(
        lambda m: m.suno.create_persona(
            "a2632456-62b0-405c-9de8-2ba509cf24fe",
            name="test persona",
            description="Pop, rap, rhythmic male bass",
        ),
        "/api/v1/suno/persona",
        example("suno_persona_request_s1"),
        example("suno_persona_created"),
        Persona(persona_id=PERSONA.persona_id, name="test persona"),
        id="create persona",
    ),
    pytest.param(
        lambda m: m.suno.create_persona(
            CLIP, name="n", description="d", extra={"clip_id": CLIP_ID}
        ),
        "/api/v1/suno/persona",
        {
            "continue_clip_id": CLIP_ID,
            "name": "n",
            "description": "d",
            "clip_id": CLIP_ID,
        },
        example("suno_persona_created"),
        Persona(persona_id=PERSONA.persona_id, name="n"),
        id="create persona, in both snapshots' shapes",
    ),
    pytest.param(
        lambda m: m.suno.upload("https://audio.jukehost.co.uk/Ij5SXd.mp3"),
        "/api/v1/suno/upload",
        {"url": "https://audio.jukehost.co.uk/Ij5SXd.mp3"},
        example("suno_upload_ok"),
        Upload(
            clip_id="cfbc3d3c-2add-4265-bcdf-924092096e3d",
            provider="suno",
            url="https://audio.jukehost.co.uk/Ij5SXd.mp3",
        ),
        id="upload",
    ),
]


@pytest.mark.parametrize(("call", "path", "body", "reply", "result"), DIRECT)
async def test_a_direct_call_gives_what_its_reply_says(
    *,
    api: Scripted,
    music: MusicSession,
    call: Call,
    path: str,
    body: dict[str, object],
    reply: dict[str, object],
    result: object,
) -> None:
    """Persona and upload are answered at once, with no task to look at."""
    api.answer(path, Answer(reply))

    found = await call(music)

    (post,) = api.calls
    assert result == found
    assert ("POST", path) == (post.method, post.path)
    assert exact(body) == exact(post.json)


async def test_an_upload_that_comes_back_is_extended_as_one(
    api: Scripted, music: MusicSession
) -> None:
    """The value that `upload` gives makes the next call use the upload's type."""
    api.answer("/api/v1/suno/upload", Answer(example("suno_upload_ok")))
    api.creates(CREATE, Answer(two_clips("succeeded", "succeeded")), task_path=TASK)

    mine = await music.suno.upload("https://e.org/a.mp3")
    await music.suno.extend(mine, at=0.1, lyrics="la")

    body = api.posts[-1].json
    assert ("extend_upload_music", mine.clip_id) == (
        body["task_type"],
        body["continue_clip_id"],
    )


@pytest.mark.parametrize(
    ("call", "cost"),
    [
        (lambda m: m.suno.create("x"), 10),
        (lambda m: m.suno.extend("c", at=1, lyrics="x"), 10),
        (lambda m: m.suno.cover("c", lyrics="x"), 10),
        (lambda m: m.suno.create_with_persona("p", lyrics="x"), 10),
        (lambda m: m.suno.concat("c"), 2),
        (lambda m: m.suno.create_persona("c", name="n", description="d"), 1),
        (lambda m: m.suno.upload("https://e.org/a.mp3"), 2),
    ],
    ids=["create", "extend", "cover", "with persona", "concat", "persona", "upload"],
)
async def test_a_job_knows_its_price(api: Scripted, call: Call, cost: int) -> None:
    """The credits are those of the price list, before anything is sent."""
    async with MusicSession(api_key=KEY, base_url=api.url, on_exit="detach") as music:
        job = call(music)

        assert cost == job.cost


async def test_the_recorded_reply_becomes_a_clip(
    api: Scripted, music: MusicSession
) -> None:
    """Every field of the recorded clip is there, typed, and the rest is in raw."""
    recorded = example("suno_get_music_succeeded")
    api.answer(TASK.format(task_id=TASK_ID), Answer(recorded))

    snapshot = await music.suno.get(TASK_ID)

    clip_id = "26c9c592-0566-46cf-bb71-91ac1deaa7b5"
    clip = Clip(
        clip_id=clip_id,
        provider="suno",
        task_id=TASK_ID,
        state=ClipState.SUCCEEDED,
        title="Paper Boats",
        tags="pop",
        lyrics=recorded["data"][0]["lyrics"],
        audio_url=f"https://cdn1.suno.ai/{clip_id}.mp3",
        image_url=f"https://cdn2.suno.ai/image_{clip_id}.jpeg",
        video_url=f"https://cdn1.suno.ai/{clip_id}.mp4",
        duration=179.0,
        created_at=datetime(2024, 11, 27, 10, 26, 46, 552000, tzinfo=UTC),
        model="chirp-v3-5",
    )
    assert TaskSnapshot(state=ClipState.SUCCEEDED, clips=(clip,)) == snapshot
    assert recorded["data"][0] == snapshot.clips[0].raw
    (poll,) = api.calls
    assert ("GET", f"Bearer {KEY}") == (poll.method, poll.headers["authorization"])


async def test_awaiting_a_create_gives_both_clips(
    api: Scripted, music: MusicSession
) -> None:
    """A job goes through not ready, nothing yet and one running to two clips."""
    api.answer(CREATE, Answer(example("suno_create_accepted")))
    api.answer(
        TASK.format(task_id="468d0e42-f7a6-40ce-9a4c-37db56b13b99"),
        Answer(example("task_not_ready_202"), status=202),
        Answer({"code": 200, "data": [], "message": "success"}),
        Answer({"code": 200, "data": None, "message": "success"}),
        Answer(two_clips("running", "pending")),
        Answer(two_clips("succeeded", "running")),
        Answer(two_clips("succeeded", "succeeded")),
    )

    job = music.suno.create("rain")
    clips = await job

    assert "468d0e42-f7a6-40ce-9a4c-37db56b13b99" == job.task_id
    assert 2 == len(clips)
    assert {ClipState.SUCCEEDED} == {clip.state for clip in clips}
    assert 6 == len(api.polls)


async def test_a_concat_is_over_with_one_clip(
    api: Scripted, music: MusicSession
) -> None:
    """A join makes a single song, so one final clip is all that is waited for."""
    api.answer(CREATE, Answer(example("suno_concat_accepted")))
    api.answer(
        TASK.format(task_id="51bc6dd0-508a-414d-9ef3-71f7bad81cf7"),
        Answer(example("suno_get_music_succeeded")),
    )

    clips = await music.suno.concat(CLIP_ID)

    assert ["26c9c592-0566-46cf-bb71-91ac1deaa7b5"] == [c.clip_id for c in clips]
    assert 1 == len(api.polls)


OLD: suno.Model = "chirp-v4"

REFUSED = [
    ("create()", lambda m: m.suno.create(), "description", "give a description"),
    ("both", lambda m: m.suno.create("x", lyrics="y"), "lyrics", "not both"),
    ("empty description", lambda m: m.suno.create(""), "description", "at least 1"),
    ("description 401", lambda m: m.suno.create("x" * 401), "description", "most 400"),
    ("description None", lambda m: m.suno.create(None), "description", "give a"),
    ("description 5", lambda m: m.suno.create(5), "description", "must be text"),
    ("empty lyrics", lambda m: m.suno.create(lyrics=""), "lyrics", "instrumental=True"),
    (
        "lyrics 3001, old",
        lambda m: m.suno.create(lyrics="x" * 3001, model=OLD),
        "lyrics",
        "at most 3,000 are taken by model chirp-v4",
    ),
    (
        "lyrics 3001, oldest",
        lambda m: m.suno.create(lyrics="x" * 3001, model="chirp-v3-5"),
        "lyrics",
        "at most 3,000",
    ),
    (
        "lyrics 5001",
        lambda m: m.suno.create(lyrics="x" * 5001),
        "lyrics",
        "at most 5,000 are taken by model chirp-v4-5",
    ),
    (
        "title 121",
        lambda m: m.suno.create(lyrics="x", title="x" * 121),
        "title",
        "at most 120",
    ),
    (
        "negative tags beside description",
        lambda m: m.suno.create("x", negative_tags="y"),
        "negative_tags",
        "give lyrics",
    ),
    (
        "auto lyrics beside description",
        lambda m: m.suno.create("x", auto_lyrics=True),
        "auto_lyrics",
        "it needs lyrics",
    ),
    (
        "tags 201, old",
        lambda m: m.suno.create(lyrics="x", tags="x" * 201, model=OLD),
        "tags",
        "at most 200 are taken by model chirp-v4",
    ),
    (
        "tags 1001",
        lambda m: m.suno.create(lyrics="x", tags="x" * 1001),
        "tags",
        "at most 1,000",
    ),
    ("model 9", lambda m: m.suno.create("x", model=9), "model", "of chirp-v3-5"),
    ("model empty", lambda m: m.suno.create("x", model=" "), "model", "are chirp-v3-5"),
    ("model None", lambda m: m.suno.create("x", model=None), "model", "needed"),
    (
        "instrumental 1",
        lambda m: m.suno.create("x", instrumental=1),
        "instrumental",
        "True or False",
    ),
    (
        "instrumental None",
        lambda m: m.suno.create(lyrics="x", instrumental=None),
        "instrumental",
        "needed",
    ),
    (
        "style weight",
        lambda m: m.suno.create("x", style_weight=1.01),
        "style_weight",
        "a number from 0 to 1",
    ),
    (
        "style weight NaN",
        lambda m: m.suno.create("x", style_weight=float("nan")),
        "style_weight",
        "a number from 0 to 1",
    ),
    (
        "weirdness",
        lambda m: m.suno.create("x", weirdness=-0.01),
        "weirdness",
        "a number from 0 to 1",
    ),
    (
        "vocal gender",
        lambda m: m.suno.create("x", vocal_gender="x"),
        "vocal_gender",
        "one of f, m",
    ),
    (
        "vocal gender, old",
        lambda m: m.suno.create("x", vocal_gender="f", model=OLD),
        "vocal_gender",
        "chirp-v4-5 or later",
    ),
    (
        "extend at 0",
        lambda m: m.suno.extend("c", at=0, lyrics="x"),
        "at",
        "a number above 0",
    ),
    (
        "extend at text",
        lambda m: m.suno.extend("c", at="30", lyrics="x"),
        "at",
        "a number above 0",
    ),
    (
        "extend at True",
        lambda m: m.suno.extend("c", at=True, lyrics="x"),
        "at",
        "a number above 0",
    ),
    (
        "extend at infinity",
        lambda m: m.suno.extend("c", at=float("inf"), lyrics="x"),
        "at",
        "a number above 0",
    ),
    ("extend at None", lambda m: m.suno.extend("c", at=None, lyrics="x"), "at", "need"),
    (
        "extend no words",
        lambda m: m.suno.extend("c", at=1, lyrics=""),
        "lyrics",
        "at least 1",
    ),
    (
        "extend words None",
        lambda m: m.suno.extend("c", at=1, lyrics=None),
        "lyrics",
        "needed",
    ),
    (
        "extend words 3001, old",
        lambda m: m.suno.extend("c", at=1, lyrics="x" * 3001, model=OLD),
        "lyrics",
        "3,000",
    ),
    ("clip blank", lambda m: m.suno.concat("  "), "clip", "the id of a clip"),
    ("clip None", lambda m: m.suno.concat(None), "clip", "the id of a clip"),
    ("clip 5", lambda m: m.suno.cover(5, lyrics="x"), "clip", "the id of a clip"),
    (
        "clip of another",
        lambda m: m.suno.extend(
            Clip(clip_id="c", provider="riffusion", state=ClipState.SUCCEEDED),
            at=1,
            lyrics="x",
        ),
        "clip",
        "only a clip of suno",
    ),
    ("concat upload", lambda m: m.suno.concat(UPLOAD), "clip", "generated clip"),
    (
        "persona of an upload",
        lambda m: m.suno.create_persona(UPLOAD, name="n", description="d"),
        "clip",
        "generated clip",
    ),
    (
        "audio weight, no upload",
        lambda m: m.suno.cover("c", lyrics="x", audio_weight=0.5),
        "audio_weight",
        "cover of an upload",
    ),
    (
        "audio weight 1.1",
        lambda m: m.suno.cover(UPLOAD, lyrics="x", audio_weight=1.1),
        "audio_weight",
        "from 0 to 1",
    ),
    (
        "cover words",
        lambda m: m.suno.cover("c", lyrics=""),
        "lyrics",
        "at least 1",
    ),
    (
        "persona id empty",
        lambda m: m.suno.create_with_persona("", lyrics="x"),
        "persona",
        "at least 1",
    ),
    (
        "persona id None",
        lambda m: m.suno.create_with_persona(None, lyrics="x"),
        "persona",
        "needed",
    ),
    (
        "persona words",
        lambda m: m.suno.create_with_persona("p", lyrics=""),
        "lyrics",
        "at least 1",
    ),
    (
        "persona name empty",
        lambda m: m.suno.create_persona("c", name="", description="d"),
        "name",
        "at least 1",
    ),
    (
        "persona name 81",
        lambda m: m.suno.create_persona("c", name="x" * 81, description="d"),
        "name",
        "at most 80",
    ),
    (
        "persona description 201",
        lambda m: m.suno.create_persona("c", name="n", description="x" * 201),
        "description",
        "at most 200",
    ),
    (
        "persona description empty",
        lambda m: m.suno.create_persona("c", name="n", description=""),
        "description",
        "at least 1",
    ),
    ("upload a file", lambda m: m.suno.upload("/tmp/a.mp3"), "url", "http:// or"),
    ("upload ftp", lambda m: m.suno.upload("ftp://e.org/a.mp3"), "url", "http:// or"),
    ("upload no host", lambda m: m.suno.upload("https://"), "url", "http:// or"),
    ("upload bad host", lambda m: m.suno.upload("http://[::1"), "url", "http:// or"),
    ("upload None", lambda m: m.suno.upload(None), "url", "needed"),
]


@pytest.mark.parametrize(
    ("call", "field", "rule"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_a_broken_rule_is_refused_in_the_callers_line(
    api: Scripted, music: MusicSession, call: Call, field: str, rule: str
) -> None:
    """The plain call raises, names the field and the rule, and sends nothing."""
    with pytest.raises(
        InvalidRequest, match=rf"^suno\.\w+: {field} .*Nothing was sent\.$"
    ) as caught:
        call(music)

    error = caught.value
    assert field == error.field
    assert error.rule is not None
    assert rule in error.rule
    assert error.rule in str(error)
    assert __file__ == str(caught.traceback[0].path)
    assert (None, "no", "after an edit") == (error.status, error.charged, error.retry)
    assert [] == api.calls


def test_a_refusal_is_a_value_error_that_shows_the_value() -> None:
    """Whoever knows nothing of this library can catch it, and see what was wrong."""
    with pytest.raises(ValueError, match="model is 'Chirp v5'; write 'chirp-v5'"):
        suno.Create("x", model="Chirp v5")


ALLOWED = [
    ("description 199", lambda: suno.Create("x" * 199)),
    ("lyrics 3000, old", lambda: suno.Create(lyrics="x" * 3000, model="chirp-v4")),
    ("lyrics 3001, new", lambda: suno.Create(lyrics="x" * 3001)),
    ("lyrics 5000", lambda: suno.Create(lyrics="x" * 5000, model="chirp-v4-5")),
    ("5000, plus", lambda: suno.Create(lyrics="x" * 5000, model="chirp-v4-5-plus")),
    ("lyrics 5000, v5", lambda: suno.Create(lyrics="x" * 5000, model="chirp-v5")),
    ("title 80", lambda: suno.Create(lyrics="x", title="x" * 80)),
    ("title empty", lambda: suno.Create(lyrics="x", title="")),
    ("tags 80", lambda: suno.Create(lyrics="x", tags="x" * 80)),
    ("style weight 0", lambda: suno.Create("x", style_weight=0)),
    ("style weight 1", lambda: suno.Create("x", style_weight=1)),
    ("vocal gender", lambda: suno.Create("x", vocal_gender="m", model="chirp-v4-5")),
    ("at 0.001", lambda: suno.Extend("c", at=0.001, lyrics="x")),
    ("extend 3000, old", lambda: suno.Extend("c", at=1, lyrics="x" * 3000, model=OLD)),
    ("extend 5000", lambda: suno.Extend("c", at=1, lyrics="x" * 5000)),
    ("cover 5000", lambda: suno.Cover("c", lyrics="x" * 5000)),
    ("persona 5000", lambda: suno.CreateWithPersona("p", lyrics="x" * 5000)),
    (
        "name 80",
        lambda: suno.CreatePersona("c", name="x" * 80, description="x" * 200),
    ),
    ("upper case address", lambda: suno.UploadAudio("HTTPS://e.org/a.mp3")),
    ("extra overrides a rule", lambda: suno.Create("x", extra={"mv": "chirp-v6"})),
    (
        "extra overrides a length",
        lambda: suno.Create("x" * 401, extra={"gpt_description_prompt": "y"}),
    ),
]


@pytest.mark.parametrize(
    "build", [row[1] for row in ALLOWED], ids=[row[0] for row in ALLOWED]
)
def test_what_is_just_inside_a_limit_passes_silently(
    build: Callable[[], Request[Any]],
) -> None:
    """A value that every source allows is neither refused nor warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        request = build()

    assert [] == caught
    assert {} != request.to_body()


WARNED = [
    ("description 200", lambda m: m.suno.create("x" * 200), "description"),
    ("description 400", lambda m: m.suno.create("x" * 400), "description"),
    ("title 81", lambda m: m.suno.create(lyrics="x", title="x" * 81), "title"),
    ("title 120", lambda m: m.suno.create(lyrics="x", title="x" * 120), "title"),
    ("tags 81", lambda m: m.suno.create(lyrics="x", tags="x" * 81), "tags"),
    (
        "tags 200, old",
        lambda m: m.suno.create(lyrics="x", tags="x" * 200, model=OLD),
        "tags",
    ),
    ("tags 201", lambda m: m.suno.create(lyrics="x", tags="x" * 201), "tags"),
    ("tags 1000", lambda m: m.suno.create(lyrics="x", tags="x" * 1000), "tags"),
    (
        "extend title",
        lambda m: m.suno.extend("c", at=1, lyrics="x", title="x" * 81),
        "title",
    ),
    ("cover tags", lambda m: m.suno.cover("c", lyrics="x", tags="x" * 81), "tags"),
    (
        "persona title",
        lambda m: m.suno.create_with_persona("p", lyrics="x", title="x" * 81),
        "title",
    ),
]


@pytest.mark.parametrize(
    ("call", "field"), [row[1:] for row in WARNED], ids=[row[0] for row in WARNED]
)
async def test_where_the_sources_disagree_it_warns_and_sends(
    api: Scripted, music: MusicSession, call: Call, field: str
) -> None:
    """One warning, which names the field, in the caller's file; and it is sent."""
    api.creates(CREATE, Answer(two_clips("succeeded", "succeeded")), task_path=TASK)

    with pytest.warns(MusicWarning, match=rf"^suno\.\w+: {field} has \d+") as caught:
        job = call(music)
    await job

    (warning,) = caught
    assert __file__ == warning.filename
    assert 1 == len(api.posts)


async def test_a_warning_shows_the_callers_line(
    api: Scripted, music: MusicSession
) -> None:
    """Through a method, a request or `attrs.evolve`, the line shown is the caller's."""
    api.creates(CREATE, Answer(two_clips("succeeded", "succeeded")), task_path=TASK)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        music.suno.create("x" * 200)  # by the method
        music.suno.extend("c", at=1, lyrics="x", title="x" * 81)  # by another
        music.submit(suno.Create("x" * 200))  # by the request

    lines = [linecache.getline(w.filename, w.lineno) for w in caught]
    assert ["by the method", "by another", "by the request"] == [
        line.partition("# ")[2].strip() for line in lines
    ]


def test_title_and_tags_are_each_warned_of() -> None:
    """Two fields beyond what is safe are two warnings."""
    with pytest.warns(MusicWarning, match="has 81") as caught:
        suno.Create(lyrics="x", title="x" * 81, tags="x" * 81)

    assert 2 == len(caught)


@pytest.mark.parametrize(
    "task_id",
    ["", ".", "..", " a", "a\n", "a\x1b", "null", "\ud800", "x" * 10_000, 7, None],
    ids=lambda value: repr(value)[:20],
)
async def test_what_is_no_task_id_is_refused(
    api: Scripted, music: MusicSession, task_id: object
) -> None:
    """Neither a poll nor an attachment asks another path than that of a task."""
    with pytest.raises(InvalidRequest, match="task_id is "):
        await music.suno.get(cast("str", task_id))
    with pytest.raises(InvalidRequest, match="task_id is "):
        music.attach("suno", cast("str", task_id))

    assert [] == api.calls


@pytest.mark.parametrize(
    "task_id", ["a/b", "../x", "a b", "a?b", "a%2fb", "ü", "#"], ids=repr
)
async def test_every_id_that_a_create_accepts_is_asked_for_as_one_segment(
    api: Scripted, music: MusicSession, task_id: str
) -> None:
    """Whatever the service has named a task, the line that an error suggests works."""
    path = f"/api/v1/suno/task/{quote(task_id, safe='')}"
    done = {"data": [{"clip_id": "c", "state": "failed", "error_message": "No."}] * 2}
    api.answer(CREATE, Answer({"task_id": task_id}))
    api.answer(unquote(path), Answer(done))

    job = music.suno.create("x")
    with pytest.raises(JobFailed, match="No."):
        await job
    with pytest.raises(JobFailed, match="No."):
        await music.attach("suno", task_id)

    assert {path} == {call.path for call in api.polls}
