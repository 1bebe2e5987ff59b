"""What every request is: a frozen value that knows its price, path and rules."""

import copy
import functools
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    cast,
)

import attrs

from aiomusic._fields import ClipRef, Field, field_of, refuse
from aiomusic._spelling import shown

__all__ = ["DirectReply", "OnKnownKey", "Request", "fields_of"]

R_co = TypeVar("R_co", covariant=True)

OnKnownKey: TypeAlias = Literal["attach", "new", "error"]
"""What to do with a key that is known: give its job, buy again, or refuse."""


def _kept(extra: Mapping[str, object] | None) -> Mapping[str, object]:
    if extra is None:
        return {}
    if not isinstance(cast("object", extra), Mapping):
        return extra
    try:
        return copy.deepcopy(dict(extra))
    except (TypeError, RecursionError, copy.Error):
        # What can't be copied can't be sent either, and is refused in words below.
        return dict(extra)


@attrs.frozen(kw_only=True)
class Request(Generic[R_co]):
    """
    One paid call, checked when it is built.

    Args:
        extra: Fields to add to the body that is sent, or to override in it.
        key, metadata, on_known_key: Of the job that it becomes, as in
            `MusicSession.submit`, which uses them where it is given none itself.
            They are not sent, and equality ignores them.

    Raises:
        InvalidRequest: A field breaks a rule of the service.
    """

    PROVIDER: ClassVar[str]
    OPERATION: ClassVar[str]
    PATH: ClassVar[str]
    COST: ClassVar[int]
    """Credits."""
    CLIPS: ClassVar[int] = 0
    """How many clips the task makes; 0: the reply itself is the result."""
    REPLY_S: ClassVar[float] = 0.0
    """How long the service itself works before it replies, in seconds."""
    WEBHOOK: ClassVar[bool] = False
    """Whether the body may carry ``webhook_url`` and ``webhook_secret``."""
    REPLY: ClassVar[type["DirectReply"] | None] = None
    """The shape of a reply that is itself the result; None: a task answers."""
    TASK_TYPES: ClassVar[tuple[str, str] | None] = None
    """``task_type`` for a generated and for an uploaded clip."""
    FIXED: ClassVar[Mapping[str, object]] = {}
    """What every body of this kind holds."""

    # Copied: a job may be sent long after its caller's dict has changed.
    extra: Mapping[str, object] = attrs.field(factory=dict, converter=_kept, hash=False)
    key: str | None = attrs.field(default=None, eq=False, repr=False)
    metadata: Mapping[str, object] | None = attrs.field(
        default=None, eq=False, repr=False
    )
    on_known_key: OnKnownKey | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def cost(self) -> int:
        """Credits that the service takes for it."""
        return self.COST

    @classmethod
    def kind(cls) -> str:
        """Name the operation, as in ``suno.create``."""
        return f"{cls.PROVIDER}.{cls.OPERATION}"

    def __attrs_post_init__(self) -> None:
        self._check_extra()
        defaults = attrs.fields_dict(type(self))
        for name, field in fields_of(type(self)).items():
            value = getattr(self, name)
            if value is not None:
                value = field.stored(value)
                object.__setattr__(self, name, value)
            # What extra overrides is the caller's to know.
            if field.wire in self.extra:
                continue
            if value is not None:
                field.check(self, name, value)
            elif defaults[name].default is not None:
                refuse(self, name, "is None", "it is needed")
        self.check()

    def _check_extra(self) -> None:
        extra: object = self.extra
        rule = "it must map names of fields to JSON values"
        if not isinstance(extra, Mapping):
            refuse(self, "extra", f"is {shown(extra)}", rule)
        for name in extra:
            if not isinstance(name, str):
                refuse(self, "extra", f"has the key {shown(name)}", rule)
        try:
            json.dumps(extra, allow_nan=False, ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            seen = f"can't be sent as JSON: {shown(str(error))}"
            refuse(self, "extra", seen, "it must be JSON")

    def check(self) -> None:
        """Check what one field alone can't tell."""

    def to_body(self) -> dict[str, object]:
        """Return the JSON object that is sent."""
        body = dict(self.FIXED)
        for name, field in fields_of(type(self)).items():
            value = getattr(self, name)
            if value is None or value == field.omit:
                continue
            body[field.wire] = field.to_wire(value)
            if self.TASK_TYPES is not None and isinstance(value, ClipRef):
                body["task_type"] = self.TASK_TYPES[value.is_upload]
        return {**body, **self.extra}

    @classmethod
    def matches(cls, body: Mapping[str, object]) -> bool:
        """Check whether a body that was received is one of this kind."""
        task_type = body.get("task_type")
        if cls.TASK_TYPES is not None:
            return task_type in cls.TASK_TYPES
        return all(body.get(name) == value for name, value in cls.FIXED.items())

    @classmethod
    def from_body(cls, body: Mapping[str, object]) -> Self:
        """
        Read a body that was received.

        Raises:
            InvalidRequest: It breaks a rule.
        """
        defaults = attrs.fields_dict(cls)
        known: dict[str, Any] = {}
        for name, field in fields_of(cls).items():
            value = body.get(field.wire)
            if value is not None:
                known[name] = field.from_wire(value, body)
            elif defaults[name].default is attrs.NOTHING:
                known[name] = None
        return cls(**known)


class DirectReply(Protocol):
    """The reply to a request that no task follows."""

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """Read it from the JSON object that holds it, or raise `ValueError`."""

    def to_result(self, request: Any) -> object:  # noqa: ANN401 - its own kind
        """Return the result of the job."""


def fields_of(kind: type[Request[Any]]) -> Mapping[str, Field]:
    """Return the rules of the fields that a kind of request sends, by name."""
    return _fields_of(cast("Any", kind))


@functools.cache
def _fields_of(kind: Any) -> Mapping[str, Field]:  # noqa: ANN401 - a class
    found = {field.name: field_of(field.type) for field in attrs.fields(kind)}
    return MappingProxyType({k: v for k, v in found.items() if v is not None})
