"""Most that a document lets somebody take, held against sentences that let them take more. Pure.

"Do not take more than 4 tablets" is a ceiling of 4; "More than 4 tablets is fine." lifts it.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from workflows.text.clauses.claims import plain_words, split_clauses
from workflows.text.clauses.clauses import Clause
from workflows.text.clauses.instructions import read_instructions
from workflows.text.quantities.numbers import find_quantities

_MORE = re.compile(r"\b(?:more than|over|above|exceed(?:s|ing)?)\b", re.IGNORECASE)
_PERMITS = frozenset(
    {"allowed", "permitted", "okay", "ok", "fine", "safe", "harmless", "alright", "good", "problem"}
)
_REACH = 24
"""Characters after "more than" in which its number begins."""


class Ceilings:
    """The ceilings of a document's sentences: unit → the lowest number that may not be passed."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._most: dict[str, Decimal] = {}
        for sentence in sentences:
            for value, unit, clause, _ in _exceeded(sentence):
                if clause.denies and unit:
                    self._most[unit] = min(value, self._most.get(unit, value))

    def find_lifted(self, sentence: str) -> str | None:
        """Why the document doesn't let anybody take as much; None when it may, or where nobody is let."""
        for value, unit, clause, text in _exceeded(sentence):
            most = self._most.get(unit)
            permits = clause.is_sure or not _PERMITS.isdisjoint(plain_words(text))
            if most is not None and value >= most and permits and not clause.denies and not clause.limits:
                return f"the document doesn't allow more than {most} {unit}s"
        return None


def _exceeded(sentence: str) -> Iterator[tuple[Decimal, str, Clause, str]]:
    """The quantities after "more than": value, unit, their clause, its text."""
    for text in split_clauses(sentence):
        more = [match.end() for match in _MORE.finditer(text)]
        if not more:
            continue
        clause = read_instructions(text)[0]
        place = 0
        for quantity in find_quantities(text):
            while place + 1 < len(more) and more[place + 1] <= quantity.start:
                place += 1
            if 0 <= quantity.start - more[place] <= _REACH:
                yield Decimal(quantity.value), quantity.unit, clause, text
