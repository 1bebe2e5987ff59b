"""
Bring a job to its end by its key alone: the body of a task in any queue.

The journal decides what is left to do, so a key may be driven twice, at once or one
after the other, and by several machines.
"""

from collections.abc import Mapping
from typing import Any, Final, final

import attrs

from aiomusic._fields import unwarned
from aiomusic._job import JobState, MusicJob
from aiomusic._request import Request
from aiomusic._session import MusicSession
from aiomusic.batch._rows import Reference
from aiomusic.errors import (
    Charged,
    JobDetached,
    JournalError,
    MusicError,
    NotSent,
    OutOfCredits,
    Retry,
    SubscriptionInactive,
)
from aiomusic.journal import Record
from aiomusic.results import Clip, ClipState, Lyrics

__all__ = ["Driven", "drive", "made"]

# How soon to see again whether what a job is made from is there, or a fault is over.
FIRST_S: Final = 1.0
MAX_WAIT_S: Final = 30.0
MAX_FAULT_S: Final = 300.0


@final
@attrs.frozen(kw_only=True)
class Driven:
    """
    What came of driving a job.

    Attributes:
        key: The job's key.
        state: How far it is, as the journal or this session has it; None: not known.
        charged: What is known of the money.
        error: Why it has no result; None: it has one, or waits for another job.
        again_s: In how many seconds to drive it again; None: it is over.
        job: The job that was followed here; None: there was nothing to follow.
    """

    key: str
    state: JobState | None
    charged: Charged = Charged.NO
    error: MusicError | None = None
    again_s: float | None = None
    job: MusicJob[Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.again_s is None


class _NotYet(Exception):
    """What a job is made from is not there yet."""


async def drive(music: MusicSession, key: str, *, tries: int = 0) -> Driven:
    """
    Send a job that the journal holds, or follow it to its end, by its key alone.

    It is safe to run twice, at once or again: a purchase that another process has
    made, or makes, is followed, and an end that is known is returned.  Cancelling it
    leaves the job to the session.

    Args:
        music: An open session with the journal that `MusicSession.hold` wrote into.
        key: The job's key.
        tries: How often it was driven before, which spaces out what is tried again.

    Returns:
        How it ended, or when to drive it again: its session was closed, what it is made
        from is not there, or a fault passes.
    """
    record: Record | None = None
    try:
        record = await music.job(key)
        if record is None:
            return Driven(key=key, state=None, error=_no_such_job(key))
        if _is_over(record):
            return _as_recorded(record)
        job = await _job_of(music, record)
    except _NotYet:
        wait_s = min(MAX_WAIT_S, FIRST_S * 2 ** min(tries, 20))
        return Driven(key=key, state=JobState.QUEUED, again_s=wait_s)
    except MusicError as error:
        state = None if record is None else record.state
        return await _failed(music, Driven(key=key, state=state, error=error), tries)
    try:
        await job
    except MusicError as error:
        driven = Driven(key=key, state=job.state, error=error, job=job)
        return await _failed(music, driven, tries)
    return Driven(key=key, state=job.state, charged=Charged.YES, job=job)


def _is_over(record: Record) -> bool:
    """Check whether driving a job changes nothing any more."""
    match record.state:
        case JobState.QUEUED:
            # Until it is held again, by whoever has seen why.
            return record.raw_error is not None
        case JobState.FAILED:
            return record.charged != Charged.NO or not _passes(record.error)
        case state:
            return state in {JobState.SUCCEEDED, JobState.CANCELLED, JobState.UNKNOWN}


def _as_recorded(record: Record) -> Driven:
    return Driven(
        key=record.key,
        state=record.state,
        charged=record.charged or Charged.NO,
        error=record.error,
    )


async def _job_of(music: MusicSession, record: Record) -> MusicJob[Any]:
    """
    Queue a job, or follow it.

    Raises:
        MusicError: It can't be sent.
        _NotYet: What it is made from is not there.
    """
    key, metadata = record.key, record.metadata
    if record.raw_request is None and record.task_id is not None:
        return music.attach(record.provider, record.task_id, key=key, metadata=metadata)
    try:
        draft = record.draft
    except JournalError as error:
        raise _lacking(error.message) from error
    if draft is None:
        raise _lacking("the journal has not kept what was asked for")
    request = await _made_request(music, draft, record.made_from)
    return music.submit(request, key=key, metadata=metadata, on_known_key="attach")


async def _made_request(
    music: MusicSession, draft: Request[Any], made_from: Mapping[str, str]
) -> Request[Any]:
    values: dict[str, Any] = {}
    for field, text in made_from.items():
        reference = Reference.read(text)
        if reference is None:
            raise _lacking(f"its {field} is made from {text!r}, which names no job")
        values[field] = await _made(music, reference)
    # What was planned was warned of then.
    with unwarned():
        return attrs.evolve(draft, **values) if values else draft


async def _made(music: MusicSession, reference: Reference) -> object:
    """Return what another job made, for a job that is made from it."""
    source = await music.job(reference.key)
    if source is None:
        raise _lacking(f"the journal has no job {reference.key!r}")
    if not _is_over(source):
        raise _NotYet
    if source.state is not JobState.SUCCEEDED:
        raise _lacking(
            f"job {reference.key!r} is in state {source.state}, and made nothing"
        )
    found = made(source.result, reference)
    if found is None or (isinstance(found, Clip) and found.state is ClipState.FAILED):
        raise _lacking(f"job {reference.key!r} made no {reference}")
    return found


def made(result: object, reference: Reference) -> object:
    """Return what a reference means of what its job made; None: there is no such."""
    if not isinstance(result, tuple):
        return result
    one = result[reference.take] if reference.take < len(result) else None
    return one.text if isinstance(one, Lyrics) else one


async def _failed(music: MusicSession, driven: Driven, tries: int) -> Driven:
    """Check whether a job that ended in an error is over."""
    error = driven.error
    assert error is not None
    driven = attrs.evolve(driven, charged=error.charged)
    if isinstance(error, JobDetached):
        # Whoever has the journal next goes on with it at once.
        return attrs.evolve(driven, again_s=0.0)
    if _passes(error):
        again_s = min(MAX_FAULT_S, FIRST_S * 2 ** min(tries, 20))
        return attrs.evolve(driven, again_s=again_s)
    if error.charged is Charged.NO:
        try:
            await music.note_held(driven.key, error)
        except JournalError:
            return attrs.evolve(driven, again_s=FIRST_S)
    return driven


def _passes(error: MusicError | None) -> bool:
    """Check whether the same may end well later, with nobody's help."""
    match error:
        case JournalError():
            return True
        case None | OutOfCredits() | SubscriptionInactive():
            return False
        case _:
            is_later = error.retry in {Retry.NOW, Retry.LATER}
            return error.charged is Charged.NO and is_later


def _no_such_job(key: str) -> JournalError:
    message = (
        f"The journal has no job {key!r}: it is another journal, or another account's,"
        " or was restored from an old copy. Nothing was sent. Put the job on the queue"
        " again, as 'aiomusic batch' does."
    )
    return JournalError(message, charged=Charged.NO)


def _lacking(why: str) -> NotSent:
    message = (
        f"The job was not sent: {why}. Nothing was charged. Put it on the queue again"
        " when that is mended: run the same 'aiomusic batch' line."
    )
    return NotSent(message, charged=Charged.NO, retry=Retry.AFTER_EDIT)
