"""
The general dialect: how the service speaks where providers do not differ.

A provider's dialect is a subclass that overrides what differs.  Sentences and shapes
are the API's; what is inferred says so.
"""

import enum
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

import attrs

from aiomusic._request import Request
from aiomusic.composer import Score, SongSpec, compose
from aiomusic.emulator._refusals import NOT_READY, REFUSALS, RefusalKind, Reply
from aiomusic.emulator._schemas import clip_list
from aiomusic.emulator._songs import Song, SongRequest
from aiomusic.emulator._tasks import (
    LateResult,
    PlannedFailure,
    Progress,
    Stage,
    Task,
    clip_state,
)

__all__ = ["Breach", "ClipView", "Dialect", "Issuer", "Sentences", "view_clip"]


class Breach(enum.Enum):
    """How a field of a request breaks its rule."""

    MISSING = enum.auto()
    TOO_LONG = enum.auto()
    NOT_BOOLEAN = enum.auto()
    INVALID = enum.auto()


Sentences = Mapping[tuple[str, str, Breach], str]
"""By operation (``"*"``: all), field of the body, and breach."""


class Issuer(Protocol):
    """Issues ids for replies that are themselves the result."""

    @property
    def number(self) -> int:
        """How many requests were carried out, with this one."""

    def new_id(self, kind: str) -> str:
        """Return a new id for a *kind* of thing."""

    def alias(self, new_id: str, source: str) -> None:
        """Let an id stand for a clip or an upload."""

    def url(self, name: str) -> str:
        """Return the URL of a file, such as ``<clip id>.wav``."""
        ...

    def score(self, clip_id: str) -> Score | None:
        """Return the score of a clip; None: it is not known."""


@attrs.frozen
class ClipView:
    """What a poll shows of one clip."""

    state: str
    audio_url: str = ""
    image_url: str = ""
    duration: float = 0
    error: str | None = None


