"""Thoughts that a server sends beside its reply's text. Pure."""

from typing import Any

_FIELDS = (
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "thinking",
    "thinking_content",
    "thoughts",
    "thought",
)
THOUGHT_PARTS = frozenset(
    {"thinking", "thought", "reasoning", "redacted_thinking", "reasoning_text", "summary_text"}
)
_TEXTS = ("thinking", "text", "reasoning", "summary", "content")
_DEEPEST = 4


def has_thoughts(message: dict[str, Any]) -> bool:
    """Whether it has thoughts in a field of their own."""
    return any(message.get(name) for name in _FIELDS) or any(
        isinstance(part, dict) and part.get("type") in THOUGHT_PARTS for part in _parts(message)
    )


def read_thoughts(message: dict[str, Any]) -> str:
    """The words of its thoughts; of several fields, which say the same, those of the first."""
    named = next((message[name] for name in _FIELDS if message.get(name)), None)
    if named is not None:
        return _words(named)
    return "".join(
        _words(part)
        for part in _parts(message)
        if isinstance(part, dict) and part.get("type") in THOUGHT_PARTS
    )


def _parts(message: dict[str, Any]) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _words(value: object, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if depth == _DEEPEST:
        return ""
    if isinstance(value, list):
        return "".join(_words(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return next((words for name in _TEXTS if (words := _words(value.get(name), depth + 1))), "")
    return ""
