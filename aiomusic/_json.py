"""Values of this library to JSON and back: the one converter that does both."""

import functools
import types
from collections.abc import Mapping
from datetime import datetime
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

from aiomusic._redact import kept

if TYPE_CHECKING:
    import cattrs

__all__ = ["Portable", "converter", "from_json", "is_open", "to_json"]

R = TypeVar("R")


class Portable:
    """A value that travels as JSON: in files, in queues and to browsers."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, under its fields' names; no secret is spelled in it."""
        return cast("dict[str, Any]", to_json(self))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """
        Read what `to_json` returned.

        Raises:
            ValueError: It is something else.
        """
        return from_json(value, cls)


def to_json(value: object) -> object:
    """Return any value of this library as JSON, in which no secret is spelled."""
    return kept(converter().unstructure(value))


def from_json(value: object, kind: type[R]) -> R:
    """
    Read what `to_json` returned.

    Raises:
        ValueError: It is something else.
    """
    import cattrs  # noqa: PLC0415 - its cost

    try:
        return converter().structure(value, kind)
    except (cattrs.BaseValidationError, AttributeError, TypeError) as error:
        places = str(error)
        if isinstance(error, cattrs.BaseValidationError):
            places = "; ".join(cattrs.transform_error(error))
        message = f"this is no {getattr(kind, '__name__', kind)}: {places}"
        raise ValueError(message) from error


def is_open(kind: object) -> bool:
    """Check whether a type is that of known names, or any text."""
    is_union = get_origin(kind) in {Union, types.UnionType}
    parts = get_args(kind) if is_union else ()
    return str in parts and any(get_origin(one) is Literal for one in parts)


@functools.cache
def converter() -> "cattrs.Converter":
    """Return what turns values into JSON and back."""
    import cattrs  # noqa: PLC0415 - its cost

    made = cattrs.Converter(forbid_extra_keys=True)
    made.register_unstructure_hook(datetime, datetime.isoformat)
    made.register_structure_hook(
        datetime, lambda value, _: datetime.fromisoformat(value)
    )
    made.register_structure_hook_func(
        # What a name may be is for the rule of its field to say.
        lambda kind: kind is object or is_open(kind),
        lambda value, _: value,
    )
    return made
