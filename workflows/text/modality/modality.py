"""Modality of clauses: what they ask for, allow, forbid, or exempt from. English, Hebrew; table-driven. Pure."""

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from workflows.text.clauses.claims import claim_stems, is_talk
from workflows.text.clauses.hebrew_instructions import hebrew_empty
from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.modality.modal_cues import Modality, find_modalities, find_modality, head_of
from workflows.text.modality.modality_words import ModalityWords, modality_words
from workflows.text.quantities.numbers import words_of_numbers
from workflows.text.stems import stem
from workflows.text.words import list_words

FOLDS = {"en": stem, "he": hebrew_root}
"""The form of a word by which it is compared, by language."""
_SPLITS = {
    "en": re.compile(
        r"[,;:–—.!?]\s|\b(?:but|because|so that|although|otherwise)\b"
        r"|\band (?=(?:no|not|never|then|don't|do not|you|stay|keep|leave|wait|call)\b)"
    ),
    "he": re.compile(r"[,;:–—.!?]\s|\s(?:כי|אבל|אך|אלא)\s|\sו(?=(?:אל|אין|לא|אסור|מותר)\s)"),
}
_NOTS = {"en": frozenset({"not", "never"}), "he": frozenset({"לא", "ולא"})}
_MOST_ELLIPTIC = 4
"""Words of "not the cord"."""
_PREPOSITIONS = frozenset({"with", "in", "on", "at", "by", "into", "over", "under", "to"})
_WITHOUT = re.compile(r"(?<!\S)ו?(?:without|בלי|ללא|מבלי) ((?:\S+ ?){1,3})")
_PATIENTS = frozenset(["חולים", "מטופלים", "ילדים", "מבוגרים"])
_WHEN = re.compile(r"(?<!\S)ו?כש(?=[א-ת]{3})")
_LASTING = re.compile(
    r"(?:while|whilst|as long as|when|during) (?:you(?:'re| are)? )?(?:still |being )?"
    r"(?:(?:taking|take|using|use|on|having) (?!(?:an?|each|every|one|part|your next|the (?:tablet|pill|dose))(?!\S))"
    r"|treated(?!\S)|(?:the |your )?treatment)"
)
"""The time of the treatment that a document is about: to its reader, always."""
_EVEN_IF = re.compile(r"(?<!\S)(?:(?:even|also) (?:if|when|though)|גם (?:אם|כש|כאשר))(?!\S)")
_WHO_CANNOT = re.compile(
    r"(?<!\S)(?:who|that|which) (?:can't|cannot|don't|doesn't|do not|does not|isn't|aren't) \S+"
)
"""What tells of whom or of what a clause speaks, and denies nothing of what it asks for."""


class ModalStatement(NamedTuple):
    """Clause with its modality (None: it only says something). `words`: without what limits it; `matter`: also without
    those that tell its modality.

    `limits`: the stems of what limits it. `is_until`: it ends with them; `is_later`: it begins with them; `is_case`: it
    holds in a case only; `is_timed`: a time stands in them; `is_soon`: it is the next day; `is_short`: days or hours.
    `is_lasting`: for the time of the treatment. `is_now`: it is said of the present. `is_narrow`: some way or amount is
    meant. `lacks`: the stems after "without".
    """

    words: tuple[str, ...]
    modality: Modality | None
    limits: frozenset[str] = frozenset()
    is_until: bool = False
    is_later: bool = False
    is_case: bool = False
    is_lasting: bool = False
    is_now: bool = False
    is_timed: bool = False
    is_soon: bool = False
    is_short: bool = False
    is_of_others: bool = False
    is_narrow: bool = False
    matter: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()


