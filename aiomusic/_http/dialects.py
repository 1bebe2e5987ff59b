"""
The words of this service and of its sister hosts: all that differs between them.

Sister hosts call suno ``sonic``, in paths and in names of models, and have prices of
their own.  Their errors, 202s and signed callbacks are read whatever the dialect.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, final
from urllib.parse import urlsplit

import attrs

from aiomusic._arguments import check_one_of
from aiomusic._request import Request

__all__ = [
    "SONIC",
    "SUNO",
    "DialectName",
    "HostDialect",
    "checked_dialect",
    "dialect_for",
]

DialectName: TypeAlias = Literal["suno", "sonic"]


@final
@attrs.frozen(kw_only=True)
class HostDialect:
    """
    How a host is spoken to.

    Args:
        name: What the host calls suno in its paths.
        models: What the names of suno's models begin with there.
        domains: Hosts that speak it, by the end of their names.
        prices: Credits, by operation (or by provider, for its other operations),
            where they differ from this service's.
    """

    name: DialectName
    models: str
    domains: tuple[str, ...] = ()
    prices: Mapping[str, int] = attrs.field(factory=dict)

    def path(self, path: str) -> str:
        """Return how the host spells a path of this service."""
        return path.replace("/api/v1/suno/", f"/api/v1/{self.name}/", 1)

    def own_path(self, path: str) -> str:
        """Return how this service spells a path of the host."""
        return path.replace(f"/api/v1/{self.name}/", "/api/v1/suno/", 1)

    def body(self, body: Mapping[str, object]) -> dict[str, object]:
        """Return a create's body with the model as the host names it."""
        return _with_model(body, _OWN_MODELS, self.models)

    def own_body(self, body: Mapping[str, object]) -> dict[str, object]:
        """Return a create's body with the model as this service names it."""
        return _with_model(body, self.models, _OWN_MODELS)

    def price(self, request: Request[Any]) -> int:
        """Return the credits that the host takes for a request."""
        found = self.prices.get(request.kind())
        return found or max(request.cost, self.prices.get(request.PROVIDER, 0))


_OWN_MODELS: Final = "chirp-"


def _with_model(
    body: Mapping[str, object], before: str, after: str
) -> dict[str, object]:
    model = body.get("mv")
    if not (isinstance(model, str) and model.startswith(before)):
        return dict(body)
    return {**body, "mv": after + model.removeprefix(before)}


SUNO: Final = HostDialect(name="suno", models=_OWN_MODELS)

# Two sisters speak it, whose prices differ: these are the higher, so that no budget is
# overrun.  Lyrics have a balance of their own at one of them.
_CREATES: Final = ("create", "extend", "cover", "create_with_persona")
SONIC: Final = HostDialect(
    name="sonic",
    models="sonic-",
    domains=("musicapi.ai", "aimusicapi.ai"),
    prices={
        **{f"suno.{operation}": 15 for operation in _CREATES},
        "riffusion.upload": 2,
        "riffusion": 12,
        "lyrics.create": 10,
    },
)

_DIALECTS: Final[Mapping[str, HostDialect]] = {one.name: one for one in (SUNO, SONIC)}


def checked_dialect(name: DialectName | None) -> DialectName | None:
    """
    Return the name of a dialect as it is given.

    Raises:
        ValueError: There is none of that name.
    """
    if name is not None:
        check_one_of("dialect", name, tuple(_DIALECTS))
    return name


def dialect_for(name: str | None, base_url: str) -> HostDialect:
    """
    Return the dialect of a host.

    Args:
        name: As the caller says; None: it is told by the address.
    """
    if name is not None:
        return _DIALECTS[name]
    host = urlsplit(base_url).hostname or ""
    for dialect in _DIALECTS.values():
        if any(host == end or host.endswith(f".{end}") for end in dialect.domains):
            return dialect
    return SUNO
