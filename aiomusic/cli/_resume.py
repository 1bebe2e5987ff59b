"""``aiomusic jobs resume``, ``resubmit`` and ``give-up``: what is not over yet."""

import asyncio
import json
import logging
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiomusic import _codec
from aiomusic._job import MusicJob
from aiomusic._local_file import LocalFile
from aiomusic._request import Request
from aiomusic._session import MusicSession
from aiomusic.cli._exits import Exit, UsageError, counted, exit_for, unsent
from aiomusic.cli._follow import JobRunner, writable
from aiomusic.cli._journal import (
    Advice,
    JournalPath,
    find_job,
    known_of,
    reader_of,
    writing,
)
from aiomusic.cli._options import Following
from aiomusic.cli._public import PublicAddress
from aiomusic.cli._records import as_json as _json
from aiomusic.cli._records import is_unsaved
from aiomusic.cli._run import run
from aiomusic.cli._service import open_session, signer_of
from aiomusic.cli._show import Events, Paths, Show, print_result, report
from aiomusic.errors import Charged, JobCancelled, MusicError
from aiomusic.journal import Record, Wanted

if TYPE_CHECKING:
    from aiomusic.journal.opening import KeptJournal

__all__ = ["attach", "give_up", "resubmit", "resume"]

OVER = ("failed", "cancelled")
OPEN = Wanted(states=["open"], are_own=True)
NOT_OVER = Wanted(states=["open", "queued", "unknown"], are_own=True)


def resume(
    keys: Sequence[str], following: Following, *, are_queued_sent: bool = False
) -> Exit:
    """Follow what is open, or what is named, and save it; send what was held."""

    def work() -> Exit:
        place = JournalPath.of(following.journal)
        records = asyncio.run(_wanted(keys, place))
        if not records:
            report(f"nothing is open in {place.shown}.{asyncio.run(_unsaved(place))}")
            return Exit.DONE
        with writable(Path(following.out)) as folder:
            work = _resume(
                records,
                place,
                folder,
                following,
                are_all=not keys,
                are_queued_sent=are_queued_sent,
            )
            return run(work)

    return _ending_well(work, as_json=following.as_json)


def attach(
    provider: str, task_id: str, following: Following, *, key: str | None = None
) -> Exit:
    """Follow a task by its id, and save what it made."""

    def work() -> Exit:
        place = JournalPath.of(following.journal)
        with writable(Path(following.out)) as folder:
            return run(_attach(provider, task_id, key, place, folder, following))

    return _ending_well(work, as_json=following.as_json)


def found(key: str, task_id: str, following: Following) -> Exit:
    """Name the task of a job whose answer was lost, and save what it made."""

    def work() -> Exit:
        place = JournalPath.of(following.journal)
        (record,) = asyncio.run(_wanted([key], place))
        if record.state not in {"unknown", "cancelled"} or record.task_id is not None:
            raise UsageError(
                f"Job {record.key} is in state {record.state}; only one whose outcome"
                " is unknown can be given its task. It stays as it is."
            )
        with writable(Path(following.out)) as folder:
            return run(
                _attach(record.provider, task_id, record.key, place, folder, following)
            )

    return _ending_well(work, as_json=following.as_json)


async def _attach(  # noqa: PLR0917 - what was typed
    provider: str,
    task_id: str,
    key: str | None,
    place: JournalPath,
    folder: Path,
    following: Following,
) -> Exit:
    journal = place.to_keep()

    async def start(music: MusicSession) -> Sequence[MusicJob[Any]]:
        try:
            return [music.attach(provider, task_id, key=key)]
        except ValueError as error:
            raise UsageError(unsent(error)) from error

    runner = JobRunner(
        folder=folder,
        journal=journal,
        advice=_advice(place, following),
        as_json=following.as_json,
    )
    # Nothing can be bought here.
    return await runner.run(_opening(journal, following, max_credits=0), start)


def resubmit(key: str, following: Following, *, is_sure: bool) -> Exit:
    """Send a job again, if whoever asks for it is sure."""

    def work() -> Exit:
        place = JournalPath.of(following.journal)
        record = asyncio.run(_wanted_again(key, place))
        request = _again(record, Advice(place=place))
        if not is_sure and not _confirmed(record):
            report("nothing was sent.")
            return Exit.DONE
        with writable(Path(following.out)) as folder:
            return run(_resubmit(record, request, place, folder, following))

    return _ending_well(work, as_json=following.as_json)


def give_up(
    key: str, journal: str | None, *, as_json: bool, is_charged: bool = True
) -> Exit:
    """Close a job whose outcome is unknown; it needs no service."""
    return _ending_well(
        lambda: run(_give_up(key, journal, as_json=as_json, is_charged=is_charged)),
        as_json=as_json,
    )


