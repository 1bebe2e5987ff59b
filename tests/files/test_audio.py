"""Music is told from other things, and a cut file from a whole one."""

import gzip
import os
import time
from pathlib import Path

import pytest
import sounds
from sounds import FRAME, ID3, encoded, m4a, mp3, noise, stored, wav

from aiomusic._files import audio


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        pytest.param(".mp3", b"ID3\x04\x00\0\0\0\0\x05", id="id3"),
        pytest.param(".mp3", FRAME, id="mpeg-1"),
        pytest.param(".mp3", b"\xff\xf3\x40\xc4" + bytes(60), id="mpeg-2"),
        pytest.param(".wav", wav(0.1), id="wav"),
        pytest.param(".flac", b"fLaC\x00", id="flac"),
        pytest.param(".ogg", b"OggS\x00", id="ogg"),
        pytest.param(".m4a", m4a(), id="m4a"),
        pytest.param(".aac", sounds.aac(1), id="aac"),
        pytest.param(".webm", sounds.webm(), id="webm"),
        pytest.param(None, b"", id="nothing"),
        pytest.param(None, b"\xff\xfe{\x00}\x00", id="utf-16"),
        pytest.param(None, b"RIFF\x00\x00\x00\x00AVI ", id="video"),
        pytest.param(None, b"<!doctype html>", id="page"),
        pytest.param(None, b"\xff\xfb", id="cut-header"),
        pytest.param(None, b"ID3 tags are fun", id="text-about-id3"),
    ],
)
def test_music_is_known_by_its_first_bytes(kind: str | None, head: bytes) -> None:
    """The ending follows from the content; what is not known has none."""
    assert kind == audio.sniff(head[: audio.HEAD_BYTES])


