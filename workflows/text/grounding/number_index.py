"""Numbers of a document, indexed: whether a sentence says one that it doesn't have, or has of something else. Pure."""

import re
from collections.abc import Sequence

from workflows.text.clauses.claims import claim_stems, split_clauses
from workflows.text.grounding.counted import CountedThings
from workflows.text.grounding.instruction_index import InstructionIndex
from workflows.text.modality.modality_index import ModalityIndex
from workflows.text.quantities.hebrew_numbers import find_bare_doses
from workflows.text.quantities.numbers import Quantity, find_quantities, list_equals

_SMALL_COUNT = 12
_LEAST_STEMS = 2
_TAKEN = re.compile(
    r"\b(?:take|takes|taking|swallow|have|give|inject|use|apply|try|chew|with)"
    r" (?:up to |at least |another |all |just |it )?$",
    re.IGNORECASE,
)
_NOTHING_COUNTED = re.compile(
    r"\s*(?:[.,;:!?\"”’)]|$|(?:at|of them|instead|more|together|now|then|if|when|every|each|an?|per|in|with|before"
    r"|after|daily|once|twice|or|and|right|straight|next|today|tonight|tomorrow|immediately"
    r"|(?:the|this|your|that) (?:next|same|following|other|usual)|to make up|all"
    r"|(?:one|two|three|four|five|six|\d{1,2}) times)\b)",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"(?:\b(?:not|never|avoid)|n['’]t)(?: ever)? (?:take|taking|swallow|have|give|inject|use|apply) $"
    r"|(?<![א-ת])(?:אל|אין|לא|אסור) (?:תיקחו|תיקחי?|לקחת|ליטול|תיטלו|לבלוע|תבלעו|לתת|תתנו) $",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(
    r"\b(?:take|taking|swallow|have|give|inject|use|apply) $"
    r"|(?<![א-ת])ו?(?:קחו|קחי?|תיקחו|תיקחי?|לקחת|ליטול|טלו|תיטלו|לבלוע|בלעו|תבלעו|לתת|תנו) $",
    re.IGNORECASE,
)
_REACH = 32
_NOT_TAKEN_UNITS = """
time second minute hour day week month year degree percent milligram microgram gram kilogram millilitre
"""
_NOT_TAKEN = frozenset(_NOT_TAKEN_UNITS.split())
"""Units of which nobody takes any: "take five" is no "five times a day", nor "5 mg"."""
_MOST_TITLE = 12
"""Words of a first line that is a title."""


class NumberIndex:
    """The quantities of a document's sentences, with the places where they stand.

    `places`: stem → the sentences that have it. `compares`: whether words of the document and of a sentence are of one
    language, so that a quantity can be found to be said of something else.
    """

    def __init__(
        self,
        sentences: Sequence[str],
        places: dict[str, list[int]],
        instructions: InstructionIndex,
        modality: ModalityIndex,
        *,
        compares: bool,
    ) -> None:
        self._places, self._compares = places, compares
        self._instructions, self._modality = instructions, modality
        self._counted = CountedThings(
            [clause for sentence in sentences for clause in split_clauses(sentence)]
        )
        self.subject = self._stems(_title_of(sentences))
        """The stems and concepts of what all of the document is about."""
        self._quantities: dict[tuple[str, str], list[int]] = {}
        self._values: set[str] = set()
        self._taken: set[str] = set()
        self._asked: set[tuple[str, str]] = set()
        self._refused: set[tuple[str, str]] = set()
        for place, sentence in enumerate(sentences):
            for quantity in find_quantities(sentence):
                self._quantities.setdefault((quantity.value, quantity.unit), []).append(place)
                self._values.add(quantity.value)
                if _is_refused(quantity, sentence):
                    self._refused.add((quantity.value, quantity.unit))
                    continue
                self._asked.add((quantity.value, quantity.unit))
                self._taken |= {quantity.value} if quantity.unit not in _NOT_TAKEN else set()
            self._taken |= {value for value, _ in find_bare_doses(sentence)}

    def find_strange(self, sentence: str) -> str | None:
        """What is wrong with the numbers of a sentence; None when nothing is."""
        known = " ".join(self._instructions.list_known_intervals(sentence))
        clauses, asks = split_clauses(sentence), sentence.rstrip(" \"'”’").endswith("?")
        for clause in clauses:
            about = self._about(clause, sentence)
            for quantity in find_quantities(clause):
                is_dose = not asks and _is_dose(quantity, clause)
                if quantity.said.strip() in known and not is_dose:
                    continue
                if (is_dose or quantity.unit) and not asks and self._is_only_refused(quantity, clause):
                    return f"the document says not to take {quantity.said.strip()}"
                if (reason := self._doubt(quantity, about, is_dose=is_dose)) is not None:
                    return reason
        bare = [said for value, said in find_bare_doses(sentence) if value not in self._taken]
        if bare and not asks:
            return f"the document doesn't say {bare[0]}"
        if (interval := self._instructions.find_strange_interval(sentence)) is not None:
            return f"the document doesn't say {interval.said}"
        counted = next(filter(None, map(self._counted.find_strange, clauses)), None)
        return f"the document has another number of these: {counted}" if counted else None

    def _is_only_refused(self, quantity: Quantity, clause: str) -> bool:
        """Whether somebody is to take as much as nobody may by the document."""
        key = quantity.value, quantity.unit
        if key not in self._refused or key in self._asked or _is_refused(quantity, clause):
            return False
        return _ASKED_FOR.search(clause[max(0, quantity.start - _REACH) : quantity.start]) is not None

    def _about(self, clause: str, sentence: str) -> frozenset[str]:
        """What a number in a clause is said of; of its sentence, where the document has no word of the clause. Empty
        where it is said of too little to tell."""
        if len(self._stems(clause)) < _LEAST_STEMS:
            return frozenset()
        return self._stems_of(clause) or self._stems_of(sentence)

    def _stems_of(self, text: str) -> frozenset[str]:
        """The stems and concepts of a text that the document has, but for those that all of it is about."""
        return frozenset(stem for stem in self._stems(text) - self.subject if stem in self._places)

    def _stems(self, text: str) -> frozenset[str]:
        return frozenset({*claim_stems(text), *self._modality.list_concepts(text)})

    def _doubt(self, quantity: Quantity, stems: frozenset[str], *, is_dose: bool) -> str | None:
        value, unit = quantity.value, quantity.unit
        said = quantity.said.strip()
        if not unit:
            # "two things to remember"
            is_count = quantity.is_spelt and float(value) <= _SMALL_COUNT and not is_dose
            known = self._taken if is_dose else self._values
            return None if is_count or value in known else f"the document doesn't say {said}"
        # Without a unit in the document it stands in a table, below a heading that has it.
        places = self._quantities.get((value, unit)) or (
            [] if quantity.is_spelt else self._quantities.get((value, ""), [])
        )
        places = [
            *places, *(place for same in list_equals(value, unit) for place in self._quantities.get(same, []))
        ]  # fmt: skip
        if not places:
            return f"the document doesn't say {said}"
        if not self._compares or not stems or quantity.is_referred_to:
            return None
        near = {near for place in places for near in range(place - 1, place + 2)}
        if any(not near.isdisjoint(self._places[stem]) for stem in stems):
            return None
        return f"the document says {said} of something else"


def _is_refused(quantity: Quantity, text: str) -> bool:
    """Whether it is a number of doses that nobody is to take at once: "do not take two at once"."""
    before = text[max(0, quantity.start - _REACH) : quantity.start]
    return _REFUSED.search(before) is not None


def _is_dose(quantity: Quantity, clause: str) -> bool:
    """Whether it is a number of doses, though nothing is said that it counts: "take two"."""
    return (
        not quantity.unit
        and quantity.value != "1"
        and _TAKEN.search(clause, 0, quantity.start) is not None
        and _NOTHING_COUNTED.match(clause, quantity.end) is not None
        and not _is_refused(quantity, clause)
    )


def _title_of(sentences: Sequence[str]) -> str:
    """The first line where it is short and no sentence."""
    first = sentences[0] if sentences else ""
    is_title = not first.rstrip().endswith((".", "!", "?", ":")) and len(first.split()) <= _MOST_TITLE
    return first if is_title else ""