def _ending_well(work: Callable[[], Exit], *, as_json: bool) -> Exit:
    # What the library logs, this command shows in its own words.
    logging.getLogger("aiomusic").addHandler(logging.NullHandler())
    try:
        return work()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except (MusicError, UsageError) as error:
        show: Show = Events() if as_json else Paths()
        show.failed(None, error)
        return exit_for(error)


async def _wanted(keys: Sequence[str], place: JournalPath) -> list[Record]:
    """Return the jobs that are named, or all that are not over."""
    async with writing(place) as journal:
        if keys:
            named = [await find_job(journal, place, key) for key in keys]
            found = list({record.key: record for record in named}.values())
        else:
            found = [] if journal is None else await journal.records(NOT_OVER)
        # What turns out never to have been sent is told, too.
        return [await _settled(journal, one) for one in found if journal is not None]


async def _unsaved(place: JournalPath) -> str:
    """Return how to save what ended just before its command did."""
    journal = await reader_of(place)
    wanted = Wanted(states=["succeeded"], are_own=True)
    records = [] if journal is None else await journal.records(wanted)
    found = [one for one in records if is_unsaved(one)]
    if not found:
        return ""
    advice = Advice(place=place)
    resume = advice.resume(found[-1].key)
    return f" {len(found)} done and not saved: {resume} saves one."


async def _resume(
    records: Sequence[Record],
    place: JournalPath,
    folder: Path,
    following: Following,
    *,
    are_all: bool,
    are_queued_sent: bool,
) -> Exit:
    journal = place.to_keep()
    advice = _advice(place, following)
    kept_back = [one for one in records if one.is_held and not are_queued_sent]
    runner = JobRunner(
        folder=folder,
        journal=journal,
        advice=advice,
        as_json=following.as_json,
        refused=[_over(one, advice) for one in records if one.state in OVER]
        + [_held(one, advice) for one in kept_back if not are_all],
    )

    async def start(music: MusicSession) -> Sequence[MusicJob[Any]]:
        if not are_all:
            return [
                _take(music, one)
                for one in records
                if one.state not in OVER and one not in kept_back
            ]
        jobs = await music.resume(queued=are_queued_sent)
        ours = {job.key for job in jobs}
        rest = await journal.records(OPEN)
        if n := sum(one.key not in ours for one in rest):
            runner.notes.append(
                f"{n} left to another aiomusic that runs, and follows them."
            )
        return jobs

    # Unless it is asked for, nothing can be bought here, even if a job should end
    # unpaid just now.
    most = None if are_queued_sent else 0
    opening = _opening(
        journal,
        following,
        max_credits=most,
        serves=any(
            are_queued_sent if one.is_held else PublicAddress.is_named()
            for one in records
            if _has_local_files(one)
        ),
    )
    return await runner.run(opening, start)


def _has_local_files(record: Record) -> bool:
    values = (record.raw_request or {}).values()
    return any(LocalFile.from_address(one) is not None for one in values)


def _advice(place: JournalPath, following: Following) -> Advice:
    is_usual = following.out == Following().out
    return Advice(place=place, out=None if is_usual else following.out)


def _opening(
    journal: "KeptJournal",
    following: Following,
    *,
    max_credits: int | None,
    serves: bool = False,
) -> AbstractAsyncContextManager[MusicSession]:
    return open_session(
        journal=journal,
        serves=serves,
        max_credits=max_credits,
        poll_every_s=following.poll_every,
        job_timeout_s=following.timeout,
        signer=signer_of(following),
    )


def _take(music: MusicSession, record: Record) -> MusicJob[Any]:
    """Have a job again by its key, which the journal knows, so it costs nothing."""
    if record.raw_request is None and record.task_id is not None:
        return music.attach(
            record.provider,
            record.task_id,
            key=record.key,
            metadata=record.metadata,
        )
    return music.submit(_request(record), key=record.key, metadata=record.metadata)


def _request(record: Record) -> Request[Any]:
    if record.raw_request is None:
        raise UsageError(
            f"Job {record.key} was made elsewhere, so its request is not known."
        )
    try:
        return Request.from_json(record.raw_request)
    except ValueError as error:
        raise UsageError(
            f"The request of job {record.key} can't be read: {error}"
        ) from error


