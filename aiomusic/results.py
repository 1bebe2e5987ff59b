"""What the service makes, as frozen values."""

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import final

import attrs

from aiomusic._json import Portable
from aiomusic._notebook import details, player
from aiomusic._spelling import short_links

__all__ = [
    "AlignedLyrics",
    "AlignedWord",
    "Clip",
    "ClipState",
    "Credits",
    "Instrument",
    "Lyrics",
    "Midi",
    "MidiNote",
    "Persona",
    "TaskSnapshot",
    "Upload",
    "Wav",
]


@final
class ClipState(enum.StrEnum):
    """How far a clip or a task is; UNKNOWN is a word that we don't know."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self in _FINAL


_FINAL = frozenset({ClipState.SUCCEEDED, ClipState.FAILED})


def _link(link: str | None) -> str:
    """Return a link's repr, without the audio that it may hold."""
    return repr(None if link is None else short_links(link))


@final
@attrs.frozen(kw_only=True)
class Clip(Portable):
    """
    One audio that the service made.

    Attributes:
        clip_id: The service's id, for later calls such as extend.
        provider: Who made it: ``"suno"``, ``"riffusion"``, ``"nuro"``,
            ``"producer"``.
        task_id: The task that made it; None if it is not known.
        state: How far it is.
        title, tags, lyrics: As the service has them (producer calls the tags its
            sound); None where it has none.
        audio_url, image_url, video_url: None until there is something to fetch.
            Where a service sends the audio itself, *audio_url* is a ``data:`` link.
        duration: Seconds; None until it is known.
        created_at: When the service made it, with a time zone.
        model: The name of the model that made it (``mv``), which may be another than
            its request's, ``job.request.model``.
        error: The service's words on why it failed.
        raw: The clip as it came over the wire, unknown keys included.
    """

    clip_id: str
    provider: str
    task_id: str | None = None
    state: ClipState
    title: str | None = None
    tags: str | None = None
    lyrics: str | None = None
    audio_url: str | None = attrs.field(default=None, repr=_link)
    image_url: str | None = attrs.field(default=None, repr=_link)
    video_url: str | None = attrs.field(default=None, repr=_link)
    duration: float | None = None
    created_at: datetime | None = None
    model: str | None = None
    error: str | None = None
    raw: Mapping[str, object] = attrs.field(factory=dict, repr=False, eq=False)

    @property
    def is_playable(self) -> bool:
        """Whether there is audio to fetch, be it still a stream."""
        return self.audio_url is not None and self.state is not ClipState.FAILED

    def _repr_html_(self) -> str:
        """Show it in a notebook, with a player."""
        length = None if self.duration is None else f"{self.duration:.0f} s"
        return player(
            self.title or self.clip_id,
            self.tags,
            length,
            None if self.state is ClipState.SUCCEEDED else self.state,
            self.error,
            audio_url=self.audio_url if self.is_playable else None,
            image=self.image_url,
        )


@final
@attrs.frozen(kw_only=True)
class Lyrics(Portable):
    """One version of generated lyrics."""

    title: str
    text: str

    def _repr_html_(self) -> str:
        """Show them in a notebook, folded."""
        return details(self.title, self.text)


@final
@attrs.frozen(kw_only=True)
class Persona(Portable):
    """A voice kept from a clip, to sing other songs."""

    persona_id: str
    name: str


@final
@attrs.frozen(kw_only=True)
class Upload(Portable):
    """
    Your own audio at the service.

    Pass it where a clip is taken: extend, cover and the like then use the task
    type that the service wants for uploads.
    """

    clip_id: str
    provider: str
    url: str = attrs.field(repr=_link)


@final
@attrs.frozen(kw_only=True)
class Wav(Portable):
    """A clip's audio without loss: fetch *url* soon, as links may expire."""

    clip_id: str
    provider: str
    url: str = attrs.field(repr=_link)


@final
@attrs.frozen(kw_only=True)
class MidiNote(Portable):
    """A note: MIDI pitch (60 is middle C), seconds, and velocity from 0 to 1."""

    pitch: int
    start_s: float
    end_s: float
    velocity: float


@final
@attrs.frozen(kw_only=True)
class Instrument(Portable):
    """What one instrument plays."""

    name: str
    notes: tuple[MidiNote, ...]


@final
@attrs.frozen(kw_only=True)
class Midi(Portable):
    """The notes of a clip, and a MIDI file of them at *url*."""

    clip_id: str
    provider: str
    url: str = attrs.field(repr=_link)
    instruments: tuple[Instrument, ...] = ()


@final
@attrs.frozen(kw_only=True)
class AlignedWord(Portable):
    """A word of the lyrics, and when it is sung, in seconds."""

    text: str
    start_s: float
    end_s: float | None


@final
@attrs.frozen(kw_only=True)
class AlignedLyrics(Portable):
    """
    When each word of a clip is sung.

    Attributes:
        words: In the order that they are sung.
        lrc: The lines with their times, as an LRC file has them.
    """

    clip_id: str
    provider: str
    words: tuple[AlignedWord, ...]
    lrc: str


@final
@attrs.frozen(kw_only=True)
class Credits(Portable):
    """The account's balance; extra credits are spent first and never expire."""

    credits: int
    extra_credits: int

    @property
    def total(self) -> int:
        """All that can be spent."""
        return self.credits + self.extra_credits


@final
@attrs.frozen(kw_only=True)
class TaskSnapshot(Portable):
    """
    What one poll of a task showed.

    Attributes:
        state: FAILED only if every clip failed; SUCCEEDED if every clip is final
            and at least one succeeded.
        clips: All clips so far, each with its own state.
        progress: Percent, where the provider tells it (nuro).
        unknown_states: The words for a state that this version does not know.
        unreadable: How many entries could not be read as a clip.
    """

    state: ClipState
    clips: tuple[Clip, ...] = ()
    progress: int | None = None
    unknown_states: tuple[str, ...] = ()
    unreadable: int = 0
