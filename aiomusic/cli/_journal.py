"""Where the command keeps its journal, and what it says of it."""

import contextlib
import os
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, final

import attrs
import platformdirs

from aiomusic._http.transport import base_url_from
from aiomusic._job import JobState, MusicJob
from aiomusic.cli._exits import UsageError
from aiomusic.cli._records import moment, title
from aiomusic.errors import (
    Charged,
    JournalError,
    MusicError,
    NextStep,
    SubmissionUnknown,
)
from aiomusic.journal import Identity, Record
from aiomusic.journal.opening import is_address, journal_at, reader_at, shown_place

if TYPE_CHECKING:
    from aiomusic.journal.opening import KeptJournal, Reader

__all__ = [
    "Advice",
    "JournalPath",
    "find_job",
    "known_of",
    "own_identity",
    "reader_of",
    "writing",
]

MIN_KEY: Final = 4
# Each emulator has a key of its own, and jobs are met in the next as well.
LOCAL: Final = Identity(base_url="http://127.0.0.1", key=None, name="emulator")


@final
@attrs.frozen(kw_only=True)
class JournalPath:
    """
    The file of a journal, or its address.

    Attributes:
        where: The file, or ``postgresql://…``.
        shown: The same as it may be shown.
        is_named: Whether whoever runs the command chose it.
        option: What a command line needs to mean the same one.
    """

    where: str | Path = attrs.field(repr=False)
    shown: str
    is_named: bool
    option: str = ""

    @classmethod
    def of(cls, typed: str | None) -> "JournalPath":
        """
        Return the one that is typed, else AIOMUSIC_JOURNAL, else the usual file.

        Raises:
            JournalError: What it needs is not installed.
            UsageError: It can't be read.
        """
        if typed == "":
            raise UsageError("--journal needs the path of a file. Nothing was sent.")
        if named := typed or os.environ.get("AIOMUSIC_JOURNAL"):
            found = cls._named(named)
            # Without its password, which then has to be added again.
            shown = found.shown if is_address(named) else named
            option = f" --journal {shlex.quote(shown)}"
            return found if typed is None else attrs.evolve(found, option=option)
        folder = platformdirs.user_data_path("aiomusic", appauthor=False)
        file = folder / "jobs.db"
        return cls(where=file, shown=str(file), is_named=False)

    @classmethod
    def _named(cls, name: str) -> "JournalPath":
        if not is_address(name):
            file = Path(name).expanduser()
            return cls(where=file, shown=str(file), is_named=True)
        try:
            return cls(where=name, shown=shown_place(name), is_named=True)
        except ValueError as error:
            raise UsageError(str(error)) from None

    @property
    def may_be_there(self) -> bool:
        """Whether a journal may be there: of an address, the server knows."""
        return not isinstance(self.where, Path) or self.where.exists()

    def to_keep(self) -> "KeptJournal":
        """
        Return the journal to write into; only the usual one's folder is made.

        Raises:
            JournalError: The folder can't be made.
        """
        if isinstance(self.where, Path) and not self.is_named:
            try:
                self.where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise JournalError(
                    f"No journal can be kept in {self.where.parent}: {error.strerror}."
                    " Choose a file with --journal, or none with --no-journal."
                    " Nothing was sent."
                ) from error
        return journal_at(self.where)


def own_identity() -> Identity | None:
    """Return whose jobs the environment means; None: it does not say."""
    key = os.environ.get("AIOMUSIC_API_KEY") or None
    name = os.environ.get("AIOMUSIC_ACCOUNT") or None
    if key is None and name is None:
        return None
    try:
        return Identity(base_url=base_url_from(None), key=key, name=name)
    except ValueError:
        # What can't be reached bought nothing.
        return None


