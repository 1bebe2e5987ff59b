"""Which language a text is in, by its script or its most frequent words."""

import re
from typing import Final

ENGLISH: Final = "en"
# The first script that has a letter in the text decides: kana come before hanzi,
# which Japanese uses too.
_SCRIPTS: Final = (
    ("ja", r"[\u3041-\u30ff]"),
    ("ko", r"[\uac00-\ud7a3\u1100-\u11ff]"),
    ("zh", r"[\u3400-\u9fff]"),
    ("uk", r"[іїєґІЇЄҐ]"),
    ("ru", r"[\u0400-\u04ff]"),
    ("el", r"[\u0370-\u03ff\u1f00-\u1fff]"),
    ("ar", r"[\u0600-\u06ff]"),
    ("he", r"[\u0590-\u05ff]"),
    ("hi", r"[\u0900-\u097f]"),
)
_WORDS: Final = {
    ENGLISH: "the a an and of to in is it you i my me we on for with about song that"
    " this your are was will be not all her his she he they love",
    "es": "el la los las un una y de que en es por para con mi tu yo no se del al como"
    " más sobre canción amor muy ella él eres está cuando donde corazón mis quiero sin"
    " noche alegre triste",
    "fr": "le la les un une des et de du que en est pour avec mon ma mes je tu il elle"
    " nous vous pas ne dans sur chanson amour au aux ce c'est j'ai qui où d'un d'une"
    " très triste amour nuit mer coeur",
    "de": "der die das ein eine einen und von zu in ist für mit mein meine ich du er"
    " sie wir nicht auf über lied liebe den dem im am es wie noch nur wenn auch sind"
    " bin meinen meiner",
    "pt": "o a os as um uma e de do da que em é por para com meu minha eu você não se"
    " no na como mais sobre canção música amor muito ela ele quando onde coração dos"
    " das ao sem noite nós para samba saudade",
    "it": "il lo la i gli le un uno una e di che in è per con mio mia io tu non si del"
    " della come più su canzone amore molto lei lui quando dove cuore sono nel sul al"
    " notte triste dei delle canzoni amori",
}  # fmt: skip
_FREQUENT: Final = {name: frozenset(words.split()) for name, words in _WORDS.items()}
_LETTERS: Final = (
    ("es", r"[ñ¿¡]"),
    ("de", r"[äß]|\bü|ö"),
    ("pt", r"[ãõ]"),
    ("fr", r"[êëîïûœ]|è\w|\b[jcnqmt]'\w"),
    ("it", r"[ìò]\b|\w[àù]\b"),
)
_LETTER_WEIGHT: Final = 2


def language_of(text: str) -> str:
    """Return the code of the likely language of *text*; English if none is likelier."""
    for language, letters in _SCRIPTS:
        if re.search(letters, text):
            return language
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower().replace("\u2019", "'"))
    scores = {
        language: sum(word in frequent for word in words)
        for language, frequent in _FREQUENT.items()
    }
    for language, letters in _LETTERS:
        scores[language] += _LETTER_WEIGHT * len(re.findall(letters, text.lower()))
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > scores[ENGLISH] else ENGLISH


def is_latin(language: str) -> bool:
    """Check whether *language*, as ``language_of()`` names it, is written in Latin."""
    return language in _FREQUENT
