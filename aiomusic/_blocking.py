"""How the names of `aiomusic.blocking` are made from the asynchronous ones."""

import contextlib
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

from anyio import to_thread
from anyio.from_thread import BlockingPortal, start_blocking_portal

from aiomusic import _job, _session, webhooks
from aiomusic._arguments import all_of
from aiomusic._batch import wait_all as _wait_all
from aiomusic._origin import Origin
from aiomusic.errors import MusicError
from aiomusic.providers._operations import Operations
from aiomusic.providers._registry import REGISTRY

C = TypeVar("C", bound=type)

__all__ = [
    "LEFT_OUT",
    "Callbacks",
    "MusicJob",
    "MusicSession",
    "merge_updates",
    "wait_all",
]

# What a job is to asyncio, and callbacks to a web framework, is of no use here.
LEFT_OUT: Final = frozenset({"send", "throw", "close", "asgi", "app"})
_END: Final = object()


class _Loop:
    """The event loop of a session, in a thread of its own, while it is open."""

    def __init__(self) -> None:
        self.portal: BlockingPortal | None = None
        self._origin: Origin | None = None

    @contextlib.contextmanager
    def opened(self, portal: BlockingPortal) -> Iterator[None]:
        """Call in the loop of a session, for as long as that is open."""
        self.portal, self._origin = portal, portal.call(Origin.here)
        try:
            yield
        finally:
            self.portal = None

    @property
    def is_forked(self) -> bool:
        """Whether this is a fork, in which no such loop runs."""
        return self._origin is not None and self._origin.is_forked

    def call(self, do: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call in the loop, and return what comes of it, as something to use here."""
        given = [_unwrapped(one) for one in args]
        named = {name: _unwrapped(one) for name, one in options.items()}
        call = functools.partial(do, *given, **named)
        if self.portal is None:
            # Of a session that is closed, nothing waits for anything.
            with start_blocking_portal(name="aiomusic-closed") as portal:
                return portal.call(self._run, call)
        assert self._origin is not None
        self._origin.check_process()
        if self._origin.is_thread:
            return self._called_within(call)
        future = self.portal.start_task_soon(self._run, call)
        try:
            return future.result()
        except BaseException:
            # Also at Ctrl-C: nobody waits any more.
            future.cancel()
            raise

    def _called_within(self, call: Callable[[], Any]) -> Any:
        """Call from the loop itself, as ``on_event`` does, which can't wait for it."""
        found = call()
        if inspect.isawaitable(found) and not isinstance(found, _job.MusicJob):
            if inspect.iscoroutine(found):
                found.close()
            message = (
                "This runs in the session's own thread, as on_event does, and would"
                " wait for itself: call it from another thread."
            )
            raise RuntimeError(message)
        return self.wrapped(found)

    async def _run(self, call: Callable[[], Any]) -> Any:
        found = call()
        # A job is awaited only when its result is asked for.
        is_job = isinstance(found, _job.MusicJob)
        if inspect.isawaitable(found) and not is_job:
            found = await found
        return self.wrapped(found)

    def wrapped(self, value: Any) -> Any:
        """Return a value, with what has to be awaited in it made to be called."""
        match value:
            case _job.MusicJob() | _session.MusicSession() | webhooks.Callbacks():
                return _made(_face_of(value), value, self)
            case Operations():
                return _provider(value, self)
            case list():
                return [self.wrapped(one) for one in value]
            case AsyncIterator():
                return self._iterated(value)
            case _:
                return value

    def _iterated(self, found: Any) -> Iterator[Any]:
        try:
            while (one := self.call(anext, found, _END)) is not _END:
                yield one
        finally:
            # A loop that is closed has closed it, too.
            if self.portal is not None:
                self.call(found.aclose)


def _unwrapped(value: Any) -> Any:
    match value:
        case _Face():
            return value._of
        case list() | tuple():
            return type(value)(_unwrapped(one) for one in value)
        case dict():
            return {name: _unwrapped(one) for name, one in value.items()}
        case _:
            return value


class _Face:
    """What stands here for something asynchronous, and is the same wherever it is."""

    _of: Any
    _loop: _Loop

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __repr__(self) -> str:
        return repr(self._of)

    def _repr_html_(self) -> str | None:
        show = getattr(self._of, "_repr_html_", None)
        found: str | None = None if show is None else show()
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Face) and self._of is other._of

    def __hash__(self) -> int:
        return hash(self._of)


def _face_of(value: object) -> "type[_Face]":
    """Return what stands here for what has to be awaited."""
    match value:
        case _job.MusicJob():
            return MusicJob
        case _session.MusicSession():
            return MusicSession
        case _:
            return Callbacks


