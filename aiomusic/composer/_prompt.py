"""Parsing of a prompt: style, mood, tempo, key, instruments."""

import re
from typing import Final

import attrs

from aiomusic.composer._random import SeededRandom
from aiomusic.composer._theory import Key, parse_key
from aiomusic.composer.styles import STYLES, Style

_BPM: Final = re.compile(r"(\d{2,3})\s*(?:-\s*\d{2,3}\s*)?(?:bpm|beats)", re.IGNORECASE)
_INSTRUMENTAL: Final = re.compile(
    r"\binstrumental\b|\bno (?:vocals?|voice|singing|lyrics)\b|\bwithout vocals?\b",
    re.IGNORECASE,
)
# Genres that are close to one of our styles: name, style, tempo.
_ALIASES: Final = (
    ("trap", "hip hop", (130, 148)),
    ("drill", "hip hop", (138, 146)),
    ("rap", "hip hop", None),
    ("disco", "house", (112, 120)),
    ("funk", "r&b", (100, 112)),
    ("soul", "r&b", None),
    ("punk", "rock", (150, 176)),
    ("metal", "rock", (130, 160)),
    ("grunge", "rock", None),
    ("blues", "rock", (84, 104)),
    ("country", "folk", (100, 120)),
    ("singer-songwriter", "folk", None),
    ("ballad", "pop", (68, 82)),
    ("gufeng", "folk", (72, 88)),
    ("chinese", "folk", (76, 96)),
    ("chinoiserie", "synthwave", (92, 110)),
    ("future bass", "house", (140, 150)),
    ("edm", "house", None),
    ("dj", "house", None),
    ("trance", "techno", (132, 140)),
    ("drum and bass", "techno", (168, 176)),
    ("dnb", "techno", (168, 176)),
    ("dubstep", "techno", (138, 142)),
    ("electronic", "synthwave", None),
    ("electro", "house", None),
    ("latin", "bossa nova", None),
    ("samba", "bossa nova", (132, 150)),
    ("swing", "jazz", None),
    ("bebop", "jazz", (170, 200)),
    ("dub", "reggae", None),
    ("ska", "reggae", (128, 144)),
    ("orchestral", "cinematic", None),
    ("classical", "cinematic", None),
    ("soundtrack", "cinematic", None),
    ("meditation", "ambient", None),
    ("new age", "ambient", None),
    ("drone", "ambient", None),
    ("8-bit", "chiptune", None),
    ("video game", "chiptune", None),
    ("indie", "pop", None),
    ("k-pop", "pop", (116, 128)),
    ("acoustic", "folk", None),
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
    """A parsed prompt; None where it leaves the choice open."""

    style: Style
    tempo: float | None
    key: Key | None
    is_minor: bool | None
    tempo_bias: float
    instruments: tuple[str, ...]
    is_instrumental: bool


def parse_prompt(text: str, rng: SeededRandom) -> ParsedPrompt:
    """Parse *text*; *rng* chooses the style if it names none."""
    words = text.lower()
    style = parse_style(words) or STYLES[rng.choice(_DEFAULT_STYLES)]
    found = _BPM.search(words)
    tempo = float(found[1]) if found else None
    return ParsedPrompt(
        style=style,
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


def parse_style(text: str) -> Style | None:
    """
    Return the style that *text* names; None if it names none.

    The first name wins, and of two that start at the same place the longer:
    "r&b pop song" is r&b.
    """
    words = text.lower()
    matches = [
        (position, -len(name), style)
        for name, style in _style_names()
        if (position := _position(name, words)) is not None
    ]
    return min(matches, key=lambda match: match[:2])[2] if matches else None


def _position(name: str, words: str) -> int | None:
    found = re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", words)
    return found.start() if found else None


def _style_names() -> list[tuple[str, Style]]:
    names = [(word, style) for style in STYLES.values() for word in style.words]
    aliases = [
        (word, attrs.evolve(STYLES[name], tempo=tempo or STYLES[name].tempo))
        for word, name, tempo in _ALIASES
        if name in STYLES
    ]
    return names + aliases


def _mode(words: str) -> bool | None:
    is_minor = bool(re.search(_MINOR, words))
    is_major = bool(re.search(_MAJOR, words))
    return is_minor if is_minor != is_major else None
