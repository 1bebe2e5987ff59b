"""
Producer: one song in about half a minute, and edits of it; riffusion's successor.

API: the producer pages of the second snapshot.  Create and get are documented there;
the other operations are known from a copy of the docs and from clients.
"""

import functools
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias, final

import attrs

from aiomusic._fields import (
    Choice,
    ClipId,
    ClipRef,
    Flag,
    Name,
    Number,
    Text,
    WebAddress,
    generated_ref,
    known_values,
    refuse,
    web_address,
)
from aiomusic._request import Request
from aiomusic.providers._operations import (
    Followed,
    MakeFormat,
    Operations,
    operation,
)
from aiomusic.providers._replies import Provider, read_clips
from aiomusic.results import Clip

__all__ = [
    "PROVIDER",
    "REQUESTS",
    "Cover",
    "Create",
    "Download",
    "Extend",
    "Model",
    "Producer",
    "ReplaceSection",
    "SwapSound",
    "SwapVocals",
    "UploadAudio",
    "Variation",
]

Model: TypeAlias = (
    Literal[
        "FUZZ-2.0 Pro",
        "FUZZ-2.0",
        "FUZZ-2.0 Raw",
        "FUZZ-1.1 Pro",
        "FUZZ-1.1",
        "FUZZ-1.0 Pro",
        "FUZZ-1.0",
        "FUZZ-0.8",
    ]
    | str
)
"""
A model that is known, or the name of any other.

Any other name is sent with one `MusicWarning`; one that equals a known name but for
case, spaces and separators is refused.
"""

DEFAULT_MODEL: Model = "FUZZ-2.0"

PROVIDER = Provider(
    name="producer",
    task_path="/api/v1/producer/task/{task_id}",
    pace_s=5.0,
    typical_s=(20.0, 45.0),
    clips=1,
    read=read_clips,
    audio="m4a",
)

_Clip = Annotated[ClipRef, ClipId(wire="clip_id")]
_Model = Annotated[Model, Name(wire="mv", values=known_values(Model))]
_Sound = Annotated[str | None, Text(wire="sound", least=1)]
_Lyrics = Annotated[str | None, Text(wire="lyrics")]
_Title = Annotated[str | None, Text(wire="title", most=80)]
_Seed = Annotated[str | None, Text(wire="seed", least=1, or_whole=True)]
_Weirdness = Annotated[float | None, Number(wire="weirdness", least=0, most=1)]
_LyricsStrength = Annotated[
    float | None, Number(wire="lyrics_strength", least=0, most=1)
]
_SoundStrength = Annotated[
    float | None, Number(wire="sound_strength", least=0.2, most=1)
]
_CoverStrength = Annotated[float | None, Number(wire="cover_strength", least=0, most=1)]


def _seed(value: str | int | None) -> str | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value  # type: ignore[return-value]


class _MakesAClip(Request[tuple[Clip, ...]]):
    """What all operations have in common: a task that makes one clip."""

    __slots__ = ()
    PROVIDER: ClassVar[str] = "producer"
    PATH: ClassVar[str] = "/api/v1/producer/create"
    COST: ClassVar[int] = 10
    CLIPS: ClassVar[int] = 1
    WEBHOOK: ClassVar[bool] = True


@final
@attrs.frozen
class Create(_MakesAClip):
    """
    Make one song, from a description of its sound, from lyrics, or from both.

    API: create music (producer). 10 credits, one clip, about half a minute.

    Args:
        sound: The style, in words.
        lyrics: The words, of which 20 or more are advised.
        title: At most 80 characters.
        instrumental: Whether to leave out the voice.
        model: See `Model`.
        seed: Text or a whole number: the same seed is to give a similar song.
        lyrics_strength: 0 to 1: how closely to follow *lyrics*; None: 0.5.
        sound_strength: 0.2 to 1: how closely to follow *sound*; None: 0.5.
        weirdness: 0 to 1: how far to stray; None: 0.5.
    """

    OPERATION: ClassVar[str] = "create"
    FIXED: ClassVar[Mapping[str, object]] = {"task_type": "create_music"}

    sound: _Sound = None
    lyrics: _Lyrics = attrs.field(default=None, kw_only=True)
    title: _Title = attrs.field(default=None, kw_only=True)
    instrumental: Annotated[bool, Flag(wire="make_instrumental", omit=False)] = (
        attrs.field(default=False, kw_only=True)
    )
    model: _Model = attrs.field(default=DEFAULT_MODEL, kw_only=True)
    seed: _Seed = attrs.field(default=None, kw_only=True, converter=_seed)
    lyrics_strength: _LyricsStrength = attrs.field(default=None, kw_only=True)
    sound_strength: _SoundStrength = attrs.field(default=None, kw_only=True)
    weirdness: _Weirdness = attrs.field(default=None, kw_only=True)

    def check(self) -> None:
        _check_words(self, self.sound, self.lyrics)


