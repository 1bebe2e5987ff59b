"""Values travel: what one process writes as JSON, another reads."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aiomusic import (
    Clip,
    ClipState,
    ContentRefused,
    Credits,
    InvalidRequest,
    JobState,
    JobUpdate,
    Lyrics,
    MusicJob,
    MusicSession,
    Persona,
    Request,
    TaskSnapshot,
    Upload,
    riffusion,
    suno,
)
from aiomusic.emulator import Emulator, Pace
from aiomusic.journal import Record

pytestmark = pytest.mark.anyio

MADE = datetime(2025, 7, 15, 12, tzinfo=UTC)
CLIP = Clip(
    clip_id="c1",
    provider="suno",
    task_id="t1",
    state=ClipState.SUCCEEDED,
    title="Boats",
    audio_url="https://e.org/c1.mp3",
    duration=2.5,
    created_at=MADE,
    raw={"new": [1]},
)
CLIP_JSON = {
    "clip_id": "c1",
    "provider": "suno",
    "task_id": "t1",
    "state": "succeeded",
    "title": "Boats",
    "tags": None,
    "lyrics": None,
    "audio_url": "https://e.org/c1.mp3",
    "image_url": None,
    "video_url": None,
    "duration": 2.5,
    "created_at": "2025-07-15T12:00:00+00:00",
    "model": None,
    "error": None,
    "raw": {"new": [1]},
}
VALUES: dict[str, tuple[Any, dict[str, Any]]] = {
    "clip": (CLIP, CLIP_JSON),
    "update": (
        JobUpdate(
            key="k",
            kind="suno.create",
            cost=10,
            state=JobState.RUNNING,
            task_id="t1",
            clips=(CLIP,),
            playable=(),
            progress=40,
            elapsed_s=1.5,
        ),
        {
            "key": "k",
            "kind": "suno.create",
            "is_over": False,
            "cost": 10,
            "charged": None,
            "error": None,
            "state": "running",
            "task_id": "t1",
            "clips": [CLIP_JSON],
            "playable": [],
            "progress": 40,
            "elapsed_s": 1.5,
        },
    ),
    "lyrics": (Lyrics(title="a", text="b"), {"title": "a", "text": "b"}),
    "persona": (
        Persona(persona_id="p", name="Ann"),
        {"persona_id": "p", "name": "Ann"},
    ),
    "upload": (
        Upload(clip_id="c", provider="suno", url="https://e.org/a.mp3"),
        {"clip_id": "c", "provider": "suno", "url": "https://e.org/a.mp3"},
    ),
    "credits": (
        Credits(credits=1, extra_credits=2),
        {"credits": 1, "extra_credits": 2},
    ),
    "snapshot": (
        TaskSnapshot(state=ClipState.PENDING),
        {
            "state": "pending",
            "clips": [],
            "progress": None,
            "unknown_states": [],
            "unreadable": 0,
        },
    ),
}


@pytest.mark.parametrize("value, written", VALUES.values(), ids=VALUES.keys())
def test_a_value_travels_as_it_is_written_here(
    value: Any,
    written: dict[str, Any],
) -> None:
    """The schema is what other programs read, so it stays."""
    text = json.dumps(value.to_json())

    assert written == json.loads(text)
    assert value == type(value).from_json(json.loads(text))


@pytest.mark.parametrize("value, written", VALUES.values(), ids=VALUES.keys())
def test_what_is_no_such_value_is_a_value_error(
    value: Any,
    written: dict[str, Any],
) -> None:
    """It names the place: a field too many, none at all, or no object."""
    kind = type(value)
    name = kind.__name__

    with pytest.raises(ValueError, match=f"this is no {name}: .*singer"):
        kind.from_json({**written, "singer": 5})
    with pytest.raises(ValueError, match=f"this is no {name}: required field missing"):
        kind.from_json({})
    with pytest.raises(ValueError, match=f"this is no {name}"):
        kind.from_json([written])


def test_a_request_reads_its_own_kind_alone() -> None:
    """The base class reads all kinds."""
    value = suno.Create("rain").to_json()

    assert suno.Create("rain") == suno.Create.from_json(value)
    assert suno.Create("rain") == Request.from_json(value)
    with pytest.raises(ValueError, match="must be one of riffusion.create"):
        riffusion.Create.from_json(value)
    with pytest.raises(ValueError, match="kind is .'a'.; it must be one of"):
        Request.from_json({"kind": ["a"]})


def test_a_request_takes_its_jobs_key_along() -> None:
    """Whoever takes it from a queue buys it once."""
    request = suno.Create("rain", key="a", metadata={"chat": 7}, on_known_key="error")

    found = Request.from_json(json.loads(json.dumps(request.to_json())))

    assert ("a", {"chat": 7}, "error") == (
        found.key,
        found.metadata,
        found.on_known_key,
    )


SHARED = (
    "key",
    "kind",
    "provider",
    "request",
    "state",
    "task_id",
    "cost",
    "charged",
    "metadata",
    "clips",
)


def answers(one: MusicJob[Any] | Record) -> dict[str, object]:
    found = {name: getattr(one, name) for name in SHARED}
    told = {name: (type(value), value) for name, value in found.items()}
    error = one.error
    return told | {
        "metadata": dict(one.metadata),
        "done": one.done(),
        "error": None if error is None else (type(error), str(error), error.charged),
    }


async def test_a_record_and_a_job_answer_alike(tmp_path: Path) -> None:
    """By the same names and types: of a song, of words, and of failures."""
    path = tmp_path / "songs.db"
    async with Emulator(pace=Pace.polls(), media=False) as api:
        options: dict[str, Any] = {"api_key": api.key, "base_url": api.url}
        api.fault("copyright", on="poll", skip=0)
        async with MusicSession(**options, poll_every_s=0.0, journal=path) as music:
            failed = music.riffusion.create("rain", key="failed", metadata={"n": 1})
            with pytest.raises(ContentRefused):
                await failed
            song = music.suno.create("rain", key="song")
            await song
            words = music.lyrics.create("of rain", key="words")
            made = await words
            jobs = [failed, song, words]

            records = [await music.job(job.key) for job in jobs]

    assert None not in records
    found = [record for record in records if record is not None]
    assert [answers(job) for job in jobs] == [answers(one) for one in found]
    assert await song == found[1].result
    assert made == found[2].result
    for one in found:
        again = Record.from_json(json.loads(json.dumps(one.to_json())))
        assert answers(one) == answers(again)
        assert one.to_json() == again.to_json()


async def test_an_update_names_its_job() -> None:
    """Those of many jobs can go through one queue."""
    async with Emulator(pace=Pace.polls(), media=False) as api:
        options: dict[str, Any] = {"api_key": api.key, "base_url": api.url}
        async with MusicSession(**options, poll_every_s=0.0) as music:
            job = music.suno.create("rain", key="one")

            updates = [update async for update in job.updates()]

    assert {"one"} == {update.key for update in updates}
    assert updates == [
        JobUpdate.from_json(json.loads(json.dumps(one.to_json()))) for one in updates
    ]


def test_a_request_that_breaks_a_rule_says_which() -> None:
    """As its class does where it is built."""
    with pytest.raises(InvalidRequest) as direct:
        suno.Create()
    with pytest.raises(ValueError, match="This is no suno.create") as read:
        Request.from_json({"kind": "suno.create"})

    assert str(direct.value).rstrip(".") in str(read.value)
