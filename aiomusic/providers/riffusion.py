"""
Riffusion: songs, and edits of their voice, instruments and sections.

The vendor calls it legacy and names producer as its successor; it works as before, and
new programs are better off with `aiomusic.producer`.

API: riffusion instructions and the riffusion pages.  The pages of cover, replace
section, swap sound and most of swap vocals were not seen: their bodies are
inferred from their siblings; ``extra`` corrects them where the service differs.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias, final

import attrs

from aiomusic._fields import (
    ClipId,
    ClipRef,
    Flag,
    Name,
    Number,
    Text,
    WebAddress,
    clip_ref,
    known_values,
    refuse,
    web_address,
)
from aiomusic._request import DirectReply, Request
from aiomusic.providers._operations import Followed, Operations, operation
from aiomusic.providers._replies import Provider, UploadReply, read_clips
from aiomusic.results import Clip, Upload

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

_Clip = Annotated[ClipRef, ClipId(takes_uploads=True)]
_Lyrics = Annotated[str, Text(wire="lyrics", least=1)]
_Sound = Annotated[str, Text(wire="sound", least=1)]
_Title = Annotated[str | None, Text(wire="title", most=120, advised=80)]
_Model = Annotated[
    Model, Name(wire="mv", values=known_values(Model), related=PRODUCER_MODELS)
]


class _MakesClips(Request[tuple[Clip, ...]]):
    """What all calls have in common that are followed by a task."""

    __slots__ = ()
    PROVIDER: ClassVar[str] = "riffusion"
    PATH: ClassVar[str] = PATH
    COST: ClassVar[int] = 10
    CLIPS: ClassVar[int] = 2


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

    OPERATION: ClassVar[str] = "create"
    FIXED: ClassVar[Mapping[str, object]] = {"custom_mode": False}

    prompt: Annotated[str, Text(wire="prompt", least=1, most=3000)]
    model: _Model = attrs.field(default=DEFAULT_MODEL, kw_only=True)

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

    OPERATION: ClassVar[str] = "create_with_lyrics"
    FIXED: ClassVar[Mapping[str, object]] = {"custom_mode": True}

    lyrics: Annotated[str, Text(wire="lyrics")] = ""
    sound: Annotated[str | None, Text(wire="sound")] = attrs.field(
        default=None, kw_only=True
    )
    title: _Title = attrs.field(default=None, kw_only=True)
    instrumental: Annotated[bool, Flag(wire="make_instrumental")] = attrs.field(
        default=False, kw_only=True
    )
    model: _Model = attrs.field(default=DEFAULT_MODEL, kw_only=True)

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

    clip: _Clip = attrs.field(converter=clip_ref)
    lyrics: _Lyrics = attrs.field(kw_only=True)
    sound: _Sound = attrs.field(kw_only=True)
    title: _Title = attrs.field(default=None, kw_only=True)
    model: _Model = attrs.field(default=DEFAULT_MODEL, kw_only=True)


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

    OPERATION: ClassVar[str] = "extend"
    TASK_TYPES: ClassVar[tuple[str, str] | None] = (
        "extend_music",
        "extend_upload_music",
    )

    at: Annotated[int, Number(wire="continue_at", above=0, whole=True)] = attrs.field(
        kw_only=True
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

    OPERATION: ClassVar[str] = "cover"
    TASK_TYPES: ClassVar[tuple[str, str] | None] = ("cover_music", "cover_upload_music")


@final
@attrs.frozen
class ReplaceSection(_Edits):
    """
    Make one section of a clip again and keep the rest.

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

    OPERATION: ClassVar[str] = "replace_section"
    TASK_TYPES: ClassVar[tuple[str, str] | None] = (
        "replace_music",
        "replace_upload_music",
    )

    at: Annotated[float, Number(wire="continue_at", least=0)] = attrs.field(
        kw_only=True
    )
    until: Annotated[float | None, Number(wire="ends_at", above=0)] = attrs.field(
        default=None, kw_only=True
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

    OPERATION: ClassVar[str] = "swap_sound"
    TASK_TYPES: ClassVar[tuple[str, str] | None] = (
        "swap_music_sound",
        "swap_upload_music_sound",
    )


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

    OPERATION: ClassVar[str] = "swap_vocals"
    TASK_TYPES: ClassVar[tuple[str, str] | None] = (
        "swap_music_vocals",
        "swap_upload_music_vocals",
    )


@final
@attrs.frozen
class UploadAudio(Request[Upload]):
    """
    Bring your own audio to the service, for the edits.

    API: riffusion upload; the shape of the reply is inferred from suno's.
    2 credits.

    Args:
        url: A public, direct address of audio that is yours; or a
            `pathlib.Path` of a file of it, which `webhook_url` serves to the service.
    """

    PROVIDER: ClassVar[str] = "riffusion"
    OPERATION: ClassVar[str] = "upload"
    PATH: ClassVar[str] = "/api/v1/riffusion/upload"
    COST: ClassVar[int] = 2
    REPLY_S: ClassVar[float] = 20.0
    REPLY: ClassVar[type[DirectReply] | None] = UploadReply

    url: Annotated[str, WebAddress(wire="url")] = attrs.field(converter=web_address)


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
class Riffusion(Followed):
    """
    ``music.riffusion``: each method returns a `MusicJob` at once.

    The vendor calls riffusion legacy; its successor is ``music.producer``.
    """

    __slots__ = ()
    NAME: ClassVar[str] = "riffusion"

    create: Final = operation(Create)
    create_with_lyrics: Final = operation(CreateWithLyrics)
    extend: Final = operation(Extend)
    cover: Final = operation(Cover)
    replace_section: Final = operation(ReplaceSection)
    swap_sound: Final = operation(SwapSound)
    swap_vocals: Final = operation(SwapVocals)
    upload: Final = operation(UploadAudio)


OPERATIONS: type[Operations] = Riffusion
