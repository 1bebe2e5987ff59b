"""A batch ends with every good row's songs stored, each bought once."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from quick_service import QuickService

from aiomusic import AlignedLyrics, MusicError, MusicSession, batch
from aiomusic.batch._manifest import Manifest
from aiomusic.emulator import Emulator, Pace
from aiomusic.gallery import Kept
from aiomusic.gallery._manifest import read_manifest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def service() -> AsyncIterator[QuickService]:
    async with QuickService() as service:
        yield service


@pytest.fixture
def album(tmp_path: Path) -> Path:
    return tmp_path / "album"


SONG: dict[str, Any] = {"key": "song", "provider": "suno", "description": "paper boats"}
MORE: dict[str, Any] = {
    "key": "more",
    "provider": "suno",
    "operation": "extend",
    "clip": "@song[1]",
    "at": 10,
    "lyrics": "[Verse] on we go",
}
WHOLE: dict[str, Any] = {
    "key": "whole",
    "provider": "suno",
    "operation": "concat",
    "clip": "@more",
}


async def ran(
    music: MusicSession,
    rows: Sequence[dict[str, Any]],
    album: Path,
) -> dict[str | None, batch.Outcome]:
    async with asyncio.timeout(90):
        running = batch.run(music, rows, album)
        return {outcome.key: outcome async for outcome in running}


def manifest(album: Path) -> dict[str, Any]:
    lines = (album / "manifest.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert len({line["key"] for line in found}) == len(found)
    return {line["key"]: line for line in found}


async def test_a_chain_is_bought_in_order_and_stored(
    service: QuickService, album: Path
) -> None:
    """Create, extend the second take, join: files, hashes and lineage are told."""
    async with service.session() as music:
        outcomes = await ran(music, [WHOLE, MORE, SONG], album)

    assert {one.state for one in outcomes.values()} == {"succeeded"}
    assert service.api.charged == 10 + 10 + 2
    lines = manifest(album)
    assert lines["more"]["from"] == [
        {
            "key": "song",
            "take": 2,
            "clip_id": lines["song"]["clips"][1]["clip_id"],
            "relation": "extend",
        }
    ]
    for line in lines.values():
        for clip in line["clips"]:
            data = (album / clip["file"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == clip["sha256"]
            assert len(data) == clip["bytes"]
    assert len(list(album.glob("*.mp3"))) == 2 + 2 + 1


async def test_times_of_lyrics_stand_beside_the_song(album: Path) -> None:
    """The manifest names the file, and the gallery reads it."""
    row = {"key": "song", "provider": "riffusion", "prompt": "r&b pop song"}
    async with (
        Emulator(preview_s=20, pace=Pace.polls()) as api,
        MusicSession(api.key, base_url=api.url, poll_every_s=0.01) as music,
    ):
        await ran(music, [row], album)

    first = manifest(album)["song"]["clips"][0]
    assert first["lrc"] == str(Path(first["file"]).with_suffix(".lrc"))
    assert "[00:" in (album / first["lrc"]).read_text()
    (song,), _ = read_manifest(album, Kept())
    assert all(line.start_s is not None for line in song.takes[0].lyrics)


async def test_a_row_times_the_words_of_a_song_that_does_not(
    service: QuickService, album: Path, tmp_path: Path
) -> None:
    """Its lines stand beside the song, in the gallery too; a hand's work stays."""
    rows: list[dict[str, Any]] = [
        {"key": "song", "provider": "suno", "lyrics": "[Verse]\nOver the hill\nHome"},
        {"key": "words", "provider": "suno", "operation": "aligned_lyrics"}
        | {"clip": "@song[1]"},
    ]
    async with service.session(tmp_path / "songs.db") as music:
        outcomes = await ran(music, rows, album)
        second = outcomes["song"].songs[1].path
        assert second is not None
        lrc = second.with_suffix(".lrc")
        written = lrc.read_text()
        lrc.write_text("[00:01.00]corrected")
        await ran(music, rows, album)

    timed = outcomes["words"].result
    assert isinstance(timed, AlignedLyrics)
    assert written == timed.lrc
    assert "[00:" in written
    songs, _ = read_manifest(album, Kept())
    takes = next(song for song in songs if song.key == "song").takes
    assert [line.text for line in takes[1].lyrics] == ["corrected"]
    assert not any(line.start_s for line in takes[0].lyrics)


