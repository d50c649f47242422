"""English clauses read as instructions: what they tell somebody to do, to leave, to go on with. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from workflows.text.clauses.claims import claim_stems, is_talk, matter_of_rule, plain_words, split_clauses
from workflows.text.clauses.clauses import Clause
from workflows.text.clauses.courses import find_course, is_stopped_only_if
from workflows.text.clauses.dose_changes import find_change, find_lifted_limit
from workflows.text.clauses.instruction_words import instruction_words
from workflows.text.clauses.relative_clauses import find_relative
from workflows.text.quantities.numbers import find_quantities
from workflows.text.remembered import remember_sentences
from workflows.text.stems import stem

_MOST_CORE = 4
_NO_DUTY = re.compile(
    r"\b(?:no need|need not|needn't|not (?:need|have) to|(?:don't|doesn't) (?:need|have) to|not only|no problem)\b"
)
_AT_ONCE = re.compile(r"\b(?:at once|right away|right now|straight away|as usual|as normal|this time)\b")
_AND = re.compile(r"\band ([A-Za-z]+)")
_GOING_ON = re.compile(r"\b(?:go|carry|keep) on\b")
_GIVING_UP = re.compile(r"\bgiv(?:e|ing) up\b")
_PASSIVE = re.compile(
    r"\A((?:[^ ]+ ){1,4})(?:can|may|could|might|should|must) (?:[a-z]+ly )?be (?:taken|used|eaten|drunk|had|given) ?"
)
_TAKEN_OFF = re.compile(r"\btake ((?:[^ ]+ ){0,3})off\b")
_LEFT_OUT = re.compile(r"\bleave (?:\S+ ){0,4}(?:out|alone)\b")
_CONDITIONS = frozenset({"if", "unless", "when", "while"})


@remember_sentences
def read_instructions(sentence: str) -> tuple[Clause, ...]:
    """The clauses of a sentence. What forbids may stand before a list: "Don't drive, drink or sign papers."."""
    clauses: list[Clause] = []
    is_list = re.search(r"\b(?:or|nor)\b", sentence) is not None
    for part, goes_on in _parts(sentence):
        clause = _read(part)
        is_more = (is_list and clauses[-1].prohibits and _goes_on(part)) if clauses else False
        if (is_more or goes_on) and clauses and clauses[-1].denies and not clause.denies:
            forbidden = clause.forbidden | {clause.action}
            clause = clause._replace(
                denies=True, prohibits=True, course=None, change=None, forbidden=forbidden
            )
        clauses.append(clause)
    return tuple(clauses)


def _parts(sentence: str) -> Iterator[tuple[str, bool]]:
    """The clauses, cut also at "and" with an action after it; and whether such a one goes on with what "not" denies:
    "do not eat and drink" does, "stop taking it and call us" doesn't."""
    known = instruction_words()
    for clause in split_clauses(sentence):
        goes_on = False
        start = 0
        for match in _AND.finditer(clause):
            if match[1].casefold() in known.actions:
                part = clause[start : match.start()]
                yield part, goes_on
                goes_on = not known.denying.isdisjoint(plain_words(part))
                start = match.start(1)
        yield clause[start:], goes_on


def _goes_on(clause: str) -> bool:
    """Whether a clause may be one more thing of a list: it has no subject of its own."""
    words = plain_words(clause)[:2]
    first = [word for word in words if word != "or"][:1]
    return bool(first) and first[0] not in instruction_words().openers