def _made(kind: type[_Face], of: Any, loop: _Loop) -> _Face:
    made = kind.__new__(kind)
    made._of, made._loop = of, loop
    return made


def _provider(found: Operations, loop: _Loop) -> Operations:
    """Return a provider whose methods submit from here, in the caller's own line."""
    kind = type(found)
    own = {
        name: _method(name, value)
        for name, value in inspect.getmembers_static(kind, inspect.iscoroutinefunction)
    }
    made: Any = object.__new__(type(kind.__name__, (kind,), own))
    submit = functools.partial(loop.call, found._submit)
    Operations.__init__(made, submit, found._poll)
    made._of, made._loop = found, loop
    return cast("Operations", made)


def _like(original: type, *names: str) -> Callable[[C], C]:
    """
    Add to a class the public names of the asynchronous one that it has not itself.

    Args:
        names: Attributes that only its instances have.
    """

    def add(kind: C) -> C:
        for name in dir(original):
            if name.startswith("_") or name in LEFT_OUT:
                continue
            found = inspect.getattr_static(original, name)
            own = vars(kind).get(name)
            if own is not None:
                functools.update_wrapper(own, found)
            elif inspect.isfunction(found):
                setattr(kind, name, _method(name, found))
            else:
                setattr(kind, name, _attribute(name, found.__doc__))
        for name in names:
            setattr(kind, name, _attribute(name, f"The operations of {name}."))
        kind.__doc__ = kind.__doc__ or original.__doc__
        return kind

    return add


def _method(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: _Face, /, *args: Any, **options: Any) -> Any:
        return self._loop.call(getattr(self._of, name), *args, **options)

    return method


def _attribute(name: str, doc: str | None) -> property:
    def get(self: _Face) -> Any:
        return self._loop.wrapped(getattr(self._of, name))

    return property(get, doc=doc)


@_like(_job.MusicJob)
class MusicJob(_Face):
    """A paid call on its way to its result; see `aiomusic.MusicJob`."""

    def result(self, *, timeout_s: float | None = None) -> Any:
        """
        Wait for the result, for *timeout_s* at the most; None: without limit.

        Raises:
            JobTimedOut: The time is up. The job goes on; wait again if you like.
            MusicError: What the job ended with.
        """
        return self._loop.call(self._of.wait, timeout_s=timeout_s)


@_like(_session.MusicSession, *REGISTRY)
class MusicSession(_Face):
    """Everything for one API key: ``with MusicSession() as music: …``."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._of = _session.MusicSession(*args, **options)
        self._loop = _Loop()
        self._exit_stack = contextlib.ExitStack()

    @property
    def webhooks(self) -> "Callbacks | None":
        """Where callbacks are handed in; None without *webhook_url*."""
        found: Callbacks | None = self._loop.wrapped(self._of.webhooks)
        return found

    def run(self, requests: Any, **options: Any) -> Any:
        # What an iterator does to give a request must not keep the loop waiting.
        given = _pulled(requests) if isinstance(requests, Iterator) else requests
        return self._loop.call(self._of.run, given, **options)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as entered:
            portal = entered.enter_context(start_blocking_portal(name="aiomusic"))
            entered.enter_context(self._loop.opened(portal))
            entered.enter_context(portal.wrap_async_context_manager(self._of))
            self._exit_stack = entered.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._loop.is_forked:
            self._exit_stack.__exit__(kind, error, trace)


functools.update_wrapper(MusicSession.__init__, _session.MusicSession.__init__)


@_like(webhooks.Callbacks)
class Callbacks(_Face):
    """Where the service's callbacks are handed in; see `aiomusic.webhooks`."""


@functools.wraps(_wait_all)
def wait_all(jobs: Any) -> Any:
    if isinstance(jobs, Mapping):
        return dict(zip(jobs, wait_all(jobs.values()), strict=True))
    takes = "jobs, as a list, another iterable or a mapping"
    return [_ended(job) for job in all_of("wait_all()", MusicJob, jobs, takes)]


def _ended(job: MusicJob) -> object:
    try:
        return job.result()
    except MusicError as error:
        return error


def merge_updates(jobs: Any) -> Any:
    takes = "jobs, as a list or another iterable"
    given = all_of("merge_updates()", MusicJob, jobs, takes)
    if not given:
        return iter(())
    loop = given[0]._loop
    if any(job._loop is not loop for job in given):
        message = (
            "merge_updates() takes jobs of one blocking session at a time, whose thread"
            " it runs in; call it once for each session."
        )
        raise ValueError(message)
    return loop.call(_job.merge_updates, given)


functools.update_wrapper(merge_updates, _job.merge_updates)


async def _pulled(requests: Iterator[Any]) -> AsyncIterator[Any]:
    while (one := await to_thread.run_sync(next, requests, _END)) is not _END:
        yield one
