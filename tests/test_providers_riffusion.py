"""Every call of riffusion, as it is sent, as it is answered, and as it is refused."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from scripted import KEY, TASK_ID, Answer, Scripted, exact, example

from aiomusic import (
    Clip,
    ClipState,
    InvalidRequest,
    MusicJob,
    MusicSession,
    MusicWarning,
    Request,
    TaskSnapshot,
    Upload,
    riffusion,
)

pytestmark = pytest.mark.anyio

CREATE = "/api/v1/riffusion/create"
TASK = "/api/v1/riffusion/task/{task_id}"
CLIP_ID = "f524dd12-cb7a-4eb6-b2fb-780f0ed07d9c"
LYRICS = example("riffusion_extend_request")["lyrics"]
UPLOAD = Upload(clip_id=CLIP_ID, provider="riffusion", url="https://e.org/a.mp3")
CLIP = Clip(clip_id=CLIP_ID, provider="riffusion", state=ClipState.SUCCEEDED)

Call = Callable[[MusicSession], MusicJob[Any]]


@pytest.fixture
async def api() -> AsyncIterator[Scripted]:
    async with Scripted() as api:
        yield api


@pytest.fixture
async def music(api: Scripted) -> AsyncIterator[MusicSession]:
    async with api.session() as music:
        yield music


def clip(number: int, state: str = "succeeded") -> dict[str, Any]:
    """Return a clip with the keys that the page lists, all of them."""
    return {
        "clip_id": f"clip-{number}",
        "title": "Paper Boats",
        "lyrics": LYRICS,
        "image_url": "https://e.org/i.jpeg",
        "audio_url": "https://e.org/a.mp3",
        "video_url": None,
        "created_at": "2025-07-15T08:00:00.000Z",
        "mv": "FUZZ-1.1 Pro",
        "duration": 201.5,
        "timestamp": {"words": []},
        "state": state,
    }


def reply(*clips: dict[str, Any]) -> Answer:
    return Answer({"code": 200, "data": list(clips), "message": "success"})


def edit(task_type: str, **fields: object) -> dict[str, object]:
    return {
        "task_type": task_type,
        "custom_mode": True,
        "continue_clip_id": CLIP_ID,
        "lyrics": "la",
        "sound": "pop",
        "mv": "FUZZ-1.1 Pro",
        **fields,
    }


BODIES = [
    pytest.param(
        lambda m: m.riffusion.create("r&b pop song"),
        riffusion.Create("r&b pop song"),
        example("riffusion_create_with_description_request"),
        id="create, the recorded request",
    ),
    pytest.param(
        lambda m: m.riffusion.create(prompt="x", model="FUZZ-1.0"),
        riffusion.Create(prompt="x", model="FUZZ-1.0"),
        {"mv": "FUZZ-1.0", "prompt": "x", "custom_mode": False},
        id="create, another model",
    ),
    pytest.param(
        lambda m: m.riffusion.create("x", extra={"seed": "7", "mv": "FUZZ-2.0"}),
        riffusion.Create("x", extra={"seed": "7", "mv": "FUZZ-2.0"}),
        {"mv": "FUZZ-2.0", "prompt": "x", "custom_mode": False, "seed": "7"},
        id="extra adds and overrides",
    ),
    pytest.param(
        lambda m: m.riffusion.create_with_lyrics(LYRICS, title="Starts", sound="pop"),
        riffusion.CreateWithLyrics(LYRICS, title="Starts", sound="pop"),
        {
            "mv": "FUZZ-1.1 Pro",
            "lyrics": LYRICS,
            "custom_mode": True,
            "title": "Starts",
            "sound": "pop",
            "make_instrumental": False,
        },
        id="create with lyrics, the page's example",
    ),
    pytest.param(
        lambda m: m.riffusion.create_with_lyrics(sound="lofi", instrumental=True),
        riffusion.CreateWithLyrics(sound="lofi", instrumental=True),
        {
            "mv": "FUZZ-1.1 Pro",
            "lyrics": "",
            "custom_mode": True,
            "sound": "lofi",
            "make_instrumental": True,
        },
        id="create with lyrics, instrumental",
    ),
    pytest.param(
        lambda m: m.riffusion.extend(
            CLIP_ID, at=10, lyrics=LYRICS, sound="pop", title="Paper Boats"
        ),
        riffusion.Extend(
            CLIP_ID, at=10, lyrics=LYRICS, sound="pop", title="Paper Boats"
        ),
        example("riffusion_extend_request"),
        id="extend, the recorded request",
    ),
    pytest.param(
        lambda m: m.riffusion.extend(UPLOAD, at=10, lyrics="la", sound="pop"),
        riffusion.Extend(UPLOAD, at=10, lyrics="la", sound="pop"),
        edit("extend_upload_music", continue_at=10),
        id="extend an Upload",
    ),
    pytest.param(
        lambda m: m.riffusion.cover(CLIP, lyrics="la", sound="pop", title="t"),
        riffusion.Cover(CLIP, lyrics="la", sound="pop", title="t"),
        edit("cover_music", title="t"),
        id="cover (inferred)",
    ),
    pytest.param(
        lambda m: m.riffusion.cover(UPLOAD, lyrics="la", sound="pop"),
        riffusion.Cover(UPLOAD, lyrics="la", sound="pop"),
        edit("cover_upload_music"),
        id="cover an Upload (inferred)",
    ),
    pytest.param(
        lambda m: m.riffusion.replace_section(
            CLIP, at=0, until=12.5, lyrics="la", sound="pop"
        ),
        riffusion.ReplaceSection(CLIP, at=0, until=12.5, lyrics="la", sound="pop"),
        edit("replace_music", continue_at=0, ends_at=12.5),
        id="replace a section (inferred)",
    ),
    pytest.param(
        lambda m: m.riffusion.replace_section(UPLOAD, at=30, lyrics="la", sound="pop"),
        riffusion.ReplaceSection(UPLOAD, at=30, lyrics="la", sound="pop"),
        edit("replace_upload_music", continue_at=30),
        id="replace an Upload to its end (inferred)",
    ),
    pytest.param(
        lambda m: m.riffusion.replace_section(
            CLIP, at=30, lyrics="la", sound="pop", extra={"continue_until": 40}
        ),
        riffusion.ReplaceSection(
            CLIP, at=30, lyrics="la", sound="pop", extra={"continue_until": 40}
        ),
        edit("replace_music", continue_at=30, continue_until=40),
        id="extra names the unknown end of a section",
    ),
    pytest.param(
        lambda m: m.riffusion.swap_sound(CLIP_ID, sound="pop", lyrics="la"),
        riffusion.SwapSound(CLIP_ID, sound="pop", lyrics="la"),
        edit("swap_music_sound"),
        id="swap sound (inferred)",
    ),
    pytest.param(
        lambda m: m.riffusion.swap_sound(UPLOAD, sound="pop", lyrics="la"),
        riffusion.SwapSound(UPLOAD, sound="pop", lyrics="la"),
        edit("swap_upload_music_sound"),
        id="swap the sound of an Upload (inferred)",
    ),
    pytest.param(
        lambda m: m.riffusion.swap_vocals(CLIP_ID, sound="pop", lyrics="la"),
        riffusion.SwapVocals(CLIP_ID, sound="pop", lyrics="la"),
        edit("swap_music_vocals"),
        id="swap vocals",
    ),
    pytest.param(
        lambda m: m.riffusion.swap_vocals(
            UPLOAD, sound="pop", lyrics="la", model="FUZZ-1.1"
        ),
        riffusion.SwapVocals(UPLOAD, sound="pop", lyrics="la", model="FUZZ-1.1"),
        edit("swap_upload_music_vocals", mv="FUZZ-1.1"),
        id="swap the vocals of an Upload",
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
    api.creates(CREATE, reply(clip(1), clip(2)), task_path=TASK)

    job = call(music)
    await job

    (post,) = api.posts
    assert exact(body) == exact(post.json)
    assert (CREATE, f"Bearer {KEY}") == (post.path, post.headers["authorization"])
    assert "application/json" == post.headers["content-type"]
    assert (request_, 10) == (job.request, job.cost)
    assert exact(body) == exact(request_.to_body())


async def test_upload_gives_what_an_edit_takes(
    api: Scripted, music: MusicSession
) -> None:
    """The reply, of suno's shape, becomes an Upload at 2 credits."""
    address = "https://e.org/a.mp3"
    api.answer("/api/v1/riffusion/upload", Answer(example("suno_upload_ok")))

    job = music.riffusion.upload(address)
    found = await job

    (post,) = api.calls
    clip_id = "cfbc3d3c-2add-4265-bcdf-924092096e3d"
    assert Upload(clip_id=clip_id, provider="riffusion", url=address) == found
    assert exact({"url": address}) == exact(post.json)
    assert 2 == job.cost


