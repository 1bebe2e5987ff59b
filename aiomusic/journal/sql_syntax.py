"""What databases spell differently, in one place: the rest of a program is the same."""

import functools
import re
from collections.abc import Callable
from typing import Final, final

import attrs

from aiomusic.journal.packing import pack
from aiomusic.journal.rows import MONEY

__all__ = ["POSTGRES", "SQLITE", "SqlSyntax", "numbered"]


@final
@attrs.frozen(kw_only=True)
class SqlSyntax:
    """
    The parts of statements that a database has its own words for.

    Attributes:
        money: The columns of the money side of a purchase.
        tagged: Whether metadata has a name with a value; the parameters are numbered.
        tag: The value of the name ``:tag`` in metadata.
        listed: The elements of ``:keys``, a JSON array.
        made: Whether a job made one of ``:clips``, a JSON array of ids.
        day: The day (UTC) on which a job was bought.
        marked: Whether the user has marked a job as ``:mark``.
        pack: Return a long text as its column holds it.
    """

    money: str
    tagged: str
    tag: str
    listed: str
    made: str
    day: str
    marked: str
    pack: Callable[[str], str | bytes]


SQLITE: Final = SqlSyntax(
    money=MONEY,
    tagged=(
        "EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(metadata) THEN metadata"
        " ELSE '{{}}' END) WHERE json_each.key = :name{0} AND :value{0} = CASE WHEN"
        " type IN ('true', 'false', 'null') THEN type ELSE CAST(value AS TEXT) END)"
    ),
    # A path of json_extract can't hold every name, nor find it spelt otherwise.
    tag=(
        "(SELECT value FROM json_each(CASE WHEN json_valid(metadata) THEN metadata"
        " ELSE '{}' END) WHERE json_each.key = :tag)"
    ),
    listed="SELECT value FROM json_each(:keys)",
    made=(
        "EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(plain(clips)) THEN"
        " plain(clips) ELSE '[]' END) AS made WHERE made.type = 'object' AND"
        " json_extract(made.value, '$.clip_id') IN (SELECT value FROM"
        " json_each(:clips)))"
    ),
    day="date(coalesce(sent_at, made_at), 'unixepoch')",
    marked=(
        "EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(marks) THEN marks"
        " ELSE '{}' END) WHERE json_each.key = :mark)"
    ),
    pack=pack,
)

# The functions are this project's own: they take JSON that can't be read for none.
POSTGRES: Final = SqlSyntax(
    # The row holds the mark itself that its create's body may have left.
    money=f"{MONEY}, begun",
    tagged=(
        # First what is cheap: a text of plain characters stands in it as it is.
        "(CAST(:value{0} AS text) ~ '[^ -~]|[\\\\\"]'"
        " OR strpos(metadata, :value{0}) > 0) AND"
        " EXISTS (SELECT 1 FROM tags_of(metadata) AS tag WHERE tag.name = :name{0}"
        " AND :value{0} = coalesce(tag.value, 'null'))"
    ),
    tag="(SELECT tag.value FROM tags_of(metadata) AS tag WHERE tag.name = :tag)",
    listed="SELECT json_array_elements_text(CAST(:keys AS json))",
    made=(
        "EXISTS (SELECT 1 FROM clips_of(clips) AS made WHERE made.id IN"
        " (SELECT json_array_elements_text(CAST(:clips AS json))))"
    ),
    day=(
        "to_char(to_timestamp(coalesce(sent_at, made_at)) AT TIME ZONE 'UTC',"
        " 'YYYY-MM-DD')"
    ),
    marked="EXISTS (SELECT 1 FROM tags_of(marks) AS tag WHERE tag.name = :mark)",
    # It compresses long rows by itself.
    pack=str,
)


@functools.lru_cache(maxsize=256)
def numbered(statement: str) -> tuple[str, tuple[str, ...]]:
    """Return a statement with PostgreSQL's parameters, and their names in order."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}"

    text = re.sub(r"(?<!:):([a-z]\w*)", number, statement)
    return text, tuple(names)
