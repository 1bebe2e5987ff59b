"""What a worker tells its supervisor: that it lives and is ready, and its figures."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias, final
from urllib.parse import urlsplit

import attrs
from aiohttp import web

from aiomusic._events import Event, Polled
from aiomusic.batch import Worker
from aiomusic.cli._exits import UsageError
from aiomusic.errors import JournalError, MusicError

if TYPE_CHECKING:
    from aiomusic.journal.opening import Reader

__all__ = ["Health", "address_of_health"]

# The journal is asked no more often, however often the figures are.
KEPT_S: Final = 15.0
PROBE_S: Final = 5.0

_HELP: Final[Mapping[str, tuple[str, str]]] = {
    "aiomusic_worker_ready": ("gauge", "Whether this worker takes tasks."),
    "aiomusic_tasks_running": ("gauge", "Tasks that this worker runs."),
    "aiomusic_tasks_over_total": (
        "counter",
        "Tasks that are over, by the state of their job.",
    ),
    "aiomusic_tasks_put_back_total": ("counter", "Times that a task was put back."),
    "aiomusic_polls_total": ("counter", "Polls of tasks at the service."),
    "aiomusic_lease_losses_total": (
        "counter",
        "Times that this worker was silent for longer than its lease.",
    ),
    "aiomusic_journal_up": ("gauge", "Whether the journal could be read."),
    "aiomusic_jobs": ("gauge", "Jobs of the account in the journal, by state."),
    "aiomusic_credits": ("gauge", "Credits of the account, spent or reserved."),
}

_Sample: TypeAlias = tuple[str, Mapping[str, str], float]


def address_of_health(typed: str) -> tuple[str, int]:
    """
    Read ``host:port``.

    Raises:
        UsageError: It is something else.
    """
    try:
        parts = urlsplit(f"//{typed}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None or port is None:
        raise UsageError(
            f"--health is {typed!r}; write host:port, as in 127.0.0.1:9400."
            " Nothing was sent."
        )
    return host, port


@final
@attrs.define(eq=False, kw_only=True)
class Health:
    """
    A small web server beside a worker.

    Attributes:
        worker: Whose figures it tells.
        reader: Gives what reads the journal.
        lease_losses: How often the worker's session lost its lease so far.
        polls: How many polls there were so far.
    """

    worker: Worker
    reader: "Callable[[], Reader]"
    lease_losses: Callable[[], int]
    polls: int = 0
    _kept: list[_Sample] = attrs.field(factory=list)
    _kept_until: float = 0.0
    _reading: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    def heard(self, event: Event) -> None:
        """Count the polls of the session."""
        self.polls += isinstance(event, Polled)

    @contextlib.asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[str]:
        """
        Serve until the block ends; yield the address.

        Raises:
            UsageError: The port can't be had.
        """
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            try:
                await site.start()
            except OSError as error:
                why = error.strerror or error
                raise UsageError(
                    f"--health can't listen at {host}:{port}: {why}. Nothing was sent."
                ) from error
            address = runner.addresses[0]
            yield f"http://{address[0]}:{address[1]}"
        finally:
            await runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        if not self.worker.is_ready:
            return web.Response(status=503, text="takes no tasks\n")
        try:
            async with asyncio.timeout(PROBE_S):
                await self.reader().is_current()
        except (MusicError, TimeoutError):
            return web.Response(status=503, text="the journal does not answer\n")
        return web.Response(text="ready\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        samples = [*self._own(), *await self._journal()]
        return web.Response(
            body=_exposed(samples).encode(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    def _own(self) -> Iterator[_Sample]:
        worker = self.worker
        yield "aiomusic_worker_ready", {}, worker.is_ready
        yield "aiomusic_tasks_running", {}, worker.running
        for state, count in worker.ended.items():
            yield "aiomusic_tasks_over_total", {"state": state}, count
        yield "aiomusic_tasks_put_back_total", {}, worker.put_back
        yield "aiomusic_polls_total", {}, self.polls
        yield "aiomusic_lease_losses_total", {}, self.lease_losses()

    async def _journal(self) -> list[_Sample]:
        async with self._reading:
            if time.monotonic() >= self._kept_until:
                self._kept = await self._read()
                self._kept_until = time.monotonic() + KEPT_S
            return self._kept

    async def _read(self) -> list[_Sample]:
        try:
            reader = self.reader()
            states, spending = await reader.states(), await reader.spending()
        except JournalError:
            return [("aiomusic_journal_up", {}, 0)]
        spent = sum(one.credits for one in spending.values())
        reserved = sum(one.reserved for one in spending.values())
        return [
            ("aiomusic_journal_up", {}, 1),
            *(("aiomusic_jobs", {"state": name}, n) for name, n in states.items()),
            ("aiomusic_credits", {"kind": "spent"}, spent),
            ("aiomusic_credits", {"kind": "reserved"}, reserved),
        ]


def _exposed(samples: list[_Sample]) -> str:
    """Write samples as Prometheus reads them; labels are this library's own words."""
    lines: list[str] = []
    told: set[str] = set()
    for name, labels, value in samples:
        if name not in told:
            kind, words = _HELP[name]
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
            told.add(name)
        pairs = ",".join(f'{key}="{label}"' for key, label in labels.items())
        labelled = f"{name}{{{pairs}}}" if pairs else name
        lines.append(f"{labelled} {value:.15g}")
    return "\n".join([*lines, ""])