def _check_words(request: Request[Any], sound: str | None, lyrics: str | None) -> None:
    if not (sound or lyrics):
        refuse(request, "sound", "is missing", "give a sound, or lyrics, or both")


@attrs.frozen
class _Edits(_MakesAClip):
    """What all edits of a clip have in common."""

    __slots__ = ()

    clip: _Clip = attrs.field(converter=generated_ref)
    sound: _Sound = attrs.field(default=None, kw_only=True)
    lyrics: _Lyrics = attrs.field(default=None, kw_only=True)
    title: _Title = attrs.field(default=None, kw_only=True)
    model: _Model = attrs.field(default=DEFAULT_MODEL, kw_only=True)
    seed: _Seed = attrs.field(default=None, kw_only=True, converter=_seed)
    lyrics_strength: _LyricsStrength = attrs.field(default=None, kw_only=True)
    sound_strength: _SoundStrength = attrs.field(default=None, kw_only=True)
    weirdness: _Weirdness = attrs.field(default=None, kw_only=True)


@final
@attrs.frozen
class Extend(_Edits):
    """
    Go on from a second of a clip.

    API: a copy of the docs. 10 credits, one clip.

    Args:
        clip: A Clip, or its id; an upload's too.
        at: The second to go on from; None: 30, as the service chooses.
        sound: The style of the added part; it or *lyrics* is needed.
        lyrics: The words of the added part.
        title, model, seed, lyrics_strength, sound_strength, weirdness: As in `Create`.
    """

    OPERATION: ClassVar[str] = "extend"
    FIXED: ClassVar[Mapping[str, object]] = {"task_type": "extend_music"}

    at: Annotated[float | None, Number(wire="starts_at", above=0)] = attrs.field(
        default=None, kw_only=True
    )

    def check(self) -> None:
        _check_words(self, self.sound, self.lyrics)


@final
@attrs.frozen
class Cover(_Edits):
    """
    Sing a clip's song in another style.

    API: a copy of the docs. 10 credits, one clip.

    Args:
        clip: A Clip, or its id; an upload's too.
        sound: The new style; it or *lyrics* is needed.
        lyrics: The words.
        strength: 0 to 1: how far to go from the clip; None: as the service chooses.
        title, model, seed, lyrics_strength, sound_strength, weirdness: As in `Create`.
    """

    OPERATION: ClassVar[str] = "cover"
    FIXED: ClassVar[Mapping[str, object]] = {"task_type": "cover_music"}

    strength: _CoverStrength = attrs.field(default=None, kw_only=True)

    def check(self) -> None:
        _check_words(self, self.sound, self.lyrics)


@final
@attrs.frozen
class ReplaceSection(_Edits):
    """
    Make one section of a clip again and keep the rest.

    API: a copy of the docs. 10 credits, one clip.

    Args:
        clip: A Clip, or its id; an upload's too.
        at: The second at which the section begins.
        until: The second at which it ends; None: the end of the clip.
        sound: The style of the section; it or *lyrics* is needed.
        lyrics: The words of the section.
        title, model, seed, lyrics_strength, sound_strength, weirdness: As in `Create`.
    """

    OPERATION: ClassVar[str] = "replace_section"
    FIXED: ClassVar[Mapping[str, object]] = {"task_type": "replace_music"}

    at: Annotated[float, Number(wire="starts_at", least=0)] = attrs.field(kw_only=True)
    until: Annotated[float | None, Number(wire="ends_at", above=0)] = attrs.field(
        default=None, kw_only=True
    )

    def check(self) -> None:
        _check_words(self, self.sound, self.lyrics)
        if self.until is not None and self.until <= self.at:
            rule = f"it must be after at, {self.at:g}"
            refuse(self, "until", f"is {self.until:g}", rule)


