"""
Every provider's module, by the names in `_registry`.

Their modules cost more to import than most of this library, so each is loaded when
it is first asked for.
"""

import functools
import importlib
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, final

from aiomusic.providers._operations import Operations
from aiomusic.providers._registry import FOLLOWED, REGISTRY
from aiomusic.providers._replies import Provider

if TYPE_CHECKING:
    from aiomusic._request import Request

__all__ = ["PROVIDERS", "operations", "requests"]


@final
class _Providers(Mapping[str, Provider]):
    def __getitem__(self, name: str) -> Provider:
        return _provider(name)

    def __iter__(self) -> Iterator[str]:
        return iter(FOLLOWED)

    def __len__(self) -> int:
        return len(FOLLOWED)


PROVIDERS: Mapping[str, Provider] = _Providers()
"""Those whose creates are followed as tasks."""


@functools.cache
def requests() -> Mapping[str, type["Request[Any]"]]:
    """Return every kind of request, by its name, as in ``suno.create``."""
    modules = [_module(name) for name in REGISTRY]
    return {kind.kind(): kind for module in modules for kind in module.REQUESTS}


def operations(name: str) -> type[Operations]:
    """Return the class of a provider's methods."""
    found: type[Operations] = _module(name).OPERATIONS
    return found


@functools.cache
def _provider(name: str) -> Provider:
    if name not in FOLLOWED:
        raise KeyError(name)
    found: Provider = _module(name).PROVIDER
    return found


@functools.cache
def _module(name: str) -> ModuleType:
    return importlib.import_module(f"aiomusic.providers.{name}")