def _is_there(place: JournalPath) -> bool:
    """
    Check whether there is a journal.

    Raises:
        UsageError: The file that was chosen does not exist.
    """
    if place.is_named and not place.may_be_there:
        raise UsageError(
            f"There is no journal {place.shown}: the file does not exist."
            " Check --journal or AIOMUSIC_JOURNAL; 'aiomusic create' makes it."
        )
    return place.may_be_there


async def reader_of(place: JournalPath, *, is_local: bool = False) -> "Reader | None":
    """
    Return what reads a journal and changes nothing; None if there is none yet.

    Args:
        place: Where it is.
        is_local: Whether it is asked about the emulator's jobs.

    Raises:
        JournalError: It can't be read.
        UsageError: The file that was chosen does not exist.
    """
    if not _is_there(place):
        return None
    reader = reader_at(place.where, LOCAL if is_local else own_identity())
    if not await reader.is_there():
        return None
    if not await reader.is_current():
        # What an earlier version wrote is brought up to date, and what is none told.
        async with writing(place):
            pass
    return reader


@contextlib.asynccontextmanager
async def writing(place: JournalPath) -> AsyncIterator["KeptJournal | None"]:
    """
    Open a journal without a session, so without a key; None if there is none yet.

    Raises:
        JournalError: It can't be read, or written.
        UsageError: The file that was chosen does not exist.
    """
    is_there = _is_there(place)
    if is_there and not isinstance(place.where, Path):
        # What there is none of is not made to be tidied up.
        is_there = await reader_at(place.where, None).is_there()
    if not is_there:
        yield None
        return
    journal = journal_at(place.where)
    await journal.open(own_identity())
    try:
        yield journal
    finally:
        await journal.aclose()


class _Finding(Protocol):
    """What finds jobs by their keys."""

    async def find(self, key: str) -> Record | None: ...

    async def find_near(self, start: str) -> list[str]: ...

    async def accounts_with(self, key: str) -> list[str]: ...


async def find_job(journal: _Finding | None, place: JournalPath, key: str) -> Record:
    """
    Return the job of a key, or of the beginning of one, as the list shows it.

    Raises:
        UsageError: There is none, or several begin so.
    """
    found = None if journal is None else await journal.find(key)
    if found is not None:
        return found
    near: list[str] = []
    if journal is not None and len(key) >= MIN_KEY:
        near = await journal.find_near(key)
    if len(near) > 1:
        raise UsageError(f"Several jobs begin with {key!r}; type more of the key.")
    if near:
        return await find_job(journal, place, near[0])
    if journal is not None and (names := await journal.accounts_with(key)):
        known = " and ".join(name or "(none)" for name in names)
        raise UsageError(
            f"Job {key!r} in {place.shown} belongs to account {known}: set"
            " AIOMUSIC_ACCOUNT to its name, or AIOMUSIC_API_KEY to its key."
        )
    raise UsageError(
        f"There is no job {key!r} in {place.shown};"
        f" 'aiomusic jobs{place.option}' lists what there is."
    )


