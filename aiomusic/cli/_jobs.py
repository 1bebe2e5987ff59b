"""``aiomusic jobs``: what the journal knows, without a key and without a network."""

import json
import sys
import time
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from aiomusic.cli._exits import Exit, UsageError, exit_for, printable
from aiomusic.cli._journal import Advice, JournalPath, find_job, reader_of
from aiomusic.cli._options import read_tags, seconds
from aiomusic.cli._records import (
    age,
    is_unsaved,
    listed,
    moment,
    short_keys,
    stamp,
    title,
)
from aiomusic.cli._records import as_json as _json
from aiomusic.cli._run import run
from aiomusic.cli._show import Events, Paths, Show, print_result, report
from aiomusic.errors import MusicError
from aiomusic.gallery import read_kept
from aiomusic.journal import Grouping, Record, Spending, Wanted

__all__ = ["ending_well", "list_jobs", "show", "spending", "wanted_of"]


def wanted_of(
    *,
    states: Sequence[str],
    tags: tuple[str, ...],
    since: str | None,
    limit: int | None,
    are_all: bool = False,
    kept: Path | None = None,
) -> Wanted:
    """
    Read what is typed.

    Raises:
        UsageError: It can't be read.
    """
    return Wanted(
        states=states,
        tags=read_tags(tags),
        made_after=None if since is None else time.time() - seconds("--since", since),
        limit=limit,
        are_own=not are_all,
        clips=None if kept is None else _kept_clips(kept),
    )


def _kept_clips(file: Path) -> list[str]:
    if not file.exists():
        raise UsageError(f"--kept is {str(file)!r}, and there is no such file.")
    try:
        return sorted(read_kept(file).kept)
    except (OSError, ValueError) as error:
        raise UsageError(f"--kept can't be read: {error}") from error


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def ending_well(work: Coroutine[Any, Any, Exit], *, as_json: bool) -> Exit:
    """Run it, and tell of what it raises as every command does."""
    try:
        return run(work)
    except (MusicError, UsageError) as error:
        show: Show = Events() if as_json else Paths()
        show.failed(None, error)
        return exit_for(error)


def list_jobs(wanted: Wanted, journal: str | None, *, as_json: bool) -> Exit:
    """Write a line for each job that is wanted."""
    return ending_well(_list(wanted, journal, as_json=as_json), as_json=as_json)


async def _list(wanted: Wanted, typed: str | None, *, as_json: bool) -> Exit:
    place = JournalPath.of(typed)
    journal = await reader_of(place)
    found = [] if journal is None else await journal.records(wanted)
    others = [] if journal is None else await journal.others()
    if others and wanted.are_own:
        report(
            f"jobs of {len(others)} other account{'s'[: len(others) > 1]} are left out:"
            " --all-accounts lists them."
        )
    if journal is None or not found:
        are_any = journal is not None and await journal.records(
            Wanted(limit=1, are_own=wanted.are_own)
        )
        report(f"no such jobs in {place.shown}." if are_any else _none(place))
    elif as_json:
        for record in found:
            print_result(json.dumps(listed(record)))
    elif sys.stdout.isatty():
        near = await journal.neighbours([one.key for one in found])
        _show_table(found, short_keys(near), place, are_own=wanted.are_own)
    else:
        for record in found:
            account = [] if wanted.are_own else [record.account or ""]
            # Whatever stands in a column, it is one, and no terminal obeys it.
            print_result("\t".join(map(printable, _fields(record) + account)))
    return Exit.DONE


def _none(place: JournalPath) -> str:
    return f"no jobs yet in {place.shown}."


def _fields(record: Record) -> list[str]:
    return [
        record.state,
        stamp(record.made_at) or "",
        str(record.cost),
        record.charged or "",
        record.kind,
        record.key,
        record.task_id or "",
        title(record),
    ]


def _show_table(
    found: Sequence[Record],
    short: Mapping[str, str],
    place: JournalPath,
    *,
    are_own: bool,
) -> None:
    from aiomusic.cli._tables import jobs_table

    now = time.time()
    jobs_table(
        [
            [
                one.state,
                age(now - one.made_at),
                str(one.cost),
                printable(one.charged or ""),
                printable(one.kind),
                printable(short[one.key]),
                printable(one.task_id or "")[:8],
                *([] if are_own else [printable(one.account or "")]),
                title(one),
            ]
            for one in found
        ],
        has_account=not are_own,
    )
    advice = Advice(place=place)
    found = [one for one in found if not one.is_other_account]
    if n := sum(one.is_open for one in found):
        report(f"{n} not over: {advice.resume()} goes on with what nobody follows.")
    if n := sum(one.state == "unknown" for one in found):
        report(f"{n} unknown, may be charged: 'aiomusic jobs show KEY' tells what is.")


