"""The queue that an engine's name means, loaded only where it is used."""

from typing import Literal, TypeAlias, get_args

from aiomusic.batch.engines import QueueAddress, TaskQueue
from aiomusic.errors import JournalError

__all__ = ["ENGINES", "EngineName", "queue_of"]

EngineName: TypeAlias = Literal["procrastinate", "pgqueuer"]
ENGINES: tuple[str, ...] = get_args(EngineName)


def queue_of(engine: EngineName, address: QueueAddress) -> TaskQueue:
    """
    Return an engine's queue, to be opened.

    Raises:
        JournalError: What it needs is not installed.
    """
    try:
        if engine == "procrastinate":
            from aiomusic.batch.engines._procrastinate import (  # noqa: PLC0415
                ProcrastinateQueue,
            )

            return ProcrastinateQueue(address)
        from aiomusic.batch.engines._pgqueuer import PgQueuerQueue  # noqa: PLC0415

        return PgQueuerQueue(address)
    except ModuleNotFoundError as error:
        message = (
            f"The engine {engine} needs {error.name}: pip install"
            f" 'aiomusic[{engine},postgres]'. Nothing was sent."
        )
        raise JournalError(message) from error
