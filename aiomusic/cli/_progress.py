"""A line per job on a terminal."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

import attrs
from rich.table import Table

from aiomusic._job import JobState, JobUpdate, MusicJob
from aiomusic.cli._exits import sentence
from aiomusic.cli._journal import Advice
from aiomusic.cli._live import JobLine, LiveView, minutes, time_left
from aiomusic.cli._show import print_result, texts_of, whereabouts
from aiomusic.results import Clip

__all__ = ["Lines"]


@final
@attrs.define(kw_only=True, eq=False)
class _Line:
    """What is known of one job."""

    job: MusicJob[Any]
    name: str
    state: str = JobState.QUEUED
    progress: int | None = None
    playable: int = 0
    ended_s: float | None = None

    @property
    def is_over(self) -> bool:
        return self.ended_s is not None

    def end(self, state: str) -> None:
        self.state, self.ended_s = state, self.job.elapsed_s

    def words(self) -> str:
        if self.state != JobState.RUNNING:
            return self.state
        words = [self.state]
        if self.progress is not None:
            words.append(f"{self.progress} %")
        if self.playable:
            words.append(f"{self.playable} can be heard")
        return ", ".join(words)

    def shown(self, *, has_eta: bool) -> JobLine:
        is_timed = has_eta and not self.is_over
        return JobLine(
            name=self.name,
            state=self.state,
            words=self.words(),
            elapsed_s=self.job.elapsed_s if self.ended_s is None else self.ended_s,
            left=time_left(self.job) if is_timed else "",
            is_over=self.is_over,
        )


@final
class Lines:
    """For a terminal: a line per job on standard error, then the files."""

    def __init__(self, names: Mapping[str, str], *, is_local: bool) -> None:
        """Take the name of each job, by its key."""
        self._names = names
        # The emulator's pace is not the provider's.
        self._has_eta = not is_local
        self._lines: dict[str, _Line] = {}
        self._saved: list[str] = []
        self._told: set[str] = set()
        self._live = LiveView(self._table)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.__exit__(kind, error, trace)
        for text in self._saved:
            print_result(text)

    def update(self, job: MusicJob[Any], update: JobUpdate) -> None:
        """Change the job's line."""
        line = self._line(job)
        line.state, line.progress = update.state, update.progress
        line.playable += len(update.playable)

    def saving(self, job: MusicJob[Any]) -> None:
        """Show it in the job's line."""
        self._line(job).state = "saving"

    def made(self, job: MusicJob[Any], result: object) -> None:
        """Keep it, to be written below the lines."""
        self._saved.extend(texts_of(result))

    def saved(self, job: MusicJob[Any], clip: Clip, path: Path) -> None:
        """Keep the path for the end, unless standard output is a pipe."""
        if not sys.stdout.isatty():
            print_result(str(path))
            return
        length = "" if clip.duration is None else f"  {minutes(clip.duration)}"
        self._saved.append(f"{path}{length}")

    def done(self, job: MusicJob[Any]) -> None:
        """End the job's line well."""
        self._line(job).end("done")

    def failed(self, job: MusicJob[Any] | None, error: Exception) -> None:
        """End the job's line, and say why above the lines, once."""
        if job is not None:
            is_unknown = job.state is JobState.UNKNOWN
            self._line(job).end("unknown" if is_unknown else "failed")
        self._print(sentence(error))

    def note(self, text: str) -> None:
        """Print it above the lines."""
        self._print(text)

    def interrupted(self, job: MusicJob[Any], advice: Advice) -> None:
        """End the job's line, and say what becomes of the job."""
        self._line(job).end("interrupted")
        self._print(whereabouts(job, advice))

    def _print(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._live.print(f"aiomusic: {text}")

    def _line(self, job: MusicJob[Any]) -> _Line:
        if job.key not in self._lines:
            name = self._names.get(job.key, job.provider)
            self._lines[job.key] = _Line(job=job, name=name)
        return self._lines[job.key]

    def _table(self, live: LiveView) -> Table:
        lines = list(self._lines.values())
        return live.table(line.shown(has_eta=self._has_eta) for line in lines)
