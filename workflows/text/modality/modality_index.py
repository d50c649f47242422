"""Clauses of a document by what they ask for, allow and forbid: whether a sentence says the contrary. Pure.

Unlike the other checks it compares concepts ("a cigarette" is smoking), takes what is asked for as forbidding its
contrary ("swallow it whole" forbids crushing), and takes a clause as forbidden that has more in common with what is
forbidden than with what is allowed. Where the document allows a thing under the same condition, it is silent.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from workflows.text.clauses.claims import plain_words
from workflows.text.clauses.clauses import is_item
from workflows.text.modality.concepts import Concept, find_concepts
from workflows.text.modality.left_out import list_left_out
from workflows.text.modality.modal_clauses import (
    GIVING,
    ModalClause,
    asks_for_help,
    forbids,
    holds,
    read_clauses,
    supports,
)
from workflows.text.modality.modality import FOLDS, head_stem, is_caring, is_time, says_phrase

_FORBIDDEN, _ASKED = "the document forbids this", "the document asks for this"
_UNASKED = "the document doesn't say to do this without asking"
_DISMISSED = "the document says to get help with this"
_TAKING = ("prohibition", "exemption")
_DENYING = frozenset({"not", "don't", "never", "אין", "אל", "לא"})
_ONLY = frozenset({"only", "רק"})
_AUXILIARIES = frozenset({"be", "to"})
_SHARE = 1 / 3
_BORNE_OUT = 2
"""With as many words in common, and more than with what is forbidden, a clause says what another one asks for."""


class ModalityIndex:
    """The clauses of a document's sentences. Of a language without tables it finds nothing."""

    def __init__(self, sentences: Sequence[str], language: str | None) -> None:
        self._language = language if language in FOLDS else None
        self._reads: list[ModalClause] = []
        self._sentence: list[int] = []  # of each clause
        self._by_concept: dict[str, list[ModalClause]] = {}
        self._by_stem: dict[str, list[int]] = {}
        self._refused: set[str] = set()  # the stems of words right after one that says no
        self._needed: set[str] = set()  # what something may only be done with
        self._asked: dict[str, set[frozenset[str]]] = {}  # what requests are about, each once, by its stems
        self._left_out = {stem for one in sentences for left in self._list_left_out(one) for stem in left}
        alarms: set[str] = set()
        for number, reads in enumerate(self._read_all(sentences)):
            self._sentence += [number] * len(reads)
            is_alarm = any(asks_for_help(read) for read in reads)
            for read in reads:
                self._add(read)
                if is_alarm and read.statement.is_case:
                    alarms |= read.statement.limits
        self._alarms = frozenset(stem for stem in alarms if stem not in self._by_stem)

    def _add(self, read: ModalClause) -> None:
        if read.statement.modality == "prohibition":
            said = [word for word in read.statement.words if word not in _AUXILIARIES]
            self._refused |= {self._fold(after) for one, after in pairwise(said) if one in _DENYING}
        if read.gives and not _ONLY.isdisjoint(read.statement.words):
            self._needed |= read.statement.limits - read.statement.lacks
        if read.statement.modality == "exemption":
            self._left_out |= read.about
        for concept in read.concepts:
            self._by_concept.setdefault(concept.name, []).append(read)
        for stem in read.about:
            if read.statement.modality == "obligation":
                self._asked.setdefault(stem, set()).add(read.about)
            self._by_stem.setdefault(stem, []).append(len(self._reads))
        self._reads.append(read)

    def _read_all(self, sentences: Sequence[str]) -> Iterator[list[ModalClause]]:
        """The clauses of each sentence. Below "Do not:" a list is forbidden."""
        if self._language is None:
            return
        is_refused = False
        for sentence in sentences:
            reads = read_clauses(sentence, self._language)
            if is_refused and is_item(sentence):
                reads = [
                    replace(one, statement=one.statement._replace(modality="prohibition")) for one in reads
                ]
            else:
                refuses = any(one.statement.modality == "prohibition" for one in reads)
                is_refused = refuses and sentence.rstrip().endswith(":")
            yield reads

    def find_conflict(self, sentence: str) -> str | None:
        """Why the document says the contrary; None where it doesn't, or where nobody is told anything."""
        if self._language is None:
            return None
        reads = [self._as_order(read) for read in read_clauses(sentence, self._language)]
        if self._dismisses(sentence, reads):
            return _DISMISSED
        if any(one.gives for one in reads) and says_phrase("unasked", sentence, self._language):
            return _UNASKED
        feels = says_phrase("feeling", sentence, self._language)
        for read in reads:
            if read.gives and not _ends_taking(read) and self._is_forbidden(read):
                return _FORBIDDEN
            if read.statement.modality in (*GIVING, None) and self._goes_without(read):
                return _FORBIDDEN
            if read.statement.modality in _TAKING and not feels and self._is_asked_for(read):
                return _ASKED
        return _ASKED if any(map(self._is_not_to_be_left_out, self._list_left_out(sentence))) else None

    def _list_left_out(self, sentence: str) -> Iterator[frozenset[str]]:
        """The stems of each thing that a sentence says to leave out."""
        if self._language is None:
            return
        for said in list_left_out(sentence, self._language):
            reads = read_clauses(said, self._language)
            yield frozenset(stem for read in reads for stem in read.about)

    def _is_not_to_be_left_out(self, about: frozenset[str]) -> bool:
        """Whether the document asks for just this thing or deed, and nowhere says to leave it out."""
        if not about or not about.isdisjoint(self._left_out):
            return False
        return any(about <= asked for asked in min((self._asked.get(stem, set()) for stem in about), key=len))

    def _fold(self, word: str) -> str:
        assert self._language is not None
        return FOLDS[self._language](word)

    def _as_order(self, read: ModalClause) -> ModalClause:
        """A clause that begins with what the document says not to do, as a request for it: "Wake him."."""
        if read.statement.modality is not None or self._fold(read.statement.words[0]) not in self._refused:
            return read
        return replace(read, statement=read.statement._replace(modality="obligation"))

    def list_concepts(self, text: str) -> list[str]:
        """The names of the concepts that a text is about, and of their contraries; each as no word is written."""
        if self._language is None:
            return []
        found = find_concepts(plain_words(text), self._language)
        return [f"#{name}" for concept in found for name in (concept.name, concept.against) if name]

    def _is_forbidden(self, read: ModalClause) -> bool:
        against, support = self._nearest(read)
        is_borne_out = support >= _BORNE_OUT and support > against
        if any(
            self._is_against(concept, read)
            for concept in read.concepts
            if not (concept.is_general and is_borne_out)
        ):
            return True
        assert self._language is not None
        if read.statement.is_of_others:
            return False
        refused, known = self._only_forbidden(read)
        is_refused = bool(refused) and len(refused) >= _SHARE * known
        if read.statement.modality == "obligation" and is_caring(read.statement.words, self._language):
            return is_refused and (len(refused) > 1 or head_stem(read.statement, self._language) in refused)
        return against > support or (is_refused and not is_borne_out)

    def _is_against(self, concept: Concept, read: ModalClause) -> bool:
        known = self._by_concept.get(concept.name, ())
        against = [one for one in known if one.statement.modality == "prohibition"]
        if concept.against:
            others = self._by_concept.get(concept.against, ())
            against += [one for one in others if one.statement.modality == "obligation"]
        if concept.same:
            against = [one for one in against if one.about & read.about]
            known = [one for one in known if one.about & read.about]
        if concept.against and not read.statement.limits:  # "stop" in one case is no "stop"
            known = [one for one in known if not one.statement.is_case]
        return any(holds(one, read) for one in against) and not any(supports(one, read) for one in known)

    def _nearest(self, read: ModalClause) -> tuple[int, int]:
        """The most words in common with a clause that forbids, and with a sentence's clauses that don't."""
        shared = Counter(place for stem in read.about for place in self._by_stem.get(stem, ()))
        against, support = 0, Counter[int]()
        for place, count in shared.items():
            other = self._reads[place]
            count += len(other.cases & read.cases)  # "after a beer", "after you have drunk alcohol"
            if other.statement.modality == "prohibition":
                against = max(against, count if forbids(other, read) else 0)
            elif other.statement.modality != "exemption":
                support[self._sentence[place]] += count
        return against, max(support.values(), default=0)

    def _only_forbidden(self, read: ModalClause) -> tuple[list[str], int]:
        """Of the things that a clause is about: those that the document only forbids, and how many it knows."""
        assert self._language is not None
        things = [stem for stem in read.about if not is_time(stem, self._language)]
        known = {stem: self._by_stem[stem] for stem in things if stem in self._by_stem}
        refused = [
            stem
            for stem, places in known.items()
            if all(
                self._reads[place].statement.modality == "prohibition" and forbids(self._reads[place], read)
                for place in places
            )
        ]
        return refused, len(known)

    def _goes_without(self, read: ModalClause) -> bool:
        """Whether it is to be done without what the document asks for: "without crutches"."""
        return any(
            stem in self._needed or self._has(self._by_stem.get(stem, ()), "obligation")
            for stem in read.statement.lacks
        )

    def _has(self, places: Iterable[int], modality: str) -> bool:
        return any(self._reads[place].statement.modality == modality for place in places)

    def _is_asked_for(self, read: ModalClause) -> bool:
        for concept in read.concepts:
            known = [one.statement.modality for one in self._by_concept.get(concept.name, ())]
            is_asked = concept.is_duty and (concept.always or "obligation" in known)
            if is_asked and not any(one in _TAKING for one in known):
                return True
        if read.statement.modality != "exemption" or "only" in read.statement.words:
            return False
        places = {place for stem in read.about for place in self._by_stem.get(stem, ())}
        return self._has(places, "obligation") and not self._has(places, "exemption")

    def _dismisses(self, sentence: str, reads: Sequence[ModalClause]) -> bool:
        """Whether a sentence makes light of what the document says to get help with, or tells to do something else."""
        assert self._language is not None
        about = frozenset(stem for one in reads for stem in (*one.about, *one.statement.limits))
        if self._alarms.isdisjoint(about):
            return False
        if says_phrase("dismisses", sentence, self._language):
            return True
        return any(self._is_no_help(read) for read in reads) and not any(map(asks_for_help, reads))

    def _is_no_help(self, read: ModalClause) -> bool:
        """Whether it says what to do in case of an alarm, and the document says something else."""
        case = read.statement.limits & self._alarms
        if not (read.gives and read.statement.is_case and case):
            return False
        places = {place for stem in read.about for place in self._by_stem.get(stem, ())}
        known = [self._reads[place] for place in places]
        known += [one for concept in read.concepts for one in self._by_concept.get(concept.name, ())]
        return not any(one.gives and one.statement.limits & case for one in known)


def _ends_taking(read: ModalClause) -> bool:
    """Whether it asks to stop with a medicine: then nothing is done that could be forbidden."""
    return ("stop", "taking") in pairwise(read.statement.words)
