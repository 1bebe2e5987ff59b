"""What a type checker sees of `aiomusic.blocking`; mypy reads this, nothing runs it."""

from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

from aiomusic import AlignedLyrics, Clip, Credits, JobUpdate, Lyrics, MusicError, Upload
from aiomusic.blocking import MusicJob, MusicSession, merge_updates, suno, wait_all

Clips = tuple[Clip, ...]


def jobs_know_their_results() -> None:
    with MusicSession("key", journal="songs.db") as music:
        job = music.suno.create("rain", key="one", model="chirp-v5")
        assert_type(job, MusicJob[Clips])
        assert_type(job.result(timeout_s=5), Clips)
        assert_type(job.updates(), Iterator[JobUpdate])
        assert_type(job.save("out", formats=("mp3", "wav")), list[Path])
        assert_type(music.suno.upload(Path("a.mp3")).result(), Upload)
        assert_type(music.suno.aligned_lyrics("id").result(), AlignedLyrics)
        assert_type(music.lyrics.create("rain").result(), tuple[Lyrics, ...])
        assert_type(music.submit(suno.Create("rain")), MusicJob[Clips])
        assert_type(music.credits(), Credits)
        assert_type(wait_all([job]), list[Clips | MusicError])
        assert_type(merge_updates([job]), Iterator[JobUpdate])
        assert_type(music.run([suno.Create("rain")]), Iterator[MusicJob[Clips]])


def slips_are_seen(music: MusicSession) -> None:
    music.suno.create(prompt="rain")  # type: ignore[call-arg]
    music.producer.download("id", format="flac")  # type: ignore[arg-type]
    music.no_such_provider  # type: ignore[attr-defined]  # noqa: B018
