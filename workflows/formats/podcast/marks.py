"""Marks in a model's reply (`=== M1 ===`): where one part ends and another begins. Pure.

Nothing of a mark is ever given out, however it is cut into chunks: no text of ours has three equals
signs in a row.
"""

import re
from collections.abc import Iterator

_SIGN = "==="
_MARK = re.compile(r"={3,}[ \t]*([A-Za-z]+\d*)[ \t]*={3,}[ \t]*\n?")
_BROKEN = re.compile(r"={3,}[^\n]*\n")
_LONGEST = 60


class MarkedText:
    """A stream in, `(name, text)` out: the text that belongs to the mark last seen; "" before the first."""

    def __init__(self) -> None:
        self.name = ""
        self._held = ""

    def feed(self, chunk: str) -> Iterator[tuple[str, str]]:
        """What can be told for sure after `chunk`."""
        self._held += chunk
        while (start := self._held.find(_SIGN)) >= 0:
            mark = _MARK.match(self._held, start)
            # More signs, or the line's end, may follow that belong to the mark.
            is_whole = mark is not None and mark.end() < len(self._held)
            broken = None if mark else _BROKEN.match(self._held, start)
            if not is_whole and broken is None and len(self._held) - start < _LONGEST:
                yield from self._give(start)
                return
            yield from self._give(start)
            if is_whole and mark is not None:
                self.name = mark.group(1).upper()
                self._held = self._held[mark.end() - start :]
            else:  # no mark, and no text either: a line of signs
                self._held = self._held[(broken.end() - start) if broken else len(_SIGN) :]
        yield from self._give(len(self._held.rstrip("=")))

    def close(self) -> Iterator[tuple[str, str]]:
        """The rest."""
        mark = _MARK.match(self._held)
        if mark is not None:
            self.name, self._held = mark.group(1).upper(), ""
        if self._held.startswith(_SIGN):
            self._held = ""
        yield from self._give(len(self._held))

    def _give(self, end: int) -> Iterator[tuple[str, str]]:
        text, self._held = self._held[:end], self._held[end:]
        if text:
            yield self.name, text
