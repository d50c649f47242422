"""Numbers of things that a document counts: "2 breaths" where it says "5 breaths". English, Hebrew. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from workflows.text.clauses.claims import claim_stems
from workflows.text.clauses.hebrew_instructions import hebrew_empty
from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.quantities.hebrew_numbers import ONES
from workflows.text.quantities.numbers import find_quantities, words_of_numbers

_NEXT = re.compile(r"[ \u00a0]([^\W\d_]+)")
_HEBREW = re.compile(
    rf"(?<![א-ת])(?P<number>{'|'.join(sorted(ONES, key=len, reverse=True))}) (?P<thing>[א-ת]{{3,}})"
    r"|(?<![א-ת])(?P<single>[א-ת]{3,}) (?:אחד|אחת)(?![א-ת])"
)
_CASES = re.compile(r"^\W*(?:if|when|while|whenever|in case|unless|אם|כש[א-ת]*|כאשר)\b", re.IGNORECASE)


class Counted(NamedTuple):
    """A number, and the stem of the thing that is counted; `said` as written."""

    value: str
    thing: str
    said: str


def find_counted(clause: str) -> Iterator[Counted]:
    """The numbers of things in a clause. What has a unit is no thing, and a case ("if two fingers fit") counts none."""
    if _CASES.match(clause):
        return
    for quantity in find_quantities(clause):
        after = _NEXT.match(clause, quantity.end) if not quantity.unit else None
        if after is not None and (thing := _thing(after[1])):
            yield Counted(quantity.value, thing, f"{quantity.said.strip()}{after.group()}")
    for match in _HEBREW.finditer(clause):
        if thing := _thing(match["thing"] or match["single"]):
            yield Counted(str(ONES[match["number"]]) if match["number"] else "1", thing, match.group())


def _thing(word: str) -> str:
    """The stem of what may be counted; empty for a word of grammar, of a number or of a unit."""
    low = word.casefold()
    if "א" <= low[0] <= "ת":
        return "" if low in hebrew_empty() else hebrew_root(low)
    return "" if low in words_of_numbers() else next(iter(claim_stems(low)), "")


class CountedThings:
    """The numbers of things in a document's clauses."""

    def __init__(self, clauses: Sequence[str]) -> None:
        self._values: dict[str, set[str]] = {}
        for clause in clauses:
            for one in find_counted(clause):
                self._values.setdefault(one.thing, set()).add(one.value)

    def find_strange(self, clause: str) -> str | None:
        """A number of things of which the document says other numbers only."""
        for one in find_counted(clause):
            known = self._values.get(one.thing)
            if known and one.value not in known:
                return one.said
        return None
