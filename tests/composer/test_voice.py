"""The voice: words of espeak-ng where it is installed, else the sound of letters."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="needs the emulator extra")

from aiomusic.composer import SongSpec, compose
from aiomusic.composer._language import language_of
from aiomusic.composer._phonemes import phonemes_of
from aiomusic.composer._score import Note
from aiomusic.composer._text import split_syllables
from aiomusic.composer._voice import FEMALE
from aiomusic.composer.synth._espeak import VARIABLE, find_program
from aiomusic.composer.synth._letters import lettered_syllable
from aiomusic.composer.synth._mixer import BLOCK
from aiomusic.composer.synth._singer import sing_phrases
from aiomusic.composer.synth._speech import HOP_S
from aiomusic.composer.synth._spoken_singer import utterance_of
from aiomusic.composer.synth._voice_room import RoomForVoice, VoiceDip
from aiomusic.composer.synth._waves import RATE, Sound

speaks = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="needs the program espeak-ng"
)

LINES = {
    "en": "Morning finds a paper crane",
    "es": "Cantamos juntos bajo la lluvia de la ciudad",
    "fr": "Nous chantons sur le quai de la gare",
    "de": "Wir tanzen durch die Straßen und die Nacht",
    "pt": "Uma canção para você e o meu coração",
    "it": "Ti aspetto nella notte e non lo sai",
    "ru": "Мы поём под дождём",
    "el": "Τραγουδάμε μαζί στη βροχή",
    "ja": "さくらのはながさく",
    "zh": "我们一起唱歌",
    "ko": "우리 함께 노래해요",
    "ar": "نغني معا تحت المطر",
}


def notes_of(line: str) -> list[Note]:
    return [
        Note(
            start_s=1.0 + 0.3 * number,
            length_s=0.28,
            pitch=64,
            velocity=0.8,
            syllable=syllable.sung,
        )
        for number, syllable in enumerate(split_syllables(line))
    ]


@pytest.mark.parametrize("language", LINES)
def test_language_is_known(language: str) -> None:
    """The words tell their language."""
    assert language == language_of(LINES[language])


@speaks
@pytest.mark.parametrize("language", LINES)
def test_words_of_all_languages_are_spoken(language: str) -> None:
    """A line of each language is sung as it is pronounced, not by its letters."""
    program = find_program()

    assert program
    utterance = utterance_of(notes_of(LINES[language]), 0.7, language, program)

    assert len(utterance.envelopes) > 100
    assert 0.2 < float(np.mean(utterance.voiced)) < 1.0


@pytest.mark.parametrize("program", [pytest.param("espeak-ng", marks=speaks), ""])
def test_a_word_begins_when_its_note_does(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word is heard within 100 ms of its note, which aligned lyrics report."""
    monkeypatch.setenv(VARIABLE, program)
    words = ("Spring", "falls", "and", "moon", "shines", "through", "clouds", "two")
    notes = [
        Note(start_s=1.0 + n, length_s=0.5, pitch=62, velocity=0.8, syllable=word)
        for n, word in enumerate(words)
    ]

    sung = dict(zip(words, sing_phrases(notes, FEMALE), strict=True))

    for note in notes:
        begin_s, sound = sung[note.syllable]
        heard = np.abs(sound) > 0.03 * np.max(np.abs(sound))
        assert abs(begin_s + np.argmax(heard) / RATE - note.start_s) <= 0.1, note


@speaks
def test_spoken_words_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same words are the same samples, and other samples than letters make."""
    notes = notes_of(LINES["en"])

    ((start, spoken),) = sing_phrases(notes, FEMALE)
    ((again, repeated),) = sing_phrases(notes, FEMALE)
    monkeypatch.setenv(VARIABLE, "")
    ((_, lettered),) = sing_phrases(notes, FEMALE)

    assert start == again
    assert np.array_equal(spoken, repeated)
    assert len(spoken) == len(lettered)
    assert not np.allclose(spoken, lettered, atol=1e-2)


def test_what_cannot_be_spoken_is_sung_by_letters(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A program that fails costs the words their clearness, and nothing else."""
    notes = notes_of(LINES["en"])
    monkeypatch.setenv(VARIABLE, "")
    ((_, expected),) = sing_phrases(notes, FEMALE)

    for program in ("false", "true", str(tmp_path / "missing")):
        monkeypatch.setenv(VARIABLE, program)
        ((_, sung),) = sing_phrases(notes, FEMALE)
        assert np.array_equal(expected, sung)


