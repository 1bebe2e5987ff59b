"""What is typed becomes the operation that it asks for, or is refused unpaid."""

import io
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from aiomusic import InvalidRequest, Request, nuro, producer, riffusion, suno
from aiomusic._fields import known_values
from aiomusic.cli import _options
from aiomusic.cli._exits import UsageError
from aiomusic.cli._options import Song
from aiomusic.cli._requests import read_lyrics, to_request

WORDS = "[Verse]\n" + "Paper boats upon the river, carry me away.\n" * 8


def song(**options: object) -> Song:
    return Song(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "lyrics", "expected"),
    [
        pytest.param(
            song(prompt="pop"), None, riffusion.Create("pop"), id="riffusion prompt"
        ),
        pytest.param(
            song(prompt="pop", model="FUZZ-1.0"),
            None,
            riffusion.Create("pop", model="FUZZ-1.0"),
            id="riffusion model",
        ),
        pytest.param(
            song(prompt="pop", lyrics="f", title="Boats"),
            WORDS,
            riffusion.CreateWithLyrics(WORDS, sound="pop", title="Boats"),
            id="riffusion words and prompt",
        ),
        pytest.param(
            song(prompt="lo-fi", instrumental=True),
            None,
            riffusion.CreateWithLyrics(sound="lo-fi", instrumental=True),
            id="riffusion instrumental",
        ),
        pytest.param(
            song(provider="producer", prompt="pop", instrumental=True, title="Boats"),
            None,
            producer.Create("pop", instrumental=True, title="Boats"),
            id="producer prompt",
        ),
        pytest.param(
            song(provider="producer", prompt="pop", lyrics="f", model="FUZZ-2.0 Raw"),
            WORDS,
            producer.Create("pop", lyrics=WORDS, model="FUZZ-2.0 Raw"),
            id="producer words and prompt",
        ),
        pytest.param(
            song(provider="suno", prompt="pop", instrumental=True, gender="male"),
            None,
            suno.Create("pop", instrumental=True, vocal_gender="m"),
            id="suno prompt",
        ),
        pytest.param(
            song(provider="suno", prompt="pop", instrumental=True, title="Boats"),
            None,
            suno.Create(lyrics="", tags="pop", instrumental=True, title="Boats"),
            id="suno instrumental with a title",
        ),
        pytest.param(
            song(
                provider="suno",
                lyrics="f",
                style="pop",
                negative_tags="metal",
                style_weight=0.0,
                weirdness=0.5,
                auto_lyrics=True,
                gender="female",
            ),
            WORDS,
            suno.Create(
                lyrics=WORDS,
                tags="pop",
                negative_tags="metal",
                style_weight=0.0,
                weirdness=0.5,
                auto_lyrics=True,
                vocal_gender="f",
            ),
            id="suno words",
        ),
        pytest.param(
            song(
                provider="nuro",
                prompt="calm",
                instrumental=True,
                genre=("jazz", "ambient"),
                mood=("calm",),
                instrument=("piano",),
                theme=("journey",),
                duration=45,
            ),
            None,
            nuro.CreateInstrumental(
                "calm",
                genre=("jazz", "ambient"),
                mood=("calm",),
                instrument=("piano",),
                theme=("journey",),
                duration=45,
            ),
            id="nuro prompt",
        ),
        pytest.param(
            song(
                provider="nuro",
                prompt="calm",
                model="v2.0",
                segment=("intro:10", "chorus:30"),
            ),
            None,
            nuro.CreateInstrumental(
                "calm", version="v2.0", segments=[("intro", 10), ("chorus", 30)]
            ),
            id="nuro segments",
        ),
        pytest.param(
            song(
                provider="nuro",
                lyrics="f",
                gender="female",
                genre=("r&b/soul",),
                mood=("romantic",),
                timbre="warm",
                duration=60,
            ),
            WORDS,
            nuro.CreateVocal(
                WORDS,
                gender="Female",
                genre="R&B/Soul",
                mood="Romantic",
                timbre="Warm",
                duration=60,
            ),
            id="nuro words",
        ),
    ],
)
def test_options_choose_and_fill_the_operation(
    asked: Song, lyrics: str | None, expected: Request[Any]
) -> None:
    """Each provider's operation gets the options that it takes, under its names."""
    assert expected == to_request(asked, lyrics)


