"""Parsing of a prompt: style, mood, tempo, key, instruments."""

import re
from typing import Final

import attrs

from aiomusic.composer._genres import NamedStyle, read_style
from aiomusic.composer._players import plays_alone, restrict, without_refused
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._theory import Key, parse_key, parse_tonic
from aiomusic.composer.styles import STYLES, Style, in_meter

_NUMBER: Final = r"(?<![\d.,])(\d{2,3}(?:\.\d+)?)"
_BPM: Final = re.compile(
    rf"{_NUMBER}\s*(?:(?:-|\u2013|to)\s*\d{{2,3}}\s*)?(?:bpm|beats)|"
    rf"\b(?:bpm|tempo)(?:\s*[:=@]|\s+(?:of|is|at|around|about))?\s*{_NUMBER}(?!\d)"
)
# "drum and bass 174", but not "pop 40 seconds".
_AFTER_GENRE: Final = re.compile(
    rf"\s*[,@]?\s*(?:at\s+)?{_NUMBER}\s*(?:$|[,.;)\n]|in\b)"
)
_UNITS: Final = {"min": 60.0, "sec": 1.0, "s": 1.0}
_COUNTS: Final = {"one": 1, "a": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_COUNT: Final = rf"(?P<count>(?<![\d.])\d{{1,3}}(?:\.\d+)?|\b(?:{'|'.join(_COUNTS)}))"
_UNIT: Final = r"[\s-]?(?P<unit>min|sec|s\b)(?:ute|ond)?s?"
_LENGTHS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_COUNT}{_UNIT}[\s-](?:long|in length|\w*\s?(?:song|track|piece|version))\b",
        rf"\b(?:length|duration|lasting)(?: of|:)?\s*{_COUNT}{_UNIT}\b",
        rf"(?:^|[,;]\s*){_COUNT}{_UNIT}\s*(?:$|[,;.])",
    )
)
_INSTRUMENTAL: Final = re.compile(
    r"\binstrumental\b|\bno (?:vocals?|voice|singing|lyrics)\b|\bwithout vocals?\b",
    re.IGNORECASE,
)
_IN_THREE: Final = re.compile(r"(?<!\d)[36]/[48](?!\d)|\bwaltz|\btriple (?:meter|time)")
_IN_FOUR: Final = re.compile(r"(?<!\d)4/4(?!\d)|\bcommon time")
_MINOR: Final = (
    r"\b(sad|dark|melanchol\w*|lonely|sorrow|moody|tense|angry|night|miss|minor key)\b"
)
_MAJOR: Final = (
    r"\b(happy|bright|joy\w*|sunny|hopeful|cheerful|uplifting|excited|fun|"
    r"major key)\b"
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
    (r"accordion|bandoneon|harmonica", "accordion"),
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
        tonic: The pitch class of a key without a mode, as in "in E".
    """

    style: Style
    style_word: str | None
    tempo: float | None
    key: Key | None
    tonic: int | None
    is_minor: bool | None
    tempo_bias: float
    instruments: tuple[str, ...]
    is_instrumental: bool


def parse_prompt(text: str, rng: SeededRandom, avoid: str = "") -> ParsedPrompt:
    """Parse *text* and what to *avoid*; *rng* chooses the style if it names none."""
    refused = [
        f"no {part.strip()}" for part in avoid.lower().split(",") if part.strip()
    ]
    words = ", ".join([text.lower(), *refused])
    offered = without_refused(words)
    named = read_style(offered)
    if named and (unwanted := read_style(avoid)) and named.style == unwanted.style:
        # Two names of one style, as in "hip hop" without "rap".
        named = None
    style = named.style if named else STYLES[rng.choice(_open_styles(avoid))]
    return ParsedPrompt(
        style=_metered(restrict(style, words), words),
        style_word=named.word if named else None,
        tempo=_tempo(words, named),
        key=parse_key(text),
        tonic=parse_tonic(text),
        is_minor=_mode(text.lower(), avoid.lower()),
        tempo_bias=_bias(text.lower()) - _bias(avoid.lower()),
        instruments=tuple(
            patch
            for pattern, patch in _INSTRUMENTS
            if re.search(pattern, offered) and not plays_alone(words)
        ),
        is_instrumental=bool(_INSTRUMENTAL.search(words)),
    )


_MAX_LENGTH_S: Final = 480.0
_DEFAULT_STYLES: Final = ("pop", "r&b", "lo-fi", "folk", "synthwave")


def _open_styles(avoid: str) -> list[str]:
    """Return the styles to choose from, without that which *avoid* names."""
    unwanted = read_style(avoid)
    return [
        name
        for name in _DEFAULT_STYLES
        if unwanted is None or name != unwanted.style.name
    ]


def _bias(words: str) -> float:
    return float(bool(re.search(_FAST, words))) - bool(re.search(_SLOW, words))


def _metered(style: Style, words: str) -> Style:
    if _IN_FOUR.search(words):
        return in_meter(style, 4)
    return in_meter(style, 3) if _IN_THREE.search(words) else style


def _mode(words: str, avoid: str) -> bool | None:
    is_minor = bool(re.search(_MINOR, words) or re.search(_MAJOR, avoid))
    is_major = bool(re.search(_MAJOR, words) or re.search(_MINOR, avoid))
    return is_minor if is_minor != is_major else None


def parse_length_s(text: str) -> float | None:
    """Return the length in *text*, such as "3 minutes long", in seconds."""
    for pattern in _LENGTHS:
        if found := pattern.search(text.lower()):
            count = _COUNTS.get(found["count"]) or float(found["count"])
            length_s = count * _UNITS[found["unit"]]
            return length_s if 1 <= length_s <= _MAX_LENGTH_S else None
    return None


def _tempo(words: str, named: NamedStyle | None) -> float | None:
    found = _BPM.search(words)
    if found is None and named is not None:
        found = _AFTER_GENRE.match(words, words.find(named.word) + len(named.word))
    if found is None:
        return None
    tempo = float(next(filter(None, found.groups())))
    return tempo if 30 <= tempo <= 300 else None
