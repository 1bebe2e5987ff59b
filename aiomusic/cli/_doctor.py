"""``aiomusic doctor``: what is wrong here, and what to do about it."""

import asyncio
import contextlib
import email.utils
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, Literal, final
from urllib.parse import urlsplit

import aiohttp
import attrs

from aiomusic._http.transport import (
    base_url_from,
    host_of,
    proxy_for,
    reason_of,
    to_do,
    unfit,
)
from aiomusic.cli._exits import Exit, UsageError, printable, sentence
from aiomusic.cli._journal import JournalPath, reader_of
from aiomusic.cli._run import run
from aiomusic.cli._service import is_loopback, open_session
from aiomusic.cli._show import print_result
from aiomusic.errors import AuthenticationFailed, MusicError
from aiomusic.journal import Wanted

__all__ = ["examine"]

REACH_S: Final = 15.0
# Signatures of callbacks and dates of files are off by as much.
MAX_SKEW_S: Final = 60.0
MIN_FREE_BYTES: Final = 500_000_000
EXTRAS: Final = {
    "tags": ("mutagen", "titles and lyrics inside the files"),
    "emulator": ("soundfile", "MP3 from --local, and waveforms in the gallery"),
    "c2pa": ("c2pa", "signing files with --sign-cert"),
}
UNKNOWN: Final = Wanted(states=["unknown"], are_own=True)

State = Literal["ok", "note", "wrong"]


@final
@attrs.frozen
class Check:
    """
    What was looked at.

    Attributes:
        seen: What was found, in a sentence.
        advice: What to do; empty: nothing.
    """

    name: str
    state: State
    seen: str
    advice: str = ""


def examine(out: str, journal: str | None, *, as_json: bool) -> Exit:
    """Show each check as it is done; FAILED if anything is wrong."""
    return run(_examine(Path(out), journal, as_json=as_json))


async def _examine(out: Path, journal: str | None, *, as_json: bool) -> Exit:
    is_well = True
    async for check in _checks(out, journal):
        is_well &= check.state != "wrong"
        if as_json:
            print_result(json.dumps({"event": "check", **attrs.asdict(check)}))
        else:
            print_result(f"{check.state:<5} {check.name}: {printable(check.seen)}")
            if check.advice:
                print_result(f"      {printable(check.advice)}")
    return Exit.DONE if is_well else Exit.FAILED


async def _checks(out: Path, journal: str | None) -> AsyncIterator[Check]:
    try:
        url = base_url_from(None)
    except ValueError:
        seen = "AIOMUSIC_BASE_URL is not a valid address of the service."
        yield Check("address", "wrong", seen, "Unset it, or write https://host.")
    else:
        async for check in _service(url):
            yield check
    yield _folder("folder", out, "Choose another with --out.")
    async for check in _journal(journal):
        yield check
    for check in _extras():
        yield check


# The service.


async def _service(url: str) -> AsyncIterator[Check]:
    host = urlsplit(url).hostname or ""
    proxy = None if is_loopback(url) else proxy_for(url)
    if proxy is not None and unfit(proxy) is not None:
        seen = f"The environment names {host_of(proxy)}, which is no HTTP proxy."
        advice = "Name an HTTP proxy in HTTPS_PROXY, or unset ALL_PROXY."
        yield Check("proxy", "wrong", seen, advice)
        return
    seen = "none" if proxy is None else f"{host_of(proxy)} is used on the way to {host}"
    yield Check("proxy", "ok", f"{seen}.")
    try:
        date = await _date(url, proxy)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        why = reason_of(error) or type(error).__name__
        yield Check("network", "wrong", f"{host} was not reached: {why}.", to_do(error))
        yield _unset_key() or Check("key", "note", "It is set, and was not tried.")
    else:
        yield Check("network", "ok", f"{host} answers.")
        yield _clock(date)
        yield await _key()


