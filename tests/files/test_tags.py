"""Tags go into a copy, and leave the music as it is."""

import contextlib
import json
import logging
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from sounds import box, encoded, m4a, mp3, stored, wav

from aiomusic._files import audio
from aiomusic._files.placement import USUAL
from aiomusic._files.tags import GENERATED, Label, tag
from aiomusic.results import Clip, ClipState

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
CLIP = Clip(
    clip_id="0f7b5f2e-6c1d-4b8a-9d3e-5a4c3b2a1f00",
    provider="suno",
    state=ClipState.SUCCEEDED,
    title="Péniche 🎵",
    tags="pop, \ud83d jazz",
    lyrics="one\ntwo",
)


@pytest.mark.parametrize("content", [wav(2), mp3(2)], ids=["wav", "mp3"])
def test_id3_tags_are_written(tmp_path: Path, content: bytes) -> None:
    """Title, style, lyrics, id and cover stand in the file, beside the music."""
    mutagen = pytest.importorskip("mutagen")
    path = stored(tmp_path, content)

    is_tagged = tag(path, CLIP, PNG, into=tmp_path / "tagged")

    tags = mutagen.File(tmp_path / "tagged").tags
    assert is_tagged
    assert "Péniche 🎵" == tags["TIT2"]
    assert "pop, ? jazz" == tags["TCON"]
    assert "one\ntwo" == tags.getall("USLT")[0].text
    assert f"suno clip {CLIP.clip_id}" == tags.getall("COMM")[0].text[0]
    assert PNG == tags.getall("APIC")[0].data
    assert audio.flaw(tmp_path / "tagged", 2.0) is None
    assert [path, tmp_path / "tagged"] == sorted(tmp_path.iterdir())
    assert content == path.read_bytes()


TIMED = attrs.evolve(
    CLIP, raw={"timestamp": [{"text": "one", "start": 1}, {"text": "two", "start": 62}]}
)


@pytest.mark.parametrize(
    ("content", "name"),
    [(mp3(2), "USLT::XXX"), (encoded(1.0, "FLAC"), "lyrics"), (m4a(), "\xa9lyr")],
    ids=["mp3", "flac", "m4a"],
)
def test_lyrics_whose_times_are_known_are_lrc(
    tmp_path: Path, content: bytes, name: str
) -> None:
    """Inside the file, and in one beside it, which is not written over."""
    mutagen = pytest.importorskip("mutagen")
    path = stored(tmp_path, content)

    assert tag(path, TIMED, into=tmp_path / "tagged")
    USUAL.describe(tmp_path, "song", TIMED, path)
    beside = (tmp_path / "song.lrc").read_text()
    (tmp_path / "song.lrc").write_text("corrected by hand")
    USUAL.describe(tmp_path, "song", TIMED, path)

    found = mutagen.File(tmp_path / "tagged").tags[name]
    inside = found.text if name.startswith("USLT") else found[0]
    assert inside == "[00:01.00]one\n[01:02.00]two\n"
    assert beside == f"[ti:{TIMED.title}]\n{inside}"
    assert (tmp_path / "song.lrc").read_text() == "corrected by hand"


def _text(file: object, name: str) -> str:
    """Read a tag of our own, however the format spells it."""
    tags = file.tags  # type: ignore[attr-defined]
    for key in (f"TXXX:{name}", f"----:com.apple.iTunes:{name}", name):
        with contextlib.suppress(KeyError, ValueError):
            found = tags[key]
            one = found[0] if isinstance(found, list) else found.text[0]
            return bytes(one).decode() if isinstance(one, bytes) else str(one)
    return ""


@pytest.mark.parametrize(
    "content",
    [mp3(2), wav(2), m4a(), encoded(2, "FLAC"), encoded(2, "OGG", "VORBIS")],
    ids=["mp3", "wav", "m4a", "flac", "ogg"],
)
def test_the_file_says_that_it_was_generated_and_by_what(
    tmp_path: Path, content: bytes
) -> None:
    """What laws ask for stands in every format: kind, provider, model, time and id."""
    mutagen = pytest.importorskip("mutagen")
    path = stored(tmp_path, content)
    clip = attrs.evolve(
        CLIP,
        model="chirp-v5",
        task_id="task-1",
        created_at=datetime(2026, 11, 28, 6, 30, tzinfo=UTC),
    )
    label = Label(album="Blue", track=3, request={"kind": "suno.create", "x": "é"})

    assert tag(path, clip, into=tmp_path / "tagged", label=label)

    file = mutagen.File(tmp_path / "tagged")
    assert _text(file, "DigitalSourceType") == GENERATED
    assert _text(file, "AI_PROVIDER") == "suno"
    assert _text(file, "AI_MODEL") == "chirp-v5"
    assert _text(file, "CLIP_ID") == CLIP.clip_id
    assert _text(file, "TASK_ID") == "task-1"
    assert json.loads(_text(file, "REQUEST")) == {"kind": "suno.create", "x": "é"}
    easy = mutagen.File(tmp_path / "tagged", easy=True) or file
    named = easy.tags if "artist" in easy.tags else None
    if named is not None:
        assert named["artist"] == ["Suno"]
        assert named["album"] == ["Blue"]
        assert named["tracknumber"] in (["3"], ["3/0"])
        assert named["date"][0].startswith("2026")


