"""
The fields of requests: each with its rule, and its name on the wire.

A field is declared once, as an annotated value:
``title: Annotated[str | None, Text(wire="title", most=80)]``.
The body that is sent, the check before anything is paid for, the reading back in the
emulator, its OpenAPI document and the columns of a batch come from that declaration.
"""

import contextlib
import contextvars
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import (
    Literal,
    NoReturn,
    Protocol,
    cast,
    final,
    get_args,
    get_origin,
)
from urllib.parse import urlsplit

import attrs

from aiomusic._local_file import BadFile, LocalFile
from aiomusic._spelling import half_a_pair, is_blank, meant, shown
from aiomusic.errors import InvalidRequest, MusicWarning
from aiomusic.results import Clip, Upload

__all__ = [
    "Checked",
    "Choice",
    "ClipId",
    "ClipRef",
    "Field",
    "Flag",
    "Name",
    "Names",
    "Number",
    "Plain",
    "Text",
    "WebAddress",
    "clip_ref",
    "field_of",
    "generated_ref",
    "known_values",
    "refuse",
    "unwarned",
    "warn",
    "warn_of_names",
    "web_address",
]


class Checked(Protocol):
    """What a rule knows of the request whose field it checks."""

    @classmethod
    def kind(cls) -> str:
        """Name the operation, as in ``suno.create``."""
        ...


class Field(Protocol):
    """The rule of one field, and its name on the wire."""

    @property
    def wire(self) -> str: ...

    @property
    def omit(self) -> object:
        """The value at which the field is left out of the body."""

    @property
    def is_sent(self) -> bool:
        """Whether it is in the body; else the path tells it."""
        ...

    def stored(self, value: object) -> object:
        """Return what the request keeps of an argument."""

    def check(self, request: Checked, field: str, value: object) -> None:
        """Raise InvalidRequest if *value* breaks the rule."""

    def to_wire(self, value: object) -> object: ...

    def from_wire(self, value: object) -> object: ...

    def schema(self) -> dict[str, object]:
        """Describe the field as JSON Schema does."""
        ...


class Plain:
    """A field whose value is the same on the wire."""

    __slots__ = ()

    @property
    def is_sent(self) -> bool:
        return True

    def stored(self, value: object) -> object:
        # White space is no text: the rule for "" holds for it.
        return "" if isinstance(value, str) and is_blank(value) else value

    def to_wire(self, value: object) -> object:
        return value

    def from_wire(self, value: object) -> object:
        return value


@final
@attrs.frozen(kw_only=True)
class Text(Plain):
    """
    A text of *least* to *most* characters.

    Args:
        advised: Above it the sources disagree: sent, with a warning.
        or_whole: Whether a whole number is taken for its digits.
        older_most: What models take that are older than the newest.
        older: Which models these are.
    """

    wire: str
    omit: object = None
    least: int = 0
    most: int | None = None
    advised: int | None = None
    older_most: int | None = None
    or_whole: bool = False
    older: tuple[str, ...] = ()

    def check(self, request: Checked, field: str, value: object) -> None:
        if not isinstance(value, str):
            refuse(request, field, f"is {shown(value)}", "it must be text")
        _check_whole(request, field, value)
        # White space around a text is no more of it.
        size, least = len(value), len(value.strip())
        if least < self.least:
            seen = f"has {least:,} characters" if least else "is empty"
            needed = "1 is" if self.least == 1 else f"{self.least:,} are"
            refuse(request, field, seen, f"at least {needed} needed")
        most = self.most_for(request)
        if most is not None and size > most:
            rule = f"at most {most:,} are taken"
            if self.older:
                rule += f" by model {getattr(request, 'model', None)}"
            refuse(request, field, f"has {size:,} characters", rule)
        if self.advised is not None and size > self.advised:
            warn(
                f"{request.kind()}: {field} has {size:,} characters; one page of the"
                f" API allows {self.advised:,}, another more, so it is sent as it is."
            )

    def most_for(self, request: Checked) -> int | None:
        """Return the limit that holds for the request's model."""
        is_older = getattr(request, "model", None) in self.older
        return self.older_most if is_older else self.most

    def schema(self) -> dict[str, object]:
        limits = {"minLength": self.least, "maxLength": self.most}
        kind: object = ["string", "integer"] if self.or_whole else "string"
        return {"type": kind, **{k: v for k, v in limits.items() if v}}


def _check_whole(request: Checked, field: str, text: str) -> None:
    """Refuse half of a surrogate pair, which no encoding can carry."""
    at = half_a_pair(text)
    if at is not None:
        seen = f"has {text[at]!a} at character {at + 1:,}, half of a surrogate pair"
        rule = "it can't be sent as JSON; decode the text that it comes from as UTF-8"
        refuse(request, field, seen, rule)


@final
@attrs.frozen(kw_only=True)
class WebAddress(Plain):
    """A public address that the service fetches from, or a local file as a Path."""

    wire: str
    omit: object = None

    def stored(self, value: object) -> object:
        if not isinstance(value, PurePath):
            return super().stored(value)
        try:
            return LocalFile.read(value).address
        except BadFile as error:
            # The rule refuses it, in words.
            return error

    def check(self, request: Checked, field: str, value: object) -> None:
        if isinstance(value, BadFile):
            refuse(request, field, value.seen, value.rule)
        if LocalFile.from_address(value) is not None:
            return
        if not (isinstance(value, str) and _is_web_address(value)):
            rule = (
                "it must be a public http:// or https:// address of an audio file, or"
                " a pathlib.Path of one on this machine"
            )
            refuse(request, field, f"is {shown(value)}", rule)
        _check_whole(request, field, value)

    def schema(self) -> dict[str, object]:
        return {"type": "string", "format": "uri"}