async def test_a_reply_with_every_key_becomes_clips(
    api: Scripted, music: MusicSession
) -> None:
    """The documented keys are typed; timestamp, which nobody knows, stays in raw."""
    api.answer(TASK.format(task_id=TASK_ID), reply(clip(1), clip(2, "running")))

    snapshot = await music.riffusion.get(TASK_ID)

    first = Clip(
        clip_id="clip-1",
        provider="riffusion",
        task_id=TASK_ID,
        state=ClipState.SUCCEEDED,
        title="Paper Boats",
        lyrics=LYRICS,
        audio_url="https://e.org/a.mp3",
        image_url="https://e.org/i.jpeg",
        duration=201.5,
        created_at=datetime(2025, 7, 15, 8, tzinfo=UTC),
        model="FUZZ-1.1 Pro",
    )
    assert ClipState.RUNNING is snapshot.state
    assert first == snapshot.clips[0]
    assert {"words": []} == snapshot.clips[0].raw["timestamp"]


async def test_one_clip_alone_is_not_yet_the_result(
    api: Scripted, music: MusicSession
) -> None:
    """The API says that two songs come: with only one in data, it keeps polling."""
    api.answer(CREATE, Answer(example("riffusion_create_accepted")))
    api.answer(
        TASK.format(task_id="6d7253ac-916e-49a8-b288-91ffa7f8a8cd"),
        reply(),
        reply(clip(1)),
        reply(clip(1), clip(2)),
    )

    clips = await music.riffusion.create("r&b pop song")

    assert ["clip-1", "clip-2"] == [one.clip_id for one in clips]
    assert 3 == len(api.polls)