async def test_a_second_run_buys_and_fetches_only_what_is_missing(
    service: QuickService, album: Path, tmp_path: Path
) -> None:
    """What is there is left alone, and told again."""
    journal = tmp_path / "songs.db"
    async with service.session(journal) as music:
        await ran(music, [SONG], album)
    before = manifest(album)["song"]
    service.asked.clear()

    async with service.session(journal) as music:
        outcomes = await ran(music, [SONG, MORE], album)

    assert service.api.charged == 20
    assert [one.state for one in outcomes.values()] == ["succeeded"] * 2
    assert len(outcomes["song"].files) == 2
    times = ("made_at", "elapsed_s")
    again = manifest(album)["song"]
    assert [before[name] for name in times] == [again[name] for name in times]
    assert not [n for n in service.asked if n[:36] in str(manifest(album)["song"])]


async def test_rows_that_fail_stop_only_those_that_need_them(
    service: QuickService, album: Path
) -> None:
    """A bad row, a failing task, a dead link and a web page are each told."""
    service.api.fault("fail", on="create", provider="riffusion")
    rows = [
        {"key": "bad", "provider": "suno"},
        {"key": "failing", "prompt": "rain"},
        {
            "key": "behind",
            "operation": "cover",
            "clip": "@failing",
            "lyrics": "la",
            "sound": "pop",
        },
        SONG,
        MORE,
        WHOLE,
    ]

    async with service.session() as music:
        outcomes = await ran(music, rows, album)

    states = {key: one.state for key, one in outcomes.items()}
    assert states == {
        "bad": "refused",
        "failing": "failed",
        "behind": "waiting",
        "song": "succeeded",
        "more": "succeeded",
        "whole": "succeeded",
    }
    told = outcomes["behind"].error
    assert told is not None
    assert "'failing'" in str(told)
    assert set(manifest(album)) == set(states)


async def test_a_clip_that_cannot_be_fetched_is_told_and_the_other_is_stored(
    service: QuickService, album: Path, tmp_path: Path
) -> None:
    """A run again, when the page is gone, fetches what is missing, for free."""
    journal = tmp_path / "songs.db"
    async with service.session() as probe:
        clips = await probe.suno.create("paper boats")
    async with QuickService() as other, other.session(journal) as music:
        # The same seed gives the same clips.
        other.pages.add(clips[0].clip_id)
        outcome = (await ran(music, [SONG], album))["song"]
        assert outcome.error is not None
        assert [song.path is None for song in outcome.songs] == [True, False]
        assert outcome.charged == "yes"
        assert manifest(album)["song"]["error"]["type"] == "DownloadError"

        other.pages.clear()
        again = (await ran(music, [SONG], album))["song"]

        assert again.error is None
        assert len(again.files) == 2
        assert other.api.charged == 10


async def test_kept_takes_are_what_kept_references_stand_for(
    service: QuickService, album: Path, tmp_path: Path
) -> None:
    """Until one is kept, the row waits, and says for what."""
    journal = tmp_path / "songs.db"
    rows = [SONG, {**MORE, "clip": "@song.kept"}]
    async with service.session(journal) as music:
        first = await ran(music, rows, album)
        assert first["more"].state == "waiting"
        assert "kept" in str(first["more"].error)

        second_take = first["song"].songs[1].clip.clip_id
        kept = {"kept": [second_take], "dropped": []}
        (album / "kept.json").write_text(json.dumps(kept))
        then = await ran(music, rows, album)

    assert then["more"].state == "succeeded"
    origin = then["more"].origins[0]
    assert (second_take, 1) == (origin.clip_id, origin.take)
    assert [clip["kept"] for clip in manifest(album)["song"]["clips"]] == [None, True]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"kept": 5}', '{"kept": ["a"], "dropped": ["a"]}']
)
async def test_a_choice_of_takes_that_is_none_is_refused_before_anything_is_bought(
    service: QuickService, album: Path, text: str
) -> None:
    """It names the file."""
    album.mkdir()
    (album / "kept.json").write_text(text)

    async with service.session() as music:
        with pytest.raises(MusicError, match=r"kept\.json"):
            await ran(music, [SONG], album)

    assert service.api.submissions == 0


