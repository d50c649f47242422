"""English clauses read as instructions: what they tell somebody to do, to leave, to go on with. Pure."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from workflows.text.claims import claim_stems, is_talk, matter_of_rule, plain_words, split_clauses
from workflows.text.clauses import Clause, Course
from workflows.text.names import is_medicine
from workflows.text.numbers import find_quantities
from workflows.text.stems import stem

_FILE = Path(__file__).parent / "instructions.toml"
_MOST_CORE = 4
_TREATMENT = (
    r"(?:taking|using|having|with|to take|to use)?(?: ?(?:it|them|this|these|that|the|your|all|any))?"
    r"(?: (?:medicines?|medications?|tablets?|pills?|capsules?|drops|treatment|drugs?|course|doses?|therapy"
    r"|blood thinners?|painkillers?|inhalers?))?"
)
_CONTINUE = re.compile(rf"(?:keep(?: on)?|continue|carry on|go on|stay on) {_TREATMENT}\b")
_STOP = re.compile(rf"(?:stop|quit|discontinue|come off|give up|cease) {_TREATMENT}\b")
_TREATED = re.compile(
    r"taking|using|\b(?:to take|to use|it|them)\b|medic|tablet|pill|capsule|drops|treatment|drug|course|dose|therapy"
    r"|blood thinner|painkiller|inhaler"
)
_ONLY_IF = re.compile(r"\bonly (?:if|when|after|once|on)\b")
_NO_DUTY = re.compile(
    r"\b(?:no need|need not|needn't|not (?:need|have) to|(?:don't|doesn't) (?:need|have) to|not only|no problem)\b"
)
_AT_ONCE = re.compile(r"\b(?:at once|right away|right now|straight away|as usual|as normal|this time)\b")
_AND = re.compile(r"\band ([A-Za-z]+)")
_GOING_ON = re.compile(r"\b(?:go|carry|keep) on\b")
_PASSIVE = re.compile(
    r"\A((?:[^ ]+ ){1,4})(?:can|may|could|might|should|must) (?:[a-z]+ly )?be (?:taken|used|eaten|drunk|had|given) ?"
)
_CONDITIONS = frozenset({"if", "unless", "when", "while"})
_CHANGES = {
    "double": ("double", "doubles", "doubled", "doubling"),
    "triple": ("triple", "treble", "quadruple"),
    "halve": ("halve", "half"),
    "raise": ("increase", "raise", "up"),
    "lower": ("reduce", "lower", "decrease"),
    "skip": ("skip", "miss", "omit", "leave", "forget"),
    "add": ("extra", "additional", "another", "second"),
    "set no limit to": (),
}
_ALONE = frozenset({"double", "triple", "halve"})
"""Changes that are of a dose whatever their object."""
_UNLIMITED = re.compile(
    r"\bas (?:many|much|often) (?:(?:tablets|pills|puffs|doses|capsules|drops) )?as you (?:like|want|wish|please)\b"
    r"|\bas (?:many|much) (?:tablets|pills|puffs|doses|capsules|drops|painkillers) as (?:you )?(?:need|needed|can)\b"
    r"|\bwhenever you (?:like|want|wish|feel like)\b"
)
_NO_LIMIT = re.compile(r"\b(?:no (?:upper |daily )?(?:limit|maximum)|without (?:any )?limit|unlimited)\b")
_MULTIPLES = {"double": "double", "doubled": "double", "triple": "triple", "tripled": "triple"}


def read_instructions(sentence: str) -> list[Clause]:
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
    return clauses


def _parts(sentence: str) -> Iterator[tuple[str, bool]]:
    """The clauses, cut also at "and" with an action after it; and whether such a one goes on with what "not" denies:
    "do not eat and drink" does, "stop taking it and call us" doesn't."""
    known = _known()
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
    return bool(first) and first[0] not in _known().openers


def _read(clause: str) -> Clause:
    known = _known()
    text = _GOING_ON.sub("continue", _AT_ONCE.sub(" ", " ".join(plain_words(clause))))
    words = text.split()
    has = frozenset(words)
    # "Call if you don't feel better." denies nothing.
    main = words[: next((place for place, word in enumerate(words) if word in _CONDITIONS), len(words))]
    waives = _NO_DUTY.search(text) is not None
    negates = not known.denying.isdisjoint(main) and not waives
    ends = not known.ending.isdisjoint(main)
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
    course = _course(said, negates=negates)
    limits = has & known.limits
    if course == "stop" and _ONLY_IF.search(text):  # goes on, unless the one thing happens
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
        is_narrow=bool(has & known.narrowing),
        waives=waives,
        is_timed=bool(find_quantities(clause)),
        permits=is_allowed and not denies and not waives,
        course=course,
        change=_lifted_limit(words, text) or (None if negates else _change(words, head, text)),
        forbidden=_forbidden(words) if denies else frozenset(),
    )


