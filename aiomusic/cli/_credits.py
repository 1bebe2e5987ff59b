"""``aiomusic credits``: the balance."""

import json
import logging
import sys

from aiomusic.cli._exits import Exit, UsageError, counted, exit_for
from aiomusic.cli._run import run
from aiomusic.cli._service import open_session
from aiomusic.cli._show import Events, Paths, Show, print_result
from aiomusic.errors import MusicError

__all__ = ["balance"]


def balance(*, as_json: bool) -> Exit:
    """Ask for the balance and write it, on a pipe as a bare number."""
    logging.getLogger("aiomusic").addHandler(logging.NullHandler())
    try:
        return run(_balance(as_json=as_json))
    except (MusicError, UsageError) as error:
        show: Show = Events() if as_json else Paths()
        show.failed(None, error)
        return exit_for(error)


async def _balance(*, as_json: bool) -> Exit:
    async with open_session() as music:
        found = await music.credits()
    if as_json:
        fields = {"credits": found.credits, "extra_credits": found.extra_credits}
        print_result(json.dumps({"event": "credits", **fields, "total": found.total}))
    elif sys.stdout.isatty():
        extra = (
            f", {found.extra_credits:,} of them extra" if found.extra_credits else ""
        )
        print_result(f"{counted(found.total, 'credit')}{extra}")
    else:
        print_result(str(found.total))
    return Exit.DONE
