"""What a type checker sees of the public API; mypy reads this, nothing runs it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, assert_type

from aiomusic import (
    AlignedLyrics,
    Charged,
    Clip,
    ClipState,
    Credits,
    InvalidRequest,
    JobState,
    JobUpdate,
    Lyrics,
    Midi,
    MusicError,
    MusicJob,
    MusicSession,
    Persona,
    Request,
    Retry,
    TaskSnapshot,
    Upload,
    Wav,
    lyrics,
    nuro,
    riffusion,
    suno,
    wait_all,
)

Clips = tuple[Clip, ...]


async def jobs_know_their_results(music: MusicSession) -> None:
    assert_type(music.suno.create("rain"), MusicJob[Clips])
    assert_type(music.suno.create(lyrics="la", model="chirp-v5"), MusicJob[Clips])
    assert_type(music.suno.extend("id", at=30, lyrics="la"), MusicJob[Clips])
    assert_type(music.suno.cover("id", lyrics="la"), MusicJob[Clips])
    assert_type(music.suno.concat("id"), MusicJob[Clips])
    assert_type(
        music.suno.create_persona("id", name="n", description="d"), MusicJob[Persona]
    )
    assert_type(music.suno.create_with_persona("id", lyrics="la"), MusicJob[Clips])
    assert_type(music.suno.upload("https://e.org/a.mp3"), MusicJob[Upload])
    assert_type(music.riffusion.create("r&b pop song"), MusicJob[Clips])
    assert_type(music.riffusion.create_with_lyrics("la"), MusicJob[Clips])
    assert_type(
        music.riffusion.extend("id", at=1, lyrics="la", sound="pop"), MusicJob[Clips]
    )
    assert_type(music.riffusion.cover("id", lyrics="la", sound="pop"), MusicJob[Clips])
    assert_type(
        music.riffusion.replace_section("id", at=0, lyrics="la", sound="pop"),
        MusicJob[Clips],
    )
    assert_type(
        music.riffusion.swap_sound("id", sound="pop", lyrics="la"), MusicJob[Clips]
    )
    assert_type(
        music.riffusion.swap_vocals("id", sound="pop", lyrics="la"), MusicJob[Clips]
    )
    assert_type(music.riffusion.upload("https://e.org/a.mp3"), MusicJob[Upload])
    assert_type(music.nuro.create_vocal("la", genre="R&B/Soul"), MusicJob[Clips])
    assert_type(
        music.nuro.create_instrumental(
            "x", version="v2.0", segments=[("intro", 30), nuro.Segment("outro", 30)]
        ),
        MusicJob[Clips],
    )
    assert_type(music.suno.stems("id", full=True), MusicJob[Clips])
    assert_type(music.suno.wav("id"), MusicJob[Wav])
    assert_type(music.suno.midi("id"), MusicJob[Midi])
    assert_type(music.suno.aligned_lyrics("id"), MusicJob[AlignedLyrics])
    assert_type(music.producer.create("pop", seed=7, weirdness=0.5), MusicJob[Clips])
    assert_type(music.producer.extend("id", at=30, sound="pop"), MusicJob[Clips])
    assert_type(music.producer.upload("https://e.org/a.mp3"), MusicJob[Clips])
    assert_type(music.producer.download("id", format="wav"), MusicJob[Clips])
    assert_type(music.lyrics.create("sky"), MusicJob[tuple[Lyrics, ...]])
    assert_type(music.attach("suno", "id"), MusicJob[Clips])


async def awaiting_gives_the_result(music: MusicSession) -> None:
    assert_type(await music.suno.create("rain"), Clips)
    persona = await music.suno.create_persona("id", name="n", description="d")
    assert_type(persona, Persona)
    assert_type(await music.suno.create_with_persona(persona, lyrics="la"), Clips)
    upload = await music.suno.upload("https://e.org/a.mp3")
    assert_type(upload, Upload)
    assert_type(await music.suno.extend(upload, at=0.1, lyrics="la"), Clips)
    assert_type(await music.lyrics.create("sky"), tuple[Lyrics, ...])
    assert_type(await music.suno.create("rain").wait(timeout_s=60), Clips)
    assert_type(await music.credits(), Credits)
    assert_type(await music.suno.get("id"), TaskSnapshot)
    first, second = await asyncio.gather(
        music.suno.create("rain"), music.lyrics.create("sky")
    )
    assert_type(first, Clips)
    assert_type(second, tuple[Lyrics, ...])


async def asyncio_takes_jobs(job: MusicJob[Clips]) -> None:
    assert_type(asyncio.create_task(job), asyncio.Task[Clips])
    async with asyncio.TaskGroup() as tasks:
        assert_type(tasks.create_task(job), asyncio.Task[Clips])
    assert_type(await asyncio.wait_for(job, 60), Clips)
    assert_type(await asyncio.shield(job), Clips)


async def requests_know_their_results(music: MusicSession) -> None:
    assert_type(music.submit(suno.Create("rain")), MusicJob[Clips])
    assert_type(music.submit(suno.UploadAudio("https://e.org")), MusicJob[Upload])
    assert_type(music.submit(lyrics.Create("sky")), MusicJob[tuple[Lyrics, ...]])
    request: Request[Clips] = riffusion.Create("r&b pop song")
    assert_type(music.submit(request, key="k"), MusicJob[Clips])
    assert_type(request.cost, int)
    assert_type(request.to_body(), dict[str, object])
    assert_type(suno.Create.from_body({}), suno.Create)


async def a_job_can_be_asked(job: MusicJob[Clips], clip: Clip) -> None:
    assert_type(job.state, JobState)
    assert_type(job.task_id, str | None)
    assert_type(job.request, Request[Clips] | None)
    assert_type(job.cost, int)
    assert_type(job.metadata, Mapping[str, object])
    assert_type(job.clips, Clips)
    assert_type(job.eta, tuple[float, float] | None)
    assert_type(job.error, MusicError | None)
    assert_type(job.done(), bool)
    assert_type(job.cancel(), bool)
    assert_type(await job.save("songs"), list[Path])
    async for update in job.updates():
        assert_type(update, JobUpdate)
        assert_type(update.playable, Clips)
    assert_type(clip.state, ClipState)
    assert_type(clip.duration, float | None)


def errors_are_typed(error: InvalidRequest) -> None:
    assert_type(error.charged, Charged)
    assert_type(error.retry, Retry)
    assert_type(error.field, str | None)
    assert_type(error.rule, str | None)
    assert_type(error.status, int | None)


async def many_are_waited_for(music: MusicSession) -> None:
    jobs = [music.suno.create("rain")]
    assert_type(await wait_all(jobs), list[Clips | MusicError])


def a_job_of_more_is_a_job_of_less(job: MusicJob[Clips]) -> MusicJob[object]:
    return job


async def mistakes_are_seen(music: MusicSession) -> None:
    music.suno.create("rain", model=9)  # type: ignore[arg-type]
    music.suno.create("rain", lyrics=5)  # type: ignore[arg-type]
    music.suno.create("rain", "lyrics")  # type: ignore[arg-type,call-arg]
    music.suno.extend("id", lyrics="la")  # type: ignore[call-arg]
    music.suno.concat(Upload(clip_id="c", provider="suno", url="u"))  # type: ignore[arg-type]
    music.nuro.create_vocal("la", genre=["Jazz"])  # type: ignore[arg-type]
    music.nuro.create_instrumental("x", genre=[5])  # type: ignore[list-item]
    music.riffusion.create(None)  # type: ignore[arg-type]
    music.producer.download("id", format="flac")  # type: ignore[arg-type]
    music.suno.wav("id", full=True)  # type: ignore[call-arg]
    music.nuro.create_instrumental("x", mood=["calm"], theme=("love",))


def names_are_known_or_any_text(music: MusicSession, name: str) -> None:
    music.suno.create("rain", model=name)
    music.suno.create("rain", model="chirp-v6")
    music.riffusion.create("rain", model=name)
    music.nuro.create_vocal("la", genre=name, mood=name, timbre=name)
    music.nuro.create_instrumental("x", version=name, genre=[name], theme=(name,))
    nuro.Segment(name, 30)


GENRE: nuro.Genre = "Jazz"
MODEL: Literal["FUZZ-1.1 Pro"] = "FUZZ-1.1 Pro"
assert_type(riffusion.Create("x", model=MODEL).model, riffusion.Model)
