"""Grounding of a text in a document: a local check by numbers and by words. Pure.

It knows words, not meanings: a sentence that says the same in other words may be named, and one that
says something else in the document's words may pass. Numbers it takes at their word: each must stand in
the document, with its unit; so must names, such as a medicine's.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Literal

from workflows.text.clauses.claims import (
    ClaimedRule,
    claim_stems,
    denies_or_forbids,
    find_rule,
    is_opposite,
    is_plainly_turning,
    matter_of,
    overlap,
    plain_words,
    say_ways,
    split_clauses,
)
from workflows.text.clauses.fasts import Fasts
from workflows.text.clauses.names import find_unknown_names
from workflows.text.clauses.relative_clauses import find_relative
from workflows.text.grounding.contrasts import Contrasts
from workflows.text.grounding.hebrew_rules import HebrewRules
from workflows.text.grounding.instruction_index import InstructionIndex
from workflows.text.grounding.number_index import NumberIndex
from workflows.text.grounding.orders import Orders
from workflows.text.grounding.substances import Substances
from workflows.text.grounding.waits import Waits
from workflows.text.limits.bounds import Bounds
from workflows.text.limits.ceilings import Ceilings
from workflows.text.limits.durations import Durations
from workflows.text.limits.groups import Groups
from workflows.text.modality.forbidden_lists import list_rules
from workflows.text.modality.modality import says_phrase
from workflows.text.modality.modality_index import ModalityIndex
from workflows.text.quantities.numbers import find_quantities
from workflows.text.sentences import split_sentences
from workflows.text.stems import stem
from workflows.text.words import count_words

UnsupportedKind = Literal["number", "opposite", "name", "words"]

_LEAST_WORDS = 3
"""Fewer words of its own than this, and only a short sentence claims something that could be looked up."""
_SHORT_SENTENCE = 5
_LEAST_SHARE = 0.55
"""The share of a sentence's own words that a few neighbouring sentences of the document must hold."""
_SAME_SHARE = 0.7
"""With this share of words in common, two clauses are about the same; one may be the opposite of the other."""
_WINDOW = 2
_DRINK, _DRINKS = (
    stem("drink"),
    tuple(map(stem, ("water", "fluid", "liquid", "juice", "tea", "coffee", "milk"))),
)
_SIDE = re.compile(r"\b(before|without)\b(.*)")
_OPPOSITE = "the document seems to say the opposite"
NOT_ALLOWED, _NOT_FORBIDDEN = "the document doesn't allow this", "the document doesn't forbid this"