@pytest.mark.parametrize(
    ("words", "head"),
    [
        pytest.param("nothing", b" \n", id="nothing"),
        pytest.param("a web page", b"\n<!DOCTYPE html><p>", id="doctype"),
        pytest.param("a web page", b"\xef\xbb\xbf<HTML>", id="html"),
        pytest.param("XML", b"<?xml version='1.0'?><Error>", id="xml"),
        pytest.param("JSON", b'{"message": "gone"}', id="json"),
        pytest.param("text", b"try again\n", id="text"),
        pytest.param("text", "夜の紙の舟\n".encode() * 99, id="utf-8"),
        pytest.param("text", "<html>".encode("utf-16"), id="utf-16"),
        pytest.param("text", b"#EXTM3U\nsong.mp3\n", id="playlist"),
        pytest.param("an image", b"\xff\xd8\xff\xe0\0\x10JFIF\0", id="jpeg"),
        pytest.param("an image", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", id="png"),
        pytest.param("an image", b"GIF89a\1\0\1\0", id="gif"),
        pytest.param("an image", b"RIFF\x10\0\0\0WEBPVP8 ", id="webp"),
        pytest.param("an image", b"\0\0\0\x1cftypavif", id="avif"),
        pytest.param("a video", b"RIFF\x10\0\0\0AVI LIST", id="avi"),
        pytest.param("an archive", b"PK\x03\x04\x14\0\0\0", id="zip"),
        pytest.param("an archive", gzip.compress(mp3(1)), id="gzip"),
        pytest.param("an archive", b"Rar!\x1a\x07\1\0", id="rar"),
        pytest.param("a document", b"%PDF-1.7\n%\xe2\xe3", id="pdf"),
        pytest.param("a program", b"\x7fELF\2\1\1\0", id="elf"),
        pytest.param("a database", b"SQLite format 3\0", id="sqlite"),
        pytest.param(None, b"\x00\x01\x02" + noise(500), id="unknown"),
        pytest.param(None, FRAME, id="music"),
    ],
)
def test_what_is_no_music_is_named(words: str | None, head: bytes) -> None:
    """An error can say what came in place of music."""
    assert words == audio.not_music(head[: audio.HEAD_BYTES])


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        pytest.param(".mp3", encoded(5, "MP3"), id="mp3"),
        pytest.param(".ogg", encoded(5, "OGG"), id="vorbis"),
        pytest.param(".ogg", encoded(5, "OGG", "OPUS"), id="opus"),
        pytest.param(".flac", encoded(5, "FLAC"), id="flac"),
        pytest.param(".wav", encoded(5, "WAV"), id="wav"),
        pytest.param(".m4a", m4a(5), id="m4a"),
        pytest.param(".m4a", m4a(5, is_moov_last=True), id="m4a-with-its-table-last"),
        pytest.param(".m4a", sounds.fragmented_m4a(5), id="m4a-in-fragments"),
        pytest.param(".mp3", mp3(5), id="mp3-that-announces-nothing"),
        pytest.param(".aac", sounds.aac(5), id="aac"),
    ],
)
@pytest.mark.slow
def test_a_cut_is_found_wherever_it_is(
    tmp_path: Path, kind: str, content: bytes
) -> None:
    """Of a song whose duration is known, less than 2 % may be missing."""
    whole = audio.examine(stored(tmp_path, content))
    step = max(1, len(content) // 250)
    kept = [
        size
        for size in {*range(0, len(content), step), *range(0, len(content), 4096)}
        if audio.flaw(stored(tmp_path, content[:size]), 5.0) is None
    ]

    assert kind == whole.kind
    assert pytest.approx(5.0, abs=0.06) == whole.seconds
    assert whole.flaw(5.0) is None
    assert all(size > 0.98 * len(content) for size in kept)


FLAC = encoded(2, "FLAC")
OGG = encoded(2, "OGG")


@pytest.mark.parametrize(
    ("content", "duration"),
    [
        pytest.param(wav(10), 10.0, id="wav"),
        pytest.param(wav(10), None, id="wav-of-unknown-duration"),
        pytest.param(wav(10)[:40] + b"\xff" * 4 + wav(10)[44:], 10.0, id="wav-stream"),
        pytest.param(wav(10), 10.1, id="a-little-short"),
        pytest.param(wav(10), 1.0, id="long"),
        pytest.param(mp3(60), 60.5, id="mp3"),
        pytest.param(ID3 + mp3(9), 9.0, id="id3"),
        pytest.param(mp3(9) + b"TAG" + bytes(125), 9.0, id="id3v1"),
        pytest.param(mp3(5) + noise(20_000) + mp3(4), 9.0, id="junk-in-its-midst"),
        pytest.param(FLAC + b"TAG" + bytes(125), 2.0, id="flac-id3v1"),
        pytest.param(OGG + OGG, 4.0, id="ogg-chained"),
        pytest.param(m4a(), None, id="m4a"),
        pytest.param(sounds.webm(is_length_known=False), None, id="webm-stream"),
    ],
)
def test_a_whole_file_has_no_flaw(
    tmp_path: Path, content: bytes, duration: float | None
) -> None:
    """What may be whole is never refused."""
    assert audio.flaw(stored(tmp_path, content), duration) is None


@pytest.mark.parametrize(
    ("flaw", "content", "duration"),
    [
        pytest.param(
            "it holds 5.0 s of the 10.0 s it announces",
            wav(10)[: 44 + 80_000],
            None,
            id="wav-cut",
        ),
        pytest.param("its samples are missing", wav(10)[:36], None, id="wav-head"),
        pytest.param(
            "it plays 10.0 s of 60.0 s", mp3(10) + FRAME[:99], 60.0, id="mp3-in-a-frame"
        ),
        pytest.param("its last part is missing", m4a()[:-100], None, id="m4a-cut"),
        pytest.param("its last part is missing", FLAC[:-1], None, id="flac-cut"),
        pytest.param("its last part is missing", OGG[:-1], None, id="ogg-cut"),
        pytest.param(
            "its last part is missing", sounds.webm()[:-1], None, id="webm-cut"
        ),
    ],
)
def test_a_cut_file_has_a_certain_flaw(
    tmp_path: Path, flaw: str, content: bytes, duration: float | None
) -> None:
    """A file that shows itself that it is cut is found out, in words for an error."""
    expected = audio.Flaw(flaw, is_certain=True)

    assert expected == audio.flaw(stored(tmp_path, content), duration)


@pytest.mark.parametrize(
    ("flaw", "content", "duration"),
    [
        pytest.param("it plays 10.0 s of 60.0 s", wav(10), 60.0, id="wav-short"),
        pytest.param("it plays 10.0 s of 60.0 s", mp3(10), 60.0, id="mp3-short"),
        pytest.param("it plays 2.0 s of 60.0 s", FLAC, 60.0, id="flac-short"),
        pytest.param("it plays 2.0 s of 60.0 s", OGG, 60.0, id="ogg-short"),
        pytest.param("it plays 2.0 s of 60.0 s", m4a(2), 60.0, id="m4a-short"),
        pytest.param(
            "3024 bytes can't hold 60.0 s of music", sounds.webm(), 60.0, id="webm"
        ),
    ],
)
def test_a_short_file_has_a_doubtful_flaw(
    tmp_path: Path, flaw: str, content: bytes, duration: float | None
) -> None:
    """It may be the service's duration that is wrong."""
    expected = audio.Flaw(flaw, is_certain=False)

    assert expected == audio.flaw(stored(tmp_path, content), duration)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>Sign in</html>" * 99, id="page"),
        pytest.param(ID3 + b"<html>Sign in</html>", id="id3-page"),
        pytest.param(ID3 + bytes(9_000), id="id3-zeros"),
        pytest.param(ID3 + noise(9_000), id="id3-noise"),
        pytest.param(ID3, id="id3-alone"),
        pytest.param(b"fLaC" + noise(9_000), id="flac-noise"),
        pytest.param(b"fLaC<html>", id="flac-page"),
        pytest.param(FLAC[:42] + noise(9_000), id="flac-head-noise"),
        pytest.param(b"\0\0\0\x18ftyp<html>" + b"x" * 500, id="mp4-page"),
        pytest.param(b"\0\0\0\x18ftypM4A " + noise(9_000), id="mp4-noise"),
        pytest.param(b"OggS" * 999, id="ogg-noise"),
        pytest.param(b"RIFF\0\0\0\0WAVE" + bytes(9_000), id="wav-zeros"),
        pytest.param(b"RIFF\0\0\0\0WAVE" + noise(9_000), id="wav-noise"),
        pytest.param(b"\xff\xfb\x90\0" + noise(9_000), id="mp3-noise"),
        pytest.param(b"\x1a\x45\xdf\xa3" + noise(9_000), id="webm-noise"),
        pytest.param(mp3(1) + bytes(400_000), id="mp3-mostly-zeros"),
        pytest.param(bytes(90_000), id="zeros"),
        pytest.param(b"\xff" * 90_000, id="ones"),
    ],
)
def test_what_is_no_music_is_refused(tmp_path: Path, content: bytes) -> None:
    """Not even a head of music makes some of it."""
    flaw = audio.flaw(stored(tmp_path, content), None)

    assert flaw is not None
    assert flaw.is_certain


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        pytest.param(".aac", sounds.aac(3), id="adts"),
        pytest.param(".aac", ID3 + sounds.aac(3), id="adts-behind-id3"),
        pytest.param(".webm", sounds.webm(), id="webm"),
        pytest.param(".ogg", encoded(3, "OGG", "OPUS"), id="opus"),
        pytest.param(".aiff", encoded(3, "AIFF"), id="aiff"),
        pytest.param(".au", encoded(3, "AU"), id="au"),
        pytest.param(".caf", encoded(3, "CAF"), id="caf"),
        pytest.param(".wav", encoded(3, "RF64"), id="rf64"),
        pytest.param(".wav", encoded(3, "WAV", "FLOAT"), id="wav-of-floats"),
        pytest.param(".mp3", noise(2_000) + mp3(3), id="mp3-behind-junk"),
        pytest.param(".mp3", bytes(2_000) + mp3(3), id="mp3-behind-zeros"),
        pytest.param(".mp3", sounds.ape_tag() + mp3(3), id="mp3-behind-ape"),
        pytest.param(".mp3", ID3 + ID3 + mp3(3), id="mp3-behind-two-tags"),
        pytest.param(".mp3", mp3(3) + sounds.ape_tag(), id="mp3-before-ape"),
        pytest.param(".mp3", b"\xff\xfd\x80\0" + bytes(413) + mp3(3), id="mp2-first"),
        pytest.param(".flac", ID3 + FLAC, id="flac-behind-id3"),
        pytest.param(".flac", sounds.pictured(FLAC, 9_000_000), id="flac-big-picture"),
        pytest.param(".bin", b"\0\x01\x02new" + noise(9_000), id="a-kind-of-tomorrow"),
    ],
)
def test_unusual_music_is_kept(tmp_path: Path, kind: str, content: bytes) -> None:
    """What is not known to be anything else keeps its place, under a true ending."""
    music = audio.examine(stored(tmp_path, content))

    assert kind == music.kind
    assert music.flaw(None) is None


@pytest.mark.slow
@pytest.mark.parametrize("head", [b"", ID3, mp3(3)], ids=["bare", "id3", "mp3"])
def test_zeros_without_end_cost_little(tmp_path: Path, head: bytes) -> None:
    """A sparse file of 400 MB is refused at once."""
    path = stored(tmp_path, head)
    with path.open("r+b") as file:
        file.truncate(400_000_000)
    began = time.process_time()

    flaw = audio.flaw(path, 3.0)

    assert flaw is not None
    assert flaw.is_certain
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("trick", ["pipe", "folder"])
def test_only_files_are_opened(tmp_path: Path, trick: str) -> None:
    """A pipe would be waited for, for ever."""
    path = tmp_path / "song.mp3"
    if trick == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()

    with pytest.raises(OSError, match="is no regular file"):
        audio.examine(path)
