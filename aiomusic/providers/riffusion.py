"""
Riffusion: songs, and edits of their voice, instruments and sections.

API: riffusion instructions and the riffusion pages.  The pages of cover, replace
section, swap sound and most of swap vocals were not seen: their bodies are
inferred from their siblings; ``extra`` corrects them where the service differs.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias, final

import attrs

from aiomusic._job import MusicJob, OnKnownKey, Poll, Submit
from aiomusic._request import (
    CLIP,
    ClipRef,
    Flag,
    Name,
    Number,
    Request,
    Text,
    WebAddress,
    clip_ref,
    known_values,
    refuse,
    wire,
)
from aiomusic.providers._replies import Provider, UploadReply, read_clips
from aiomusic.results import Clip, TaskSnapshot, Upload

__all__ = [
    "PROVIDER",
    "REQUESTS",
    "Cover",
    "Create",
    "CreateWithLyrics",
    "Extend",
    "Model",
    "ReplaceSection",
    "Riffusion",
    "SwapSound",
    "SwapVocals",
    "UploadAudio",
]

Model: TypeAlias = Literal["FUZZ-1.1 Pro", "FUZZ-1.0 Pro", "FUZZ-1.1", "FUZZ-1.0"] | str
"""
A model that is known, or the name of any other.

