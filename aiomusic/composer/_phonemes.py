"""
Conversion of a written syllable to phonemes.

Rules guess the pronunciation; the vowel matters most.
"""

import re
from typing import Final

import attrs

from aiomusic.composer._romanize import romanized

_NUCLEUS: Final = re.compile(r"[aeiouyáàâäåãéèêëíìîïóòôöøõúùûüæœ]+", re.IGNORECASE)
_ACCENTS: Final = str.maketrans("áàâäåãéèêëíìîïóòôöøõúùûü", "aaaaaaeeeeiiiioooooouuuu")
# Spellings of the vowel and what follows it; the first match wins.
_SPELLINGS: Final = (
    (r"igh|eye|(?<=^)i$|uy|ie$|ye$|y$(?<=^y)", ("a", "I")),
    (r"oo|ew|ue|ui|oe$(?<=shoe)", ("u",)),
    (r"ou(?=gh)|aw|au|ough", ("O",)),
    (r"ou|ow(?=[nld])", ("a", "U")),
    (r"ow|oa|oe", ("o", "U")),
    (r"oi|oy", ("O", "I")),
    (r"ai|ay|ei|ey", ("e", "I")),
    (r"ee|ea(?!d)|ie", ("i",)),
    (r"ea", ("e",)),
    (r"ar", ("A",)),
    (r"or", ("O",)),
    (r"[eiu]r", ("3",)),
    (r"a[^aeiouy]{1,2}e$", ("e", "I")),
    (r"[iy][^aeiouy]e$", ("a", "I")),
    (r"o[^aeiouy]e$", ("o", "U")),
    (r"u[^aeiouy]e$", ("u",)),
    (r"e[^aeiouy]e$", ("i",)),
    (r"i(?=nd$|ld$)", ("a", "I")),
    (r"o(?=ld$|lt$)", ("o", "U")),
    (r"e$", ("i",)),
    (r"o$", ("o", "U")),
    (r"u$", ("u",)),
    (r"y$", ("i",)),
    (r"i$", ("i",)),
    (r"a$", ("A",)),
    (r"a", ("&",)),
    (r"e", ("e",)),
    (r"[iy]", ("I",)),
    (r"o", ("O",)),
    (r"u", ("V",)),
)
_WORD_VOWELS: Final = {
    "the": ("V",), "a": ("V",), "you": ("u",), "to": ("u",), "do": ("u",),
    "who": ("u",), "my": ("a", "I"), "i": ("a", "I"), "by": ("a", "I"),
    "of": ("V",), "love": ("V",), "come": ("V",), "some": ("V",), "one": ("V",),
    "was": ("O",), "are": ("A",), "we": ("i",), "me": ("i",), "he": ("i",),
    "she": ("i",), "be": ("i",), "your": ("O",), "sky": ("a", "I"), "fly": ("a", "I"),
    "cry": ("a", "I"), "try": ("a", "I"), "why": ("a", "I"), "have": ("&",),
    "give": ("I",), "live": ("I",), "move": ("u",), "there": ("e",), "were": ("3",),
    "heart": ("A",), "world": ("3",), "high": ("a", "I"), "now": ("a", "U"),
    "how": ("a", "U"), "down": ("a", "U"), "town": ("a", "U"), "dead": ("e",),
}  # fmt: skip
# Spellings of consonants, the longest first; a dot is the end of the syllable.
_CONSONANTS: Final = {
    "tch": ("ch",), "dge": ("j",), "sch": ("sh",), "ght": ("t",), "ngs.": ("ng", "z"),
    "sh": ("sh",), "ch": ("ch",), "th": ("th",), "zh": ("zh",), "kh": ("x",),
    "dh": ("dh",), "ts": ("ts",), "ng": ("ng",), "nk": ("ng", "k"), "ph": ("f",),
    "wh": ("w",), "ck": ("k",), "qu": ("k", "w"), "gh": (), "kn": ("n",),
    "wr": ("r",), "mb.": ("m",), "mn.": ("m",), "ss": ("s",), "ds.": ("d", "z"),
    "ns.": ("n", "z"), "ms.": ("m", "z"), "ls.": ("l", "z"), "rs.": ("r", "z"),
    "gs.": ("g", "z"), "bs.": ("b", "z"), "vs.": ("v", "z"), "s.": ("s",),
    "b": ("b",), "c": ("k",), "d": ("d",), "f": ("f",), "g": ("g",), "h": ("h",),
    "j": ("j",), "k": ("k",), "l": ("l",), "m": ("m",), "n": ("n",), "p": ("p",),
    "q": ("k",), "r": ("r",), "s": ("s",), "t": ("t",), "v": ("v",), "w": ("w",),
    "x": ("k", "s"), "y": ("y",), "z": ("z",),
}  # fmt: skip
_SOFT: Final = ("e", "i", "y")
_LONGEST: Final = 4
_WORD_SOUNDS: Final = {
    "the": "dh", "this": "dh", "that": "dh", "there": "dh", "they": "dh", "then": "dh",
    "them": "dh", "their": "dh", "those": "dh", "these": "dh", "than": "dh",
}  # fmt: skip
_VOICED_ENDINGS: Final = frozenset(("is", "his", "was", "has", "as", "these", "those"))
_PLAIN_VOWELS: Final = {"a": "A", "e": "e", "i": "i", "o": "O", "u": "u", "y": "I"}


