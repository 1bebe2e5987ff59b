"""Fetching uploads: only from allowed hosts, with a limit of size and time."""

import logging
from collections.abc import Set as AbstractSet
from http import HTTPStatus
from pathlib import Path
from typing import Final, final

import aiohttp
import attrs
from yarl import URL

from aiomusic._files.addresses import public_socket

__all__ = ["Fetcher", "NotFetched"]

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 200_000_000
"""Eight minutes of the largest usual WAV."""
FETCH_TIMEOUT_S: Final = 25.0
MAX_REDIRECTS: Final = 5
REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
CHUNK: Final = 1 << 16


@final
class NotFetched(Exception):
    """The file can't be fetched, or its host is not allowed."""


@final
@attrs.frozen
class Fetcher:
    """
    Downloads from public hosts, and from hosts that are allowed by name.

    Args:
        allow_hosts: Hosts of URLs that need not be public.
        max_bytes: The largest size of a file.
    """

    allow_hosts: AbstractSet[str]
    max_bytes: int = MAX_BYTES

    async def fetch(self, url: str, path: Path) -> None:
        """
        Download to *path*.

        Raises:
            NotFetched: The host is neither public nor allowed, or does not answer
                with a file, or the file is too large or too slow.
        """
        here = URL(url)
        try:
            for _ in range(MAX_REDIRECTS + 1):
                onward = await self._take(here, path)
                if onward is None:
                    return
                here = onward
        except (aiohttp.ClientError, OSError, ValueError) as error:
            logger.warning("the emulator did not fetch %s: %s", here.raw_host, error)
            raise NotFetched(str(error)) from error
        raise NotFetched(f"more than {MAX_REDIRECTS} redirects")

    async def _take(self, url: URL, path: Path) -> URL | None:
        """Download, or return the target of a redirect."""
        is_allowed = url.host in self.allow_hosts
        connector = aiohttp.TCPConnector(
            socket_factory=None if is_allowed else public_socket
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S),
                headers={"Accept-Encoding": "identity"},
            ) as http,
            http.get(url, allow_redirects=False) as reply,
        ):
            if reply.status in REDIRECTS and "Location" in reply.headers:
                return url.join(URL(reply.headers["Location"]))
            await self._keep(reply, path)
            return None

    async def _keep(self, reply: aiohttp.ClientResponse, path: Path) -> None:
        if reply.status != HTTPStatus.OK:
            raise NotFetched(f"it answered {reply.status}")
        size = 0
        with path.open("wb") as file:
            async for chunk in reply.content.iter_chunked(CHUNK):
                size += len(chunk)
                if size > self.max_bytes:
                    raise NotFetched(f"it is larger than {self.max_bytes} bytes")
                file.write(chunk)
