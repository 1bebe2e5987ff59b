"""``aiomusic gallery``: the command that writes the page."""

import wave
from pathlib import Path

import pytest
from running import Command

from aiomusic.gallery import read_kept

pytestmark = pytest.mark.anyio


def write_silence(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\1" * 8000)


@pytest.mark.slow
async def test_its_output_is_the_page(tmp_path: Path) -> None:
    """The path, and nothing else, can be handed on; a second call replaces it."""
    command = Command.within(tmp_path)
    (tmp_path / "album").mkdir()
    write_silence(tmp_path / "album" / "one.wav")

    ended = await command("gallery", "album")
    again = await command("gallery", "album/", "--page", "index.html")

    assert (0, "album/index.html\n", "") == (ended.code, ended.out, ended.err)
    assert (0, "album/index.html\n") == (again.code, again.out)
    assert "one.wav" in (tmp_path / "album" / "index.html").read_text()


@pytest.mark.slow
async def test_an_exported_file_is_taken_into_the_album(tmp_path: Path) -> None:
    """What the browser left among the downloads counts from then on."""
    (tmp_path / "album").mkdir()
    write_silence(tmp_path / "album" / "one.wav")
    kept = '{"kept": ["one.wav"], "dropped": []}'
    (tmp_path / "kept (1).json").write_text(kept)

    ended = await Command.within(tmp_path)(
        "gallery", "album", "--kept", "kept (1).json"
    )

    assert 0 == ended.code
    assert {"one.wav"} == read_kept(tmp_path / "album").kept
    assert '"kept":true' in (tmp_path / "album" / "index.html").read_text()


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        pytest.param(
            ("nowhere",),
            2,
            "There is no folder nowhere: name that of a batch",
            id="no folder",
        ),
        pytest.param(("empty",), 2, "no audio files", id="an empty folder"),
        pytest.param(("mine",), 2, "is no gallery", id="a page of others"),
        pytest.param(("mine", "--page", "a/b.html"), 2, "name a file", id="elsewhere"),
        pytest.param(("mine", "--kept", "x"), 2, "There is no file x", id="no kept"),
        pytest.param(
            ("mine", "--kept", "mine/index.html"), 2, "Export it again", id="damaged"
        ),
        pytest.param(("blocked",), 7, "Can't write the page", id="not writable"),
    ],
)
async def test_what_can_not_be_shown_is_one_sentence(
    tmp_path: Path, words: tuple[str, ...], code: int, why: str
) -> None:
    """Each has its code, and says what to do."""
    for name in ("empty", "mine", "blocked"):
        (tmp_path / name).mkdir()
    for name in ("mine", "blocked"):
        write_silence(tmp_path / name / "one.wav")
    (tmp_path / "mine" / "index.html").write_text("mine")
    (tmp_path / "blocked" / "index.html.part").mkdir()

    ended = await Command.within(tmp_path)("gallery", *words)

    assert (code, "") == (ended.code, ended.out)
    assert why in ended.sentence
