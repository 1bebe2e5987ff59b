"""Every provider, by name: the one place that a new one is entered."""

from typing import Any

from aiomusic._request import Request
from aiomusic.providers import lyrics, nuro, riffusion, suno
from aiomusic.providers._replies import Provider

__all__ = ["PROVIDERS", "REQUESTS"]

PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (suno.PROVIDER, riffusion.PROVIDER, nuro.PROVIDER)
}
"""Those whose creates are followed as tasks."""

REQUESTS: dict[str, type[Request[Any]]] = {
    kind.kind(): kind
    for module in (suno, riffusion, nuro, lyrics)
    for kind in module.REQUESTS
}
"""Every kind of request, by its name, as in ``suno.create``."""
