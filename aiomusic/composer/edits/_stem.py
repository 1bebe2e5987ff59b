"""Splitting a song into stems."""

import attrs

from aiomusic.composer._score import Score
from aiomusic.composer._stems import BASIC_STEMS, FULL_STEMS


def split(score: Score, *, full: bool = False) -> tuple[Score, ...]:
    """
    Return the stems of a song, which sum to its mix.

    Args:
        score: The song; of a stem, the whole song is split.
        full: Into ``FULL_STEMS``, or else into ``BASIC_STEMS``.
    """
    return tuple(_stem(score, name) for name in (FULL_STEMS if full else BASIC_STEMS))


def _stem(score: Score, name: str) -> Score:
    named = name.removeprefix("All ")
    stem = attrs.evolve(score, stem=name, title=f"{score.title} ({named})")
    is_sung = any(track.patch == "voice" for track in stem.tracks)
    return stem if is_sung else attrs.evolve(stem, lines=())