def _over(record: Record, advice: Advice) -> MusicError:
    """Return why a job that is over has no songs."""
    charged = Charged(record.charged or Charged.UNKNOWN)
    error: MusicError = JobCancelled("It was given up.", charged=charged)
    if record.raw_error is not None:
        error = _codec.error_from_json(record.raw_error)
    error.provider, error.task_id = record.provider, record.task_id
    advice.reworded(error, record.key, None)
    told = f"Job {record.key} is over, as {record.state}: {error.args[0]}"
    is_told = "jobs resubmit" in told
    if record.state == "failed" and record.raw_request is not None and not is_told:
        told += f" {advice.again(record.key)}"
    error.args = (told,)
    return error


def _held(record: Record, advice: Advice) -> MusicError:
    """Return why a job that was never sent has no songs, and how to send it."""
    error = record.error
    assert error is not None
    advice.reworded(error, record.key, None)
    return error


async def _wanted_again(key: str, place: JournalPath) -> Record:
    async with writing(place) as journal:
        record = await find_job(journal, place, key)
        assert journal is not None
        return await _settled(journal, record)


async def _settled(journal: "KeptJournal", record: Record) -> Record:
    """Find out of a job whether whoever was sending it is still there."""
    if record.is_open and record.task_id is None:
        await journal.claim(time.time(), record.key)
        return await journal.find(record.key, record.attempt) or record
    return record


def _again(record: Record, advice: Advice) -> Request[Any]:
    """
    Return the request to send again.

    Raises:
        UsageError: The job is open or done, or there is no request.
    """
    key = record.key
    if record.is_open:
        raise UsageError(f"Job {key} is not over: {advice.resume(key)} follows it.")
    if record.state == "succeeded":
        raise UsageError(f"Job {key} is done: {advice.resume(key)} saves it again.")
    return _request(record)


def _confirmed(record: Record) -> bool:
    """
    Ask, on a terminal.

    Raises:
        UsageError: There is nobody to ask.
    """
    is_unpaid = record.charged in {Charged.NO, Charged.REFUNDED}
    risk = "It was not charged" if is_unpaid else "It may be bought twice"
    told = f"Job {record.key} ({known_of(record)}) is in state {record.state}. {risk}"
    if not sys.stdin.isatty():
        raise UsageError(f"{told}; --yes sends it again. Nothing was sent.")
    price = counted(record.cost, "credit")
    sys.stderr.write(f"{told}. Send it again for {price}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


async def _resubmit(
    record: Record,
    request: Request[Any],
    place: JournalPath,
    folder: Path,
    following: Following,
) -> Exit:
    journal = place.to_keep()

    async def start(music: MusicSession) -> Sequence[MusicJob[Any]]:
        job = music.submit(request, key=record.key, metadata=record.metadata)
        if record.charged == Charged.NO:
            # It was never bought, so its key is as good as new.
            return [job]
        try:
            await job
        except MusicError:
            await _check_latest(journal, record, place)
            return [job.resubmit()]
        # Somebody else was quicker.
        return [job]

    runner = JobRunner(
        folder=folder,
        journal=journal,
        advice=_advice(place, following),
        as_json=following.as_json,
    )
    serves = bool(request.local_files())
    opening = _opening(journal, following, max_credits=None, serves=serves)
    return await runner.run(opening, start)


async def _check_latest(
    journal: "KeptJournal", shown: Record, place: JournalPath
) -> None:
    """
    See that the purchase to be made again is the one that was shown.

    Raises:
        UsageError: Somebody else has made it again meanwhile.
    """
    latest = await journal.find(shown.key)
    if latest is None or latest.attempt == shown.attempt:
        return
    name = shlex.quote(shown.key)
    raise UsageError(
        f"Job {shown.key} was sent again by somebody else meanwhile, and is"
        f" {latest.state} now. Nothing was sent; 'aiomusic jobs show"
        f" {name}{place.option}' tells of it."
    )


async def _give_up(
    key: str, typed: str | None, *, as_json: bool, is_charged: bool
) -> Exit:
    place = JournalPath.of(typed)
    async with writing(place) as journal:
        record = await find_job(journal, place, key)
        assert journal is not None
        record = await _settled(journal, record)
        if record.state == "unknown":
            journal.give_up_soon(
                record.key, record.attempt, time.time(), is_charged=is_charged
            )
            record = await journal.find(record.key) or record
    if record.state != "cancelled":
        raise UsageError(
            f"Job {record.key} is in state {record.state}; only one that is unknown can"
            " be given up. It stays as it is."
        )
    if as_json:
        print_result(json.dumps(_json(record)))
    else:
        money = (
            f"counts as paid: {record.cost}"
            if record.charged != Charged.NO
            else f"its {record.cost} credits are free again"
        )
        report(f"job {record.key} is given up, and {money}.")
    return Exit.DONE