@attrs.frozen(kw_only=True)
class Phonemes:
    """The phonemes of a syllable; *vowel* has one symbol, or two of a diphthong."""

    onset: tuple[str, ...]
    vowel: tuple[str, ...]
    coda: tuple[str, ...]


def phonemes_of(syllable: str) -> Phonemes:
    """Return the likely phonemes of a written syllable."""
    latin = romanized(syllable.lower().removesuffix("-"))
    is_foreign = latin != syllable.lower().removesuffix("-")
    text = re.sub(r"[^a-zæœ]", "", latin.translate(_ACCENTS))
    start = 1 if text[:1] == "y" and len(text) > 1 else 0
    nucleus = _NUCLEUS.search(text, start)
    if nucleus is None:
        return Phonemes(onset=_consonants(text), vowel=("@",), coda=())
    tail, rest = text[nucleus.start() :], text[nucleus.end() :]
    if is_foreign:
        glide = re.match("y(?=[aeiou])", nucleus.group())
        start = nucleus.start() + bool(glide)
        nucleus = _NUCLEUS.search(text, start) or nucleus
        vowel = _plain_vowel(nucleus.group())
    else:
        vowel = _WORD_VOWELS.get(text) or _vowel(tail)
    onset = _consonants(text[: nucleus.start()], nucleus.group())
    if text in _WORD_SOUNDS:
        onset = (_WORD_SOUNDS[text], *onset[1:])
    is_r_coloured = vowel == ("3",) and rest.startswith("r")
    coda = _consonants(_ending(rest, is_r_coloured=is_r_coloured))
    if text in _VOICED_ENDINGS and coda[-1:] == ("s",):
        coda = (*coda[:-1], "z")
    return Phonemes(onset=onset, vowel=vowel, coda=coda)


def _ending(rest: str, *, is_r_coloured: bool) -> str:
    """Return the consonants at the end as they sound: c and g are soft before an e."""
    rest = rest[1:] if is_r_coloured else rest
    rest = re.sub("ce(s?)$", r"s\1", re.sub("(?<!d)ge(s?)$", r"j\1", rest))
    rest = re.sub("e(s?)$", r"\1", re.sub("se$", "z", rest))
    return f"{rest}." if rest else ""


def _plain_vowel(letters: str) -> tuple[str, ...]:
    found = tuple(_PLAIN_VOWELS.get(letter, "e") for letter in letters)
    return found if len(found) == 1 else (found[0], found[-1])


def _vowel(tail: str) -> tuple[str, ...]:
    for spelling, vowel in _SPELLINGS:
        if re.match(spelling, tail):
            return vowel
    return ("V",)


def _consonants(text: str, vowel: str = "") -> tuple[str, ...]:
    found: list[str] = []
    position = 0
    while position < len(text.rstrip(".")):
        for size in range(_LONGEST, 0, -1):
            letters = text[position : position + size]
            if letters in _CONSONANTS:
                sounds = _CONSONANTS[letters]
                break
        else:
            sounds, letters = (), text[position]
        if letters == "c" and position == len(text) - 1 and vowel.startswith(_SOFT):
            sounds = ("s",)
        found += [sound for sound in sounds if found[-1:] != [sound]]
        position += len(letters)
    return tuple(found)
