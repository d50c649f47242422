"""Changes of a dose that English clauses ask for: "Double the dose.", "Take as many as you like." Pure."""

import re
from collections.abc import Sequence
from itertools import pairwise

from workflows.text.clauses.instruction_words import instruction_words
from workflows.text.clauses.names import is_medicine
from workflows.text.stems import stem

_CHANGES = {
    "double": ("double", "doubles", "doubled", "doubling"),
    "triple": ("triple", "treble", "quadruple"),
    "halve": ("halve",),
    "raise": ("increase", "raise", "up"),
    "lower": ("reduce", "lower", "decrease"),
    "skip": ("skip", "miss", "omit", "leave", "forget"),
    "add": ("extra", "additional", "another", "second"),
    "set no limit to": (),
}
_ALONE = frozenset({"double", "triple", "halve"})
"""Changes that are of a dose whatever their object."""
_TAKING = frozenset({"take", "swallow"})
"""Verbs after which "another one" is another dose."""
_UNLIMITED = re.compile(
    r"\bas (?:many|much|often) (?:(?:tablets|pills|puffs|doses|capsules|drops) )?as you (?:like|want|wish|please)\b"
    r"|\bas (?:many|much) (?:tablets|pills|puffs|doses|capsules|drops|painkillers) as (?:you )?(?:need|needed|can)\b"
    r"|\bwhenever you (?:like|want|wish|feel like)\b"
)
_DRUGS = r"(?:medicines?|medications?|tablets?|pills?|capsules?|doses?|dosage|drugs?|drops|insulin|amount|painkillers?)"
_PART = re.compile(
    r"\b(?:take|takes|taking|use|give|have|swallow|inject) (?:only |just |about |up to )?"
    r"(?P<part>(?:an? )?(?:half|quarter|third|part)|twice|double|triple|three times)(?: of)? "
    rf"(?:the|your|this|that|these|those|their|its|as many|as much) (?:\w{{1,20}} ){{0,2}}{_DRUGS}\b"
)
"""A share of what is usually taken: "take half of your usual medicines"."""
_PARTS = {"twice": "double", "double": "double", "triple": "triple", "three times": "triple"}
_HAS_PART = re.compile(
    rf"\b(?:half|quarter|third)(?: of)?(?: an?| the| your)? (?:\w{{1,20}} ){{0,2}}{_DRUGS}\b"
)
_NO_LIMIT = re.compile(r"\b(?:no (?:upper |daily )?(?:limit|maximum)|without (?:any )?limit|unlimited)\b")
_MULTIPLES = {"double": "double", "doubled": "double", "triple": "triple", "tripled": "triple"}


def find_lifted_limit(words: Sequence[str], text: str) -> str | None:
    """ "There is no limit to the tablets.": a change of a dose although it says no."""
    about_doses = any(word in instruction_words().doses or is_medicine(word) for word in words)
    is_said = about_doses and _NO_LIMIT.search(text) and not {"not", "never", "if"}.intersection(words)
    return "set no limit to" if is_said else None


def find_change(words: Sequence[str], head: str, text: str) -> str | None:
    """The change of a dose that an instruction asks for."""
    if _UNLIMITED.search(text):
        return "set no limit to"
    if part := _PART.search(text):
        return _PARTS.get(part["part"], "halve")
    for one, after in pairwise(words):
        if one in _MULTIPLES and after in instruction_words().doses and head in instruction_words().actions:
            return _MULTIPLES[one]
    if head == "half":  # "half the dose", not "half an hour"
        return "halve" if instruction_words().doses.intersection(words) else None
    for name, forms in _CHANGES.items():
        if name == "add":
            near = any(
                one in forms and (after in instruction_words().doses or (after == "one" and head in _TAKING))
                for one, after in pairwise(words)
            )
            if near and head in instruction_words().actions:
                return name
        elif (
            head in forms
            and (head != "leave" or "out" in words)
            and (name in _ALONE or instruction_words().doses.intersection(words))
        ):
            return name
    return None


def has_change(change: str, words: frozenset[str], text: str) -> bool:
    """Whether a document speaks of such a change. `words`: all of its words; `text`: it, in lower case."""
    if change == "set no limit to":
        return (_UNLIMITED.search(text) or _NO_LIMIT.search(text)) is not None
    if change == "halve" and _HAS_PART.search(text):
        return True
    return any(stem(form) in words or form in words for form in _CHANGES[change])
