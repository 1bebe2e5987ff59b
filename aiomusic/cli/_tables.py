"""Tables for a terminal."""

import shutil
from collections.abc import Mapping, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

__all__ = ["details_table", "jobs_table", "spending_table"]

STYLES: Final[Mapping[str, str]] = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "dim",
    "unknown": "yellow",
    "submitting": "cyan",
    "pending": "cyan",
    "running": "cyan",
}
# Below so many columns the task's id makes room for the title.
WIDE: Final = 110
SHORT_KIND: Final = 16
MAX_KEY: Final = 24
MIN_TITLE: Final = 8
GAP: Final = 2
HEADS: Final = ("state", "age", "cost", "charged", "kind", "key", "task")
# Below so many columns the money makes room for the key, and 'jobs show' has it.
NARROW: Final = 60
NARROW_HEADS: Final = ("state", "age", "key")


def jobs_table(rows: Sequence[Sequence[str]], *, has_account: bool = False) -> None:
    """
    Show the jobs, a line each: state, age, cost, charged, kind, key, task, title.

    Args:
        has_account: Whether the account stands before the title.
    """
    columns = shutil.get_terminal_size().columns
    is_wide = columns >= WIDE
    heads: Sequence[str] = HEADS if is_wide else HEADS[:-1]
    if columns < NARROW and not has_account:
        heads = NARROW_HEADS
    if has_account:
        heads = (*HEADS, "account")
    longest = {
        "key": MAX_KEY,
        "account": MAX_KEY,
        "kind": columns if is_wide else SHORT_KIND,
    }
    table = _table()
    left = columns
    places = [(*HEADS, "account").index(name) for name in heads]
    for at, name in zip(places, heads, strict=True):
        widths = [cell_len(row[at]) for row in rows]
        width = max(len(name), min(max(widths), longest.get(name, columns)))
        justify: JustifyMethod = "right" if name in {"age", "cost"} else "left"
        table.add_column(name, width=width, no_wrap=True, justify=justify)
        left -= width + GAP
    table.add_column("title", no_wrap=True, width=max(MIN_TITLE, left))
    for row in rows:
        cells = [Text(row[at], overflow="ellipsis") for at in (*places, -1)]
        cells[0].stylize(STYLES.get(row[0], ""))
        table.add_row(*cells)
    Console(highlight=False).print(table)


def details_table(lines: Sequence[tuple[str, str]]) -> None:
    """Show what is known of one job, a name and a value a line."""
    table = _table(has_header=False)
    table.add_column(style="dim", overflow="fold", max_width=30)
    # A link or a path is copied whole, so it is folded and not cut.
    table.add_column(overflow="fold")
    for name, value in lines:
        style = STYLES.get(value, "") if name == "state" else ""
        table.add_row(Text(name), Text(value, style=style))
    Console(highlight=False).print(table)


def spending_table(heading: str, rows: Sequence[Sequence[str]]) -> None:
    """Show what was bought under each heading; the last row is the sum."""
    table = _table()
    table.add_column(heading, overflow="fold")
    for name in ("jobs", "credits", "reserved"):
        table.add_column(name, justify="right", no_wrap=True)
    *parts, total = rows
    for name, *figures in parts:
        table.add_row(Text(name), *(f"{int(one):,}" for one in figures))
    name, *figures = total
    table.add_row(Text(name), *(f"{int(one):,}" for one in figures), style="bold")
    Console(highlight=False).print(table)


def _table(*, has_header: bool = True) -> Table:
    return Table(
        box=None,
        show_header=has_header,
        header_style="dim",
        pad_edge=False,
        padding=(0, GAP, 0, 0),
    )
