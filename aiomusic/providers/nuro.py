"""
Nuro: songs with a voice in about half a minute, and background music.

API: the nuro pages and their own table of errors.

Genres, moods, timbres, instruments, themes, versions and names of segments are those
that the pages list, or any other text: the service may know more of them by now.
Another one is sent with one `MusicWarning`; one that equals a listed one but for case,
spaces and separators is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias, cast, final

import attrs

from aiomusic._bodies import folded
from aiomusic._fields import (
    Checked,
    Choice,
    Name,
    Names,
    Number,
    Plain,
    Text,
    known_values,
    refuse,
    warn_of_names,
)
from aiomusic._request import Request
from aiomusic._spelling import shown
from aiomusic.providers._operations import Followed, Operations, operation
from aiomusic.providers._replies import (
    Provider,
    address,
    failure_words,
    percent,
    read_clips,
    read_state,
    seconds,
    state_words,
    words,
)
from aiomusic.results import Clip, ClipState, TaskSnapshot

__all__ = [
    "PROVIDER",
    "REQUESTS",
    "BackgroundGenre",
    "BackgroundMood",
    "CreateInstrumental",
    "CreateVocal",
    "Gender",
    "Genre",
    "Instrument",
    "Mood",
    "Nuro",
    "Segment",
    "SegmentName",
    "Theme",
    "Timbre",
    "Version",
]

Gender = Literal["Female", "Male"]

Genre: TypeAlias = (
    Literal[
        "Folk",
        "Pop",
        "Rock",
        "Chinese Style",
        "Hip Hop/Rap",
        "R&B/Soul",
        "Punk",
        "Electronic",
        "Jazz",
        "Reggae",
        "DJ",
        "Pop Punk",
        "Disco",
        "Future Bass",
        "Pop Rap",
        "Trap Rap",
        "R&B Rap",
        "Chinoiserie Electronic",
        "GuFeng Music",
        "Pop Rock",
        "Jazz Pop",
        "Bossa Nova",
        "Contemporary R&B",
    ]
    | str
)
"""Of songs with a voice."""

Mood: TypeAlias = (
    Literal[
        "Happy",
        "Dynamic/Energetic",
        "Sentimental/Melancholic/Lonely",
        "Inspirational/Hopeful",
        "Nostalgic/Memory",
        "Excited",
        "Sorrow/Sad",
        "Chill",
        "Romantic",
        "Miss",
        "Groovy/Funky",
        "Dreamy/Ethereal",
        "Calm/Relaxing",
    ]
    | str
)
"""Of songs with a voice."""

Timbre: TypeAlias = (
    Literal[
        "Warm",
        "Bright",
        "Husky",
        "Electrified voice",
        "Sweet_AUDIO_TIMBRE",
        "Cute_AUDIO_TIMBRE",
        "Loud and sonorous",
        "Powerful",
        "Sexy/Lazy",
    ]
    | str
)

BackgroundGenre: TypeAlias = (
    Literal[
        "corporate",
        "dance/edm",
        "orchestral",
        "chill out",
        "rock",
        "hip hop",
        "folk",
        "funk",
        "ambient",
        "holiday",
        "jazz",
        "kids",
        "world",
        "travel",
        "commercial",
        "advertising",
        "driving",
        "cinematic",
        "upbeat",
        "epic",
        "inspiring",
        "business",
        "video game",
        "dark",
        "pop",
        "trailer",
        "modern",
        "electronic",
        "documentary",
        "soundtrack",
        "fashion",
        "acoustic",
        "movie",
        "tv",
        "high tech",
        "industrial",
        "dance",
        "video",
        "vlog",
        "marketing",
        "game",
        "radio",
        "promotional",
        "sports",
        "party",
        "summer",
        "beauty",
    ]
    | str
)
"""Of background music."""

BackgroundMood: TypeAlias = (
    Literal[
        "positive",
        "uplifting",
        "energetic",
        "happy",
        "bright",
        "optimistic",
        "hopeful",
        "cool",
        "dreamy",
        "fun",
        "light",
        "powerful",
        "calm",
        "confident",
        "joyful",
        "dramatic",
        "peaceful",
        "playful",
        "soft",
        "groovy",
        "reflective",
        "easy",
        "relaxed",
        "lively",
        "smooth",
        "romantic",
        "intense",
        "elegant",
        "mellow",
        "emotional",
        "sentimental",
        "cheerful happy",
        "contemplative",
        "soothing",
        "proud",
        "passionate",
        "sweet",
        "mystical",
        "tranquil",
        "cheerful",
        "casual",
        "beautiful",
        "ethereal",
        "melancholy",
        "sad",
        "aggressive",
        "haunting",
        "adventure",
        "serene",
        "sincere",
        "funky",
        "funny",
    ]
    | str
)
"""Of background music."""

Instrument: TypeAlias = (
    Literal[
        "piano",
        "drums",
        "guitar",
        "percussion",
        "synth",
        "electric guitar",
        "acoustic guitar",
        "bass guitar",
        "brass",
        "violin",
        "cello",
        "flute",
        "organ",
        "trumpet",
        "ukulele",
        "saxophone",
        "double bass",
        "harp",
        "glockenspiel",
        "synthesizer",
        "keyboard",
        "marimba",
        "bass",
        "banjo",
        "strings",
    ]
    | str
)

Theme: TypeAlias = (
    Literal[
        "inspirational",
        "motivational",
        "achievement",
        "discovery",
        "every day",
        "love",
        "technology",
        "lifestyle",
        "journey",
        "meditation",
        "drama",
        "children",
        "hope",
        "fantasy",
        "holiday",
        "health",
        "family",
        "real estate",
        "media",
        "kids",
        "science",
        "education",
        "progress",
        "world",
        "vacation",
        "training",
        "christmas",
        "sales",
    ]
    | str
)

Version: TypeAlias = Literal["v1.0", "v2.0"] | str
"""Any other is held to the limits of v2.0."""

SegmentName: TypeAlias = (
    Literal["intro", "verse", "chorus", "inst", "bridge", "outro"] | str
)

PATH = "/api/v1/nuro/create"
# Of background music that is built of segments.
MIN_S, MAX_S = 30, 120


@final
@attrs.frozen
class Segment:
    """
    One part of background music.

    Args:
        name: Which part.
        duration: Whole seconds, 5 to 120; a lone part has at least 30.
    """

    name: SegmentName
    duration: int


def _segment(value: "tuple[SegmentName, int] | Mapping[str, Any]") -> Segment:
    return Segment(**value) if isinstance(value, Mapping) else Segment(*value)


def _segments(
    value: "Iterable[Segment | tuple[SegmentName, int]]",
) -> tuple[Segment, ...]:
    try:
        return tuple(
            one if isinstance(one, Segment) else _segment(one) for one in value
        )
    except TypeError:
        # The rule refuses it, in words.
        return cast("tuple[Segment, ...]", value)


@final
@attrs.frozen(kw_only=True)
class _Segments(Plain):
    """Parts that add up to what the service makes."""

    wire: str
    omit: object = ()

    def check(self, request: Checked, field: str, value: object) -> None:
        if not isinstance(value, tuple):
            rule = "it must be a list of Segment(name, duration)"
            refuse(request, field, f"is {shown(value)}", rule)
        name = Name(wire="name", values=known_values(SegmentName))
        length = Number(
            wire="duration", least=30 if len(value) == 1 else 5, most=120, whole=True
        )
        for number, segment in enumerate(value):
            name.check_spelling(request, f"{field}[{number}].name", segment.name)
            length.check(request, f"{field}[{number}].duration", segment.duration)
        total = sum(segment.duration for segment in value)
        if value and not MIN_S <= total <= MAX_S:
            rule = "all parts together must last 30 to 120 seconds"
            refuse(request, field, f"last {total} seconds", rule)
        warn_of_names(request, field, [one.name for one in value], name.values)

    def to_wire(self, value: object) -> object:
        segments = cast("tuple[Segment, ...]", value)
        return [{"name": one.name, "duration": one.duration} for one in segments]

    def from_wire(self, value: object) -> object:
        if not isinstance(value, list):
            # No part of a song, for the rule to refuse.
            return [value]
        try:
            sent = cast("list[dict[str, Any]]", value)
            return [Segment(one["name"], one["duration"]) for one in sent]
        except (KeyError, TypeError):
            # Left as it is, for the rule to refuse.
            return value

    def schema(self) -> dict[str, object]:
        name = {"type": "string", "examples": list(known_values(SegmentName))}
        length = {"type": "integer", "minimum": 5, "maximum": 120}
        part = {
            "type": "object",
            "properties": {"name": name, "duration": length},
            "required": ["name", "duration"],
        }
        return {"type": "array", "items": part}


def _read_song(raw: Mapping[str, Any], *, provider: str, task_id: str) -> TaskSnapshot:
    """Read a flat reply: the task and its one clip are the same."""
    fields = folded(raw)
    if not {"data", "clips"}.isdisjoint(fields) and "audiourl" not in fields:
        inner = fields.get("data")
        if not isinstance(inner, dict):
            return read_clips(raw, provider=provider, task_id=task_id)
        raw, fields = inner, folded(inner)
    word = fields.get("status", fields.get("state"))
    audio_url = address(fields.get("audiourl"))
    if word is None and audio_url and percent(fields.get("progress")) == ALL:
        # API: 100 is done.
        word = "succeeded"
    if word is None:
        return TaskSnapshot(state=ClipState.PENDING, unreadable=1)
    state = read_state(word)
    if state is ClipState.SUCCEEDED and audio_url is None:
        # API: done is succeeded *and* an address.
        state = ClipState.RUNNING
    tags = filter(None, map(words, (fields.get("genre"), fields.get("mood"))))
    clip = Clip(
        clip_id=task_id,
        provider=provider,
        task_id=task_id,
        state=state,
        tags=", ".join(tags) or None,
        lyrics=words(fields.get("lyrics")),
        audio_url=audio_url,
        duration=seconds(fields.get("duration")),
        error=failure_words(raw) if state is ClipState.FAILED else None,
        raw=raw,
    )
    return TaskSnapshot(
        state=state,
        clips=(clip,),
        progress=percent(fields.get("progress")),
        unknown_states=(state_words(word),) if state is ClipState.UNKNOWN else (),
    )


ALL = 100

PROVIDER = Provider(
    name="nuro",
    task_path="/api/v1/nuro/task/{task_id}",
    pace_s=5.0,
    typical_s=(20.0, 40.0),
    clips=1,
    read=_read_song,
    audio="wav",
)


class _MakesClips(Request[tuple[Clip, ...]]):
    """What both kinds have in common."""

    __slots__ = ()
    PROVIDER: ClassVar[str] = "nuro"
    PATH: ClassVar[str] = PATH
    COST: ClassVar[int] = 10
    CLIPS: ClassVar[int] = 1
    WEBHOOK: ClassVar[bool] = True


@final
@attrs.frozen
class CreateVocal(_MakesClips):
    """
    Make a song with a voice.

    API: nuro create vocal music. 10 credits, one clip, about half a minute.
    The service guesses what is left out.

    Args:
        lyrics: 300 to 2,000 characters, Chinese or English, with tags such as
            ``[verse]``.
        gender, genre, mood, timbre: See the types of these names.
        duration: Whole seconds, 30 to 240.
    """

    OPERATION: ClassVar[str] = "create_vocal"
    FIXED: ClassVar[Mapping[str, object]] = {"type": "vocal"}

    lyrics: Annotated[str, Text(wire="lyrics", least=300, most=2000)]
    gender: Annotated[
        Gender | None, Choice(wire="gender", values=known_values(Gender))
    ] = attrs.field(default=None, kw_only=True)
    genre: Annotated[Genre | None, Name(wire="genre", values=known_values(Genre))] = (
        attrs.field(default=None, kw_only=True)
    )
    mood: Annotated[Mood | None, Name(wire="mood", values=known_values(Mood))] = (
        attrs.field(default=None, kw_only=True)
    )
    timbre: Annotated[
        Timbre | None, Name(wire="timbre", values=known_values(Timbre))
    ] = attrs.field(default=None, kw_only=True)
    duration: Annotated[
        int | None, Number(wire="duration", least=30, most=240, whole=True)
    ] = attrs.field(default=None, kw_only=True)


@final
@attrs.frozen
class CreateInstrumental(_MakesClips):
    """
    Make background music.

    API: nuro create instrument music. 10 credits, one clip.

    Args:
        description: At most 200 characters.
        version: ``"v2.0"`` is longer and can be built of parts.
        genre, mood, instrument, theme: At most 5 each; v1.0 alone takes them.
        duration: Whole seconds: 1 to 60 for v1.0, 30 to 120 for v2.0.  None: 60 for
            v1.0; for v2.0 the service, or the parts, decide.
        segments: The parts, for v2.0.
    """

    OPERATION: ClassVar[str] = "create_instrumental"
    FIXED: ClassVar[Mapping[str, object]] = {"type": "bgm"}

    description: Annotated[str, Text(wire="description", least=1, most=200)]
    version: Annotated[
        Version, Name(wire="version", omit="v1.0", values=known_values(Version))
    ] = attrs.field(default="v1.0", kw_only=True)
    genre: Annotated[
        Sequence[BackgroundGenre],
        Names(wire="genre", values=known_values(BackgroundGenre)),
    ] = attrs.field(default=(), kw_only=True)
    mood: Annotated[
        Sequence[BackgroundMood],
        Names(wire="mood", values=known_values(BackgroundMood)),
    ] = attrs.field(default=(), kw_only=True)
    instrument: Annotated[
        Sequence[Instrument], Names(wire="instrument", values=known_values(Instrument))
    ] = attrs.field(default=(), kw_only=True)
    theme: Annotated[
        Sequence[Theme], Names(wire="theme", values=known_values(Theme))
    ] = attrs.field(default=(), kw_only=True)
    duration: Annotated[
        int | None, Number(wire="duration", least=1, most=120, whole=True)
    ] = attrs.field(default=None, kw_only=True)
    segments: Annotated[tuple[Segment, ...], _Segments(wire="segments")] = attrs.field(
        default=(), converter=_segments, kw_only=True
    )

    def check(self) -> None:
        if self.version == "v1.0":
            if self.segments:
                refuse(self, "segments", "are given", 'they need version="v2.0"')
            self._check_duration(1, 60)
            return
        for field in ("genre", "mood", "instrument", "theme"):
            if getattr(self, field):
                rule = 'only version="v1.0" takes it; say it in the description'
                refuse(self, field, "is given", rule)
        self._check_duration(30, 120)
        total = sum(segment.duration for segment in self.segments)
        if self.segments and self.duration not in (None, total):
            rule = f"the segments last {total} seconds; leave it out or let it agree"
            refuse(self, "duration", f"is {self.duration}", rule)

    def _check_duration(self, least: int, most: int) -> None:
        if self.duration is not None:
            rule = Number(wire="duration", least=least, most=most, whole=True)
            rule.check(self, "duration", self.duration)


REQUESTS: tuple[type[Request[Any]], ...] = (CreateVocal, CreateInstrumental)
"""Every kind of request to this provider."""


@final
class Nuro(Followed):
    """``music.nuro``: each method returns a `MusicJob` at once."""

    __slots__ = ()
    NAME: ClassVar[str] = "nuro"

    create_vocal: Final = operation(CreateVocal)
    create_instrumental: Final = operation(CreateInstrumental)


OPERATIONS: type[Operations] = Nuro
