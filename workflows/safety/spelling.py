"""Words as the eye reads them, so that odd spelling hides nothing. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), then accents and Hebrew vowel points.
_UNREAD = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]"
)
# Hebrew writes "and", "the", "in", "to" and "that" as letters before the word.
_HEBREW_PREFIX = "[והבלש]{0,2}"
_LETTER = r"[^\W_]"  # `_` is how Markdown sets a word apart
_JOINT = r"[\W_]{1,4}"  # between the words of a phrase: also over the end of a line or a sentence
_SPACE = r"[^\S\n]+"

# Letters of other alphabets that look like Latin ones, after folding.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһкмтвнгԛԝɡıοανετικρυωӏցոսզ’", "aeopcyxijsdhkmtbnrqwgioavetikpuwlgnuq'"
)
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f\u0531-\u0587ɡı]")
_DIGITS = [str.maketrans("013457@$!|", one) for one in ("oieastasil", "oleastasll")]
_WORD_WITH_DIGITS = re.compile(r"(?=[^\s]*[a-z])(?=[^\s]*[0134579@$!|])[a-z0134579@$!|]{3,}")
_SPELT_OUT = re.compile(rf"(?<!{_LETTER}){_LETTER}(?:[ .\-_*·|/]{{1,2}}{_LETTER}(?!{_LETTER})){{2,}}")
_DRAWN_OUT = re.compile(rf"({_LETTER})\1\1+")
_SUSPICIOUS = re.compile(
    rf"[\u0370-\u03ff\u0400-\u052f\u0531-\u0587ɡı]|[a-z][0134579@$!|]|[0134579@$!|][a-z]"
    rf"|(?<!{_LETTER}){_LETTER}[ .\-_*·|/]{{1,2}}{_LETTER}[ .\-_*·|/]|({_LETTER})\1\1"
)


def fold(text: str) -> str:
    """Compatibility forms, invisible characters, accents, vowel points and case taken away."""
    if text.isascii():
        return text.lower()
    return _UNREAD.sub("", unicodedata.normalize("NFKD", text)).casefold()


def readings(folded: str) -> Iterator[str]:
    """The folded text, then what it may be meant to be read as: letters of other alphabets and digits
    in place of letters, l e t t e r s set apart, drawn ooout."""
    yield folded
    if not _SUSPICIOUS.search(folded):
        return
    plain = folded.translate(_LOOKALIKES) if _FOREIGN.search(folded) else folded
    plain = _SPELT_OUT.sub(lambda found: re.sub(r"[\W_]", "", found.group()), plain)
    variants = dict.fromkeys(
        _DRAWN_OUT.sub(again, _read_digits(plain, digits)) for digits in _DIGITS for again in (r"\1\1", r"\1")
    )
    variants.pop(folded, None)
    yield from variants


def _read_digits(text: str, digits: dict[int, int]) -> str:
    return _WORD_WITH_DIGITS.sub(lambda found: found.group().translate(digits), text)


def whole_words(terms: Iterable[str]) -> re.Pattern[str]:
    """Matches any of the terms as whole words in folded text, the longest first; `*` at a term's end
    stands for any ending. The words of a phrase may stand on two lines."""
    return _compile(terms, _JOINT)


def plain_phrases(terms: Iterable[str]) -> re.Pattern[str]:
    """As `whole_words`, but a phrase stands on one line and in one sentence."""
    return _compile(terms, _SPACE)


def beginnings(terms: Iterable[str]) -> re.Pattern[str] | None:
    """Matches folded text that ends with the first words of a phrase, but not with the whole of it."""
    parts = {
        " ".join(words[:count])
        for words in (fold(term).split() for term in terms)
        for count in range(1, len(words))
    }
    if not parts:
        return None
    return re.compile(_compile(parts, _JOINT).pattern + r"[\W_]*\Z")


def _compile(terms: Iterable[str], joint: str) -> re.Pattern[str]:
    tree: dict[str, object] = {}
    for term in sorted({fold(term) for term in terms}):
        branch = tree
        for atom in _atoms(term, joint):
            branch = branch.setdefault(atom, {})  # type: ignore[assignment]
        branch[""] = {}
    return re.compile(rf"(?<!{_LETTER}){_alternatives(tree)}(?!{_LETTER})")


def _atoms(term: str, joint: str) -> Iterator[str]:
    if "א" <= term <= "ת\uffff":
        yield _HEBREW_PREFIX
    for index, word in enumerate(term.removesuffix("*").split()):
        if index:
            yield joint
        yield from map(re.escape, word)
    if term.endswith("*"):
        yield f"{_LETTER}*"


def _alternatives(tree: dict[str, object]) -> str:
    """A tree of characters as one pattern: each place of the text is tried once, not once a term."""
    branches = [atom + _alternatives(rest) for atom, rest in tree.items() if atom]  # type: ignore[arg-type]
    if not branches:
        return ""
    joined = branches[0] if len(branches) == 1 and "" not in tree else f"(?:{'|'.join(branches)})"
    return f"{joined}?" if "" in tree else joined
