"""How a batch shows itself: a live view, plain lines, or JSON."""

import collections
import copy
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self, final

import attrs
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from aiomusic import batch
from aiomusic._job import JobState, MusicJob
from aiomusic.cli._exits import Exit, counted, exit_for, printable, sentence
from aiomusic.cli._journal import Advice
from aiomusic.cli._live import JobLine, LiveView, time_left
from aiomusic.cli._show import Still, print_result, report
from aiomusic.errors import BudgetExceeded, Charged, MusicError

__all__ = ["Board", "Lines", "Screen", "Stream", "Sums"]

# Above the lines of the jobs there are so many of the whole.
HEAD_LINES: Final = 5
MIN_LINES: Final = 3
BAR_COLUMNS: Final = 24
# So many rows are named of which the same is true.
MAX_NAMES: Final = 8


@final
@attrs.define(eq=False, kw_only=True)
class Sums:
    """
    What became of all rows so far.

    Attributes:
        rows: How many there are.
        ceiling: The credits that may be spent; None: there is no limit.
        bought_before: The keys that an earlier run has paid for.
    """

    rows: int
    ceiling: int | None = None
    bought_before: set[str] = attrs.field(factory=set)
    spent: int = 0
    files: int = 0
    polls: int = 0
    failures: int = 0
    by_state: collections.Counter[str] = attrs.field(factory=collections.Counter)
    codes: set[Exit] = attrs.field(factory=set)

    def add(self, outcome: batch.Outcome) -> None:
        """Count an outcome."""
        self.by_state[outcome.state] += 1
        self.files += len(outcome.files)
        self.polls += 0 if outcome.job is None else outcome.job.polls
        if outcome.charged in {Charged.YES, Charged.UNKNOWN}:
            self.spent += self._cost(outcome.row)
        # A row that waits tells of nothing that went wrong with itself.
        if outcome.error is not None and outcome.state != "waiting":
            self.failures += 1
            self.codes.add(exit_for(outcome.error))

    def reserved(self, running: batch.Batch) -> int:
        """Add up what the open jobs may cost."""
        rows = running.rows
        return sum(self._cost(rows.get(key)) for key in running.running)

    def _cost(self, row: batch.PlannedRow | None) -> int:
        return 0 if row is None or row.key in self.bought_before else row.cost

    @property
    def over(self) -> int:
        """How many rows are over."""
        return self.by_state.total()


