"""What a song is to be about: the names and the things that a description asks for."""

import re
from collections.abc import Iterator
from typing import Final

from aiomusic.composer._genres import GENRE_WORDS
from aiomusic.composer._language import ENGLISH, language_of
from aiomusic.composer._text import split_syllables
from aiomusic.composer.verses import BOOKS, Book


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_PAUSE: Final = re.compile(r"[,.;:!?()\[\]\n/|&+]")
_QUOTED: Final = re.compile('["\u201c\u00ab]([^"\u201d\u00bb]{1,40})["\u201d\u00bb]')
_NAME: Final = r"[^\W\d_a-z][^\W\d_]+(?:['\u2019]s)?"
_NAMES: Final = re.compile(rf"(?<!\w){_NAME}(?: {_NAME})*")
# After these, only a name is what the song is about; after "for", a thing too.
_WEAK: Final = frozenset(("for", "to", "of", "a", "à", "de", "von", "zu", "di", "an"))
_MAX_WORDS: Final = 3
_MAX_SYLLABLES: Final = 6
# Of songs, and of how they sound; none of them is what a song is about.
_PLAIN: Final = _words(
    """
    song songs music lyrics track tune write make create sing singing sung please want
    need like style voice vocals vocal male female man woman singer piano guitar drums
    drum bass violin flute saxophone sax trumpet strings synth synths keyboard beat
    beats tempo mood happy sad slow fast upbeat chill energetic catchy melody verse
    chorus hook bridge intro outro instrumental acoustic electric electronic minor
    major bpm key trailer score film game cinematic radio study warm soft gentle calm
    epic modern classic quiet loud dark bright deep high low hard old new retro club
    dance party background vibe vibes feel feeling energy sound sounds hi-fi very
    really some with without and the that this from into about when where which while
    there their them they then than what your have been only just in on at of for to
    an is are be it its my his her our one two three minute minutes second seconds
    long short solo choir band groove rhythm
    canción cancion música musica alegre triste voz femenina masculina letra ritmo
    chanson musique voix paroles joyeuse joyeux douce doux lente rapide femme homme
    lied musik stimme fröhlich fröhliches traurig trauriges langsames schnelles
    liebeslied schlaflied ballade melodie canção letra feliz lenta rápida voce canzone
    canzoni musicale testo allegra allegro lento veloce uomo donna
    monday tuesday wednesday thursday friday saturday sunday i i'm
    """
)
_NOT_NAMES: Final = _words(
    """
    kids children babies kid baby adults everyone everybody someone you me us him her
    work working sleep sleeping studying study focus gym running yoga meditation
    relaxing dancing driving youtube tiktok video videos podcast game games ads
    commercial tv radio fun bed bedtime school church weddings birthdays
    """
)
_NO_NOUN: Final = ("ly", "ing", "ful", "ed")
_NOUNS: Final = re.compile(r"[^\W\d_]{3,}")


def subjects_of(description: str) -> tuple[str, ...]:
    """
    Return what *description* asks for, at most two: as they are sung, first the main.

    Names and things after "for", "about" and the like, in the description's language,
    and names in capitals; in English, other nouns where there are none.
    """
    language = language_of(description)
    book = BOOKS.get(language, BOOKS[ENGLISH])
    found = [*_QUOTED.findall(description), *_asked_for(description, book)]
    if language != "de":
        found += _capitals(description)
    found = _without_parts(found)
    if not found and language == ENGLISH:
        found = list(_nouns(description))
    return tuple(found[:2])


def is_plain(word: str) -> bool:
    """Check whether *word* is of a genre or of how a song sounds."""
    return _is_of_sound(word) or word.lower() in GENRE_WORDS


def _is_of_sound(word: str) -> bool:
    return word.lower() in _PLAIN


def _asked_for(description: str, book: Book) -> Iterator[str]:
    asking = re.compile(rf"(?<!\w)(?P<how>{book.asking})\s+", re.IGNORECASE)
    for match in asking.finditer(description):
        rest = _PAUSE.split(description[match.end() :])[0]
        ends = rf"(?<!\w)(?:{book.stop}|{book.asking})(?!\w)"
        text = re.split(ends, rest, flags=re.IGNORECASE)[0]
        yield from _phrases(text, match["how"].lower(), book)


def _phrases(text: str, how: str, book: Book) -> Iterator[str]:
    words = _WORD.findall(text)
    has_article = bool(words and re.fullmatch(book.articles, words[0], re.IGNORECASE))
    words = words[has_article:]
    # What is plainly asked for may have a genre's name, such as "about a cowboy".
    is_other = is_plain if how in _WEAK else _is_of_sound
    while words and is_other(words[-1]) and not words[-1][0].isupper():
        words.pop()
    names = [word for word in words if word[0].isupper()]
    if not words or all(is_other(word) for word in words):
        return
    if how in _WEAK and not names and (how != "for" or words[0].lower() in _NOT_NAMES):
        return
    if how == "for" and len(words) == 1 and not has_article:
        # "for emma": a name in small letters.
        yield words[0][0].upper() + words[0][1:]
    elif book is BOOKS["de"] and names:
        # Every noun has a capital; what is before it changes with the sentence.
        yield from reversed(names[:2])
    elif names and not words[0][0].isupper() and words[-1] == names[-1]:
        # "my dog Rex": the name, and who that is.
        yield " ".join(names)
        yield " ".join(words[: words.index(names[0])])
    else:
        phrase = " ".join(words[-_MAX_WORDS:])
        yield phrase if _size(phrase) <= _MAX_SYLLABLES else words[-1]


def _capitals(description: str) -> Iterator[str]:
    """Yield the names: words in capitals that begin no sentence, and "Emma's"."""
    for part in re.split(r"[.!?\n]\s*", description):
        for run in _NAMES.finditer(part):
            words = [re.sub("['\u2019]s$", "", word) for word in run.group().split()]
            if run.start() == 0 and words[0] == run.group().split()[0]:
                words.pop(0)
            kept = [word for word in words if not word.isupper() and not is_plain(word)]
            if kept:
                yield " ".join(kept)


def _without_parts(found: list[str]) -> list[str]:
    """Leave out what is said twice, such as the name in a longer phrase."""
    kept: list[str] = []
    for phrase in (" ".join(one.split()) for one in found):
        words = set(phrase.lower().split())
        if words and not any(words & set(other.lower().split()) for other in kept):
            kept.append(phrase)
    return kept


def _nouns(description: str) -> Iterator[str]:
    text = description.lower()
    for genre in sorted(GENRE_WORDS, key=len, reverse=True):
        text = text.replace(genre, " ") if " " in genre else text
    for word in dict.fromkeys(_NOUNS.findall(text)):
        if is_plain(word) or word in _NOT_NAMES or word.endswith(_NO_NOUN):
            continue
        if 1 <= _size(word) <= 3 and split_syllables(word)[0].is_stressed:
            yield word


def _size(phrase: str) -> int:
    return len(split_syllables(phrase))
