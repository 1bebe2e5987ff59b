"""What a known key is refused for: one rule, be its job open or over."""

from collections.abc import Mapping
from typing import Any

from aiomusic import _codec
from aiomusic._engine.job import TrackedJob
from aiomusic._request import Request
from aiomusic.errors import InvalidRequest
from aiomusic.journal import Record

__all__ = ["another_request", "another_task", "check_open_job", "used_already"]


def check_open_job(
    job: TrackedJob[Any], request: Request[Any], policy: str | None
) -> None:
    """
    Check that the key of an open job may be asked for again.

    Raises:
        InvalidRequest: It is another's request, or no key may be asked for twice.
    """
    if job.request is None:
        raise _refused(job.key, "it belongs to a task that was attached", OTHER)
    if job.request != request:
        had = _codec.request_to_json(job.request)
        raise _another_request(job.key, had, request)
    if policy == "error":
        raise used_already(job.key, job.state)


def another_request(
    key: str, record: Record, request: Request[Any]
) -> InvalidRequest | None:
    """Return the refusal of a key whose row has another request; None: it has not."""
    if record.fingerprint == _codec.fingerprint(request):
        return None
    return _another_request(key, record.raw_request or {}, request)


def another_task(key: str, had: str | None) -> InvalidRequest:
    """Return the refusal of a key whose open job has another task."""
    why = "it belongs to a job without a task" if had is None else f"its task is {had}"
    return _refused(key, why, OTHER)


def used_already(key: str, state: str) -> InvalidRequest:
    """Return the refusal of a key that must not be asked for twice."""
    return _refused(
        key,
        f"it was used already, and its job is {state}",
        f'{OTHER}, or have on_known_key="attach" give that job',
    )


OTHER = "Choose another key"


def _another_request(
    key: str, had: Mapping[str, Any], request: Request[Any]
) -> InvalidRequest:
    differs = _codec.difference(had, _codec.request_to_json(request))
    return _refused(key, f"it belongs to another request: {differs}", OTHER)


def _refused(key: str, why: str, way_out: str) -> InvalidRequest:
    message = f"key {key!r} can't be used: {why}. {way_out}. Nothing was sent."
    rule = "one key, one request"
    return InvalidRequest(message, field="key", rule=rule, key=key)
