"""Clauses with their modality and concepts, compared: whether one forbids or bears out another. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workflows.text.clauses.claims import claim_stems, is_talk, matter_of_rule, plain_words
from workflows.text.clauses.hebrew_instructions import hebrew_empty
from workflows.text.clauses.relative_clauses import find_relative
from workflows.text.modality.concepts import Concept, find_concepts
from workflows.text.modality.modality import FOLDS, ModalStatement, is_doing, read_statements

_HELP = "asking_for_help"
_ONLY = {"only": FOLDS["en"], "רק": FOLDS["he"]}
_ENDS = frozenset(map(FOLDS["en"], ("course", "treatment", "finished", "completed", "ended", "done")))
"""In a condition: the treatment is over."""
_ARTICLES = frozenset({"a", "an", "the", "your"})
_ANY = frozenset({"any", "every", "all", "whatever", "whichever", "anything", "everything", "כל"})
_DENYING = {
    "en": frozenset(
        {"no", "not", "never", "without", "isn't", "aren't", "hasn't", "haven't", "doesn't", "don't"}
    ),
    "he": frozenset({"לא", "אין", "אינו", "אינה", "אינם", "אינן", "שאינו", "שאינה", "שאין", "בלי", "ללא"}),
}
_REACH_OF_NO = 3
"""Words after one that says no, from which on it isn't meant."""
_GONE = re.compile(
    r"\b(?:with|take|leave) (?:the |its |your |their )?[\w-]{1,30} (?:off|removed|missing|away|aside|at home)\b"
    r"|\b(?:take off|remove|put away) (?:the |its |your |their )?[\w-]{1,30}",
    re.IGNORECASE,
)
"""What isn't there: "with the lid off"."""
_COMPARED = re.compile(r"(?:(?<=([a-z]))\1)?er\b")
_BEFORE_ROOT = re.compile("^ש?נ?(?=[א-ת]{3})")
"""Letters before the root of "that was cracked", in Hebrew one word."""
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
    kind: frozenset[str] = frozenset()
    """What tells which thing a prohibition is of ("a hose that is cracked"), as stems and concepts."""
    is_kind_lacking: bool = False
    """Whether the kind is told by what it hasn't: "a bottle that has no label"."""
    said: frozenset[str] = frozenset()
    """The stems and concepts that its whole sentence doesn't deny."""
    is_of_any: bool = False
    """Whether it speaks of every thing of a kind."""

    @property
    def gives(self) -> bool:
        """Whether it asks for something or allows it."""
        return self.statement.modality in GIVING


def read_clauses(sentence: str, language: str) -> list[ModalClause]:
    """The clauses of a sentence."""
    found, said = [], _said(sentence, language)
    is_of_any = not _ANY.isdisjoint(plain_words(sentence))
    for statement in read_statements(sentence, language):
        concepts = find_concepts(statement.words, language)
        is_theirs = statement.is_of_others and statement.modality != "prohibition"
        meant = tuple(one for one in concepts if one.of_anyone or not is_theirs)
        cases = frozenset(one.name for word in statement.limits for one in find_concepts([word], language))
        found.append(
            ModalClause(
                statement,
                meant,
                _about(statement, language),
                cases,
                *_kind(statement, language),
                said,
                is_of_any,
            )
        )
    return found


def _kind(statement: ModalStatement, language: str) -> tuple[frozenset[str], bool]:
    """The kind of thing that a prohibition is of, and whether it is told by what it hasn't. Of "deeper than your chest"
    is what is deep."""
    relative = find_relative(statement.words, language) if statement.modality == "prohibition" else ()
    plain = (_COMPARED.sub("", word) for word in relative[-1:])
    return _matter((*relative, *plain), language), not _DENYING[language].isdisjoint(relative)


def _said(sentence: str, language: str) -> frozenset[str]:
    """What a sentence says without a denial just before."""
    affirmed, last = list[str](), -_REACH_OF_NO
    for place, word in enumerate(plain_words(_GONE.sub(" ", sentence))):
        if word in _DENYING[language]:
            last = place
        elif place - last >= _REACH_OF_NO:
            affirmed.append(word)
    return _matter(affirmed, language)


def _matter(words: Sequence[str], language: str) -> frozenset[str]:
    """The stems and concepts of words that say something."""
    concepts = {f"#{one.name}" for one in find_concepts(words, language)}
    if language == "en":
        return frozenset({*claim_stems(" ".join(words)), *concepts})
    bare = [_BEFORE_ROOT.sub("", word) for word in words]
    said = (word for word in (*words, *bare) if word not in hebrew_empty())
    return frozenset({*map(FOLDS[language], said), *concepts})


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
    if _role(one.words) & read.about or not _is_of_kind(against, read):
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


def _is_of_kind(against: ModalClause, read: ModalClause) -> bool:
    """Whether a clause may speak of the kind of thing that is forbidden, where not all are: one that is told by what it
    hasn't may be any."""
    lacks = against.statement.lacks - read.statement.lacks
    if lacks and lacks <= read.said:
        return False  # "not without a check": it has one
    if not against.kind or read.is_of_any:
        return True
    return against.kind.isdisjoint(read.said) == against.is_kind_lacking


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
