"""
Speech of the program ``espeak-ng``, where it is installed.

It is only run as a program: its phonemes for a line of words, and its speech for
syllables of phonemes, with a pause after each by which they are told apart.
"""

import io
import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import soundfile

from aiomusic.composer.synth._waves import Sound

SPEECH_RATE: Final = 22050
VARIABLE: Final = "AIOMUSIC_ESPEAK"
"""The program to run instead of ``espeak-ng``; empty: none."""

Syllables: TypeAlias = tuple[str, ...]

_VOICES: Final = {"en": "en-us", "pt": "pt-br", "zh": "cmn-latn-pinyin"}

_TIMEOUT_S: Final = 5.0
_MANNER: Final = ("-s", "130", "-p", "45")
_PAUSE: Final = " _:: "
_PAUSE_S: Final = 0.105
"""Longer than the closure of any plosive, shorter than the pause."""
_SILENCE: Final = 4e-4
_VOWEL: Final = re.compile(r"[',%=]*[aeiouyAEIOUVYW0389@&]")
_SWITCH: Final = re.compile(r"\([a-z-]+\)")
_LIQUIDS: Final = tuple("rlwj*R")
_OBSTRUENTS: Final = tuple("pbtdkgfvTsS")


class NotSpoken(Exception):
    """The program isn't there, or it can't say these words."""


def find_program() -> str | None:
    """Return the path of the program; None: it isn't installed, or not wanted."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return shutil.which("espeak-ng")
    return shutil.which(wanted) if wanted else None


@lru_cache(maxsize=512)
def phonemes_of_words(
    words: tuple[str, ...], language: str, program: str
) -> tuple[Syllables, ...]:
    """
    Return the syllables of each word as the language pronounces it.

    Raises:
        NotSpoken: The language has no voice, or a word has no pronunciation.
    """
    line = _phonemes(" ".join(words), language, program)
    parts = line.split()
    if len(parts) != len(words):
        # "of the" is one word to it; each word alone keeps its own notes.
        lines = _phonemes("\n".join(words), language, program).splitlines()
        parts = ["_".join(one.split()) for one in lines]
    if len(parts) != len(words):
        raise NotSpoken(f"{len(words)} words became {len(parts)}: {line}")
    return tuple(_syllables(part) for part in parts)


def _phonemes(text: str, language: str, program: str) -> str:
    found = _run([program, "-q", "-x", "--sep=_", *_voice(language)], text + "\n")
    line = found.decode()
    if _SWITCH.search(line):
        raise NotSpoken(f"no pronunciation in {language!r} of {text!r}: {line}")
    return line


def _syllables(word: str) -> Syllables:
    sounds: list[str] = []
    for sound in word.replace("|", "").split("_"):
        if sound == ";" and sounds:
            sounds[-1] += sound
        elif sound.strip(":"):
            sounds.append(sound)
    nuclei = [place for place, sound in enumerate(sounds) if _VOWEL.match(sound)]
    cuts = [
        _onset_start(sounds, left, right) for left, right in itertools.pairwise(nuclei)
    ]
    edges = itertools.pairwise([0, *cuts, len(sounds)])
    return tuple("".join(sounds[a:b]) for a, b in edges if a < b)


def _onset_start(sounds: Sequence[str], left: int, right: int) -> int:
    """Return where the syllable of the vowel at *right* begins."""
    if right - left <= 2:
        return left + 1
    first, second = (sound.strip("',%=") for sound in sounds[right - 2 : right])
    is_cluster = second.startswith(_LIQUIDS) and first.startswith(_OBSTRUENTS)
    is_cluster = is_cluster or (first == "s" and second[0] in "ptk")
    return right - 2 if is_cluster else right - 1


@lru_cache(maxsize=256)
def speech_of(
    syllables: Syllables, language: str, program: str
) -> tuple[Sound, tuple[tuple[int, int], ...]]:
    """
    Return speech of *syllables* at ``SPEECH_RATE``, and first and last frame of each.

    Raises:
        NotSpoken: The program said another number of syllables.
    """
    text = f"[[{_PAUSE.join(syllables)}]]\n"
    command = [program, *_voice(language), *_MANNER, "--stdout"]
    samples, rate = soundfile.read(io.BytesIO(_run(command, text)), dtype="float32")
    if rate != SPEECH_RATE:
        raise NotSpoken(f"its speech has {rate} frames a second")
    heard = np.flatnonzero(np.abs(samples) > _SILENCE)
    gaps = np.flatnonzero(np.diff(heard) > _PAUSE_S * rate)
    starts = [*heard[:1].tolist(), *heard[gaps + 1].tolist()]
    ends = [*heard[gaps].tolist(), *heard[-1:].tolist()]
    if len(starts) != len(syllables):
        raise NotSpoken(f"{len(syllables)} syllables became {len(starts)}: {text}")
    return samples, tuple(zip(starts, ends, strict=True))


def _voice(language: str) -> list[str]:
    return ["-v", _VOICES.get(language, language)]


def _run(command: list[str], text: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - the words are its standard input
            command, input=text.encode(), capture_output=True, timeout=_TIMEOUT_S,
            check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise NotSpoken(f"{command[0]} failed: {error}") from error
    return done.stdout