async def test_an_empty_task_is_pending(api: Scripted, music: MusicSession) -> None:
    """Nothing in data is a beginning, not an end."""
    api.answer(TASK.format(task_id=TASK_ID), reply())

    assert TaskSnapshot(state=ClipState.PENDING) == await music.riffusion.get(TASK_ID)


R = {"lyrics": "la", "sound": "pop"}

REFUSED = [
    ("empty prompt", lambda m: m.riffusion.create(""), "prompt", "at least 1"),
    ("prompt None", lambda m: m.riffusion.create(None), "prompt", "needed"),
    ("prompt 5", lambda m: m.riffusion.create(5), "prompt", "must be text"),
    (
        "prompt of 10,000",
        lambda m: m.riffusion.create("x" * 10_000),
        "prompt",
        "at most 3,000 are taken",
    ),
    (
        "model that is no text",
        lambda m: m.riffusion.create("x", model=("FUZZ-1.0",)),
        "model",
        "FUZZ-1.1 Pro, FUZZ-1.0 Pro, FUZZ-1.1, FUZZ-1.0",
    ),
    ("model None", lambda m: m.riffusion.create("x", model=None), "model", "needed"),
    (
        "no words",
        lambda m: m.riffusion.create_with_lyrics(),
        "lyrics",
        "instrumental=True",
    ),
    (
        "words None",
        lambda m: m.riffusion.create_with_lyrics(None),
        "lyrics",
        "needed",
    ),
    (
        "title 121",
        lambda m: m.riffusion.create_with_lyrics("x", title="x" * 121),
        "title",
        "at most 120",
    ),
    (
        "instrumental text",
        lambda m: m.riffusion.create_with_lyrics("x", instrumental="yes"),
        "instrumental",
        "True or False",
    ),
    ("at 0", lambda m: m.riffusion.extend("c", at=0, **R), "at", "whole number above"),
    ("at 1.5", lambda m: m.riffusion.extend("c", at=1.5, **R), "at", "whole number"),
    (
        "section at -1",
        lambda m: m.riffusion.replace_section("c", at=-1, **R),
        "at",
        "0 or more",
    ),
    (
        "section until 0",
        lambda m: m.riffusion.replace_section("c", at=0, until=0, **R),
        "until",
        "above 0",
    ),
    (
        "section ends where it begins",
        lambda m: m.riffusion.replace_section("c", at=9, until=9, **R),
        "until",
        "after at, 9",
    ),
    (
        "cover words",
        lambda m: m.riffusion.cover("c", lyrics="", sound="pop"),
        "lyrics",
        "at least 1",
    ),
    (
        "cover sound",
        lambda m: m.riffusion.cover("c", lyrics="la", sound=""),
        "sound",
        "at least 1",
    ),
    (
        "swap sound None",
        lambda m: m.riffusion.swap_sound("c", lyrics="la", sound=None),
        "sound",
        "needed",
    ),
    (
        "swap vocals title",
        lambda m: m.riffusion.swap_vocals("c", **R, title="x" * 121),
        "title",
        "at most 120",
    ),
    ("no clip", lambda m: m.riffusion.swap_vocals("", **R), "clip", "the id of a clip"),
    (
        "upload of suno",
        lambda m: m.riffusion.cover(
            Upload(clip_id="c", provider="suno", url="https://e.org"), **R
        ),
        "clip",
        "only a clip of riffusion",
    ),
    ("upload", lambda m: m.riffusion.upload("a.mp3"), "url", "http:// or https://"),
]


