# ruff: noqa: PLR2004 (seconds are what this file is about)
"""What the composer is asked for."""

import attrs

from aiomusic.composer._voice import Voice


@attrs.frozen(kw_only=True)
class Segment:
    """A section that the request names, with its length in seconds."""

    kind: str
    duration_s: float


@attrs.frozen(kw_only=True)
class SongSpec:
    """
    An order for one song.

    Args:
        style: free text: prompt, tags, sound, genre and mood words.
        lyrics: words with section tags; None lets the lyricist write them.
        instrumental: nobody sings.
        title: None lets the composer choose.
        duration_s: exact length in seconds; None follows from the form.
        seed: the idea. The same spec is the same score everywhere.
        take: 0 or 1, two performances of one idea.
        voice: "female", "male" or free words of timbre; None chooses.
        singer: a voice that was heard before (a persona); goes before *voice*.
        segments: sections with their lengths, in place of a form of our own.
    """

    style: str
    lyrics: str | None = None
    instrumental: bool = False
    title: str | None = None
    duration_s: float | None = None
    seed: int = 0
    take: int = 0
    voice: str | None = None
    singer: Voice | None = None
    segments: tuple[Segment, ...] = ()

    def __attrs_post_init__(self) -> None:
        """
        Refuse a length that is not a length.

        Raises:
            ValueError: *duration_s* is not above 0 and up to an hour.
        """
        if self.duration_s is not None and not 0 < self.duration_s <= 3600:
            raise ValueError(f"duration_s must be 0 to 3600 s, is {self.duration_s}")