@final
@attrs.frozen
class SwapSound(_Edits):
    """
    Keep a clip's melody and change its instruments.

    API: a copy of the docs. 10 credits, one clip.

    Args:
        clip: A Clip, or its id; an upload's too.
        sound: The new instruments; it or *lyrics* is needed.
        lyrics: The words.
        strength: As in `Cover`.
        title, model, seed, lyrics_strength, sound_strength, weirdness: As in `Create`.
    """

    OPERATION: ClassVar[str] = "swap_sound"
    FIXED: ClassVar[Mapping[str, object]] = {"task_type": "swap_music_sound"}

    strength: _CoverStrength = attrs.field(default=None, kw_only=True)

    def check(self) -> None:
        _check_words(self, self.sound, self.lyrics)


@final
@attrs.frozen
class SwapVocals(_Edits):
    """
    Keep a clip's music and change its voice.

    API: a copy of the docs. 10 credits, one clip.

    Args:
        clip: A Clip, or its id; an upload's too.
        sound: The change of voice, in words; it or *lyrics* is needed.
        lyrics: The words.
        strength: As in `Cover`.
        title, model, seed, lyrics_strength, sound_strength, weirdness: As in `Create`.
    """

    OPERATION: ClassVar[str] = "swap_vocals"
    FIXED: ClassVar[Mapping[str, object]] = {"task_type": "swap_music_vocals"}

    strength: _CoverStrength = attrs.field(default=None, kw_only=True)

    def check(self) -> None:
        _check_words(self, self.sound, self.lyrics)


@final
@attrs.frozen
class Variation(_Edits):
    """
    Make another version of a clip.

    API: a copy of the docs, which says of no text that it is needed here. 10 credits,
    one clip.

    Args:
        clip: A Clip, or its id; an upload's too.
        sound: The style.
        lyrics: The words.
        title, model, seed, lyrics_strength, sound_strength, weirdness: As in `Create`.
    """

    OPERATION: ClassVar[str] = "variation"
    FIXED: ClassVar[Mapping[str, object]] = {"task_type": "music_variation"}


@final
@attrs.frozen
class UploadAudio(_MakesAClip):
    """
    Bring your own audio to the service, for the edits.

    API: a copy of the docs. 2 credits. Unlike suno's, it is a task, whose one clip the
    edits take.

    Args:
        url: A public, direct address of audio that is yours; or a
            `pathlib.Path` of a file of it, which `webhook_url` serves to the service.
    """

    OPERATION: ClassVar[str] = "upload"
    PATH: ClassVar[str] = "/api/v1/producer/upload"
    COST: ClassVar[int] = 2
    WEBHOOK: ClassVar[bool] = False

    url: Annotated[str, WebAddress(wire="audio_url")] = attrs.field(
        converter=web_address
    )


@final
@attrs.frozen
class Download(_MakesAClip):
    """
    Have a clip's audio made in a format of your choice.

    API: a copy of the docs. 2 credits; the task's clip has the link.

    Args:
        clip: A Clip, or its id.
        format: ``"mp3"`` or ``"wav"``.
    """

    OPERATION: ClassVar[str] = "download"
    PATH: ClassVar[str] = "/api/v1/producer/download"
    COST: ClassVar[int] = 2
    WEBHOOK: ClassVar[bool] = False

    clip: _Clip = attrs.field(converter=generated_ref)
    format: Annotated[
        Literal["mp3", "wav"], Choice(wire="format", values=("mp3", "wav"))
    ] = attrs.field(default="mp3", kw_only=True)


REQUESTS: tuple[type[Request[Any]], ...] = (
    Create,
    Extend,
    Cover,
    ReplaceSection,
    SwapSound,
    SwapVocals,
    Variation,
    UploadAudio,
    Download,
)
"""Every kind of request to this provider."""


@final
class Producer(Followed):
    """``music.producer``: each method returns a `MusicJob` at once."""

    __slots__ = ()
    NAME: ClassVar[str] = "producer"

    create: Final = operation(Create)
    extend: Final = operation(Extend)
    cover: Final = operation(Cover)
    replace_section: Final = operation(ReplaceSection)
    swap_sound: Final = operation(SwapSound)
    swap_vocals: Final = operation(SwapVocals)
    variation: Final = operation(Variation)
    upload: Final = operation(UploadAudio)
    download: Final = operation(Download)

    FORMATS: ClassVar[Mapping[str, MakeFormat]] = {
        "mp3": functools.partial(Download, format="mp3"),
        "wav": functools.partial(Download, format="wav"),
    }


OPERATIONS: type[Operations] = Producer
