"""What tells one account from another: the service's address, and a key's digest."""

import hashlib
from typing import Final
from urllib.parse import urlsplit

from aiomusic.journal import Identity

__all__ = ["digest_of", "place_of"]

DIGEST_BYTES: Final = 16
_LOOPBACK: Final = ("localhost", "::1")
_PORTS: Final = {"http": 80, "https": 443}


def place_of(base_url: str) -> str:
    """
    Return the same text for all spellings of a service's address.

    An emulator on this machine has another port each time that it starts.
    """
    parts = urlsplit(base_url)
    host = (parts.hostname or "").rstrip(".")
    port = None if parts.port == _PORTS.get(parts.scheme) else parts.port
    if host in _LOOPBACK or host.startswith("127."):
        host, port = "localhost", None
    shown = host if port is None else f"{host}:{port}"
    return f"{parts.scheme}://{shown}{parts.path.rstrip('/')}"


def digest_of(identity: Identity, salt: bytes) -> str | None:
    """
    Return what tells a key from others, and gives nothing of it away.

    A key is long and random, so it can't be found by trying, however quick a try is;
    the salt keeps two files from being compared.
    """
    if identity.key is None:
        return None
    text = f"{place_of(identity.base_url)}\n{identity.key}"
    found = hashlib.blake2b(
        text.encode("utf-8", "surrogatepass"),
        digest_size=DIGEST_BYTES,
        salt=salt,
        person=b"aiomusic account",
    )
    return found.hexdigest()
