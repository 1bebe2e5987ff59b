"""
A provider's methods, each declared once: ``create = operation(Create)``.

Such a method has the signature, the documentation and the errors of its request class.
"""

from collections.abc import Callable, Mapping
from typing import (
    Any,
    ClassVar,
    Generic,
    ParamSpec,
    TypeAlias,
    TypeVar,
    cast,
    final,
    overload,
)

from aiomusic._job import MusicJob, Poll, Submit
from aiomusic._request import OnKnownKey, Request
from aiomusic.results import TaskSnapshot

__all__ = ["Followed", "MakeFormat", "Operation", "Operations", "operation"]

P = ParamSpec("P")
R = TypeVar("R")

MakeFormat: TypeAlias = Callable[..., Request[Any]]
"""Makes a request of a clip."""


class Operations:
    """
    The methods of a provider: each checks, returns a `MusicJob` at once, never waits.

    All take *key* (our name for the job, the same after a restart), *metadata*
    (what you want to find again beside it), *on_known_key* and *extra* (fields to add
    to the body that is sent, or to override in it).

    Raises:
        InvalidRequest: A field breaks a rule; nothing was sent.
    """

    __slots__ = ("_poll", "_submit")

    def __init__(self, submit: Submit, poll: Poll) -> None:
        self._submit = submit
        self._poll = poll


class Followed(Operations):
    """The methods of a provider whose creates are followed as tasks."""

    __slots__ = ()

    NAME: ClassVar[str]
    """The provider's name."""
    FORMATS: ClassVar[Mapping[str, MakeFormat]] = {}
    """What asks for a clip's audio in another format, by the format's name."""

    async def get(self, task_id: str) -> TaskSnapshot:
        """Poll a task once; API: get music."""
        return await self._poll(self.NAME, task_id)


def operation(request_class: Callable[P, Request[R]]) -> "Operation[P, R]":
    """Declare the method that submits a request of a class, under its *OPERATION*."""
    return Operation(request_class)


@final
class Operation(Generic[P, R]):
    """A method that takes the arguments of a request class, and submits the request."""

    def __init__(self, request_class: Callable[P, Request[R]]) -> None:
        self._class = request_class
        self.__doc__ = request_class.__doc__
        self.__wrapped__ = request_class

    @overload
    def __get__(self, instance: None, owner: type) -> "Operation[P, R]": ...
    @overload
    def __get__(
        self, instance: Operations, owner: type
    ) -> Callable[P, MusicJob[R]]: ...
    def __get__(
        self, instance: Operations | None, owner: type
    ) -> "Operation[P, R] | Callable[P, MusicJob[R]]":
        if instance is None:
            return self
        # A descriptor is part of the class that it stands in.
        return _method(self._class, instance._submit)


def _method(
    request_class: Callable[P, Request[R]], submit: Submit
) -> Callable[P, MusicJob[R]]:
    kind = cast("type[Request[Any]]", request_class)
    make: Callable[..., Request[R]] = request_class

    def method(
        *args: object,
        key: str | None = None,
        metadata: Mapping[str, object] | None = None,
        on_known_key: OnKnownKey | None = None,
        **fields: object,
    ) -> MusicJob[R]:
        try:
            request = make(*args, **fields)
        except TypeError as error:
            raise _renamed(error, kind) from None
        return submit(request, key=key, metadata=metadata, on_known_key=on_known_key)

    method.__name__, method.__doc__ = kind.OPERATION, kind.__doc__
    method.__qualname__ = f"{kind.PROVIDER}.{kind.OPERATION}"
    # For inspect.signature().
    method.__wrapped__ = request_class  # type: ignore[attr-defined]
    return cast("Callable[P, MusicJob[R]]", method)


def _renamed(error: TypeError, kind: type[Request[Any]]) -> TypeError:
    """Let an error about arguments name the method that was called."""
    told, name = str(error), f"{kind.__name__}.__init__()"
    if not told.startswith(name):
        return error
    return TypeError(f"{kind.kind()}(){told.removeprefix(name)}")