async def _date(url: str, proxy: str | None) -> str | None:
    """Ask the service, without the key, and return the date of its reply."""
    limit = aiohttp.ClientTimeout(total=REACH_S)
    async with (
        aiohttp.ClientSession(timeout=limit, trust_env=False) as http,
        http.get(url, proxy=proxy, allow_redirects=False) as reply,
    ):
        return reply.headers.get("Date")


def _clock(date: str | None) -> Check:
    try:
        theirs = email.utils.parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return Check("clock", "note", "The service does not tell the time.")
    skew_s = time.time() - theirs
    if abs(skew_s) <= MAX_SKEW_S:
        return Check("clock", "ok", "It agrees with the service's, within a minute.")
    way = "ahead of" if skew_s > 0 else "behind"
    seen = f"It is {abs(skew_s):,.0f} s {way} the service's."
    advice = "Set it: signatures of callbacks and dates of files depend on it."
    return Check("clock", "wrong", seen, advice)


def _unset_key() -> Check | None:
    if os.environ.get("AIOMUSIC_API_KEY"):
        return None
    advice = "Set it to the key of your account, or use --local for the emulator."
    return Check("key", "wrong", "AIOMUSIC_API_KEY is not set.", advice)


async def _key() -> Check:
    if unset := _unset_key():
        return unset
    try:
        async with asyncio.timeout(REACH_S), open_session() as music:
            found = await music.credits()
    except AuthenticationFailed:
        seen = "The service does not accept the key in AIOMUSIC_API_KEY."
        return Check("key", "wrong", seen, "Copy it again from your account's page.")
    except TimeoutError:
        seen = f"The service said nothing of the balance in {REACH_S:g} s."
        return Check("key", "wrong", seen, "Try again in a minute.")
    except (MusicError, UsageError) as error:
        return Check("key", "wrong", sentence(error), "Try again in a minute.")
    seen = f"The service accepts it; the balance is {found.total:,} credits."
    if not found.total:
        return Check("key", "note", seen, "Nothing can be bought: add credits.")
    return Check("key", "ok", seen)


# This machine.


def _folder(name: str, folder: Path, advice: str) -> Check:
    """Check whether files can be written, and whether there is room for them."""
    try:
        there = next(one for one in (folder, *folder.parents) if one.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
        free = shutil.disk_usage(there).free
    except (OSError, StopIteration) as error:
        why = getattr(error, "strerror", None) or "there is no such folder"
        return Check(name, "wrong", f"{folder} can't be written: {why}.", advice)
    seen = f"{folder} can be written; {free / 1e9:,.1f} GB are free."
    if free < MIN_FREE_BYTES:
        return Check(name, "wrong", seen, f"Free some space. {advice}")
    return Check(name, "ok", seen)


async def _journal(typed: str | None) -> AsyncIterator[Check]:
    try:
        place = JournalPath.of(typed)
        if not place.may_be_there:
            seen = f"There is none yet; {place.shown} is made by the first purchase."
            yield Check("journal", "ok", seen)
            return
        reader = await reader_of(place)
        unknown = [] if reader is None else await reader.records(UNKNOWN)
    except (MusicError, UsageError) as error:
        advice = "Choose another with --journal, or restore it; keep the file."
        yield Check("journal", "wrong", sentence(error), advice)
        return
    yield Check("journal", "ok", f"{place.shown} can be read.")
    if unknown:
        seen = f"The outcome of {len(unknown):,} jobs is unknown; they may be charged."
        advice = f"'aiomusic jobs list --state unknown{place.option}' shows them."
        yield Check("journal", "note", seen, advice)
    if isinstance(place.where, Path):
        advice = "Choose another with --journal."
        yield _folder("journal", place.where.parent, advice)


def _extras() -> Iterator[Check]:
    for name, (module, purpose) in EXTRAS.items():
        found = None
        with contextlib.suppress(ImportError, ValueError):
            found = importlib.util.find_spec(module)
        if found is None:
            advice = f"For {purpose}: pip install 'aiomusic[{name}]'."
            yield Check("extras", "note", f"{name} is not installed.", advice)
        else:
            yield Check("extras", "ok", f"{name} is installed: {purpose}.")
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", "ok", f"{version} on {sys.platform}.")