Those are on the service's own page.
Any other name is sent with one `MusicWarning`; one that equals a known name but for
case, spaces and separators is refused.
"""

# API: of the producer, riffusion's successor; not seen on riffusion's own pages.
PRODUCER_MODELS = ("FUZZ-2.0 Pro", "FUZZ-2.0", "FUZZ-2.0 Raw", "FUZZ-0.8")

DEFAULT_MODEL: Model = "FUZZ-1.1 Pro"
PATH = "/api/v1/riffusion/create"

PROVIDER = Provider(
    name="riffusion",
    task_path="/api/v1/riffusion/task/{task_id}",
    pace_s=15.0,
    typical_s=(30.0, 60.0),
    clips=2,
    read=read_clips,
)

_LYRICS = Text(wire="lyrics", least=1)
_SOUND = Text(wire="sound", least=1)
_TITLE = Text(wire="title", most=120, advised=80)
_MODEL = Name(wire="mv", values=known_values(Model), related=PRODUCER_MODELS)


class _MakesClips(Request[tuple[Clip, ...]]):
    """What all calls have in common that are followed by a task."""

    __slots__ = ()
    PROVIDER = "riffusion"
    PATH = PATH
    COST = 10
    CLIPS = 2


@final
@attrs.frozen
class Create(_MakesClips):
    """
    Make two songs from a description.

    API: create music (with description). 10 credits, two clips, under a minute.

    Args:
        prompt: What to make, at most 3,000 characters.
        model: See `Model`.
    """

    OPERATION: ClassVar = "create"
    FIXED: ClassVar[Mapping[str, object]] = {"custom_mode": False}

    prompt: str = attrs.field(metadata=wire(Text(wire="prompt", least=1, most=3000)))
    model: Model = attrs.field(
        default=DEFAULT_MODEL, kw_only=True, metadata=wire(_MODEL)
    )

    @classmethod
    def matches(cls, body: Mapping[str, object]) -> bool:
        return _is_create(body) and body.get("custom_mode") is not True


@final
@attrs.frozen
class CreateWithLyrics(_MakesClips):
    """
    Make two songs from lyrics.

    API: create music (with lyrics). 10 credits, two clips, under a minute.

    Args:
        lyrics: The words, with tags such as ``[Verse]``; may be empty if
            *instrumental*.
        sound: The style.
        title: At most 120 characters (80 are safe).
        instrumental: Whether to leave out the voice.
        model: See `Model`.
    """

    OPERATION: ClassVar = "create_with_lyrics"
    FIXED: ClassVar[Mapping[str, object]] = {"custom_mode": True}

    lyrics: str = attrs.field(default="", metadata=wire(Text(wire="lyrics")))
    sound: str | None = attrs.field(
        default=None, kw_only=True, metadata=wire(Text(wire="sound"))
    )
    title: str | None = attrs.field(default=None, kw_only=True, metadata=wire(_TITLE))
    instrumental: bool = attrs.field(
        default=False, kw_only=True, metadata=wire(Flag(wire="make_instrumental"))
    )
    model: Model = attrs.field(
        default=DEFAULT_MODEL, kw_only=True, metadata=wire(_MODEL)
    )

    def check(self) -> None:
        if not (self.lyrics or self.instrumental):
            rule = "words are needed unless instrumental=True"
            refuse(self, "lyrics", "is empty", rule)

    @classmethod
    def matches(cls, body: Mapping[str, object]) -> bool:
        return _is_create(body) and body.get("custom_mode") is True


def _is_create(body: Mapping[str, object]) -> bool:
    return body.get("task_type") in ("create_music", None)


@attrs.frozen
class _Edits(_MakesClips):
    """What all edits of a clip have in common."""

    __slots__ = ()
    FIXED: ClassVar[Mapping[str, object]] = {"custom_mode": True}

    clip: ClipRef = attrs.field(converter=clip_ref, metadata=wire(CLIP))
    lyrics: str = attrs.field(kw_only=True, metadata=wire(_LYRICS))
    sound: str = attrs.field(kw_only=True, metadata=wire(_SOUND))
    title: str | None = attrs.field(default=None, kw_only=True, metadata=wire(_TITLE))
    model: Model = attrs.field(
        default=DEFAULT_MODEL, kw_only=True, metadata=wire(_MODEL)
    )


@final
@attrs.frozen
class Extend(_Edits):
    """
    Go on from a second of a clip.

    API: riffusion extend music. 10 credits, two clips.

    Args:
        clip: A Clip, an Upload, or the id of a generated clip.
        at: The whole second to go on from.
        lyrics: The words of the added part.
        sound: The style.
        title, model: As in `CreateWithLyrics`.
    """

    OPERATION: ClassVar = "extend"
    TASK_TYPES: ClassVar = ("extend_music", "extend_upload_music")

    at: int = attrs.field(
        kw_only=True, metadata=wire(Number(wire="continue_at", above=0, whole=True))
    )


@final
@attrs.frozen
class Cover(_Edits):
    """
    Sing a clip's song in another style.

    API: page not seen; the body is inferred from extend. 10 credits, two clips.

    Args:
        clip: A Clip, an Upload, or the id of a generated clip.
        lyrics: The words.
        sound: The new style.
        title, model: As in `CreateWithLyrics`.
    """

    OPERATION: ClassVar = "cover"
    TASK_TYPES: ClassVar = ("cover_music", "cover_upload_music")


@final
@attrs.frozen
class ReplaceSection(_Edits):
    """
    Make one section of a clip anew and keep the rest.

    API: page not seen; the body is inferred.  The name of the field that ends the
    section is not known: ``ends_at`` is what the service's later producer API
    calls it.  10 credits, two clips.

    Args:
        clip: A Clip, an Upload, or the id of a generated clip.
        at: The second at which the section begins.
        until: The second at which it ends; None: the end of the clip.
        lyrics: The words of the section.
        sound: Its style.
        title, model: As in `CreateWithLyrics`.
    """

    OPERATION: ClassVar = "replace_section"
    TASK_TYPES: ClassVar = ("replace_music", "replace_upload_music")

    at: float = attrs.field(
        kw_only=True, metadata=wire(Number(wire="continue_at", least=0))
    )
    until: float | None = attrs.field(
        default=None, kw_only=True, metadata=wire(Number(wire="ends_at", above=0))
    )

    def check(self) -> None:
        if self.until is not None and self.until <= self.at:
            rule = f"it must be after at, {self.at:g}"
            refuse(self, "until", f"is {self.until:g}", rule)


@final
@attrs.frozen
class SwapSound(_Edits):
    """
    Keep a clip's melody and change its instruments.

    API: page not seen; the body is inferred from swap vocals. 10 credits, two clips.

    Args:
        clip: A Clip, an Upload, or the id of a generated clip.
        sound: The new instruments.
        lyrics: The words.
        title, model: As in `CreateWithLyrics`.
    """

    OPERATION: ClassVar = "swap_sound"
    TASK_TYPES: ClassVar = ("swap_music_sound", "swap_upload_music_sound")


@final
@attrs.frozen
class SwapVocals(_Edits):
    """
    Keep a clip's music and change its voice.

    API: riffusion swap music vocals, seen in part; the rest of the body is inferred.
    10 credits, two clips.

    Args:
        clip: A Clip, an Upload, or the id of a generated clip.
        sound: The change of voice, in words.
        lyrics: The words.
        title, model: As in `CreateWithLyrics`.
    """

    OPERATION: ClassVar = "swap_vocals"
    TASK_TYPES: ClassVar = ("swap_music_vocals", "swap_upload_music_vocals")


@final
@attrs.frozen
class UploadAudio(Request[Upload]):
    """
    Bring your own audio to the service, for the edits.

    API: riffusion upload; the shape of the reply is inferred from suno's.
    2 credits.

    Args:
        url: A public, direct address of audio that is yours.
    """

    PROVIDER: ClassVar = "riffusion"
    OPERATION: ClassVar = "upload"
    PATH: ClassVar = "/api/v1/riffusion/upload"
    COST: ClassVar = 2
    REPLY_S: ClassVar = 20.0
    REPLY: ClassVar = UploadReply

    url: str = attrs.field(metadata=wire(WebAddress(wire="url")))


REQUESTS: tuple[type[Request[Any]], ...] = (
    Create,
    CreateWithLyrics,
    Extend,
    Cover,
    ReplaceSection,
    SwapSound,
    SwapVocals,
    UploadAudio,
)
"""Every kind of request to this provider."""


@final
@attrs.frozen
class Riffusion:
    """
    ``music.riffusion``: each method checks, returns a `MusicJob` at once.

    All take *key* (our name for the job, the same after a restart), *metadata*
    (what you want to find again beside it) and *extra* (fields to add to the body
    that is sent, or to override in it).

    Raises:
        InvalidRequest: A field breaks a rule; nothing was sent.
    """

    _submit: Submit
    _poll: Poll

    def create(
        self,
        prompt: str,
        *,
        model: Model = DEFAULT_MODEL,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> MusicJob[tuple[Clip, ...]]:
        """Make two songs from a description; see `Create`."""
        request = Create(prompt, model=model, extra=extra)
        return self._submit(
            request, key=key, metadata=metadata, on_known_key=on_known_key
        )

    def create_with_lyrics(
        self,
        lyrics: str = "",
        *,
        sound: str | None = None,
        title: str | None = None,
        instrumental: bool = False,
        model: Model = DEFAULT_MODEL,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> MusicJob[tuple[Clip, ...]]:
        """Make two songs from lyrics; see `CreateWithLyrics`."""
        request = CreateWithLyrics(
            lyrics,
            sound=sound,
            title=title,
            instrumental=instrumental,
            model=model,
            extra=extra,
        )
        return self._submit(
            request, key=key, metadata=metadata, on_known_key=on_known_key
        )

    def extend(
        self,
        clip: Clip | Upload | str,
        *,
        at: int,
        lyrics: str,
        sound: str,
        title: str | None = None,
        model: Model = DEFAULT_MODEL,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> MusicJob[tuple[Clip, ...]]:
        """Go on from second *at* of a clip; see `Extend`."""
        request = Extend(
            clip,
            at=at,
            lyrics=lyrics,
            sound=sound,
            title=title,
            model=model,
            extra=extra,
        )
        return self._submit(
            request, key=key, metadata=metadata, on_known_key=on_known_key
        )

    def cover(
        self,
        clip: Clip | Upload | str,
        *,
        lyrics: str,
        sound: str,
        title: str | None = None,
        model: Model = DEFAULT_MODEL,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> MusicJob[tuple[Clip, ...]]:
        """Sing a clip's song in another style (inferred); see `Cover`."""
        request = Cover(
            clip,
            lyrics=lyrics,
            sound=sound,
            title=title,
            model=model,
            extra=extra,
        )
        return self._submit(
            request, key=key, metadata=metadata, on_known_key=on_known_key
        )

    def replace_section(
        self,
        clip: Clip | Upload | str,
        *,
        at: float,
        until: float | None = None,
        lyrics: str,
        sound: str,
        title: str | None = None,
        model: Model = DEFAULT_MODEL,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> MusicJob[tuple[Clip, ...]]:
        """Make one section anew (inferred); see `ReplaceSection`."""
        request = ReplaceSection(
            clip,
            at=at,
            until=until,
            lyrics=lyrics,
            sound=sound,
            title=title,
            model=model,
            extra=extra,
        )
        return self._submit(
            request, key=key, metadata=metadata, on_known_key=on_known_key
        )

    def swap_sound(
        self,
        clip: Clip | Upload | str,
        *,
        sound: str,
        lyrics: str,
        title: str | None = None,
        model: Model = DEFAULT_MODEL,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> MusicJob[tuple[Clip, ...]]:
        """Keep the melody, change the instruments (inferred); see `SwapSound`."""
        request = SwapSound(
            clip,
            lyrics=lyrics,
            sound=sound,
            title=title,
            model=model,
            extra=extra,
        )
        return self._submit(
            request, key=key, metadata=metadata, on_known_key=on_known_key
        )

    def swap_vocals(
        self,
        clip: Clip | Upload | str,
        *,
        sound: str,
        lyrics: str,
        title: str | None = None,
        model: Model = DEFAULT_MODEL,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> MusicJob[tuple[Clip, ...]]:
        """Keep the music, change the voice (inferred in part); see `SwapVocals`."""
        request = SwapVocals(
            clip,
            lyrics=lyrics,
            sound=sound,
            title=title,
            model=model,
            extra=extra,
        )
        return self._submit(
            request, key=key, metadata=metadata, on_known_key=on_known_key
        )

    def upload(
        self,
        url: str,
        *,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> MusicJob[Upload]:
        """Bring your own audio to the service; see `UploadAudio`."""
        request = UploadAudio(url, extra=extra)
        return self._submit(
            request, key=key, metadata=metadata, on_known_key=on_known_key
        )

    async def get(self, task_id: str) -> TaskSnapshot:
        """Poll a task once; API: get music (riffusion)."""
        return await self._poll(PROVIDER.name, task_id)
