"""Parsing of a prompt: style, mood, tempo, key, instruments."""

import re
from typing import Final

import attrs

from aiomusic.composer._genres import read_style
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._theory import Key, parse_key
from aiomusic.composer.styles import STYLES, Style

_BPM: Final = re.compile(r"(\d{2,3})\s*(?:-\s*\d{2,3}\s*)?(?:bpm|beats)", re.IGNORECASE)
_INSTRUMENTAL: Final = re.compile(
    r"\binstrumental\b|\bno (?:vocals?|voice|singing|lyrics)\b|\bwithout vocals?\b",
    re.IGNORECASE,
)
_MINOR: Final = (
    r"\b(sad|dark|melanchol\w*|lonely|sorrow|moody|tense|angry|night|miss)\b"
)
_MAJOR: Final = (
    r"\b(happy|bright|joy\w*|sunny|hopeful|cheerful|uplifting|excited|fun)\b"
)
_FAST: Final = r"\b(fast|energetic|dynamic|upbeat|driving|excited|intense|hard|party)\b"
_SLOW: Final = r"\b(slow|calm|relax\w*|chill|sleepy|gentle|sentimental|peaceful|soft)\b"
_INSTRUMENTS: Final = (
    (r"rhodes|electric piano|e-?piano|wurlitzer", "epiano"),
    (r"(?<!electric )piano", "piano"),
    (r"nylon|classical guitar|spanish guitar", "nylon"),
    (r"acoustic guitar|steel guitar|(?<!bass )(?<!electric )guitar", "steel"),
    (r"distort\w* guitar|heavy guitar", "distorted"),
    (r"electric guitar", "electric"),
    (r"strings?|orchestra|violin|cello|viola|fiddle", "strings"),
    (r"organ|hammond", "organ"),
    (r"brass|trumpet|horns?|trombone", "brass"),
    (r"flute|whistle|recorder", "flute"),
    (r"sax\w*|clarinet", "sax"),
    (r"vibes|vibraphone", "vibes"),
    (r"marimba|xylophone|kalimba", "marimba"),
    (r"bells?|glockenspiel|celesta|music box", "bell"),
    (r"choir|choral", "choir"),
    (r"harp|koto|guzheng|pluck\w*|pipa|chinese|chinoiserie|gufeng|japanese", "koto"),
    (r"synth lead|lead synth|synth", "synth-lead"),
    (r"pad|atmospher\w*", "warm-pad"),
)


@attrs.frozen(kw_only=True)
class ParsedPrompt:
    """
    A parsed prompt; None where it leaves the choice open.

    Args:
        style_word: The word that names the style; None: the style is a guess.
    """

    style: Style
    style_word: str | None
    tempo: float | None
    key: Key | None
    is_minor: bool | None
    tempo_bias: float
    instruments: tuple[str, ...]
    is_instrumental: bool


def parse_prompt(text: str, rng: SeededRandom) -> ParsedPrompt:
    """Parse *text*; *rng* chooses the style if it names none."""
    words = text.lower()
    named = read_style(words)
    found = _BPM.search(words)
    tempo = float(found[1]) if found else None
    return ParsedPrompt(
        style=named.style if named else STYLES[rng.choice(_DEFAULT_STYLES)],
        style_word=named.word if named else None,
        tempo=tempo if tempo and 30 <= tempo <= 300 else None,
        key=parse_key(text),
        is_minor=_mode(words),
        tempo_bias=float(bool(re.search(_FAST, words))) - bool(re.search(_SLOW, words)),
        instruments=tuple(
            p for pattern, p in _INSTRUMENTS if re.search(pattern, words)
        ),
        is_instrumental=bool(_INSTRUMENTAL.search(words)),
    )


_DEFAULT_STYLES: Final = ("pop", "r&b", "lo-fi", "folk", "synthwave")


def _mode(words: str) -> bool | None:
    is_minor = bool(re.search(_MINOR, words))
    is_major = bool(re.search(_MAJOR, words))
    return is_minor if is_minor != is_major else None
