"""What a command shows: results on standard output, the rest on standard error."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, final

import attrs

from aiomusic import _codec
from aiomusic._job import JobState, JobUpdate, MusicJob
from aiomusic._spelling import short_links
from aiomusic.cli._exits import OutputError, exit_for, printable, sentence
from aiomusic.cli._journal import Advice
from aiomusic.errors import Charged, MusicError, Retry
from aiomusic.results import AlignedLyrics, Clip, Lyrics, Midi, Persona, Upload, Wav

__all__ = [
    "Events",
    "Paths",
    "Show",
    "Still",
    "print_result",
    "report",
    "texts_of",
    "whereabouts",
]


def print_result(text: str) -> None:
    """
    Write a line of the result, and let no reader wait for it.

    Raises:
        OutputError: It can't be written.
    """
    try:
        sys.stdout.write(f"{short_links(text)}\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # Where whoever read it has left, what is paid for is still saved.
        if not isinstance(error, BrokenPipeError):
            raise OutputError(error) from error


def report(text: str) -> None:
    """Write a line beside the result."""
    sys.stderr.write(f"aiomusic: {printable(text)}\n")
    sys.stderr.flush()


class Show(Protocol):
    """How jobs are shown while they are followed."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def update(self, job: MusicJob[Any], update: JobUpdate) -> None:
        """Show a change of a job."""

    def saving(self, job: MusicJob[Any]) -> None:
        """Show that a job's clips are being fetched."""

    def made(self, job: MusicJob[Any], result: object) -> None:
        """Show what a job made, where that is no clips."""

    def saved(self, job: MusicJob[Any], clip: Clip, path: Path) -> None:
        """Show a file that is there now."""

    def done(self, job: MusicJob[Any]) -> None:
        """Show that all is saved."""

    def failed(self, job: MusicJob[Any] | None, error: Exception) -> None:
        """Show what went wrong with a job, or before there was one."""

    def note(self, text: str) -> None:
        """Print what is no error, and yet worth knowing."""

    def interrupted(self, job: MusicJob[Any], advice: Advice) -> None:
        """Show what becomes of a job that the command leaves."""


class Still:
    """What has nothing to open or to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


@final
class Paths(Still):
    """For a pipe: the path of each file, as it is there."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def update(self, job: MusicJob[Any], update: JobUpdate) -> None:
        """Show nothing."""

    def saving(self, job: MusicJob[Any]) -> None:
        """Show nothing."""

    def made(self, job: MusicJob[Any], result: object) -> None:
        """Write the id, or the words."""
        for text in texts_of(result):
            print_result(text)

    def saved(self, job: MusicJob[Any], clip: Clip, path: Path) -> None:
        """Write the path."""
        print_result(str(path))

    def done(self, job: MusicJob[Any]) -> None:
        """Show nothing."""

    def failed(self, job: MusicJob[Any] | None, error: Exception) -> None:
        """Print it once, however many jobs it struck."""
        text = sentence(error)
        if text not in self._told:
            self._told.add(text)
            report(text)

    def note(self, text: str) -> None:
        """Print it."""
        report(text)

    def interrupted(self, job: MusicJob[Any], advice: Advice) -> None:
        """Print it."""
        report(whereabouts(job, advice))