async def test_draining_buys_nothing_more_and_tells_what_is_left(
    service: QuickService, album: Path
) -> None:
    """What is in flight is stored; the rest waits for the next run."""
    rows = [{"key": str(n), "prompt": f"song {n}"} for n in range(50)]
    async with service.session(concurrency=2) as music, asyncio.timeout(90):
        running = batch.run(music, rows, album)
        states: list[str] = []
        async for outcome in running:
            running.drain()
            states.append(outcome.state)

    assert len(states) == 50
    assert 1 <= states.count("succeeded") < 50
    assert states.count("succeeded") + states.count("waiting") == 50
    assert service.api.submissions == states.count("succeeded")


async def test_a_budget_that_is_used_up_leaves_the_rest_waiting(
    service: QuickService, album: Path
) -> None:
    """Nothing is bought beyond it, and each row is told of."""
    rows = [{"provider": "suno", "description": f"song {n}"} for n in range(8)]
    async with service.session(max_credits=35, concurrency=1) as music:
        outcomes = await ran(music, rows, album)

    assert len(outcomes) == 8
    assert service.api.charged == 30
    done = [one for one in outcomes.values() if one.state == "succeeded"]
    assert len(done) == 3


async def test_leaving_the_loop_early_leaves_nothing_running(
    service: QuickService, album: Path
) -> None:
    """The iterator can be closed, and the manifest says what was told."""
    rows = [{"key": str(n), "prompt": f"song {n}"} for n in range(20)]
    async with service.session(concurrency=3, on_exit="detach") as music:
        before = asyncio.all_tasks()
        outcomes = batch.run(music, rows, album).__aiter__()
        async with asyncio.timeout(90), contextlib.aclosing(outcomes):
            first = await anext(outcomes)
        left = {task for task in asyncio.all_tasks() - before if not task.done()}

    assert manifest(album)[str(first.key)]["state"] == "succeeded"
    assert not [task for task in left if "batch" in repr(task.get_coro())]


async def test_a_line_that_a_crash_cut_off_is_passed_over(
    service: QuickService, album: Path
) -> None:
    """The manifest is whole again after the next run."""
    album.mkdir()
    (album / "manifest.jsonl").write_bytes(b'{"key": "old", "row": 1}\n{"key": "so')

    async with service.session() as music:
        await ran(music, [SONG], album)

    assert set(manifest(album)) == {"old", "song"}


async def test_rows_that_make_no_clips_are_told_with_their_result(
    service: QuickService, album: Path
) -> None:
    """Lyrics can be bought, kept in the manifest, and sung by another row."""
    rows = [
        {"key": "words", "provider": "lyrics", "description": "rain"},
        {"key": "sung", "provider": "suno", "lyrics": "@words"},
    ]
    async with service.session() as music:
        outcomes = await ran(music, rows, album)

    assert outcomes["words"].result
    assert outcomes["sung"].state == "succeeded", outcomes["sung"].error
    assert manifest(album)["words"]["result"]["Lyrics"]


async def test_files_are_named_tagged_and_put_in_order(
    service: QuickService, album: Path
) -> None:
    """By pattern, with the album's tracks, a sidecar and a playlist for each album."""
    mutagen = pytest.importorskip("mutagen")
    rows = [
        {**SONG, "album": "Blue/Green"},
        {**SONG, "key": "second", "album": "Blue/Green"},
        {**SONG, "key": "other", "album": "Red"},
    ]
    async with service.session() as music:
        pattern = "{album} {track:02} {title} ({take})"
        running = batch.run(music, rows, album, name=pattern)
        async with asyncio.timeout(90):
            outcomes = {outcome.key: outcome async for outcome in running}

    names = [path.name for key in ("song", "second") for path in outcomes[key].files]
    title = outcomes["song"].songs[0].clip.title
    assert names == [
        f"Blue-Green {track:02} {title} ({n}).mp3" for track in (1, 2) for n in (1, 2)
    ]
    other = outcomes["other"].files[0]
    assert other.name == f"Red 01 {title} (1).mp3"
    tags = mutagen.File(outcomes["second"].files[0], easy=True)
    assert (tags["album"], tags["tracknumber"]) == (["Blue/Green"], ["2"])
    sidecar = json.loads(outcomes["second"].files[0].with_suffix(".json").read_text())
    assert sidecar["request"]["kind"] == "suno.create"
    playlist = (album / "Blue-Green.m3u8").read_text().splitlines()
    assert playlist[0] == "#EXTM3U"
    assert playlist[2::2] == names
    assert (album / "Red.m3u8").exists()


