"""The emulator: the AI Music API as a local server."""

import asyncio
import logging
import random
import secrets
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self, final

from aiohttp import web
from aiohttp.http import HttpProcessingError

from aiomusic._clock import Clock, SystemClock, Timer
from aiomusic._http.dialects import SUNO, DialectName, checked_dialect, dialect_for
from aiomusic.composer import available_formats, load_renderer
from aiomusic.emulator._account import Account
from aiomusic.emulator._app import Api
from aiomusic.emulator._background import BackgroundTasks
from aiomusic.emulator._calls import Call, CallLog
from aiomusic.emulator._faults import Fault, FaultKind, Faults, Target
from aiomusic.emulator._hosts import ServedHosts, is_loopback
from aiomusic.emulator._ids import Ids
from aiomusic.emulator._media import Media, MediaDirectory, NoMedia, RenderedMedia
from aiomusic.emulator._media_urls import MediaUrls
from aiomusic.emulator._moderation import Moderation
from aiomusic.emulator._rate_limit import RateLimit, RetryAfter, RetryForm
from aiomusic.emulator._refusals import RefusalKind
from aiomusic.emulator._replies import streaming_body, webhook_body
from aiomusic.emulator._service import Service
from aiomusic.emulator._sister import with_models
from aiomusic.emulator._tasks import OVER, Pace, Progress, Task
from aiomusic.emulator._uploads import Fetcher
from aiomusic.emulator._webhooks import Delivery, WebhookSender
from aiomusic.emulator._workers import Threads, Workers, spare_processors

__all__ = ["Emulator"]

QUICK: Final = Pace.seconds(pending=0.4, running=2.0, not_ready=0.1)
SHUTDOWN_S: Final = 2.0
_TURNS_TO_CLOSE: Final = 5
"""Iterations of the event loop until a client in it has seen a connection close."""


