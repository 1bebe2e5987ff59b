"""The text of lyrics: section tags, lines, syllables and their stress."""

import itertools
import re
import unicodedata
from collections import Counter
from typing import Final

import attrs

from aiomusic.composer._scripts import WORDS, syllables_of

SECTION_NAMES: Final = {
    "verse": ("verse", "strophe", "rap"),
    "prechorus": ("pre-chorus", "prechorus", "pre chorus", "build"),
    "chorus": ("chorus", "hook", "refrain", "drop", "post-chorus"),
    "bridge": ("bridge", "middle eight", "middle 8"),
    "intro": ("intro", "opening"),
    "outro": ("outro", "ending", "end", "coda", "fade"),
    "inst": ("inst", "instrumental", "interlude", "solo", "break"),
}
_TAG: Final = re.compile(r"^\s*[\[(【](?P<tag>[^\])】]{1,40})[\])】]\s*(?P<rest>.*)$")
_WORD: Final = re.compile(rf"[A-Za-zÀ-ÖØ-öø-ɏͰ-ӿ']+|{WORDS}|[^\W\d_]|\d+")
_NUCLEUS: Final = re.compile(
    "[aeiouyà-öø-ÿ]+|[οό][υύ]|[αεο][ιί]|αί|[αε][υύ]|[аеёиоуыэюяіїєαεηιουωάέήίόύώϊϋΐΰ]",
    re.IGNORECASE,
)
_MAX_SYLLABLES, _BREATH_SYLLABLES = 24, 12
_PAUSE: Final = re.compile(r"[^\w\s'-]\s*$")
_BREAKABLE: Final = re.compile(r"[぀-ヿ㐀-鿿가-힯]\W*|[^\s぀-ヿ㐀-鿿가-힯]+\s*|\s+")
_UNSTRESSED: Final = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "from",
        "with",
        "by",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "it",
        "its",
        "i",
        "you",
        "he",
        "she",
        "we",
        "they",
        "me",
        "my",
        "your",
        "his",
        "her",
        "our",
        "their",
        "that",
        "this",
        "so",
        "if",
        "then",
        "will",
        "can",
        "could",
        "would",
        "should",
        "do",
        "does",
        "did",
        "has",
        "have",
        "had",
        "am",
        "not",
    ]
)
# Words that the rules would split wrongly.
_SYLLABIFICATIONS: Final = {
    word.replace("-", ""): tuple(word.split("-"))
    for word in [
        "eve-ry",
        "eve-ry-thing",
        "eve-ry-one",
        "eve-ry-where",
        "eve-ry-bo-dy",
        "eve-ning",
        "some-thing",
        "some-one",
        "some-where",
        "some-times",
        "a-ny-thing",
        "no-thing",
        "qui-et",
        "ri-ot",
        "li-on",
        "po-em",
        "be-ing",
        "go-ing",
        "see-ing",
        "pi-a-no",
        "i-de-a",
        "cre-ate",
        "ra-di-o",
        "vi-o-lin",
        "di-a-mond",
        "hour",
        "flow-er",
        "pow-er",
        "show-er",
        "tow-er",
        "choc-late",
        "dif-frent",
        "cam-ra",
        "fore-ver",
        "home-town",
        "some-bo-dy",
        "with-out",
        "in-side",
        "out-side",
        "be-cause",
        "be-fore",
        "heav-en",
        "o-cean",
        "a-gain",
        "wan-na",
        "gon-na",
        "ma-ny",
        "a-ny",
        "bu-sy",
        "bu-si-ness",
        "is-land",
        "peo-ple",
        "beau-ty",
        "beau-ti-ful",
        "where-ver",
        "what-ever",
        "when-ever",
        "me-lo-dy",
        "me-mo-ry",
    ]
}
_INSEPARABLE: Final = ("th", "sh", "ch", "ck", "ng", "ph", "gh")
_DIGITS: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
]


@attrs.frozen(kw_only=True)
class Syllable:
    """The text sung on one note, and whether it is stressed in speech."""

    text: str
    is_stressed: bool
    ends_word: bool = True

    @property
    def sung(self) -> str:
        """Return the text as scores write it: with a hyphen, if the word goes on."""
        return self.text if self.ends_word else self.text + "-"


@attrs.frozen(kw_only=True)
class Stanza:
    """The lines of one section."""

    kind: str
    lines: tuple[str, ...]


def parse_stanzas(lyrics: str) -> tuple[Stanza, ...]:
    """
    Split lyrics into stanzas.

    A stanza without a tag is a verse, or a chorus if it is repeated word for word.
    """
    groups: list[tuple[str | None, list[str]]] = []
    is_open = False
    for raw in lyrics.splitlines():
        tag = _TAG.match(raw)
        if tag and (kind := section_kind(tag["tag"])):
            groups.append((kind, [tag["rest"]] if tag["rest"].strip() else []))
            is_open = True
        elif tag:
            # A tag such as [Softly] is a direction, not a word.
            continue
        elif not raw.strip():
            is_open = is_open and bool(groups) and not groups[-1][1]
        elif is_open:
            groups[-1][1].append(raw.strip())
        else:
            groups.append((None, [raw.strip()]))
            is_open = True
    return _make_stanzas(groups)


