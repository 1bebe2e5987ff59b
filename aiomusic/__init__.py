"""
An asyncio SDK for the AI Music API: Suno, Riffusion, Nuro, Producer and lyrics.

Nothing is loaded before it is named, so importing this package costs next to
nothing.
"""

import importlib

from aiomusic.providers._registry import REGISTRY

# So spelt, it is not imported either; type checkers know it by its name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from aiomusic._batch import wait_all
    from aiomusic._events import Calling, Polled
    from aiomusic._files.signing import Signer
    from aiomusic._job import JobState, JobUpdate, MusicJob, merge_updates
    from aiomusic._quote import Quote
    from aiomusic._reply import RawReply
    from aiomusic._request import Request
    from aiomusic._session import MusicSession
    from aiomusic.errors import (
        ApiError,
        AuthenticationFailed,
        BudgetExceeded,
        Charged,
        ContentRefused,
        DownloadError,
        InvalidRequest,
        JobCancelled,
        JobDetached,
        JobError,
        JobFailed,
        JobTimedOut,
        JournalError,
        MusicError,
        MusicWarning,
        NextStep,
        NotSent,
        OutOfCredits,
        ProtocolError,
        QueueFull,
        RateLimited,
        Retry,
        ServiceFailed,
        SubmissionUnknown,
        SubscriptionInactive,
        TaskNotFound,
    )
    from aiomusic.providers import lyrics, nuro, producer, riffusion, suno
    from aiomusic.results import (
        AlignedLyrics,
        AlignedWord,
        Clip,
        ClipState,
        Credits,
        Instrument,
        Lyrics,
        Midi,
        MidiNote,
        Persona,
        TaskSnapshot,
        Upload,
        Wav,
    )

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

_MODULES = {
    "aiomusic._batch": ("wait_all",),
    "aiomusic._files.signing": ("Signer",),
    "aiomusic._events": ("Calling", "Polled"),
    "aiomusic._job": ("JobState", "JobUpdate", "MusicJob", "merge_updates"),
    "aiomusic._quote": ("Quote",),
    "aiomusic._reply": ("RawReply",),
    "aiomusic._request": ("Request",),
    "aiomusic._session": ("MusicSession",),
    "aiomusic.results": (
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
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name in REGISTRY:
        return importlib.import_module(f"aiomusic.providers.{name}")
    if name not in __all__:
        message = f"module 'aiomusic' has no attribute {name!r}"
        raise AttributeError(message)
    home = importlib.import_module(_MODULE_OF.get(name, "aiomusic.errors"))
    return getattr(home, name)


def __dir__() -> list[str]:
    return __all__
