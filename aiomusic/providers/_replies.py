"""
The replies that several providers share, as the wire has them.

What is paid for must be seen in whatever shape it comes, so nothing here raises over
the shape of a poll: what can't be read is counted, and waited for.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Protocol, final
from urllib.parse import quote

import attrs

from aiomusic._bodies import MAX_BYTES, folded, is_task_id
from aiomusic._redact import shown as redacted
from aiomusic._spelling import shown
from aiomusic.errors import InvalidRequest
from aiomusic.results import Clip, ClipState, TaskSnapshot, Upload

__all__ = [
    "Provider",
    "ReadTask",
    "Unreadable",
    "UploadReply",
    "address",
    "check_task_id",
    "failure_words",
    "list_at",
    "percent",
    "read_clips",
    "read_state",
    "seconds",
    "state_words",
    "task_state",
    "text_at",
    "words",
]


class Unreadable(ValueError):
    """A reply lacks what its request is paid for; the message names the field."""


class ReadTask(Protocol):
    """How the reply to a poll reads."""

    def __call__(
        self, raw: Mapping[str, Any], *, provider: str, task_id: str
    ) -> TaskSnapshot:
        """Return what it shows; *raw* is the JSON object of the reply."""


@final
@attrs.frozen(kw_only=True)
class Provider:
    """
    One music model of the service: where its tasks are, and how long they take.

    Args:
        task_path: With ``{task_id}`` where the id goes.
        pace_s: How often the service advises to poll.
        typical_s: Between how many seconds most tasks end.
        clips: How many a task makes, if nothing else is known of it.
        read: How the reply to a poll reads.
        audio: The format of its clips, where their links don't tell it.
        max_reply_bytes: How long the reply to a poll may be: more, where it holds
            audio itself.
    """

    name: str
    task_path: str
    pace_s: float
    typical_s: tuple[float, float]
    clips: int
    read: ReadTask
    audio: str = "mp3"
    max_reply_bytes: int = MAX_BYTES

    def path_of(self, task_id: str) -> str:
        """
        Return where a task is polled, whatever the service has named it.

        Raises:
            InvalidRequest: Another path would be asked, or none can be.
        """
        # Most ids are plain, and one is polled many times.
        if _PLAIN(task_id):
            return self.task_path.replace("{task_id}", task_id)
        check_task_id(task_id)
        return self.task_path.replace("{task_id}", quote(task_id, safe=""))


_PLAIN = re.compile(r"[\w-]{1,512}", re.ASCII).fullmatch


def check_task_id(task_id: object) -> None:
    """
    Check that a task can be asked for; every id that a create accepts can.

    Raises:
        InvalidRequest: Another address would be asked, or none can be.
    """
    if not (isinstance(task_id, str) and is_task_id(task_id)):
        rule = "it must be a task's id as the service gave it, without spaces around it"
        message = f"task_id is {shown(task_id)}; {rule}. Nothing was asked for."
        raise InvalidRequest(message, field="task_id", rule=rule)


# Single values.


def seconds(value: object) -> float | None:
    """Read a duration, which comes as a number or as text; None for neither."""
    try:
        found = float(value) if isinstance(value, (int, float, str)) else 0.0
    except (OverflowError, ValueError):
        return None
    return found if 0 < found < float("inf") else None


def percent(value: object) -> int | None:
    """Read a progress, a number or text such as ``"45%"``; None for neither."""
    if not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return None
    try:
        found = float(
            value.strip().removesuffix("%") if isinstance(value, str) else value
        )
    except (OverflowError, ValueError):
        return None
    return int(found) if 0 <= found <= MAX_PERCENT else None


def words(value: object) -> str | None:
    """Read a text that a song can do without; None for anything else."""
    return value if isinstance(value, str) else None


def address(value: object) -> str | None:
    """Read an address, be it wrapped; None while there is nothing to fetch."""
    match value:
        case str():
            return value.strip() or None
        case [first, *_]:
            return words(first) or None
        case {"url": str() as inner}:
            return inner or None
        case _:
            return None


def _moment(value: object) -> datetime | None:
    """Read a time with a zone; what does not read is left to ``Clip.raw``."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else None


def text_at(raw: Mapping[str, Any], *names: str) -> str:
    """
    Return what a later call needs, from the first of *names* that is there.

    Raises:
        Unreadable: It is missing, or empty.
    """
    fields = folded(raw)
    for name in names:
        value = fields.get(name.replace("_", ""))
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        text = str(value) if is_number else value
        if isinstance(text, str) and text.strip():
            return text
    message = f"it has no {names[0]}"
    raise Unreadable(message)


def list_at(raw: Mapping[str, Any], *names: str) -> list[Any]:
    """
    Return a list, from the first of *names* that is one.

    Raises:
        Unreadable: There is none.
    """
    fields = folded(raw)
    for name in names:
        found = fields.get(name)
        if isinstance(found, list):
            return found
    message = f"it has no list of {names[0]}"
    raise Unreadable(message)


# States.


