"""Endings that are kept: held back until they are known to fit, written anew where they don't. Pure.

A model ends a text with what it was written for: a scene's resolution, a call to action, a farewell. So a text that
runs over isn't cut at its end. It is stopped early enough for a *landing*: one more call, which brings it to its end in
the words that are left.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from workflows.text.streams.length import LONGEST_SENTENCE, LengthFilter, Room

_APPROACH = 1.3
"""Where the landing begins: so many times the room beside the target before the target."""
OVERRUN = 2.1
"""How much longer than asked a landing may come out and still be within the room: twice, and a few labels."""
_LONGEST = 4
"""How much longer than asked a landing may come out at all. Its end counts more than the room, but it must have one."""
_LINE_START = re.compile(r"(?:\A|\n)[^\S\n]*(?P<sign>[^\s])?")
"""The first sign of a line, or none where the line is blank or not yet there."""
_LONGEST_TABLE = 300
"""Words of a table that is held back whole."""
_SHORTEST = 10
"""Words that are asked for at least: less is no sentence."""


class LandingBuffer(LengthFilter):
    """A text as it comes, held back by sentences from the approach on; the rows of a table are one sentence.

    It is all given out if it ends with at most `room.most` words. If it runs over, it ends with the last sentence
    before the approach and `is_full`: what was held back is dropped, and a landing is due. `words` then has those that
    were given out. What is given out doesn't depend on how the text was cut into chunks.
    """

    def __init__(self, room: Room, language: str | None = None, *, beside: int | None = None) -> None:
        """`beside`: the words beside the target that a landing has to fit into, where the text may have more."""
        self._approach = max(0, round(room.target - _APPROACH * (beside or room.most - room.target)))
        super().__init__(max(0, self._approach - LONGEST_SENTENCE), language)
        self.room = room
        self.replied = 0
        """Words that came, with those that were dropped; of a text that ran over, as far as the word that did."""
        self.is_full = False
        self._held: list[str] = []
        self._begins_line = True
        self._in_rows = False
        self._begins_table = False
        self._table: list[str] | None = None  # the rows of a table that is held back

    @property
    def is_open(self) -> bool:
        """Whether what was given out ends within a sentence: one that is longer than sentences are."""
        return self._passed > 0 or self._is_open

    @property
    def rest(self) -> str:
        """What is held back."""
        return "" if self.is_full else self._space.held + self._waiting()

    def feed(self, chunk: str) -> str:
        """What may be given out now."""
        if self.is_full:
            return ""
        given = "".join(map(self._feed_run, self._split_at_tables(chunk)))
        self.replied = min(self.words, self.room.most + 1)  # the rest of its chunk comes by chance
        if self.words > self.room.most:
            self.is_full = True
            self.words = self._free if self.is_open else self._given_words
            self._held.clear()
            self._table = None
        return given

    def close(self) -> str:
        """The text is at its end: what is still held back."""
        if self.is_full:
            return ""
        return self._space.release(self._waiting())

    def _split_at_tables(self, chunk: str) -> Iterator[str]:
        """The runs of `chunk` that are rows of a table and those that aren't, with `_in_rows` set for each."""
        start = 0
        for found in _LINE_START.finditer(chunk):
            place = found.start("sign")
            begins_line = self._begins_line or found.group().startswith("\n")
            if place >= 0 and begins_line and self._in_rows != (chunk[place] == "|"):
                if place > start:
                    yield chunk[start:place]
                start, self._in_rows = place, chunk[place] == "|"
                self._begins_table = self._in_rows
        yield chunk[start:]
        line = chunk[chunk.rfind("\n") + 1 :]
        self._begins_line = not line.strip() and (self._begins_line or "\n" in chunk)

    def _feed_run(self, run: str) -> str:
        """What may be given out now, with a run of rows or of other text."""
        given = ""
        begins_table, self._begins_table = self._begins_table, False
        if begins_table and self._is_near():
            given = "".join(map(self._take, self._splitter.close()))
            self._table = []
        elif not self._in_rows and self._table is not None:
            table, self._table = "".join(self._table), None
            given = self._take(table)
        if self._table is None:
            given += self._pass_free(run)
            return given + "".join(map(self._take, self._splitter.feed(run)))
        self.words += self._counter.feed(run)
        self._table.append(run)
        return given

    def _is_near(self) -> bool:
        """Whether a table that begins here may reach the landing. One that the text begins with is the text."""
        return self.words > max(0, self._free - _LONGEST_TABLE)

    def _waiting(self) -> str:
        if self._table is not None:
            return "".join(self._held + self._table)
        return "".join(self._held) + self._splitter.rest[self._passed :]

    def _take(self, sentence: str) -> str:
        self._ended_words += self._ended.feed(sentence)
        passed, self._passed = min(self._passed, len(sentence)), max(0, self._passed - len(sentence))
        # A sentence that has begun in view ends in view, if that leaves words to land with.
        most = self.room.target if passed else self._approach
        if self._held or (passed < len(sentence) and self._ended_words > most):
            self._is_open = self._is_open or passed > 0
            self._held.append(sentence[passed:])
            return ""
        self._given_words = self._ended_words
        return self._space.release(sentence[passed:])


def landing_words(room: Room, given: int) -> int:
    """What to ask a landing for after `given` words, so that it fits also where it comes out much longer."""
    return max(_SHORTEST, round((room.most - given) / OVERRUN))


def landing_room(room: Room, given: int) -> Room:
    """The room of the landing itself."""
    most = max(_SHORTEST, room.most - given)
    target = min(most, max(_SHORTEST, room.target - given))
    return Room(max(1, min(target, room.least - given)), target, most)


def last_room(room: Room, requested: int) -> Room:
    """The room of a text after which no other call comes, so that what it runs over stays with its end."""
    return replace(room, most=max(room.most, _LONGEST * requested))
