"""Blocks of a Word file in reading order: paragraphs, lists, tables, text boxes."""

from collections.abc import Iterator

from lxml import etree

from backend.documents.word.context import TAKEN_OUT, Context
from backend.documents.word.graphics import Graphics
from backend.documents.word.line import WordLine, choose
from backend.documents.word.looks import shading_of
from backend.documents.word.numbering import BULLET
from backend.documents.word.styles import Style, heading_level, read_number
from backend.documents.word.xml import child, children, is_on, local, number, texts, value
from workflows.text.layout.tables import write_inner_rows, write_rows

_WRAPPERS = frozenset({"ins", "moveTo", "customXml", "smartTag", "sdtContent", "conflictIns"})
_MOST_COLUMNS = 63
_DEEPEST_HEADING = 6


class Body:
    """Reader of containers of blocks; whatever is anchored to a block (text boxes, notes) comes after it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._graphics = Graphics(context, self.read)
        self._carried = ""  # the text of a paragraph whose end was deleted
        self._cells = self._boxes = 0  # how deep in cells, and in text boxes and notes

    def read(self, container: etree._Element) -> list[str]:
        """The blocks that hold text."""
        blocks: list[str] = []
        for block in self._walk(container):
            if block:
                blocks.append(block)
                if self._is_at_top:
                    self._context.paragraph += 1
        if self._carried:
            blocks.append(self._carried)
            self._carried = ""
        return blocks

    @property
    def _is_at_top(self) -> bool:
        return not self._cells and not self._boxes

    def _walk(self, container: etree._Element) -> Iterator[str]:
        for node in container:
            name = local(node)
            if name == "p":
                yield from self._paragraph(node)
            elif name == "tbl":
                yield self._table(node)
                yield from self._notes()
            elif name in _WRAPPERS:
                yield from self._walk(node)
            elif name == "sdt":
                yield from self._control(node)
            elif name in TAKEN_OUT:
                self._context.leave_out_change(node)
            elif name == "AlternateContent":
                yield from self._walk(choose(node))
            elif name in ("altChunk", "subDoc"):
                self._context.leave_out("embedded_objects")
            else:
                self._context.leave_out_unknown(node)

    def _control(self, control: etree._Element) -> Iterator[str]:
        if not self._is_empty(control):
            for content in children(control, "sdtContent"):
                yield from self._walk(content)

    def _is_empty(self, control: etree._Element) -> bool:
        """Whether a content control shows only what is to be filled in; that is left out."""
        is_empty = bool(is_on(child(control, "sdtPr", "showingPlcHdr")))
        if is_empty:
            self._context.leave_out("empty_fields", texts(control, "t"))
        return is_empty

    def _paragraph(self, node: etree._Element) -> Iterator[str]:
        context, properties = self._context, child(node, "pPr")
        style = context.styles.paragraph(value(child(properties, "pStyle")))
        line = WordLine(
            context, context.styles.default.under(style.look), shading_of(properties) or style.background
        )
        text = line.read(node)
        if text or not line.left_something_out:
            text = self._with_mark(text, style, properties)
        if self._carried:
            text, self._carried = f"{self._carried} {text}".strip(), ""
        mark = child(properties, "rPr")
        if child(mark, "del") is not None or child(mark, "moveFrom") is not None:
            self._carried = text
        else:
            yield text
        for graphic in line.graphics:
            yield from self._boxed(graphic)
        yield from self._notes()

    def _with_mark(self, text: str, style: Style, properties: etree._Element | None) -> str:
        """The text with the number that Word writes before it, and Markdown's mark of a heading or an item."""
        listed = read_number(properties)
        name, level = listed or style.number or ("", 0)
        if listed and not name and style.number:
            name = style.number[0]
        mark = self._context.numbering.mark(name, level)
        if not text:
            return ""
        heading = heading_level(properties) or style.level
        if self._cells:
            return text if mark in ("", BULLET) else f"{mark} {text}"
        if heading and heading <= _DEEPEST_HEADING:
            words = " ".join(text.split())
            return f"{'#' * heading} {words if mark in ('', BULLET) else f'{mark} {words}'}"
        if not mark and not name and style.name.startswith("List") and style.name not in _NO_LISTS:
            mark = BULLET
        return f"{mark} {text}".strip()

    def _boxed(self, graphic: etree._Element) -> Iterator[str]:
        self._boxes += 1
        carried, self._carried = self._carried, ""
        blocks = self._graphics.read(graphic)
        self._boxes -= 1
        self._carried = carried
        yield from blocks

    def _notes(self) -> Iterator[str]:
        """The footnotes and endnotes referred to since the last call."""
        while self._context.notes and self._is_at_top:
            notes, self._context.notes = self._context.notes, []
            for mark, node in notes:
                self._boxes += 1
                text = " ".join(self.read(node))
                self._boxes -= 1
                yield f"{mark} {text}"

    # Tables.

    def _table(self, table: etree._Element) -> str:
        context, properties = self._context, child(table, "tblPr")
        background = shading_of(properties) or context.styles.table_background(
            value(child(properties, "tblStyle"))
        )
        context.behind.insert(0, background)
        self._cells += 1
        rows = [self._row(row) for row in self._rows(table)]
        self._cells -= 1
        context.behind.pop(0)
        return context.count(write_inner_rows(rows) if self._cells else write_rows(rows))

    def _rows(self, table: etree._Element) -> Iterator[etree._Element]:
        for node in self._unwrapped(table, "tr"):
            properties = child(node, "trPr")
            if child(properties, "del") is not None:
                self._context.leave_out("deleted_text", texts(node, "t", "delText"))
            elif is_on(child(properties, "hidden")):
                self._context.hidden.append(texts(node, "t"))
            else:
                yield node

    def _row(self, row: etree._Element) -> list[str]:
        properties = child(row, "trPr")
        cells = [""] * min(number(child(properties, "gridBefore"), 0), _MOST_COLUMNS)
        for cell in self._unwrapped(row, "tc"):
            about = child(cell, "tcPr")
            if child(about, "cellDel") is not None:
                self._context.leave_out("deleted_text", texts(cell, "t", "delText"))
                continue
            if goes_on := _goes_on(about):  # what it holds itself isn't shown
                self._context.hidden.append(texts(cell, "t"))
            cells.append("" if goes_on else self._cell(cell, about))
            span = min(number(child(about, "gridSpan"), 1), _MOST_COLUMNS)
            cells += [""] * (span - 1)
        return cells

    def _unwrapped(self, container: etree._Element, name: str) -> Iterator[etree._Element]:
        """Children of that name, including those in content controls and the like."""
        for node in container:
            kind = local(node)
            if kind == name:
                yield node
            elif kind in _WRAPPERS or (kind == "sdt" and not self._is_empty(node)):
                yield from self._unwrapped(node, name)
            elif kind in TAKEN_OUT:
                self._context.leave_out_change(node)
            elif kind != "sdt":
                self._context.leave_out_unknown(node)

    def _cell(self, cell: etree._Element, properties: etree._Element | None) -> str:
        self._context.behind.insert(0, shading_of(properties))
        carried, self._carried = self._carried, ""
        text = "; ".join(" ".join(block.split()) for block in self.read(cell))
        self._carried = carried
        self._context.behind.pop(0)
        return text


_NO_LISTS = frozenset({"List Paragraph", "List Continue", "List Continue 2", "List Continue 3"})


def _goes_on(properties: etree._Element | None) -> bool:
    """Whether a cell is merged into the one above or before it."""
    for kind in ("vMerge", "hMerge"):
        node = child(properties, kind)
        if node is not None and value(node) != "restart":
            return True
    return False