def read_statements(sentence: str, language: str) -> list[ModalStatement]:
    """The clauses of a sentence. What forbids may stand before a list; what limits one clause limits all, but a case
    after a clause only those that are meant like it: "put no butter on it, and call us if it is large"."""
    table = modality_words(language)
    cut = [_cut(_joined(part, table), table) for part in _SPLITS[language].split(_plain(sentence))]
    parts = _with_cases(cut, language)
    whole = " ".join((*(main for main, _ in parts), *(limit for _, limit in parts if limit)))
    modalities = find_modalities([main for main, _ in parts], whole, language)
    shared = {
        modality: _limited(_limit_of(modality, parts, modalities, table), whole, language)
        for modality in set(modalities)
    }
    found: list[ModalStatement] = []
    for (main, own_limit), modality in zip(parts, modalities, strict=True):
        if not main:
            continue
        matter = _matter(main, modality, table)
        if found and _is_elliptic(main, modality, found[-1], language):
            matter = (*_shared_words(found[-1].words, main.split(), table), *matter)
        found.append(
            shared[modality]._replace(
                words=tuple(main.split()),
                modality=modality,
                matter=matter,
                lacks=_lacks(own_limit, language),
                is_narrow="narrowing" in table.phrases.names(main),
            )
        )
    return found


def _limit_of(
    modality: Modality | None,
    parts: Sequence[tuple[str, str]],
    modalities: Sequence[Modality | None],
    table: ModalityWords,
) -> str:
    """What limits the clauses of a modality."""
    return " ".join(
        limit
        for (main, limit), other in zip(parts, modalities, strict=True)
        if limit and (other == modality or not _is_own_case(main, limit, table))
    )


def _is_own_case(main: str, limit: str, table: ModalityWords) -> bool:
    """Whether a limit is a case that stands after its own clause."""
    first, *_ = limit.split(" ", 1)
    return bool(main) and "cases" in table.phrases.names(first)


def _limited(limit: str, whole: str, language: str) -> ModalStatement:
    """A statement without words that `limit` limits; `whole`: its sentence."""
    table, words = modality_words(language), limit.split()
    names, all_names = table.phrases.names(limit), table.phrases.names(whole)
    is_lasting = _LASTING.match(limit) is not None
    return ModalStatement(
        (),
        None,
        frozenset(FOLDS[language](word) for word in words if not _is_empty(word, language)),
        is_until="until" in names or table.duration.search(limit) is not None,
        is_later="later" in names,
        is_case="cases" in names and not is_lasting,
        is_lasting=is_lasting,
        is_timed=not (table.time | words_of_numbers()).isdisjoint(words) or any(map(str.isdecimal, words)),
        is_soon="soon" in names,
        is_short="short" in names,
        is_now="now" in all_names,
        is_of_others="others" in all_names,
    )


def _with_cases(parts: list[tuple[str, str]], language: str) -> list[tuple[str, str]]:
    """The parts; where a case is a list ("if it is red, swollen or smells"), all of it limits."""
    table, found, is_case = modality_words(language), list[tuple[str, str]](), False
    for main, limit in parts:
        if is_case and main and find_modality(main, language) is None:
            main, limit = "", f"{main} {limit}".strip()
        elif main or limit:
            is_case = bool(limit) and "cases" in table.phrases.names(limit)
        found.append((main, limit))
    return found


def says_phrase(name: str, sentence: str, language: str) -> bool:
    """Whether one of the table's phrases of that name (`unasked`, `dismisses`) stands in the sentence."""
    table = modality_words(language)
    return name in table.phrases.names(_joined(_plain(sentence), table))


def is_caring(words: Sequence[str], language: str) -> bool:
    """Whether words begin with a verb that takes care of a thing: "keep", "protect"."""
    table = modality_words(language)
    return next((word for word in words if word not in table.fillers), "") in table.caring


def head_stem(statement: ModalStatement, language: str) -> str:
    """The stem of the verb that a request begins with."""
    return FOLDS[language](head_of(statement.words, modality_words(language)))


def is_time(word: str, language: str) -> bool:
    """Whether it is a word of times, such as "day"."""
    return word in modality_words(language).time


