"""What the service refuses for its content: by markers in a text, and by words."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Self, final

import attrs

from aiomusic._fields import Text
from aiomusic._request import Request, fields_of
from aiomusic.emulator._refusals import REFUSALS, RefusalKind
from aiomusic.emulator._tasks import PlannedFailure

__all__ = ["MARKERS", "Moderation", "find_failure"]

_EARLY: Final[dict[str, RefusalKind]] = {
    "[[format]]": "lyrics_format",
    "[[copyright]]": "copyright",
    "[[inappropriate]]": "inappropriate",
    "[[moderation]]": "moderation",
    "[[artist]]": "artist",
    "[[producer]]": "producer_tag",
    "[[language]]": "language",
    "[[semantic]]": "semantic",
}

MARKERS: Final[dict[str, PlannedFailure]] = {
    **{marker: REFUSALS[kind].to_failure() for marker, kind in _EARLY.items()},
    "[[timeout]]": REFUSALS["timeout"].to_failure(is_early=False),
    "[[fail]]": PlannedFailure(
        message="Generation failed. Credits have been refunded."
    ),
    "[[fail-unrefunded]]": PlannedFailure(
        message="Generation failed. Credits were not refunded.", is_refunded=False
    ),
    "[[fail-one]]": PlannedFailure(
        message="Generation failed. Credits were not refunded.",
        is_refunded=False,
        clips=1,
    ),
}
"""
Markers in a request's text that make its task fail.

Content checks answer the poll, as the API's sentences suggest (inferred), and refund
the credits.
"""

_UNREAD: Final = frozenset({"negative_tags", "persona", "seed"})
"""Texts that ask for no content."""
_CONTENT: Final = tuple(kind for kind, one in REFUSALS.items() if one.ends_task)


def find_failure(body: Mapping[str, object]) -> PlannedFailure | None:
    """Return the failure that a marker in the body asks for."""
    for value in body.values():
        if isinstance(value, str) and "[[" in value:
            for marker, failure in MARKERS.items():
                if marker in value:
                    return failure
    return None


@final
@attrs.frozen
class _Word:
    text: str
    kind: RefusalKind | None
    pattern: re.Pattern[str]


@final
@attrs.frozen
class Moderation:
    """Words that make a task fail, wherever they stand in the text of a request."""

    _words: tuple[_Word, ...] = ()

    @classmethod
    def of(cls, words: Collection[str] | Mapping[str, RefusalKind | None]) -> Self:
        """
        Return one for *words*.

        Args:
            words: Words or phrases, or the kind of refusal of each; None: the kind
                that its place suggests.

        Raises:
            TypeError: It is a text.
            ValueError: One is empty, or its kind no refusal of content.
        """
        if isinstance(words, str):
            raise TypeError(f"refuse_words is {words!r}; it is a list of words")
        kinds = words if isinstance(words, Mapping) else dict.fromkeys(words)
        return cls(tuple(_word(text, kind) for text, kind in kinds.items()))

    def failure(self, request: Request[Any]) -> PlannedFailure | None:
        """Return the failure of a request that has one of the words; None: none."""
        for is_sung, text in _texts(request) if self._words else ():
            folded = _folded(text)
            for word in self._words:
                if word.pattern.search(folded):
                    kind = word.kind or ("inappropriate" if is_sung else "moderation")
                    return _failure(kind, word.text)
        return None


def _word(text: str, kind: RefusalKind | None) -> _Word:
    folded = _folded(text).strip()
    if not folded:
        raise ValueError("a word of refuse_words is empty")
    if kind is not None and kind not in _CONTENT:
        known = ", ".join(_CONTENT)
        raise ValueError(f"refuse_words: {text!r} is {kind!r}; it is one of {known}")
    body = r"\s+".join(map(re.escape, folded.split()))
    before = "" if _is_unspaced(folded[0]) else r"(?<!\w)"
    after = "" if _is_unspaced(folded[-1]) else r"(?!\w)"
    return _Word(text, kind, re.compile(f"{before}{body}{after}"))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _is_unspaced(letter: str) -> bool:
    """Check whether a letter's script has no spaces between words."""
    return unicodedata.east_asian_width(letter) in {"F", "W"}


def _texts(request: Request[Any]) -> Iterator[tuple[bool, str]]:
    """Yield each text of a request, and whether it is sung as it is."""
    is_written = bool(getattr(request, "auto_lyrics", False))
    for name, spec in fields_of(type(request)).items():
        value = getattr(request, name)
        if isinstance(spec, Text) and isinstance(value, str) and name not in _UNREAD:
            yield name == "lyrics" and not is_written, value


def _failure(kind: RefusalKind, word: str) -> PlannedFailure:
    refusal = REFUSALS[kind]
    # The sentences that quote what they refuse quote the word.
    message = re.sub("'[^']*'", lambda _: f"'{word}'", refusal.message)
    return refusal.to_failure(message=message)
