"""From a folder to what the gallery's page shows."""

import json
import os
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from albums import COVER, WORDS, AlbumMaker, clip_id, made_from, write_sound

from aiomusic._files.tags import Label, tag
from aiomusic.gallery import AlbumError, Gallery, read_kept, write_gallery
from aiomusic.results import Clip, ClipState


def model_of(written: Gallery) -> dict[str, Any]:
    """What the page's script reads, as a parser of HTML would find it."""
    text = written.page.read_text(encoding="utf-8")
    begin = '<script type="application/json" id="album">'
    model: dict[str, Any] = json.loads(text.split(begin)[1].split("</script>")[0])
    return model


def takes_of(written: Gallery) -> list[dict[str, Any]]:
    return [take for song in model_of(written)["songs"] for take in song["takes"]]


def test_a_song_has_all_that_the_manifest_says(tmp_path: Path) -> None:
    """Files become addresses, lineage becomes places in the album."""
    maker = AlbumMaker(tmp_path)
    maker.song("one?", metadata={"mood": "calm"})
    maker.song("two", origins=[made_from("one?", 2, "extend")])
    written = write_gallery(maker.write())

    one, two = model_of(written)["songs"]

    assert (2, 4, ()) == (written.songs, written.takes, written.notes)
    assert "01%20one%3F%20%281%29.wav" == one["takes"][0]["src"]
    assert "01%20one%3F%20%281%29.svg" == one["takes"][0]["cover"]
    assert [["description", "a song about one?"], ["model", "chirp-v5"]] == one[
        "request"
    ]
    assert [["mood", "calm"]] == one["metadata"]
    assert (10, "yes", "task-1") == (one["cost"], one["charged"], one["task"])
    origin = {"song": 0, "take": 2, "clip": clip_id("one?", 2), "relation": "extend"}
    assert [origin] == two["from"]


def test_timed_words_stand_with_their_line(tmp_path: Path) -> None:
    """A line has its beginning, its text, and the beginning of each word."""
    maker = AlbumMaker(tmp_path)
    maker.song("one", takes=1, clip={"words": WORDS})

    (take,) = takes_of(write_gallery(maker.write()))

    assert [
        "[Verse]",
        [0.0, "Paper boats go by", "0 0.5 1 1.5"],
        "",
        "[Chorus]",
        [2.0, "Let it rain again", "2 2.5 3 3.5"],
    ] == json.loads(take["lyrics"])


def test_a_later_line_counts_and_damaged_ones_are_told(tmp_path: Path) -> None:
    """A manifest that is being written is shown as far as it can be read."""
    maker = AlbumMaker(tmp_path)
    maker.song("one", state="running", takes=0)
    maker.song("two", takes=1)
    again = {**maker.rows[0], "state": "succeeded"}
    maker.write(more=["[1]", "", json.dumps(again), '{"key": "thr'])

    written = write_gallery(tmp_path)

    songs = model_of(written)["songs"]
    assert [("one", "succeeded"), ("two", "succeeded")] == [
        (song["key"], song["state"]) for song in songs
    ]
    assert (
        "manifest.jsonl: lines 3, 6 could not be read and was left out.",
    ) == written.notes


@pytest.mark.parametrize(
    "name",
    [
        *("../outside.wav", "/etc/hostname", "a/../../outside.wav", "c:/x.wav"),
        *("javascript:alert(1)", "https://example.com/x.wav", "..\\outside.wav"),
        *("link.wav", "\0", "", ".", None, 7, ["x"]),
    ],
)
def test_no_path_leads_out_of_the_folder(tmp_path: Path, name: object) -> None:
    """Whatever a manifest says, the page names files of its own folder only."""
    folder = tmp_path / "album"
    folder.mkdir()
    write_sound(tmp_path / "outside.wav", 0.1)
    (folder / "link.wav").symlink_to(tmp_path / "outside.wav")
    maker = AlbumMaker(folder)
    maker.song("one", takes=1, clip={"file": name, "cover": name, "lrc": name})

    (take,) = takes_of(write_gallery(maker.write()))

    assert (None, None) == (take["src"], take["cover"])


