"""
What every request is: a frozen value that knows its price, path and rules.

A field of a request is declared once, with the name it has on the wire and the
rule that the service documents for it.  The body that is sent, the check before
anything is paid for, the reading back in the emulator and its OpenAPI document
all come from that one declaration.
"""

import contextlib
import contextvars
import copy
import json
import sys
import types
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    NoReturn,
    Protocol,
    Self,
    TypeVar,
    Union,
    cast,
    final,
    get_args,
    get_origin,
)
from urllib.parse import urlsplit

import attrs

from aiomusic._spelling import half_a_pair, is_blank, meant, shown
from aiomusic.errors import InvalidRequest, MusicWarning
from aiomusic.results import Clip, Upload

__all__ = [
    "CLIP",
    "Choice",
    "ClipRef",
    "DirectReply",
    "Flag",
    "Name",
    "Names",
    "Number",
    "Request",
    "Spec",
    "Text",
    "WebAddress",
    "clip_ref",
    "is_open",
    "known_values",
    "refuse",
    "specs",
    "unwarned",
    "warn",
    "warn_of_names",
    "wire",
]

R_co = TypeVar("R_co", covariant=True)


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
        fields = attrs.fields_dict(type(self))
        for field, spec in specs(type(self)).items():
            value = getattr(self, field)
            # What extra overrides is the caller's to know.
            if spec.wire in self.extra:
                continue
            if value is None and fields[field].default is not None:
                refuse(self, field, "is None", "it is needed")
            if isinstance(value, str) and is_blank(value):
                # White space is no text: whatever is said of "" holds for it.
                value = ""
                object.__setattr__(self, field, value)
            if value is not None:
                spec.check(self, field, value)
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
        """Give the JSON object that is sent."""
        body = dict(self.FIXED)
        for field, spec in specs(type(self)).items():
            value = getattr(self, field)
            if value is None or value == spec.omit:
                continue
            body[spec.wire] = spec.to_wire(value)
            if self.TASK_TYPES is not None and isinstance(value, ClipRef):
                body["task_type"] = self.TASK_TYPES[value.is_upload]
        return {**body, **self.extra}

    @classmethod
    def matches(cls, body: Mapping[str, object]) -> bool:
        """Tell whether a body that was received is one of this kind."""
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
        fields = attrs.fields_dict(cls)
        known: dict[str, Any] = {}
        for field, spec in specs(cls).items():
            value = body.get(spec.wire)
            if value is not None:
                known[field] = spec.from_wire(value, body)
            elif fields[field].default is attrs.NOTHING:
                known[field] = None
        return cls(**known)


class DirectReply(Protocol):
    """The reply to a request that no task follows."""

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """Read it from the JSON object that holds it, or raise `ValueError`."""

    def to_result(self, request: Any) -> object:  # noqa: ANN401 - its own kind
        """Give what the job's waiters get."""


class Spec(Protocol):
    """The rule of one field, and its name on the wire."""

    @property
    def wire(self) -> str: ...

    @property
    def omit(self) -> object:
        """The value at which the field is left out of the body."""

    def check(self, request: Request[Any], field: str, value: Any) -> None:  # noqa: ANN401
        """Raise InvalidRequest if *value* breaks the rule."""

    def to_wire(self, value: Any) -> object: ...  # noqa: ANN401

    def from_wire(self, value: Any, body: Mapping[str, object]) -> object: ...  # noqa: ANN401

    def schema(self) -> dict[str, object]:
        """Describe the field as JSON Schema does."""


class _Plain:
    """What polls on the wire as it does here."""

    __slots__ = ()

    def to_wire(self, value: Any) -> object:  # noqa: ANN401
        return value

    def from_wire(self, value: Any, body: Mapping[str, object]) -> object:  # noqa: ANN401, ARG002
        return value


