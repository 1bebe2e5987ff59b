"""
Traces and metrics by OpenTelemetry: ``MusicSession(on_event=Telemetry())``.

It needs the ``otel`` extra, which brings the API alone: what becomes of spans and
figures is for the SDK that your program sets up.  No words of a request, no metadata
and no secret are in them.
"""

from collections.abc import Mapping
from typing import Final, final

import attrs

from aiomusic._events import Calling, Event, Polled
from aiomusic._job import JobState, JobUpdate
from aiomusic.errors import Charged

try:
    from opentelemetry import metrics, propagate, trace
    from opentelemetry.trace import Span, Status, StatusCode
except ModuleNotFoundError as _missing:
    message = "aiomusic.telemetry needs OpenTelemetry: pip install 'aiomusic[otel]'"
    raise ModuleNotFoundError(message, name=_missing.name) from _missing

__all__ = ["Telemetry"]

NAME: Final = "aiomusic"
# Whose credits are gone, or may be.
_SPENT: Final = frozenset({Charged.YES, Charged.UNKNOWN})


@final
@attrs.define(eq=False)
class _Open:
    """
    What is known of a job that goes on.

    Attributes:
        state: The state that it is counted under.
        sent_s: When it was first on its way to the wire, by its own age.
        polled_s: When it was polled last, by its own age.
        delay_s: How long after the poll before it was.
        reserved: Credits that it is counted to hold.
    """

    span: Span
    state: JobState
    sent_s: float | None = None
    polled_s: float | None = None
    delay_s: float | None = None
    is_accepted: bool = False
    reserved: int = 0
    polls: int = 0


@final
class Telemetry:
    """
    Makes a span of each job, with its changes and polls as events, and metrics.

    ============================ =====================================================
    metric                       counts
    ============================ =====================================================
    ``aiomusic.jobs``            jobs that are not over, by ``state``
    ``aiomusic.jobs.ended``      jobs that are, by ``state`` and ``charged``
    ``aiomusic.credits.reserved`` credits of jobs that are not over
    ``aiomusic.credits.spent``   credits that are spent, or may be
    ``aiomusic.accept.duration`` seconds from sending a create to its task's id
    ``aiomusic.notice.delay``    seconds between the poll that saw the end and the one
                                 before: no end was noticed later than that
    ``aiomusic.job.duration``    seconds from a job's making to its end
    ``aiomusic.job.polls``       polls of each job
    ============================ =====================================================

    Each has ``kind`` too, as in ``suno.create``.  The context of a job's span goes
    along with the calls that are made for it.

    Args:
        tracer_provider, meter_provider: None: those that are set for the process.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer(NAME, tracer_provider=tracer_provider)
        meter = metrics.get_meter(NAME, meter_provider=meter_provider)
        self._jobs = meter.create_up_down_counter("aiomusic.jobs", "{job}")
        self._ended = meter.create_counter("aiomusic.jobs.ended", "{job}")
        self._reserved = meter.create_up_down_counter(
            "aiomusic.credits.reserved", "{credit}"
        )
        self._spent = meter.create_counter("aiomusic.credits.spent", "{credit}")
        self._accept_s = meter.create_histogram("aiomusic.accept.duration", "s")
        self._delay_s = meter.create_histogram("aiomusic.notice.delay", "s")
        self._duration_s = meter.create_histogram("aiomusic.job.duration", "s")
        self._polls = meter.create_histogram("aiomusic.job.polls", "{poll}")
        self._open: dict[str, _Open] = {}

    def __call__(self, event: Event, /) -> None:
        """Take an event, as `MusicSession` gives it."""
        match event:
            case JobUpdate():
                self._update(event)
            case Calling() if (job := self._open.get(event.key)) is not None:
                context = trace.set_span_in_context(job.span)
                propagate.inject(event.headers, context)
            case Polled() if (job := self._open.get(event.key)) is not None:
                job.polls += 1
                told = {} if event.status is None else {STATUS: event.status}
                job.span.add_event("poll", told)
                self._note_delay(job, event)
            case _:
                pass

    def _note_delay(self, job: _Open, event: Polled) -> None:
        job.delay_s = None if job.polled_s is None else event.elapsed_s - job.polled_s
        job.polled_s = event.elapsed_s

    def _update(self, update: JobUpdate) -> None:
        kind = {KIND: update.kind}
        job = self._open.get(update.key)
        if job is None:
            job = self._open[update.key] = self._begin(update)
            self._jobs.add(1, {**kind, STATE: update.state})
        elif job.state is not update.state:
            self._jobs.add(-1, {**kind, STATE: job.state})
            self._jobs.add(1, {**kind, STATE: update.state})
            job.state = update.state
            job.span.add_event(update.state)
        self._note_sending(job, update, kind)
        if update.is_over:
            self._end(job, update, kind)

    def _begin(self, update: JobUpdate) -> _Open:
        about: dict[str, str | int] = {
            KEY: update.key,
            KIND: update.kind,
            COST: update.cost,
        }
        span = self._tracer.start_span(
            f"{NAME} {update.kind}", kind=trace.SpanKind.CLIENT, attributes=about
        )
        span.add_event(update.state)
        return _Open(span, update.state)

    def _note_sending(
        self, job: _Open, update: JobUpdate, kind: Mapping[str, str]
    ) -> None:
        if update.state is JobState.SUBMITTING and job.sent_s is None:
            job.sent_s = update.elapsed_s
        if update.state is not JobState.QUEUED and not job.reserved:
            job.reserved = update.cost
            self._reserved.add(update.cost, kind)
        if update.task_id is not None and not job.is_accepted:
            job.is_accepted = True
            job.span.set_attribute(TASK, update.task_id)
            if job.sent_s is not None:
                self._accept_s.record(update.elapsed_s - job.sent_s, kind)

    def _end(self, job: _Open, update: JobUpdate, kind: Mapping[str, str]) -> None:
        del self._open[update.key]
        charged = str(update.charged or "open")
        about = {**kind, STATE: str(update.state), CHARGED: charged}
        self._jobs.add(-1, {**kind, STATE: update.state})
        self._ended.add(1, about)
        self._reserved.add(-job.reserved, kind)
        if update.charged in _SPENT:
            self._spent.add(update.cost, kind)
        self._duration_s.record(update.elapsed_s, kind)
        self._polls.record(job.polls, kind)
        if job.delay_s is not None and update.state is JobState.SUCCEEDED:
            self._delay_s.record(job.delay_s, kind)
        job.span.set_attribute(CHARGED, charged)
        if update.error is not None:
            job.span.set_status(Status(StatusCode.ERROR, update.error))
        job.span.end()


KEY: Final = "aiomusic.job.key"
KIND: Final = "aiomusic.kind"
STATE: Final = "aiomusic.state"
COST: Final = "aiomusic.cost"
CHARGED: Final = "aiomusic.charged"
TASK: Final = "aiomusic.task_id"
STATUS: Final = "http.response.status_code"
