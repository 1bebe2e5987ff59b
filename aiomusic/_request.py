"""What every request is: a frozen value that knows its price, path and rules."""

import copy
import functools
import importlib
import json
from collections.abc import Collection, Mapping, Sequence
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

from aiomusic._bodies import MAX_BYTES
from aiomusic._fields import (
    ClipRef,
    Field,
    WebAddress,
    field_of,
    refuse,
    unwarned,
)
from aiomusic._json import converter
from aiomusic._local_file import LocalFile
from aiomusic._spelling import shown
from aiomusic.errors import InvalidRequest

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
        return copy.deepcopy(dict(extra)) if extra else {}
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
    MAX_REPLY_BYTES: ClassVar[int] = MAX_BYTES
    """How long the reply to a create may be: more, where it holds audio itself."""
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

    @property
    def path(self) -> str:
        """Where it is sent."""
        return self.PATH

    @property
    def clips(self) -> int:
        """How many clips the task makes; 0: the reply itself is the result."""
        return self.CLIPS

    @classmethod
    def most_clips(cls) -> int:
        """Return how many clips a task of this kind makes at most."""
        return cls.CLIPS

    @classmethod
    def paths(cls) -> Mapping[str, Mapping[str, object]]:
        """Return every path of this kind, with the arguments that it stands for."""
        return {cls.PATH: {}}

    @classmethod
    def kind(cls) -> str:
        """Name the operation, as in ``suno.create``."""
        return f"{cls.PROVIDER}.{cls.OPERATION}"

    def __attrs_post_init__(self) -> None:
        if self.extra != {}:
            self._check_extra()
        needed = _needed(cast("Any", type(self)))
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
            elif name in needed:
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
            if value is None or value == field.omit or not field.is_sent:
                continue
            body[field.wire] = field.to_wire(value)
            if self.TASK_TYPES is not None and isinstance(value, ClipRef):
                body["task_type"] = self.TASK_TYPES[value.is_upload]
        return {**body, **self.extra}

    def local_files(self) -> Mapping[str, LocalFile]:
        """Return the files that the service is to fetch, by their names on the wire."""
        found = {}
        for name, field in _addresses_of(cast("Any", type(self))):
            file = LocalFile.from_address(getattr(self, name))
            if file is not None and field.wire not in self.extra:
                found[field.wire] = file
        return found

    def to_json(self) -> dict[str, object]:
        """
        Return ``{"kind": "suno.create", …}``, with the fields that were set.

        Its job's key and metadata travel with it.
        """
        found: dict[str, object] = {"kind": self.kind()}
        for name, default in _defaults(cast("Any", type(self))):
            value = getattr(self, name)
            if value != default:
                is_plain = type(value) in _PLAIN
                found[name] = value if is_plain else converter().unstructure(value)
        return found

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Request[Any]":
        """
        Read what `to_json` returned, or what was written by hand in its way.

        ``Request.from_json`` reads every kind, and that of a kind its own.

        Raises:
            ValueError: It is no such request, or one that breaks a rule.
        """
        fields = dict(value)
        kind = _kind_of(cls, fields.pop("kind", None))
        import cattrs  # noqa: PLC0415 - its cost

        try:
            with unwarned():
                return converter().structure(fields, kind)
        except cattrs.BaseValidationError as error:
            places = "; ".join(
                cattrs.transform_error(error, path=kind.kind(), format_exception=_words)
            )
            message = f"This is no {kind.kind()}: {places}."
            raise ValueError(message) from error

    @classmethod
    def matches(cls, body: Mapping[str, object]) -> bool:
        """Check whether a body that was received is one of this kind."""
        task_type = body.get("task_type")
        if cls.TASK_TYPES is not None:
            return task_type in cls.TASK_TYPES
        return all(body.get(name) == value for name, value in cls.FIXED.items())

    @classmethod
    def from_body(cls, body: Mapping[str, object], path: str | None = None) -> Self:
        """
        Read a body that was received.

        Args:
            path: Where it came, of `paths`; None: the first of them.

        Raises:
            InvalidRequest: It breaks a rule.
        """
        defaults = attrs.fields_dict(cls)
        known: dict[str, Any] = dict(cls.paths()[path or cls.PATH])
        for name, field in fields_of(cls).items():
            value = body.get(field.wire) if field.is_sent else None
            if value is not None:
                read = known[name] = field.from_wire(value)
                if cls.TASK_TYPES is not None and isinstance(read, ClipRef):
                    is_upload = body.get("task_type") == cls.TASK_TYPES[True]
                    known[name] = attrs.evolve(read, is_upload=is_upload)
            elif defaults[name].default is attrs.NOTHING:
                known[name] = None
        return cls(**known)


def _kind_of(base: type[Request[Any]], name: object) -> type[Request[Any]]:
    # Every kind stands above this module, so they are looked for when one is read.
    known = importlib.import_module("aiomusic.providers._all").requests()
    fit = {key: one for key, one in known.items() if issubclass(one, base)}
    if not isinstance(name, str) or name not in fit:
        message = f"kind is {name!r}; it must be one of {', '.join(fit)}."
        raise ValueError(message)
    found: type[Request[Any]] = fit[name]
    return found


@functools.cache
def _defaults(kind: type[attrs.AttrsInstance]) -> Sequence[tuple[str, object]]:
    """Return the fields, and what each is unless it is given."""
    return [(field.name, _default(field)) for field in attrs.fields(kind)]


_PLAIN = frozenset({str, int, float, bool})


def _default(field: "attrs.Attribute[Any]") -> object:
    make = getattr(field.default, "factory", None)
    return field.default if make is None else make()


def _words(error: BaseException, kind: type | None) -> str:
    import cattrs.v  # noqa: PLC0415 - its cost

    # A rule of ours is told in our own words.
    if isinstance(error, InvalidRequest):
        return str(error).rstrip(".")
    return cattrs.v.format_exception(error, kind)


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
def _fields_of(kind: type[attrs.AttrsInstance]) -> Mapping[str, Field]:
    found = {field.name: field_of(field.type) for field in attrs.fields(kind)}
    return MappingProxyType({k: v for k, v in found.items() if v is not None})


@functools.cache
def _addresses_of(kind: type[attrs.AttrsInstance]) -> Sequence[tuple[str, Field]]:
    """Return the fields that the service fetches a file from."""
    fields = _fields_of(kind).items()
    return [(name, one) for name, one in fields if isinstance(one, WebAddress)]


@functools.cache
def _needed(kind: type[attrs.AttrsInstance]) -> Collection[str]:
    """Return the fields that can't be None."""
    fields = attrs.fields(kind)
    return frozenset(one.name for one in fields if one.default is not None)
