"""``aiomusic create``: buy songs, follow them, save them."""

import asyncio
import contextlib
import logging
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aiomusic._job import MusicJob
from aiomusic._request import Request
from aiomusic._session import MusicSession
from aiomusic.cli._exits import Exit, UsageError, exit_for, printable, worst
from aiomusic.cli._options import Delivery, Song
from aiomusic.cli._requests import read_lyrics, to_request
from aiomusic.cli._run import run
from aiomusic.cli._service import open_session
from aiomusic.cli._show import Events, Paths, Show, tell
from aiomusic.errors import Charged, DownloadError, MusicError, MusicWarning, Retry
from aiomusic.results import Clip, ClipState

__all__ = ["create"]


def create(song: Song, delivery: Delivery) -> Exit:
    """Do what is asked for, and say how it ended."""
    # What the library logs, this command shows in its own words.
    logging.getLogger("aiomusic").addHandler(logging.NullHandler())
    try:
        requests = [_request(song, delivery)] * delivery.count
        with _writable(Path(delivery.out)) as folder:
            return run(_buy(requests, folder, delivery))
    except (MusicError, UsageError) as error:
        show: Show = Events() if delivery.as_json else Paths()
        show.failed(None, error)
        return exit_for(error)


def _request(song: Song, delivery: Delivery) -> Request[Any]:
    if delivery.seed is not None and not delivery.local:
        raise UsageError("--seed goes with --local alone. Nothing was sent.")
    lyrics = None if song.lyrics is None else read_lyrics(song.lyrics)
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", MusicWarning)
        request = to_request(song, lyrics)
    for note in noted:
        tell(str(note.message))
    return request


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[Path]:
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


async def _buy(
    requests: Sequence[Request[Any]], folder: Path, delivery: Delivery
) -> Exit:
    is_local = delivery.local
    jobs: dict[MusicJob[Any], Exit | None] = {}
    with contextlib.ExitStack() as stack:
        show: Show | None = None
        try:
            async with open_session(
                local_seed=_seed(requests[0], delivery) if is_local else None,
                max_credits=delivery.max_credits,
                poll_every_s=delivery.poll_every,
                job_timeout_s=delivery.timeout,
            ) as music:
                jobs = {music.submit(request): None for request in requests}
                show = stack.enter_context(_show(delivery, list(jobs)))
                async with asyncio.TaskGroup() as tasks:
                    for job in jobs:
                        tasks.create_task(_follow(music, job, folder, show, jobs))
        except asyncio.CancelledError:
            # Only now, with the session left, is it known what became of each job.
            for job in [job for job, code in jobs.items() if code is None]:
                assert show is not None
                show.interrupted(job, is_local=is_local)
            raise
    return worst(code for code in jobs.values() if code is not None)


def _show(delivery: Delivery, jobs: Sequence[MusicJob[Any]]) -> Show:
    if delivery.as_json:
        return Events()
    if not sys.stderr.isatty():
        return Paths()
    from aiomusic.cli._progress import (  # noqa: PLC0415 - costs its import
        Lines,
    )

    names = {job.key: _name(job, at, len(jobs)) for at, job in enumerate(jobs, 1)}
    return Lines(names, is_local=delivery.local)


def _seed(request: Request[Any], delivery: Delivery) -> int:
    """Let the same words make the same song, and other words another."""
    if delivery.seed is not None:
        return delivery.seed
    return zlib.crc32(f"{request.kind()} {request.to_body()}".encode())


def _name(job: MusicJob[Any], at: int, most: int) -> str:
    kind = job.provider if job.request is None else job.request.kind()
    return kind if most == 1 else f"{at}/{most} {kind}"


async def _follow(
    music: MusicSession,
    job: MusicJob[Any],
    folder: Path,
    show: Show,
    ends: dict[MusicJob[Any], Exit | None],
) -> None:
    """Follow one job to its files, and note how it ended."""
    try:
        async for update in job.updates():
            show.update(job, update)
        clips: tuple[Clip, ...] = await job
    except MusicError as error:
        show.failed(job, error)
        ends[job] = exit_for(error)
        return
    if failed := [one for one in job.clips if one.state is ClipState.FAILED]:
        show.note(_short(job, failed))
    show.saving(job)
    codes = [await _save(music, job, clip, folder, show) for clip in clips]
    ends[job] = worst(codes)
    if ends[job] is Exit.DONE:
        show.done(job)


def _short(job: MusicJob[Any], failed: Sequence[Clip]) -> str:
    words = "; ".join(dict.fromkeys(clip.error or "no reason" for clip in failed))
    seen = f"{len(failed)} of {len(job.clips)} clips failed at the service: {words}"
    return f"{printable(seen)} [task {job.task_id}]"


async def _save(
    music: MusicSession, job: MusicJob[Any], clip: Clip, folder: Path, show: Show
) -> Exit:
    """Save one clip; if it fails, the next may yet succeed."""
    try:
        path = await music.download(clip, folder)
    except MusicError as error:
        error.task_id = job.task_id
        show.failed(job, error)
        return exit_for(error)
    show.saved(job, clip, path)
    return Exit.DONE