async def test_a_pattern_for_names_is_checked_before_anything_is_bought(
    service: QuickService, album: Path
) -> None:
    """It says which fields there are."""
    async with service.session() as music:
        with pytest.raises(MusicError, match="titel"):
            batch.run(music, [SONG], album, name="{titel}")

    assert service.api.submissions == 0


async def test_rows_without_a_key_are_told_apart_in_the_manifest(
    service: QuickService, album: Path
) -> None:
    """Both readers of it, the batch and the gallery, see the same rows."""
    rows: list[dict[str, Any]] = [{"provider": "none"}, {"provider": "no"}, SONG]
    async with service.session() as music:
        await ran(music, rows, album)
        await ran(music, rows, album)
    with (album / "manifest.jsonl").open("a") as file:
        file.write('{"key": "cut o')

    songs, notes = read_manifest(album, Kept())
    Manifest(album).compact()

    assert len((album / "manifest.jsonl").read_text().splitlines()) == 3
    assert ["refused", "refused", "succeeded"] == [song.state for song in songs]
    assert ["could not be read" in note for note in notes] == [True]


async def test_an_album_in_two_formats_costs_what_was_planned(
    service: QuickService, album: Path
) -> None:
    """Each song has both files; a row that can't be had so is refused unpaid."""
    other = {"key": "other", "provider": "riffusion", "prompt": "rain"}
    rows = [{**SONG, "metadata": {"user": "ann"}}, other]
    async with service.session(limits={"user": 14}) as music:
        running = batch.run(music, rows, album, formats=("mp3", "wav"))
        async with asyncio.timeout(90):
            outcomes = {outcome.key: outcome async for outcome in running}

    song = outcomes["song"]
    assert 14 == service.api.charged == running.plan.credits
    assert [".mp3", ".wav"] * 2 == [path.suffix for path in song.files]
    assert [2, 1] == [len(song.files) // 2, len(song.songs[0].others)]
    (told, _) = manifest(album)["song"]["clips"]
    assert [song.songs[0].others[0].name] == told["other_files"]
    assert "refused" == outcomes["other"].state
    assert "'wav', and riffusion makes mp3" in str(outcomes["other"].error)


class Unformattable(str):
    __slots__ = ()

    def __format__(self, spec: str) -> str:
        raise RuntimeError("no format")


async def test_a_row_that_can_not_be_stored_is_not_called_unbought(
    service: QuickService, album: Path
) -> None:
    """What no store may raise ends the run, rather than be told as nothing sent."""
    async with service.session() as music, asyncio.timeout(90):
        running = batch.run(
            music, [SONG | {"feel": Unformattable("calm")}], album, name="{feel} {id}"
        )

        with pytest.raises(RuntimeError, match="no format"):
            async for outcome in running:
                pytest.fail(f"told: {outcome}")

    assert service.api.charged == 10


async def test_the_journal_knows_where_the_songs_are(
    service: QuickService, album: Path, tmp_path: Path
) -> None:
    """So that ``aiomusic jobs`` lists their files, and offers no song twice."""
    row = SONG | {"number": "one"}
    async with service.session(journal=tmp_path / "songs.db") as music:
        async with asyncio.timeout(90):
            # A value of another kind than the pattern's is written as it is.
            running = batch.run(music, [row], album, name="{number:d} {take}")
            (outcome,) = [one async for one in running]
        record = await music.job("song")

    assert record is not None
    assert ["one 1.mp3", "one 2.mp3"] == [path.name for path in outcome.files]
    assert [str(path.resolve()) for path in outcome.files] == list(record.files)
