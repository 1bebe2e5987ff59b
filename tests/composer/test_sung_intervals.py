"""When each word is said to be sung, compared with the sound of the voice."""

from collections.abc import Callable

import attrs
import numpy as np
import numpy.typing as npt
import pytest

from aiomusic.composer import Score, SongSpec, compose, extend, swap_vocals
from aiomusic.composer._sung_words import SungWord, sung_words
from aiomusic.composer.synth import song_blocks
from aiomusic.composer.synth._espeak import VARIABLE
from aiomusic.composer.synth._waves import RATE

Flags = npt.NDArray[np.bool_]
LYRICS = """[Verse]
Silver rain upon the bay
Harbour lights are far away"""
MORE = "[Chorus]\nStill the water runs deep"
FRAME = RATE // 100
MARGIN_S = 0.25
"""A consonant comes before its beat, and the last vowel rings in the room."""


def song() -> Score:
    return compose(SongSpec(style="pop, female", lyrics=LYRICS, seed=4, duration_s=16))


def extended() -> Score:
    return extend(song(), SongSpec(style="", lyrics=MORE), at_s=12.0)


def other_voice() -> Score:
    return swap_vocals(song(), SongSpec(style="male", lyrics=None))


def audible(score: Score) -> Flags:
    """Return for each 10 ms of *score* whether its lead voice is heard."""
    blocks = song_blocks(attrs.evolve(score, stem="Vocals"))
    voice = np.concatenate(list(blocks), axis=1).mean(axis=0)
    frames = voice[: len(voice) // FRAME * FRAME].reshape(-1, FRAME)
    levels = np.sqrt(np.mean(frames**2, axis=1))
    flags: Flags = levels > 0.1 * np.quantile(levels, 0.9)
    return flags


def share(heard: Flags, words: tuple[SungWord, ...], margin_s: float) -> float:
    """Return the share of what is *heard* that lies in the intervals of *words*."""
    covered = np.zeros(len(heard), dtype=bool)
    for word in words:
        first, last = word.start_s - margin_s, word.end_s + margin_s
        covered[max(0, round(100 * first)) : round(100 * last)] = True
    return float(np.mean(covered[heard]))


@pytest.mark.parametrize("make", [song, extended, other_voice])
def test_words_are_heard_when_they_are_said_to_be(
    make: Callable[[], Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each word's interval lies on the voice, which is silent beside all of them."""
    monkeypatch.setenv(VARIABLE, "")
    score = make()
    heard = audible(score)
    words = sung_words(score)

    assert len(words) >= 6
    for word in words:
        during = heard[round(100 * word.start_s) : round(100 * word.end_s)]
        assert np.mean(during) > 0.8, word
    assert share(heard, words, MARGIN_S) > 0.95
    moved = tuple(
        attrs.evolve(w, start_s=w.start_s + 0.7, end_s=w.end_s + 0.7) for w in words
    )
    assert share(heard, moved, MARGIN_S) < 0.95
