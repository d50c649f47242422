"""Modality of clauses: what they ask for, allow, forbid, or exempt from. English, Hebrew; table-driven. Pure."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from workflows.text.claims import claim_stems, is_talk
from workflows.text.hebrew_instructions import hebrew_empty
from workflows.text.hebrew_roots import hebrew_root
from workflows.text.instruction_words import instruction_words
from workflows.text.modality_words import ModalityWords, modality_words
from workflows.text.numbers import words_of_numbers
from workflows.text.stems import stem
from workflows.text.words import list_words

Modality = Literal["obligation", "permission", "prohibition", "exemption"]
FOLDS = {"en": stem, "he": hebrew_root}
"""The form of a word by which it is compared, by language."""
_SPLITS = {
    "en": re.compile(
        r"[,;:–—.!?]\s|\b(?:but|because|so that|although|otherwise)\b"
        r"|\band (?=(?:no|not|never|then|don't|do not|you)\b)"
    ),
    "he": re.compile(r"[,;:–—.!?]\s|\s(?:כי|אבל|אך|אלא)\s|\sו(?=(?:אל|אין|לא|אסור|מותר)\s)"),
}
_CUES: dict[str, Modality | None] = {
    "leading": None,
    "urges": "obligation",
    "allows_despite": "permission",
    "exempts": "exemption",
    "refuses": "prohibition",
    "permits": "permission",
    "obliges": "obligation",
}
"""The modality by its words; the first that stands in a clause counts."""
_LISTS = {"en": frozenset({"or", "nor"}), "he": frozenset({"או"})}
_WITHOUT = re.compile(r"(?<!\S)(?:without|בלי|ללא|מבלי) ((?:\S+ ?){1,3})")
_PATIENTS = frozenset(["חולים", "מטופלים", "ילדים", "מבוגרים"])
_WHEN = re.compile(r"(?<!\S)ו?כש(?=[א-ת]{3})")
_EVEN_IF = re.compile(r"(?<!\S)(?:(?:even|also) (?:if|when|though)|גם (?:אם|כש|כאשר))(?!\S)")
_FUTURE = re.compile("ת[א-ת]{2,}[וי]")
_OWN_SUBJECT_WORDS = "you it he she they i this that the your a an if when then we who"
_OWN_SUBJECT = frozenset(_OWN_SUBJECT_WORDS.split())


class ModalStatement(NamedTuple):
    """Clause with its modality (None: it only says something). `words`: without what limits it; `matter`: also without
    those that tell its modality.

    `limits`: the stems of what limits it. `is_until`: it ends with them; `is_later`: it begins with them; `is_case`: it
    holds in a case only; `is_timed`: a time stands in them; `is_soon`: it is the next day; `is_short`: days or hours.
    `is_now`: it is said of the present. `is_narrow`: some way or amount is meant. `lacks`: the stems after "without".
    """

    words: tuple[str, ...]
    modality: Modality | None
    limits: frozenset[str] = frozenset()
    is_until: bool = False
    is_later: bool = False
    is_case: bool = False
    is_now: bool = False
    is_timed: bool = False
    is_soon: bool = False
    is_short: bool = False
    is_of_others: bool = False
    is_narrow: bool = False
    matter: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()


def read_statements(sentence: str, language: str) -> list[ModalStatement]:
    """The clauses of a sentence. What forbids may stand before a list; what limits one clause limits all."""
    table = modality_words(language)
    parts = _with_cases(
        [_cut(_joined(part, table), table) for part in _SPLITS[language].split(_plain(sentence))], language
    )
    limit = " ".join(limit for _, limit in parts if limit)
    words = limit.split()
    limits = frozenset(FOLDS[language](word) for word in words if not _is_empty(word, language))
    whole = " ".join((*(main for main, _ in parts), limit))
    is_list = not _LISTS[language].isdisjoint(whole.split())
    names, all_names = table.phrases.names(limit), table.phrases.names(whole)
    shared = ModalStatement(
        (),
        None,
        limits,
        is_until="until" in names or table.duration.search(limit) is not None,
        is_later="later" in names,
        is_case="cases" in names,
        is_timed=not (table.time | words_of_numbers()).isdisjoint(words) or any(map(str.isdecimal, words)),
        is_soon="soon" in names,
        is_short="short" in names,
        is_now="now" in all_names,
        is_of_others="others" in all_names,
    )
    found: list[ModalStatement] = []
    for main, own_limit in parts:
        if main:
            last = found[-1].modality if found else None
            modality = _modality_in_list(main, last, is_list=is_list, language=language)
            matter, lacks = _matter(main, modality, table), _lacks(own_limit, language)
            found.append(
                shared._replace(
                    words=tuple(main.split()),
                    modality=modality,
                    matter=matter,
                    lacks=lacks,
                    is_narrow="narrowing" in table.phrases.names(main),
                )
            )
    return found


def _with_cases(parts: list[tuple[str, str]], language: str) -> list[tuple[str, str]]:
    """The parts; where a case is a list ("if it is red, swollen or smells"), all of it limits."""
    table, found, is_case = modality_words(language), list[tuple[str, str]](), False
    for main, limit in parts:
        if is_case and main and _modality(main, language) is None:
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


def is_doing(word: str, language: str) -> bool:
    """Whether it is a verb that says nothing of what is done: "put", "wear"."""
    return word in modality_words(language).doing


def _plain(sentence: str) -> str:
    return sentence.casefold().replace("’", "'")


def _joined(part: str, table: ModalityWords) -> str:
    """The words with a space between; phrases that only look like a limit are one word."""
    text = _WHEN.sub("כש ", " ".join(list_words(part)))
    text = _EVEN_IF.sub(lambda found: "even-if" if found.group().isascii() else "גם-אם", text)
    return table.phrases.replace(text, ("joined",), lambda found: found.replace(" ", "-"))


def _matter(main: str, modality: Modality | None, table: ModalityWords) -> tuple[str, ...]:
    names = {"permission": ("allows_despite", "permits"), "exemption": ("exempts",)}.get(modality or "", ())
    return tuple(table.phrases.replace(main, names, lambda _: " ").split())


def _lacks(limit: str, language: str) -> frozenset[str]:
    found = _WITHOUT.search(limit)
    return frozenset(map(FOLDS[language], found[1].split())) if found else frozenset()


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


def _modality_in_list(main: str, last: Modality | None, *, is_list: bool, language: str) -> Modality | None:
    """As `_modality`; one more thing of a list is asked for or forbidden as the `last` one."""
    known = _modality(main, language)
    if last is None or main.split()[0] in _OWN_SUBJECT:
        return known
    is_refused = known == "obligation" and last in ("prohibition", "exemption") and is_list
    return last if known is None or is_refused else known


def _modality(main: str, language: str) -> Modality | None:
    table = modality_words(language)
    names = table.phrases.names(main)
    for name, modality in _CUES.items():
        if name in names:
            return modality
    return "obligation" if _is_order(main.split(), language) else None


def _is_order(words: list[str], language: str) -> bool:
    """Whether words begin with what may be an imperative."""
    table = modality_words(language)
    head = next((word for word in words if word not in table.fillers), "")
    if language == "he":
        return len(head) > 2 and (head.endswith("ו") or _FUTURE.fullmatch(head) is not None)
    return head in table.orders or head in instruction_words().actions


def _is_empty(word: str, language: str) -> bool:
    """Whether it says nothing of what limits a clause."""
    if word.isdecimal() or word in modality_words(language).time:
        return False
    is_grammar = (
        word in hebrew_empty() - _PATIENTS if language == "he" else not (claim_stems(word) or is_talk(word))
    )
    return is_grammar or len(word) < 2 or word in modality_words(language).limiting
