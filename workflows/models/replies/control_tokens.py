"""Tokens of chat templates that no list has: a word between bars, `<|…|>`. Pure."""

import re
from typing import Literal

# Not the one within a channel's name. No text has words between such bars.
_CONTROL = re.compile(r"<[|｜](?P<slash>/?)(?!constrain)(?P<name>[A-Za-z▁][\w▁:-]{0,40})[|｜]>")
_BEGUN_CONTROL = re.compile(r"<[|｜]/?(?:[A-Za-z▁][\w▁:-]{0,40}[|｜]?)?")
_CONTROL_WORDS = re.compile(r"[^\W_▁]+")
_OF_THOUGHTS = frozenset({"think", "thinking", "thought", "thoughts", "reasoning", "cot", "monologue"})
_BEGINNINGS, _ENDS = frozenset({"begin", "start", "open", "bo"}), frozenset({"end", "stop", "close", "eo"})
_SHORT_END = re.compile(r"eo[a-z]{1,2}")
_SHORTEST_CUT = 4


def read_control(text: str, start: int) -> tuple[int, Literal["open", "close", "end", "token"]] | None:
    """The token at `start`: its end and its meaning, by the words in its name."""
    control = _CONTROL.match(text, start)
    if control is None:
        return None
    words = set(_CONTROL_WORDS.findall(control["name"].lower()))
    if not words & _OF_THOUGHTS:
        is_border = words & (_ENDS | _BEGINNINGS) or any(map(_SHORT_END.fullmatch, words))
        return control.end(), "end" if is_border else "token"
    if control["slash"] or words & _ENDS:
        return control.end(), "close"
    return control.end(), "open" if words & _BEGINNINGS or words <= _OF_THOUGHTS else "end"


def is_begun(tail: str) -> bool:
    """Whether `tail` may become such a token."""
    return _BEGUN_CONTROL.fullmatch(tail) is not None


def is_cut(tail: str) -> bool:
    """Whether it is the better part of a token, whose last characters never came."""
    return len(tail) >= _SHORTEST_CUT and is_begun(tail)
