"""Marks in a model's reply (`=== M1 ===`): where one part ends and another begins. Pure.

Nothing of a mark is ever given out, however it is cut into chunks: no text of ours has three equals
signs in a row.
"""

import re
from collections.abc import Iterator

_SIGN = "==="
_LONGEST = 60
_MARK = re.compile(
    rf"={{3,{_LONGEST}}}[ \t]{{0,9}}([A-Za-z]{{1,20}}\d{{0,4}})[ \t]{{0,9}}={{3,{_LONGEST}}}[ \t]{{0,9}}\n?"
)


class MarkedText:
    """A stream in, `(name, text)` out: the text that belongs to the mark last seen; "" before the first."""

    def __init__(self) -> None:
        self.name = ""
        self._held = ""

    def feed(self, chunk: str) -> Iterator[tuple[str, str]]:
        """What can be told for sure after `chunk`."""
        text = self._held + chunk
        place = 0
        while (start := text.find(_SIGN, place)) >= 0:
            if start > place:
                yield self.name, text[place:start]
            mark = _MARK.match(text, start)
            line_end = text.find("\n", start, start + _LONGEST)
            # More signs, or the line's end, may follow that belong to the mark.
            if mark is not None and mark.end() < len(text):
                self.name, place = mark.group(1).upper(), mark.end()
            elif mark is None and line_end >= 0:  # no mark, and no text either: a line of signs
                place = line_end + 1
            elif len(text) - start < _LONGEST:
                self._held = text[start:]
                return
            else:
                place = start + len(_SIGN)
        end = max(place, len(text.rstrip("=")))
        if end > place:
            yield self.name, text[place:end]
        self._held = text[end:]

    def close(self) -> Iterator[tuple[str, str]]:
        """The rest."""
        mark = _MARK.match(self._held)
        if mark is not None:
            self.name, self._held = mark.group(1).upper(), ""
        if self._held.startswith(_SIGN):
            self._held = ""
        text, self._held = self._held, ""
        if text:
            yield self.name, text
