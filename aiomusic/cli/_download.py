"""``aiomusic download``: fetch what is made already, by link, job or task."""

import hashlib
import json
import logging
import re
import urllib.parse
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from aiomusic._engine.formats import wanted_of
from aiomusic._names import NameTemplate
from aiomusic._session import MusicSession
from aiomusic.cli._exits import Exit, UsageError, counted, exit_for, worst
from aiomusic.cli._follow import writable
from aiomusic.cli._journal import JournalPath, find_job, reader_of
from aiomusic.cli._options import Fetching
from aiomusic.cli._run import run
from aiomusic.cli._service import (
    formats_of,
    open_session,
    price_of_host,
    signer_of,
)
from aiomusic.cli._show import Events, Paths, Show, print_result, report
from aiomusic.errors import MusicError
from aiomusic.providers._all import PROVIDERS
from aiomusic.results import Clip, ClipState

__all__ = ["download"]

_LINK: Final = re.compile(r"https?://", re.IGNORECASE)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def download(what: Sequence[str], fetching: Fetching) -> Exit:
    """Fetch all that is named, each whatever becomes of the others."""
    logging.getLogger("aiomusic").addHandler(logging.NullHandler())
    show: Show = Events() if fetching.as_json else Paths()
    try:
        with writable(Path(fetching.out)) as folder:
            return run(_download(what, folder, fetching, show))
    except (MusicError, UsageError) as error:
        show.failed(None, error)
        return exit_for(error)


async def _download(
    what: Sequence[str], folder: Path, fetching: Fetching, show: Show
) -> Exit:
    if not what:
        message = "Say what to download: a link, a job's key, or a task's id."
        raise UsageError(f"{message} Nothing was sent.")
    template = None if fetching.name is None else NameTemplate(fetching.name)
    needs_key = not all(map(_LINK.match, what))
    formats = formats_of(fetching.format)
    codes: list[Exit] = []
    opening = open_session(
        # What is bought is known in the next run.
        journal=JournalPath.of(fetching.journal).to_keep() if formats else None,
        signer=signer_of(fetching),
        needs_key=needs_key,
    )
    async with opening as music:
        for one in what:
            try:
                async for take, clip in _clips(music, one, fetching):
                    name = None if template is None else _name(template, clip, take)
                    _tell_costs(clip, formats)
                    for format_ in formats or [None]:
                        path = await music.download(
                            clip, folder, name=name, format=format_
                        )
                        _saved(clip, path, as_json=fetching.as_json)
            except (MusicError, UsageError) as error:
                show.failed(None, error)
                codes.append(exit_for(error))
    return worst(codes)


def _tell_costs(clip: Clip, formats: Sequence[str]) -> None:
    for one in wanted_of([clip], formats):
        if one.request is not None:
            price = counted(price_of_host(one.request), "credit")
            name = f"{clip.title or clip.clip_id} as {one.format}"
            report(f"{name} costs {price}, if it was not bought before.")


def _name(template: NameTemplate, clip: Clip, take: int) -> str:
    from aiomusic._files.placement import values_of

    return template.fill({**values_of(clip), "take": take})


def _saved(clip: Clip, path: Path, *, as_json: bool) -> None:
    if not as_json:
        print_result(str(path))
        return
    found = {"clip_id": clip.clip_id, "title": clip.title, "path": str(path)}
    print_result(json.dumps({"event": "saved", **found, "duration": clip.duration}))


async def _clips(
    music: MusicSession, what: str, fetching: Fetching
) -> AsyncIterator[tuple[int, Clip]]:
    """
    Yield the clips that a word means, with their takes.

    Raises:
        UsageError: It means none that could be fetched.
        MusicError: The service does not tell.
    """
    if _LINK.match(what):
        if fetching.format:
            message = "--format goes with jobs and tasks: a link gives what it gives."
            raise UsageError(f"{message} Nothing was sent.")
        yield 1, _linked(what, fetching.provider)
        return
    provider = fetching.provider
    if provider is None:
        clips = await _of_job(what, JournalPath.of(fetching.journal))
    else:
        clips = await _of_task(music, provider, what)
    failed = [clip for clip in clips if clip.state is ClipState.FAILED]
    if failed:
        words = "; ".join(clip.error or "no reason" for clip in failed)
        report(f"{len(failed)} of {len(clips)} clips of {what} failed there: {words}")
    for take, clip in enumerate(clips, 1):
        if clip not in failed:
            yield take, clip


def _linked(link: str, provider: str | None) -> Clip:
    """Return a clip of which nothing is known but where it is."""
    parts = urllib.parse.urlsplit(link)
    host, name = parts.hostname or "link", urllib.parse.unquote(parts.path)
    stem = name.rpartition("/")[2].partition(".")[0]
    found = _UUID.search(name.lower())
    digest = hashlib.sha256(link.partition("?")[0].encode(errors="replace"))
    known = next((one for one in PROVIDERS if one in host), host)
    return Clip(
        clip_id=found[0] if found else digest.hexdigest()[:12],
        provider=provider or known,
        state=ClipState.SUCCEEDED,
        title=None if found else stem or None,
        audio_url=link,
    )


async def _of_job(key: str, place: JournalPath) -> Sequence[Clip]:
    try:
        record = await find_job(await reader_of(place), place, key)
    except UsageError as error:
        message = f"{error.args[0]} Of a task's id, give --provider too."
        raise UsageError(message) from error
    if not record.clips:
        raise UsageError(
            f"Job {record.key} is in state {record.state}, and has no clips to fetch:"
            f" 'aiomusic jobs resume {record.key}{place.option}' follows it."
        )
    return record.clips


async def _of_task(music: MusicSession, provider: str, task_id: str) -> Sequence[Clip]:
    """Ask a task once; what it has by now is fetched."""
    try:
        found = await getattr(music, provider).get(task_id)
    except ValueError as error:
        raise UsageError(f"{error} Nothing was sent.") from error
    if not any(clip.is_playable for clip in found.clips):
        raise UsageError(
            f"Task {task_id} is {found.state}, and has nothing to fetch yet:"
            f" 'aiomusic jobs attach {provider} {task_id}' follows it."
        )
    return [clip for clip in found.clips if clip.audio_url or clip.error]
