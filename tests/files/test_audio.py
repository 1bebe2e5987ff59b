"""Music is told from other things, and a cut file from a whole one."""

from pathlib import Path

import pytest
from sounds import FRAME, m4a, mp3, stored, wav

from aiomusic._files import audio


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
        pytest.param("data of an unknown kind", b"\x00\x01\x02", id="binary"),
    ],
)
def test_what_is_no_music_is_named(words: str, head: bytes) -> None:
    """An error can say what came in place of music."""
    assert words == audio.describe(head)


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
    assert flaw == audio.flaw(stored(tmp_path, content), duration)


@pytest.mark.parametrize(
    ("kind", "seconds", "content"),
    [
        pytest.param(".wav", 2.0, wav(2), id="wav"),
        pytest.param(".mp3", 2.0, mp3(2), id="mp3"),
        pytest.param(".m4a", None, m4a(), id="m4a"),
        pytest.param(None, None, b"<html>", id="page"),
    ],
)
def test_kind_and_playtime_are_told(
    tmp_path: Path, kind: str | None, seconds: float | None, content: bytes
) -> None:
    """What can't be told is None."""
    path = stored(tmp_path, content)

    told = audio.kind_and_seconds(path)

    assert kind == told[0]
    assert pytest.approx(seconds, abs=0.05) == told[1]
    assert kind == audio.kind_of(path)
