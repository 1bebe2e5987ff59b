"""Ctrl-C, from the command's first line to its last; it must cost no import."""

# What `signal` wraps: its enums take longer to import than all else here.
import _signal as signal  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["Interrupt"]


class Interrupt:
    """
    What SIGINT does: the first one ends the command, and the next ones don't kill it.

    Attributes:
        end: Ends the work that is under way, at each; None: there is none yet, or no
            more, and the first one raises KeyboardInterrupt.
        is_told: Whether one has come.
    """

    def __init__(self) -> None:
        self.end: Callable[[], object] | None = None
        self.is_told = False

    def __call__(self, _number: int, _frame: "FrameType | None") -> None:
        is_first, self.is_told = not self.is_told, True
        if self.end is not None:
            self.end()
        elif is_first:
            raise KeyboardInterrupt

    @classmethod
    def listen(cls) -> "Interrupt":
        """Take SIGINT, unless somebody else does, or it is ignored as under nohup."""
        found = signal.getsignal(signal.SIGINT)
        if isinstance(found, Interrupt):
            return found
        interrupt = cls()
        if found is signal.default_int_handler:
            try:
                signal.signal(signal.SIGINT, interrupt)
            except ValueError:
                # Only the main thread has signals.
                return interrupt
        return interrupt

    def leave(self) -> None:
        """Hand SIGINT back, or ignore it while the process ends because of one."""
        if signal.getsignal(signal.SIGINT) is self:
            after = signal.SIG_IGN if self.is_told else signal.default_int_handler
            signal.signal(signal.SIGINT, after)
