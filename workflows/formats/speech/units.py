"""Words, and the units of them that are cleaned at once: never a part of a bracket, of emphasis, of code. Pure."""

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
_MAY_OPEN = re.compile(r"[(\[（【{`*_]")
_PAIRS = (("(", ")"), ("[", "]"), ("（", "）"), ("【", "】"), ("{", "}"))
_STARS = re.compile(r"(?<![\w*])\*+(?=[^\s*])"), re.compile(r"(?<=[^\s*])\*+(?!\w)")
_LOW_LINES = re.compile(r"(?<!\w)_+(?=[^\s_])"), re.compile(r"(?<=[^\s_])_+(?!\w)")


def find_word_end(text: str, start: int, limit: int, *, is_last: bool) -> int | None:
    """Where the word at `start` ends, at most at `limit`; None where that can't be told yet."""
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
    """Whether somebody is cut short with it: "And then—"."""
    return word.rstrip(SIGNS_THAT_CLOSE).endswith(_INTERRUPTED)


def has_open_mark(unit: str) -> bool:
    """Whether something in it is opened and not closed: a bracket, emphasis, code."""
    if not _MAY_OPEN.search(unit):
        return False
    if any(unit.count(opening) > unit.count(closing) for opening, closing in _PAIRS) or unit.count("`") % 2:
        return True
    return any(
        sign in unit and len(opens.findall(unit)) > len(closes.findall(unit))
        for sign, (opens, closes) in (("*", _STARS), ("_", _LOW_LINES))
    )


def unwrap(unit: str, wrapped: str) -> str:
    """Without the signs at its end that close what was opened before its label."""
    plain = unit.rstrip() if wrapped else unit
    for closers in reversed(wrapped):
        if plain.endswith(closers):
            plain = plain[:-1]
    return plain


def strip_parting(text: str, start: int, end: int) -> int:
    """Where the words between `start` and `end` end, without a sign that parts them from the next turn."""
    parting = _PARTING.search(text[start:end])  # what stands before them may be gone from the text
    return end if parting is None else start + parting.start()