class Dialect:
    """
    The requests, replies and refusals of one provider.

    This class speaks the general dialect: a task is a list of clips.  Prices, paths
    and fields stand in the provider's request classes.
    """

    name: ClassVar[str] = ""

    # Requests.

    page_create: ClassVar[type[Request[Any]] | None] = None
    """The create that the emulator's page offers."""

    type_field: ClassVar[str] = "task_type"
    """The field of the body that tells the operations of a path apart."""
    required: ClassVar[tuple[str, ...]] = ("mv",)
    """Fields that are required where they exist, though the class has a default."""
    breach_if_missing: ClassVar[Mapping[str, Breach]] = {
        "mv": Breach.INVALID,
        "make_instrumental": Breach.NOT_BOOLEAN,
    }
    """The breach of fields whose absence is not answered as missing."""
    sentences: ClassVar[Sentences] = {}
    """The sentences of refusals that follow no pattern."""
    default_task_type: ClassVar[str | None] = "create_music"
    """What ``task_type`` of a create may say, if there is such a field."""

    def needs_custom_mode(self, body: Mapping[str, Any]) -> bool:
        """Check whether the body of a create must have a boolean ``custom_mode``."""
        return False

    def normalized(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return a body of an older or newer shape in the shape that is checked."""
        return body

    def required_by_body(
        self,
        kind: type[Request[Any]],
        body: Mapping[str, Any],
    ) -> tuple[str, ...]:
        """Return the fields that are required because of others in the body."""
        return ()

    def upload_url(self, request: Request[Any]) -> str | None:
        """Return the URL that a request uploads; None: it uploads nothing."""
        is_upload = request.OPERATION == "upload"
        return str(getattr(request, "url", "")) if is_upload else None

    def persona(self, request: Request[Any]) -> str | None:
        """Return the persona that a request sings with; None: none."""
        return None

    # Refusals.

    refusals: ClassVar[Mapping[RefusalKind, tuple[int, str]]] = {}
    """Status and message where they differ from the table of refusals."""

    def envelope(
        self,
        status: int,
        message: str,
        *,
        kind: str,
        is_refunded: bool = False,
    ) -> dict[str, object]:
        """
        Return the body of an error.

        This general shape is on no page of the API; it is inferred from clients.
        """
        return {"code": status, "message": message}

    def refusal(
        self,
        kind: RefusalKind,
        *,
        message: str | None = None,
        status: int | None = None,
    ) -> Reply:
        """Return a refusal, with another message or status if they are given."""
        known = REFUSALS[kind]
        own_status, text = self.refusals.get(kind, (known.status, known.message))
        status, text = status or own_status, message or text
        if kind == "not_ready":
            return status, {**NOT_READY, "error": message or NOT_READY["error"]}
        return status, self.envelope(status, text, kind=known.kind)

    def failed(self, failure: PlannedFailure, *, is_refunded: bool) -> Reply | None:
        """Return the reply to a poll of a failed task; None: its clips tell."""
        if failure.status is None:
            return None
        return failure.status, self.envelope(
            failure.status,
            failure.message,
            kind=failure.type,
            is_refunded=is_refunded,
        )

    # Tasks.

    def poll(self, task: Task, progress: Progress, songs: Sequence[Song]) -> Reply:
        """Return the reply to a poll of a task that has not failed."""
        if not self.is_ready(progress):
            return 202, NOT_READY
        return 200, self.shown(task, progress, songs)

    def is_ready(self, progress: Progress) -> bool:
        """Check whether a poll is answered with the task, or with 202."""
        return True

    def shown(
        self, task: Task, progress: Progress, songs: Sequence[Song]
    ) -> dict[str, Any]:
        """Return what a poll shows of a task."""
        listed = songs[: self.listed(task, progress)]
        data = [
            self.clip(task, song, view_clip(task, progress, song, number))
            for number, song in enumerate(listed)
        ]
        return {"code": 200, "data": data, "message": "success"}

    def listed(self, task: Task, progress: Progress) -> int:
        """Return how many clips are listed: none, then the first, then all."""
        if progress.stage >= Stage.RUNNING:
            return task.clips
        return 1 if progress.stage is Stage.PENDING else 0

    def clip(self, task: Task, song: Song, view: ClipView) -> dict[str, Any]:
        """Return one clip of the list."""
        body: dict[str, Any] = {
            "clip_id": song.clip_id,
            "state": view.state,
            "title": song.title,
            "lyrics": song.lyrics,
            "image_url": view.image_url,
            "audio_url": view.audio_url,
            "video_url": None,
            "created_at": _timestamp(task.made_at),
            "mv": getattr(task.request, "model", ""),
            "duration": view.duration,
        }
        if song.played_style and view.duration:
            body["emulator"] = {
                "style": song.played_style,
                "style_word": song.style_word,
                "is_guess": song.style_word is None,
            }
        if view.error is not None:
            body["error_message"] = view.error
        return body

    def held_back(
        self, task: Task, late: LateResult, songs: Sequence[Song]
    ) -> Sequence[Song]:
        """Return the songs without what comes late."""
        first = 0 if late.clips is None else max(0, task.clips - late.clips)
        if late.is_clip:
            return songs[:first]
        without = [attrs.evolve(song, audio_url="") for song in songs[first:]]
        return [*songs[:first], *without]

    def with_state(self, body: Mapping[str, Any], state: str) -> dict[str, Any]:
        """Return the reply to a poll with another word for the state."""
        return {**body, "data": [{**clip, "state": state} for clip in body["data"]]}

    def webhook(self, task: Task, body: dict[str, Any]) -> dict[str, Any]:
        """Return the webhook of a finished task, made of the reply to its poll."""
        return body

    # Replies that are themselves the result.

    def direct(
        self,
        request: Request[Any],
        source: str,
        issuer: Issuer,
    ) -> Mapping[str, object]:
        """
        Return the result of a request that no task follows; by default an upload's.

        Args:
            source: What was uploaded.
        """
        clip_id = issuer.new_id("upload")
        issuer.alias(clip_id, source)
        return {"code": 200, "clip_id": clip_id, "message": "success"}

    has_streaming_webhook: ClassVar[bool] = False
    """Whether a webhook may tell that a clip can be heard, before its task is over."""

    # Music.

    audio_format: ClassVar[str | None] = None
    """The format of its audio; None: the emulator's."""
    audio_prefix: ClassVar[str] = ""
    """What the names of its audio files begin with."""

    def format_of(self, request: Request[Any]) -> str | None:
        """Return the format of a request's audio; None: the emulator's."""
        return self.audio_format

    def made_before(self, request: Request[Any]) -> str | None:
        """Return the id of the clip that a request asks for again; None: it is new."""
        return None

    has_clip_ids: ClassVar[bool] = True
    """Whether clips have ids; else the task's id is that of its clip."""

    def song_request(self, request: Request[Any]) -> SongRequest:
        """Return what a request asks the composer for."""
        words = ("tags", "sound", "description", "prompt")
        found = (getattr(request, name, None) for name in words)
        return SongRequest(
            style=", ".join(str(text) for text in found if text),
            lyrics=getattr(request, "lyrics", None) or "",
            title=getattr(request, "title", None) or "",
            instrumental=bool(getattr(request, "instrumental", False)),
            weirdness=getattr(request, "weirdness", None),
            variant=_other_model(request),
        )

    def compose(self, request: Request[Any], spec: SongSpec) -> Score:
        """Return the score of a new song, also for an edit of an unknown clip."""
        return compose(spec)

    def edit(self, request: Request[Any], source: Score, spec: SongSpec) -> Score:
        """
        Return the score of an edit.

        Args:
            source: The score of the clip that it works on.

        Raises:
            ValueError: The request asks for what *source* does not have.
        """
        raise ValueError(f"{request.kind()} works on no clip")

    # Documentation.

    may_be_not_ready: ClassVar[bool] = False
    """Whether a poll may be answered 202."""
    error_schema: ClassVar[str] = "Error"
    """The name of the schema of its errors."""

    @property
    def task_schema(self) -> str:
        """The name of the schema of its tasks."""
        return f"{self.name.title()}Task"

    def reply_schema(self, kind: type[Request[Any]]) -> str:
        """Return the name of the schema of the reply to a request."""
        return "Accepted" if kind.REPLY is None else "Upload"

    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the schemas that only this provider's replies have."""
        return {self.task_schema: clip_list()}


def _other_model(request: Request[Any]) -> str:
    """Return the model of a request, if it is not what its class leaves it at."""
    usual = [one.default for one in attrs.fields(type(request)) if one.name == "model"]
    model = getattr(request, "model", None)
    return "" if model in (None, *usual) else str(model)


def view_clip(task: Task, progress: Progress, song: Song, number: int) -> ClipView:
    """Return what a poll shows of clip *number* of a task."""
    state, is_playable = clip_state(progress, number, task.clips)
    if task.failure is not None and task.is_failed(number):
        if progress.stage is Stage.OVER:
            return ClipView("failed", error=task.failure.message)
        is_playable = False
    if state == "pending":
        return ClipView(state)
    if not (is_playable and song.is_ready):
        return ClipView("running")
    duration = song.duration_s if state == "succeeded" else 0
    return ClipView(state, song.audio_url, song.image_url, duration)


def _timestamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"