class Board(Protocol):
    """How a batch shows itself."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def show(self, outcome: batch.Outcome) -> None:
        """Show what became of a row."""

    def note(self, text: str) -> None:
        """Print what is worth knowing."""

    def sum_up(self, folder: Path, advice: str | None) -> None:
        """Print how it all ended."""


class Lines(Still):
    """For a pipe: the paths of the files, and a line for each row that failed."""

    def __init__(self, running: batch.Batch, sums: Sums, advice: Advice) -> None:
        self._running = running
        self._sums = sums
        self._advice = advice
        # The rows of which the same was said, by what was said.
        self._names: dict[str, list[str]] = {}

    def note(self, text: str) -> None:
        """Print it on standard error."""
        report(text)

    def show(self, outcome: batch.Outcome) -> None:
        """Print the paths as results, and the errors on standard error."""
        self._show_files(outcome)
        # Rows whose turn never came are counted at the end.
        if outcome.error is not None and not outcome.is_left:
            self._show_error(_name(outcome), self._sentence(outcome, outcome.error))

    def _show_files(self, outcome: batch.Outcome) -> None:
        for path in outcome.files:
            print_result(str(path.resolve()))

    def _show_error(self, name: str, text: str) -> None:
        """Print what went wrong; once, where the same goes wrong with many rows."""
        names = self._names.setdefault(text, [])
        names.append(name)
        if len(names) == 1:
            self.note(f"{name}: {text}")

    def _sentence(self, outcome: batch.Outcome, error: MusicError) -> str:
        """Return an error, its next steps as commands; the outcome keeps its own."""
        told = copy.copy(error)
        if _is_over_ceiling(error) and self._sums.ceiling is not None:
            told.args = (self._over_budget(outcome),)
        self._advice.reworded(told, error.key or outcome.key or "", None)
        return sentence(told)

    def _over_budget(self, outcome: batch.Outcome) -> str:
        """Return which ceiling was reached, in the words of whoever typed it."""
        cost = 0 if outcome.row is None else outcome.row.cost
        return (
            f"It costs {counted(cost, 'credit')}, which --max-credits"
            f" {self._sums.ceiling} does not cover beside what is spent and reserved."
            " Raise --max-credits to buy it. Nothing was sent or charged."
        )

    def sum_up(self, folder: Path, advice: str | None) -> None:
        """Print it in a few lines."""
        for names in self._names.values():
            if len(names) > 1:
                report(_the_same(names))
        sums = self._sums
        states = ", ".join(f"{n:,} {state}" for state, n in sums.by_state.most_common())
        report(
            f"{sums.over:,} of {counted(sums.rows, 'row')}: {states or 'none'};"
            f" {counted(sums.spent, 'credit')};"
            f" {counted(sums.files, 'file')} in {folder}"
        )
        left = [one for one in self._running.running.values() if one.task_id]
        if left:
            stay = "stays" if len(left) == 1 else "stay"
            report(
                f"{counted(len(left), 'task')} at the service {stay} reserved, with"
                f" {counted(sums.reserved(self._running), 'credit')}."
            )
        if advice is not None:
            report(advice)


def _is_over_ceiling(error: MusicError) -> bool:
    return isinstance(error, BudgetExceeded) and error.tag is None


def _the_same(names: list[str]) -> str:
    """Return of which rows the same is true as of the first."""
    first, *others = names
    shown = ", ".join(others[:MAX_NAMES])
    more = f" and {len(others) - MAX_NAMES:,} more" if len(others) > MAX_NAMES else ""
    return f"{shown}{more}: as {first}."


@final
class Stream(Lines):
    """For machines: a JSON object a line."""

    def __init__(self, running: batch.Batch, sums: Sums, advice: Advice) -> None:
        super().__init__(running, sums, advice)
        self._folder = running.folder

    def show(self, outcome: batch.Outcome) -> None:
        """Write the line that the manifest has."""
        line = {"event": "row", **outcome.to_json(self._folder)}
        print_result(json.dumps(line, ensure_ascii=False))

    def note(self, text: str) -> None:
        """Write it as an event."""
        print_result(json.dumps({"event": "note", "text": text}, ensure_ascii=False))

    def sum_up(self, folder: Path, advice: str | None) -> None:
        """Write it as an event."""
        sums = self._sums
        found = {
            "event": "summary",
            "rows": sums.rows,
            "states": dict(sums.by_state),
            "credits": sums.spent,
            "reserved": sums.reserved(self._running),
            "files": sums.files,
            "folder": str(folder),
            "advice": advice,
        }
        print_result(json.dumps(found, ensure_ascii=False))


@final
class Screen(Lines):
    """For a terminal: the whole batch in a few lines, and a line per open job."""

    def __init__(self, running: batch.Batch, sums: Sums, advice: Advice) -> None:
        super().__init__(running, sums, advice)
        self._live = LiveView(self._view, is_transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def note(self, text: str) -> None:
        """Print it above the view."""
        self._live.print(f"aiomusic: {text}")

    def _show_files(self, outcome: batch.Outcome) -> None:
        if not sys.stdout.isatty():
            super()._show_files(outcome)
            return
        for path in outcome.files:
            self._live.print(f"{_name(outcome)}: {path}")

    def _view(self, live: LiveView) -> Group:
        return Group(
            self._line(self._rows()),
            self._line([self._money(), *self._counts()]),
            self._bar(),
            Text(),
            *self._jobs(live),
        )

    def _line(self, words: Iterable[str]) -> Text:
        return Text(" · ".join(words), overflow="ellipsis", no_wrap=True)

    def _rows(self) -> Iterator[str]:
        sums = self._sums
        yield f"{sums.over:,} of {sums.rows:,} rows"
        if sums.by_state:
            states = sums.by_state.most_common()
            yield ", ".join(f"{n:,} {state}" for state, n in states)
        if self._running.is_draining:
            yield "buying nothing more"

    def _money(self) -> str:
        sums = self._sums
        limit = "" if sums.ceiling is None else f" of {sums.ceiling:,}"
        reserved = sums.reserved(self._running)
        held = f", {reserved:,} reserved" if reserved else ""
        return f"{sums.spent:,}{limit} credits{held}"

    def _counts(self) -> Iterator[str]:
        sums = self._sums
        jobs = self._running.running.values()
        yield f"{sums.polls + sum(job.polls for job in jobs):,} polls"
        yield f"{sums.files:,} files"

    def _bar(self) -> ProgressBar:
        sums = self._sums
        return ProgressBar(
            total=max(1, sums.rows), completed=sums.over, width=BAR_COLUMNS
        )

    def _jobs(self, live: LiveView) -> Iterator[Table | Text]:
        jobs = list(self._running.running.values())
        # What is at the service is of more interest than what waits for it.
        jobs.sort(key=lambda job: job.state is JobState.QUEUED)
        room = max(MIN_LINES, live.rows - HEAD_LINES - 2)
        shown = jobs if len(jobs) <= room else jobs[: room - 1]
        yield live.table(map(_line_of, shown))
        if len(shown) < len(jobs):
            yield Text(f"and {len(jobs) - len(shown):,} more", style="dim")


def _line_of(job: MusicJob[Any]) -> JobLine:
    return JobLine(
        name=job.key,
        state=job.state,
        words=job.state,
        elapsed_s=job.elapsed_s,
        left=time_left(job),
        is_over=job.state is JobState.QUEUED,
    )


def _name(outcome: batch.Outcome) -> str:
    return printable(outcome.key or f"row {outcome.number}")
