"""Hebrew clauses read as instructions: what they tell somebody to do, to leave, to go on with. Pure."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from workflows.text.clauses.clauses import Clause, Course
from workflows.text.clauses.hebrew_claims import split_hebrew
from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.clauses.relative_clauses import find_relative
from workflows.text.quantities.numbers import find_quantities
from workflows.text.remembered import remember_sentences
from workflows.text.words import list_words

_FILE = Path(__file__).parent / "hebrew_instructions.toml"
_MOST_CORE = 4
_CONTINUE, _STOP = hebrew_root("להמשיך"), hebrew_root("להפסיק")
_CONDITIONS = frozenset({"אם", "כאשר", "אלא"})
_YOU = frozenset({"אתה", "את", "אתם", "אתן"})
_CHANGES = ("double", "halve", "raise", "lower")
_ALONE = frozenset({"double", "halve"})
_UNLIMITED = ("כמה שאתם רוצים", "כמה שתרצו", "כמה שרוצים", "ככל שתרצו", "מתי שתרצו", "בלי הגבלה", "ללא הגבלה")
_PART = re.compile(
    r"(?<![א-ת])(?:חצי|מחצית|רבע|שליש|חלק) "
    r"(?:מה|את ה|ה|מ|של ה)?(?:תרופ(?:ה|ות)|כדור(?:ים)?|מינון|מנ(?:ה|ות)|טבלי(?:ה|ות)|קפסול(?:ה|ות))(?![א-ת])"
)
"""A share of what is usually taken: "half of your medicines"."""
_NO_LIMIT = "set no limit to"


@remember_sentences
def read_hebrew_instructions(sentence: str) -> tuple[Clause, ...]:
    """The clauses of a sentence. What forbids may stand before a list."""
    clauses: list[Clause] = []
    words = list_words(sentence)
    is_list = "או" in words
    for part, goes_on in _parts(sentence):
        clause = _read(part)
        if clauses and is_list and goes_on and clauses[-1].prohibits and not clause.denies:
            forbidden = clause.forbidden | {clause.action}
            clause = clause._replace(
                denies=True, prohibits=True, course=None, change=None, forbidden=forbidden
            )
        clauses.append(clause)
    return tuple(clauses)


def _parts(sentence: str) -> Iterator[tuple[str, bool]]:
    """The clauses, and whether each may go on with a list: after a semicolon only one that begins with a verb."""
    for half in sentence.split(";"):
        for place, part in enumerate(split_hebrew(half)):
            yield part, place > 0 or _may_be_imperative(list_words(part))


def _read(clause: str) -> Clause:
    words = list_words(clause)
    has = frozenset(words)
    main = words[: next((place for place, word in enumerate(words) if word in _CONDITIONS), len(words))]
    waives = bool(has & _words("no_duty")) and not _words("denying").isdisjoint(main)
    negates = not _words("denying").isdisjoint(main) and not waives
    ends = not _words("ending").isdisjoint(main)
    denies = negates != ends
    before = _words("fillers") | _words("subjects") | _words("modals") | _words("denying")
    start = next((place for place, word in enumerate(words) if word not in before), len(words))
    is_allowed = not (_words("modals") | _YOU).isdisjoint(words[:start])
    rest = words[start:]
    root = hebrew_root(rest[0]) if rest else ""
    core, scope = _split(rest[1:] if root in (_CONTINUE, _STOP) else rest)
    return Clause(
        about=frozenset(_about(words)),
        core=core,
        is_sure=is_allowed or _may_be_imperative(rest),
        action=root,
        scope=scope,
        limits=has & _words("limits"),
        denies=denies,
        prohibits=denies
        and not has & _words("limits")
        and not (_words("denying") | _words("ending")).isdisjoint(words[: start + 1]),
        is_narrow=not has.isdisjoint(_words("narrowing"))
        or (denies and bool(_about(find_relative(words, "he")))),
        waives=waives,
        is_timed=bool(find_quantities(clause)) or not has.isdisjoint(_words("numbers")),
        permits=is_allowed and not denies and not waives,
        course=_course(rest, root, negates=negates),
        change=None if denies else _change(rest, root, clause),
        forbidden=frozenset({root} if denies else ()),
    )


def _may_be_imperative(rest: Sequence[str]) -> bool:
    """Whether it begins with what may be an imperative, a future that stands for one, or an infinitive."""
    if rest[:1] == ["אם"] and rest[1:2] and rest[1] in _YOU:  # "if you are pregnant"
        return False
    return bool(rest) and (
        rest[0].endswith(("ו", "י")) or rest[0].startswith(("ת", "ל")) or len(rest[0]) == 2
    )


def _split(words: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    end = next((place for place, word in enumerate(words) if place and word in _words("breaks")), len(words))
    core = _about(words[:end])
    scope: list[str] = []
    is_limit = False
    for word in words[end:]:
        if word in _words("breaks"):
            is_limit = word not in _words("purposes")
        elif is_limit:
            scope.append(word)
    return (core if len(core) <= _MOST_CORE else ()), frozenset(_about(scope))


def _about(words: Sequence[str]) -> tuple[str, ...]:
    """The roots that say something, in order; without "take" and "drink" beside a thing."""
    roots = dict.fromkeys(
        hebrew_root(word)
        for word in words
        if word not in hebrew_empty() and not word.isdigit() and len(word) > 1
    )
    things = tuple(root for root in roots if root not in _roots("doing") | {_CONTINUE, _STOP})
    return things or tuple(root for root in roots if root not in (_CONTINUE, _STOP))


def _course(rest: Sequence[str], root: str, *, negates: bool) -> Course | None:
    if root not in (_CONTINUE, _STOP):
        return None
    after = [word for word in rest[1:4] if word not in ("את", "עם")]
    treated = _roots("treatment") | _roots("doing")
    pronouns = {"אותה", "אותו", "אותם", "אותן", "איתה", "איתו"}
    if after and not any(word in pronouns or hebrew_root(word) in treated for word in after):
        return None
    return "continue" if (root == _CONTINUE) != negates else "stop"


def _change(rest: Sequence[str], root: str, clause: str) -> str | None:
    if any(phrase in clause for phrase in _UNLIMITED):
        return _NO_LIMIT
    if root in _roots("doing") and _PART.search(clause):
        return "halve"
    if rest and rest[0] in _words("empty"):  # "three" has the root of "triple"
        return None
    roots = [hebrew_root(word) for word in rest]
    if any(one in _roots("doses") and after in _roots("doubled") for one, after in pairwise(roots)):
        return "double"
    for name in _CHANGES:
        # The root of "halve" is also that of "half", "pressure" and "midnight".
        is_said = rest[:1] and rest[0] in _words(name) if name == "halve" else root in _roots(name)
        if is_said and (name in _ALONE or any(hebrew_root(word) in _roots("doses") for word in rest)):
            return name
    return None


def has_hebrew_change(change: str, words: frozenset[str], text: str) -> bool:
    """Whether a document speaks of such a change. `words`: all of its words; `text`: it."""
    if change == _NO_LIMIT:
        return any(phrase in text for phrase in _UNLIMITED)
    if change == "halve" and _PART.search(text):
        return True
    forms = _roots(change) | (_roots("doubled") if change == "double" else frozenset())
    if change == "halve":
        return not words.isdisjoint(_words("halve"))
    return any(hebrew_root(word) in forms for word in words)


@cache
def _words(name: str) -> frozenset[str]:
    with _FILE.open("rb") as file:
        return frozenset(tomllib.load(file)[name].split())


@cache
def _roots(name: str) -> frozenset[str]:
    return frozenset(map(hebrew_root, _words(name)))


@cache
def hebrew_empty() -> frozenset[str]:
    """The words that say nothing of what an instruction is about."""
    names = ("fillers", "subjects", "modals", "denying", "ending", "breaks", "limits", "narrowing", "manner")
    return frozenset(word for name in (*names, "numbers", "empty") for word in _words(name))
