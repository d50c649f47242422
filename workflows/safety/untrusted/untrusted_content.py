"""Screening of search results and model output for the prompts of later sections. Pure.

A document with orders to a model is refused, for somebody can bring another one. What a search came upon
can't be refused: the sentences that speak to a model are left out, and the rest is used. What a model wrote down for
itself can't either, and nobody is spoken to there, so all that sounds like an order is left out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from workflows.messages.messages import SafetyIssue
from workflows.safety.untrusted.documents import examine, find_attack, uncover
from workflows.safety.untrusted.injection import find_injection, find_orders, read_injection_patterns
from workflows.text.sentences import split_sentences
from workflows.verdicts import Verdict

_T = TypeVar("_T")
_Find = Callable[[str], str | None]
_NOTES = read_injection_patterns("note_injection_patterns.txt")
_WIDEST = 3
"""Sentences over which one order may be spread."""


def strip_injections(value: _T) -> tuple[_T, list[str]]:
    """The plain value without sentences that address a model, and the words that gave each text away.

    A text in a list of which nothing is left goes, and so does a source without its address; elsewhere a text
    becomes empty.
    """
    quotes: list[str] = []
    return _clear(value, find_attack, quotes), quotes


def strip_orders(value: _T) -> tuple[_T, list[str]]:
    """As `strip_injections`, for what a model wrote down for later prompts: without all that sounds like an order."""
    quotes: list[str] = []
    return _clear(value, _find_order, quotes), quotes


def report(quotes: Sequence[str], policy: str) -> Verdict:
    """Reports what was left out; the rest may be used."""
    advice = "This speaks to a model, not to people; it was left out of what the text is written from."
    return Verdict(
        stage="input",
        approved=True,
        score=0.4,
        issues=[
            SafetyIssue(category="prompt_injection", severity="high", quote=quote, advice=advice)
            for quote in dict.fromkeys(quotes)
        ],
        policy=policy,
        layers=["rules"],
    )


def _find_order(text: str) -> str | None:
    return find_attack(text) or find_injection(text) or find_orders(text, _NOTES)


def _clear(value: Any, find: _Find, quotes: list[str]) -> Any:
    if isinstance(value, str):
        return _clear_text(value, find, quotes)
    if isinstance(value, Mapping):
        return {key: _clear(item, find, quotes) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [(item, _clear(item, find, quotes)) for item in value]
        return [cleared for item, cleared in items if not _is_gone(item, cleared)]
    return value


def _is_gone(item: Any, cleared: Any) -> bool:
    """Whether nothing is left of an entry: no words of a text, no address of a source."""
    if isinstance(item, Mapping):
        return bool(item.get("url")) and not cleared["url"]
    return bool(item) and not cleared


def _clear_text(text: str, find: _Find, quotes: list[str]) -> str:
    seen = uncover(text)
    quote = _quote_in(text, find)
    if quote is None:
        return seen
    quotes.append(quote)
    sentences = [sentence for line in seen.splitlines(keepends=True) for sentence in split_sentences(line)]
    for width in range(1, _WIDEST + 1):
        sentences = _without(sentences, width, find)
    kept = "".join(sentences)
    # An order spread wider than that isn't worth guessing.
    return kept.strip() if _quote_in(kept, find) is None else ""


def _quote_in(text: str, find: _Find) -> str | None:
    """The words that give the text away, also those that it hides from its readers."""
    attack = examine(text).attack
    if attack is not None:
        return attack.quote
    return None if find is find_attack else find(text)


def _without(sentences: Sequence[str], width: int, find: _Find) -> list[str]:
    """The sentences without those runs of so many that hold an order."""
    found = [find("".join(sentences[start : start + width])) is not None for start in range(len(sentences))]
    return [
        sentence
        for index, sentence in enumerate(sentences)
        if not any(found[max(0, index - width + 1) : index + 1])
    ]