def test_rows_of_any_shape_do_no_harm(tmp_path: Path) -> None:
    """Each field that is not what it should be is as good as absent."""
    wrong: list[object] = [None, 7, -1.5, "text", [], [None], {}, {"a": [1]}, True]
    maker = AlbumMaker(tmp_path)
    maker.song("model", takes=1)
    row = maker.rows.pop()
    (clip,) = cast("list[dict[str, object]]", row["clips"])
    lines = [
        json.dumps({**row, "key": f"{name} {at}", name: value})
        for name in row
        if name != "key"
        for at, value in enumerate(wrong)
    ]
    lines += [
        json.dumps(
            {**row, "key": f"clip {name} {at}", "clips": [{**clip, name: value}]}
        )
        for name in clip
        for at, value in enumerate(wrong)
    ]
    lines += ["NaN", "[" * 100_000, '{"key": 7}', '{"key": "\\ud800", "cost": NaN}']
    maker.write(more=lines)

    written = write_gallery(tmp_path)

    assert len(lines) - 3 == written.songs
    assert "lines" in written.notes[0]


def test_no_text_ends_the_script_or_turns_a_line(tmp_path: Path) -> None:
    """Titles and words with markup, controls and halves of pairs are plain text."""
    bad = "</script x><!--<script>\x00\x1b[2J\ud800\u202e\u2028\r\nx"
    maker = AlbumMaker(tmp_path)
    maker.song("one", takes=1, clip={"title": bad, "lyrics": bad, "tags": bad})
    written = write_gallery(maker.write())

    text = written.page.read_text(encoding="utf-8")
    (take,) = takes_of(written)

    assert 2 == text.count("</script")
    assert "</script x><!--<script> [2J\ufffd x" == take["title"]
    assert ["</script x><!--<script> [2J\ufffd", "x"] == [
        " ".join(line.split()) for line in json.loads(take["lyrics"])
    ]


