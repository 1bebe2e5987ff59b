"""The input of the composer: what a song should be."""

import attrs

from aiomusic.composer._voice import Voice


@attrs.frozen(kw_only=True)
class Segment:
    """A requested section, such as "verse", and its length in seconds."""

    kind: str
    duration_s: float


@attrs.frozen(kw_only=True)
class SongSpec:
    """
    The specification of one song.

    Args:
        style: Free text: prompt, tags, sound, genre and mood.
        lyrics: Words with section tags; None: the composer writes them.
        instrumental: Whether nobody sings.
        title: None: the composer chooses one.
        duration_s: Exact length in seconds; None: follows from the form.
        seed: Selects the song. Equal specs give equal scores on every machine.
        take: 0 or 1: two performances of the same song.
        voice: "female", "male" or a description of timbre; None: chosen by the seed.
        singer: An existing voice (a persona); takes precedence over *voice*.
        segments: Sections with their lengths, in place of a form chosen here.
        subject: What written lyrics are about; None: as in *style*.
        avoid: Styles, players, moods and singers to keep out, separated by commas.
        closeness: 0 to 1: how closely to follow the style; 0.5 as it usually varies.
        weirdness: 0 to 1: how far chords and melody stray; 0.5 as usual.
        voice_db: Added to the level of the voice.
        usual_s: Length in seconds if neither *duration_s* nor *style* nor the lyrics
            that are given say one.
        variant: Selects another melody and other players of the same idea.
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
    subject: str | None = None
    avoid: str = ""
    closeness: float = 0.5
    weirdness: float = 0.5
    voice_db: float = 0.0
    usual_s: float = 20.0
    variant: int = 0

    def __attrs_post_init__(self) -> None:
        """
        Check the length.

        Raises:
            ValueError: *duration_s* is not between 0 and 3600 s.
        """
        if self.duration_s is not None and not 0 < self.duration_s <= 3600:
            raise ValueError(f"duration_s must be 0 to 3600 s, is {self.duration_s}")
