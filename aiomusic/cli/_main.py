"""From typed words to an exit code."""

import inspect
import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError
from cyclopts.exceptions import UnusedCliTokensError

from aiomusic.cli._app import APP, EXIT_CODES, PROVIDERS
from aiomusic.cli._exits import Exit, OutputError, UsageError, sentence

__all__ = ["run_command"]

HELP: Final = frozenset({"--help", "-h"})


def run_command(words: Sequence[str]) -> int:
    """Run the command; what is wrong with the words is told on one line."""
    _add_operations(words)
    if not words or HELP & set(words):
        _reflow(APP)
    try:
        code = APP(list(words))
    except UsageError as error:
        sys.stderr.write(f"aiomusic: {sentence(error)}\n")
        return Exit.USAGE
    except OutputError as error:
        sys.stderr.write(f"aiomusic: {error}\n")
        return Exit.FILES
    except CycloptsError as error:
        told = sentence(UsageError(_why(error)))
        APP.error_console.print(f"aiomusic: {told}", markup=False, soft_wrap=True)
        return Exit.USAGE
    return code if isinstance(code, int) else Exit.DONE


def _add_operations(words: Sequence[str]) -> None:
    """Load the operations of the provider that is named; completion knows all."""
    first = words[0] if words else ""
    names = PROVIDERS if first == "--install-completion" else {first} & set(PROVIDERS)
    if not names:
        return
    from aiomusic.cli._operations import (
        add_operations,
    )

    for name in names:
        add_operations(PROVIDERS[name], name, EXIT_CODES)


def _reflow(app: App) -> None:
    """Let the window break the lines of every help, as wide as it is."""
    app.help, app.help_epilogue = _joined(app.help), _joined(app.help_epilogue)
    for name in app:
        if not name.startswith("-"):
            _reflow(app[name])


def _joined(text: str | None) -> str:
    """Join the lines of each paragraph; what is indented stays as it is."""
    blocks = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(
        one if one.startswith(" ") else one.replace("\n", " ") for one in blocks
    )


def _why(error: CycloptsError) -> str:
    command = " ".join(("aiomusic", *(error.command_chain or ())))
    hint = f"'{command} --help' shows what there is."
    if isinstance(error, UnusedCliTokensError):
        extra = " ".join(error.unused_tokens or ())
        if "create" not in (error.command_chain or ()):
            return f"{extra!r} is nothing that '{command}' takes. {hint}"
        return f"{extra!r} is one word too many: put the prompt in quotes. {hint}"
    return f"{error} {hint}"
