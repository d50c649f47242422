"""Sanitising of strings and numbers from a provider: made fit to be stored, logged and shown."""

import re
from typing import Any

LONGEST = 200
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
_MOST_TOKENS = 100_000_000
"""No context is as long: a count beyond it is a fault of the server's."""


def clean_string(value: object, longest: int = LONGEST) -> str:
    """Valid Unicode on one line, of at most `longest` characters; empty for a value that is no string."""
    if not isinstance(value, str):
        return ""
    cut = value[: 4 * longest]
    return " ".join(_UNPRINTABLE.sub(" ", cut).split())[:longest]


def read_count(value: object) -> int | None:
    """A token count as servers write it (3, 3.0, "3"); None for an invalid one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        count = (
            int(value) if isinstance(value, int) else float(value[:32] if isinstance(value, str) else value)
        )
        return int(count) if 0 <= count <= _MOST_TOKENS else None
    except (ValueError, OverflowError):
        return None


def read_usage(usage: object) -> dict[str, Any] | None:
    """OpenAI's `usage` of a chat, from a server's version of it; None where its main counts are implausible."""
    if not isinstance(usage, dict):
        return None
    given = {
        name: usage.get(name, usage.get(other))
        for name, other in (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
    }
    counts = {name: read_count(value) for name, value in given.items() if value is not None}
    if not counts or None in counts.values():
        return None
    read = _details(usage, "prompt_tokens_details", "cached_tokens")
    cached = read if read is not None else read_count(usage.get("prompt_cache_hit_tokens"))
    reasoning = _details(usage, "completion_tokens_details", "reasoning_tokens")
    prompt, completion = counts.get("prompt_tokens") or 0, counts.get("completion_tokens") or 0
    # xAI counts what nobody sees beside the reply, and into the total alone.
    if reasoning and read_count(usage.get("total_tokens")) == prompt + completion + reasoning:
        completion += reasoning
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": min(cached or 0, prompt)},
        "completion_tokens_details": {"reasoning_tokens": min(reasoning or 0, completion)},
    }


def _details(usage: dict[str, Any], group: str, name: str) -> int | None:
    details = usage.get(group)
    return read_count(details.get(name)) if isinstance(details, dict) else None
