"""Which rows can be bought, what they cost, and which of them wait for which."""

import difflib
import heapq
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Any, Final, TypeAlias, final

import attrs

from aiomusic._fields import ClipId, ClipRef, warn
from aiomusic._http.dialects import SUNO
from aiomusic._request import Request, fields_of
from aiomusic._spelling import meant, shown
from aiomusic.batch._cells import read_cell
from aiomusic.batch._rows import AnyRow, BadRow, Record, Reference, Row, bad, rows_of
from aiomusic.errors import InvalidRequest
from aiomusic.providers._all import requests
from aiomusic.results import Clip, Lyrics, Persona, Upload

__all__ = ["Plan", "PlannedRow", "Results", "plan"]

Results: TypeAlias = Mapping[Reference, object]
"""What each reference of a row stands for, once it is known."""

# What stands for a clip, a persona or words until they are there.
_PENDING_ID: Final = "00000000-0000-4000-8000-000000000000"


@final
@attrs.frozen(kw_only=True)
class PlannedRow:
    """
    A row that can be bought, as soon as what it refers to is there.

    Attributes:
        arguments: Of the operation, a `Reference` where another row's result goes.
        metadata: What the other columns hold.
        cost: Credits.
    """

    row: Row
    kind: type[Request[Any]]
    arguments: Mapping[str, Any]
    metadata: Mapping[str, Any]
    cost: int

    @property
    def key(self) -> str:
        """The job's key."""
        return self.row.key

    @property
    def references(self) -> tuple[Reference, ...]:
        """What it waits for, in the order of its arguments."""
        values = self.arguments.values()
        return tuple(one for one in values if isinstance(one, Reference))

    def draft(self) -> Request[Any]:
        """Return the request with something in place of what other rows make."""
        return _built(
            self.kind,
            {
                name: _placeholder(self.kind, name)
                if isinstance(value, Reference)
                else value
                for name, value in self.arguments.items()
            },
        )

    def request(self, results: Results) -> Request[Any]:
        """
        Make the request.

        Raises:
            InvalidRequest: What it refers to does not suit.
        """
        found = {
            name: results[value] if isinstance(value, Reference) else value
            for name, value in self.arguments.items()
        }
        return _built(self.kind, found)


@final
@attrs.frozen(kw_only=True)
class Plan:
    """
    A batch that was checked.

    Attributes:
        rows: Those that can be bought, each after those that it refers to.
        bad: The others.
    """

    rows: tuple[PlannedRow, ...]
    bad: tuple[BadRow, ...]

    @property
    def credits(self) -> int:
        """What all rows cost, were none of them bought yet."""
        return sum(row.cost for row in self.rows)

    @property
    def has_local_files(self) -> bool:
        """Whether the service is to fetch files of this machine."""
        values = (one for row in self.rows for one in row.arguments.values())
        return any(isinstance(one, PurePath) for one in values)

    @property
    def by_operation(self) -> Mapping[str, tuple[int, int]]:
        """How many rows of each operation there are, and what they cost."""
        found: dict[str, tuple[int, int]] = {}
        for row in self.rows:
            number, cost = found.get(row.row.kind, (0, 0))
            found[row.row.kind] = (number + 1, cost + row.cost)
        return found


Price: TypeAlias = Callable[[Request[Any]], int]


def plan(
    rows: Iterable[AnyRow | Mapping[str, Any]],
    *,
    provider: str = "riffusion",
    price: Price = SUNO.price,
) -> Plan:
    """
    Check every row, and order them so that each comes after what it refers to.

    Nothing is sent.  A row that can't be bought stands in `Plan.bad` and stops no
    other, but for those that refer to it.

    Args:
        rows: What `read` returns, or mappings with the same names, such as
            ``{"key": "intro", "provider": "suno", "lyrics": …}``.
        provider: Of mappings that name none.
        price: What a request costs; by default, what it does at this service.
    """
    found = (_as_record(number, row) for number, row in enumerate(rows, 1))
    known: dict[str, Row] = {}
    refused: list[BadRow] = []
    for row in rows_of(found, provider):
        if isinstance(row, BadRow):
            refused.append(row)
        elif row.key in known:
            refused.append(_doubled(row, known[row.key]))
        else:
            known[row.key] = row
    planned: dict[str, PlannedRow] = {}
    for key, row in known.items():
        one = _planned(row, known, price)
        if isinstance(one, BadRow):
            refused.append(one)
        else:
            planned[key] = one
            _warn_of_strays(one)
    ordered, stuck = _ordered(planned)
    refused += stuck
    return Plan(rows=tuple(ordered), bad=tuple(refused))


def _as_record(number: int, row: AnyRow | Mapping[str, Any]) -> AnyRow | Record:
    if isinstance(row, (Row, BadRow)):
        return row
    if not isinstance(row, Mapping):
        message = (
            "A batch takes rows that read() returned, or mappings such as"
            f" {{'provider': 'suno', 'lyrics': ...}}, and not {shown(row)}."
            " Nothing was sent."
        )
        raise TypeError(message)
    return f"row {number}", number, row


