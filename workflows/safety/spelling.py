"""Words as the eye reads them, so that odd spelling hides nothing. Pure."""

import re
import unicodedata
from collections.abc import Iterable

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def fold(text: str) -> str:
    """Compatibility forms, invisible characters and case taken away."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()


def whole_words(terms: Iterable[str]) -> re.Pattern[str]:
    """Matches any of the terms as whole words in folded text; `*` at a term's end stands for any ending."""
    folded = sorted({fold(term) for term in terms}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(_term, folded))})(?!\w)")


def _term(term: str) -> str:
    words = r"\s+".join(re.escape(word) for word in term.removesuffix("*").split())
    return words + (r"\w*" if term.endswith("*") else "")