def is_doing(word: str, language: str) -> bool:
    """Whether it is a verb that says nothing of what is done: "put", "wear"."""
    return word in modality_words(language).doing


@cache
def doing_stems(language: str) -> frozenset[str]:
    """The stems of the verbs that say nothing of what is done."""
    return frozenset(map(FOLDS[language], modality_words(language).doing))


def _plain(sentence: str) -> str:
    return sentence.casefold().replace("’", "'")


def _joined(part: str, table: ModalityWords) -> str:
    """The words with a space between; phrases that only look like a limit are one word."""
    text = _WHEN.sub("כש ", " ".join(list_words(part)))
    text = _WHO_CANNOT.sub(lambda found: found.group().replace(" ", "-"), text)
    text = _EVEN_IF.sub(lambda found: "even-if" if found.group().isascii() else "גם-אם", text)
    return table.phrases.replace(text, ("joined",), lambda found: found.replace(" ", "-"))


def _matter(main: str, modality: Modality | None, table: ModalityWords) -> tuple[str, ...]:
    names = {"permission": ("allows_despite", "permits"), "exemption": ("exempts",)}.get(modality or "", ())
    return tuple(table.phrases.replace(main, names, _thing_within).split())


def _thing_within(phrase: str) -> str:
    """What a phrase around its thing is about: "no life jacket is needed"."""
    return phrase if phrase.startswith("no ") and len(phrase.split()) > _MOST_ELLIPTIC else " "


def _is_elliptic(main: str, modality: Modality | None, before: ModalStatement, language: str) -> bool:
    """Whether a clause only says of what not to do the one before it: "pull the plug, not the cord"."""
    words = main.split()
    return (
        modality == "prohibition"
        and before.modality == "obligation"
        and len(words) <= _MOST_ELLIPTIC
        and words[0] in _NOTS[language]
    )


def _shared_words(before: Sequence[str], words: Sequence[str], table: ModalityWords) -> Sequence[str]:
    """What an elliptic clause has of the one before it: all before the preposition that both have ("put out fat with a
    lid, never with water"), else its verb."""
    if len(words) > 1 and words[1] in _PREPOSITIONS and words[1] in before:
        return before[: before.index(words[1])]
    return (head_of(before, table),)


def _lacks(limit: str, language: str) -> frozenset[str]:
    found = _WITHOUT.search(limit)
    words = found[1].split() if found else []
    return frozenset(map(FOLDS[language], [one for one in words if not _is_empty(one, language)] or words))


def _cut(part: str, table: ModalityWords) -> tuple[str, str]:
    """A part without what limits it, and the limit: "do not drive" and "until the next day"."""
    place = _limit_at(part, table)
    if place is None:
        return part, ""
    if place:
        return part[:place].strip(), part[place:]
    openers = (one.start for one in table.phrases.find(part) if one.name == "openers" and one.start)
    span = table.time_span.match(part)
    start = span.end() if span else next(openers, len(part))
    rest, limit = part[start:].strip(), part[:start]
    if not rest:
        return "", part
    again = _limit_at(rest, table)
    if again is None:
        return rest, limit
    return rest[:again].strip(), f"{limit} {rest[again:]}"


def _limit_at(part: str, table: ModalityWords) -> int | None:
    """The place at which what limits a part begins."""
    places = [next((one.start for one in table.phrases.find(part) if one.name == "limits"), None)]
    if duration := table.duration.search(part):
        places.append(duration.start())
    return min((place for place in places if place is not None), default=None)


def _is_empty(word: str, language: str) -> bool:
    """Whether it says nothing of what limits a clause."""
    if word.isdecimal() or word in modality_words(language).time:
        return False
    is_grammar = (
        word in hebrew_empty() - _PATIENTS if language == "he" else not (claim_stems(word) or is_talk(word))
    )
    return is_grammar or len(word) < 2 or word in modality_words(language).limiting
