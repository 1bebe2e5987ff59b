"""``aiomusic mcp``: tools for an agent, with a ceiling for each connection."""

import importlib.util
from typing import Literal, TypeAlias

from aiomusic.cli._exits import Exit, UsageError, exit_for
from aiomusic.cli._journal import JournalPath
from aiomusic.cli._show import Paths, Show
from aiomusic.errors import MusicError

__all__ = ["serve"]

Transport: TypeAlias = Literal["stdio", "streamable-http"]


def serve(most: int, journal: str | None, transport: Transport) -> Exit:
    """Serve until the agent hangs up."""
    try:
        _serve(most, journal, transport)
    except (MusicError, UsageError) as error:
        show: Show = Paths()
        show.failed(None, error)
        return exit_for(error)
    return Exit.DONE


def _serve(most: int, journal: str | None, transport: Transport) -> None:
    if importlib.util.find_spec("mcp") is None:
        message = "'aiomusic mcp' needs an extra: pip install 'aiomusic[mcp]'."
        raise UsageError(f"{message} Nothing was sent.")
    place = JournalPath.of(journal)
    # The usual one's folder is made; each connection opens the journal itself.
    place.to_keep()
    from aiomusic import mcp

    mcp.serve(mcp.create_server(credits=most, journal=place.where), transport)