def _read(clause: str) -> Clause:
    known = instruction_words()
    text = _GIVING_UP.sub("stop", _GOING_ON.sub("continue", _AT_ONCE.sub(" ", " ".join(plain_words(clause)))))
    text = _TAKEN_OFF.sub(r"remove \1", text)
    words = text.split()
    has = frozenset(words)
    # "Call if you don't feel better." denies nothing.
    main = words[: next((place for place, word in enumerate(words) if word in _CONDITIONS), len(words))]
    waives = _NO_DUTY.search(text) is not None
    negates = not known.denying.isdisjoint(main) and not waives
    ends = not known.ending.isdisjoint(main) or _LEFT_OUT.search(text) is not None
    denies = negates != ends
    start, is_allowed = _verb_at(words)
    head = words[start] if start < len(words) else ""
    rest = words[start:]
    action = _action_at(rest)
    core, scope = (
        _split(rest[action:]) if action is not None and head and _acts(head) else ((), frozenset[str]())
    )
    if passive := _PASSIVE.match(text):
        core, scope, is_allowed = _stems(passive[1].split()), frozenset[str](), True
    is_sure = is_allowed or head in known.actions
    said = " ".join(rest)
    course = find_course(said, negates=negates)
    limits = has & known.limits
    if course == "stop" and is_stopped_only_if(text):  # goes on, unless the one thing happens
        course, limits = "continue", limits | {"unless"}
    return Clause(
        about=frozenset(matter_of_rule(text)) - known.ending_stems or frozenset(claim_stems(text)),
        core=core,
        is_sure=is_sure,
        action="" if head.endswith("ing") else stem(head),
        scope=scope,
        limits=limits,
        denies=denies,
        prohibits=denies and not has & known.limits and _denies_at(words[: start + 1]),
        is_narrow=bool(has & known.narrowing)
        or (denies and bool(claim_stems(" ".join(find_relative(words, "en"))))),
        waives=waives,
        is_timed=bool(find_quantities(clause)),
        permits=is_allowed and not denies and not waives,
        course=course,
        change=find_lifted_limit(words, text) or (None if negates else find_change(words, head, text)),
        forbidden=_forbidden(words) if denies else frozenset(),
    )


def _verb_at(words: Sequence[str]) -> tuple[int, bool]:
    """The place of an instruction's verb, and whether somebody is told to or allowed to. Past the end: it has none."""
    known = instruction_words()
    before = known.fillers | known.subjects | known.modals | known.denying
    start = next((place for place, word in enumerate(words) if word not in before), len(words))
    return start, not (known.subjects | known.modals).isdisjoint(words[:start])


def _denies_at(words: Sequence[str]) -> bool:
    return not (instruction_words().denying | instruction_words().ending).isdisjoint(words)


def _action_at(words: Sequence[str]) -> int | None:
    """The place of the action in "keep smoking", "continue to drive"; None in "keep the wound dry"."""
    if words[:1] and words[0] in ("keep", "continue", "stay"):
        place = 2 if words[1:2] == ["to"] else 1
        is_action = words[place : place + 1] and (place == 2 or words[place].endswith("ing"))
        return place if is_action else None
    return 0


def _split(words: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The core of an instruction that begins with its verb, and its scope."""
    known = instruction_words()
    end = next((place for place, word in enumerate(words) if place and word in known.breaks), len(words))
    core = _stems(words[:end])
    scope: list[str] = []
    is_limit = False
    for word in words[end:]:
        if word in known.breaks:
            is_limit = word not in known.purposes
        elif is_limit:
            scope.append(word)
    return (core if len(core) <= _MOST_CORE else ()), frozenset(_stems(scope))


def _stems(words: Sequence[str]) -> tuple[str, ...]:
    known = instruction_words()
    kept = " ".join(word for word in words if word not in known.manner)
    about = matter_of_rule(kept)
    return tuple(one for one in claim_stems(kept) if one in about)


def _forbidden(words: Sequence[str]) -> frozenset[str]:
    """The actions right after a word that denies or ends them: "never share", "avoid driving"; no things."""
    known = instruction_words()
    refusing = known.denying | known.ending
    return frozenset(
        stem(after)
        for word, after in pairwise(words)
        if word in refusing
        and after not in refusing
        and (word in known.denying - {"no"} or after.endswith("ing"))
    )


def _acts(head: str) -> bool:
    """Whether it may be something that one does, and not only says."""
    return head in instruction_words().actions or not is_talk(head)
