"""What a list of requests would cost."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, final

import attrs

from aiomusic._arguments import keyed, pairs_of
from aiomusic._request import Request

__all__ = ["Quote", "quote"]


@final
@attrs.frozen(kw_only=True)
class Quote:
    """
    A price, before anything is bought.

    Attributes:
        jobs: How many requests.
        credits: What all of them cost.
        by_operation: What those of each operation cost, as in ``suno.create``.
    """

    jobs: int
    credits: int
    by_operation: Mapping[str, int]


_Source: TypeAlias = Request[Any] | tuple[str, Request[Any]]


def quote(
    requests: Iterable[_Source] | Mapping[str, Request[Any]],
    price: Callable[[Request[Any]], int],
) -> Quote:
    """
    Add up the costs of what `MusicSession.run` takes.

    Args:
        price: What a request costs.

    Raises:
        TypeError: It holds something else.
    """
    jobs, by_operation = 0, dict[str, int]()
    for source in pairs_of("quote()", requests):
        _, request = keyed("quote()", source)
        jobs += 1
        kind = request.kind()
        by_operation[kind] = by_operation.get(kind, 0) + price(request)
    return Quote(
        jobs=jobs, credits=sum(by_operation.values()), by_operation=by_operation
    )
