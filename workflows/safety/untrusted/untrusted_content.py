"""Screening of search results and model output for the prompts of later sections. Pure.

A document with orders to a model is refused, for somebody can bring another one. What a search came upon
can't be refused: the sentences that speak to a model are left out, and the rest is used.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from workflows.messages.messages import SafetyIssue
from workflows.safety.untrusted.documents import examine, find_attack, uncover
from workflows.text.sentences import split_sentences
from workflows.verdicts import Verdict

_T = TypeVar("_T")
_WIDEST = 3
"""Sentences over which one order may be spread."""


def strip_injections(value: _T) -> tuple[_T, list[str]]:
    """The plain value without sentences that address a model, and the words that gave each text away.

    A text in a list of which nothing is left goes, and so does a source without its address; elsewhere a text
    becomes empty.
    """
    quotes: list[str] = []
    return _clear(value, quotes), quotes


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


def _clear(value: Any, quotes: list[str]) -> Any:
    if isinstance(value, str):
        return _clear_text(value, quotes)
    if isinstance(value, Mapping):
        return {key: _clear(item, quotes) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [(item, _clear(item, quotes)) for item in value]
        return [cleared for item, cleared in items if not _is_gone(item, cleared)]
    return value


def _is_gone(item: Any, cleared: Any) -> bool:
    """Whether nothing is left of an entry: no words of a text, no address of a source."""
    if isinstance(item, Mapping):
        return bool(item.get("url")) and not cleared["url"]
    return bool(item) and not cleared


def _clear_text(text: str, quotes: list[str]) -> str:
    found = examine(text)
    seen = uncover(text)
    if found.attack is None:
        return seen
    quotes.append(found.attack.quote)
    sentences = [sentence for line in seen.splitlines(keepends=True) for sentence in split_sentences(line)]
    for width in range(1, _WIDEST + 1):
        sentences = _without(sentences, width)
    kept = "".join(sentences)
    # An order spread wider than that isn't worth guessing.
    return kept.strip() if examine(kept).attack is None else ""


def _without(sentences: Sequence[str], width: int) -> list[str]:
    """The sentences without those runs of so many that hold an order."""
    found = [
        find_attack("".join(sentences[start : start + width])) is not None for start in range(len(sentences))
    ]
    return [
        sentence
        for index, sentence in enumerate(sentences)
        if not any(found[max(0, index - width + 1) : index + 1])
    ]