def _verb_at(words: Sequence[str]) -> tuple[int, bool]:
    """The place of an instruction's verb, and whether somebody is told to or allowed to. Past the end: it has none."""
    known = _known()
    before = known.fillers | known.subjects | known.modals | known.denying
    start = next((place for place, word in enumerate(words) if word not in before), len(words))
    return start, not (known.subjects | known.modals).isdisjoint(words[:start])


def _denies_at(words: Sequence[str]) -> bool:
    return not (_known().denying | _known().ending).isdisjoint(words)


def _action_at(words: Sequence[str]) -> int | None:
    """The place of the action in "keep smoking", "continue to drive"; None in "keep the wound dry"."""
    if words[:1] and words[0] in ("keep", "continue", "stay"):
        place = 2 if words[1:2] == ["to"] else 1
        is_action = words[place : place + 1] and (place == 2 or words[place].endswith("ing"))
        return place if is_action else None
    return 0


def _split(words: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The core of an instruction that begins with its verb, and its scope."""
    known = _known()
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
    known = _known()
    kept = " ".join(word for word in words if word not in known.manner)
    about = matter_of_rule(kept)
    return tuple(one for one in claim_stems(kept) if one in about)


def _course(said: str, *, negates: bool) -> Course | None:
    """Whether it is about going on with a treatment, or about stopping it; `said` begins with its verb."""
    for pattern, course, other in ((_CONTINUE, "continue", "stop"), (_STOP, "stop", "continue")):
        if (match := pattern.match(said)) and _TREATED.search(match.group()):
            return other if negates else course  # type: ignore[return-value]
    return None


def _lifted_limit(words: Sequence[str], text: str) -> str | None:
    """ "There is no limit to the tablets.": a change of a dose although it says no."""
    about_doses = any(word in _known().doses or is_medicine(word) for word in words)
    is_said = about_doses and _NO_LIMIT.search(text) and not {"not", "never", "if"}.intersection(words)
    return "set no limit to" if is_said else None


def _change(words: Sequence[str], head: str, text: str) -> str | None:
    """The change of a dose that an instruction asks for."""
    if _UNLIMITED.search(text):
        return "set no limit to"
    for one, after in pairwise(words):
        if one in _MULTIPLES and after in _known().doses and head in _known().actions:
            return _MULTIPLES[one]
    for name, forms in _CHANGES.items():
        if name == "add":
            near = any(one in forms and after in _known().doses for one, after in pairwise(words))
            if near and head in _known().actions:
                return name
        elif head in forms and (name in _ALONE or _known().doses.intersection(words)):
            return name
    return None


def has_change(change: str, words: frozenset[str], text: str) -> bool:
    """Whether a document speaks of such a change. `words`: all of its words; `text`: it, in lower case."""
    if change == "set no limit to":
        return (_UNLIMITED.search(text) or _NO_LIMIT.search(text)) is not None
    return any(stem(form) in words or form in words for form in _CHANGES[change])


def _forbidden(words: Sequence[str]) -> frozenset[str]:
    """The actions right after a word that denies or ends them: "never share", "avoid driving"; no things."""
    known = _known()
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
    return head in _known().actions or not is_talk(head)


@dataclass(frozen=True, slots=True)
class _Words:
    fillers: frozenset[str]
    subjects: frozenset[str]
    modals: frozenset[str]
    openers: frozenset[str]
    actions: frozenset[str]
    breaks: frozenset[str]
    purposes: frozenset[str]
    limits: frozenset[str]
    narrowing: frozenset[str]
    ending: frozenset[str]
    ending_stems: frozenset[str]
    denying: frozenset[str]
    manner: frozenset[str]
    doses: frozenset[str]
    determiners: frozenset[str]


@cache
def _known() -> _Words:
    with _FILE.open("rb") as file:
        given = {name: frozenset(words.split()) for name, words in tomllib.load(file).items()}
    return _Words(
        **given,
        openers=given["subjects"] | given["modals"] | given["determiners"],
        ending_stems=frozenset(map(stem, given["ending"])),
    )
