"""Claims of English clauses: negations, opposites, rules. Pure."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from workflows.text.clauses.clauses import clause_splitter
from workflows.text.quantities.numbers import words_of_numbers
from workflows.text.stems import stem
from workflows.text.words import list_words

_FILE = Path(__file__).parent / "claims.toml"
_CLAUSE = re.compile(r"[,;:–—]\s|\b(?:because|but|so that|although|unless)\b")
_WAYS = re.compile(
    r"\b(?:makes?|sends?|push(?:es)?|drives?|brings?|goes)\b(?P<what>(?: [\w'’-]{1,20}){0,4}?)"
    r"(?: go)? (?P<way>up|down)\b",
    re.IGNORECASE,
)
_CONDITIONS = frozenset({"if", "when", "while", "until", "unless", "without", "may", "might", "can", "could"})
_SAID = {"up": "raises", "down": "lowers"}
_ONLY = re.compile(r"\bonly (?:if|when|after|once|with|on)\b")
_MOST_RULED = 3
"""As many words can a rule be about that says in so many words that something is forbidden or allowed."""
_PARTICLES = frozenset({"off", "out"})
"""With one of these "take" is no taking of a medicine: "Don't take it off."."""
_SHORT_RULE = 6
"""Words of one that says "no" alone."""


def plain_words(text: str) -> list[str]:
    """The words in lower case, with plain apostrophes."""
    return [word.casefold().replace("’", "'") for word in list_words(text)]


def claim_stems(text: str) -> dict[str, str]:
    """The words that a sentence is about: stem → the word as it is said first."""
    empty = _claims().empty
    found: dict[str, str] = {}
    for word in plain_words(text):
        for part in word.split("-"):
            if part not in empty and not part.isdigit() and len(part) > 1:
                found.setdefault(stem(part), part)
    return found


def is_talk(word: str) -> bool:
    """Whether it is a word of those who talk to people: "listen", "remember"."""
    return word in _claims().talk


def say_ways(text: str) -> str:
    """The text with "makes it go up" said as "raises it", and so of down."""
    return _WAYS.sub(lambda found: f"{_SAID[found['way'].casefold()]}{found['what']}", text)


split_clauses = clause_splitter(_CLAUSE)
"""The parts of a sentence between commas, colons, dashes, and words such as "because"."""


def matter_of(clause: str) -> set[str]:
    """What a clause is about, whichever way round it says it."""
    return claim_stems(clause).keys() - _claims().turning


def matter_of_rule(clause: str) -> set[str]:
    """What a rule is about: without the words that forbid or allow, and without "take" and "drink" beside a thing."""
    known = _claims()
    about = claim_stems(clause).keys() - known.ruling
    return about - known.doing or about


class ClaimedRule(NamedTuple):
    """Rule that forbids or allows something: `about` are its stems; `is_explicit`, whether it says so."""

    forbids: bool
    is_explicit: bool
    about: set[str]


def find_rule(clause: str) -> ClaimedRule | None:
    """The rule that a clause is. A few words with a "no" among them forbid too, where they are about one thing."""
    known = _claims()
    words = plain_words(clause)
    denies = not known.negations.isdisjoint(words)
    is_explicit = not (known.forbids | known.permits).isdisjoint(words)
    is_short = denies and len(words) <= _SHORT_RULE and _PARTICLES.isdisjoint(words)
    if not is_explicit and not is_short:
        return None
    forbids = denies == known.forbids.isdisjoint(words)
    about = matter_of_rule(clause)
    most = _MOST_RULED if is_explicit else 1
    return ClaimedRule(forbids, is_explicit, about) if 0 < len(about) <= most else None


def denies_or_forbids(sentence: str) -> bool:
    """Whether there is a word in it that says no, or forbids."""
    known = _claims()
    return not (known.negations | known.forbids).isdisjoint(plain_words(sentence))


def overlap(one: set[str], other: set[str]) -> float:
    """The Jaccard index of two sets that aren't both empty."""
    return len(one & other) / len(one | other)


def is_opposite(clause: str, other_clause: str, other_sentence: str) -> bool:
    """Whether two clauses about the same, of which one stands in `other_sentence`, say it the other way round."""
    known = _claims()
    words, others = frozenset(plain_words(clause)), frozenset(plain_words(other_clause))
    is_turned = any(
        (words & one and not words & other and others & other and not others & one)
        or (words & other and not words & one and others & one and not others & other)
        for one, other in known.opposites
    )
    if _never_without(words) or _never_without(others):
        return False  # "never stop without asking" neither says nor denies that one may stop
    if known.negations & words:
        if _ONLY.search(other_clause.casefold()):  # "never on your own" of "only if your doctor tells you to"
            return False
        # "no milk, coffee or juice": the "no" may stand in the clause before.
        if not known.negations.intersection(plain_words(other_sentence)):
            return not is_turned  # "never stop" is "take"
    elif known.negations & others:
        return not is_turned
    return is_turned


def is_plainly_turning(clause: str) -> bool:
    """Whether a clause has a word that has an opposite, and says so without a condition: "raises"."""
    words = frozenset(plain_words(clause))
    turning = (one | other for one, other in _claims().opposites)
    return words.isdisjoint(_CONDITIONS) and any(not words.isdisjoint(pair) for pair in turning)


def _never_without(words: frozenset[str]) -> bool:
    """Whether words deny what lacks something."""
    return "without" in words and len(words & _claims().negations) > 1


@dataclass(frozen=True, slots=True)
class _Claims:
    empty: frozenset[str]
    talk: frozenset[str]
    negations: frozenset[str]
    opposites: tuple[tuple[frozenset[str], frozenset[str]], ...]
    turning: frozenset[str]  # the stems of the opposites
    forbids: frozenset[str]
    permits: frozenset[str]
    ruling: frozenset[str]  # the stems of words that forbid or allow
    doing: frozenset[str]  # the stems of what is done with the thing that a rule is about


@cache
def _claims() -> _Claims:
    with _FILE.open("rb") as file:
        given = tomllib.load(file)
    return _Claims(
        empty=frozenset([*given["grammar"].split(), *given["talk"].split(), *words_of_numbers()]),
        talk=frozenset(given["talk"].split()),
        negations=frozenset(given["negations"].split()),
        opposites=tuple((frozenset(pair["one"]), frozenset(pair["other"])) for pair in given["opposites"]),
        turning=frozenset(stem(word) for pair in given["opposites"] for word in pair["one"] + pair["other"]),
        forbids=frozenset(given["forbids"].split()),
        permits=frozenset(given["permits"].split()),
        ruling=frozenset(map(stem, f"{given['forbids']} {given['permits']} {given['negations']}".split())),
        doing=frozenset(map(stem, given["doing"].split())),
    )
