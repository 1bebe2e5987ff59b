"""Where a command's calls go: to the service, or to an emulator in this process."""

import contextlib
import ipaddress
import os
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

import aiohttp

from aiomusic._arguments import check_formats
from aiomusic._engine.formats import extras_of
from aiomusic._events import OnEvent
from aiomusic._files.signing import Signer
from aiomusic._http.dialects import SUNO, dialect_for
from aiomusic._http.transport import base_url_from
from aiomusic._request import Request
from aiomusic._session import MusicSession
from aiomusic.cli._exits import UsageError
from aiomusic.cli._journal import LOCAL
from aiomusic.cli._public import PublicAddress
from aiomusic.errors import AuthenticationFailed
from aiomusic.journal import Journal
from aiomusic.journal.memory import MemoryJournal

__all__ = [
    "formats_of",
    "is_loopback",
    "open_session",
    "price_of_host",
    "price_with",
    "signer_of",
]

Price: TypeAlias = Callable[[Request[Any]], int]

PREVIEW_S: Final = 20.0
"""Length of a song of ``--local`` for which none is asked."""
LOCAL_POLL_S: Final = 0.1


class _Signing(Protocol):
    """Options that name a certificate and its key."""

    @property
    def sign_cert(self) -> str | None: ...

    @property
    def sign_key(self) -> str | None: ...


@contextlib.asynccontextmanager
async def open_session(
    *,
    journal: Journal | None = None,
    local_seed: int | None = None,
    max_credits: int | None = None,
    concurrency: int = 10,
    poll_every_s: float | None = None,
    job_timeout_s: float = 1800.0,
    signer: Signer | None = None,
    needs_key: bool = True,
    serves: bool = False,
    on_exit: Literal["wait", "detach"] = "wait",
    on_event: OnEvent | None = None,
) -> AsyncIterator[MusicSession]:
    """
    Open a session on what the environment names, or on an emulator of its own.

    Args:
        journal: What it writes into; None: nothing is kept, whatever the
            environment says.
        local_seed: What the emulator's songs follow from; None: no emulator.
        max_credits, concurrency, poll_every_s, job_timeout_s, signer: As
            `MusicSession` has them.
        needs_key: Whether the service itself is asked for anything.
        serves: Whether it fetches files from this machine.

    Raises:
        AuthenticationFailed: The environment has no key.
        UsageError: It has no usable address, or no public one to serve files at.
    """
    async with contextlib.AsyncExitStack() as stack:
        public = None
        if serves:
            public = PublicAddress.open(is_local=local_seed is not None)
            stack.callback(public.listening.close)
        if local_seed is not None:
            from aiomusic.emulator import (
                Emulator,
            )

            here = () if public is None else (public.host,)
            api = await stack.enter_async_context(
                Emulator(seed=local_seed, allow_hosts=here, preview_s=PREVIEW_S)
            )
            key: str = api.key
            base_url: str | None = api.url
            poll_every_s = LOCAL_POLL_S if poll_every_s is None else poll_every_s
        else:
            key, base_url = (
                _key(is_needed=needs_key),
                os.environ.get("AIOMUSIC_BASE_URL"),
            )
        http = None
        if is_loopback(base_url):
            # A proxy of the environment does not reach this machine's own loopback.
            http = await stack.enter_async_context(
                aiohttp.ClientSession(trust_env=False)
            )
        music = MusicSession(
            key,
            base_url=base_url,
            account=None if local_seed is None else LOCAL.name,
            journal=MemoryJournal() if journal is None else journal,
            max_credits=max_credits,
            concurrency=concurrency,
            poll_every_s=poll_every_s,
            job_timeout_s=job_timeout_s,
            signer=signer,
            on_exit=on_exit,
            on_event=on_event,
            http=http,
            webhook_url=None if public is None else public.url,
            webhook_secret=None if public is None else public.secret,
        )
        if public is not None and music.webhooks is not None:
            await stack.enter_async_context(public.mounted(music.webhooks))
        try:
            await stack.enter_async_context(music)
        except ValueError as error:
            raise UsageError(
                "AIOMUSIC_BASE_URL must be an http:// or https:// address."
                " Nothing was sent."
            ) from error
        yield music


def signer_of(options: _Signing) -> Signer | None:
    """
    Return what signs the files, if the options name it.

    Raises:
        UsageError: They name half of it.
        InvalidRequest: Nothing can be signed with it.
    """
    certificate, key = options.sign_cert, options.sign_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        message = "--sign-cert and --sign-key go together; give both. Nothing was sent."
        raise UsageError(message)
    return Signer(certificate, key)


def _key(*, is_needed: bool) -> str:
    key = os.environ.get("AIOMUSIC_API_KEY")
    if not key and not is_needed:
        # It is never sent.
        return secrets.token_hex()
    if not key:
        raise AuthenticationFailed(
            "There is no API key: set AIOMUSIC_API_KEY, or try without one:"
            " 'aiomusic create --local' makes the song on this machine."
        )
    return key


def price_of_host(request: Request[Any]) -> int:
    """Return the credits that a request costs at the host the environment names."""
    try:
        dialect = dialect_for(None, base_url_from(None))
    except ValueError:
        # What is wrong with the address is told when the session is opened.
        dialect = SUNO
    return dialect.price(request)


def formats_of(typed: Sequence[str]) -> tuple[str, ...]:
    """
    Return the formats that ``--format`` names.

    Raises:
        UsageError: One is no name.
    """
    try:
        return check_formats("--format", typed) if typed else ()
    except ValueError as error:
        raise UsageError(f"--format is empty: {error}") from error


def price_with(formats: Sequence[str], price: Price) -> Price:
    """
    Return what prices a request with the formats of all that it makes.

    Raises:
        InvalidRequest: What it returns, where the provider has no way to one of them.
    """

    def priced(request: Request[Any]) -> int:
        return price(request) + sum(map(price, extras_of(request, formats)))

    return priced if formats else price


def is_loopback(base_url: str | None) -> bool:
    """Check whether an address is this machine's own, to which no proxy leads."""
    try:
        host = urlsplit(base_url or "").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
