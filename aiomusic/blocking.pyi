# Written by `python .ci/blocking_stub.py` from the asynchronous classes.

from typing import TypeVar
import aiohttp
import asyncio
from aiomusic._fields import ClipRef
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, Literal, Self, overload
from pathlib import Path, PurePath
from aiomusic.providers.nuro import Segment
from types import TracebackType
from aiomusic._job import FileSigner
from aiomusic._http.transport import ApiKey
from aiomusic._http.dialects import DialectName
from aiomusic.journal import Grouping, Journal, Record, Spending
from aiomusic._request import OnKnownKey
from aiomusic._events import OnEvent as OnJobEvent
from aiomusic._clock import Clock
from aiomusic._batch import K, Requests, Source
from aiomusic._files.serving import ServedFile, ServedFiles
from aiomusic import AlignedLyrics as AlignedLyrics
from aiomusic import AlignedWord as AlignedWord
from aiomusic import ApiError as ApiError
from aiomusic import AuthenticationFailed as AuthenticationFailed
from aiomusic import BudgetExceeded as BudgetExceeded
from aiomusic import Calling as Calling
from aiomusic import Charged as Charged
from aiomusic import Clip as Clip
from aiomusic import ClipState as ClipState
from aiomusic import ContentRefused as ContentRefused
from aiomusic import Credits as Credits
from aiomusic import DownloadError as DownloadError
from aiomusic import Instrument as Instrument
from aiomusic import InvalidRequest as InvalidRequest
from aiomusic import JobCancelled as JobCancelled
from aiomusic import JobDetached as JobDetached
from aiomusic import JobError as JobError
from aiomusic import JobFailed as JobFailed
from aiomusic import JobState as JobState
from aiomusic import JobTimedOut as JobTimedOut
from aiomusic import JobUpdate as JobUpdate
from aiomusic import JournalError as JournalError
from aiomusic import Lyrics as Lyrics
from aiomusic import Midi as Midi
from aiomusic import MidiNote as MidiNote
from aiomusic import MusicError as MusicError
from aiomusic import MusicWarning as MusicWarning
from aiomusic import NextStep as NextStep
from aiomusic import NotSent as NotSent
from aiomusic import OutOfCredits as OutOfCredits
from aiomusic import Persona as Persona
from aiomusic import Polled as Polled
from aiomusic import ProtocolError as ProtocolError
from aiomusic import QueueFull as QueueFull
from aiomusic import Quote as Quote
from aiomusic import RateLimited as RateLimited
from aiomusic import RawReply as RawReply
from aiomusic import Request as Request
from aiomusic import Retry as Retry
from aiomusic import ServiceFailed as ServiceFailed
from aiomusic import Signer as Signer
from aiomusic import SubmissionUnknown as SubmissionUnknown
from aiomusic import SubscriptionInactive as SubscriptionInactive
from aiomusic import TaskNotFound as TaskNotFound
from aiomusic import TaskSnapshot as TaskSnapshot
from aiomusic import Upload as Upload
from aiomusic import Wav as Wav
from aiomusic import lyrics as lyrics
from aiomusic import nuro as nuro
from aiomusic import producer as producer
from aiomusic import riffusion as riffusion
from aiomusic import suno as suno

R = TypeVar("R")

