"""Tables as lines of text. Pure."""

from collections.abc import Sequence

COLUMN = " | "


def write_rows(rows: Sequence[Sequence[str]]) -> str:
    """A line per row, its cells between `|`; empty rows and cells at the end are left out."""
    return "\n".join(line for row in rows if (line := _line(row)))


def write_inner_rows(rows: Sequence[Sequence[str]]) -> str:
    """A table within a cell of another one, on one line."""
    lines = (", ".join(cell for cell in row if cell) for row in rows)
    return "; ".join(line for line in lines if line)


def _line(row: Sequence[str]) -> str:
    return COLUMN.join(row).rstrip(" |") if any(row) else ""
