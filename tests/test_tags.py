"""Music is told from other things, a cut file from a whole one, and tags go in."""

import io
import logging
import struct
import wave
from pathlib import Path

import pytest

from aiomusic import _tags
from aiomusic.results import Clip, ClipState

# 128 kbit/s at 44.1 kHz: 417 bytes play 1152 samples.
FRAME = b"\xff\xfb\x90\x00" + bytes(413)
FRAME_S = 1152 / 44_100
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
CLIP = Clip(
    clip_id="0f7b5f2e-6c1d-4b8a-9d3e-5a4c3b2a1f00",
    provider="suno",
    state=ClipState.SUCCEEDED,
    title="Péniche 🎵",
    tags="pop, \ud83d jazz",
    lyrics="one\ntwo",
)


def wav(seconds: float, hz: int = 8_000) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(hz)
        file.writeframes(bytes(round(seconds * hz) * 2))
    return buffer.getvalue()


def mp3(seconds: float) -> bytes:
    return FRAME * round(seconds / FRAME_S)


def m4a() -> bytes:
    boxes = ((b"ftyp", b"M4A \0\0\0\0"), (b"moov", bytes(50)), (b"mdat", bytes(500)))
    return b"".join(struct.pack(">I4s", 8 + len(b), n) + b for n, b in boxes)


def box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), name) + content


def real_m4a() -> bytes:
    sound = box(b"hdlr", bytes(8), b"soun", bytes(13))
    length = box(b"mdhd", bytes(12), struct.pack(">II", 1000, 2000), bytes(4))
    moov = box(b"moov", box(b"trak", box(b"mdia", length, sound)))
    return box(b"ftyp", b"M4A ", bytes(4)) + moov + box(b"mdat", bytes(500))


def stored(folder: Path, content: bytes) -> Path:
    path = folder / "song"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        pytest.param(".mp3", b"ID3\x04\x00", id="id3"),
        pytest.param(".mp3", FRAME, id="mpeg-1"),
        pytest.param(".mp3", b"\xff\xf3\x40\xc4" + bytes(60), id="mpeg-2"),
        pytest.param(".wav", wav(0.1), id="wav"),
        pytest.param(".flac", b"fLaC\x00", id="flac"),
        pytest.param(".ogg", b"OggS\x00", id="ogg"),
        pytest.param(".m4a", m4a(), id="m4a"),
        pytest.param(None, b"", id="nothing"),
        pytest.param(None, b"\xff\xfe{\x00}\x00", id="utf-16"),
        pytest.param(None, b"RIFF\x00\x00\x00\x00AVI ", id="video"),
        pytest.param(None, b"<!doctype html>", id="page"),
        pytest.param(None, b"\xff\xfb", id="cut-header"),
    ],
)
def test_music_is_known_by_its_first_bytes(kind: str | None, head: bytes) -> None:
    """The extension follows from the content; what is no music has none."""
    assert kind == _tags.sniff(head[: _tags.HEAD_BYTES])


@pytest.mark.parametrize(
    ("words", "head"),
    [
        pytest.param("nothing", b" \n", id="nothing"),
        pytest.param("a web page", b"\n<!DOCTYPE html><p>", id="doctype"),
        pytest.param("a web page", b"\xef\xbb\xbf<HTML>", id="html"),
        pytest.param("XML", b"<?xml version='1.0'?><Error>", id="xml"),
        pytest.param("JSON", b'{"message": "gone"}', id="json"),
        pytest.param("text", b"try again\n", id="text"),
        pytest.param("data of an unknown kind", b"\x00\x01\x02", id="binary"),
    ],
)
def test_what_is_no_music_is_named(words: str, head: bytes) -> None:
    """An error can say what came in place of music."""
    assert words == _tags.describe(head)


@pytest.mark.parametrize(
    ("content", "duration"),
    [
        pytest.param(wav(10), 10.0, id="wav"),
        pytest.param(wav(10), None, id="wav-of-unknown-duration"),
        pytest.param(wav(10)[:40] + b"\xff" * 4 + wav(10)[44:], 10.0, id="wav-stream"),
        pytest.param(wav(10), 12.0, id="a-little-short"),
        pytest.param(wav(10), 1.0, id="long"),
        pytest.param(mp3(60), 60.5, id="mp3"),
        pytest.param(b"ID3\x03\0\0\0\0\x02\x01" + bytes(257) + mp3(9), 9, id="id3"),
        pytest.param(mp3(9) + b"TAG" + bytes(125), 9.0, id="id3v1"),
        pytest.param(mp3(9) + bytes(20_000) + mp3(1), 60.0, id="can-not-be-followed"),
        pytest.param(m4a(), None, id="m4a"),
    ],
)
def test_a_whole_file_has_no_flaw(
    tmp_path: Path, content: bytes, duration: float | None
) -> None:
    """What may be whole is never refused."""
    assert _tags.flaw(stored(tmp_path, content), duration) is None


