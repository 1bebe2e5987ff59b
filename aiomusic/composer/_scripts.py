"""Syllables of words in kana, hangul, Arabic, Hebrew and Devanagari."""

import re
from typing import Final

_KANA: Final = r"\u3041-\u3096\u30a1-\u30fa\u30fc"
_HANGUL: Final = r"\uac00-\ud7a3"
_ARABIC: Final = r"\u0620-\u065f\u066e-\u06d3"
_HEBREW: Final = r"\u05b0-\u05ea"
_DEVANAGARI: Final = r"\u0900-\u0963\u0971-\u097f"

WORDS: Final = "|".join(
    f"[{letters}]+" for letters in (_KANA, _HANGUL, _ARABIC, _HEBREW, _DEVANAGARI)
)
"""A pattern of whole words in these scripts."""


def _abjad(vowels: str, marks: str) -> str:
    """Return a pattern of syllables where short vowels are marks, or not written."""
    mark = f"[{marks}]*"
    vowel, consonant = f"[{vowels}]{mark}", f"[^{vowels}]{mark}"
    ending = f"(?:{consonant}(?!{vowel}))?"
    return (
        # A vowel's letter at the beginning of a word is a consonant.
        rf"(?:{consonant}|^.(?={vowel})){vowel}{ending}|{vowel}{ending}"
        rf"|{consonant}{consonant}(?!{vowel})(?:{consonant}$)?|."
    )


_CONSONANT: Final = r"[\u0915-\u0939\u0958-\u095f]\u093c?"
# Consonants joined by a virama and a vowel; the last one alone has no vowel.
_AKSHARA: Final = (
    rf"(?:{_CONSONANT}\u094d)*{_CONSONANT}[\u093e-\u094c]?[\u0900-\u0903]?"
    rf"(?:{_CONSONANT}$)?|[\u0904-\u0914][\u0900-\u0903]?(?:{_CONSONANT}$)?|."
)
# A small vowel, a long one, n and a closure belong to the sound before.
_MORA: Final = (
    r".[\u3083\u3085\u3087\u3041\u3043\u3045\u3047\u3049"
    r"\u30e3\u30e5\u30e7\u30a1\u30a3\u30a5\u30a7\u30a9]?"
    r"[\u30fc\u3093\u30f3\u3063\u30c3]*"
)
_PATTERNS: Final = tuple(
    (re.compile(f"[{letters}]"), re.compile(syllable))
    for letters, syllable in (
        (_KANA, _MORA),
        (_HANGUL, "."),
        (_ARABIC, _abjad(r"\u0622\u0627\u0629\u0648-\u064a", r"\u064b-\u065f\u0670")),
        (_HEBREW, _abjad(r"\u05d5\u05d9", r"\u05b0-\u05c7")),
        (_DEVANAGARI, _AKSHARA),
    )
)


def syllables_of(word: str) -> list[str]:
    """Return the syllables of *word*; none, if its script isn't one of these."""
    for letters, syllable in _PATTERNS:
        if letters.match(word):
            return syllable.findall(word)
    return []