class Evidence:
    """A document, indexed once for the lookup of many sentences."""

    def __init__(self, document: str, language: str | None = "en") -> None:
        """`language`: of both texts, None if they differ. Words are compared in English, contradictions and
        instructions in Hebrew too, numbers and names in any."""
        self._by_words = language == "en"
        self._is_hebrew = language == "he"
        self._language = language
        sentences = [
            said
            for one in split_sentences(document, language)
            if one.strip()
            for said in list_rules(one.strip(), language)
        ]
        self._instructions = InstructionIndex(sentences, language)
        self._modality = ModalityIndex(sentences, language)
        self._places = _index(sentences)
        for place, sentence in enumerate(sentences):
            for concept in self._modality.list_concepts(sentence):
                self._places.setdefault(concept, []).append(place)
        self._clauses = [
            (clause, sentence) for sentence in map(say_ways, sentences) for clause in split_clauses(sentence)
        ]
        self._clause_stems = [matter_of(clause) for clause, _ in self._clauses]
        self._kinds = [
            claim_stems(" ".join(find_relative(plain_words(one), "en"))).keys() for one, _ in self._clauses
        ]
        self._clause_places = _index(clause for clause, _ in self._clauses)
        self._ceilings = Ceilings(sentences if self._by_words else [])
        self._bounds = Bounds(sentences if self._by_words else [])
        self._orders = Orders(sentences if self._by_words else [])
        self._contrasts = Contrasts(sentences, language)
        self._substances = Substances(document, language)
        self._waits = Waits(sentences, language)
        self._fasts = Fasts(sentences, language)
        self._groups = Groups(sentences, language)
        self._durations = Durations(sentences, language)
        self._hebrew_rules = HebrewRules(sentences if self._is_hebrew else [])
        self._words = frozenset(part for word in plain_words(document) for part in (word, *word.split("-")))
        self._numbers = NumberIndex(
            sentences, self._places, self._instructions, self._modality, compares=self._by_words
        )

    def check(self, sentence: str) -> tuple[UnsupportedKind, str] | None:
        """Why the document doesn't bear the sentence out; None when it does. What it "doesn't say" or "doesn't name"
        isn't there at all; for any other reason somebody who understands both may think otherwise."""
        if (reason := self._numbers.find_strange(sentence)) is not None:
            return "number", reason
        other = self._orders.find_other_duration(sentence) if self._by_words else None
        if other is not None or (other := self._durations.find_other(sentence)) is not None:
            return "number", f"the document says {other} for this"
        if unknown := find_unknown_names(sentence, self._words):
            return "name", f"the document doesn't name {', '.join(unknown[:5])}"
        if strange := self._substances.find_unknown(sentence):
            return "name", f"the document speaks of no {', '.join(strange[:5])}"
        if sentence.rstrip(" \"'”’").endswith("?"):
            return None
        rules = list_rules(sentence, self._language)
        return next((found for rule in rules if (found := self._check_claims(rule)) is not None), None)

    def _check_claims(self, sentence: str) -> tuple[UnsupportedKind, str] | None:
        """As `check`, of what a sentence claims beside numbers and names."""
        if self._bounds.is_converse(sentence):
            return None
        reason = self._find_opposite(sentence)
        if reason is None and self._is_hebrew:
            reason = self._hebrew_rules.find_conflict(sentence)
        if reason is None and self._by_words:
            reason = self._find_english_opposite(sentence)
        if reason is not None:
            return "opposite", reason
        if not self._by_words:
            return None
        words = claim_stems(sentence)
        if self._is_unheard_of(words.keys(), count_words(sentence)):
            strange = [word for stem, word in words.items() if stem not in self._places]
            named = f": {', '.join(strange[:5])}" if strange else ""
            return "words", f"the document doesn't seem to say this{named}"
        return None

    def _find_opposite(self, sentence: str) -> str | None:
        return (
            self._instructions.find_conflict(sentence)
            or self._groups.find_allowed(sentence)
            or self._waits.find_broken(sentence)
            or self._fasts.find_unasked(sentence)
            or self._contrasts.find_conflict(sentence)
            or self._modality.find_conflict(sentence)
        )

    def _find_english_opposite(self, sentence: str) -> str | None:
        reason = (
            self._ceilings.find_lifted(sentence)
            or self._bounds.find_turned(sentence)
            or self._orders.find_turned(sentence)
        )
        if reason is not None:
            return reason
        clauses = split_clauses(say_ways(sentence))
        if any(self._turns_round(clause) for clause in clauses):
            return _OPPOSITE
        return next((reason for clause in clauses if (reason := self._misruled(clause)) is not None), None)

    def claims(self, sentence: str) -> bool:
        """Whether there is anything in the sentence that could be looked up."""
        return (
            bool(find_quantities(sentence))
            or len(claim_stems(sentence)) >= _LEAST_WORDS
            or any(find_rule(clause) is not None for clause in split_clauses(sentence))
        )

    def _share(self, stems: Collection[str]) -> float:
        """The largest share of the words in a few neighbouring sentences."""
        hits: Counter[int] = Counter()
        for known in stems:
            near: set[int] = set()
            for place in self._places.get(known, ()):
                near.update(range(max(0, place - _WINDOW + 1), place + 1))
            hits.update(near)
        return max(hits.values(), default=0) / len(stems)

    def _turns_round(self, clause: str) -> bool:
        """Whether every clause of the document about the same says it the other way round."""
        stems = matter_of(clause)
        if len(stems) < 2:
            return False
        places = {place for stem in stems for place in self._clause_places.get(stem, ())}
        is_bare = is_plainly_turning(clause)
        close = [
            place
            for place in places
            if self._is_about_same(stems, self._clause_stems[place], is_bare=is_bare)
        ]
        said = claim_stems(clause).keys()
        close = [place for place in close if self._kinds[place] <= said]
        return bool(close) and all(is_opposite(clause, *self._clauses[place]) for place in close)

    def _is_about_same(self, stems: set[str], others: set[str], *, is_bare: bool) -> bool:
        """Whether two clauses are about the same; of what all of the document is about one may say nothing, where it
        `is_bare`."""
        if overlap(stems, others) >= _SAME_SHARE:
            return True
        bare, others_bare = stems - self._numbers.subject, others - self._numbers.subject
        return is_bare and len(bare) > 1 and bare == others_bare

    def _is_unheard_of(self, stems: Collection[str], words: int) -> bool:
        """Whether the document has too few of a sentence's words; of a short sentence's, none at all."""
        if len(stems) < _LEAST_WORDS:
            return bool(stems) and words <= _SHORT_SENTENCE and self._places.keys().isdisjoint(stems)
        return self._share(stems) < _LEAST_SHARE

    def _misruled(self, clause: str) -> str | None:
        """Why the document doesn't forbid or allow what the clause does; None when it may, or where it is no rule."""
        if (rule := find_rule(clause)) is None:
            return None
        places = set.intersection(*(set(self._clause_places.get(stem, ())) for stem in rule.about))
        is_despite = rule.forbids and says_phrase("allows_despite", clause, "en")
        if is_despite:  # "Water is not a problem."
            rule = ClaimedRule(forbids=False, is_explicit=True, about=rule.about)
        if not rule.is_explicit and (side := _side_of(clause, rule.about)) is not None:
            places = {place for place in places if side in plain_words(self._clauses[place][0])}
            if not places:  # "not before food" says nothing against food
                return None
        if not places:
            if is_despite:  # nothing is known of it
                return None
            if not rule.is_explicit:
                return _NOT_FORBIDDEN if rule.forbids and self._allows_a(rule.about) else None
            return _NOT_FORBIDDEN if rule.forbids else NOT_ALLOWED
        # "no milk, coffee or juice": what forbids may stand in the clause before.
        if rule.forbids and not any(denies_or_forbids(self._clauses[place][1]) for place in places):
            return None if self._waits.delays(clause) else _NOT_FORBIDDEN
        if not rule.forbids and all(_forbids(self._clauses[place][0]) for place in places):
            return "the document forbids this"
        return None

    def _allows_a(self, about: set[str]) -> bool:
        """Whether a rule is about drinking alone, and the document says that a drink is allowed: "Drink nothing."."""
        if about != {_DRINK}:
            return False
        rules = [
            find_rule(self._clauses[one][0])
            for drink in _DRINKS
            for one in self._clause_places.get(drink, ())
        ]
        return any(rule is not None and rule.is_explicit and not rule.forbids for rule in rules)


def _forbids(clause: str) -> bool:
    """Whether a clause forbids or denies something, other than a trouble: "Water is not a problem." allows it."""
    return denies_or_forbids(clause) and not says_phrase("allows_despite", clause, "en")


def _side_of(clause: str, about: set[str]) -> str | None:
    """The word that puts a denial on one side of what it is about: "Don't take it before food."."""
    found = _SIDE.search(clause.casefold())
    return found[1] if found is not None and about <= claim_stems(found[2]).keys() else None


def _index(texts: Iterable[str]) -> dict[str, list[int]]:
    """Stem → the positions of the texts that contain it, in order."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        for known in claim_stems(text):
            places.setdefault(known, []).append(place)
    return places