_PENDING = "pending queued submitted created waiting inqueue notstarted queueing new"
_RUNNING = "running processing streaming inprogress generating started working"
_SUCCEEDED = (
    "succeeded success successful succeed completed complete done finished finish"
)
_FAILED = (
    "failed failure fail error errored cancelled canceled expired timeout timedout"
    " rejected aborted refused declined terminated killed crashed unsuccessful"
)
# Sisters name the step too, as in ``CREATE_TASK_FAILED``.
_FAILED_STEP: Final = re.compile(r"(?!no).*(failed|failure|error)")
# API: sisters of the service spell the same four states in all of these words.
_STATES: Final = {
    **dict.fromkeys(_PENDING.split(), ClipState.PENDING),
    **dict.fromkeys(_RUNNING.split(), ClipState.RUNNING),
    **dict.fromkeys(_SUCCEEDED.split(), ClipState.SUCCEEDED),
    **dict.fromkeys(_FAILED.split(), ClipState.FAILED),
}
# Some answer the state as an HTTP status; other numbers mean something else with
# each of them.
_OK, _ACCEPTED, _FIRST_ERROR, _LAST_ERROR = 200, 202, 400, 599


def read_state(value: object) -> ClipState:
    """Read a state; UNKNOWN for a word or number that no source explains."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _numbered(value)
    if not isinstance(value, str):
        return ClipState.UNKNOWN
    word = re.sub(r"[\s_-]", "", value[:40]).lower()
    if word.isascii() and word.isdecimal():
        return _numbered(int(word))
    other = ClipState.FAILED if _FAILED_STEP.fullmatch(word) else ClipState.UNKNOWN
    return _STATES.get(word, other)


def state_words(value: object) -> str:
    """Return how a state that nobody knows is shown."""
    return redacted(shown(value), 60)


def _numbered(value: float) -> ClipState:
    if value == _OK:
        return ClipState.SUCCEEDED
    if value == _ACCEPTED:
        return ClipState.RUNNING
    is_error = _FIRST_ERROR <= value <= _LAST_ERROR
    return ClipState.FAILED if is_error else ClipState.UNKNOWN


def task_state(clips: tuple[Clip, ...]) -> ClipState:
    """Return how far a task is, from its clips: it has no state of its own."""
    states = {clip.state for clip in clips}
    if not states:
        return ClipState.PENDING
    if all(state.is_final for state in states):
        is_any = ClipState.SUCCEEDED in states
        return ClipState.SUCCEEDED if is_any else ClipState.FAILED
    if states == {ClipState.PENDING}:
        return ClipState.PENDING
    return ClipState.UNKNOWN if ClipState.UNKNOWN in states else ClipState.RUNNING


_REASONS: Final = (
    "errormessage",
    "failreason",
    "failurereason",
    "errormsg",
    "error",
    "message",
    "reason",
    "detail",
    "msg",
    "errors",
)


def failure_words(raw: object) -> str | None:
    """Return the service's words on what went wrong, under whatever name."""
    fields = folded(raw)
    for name in _REASONS:
        if found := _sentence(fields.get(name)):
            return found
    return None


def _sentence(value: object) -> str | None:
    match value:
        case str() if value.strip():
            return value
        case dict():
            inner = folded(value)
            texts = (words(inner.get(name)) for name in _REASONS)
            return next((text for text in texts if text), None)
        case [str() as first, *_]:
            return first
        case [dict() as first, *_]:
            return _sentence(first)
        case _:
            return None


# Lists of clips.


def read_clips(raw: Mapping[str, Any], *, provider: str, task_id: str) -> TaskSnapshot:
    """
    Read ``{code, data: [clip], message}``, as most providers answer a poll.

    Sisters wrap the clips in objects, or give them by their ids; a clip without a
    state has that of the object around it.
    """
    boxes, entries = _entries(raw)
    outers = (_outer_state(box, task_id) for box in reversed(boxes))
    outer = next((one for one in outers if one is not None), None)
    reader = _Reader(provider=provider, task_id=task_id, outer=outer)
    clips = tuple(
        clip
        for number, (name, one) in enumerate(entries[:MAX_CLIPS])
        if (clip := reader.clip(number, name, one)) is not None
    )
    if not clips and outer is not None and read_state(outer) is ClipState.UNKNOWN:
        reader.unknown.append(state_words(outer))
    return TaskSnapshot(
        state=task_state(clips),
        clips=clips,
        progress=percent(folded(boxes[-1]).get("progress")),
        unknown_states=tuple(dict.fromkeys(reader.unknown)),
        unreadable=reader.unreadable + max(0, len(entries) - MAX_CLIPS),
    )


# No task has nearly so many; each is kept for as long as its job.
MAX_CLIPS: Final = 1000
MAX_PERCENT: Final = 100
_CLIP_LISTS: Final = (
    "clips",
    "songs",
    "data",
    "tracks",
    "sunodata",
    "response",
    "output",
    "results",
    "result",
    "items",
)
_LINKS: Final = ("audiourl", "songurl", "mp3url", "audio")
_CLIP_SIGNS: Final = frozenset({"clipid", "songid", *_LINKS})
_Entry = tuple[str | None, object]


