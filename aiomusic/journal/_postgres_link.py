"""A connection to PostgreSQL that comes back, and what is told of one that does not."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self, TypeAlias, TypeVar, final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import asyncpg
import attrs

from aiomusic._log import log
from aiomusic._redact import hide

__all__ = ["FAULTS", "Address", "Connection", "Link", "fault", "is_passing", "tried"]

R = TypeVar("R")

# asyncpg has no types.
Connection: TypeAlias = Any

DEFAULT_SCHEMA: Final = "aiomusic"
CONNECT_S: Final = 10.0
# Longer than the server itself lets a statement take.
COMMAND_S: Final = 15.0
CLOSE_S: Final = 2.0
CACHED_STATEMENTS: Final = 100
MIN_LEASE_S: Final = 1.0
DEFAULT_LEASE_S: Final = 30.0
DEFAULT_WAIT_S: Final = 30.0
RETRY_S: Final = 0.2

# What is the connection's or the server's fault, and passes.
LINK_FAULTS: Final[tuple[type[BaseException], ...]] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# Of those, what is the fault of what was asked.
_ASKED: Final = (asyncpg.ClientConfigurationError, asyncpg.exceptions.DataError)
FAULTS: Final[tuple[type[BaseException], ...]] = (
    *LINK_FAULTS,
    asyncpg.PostgresError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    RecursionError,
)


def is_passing(error: BaseException) -> bool:
    """Check whether the same may be done well a little later."""
    is_asked = isinstance(error, (ValueError, *_ASKED))
    return isinstance(error, LINK_FAULTS) and not is_asked


@final
@attrs.frozen(kw_only=True)
class Address:
    """
    Where a journal is: a database, and a schema in it.

    Attributes:
        dsn: What asyncpg connects to; it may hold the password.
        shown: The same for people, without the password.
        cached_statements: How many asyncpg may prepare; None: it is found out whether
            a pooler stands between, which must not see any.
        lease_s: How long a session may be silent before it is taken for dead.
        wait_s: How long to try again where the server can't be reached.
    """

    dsn: str = attrs.field(repr=False)
    shown: str
    schema: str = DEFAULT_SCHEMA
    cached_statements: int | None = None
    lease_s: float = DEFAULT_LEASE_S
    wait_s: float = DEFAULT_WAIT_S

    @classmethod
    def of(cls, url: str) -> Self:
        """
        Read ``postgresql://user:password@host:port/database?option=value``.

        Raises:
            ValueError: It can't be read; the message holds nothing of it.
        """
        try:
            parts = urlsplit(url)
            given = dict(parse_qsl(parts.query, keep_blank_values=True))
        except ValueError:
            raise ValueError(_NO_ADDRESS) from None
        is_cut = "@" in parts.path + parts.query + parts.fragment or parts.fragment
        if parts.scheme not in {"postgresql", "postgres"} or is_cut:
            raise ValueError(_NO_ADDRESS)
        user, _, host = parts.netloc.rpartition("@")
        for secret in (unquote(user.partition(":")[2]), given.get("password", "")):
            hide(secret)
        schema = given.pop("schema", DEFAULT_SCHEMA)
        size, lease = given.pop("statement_cache_size", None), given.pop("lease_s", "")
        wait = given.pop("wait_s", None)
        name = f"{user.partition(':')[0]}@" if user else ""
        told = {"host": given.get("host"), "port": given.get("port")}
        told["schema"] = None if schema == DEFAULT_SCHEMA else schema
        shown = urlencode({name: one for name, one in told.items() if one}, safe="/")
        return cls(
            dsn=parts._replace(query=urlencode(given)).geturl(),
            shown=f"postgresql://{name}{host}{parts.path}{'?' if shown else ''}{shown}",
            schema=_schema(schema),
            cached_statements=None if size is None else int(_count(size)),
            lease_s=max(MIN_LEASE_S, _count(lease)) if lease else DEFAULT_LEASE_S,
            wait_s=DEFAULT_WAIT_S if wait is None else _count(wait),
        )


_NO_ADDRESS: Final = (
    "journal must be postgresql://user:password@host:port/database, with characters"
    " such as @ / ? # in the password written as %40 %2F %3F %23. Nothing was sent."
)
MAX_SCHEMA_CHARS: Final = 63


def _schema(name: str) -> str:
    is_fit = name.isascii() and name.replace("_", "a").isalnum() and name.islower()
    if not is_fit or len(name) > MAX_SCHEMA_CHARS:
        message = (
            "The journal's schema must be of a-z, 0-9 and _, as in ?schema=aiomusic."
            " Nothing was sent."
        )
        raise ValueError(message)
    return name


def _count(text: str) -> float:
    if not (text.isascii() and text.isdecimal()):
        message = (
            "The journal's statement_cache_size, lease_s and wait_s must be whole"
            " numbers, as in ?statement_cache_size=0. Nothing was sent."
        )
        raise ValueError(message)
    return float(text)


@final
@attrs.define(eq=False)
class Link:
    """
    One connection at a time, made when it is needed.

    Behind a pooler in transaction mode nothing outlives a transaction, so each says
    again what it needs, and no statement is prepared.

    Args:
        setup: What a connection is told once, if there surely is no pooler.
    """

    address: Address
    setup: str = ""
    _is_direct: bool = attrs.field(default=False, init=False)
    _db: Connection = attrs.field(default=None, init=False, repr=False)
    _cached_statements: int | None = attrs.field(default=None, init=False)

    @property
    def is_pooled(self) -> bool:
        """Whether statements must not be prepared."""
        return self._cached_statements == 0

    @property
    def is_set_up(self) -> bool:
        """Whether the connection knows *setup*, and need not be told again."""
        return self._is_direct and bool(self.setup)

    async def connected(self) -> Connection:
        """Return the connection, made again if it is gone."""
        if self._db is not None and not self._db.is_closed():
            return self._db
        if self._cached_statements is None:
            self._cached_statements = self.address.cached_statements
        if self._cached_statements is not None:
            self._db = await self._set_up(self._cached_statements)
            return self._db
        db = await self._connect(0)
        try:
            self._cached_statements = 0 if await _is_pooled(db) else CACHED_STATEMENTS
        except BaseException:
            db.terminate()
            raise
        if self._cached_statements:
            self._is_direct = True
            await _close(db)
            db = await self._set_up(self._cached_statements)
        self._db = db
        return db

    async def _set_up(self, cached_statements: int) -> Connection:
        db = await self._connect(cached_statements)
        if self.is_set_up:
            try:
                await db.execute(self.setup)
            except BaseException:
                db.terminate()
                raise
        return db

    async def _connect(self, cached_statements: int) -> Connection:
        return await asyncpg.connect(
            self.address.dsn,
            timeout=CONNECT_S,
            command_timeout=COMMAND_S,
            statement_cache_size=cached_statements,
            server_settings={"application_name": "aiomusic"},
        )

    def drop(self) -> None:
        """Drop a connection at once: what it was doing is taken back."""
        db, self._db = self._db, None
        if db is not None:
            db.terminate()

    async def aclose(self) -> None:
        """Close it well, if it can be."""
        db, self._db = self._db, None
        if db is not None:
            await _close(db)


async def _close(db: Connection) -> None:
    with contextlib.suppress(*FAULTS):
        await db.close(timeout=CLOSE_S)


async def _is_pooled(db: Connection) -> bool:
    """Check whether it is another process that answers than the one that let us in."""
    # One transaction: else its two messages may go to two servers.
    await db.execute("BEGIN")
    found = await db.fetchval("SELECT pg_backend_pid()")
    await db.execute("COMMIT")
    return bool(found != db.get_server_pid())


_WORDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (
        asyncpg.InvalidAuthorizationSpecificationError,
        "the server refuses this user or password; check both",
    ),
    (asyncpg.InvalidCatalogNameError, "there is no such database; create it first"),
    (
        asyncpg.InsufficientPrivilegeError,
        "this user may not do that; grant it CREATE on the database, once",
    ),
    (asyncpg.TooManyConnectionsError, "the server takes no more connections"),
    (asyncpg.DiskFullError, "the server's disk is full"),
    (asyncpg.ReadOnlySQLTransactionError, "the server only lets itself be read"),
    (asyncpg.LockNotAvailableError, "others kept it locked for too long"),
    (asyncpg.UndefinedTableError, "its tables are not there, or not all"),
    (TimeoutError, "the server did not answer in time"),
    (asyncpg.PostgresConnectionError, "the connection to the server broke"),
    (asyncpg.OperatorInterventionError, "the server is stopping or starting"),
    (OSError, "the server can't be reached; check its address, and that it runs"),
)


def _words(error: BaseException) -> str:
    found = [words for kind, words in _WORDS if isinstance(error, kind)]
    return found[0] if found else f"{type(error).__name__}: {error}"


def fault(address: Address, error: BaseException) -> str:
    """Return why a journal can't be used, and what that means for the money."""
    while isinstance(error, TimeoutError) and isinstance(error.__cause__, FAULTS):
        error = error.__cause__
    tried_for = f" It was tried for {address.wait_s:g} s." if is_passing(error) else ""
    return (
        f"The journal {address.shown} can't be used: {_words(error)}.{tried_for}"
        " Nothing is sent that can't be written down."
    )


async def tried(address: Address, do: Callable[[], Awaitable[R]]) -> R:
    """
    Do what changes nothing, or the same, again while what stands in its way passes.

    Raises:
        BaseException: What stood in its way when the time was over.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + address.wait_s
    is_told = False
    while True:
        try:
            return await do()
        except Exception as error:
            if not is_passing(error) or loop.time() >= deadline:
                raise
            if not is_told:
                words = "the journal %s can't be used yet: %s. It is tried for %g s"
                log(
                    logging.WARNING, words, address.shown, _words(error), address.wait_s
                )
            is_told = True
        await asyncio.sleep(RETRY_S)
