"""Where the service fetches files of this machine, while a command runs."""

import contextlib
import hashlib
import hmac
import os
import secrets
import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final, Self, final
from urllib.parse import urlsplit

import attrs

from aiomusic.cli._exits import UsageError

if TYPE_CHECKING:
    from aiomusic.webhooks import Callbacks

__all__ = ["PublicAddress"]

URL: Final = "AIOMUSIC_WEBHOOK_URL"
LISTEN: Final = "AIOMUSIC_WEBHOOK_LISTEN"
SECRET: Final = "AIOMUSIC_WEBHOOK_SECRET"  # noqa: S105 - its variable's name
USUAL_LISTEN: Final = "127.0.0.1:8080"


@final
@attrs.frozen(kw_only=True)
class PublicAddress:
    """
    An address that leads to a port of this machine.

    Attributes:
        url: The address, as the service calls it.
        secret: What callbacks to it are signed with.
        listening: The port.
    """

    url: str
    secret: str = attrs.field(repr=False)
    listening: socket.socket

    @classmethod
    def open(cls, *, is_local: bool) -> Self:
        """
        Listen at the address that the environment names.

        Args:
            is_local: Whether the emulator of this process is what calls.

        Raises:
            UsageError: It names none, or it can't be listened at.
        """
        if is_local:
            listening = socket.create_server(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            return cls(url=url, secret=secrets.token_hex(), listening=listening)
        url = os.environ.get(URL, "").rstrip("/")
        if not url:
            raise UsageError(
                "A file of this machine is to be uploaded, and the service fetches only"
                f" from public addresses: set {URL} to one that leads to this machine,"
                f" such as a tunnel's, and {LISTEN} to where it leads, if not to"
                f" {USUAL_LISTEN}; or put the file on a server, and give its link."
                " Nothing was sent."
            )
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
            message = f"{URL} must be a public http:// or https:// address."
            raise UsageError(f"{message} Nothing was sent.")
        secret = os.environ.get(SECRET) or _secret()
        return cls(url=url, secret=secret, listening=_listen())

    @classmethod
    def is_named(cls) -> bool:
        """Whether the environment names one."""
        return bool(os.environ.get(URL))

    @property
    def host(self) -> str:
        """The host that the service calls."""
        return urlsplit(self.url).hostname or ""

    @contextlib.asynccontextmanager
    async def mounted(self, callbacks: "Callbacks") -> AsyncIterator[None]:
        """Answer there with what a session serves."""
        from aiohttp import web

        app = callbacks.app()
        path = urlsplit(self.url).path
        if path:
            root = web.Application()
            root.add_subapp(path, app)
            app = root
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        try:
            await web.SockSite(runner, self.listening).start()
            yield
        finally:
            await runner.cleanup()


def _secret() -> str:
    """Return the same secret in each run, so that an upload can be gone on with."""
    key = os.environ.get("AIOMUSIC_API_KEY", "").encode()
    return hmac.digest(key, b"aiomusic webhooks", hashlib.sha256).hex()


def _listen() -> socket.socket:
    where = os.environ.get(LISTEN) or USUAL_LISTEN
    host, _, port = where.rpartition(":")
    try:
        return socket.create_server((host.strip("[]"), int(port)))
    except (OSError, ValueError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "write host:port"
        message = f"{LISTEN} is {where}, which can't be listened at: {why}."
        raise UsageError(f"{message} Nothing was sent.") from error