@final
class Emulator:
    """
    The AI Music API on this machine, with real audio and without a paid key.

    Leaving ``async with`` closes it and removes its files.  `url`, in a browser, is a
    page to make songs on, to see tasks move and to switch faults on.

    One of these markers in a text of a request makes its task fail, with the API's
    message and a refund:

    - refused on the poll: ``[[format]]``, ``[[copyright]]``, ``[[inappropriate]]``,
      ``[[moderation]]``, ``[[artist]]``, ``[[producer]]``; also for nuro:
      ``[[language]]``, ``[[semantic]]``;
    - failed at its end: ``[[timeout]]`` (504), ``[[fail]]``; not refunded:
      ``[[fail-unrefunded]]``, ``[[fail-one]]`` (one clip of two).

    Suno and nuro tasks with a ``webhook_url`` call it when they are over: by the
    clock, or under `Pace.polls()` when a poll finds them over, or by `finish()`.
    Only loopback is called, and the hosts in *allow_hosts*.

    Args:
        credits: The initial balance.
        extra_credits: Additional credits, which are spent first.
        pace: How fast tasks progress: a `Pace`, or the seconds that a task takes.
        seed: Equal seeds give equal ids and songs.
        host, port: Where to listen; port 0: any free port.
        api_key: The key that clients must send; None: a random one.
        clock: The source of time.
        media: Whether there is audio; otherwise its URLs answer 404.
        strict_ids: Whether clip and persona ids that it never issued are refused, as
            the service does, and those of another provider; otherwise such a clip
            stands for a new song.
        refuse_words: Words or phrases that make the task of a request fail in whose
            text they stand (in any case, as whole words): for inappropriate lyrics,
            or as a description that needs a review.  A mapping names the refusal of
            each, as in ``{"Beatles": "artist"}``; see `fault()`.
        webhook_secret: Signs the webhooks of creates without a secret of their own.
        allow_hosts: Hosts other than loopback to which webhooks may be sent, and
            non-public hosts (loopback included) from which uploads may be fetched.
        hosts: Hosts that calls may be addressed to, besides loopback, *host* and
            that of *public_url*; ``"*"``: any.  Others are answered 421, which
            prevents DNS rebinding.
        renderer: Renders the songs: ``"sine"``, plain tones that are made soon, for
            tests; ``"fluidsynth"``, if it and a SoundFont are installed; or the name
            of an entry point in ``aiomusic.renderers``; None: the built-in
            synthesiser, which sounds the same everywhere.
        preview_s: Length in seconds of a song whose request says none, such as a
            quick 20; None: two to three minutes, as at the service, which take some
            seconds of CPU time each to render.
        public_url: The base of media URLs; None: `url`.
        keep_calls: How many calls `requests` keeps; fewer, if they are large.
        max_in_flight: How many tasks may be in flight; further creates are answered
            403 ``Queue is full`` and cost nothing.  None: no limit.
        creates_per_s: How many creates a second are accepted, evenly spaced; others
            are answered 429.  None: no limit.
        retry_after: The ``Retry-After`` header of a 429: the ``"seconds"`` to wait,
            the ``"date"``, ``"zero"`` seconds, a date in the ``"past"``, or
            ``"none"``: no header.
        url_ttl_s: Lifetime of links to audio and pictures in seconds; then they
            answer 403, and the next poll has fresh ones.  None: unlimited.
        stream: Whether the link of a running clip grows in real time, without a
            ``Content-Length``, until the clip is over; otherwise it has the whole song.
            A suno task with a ``webhook_url`` then calls it with ``song.streaming``
            too, once its first clip can be heard.
        dialect: ``"sonic"``: speak as the sister hosts do; see `MusicSession`.

    Raises:
        LookupError: No renderer of that name is installed.
        ValueError: A limit is not above 0, or a refused word is empty or of an
            unknown kind.
    """

    def __init__(
        self,
        *,
        credits: int = 1000,  # noqa: A002 - the API's word
        extra_credits: int = 0,
        pace: Pace | float = QUICK,
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str | None = None,
        clock: Clock | None = None,
        media: bool = True,
        strict_ids: bool = False,
        refuse_words: Collection[str] | Mapping[str, RefusalKind | None] = (),
        webhook_secret: str | None = None,
        allow_hosts: Collection[str] = (),
        hosts: Collection[str] = (),
        renderer: str | None = None,
        preview_s: float | None = None,
        public_url: str | None = None,
        keep_calls: int = 10_000,
        max_in_flight: int | None = None,
        creates_per_s: float | None = None,
        retry_after: RetryForm = "seconds",
        url_ttl_s: float | None = None,
        stream: bool = False,
        dialect: DialectName = SUNO.name,
    ) -> None:
        _check_limits(
            max_in_flight=max_in_flight,
            creates_per_s=creates_per_s,
            url_ttl_s=url_ttl_s,
            preview_s=preview_s,
        )
        self._host = host
        self._public_url = public_url
        self._port = port
        self._clock = clock or SystemClock()
        self._dialect = dialect_for(checked_dialect(dialect), "")
        self._background = BackgroundTasks()
        self._faults = Faults()
        self.key: str = api_key or f"emu-{secrets.token_hex(16)}"
        ids, pace = Ids(seed), Pace.of(pace)
        self._urls = MediaUrls(clock=self._clock, ttl_s=url_ttl_s)
        kind = "mp3" if "mp3" in available_formats() else "wav"
        self._directory = MediaDirectory(ids, kind, self._urls)
        self._media: Media = NoMedia(self._directory)
        if media:
            fetcher = Fetcher(frozenset(allow_hosts))
            self._media = self._build_media(seed, pace, fetcher, renderer, preview_s)
        self._webhooks = WebhookSender(
            faults=self._faults,
            clock=self._clock,
            ids=ids,
            start_soon=self._background.start_soon,
            secret=webhook_secret or f"emu-secret-{secrets.token_hex(8)}",
            allow_hosts=frozenset(allow_hosts),
        )
        self._service = Service(
            pace=pace,
            account=Account(credits=credits, extra_credits=extra_credits),
            clock=self._clock,
            ids=ids,
            rng=random.Random(seed),  # noqa: S311 - not for secrets
            songs=self._media.songs,
            on_task=self._task_added,
            receive=self._media.receive,
            on_alias=self._media.alias,
            price=self._dialect.price,
            url_of=self._urls.of,
            score_of=self._media.score,
            on_end=self._ended,
            on_play=self._playing if stream else None,
            is_made=self._media.is_made,
            is_strict=strict_ids,
            max_in_flight=max_in_flight,
            is_preview=preview_s is not None,
            moderation=Moderation.of(refuse_words),
        )
        self._api = Api(
            service=self._service,
            media=self._media,
            faults=self._faults,
            clock=self._clock,
            key=self.key,
            calls=CallLog(keep_calls),
            hosts=ServedHosts.of(hosts, host=host, public_url=public_url),
            rate_limit=RateLimit(
                clock=self._clock, per_s=creates_per_s, form=retry_after
            ),
            media_urls=self._urls,
            # Whoever is elsewhere, or behind a proxy, is told no key by a page.
            page_key=self.key if is_loopback(host) and not public_url else None,
            is_streaming=stream,
            dialect=self._dialect,
        )
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._alarm: Timer | None = None

    def _build_media(
        self,
        seed: int,
        pace: Pace,
        fetcher: Fetcher,
        renderer: str | None,
        preview_s: float | None,
    ) -> Media:
        if renderer is not None:
            # Fail now, not at the first song.
            load_renderer(renderer)
        # A process takes longer to start than plain tones to make.
        is_quick = renderer == "sine"
        return RenderedMedia(
            directory=self._directory,
            seed=seed,
            is_eager=not pace.is_counted,
            workers=Threads() if is_quick else Workers(spare_processors()),
            composers=Threads() if is_quick else Workers(1),
            fetcher=fetcher,
            renderer=renderer,
            preview_s=preview_s,
            start_soon=self._background.start_soon,
            clock=self._clock,
            on_made=self._made,
        )

    def __repr__(self) -> str:
        where = self.url if self._site is not None else "closed"
        return f"<Emulator {where} tasks={len(self.tasks)} balance={self.balance}>"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """
        Start to listen; `aclose()` ends it.

        Raises:
            OSError: The port is taken.
            RuntimeError: It was already started; make a new one.
        """
        await self._background.start()
        self._runner = web.AppRunner(
            self._api.app(),
            access_log=None,
            logger=_quiet_log(),
            shutdown_timeout=SHUTDOWN_S,
        )
        try:
            await self._runner.setup()
            await self._listen()
        except BaseException:
            await self.aclose()
            raise
        self._urls.base = (self._public_url or self.url).rstrip("/")

    async def _listen(self) -> None:
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, self._host, self._port)
        await self._site.start()
        self._port = int(self._runner.addresses[0][1])

    async def aclose(self) -> None:
        """
        Close every connection, cancel background tasks and remove the files.

        If one of these fails, the others are done nevertheless.
        """
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._media.aclose)
            stack.push_async_callback(self._webhooks.aclose)
            stack.push_async_callback(self._background.aclose)
            if self._alarm is not None:
                stack.callback(self._alarm.cancel)
            if self._runner is not None:
                stack.push_async_callback(self._runner.cleanup)
            self._runner = self._site = None

    @property
    def url(self) -> str:
        """The base URL."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self._port}"

    @property
    def submissions(self) -> int:
        """POSTs whose body was read completely: the ones that a service may bill."""
        return self._api.submissions

    @property
    def charged(self) -> int:
        """Credits charged, less refunds."""
        return self._service.account.charged

    @property
    def charges(self) -> int:
        """Calls that were charged."""
        return self._service.account.charges

    @property
    def refunds(self) -> int:
        """Calls that were refunded."""
        return self._service.account.refunds

    @property
    def balance(self) -> int:
        """The remaining credits, extra credits included."""
        return self._service.account.balance

    @property
    def polls(self) -> int:
        """Received polls, including those that a fault was applied to."""
        return self._api.polls

    @property
    def in_flight(self) -> int:
        """Tasks that are not over."""
        self._service.settle_due()
        return self._service.in_flight

    @property
    def peak_in_flight(self) -> int:
        """The maximum of tasks in flight at one time."""
        return self._service.peak_in_flight

    @property
    def tasks(self) -> Mapping[str, Task]:
        """All tasks by id, oldest first."""
        return MappingProxyType(self._service.tasks)

    @property
    def requests(self) -> tuple[Call, ...]:
        """The received calls, oldest first; keys are not kept."""
        return self._api.calls.all()

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The sent webhooks, in the order of their answers."""
        return tuple(self._webhooks.deliveries)

    @property
    def webhook_secret(self) -> str:
        """The secret that signs webhooks of creates without one."""
        return self._webhooks.secret

    async def webhooks_idle(self) -> None:
        """Wait until every pending webhook was answered."""
        await self._webhooks.idle()

    async def finish(self, *task_ids: str) -> None:
        """End these tasks now, whatever their pace; without ids: all."""
        for task_id in task_ids or tuple(self.tasks):
            await self._media.finish(task_id)
            self._service.end(self._service.tasks[task_id])

    def fault(
        self,
        kind: FaultKind,
        on: Target = "any",
        *,
        times: int | None = 1,
        skip: int = 0,
        provider: str | None = None,
        after: bool | None = None,
        status: int | None = None,
        message: str | None = None,
        body: object = None,
        retry_after: RetryAfter = None,
        headers: Mapping[str, str] | None = None,
        state: str = "rewinding",
        clips: int | None = None,
        refund: bool = True,
        seconds: float = 1.0,
        polls: int | None = None,
        to: str | None = None,
    ) -> Fault:
        """
        Order a fault.

        ================= ======== =================================================
        kind              charged  effect
        ================= ======== =================================================
        drop_before_body  no       the connection closes before the body is read
        drop_after_body   yes      the connection closes instead of an answer
        reset             yes      the same, with a TCP reset
        hang              yes      no answer until the client disconnects
        slow              yes      the answer, *seconds* late
        cut_body          yes      an answer that ends before its Content-Length
        html              yes      a web page, with *status* (or 200) and *message*
        status            no       *status*, with *message*, *body*, *retry_after*
        redirect          no       *status* (or 302) to *to*
        id_beside_error   yes      *status* (or 500), with the id of the task
        legacy            yes      the id in ``data``, as replies of 2024 have it
        unknown_state     -        on a poll: *state* instead of the state
        fail              refunded the task fails (*clips*: only so many clips)
        stuck             yes      the task never ends
        late_link         yes      the task is over, but ``audio_url`` is empty
        late_clip         yes      the task is over, but its last clip not listed
        lost              -        the webhook is not sent
        twice             -        the webhook is sent twice
        late              -        the webhook is sent after *seconds*
        forged            -        the webhook is signed with another secret
        out_of_order      -        the webhook is sent after the next one
        ================= ======== =================================================

        The following answer with the service's own message, or with *message*, and
        charge nothing.  Those with a star, on a poll, end the task and refund its
        credits; the others leave it unchanged.

        ================= ======== =================================================
        kind              status   meaning
        ================= ======== =================================================
        not_ready         202      the task is still processing
        language *        400      the language is not supported
        task_id_missing   400      the address has no task id
        task_not_found    400      there is no such task (nuro: 404)
        no_key            401      the header with the key is missing
        key_format        401      that header is malformed
        bad_key           401      the key is wrong (nuro: ``Invalid signature``)
        expired_key       401      the key has expired
        no_credits        403      not enough credits
        no_subscription   403      there is no active subscription
        queue_full        403      the queue is full
        qps               403      too many queries per second
        usage_limit       403      the usage limit is exceeded
        lyrics_format *   403      the format of the lyrics is invalid
        copyright *       403      the lyrics are copyrighted
        inappropriate *   403      the lyrics are inappropriate
        moderation *      403      the description needs a review
        artist *          403      the description names an artist
        producer_tag *    403      the description has a producer tag
        retired           410      the endpoint is gone
        rate_limited      429      too many requests; see *retry_after*
        server_error      500      an internal error
        api_error         500      a system error (nuro)
        semantic *        500      a semantic error (nuro)
        algorithm *       500      an algorithm error (nuro)
        timeout *         504      the task took too long
        ================= ======== =================================================

        These answer 400, whatever the request, with the sentence for a field:

        ============================ ===============================================
        kind                         meaning
        ============================ ===============================================
        invalid                      ``mv`` is invalid
        custom_mode_type             ``custom_mode`` is not a boolean
        instrumental_type            ``make_instrumental`` is not a boolean
        prompt_too_long              ``prompt`` is too long
        gpt_description_too_long     ``gpt_description_prompt`` is too long
        tags_too_long                ``tags`` is too long
        title_too_long               ``title`` is too long
        persona_missing              a persona's song has no ``persona_id``
        persona_fields               a persona has no name or no clip
        persona_name_too_long        a persona's ``name`` is too long
        persona_description_too_long a persona's ``description`` is too long
        description_missing          lyrics are asked for without ``description``
        description_too_long         ``description`` of lyrics is too long
        ============================ ===============================================

        Args:
            on: The calls it applies to.
            times: How many of them; None: all.
            skip: How many to skip first, counted from now.
            provider: Only calls to this provider; None: to all.
            after: Whether the call is carried out and charged nevertheless; None: as
                in the table.
            status, message, body, headers: The answer; a *body* of text is sent as
                it is.
            retry_after: Seconds, any text, or a ``timedelta``: a date that long after
                the answer (or before it).
            state: For ``unknown_state``.
            clips: How many, from the last, for ``fail``, ``late_link`` (None: all)
                and ``late_clip`` (None: one).
            refund: For ``fail``.
            seconds: For ``slow`` and ``late``; also how long ``late_link`` and
                ``late_clip`` last after the task's end.
            polls: How many polls ``late_link`` and ``late_clip`` last after the
                task's end, in place of *seconds*.
            to: For ``redirect``.

        Returns:
            The fault: ``struck`` counts the calls, ``cancel()`` withdraws it.
        """
        fault = Fault(
            kind=kind,
            on=on,
            times=times,
            skip=skip,
            provider=provider,
            after=after,
            status=status,
            message=message,
            body=body,
            retry_after=retry_after,
            headers=dict(headers or {}),
            state=state,
            clips=clips,
            is_refunded=refund,
            seconds=seconds,
            polls=polls,
            to=to,
        )
        return self._faults.add(fault)

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Drop all connections and refuse new ones inside the block."""
        assert self._runner is not None
        assert self._runner.server is not None
        assert self._site is not None
        await self._site.stop()
        for connection in self._runner.server.connections:
            connection.force_close()
        for _ in range(_TURNS_TO_CLOSE):
            await asyncio.sleep(0)
        try:
            yield
        finally:
            await self._listen()

    def _task_added(self, task: Task) -> None:
        self._media.add(task)
        if task.webhook is not None:
            self._set_alarm()

    def _set_alarm(self) -> None:
        """Set the alarm to the end of the next task, when a webhook may be due."""
        if self._alarm is not None:
            self._alarm.cancel()
        due = self._service.next_due
        self._alarm = None if due is None else self._clock.call_at(due, self._ring)

    def _ring(self) -> None:
        self._service.settle_due()
        self._set_alarm()

    def _made(self, task: Task) -> None:
        self._service.made(task)

    def _playing(self, task: Task, progress: Progress) -> None:
        self._call(task, streaming_body(task, progress, self._media.songs(task)))

    def _ended(self, task: Task) -> None:
        self._call(task, webhook_body(task, OVER, self._media.songs(task)))

    def _call(self, task: Task, body: dict[str, Any]) -> None:
        if task.webhook is not None:
            self._webhooks.send(with_models(body, self._dialect), *task.webhook)


def _check_limits(**limits: float | None) -> None:
    for name, value in limits.items():
        if value is not None and not value > 0:
            raise ValueError(f"{name} is {value}; it is above 0, or None")


def _quiet_log() -> logging.Logger:
    """Return aiohttp's log without what it can't parse: the key stands in that."""
    log = logging.getLogger("aiomusic.emulator.server")
    if not log.filters:
        log.addFilter(_is_ours)
    return log


def _is_ours(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)