def test_a_singer_of_opera_is_trained() -> None:
    """An opera asks for the wide vibrato of a trained voice; other songs do not."""
    opera, pop = (
        compose(SongSpec(style=style, lyrics="Silver rain", seed=1)).voice
        for style in ("opera", "pop")
    )

    assert opera is not None
    assert pop is not None
    assert opera.vibrato > 2 * pop.vibrato


@pytest.mark.parametrize("program", ["", "espeak-ng"])
def test_a_voice_is_centred_and_its_noise_fades(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sung has no constant part, and no edge where speech is unknown."""
    monkeypatch.setenv(VARIABLE, program)
    sung = np.concatenate([s for _, s in sing_phrases(notes_of(LINES["en"]), FEMALE)])
    power = np.abs(np.fft.rfft(sung)) ** 2
    hertz = np.fft.rfftfreq(len(sung), 1 / RATE)
    below, above = (
        float(np.mean(power[(hertz > low) & (hertz < low + 1000)]))
        for low in (9400, 10600)
    )

    assert abs(np.mean(sung)) < 0.003 * np.max(np.abs(sung))
    assert below / 300 < above < below


def test_the_band_makes_room_for_words() -> None:
    """While somebody sings, the band is lower where words are heard; else it is not."""
    time = np.arange(BLOCK) / RATE
    band = np.sin(2 * np.pi * 2500 * time).astype(np.float32)
    bass = np.sin(2 * np.pi * 100 * time).astype(np.float32)
    loud, silent = np.full((2, BLOCK), 0.1, "f4"), np.zeros((2, BLOCK), "f4")

    def left(tone: Sound, sung: Sound) -> float:
        room = RoomForVoice().curve(sung)
        heard = tone - VoiceDip().feed(2 * tone, room)
        return float(np.std(heard[BLOCK // 2 :]) / np.std(tone))

    assert left(band, loud) < 0.5
    assert 0.9 < left(bass, loud) < 1.1
    assert left(band, silent) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("syllable", "onset", "coda"),
    [
        ("spring", "s p r", "ng"),
        ("night", "n", "t"),
        ("cold", "k", "l d"),
        ("page", "p", "j"),
        ("мост", "m", "s t"),
        ("των", "t", "n"),
        ("か", "k", ""),
        ("し", "sh", ""),
        ("녕", "n y", "ng"),
        ("사", "s", ""),
        ("ب", "b", ""),
    ],
)
def test_consonants_of_all_scripts_are_sung(
    syllable: str, onset: str, coda: str
) -> None:
    """A letter of any script keeps its sound when no program pronounces it."""
    sounds = phonemes_of(syllable)

    assert tuple(onset.split()) == sounds.onset
    assert tuple(coda.split()) == sounds.coda


@pytest.mark.parametrize("letter", ["t", "k", "p"])
def test_a_plosive_is_closed_before_it_bursts(letter: str) -> None:
    """By letters, a plosive is 50 ms of silence before its noise."""
    syllable = lettered_syllable(letter + "ah")
    levels = 10 * np.log10(np.mean(np.exp(syllable.envelopes), axis=1))
    first = syllable.vowel[0]

    assert np.max(levels[: round(0.05 / HOP_S)]) < np.max(levels) - 30
    assert np.max(levels[:first]) > np.max(levels) - 20


def test_a_fricative_lasts() -> None:
    """By letters, an s is heard for at least a tenth of a second."""
    syllable = lettered_syllable("sah")

    assert syllable.vowel[0] * HOP_S >= 0.1
    assert float(np.mean(syllable.voiced[: syllable.vowel[0] // 2])) < 0.1
