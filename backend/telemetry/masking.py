"""Masking of traces before they leave the process."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

MaskMode = Literal["none", "personal", "all"]
Mask = Callable[[dict[str, Any]], dict[str, Any]]
"""One traced step, as LangSmith has it → the same without what is hidden. The step itself isn't changed."""

HIDDEN = "[hidden]"
_SHORT_WORDS = 3
"""Up to so many words a text may be a name, and each of its words may stand alone elsewhere."""
_MIN_LETTERS = 2
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
    texts: set[str] = set()
    for text in personal:
        words = text.split()
        texts.add(" ".join(words))
        if len(words) <= _SHORT_WORDS:
            texts.update(word.strip(".,;:!?'\"()") for word in words)
    found = sorted((text for text in texts if len(text) >= _MIN_LETTERS), key=len, reverse=True)
    return re.compile("|".join(map(_anywhere, found)), re.IGNORECASE) if found else None


def _anywhere(text: str) -> str:
    """A pattern of the text, with any white space between and before its words, also in JSON's form (`\\n`)."""
    body = r"(?:\s|\\n|\\t)+".join(map(_word, text.split()))
    # Hebrew, Arabic and others write prefixes to a name without a space.
    return rf"(?:(?<![^\W_])|(?<=\\[nrt])){body}(?![^\W_])" if text.isascii() else body


def _word(word: str) -> str:
    """A pattern of the word, also in JSON's ASCII form (`\\u05e0…`)."""
    escaped = json.dumps(word)[1:-1]
    return re.escape(word) if escaped == word else f"(?:{re.escape(word)}|{re.escape(escaped)})"


def _replace(pattern: re.Pattern[str], value: Any) -> Any:
    match value:
        case str():
            return pattern.sub(HIDDEN, value)
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
            hidden = pattern.sub(HIDDEN, text)
            return value if hidden == text and not hasattr(value, "__dict__") else hidden
