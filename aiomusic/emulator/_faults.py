"""Faults that tests order."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast, final, get_args

import attrs

from aiomusic.emulator._rate_limit import RetryAfter, retry_headers
from aiomusic.emulator._refusals import REFUSALS, Refusal, RefusalKind
from aiomusic.emulator._tasks import LateResult, PlannedFailure

__all__ = ["WEBHOOK_KINDS", "Fault", "FaultKind", "Faults", "Target"]

FaultKind = Literal[
    "cut_body",
    "drop_after_body",
    "drop_before_body",
    "fail",
    "forged",
    "hang",
    "html",
    "id_beside_error",
    "late",
    "late_clip",
    "late_link",
    "legacy",
    "lost",
    "out_of_order",
    "redirect",
    "reset",
    "slow",
    "status",
    "stuck",
    "twice",
    "unknown_state",
    RefusalKind,
]
"""See `Emulator.fault`."""

Target = Literal["any", "create", "credits", "media", "poll", "webhook"]
"""The calls that a fault applies to; ``any``: all calls over HTTP."""

WEBHOOK_KINDS: Final = {"forged", "late", "lost", "out_of_order", "twice"}
_ONLY_ON: Final[dict[str, Target]] = {
    **dict.fromkeys(WEBHOOK_KINDS, "webhook"),
    **dict.fromkeys(("fail", "stuck", "late_clip", "late_link"), "create"),
    **dict.fromkeys(("id_beside_error", "legacy"), "create"),
    "unknown_state": "poll",
}
_NOT_CARRIED_OUT: Final = {"drop_before_body", "redirect", "status", *REFUSALS}


@final
@attrs.define(eq=False, kw_only=True)
class Fault:
    """
    One ordered fault; `Emulator.fault()` makes it.

    Attributes:
        struck: How many calls it was applied to.
        times: To how many more it will be applied; None: all.
    """

    kind: FaultKind
    on: Target
    times: int | None = 1
    skip: int = 0
    provider: str | None = None
    after: bool | None = None
    status: int | None = None
    message: str | None = None
    body: object = None
    retry_after: RetryAfter = None
    headers: Mapping[str, str] = attrs.field(factory=dict)
    state: str = "rewinding"
    clips: int | None = None
    is_refunded: bool = True
    seconds: float = 1.0
    polls: int | None = None
    to: str | None = None
    struck: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._check()
        only = _ONLY_ON.get(self.kind)
        if only is not None and self.on not in (only, "any"):
            raise ValueError(f"{self.kind!r} applies only to {only!r}, not {self.on!r}")
        if only is None and self.on == "webhook":
            kinds = ", ".join(sorted(WEBHOOK_KINDS))
            raise ValueError(f"{self.kind!r} can't apply to a webhook; {kinds} can")

    def _check(self) -> None:
        for name, value, known in (
            ("kind", self.kind, get_args(FaultKind)),
            ("on", self.on, get_args(Target)),
        ):
            if value not in known:
                raise ValueError(f"{name} is {value!r}; {_names(value, known)}")
        if self.status is not None and self.status not in range(100, 600):
            raise ValueError(f"status is {self.status}; it is from 100 to 599")
        if self.polls is not None and self.polls < 0:
            raise ValueError("polls is 0 or more, or None")
        if (self.times is not None and self.times < 1) or self.skip < 0:
            raise ValueError("times is 1 or more, or None; skip is 0 or more")

    def to_failure(self) -> PlannedFailure | None:
        """Return the failure that it orders for a task."""
        if self.kind != "fail":
            return None
        is_refunded = self.is_refunded and self.clips is None
        money = "have been refunded" if is_refunded else "were not refunded"
        text = self.message or f"Generation failed. Credits {money}."
        return PlannedFailure(
            message=text, cause=self.message, is_refunded=is_refunded, clips=self.clips
        )

    def to_late(self) -> LateResult | None:
        """Return the part of a task's result that it delays."""
        if self.kind not in {"late_clip", "late_link"}:
            return None
        is_clip = self.kind == "late_clip"
        clips = 1 if self.clips is None and is_clip else self.clips
        return LateResult(
            is_clip=is_clip, clips=clips, seconds=self.seconds, polls=self.polls
        )

    @property
    def refusal(self) -> Refusal | None:
        """The refusal, if it is one."""
        return REFUSALS.get(self.kind)

    @property
    def refusal_kind(self) -> RefusalKind | None:
        """The kind of the refusal, if it is one."""
        return cast("RefusalKind", self.kind) if self.kind in REFUSALS else None

    @property
    def ends_task(self) -> bool:
        """Whether a poll that it is applied to finds the task refused."""
        return self.refusal is not None and self.refusal.ends_task

    def sent_headers(self, wall: float) -> dict[str, str]:
        """Return the headers of its answer at time *wall*."""
        return {**retry_headers(self.retry_after, wall), **self.headers}

    @property
    def is_carried_out(self) -> bool:
        """Whether the service carries out and charges the call nevertheless."""
        return self.kind not in _NOT_CARRIED_OUT if self.after is None else self.after

    def cancel(self) -> None:
        """Withdraw the fault."""
        self.times = 0

    def is_due(self, on: Target, provider: str) -> bool:
        """Check whether it applies to this call; counts down *skip*."""
        target = _ONLY_ON.get(self.kind, self.on)
        is_hit = target == on or (target == "any" and on != "webhook")
        if not is_hit or self.provider not in (None, provider):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        return self.times != 0


def _names(given: object, known: Sequence[str]) -> str:
    """Return the names that are known, the one that is most likely meant first."""
    name = str(given).strip().lower().replace("-", "_").replace(" ", "_")
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? It" if near else "it"
    return f"{hint} is one of {', '.join(known)}"


@final
@attrs.define(eq=False)
class Faults:
    """The ordered faults, oldest first."""

    _orders: list[Fault] = attrs.field(factory=list, init=False)

    def add(self, fault: Fault) -> Fault:
        """Add a fault."""
        self._orders.append(fault)
        return fault

    def take(self, on: Target, provider: str = "") -> Fault | None:
        """Return the fault of this call, at most one; None: none."""
        if not self._orders:
            return None
        due = [fault for fault in self._orders if fault.is_due(on, provider)]
        if not due:
            return None
        first = due[0]
        first.struck += 1
        if first.times is not None:
            first.times -= 1
        self._orders = [fault for fault in self._orders if fault.times != 0]
        return first