@final
@attrs.frozen(kw_only=True)
class Advice:
    """
    What can be done about a job that the command leaves.

    Attributes:
        place: Where the journal is; None: none is kept.
        out: The folder that was chosen, if it is not the usual one.
    """

    place: JournalPath | None
    out: str | None = None
    is_local: bool = False

    @property
    def options(self) -> str:
        """What a command line needs to mean the same journal."""
        return "" if self.place is None else self.place.option

    def resume(self, key: str | None = None) -> str:
        """Return the command that goes on."""
        words = "aiomusic jobs resume"
        if key is not None:
            words += f" {shlex.quote(key)}"
        if self.out is not None:
            words += f" --out {shlex.quote(self.out)}"
        return f"'{words}{self.options}'"

    def send_queued(self) -> str:
        """Return the command that sends what was queued and never sent."""
        return f"'aiomusic jobs resume --queued{self.options}'"

    def again(self, key: str) -> str:
        """Return how to buy what ended without its songs."""
        name = shlex.quote(key)
        return f"'aiomusic jobs resubmit {name}{self.options}' buys it again."

    def unknown(self, key: str) -> str:
        """Return what can be done about a job that may have been bought."""
        name = shlex.quote(key)
        return (
            f"'aiomusic jobs resubmit {name}{self.options}' sends it again,"
            f" 'aiomusic jobs give-up {name}{self.options}' closes it."
        )

    def reworded(self, error: MusicError, key: str, record: Record | None) -> None:
        """Replace an error's next steps by commands, where there are commands."""
        if self.is_local:
            return
        text = error.message
        if isinstance(error, SubmissionUnknown) and record is not None:
            known = known_of(record, has_balance="balance" in text)
            text = f"{text} Job {key} ({known})."
        steps = (self._command(step, error, key) for step in error.next_steps)
        error.args = (" ".join(filter(None, (text, *steps))),)
        error.next_steps = ()

    def _command(self, step: NextStep, error: MusicError, key: str) -> str | None:
        """Return a next step as the command that takes it; None: there is none."""
        name = f"{shlex.quote(key)}{self.options}"
        if step is NextStep.CHECK_ACCOUNT:
            return (
                "Compare 'aiomusic credits' and the service's own list of songs before"
                " you repeat it."
            )
        if step is NextStep.FOLLOW:
            return f"{self._follow(error)} follows it again."
        if self.place is None:
            return None
        return {
            NextStep.NAME_TASK: f"'aiomusic jobs found {name} TASK' follows a task that"
            " you find there.",
            NextStep.BUY_AGAIN: f"'aiomusic jobs resubmit {name}' buys it again.",
            NextStep.CLOSE: f"'aiomusic jobs give-up {name}' closes it.",
            NextStep.SEND: f"'aiomusic jobs resubmit {name}' sends it,"
            f" {self.send_queued()} all that was queued.",
        }[step]

    def _follow(self, error: MusicError) -> str:
        """Return the command that follows a task again."""
        if self.place is not None or error.provider is None or error.task_id is None:
            return self.resume()
        return self._attach(error.provider, error.task_id)

    def interrupted(self, job: MusicJob[Any]) -> str:
        """Return where a job is that the command leaves, and how to have it again."""
        if self.is_local:
            return "the emulator ended with the command; nothing was charged."
        charged = Charged.YES if job.error is None else job.error.charged
        if job.task_id is None and charged is Charged.NO:
            return "the job was dropped before it was sent; nothing was charged."
        is_kept = self.place is not None
        if job.task_id is None:
            seen = "a request was on its way and may have been charged"
            if is_kept:
                return f"{seen}; job {job.key}: {self.unknown(job.key)}"
            return f"{seen}; look at 'aiomusic credits' before you repeat it."
        task = f"{job.provider} task {job.task_id}"
        attach = self._attach(job.provider, job.task_id)
        if job.state is JobState.SUCCEEDED:
            seen = f"{task} is done and paid for, but not all of it is saved"
            way = self.resume(job.key) if is_kept else attach
            return f"{seen}: {way} does."
        seen = f"{task} lives on at the service and is paid for"
        way = self.resume() if is_kept else attach
        return f"{seen}: {way} goes on with it."

    def _attach(self, provider: str, task_id: str) -> str:
        """Return the command that follows a task which no journal holds."""
        words = f"aiomusic jobs attach {provider} {shlex.quote(task_id)}"
        out = "" if self.out is None else f" --out {shlex.quote(self.out)}"
        return f"'{words}{out}'"


def known_of(record: Record, *, has_balance: bool = False) -> str:
    """Return what a journal knows of a create, its balances unless they are told."""
    words = [f"{record.kind} {title(record)!r}", f"{record.cost} credits"]
    words.append(f"sent {moment(record.sent_at)}")
    if not has_balance:
        before, after = record.balance_before, record.balance_after
        words.append(f"balance before {'not seen' if before is None else before}")
        words.append(f"after {'not seen' if after is None else after}")
    return ", ".join(words)
