"""Page layout: the lines of a page in reading order, with columns, cells and list marks."""

import heapq
import re
from bisect import bisect
from collections.abc import Sequence
from itertools import pairwise

from backend.documents.pdf.lines import PdfLine, PdfWord

_WIDE = 1.1
"""Of the height of a line: a wider gap parts two cells or columns."""
_MOST_LINES = 1500
"""More than that on a page stay in the order in which they are drawn."""
_LEAST_COLUMN_LINES = 4
_LEAST_COLUMN_WORDS = 4
_CELL_EDGE = 1.5
"""Points by which cells of one column may begin apart."""
_MARK = re.compile(r"(?:[•‣▪▫●○◦■□☐☒☑✓✗–—*·-]|\(?\d{1,3}[.)]|[A-Za-z\u05d0-\u05ea][.)])$")


def arrange(lines: Sequence[PdfLine]) -> list[PdfLine]:
    """Lines in reading order, with cells set apart, from lines in the order in which the page draws them."""
    lines = _join_marks(lines)
    split = [part for line in lines for part in _split_columns(line, _gutter(lines))]
    ordered = _in_order(split) if len(split) <= _MOST_LINES else split
    _set_cells(ordered)
    return ordered


def _join_marks(lines: Sequence[PdfLine]) -> list[PdfLine]:
    """The lines with bullets and numbers that were drawn apart joined to the line beside them."""
    marks = [line for line in lines if len(line.words) == 1 and _MARK.fullmatch(line.words[0].text)]
    if not marks or len(lines) > _MOST_LINES:
        return list(lines)
    joined = {id(line): line for line in lines}
    for mark in marks:
        beside = [
            line for line in lines if line is not mark and id(line) in joined and _is_beside(mark, line)
        ]
        if beside:
            line = min(
                beside, key=lambda other: min(abs(other.left - mark.right), abs(mark.left - other.right))
            )
            line.words.insert(0, mark.words[0])
            del joined[id(mark)]
    return list(joined.values())


def _is_beside(mark: PdfLine, line: PdfLine) -> bool:
    overlap = min(mark.top, line.top) - max(mark.bottom, line.bottom)
    if mark.turn != line.turn or overlap < 0.5 * min(mark.height, line.height):
        return False
    gap = mark.left - line.right if line.right_to_left else line.left - mark.right
    return -1 <= gap <= 4 * line.height


# Columns.


