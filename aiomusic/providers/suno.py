"""
Suno: songs from a description or from lyrics, and everything done with a clip.

API: suno instructions and the suno pages (create, extend, concat, cover,
persona, upload, get music).
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias, cast, final

import attrs

from aiomusic._bodies import folded
from aiomusic._fields import (
    Choice,
    ClipId,
    ClipRef,
    Flag,
    Name,
    Number,
    Text,
    WebAddress,
    clip_ref,
    generated_ref,
    known_values,
    refuse,
    web_address,
)
from aiomusic._request import DirectReply, Request
from aiomusic._timed_lyrics import lines_of, lrc_text, timed_words
from aiomusic.providers._operations import (
    Followed,
    MakeFormat,
    Operations,
    operation,
)
from aiomusic.providers._replies import (
    Provider,
    Unreadable,
    UploadReply,
    read_clips,
    text_at,
    words,
)
from aiomusic.results import (
    AlignedLyrics,
    AlignedWord,
    Clip,
    Instrument,
    Midi,
    MidiNote,
    Persona,
    Upload,
    Wav,
)

__all__ = [
    "PROVIDER",
    "REQUESTS",
    "AlignLyrics",
    "Concat",
    "Cover",
    "Create",
    "CreatePersona",
    "CreateWithPersona",
    "Extend",
    "GetMidi",
    "GetWav",
    "Model",
    "Stems",
    "Suno",
    "UploadAudio",
]

Model: TypeAlias = (
    Literal[
        "chirp-v3-5",
        "chirp-v4",
        "chirp-v4-5",
        "chirp-v4-5-plus",
        "chirp-v5",
        "chirp-v5-5",
        "chirp-v6",
        "chirp-v6-wild",
        "chirp-v6-mini",
    ]
    | str
)
"""
A model that is known, or the name of any other.