@final
@attrs.frozen(kw_only=True)
class Text(_Plain):
    """
    A text of *least* to *most* characters.

    Args:
        advised: Above it the sources disagree: sent, with a warning.
        newer_most: What the newer of the request's models take.
    """

    wire: str
    omit: object = None
    least: int = 0
    most: int | None = None
    advised: int | None = None
    newer_most: int | None = None

    def check(self, request: Request[Any], field: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, str):
            refuse(request, field, f"is {shown(value)}", "it must be text")
        _check_whole(request, field, value)
        # White space around a text is no more of it.
        size, least = len(value), len(value.strip())
        if least < self.least:
            seen = f"has {least:,} characters" if value else "is empty"
            refuse(request, field, seen, f"at least {self.least:,} are needed")
        most = self.most_for(request)
        if most is not None and size > most:
            rule = f"at most {most:,} are taken"
            if self.newer_most is not None:
                rule += f" by model {getattr(request, 'model', None)}"
            refuse(request, field, f"has {size:,} characters", rule)
        if self.advised is not None and size > self.advised:
            warn(
                f"{request.kind()}: {field} has {size:,} characters; one page of the"
                f" API allows {self.advised:,}, another more, so it is sent as it is."
            )

    def most_for(self, request: Request[Any]) -> int | None:
        """Return the limit that holds for the request's model."""
        is_older = getattr(request, "model", None) in OLDER_MODELS
        return self.most if is_older or self.newer_most is None else self.newer_most

    def schema(self) -> dict[str, object]:
        most = self.newer_most or self.most
        limits = {"minLength": self.least, "maxLength": most}
        return {"type": "string", **{k: v for k, v in limits.items() if v}}


def _check_whole(request: Request[Any], field: str, text: str) -> None:
    """Refuse half of a surrogate pair, which no encoding can carry."""
    at = half_a_pair(text)
    if at is not None:
        seen = f"has {text[at]!a} at character {at + 1:,}, half of a surrogate pair"
        rule = "it can't be sent as JSON; decode the text that it comes from as UTF-8"
        refuse(request, field, seen, rule)


OLDER_MODELS = ("chirp-v3-5", "chirp-v4")
"""They take shorter texts than all after them (API: suno instructions)."""


@final
@attrs.frozen(kw_only=True)
class WebAddress(_Plain):
    """A public address that the service fetches from."""

    wire: str
    omit: object = None

    def check(self, request: Request[Any], field: str, value: Any) -> None:  # noqa: ANN401
        if not (isinstance(value, str) and _is_web_address(value)):
            rule = "it must be a public http:// or https:// address of an audio file"
            refuse(request, field, f"is {shown(value)}", rule)
        _check_whole(request, field, value)

    def schema(self) -> dict[str, object]:
        return {"type": "string", "format": "uri"}


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    # urlsplit() reads past these, and the service may not.
    is_whole = text == text.strip() and not any(one in text for one in "\t\r\n")
    return is_whole and parts.scheme in {"http", "https"} and bool(parts.hostname)


@final
@attrs.frozen(kw_only=True)
class Flag(_Plain):
    """Yes or no."""

    wire: str
    omit: object = None

    def check(self, request: Request[Any], field: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, bool):
            refuse(request, field, f"is {shown(value)}", "it must be True or False")

    def schema(self) -> dict[str, object]:
        return {"type": "boolean"}


@final
@attrs.frozen(kw_only=True)
class Number(_Plain):
    """A number from *least* to *most*, both allowed, or above *above*."""

    wire: str
    omit: object = None
    least: float | None = None
    most: float | None = None
    above: float | None = None
    whole: bool = False

    def check(self, request: Request[Any], field: str, value: Any) -> None:  # noqa: ANN401
        kinds = int if self.whole else (int, float)
        is_number = isinstance(value, kinds) and not isinstance(value, bool)
        # Comparing this way round, NaN is within no bounds; an int may be too large.
        if not (is_number and self._holds(value)):
            refuse(request, field, f"is {shown(value)}", f"it must be {self.rule()}")

    def _holds(self, value: float) -> bool:
        return (
            abs(value) <= sys.float_info.max
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
        )

    def rule(self) -> str:
        """Say the rule in words."""
        kind = "a whole number" if self.whole else "a number"
        if self.above is not None:
            return f"{kind} above {self.above:g}"
        if self.least is not None and self.most is not None:
            return f"{kind} from {self.least:g} to {self.most:g}"
        return kind if self.least is None else f"{kind}, {self.least:g} or more"

    def schema(self) -> dict[str, object]:
        limits = {
            "minimum": self.least,
            "maximum": self.most,
            "exclusiveMinimum": self.above,
        }
        kind = "integer" if self.whole else "number"
        return {"type": kind, **{k: v for k, v in limits.items() if v is not None}}


