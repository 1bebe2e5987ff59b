"""Notifies whoever listens of events; mistakes of theirs stop no paid job."""

import logging
from collections.abc import Mapping
from typing import Literal, final

import attrs

from aiomusic._engine.job import TrackedJob
from aiomusic._events import Calling, Event, OnEvent, Polled
from aiomusic._log import log

__all__ = ["Listening"]


@final
@attrs.frozen
class Listening:
    """
    The one listener of a session.

    Args:
        on_event: It; None: nobody listens, and nothing is made to be told.
    """

    on_event: OnEvent | None = None

    def notify(self, event: Event) -> None:
        """Notify the listener of an event."""
        if self.on_event is None:
            return
        try:
            self.on_event(event)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - of the user's code
            # It awaits nothing, so that a CancelledError is its own, too.
            words = "on_event raised %s: %s"
            log(logging.WARNING, words, type(error).__name__, error)

    def headers(
        self, job: TrackedJob[object], purpose: Literal["create", "poll"]
    ) -> Mapping[str, str]:
        """Notify of a call, and return what the listener adds to its headers."""
        if self.on_event is None:
            return {}
        calling = Calling(key=job.key, purpose=purpose)
        self.notify(calling)
        return {str(name): str(text) for name, text in calling.headers.items()}

    def polled(self, job: TrackedJob[object], status: int | None) -> None:
        """Notify of a poll."""
        if self.on_event is not None and job.task_id is not None:
            self.notify(
                Polled(
                    key=job.key,
                    task_id=job.task_id,
                    status=status,
                    elapsed_s=job.elapsed_s,
                )
            )
