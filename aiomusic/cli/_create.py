"""``aiomusic create``: buy songs, follow them, save them."""

import logging
import warnings
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiomusic._engine.formats import extras_of
from aiomusic._http.dialects import SUNO
from aiomusic._job import MusicJob
from aiomusic._request import Request
from aiomusic._session import MusicSession
from aiomusic.cli._exits import Exit, UsageError, counted, exit_for, unsent
from aiomusic.cli._follow import JobRunner, writable
from aiomusic.cli._journal import Advice, JournalPath
from aiomusic.cli._options import Delivery, Song, read_tags
from aiomusic.cli._requests import read_lyrics, to_request
from aiomusic.cli._run import run
from aiomusic.cli._service import (
    Price,
    formats_of,
    open_session,
    price_of_host,
    price_with,
    signer_of,
)
from aiomusic.cli._show import Events, Paths, Show, report
from aiomusic.errors import (
    BudgetExceeded,
    MusicError,
    MusicWarning,
)
from aiomusic.journal.memory import MemoryJournal

__all__ = ["buy", "create", "journal_path_of"]


def create(song: Song, delivery: Delivery) -> Exit:
    """Do what is asked for, and say how it ended."""
    return buy(lambda: _request(song), delivery)


def buy(make: Callable[[], Request[Any]], delivery: Delivery) -> Exit:
    """Buy a request as often as is asked for, save what comes, and say how it ended."""
    # What the library logs, this command shows in its own words.
    logging.getLogger("aiomusic").addHandler(logging.NullHandler())
    try:
        _check_seed(delivery)
        requests = [make()] * delivery.count
        _tell_extras(requests, delivery)
        with writable(Path(delivery.out)) as folder:
            return run(_buy(requests, folder, delivery))
    except (MusicError, UsageError) as error:
        show: Show = Events() if delivery.as_json else Paths()
        show.failed(None, error)
        return exit_for(error)


def _check_seed(delivery: Delivery) -> None:
    if delivery.seed is not None and not delivery.local:
        raise UsageError("--seed goes with --local alone. Nothing was sent.")


def _tell_extras(requests: Sequence[Request[Any]], delivery: Delivery) -> None:
    """
    Print what the formats cost that are asked for, before anything is bought.

    Raises:
        InvalidRequest: The provider has no way to one of them.
    """
    formats, price = formats_of(delivery.format), _price(delivery)
    extra = sum(
        price(one) for request in requests for one in extras_of(request, formats)
    )
    if extra:
        songs = sum(map(price, requests))
        report(
            f"--format {' --format '.join(formats)} costs up to"
            f" {counted(extra, 'credit')}, beside"
            f" the {songs} of the songs."
        )


def _price(delivery: Delivery) -> Price:
    return SUNO.price if delivery.local else price_of_host


def _request(song: Song) -> Request[Any]:
    lyrics = None if song.lyrics is None else read_lyrics(song.lyrics)
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", MusicWarning)
        request = to_request(song, lyrics)
    for note in noted:
        report(str(note.message))
    return request


async def _buy(
    requests: Sequence[Request[Any]], folder: Path, delivery: Delivery
) -> Exit:
    place = journal_path_of(delivery)
    journal = MemoryJournal() if place is None else place.to_keep()
    out = None if delivery.out == Delivery().out else delivery.out
    # The usual journal holds every run there ever was, and the limit is for this one.
    is_for_this_run = place is not None and not place.is_named
    bought, refused = _affordable(requests, delivery, is_for_this_run=is_for_this_run)
    tags = read_tags(delivery.tag)

    async def start(music: MusicSession) -> Sequence[MusicJob[Any]]:
        try:
            return [
                music.submit(request, key=_key(delivery.key, at), metadata=tags)
                for at, request in enumerate(bought, 1)
            ]
        except ValueError as error:
            raise UsageError(unsent(error)) from error

    runner = JobRunner(
        folder=folder,
        journal=journal,
        advice=Advice(place=place, out=out, is_local=delivery.local),
        as_json=delivery.as_json,
        formats=formats_of(delivery.format),
        refused=refused,
    )
    opening = open_session(
        journal=journal,
        local_seed=_seed(requests[0], delivery) if delivery.local else None,
        max_credits=None if is_for_this_run else delivery.max_credits,
        poll_every_s=delivery.poll_every,
        job_timeout_s=delivery.timeout,
        signer=signer_of(delivery),
        serves=any(one.local_files() for one in bought),
    )
    return await runner.run(opening, start)


def journal_path_of(delivery: Delivery) -> JournalPath | None:
    """
    Return where the journal is, if any is to be kept.

    Raises:
        UsageError: The options about it don't go together.
    """
    if delivery.no_journal and delivery.journal is not None:
        raise UsageError("Give --journal or --no-journal, not both. Nothing was sent.")
    is_kept = not (delivery.no_journal or delivery.local) or bool(delivery.journal)
    if delivery.key is not None and not is_kept:
        raise UsageError(
            "--key needs a journal, to be known in the next run: leave out"
            " --no-journal, and with --local give --journal too. Nothing was sent."
        )
    return JournalPath.of(delivery.journal) if is_kept else None


def _affordable(
    requests: Sequence[Request[Any]], delivery: Delivery, *, is_for_this_run: bool
) -> tuple[Sequence[Request[Any]], list[Exception]]:
    """Split what is asked for into what the limit covers, and why not the rest."""
    most = delivery.max_credits
    if most is None or not is_for_this_run:
        return requests, []
    cost = price_with(formats_of(delivery.format), _price(delivery))(requests[0])
    if len(requests) * cost <= most:
        return requests, []
    fit = most // cost
    error = BudgetExceeded(
        f"{len(requests) - fit} of {len(requests)} not bought: each costs {cost}"
        f" credits, and --max-credits {most} covers {fit}. Nothing was sent for it."
    )
    return requests[:fit], [error]


def _key(name: str | None, at: int) -> str | None:
    """Name the first as asked, so that a greater --count adds to what there is."""
    return name if name is None or at == 1 else f"{name}-{at}"


def _seed(request: Request[Any], delivery: Delivery) -> int:
    """Let the same words make the same song, and other words another."""
    if delivery.seed is not None:
        return delivery.seed
    return zlib.crc32(f"{request.kind()} {request.to_body()}".encode())
