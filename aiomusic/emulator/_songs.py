"""Songs: what a request asks the composer for, and what replies tell of each song."""

import re
from collections.abc import Mapping
from typing import Final, final

import attrs

from aiomusic.composer import Score

__all__ = ["DEFAULT_S", "Song", "SongRequest", "timing_of", "title_of"]

DEFAULT_S: Final = 20.0
"""The length of a song that was not composed, in seconds."""


@final
@attrs.frozen(kw_only=True)
class SongRequest:
    """
    A request in the composer's terms.

    Args:
        style: Free text: prompt, tags, genre, mood.
        lyrics: Empty: the composer writes them.
        title: Empty: the composer chooses one.
        duration_s: Length in seconds; None: the composer chooses.
        voice: A description of the voice.
        segments: Kinds of sections and their lengths in seconds.
        subject: What the composer's lyrics are about; empty: as *style* says.
        avoid: What to keep out.
        closeness: 0 to 1: how closely to follow the style; None: as usual.
        weirdness: 0 to 1: how far to stray; None: as usual.
        lyrics_strength: 0 to 1: how closely to follow the lyrics; None: as usual.
        seed: The same one gives the same song; empty: the emulator's.
        variant: Words that select another melody and other players.
    """

    style: str = ""
    lyrics: str = ""
    title: str = ""
    instrumental: bool = False
    duration_s: float | None = None
    voice: str | None = None
    segments: tuple[tuple[str, float], ...] = ()
    subject: str = ""
    avoid: str = ""
    closeness: float | None = None
    weirdness: float | None = None
    lyrics_strength: float | None = None
    seed: str = ""
    variant: str = ""


@final
@attrs.frozen(kw_only=True)
class Song:
    """
    One song, as far as replies tell of it.

    Attributes:
        timing: The times of its sections and lines; see `timing_of`.
        played_style: The composer's style; empty: it is not composed.
        style_word: The word of the request that names it; None: it is a guess.
        is_ready: Whether its audio can be fetched.
    """

    clip_id: str
    title: str
    lyrics: str
    style: str
    duration_s: float
    audio_url: str
    image_url: str
    timing: Mapping[str, object] = attrs.Factory(dict)
    is_ready: bool = True
    played_style: str = ""
    style_word: str | None = None


def timing_of(score: Score) -> Mapping[str, object]:
    """
    Return start and end of each section and each of its lines, in seconds.

    API: get music (riffusion) has such an object; its content is not documented.
    """
    return {
        "sections": [
            {
                "name": section.kind,
                "start": section.start_s,
                "end": section.end_s,
                "lines": [
                    {"text": line.text, "start": line.start_s, "end": line.end_s}
                    for line in score.lines
                    if line.section == number
                ],
            }
            for number, section in enumerate(score.sections)
        ]
    }


def title_of(request: SongRequest) -> str:
    """Return the title, or the first words of the lyrics or the style."""
    if request.title:
        return request.title
    lines = (line.strip() for line in request.lyrics.splitlines())
    sung = (line for line in lines if line and not line.startswith("["))
    words = re.findall(r"[\w'&-]+", next(sung, request.style))
    return " ".join(word.capitalize() for word in words[:4]) or "Untitled"
