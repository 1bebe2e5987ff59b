"""
Lyrics that rhyme and scan, written from a description and in its language.

A line is an opening and one of the endings that rhyme, or calls what the song is about;
every English line has seven syllables, unless a long name makes it longer.
"""

import re
from functools import lru_cache
from typing import Final

import attrs

from aiomusic.composer._language import ENGLISH, language_of
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._subjects import subjects_of
from aiomusic.composer._text import split_syllables
from aiomusic.composer.verses import BOOKS, Book

_SYLLABLES: Final = 7
_MY: Final = re.compile(r"(?:my|our|his|her|the|your)\s", re.IGNORECASE)
# What an English song says of its subject's line, before or after it, by syllables.
_FILLS: Final = {
    1: ("Now", "Yes", "Oh"),
    2: ("Tonight", "Once more", "Always"),
    3: ("Here and now", "All my life", "Day by day", "One more time"),
    4: ("Morning and night", "Winter and spring"),
}


@attrs.frozen(kw_only=True)
class WrittenLyrics:
    """A title and lyrics with section tags."""

    title: str
    lyrics: str


def write_lyrics(
    description: str, *, seed: int = 0, versions: int = 2
) -> tuple[WrittenLyrics, ...]:
    """
    Write lyrics about *description*; equal arguments give equal lyrics.

    Args:
        description: Free text; the names and things that it asks for are sung of, in
            its language, if that is English, Spanish, French, German, Portuguese or
            Italian.
        seed: Selects among the possible lyrics.
        versions: How many to write; no two are equal.
    """
    return tuple(
        _write_version(description, seed, version, is_short=False)
        for version in range(versions)
    )


def short_lyrics(description: str, *, seed: int) -> WrittenLyrics:
    """Write a verse and a chorus of two lines each, for a song of 20 seconds."""
    return _write_version(description, seed, 0, is_short=True)


def _write_version(
    description: str, seed: int, version: int, *, is_short: bool
) -> WrittenLyrics:
    language = language_of(description)
    book = BOOKS.get(language, BOOKS[ENGLISH])
    rng = SeededRandom("lyrics", seed, description)
    subjects = list(subjects_of(description)) or [rng.choice(book.subjects)]
    is_sad = re.search(rf"\b(?:{book.sad})\b", description.lower()) is not None
    rhymes = rng.shuffled(book.dark_rhymes if is_sad else book.bright_rhymes)
    # Versions use different rhymes, and another subject first.
    rhymes = rhymes[version % 2 :] + rhymes[: version % 2]
    turn = version % len(subjects)
    writer = _LyricsWriter(
        rng=SeededRandom("pen", seed, version, description),
        book=book,
        subjects=subjects[turn:] + subjects[:turn],
        openings=book.dark if is_sad else book.bright,
    )
    title = writer.title()
    chorus = writer.chorus(rhymes[4])
    if is_short:
        text = ["[Verse]", *writer.verse(rhymes[0])[:2], "[Chorus]", *chorus[:2]]
        return WrittenLyrics(title=title, lyrics="\n".join(text))
    blocks = [
        ["[Verse]", *writer.verse(rhymes[0])],
        ["[Chorus]", *chorus],
        ["[Verse]", *writer.verse(rhymes[2])],
        ["[Chorus]", *chorus],
        ["[Bridge]", *writer.couplet(rhymes[3])],
        ["[Chorus]", *chorus],
    ]
    lyrics = "\n\n".join("\n".join(block) for block in blocks)
    return WrittenLyrics(title=title, lyrics=lyrics)


@attrs.frozen(kw_only=True)
class _LyricsWriter:
    """Writes the parts of one version."""

    rng: SeededRandom
    book: Book
    subjects: list[str]
    openings: tuple[str, ...]

    def title(self) -> str:
        """Return a title that names the subject."""
        subject, other = (_titled(one) for one in (self.subjects[0], self.subjects[-1]))
        if other != subject:
            return self.book.both.format(subject, other)
        return self.rng.choice(self.book.titles).format(subject)

    def verse(self, rhymes: tuple[str, ...]) -> list[str]:
        """Return four lines; the second and the fourth rhyme."""
        first, second = self.couplet(rhymes)
        opening = self._call(self.book.calls, self.subjects[0])
        turning = self._call(self.book.calls, self.subjects[-1])
        if turning == opening:
            turning = self.couplet(rhymes)[0]
        return [opening, first, turning, second]

    def couplet(self, rhymes: tuple[str, ...]) -> list[str]:
        """Return two lines that rhyme."""
        openings = self.rng.shuffled(self.openings)
        endings = self.rng.shuffled(rhymes)
        return [
            f"{opening} {ending}"
            for opening, ending in zip(openings[:2], endings[:2], strict=True)
        ]

    def chorus(self, rhymes: tuple[str, ...]) -> list[str]:
        """Return four lines; the first and the third are the hook."""
        hook = self._call(self.book.hooks, self.subjects[0])
        first, second = self.couplet(rhymes)
        return [hook, first, hook, second]

    def _call(self, lines: tuple[str, ...], subject: str) -> str:
        if self.book is BOOKS[ENGLISH]:
            line = self._scanning(lines, _with_article(subject))
        else:
            line = self.rng.choice(lines).format(*[subject] * 2)
        return line[0].upper() + line[1:]

    def _scanning(self, lines: tuple[str, ...], subject: str) -> str:
        """Return an English line of seven syllables with *subject*, if one is found."""
        texts = [line.format(subject) for line in lines]
        exact = [text for text in texts if _size(text) == _SYLLABLES]
        for text in texts:
            fills = _FILLS.get(_SYLLABLES - _size(text), ())
            exact += [f"{text}, {fill.lower()}" for fill in fills]
        return self.rng.choice(exact or [min(texts, key=_distance)])


def _distance(text: str) -> int:
    return abs(_size(text) - _SYLLABLES)


@lru_cache(maxsize=4096)
def _size(text: str) -> int:
    return len(split_syllables(text))


def _with_article(subject: str) -> str:
    """Return an English subject as it stands in a sentence."""
    is_name = any(word[0].isupper() for word in subject.split())
    if is_name or _MY.match(subject) or not subject.isascii():
        return subject
    return subject if subject.endswith("s") or " " in subject else f"the {subject}"


def _titled(subject: str) -> str:
    bare = re.sub(r"^the\s", "", subject)
    return " ".join(word[0].upper() + word[1:] for word in bare.split())