def test_a_request_is_shown_without_its_secrets(tmp_path: Path) -> None:
    """What signs webhooks is in no page."""
    request = {"prompt": "x", "webhook_secret": "s3cr3t", "instrumental": False}
    maker = AlbumMaker(tmp_path)
    maker.song("one", request=request)

    written = write_gallery(maker.write())

    assert "s3cr3t" not in written.page.read_text(encoding="utf-8")
    assert [["prompt", "x"], ["instrumental", "no"]] == model_of(written)["songs"][0][
        "request"
    ]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A take without its file names it."""
    maker = AlbumMaker(tmp_path)
    maker.song("one", takes=1)
    (maker.write() / "01 one (1).wav").unlink()

    written = write_gallery(tmp_path)

    assert "01 one (1).wav" == takes_of(written)[0]["missing"]
    assert ("The file 01 one (1).wav is not in the folder.",) == written.notes


def test_the_listeners_file_counts_more_than_the_manifest(tmp_path: Path) -> None:
    """A choice in kept.json is newer than the one that a batch has read."""
    maker = AlbumMaker(tmp_path)
    maker.song("one", clip={"kept": True})
    kept = {"kept": [], "dropped": [clip_id("one", 1)]}
    (maker.write() / "kept.json").write_text(json.dumps(kept))

    assert [False, True] == [take["kept"] for take in takes_of(write_gallery(tmp_path))]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("{", "Expecting", id="cut off"),
        pytest.param("[]", "holds no object", id="a list"),
        pytest.param('{"kept": "x"}', '"kept" is no list of clip ids', id="a text"),
        pytest.param('{"dropped": [1]}', '"dropped" is no list', id="numbers"),
        pytest.param('{"kept": ["a"], "dropped": ["a"]}', "keeps and drops", id="both"),
    ],
)
def test_a_damaged_kept_file_is_an_error(tmp_path: Path, text: str, why: str) -> None:
    """Choices are not lost in silence."""
    maker = AlbumMaker(tmp_path)
    maker.song("one")
    (maker.write() / "kept.json").write_text(text)

    with pytest.raises(ValueError, match=why):
        read_kept(tmp_path)
    with pytest.raises(AlbumError, match="Mend it or move it away"):
        write_gallery(tmp_path)


def test_a_folder_of_tagged_files_needs_no_manifest(tmp_path: Path) -> None:
    """Titles, tags, lyrics and maker come from the files; takes stand together."""
    pytest.importorskip("mutagen")
    for number in (1, 2):
        clip = Clip(
            clip_id=f"clip-{number}",
            provider="suno",
            state=ClipState.SUCCEEDED,
            title="Paper Boats",
            tags="pop, rain",
            lyrics="[00:01.50]Paper boats\n[00:02]go by",
        )
        name = f"01 Boats ({number}).wav"
        write_sound(tmp_path / "plain", 1.0)
        assert tag(tmp_path / "plain", clip, into=tmp_path / name)
    (tmp_path / "plain").unlink()
    write_sound(tmp_path / "02 Alone.wav", 1.0)
    (tmp_path / "02 Alone.jpg").write_text(COVER)
    (tmp_path / "02 Alone.lrc").write_text("[00:00.10]Hm")

    first, second = model_of(write_gallery(tmp_path))["songs"]

    assert ["clip-1", "clip-2"] == [take["id"] for take in first["takes"]]
    assert ("Paper Boats", "suno", True) == (
        *(first["title"], first["provider"], first["generated"]),
    )
    assert ["pop", "rain"] == first["takes"][0]["tags"]
    lyrics = [[1.5, "Paper boats", ""], [2.0, "go by", ""]]
    assert lyrics == json.loads(first["takes"][0]["lyrics"])
    assert ("02 Alone", False) == (second["title"], second["generated"])
    assert [[0.1, "Hm", ""]] == json.loads(second["takes"][0]["lyrics"])
    assert "02%20Alone.jpg" == second["takes"][0]["cover"]


def test_takes_of_a_task_stand_together(tmp_path: Path) -> None:
    """Files that the command saved name their task, model and request in tags."""
    pytest.importorskip("mutagen")
    for number, task in ((1, "t-1"), (2, "t-1"), (3, "t-2")):
        clip = Clip(
            clip_id=f"clip-{number}",
            provider="suno",
            task_id=task,
            state=ClipState.SUCCEEDED,
            title="Boats",
            model="chirp-v5",
        )
        write_sound(tmp_path / "plain", 0.5)
        label = Label(request={"description": "boats", "webhook_secret": "s3cr3t"})
        into = tmp_path / f"Boats {number}abc.wav"
        assert tag(tmp_path / "plain", clip, label=label, into=into)
    (tmp_path / "plain").unlink()

    first, second = model_of(write_gallery(tmp_path))["songs"]

    assert [1, 2] == [take["number"] for take in first["takes"]]
    assert ("t-1", "chirp-v5", [["description", "boats"]]) == (
        *(first["task"], first["model"], first["request"]),
    )
    assert ["clip-3"] == [take["id"] for take in second["takes"]]


@pytest.mark.parametrize("has_manifest", [True, False])
def test_a_cover_inside_the_audio_is_shown(
    tmp_path: Path, *, has_manifest: bool
) -> None:
    """It becomes a file that the page loads when it is near; takes share it."""
    pytest.importorskip("mutagen")
    cover = b"\x89PNG\r\n\x1a\n" + bytes(400)
    clip = Clip(clip_id="c", provider="suno", state=ClipState.SUCCEEDED, title="Boats")
    maker = AlbumMaker(tmp_path)
    maker.song("one", clip={"cover": None})
    for take in (1, 2):
        file = tmp_path / f"01 one ({take}).wav"
        assert tag(file, clip, cover, into=file)
    if has_manifest:
        maker.write()
    else:
        (tmp_path / "01 one (1).svg").unlink()

    takes = takes_of(write_gallery(tmp_path))

    (path,) = {take["cover"] for take in takes}
    assert cover == (tmp_path / path).read_bytes()
    assert [cover] == [one.read_bytes() for one in (tmp_path / ".covers").iterdir()]


def test_a_sidecar_says_what_no_tag_does(tmp_path: Path) -> None:
    """A signed file has no tags of ours; a sidecar of another file says nothing."""
    for name in ("one", "two"):
        write_sound(tmp_path / f"{name}.wav", 0.5)
        sidecar = {
            "file": "one.wav",
            "title": "Paper Boats",
            "style": "pop, rain",
            "provider": "suno",
            "generated": True,
            "clip_id": "c-1",
            "request": {"description": "boats"},
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(sidecar))

    first, second = model_of(write_gallery(tmp_path))["songs"]

    assert ("Paper Boats", True, "suno") == (
        *(first["title"], first["generated"], first["provider"]),
    )
    assert (["pop", "rain"], "c-1") == (
        *(first["takes"][0]["tags"], first["takes"][0]["id"]),
    )
    assert [["description", "boats"]] == first["request"]
    assert ("two", False) == (second["title"], second["generated"])


def test_waveforms_are_measured_once(tmp_path: Path) -> None:
    """A second page reads them; a file that has changed is measured again."""
    maker = AlbumMaker(tmp_path)
    maker.song("one", takes=1)
    maker.song("two", takes=1)
    calls: list[tuple[int, int]] = []

    def measured(done: int, of: int) -> None:
        calls.append((done, of))

    written = write_gallery(maker.write(), progress=measured)
    peaks = [take["peaks"] for take in takes_of(written)]
    write_gallery(tmp_path, progress=measured)
    write_sound(tmp_path / "01 one (1).wav", 3.0)
    again = takes_of(write_gallery(tmp_path, progress=measured))

    assert [(1, 2), (2, 2), (1, 1)] == calls
    assert None not in peaks
    assert (3.0, peaks[1]) == (again[0]["duration"], again[1]["peaks"])


@pytest.mark.parametrize(
    "damage", ["", "[]", '{"version": 1}', '{"version": 1, "files": {"a": {}}}', "\0"]
)
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: str) -> None:
    """It holds nothing that can't be measured again."""
    maker = AlbumMaker(tmp_path)
    maker.song("one", takes=1)
    (maker.write() / ".peaks.json").write_text(damage)

    assert takes_of(write_gallery(tmp_path))[0]["peaks"]


