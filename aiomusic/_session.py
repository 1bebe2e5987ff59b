"""MusicSession: builds every part, hands out jobs, and closes all of it."""

import contextlib
import functools
import os
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NoReturn,
    Self,
    TypeVar,
    cast,
    final,
)
from urllib.parse import urlsplit

import aiohttp

from aiomusic._arguments import (
    batch_of,
    check_clip,
    check_count,
    check_folder,
    check_formats,
    check_has,
    check_held,
    check_key,
    check_limits,
    check_listener,
    check_number,
    check_one_of,
    check_request,
    check_text,
    kept_metadata,
    keyed,
)
from aiomusic._batch import Requests, Source, run_all
from aiomusic._clock import Clock, SystemClock
from aiomusic._codec import error_to_json
from aiomusic._http import wire
from aiomusic._http.dialects import (
    SUNO,
    DialectName,
    HostDialect,
    checked_dialect,
    dialect_for,
)
from aiomusic._http.transport import (
    DEFAULT_BASE_URL,
    ApiKey,
    Hidden,
    Transport,
    base_url_from,
    key_from,
)
from aiomusic._job import MusicJob
from aiomusic._origin import Origin
from aiomusic._quote import Quote, quote
from aiomusic._redact import hide
from aiomusic._reply import RawReply
from aiomusic._request import OnKnownKey, Request
from aiomusic._spelling import shown
from aiomusic.errors import InvalidRequest, MusicError
from aiomusic.journal import (
    Grouping,
    Identity,
    Journal,
    Limits,
    Record,
    Spending,
    Wanted,
)
from aiomusic.journal.memory import MemoryJournal
from aiomusic.journal.opening import journal_at
from aiomusic.providers._all import PROVIDERS, operations
from aiomusic.providers._operations import Operations
from aiomusic.providers._registry import REGISTRY
from aiomusic.providers._replies import Provider, check_task_id
from aiomusic.results import Clip, Credits, TaskSnapshot

if TYPE_CHECKING:
    from aiomusic._engine.engine import Engine
    from aiomusic._events import OnEvent as OnJobEvent
    from aiomusic._files.signing import Signer
    from aiomusic._polling.schedule import Schedule, ScheduleState
    from aiomusic.providers.lyrics import LyricsWriter
    from aiomusic.providers.nuro import Nuro
    from aiomusic.providers.producer import Producer
    from aiomusic.providers.riffusion import Riffusion
    from aiomusic.providers.suno import Suno
    from aiomusic.webhooks import Callbacks, Event, OnEvent

__all__ = ["MusicSession"]

R = TypeVar("R")

OPERATIONS = ("lyrics", *PROVIDERS)
ON_KNOWN_KEY = ("attach", "new", "error")


