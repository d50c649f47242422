"""Text layout of HTML elements: rows of cells, items of lists, blocks set apart."""

import html
import re
from dataclasses import dataclass, field

from workflows.text.layout.gaps import gap_between
from workflows.text.layout.html_names import APART, BLOCKS, CELLS, LINES, LISTS
from workflows.text.layout.raised import lower_digits, raise_digits
from workflows.text.layout.tables import write_inner_rows, write_rows

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_SHOWING_INPUTS = frozenset(
    {"text", "number", "date", "time", "email", "tel", "url", "search", "button", "submit", "reset"}
)
_MOST_COLUMNS = 50
_MOST_ROWS = 1000
_DEEPEST = 10
"""Tables within tables."""
_STRENGTH = {"": 0, " ": 1, "; ": 2, "\n": 3, "\n\n": 4}


class _Sink:
    """Text with its separators. In a cell everything is on one line."""

    def __init__(self, *, is_cell: bool) -> None:
        self.is_cell = is_cell
        self.pieces: list[str] = []
        self.mark = ""  # of the item or heading that begins with the next text
        self._gap = ""
        self._line = ""  # how the last line begins
        self._passed = ""  # what was taken out since the last text

    def pass_over(self, words: str) -> None:
        """Notes words that were taken out here."""
        self._passed += words

    def want(self, gap: str) -> None:
        """Requests a separator before the next text, unless an item or a heading is about to begin."""
        if self.is_cell and "\n" in gap:
            gap = "; "
        if not self.mark and _STRENGTH[gap] > _STRENGTH[self._gap]:
            self._gap = gap

    def put(self, text: str) -> None:
        """Adds a text; white space alone matters only within a line."""
        if self.is_cell:
            text = re.sub(r"\s+", " ", text)
        if self._passed and text:
            text = gap_between("".join(self.pieces[-1:]), self._passed, text) + text
            self._passed = ""
        if self._gap or self.mark:
            text = text.lstrip()
            if not text:
                return
            if self.pieces:
                self.pieces[-1] = self.pieces[-1].rstrip(" ")
                text = self._gap + self.mark + text
            else:
                text = self.mark + text
            self._gap = self.mark = ""
        self.pieces.append(text)
        before, newline, after = text.rpartition("\n")
        self._line = after[:20] if newline else (self._line + before + after)[:20]

    @property
    def is_in_pipe_table(self) -> bool:
        """Whether the current line is a row of a Markdown table."""
        return self._line.lstrip().startswith("|")

    def text(self) -> str:
        """The whole text."""
        whole = "".join(self.pieces)
        return whole.strip() if self.is_cell else whole


@dataclass(slots=True)
class _Table:
    """Rows of cells. A cell that spans columns is followed by empty ones, one that spans rows has them below."""

    rows: list[list[str]] = field(default_factory=list)
    cell: _Sink | None = None
    span: int = 1
    below: dict[int, int] = field(default_factory=dict)

    def begin_row(self) -> None:
        """Begins a row, in which cells of rows above that span it are empty."""
        self.rows.append([])
        self.below = {column: rows - 1 for column, rows in self.below.items() if rows > 1}

    def begin_cell(self, columns: int, rows: int) -> None:
        """Begins the next cell of the last row."""
        if not self.rows:
            self.begin_row()
        row = self.rows[-1]
        while self.below.get(len(row)) and len(row) < _MOST_COLUMNS:
            row.append("")
        if rows > 1:  # the next row counts this one down
            self.below.update(dict.fromkeys(range(len(row), len(row) + columns), rows))
        self.cell, self.span = _Sink(is_cell=True), columns

    def end_cell(self) -> None:
        """Ends the cell."""
        if self.cell is None:
            return
        self.rows[-1] += [self.cell.text(), *[""] * (self.span - 1)]
        self.cell = None


