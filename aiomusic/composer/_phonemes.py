"""
Conversion of a written syllable to phonemes.

Rules guess the pronunciation; the vowel matters most.
"""

import re
from typing import Final

import attrs

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
_DIGRAPHS: Final = ("sh", "ch", "th", "ng", "ph", "wh", "ck", "qu", "gh")
_LETTER_SOUNDS: Final = {
    "c": "k", "q": "k", "x": "s", "ck": "k", "ph": "f", "wh": "w", "qu": "k",
    "j": "ch", "gh": "", "y": "y",
}  # fmt: skip


@attrs.frozen(kw_only=True)
class Phonemes:
    """The phonemes of a syllable; *vowel* has one symbol, or two of a diphthong."""

    onset: tuple[str, ...]
    vowel: tuple[str, ...]
    coda: tuple[str, ...]


def phonemes_of(syllable: str) -> Phonemes:
    """Return the likely phonemes of a written syllable."""
    text = re.sub(r"[^a-zæœ]", "", syllable.lower().translate(_ACCENTS))
    if not text:
        vowels = ("A", "o", "i", "u", "e")
        chosen = vowels[sum(map(ord, syllable)) % len(vowels)]
        return Phonemes(onset=(), vowel=(chosen,), coda=())
    start = 1 if text[0] == "y" and len(text) > 1 else 0
    nucleus = _NUCLEUS.search(text, start)
    if nucleus is None:
        return Phonemes(onset=_consonants(text[:1]), vowel=("V",), coda=())
    rest = text[nucleus.end() :]
    return Phonemes(
        onset=_consonants(text[: nucleus.start()]),
        vowel=_WORD_VOWELS.get(text) or _vowel(text[nucleus.start() :]),
        coda=_consonants(rest.removesuffix("e")),
    )


def _vowel(tail: str) -> tuple[str, ...]:
    for spelling, vowel in _SPELLINGS:
        if re.match(spelling, tail):
            return vowel
    return ("V",)


def _consonants(text: str) -> tuple[str, ...]:
    found: list[str] = []
    position = 0
    while position < len(text):
        pair = text[position : position + 2]
        letters = pair if pair in _DIGRAPHS else text[position]
        sound = _LETTER_SOUNDS.get(letters, letters)
        if sound and (not found or found[-1] != sound):
            found.append(sound)
        position += len(letters)
    return tuple(found)
