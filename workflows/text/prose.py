"""Distinction of prose from lists and notes. Pure."""

import re

from workflows.text.words import count_words

_MARK = re.compile(r"^\s*(?:[-*•–—‣▪◦]|\d{1,3}[.)]|[a-zA-Z][.)]|\[[^\]]*\]\s*$)\s*")
_ENDS = tuple(".!?…:\"'”’»)]。！？")
_FRAGMENT = 12  # a line of fewer words that ends like no sentence is a note


def listed_share(text: str) -> float:
    """Share (0–1) of the lines that are list items, or notes that are no sentences."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return 0.0
    return sum(_is_note(line) for line in lines) / len(lines)


def _is_note(line: str) -> bool:
    return bool(_MARK.match(line)) or (count_words(line) < _FRAGMENT and not line.rstrip().endswith(_ENDS))