@pytest.mark.parametrize(
    ("asked", "lyrics", "words"),
    [
        pytest.param(song(), None, "Say what to make, as in: aiomusic", id="nothing"),
        pytest.param(
            song(prompt="pop", title="Boats"),
            None,
            "--title is not for riffusion with a prompt alone, but for: suno with a",
            id="title of a prompt",
        ),
        pytest.param(
            song(prompt="pop", duration=30),
            None,
            "--duration is not for riffusion with a prompt alone, but for: nuro with a",
            id="duration elsewhere",
        ),
        pytest.param(
            song(prompt="pop", style="slow", lyrics="f"),
            WORDS,
            "give the prompt or --style, not both",
            id="two styles",
        ),
        pytest.param(
            song(provider="nuro", prompt="pop", lyrics="f"),
            WORDS,
            "A prompt is not for nuro with --lyrics, but for: riffusion with a prompt",
            id="nuro words and prompt",
        ),
        pytest.param(
            song(provider="nuro", lyrics="f", instrumental=True),
            WORDS,
            "--instrumental is not for nuro with --lyrics",
            id="nuro words unsung",
        ),
        pytest.param(
            song(provider="nuro", lyrics="f", genre=("Pop", "Rock")),
            WORDS,
            "--genre is given more than once; a nuro voice takes one",
            id="two genres of a voice",
        ),
        pytest.param(
            song(provider="nuro", prompt="x", model="v2.0", segment=("intro",)),
            None,
            "write name:seconds, as in intro:10",
            id="segment without seconds",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    asked: Song, lyrics: str | None, words: str
) -> None:
    """A sentence says which option is wrong, and where it would be right."""
    with pytest.raises(UsageError, match=r"\. Nothing was sent\.$") as caught:
        to_request(asked, lyrics)

    assert words in str(caught.value)


def test_the_rules_of_the_service_hold() -> None:
    """A value that the service would refuse is refused by the request's own rule."""
    with pytest.raises(
        InvalidRequest, match=r"model is 'fuzz 1\.0'; write 'FUZZ-1\.0'"
    ):
        to_request(song(prompt="x", model="fuzz 1.0"), None)


def test_help_names_every_model() -> None:
    """The help of --model names all models that the request classes take."""
    help_text = _help_of("model")

    models = [
        known_values(kind)
        for kind in (riffusion.Model, suno.Model, producer.Model, nuro.Version)
    ]
    assert [] == [name for kind in models for name in kind if name not in help_text]


def _help_of(option: str) -> str:
    parameter = get_args(_options.Song.__annotations__[option])[1]
    assert parameter.help is not None
    return str(parameter.help)


def test_lyrics_come_from_a_file(tmp_path: Path) -> None:
    """Words are read as UTF-8, without a mark or blank lines around them."""
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeff\nÜber uns\n\n".encode())

    assert "Über uns" == read_lyrics(str(path))


def test_lyrics_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash stands for standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"la la\n")))

    assert "la la" == read_lyrics("-")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(None, "can't be read: No such file or directory", id="no file"),
        pytest.param(b"\xff\xfe", "is not UTF-8 text", id="no text"),
        pytest.param(b" \n", "is empty", id="empty"),
    ],
)
def test_lyrics_that_can_not_be_read_are_refused(
    tmp_path: Path, data: bytes | None, words: str
) -> None:
    """A sentence names the file and what is wrong with it."""
    path = tmp_path / "words.txt"
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(UsageError, match=rf"words\.txt {words}\. Nothing was sent\."):
        read_lyrics(str(path))
