"""A program that renders songs: pickled calls in, pickled results out."""

import os
import pickle
import select
import struct
import sys
import threading
from collections.abc import Callable, Iterator

from aiomusic.composer import UnreadableAudio
from aiomusic.emulator._render_jobs import RenderFailed


def _calls() -> Iterator[Callable[[], object]]:
    while True:
        try:
            yield pickle.load(sys.stdin.buffer)  # noqa: S301 - from our parent
        except EOFError:
            return


def _answer(call: Callable[[], object]) -> tuple[Exception | None, object]:
    try:
        return None, call()
    except UnreadableAudio as error:
        return error, None
    except Exception as error:  # noqa: BLE001 - reported to the parent
        return RenderFailed(repr(error)), None


def _leave_with_parent() -> None:
    """Exit as soon as the parent has, even in the middle of a song."""
    parent = select.poll()
    parent.register(sys.stdin.fileno(), 0)  # hang-ups are always reported
    parent.poll()
    os._exit(1)


def _main() -> None:
    if sys.platform != "win32":
        # Rendering is less urgent than other processes.
        os.nice(10)
        threading.Thread(target=_leave_with_parent, daemon=True).start()
    # Output of libraries must not mix with the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for call in _calls():
        answer = pickle.dumps(_answer(call))
        out.write(struct.pack("<I", len(answer)) + answer)
        out.flush()


if __name__ == "__main__":
    _main()