def _entries(raw: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], list[_Entry]]:
    """Return the objects around the clips, and each clip, under its key if any."""
    boxes: list[Mapping[str, Any]] = [raw]
    for _ in range(MAX_BOXES):
        box = boxes[-1]
        fields = folded(box)
        inner = next(
            (fields[n] for n in _CLIP_LISTS if fields.get(n) is not None), None
        )
        if isinstance(inner, list):
            return boxes, [(None, one) for one in inner]
        if not isinstance(inner, dict):
            # What is wrapped may itself be the clip; text or a number is no news.
            is_clip = not _CLIP_SIGNS.isdisjoint(fields)
            is_odd = inner is not None and not is_clip
            odd: list[_Entry] = [(None, inner)] if is_odd else []
            return boxes, [(None, box)] if is_clip else odd
        if _is_by_id(inner):
            return boxes, list(inner.items())
        boxes.append(inner)
    return boxes, []


MAX_BOXES: Final = 4


def _is_by_id(inner: Mapping[str, Any]) -> bool:
    """Check whether an object holds clips under their ids."""
    names = folded(inner).keys()
    is_box = not names.isdisjoint(_CLIP_LISTS) or not names.isdisjoint(_CLIP_SIGNS)
    are_objects = bool(inner) and all(isinstance(one, dict) for one in inner.values())
    return are_objects and not is_box


def _outer_state(box: Mapping[str, Any], task_id: str) -> object:
    """Return the state of the object around the clips, where it is the task's."""
    fields = folded(box)
    found = fields.get("state", fields.get("status"))
    is_named = str(fields.get("taskid", fields.get("id"))) == task_id
    is_envelope = "data" in fields and not is_named
    # ``status: "success"`` beside data says that the poll went well, and no more.
    is_well = read_state(found) is ClipState.SUCCEEDED or found in _WELL
    return None if is_envelope and is_well else found


_WELL: Final = ("ok", "OK", True, 0)


@final
@attrs.define(kw_only=True)
class _Reader:
    """Reads one list's clips, and keeps count of what it could not read."""

    provider: str
    task_id: str
    outer: object
    unknown: list[str] = attrs.field(factory=list)
    unreadable: int = 0

    def clip(self, number: int, name: str | None, raw: object) -> Clip | None:
        """Read a clip; None if it can't be told from others."""
        fields = folded(raw)
        word = fields.get("state", fields.get("status"))
        word = self.outer if word is None else word
        state = read_state(word)
        audio_url = next(filter(None, map(address, map(fields.get, _LINKS))), None)
        clip_id = next(self._ids(fields, name), None)
        if clip_id is None and fields and _is_over(state, audio_url):
            # It is paid for, and can be fetched without a name.
            clip_id = f"{self.task_id}-{number + 1}"
        if clip_id is None:
            self.unreadable += 1
            return None
        if state is ClipState.UNKNOWN:
            self.unknown.append(state_words(word))
        return Clip(
            clip_id=clip_id,
            provider=self.provider,
            task_id=self.task_id,
            state=state,
            title=words(fields.get("title")),
            tags=words(fields.get("tags", fields.get("sound"))),
            lyrics=words(fields.get("lyrics")),
            audio_url=audio_url,
            image_url=address(fields.get("imageurl")),
            video_url=address(fields.get("videourl")),
            duration=seconds(fields.get("duration")),
            created_at=_moment(fields.get("createdat")),
            model=words(fields.get("mv")),
            error=_reason(raw, state),
            raw=raw if isinstance(raw, dict) else {},
        )

    def _ids(self, fields: Mapping[str, Any], name: str | None) -> Iterator[str]:
        for value in (*map(fields.get, ("clipid", "songid", "id")), name):
            is_number = isinstance(value, int) and not isinstance(value, bool)
            text = str(value).strip() if is_number else value
            if isinstance(text, str) and is_task_id(text.strip()):
                yield text.strip()


def _is_over(state: ClipState, audio_url: str | None) -> bool:
    is_made = state is ClipState.SUCCEEDED and audio_url is not None
    return is_made or state is ClipState.FAILED


def _reason(raw: object, state: ClipState) -> str | None:
    """Return why a clip failed; of one that did not, ``message`` may say anything."""
    if state is ClipState.FAILED:
        return failure_words(raw)
    return words(folded(raw).get("errormessage"))


class _UploadRequest(Protocol):
    PROVIDER: ClassVar[str]

    @property
    def url(self) -> str: ...


@final
@attrs.frozen(kw_only=True)
class UploadReply:
    """``{code, clip_id, message}``, as an upload is answered."""

    clip_id: str

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "UploadReply":
        return cls(clip_id=text_at(raw, "clip_id", "id"))

    def to_result(self, request: "_UploadRequest") -> Upload:
        return Upload(clip_id=self.clip_id, provider=request.PROVIDER, url=request.url)
