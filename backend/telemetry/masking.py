"""Masking of traces before they leave the process."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from workflows.safety.personal_fields import Figure

MaskMode = Literal["none", "personal", "all"]
Mask = Callable[[dict[str, Any]], dict[str, Any]]
"""One traced step, as LangSmith has it → the same without what is hidden. The step itself isn't changed."""

HIDDEN = "[hidden]"
_SHORT_WORDS = 3
"""Up to so many words a text may be a name, and each of its words may stand alone elsewhere."""
_LONGEST_NAME = 120
_PUNCTUATION = ".,;:!?'\"()"
_APOSTROPHES = "'\u2019\u2018\u02bc\uff07\u0060\u00b4\u2032"
_HYPHEN_SIGNS = "-\u2010\u2011\u2013"
_HYPHENS = re.compile(f"[{_HYPHEN_SIGNS}]")
_IGNORED = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]|\\u(?:00ad|200[b-f]|2060|feff)")
"""Characters that nobody sees, also in JSON's ASCII form."""
_BEFORE, _AFTER = r"(?:(?<![^\W_])|(?<=\\[nrt]))", r"(?![^\W_])"
_STRUCTURAL = frozenset({"id", "trace_id", "parent_run_id", "dotted_order", "run_type", "session_name"})
"""What only says where a step belongs."""


def make_mask(mode: MaskMode, personal: Sequence[str] | None) -> Mask:
    """A mask; `personal` are the texts that mode `personal` hides wherever they occur; None: it hides all."""
    if mode == "all" or (mode == "personal" and personal is None):
        return _hide_contents
    pattern = _pattern(personal or ()) if mode == "personal" else None
    if pattern is None:
        return dict
    return lambda step: {
        name: value if name in _STRUCTURAL else _replace(pattern, value) for name, value in step.items()
    }


def _hide_contents(step: dict[str, Any]) -> dict[str, Any]:
    """Hides inputs and outputs; names, times, metadata and counts stay."""
    kept = {name: value for name, value in step.items() if name not in ("inputs", "outputs", "events")}
    for name in ("inputs", "outputs"):
        if step.get(name) is not None:
            kept[name] = {}
    if step.get("error"):
        # `ModelUnavailable('…')Traceback …`: the kind alone.
        kept["error"] = re.match(r"\w*", str(step["error"]))[0] or HIDDEN  # type: ignore[index]
    return kept


def _pattern(personal: Sequence[str]) -> re.Pattern[str] | None:
    patterns: dict[str, str] = {}
    for text in personal:
        clean = _IGNORED.sub("", unicodedata.normalize("NFC", text))
        if isinstance(text, Figure):
            patterns[clean] = _figure(clean)
            continue
        words = clean.split()
        patterns[" ".join(words)] = _anywhere(words)
        if len(words) <= _SHORT_WORDS:
            parts = (part.strip(_PUNCTUATION) for word in words for part in (word, *_HYPHENS.split(word)))
            patterns |= {part: _anywhere([part]) for part in parts if len(part) > 1 or _is_wide(part)}
    found = [patterns[text] for text in sorted(patterns, key=len, reverse=True) if text]
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def _anywhere(words: Sequence[str]) -> str:
    """A pattern of the words, with any white space between and before them, also in JSON's form (`\\n`)."""
    is_name = len(words) <= _SHORT_WORDS and sum(map(len, words)) <= _LONGEST_NAME
    body = r"(?:\s|\\n|\\t)+".join(map(_letters if is_name else _word, words))
    text = " ".join(words)
    if len(text) == 1 and not _is_wide(text):  # as it is written: `a` and `i` are words
        return rf"{_BEFORE}(?-i:{body}){_AFTER}"
    # Hebrew, Arabic and others write prefixes to a name without a space.
    return rf"{_BEFORE}{body}{_AFTER}" if text.isascii() else body


def _figure(text: str) -> str:
    """A pattern of a number with the word beside it, also as JSON has them (`"age": 7`)."""
    return _BEFORE + r"[\s\"\\:=-]{1,6}".join(map(re.escape, text.split())) + _AFTER


def _word(word: str) -> str:
    """A pattern of the word, also in JSON's ASCII form (`\\u05e0…`)."""
    escaped = json.dumps(word)[1:-1]
    return re.escape(word) if escaped == word else f"(?:{re.escape(word)}|{re.escape(escaped)})"


def _letters(word: str) -> str:
    """As `_word`, however its letters are composed, with any apostrophe or hyphen for another, and with characters
    that nobody sees between them."""
    return f"(?:{_IGNORED.pattern})*".join(map(_letter, word))


def _letter(letter: str) -> str:
    same = next((alike for alike in (_APOSTROPHES, _HYPHEN_SIGNS) if letter in alike), letter)
    forms = {each for sign in same for each in (sign, sign.lower(), sign.upper())}
    forms |= {unicodedata.normalize("NFD", each) for each in forms}
    forms |= {json.dumps(each)[1:-1] for each in forms}
    # None of one letter twice: what the pattern's flag makes equal.
    shown = sorted({each.lower() if each.isascii() and "\\" not in each else each for each in forms}, key=len)
    return re.escape(letter) if len(shown) == 1 else f"(?:{'|'.join(map(re.escape, reversed(shown)))})"


def _is_wide(text: str) -> bool:
    """Whether the text is in a script whose single signs are words and names."""
    return any(unicodedata.east_asian_width(letter) in "WF" for letter in text)


def _hide(pattern: re.Pattern[str], text: str) -> str:
    """The text with what is hidden in it; as it was, where nothing is."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    hidden, count = pattern.subn(HIDDEN, composed)
    return hidden if count else text


def _replace(pattern: re.Pattern[str], value: Any) -> Any:
    match value:
        case str():
            return _hide(pattern, value)
        case Mapping():
            return {
                _replace(pattern, name) if isinstance(name, str) else name: _replace(pattern, item)
                for name, item in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_replace(pattern, item) for item in value]
        case BaseModel():
            return _replace(pattern, value.model_dump(mode="json"))
        case None | bool() | int() | float():
            return value
        case _:
            # Times and ids keep their form; whatever else there is goes by what it says of itself.
            text = str(value)
            hidden = _hide(pattern, text)
            return value if hidden == text and not hasattr(value, "__dict__") else hidden
