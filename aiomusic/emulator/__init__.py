"""
The AI Music API on this machine: no key, no network, real audio.

::

    async with Emulator(preview_s=20) as api:
        async with MusicSession(api_key=api.key, base_url=api.url) as music:
            ...
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiomusic.emulator._calls import Call
    from aiomusic.emulator._faults import Fault, FaultKind, Target
    from aiomusic.emulator._rate_limit import RetryForm
    from aiomusic.emulator._server import Emulator
    from aiomusic.emulator._tasks import Pace, Task
    from aiomusic.emulator._webhooks import Delivery

__all__ = [
    "Call",
    "Delivery",
    "Emulator",
    "Fault",
    "FaultKind",
    "Pace",
    "RetryForm",
    "Target",
    "Task",
]

_HOMES = {
    "Call": "_calls",
    "Delivery": "_webhooks",
    "Emulator": "_server",
    "Fault": "_faults",
    "FaultKind": "_faults",
    "Pace": "_tasks",
    "RetryForm": "_rate_limit",
    "Target": "_faults",
    "Task": "_tasks",
}


def __getattr__(name: str) -> object:
    """Load on demand, so that importing a submodule does not import the server."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