def test_without_a_decoder_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is written all the same; what was measured before is shown."""
    maker = AlbumMaker(tmp_path)
    maker.song("one", takes=1)
    write_gallery(maker.write())
    maker.song("two", takes=1)
    maker.write()
    monkeypatch.setitem(sys.modules, "soundfile", None)

    written = write_gallery(tmp_path)

    assert [True, False] == [take["peaks"] is not None for take in takes_of(written)]
    (note,) = written.notes
    assert "pip install 'aiomusic[emulator]'" in note


@pytest.mark.parametrize("content", [b"", b"RIFF", b"<html>no</html>", b"\0" * 5000])
def test_what_is_no_sound_has_no_waveform(tmp_path: Path, content: bytes) -> None:
    """A file that can't be decoded stops no other."""
    maker = AlbumMaker(tmp_path)
    maker.song("one")
    (maker.write() / "01 one (1).wav").write_bytes(content)

    written = write_gallery(tmp_path)

    assert [False, True] == [take["peaks"] is not None for take in takes_of(written)]
    assert ("01 one (1).wav could not be decoded: it has no waveform.",) == (
        written.notes
    )


def test_a_page_of_others_is_left_alone(tmp_path: Path) -> None:
    """Only what this library wrote is replaced."""
    maker = AlbumMaker(tmp_path)
    maker.song("one", takes=1)
    page = maker.write() / "index.html"
    page.write_text("<title>mine</title>")

    with pytest.raises(AlbumError, match="no gallery, so it is left alone"):
        write_gallery(tmp_path)
    assert "<title>mine</title>" == page.read_text()
    write_gallery(tmp_path, page="gallery.html")
    write_gallery(tmp_path, page="gallery.html")


@pytest.mark.parametrize("page", ["../x.html", "a/b.html", "x.mp3", "", "/x.html"])
def test_the_page_stands_in_the_folder(tmp_path: Path, page: str) -> None:
    """Elsewhere it would not find its audio."""
    maker = AlbumMaker(tmp_path)
    maker.song("one", takes=1)
    maker.write()

    with pytest.raises(AlbumError, match="name a file such as index.html"):
        write_gallery(tmp_path, page=page)


def test_a_page_that_can_not_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets its name when it is whole, and no part of it stays."""
    maker = AlbumMaker(tmp_path)
    maker.song("one", takes=1)
    before = write_gallery(maker.write()).page.read_text(encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_gallery(tmp_path)

    assert before == (tmp_path / "index.html").read_text(encoding="utf-8")
    assert [] == list(tmp_path.glob("*.part"))
