"""A clip is stored in the formats that are asked for; what costs is bought once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import certificates
import pytest
from quick_service import QuickService

from aiomusic import (
    BudgetExceeded,
    DownloadError,
    InvalidRequest,
    MusicSession,
    Signer,
)
from aiomusic._files.credentials import has_credentials
from aiomusic.emulator import Emulator, Pace
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio

BOUND_S = 55.0
CREATE, WAV = 10, 2


@pytest.fixture
async def service() -> AsyncIterator[QuickService]:
    with anyio.fail_after(BOUND_S):
        async with QuickService() as service:
            yield service


def endings(paths: list[Path]) -> list[str]:
    return [path.suffix for path in paths]


async def test_a_second_save_buys_nothing_again(
    service: QuickService, tmp_path: Path
) -> None:
    """The price is told first, and each clip's WAV is bought once, files or not."""
    journal = tmp_path / "songs.db"
    async with service.session(journal=journal) as music:
        job = music.suno.create("rain", key="rain", metadata={"user": "ann"})
        quote = await job.quote_formats(["mp3", "wav"])
        assert CREATE == service.api.charged
        first = await job.save(tmp_path / "a", formats=("mp3", "wav"))
        paid = service.api.charged
        again = await job.quote_formats(["wav"])
        kept = await music.job("rain")

    async with service.session(journal=journal) as music:
        found = music.suno.create("rain", key="rain")
        second = await found.save(tmp_path / "b", formats=[".WAV", "mp3"])
        spent = await music.spending(tag="user")

    assert (2, 2 * WAV, {"suno.wav": 2 * WAV}) == (
        quote.jobs,
        quote.credits,
        quote.by_operation,
    )
    assert CREATE + 2 * WAV == paid == service.api.charged == spent["ann"].credits
    assert 0 == again.credits
    assert [".mp3", ".wav"] * 2 == endings(first)
    assert [".wav", ".mp3"] * 2 == endings(second)
    assert first[0].stem == first[1].stem == second[0].stem
    assert b"RIFF" == first[1].read_bytes()[:4]
    assert kept is not None
    assert sorted(kept.files) == sorted(map(str, first))


async def test_a_plain_save_asks_for_nothing(
    service: QuickService, tmp_path: Path
) -> None:
    """It gives each clip as it is, for nothing."""
    async with service.session() as music:
        paths = await music.suno.create("rain").save(tmp_path)

    assert [".mp3", ".mp3"] == endings(paths)
    assert CREATE == service.api.charged


async def test_producer_makes_its_downloads(
    service: QuickService, tmp_path: Path
) -> None:
    """Its files in another format are tasks; the name that was chosen is theirs too."""
    async with service.session() as music:
        job = music.producer.create("rain")
        paths = await job.save(tmp_path, name="{title} {take}", formats=("wav", "mp3"))
        path = await music.download(job.clips[0], tmp_path / "b", format="wav")

    assert ["Rain 1.wav", "Rain 1.mp3"] == [one.name for one in paths]
    assert ".wav" == path.suffix
    assert CREATE + WAV == service.api.charged


@pytest.mark.parametrize(
    ("provider", "formats", "words"),
    [
        ("riffusion", ["mp3", "wav"], "'wav', and riffusion makes mp3 of this clip"),
        ("suno", ["wav", "flac"], "'flac', and suno makes lrc, mp3, wav of this clip"),
    ],
)
async def test_what_a_provider_has_not_is_refused(
    provider: str, formats: list[str], words: str, service: QuickService, tmp_path: Path
) -> None:
    """Before anything is bought or stored."""
    async with service.session() as music:
        job = getattr(music, provider).create("rain")
        with pytest.raises(InvalidRequest, match=words):
            await job.save(tmp_path, formats=formats)
        with pytest.raises(TypeError, match="as a list"):
            await job.save(tmp_path, formats="wav")

    assert CREATE == service.api.charged
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options", [{"max_credits": CREATE + WAV}, {"limits": {"user": CREATE + WAV}}]
)
async def test_no_format_overruns_a_budget(
    options: dict[str, Any], service: QuickService, tmp_path: Path
) -> None:
    """The session's ceiling, and that of the song's tag; the songs are stored."""
    async with service.session(**options) as music:
        job = music.suno.create("rain", metadata={"user": "ann"})
        with pytest.raises(BudgetExceeded):
            await job.save(tmp_path, formats=("mp3", "wav"))

    assert CREATE + WAV == service.api.charged
    assert [".mp3", ".mp3", ".wav"] == sorted(
        path.suffix for path in tmp_path.iterdir()
    )