def _gutter(lines: Sequence[PdfLine]) -> float | None:
    """The middle of the gap between two columns of running text that were drawn line by line; None without."""
    gaps = [(before, after, line) for line in lines for before, after in _wide_gaps(line)]
    if len(gaps) < _LEAST_COLUMN_LINES:
        return None
    middle = sorted((before + after) / 2 for before, after, _ in gaps)[len(gaps) // 2]
    crossing = [line for before, after, line in gaps if before < middle < after]
    if len(crossing) < _LEAST_COLUMN_LINES:
        return None
    for side in (0, 1):
        words = [len(_sides(line, middle)[side]) for line in crossing]
        if sorted(words)[len(words) // 2] < _LEAST_COLUMN_WORDS:
            return None  # cells of a table
    return middle


def _wide_gaps(line: PdfLine) -> list[tuple[float, float]]:
    places = sorted((word.left, word.right) for word in line.words)
    gaps = []
    reach = places[0][1]
    for left, right in places[1:]:
        if left - reach > _WIDE * line.height:
            gaps.append((reach, left))
        reach = max(reach, right)
    return gaps


def _sides(line: PdfLine, middle: float) -> tuple[list[PdfWord], list[PdfWord]]:
    left = [word for word in line.words if word.right <= middle]
    return left, [word for word in line.words if word.right > middle]


def _split_columns(line: PdfLine, middle: float | None) -> list[PdfLine]:
    if middle is None or not any(before < middle < after for before, after in _wide_gaps(line)):
        return [line]
    sides = _sides(line, middle)
    parts = [PdfLine(words, line.bottom, line.top, line.turn, line.right_to_left) for words in sides if words]
    for part in parts:
        part.column = middle
    return parts[::-1] if line.right_to_left else parts


# Order.


def _in_order(lines: Sequence[PdfLine]) -> list[PdfLine]:
    """Lines ordered from top to bottom; else in the page's own order, a column at a time."""
    below, waiting = _find_below(lines)
    free = [index for index, count in enumerate(waiting) if not count]
    heapq.heapify(free)
    ordered: list[PdfLine] = []
    placed: set[int] = set()
    follow: int | None = None
    while len(ordered) < len(lines):
        if follow is not None:
            index = follow
        elif free:
            index = heapq.heappop(free)
        else:  # no line is above itself, but rounding may say so of several
            index = next(place for place in range(len(lines)) if place not in placed)
        follow = None
        if index in placed:
            continue
        placed.add(index)
        ordered.append(lines[index])
        freed = _free_below(below[index], waiting)
        for other in freed:
            heapq.heappush(free, other)
        if lines[index].column is not None:
            follow = next((other for other in freed if lines[other].column is not None), None)
    return ordered


def _find_below(lines: Sequence[PdfLine]) -> tuple[list[list[int]], list[int]]:
    """For each line, the lines below it, and the number of lines above it."""
    below: list[list[int]] = [[] for _ in lines]
    waiting = [0] * len(lines)
    for one, first in enumerate(lines):
        for other, second in enumerate(lines):
            if one != other and _is_above(first, second):
                below[one].append(other)
                waiting[other] += 1
    return below, waiting


def _free_below(below: Sequence[int], waiting: list[int]) -> list[int]:
    """The lines below that wait for no other line any more."""
    freed = []
    for other in below:
        waiting[other] -= 1
        if not waiting[other]:
            freed.append(other)
    return freed


def _is_above(one: PdfLine, other: PdfLine) -> bool:
    if one.turn != other.turn or one.bottom + 0.5 * one.height < other.top:
        return False
    return min(one.right, other.right) - max(one.left, other.left) > 1


# Cells.


def _set_cells(lines: Sequence[PdfLine]) -> None:
    """Sets the cells of table rows: words separated by wide gaps, or in line with the cells of rows beside
    them."""
    borders = [[(before + after) / 2 for before, after in _wide_gaps(line)] for line in lines]
    for line, own in zip(lines, borders, strict=True):
        line.cells = _cut(line, own)
    for (one, its), (other, others) in pairwise(list(zip(lines, borders, strict=True))):
        if _are_near(one, other):
            for row, own, beside in ((other, others, one), (one, its, other)):
                more = [border for cell in beside.cells[1:] if (border := _border(row, cell)) is not None]
                if more:
                    row.cells = _cut(row, [*own, *more]) or row.cells


def _are_near(above: PdfLine, line: PdfLine) -> bool:
    return above.turn == line.turn and -1 < above.bottom - line.top + line.height < 3 * line.height


def _border(row: PdfLine, cell: Sequence[PdfWord]) -> float | None:
    """The place where a row is cut because one of its words begins where a cell of the row beside it does."""
    if row.right_to_left:
        edge = max(word.right for word in cell)
        found = [word.right for word in row.words if abs(word.right - edge) < _CELL_EDGE]
        return max(found) + 0.1 if found else None
    edge = min(word.left for word in cell)
    found = [word.left for word in row.words if abs(word.left - edge) < _CELL_EDGE]
    return min(found) - 0.1 if found else None


def _cut(line: PdfLine, borders: Sequence[float]) -> list[list[PdfWord]]:
    """The words in groups, by the borders between which they are; none when there is only one group."""
    borders = sorted(borders)
    groups: list[list[PdfWord]] = []
    last: int | None = None
    for word in line.words:
        place = bisect(borders, (word.left + word.right) / 2)
        if place != last:
            groups.append([])
            last = place
        groups[-1].append(word)
    is_item = len(groups) == 2 and len(groups[0]) == 1 and _MARK.fullmatch(groups[0][0].text)
    return groups if len(groups) > 1 and not is_item else []