@final
@attrs.frozen(kw_only=True)
class Choice(_Plain):
    """One of a closed list."""

    wire: str
    omit: object = None
    values: tuple[str, ...]

    def check(self, request: Request[Any], field: str, value: Any) -> None:  # noqa: ANN401
        if value not in self.values:
            rule = f"it must be one of {', '.join(self.values)}"
            name = meant(value, self.values) if isinstance(value, str) else None
            if name is not None:
                rule = f"write {name!r}; {rule}"
            refuse(request, field, f"is {shown(value)}", rule)

    def schema(self) -> dict[str, object]:
        return {"type": "string", "enum": list(self.values)}


@final
@attrs.frozen(kw_only=True)
class Name(_Plain):
    """
    A name of the vendor's, who may have more of them than are known today.

    One that is known but for its spelling is refused; any other is sent, with a
    warning.

    Args:
        values: The known ones.
        related: Names that the vendor has elsewhere: one that misspells them is
            refused too.
    """

    wire: str
    omit: object = None
    values: tuple[str, ...]
    related: tuple[str, ...] = ()

    def check(self, request: Request[Any], field: str, value: Any) -> None:  # noqa: ANN401
        self.check_spelling(request, field, value)
        warn_of_names(request, field, [value], self.values)

    def check_spelling(self, request: Request[Any], field: str, value: object) -> None:
        """Refuse what is no name, and a name that another was meant by."""
        known = ", ".join(self.values)
        if not isinstance(value, str):
            rule = f"it must be text, such as one of {known}"
            refuse(request, field, f"is {shown(value)}", rule)
        if is_blank(value):
            refuse(request, field, "is empty", f"the known names are {known}")
        _check_whole(request, field, value)
        names = (*self.values, *self.related)
        name = None if value in names else meant(value, names)
        if name is not None:
            refuse(request, field, f"is {shown(value)}", f"write {name!r}")

    def schema(self) -> dict[str, object]:
        return {"type": "string", "examples": list(self.values)}


def warn_of_names(
    request: Request[Any], field: str, names: Iterable[str], known: Sequence[str]
) -> None:
    """Warn once of the names that are not known, and are sent all the same."""
    unknown = [name for name in names if name not in known]
    if unknown:
        seen = ", ".join(map(shown, unknown))
        warn(
            f"{request.kind()}: {field} {seen} is not known to this version of"
            " aiomusic, and is sent as it is, under the limits of the newest that is"
            f" known. Known are {', '.join(known)}."
        )


@final
@attrs.frozen(kw_only=True)
class Names:
    """At most *most* names of the vendor's, each as a `Name` is."""

    wire: str
    omit: object = ()
    values: tuple[str, ...]
    most: int = 5

    def check(self, request: Request[Any], field: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, tuple):
            rule = f"it must be a list of at most {self.most}"
            refuse(request, field, f"is {shown(value)}", rule)
        if len(value) > self.most:
            seen = f"has {len(value)} entries"
            refuse(request, field, seen, f"at most {self.most} are taken")
        name = Name(wire=self.wire, values=self.values)
        for number, one in enumerate(value):
            name.check_spelling(request, f"{field}[{number}]", one)
        warn_of_names(request, field, value, self.values)

    def to_wire(self, value: Any) -> object:  # noqa: ANN401
        return list(value)

    def from_wire(self, value: Any, body: Mapping[str, object]) -> object:  # noqa: ANN401, ARG002
        return value

    def schema(self) -> dict[str, object]:
        items = {"type": "string", "examples": list(self.values)}
        return {"type": "array", "maxItems": self.most, "items": items}