class HtmlWriter:
    """Writer of text from the starts and ends of elements, and texts between."""

    def __init__(self) -> None:
        self.pictures = 0
        self._base = _Sink(is_cell=False)
        self._tables: list[_Table] = []
        self._too_deep = 0
        self._lists: list[int | None] = []  # the number of the last item; None in a list without numbers
        self._raised: list[str] = []  # open `sup` and `sub`

    def write(self, text: str) -> None:
        """Adds a text of the source."""
        text = _ENTITY.sub(lambda entity: html.unescape(entity.group()), text)
        if self._raised:
            text = raise_digits(text) if self._raised[-1] == "sup" else lower_digits(text)
        self._sink.put(text)

    def write_code(self, text: str) -> None:
        """Adds Markdown code, unchanged."""
        self._sink.put(text)

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """Begins an element, or adds a void one."""
        if name in ("img", "image"):
            self.pictures += 1
        if name in ("sup", "sub"):
            self._raised.append(name)
        elif name == "table":
            self._begin_table()
        elif name == "tr" and self._table:
            self._table.end_cell()
            self._table.begin_row()
        elif name in CELLS and self._table:
            self._table.end_cell()
            self._table.begin_cell(
                min(_number(attributes.get("colspan"), 1) or 1, _MOST_COLUMNS),
                min(_number(attributes.get("rowspan"), 1) or 1, _MOST_ROWS),
            )
        elif name in LISTS:
            self.part(name)
            self._lists.append(_number(attributes.get("start"), 1) - 1 if name == "ol" else None)
        elif name == "li":
            self._begin_item(attributes)
        elif name == "input" and attributes.get("type", "text").lower() in _SHOWING_INPUTS:
            self.part(name)
            self.write(attributes.get("value", ""))
            self.part(name)
        else:
            self.part(name)
            if name in _HEADINGS and not self._sink.is_cell:
                self._sink.mark = _HEADINGS[name]

    def pass_over(self, words: str) -> None:
        """Notes words that were taken out here, so that those around them don't grow together."""
        self._sink.pass_over(words)

    def part(self, name: str) -> None:
        """Separates the following text from the text so far, as the start or end of such an element does."""
        if name == "br" and self._sink.is_in_pipe_table:
            self._sink.want("; ")
        elif name in BLOCKS or name == "br":
            self._sink.want("\n" if name in LINES or name == "br" else "\n\n")
        elif name in APART or name in CELLS:
            self._sink.want(" ")

    def close(self, name: str) -> None:
        """Ends an element."""
        if name in ("sup", "sub"):
            self._raised = self._raised[:-1]
        elif name == "table":
            self._end_table()
        elif name in CELLS and self._table:
            self._table.end_cell()
        elif name != "tr" or not self._table:
            if name in _HEADINGS or name == "li":
                self._sink.mark = ""
            if name in LISTS:
                self._lists = self._lists[:-1]
            self.part(name)

    def finish(self) -> str:
        """The whole text."""
        self._too_deep = 0
        while self._tables:
            self._end_table()
        return self._base.text()

    @property
    def _table(self) -> _Table | None:
        return self._tables[-1] if self._tables and not self._too_deep else None

    @property
    def _sink(self) -> _Sink:
        for table in reversed(self._tables):
            if table.cell is not None:
                return table.cell
        return self._base

    def _begin_table(self) -> None:
        self._sink.want("\n\n")
        if len(self._tables) == _DEEPEST:
            self._too_deep += 1
        else:
            self._tables.append(_Table())

    def _end_table(self) -> None:
        if self._too_deep:
            self._too_deep -= 1
            return
        if not self._tables:
            return
        table = self._tables.pop()
        table.end_cell()
        sink = self._sink
        sink.put((write_inner_rows if sink.is_cell else write_rows)(table.rows))
        sink.want("\n\n")

    def _begin_item(self, attributes: dict[str, str]) -> None:
        sink = self._sink
        sink.mark = ""
        sink.want("\n")
        if not self._lists or self._lists[-1] is None:
            sink.mark = "" if sink.is_cell else "- "
            return
        self._lists[-1] = _number(attributes.get("value"), self._lists[-1] + 1)
        sink.mark = f"{self._lists[-1]}. "


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else otherwise
