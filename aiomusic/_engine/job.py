"""The side of a job that is written to; the ledger alone calls what is here."""

from typing import TYPE_CHECKING, Any, TypeVar, final

import attrs

from aiomusic._http.wire import Reply
from aiomusic._job import JobState, MusicJob, playable
from aiomusic._reply import RawReply
from aiomusic.errors import Charged, JobDetached, JobTimedOut, MusicError
from aiomusic.results import Clip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TrackedJob"]

R_co = TypeVar("R_co", covariant=True)


@final
@attrs.define(eq=False, repr=False)
class TrackedJob(MusicJob[R_co]):
    """
    A job with what the engine keeps of it.

    Attributes:
        attempt: Which purchase under its key it is; 0: it has no row.
        requested_attempt: Which one it asks to be; 0: the first.
        fingerprint: What tells its request from others, while it waits for its row.
        force_new: Whether to buy again though the purchase before has its task.
        on_known_key: What to do with a key that is known; None: as the session says.
        is_named: Whether its task's id was given by hand.
        is_row_closed: Whether its row's end is written down.
        request_timeout_s: How long each call for it may take; None: as the session
            says.
        keeps_reply: Whether the last reply about it is kept.
        accepted_at: When the service took its task, by the session's clock.
        followed: What the poller keeps of it.
    """

    attempt: int = 0
    requested_attempt: int = 0
    fingerprint: str | None = None
    force_new: bool = False
    on_known_key: str | None = None
    is_named: bool = False
    is_row_closed: bool = False
    request_timeout_s: float | None = None
    keeps_reply: bool = False
    accepted_at: float | None = None
    followed: Any = None
    _enders: "list[Callable[[MusicJob[Any]], None]] | None" = None

    @property
    def made_at(self) -> float:
        """When it was made, by the session's clock."""
        return self._made_at

    @made_at.setter
    def made_at(self, value: float) -> None:
        self._made_at = value

    @property
    def is_sent(self) -> bool:
        """Whether the service may have it, as far as the socket tells."""
        return self._is_sent

    @property
    def stored_error(self) -> MusicError | None:
        """The error itself, for those that only ask for its type."""
        return self._error

    @property
    def stored_result(self) -> Any:  # noqa: ANN401 - any request's
        """The result, without raising."""
        return self._result

    def when_over(self, ender: "Callable[[MusicJob[Any]], None]") -> None:
        """Have *ender* called once it is over: how many jobs are waited for."""
        if self._is_settled:
            ender(self)
        else:
            self._enders = [*(self._enders or ()), ender]

    def note_sent(self, *, is_sent: bool) -> None:
        """Note whether a body of it may be at the service."""
        self._is_sent = is_sent

    def note_reply(self, reply: Reply) -> None:
        """Keep what is told of a reply, where that is asked for."""
        if self.keeps_reply:
            self._reply = RawReply.of(reply.status, reply.headers)

    def count_poll(self) -> None:
        """Count one that was answered."""
        self._polls += 1

    def accept(self, task_id: str, now: float) -> None:
        """Take the task's id, even if nobody waits any more."""
        self._task_id = task_id
        self.accepted_at = now
        self._is_sent = False
        self.advance(JobState.PENDING)

    def advance(
        self,
        state: JobState,
        *,
        clips: tuple[Clip, ...] | None = None,
        progress: int | None = None,
    ) -> None:
        """Take news, and notify those who watch, if it is any."""
        if self._is_settled:
            return
        before = (self._state, self._progress, self._clips)
        self._state = state
        self._progress = self._progress if progress is None else progress
        heard = self._take_clips(clips)
        if before != (self._state, self._progress, self._clips):
            self._notify(heard)

    def _take_clips(self, clips: tuple[Clip, ...] | None) -> tuple[Clip, ...]:
        """Take the clips there are now, and return those that can newly be heard."""
        if clips is None:
            return ()
        heard = {clip.clip_id for clip in playable(self._clips)}
        self._clips = clips
        return tuple(clip for clip in playable(clips) if clip.clip_id not in heard)

    def settle(
        self,
        state: JobState,
        *,
        result: object = None,
        error: MusicError | None = None,
        clips: tuple[Clip, ...] | None = None,
        task_id: str | None = None,
    ) -> None:
        """End it, once; a second end changes nothing."""
        if self._is_settled:
            return
        self._task_id = self._task_id if task_id is None else task_id
        if isinstance(error, (JobTimedOut, JobDetached)):
            error._when(self._state, self.elapsed_s)
        self._is_settled = True
        self._state = state
        self._result = result
        if error is not None:
            self._error = error._about(
                key=self._key, provider=self.provider, task_id=self._task_id
            )
        self._notify(self._take_clips(clips))
        self._watchers = None
        enders, self._enders = self._enders, None
        for ender in enders or ():
            ender(self)
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)

    def note_marks(self, marks: "Mapping[str, float]") -> None:
        """Take what the user notes of it."""
        self._marks = {**self.marks, **marks}

    def close_unknown(self, *, is_charged: bool) -> None:
        """Take the user's verdict on a job whose outcome is unknown."""
        self._state = JobState.CANCELLED
        if not is_charged and self._error is not None:
            self._error.charged = Charged.NO

    def announce(self) -> None:
        """Notify whoever listens to the session that there is one more."""
        self._notify()

    def _notify(self, heard: tuple[Clip, ...] = ()) -> None:
        owner = self._owner
        if not self._watchers and not owner.is_listened_to:
            return
        update = self._update(heard)
        for watcher in self._watchers or ():
            watcher.put(update)
        owner.notify(update)
