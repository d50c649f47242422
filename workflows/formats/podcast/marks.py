"""Marks in a model's reply (`=== M1 ===`), which separate its parts. Pure.

Nothing of a mark is ever given out, however it is cut into chunks: no text of ours has three equals
signs in a row.
"""

import re
from collections.abc import Iterator

_SIGN = "==="
_MARK = re.compile(r"={3,20}[ \t]{0,20}([A-Za-z]{1,20}\d{0,4})[ \t]{0,20}={3,20}[ \t]{0,20}\n?")
_HALF = re.compile(r"={3,20}[ \t]{0,20}[A-Za-z]{0,20}\d{0,4}[ \t]{0,20}={0,2}")
_LONGEST = 60


class MarkedText:
    """Splitter of a stream into `(name, text)` by the last mark; "" before the first."""

    def __init__(self) -> None:
        self.name = ""
        self._held = ""
        self._is_in_signs = False  # what was given up as a mark may have more of them

    def feed(self, chunk: str) -> Iterator[tuple[str, str]]:
        """The parts that are certain after `chunk`."""
        self._held += chunk
        yield from self._read(is_last=False)

    def close(self) -> Iterator[tuple[str, str]]:
        """The rest of the text."""
        yield from self._read(is_last=True)

    def _read(self, *, is_last: bool) -> Iterator[tuple[str, str]]:
        held, place = self._held, 0
        while True:
            if self._is_in_signs:
                place = _skip_signs(held, place)
                self._is_in_signs = place == len(held)
            start = held.find(_SIGN, place)
            if start < 0:
                break
            yield from self._give(held[place:start])
            end = self._take_mark(held, start, is_last=is_last)
            if end is None:
                self._held = held[start:]
                return
            place = end
        end = len(held) if is_last else len(held.rstrip("="))
        yield from self._give(held[place : max(place, end)])
        self._held = held[max(place, end) :]

    def _take_mark(self, held: str, start: int, *, is_last: bool) -> int | None:
        """The position after the mark at `start`; None when more text is needed to decide."""
        mark = _MARK.match(held, start, start + _LONGEST)
        if mark is not None:
            if not is_last and mark.end() == len(held) and not mark.group().endswith("\n"):
                return None  # more signs, or the line's end, may follow that belong to the mark
            self.name, self._is_in_signs = mark.group(1).upper(), mark.group().endswith("=")
            return mark.end()
        if is_last and _HALF.fullmatch(held, start):  # a mark that breaks off with the reply
            return len(held)
        line_end = held.find("\n", start, start + _LONGEST)
        if line_end >= 0:  # no mark, and no text either: a line of signs
            return line_end + 1
        if len(held) - start < _LONGEST and not is_last:
            return None
        self._is_in_signs = True
        return start + len(_SIGN)

    def _give(self, text: str) -> Iterator[tuple[str, str]]:
        if text:
            yield self.name, text


def _skip_signs(text: str, place: int) -> int:
    while place < len(text) and text[place] == "=":
        place += 1
    return place
