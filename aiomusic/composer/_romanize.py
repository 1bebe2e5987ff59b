"""Other scripts in Latin letters, by sound: Cyrillic, Greek, kana, hangul and more."""

import re
import unicodedata
from typing import Final

# The sounds of letters that follow one another in Unicode, from the first on; a dash
# is a letter without a sound, or none.
_ROWS: Final = {
    0x430: "a b v g d ye zh z i y k l m n o p r s t u f kh ts ch sh sh - y - e yu ya",
    0x450: "ye yo j g ye dz i yi y l n ch k i w j",
    0x490: "g g",
    0x5D0: "- b g d h o z kh t i k k l m m n n s - p p ts ts k r sh t",
    0x3B1: "a v g dh e z i th i k l m n ks o p r s s t i f kh ps o",
    0x621: "- a a u i i a b a t th j h kh d dh r z s sh s d t dh a g",
    0x641: "f k k l m n h u a i",
}
_LETTERS: Final = {
    chr(first + place): "" if sound == "-" else sound
    for first, row in _ROWS.items()
    for place, sound in enumerate(row.split())
} | {
    "\u067e": "p",
    "\u0686": "ch",
    "\u06af": "g",
    "\u0698": "zh",
    "\u06cc": "i",
    "\u30fc": "",
}
# Greek letters that make one sound.
_PAIRS: Final = {
    "\u03bf\u03c5": "u", "\u03b1\u03b9": "e", "\u03b5\u03b9": "i",
    "\u03bf\u03b9": "i", "\u03bc\u03c0": "b", "\u03bd\u03c4": "d",
    "\u03b3\u03b3": "ng", "\u03b3\u03ba": "g",
}  # fmt: skip
_LEADS: Final = ("g", "k", "n", "d", "t", "r", "m", "b", "p", "s", "s", "", "j", "ch",
                 "ch", "k", "t", "p", "h")  # fmt: skip
_HANGUL_VOWELS: Final = ("a", "e", "ya", "ye", "o", "e", "yo", "ye", "o", "wa", "we",
                         "we", "yo", "u", "wo", "we", "wi", "yu", "u", "ui",
                         "i")  # fmt: skip
_TAILS: Final = ("", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l",
                 "p", "l", "m", "p", "p", "t", "t", "ng", "t", "t", "k", "t", "p",
                 "t")  # fmt: skip
_YOON: Final = re.compile("(?P<consonants>[a-z]*?)i?\\^(?P<vowel>[auo])")
_FIRST_HANGUL: Final = 0xAC00


def romanized(text: str) -> str:
    """Return *text* in small Latin letters; what is Latin already stays as it is."""
    plain = "".join(_without_marks(letter) for letter in text)
    for letters, sound in _PAIRS.items():
        plain = plain.replace(letters, sound)
    return _YOON.sub(_without_i, "".join(_romanized(letter) for letter in plain))


def _without_i(found: re.Match[str]) -> str:
    """Return the consonants of a kana, and the small vowel that follows it."""
    consonants = found["consonants"]
    return (
        consonants + ("" if consonants in {"sh", "ch", "j"} else "y") + found["vowel"]
    )


def _without_marks(letter: str) -> str:
    """Return a Greek letter without its accent, and others as they are."""
    is_greek = "\u0370" <= letter <= "\u03ff"
    return unicodedata.normalize("NFD", letter)[0] if is_greek else letter


def _romanized(letter: str) -> str:
    if letter in _LETTERS:
        return _LETTERS[letter]
    name = unicodedata.name(letter, "")
    for script, sound_of in _SCRIPTS.items():
        if name.startswith(script):
            return sound_of(letter, name.rsplit(" ", maxsplit=1)[-1].lower())
    return letter


def _hangul(letter: str, _name: str) -> str:
    lead, rest = divmod(ord(letter) - _FIRST_HANGUL, 28 * 21)
    vowel, tail = divmod(rest, 28)
    return _LEADS[lead] + _HANGUL_VOWELS[vowel] + _TAILS[tail]


def _hanzi(letter: str, _name: str) -> str:
    """Return a sound for a character, the same wherever it stands."""
    return "bdgklmnst"[ord(letter) % 9] + "aeiou"[ord(letter) % 5]


def _kana(_letter: str, name: str) -> str:
    return {"si": "shi", "zi": "ji", "ti": "chi", "tu": "tsu", "hu": "fu"}.get(
        name, "o" if name == "wo" else name
    )


def _small_kana(_letter: str, name: str) -> str:
    """Return a closure, a vowel, or a mark that what follows replaces an i."""
    if name == "tu":
        return "t"
    return f"^{name[1:]}" if name in {"ya", "yu", "yo"} else name


def _devanagari(_letter: str, name: str) -> str:
    """Return a vowel, or a consonant without the vowel that its name has."""
    if name in {"anusvara", "candrabindu"}:
        return "n"
    if name in {"virama", "nukta", "visarga", "danda"}:
        return ""
    return name.replace("aa", "a") if name[0] in "aeiou" else name.removesuffix("a")


_SCRIPTS: Final = {
    "HANGUL SYLLABLE": _hangul,
    "CJK": _hanzi,
    "HIRAGANA LETTER SMALL": _small_kana,
    "KATAKANA LETTER SMALL": _small_kana,
    "HIRAGANA LETTER": _kana,
    "KATAKANA LETTER": _kana,
    "DEVANAGARI": _devanagari,
}
"""What tells the sound of a letter, by how its name in Unicode begins."""
