"""Local files of jobs, which the service fetches from the session's public address."""

import asyncio
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiomusic._engine.job import TrackedJob
from aiomusic._fields import refuse
from aiomusic._local_file import BadFile, LocalFile
from aiomusic._request import Request
from aiomusic._spelling import shown

if TYPE_CHECKING:
    from aiomusic.webhooks import Callbacks

__all__ = ["check_can_serve", "serve_again", "serve_files"]


async def serve_files(
    job: TrackedJob[Any], callbacks: "Callbacks | None"
) -> Mapping[str, object]:
    """
    Serve a job's local files until it is over.

    Returns:
        Their addresses, by the names that the fields have on the wire.

    Raises:
        InvalidRequest: They can't be served, or are others by now.
    """
    assert job.request is not None
    served: dict[str, object] = {}
    if not (files := job.request.local_files()):
        return served
    check_can_serve(job.request, callbacks)
    for wire, file in files.items():
        try:
            await asyncio.to_thread(file.check)
        except BadFile as error:
            refuse(job.request, wire, error.seen, error.rule)
        assert callbacks is not None
        served[wire] = _serve(job, callbacks, wire, file)
    return served


def serve_again(job: TrackedJob[Any], callbacks: "Callbacks | None") -> None:
    """Serve the files of a task that a session before began: it may need them still."""
    if callbacks is not None and job.request is not None:
        for wire, file in job.request.local_files().items():
            _serve(job, callbacks, wire, file, is_again=True)


def _serve(
    job: TrackedJob[Any],
    callbacks: "Callbacks",
    wire: str,
    file: LocalFile,
    *,
    is_again: bool = False,
) -> str:
    name = f"{job.key}\0{job.attempt}\0{wire}"
    job.when_over(functools.partial(_withdraw, callbacks, name))
    return callbacks.files.publish(name, file, is_again=is_again)


def check_can_serve(request: Request[Any], callbacks: "Callbacks | None") -> None:
    """
    Refuse to upload a local file where the service can't fetch it.

    Raises:
        InvalidRequest: There is no public address.
    """
    for wire, file in request.local_files().items():
        if callbacks is None:
            refuse(
                request,
                wire,
                f"is the local file {shown(str(file.path))}, and the service takes only"
                " a public address",
                "give MusicSession(webhook_url=…, webhook_secret=…) and mount"
                " music.webhooks there, which serves the file, or put it on a server of"
                " yours and give its address",
            )


def _withdraw(callbacks: "Callbacks", name: str, _: object) -> None:
    callbacks.files.withdraw(name)
