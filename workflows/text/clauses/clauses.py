"""Clause of an instruction, as it is compared with the clauses of a document whatever its language. Pure."""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

Course = Literal["continue", "stop"]
_ITEM = re.compile(r"(?:[-*•–·]|\d{1,2}[.)])\s")


def clause_splitter(pattern: re.Pattern[str]) -> Callable[[str], list[str]]:
    """Splitter of sentences into clauses at what `pattern` finds; blank ones are left out."""
    return lambda sentence: [clause for clause in pattern.split(sentence) if clause.strip()]


def is_item(sentence: str) -> bool:
    """Whether the sentence begins as an item of a list does."""
    return _ITEM.match(sentence.lstrip()) is not None


class Clause(NamedTuple):
    """Stems of a clause, and what it tells its reader.

    `about`: all that it is about, without the words that forbid or allow. `core`: the action and its object, in order.
    `is_sure`: by its words alone it tells somebody to do it; otherwise only where the document forbids its `action`.
    `scope`: what limits the core ("in warm water"). `limits`: words that make it conditional ("if", "before").
    `denies`: it forbids, or says no; at once where it `prohibits`; only some way of doing it where it `is_narrow`.
    `waives`: nobody has to. `is_timed`: a number stands in it, so it may hold for some time only. `permits`: somebody
    may. `course`: whether a treatment goes on. `change`: the change of a dose that it asks for. `forbidden`: actions
    right after a word that forbids them.
    """

    about: frozenset[str]
    core: tuple[str, ...] = ()
    is_sure: bool = False
    action: str = ""
    scope: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    denies: bool = False
    prohibits: bool = False
    is_narrow: bool = False
    waives: bool = False
    is_timed: bool = False
    permits: bool = False
    course: Course | None = None
    change: str | None = None
    forbidden: frozenset[str] = frozenset()