async def test_another_format_than_was_bought_is_no_file(
    service: QuickService, tmp_path: Path
) -> None:
    """A link to MP3 in the place of the WAV is told; the song itself is kept."""
    async with service.session(clock=AutojumpClock()) as music:
        job = music.producer.create("rain")
        (clip,) = await job
        service.only_mp3.add(clip.clip_id)
        with pytest.raises(DownloadError, match=r"\.mp3, and \.wav was bought") as told:
            await job.save(tmp_path, formats=("wav", "mp3"))

    assert [".mp3"] == endings(list(told.value.stored))
    assert [*told.value.stored] == list(tmp_path.iterdir())


@pytest.mark.parametrize("formats", [("mp3", "lrc"), ("lrc",)], ids=["both", "alone"])
async def test_times_of_the_words_are_a_format(
    service: QuickService, tmp_path: Path, formats: tuple[str, ...]
) -> None:
    """Where the reply does not tell them, they are bought once, for a credit a clip."""
    async with service.session(journal=tmp_path / "songs.db") as music:
        job = music.suno.create(lyrics="[Verse]\nPaper boats\nin the rain", tags="pop")
        quote = await job.quote_formats(formats)
        paths = await job.save(tmp_path, name="{take}", formats=formats)
        again = await job.save(tmp_path, name="{take}", formats=formats)

    assert ({"suno.aligned_lyrics": 2}, 2) == (quote.by_operation, quote.jobs)
    assert CREATE + 2 == service.api.charged
    assert [f"{n}.{one}" for n in (1, 2) for one in formats] == [
        path.name for path in paths
    ]
    assert paths == again
    assert (tmp_path / "2.lrc").read_text().endswith("[00:00.00]la\n")
    assert (tmp_path / "1.mp3").exists()


async def test_words_that_a_reply_times_cost_nothing(tmp_path: Path) -> None:
    """Riffusion's replies tell when each line is sung."""
    async with (
        Emulator(preview_s=5, pace=Pace.polls()) as api,
        MusicSession(api.key, base_url=api.url, poll_every_s=0.01) as music,
    ):
        job = music.riffusion.create_with_lyrics("[Verse]\nPaper boats in the rain")
        paths = await job.save(tmp_path, formats=("lrc", "mp3"))

    assert CREATE == api.charged
    assert [".lrc", ".mp3"] * 2 == endings(paths)
    assert "Paper boats" in paths[0].read_text()


async def test_one_save_is_signed(service: QuickService, tmp_path: Path) -> None:
    """Whatever the session does, and the files too that an earlier one stored."""
    signer = Signer(*certificates.stored(tmp_path))
    async with service.session() as music:
        job = music.suno.create("rain")
        (first, _) = await job.save(tmp_path / "songs")
        was_signed = has_credentials(first)
        (again, _) = await job.save(tmp_path / "songs", signer=signer)
        (other, _) = await job.save(tmp_path / "signed", signer=signer)
        with pytest.raises(TypeError, match=r"must be an aiomusic\.Signer"):
            await job.save(tmp_path, signer="key.pem")  # type: ignore[arg-type]

    assert (False, first) == (was_signed, again)
    assert has_credentials(again)
    assert has_credentials(other)