def test_m4a_tags_are_written(tmp_path: Path) -> None:
    """The atoms of iTunes hold the same."""
    mutagen = pytest.importorskip("mutagen")
    path = stored(tmp_path, m4a())

    is_tagged = tag(path, CLIP, PNG, into=tmp_path / "tagged")

    tags = mutagen.File(tmp_path / "tagged").tags
    assert is_tagged
    assert ["Péniche 🎵"] == tags["\xa9nam"]
    assert ["one\ntwo"] == tags["\xa9lyr"]
    assert [PNG] == tags["covr"]
    assert audio.flaw(tmp_path / "tagged", 1.0) is None


@pytest.mark.parametrize("container", ["FLAC", "OGG", "MP3"])
def test_tags_leave_the_music_as_it_is(tmp_path: Path, container: str) -> None:
    """The samples are the same before and after."""
    mutagen = pytest.importorskip("mutagen")
    soundfile = pytest.importorskip("soundfile")
    numpy = pytest.importorskip("numpy")
    samples = numpy.sin(numpy.arange(44_100) / 20) / 2
    path = tmp_path / "song"
    soundfile.write(path, samples, 44_100, format=container)
    before = soundfile.read(path)[0]

    is_tagged = tag(path, CLIP, PNG, into=tmp_path / "tagged")

    assert is_tagged
    assert numpy.array_equal(before, soundfile.read(tmp_path / "tagged")[0])
    text = mutagen.File(tmp_path / "tagged").tags[
        "TIT2" if container == "MP3" else "title"
    ]
    assert "Péniche 🎵" in {str(text), text[0]}


def test_a_file_that_can_not_be_tagged_stays_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Music counts for more than its tags: the failure is logged, and that is all."""
    pytest.importorskip("mutagen")
    odd = box(b"ftyp", b"M4A ", bytes(4)) + box(b"moov", bytes(50))
    odd += box(b"mdat", bytes(500))
    path = stored(tmp_path, odd)

    with caplog.at_level(logging.WARNING, "aiomusic"):
        is_tagged = tag(path, CLIP, into=tmp_path / "tagged")

    assert not is_tagged
    assert odd == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())
    assert f"Clip {CLIP.clip_id} stays untagged" in caplog.text


def test_the_music_that_is_tagged_stays_as_it_is(tmp_path: Path) -> None:
    """Only a copy is tagged, and it gets its name when it is whole."""
    pytest.importorskip("mutagen")
    path = stored(tmp_path, wav(1))

    is_tagged = tag(path, CLIP, into=tmp_path / "tagged")

    assert is_tagged
    assert wav(1) == path.read_bytes()
    assert audio.flaw(tmp_path / "tagged", 1.0) is None


def test_without_mutagen_nothing_is_tagged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra that is missing is no error."""
    monkeypatch.setitem(sys.modules, "mutagen", None)
    path = stored(tmp_path, wav(1))

    is_tagged = tag(path, CLIP, into=tmp_path / "tagged")

    assert not is_tagged
    assert [path] == list(tmp_path.iterdir())


def test_a_link_where_the_copy_goes_is_not_followed(tmp_path: Path) -> None:
    """Whoever may write to the folder can't make us write elsewhere."""
    pytest.importorskip("mutagen")
    path = stored(tmp_path, wav(1))
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "song.tagged").symlink_to(precious)

    is_tagged = tag(path, CLIP, into=tmp_path / "tagged")

    assert is_tagged
    assert "mine" == precious.read_text()


@pytest.mark.parametrize("content", [wav(2), mp3(2), m4a()], ids=["wav", "mp3", "m4a"])
def test_lyrics_without_end_cost_little(tmp_path: Path, content: bytes) -> None:
    """Of megabytes of lyrics, the file gets as much as any song has."""
    mutagen = pytest.importorskip("mutagen")
    path = stored(tmp_path, content)
    long = attrs.evolve(CLIP, lyrics="la\n" * 2_000_000)
    began = time.process_time()

    is_tagged = tag(path, long, into=tmp_path / "tagged")

    assert is_tagged
    assert time.process_time() - began < 1.0
    assert mutagen.File(tmp_path / "tagged").tags
    assert (tmp_path / "tagged").stat().st_size < len(content) + 500_000
