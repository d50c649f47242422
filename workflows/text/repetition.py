"""How much a text says again."""

from collections import Counter

from workflows.text.words import list_words


def repetition(text: str, size: int = 8) -> float:
    """Share (0–1) of the runs of `size` words that stand in the text more than once."""
    words = [word.casefold() for word in list_words(text)]
    runs = Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
    total = sum(runs.values())
    return sum(n for n in runs.values() if n > 1) / total if total else 0.0