def show(key: str, journal: str | None, *, as_json: bool) -> Exit:
    """Write all that is known of one job."""
    return ending_well(_show(key, journal, as_json=as_json), as_json=as_json)


async def _show(key: str, typed: str | None, *, as_json: bool) -> Exit:
    place = JournalPath.of(typed)
    record = await find_job(await reader_of(place), place, key)
    if as_json:
        print_result(json.dumps(_json(record)))
        return Exit.DONE
    lines = _details(record, Advice(place=place))
    if sys.stdout.isatty():
        from aiomusic.cli._tables import (
            details_table,
        )

        details_table(lines)
    else:
        for name, value in lines:
            print_result(f"{name}\t{value}")
    return Exit.DONE


def _details(record: Record, advice: Advice) -> list[tuple[str, str]]:
    """Return the lines of one job; those with nothing to tell are left out."""
    lines: list[tuple[str, object]] = [
        ("key", record.key),
        ("state", record.state),
        ("kind", record.kind),
        ("account", record.account),
        ("task", record.task_id),
        ("cost", record.cost),
        ("charged", record.charged),
        ("attempt", record.attempt if record.attempt > 1 else None),
        ("made", moment(record.made_at)),
        ("sent", record.sent_at and moment(record.sent_at)),
        ("accepted", record.accepted_at and moment(record.accepted_at)),
        ("ended", record.ended_at and moment(record.ended_at)),
        ("balance before", record.balance_before),
        ("balance after", record.balance_after),
    ]
    request = record.raw_request or {}
    lines += [
        (f"request {name}", value) for name, value in request.items() if name != "kind"
    ]
    lines += [(f"tag {name}", value) for name, value in record.metadata.items()]
    if record.raw_error is not None:
        error = record.raw_error
        lines.append(("error", f"{error['type']}: {error['message']}"))
    if record.raw_result is not None:
        lines.append(("result", record.raw_result))
    for clip in record.raw_clips:
        # The service may render by another model than the one that was asked for.
        made_by = clip.get("model") and f"by {clip['model']}"
        words = (clip.get("state"), clip.get("title"), made_by, clip.get("audio_url"))
        told = "  ".join(str(one) for one in words if one)
        lines.append((f"clip {clip.get('clip_id')}", told))
    lines += [("file", file) for file in record.files]
    lines.append(("archive", record.archive))
    lines.append(("next", _next(record, advice)))
    return [
        (printable(name), printable(_plain(value)))
        for name, value in lines
        if value is not None
    ]


def _next(record: Record, advice: Advice) -> str | None:
    """Return what can be done about a job, if there is anything to be done."""
    if record.state == "unknown":
        return advice.unknown(record.key)
    if record.is_open:
        return f"{advice.resume(record.key)} follows and saves it."
    if is_unsaved(record):
        return f"{advice.resume(record.key)} saves it."
    if record.state == "failed" and record.raw_request is not None:
        return advice.again(record.key)
    return None


def spending(
    by: Grouping, tag: str | None, journal: str | None, *, as_json: bool
) -> Exit:
    """Write what was bought under each heading, and in all."""
    return ending_well(_spending(by, tag, journal, as_json=as_json), as_json=as_json)


async def _spending(
    by: Grouping, tag: str | None, typed: str | None, *, as_json: bool
) -> Exit:
    place = JournalPath.of(typed)
    journal = await reader_of(place)
    found = {} if journal is None else await journal.spending(by, tag=tag)
    total = Spending(
        jobs=sum(one.jobs for one in found.values()),
        credits=sum(one.credits for one in found.values()),
        reserved=sum(one.reserved for one in found.values()),
    )
    if as_json:
        for heading, one in found.items():
            fields = {"by": tag or by, "heading": heading}
            line = {"event": "spending", **fields, **attrs.asdict(one)}
            print_result(json.dumps(line))
        print_result(json.dumps({"event": "total", **attrs.asdict(total)}))
        return Exit.DONE
    if not found:
        report(f"nothing was bought in {place.shown}.")
    rows = [_sum(heading or "(none)", one) for heading, one in found.items()]
    rows.append(_sum("total", total))
    if not sys.stdout.isatty():
        for row in rows:
            print_result("\t".join(row))
    elif found:
        from aiomusic.cli._tables import (
            spending_table,
        )

        spending_table(printable(tag or by), rows)
    return Exit.DONE


def _sum(heading: str, one: Spending) -> list[str]:
    return [printable(heading), str(one.jobs), str(one.credits), str(one.reserved)]