``chirp-v4-5`` and later take longer texts and make up to 8 minutes, not 4.
The first five are on this service's own pages.
The last four are not: public clients of sister services use them (confidence high
there), and they were never seen at this host.
A sister service renders the ids before ``chirp-v6`` by v6 (confidence medium), so
the ``model`` of a `Clip` may differ from the one that was asked for.
Any other name is sent with one `MusicWarning`, under the limits of the newest model;
one that equals a known name but for case, spaces and separators is refused.
"""

OLDER_MODELS = ("chirp-v3-5", "chirp-v4")
"""They take shorter texts than all after them (API: suno instructions)."""

DEFAULT_MODEL: Model = "chirp-v4-5"
PATH = "/api/v1/suno/create"

PROVIDER = Provider(
    name="suno",
    task_path="/api/v1/suno/task/{task_id}",
    pace_s=15.0,
    typical_s=(60.0, 180.0),
    clips=2,
    read=read_clips,
)

_Clip = Annotated[ClipRef, ClipId(takes_uploads=True)]
_GeneratedClip = Annotated[ClipRef, ClipId()]
_ClipById = Annotated[ClipRef, ClipId(wire="clip_id")]
_Lyrics = Annotated[
    str, Text(wire="prompt", least=1, most=5000, older_most=3000, older=OLDER_MODELS)
]
_Title = Annotated[str | None, Text(wire="title", most=120, advised=80)]
_Tags = Annotated[
    str | None,
    Text(wire="tags", most=1000, advised=80, older_most=200, older=OLDER_MODELS),
]
_Model = Annotated[Model, Name(wire="mv", values=known_values(Model))]


class _MakesClips(Request[tuple[Clip, ...]]):
    """What all calls have in common that are followed by a task."""

    __slots__ = ()
    PROVIDER: ClassVar[str] = "suno"
    PATH: ClassVar[str] = PATH
    COST: ClassVar[int] = 10
    CLIPS: ClassVar[int] = 2
    WEBHOOK: ClassVar[bool] = True


@final
@attrs.frozen
class Create(_MakesClips):
    """
    Make two songs, from a description or from lyrics.

    API: create music. 10 credits, two clips, 1 to 3 minutes.

    Args:
        description: What the song is about, at most 400 characters (200 are safe);
            the service then writes the lyrics, and what else is not given, itself.
        lyrics: The words, with tags such as ``[Verse]``: at most 3,000 characters,
            5,000 from chirp-v4-5 on.
        title: At most 120 characters (80 are safe).
        tags: The style, at most 200 characters, 1,000 from chirp-v4-5 on (80 are
            safe).  Beside a description *title* and *tags* are sent too: a sister
            service's page shows them there (confidence high), this one's does not,
            so the service may follow them, or write its own as if they were absent.
        instrumental: Whether to leave out the voice; with it *lyrics* may be empty.
        model: See `Model`.
        negative_tags: Styles to keep out; only with lyrics (second snapshot).
        style_weight: 0 to 1: how closely to follow *tags* (second snapshot).
        weirdness: 0 to 1: how far to stray (second snapshot).
        vocal_gender: From chirp-v4-5 on (second snapshot).
        auto_lyrics: Take *lyrics* as a description of the words to write (second
            snapshot).
    """

    OPERATION: ClassVar[str] = "create"

    description: Annotated[
        str | None, Text(wire="gpt_description_prompt", least=1, most=400, advised=199)
    ] = None
    lyrics: Annotated[
        str | None, Text(wire="prompt", most=5000, older_most=3000, older=OLDER_MODELS)
    ] = attrs.field(default=None, kw_only=True)
    title: _Title = attrs.field(default=None, kw_only=True)
    tags: _Tags = attrs.field(default=None, kw_only=True)
    instrumental: Annotated[bool, Flag(wire="make_instrumental")] = attrs.field(
        default=False, kw_only=True
    )
    model: _Model = attrs.field(default=DEFAULT_MODEL, kw_only=True)
    negative_tags: Annotated[str | None, Text(wire="negative_tags", most=1000)] = (
        attrs.field(default=None, kw_only=True)
    )
    style_weight: Annotated[
        float | None, Number(wire="style_weight", least=0, most=1)
    ] = attrs.field(default=None, kw_only=True)
    weirdness: Annotated[
        float | None, Number(wire="weirdness_constraint", least=0, most=1)
    ] = attrs.field(default=None, kw_only=True)
    vocal_gender: Annotated[
        Literal["f", "m"] | None, Choice(wire="vocal_gender", values=("f", "m"))
    ] = attrs.field(default=None, kw_only=True)
    auto_lyrics: Annotated[bool, Flag(wire="auto_lyrics", omit=False)] = attrs.field(
        default=False, kw_only=True
    )

    @property
    def is_custom(self) -> bool:
        """Whether the caller brings the words."""
        return self.lyrics is not None

    def check(self) -> None:
        if self.description is None and self.lyrics is None:
            refuse(self, "description", "is missing", "give a description, or lyrics")
        if self.description is not None and self.lyrics is not None:
            rule = "give a description, or lyrics, not both"
            refuse(self, "lyrics", "is given beside description", rule)
        if self.lyrics is not None and not (self.lyrics or self.instrumental):
            rule = "words are needed unless instrumental=True"
            refuse(self, "lyrics", "is empty", rule)
        if not self.is_custom:
            self._check_description_only()
        if self.vocal_gender is not None and self.model in OLDER_MODELS:
            rule = "it needs model chirp-v4-5 or later"
            refuse(self, "vocal_gender", f"is set for {self.model}", rule)

    def _check_description_only(self) -> None:
        if self.negative_tags is not None:
            rule = "with a description the service chooses it; give lyrics"
            refuse(self, "negative_tags", "is given beside description", rule)
        if self.auto_lyrics:
            rule = "it needs lyrics, read as a description of the words"
            refuse(self, "auto_lyrics", "is set beside description", rule)

    def to_body(self) -> dict[str, object]:
        body = super().to_body()
        if self.is_custom and not self.instrumental:
            # The API's own example of this mode leaves it out.
            body.pop("make_instrumental")
        return {"custom_mode": self.is_custom, **body, **self.extra}

    @classmethod
    def matches(cls, body: Mapping[str, object]) -> bool:
        return body.get("task_type") in ("create_music", None)


@attrs.frozen
class _Rewrites(_MakesClips):
    """What extend and cover have in common: new words on an old clip."""

    __slots__ = ()
    FIXED: ClassVar[Mapping[str, object]] = {"custom_mode": True}

    clip: _Clip = attrs.field(converter=clip_ref)


@final
@attrs.frozen
class Extend(_Rewrites):
    """
    Go on from a second of a clip; the new clip holds the added part alone.

    API: extend music. 10 credits, two clips; join them with `Concat`.

    Args:
        clip: A Clip, an Upload, or the id of a generated clip.
        at: The second to go on from, above 0 (0.1 to begin at an upload's start).
        lyrics: The words of the added part.
        title, tags, model: As in `Create`.
    """

    OPERATION: ClassVar[str] = "extend"
    TASK_TYPES: ClassVar[tuple[str, str] | None] = (
        "extend_music",
        "extend_upload_music",
    )

    at: Annotated[float, Number(wire="continue_at", above=0)] = attrs.field(
        kw_only=True
    )
    lyrics: _Lyrics = attrs.field(kw_only=True)
    title: _Title = attrs.field(default=None, kw_only=True)
    tags: _Tags = attrs.field(default=None, kw_only=True)
    model: _Model = attrs.field(default=DEFAULT_MODEL, kw_only=True)


@final
@attrs.frozen
class Cover(_Rewrites):
    """
    Sing a clip's song in another style.

    API: cover music. 10 credits, two clips.

    Args:
        clip: A Clip, an Upload, or the id of a generated clip.
        lyrics: The words.
        title, tags, model: As in `Create`.
        audio_weight: 0 to 1: how close to stay to an upload (uploads only).
    """

    OPERATION: ClassVar[str] = "cover"
    TASK_TYPES: ClassVar[tuple[str, str] | None] = ("cover_music", "cover_upload_music")

    lyrics: _Lyrics = attrs.field(kw_only=True)
    title: _Title = attrs.field(default=None, kw_only=True)
    tags: _Tags = attrs.field(default=None, kw_only=True)
    model: _Model = attrs.field(default=DEFAULT_MODEL, kw_only=True)
    audio_weight: Annotated[
        float | None, Number(wire="audio_weight", least=0, most=1)
    ] = attrs.field(default=None, kw_only=True)

    def check(self) -> None:
        if self.audio_weight is not None and not self.clip.is_upload:
            refuse(self, "audio_weight", "is set", "only the cover of an upload has it")


@final
@attrs.frozen
class Concat(_MakesClips):
    """
    Join an extension to what it extends, as one whole song.

    API: concat music. One clip. The price is not on the API's page; 2 credits is a
    sister service's.

    Args:
        clip: A clip that `Extend` made.
    """

    OPERATION: ClassVar[str] = "concat"
    COST: ClassVar[int] = 2
    CLIPS: ClassVar[int] = 1
    WEBHOOK: ClassVar[bool] = False
    FIXED: ClassVar[Mapping[str, object]] = {"task_type": "concat_music"}

    clip: _GeneratedClip = attrs.field(converter=generated_ref)


def _persona_id(persona: Persona | str) -> str:
    return persona.persona_id if isinstance(persona, Persona) else persona


@final
@attrs.frozen
class CreateWithPersona(_MakesClips):
    """
    Make two songs in the voice of a persona.

    API: create music with persona. 10 credits, two clips.

    Args:
        persona: A Persona, or its id.
        lyrics: The words.
        title, tags, model: As in `Create`.
    """

    OPERATION: ClassVar[str] = "create_with_persona"
    FIXED: ClassVar[Mapping[str, object]] = {
        "task_type": "persona_music",
        "custom_mode": True,
    }

    persona: Annotated[str, Text(wire="persona_id", least=1)] = attrs.field(
        converter=_persona_id
    )
    lyrics: _Lyrics = attrs.field(kw_only=True)
    title: _Title = attrs.field(default=None, kw_only=True)
    tags: _Tags = attrs.field(default=None, kw_only=True)
    model: _Model = attrs.field(default=DEFAULT_MODEL, kw_only=True)


@final
@attrs.frozen(kw_only=True)
class _PersonaReply:
    persona_id: str

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "_PersonaReply":
        return cls(persona_id=text_at(raw, "persona_id", "id"))

    def to_result(self, request: "CreatePersona") -> Persona:
        return Persona(persona_id=self.persona_id, name=request.name)


@final
@attrs.frozen
class CreatePersona(Request[Persona]):
    """
    Keep the voice of a clip, to sing other songs with.

    API: create persona, in the shape of the first snapshot; for the second,
    ``extra={"clip_id": …}``.  The price is not on the API's pages; 1 credit is a
    sister service's.  Use a clip that is less than a day old.

    Args:
        clip: A Clip, or its id.
        name: At most 80 characters.
        description: What the voice is like, at most 200 characters.
    """

    PROVIDER: ClassVar[str] = "suno"
    OPERATION: ClassVar[str] = "create_persona"
    PATH: ClassVar[str] = "/api/v1/suno/persona"
    COST: ClassVar[int] = 1
    REPLY: ClassVar[type[DirectReply] | None] = _PersonaReply

    clip: _GeneratedClip = attrs.field(converter=generated_ref)
    name: Annotated[str, Text(wire="name", least=1, most=80)] = attrs.field(
        kw_only=True
    )
    description: Annotated[str, Text(wire="description", least=1, most=200)] = (
        attrs.field(kw_only=True)
    )


@final
@attrs.frozen
class UploadAudio(Request[Upload]):
    """
    Bring your own audio to the service, for extend and cover.

    API: upload music. 2 credits; the reply takes about 20 seconds.

    Args:
        url: A public, direct address of 6 to 60 seconds of audio that is yours; or a
            `pathlib.Path` of a file of it, which `webhook_url` serves to the service.
    """

    PROVIDER: ClassVar[str] = "suno"
    OPERATION: ClassVar[str] = "upload"
    PATH: ClassVar[str] = "/api/v1/suno/upload"
    COST: ClassVar[int] = 2
    REPLY_S: ClassVar[float] = 20.0
    REPLY: ClassVar[type[DirectReply] | None] = UploadReply

    url: Annotated[str, WebAddress(wire="url")] = attrs.field(converter=web_address)


@final
@attrs.frozen
class Stems(Request[tuple[Clip, ...]]):
    """
    Split a clip into its stems, each a clip of its own.

    API: stems (second snapshot). The price is not on the API's pages; those of sister
    services differ, and these are the higher: 20 credits for two stems (voice and
    instruments), 75 for twelve.

    Args:
        clip: A Clip, or its id.
        full: Whether to split it into twelve stems, and not into two.
    """

    PROVIDER: ClassVar[str] = "suno"
    OPERATION: ClassVar[str] = "stems"
    PATH: ClassVar[str] = "/api/v1/suno/stems/basic"
    COST: ClassVar[int] = 20
    CLIPS: ClassVar[int] = 2

    clip: _ClipById = attrs.field(converter=generated_ref)
    full: Annotated[bool, Flag(wire="full", chooses_path=True)] = attrs.field(
        default=False, kw_only=True
    )

    @property
    def cost(self) -> int:
        return _FULL_COST if self.full else self.COST

    @property
    def clips(self) -> int:
        return _FULL_CLIPS if self.full else self.CLIPS

    @property
    def path(self) -> str:
        return _FULL_PATH if self.full else self.PATH

    @classmethod
    def most_clips(cls) -> int:
        return _FULL_CLIPS

    @classmethod
    def paths(cls) -> Mapping[str, Mapping[str, object]]:
        return {cls.PATH: {"full": False}, _FULL_PATH: {"full": True}}


_FULL_PATH, _FULL_COST, _FULL_CLIPS = "/api/v1/suno/stems/full", 75, 12


@final
@attrs.frozen(kw_only=True)
class _WavReply:
    url: str

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "_WavReply":
        return cls(url=text_at(raw, "wav_url", "url"))

    def to_result(self, request: "GetWav") -> Wav:
        clip_id = request.clip.clip_id
        return Wav(clip_id=clip_id, provider=request.PROVIDER, url=self.url)


@final
@attrs.frozen
class GetWav(Request[Wav]):
    """
    Have a clip's audio as WAV.

    API: wav (second snapshot). The price is not on the API's page; 2 credits is the
    higher of the sister services'.

    Args:
        clip: A Clip, or its id.
    """

    PROVIDER: ClassVar[str] = "suno"
    OPERATION: ClassVar[str] = "wav"
    PATH: ClassVar[str] = "/api/v1/suno/wav"
    COST: ClassVar[int] = 2
    REPLY_S: ClassVar[float] = 20.0
    REPLY: ClassVar[type[DirectReply] | None] = _WavReply

    clip: _ClipById = attrs.field(converter=generated_ref)


@final
@attrs.frozen(kw_only=True)
class _MidiReply:
    url: str
    instruments: tuple[Instrument, ...]

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "_MidiReply":
        listed = folded(raw).get("instruments")
        found = listed if isinstance(listed, list) else []
        return cls(
            url=text_at(raw, "midi_url", "url"),
            instruments=tuple(map(_instrument, map(folded, found))),
        )

    def to_result(self, request: "GetMidi") -> Midi:
        return Midi(
            clip_id=request.clip.clip_id,
            provider=request.PROVIDER,
            url=self.url,
            instruments=self.instruments,
        )


def _instrument(fields: Mapping[str, Any]) -> Instrument:
    listed = fields.get("notes")
    notes = map(_note, map(folded, listed if isinstance(listed, list) else []))
    return Instrument(
        name=words(fields.get("name")) or "",
        notes=tuple(note for note in notes if note is not None),
    )


def _note(fields: Mapping[str, Any]) -> MidiNote | None:
    """Read a note; None: the file at the link must tell it."""
    try:
        return MidiNote(
            pitch=int(_number(fields.get("pitch"), MAX_PITCH)),
            start_s=_number(fields.get("start"), MAX_S),
            end_s=_number(fields.get("end"), MAX_S),
            velocity=_number(fields.get("velocity"), 1),
        )
    except ValueError:
        return None


MAX_PITCH, MAX_S = 127, 100_000


def _number(value: object, most: float) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (is_number and 0 <= cast("float", value) <= most):
        raise ValueError
    return float(cast("float", value))


@final
@attrs.frozen
class GetMidi(Request[Midi]):
    """
    Have the notes of a clip, or of one of its stems.

    API: a copy of the docs (second snapshot), which says that it may have to be asked
    for again until it is ready. The price is not on the API's pages; 1 credit is a
    sister service's.

    Args:
        clip: A Clip, or its id.
    """

    PROVIDER: ClassVar[str] = "suno"
    OPERATION: ClassVar[str] = "midi"
    PATH: ClassVar[str] = "/api/v1/suno/midi"
    COST: ClassVar[int] = 1
    REPLY_S: ClassVar[float] = 20.0
    REPLY: ClassVar[type[DirectReply] | None] = _MidiReply

    clip: _ClipById = attrs.field(converter=generated_ref)


@final
@attrs.frozen(kw_only=True)
class _AlignedReply:
    words: tuple[AlignedWord, ...]
    lrc: str

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "_AlignedReply":
        found = timed_words(raw)
        if not found:
            message = "it has no list of alignment"
            raise Unreadable(message)
        return cls(words=found, lrc=lrc_text(lines_of(raw)))

    def to_result(self, request: "AlignLyrics") -> AlignedLyrics:
        return AlignedLyrics(
            clip_id=request.clip.clip_id,
            provider=request.PROVIDER,
            words=self.words,
            lrc=self.lrc,
        )


@final
@attrs.frozen
class AlignLyrics(Request[AlignedLyrics]):
    """
    Find out when each word of a clip is sung.

    API: aligned lyrics of a sister service; never seen at this host, where it may be
    missing.  1 credit there, and nothing for a clip that was asked for before.

    Args:
        clip: A Clip with lyrics, or its id.
    """

    PROVIDER: ClassVar[str] = "suno"
    OPERATION: ClassVar[str] = "aligned_lyrics"
    PATH: ClassVar[str] = "/api/v1/suno/aligned-lyrics"
    COST: ClassVar[int] = 1
    REPLY_S: ClassVar[float] = 20.0
    REPLY: ClassVar[type[DirectReply] | None] = _AlignedReply

    clip: _ClipById = attrs.field(converter=generated_ref)


REQUESTS: tuple[type[Request[Any]], ...] = (
    Create,
    Extend,
    Concat,
    Cover,
    CreateWithPersona,
    CreatePersona,
    UploadAudio,
    Stems,
    GetWav,
    GetMidi,
    AlignLyrics,
)
"""Every kind of request to this provider."""


@final
class Suno(Followed):
    """``music.suno``: each method returns a `MusicJob` at once."""

    __slots__ = ()
    NAME: ClassVar[str] = "suno"

    create: Final = operation(Create)
    extend: Final = operation(Extend)
    cover: Final = operation(Cover)
    concat: Final = operation(Concat)
    create_persona: Final = operation(CreatePersona)
    create_with_persona: Final = operation(CreateWithPersona)
    upload: Final = operation(UploadAudio)
    stems: Final = operation(Stems)
    wav: Final = operation(GetWav)
    midi: Final = operation(GetMidi)
    aligned_lyrics: Final = operation(AlignLyrics)

    FORMATS: ClassVar[Mapping[str, MakeFormat]] = {"wav": GetWav, "lrc": AlignLyrics}


OPERATIONS: type[Operations] = Suno