@pytest.mark.parametrize(
    ("flaw", "content", "duration"),
    [
        pytest.param(
            "it holds 5.0 s of the 10.0 s it announces",
            wav(10)[: 44 + 80_000],
            None,
            id="wav-cut",
        ),
        pytest.param("it plays 10.0 s of 60.0 s", wav(10), 60.0, id="wav-short"),
        pytest.param("its samples are missing", wav(10)[:36], None, id="wav-head"),
        pytest.param("it plays 10.0 s of 60.0 s", mp3(10), 60.0, id="mp3-short"),
        pytest.param("its last part is missing", m4a()[:-100], None, id="m4a-cut"),
        pytest.param(
            "1004 bytes can't hold 60.0 s of music", b"OggS" * 251, 60.0, id="ogg-short"
        ),
        pytest.param("it is no music", b"<html>", None, id="page"),
    ],
)
def test_a_cut_file_has_a_flaw(
    tmp_path: Path, flaw: str, content: bytes, duration: float | None
) -> None:
    """A file that is clearly cut is found out, in words for an error."""
    assert flaw == _tags.flaw(stored(tmp_path, content), duration)


@pytest.mark.parametrize("content", [wav(2), mp3(2)], ids=["wav", "mp3"])
def test_id3_tags_are_written(tmp_path: Path, content: bytes) -> None:
    """Title, style, lyrics, id and cover stand in the file, beside the music."""
    mutagen = pytest.importorskip("mutagen")
    path = stored(tmp_path, content)

    is_tagged = _tags.tag(path, CLIP, PNG)

    tags = mutagen.File(path).tags
    assert is_tagged
    assert "Péniche 🎵" == tags["TIT2"]
    assert "pop, ? jazz" == tags["TCON"]
    assert "one\ntwo" == tags.getall("USLT")[0].text
    assert f"suno clip {CLIP.clip_id}" == tags.getall("COMM")[0].text[0]
    assert PNG == tags.getall("APIC")[0].data
    assert _tags.flaw(path, 2.0) is None
    assert [path] == list(tmp_path.iterdir())


def test_m4a_tags_are_written(tmp_path: Path) -> None:
    """The atoms of iTunes hold the same."""
    mutagen = pytest.importorskip("mutagen")
    path = stored(tmp_path, real_m4a())

    is_tagged = _tags.tag(path, CLIP, PNG)

    tags = mutagen.File(path).tags
    assert is_tagged
    assert ["Péniche 🎵"] == tags["\xa9nam"]
    assert ["one\ntwo"] == tags["\xa9lyr"]
    assert [PNG] == tags["covr"]
    assert _tags.flaw(path, 1.0) is None


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

    is_tagged = _tags.tag(path, CLIP, PNG)

    assert is_tagged
    assert numpy.array_equal(before, soundfile.read(path)[0])
    text = mutagen.File(path).tags["TIT2" if container == "MP3" else "title"]
    assert "Péniche 🎵" in {str(text), text[0]}


def test_a_file_that_can_not_be_tagged_stays_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Music counts for more than its tags: the failure is logged, and that is all."""
    pytest.importorskip("mutagen")
    path = stored(tmp_path, m4a())

    with caplog.at_level(logging.WARNING, "aiomusic"):
        is_tagged = _tags.tag(path, CLIP)

    assert not is_tagged
    assert m4a() == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())
    assert f"Clip {CLIP.clip_id} stays untagged" in caplog.text


def test_a_tagged_copy_can_go_elsewhere(tmp_path: Path) -> None:
    """The music that was tagged stays where and as it is."""
    pytest.importorskip("mutagen")
    path = stored(tmp_path, wav(1))

    is_tagged = _tags.tag(path, CLIP, into=tmp_path / "tagged.wav")

    assert is_tagged
    assert wav(1) == path.read_bytes()
    assert _tags.flaw(tmp_path / "tagged.wav", 1.0) is None


def test_a_link_where_the_copy_goes_is_not_followed(tmp_path: Path) -> None:
    """Whoever may write to the folder can't make us write elsewhere."""
    pytest.importorskip("mutagen")
    path = stored(tmp_path, wav(1))
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "song.tagged").symlink_to(precious)

    assert _tags.tag(path, CLIP)
    assert "mine" == precious.read_text()
