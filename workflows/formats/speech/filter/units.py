"""Words and the smallest units that can be cleaned: never a part of a bracket, of emphasis, of code. Pure."""

import re

LONGEST_UNIT = 2000
"""Characters after which a unit ends wherever it is."""
LONGEST_OPEN = 240
"""Characters after which a bracket that isn't closed is taken for a sign."""
SIGNS_THAT_CLOSE = "\"'”’»)]*_`）」』"

# A word ends before white space, before a label that is glued to it, and after a full stop in a script without spaces.
_WORD_END = re.compile(
    r"(?=\s)|(?:(?<=[^\W_][.!?…])|(?<=[.!?…][\"”]))(?=(?:\*\*|\[)[^\W\d_])"
    r"|(?<![。！？])[。！？]++[」』”’）\"')\]*_]*+(?=[^\s。！？」』”’）\"')\]*_])"
)
_INTERRUPTED = ("—", "–", "--")
_PARTING = re.compile(r"(?<!\S)[-–—/|•·~>]{1,3}\s{0,3}\Z")
_MAY_OPEN = re.compile(r"[(\[（【{`*_♪]")
_PAIRS = (("(", ")"), ("[", "]"), ("（", "）"), ("【", "】"), ("{", "}"))
_STARS = re.compile(r"(?<![\w*])\*+(?=[^\s*])"), re.compile(r"(?<=[^\s*])\*+(?!\w)")
_LOW_LINES = re.compile(r"(?<!\w)_+(?=[^\s_])"), re.compile(r"(?<=[^\s_])_+(?!\w)")


def find_word_end(text: str, start: int, limit: int, *, is_last: bool) -> int | None:
    """The end of the word at `start`, at most `limit`; None where it isn't certain yet."""
    found = _WORD_END.search(text, start, limit)
    if found is not None and found.end() == start and not text[start].isspace():
        found = _WORD_END.search(text, start + 1, limit)
    if found is not None and found.end() < len(text):
        return found.end()
    if len(text) >= limit:
        return limit
    return len(text) if is_last else None


def is_sign(word: str) -> bool:
    """Whether it is neither a word nor the end of one."""
    return bool(word) and not any(sign.isalnum() for sign in word) and word[-1] not in ".,;:!?…。！？"


def is_interrupted(word: str) -> bool:
    """Whether it breaks off because somebody interrupts: "And then—"."""
    return word.rstrip(SIGNS_THAT_CLOSE).endswith(_INTERRUPTED)


def has_open_mark(unit: str) -> bool:
    """Whether a bracket, emphasis or code in it is still open."""
    if not _MAY_OPEN.search(unit):
        return False
    if any(unit.count(opening) > unit.count(closing) for opening, closing in _PAIRS) or _is_odd(unit):
        return True
    return any(
        sign in unit and len(opens.findall(unit)) > len(closes.findall(unit))
        for sign, (opens, closes) in (("*", _STARS), ("_", _LOW_LINES))
    )


def _is_odd(unit: str) -> bool:
    return any(unit.count(sign) % 2 for sign in "`♪")  # music is set between notes


def unwrap(unit: str, wrapped: str) -> str:
    """The text without closing signs at its end whose openers were before its label."""
    plain = unit.rstrip() if wrapped else unit
    for closers in reversed(wrapped):
        if plain.endswith(closers):
            plain = plain[:-1] if closers != "=" else plain.rstrip("=").rstrip()
    return plain


def strip_parting(text: str, start: int, end: int) -> int:
    """The end of the words between `start` and `end`, without a sign that separates them from the next turn."""
    parting = _PARTING.search(text[start:end])  # what stands before them may be gone from the text
    return end if parting is None else start + parting.start()