@final
@attrs.define(eq=False)
class Events(Still):
    """
    For programs: one JSON object a line.

    Every line has ``event``, ``job`` (the job's key), ``task_id`` and ``elapsed_s``;
    the last three are null where there is none.

    =========== ================================================================
    event       and besides
    =========== ================================================================
    state       ``state``, ``request``, ``cost``, ``progress``
    submitted   ``provider``
    playable    ``clip_id``, ``title``, ``audio_url``, ``duration``
    result      ``result``: an upload, a persona or lyrics
    saved       ``clip_id``, ``title``, ``path``, ``duration``
    failed      ``error``, ``message``, ``charged``, ``retry``, ``exit_code``
    interrupted ``state``, ``charged``, ``message``
    =========== ================================================================
    """

    _beside: Paths = attrs.field(factory=Paths)
    _states: dict[str, JobState] = attrs.field(factory=dict)
    _submitted: set[str] = attrs.field(factory=set)

    def update(self, job: MusicJob[Any], update: JobUpdate) -> None:
        """Write what is new: the task, the state, the clips."""
        if update.task_id is not None and job.key not in self._submitted:
            self._submitted.add(job.key)
            self._write("submitted", job, update, provider=job.provider)
        if update.state is not self._states.get(job.key) or update.progress is not None:
            self._states[job.key] = update.state
            request = job.request
            self._write(
                "state",
                job,
                update,
                state=update.state,
                request=None if request is None else request.kind(),
                cost=job.cost,
                progress=update.progress,
            )
        for clip in update.playable:
            self._write(
                "playable",
                job,
                update,
                clip_id=clip.clip_id,
                title=clip.title,
                audio_url=clip.audio_url,
                duration=clip.duration,
            )

    def saving(self, job: MusicJob[Any]) -> None:
        """Write nothing."""

    def made(self, job: MusicJob[Any], result: object) -> None:
        """Write the result."""
        if list(texts_of(result)):
            self._write("result", job, result=_codec.result_to_json(result))

    def saved(self, job: MusicJob[Any], clip: Clip, path: Path) -> None:
        """Write the path."""
        self._write(
            "saved",
            job,
            clip_id=clip.clip_id,
            title=clip.title,
            path=str(path),
            duration=clip.duration,
        )

    def done(self, job: MusicJob[Any]) -> None:
        """Write nothing."""

    def failed(self, job: MusicJob[Any] | None, error: Exception) -> None:
        """Write the error, and its sentence on standard error too."""
        music = error if isinstance(error, MusicError) else None
        self._write(
            "failed",
            job,
            error=type(error).__name__,
            message=sentence(error),
            charged=Charged.NO if music is None else music.charged,
            retry=Retry.AFTER_EDIT if music is None else music.retry,
            exit_code=int(exit_for(error)),
        )
        self._beside.failed(job, error)

    def note(self, text: str) -> None:
        """Print it on standard error."""
        self._beside.note(text)

    def interrupted(self, job: MusicJob[Any], advice: Advice) -> None:
        """Write what becomes of the job."""
        error = job.error
        self._write(
            "interrupted",
            job,
            state=job.state,
            charged=Charged.YES if error is None else error.charged,
            message=whereabouts(job, advice),
        )
        self._beside.interrupted(job, advice)

    def _write(
        self,
        event: str,
        job: MusicJob[Any] | None,
        update: JobUpdate | None = None,
        **besides: object,
    ) -> None:
        moment = update or job
        line = {
            "event": event,
            "job": None if job is None else job.key,
            "task_id": None if job is None else job.task_id,
            "elapsed_s": None if moment is None else round(moment.elapsed_s, 3),
            **besides,
        }
        print_result(json.dumps(line))


def texts_of(result: object) -> Iterator[str]:
    """Yield what a result is used by: ids and words; nothing of clips."""
    match result:
        case Upload():
            yield result.clip_id
        case Persona():
            yield result.persona_id
        case Wav() | Midi():
            yield printable(result.url)
        case AlignedLyrics():
            yield block(result.lrc)
        case Lyrics():
            yield f"# {printable(result.title)}\n\n{block(result.text)}\n"
        case tuple():
            for one in result:
                yield from texts_of(one)


def block(text: str) -> str:
    """Return text of the service with its line ends, and no other controls."""
    return "\n".join(printable(line) for line in text.splitlines())


def whereabouts(job: MusicJob[Any], advice: Advice) -> str:
    """Return where a job is that the command leaves, and how to have it again."""
    return printable(f"interrupted: {advice.interrupted(job)}")