class Suno:
    def aligned_lyrics(
        self,
        clip: Clip | ClipRef | str,
        *,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[AlignedLyrics]: ...
    def concat(
        self,
        clip: Clip | ClipRef | str,
        *,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def cover(
        self,
        clip: Clip | Upload | ClipRef | str,
        *,
        lyrics: str,
        title: str | None = ...,
        tags: str | None = ...,
        model: Literal[
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
        | str = ...,
        audio_weight: float | None = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def create(
        self,
        description: str | None = ...,
        *,
        lyrics: str | None = ...,
        title: str | None = ...,
        tags: str | None = ...,
        instrumental: bool = ...,
        model: Literal[
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
        | str = ...,
        negative_tags: str | None = ...,
        style_weight: float | None = ...,
        weirdness: float | None = ...,
        vocal_gender: Literal["f", "m"] | None = ...,
        auto_lyrics: bool = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def create_persona(
        self,
        clip: Clip | ClipRef | str,
        *,
        name: str,
        description: str,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[Persona]: ...
    def create_with_persona(
        self,
        persona: Persona | str,
        *,
        lyrics: str,
        title: str | None = ...,
        tags: str | None = ...,
        model: Literal[
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
        | str = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def extend(
        self,
        clip: Clip | Upload | ClipRef | str,
        *,
        at: float,
        lyrics: str,
        title: str | None = ...,
        tags: str | None = ...,
        model: Literal[
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
        | str = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def midi(
        self,
        clip: Clip | ClipRef | str,
        *,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[Midi]: ...
    def stems(
        self,
        clip: Clip | ClipRef | str,
        *,
        full: bool = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def upload(
        self,
        url: str | PurePath,
        *,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[Upload]: ...
    def wav(
        self,
        clip: Clip | ClipRef | str,
        *,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[Wav]: ...
    def get(self, task_id: str) -> TaskSnapshot: ...

class Riffusion:
    def cover(
        self,
        clip: Clip | Upload | ClipRef | str,
        *,
        lyrics: str,
        sound: str,
        title: str | None = ...,
        model: Literal["FUZZ-1.1 Pro", "FUZZ-1.0 Pro", "FUZZ-1.1", "FUZZ-1.0"]
        | str = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def create(
        self,
        prompt: str,
        *,
        model: Literal["FUZZ-1.1 Pro", "FUZZ-1.0 Pro", "FUZZ-1.1", "FUZZ-1.0"]
        | str = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def create_with_lyrics(
        self,
        lyrics: str = ...,
        *,
        sound: str | None = ...,
        title: str | None = ...,
        instrumental: bool = ...,
        model: Literal["FUZZ-1.1 Pro", "FUZZ-1.0 Pro", "FUZZ-1.1", "FUZZ-1.0"]
        | str = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def extend(
        self,
        clip: Clip | Upload | ClipRef | str,
        *,
        lyrics: str,
        sound: str,
        title: str | None = ...,
        model: Literal["FUZZ-1.1 Pro", "FUZZ-1.0 Pro", "FUZZ-1.1", "FUZZ-1.0"]
        | str = ...,
        at: int,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def replace_section(
        self,
        clip: Clip | Upload | ClipRef | str,
        *,
        lyrics: str,
        sound: str,
        title: str | None = ...,
        model: Literal["FUZZ-1.1 Pro", "FUZZ-1.0 Pro", "FUZZ-1.1", "FUZZ-1.0"]
        | str = ...,
        at: float,
        until: float | None = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def swap_sound(
        self,
        clip: Clip | Upload | ClipRef | str,
        *,
        lyrics: str,
        sound: str,
        title: str | None = ...,
        model: Literal["FUZZ-1.1 Pro", "FUZZ-1.0 Pro", "FUZZ-1.1", "FUZZ-1.0"]
        | str = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def swap_vocals(
        self,
        clip: Clip | Upload | ClipRef | str,
        *,
        lyrics: str,
        sound: str,
        title: str | None = ...,
        model: Literal["FUZZ-1.1 Pro", "FUZZ-1.0 Pro", "FUZZ-1.1", "FUZZ-1.0"]
        | str = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def upload(
        self,
        url: str | PurePath,
        *,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[Upload]: ...
    def get(self, task_id: str) -> TaskSnapshot: ...

class Producer:
    def cover(
        self,
        clip: Clip | ClipRef | str,
        *,
        sound: str | None = ...,
        lyrics: str | None = ...,
        title: str | None = ...,
        model: Literal[
            "FUZZ-2.0 Pro",
            "FUZZ-2.0",
            "FUZZ-2.0 Raw",
            "FUZZ-1.1 Pro",
            "FUZZ-1.1",
            "FUZZ-1.0 Pro",
            "FUZZ-1.0",
            "FUZZ-0.8",
        ]
        | str = ...,
        seed: str | int | None = ...,
        lyrics_strength: float | None = ...,
        sound_strength: float | None = ...,
        weirdness: float | None = ...,
        strength: float | None = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def create(
        self,
        sound: str | None = ...,
        *,
        lyrics: str | None = ...,
        title: str | None = ...,
        instrumental: bool = ...,
        model: Literal[
            "FUZZ-2.0 Pro",
            "FUZZ-2.0",
            "FUZZ-2.0 Raw",
            "FUZZ-1.1 Pro",
            "FUZZ-1.1",
            "FUZZ-1.0 Pro",
            "FUZZ-1.0",
            "FUZZ-0.8",
        ]
        | str = ...,
        seed: str | int | None = ...,
        lyrics_strength: float | None = ...,
        sound_strength: float | None = ...,
        weirdness: float | None = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def download(
        self,
        clip: Clip | ClipRef | str,
        *,
        format: Literal["mp3", "wav"] = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def extend(
        self,
        clip: Clip | ClipRef | str,
        *,
        sound: str | None = ...,
        lyrics: str | None = ...,
        title: str | None = ...,
        model: Literal[
            "FUZZ-2.0 Pro",
            "FUZZ-2.0",
            "FUZZ-2.0 Raw",
            "FUZZ-1.1 Pro",
            "FUZZ-1.1",
            "FUZZ-1.0 Pro",
            "FUZZ-1.0",
            "FUZZ-0.8",
        ]
        | str = ...,
        seed: str | int | None = ...,
        lyrics_strength: float | None = ...,
        sound_strength: float | None = ...,
        weirdness: float | None = ...,
        at: float | None = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def replace_section(
        self,
        clip: Clip | ClipRef | str,
        *,
        sound: str | None = ...,
        lyrics: str | None = ...,
        title: str | None = ...,
        model: Literal[
            "FUZZ-2.0 Pro",
            "FUZZ-2.0",
            "FUZZ-2.0 Raw",
            "FUZZ-1.1 Pro",
            "FUZZ-1.1",
            "FUZZ-1.0 Pro",
            "FUZZ-1.0",
            "FUZZ-0.8",
        ]
        | str = ...,
        seed: str | int | None = ...,
        lyrics_strength: float | None = ...,
        sound_strength: float | None = ...,
        weirdness: float | None = ...,
        at: float,
        until: float | None = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def swap_sound(
        self,
        clip: Clip | ClipRef | str,
        *,
        sound: str | None = ...,
        lyrics: str | None = ...,
        title: str | None = ...,
        model: Literal[
            "FUZZ-2.0 Pro",
            "FUZZ-2.0",
            "FUZZ-2.0 Raw",
            "FUZZ-1.1 Pro",
            "FUZZ-1.1",
            "FUZZ-1.0 Pro",
            "FUZZ-1.0",
            "FUZZ-0.8",
        ]
        | str = ...,
        seed: str | int | None = ...,
        lyrics_strength: float | None = ...,
        sound_strength: float | None = ...,
        weirdness: float | None = ...,
        strength: float | None = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def swap_vocals(
        self,
        clip: Clip | ClipRef | str,
        *,
        sound: str | None = ...,
        lyrics: str | None = ...,
        title: str | None = ...,
        model: Literal[
            "FUZZ-2.0 Pro",
            "FUZZ-2.0",
            "FUZZ-2.0 Raw",
            "FUZZ-1.1 Pro",
            "FUZZ-1.1",
            "FUZZ-1.0 Pro",
            "FUZZ-1.0",
            "FUZZ-0.8",
        ]
        | str = ...,
        seed: str | int | None = ...,
        lyrics_strength: float | None = ...,
        sound_strength: float | None = ...,
        weirdness: float | None = ...,
        strength: float | None = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def upload(
        self,
        url: str | PurePath,
        *,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def variation(
        self,
        clip: Clip | ClipRef | str,
        *,
        sound: str | None = ...,
        lyrics: str | None = ...,
        title: str | None = ...,
        model: Literal[
            "FUZZ-2.0 Pro",
            "FUZZ-2.0",
            "FUZZ-2.0 Raw",
            "FUZZ-1.1 Pro",
            "FUZZ-1.1",
            "FUZZ-1.0 Pro",
            "FUZZ-1.0",
            "FUZZ-0.8",
        ]
        | str = ...,
        seed: str | int | None = ...,
        lyrics_strength: float | None = ...,
        sound_strength: float | None = ...,
        weirdness: float | None = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def get(self, task_id: str) -> TaskSnapshot: ...

class Nuro:
    def create_instrumental(
        self,
        description: str,
        *,
        version: Literal["v1.0", "v2.0"] | str = ...,
        genre: Sequence[
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
        ] = ...,
        mood: Sequence[
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
        ] = ...,
        instrument: Sequence[
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
        ] = ...,
        theme: Sequence[
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
        ] = ...,
        duration: int | None = ...,
        segments: Iterable[
            Segment
            | tuple[
                Literal["intro", "verse", "chorus", "inst", "bridge", "outro"] | str,
                int,
            ]
        ] = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def create_vocal(
        self,
        lyrics: str,
        *,
        gender: Literal["Female", "Male"] | None = ...,
        genre: Literal[
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
        | None = ...,
        mood: Literal[
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
        | None = ...,
        timbre: Literal[
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
        | None = ...,
        duration: int | None = ...,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def get(self, task_id: str) -> TaskSnapshot: ...

class LyricsWriter:
    def create(
        self,
        description: str,
        *,
        extra: Mapping[str, object] | None = ...,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: Literal["attach", "new", "error"] | None = ...,
    ) -> MusicJob[tuple[Lyrics, ...]]: ...

class MusicJob(Generic[R]):
    def _repr_html_(self) -> str | None: ...
    def result(self, *, timeout_s: float | None = ...) -> R: ...
    @property
    def key(self) -> str: ...
    @property
    def task_id(self) -> str | None: ...
    @property
    def request(self) -> Request[R] | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def state(self) -> JobState: ...
    @property
    def cost(self) -> int: ...
    @property
    def charged(self) -> Charged | None: ...
    @property
    def metadata(self) -> Mapping[str, object]: ...
    @property
    def marks(self) -> Mapping[str, float]: ...
    @property
    def clips(self) -> tuple[Clip, ...]: ...
    @property
    def progress(self) -> int | None: ...
    @property
    def elapsed_s(self) -> float: ...
    @property
    def polls(self) -> int: ...
    @property
    def reply(self) -> RawReply | None: ...
    @property
    def eta(self) -> tuple[float, float] | None: ...
    @property
    def error(self) -> MusicError | None: ...
    def done(self) -> bool: ...
    def wait(self, *, timeout_s: float | None = ...) -> R: ...
    def cancel(self) -> bool: ...
    def resubmit(self) -> MusicJob[R]: ...
    def found(self, task_id: str) -> MusicJob[R]: ...
    def give_up(self, *, charged: bool = ...) -> None: ...
    def mark(self, name: str) -> None: ...
    def updates(self) -> Iterator[JobUpdate]: ...
    def quote_formats(self, formats: Sequence[str]) -> Quote: ...
    def save(
        self,
        folder: str | Path,
        *,
        name: str | None = ...,
        formats: Sequence[str] | None = ...,
        signer: FileSigner | None = ...,
    ) -> list[Path]: ...

class MusicSession:
    def _repr_html_(self) -> str | None: ...
    webhooks: Callbacks | None
    suno: Suno
    riffusion: Riffusion
    producer: Producer
    nuro: Nuro
    lyrics: LyricsWriter
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def __init__(
        self,
        api_key: ApiKey | None = ...,
        *,
        base_url: str | None = ...,
        dialect: DialectName | None = ...,
        account: str | None = ...,
        concurrency: int = ...,
        max_credits: int | None = ...,
        limits: Mapping[str, int] | None = ...,
        journal: str | Path | Journal | None = ...,
        on_known_key: OnKnownKey = ...,
        webhook_url: str | None = ...,
        webhook_secret: str | None = ...,
        webhook_replay_window_s: float | None = ...,
        on_exit: Literal["wait", "detach"] = ...,
        request_timeout_s: float = ...,
        job_timeout_s: float = ...,
        poll_every_s: float | None = ...,
        delay_price: float = ...,
        requests_per_s: float | None = ...,
        signer: Signer | None = ...,
        http: aiohttp.ClientSession | None = ...,
        on_event: OnJobEvent | None = ...,
        clock: Clock | None = ...,
    ) -> None: ...
    def with_options(
        self, *, request_timeout_s: float | None = ..., raw: bool = ...
    ) -> MusicSession: ...
    @property
    def reply(self) -> RawReply | None: ...
    def submit(
        self,
        request: Request[R],
        *,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        on_known_key: OnKnownKey | None = ...,
    ) -> MusicJob[R]: ...
    def attach(
        self,
        provider: str,
        task_id: str,
        *,
        key: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
    ) -> MusicJob[tuple[Clip, ...]]: ...
    def resume(
        self, *, queued: bool = ..., undelivered: bool = ...
    ) -> list[MusicJob[Any]]: ...
    def jobs(
        self,
        *,
        limit: int | None = ...,
        states: Sequence[str] = ...,
        tags: Mapping[str, str] | None = ...,
        since_s: float | None = ...,
    ) -> list[Record]: ...
    def job(self, key: str) -> Record | None: ...
    def spending(
        self, by: Grouping = ..., *, tag: str | None = ...
    ) -> dict[str, Spending]: ...
    def run(
        self,
        requests: Requests[R],
        *,
        ordered: bool = ...,
        stop_after_failures: int | None = ...,
        on_known_key: OnKnownKey | None = ...,
    ) -> Iterator[MusicJob[R]]: ...
    def hold(
        self,
        requests: Iterable[Source[Any]] | Mapping[str, Request[Any]],
        *,
        made_from: Mapping[str, Mapping[str, str]] | None = ...,
    ) -> dict[str, Record]: ...
    def note_held(self, key: str, error: MusicError) -> None: ...
    def quote(
        self, requests: Iterable[Source[Any]] | Mapping[str, Request[Any]]
    ) -> Quote: ...
    def credits(self) -> Credits: ...
    def download(
        self,
        clip: Clip,
        folder: str | Path,
        *,
        name: str | None = ...,
        album: str | None = ...,
        track: int | None = ...,
        request: Request[Any] | None = ...,
        format: str | None = ...,
        metadata: Mapping[str, object] | None = ...,
        signer: Signer | None = ...,
    ) -> Path: ...

class Callbacks:
    replay_window_s: float | None
    body_s: float
    files: ServedFiles
    def file(self, name: str) -> ServedFile | None: ...
    def fields(self, job_key: str, attempt: int = ...) -> dict[str, object]: ...
    def token(self, job_key: str, attempt: int = ...) -> str: ...
    def handle(
        self,
        headers: Mapping[str, str],
        raw_body: bytes,
        *,
        job_key: str | None = ...,
        attempt: int = ...,
        token: str | None = ...,
    ) -> None: ...
    def forget(self) -> None: ...
    def wake(self, job_key: str, attempt: int) -> None: ...
    def park(self, job_key: str, attempt: int, task_id: str) -> None: ...
    def parked(self, job_key: str, attempt: int) -> str | None: ...
    def expect(self, job_key: str, attempt: int) -> asyncio.Event: ...

@overload
def wait_all(jobs: Mapping[K, MusicJob[R]]) -> dict[K, R | MusicError]: ...  # type: ignore[overload-overlap]
@overload
def wait_all(jobs: Iterable[MusicJob[R]]) -> list[R | MusicError]: ...
def merge_updates(jobs: Iterable[MusicJob[Any]]) -> Iterator[JobUpdate]: ...

__all__ = [
    "AlignedLyrics",
    "AlignedWord",
    "ApiError",
    "AuthenticationFailed",
    "BudgetExceeded",
    "Calling",
    "Charged",
    "Clip",
    "ClipState",
    "ContentRefused",
    "Credits",
    "DownloadError",
    "Instrument",
    "InvalidRequest",
    "JobCancelled",
    "JobDetached",
    "JobError",
    "JobFailed",
    "JobState",
    "JobTimedOut",
    "JobUpdate",
    "JournalError",
    "Lyrics",
    "Midi",
    "MidiNote",
    "MusicError",
    "MusicJob",
    "MusicSession",
    "MusicWarning",
    "NextStep",
    "NotSent",
    "OutOfCredits",
    "Persona",
    "Polled",
    "ProtocolError",
    "QueueFull",
    "Quote",
    "RateLimited",
    "RawReply",
    "Request",
    "Retry",
    "ServiceFailed",
    "Signer",
    "SubmissionUnknown",
    "SubscriptionInactive",
    "TaskNotFound",
    "TaskSnapshot",
    "Upload",
    "Wav",
    "lyrics",
    "merge_updates",
    "nuro",
    "producer",
    "riffusion",
    "suno",
    "wait_all",
]
