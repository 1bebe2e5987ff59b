"""
The ``aiomusic`` command; it needs the extra ``cli``.

Its exit codes, the same for every command:

==== ======================================================================
0    done
1    the content was refused, the task failed, or doctor found a fault
2    the command line or the request is wrong; nothing was sent
3    the API key is missing or not accepted
4    no credits, no subscription, or over ``--max-credits``
5    the service was not reached, or was too busy
6    the outcome is unknown; it may be charged: don't just repeat it
7    a file could not be written or fetched
130  interrupted by Ctrl-C (143: by SIGTERM)
==== ======================================================================

Where several jobs end differently, the first of 6, 7, 1, 4, 3, 5 counts.
An error is one line on standard error, and never shows the key.
"""

import io
import os
import sys

from aiomusic.cli._interrupt import Interrupt

__all__ = ["main"]

_EXTRA = {"cyclopts", "platformdirs", "rich"}
_USAGE = 2
_INTERRUPTED = 130


def main() -> int:
    """
    Run the command that ``sys.argv`` holds.

    Returns:
        The exit code.
    """
    _open_streams()
    interrupt = Interrupt.listen()
    try:
        return _main()
    except KeyboardInterrupt:
        # Ctrl-C before there was any work to end.
        return _INTERRUPTED
    finally:
        interrupt.leave()


def _open_streams() -> None:
    """Open those of the three streams that are closed, or a file gets their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _main() -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A title in a script that the terminal lacks must not end a paid job.
            stream.reconfigure(errors="backslashreplace")
    try:
        from aiomusic.cli._main import (
            run_command,
        )
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write(
            f"aiomusic: the command needs {error.name}, which is not installed:"
            " pip install 'aiomusic[cli]'\n"
        )
        return _USAGE
    return run_command(sys.argv[1:])
