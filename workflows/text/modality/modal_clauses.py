"""Clauses with their modality and concepts, compared: whether one forbids or bears out another. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from workflows.text.clauses.claims import is_talk, matter_of_rule
from workflows.text.clauses.hebrew_instructions import hebrew_empty
from workflows.text.modality.concepts import Concept, find_concepts
from workflows.text.modality.modality import FOLDS, ModalStatement, is_doing, read_statements

_HELP = "asking_for_help"
_ONLY = {"only": FOLDS["en"], "רק": FOLDS["he"]}
_ENDS = frozenset(map(FOLDS["en"], ("course", "treatment", "finished", "completed", "ended", "done")))
"""In a condition: the treatment is over."""
_ARTICLES = frozenset({"a", "an", "the", "your"})
GIVING = ("obligation", "permission")
"""Modalities that ask for something or allow it."""


@dataclass(frozen=True, slots=True)
class ModalClause:
    """Clause with its concepts, and the stems of what it is about."""

    statement: ModalStatement
    concepts: tuple[Concept, ...]
    about: frozenset[str]
    cases: frozenset[str] = frozenset()
    """The names of the concepts in what limits it."""

    @property
    def gives(self) -> bool:
        """Whether it asks for something or allows it."""
        return self.statement.modality in GIVING


def read_clauses(sentence: str, language: str) -> list[ModalClause]:
    """The clauses of a sentence."""
    found = []
    for statement in read_statements(sentence, language):
        concepts = find_concepts(statement.words, language)
        is_theirs = statement.is_of_others and statement.modality != "prohibition"
        meant = tuple(one for one in concepts if one.of_anyone or not is_theirs)
        cases = frozenset(one.name for word in statement.limits for one in find_concepts([word], language))
        found.append(ModalClause(statement, meant, _about(statement, language), cases))
    return found


def asks_for_help(read: ModalClause) -> bool:
    """Whether it says to ask somebody who knows."""
    return read.statement.modality == "obligation" and any(one.name == _HELP for one in read.concepts)


def _about(statement: ModalStatement, language: str) -> frozenset[str]:
    words = [word for word in statement.matter if not is_doing(word, language)]
    if language == "en":
        return frozenset(matter_of_rule(" ".join(word for word in words if not is_talk(word))))
    fold = FOLDS[language]
    return frozenset(
        fold(word) for word in words if word not in hebrew_empty() and len(word) > 1 and not word.isdigit()
    )


def holds(against: ModalClause, read: ModalClause) -> bool:
    """Whether what the document forbids, maybe for a time, in a case or to all but one, is forbidden where the clause
    allows it. A case may be said of the thing: "the burning socket" where the document says "if something burns"."""
    one, other = against.statement, read.statement
    if _role(one.words) & read.about:
        return False
    is_same = not one.limits.isdisjoint(other.limits)
    if one.is_case:
        return is_same or not one.limits.isdisjoint(read.about)
    if one.is_lasting:
        return not other.is_later or (other.is_case and _ENDS.isdisjoint(other.limits))
    if other.is_now:
        return True
    if one.is_until and other.is_later:
        if other.is_soon:
            return not one.is_short
        return not (other.is_timed or is_same)
    return not (one.is_later and other.is_until and other.is_timed)


def _role(words: Sequence[str]) -> frozenset[str]:
    """The stem of who alone may do it: "only an electrician may open it"."""
    fold = _ONLY.get(words[0])
    alone = next((word for word in words[1:] if word not in _ARTICLES), "") if fold else ""
    return frozenset({fold(alone)}) if fold and alone else frozenset()


def forbids(against: ModalClause, read: ModalClause) -> bool:
    """As `holds`, of clauses that are compared by their words: "no more than two tablets" forbids no tablet."""
    return holds(against, read) and (read.statement.is_narrow or not against.statement.is_narrow)


def supports(known: ModalClause, read: ModalClause) -> bool:
    """Whether the document itself asks for it or allows it under the condition of the clause."""
    one, other = known.statement, read.statement
    if not known.gives:
        return False
    if not one.limits or not one.limits.isdisjoint(other.limits):
        return not (one.is_later and other.is_now)
    return (one.is_later and other.is_later and not other.is_now) or (one.is_case and not other.limits)
