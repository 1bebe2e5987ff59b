"""The phrases that lyrics are written with, by language."""

from typing import Final

from aiomusic.composer.verses._book import Book
from aiomusic.composer.verses._de import GERMAN
from aiomusic.composer.verses._en import ENGLISH
from aiomusic.composer.verses._es import SPANISH
from aiomusic.composer.verses._fr import FRENCH
from aiomusic.composer.verses._it import ITALIAN
from aiomusic.composer.verses._pt import PORTUGUESE

BOOKS: Final[dict[str, Book]] = {
    "en": ENGLISH,
    "es": SPANISH,
    "fr": FRENCH,
    "de": GERMAN,
    "pt": PORTUGUESE,
    "it": ITALIAN,
}

__all__ = ["BOOKS", "Book"]
