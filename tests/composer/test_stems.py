"""Stems sum to the mix, MIDI matches the audio, and words match what is sung."""

import functools
import struct
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aiomusic.composer import (
    BASIC_STEMS,
    FULL_STEMS,
    STYLES,
    Score,
    SongSpec,
    compose,
    extend,
    split,
    sung_words,
    to_midi,
)
from aiomusic.composer._stdlib_synth import write_wav
from aiomusic.composer._stems import is_in_stem, is_rest
from aiomusic.composer.synth import song_blocks

LYRICS = "[Verse]\nPaper boats along the gutter\nRain is keeping time"
RATE = 44_100


def rendered(score: Score) -> Any:
    return np.concatenate(list(song_blocks(score)), axis=1)


@functools.cache
def song(style: str) -> Score:
    return compose(SongSpec(style=style, lyrics=LYRICS, duration_s=4.0, seed=3))


# They have a drive, a crackle and a filter on the mix, and none of them.
@pytest.mark.parametrize(
    ("style", "full"), [("rock", False), ("lofi", True), ("pop", False)]
)
def test_the_stems_of_a_song_sum_to_its_mix(style: str, full: bool) -> None:
    """Summed, the rendered stems are the rendered mix, and each is another."""
    whole = song(style)
    stems = split(whole, full=full)

    parts = [rendered(stem) for stem in stems]

    mix = rendered(whole)
    summed = np.sum(parts, axis=0)
    assert mix.shape == summed.shape
    assert np.corrcoef(mix.ravel(), summed.ravel())[0, 1] > 0.9999
    assert np.max(np.abs(mix - summed)) < 0.01
    loud = [part for part in parts if np.max(np.abs(part)) > 0.01]
    assert len(loud) >= 2
    assert all(np.max(np.abs(mix - part)) > 0.01 for part in loud)


def test_stems_of_an_edit_sum_too() -> None:
    """Stems cut and crossfade as the song does."""
    spec = SongSpec(style="pop", lyrics=LYRICS, duration_s=6.0)
    whole = extend(song("pop"), spec, at_s=2.0)

    summed = np.sum([rendered(stem) for stem in split(whole)], axis=0)

    assert np.max(np.abs(rendered(whole) - summed)) < 0.01


def test_stems_without_numpy_sum_too(tmp_path: Path) -> None:
    """The synthesiser of the standard library splits songs as well."""
    whole = compose(SongSpec(style="pop", lyrics=LYRICS, duration_s=3.0, seed=3))
    samples = []
    for number, score in enumerate((whole, *split(whole))):
        path = tmp_path / f"{number}.wav"
        write_wav(score, path)
        with wave.open(str(path)) as file:
            samples.append(
                np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32767
            )

    mix, vocals, rest = samples
    assert np.corrcoef(mix, vocals + rest)[0, 1] > 0.999
    assert np.max(np.abs(vocals)) > 0.01 < np.max(np.abs(rest))


@pytest.mark.parametrize("names", [BASIC_STEMS, FULL_STEMS], ids=["basic", "full"])
@pytest.mark.parametrize("style", STYLES)
def test_every_track_is_in_one_stem(style: str, names: tuple[str, ...]) -> None:
    """No track is missing from a split, or in two of its stems."""
    for take in range(2):
        spec = SongSpec(style=style, lyrics=LYRICS, duration_s=4.0, seed=3, take=take)
        for track in compose(spec).tracks:
            homes = [one for one in names if is_in_stem(track.role, track.patch, one)]
            assert 1 == len(homes), (track.role, track.patch)
    assert 1 == sum(map(is_rest, names))


def test_a_stem_has_the_notes_and_words_that_are_heard_in_it() -> None:
    """The vocals have the lyrics and their notes, the rest has neither."""
    vocals, rest = split(song("pop"))

    assert {"voice"} == {track.patch for track in vocals.tracks}
    assert "voice" not in {track.patch for track in rest.tracks}
    assert song("pop").lyrics == vocals.lyrics != rest.lyrics == ""
    assert vocals.title.endswith("(Vocals)")
    assert () == sung_words(rest)


def test_the_notes_of_a_stem_are_the_pitches_that_are_heard() -> None:
    """At most notes of the bass, a harmonic of the note is the loudest pitch."""
    (bass,) = (stem for stem in split(song("pop"), full=True) if stem.stem == "Bass")
    heard = rendered(bass).mean(axis=0)
    (track,) = bass.tracks

    found = [
        _is_heard(heard, note.start_s, note.length_s, note.pitch)
        for note in track.notes
    ]

    assert len(found) >= 8
    assert sum(found) >= 0.9 * len(found)


def _is_heard(samples: Any, start_s: float, length_s: float, pitch: int) -> bool:
    begin = round((start_s + 0.03) * RATE)
    part = samples[begin : begin + round(max(0.1, length_s - 0.05) * RATE)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 4 * RATE))
    loudest = np.argmax(spectrum[: 4 * 2000]) / 4
    base = 440.0 * 2 ** ((pitch - 69) / 12)
    harmonic = max(1, round(loudest / base))
    return bool(abs(1200 * np.log2(loudest / (harmonic * base))) < 60)


def test_every_word_is_sung_when_its_notes_are() -> None:
    """The words are the lyrics, in order, each from its first syllable's note on."""
    score = song("folk")
    starts = [
        note.start_s for t in score.tracks if t.role == "voice" for note in t.notes
    ]

    words = sung_words(score)

    assert " ".join(line.text for line in score.lines).split() == [
        w.text for w in words
    ]
    assert [w.start_s for w in words] == sorted(w.start_s for w in words)
    for word in words:
        line = score.lines[word.line]
        assert line.start_s - 0.2 < word.start_s < word.end_s < line.end_s + 0.5
        assert min(abs(word.start_s - start) for start in starts) < 0.001


def test_the_lyric_events_of_the_midi_file_agree_with_the_words() -> None:
    """A reader of the MIDI file finds each word within 100 ms of where it is told."""
    score = song("folk")

    events = _lyric_events(to_midi(score), score.tempo)

    for word in sung_words(score):
        near = [text for at, text in events if abs(at - word.start_s) < 0.1]
        assert any(
            text and word.text.lower().startswith(text.lower().rstrip("-"))
            for text in near
        )


def _lyric_events(data: bytes, tempo: float) -> list[tuple[float, str]]:
    found = []
    for chunk in data.split(b"MTrk")[1:]:
        body = chunk[4 : 4 + struct.unpack(">I", chunk[:4])[0]]
        at = tick = 0
        while at < len(body):
            delta, at = _number(body, at)
            tick += delta
            if body[at] == 0xFF:
                size, begin = _number(body, at + 2)
                if body[at + 1] == 0x05:
                    text = body[begin : begin + size].decode()
                    found.append((tick * 60 / tempo / 480, text))
                at = begin + size
            else:
                at += 2 if body[at] & 0xF0 == 0xC0 else 3
    return found


def _number(body: bytes, at: int) -> tuple[int, int]:
    value = 0
    while True:
        value = value << 7 | body[at] & 0x7F
        at += 1
        if body[at - 1] < 0x80:
            return value, at
