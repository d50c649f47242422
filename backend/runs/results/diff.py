"""Differences between two finished texts, section by section. Pure."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workflows.text.language import guess_language
from workflows.text.sentences import split_sentences
from workflows.text.words import count_words

SectionStatus = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class SectionDifference:
    """A section before and after; `unified` is empty where nothing changed."""

    index: int
    title: str
    status: SectionStatus
    words_before: int
    words_after: int
    unified: str


def compare_sections(
    before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]
) -> list[SectionDifference]:
    """The differences of sections given as titles and texts; sections are matched by their position."""
    language = guess_language("\n".join(text for _, text in (*after, *before)))
    return [
        _compare(
            index,
            before[index] if index < len(before) else None,
            after[index] if index < len(after) else None,
            language,
        )
        for index in range(max(len(before), len(after)))
    ]


def unified(before: str, after: str, name_before: str, name_after: str) -> str:
    """A unified diff, a sentence a line; empty when both are the same."""
    return _unified(before, after, name_before, name_after, guess_language(f"{after}\n{before}"))


def _unified(before: str, after: str, name_before: str, name_after: str, language: str | None) -> str:
    old, new = _lines(before, language), _lines(after, language)
    lines = difflib.unified_diff(old, new, name_before, name_after, lineterm="")
    return "\n".join(lines)


def _compare(
    index: int, before: tuple[str, str] | None, after: tuple[str, str] | None, language: str | None
) -> SectionDifference:
    old, new = before[1] if before else "", after[1] if after else ""
    status: SectionStatus = "changed"
    if before is None:
        status = "added"
    elif after is None:
        status = "removed"
    elif before == after:
        status = "same"
    return SectionDifference(
        index=index,
        title=(after or before or ("", ""))[0],
        status=status,
        words_before=count_words(old),
        words_after=count_words(new),
        unified=_unified(old, new, "before", "after", language),
    )


def _lines(text: str, language: str | None) -> list[str]:
    # A paragraph as one line would hide which of its sentences changed.
    return [
        line
        for paragraph in text.split("\n")
        for line in ([part.strip() for part in split_sentences(paragraph, language)] or [""])
    ]
