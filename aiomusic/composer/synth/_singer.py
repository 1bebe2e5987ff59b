"""
Singing: the words of ``espeak-ng`` where it is installed, else the sound of letters.

A phrase that the program can't say is sung by letters, too.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from aiomusic.composer._language import is_latin, language_of
from aiomusic.composer._score import Note
from aiomusic.composer._voice import Voice
from aiomusic.composer.synth._espeak import NotSpoken, find_program
from aiomusic.composer.synth._phrases import phrase_frames, phrases_of, pulse_times
from aiomusic.composer.synth._spoken_singer import (
    lettered_utterance,
    utterance_of,
)
from aiomusic.composer.synth._vocoder import Utterance, sing_utterance
from aiomusic.composer.synth._waves import Sound

_LOG: Final = logging.getLogger(__name__)
_LEAD_S: Final = 0.3
_GAIN: Final = np.float32(0.25)
"""Makes words stand before the band."""


def sing_phrases(
    notes: Sequence[Note], voice: Voice, name: str = "voice"
) -> Iterator[tuple[float, Sound]]:
    """Yield start in seconds and sound of each phrase of *notes*."""
    program = find_program()
    language = language_of(_text(notes))
    for phrase in phrases_of(notes):
        begin_s = phrase[0].start_s - _LEAD_S
        utterance = None
        if program:
            own = _language(phrase, language)
            utterance = _spoken(phrase, begin_s, own, program)
        if utterance is None:
            utterance = lettered_utterance(phrase, begin_s)
        pulses = pulse_times(phrase, voice, begin_s)
        frames = phrase_frames(phrase, begin_s)
        sung = sing_utterance(utterance, pulses, voice, frames, name)
        yield begin_s, _GAIN * sung


def _text(notes: Sequence[Note]) -> str:
    return "".join(
        note.syllable[:-1] if note.syllable.endswith("-") else f"{note.syllable} "
        for note in notes
    )


def _language(phrase: Sequence[Note], language: str) -> str:
    """Return the language of a phrase in a song that is mostly in *language*."""
    own = language_of(_text(phrase))
    return language if is_latin(own) and is_latin(language) else own


def _spoken(
    phrase: Sequence[Note], begin_s: float, language: str, program: str
) -> Utterance | None:
    """Return a phrase in the words of a program; None: it can't say them."""
    try:
        return utterance_of(phrase, begin_s, language, program)
    except NotSpoken as error:
        _LOG.debug("%s; the phrase is sung by its letters", error)
        return None