def _doubled(row: Row, first: Row) -> BadRow:
    why = f"{row.key!r} is the key of {first.place} too; give each row its own."
    return bad(row.place, why, column="key", number=row.number, key=row.key)


def _planned(row: Row, known: Mapping[str, Row], price: Price) -> PlannedRow | BadRow:
    kind = requests().get(row.kind)
    if kind is None:
        return _no_operation(row)
    names = fields_of(kind)
    arguments: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for column, value in row.values.items():
        if column == "metadata" and isinstance(value, Mapping):
            metadata |= value
        elif column not in names and column != "extra":
            if slip := _misspelt(row, column, names):
                return _refused(row, column, f"write {slip}, as the argument is named.")
            metadata[column] = value
        else:
            try:
                arguments[column] = _argument(row, kind, column, value, known)
            except ValueError as error:
                return _refused(row, column, f"{error}.")
    checked = _checked(row, kind, arguments, known)
    if isinstance(checked, BadRow):
        return checked
    try:
        cost = price(checked)
    except InvalidRequest as error:
        # It can't be had in the formats that are asked for.
        return _refused(row, None, str(error.args[0]).removesuffix(_NOTHING_SENT))
    return PlannedRow(
        row=row, kind=kind, arguments=arguments, metadata=metadata, cost=cost
    )


_NOTHING_SENT: Final = " Nothing was sent for it."


def _checked(
    row: Row,
    kind: type[Request[Any]],
    arguments: Mapping[str, Any],
    known: Mapping[str, Row],
) -> Request[Any] | BadRow:
    """Build the request, with stand-ins for what other rows make."""
    missing = [name for name in _needed(kind) if name not in arguments]
    if missing:
        why = f"{row.kind} needs {' and '.join(missing)}{_strays(row, kind)}."
        return _refused(row, missing[0], why)
    made = {
        name: _stand_in(kind, name, value, known)
        if isinstance(value, Reference)
        else value
        for name, value in arguments.items()
    }
    try:
        return _built(kind, made)
    except InvalidRequest as error:
        why = str(error.args[0]).removesuffix(" Nothing was sent.")
        return _refused(row, error.field, why)


def _built(kind: type[Request[Any]], arguments: dict[str, Any]) -> Request[Any]:
    make: Callable[..., Request[Any]] = kind
    return make(**arguments)


def _needed(kind: type[Request[Any]]) -> tuple[str, ...]:
    fields = attrs.fields_dict(kind)
    return tuple(n for n in fields_of(kind) if fields[n].default is attrs.NOTHING)


def _strays(row: Row, kind: type[Request[Any]]) -> str:
    """Name the columns that other operations take, and this one does not."""
    known = {name for one in requests().values() for name in fields_of(one)}
    strays = [name for name in row.values if name in known - set(fields_of(kind))]
    if not strays:
        return ""
    are = "are no arguments" if len(strays) > 1 else "is no argument"
    return f"; {' and '.join(strays)} {are} of it"


def _misspelt(row: Row, column: str, names: Iterable[str]) -> str | None:
    """Return the argument that a column names in other letters, if it was meant."""
    name = meant(column, names)
    return None if name in row.values else name


def _warn_of_strays(planned: PlannedRow) -> None:
    """Warn of columns that seem to be arguments, and are bought without."""
    row, names = planned.row, fields_of(planned.kind)
    for column in row.values.keys() - names.keys() - {"extra", "metadata"}:
        (hint,) = difflib.get_close_matches(column, names, n=1, cutoff=0.8) or (None,)
        kept = f"{row.kind} takes no {column}: it is kept as metadata"
        if hint is not None and hint not in row.values:
            warn(f"{kept}, and changes no song. Did you mean {hint}?")
        elif column in _creates():
            warn(f"{kept}, and changes no song.")


def _creates() -> set[str]:
    """Return the arguments of all that makes a song from words."""
    kinds = (one for name, one in requests().items() if ".create" in name)
    return {name for kind in kinds for name in fields_of(kind)} - _OWN_WORDS


# What users' own columns are often called.
_OWN_WORDS: Final = frozenset({"name", "description", "prompt"})


def _refused(row: Row, column: str | None, why: str) -> BadRow:
    column = column if column in row.values else None
    return bad(row.place, why, column=column, number=row.number, key=row.key)


def _no_operation(row: Row) -> BadRow:
    kinds = requests()
    providers = dict.fromkeys(kind.partition(".")[0] for kind in kinds)
    if row.provider not in providers:
        hint = meant(row.provider, tuple(providers))
        known = (
            f"did you mean {hint}?" if hint else f"known are {', '.join(providers)}."
        )
        column, why = "provider", f"there is no provider {shown(row.provider)}; {known}"
    else:
        names = [k.partition(".")[2] for k in kinds if k.startswith(f"{row.provider}.")]
        column = "operation"
        why = (
            f"{row.provider} has no operation {shown(row.operation)}; it has"
            f" {', '.join(names)}."
        )
    return bad(row.place, why, column=column, number=row.number, key=row.key)