@final
class MusicSession:
    """
    Everything for one API key: ``async with MusicSession() as music: …``.

    Leaving it after a clean run waits for the jobs that it was given, as a task
    group does.
    Leaving it by an exception, Ctrl-C and cancellation included, stops at once:
    queued jobs are not sent (a journal keeps them), and every open job ends with
    `JobDetached`, which names its task.
    It can be entered again, under another event loop too.

    Args:
        api_key: The key, or an async callable that gives it at each call; None:
            the environment variable AIOMUSIC_API_KEY.
        base_url: Where the API is; None: AIOMUSIC_BASE_URL, else the service.
        dialect: ``"sonic"`` for a sister host, which names suno's paths and models so
            and has prices of its own; None: told by the address.
        account: Your name for whose purchases these are, which the journal keeps apart
            by; None: AIOMUSIC_ACCOUNT, else they are known by the key.  Give one, and
            the key can be replaced: jobs and their keys stay what they are.
        concurrency: How many tasks may be in flight at the service at one time.
        max_credits: How many credits may be spent in all, by this session, or by
            all of the account that ever shared its journal; None: no limit.
        limits: Names in jobs' metadata, and how many credits may be spent under each
            value of them, as in ``{"user": 200}``; a job without the name is not
            counted.  Whatever the journal has counts, and what is reserved too: a job
            that goes beyond fails at once with `BudgetExceeded`.
        journal: A file that keeps what is bought through crashes and between
            processes, or ``postgresql://user:password@host/database`` for those of
            several machines; None: AIOMUSIC_JOURNAL, else nothing is kept.
        on_known_key: What to do with a key that the journal has: ``"attach"`` gives
            the job that it belongs to, ``"new"`` buys again, ``"error"`` refuses.
        webhook_url: A public address where `webhooks` is mounted; creates that
            take one carry it, with the job's key as the last part of its path.
        webhook_secret: What the service signs its callbacks with.
        webhook_replay_window_s: How many seconds after its first sight a callback may
            come again; later it is refused.  None: for ever, as it is but a hint.
        on_exit: ``"wait"`` as told above; ``"detach"`` never waits.
        request_timeout_s: How long one HTTP call may take.
        job_timeout_s: How long the service may take to take a create, and then how
            long its task is followed, before its job ends with `JobTimedOut`.
        poll_every_s: A fixed pace of polling each task; None: polls are placed
            where an end is likely, as learned from the tasks before, no nearer to
            each other than the provider advises.
        delay_price: How many polls one second of delay is worth, where the pace is
            learned; four times as much halves the delay and doubles the polls.
        requests_per_s: How many requests a second may go to the API, creates and
            polls together and evenly spaced, beside what `download` fetches; None:
            no limit.  Where more polls are due than that, those go first that are
            likeliest to find an end.
        signer: Signs the files that are stored with a certificate of yours; None:
            nobody does.
        http: Your own aiohttp session for calls to the API, which is used and never
            closed here; None: one is made, which honours proxy environment
            variables.  What is downloaded always comes through connections of the
            library's own, which lead to public addresses only, unless the API's own
            address is a private one, and which honour the environment's proxies
            unless this session has no ``trust_env``.
        on_event: Called with each `JobUpdate` of every job, at once, with `Calling`
            before each call that is made for one, and `Polled` after each poll; it must
            return soon, and what it raises is logged.
        clock: Where the time comes from, for tests.

    Attributes:
        webhooks: Where callbacks are handed in; None without *webhook_url*.
    """

    # Of what is called through `with_options` alone.
    _call_timeout_s: float | None = None
    _is_raw: bool = False
    _reply: RawReply | None = None

    def __init__(
        self,
        api_key: ApiKey | None = None,
        *,
        base_url: str | None = None,
        dialect: DialectName | None = None,
        account: str | None = None,
        concurrency: int = 10,
        max_credits: int | None = None,
        limits: Mapping[str, int] | None = None,
        journal: "str | Path | Journal | None" = None,
        on_known_key: OnKnownKey = "attach",
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        webhook_replay_window_s: float | None = None,
        on_exit: Literal["wait", "detach"] = "wait",
        request_timeout_s: float = 30.0,
        job_timeout_s: float = 1800.0,
        poll_every_s: float | None = None,
        delay_price: float = 4.0,
        requests_per_s: float | None = None,
        signer: "Signer | None" = None,
        http: aiohttp.ClientSession | None = None,
        on_event: "OnJobEvent | None" = None,
        clock: Clock | None = None,
    ) -> None:
        for name, text in (("base_url", base_url), ("account", account)):
            check_text(name, text)
        check_count("concurrency", concurrency, 1, may_be_none=False)
        check_count("max_credits", max_credits, 0)
        check_limits(limits)
        check_number("request_timeout_s", request_timeout_s)
        check_number("job_timeout_s", job_timeout_s)
        check_number("poll_every_s", poll_every_s, may_be_zero=True, may_be_none=True)
        check_number("delay_price", delay_price)
        check_number("requests_per_s", requests_per_s, may_be_none=True)
        check_number(
            "webhook_replay_window_s",
            webhook_replay_window_s,
            may_be_zero=True,
            may_be_none=True,
        )
        check_one_of("on_exit", on_exit, ("wait", "detach"))
        check_one_of("on_known_key", on_known_key, ON_KNOWN_KEY)
        check_has("signer", signer, "tag", "sign", takes="an aiomusic.Signer")
        check_has("http", http, "request", "closed", takes="an aiohttp.ClientSession")
        check_has("clock", clock, "now", "wall", "sleep", takes="a clock")
        check_listener("on_event", on_event)
        self._on_event = on_event
        self._api_key = Hidden(api_key)
        self._base_url = base_url
        self._dialect = checked_dialect(dialect)
        self._account = account
        # Of a key that changes within the session, the first says whose it is.
        self._first_key: Hidden[str] | None = None
        check_text("webhook_url", webhook_url)
        check_text("webhook_secret", webhook_secret, is_secret=True)
        if (webhook_url is None) != (webhook_secret is None):
            message = "webhook_url and webhook_secret go together; give both, or none."
            raise ValueError(message)
        if webhook_url is not None:
            _check_webhook_url(webhook_url)
        self._limits = Limits(
            concurrency=concurrency, max_credits=max_credits, by_tag=dict(limits or {})
        )
        self._clock = SystemClock() if clock is None else clock
        self._journal = _journal(journal, self._clock)
        self._on_known_key = on_known_key
        self._on_exit = on_exit
        self._request_timeout_s = request_timeout_s
        self._job_timeout_s = job_timeout_s
        self._requests_per_s = requests_per_s
        self._poll_every_s = poll_every_s
        self._delay_price = delay_price
        self._schedule: Schedule | None = None
        self._signer = signer
        self._http = http
        self._is_entered = False
        self._engine: Engine | None = None
        self.webhooks: Callbacks | None = None
        if webhook_url is not None and webhook_secret is not None:
            hide(webhook_secret)
            self.webhooks = _callbacks(
                webhook_url, webhook_secret, self._called_back, self._clock
            )
            self.webhooks.replay_window_s = webhook_replay_window_s

    if TYPE_CHECKING:
        suno: Suno
        """The operations of Suno."""
        riffusion: Riffusion
        """The operations of Riffusion; legacy, the vendor says: see `producer`."""
        producer: Producer
        """The operations of Producer."""
        nuro: Nuro
        """The operations of Nuro."""
        lyrics: LyricsWriter
        """The writing of lyrics."""
    else:

        def __getattr__(self, name: str) -> Operations:
            # A provider's module costs its import, and few programs use them all.
            if name not in REGISTRY:
                message = f"{type(self).__name__!r} has no attribute {name!r}"
                raise AttributeError(message, name=name, obj=self)
            found = operations(name)(self.submit, self._poll)
            setattr(self, name, found)
            return found

        def __dir__(self) -> list[str]:
            return [*super().__dir__(), *REGISTRY]

    def __repr__(self) -> str:
        if self._engine is None:
            return "<MusicSession closed>"
        run = self._engine
        return f"<MusicSession {run.transport.host} {len(run.ledger.open_jobs)} open>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        message = (
            "A MusicSession can't be pickled, as it holds the API key: make one in each"
            " process. Those with the same journal= share keys, slots and budget."
        )
        raise TypeError(message)

    async def __aenter__(self) -> Self:
        if self._is_entered:
            message = "This MusicSession is open already; make another one."
            raise RuntimeError(message)
        self._is_entered = True
        try:
            self._engine = await self._open()
        except BaseException:
            self._is_entered = False
            raise
        return self

    async def _open(self) -> "Engine":
        # What works is loaded only where there is work, as it costs its import.
        from aiomusic._engine.engine import Engine  # noqa: PLC0415
        from aiomusic._files.media import MediaClient  # noqa: PLC0415

        origin = Origin.here()
        base_url = base_url_from(self._base_url)
        key = key_from(self._api_key.value)
        transport = Transport(
            base_url, key, self._request_timeout_s, self._http, self._host_dialect()
        )
        name = self._account or os.environ.get("AIOMUSIC_ACCOUNT") or None
        if isinstance(key, str):
            self._first_key = Hidden(key)
        elif name is None and self._journal.is_kept and self._first_key is None:
            self._first_key = Hidden(await transport.first_key())
        first = None if self._first_key is None else self._first_key.value
        await self._journal.open(Identity(base_url=base_url, key=first, name=name))
        try:
            self._schedule = await self._learned()
            await transport.open()
        except BaseException:
            await self._journal.aclose()
            raise
        return Engine(
            origin=origin,
            transport=transport,
            media=MediaClient(
                base_url,
                self._request_timeout_s,
                uses_proxy=self._http is None or self._http.trust_env,
            ),
            signer=self._signer,
            journal=self._journal,
            limits=self._limits,
            schedule=self._schedule,
            clock=self._clock,
            job_timeout_s=self._job_timeout_s,
            requests_per_s=self._requests_per_s,
            callbacks=self.webhooks,
            on_known_key=self._on_known_key,
            on_event=self._on_event,
        )

    def _host_dialect(self) -> HostDialect:
        """
        Return how the host is spoken to.

        Raises:
            ValueError: This service's own host does not speak it.
        """
        base_url = base_url_from(self._base_url)
        found = dialect_for(self._dialect, base_url)
        if found is not SUNO and base_url == DEFAULT_BASE_URL:
            message = (
                f"dialect is {found.name!r}, and {base_url} does not speak it: give"
                " base_url= (or AIOMUSIC_BASE_URL), the sister host's address."
            )
            raise ValueError(message)
        return found

    async def _learned(self) -> "Schedule":
        """Take up what was learned before of how long tasks take."""
        from aiomusic._engine.poller import LEARNED  # noqa: PLC0415
        from aiomusic._polling.schedule import Fixed, Learned, Schedule  # noqa: PLC0415

        pace = (
            Learned(delay_price=self._delay_price)
            if self._poll_every_s is None
            else Fixed(every_s=self._poll_every_s)
        )
        state = await self._journal.recall(LEARNED)
        if state is not None:
            # What can't be read is learned again.
            with contextlib.suppress(LookupError, TypeError, ValueError):
                return Schedule.from_state(cast("ScheduleState", state), pace=pace)
        return self._schedule or Schedule(pace=pace)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        run = self._engine
        assert run is not None
        try:
            if error is None and self._on_exit == "wait" and not run.is_forked:
                await run.ledger.idle()
        finally:
            try:
                await run.leave(error)
            finally:
                self._engine = None
                self._is_entered = False

    def with_options(
        self, *, request_timeout_s: float | None = None, raw: bool = False
    ) -> "MusicSession":
        """
        Return this session with another option for what is called through it.

        As in ``music.with_options(request_timeout_s=120).suno.create(…)``: jobs,
        journal and limits are those of the session, which must be open.

        Args:
            request_timeout_s: How long one HTTP call may take, also each of those
                that a job which is submitted so needs until its end; None: as before.
            raw: Whether jobs keep the last reply about them as `MusicJob.reply`, and
                this session that to its own calls as `reply`.
        """
        self._open_engine()
        check_number("request_timeout_s", request_timeout_s, may_be_none=True)
        same = object.__new__(type(self))
        vars(same).update(vars(self))
        for name in OPERATIONS:
            # Its methods submit through the session that they were made for.
            vars(same).pop(name, None)
        timeout_s = request_timeout_s or self._call_timeout_s
        vars(same).update(_call_timeout_s=timeout_s, _is_raw=raw, _reply=None)
        return same

    @property
    def reply(self) -> RawReply | None:
        """
        What `credits` or a provider's ``get`` was answered last, beside its body.

        None without ``with_options(raw=True)``, and before any reply.
        """
        return self._reply

    def _hear(self, reply: wire.Reply) -> None:
        if self._is_raw:
            self._reply = RawReply.of(reply.status, reply.headers)

    def submit(
        self,
        request: "Request[R]",
        *,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
    ) -> MusicJob[R]:
        """
        Queue a request, and give its job at once.

        Args:
            request: As in ``suno.Create(...)``.
            key: Your name for the job; None: one is made up.  A key that is known
                gives its job again, if *on_known_key* does not say otherwise.  One
                under which nothing was bought is free for another request.
            metadata: What you want to find again beside the job; JSON.
            on_known_key: As in `MusicSession`; None: as the session says.

        Raises:
            InvalidRequest: It can't be sent, or *key* belongs to an open job with
                another request; nothing was sent.  Where that job is over, it is
                found out later, and awaiting the job raises the same.
            TypeError, ValueError: An argument has the wrong shape.
        """
        run = self._open_engine()
        check_request("submit()", request)
        key = request.key if key is None else key
        metadata = request.metadata if metadata is None else metadata
        on_known_key = on_known_key or request.on_known_key
        # All fail here, in the caller's line, and not when their turn comes.
        if on_known_key is not None:
            check_one_of("on_known_key", on_known_key, ON_KNOWN_KEY)
        check_key(request.kind(), key)
        metadata = kept_metadata(request.kind(), metadata)
        wire.encode(request.to_body())
        return run.submit(
            request,
            key,
            metadata,
            on_known_key,
            self._call_timeout_s,
            keeps_reply=self._is_raw,
        )

    def attach(
        self,
        provider: str,
        task_id: str,
        *,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> MusicJob[tuple[Clip, ...]]:
        """
        Follow a task that was made elsewhere, or before; it costs nothing.

        Args:
            provider: ``"suno"``, ``"riffusion"``, ``"nuro"`` or ``"producer"``.
            task_id: The service's id of the task.
            key, metadata: As in `submit`.
        """
        run = self._open_engine()
        check_key("attach()", key)
        metadata = kept_metadata("attach()", metadata)
        provider = _provider(provider).name
        check_task_id(task_id)
        return run.attach(provider, task_id, key, metadata)

    async def resume(
        self, *, queued: bool = False, undelivered: bool = False
    ) -> list[MusicJob[Any]]:
        """
        Take up every job of the journal that is not over, without paying.

        Those whose task is known are followed again.  Those whose create may or may
        not have been sent are UNKNOWN: awaiting one raises `SubmissionUnknown`, and
        its ``resubmit()``, ``found()`` or ``give_up()`` is yours to call.  Those that
        were queued and never sent are given held: awaiting one raises `JobDetached`.
        A job that another living session follows is left to it.

        Args:
            queued: Whether to send the held ones, which is paid for.
            undelivered: Whether to give those too that have succeeded or failed, and
                that ``await job.mark("delivered")`` has not marked.

        Returns:
            The jobs, with their metadata, oldest first; none without a journal.

        Raises:
            JournalError: The journal can't be read.
        """
        return await self._open_engine().resume(
            are_queued_sent=queued, with_undelivered=undelivered
        )

    async def jobs(
        self,
        *,
        limit: int | None = None,
        states: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        since_s: float | None = None,
    ) -> list[Record]:
        """
        List what the journal knows, oldest first; nothing without a journal.

        Of purchases under one key, these are the last and those that are not over.
        Those of other accounts are marked, by `Record.is_other_account`.  Clips are
        counted and not loaded; `job` gives one job whole.

        Args:
            limit: Only the newest so many; None: all.
            states: Only those in one of these states, as in ``["unknown"]``;
                ``"open"`` are those that are not over.
            tags: Only those whose metadata has these names with these values.
            since_s: Only those made in the last so many seconds; None: all.

        Raises:
            JournalError: The journal can't be read.
            ValueError: *limit* is below 0.
        """
        self._open_engine()
        check_count("limit", limit, 0)
        after = None if since_s is None else self._clock.wall() - since_s
        return await self._journal.records(
            Wanted(states=states, tags=tags or {}, made_after=after, limit=limit)
        )

    async def job(self, key: str) -> Record | None:
        """
        Return all that the journal knows of the last purchase under a key.

        Raises:
            JournalError: The journal, or its row, can't be read.
        """
        self._open_engine()
        return await self._journal.find(key)

    async def spending(
        self, by: Grouping = "operation", *, tag: str | None = None
    ) -> dict[str, Spending]:
        """
        Add up what the account bought, as the journal has it.

        Args:
            by: ``"operation"``, or ``"day"`` (UTC).
            tag: A name in *metadata* to add up by instead.

        Raises:
            JournalError: The journal can't be read.
        """
        self._open_engine()
        check_one_of("by", by, ("operation", "day"))
        check_text("tag", tag)
        return await self._journal.spending(by, tag)

    def run(
        self,
        requests: "Requests[R]",
        *,
        ordered: bool = False,
        stop_after_failures: int | None = None,
        on_known_key: OnKnownKey | None = None,
    ) -> AsyncGenerator[MusicJob[R], None]:
        """
        Yield each request's job when it is over: ``async for job in music.run(…)``.

        Requests are taken only as slots free up, so that a generator of a million of
        them runs in bounded memory.
        Leaving the loop early leaves what is in flight to the session; where the
        iterator is kept in a name, ``contextlib.aclosing`` stops its taking then.

        Args:
            requests: Requests, pairs of a job's key and its request, or a mapping of
                keys to requests; any iterable, also an asynchronous one.
            ordered: Whether to give jobs in the order of their requests instead.
            stop_after_failures: After so many failed jobs no more requests are
                taken; None: all are.  A budget that is used up stops it too.  What
                is in flight then is still given.
            on_known_key: As in `submit`.

        Raises:
            TypeError: *requests* holds something else; what an iterator gives is
                looked at when it is taken.
            ValueError: *stop_after_failures* is below 1.
        """
        self._open_engine()
        check_count("stop_after_failures", stop_after_failures, 1)
        if on_known_key is not None:
            check_one_of("on_known_key", on_known_key, ON_KNOWN_KEY)
        return run_all(
            batch_of("run()", requests),
            functools.partial(self._submit_source, on_known_key),
            at_once=self._limits.concurrency,
            ordered=ordered,
            stop_after_failures=stop_after_failures,
        )

    def _submit_source(
        self, on_known_key: OnKnownKey | None, source: "Source[R]"
    ) -> MusicJob[R]:
        """Submit one request of a batch; one that is refused is over at once."""
        key, request = keyed("run()", source)
        try:
            return self.submit(request, key=key, on_known_key=on_known_key)
        except InvalidRequest as error:
            return self._open_engine().refused(request, key or request.key, error)

    async def hold(
        self,
        requests: "Iterable[Source[Any]] | Mapping[str, Request[Any]]",
        *,
        made_from: Mapping[str, Mapping[str, str]] | None = None,
    ) -> dict[str, Record]:
        """
        Write requests down in the journal, durably, and send none of them.

        Whoever shares the journal sends them later: `aiomusic.batch.drive` by the key
        alone, which is all that a queue of tasks carries, or ``resume(queued=True)``.
        They hold neither slot nor credits meanwhile.

        Args:
            requests: As `run` takes them; each needs a key.
            made_from: Of jobs whose request needs what others make: by key and field,
                as in ``{"verse": {"clip": "@intro[1]"}}``.  What the request itself
                has there is replaced when it is sent.

        Returns:
            Of keys that are used already, what the journal has of them; they stay as
            they are.  One under which nothing was bought is free for another request.

        Raises:
            InvalidRequest: One has no key, or uploads a file of this machine.
            JournalError: They can't be written down, or nothing is kept.
        """
        run = self._open_engine()
        found: dict[str, tuple[Request[Any], Mapping[str, object]]] = {}
        for source in batch_of("hold()", requests):
            given, request = keyed("hold()", source)
            key = check_held(request, request.key if given is None else given)
            found[key] = request, kept_metadata(request.kind(), request.metadata)
        return await run.hold(found, made_from or {})

    async def note_held(self, key: str, error: MusicError) -> None:
        """
        Write down why a job that is held was not sent: `job` tells it from then on.

        Raises:
            JournalError: It can't be written down.
        """
        self._open_engine()
        await self._journal.note_held(key, error_to_json(error))

    def quote(
        self, requests: "Iterable[Source[Any]] | Mapping[str, Request[Any]]"
    ) -> Quote:
        """Return the cost of what `run` takes; nothing is bought."""
        return quote(requests, self._host_dialect().price)

    async def credits(self) -> Credits:
        """
        Ask for the balance; API: get-credits.

        Raises:
            MusicError: It can't be had; passing faults were tried again.
        """
        run = self._open_engine()
        found = await run.read(
            wire.CREDITS_PATH, wire.read_credits, self._call_timeout_s, self._hear
        )
        run.balance.see(found.total)
        return found

    async def download(
        self,
        clip: Clip,
        folder: str | Path,
        *,
        name: str | None = None,
        album: str | None = None,
        track: int | None = None,
        request: "Request[Any] | None" = None,
        format: str | None = None,  # noqa: A002 - as the service calls it
        metadata: Mapping[str, object] | None = None,
        signer: "Signer | None" = None,
    ) -> Path:
        """
        Store one clip in *folder*, as `MusicJob.save` does.

        Args:
            clip: What to fetch.
            folder: Where to; made if it is missing; ``~`` is the home folder.
            name: The file's name without its ending; None: title and id.  A name that
                another clip's file has gets the clip's id added, and a JSON file of
                the same name says whose it is.
            album, track: For the file's tags; the first track is 1.
            request: What was asked for, for the file's tags.
            format: As one of *formats* there: ``"wav"`` is bought, once, where the
                clip's own link does not give it.
            metadata: Of the job that buys it.
            signer: As there.

        Raises:
            DownloadError: It could not be stored.
            InvalidRequest: The provider has no way to *format*.
            MusicError: It could not be bought.
        """
        check_clip("download()", clip)
        check_folder("download()", folder)
        check_has("signer", signer, "tag", "sign", takes="an aiomusic.Signer")
        formats = () if format is None else check_formats("download()", [format])
        return await self._open_engine().files.download(
            clip,
            folder,
            name=name,
            album=album,
            track=track,
            request=request,
            formats=formats,
            metadata=kept_metadata("download()", metadata),
            signer=signer,
        )

    async def _called_back(
        self, job_key: str | None, attempt: int, event: "Event"
    ) -> None:
        from aiomusic.webhooks import SessionNotOpen  # noqa: PLC0415 - its cost

        if self._engine is None:
            message = "No session is open to take the callback; call again."
            raise SessionNotOpen(message)
        await self._engine.called_back(job_key, attempt, event)

    async def _poll(self, provider: str, task_id: str) -> TaskSnapshot:
        found = _provider(provider)
        check_task_id(task_id)
        return await self._open_engine().poll(
            found, task_id, self._call_timeout_s, self._hear
        )

    def _open_engine(self) -> "Engine":
        if self._engine is None or self._engine.admission.is_leaving:
            message = (
                "This MusicSession is not open: use it inside"
                " 'async with MusicSession() as music:'."
            )
            raise RuntimeError(message)
        self._engine.check_here()
        return self._engine


def _journal(value: "str | Path | Journal | None", clock: Clock) -> Journal:
    value = os.environ.get("AIOMUSIC_JOURNAL") if value is None else value
    if value is None or value == "":
        return MemoryJournal(wall=clock.wall)
    if isinstance(value, (str, Path)):
        return journal_at(value, clock.wall)
    takes = "the path of a file, or postgresql://…"
    check_has("journal", value, "open", "admit", takes=takes)
    return value


def _callbacks(
    url: str, secret: str, called_back: "OnEvent", clock: Clock
) -> "Callbacks":
    from aiomusic.webhooks import Callbacks  # noqa: PLC0415 - its cost

    return Callbacks(url, secret, called_back, clock)


def _check_webhook_url(url: str) -> None:
    parts = urlsplit(url)
    is_fit = parts.scheme in {"http", "https"} and parts.hostname
    if not is_fit or parts.query or parts.fragment:
        message = (
            "webhook_url must be a public http:// or https:// address without a query,"
            " as each job's key is added to its path."
        )
        raise ValueError(message)


def _provider(name: str) -> Provider:
    if name not in tuple(PROVIDERS):
        message = (
            f"provider is {shown(name)}; it must be one of {', '.join(PROVIDERS)}."
        )
        raise ValueError(message)
    return PROVIDERS[name]
