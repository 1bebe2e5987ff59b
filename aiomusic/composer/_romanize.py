"""Other scripts in Latin letters, by sound: Cyrillic, Greek, kana, hangul, Arabic."""

import unicodedata
from typing import Final

# The sounds of letters that follow one another in Unicode, from the first on; a dash
# is a letter without a sound, or none.
_ROWS: Final = {
    0x430: "a b v g d ye zh z i y k l m n o p r s t u f kh ts ch sh sh - y - e yu ya",
    0x450: "ye yo j g ye dz i yi y l n ch k i w j",
    0x490: "g g",
    0x3B1: "a v g dh e z i th i k l m n ks o p r s s t i f kh ps o",
    0x621: "- a a u i i a b a t th j h kh d dh r z s sh s d t dh a g",
    0x641: "f k k l m n h u a i",
}
_LETTERS: Final = {
    chr(first + place): "" if sound == "-" else sound
    for first, row in _ROWS.items()
    for place, sound in enumerate(row.split())
} | {"\u067e": "p", "\u0686": "ch", "\u06af": "g", "\u0698": "zh", "\u06cc": "i"}
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
_HANGUL: Final = range(0xAC00, 0xD7A4)


def romanized(text: str) -> str:
    """Return *text* in small Latin letters; what is Latin already stays as it is."""
    plain = "".join(_without_marks(letter) for letter in text)
    for letters, sound in _PAIRS.items():
        plain = plain.replace(letters, sound)
    return "".join(_romanized(letter) for letter in plain)


def _without_marks(letter: str) -> str:
    """Return a Greek letter without its accent, and others as they are."""
    is_greek = "\u0370" <= letter <= "\u03ff"
    return unicodedata.normalize("NFD", letter)[0] if is_greek else letter


def _romanized(letter: str) -> str:
    if ord(letter) in _HANGUL:
        lead, rest = divmod(ord(letter) - _HANGUL.start, 28 * 21)
        vowel, tail = divmod(rest, 28)
        return _LEADS[lead] + _HANGUL_VOWELS[vowel] + _TAILS[tail]
    if letter in _LETTERS:
        return _LETTERS[letter]
    name = unicodedata.name(letter, "")
    if name.startswith(("HIRAGANA LETTER ", "KATAKANA LETTER ")):
        return _kana(name.rsplit(" ", maxsplit=1)[-1].lower())
    if name.startswith("CJK"):
        # A sound for each character, the same wherever it stands.
        return "bdgklmnst"[ord(letter) % 9] + "aeiou"[ord(letter) % 5]
    return letter


def _kana(sound: str) -> str:
    return {"si": "shi", "ti": "chi", "tu": "tsu", "hu": "fu", "wo": "o"}.get(
        sound, sound
    )