def _argument(
    row: Row,
    kind: type[Request[Any]],
    column: str,
    value: object,
    known: Mapping[str, Row],
) -> object:
    """
    Read a cell as the argument that its column names.

    Raises:
        ValueError: It can't be read.
    """
    reference = Reference.read(value)
    if value == "@" and _takes_clip(kind, column):
        message = "it is '@'; write the key of a row after it"
        raise ValueError(message)
    if reference is not None and _may_refer(kind, column, reference, known):
        _check_reference(reference, kind, column, known)
        return reference
    if not isinstance(value, str):
        return tuple(value) if isinstance(value, list) else value
    return read_cell(kind, column, value, row.folder)


def _may_refer(
    kind: type[Request[Any]],
    column: str,
    reference: Reference,
    known: Mapping[str, Row],
) -> bool:
    """Check whether a cell that begins with @ names a row: words may begin so too."""
    if _takes_clip(kind, column) or column == "persona":
        return True
    target = known.get(reference.key)
    return column == "lyrics" and target is not None and target.provider == "lyrics"


def _takes_clip(kind: type[Request[Any]], column: str) -> bool:
    return isinstance(fields_of(kind).get(column), ClipId)


def _check_reference(
    reference: Reference,
    kind: type[Request[Any]],
    column: str,
    known: Mapping[str, Row],
) -> None:
    row = known.get(reference.key)
    target = None if row is None else requests().get(row.kind)
    if row is None:
        message = (
            f"{reference} names no row of this batch: add the row that makes it, which"
            " is not bought again"
        )
        raise ValueError(message)
    if target is None:
        message = f"{reference} names {row.place}, which can't be bought"
        raise ValueError(message)
    made = _made_by(target)
    wanted = _WANTED.get(column)
    if made is not wanted and not (wanted is None and made in {Clip, Upload}):
        needed = "clip" if wanted is None else wanted.__name__.lower()
        message = (
            f"{reference} names {row.place}, a {row.kind}, and that makes no {needed}"
        )
        raise ValueError(message)
    if reference.is_kept and made is not Clip:
        message = f"{reference} names {row.place}, which makes no takes to keep"
        raise ValueError(message)
    if made is Clip and reference.take >= target.most_clips():
        message = (
            f"{reference} is take {reference.take + 1} of {row.place}, which makes"
            f" {target.most_clips()}; the first is [0]"
        )
        raise ValueError(message)
    if wanted is None and target.PROVIDER != kind.PROVIDER:
        message = (
            f"{reference} is a clip of {target.PROVIDER}, and only a clip of"
            f" {kind.PROVIDER} can be used here"
        )
        raise ValueError(message)


_WANTED: Final[Mapping[str, Any]] = {"persona": Persona, "lyrics": Lyrics}


_MADE: Final[Mapping[str, type]] = {
    "upload": Upload,
    "create_persona": Persona,
    "create": Lyrics,
}


def _made_by(kind: type[Request[Any]]) -> type:
    if kind.CLIPS:
        return Clip
    return _MADE.get(kind.OPERATION, object)


def _stand_in(
    kind: type[Request[Any]], name: str, value: Reference, known: Mapping[str, Row]
) -> object:
    made = _made_by(requests()[known[value.key].kind])
    return _placeholder(kind, name, is_upload=made is Upload)


def _placeholder(
    kind: type[Request[Any]], name: str, *, is_upload: bool = False
) -> object:
    if not _takes_clip(kind, name):
        return "words" if name == "lyrics" else _PENDING_ID
    return ClipRef(_PENDING_ID, is_upload=is_upload, provider=kind.PROVIDER)


def _ordered(
    planned: Mapping[str, PlannedRow],
) -> tuple[list[PlannedRow], list[BadRow]]:
    """Put each row after those that it refers to, and otherwise as they stand."""
    places = {key: place for place, key in enumerate(planned)}
    waits = {key: {one.key for one in row.references} for key, row in planned.items()}
    followers: dict[str, list[str]] = {}
    for key, targets in waits.items():
        for target in targets:
            followers.setdefault(target, []).append(key)
    ready = [places[key] for key, targets in waits.items() if not targets]
    keys, ordered = list(planned), list[PlannedRow]()
    while ready:
        key = keys[heapq.heappop(ready)]
        ordered.append(planned[key])
        for follower in followers.get(key, ()):
            waits[follower].discard(key)
            if not waits[follower]:
                heapq.heappush(ready, places[follower])
    return ordered, [
        _stuck(planned[key], planned) for key, left in waits.items() if left
    ]


def _stuck(row: PlannedRow, planned: Mapping[str, PlannedRow]) -> BadRow:
    lost = next((one.key for one in row.references if one.key not in planned), None)
    why = "it waits for itself, by way of the rows that it refers to."
    if lost is not None:
        why = f"it waits for row {lost!r}, which can't be bought."
    return _refused(row.row, _column_of(row, lost), why)


def _column_of(row: PlannedRow, key: str | None) -> str | None:
    for column, value in row.arguments.items():
        if isinstance(value, Reference) and key in (None, value.key):
            return column
    return None
