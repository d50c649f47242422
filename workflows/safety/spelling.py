"""Words as the eye reads them, so that odd spelling hides nothing. Pure."""

import re
import unicodedata
from collections.abc import Iterable

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), then accents and Hebrew vowel points.
_UNREAD = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]"
)
# Hebrew writes "and", "the", "in", "to" and "that" as letters before the word.
_HEBREW_PREFIX = "[והבלש]{0,2}"
_LETTER = r"[^\W_]"  # `_` is how Markdown sets a word apart


def fold(text: str) -> str:
    """Compatibility forms, invisible characters, accents, vowel points and case taken away."""
    return _UNREAD.sub("", unicodedata.normalize("NFKD", text)).casefold()


def whole_words(terms: Iterable[str]) -> re.Pattern[str]:
    """Matches any of the terms as whole words in folded text; `*` at a term's end stands for any ending."""
    folded = sorted({fold(term) for term in terms}, key=len, reverse=True)
    return re.compile(rf"(?<!{_LETTER})(?:{'|'.join(map(_term, folded))})(?!{_LETTER})")


def _term(term: str) -> str:
    words = r"\s+".join(re.escape(word) for word in term.removesuffix("*").split())
    prefix = _HEBREW_PREFIX if "א" <= term <= "ת\uffff" else ""
    return prefix + words + (f"{_LETTER}*" if term.endswith("*") else "")
