"""
Keys, scales and chords.

Pitches are MIDI numbers (60 is middle C); a pitch class is a pitch modulo 12.
"""

import re
from functools import lru_cache
from typing import Final

import attrs

NAMES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LETTERS: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
SCALES: Final = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}
QUALITIES: Final = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "5": (0, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "9": (0, 4, 7, 10, 14),
    "maj9": (0, 4, 7, 11, 14),
    "m9": (0, 3, 7, 10, 14),
    "13": (0, 4, 10, 14, 21),
    "add9": (0, 4, 7, 14),
    "madd9": (0, 3, 7, 14),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "7sus4": (0, 5, 7, 10),
    "dim": (0, 3, 6),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "7b9": (0, 4, 7, 10, 13),
}
_NUMERAL: Final = re.compile(r"(?P<flat>[b#]?)(?P<roman>[IViv]+)(?P<suffix>.*)")
_DEGREES: Final = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
_SIGN: Final = r"(?P<sign>#|b|♯|♭|[ -]sharp|[ -]flat)?"
_KEY: Final = re.compile(
    rf"\b(?P<letter>[a-g]){_SIGN}[ -]*"
    r"(?P<mode>(?:major|minor|maj|min|dorian|mixolydian)\b|(?-i:m)\b)",
    re.IGNORECASE,
)
_TONIC: Final = re.compile(
    rf"\b(?:[Ii]n|(?:[Kk]ey|KEY)(?: of|:)?) (?P<letter>[A-G]){_SIGN}(?![\w'#♯♭])"
)
_BEFORE_KEY: Final = re.compile(r"\b(?:in|key|key of)[\s:]*$", re.IGNORECASE)
_END_OF_CLAUSE: Final = re.compile(r"\s*(?:$|[^\w\s-]|\d)")
_NOT_OF_KEYS: Final = re.compile(
    r"[ -](?:hit|star|label|deal|success|change|problem|setback|part|role|event|city|"
    r"league|way|key|inconvenience|detail|mistake|accident|break|move|life)",
    re.IGNORECASE,
)


@attrs.frozen(kw_only=True)
class Key:
    """A tonic (pitch class) and a mode (a name in ``SCALES``)."""

    tonic: int
    mode: str

    def __str__(self) -> str:
        return f"{NAMES[self.tonic]} {self.mode}"

    @property
    def is_minor(self) -> bool:
        """Return whether the key has a minor third."""
        return 3 in SCALES[self.mode]

    @property
    def scale(self) -> tuple[int, ...]:
        """Return the pitch classes of the key, starting with the tonic."""
        return tuple((self.tonic + step) % 12 for step in SCALES[self.mode])


@attrs.frozen(kw_only=True)
class Chord:
    """A root (pitch class) and the intervals over it, in semitones."""

    root: int
    intervals: tuple[int, ...]

    @property
    def tones(self) -> tuple[int, ...]:
        """Return the pitch classes, starting with the root."""
        return tuple((self.root + step) % 12 for step in self.intervals)


def parse_key(text: str) -> Key | None:
    """Return the key in *text*, such as "A minor" or "F# major"; None without one."""
    found = next(filter(_is_key, _KEY.finditer(text)), None)
    if found is None:
        return None
    mode = found["mode"].lower()
    mode = {"maj": "major", "min": "minor", "m": "minor"}.get(mode, mode)
    return Key(tonic=_tonic(found), mode=mode)


def parse_tonic(text: str) -> int | None:
    """Return the tonic in *text*, such as "in E"; None without one."""
    for found in _TONIC.finditer(text):
        if found["letter"] != "A" or found["sign"] or _ends_clause(found):
            return _tonic(found)
    return None


def _tonic(found: re.Match[str]) -> int:
    sign = (found["sign"] or "").strip(" -").lower()
    shift = {"": 0, "#": 1, "♯": 1, "sharp": 1}.get(sign, -1)
    return (LETTERS[found["letter"].lower()] + shift) % 12


def _is_key(found: re.Match[str]) -> bool:
    """Check that *found* is no article or verb, as in "a major hit" or "7 a m"."""
    before = found.string[: found.start()].rstrip()
    if found["mode"] == "m":
        return _is_short_key(found, before)
    if found["letter"] not in "aA" or found["sign"] or _ends_clause(found):
        return True
    is_article = found["letter"] == "a" or bool(
        _NOT_OF_KEYS.match(found.string, found.end())
    )
    return not is_article


def _is_short_key(found: re.Match[str], before: str) -> bool:
    """Check that *found*, such as "Am", is a key and not "I am" or "7 a m"."""
    if re.search(r"(?:\d|\bI)$", before) or found[0][-2] in " -":
        return False
    is_alone = before[-1:] in ("", ",", ";", "/", "|") and _ends_clause(found)
    is_named = found["letter"].isupper() or bool(found["sign"])
    return is_named or is_alone or bool(_BEFORE_KEY.search(before))


def _ends_clause(found: re.Match[str]) -> bool:
    return _END_OF_CLAUSE.match(found.string, found.end()) is not None


@lru_cache(maxsize=512)
def chord_of(numeral: str, tonic: int) -> Chord:
    """
    Parse a Roman numeral such as ``ii7`` or ``bVIImaj7`` in the key of *tonic*.

    Degrees are those of the major scale; a lower-case numeral has a minor third.

    Raises:
        ValueError: *numeral* is not a known chord.
    """
    found = _NUMERAL.fullmatch(numeral)
    if found is None or found["roman"].lower() not in _DEGREES:
        raise ValueError(f"not a chord numeral: {numeral!r}")
    shift = {"b": -1, "#": 1, "": 0}[found["flat"]]
    root = (tonic + _DEGREES[found["roman"].lower()] + shift) % 12
    suffix = found["suffix"]
    is_small = found["roman"].islower() and not suffix.startswith(("m", "dim", "sus"))
    quality = f"m{suffix}" if is_small else suffix
    if quality not in QUALITIES:
        raise ValueError(f"not a chord numeral: {numeral!r}")
    return Chord(root=root, intervals=QUALITIES[quality])


def nearest(pitch_class: int, around: float) -> int:
    """Return the pitch of *pitch_class* nearest to *around*."""
    return pitch_class + 12 * round((around - pitch_class) / 12)
