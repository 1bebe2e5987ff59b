"""A view at the foot of a terminal, and what is said above it."""

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self, final

import attrs
from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from aiomusic._job import MusicJob
from aiomusic._spelling import shortened
from aiomusic.cli._exits import printable

__all__ = ["JobLine", "LiveView", "minutes", "time_left"]

REFRESHES_PER_S: Final = 8
MAX_NAME: Final = 40
STYLES: Final[Mapping[str, str]] = {
    "done": "green",
    "failed": "red",
    "unknown": "yellow",
    "pending": "cyan",
    "running": "cyan",
    "saving": "cyan",
    "queued": "dim",
}


def minutes(seconds: float) -> str:
    """Return a length as people write it, as in ``2:05``."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def time_left(job: MusicJob[Any]) -> str:
    """Return how long a job may still take, in words; nothing where nobody knows."""
    eta = job.eta if job.task_id else None
    return "" if eta is None else f"{eta[0]:.0f} to {eta[1]:.0f} s left"


@final
@attrs.frozen(kw_only=True)
class JobLine:
    """
    What is shown of one job.

    Attributes:
        state: Its state, which says how it is coloured.
        words: The state in words.
        left: How long it may still take.
        is_over: Whether nothing more comes of it.
    """

    name: str
    state: str
    words: str
    elapsed_s: float
    left: str = ""
    is_over: bool = False


@final
class LiveView:
    """
    The foot of a terminal, on standard error, drawn again several times a second.

    Args:
        view: Returns what is to be seen in it now.
        is_transient: Whether it is gone at the end.
    """

    def __init__(
        self,
        view: "Callable[[LiveView], RenderableType]",
        *,
        is_transient: bool = False,
    ) -> None:
        self._console = Console(stderr=True, highlight=False)
        # ASCII frames: a terminal in another encoding shows them too.
        self._spinner = Spinner("line")
        self._live = Live(
            get_renderable=lambda: view(self),
            console=self._console,
            refresh_per_second=REFRESHES_PER_S,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=is_transient,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    @property
    def rows(self) -> int:
        """How many rows the terminal has."""
        return self._console.size.height

    def print(self, text: str) -> None:
        """Write a line above the view, where it stays."""
        self._console.print(printable(text), markup=False, soft_wrap=True)

    def table(self, lines: Iterable[JobLine]) -> Table:
        """Return a line for each job."""
        table = Table.grid(padding=(0, 2, 0, 0))
        for line in lines:
            name = shortened(printable(line.name), MAX_NAME)
            table.add_row(
                Text(" ") if line.is_over else self._spinner,
                Text(name, overflow="ellipsis", no_wrap=True),
                Text(line.words, style=STYLES.get(line.state, ""), no_wrap=True),
                Text(minutes(line.elapsed_s), justify="right"),
                Text(line.left, style="dim", no_wrap=True),
            )
        return table