def is_open(kind: object) -> bool:
    """Check whether a type is that of known names, or any text."""
    is_union = get_origin(kind) in {Union, types.UnionType}
    parts = get_args(kind) if is_union else ()
    return str in parts and any(get_origin(one) is Literal for one in parts)


def known_values(kind: object) -> tuple[str, ...]:
    """Return the known names of a type such as `aiomusic.suno.Model`."""
    parts = (kind, *get_args(kind))
    (literal,) = (one for one in parts if get_origin(one) is Literal)
    return cast("tuple[str, ...]", get_args(literal))


@final
@attrs.frozen
class ClipRef:
    """A clip to work on: its id, and what the caller knows of it."""

    clip_id: str
    is_upload: bool = False
    provider: str | None = attrs.field(default=None, eq=False)


def clip_ref(clip: Clip | Upload | ClipRef | str) -> ClipRef:
    """Take a Clip, an Upload, or the id of a generated clip."""
    match clip:
        case ClipRef():
            return clip
        case Upload():
            return ClipRef(clip.clip_id, is_upload=True, provider=clip.provider)
        case Clip():
            return ClipRef(clip.clip_id, provider=clip.provider)
        case _:
            return ClipRef(clip)


@final
@attrs.frozen(kw_only=True)
class _ClipId:
    """A clip on the platform, named by its id."""

    wire: str
    omit: object = None

    def check(self, request: Request[Any], field: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value.clip_id, str) or is_blank(value.clip_id):
            rule = "it must be a Clip, an Upload or the id of a clip"
            refuse(request, field, f"is {shown(value.clip_id)}", rule)
        _check_whole(request, field, value.clip_id)
        if value.provider not in (None, request.PROVIDER):
            rule = f"only a clip of {request.PROVIDER} can be used here"
            refuse(request, field, f"was made by {value.provider}", rule)
        if value.is_upload and request.TASK_TYPES is None:
            rule = "only a generated clip can be used here"
            refuse(request, field, "is an upload", rule)

    def to_wire(self, value: ClipRef) -> object:
        return value.clip_id

    def from_wire(self, value: str, body: Mapping[str, object]) -> object:
        return ClipRef(value, is_upload="upload" in str(body.get("task_type")))

    def schema(self) -> dict[str, object]:
        return {"type": "string", "format": "uuid"}


CLIP = _ClipId(wire="continue_clip_id")
"""The clip that a request works on."""


def wire(spec: Spec) -> Mapping[str, Spec]:
    """Give the metadata of an attrs field that is sent, and ruled, by *spec*."""
    return {_SPEC: spec}


_SPEC = "aiomusic.spec"


def specs(kind: type[Request[Any]]) -> dict[str, Spec]:
    """Map the fields of a kind of request to their rules."""
    fields = attrs.fields(kind)
    return {f.name: f.metadata[_SPEC] for f in fields if _SPEC in f.metadata}


def refuse(request: Request[Any], field: str, seen: str, rule: str) -> NoReturn:
    """
    Refuse a request before it is paid for.

    Raises:
        InvalidRequest: Always.
    """
    message = f"{request.kind()}: {field} {seen}; {rule}. Nothing was sent."
    raise InvalidRequest(message, field=field, rule=rule)


_IS_UNWARNED = contextvars.ContextVar("_IS_UNWARNED", default=False)


@contextlib.contextmanager
def unwarned() -> Iterator[None]:
    """Build requests that were warned of already, when they were first built."""
    token = _IS_UNWARNED.set(True)
    try:
        yield
    finally:
        _IS_UNWARNED.reset(token)


def warn(message: str) -> None:
    """Warn in the caller's line, however deep in this library it was noticed."""
    if _IS_UNWARNED.get():
        return
    depth, frame = 2, sys._getframe(1)  # noqa: SLF001
    while _is_ours(frame.f_code.co_filename) and frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, MusicWarning, stacklevel=depth)


def _is_ours(filename: str) -> bool:
    return filename.startswith((_HERE, "<attrs generated"))


_HERE = __file__.rpartition("_request")[0]