def _make_stanzas(groups: list[tuple[str | None, list[str]]]) -> tuple[Stanza, ...]:
    seen = Counter(tuple(lines) for _, lines in groups)
    return tuple(
        Stanza(
            kind=kind or ("chorus" if seen[tuple(lines)] > 1 else "verse"),
            lines=tuple(
                part
                for line in lines
                for part in _split_long_line(line)
                if split_syllables(part)
            ),
        )
        for kind, lines in groups
    )


def _split_long_line(line: str) -> list[str]:
    """Split a line that is too long for one breath, preferably after punctuation."""
    if len(split_syllables(line)) <= _MAX_SYLLABLES:
        return [line]
    parts, size = [""], 0
    for word in _BREAKABLE.findall(line):
        count = len(split_syllables(word))
        is_paused = size > _BREATH_SYLLABLES / 3 and _PAUSE.search(parts[-1])
        if size and (size + count > _BREATH_SYLLABLES or is_paused):
            parts, size = [*parts, ""], 0
        parts[-1] += word
        size += count
    return [part.strip() for part in parts]


def section_kind(tag: str) -> str | None:
    """Return the kind of section that *tag* names; None if it names none."""
    words = tag.lower().strip()
    for kind in ("prechorus", *SECTION_NAMES):
        if any(words.startswith(name) for name in SECTION_NAMES[kind]):
            return kind
    return None


def split_syllables(line: str) -> tuple[Syllable, ...]:
    """Split a line into syllables."""
    found: list[Syllable] = []
    for word in _WORD.findall(unicodedata.normalize("NFC", line)):
        if word.isdigit():
            for digit in word:
                found += _word_syllables(_DIGITS[int(digit)])
        else:
            found += _word_syllables(word)
    return tuple(found)


def _word_syllables(word: str) -> list[Syllable]:
    parts = _split_word(word)
    if len(parts) == 1:
        return [Syllable(text=word, is_stressed=word.lower() not in _UNSTRESSED)]
    first = 1 if _has_unstressed_prefix(word) else 0
    return [
        Syllable(
            text=part,
            is_stressed=(position - first) % 2 == 0,
            ends_word=position == len(parts) - 1,
        )
        for position, part in enumerate(parts)
    ]


def _has_unstressed_prefix(word: str) -> bool:
    return bool(
        re.match(r"(a(?=[^aeiou]{1,2}[aeiou])|be|re|de|un|to|for)", word, re.IGNORECASE)
    )


def _split_word(word: str) -> list[str]:
    """Split *word* between its vowel groups; a silent final e does not count."""
    if parts := syllables_of(word):
        return parts
    stem, mark, tail = word.partition("'")
    if mark and len(tail) <= 2 and stem:
        *parts, last = _split_word(stem)
        return [*parts, last + mark + tail]
    if word.lower() in _SYLLABIFICATIONS:
        return _split_like(word, _SYLLABIFICATIONS[word.lower()])
    return _split_by_rule(word)


def _split_like(word: str, parts: tuple[str, ...]) -> list[str]:
    """Split *word* at the same places as *parts*, keeping its case."""
    ends = [sum(map(len, parts[: n + 1])) for n in range(len(parts))]
    return [word[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def _split_by_rule(word: str) -> list[str]:
    # The u of qu is not a vowel; masking it keeps the indices.
    masked = re.sub("(?<=q)u", "w", word, flags=re.IGNORECASE)
    nuclei = list(_NUCLEUS.finditer(masked))
    if nuclei and nuclei[0].group().lower() == "y" and nuclei[0].start() == 0:
        nuclei.pop(0)
    if len(nuclei) > 1 and _is_silent(masked, nuclei[-1]):
        nuclei.pop()
    cuts = [0]
    for left, right in itertools.pairwise(nuclei):
        cuts.append(_split_point(word, left.end(), right.start()))
    cuts.append(len(word))
    return [word[a:b] for a, b in itertools.pairwise(cuts)]


def _split_point(word: str, low: int, high: int) -> int:
    """Return where to split the consonants from *low* to *high*, not in a digraph."""
    gap = high - low
    middle = low + (gap // 2 if gap > 1 else 0)
    if word[middle - 1 : middle + 1].lower() in _INSEPARABLE:
        return middle - 1 if middle - 1 > low or gap == len("th") else middle + 1
    return middle


def _is_silent(word: str, nucleus: re.Match[str]) -> bool:
    tail = word[nucleus.start() :].lower()
    before = word[nucleus.start() - 1].lower()
    if re.search(r"[^aeiouyl]le[sd]?$", word.lower()):
        return False
    if tail == "e":
        return not word.lower().endswith("ee")
    if tail == "es":
        return before not in "scxz" and not word.lower().endswith(("shes", "ches"))
    return tail == "ed" and before not in "td"