def web_address(url: str | PurePath) -> str:
    """Take an address, or the path of a local file, which the rule reads."""
    return cast("str", url)


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
class Flag(Plain):
    """
    Yes or no.

    Args:
        chooses_path: It is not in the body, but chooses where that is sent.
    """

    wire: str
    omit: object = None
    chooses_path: bool = False

    @property
    def is_sent(self) -> bool:
        return not self.chooses_path

    def check(self, request: Checked, field: str, value: object) -> None:
        if not isinstance(value, bool):
            refuse(request, field, f"is {shown(value)}", "it must be True or False")

    def schema(self) -> dict[str, object]:
        return {"type": "boolean"}


@final
@attrs.frozen(kw_only=True)
class Number(Plain):
    """A number from *least* to *most*, both allowed, or above *above*."""

    wire: str
    omit: object = None
    least: float | None = None
    most: float | None = None
    above: float | None = None
    whole: bool = False

    def check(self, request: Checked, field: str, value: object) -> None:
        if not self._holds(value):
            refuse(request, field, f"is {shown(value)}", f"it must be {self.rule()}")

    def _holds(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        # Comparing this way round, NaN is within no bounds; an int may be too large.
        return (
            not (self.whole and isinstance(value, float))
            and abs(value) <= sys.float_info.max
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
        )

    def rule(self) -> str:
        """Return the rule in words."""
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
class Choice(Plain):
    """One of a closed list."""

    wire: str
    omit: object = None
    values: tuple[str, ...]

    def check(self, request: Checked, field: str, value: object) -> None:
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
class Name(Plain):
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

    def check(self, request: Checked, field: str, value: object) -> None:
        self.check_spelling(request, field, value)
        warn_of_names(request, field, [str(value)], self.values)

    def check_spelling(self, request: Checked, field: str, value: object) -> None:
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
    request: Checked, field: str, names: Iterable[str], known: Sequence[str]
) -> None:
    """Warn once of the names that are not known, and are sent all the same."""
    unknown = [name for name in names if name not in known]
    if unknown:
        seen = ", ".join(map(shown, unknown))
        limits = ", under the limits of the newest that is known"
        warn(
            f"{request.kind()}: {field} {seen} is not known to this version of"
            f" aiomusic, and is sent as it is{limits if field == 'model' else ''}."
            f" Known are {', '.join(known)}."
        )


@final
@attrs.frozen(kw_only=True)
class Names(Plain):
    """At most *most* names of the vendor's, each as a `Name` is."""

    wire: str
    omit: object = ()
    values: tuple[str, ...]
    most: int = 5

    def stored(self, value: object) -> object:
        if isinstance(value, str):
            return (value,)
        try:
            return tuple(cast("Iterable[object]", value))
        except TypeError:
            # The rule refuses it, in words.
            return value

    def check(self, request: Checked, field: str, value: object) -> None:
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

    def to_wire(self, value: object) -> object:
        return list(cast("tuple[str, ...]", value))

    def from_wire(self, value: object) -> object:
        # What is no list is for the rule to refuse, a text that is one name too.
        return value if isinstance(value, list) else [[value]]

    def schema(self) -> dict[str, object]:
        items = {"type": "string", "examples": list(self.values)}
        return {"type": "array", "maxItems": self.most, "items": items}


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


def generated_ref(clip: Clip | ClipRef | str) -> ClipRef:
    """Take a Clip, or the id of a generated clip."""
    return clip_ref(clip)


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
class ClipId(Plain):
    """
    A clip on the platform, named by its id.

    Args:
        takes_uploads: Whether an upload is taken too.
    """

    wire: str = "continue_clip_id"
    omit: object = None
    takes_uploads: bool = False

    def check(self, request: Checked, field: str, value: object) -> None:
        ref = cast("ClipRef", value)
        if not isinstance(cast("object", ref.clip_id), str) or is_blank(ref.clip_id):
            rule = "it must be a Clip, an Upload or the id of a clip"
            refuse(request, field, f"is {shown(ref.clip_id)}", rule)
        _check_whole(request, field, ref.clip_id)
        provider = request.kind().partition(".")[0]
        if ref.provider not in (None, provider):
            rule = f"only a clip of {provider} can be used here"
            refuse(request, field, f"was made by {ref.provider}", rule)
        if ref.is_upload and not self.takes_uploads:
            rule = "only a generated clip can be used here"
            refuse(request, field, "is an upload", rule)

    def to_wire(self, value: object) -> object:
        return cast("ClipRef", value).clip_id

    def from_wire(self, value: object) -> object:
        return ClipRef(cast("str", value))

    def schema(self) -> dict[str, object]:
        # The service's own are UUIDs; a rule of it says nothing of that.
        return {"type": "string", "pattern": r"\S"}


def field_of(annotation: object) -> "Field | None":
    """Return the rule that a type is annotated with; None: the field isn't sent."""
    found = getattr(annotation, "__metadata__", ())
    return cast("Field", found[0]) if found else None


def refuse(request: Checked, field: str, seen: str, rule: str) -> NoReturn:
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


_HERE = __file__.rpartition("_fields")[0]