@pytest.mark.parametrize(
    ("call", "field", "rule"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_a_broken_rule_is_refused_in_the_callers_line(
    api: Scripted, music: MusicSession, call: Call, field: str, rule: str
) -> None:
    """The plain call raises, names the field and the rule, and sends nothing."""
    with pytest.raises(
        InvalidRequest, match=rf"^riffusion\.\w+: {field} .*Nothing was sent\.$"
    ) as caught:
        call(music)

    error = caught.value
    assert field == error.field
    assert error.rule is not None
    assert rule in error.rule
    assert error.rule in str(error)
    assert __file__ == str(caught.traceback[0].path)
    assert [] == api.calls


@pytest.mark.parametrize(
    "build",
    [
        lambda: riffusion.Create("x" * 3000),
        lambda: riffusion.CreateWithLyrics("x", title="x" * 80),
        lambda: riffusion.CreateWithLyrics(instrumental=True),
        lambda: riffusion.Extend("c", at=1, lyrics="x", sound="x"),
        lambda: riffusion.ReplaceSection("c", at=0, until=0.1, lyrics="x", sound="x"),
    ],
    ids=["prompt 3000", "title 80", "instrumental", "at 1", "a short section"],
)
def test_what_is_just_inside_a_limit_passes(build: Callable[[], Request[Any]]) -> None:
    """A value that every source allows is neither refused nor warned of."""
    assert 10 == build().cost


@pytest.mark.parametrize("size", [81, 120])
async def test_where_the_sources_disagree_it_warns_and_sends(
    api: Scripted, music: MusicSession, size: int
) -> None:
    """A title that one page allows is sent, with a warning in the caller's line."""
    api.creates(CREATE, reply(clip(1), clip(2)), task_path=TASK)

    with pytest.warns(MusicWarning, match=f"title has {size}") as caught:
        job = music.riffusion.create_with_lyrics("x", title="x" * size)
    await job

    (warning,) = caught
    assert __file__ == warning.filename
    assert 1 == len(api.posts)
