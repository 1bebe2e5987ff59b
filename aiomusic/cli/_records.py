"""How the rows of a journal read: short in a table, whole in JSON."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from aiomusic._spelling import shortened
from aiomusic.cli._exits import printable
from aiomusic.journal import Record

__all__ = [
    "age",
    "as_json",
    "is_unsaved",
    "listed",
    "moment",
    "short_keys",
    "stamp",
    "title",
]

MAX_TITLE: Final = 40
SHORT_KEY: Final = 8
# A key that is made up has so many characters; one that is chosen is shown whole.
MADE_UP: Final = 32
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_NAMES: Final = ("title", "description", "prompt", "name", "sound", "tags", "lyrics")
_CLIP: Final = (
    "clip_id",
    "state",
    "title",
    "duration",
    "model",
    "audio_url",
    "image_url",
    "video_url",
    "error",
)


def age(seconds: float) -> str:
    """Write how long ago something was, as in ``5m``."""
    whole = max(0, int(seconds))
    return next(f"{whole // n}{unit}" for n, unit in _UNITS if whole >= n or n == 1)


def stamp(seconds: float | None) -> str | None:
    """Write a time as ISO 8601 has it, in UTC."""
    if seconds is None:
        return None
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def moment(seconds: float | None) -> str:
    """Write a time for people, in UTC."""
    if seconds is None:
        return "never"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def title(record: Record) -> str:
    """Return the words that tell a job from others, on one short line."""
    request: Mapping[str, Any] = record.raw_request or {}
    clips = [clip.get("title") for clip in record.raw_clips]
    known = [request.get(name) for name in _NAMES] + clips
    found = (printable(one) for one in known if isinstance(one, str))
    text = next((one for one in found if one), "")
    return shortened(text, MAX_TITLE)


def is_unsaved(record: Record) -> bool:
    """Check whether its songs are made, and in no file that is known of."""
    return (
        record.state == "succeeded"
        and record.clip_count > 0
        and not (record.files or record.archive)
    )


def short_keys(keys: Sequence[str]) -> dict[str, str]:
    """Shorten each key that was made up to what tells it from the others, in order."""
    short: dict[str, str] = {}
    for before, key, after in zip(["", *keys], keys, [*keys[1:], ""], strict=False):
        length = 1 + max(_shared(before, key), _shared(key, after))
        is_made_up = len(key) == MADE_UP and key.isalnum()
        short[key] = key[: max(SHORT_KEY, length)] if is_made_up else key
    return short


def _shared(one: str, other: str) -> int:
    length = min(len(one), len(other))
    return next((n for n in range(length) if one[n] != other[n]), length)


def as_json(record: Record) -> dict[str, object]:
    """Return all that is known of a job: what a list has, and what it came to."""
    clips = [{name: clip.get(name) for name in _CLIP} for clip in record.raw_clips]
    return {**listed(record), "result": record.raw_result, "clips": clips}


def listed(record: Record) -> dict[str, object]:
    """
    Return what a list tells of a job, under names that stay.

    ================ ===========================================================
    key              holds
    ================ ===========================================================
    event            ``"job"``
    key, task_id     our name for it, and the service's, or null
    state, is_open   a `JobState`; whether it is at the service, as far as known
    account          the name of whose it is, or null; is_other_account: not yours
    kind, provider   as in ``suno.create`` and ``suno``
    cost, charged    credits; a `Charged`, null while it is open
    attempt          1, or more where it was sent again
    made_at          ISO 8601 in UTC; so sent_at, accepted_at, ended_at, or null
    balance_before   credits of the account, null if not seen; so balance_after
    title            a short line that tells it from others
    request          its fields that were set, and ``kind``; null if attached
    tags             what ``--tag`` or ``metadata=`` gave
    error            ``type``, ``message``, ``charged``, ``retry``, …; or null
    archive          the file that what it came to was moved to, or null
    clip_count       how many clips it has
    files            paths of what was saved
    result           of one that is shown alone: what is no clip, as lyrics are
    clips            likewise: ``clip_id``, ``state``, ``title``, ``duration``,
                     ``model`` (of ``request``: the one asked for), the three urls
                     and ``error`` of each
    ================ ===========================================================
    """
    return {
        "event": "job",
        "key": record.key,
        "state": record.state,
        "is_open": record.is_open,
        "account": record.account,
        "is_other_account": record.is_other_account,
        "kind": record.kind,
        "provider": record.provider,
        "task_id": record.task_id,
        "cost": record.cost,
        "charged": record.charged,
        "attempt": record.attempt,
        "made_at": stamp(record.made_at),
        "sent_at": stamp(record.sent_at),
        "accepted_at": stamp(record.accepted_at),
        "ended_at": stamp(record.ended_at),
        "balance_before": record.balance_before,
        "balance_after": record.balance_after,
        "title": title(record),
        "request": record.raw_request,
        "tags": dict(record.metadata),
        "error": record.raw_error,
        "archive": record.archive,
        "clip_count": record.clip_count,
        "files": list(record.files),
    }
