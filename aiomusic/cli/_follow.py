"""Follow jobs to their files: what create, resume and resubmit have in common."""

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, final

import attrs

from aiomusic._job import MusicJob
from aiomusic._session import MusicSession
from aiomusic.cli._exits import Exit, exit_for, printable, worst
from aiomusic.cli._journal import Advice
from aiomusic.cli._show import Events, Paths, Show
from aiomusic.errors import Charged, DownloadError, JournalError, MusicError, Retry
from aiomusic.journal import Journal
from aiomusic.results import Clip, ClipState

__all__ = ["JobRunner", "writable"]


def _show(*, as_json: bool, jobs: Sequence[MusicJob[Any]] = (), advice: Advice) -> Show:
    """Choose how jobs are shown."""
    if as_json:
        return Events()
    if not jobs or not sys.stderr.isatty():
        return Paths()
    from aiomusic.cli._progress import (
        Lines,
    )

    names = {job.key: _name(job, at, len(jobs)) for at, job in enumerate(jobs, 1)}
    return Lines(names, is_local=advice.is_local)


def _name(job: MusicJob[Any], at: int, most: int) -> str:
    kind = job.provider if job.request is None else job.request.kind()
    return kind if most == 1 else f"{at}/{most} {kind}"


@contextlib.contextmanager
def writable(folder: Path) -> Iterator[Path]:
    """
    Make sure, before anything is paid for, that files can be written there.

    A folder that was made for it, and stays empty, is removed again.

    Raises:
        DownloadError: They can't.
    """
    missing: list[Path] = []
    try:
        try:
            missing += [one for one in (folder, *folder.parents) if not one.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise DownloadError(
                f"Nothing can be saved in {folder}: {error.strerror}."
                " Choose another folder with --out. Nothing was sent.",
                charged=Charged.NO,
                retry=Retry.AFTER_EDIT,
            ) from error
        yield folder
    finally:
        for one in missing:
            with contextlib.suppress(OSError):
                one.rmdir()


@final
@attrs.define(kw_only=True, eq=False)
class JobRunner:
    """
    Follows jobs to their ends, and saves what they made.

    Attributes:
        journal: What the session writes into.
        formats: In which to have the clips; none: as they are.
        refused: What is told beside the jobs, and counts as they do.
    """

    folder: Path
    journal: Journal
    advice: Advice
    as_json: bool
    formats: Sequence[str] = ()
    refused: Sequence[Exception] = ()
    notes: list[str] = attrs.field(factory=list)
    _ends: dict[MusicJob[Any], Exit | None] = attrs.field(factory=dict, init=False)

    async def run(
        self,
        opening: contextlib.AbstractAsyncContextManager[MusicSession],
        start: Callable[[MusicSession], Awaitable[Sequence[MusicJob[Any]]]],
    ) -> Exit:
        """Open a session, follow what *start* gives, and say how it all ended."""
        with contextlib.ExitStack() as stack:
            show: Show | None = None
            try:
                async with opening as music:
                    self._ends = dict.fromkeys(await start(music))
                    jobs = list(self._ends)
                    show = stack.enter_context(
                        _show(as_json=self.as_json, jobs=jobs, advice=self.advice)
                    )
                    for note in self.notes:
                        show.note(note)
                    async with asyncio.TaskGroup() as tasks:
                        for job in jobs:
                            tasks.create_task(self._follow(music, job, show))
            except asyncio.CancelledError:
                # Only now, with the session closed, is it known what became of each.
                for job in [job for job, code in self._ends.items() if code is None]:
                    if show is not None:
                        show.interrupted(job, self.advice)
                raise
            for error in self.refused:
                show.failed(None, error)
        codes = [code for code in self._ends.values() if code is not None]
        return worst([*codes, *map(exit_for, self.refused)])

    async def _follow(
        self, music: MusicSession, job: MusicJob[Any], show: Show
    ) -> None:
        """Follow one job to its files, and note how it ended."""
        try:
            async for update in job.updates():
                show.update(job, update)
            result = await job
        except MusicError as error:
            await self._reword(error, job)
            show.failed(job, error)
            self._ends[job] = exit_for(error)
            return
        if failed := [one for one in job.clips if one.state is ClipState.FAILED]:
            show.note(_short(job, failed))
        show.saving(job)
        show.made(job, result)
        clips = result if isinstance(result, tuple) else ()
        codes = [
            await self._save(music, job, clip, show, format_=one)
            for clip in clips
            for one in self.formats or _AS_IT_IS
            if isinstance(clip, Clip)
        ]
        self._ends[job] = worst(codes)
        if self._ends[job] is Exit.DONE:
            show.done(job)

    async def _save(
        self,
        music: MusicSession,
        job: MusicJob[Any],
        clip: Clip,
        show: Show,
        *,
        format_: str | None,
    ) -> Exit:
        """Save one clip; if it fails, the next may yet succeed."""
        try:
            path = await music.download(
                clip, self.folder, format=format_, metadata=job.metadata
            )
        except DownloadError as error:
            error.task_id = job.task_id
            show.failed(job, error)
            return exit_for(error)
        except MusicError as error:
            # Of the purchase of a format, which has a job of its own.
            show.failed(job, error)
            return exit_for(error)
        show.saved(job, clip, path)
        return Exit.DONE

    async def _reword(self, error: MusicError, job: MusicJob[Any]) -> None:
        record = None
        with contextlib.suppress(JournalError):
            record = await self.journal.find(job.key)
        self.advice.reworded(error, job.key, record)


_AS_IT_IS: Final = (None,)


def _short(job: MusicJob[Any], failed: Sequence[Clip]) -> str:
    words = "; ".join(dict.fromkeys(clip.error or "no reason" for clip in failed))
    seen = f"{len(failed)} of {len(job.clips)} clips failed at the service: {words}"
    return f"{printable(seen)} [task {job.task_id}]"
