"""
For tests of code that uses aiomusic: pytest fixtures, and time that never waits.

The fixtures come with the package: name ``aiomusic_emulator``, ``aiomusic_session`` or
``aiomusic_clock`` in a test that runs under anyio's pytest plugin or pytest-asyncio.
Override ``aiomusic_emulator_options`` and ``aiomusic_session_options`` to give the
emulator and the session arguments of your own.
`Recorder` writes real exchanges down, and `Replay` answers with them.
"""

import asyncio
import contextlib
import heapq
import itertools
import types
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast, final

if TYPE_CHECKING:
    import pytest

    from aiomusic import MusicSession
    from aiomusic._exchanges import Recorder, Replay
    from aiomusic.emulator import Emulator
else:
    try:
        import pytest
    except ModuleNotFoundError:  # The clock is of use without it.
        pytest = None

__all__ = [
    "AutojumpClock",
    "Recorder",
    "Replay",
    "aiomusic_clock",
    "aiomusic_emulator",
    "aiomusic_emulator_options",
    "aiomusic_session",
    "aiomusic_session_options",
]


@final
class AutojumpClock:
    """
    A clock that leaps to whatever is waited for next, in order.

    Real work between two waits, such as a request over a socket, takes no time at
    all on it.  An `Emulator` that has the same clock holds it while it makes music.

    Attributes:
        slept: How long each ``sleep`` was meant to last.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._now = 0.0
        self._due: list[tuple[float, int, _Timer]] = []
        self._order = itertools.count()
        self._holds = self._owed = 0

    def now(self) -> float:
        """Return seconds since the clock was made."""
        return self._now

    def wall(self) -> float:
        """Return seconds since 1970, beginning with the year 2000."""
        return 946_684_800.0 + self._now

    def advance(self, seconds: float) -> None:
        """Let time pass, and wake whatever was due by then."""
        until = self._now + seconds
        while self._due and self._due[0][0] <= until:
            self._wake_next()
        self._now = until

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Stand still inside the block, in which real work is done."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            if not self._holds:
                owed, self._owed = self._owed, 0
                for _ in range(owed):
                    asyncio.get_running_loop().call_soon(self._leap)

    async def sleep(self, seconds: float) -> None:
        """Wait, without waiting."""
        self.slept.append(seconds)
        woken = asyncio.Event()
        timer = self.call_at(self._now + seconds, woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()

    def call_at(self, when: float, wake: Callable[[], None]) -> "_Timer":
        """Call *wake* as soon as nothing is due before it."""
        timer = _Timer(wake)
        heapq.heappush(self._due, (when, next(self._order), timer))
        asyncio.get_running_loop().call_soon(self._leap)
        return timer

    def _leap(self) -> None:
        if self._holds:
            self._owed += 1
        else:
            self._wake_next()

    def _wake_next(self) -> None:
        while self._due:
            when, _, timer = heapq.heappop(self._due)
            if timer.wake is not None:
                self._now = max(self._now, when)
                timer.wake()
                return


class _Timer:
    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake: Callable[[], None] | None = wake

    def cancel(self) -> None:
        self.wake = None


def __getattr__(name: str) -> object:
    """Load what records and replays only where it is used."""
    if name in {"Recorder", "Replay"}:
        from aiomusic import _exchanges  # noqa: PLC0415 - its cost

        return getattr(_exchanges, name)
    message = f"module 'aiomusic.testing' has no attribute {name!r}"
    raise AttributeError(message)


async def _emulator(
    request: "pytest.FixtureRequest", aiomusic_emulator_options: Mapping[str, Any]
) -> "AsyncIterator[Emulator]":
    from aiomusic.emulator import Emulator, Pace  # noqa: PLC0415 - costs its import

    options: dict[str, Any] = {
        "pace": Pace.polls(),
        "media": False,
        "strict_ids": True,
        "preview_s": 4.0,
        "renderer": "sine",
        "clock": _clock(request),
        **aiomusic_emulator_options,
    }
    async with Emulator(**options) as api:
        yield api


async def _session(
    request: "pytest.FixtureRequest",
    aiomusic_emulator: "Emulator",
    aiomusic_session_options: Mapping[str, Any],
) -> "AsyncIterator[MusicSession]":
    from aiomusic import MusicSession  # noqa: PLC0415 - costs its import

    clock = _clock(request)
    options: dict[str, Any] = {
        "api_key": aiomusic_emulator.key,
        "base_url": aiomusic_emulator.url,
        # A clock that leaps would never get past polls between which is no time.
        "poll_every_s": 0.0 if clock is None else None,
        "clock": clock,
        # A job that a test leaves behind is waited for by nobody.
        "on_exit": "detach",
        **aiomusic_session_options,
    }
    async with MusicSession(**options) as music:
        yield music


def _clock(request: "pytest.FixtureRequest") -> "AutojumpClock | None":
    """Return the clock of a test that names it; None: that of the machine."""
    if "aiomusic_clock" not in request.fixturenames:
        return None
    clock: AutojumpClock = request.getfixturevalue("aiomusic_clock")
    return clock


def _by_loop(request: "pytest.FixtureRequest", what: str) -> object:
    """Return a fixture as the plugin that runs the test in a loop sets it up."""
    if "anyio_backend" in request.fixturenames:
        if request.getfixturevalue("anyio_backend_name") != "asyncio":
            pytest.skip("aiomusic runs under asyncio")
        return request.getfixturevalue(f"_aiomusic_{what}_of_anyio")
    marker = request.node.get_closest_marker("asyncio")
    if marker is not None:
        scope = _loop_scope(marker, request.config)
        return request.getfixturevalue(f"_aiomusic_{what}_of_asyncio_{scope}")
    message = (
        "aiomusic's fixtures need a test that runs in an event loop: mark it with"
        " pytest.mark.anyio, or with pytest.mark.asyncio of pytest-asyncio."
    )
    return pytest.fail(message, pytrace=False)


def _loop_scope(marker: "pytest.Mark", config: "pytest.Config") -> str:
    """Return for how long the loop lives in which pytest-asyncio runs a test."""
    given = marker.kwargs.get("loop_scope") or marker.kwargs.get("scope")
    try:
        default = config.getini("asyncio_default_test_loop_scope")
    except ValueError:
        # Its older versions have no such option.
        default = None
    return str(given or default or "function")


if pytest is not None:
    # anyio's plugin runs those of a test that it runs.
    _aiomusic_emulator_of_anyio = pytest.fixture(_emulator)
    _aiomusic_session_of_anyio = pytest.fixture(_session)

    @pytest.fixture
    def aiomusic_emulator_options() -> Mapping[str, Any]:
        """Return arguments of ``aiomusic_emulator``; override it to give your own."""
        return {}

    @pytest.fixture
    def aiomusic_session_options() -> Mapping[str, Any]:
        """Return arguments of ``aiomusic_session``; override it to give your own."""
        return {}

    @pytest.fixture
    def aiomusic_emulator(
        request: "pytest.FixtureRequest",
        monkeypatch: "pytest.MonkeyPatch",
        aiomusic_emulator_options: Mapping[str, Any],  # noqa: ARG001 - parametrized
    ) -> "Emulator":
        """
        Return the API in this process, without audio, at a pace of polls.

        In the test the environment points sessions at it, and at no journal.
        """
        found = cast("Emulator", _by_loop(request, "emulator"))
        monkeypatch.setenv("AIOMUSIC_API_KEY", found.key)
        monkeypatch.setenv("AIOMUSIC_BASE_URL", found.url)
        monkeypatch.setenv("AIOMUSIC_JOURNAL", "")
        return found

    @pytest.fixture
    def aiomusic_session(
        request: "pytest.FixtureRequest",
        aiomusic_emulator: "Emulator",  # noqa: ARG001 - a test may name this one alone
        aiomusic_session_options: Mapping[str, Any],  # noqa: ARG001 - parametrized
    ) -> "MusicSession":
        """
        Return a session on ``aiomusic_emulator`` that polls as fast as it can.

        With ``aiomusic_clock`` it polls when it would at the service.
        """
        return cast("MusicSession", _by_loop(request, "session"))

    @pytest.fixture
    def aiomusic_clock() -> AutojumpClock:
        """Return the clock of both in this test, which never waits."""
        return AutojumpClock()

    @pytest.hookimpl(trylast=True)
    def pytest_configure(config: "pytest.Config") -> None:
        """Make the fixtures that pytest-asyncio runs, where it is."""
        if config.pluginmanager.hasplugin("asyncio"):
            config.pluginmanager.register(_of_asyncio(), "aiomusic-asyncio")

    def pytest_collection_modifyitems(
        config: "pytest.Config", items: "list[pytest.Item]"
    ) -> None:
        """Leave out the tests of these fixtures that anyio would run by trio."""
        dropped = [item for item in items if _is_of_trio(item)]
        if dropped:
            config.hook.pytest_deselected(items=dropped)
            items[:] = [item for item in items if not _is_of_trio(item)]


def _is_of_trio(item: "pytest.Item") -> bool:
    names = getattr(item, "fixturenames", ())
    if "aiomusic_emulator" not in names and "aiomusic_session" not in names:
        return False
    params = getattr(getattr(item, "callspec", None), "params", {})
    backend = params.get("anyio_backend", "asyncio")
    return (backend if isinstance(backend, str) else backend[0]) == "trio"


def _of_asyncio() -> types.ModuleType:
    """Return the same fixtures, as pytest-asyncio takes them, for each of its loops."""
    import pytest_asyncio  # noqa: PLC0415 - it is loaded by now

    found = types.ModuleType("aiomusic.testing.asyncio")
    for scope in ("function", "class", "module", "package", "session"):
        for what, made in (("emulator", _emulator), ("session", _session)):
            # The scope is noted at the function itself, so that each has its own.
            own = types.FunctionType(made.__code__, globals(), made.__name__)
            fixture = pytest_asyncio.fixture(own, loop_scope=scope)
            vars(found)[f"_aiomusic_{what}_of_asyncio_{scope}"] = fixture
    return found
