"""Text that matches a regular expression, for strings that a JSON schema gives a `pattern`."""

from importlib import import_module
from random import Random
from string import ascii_lowercase
from typing import Any

parser: Any = import_module("re._parser")
"""The only parser of patterns in the library, which has no types."""
_CLASSES = {"CATEGORY_DIGIT": "0123456789", "CATEGORY_SPACE": " ", "CATEGORY_WORD": ascii_lowercase}
_MORE = 4  # repetitions past the least where a pattern sets no limit


def write_match(pattern: str, random: Random) -> str:
    """A short text that `re.search(pattern, …)` finds. Look-around and back references are not supported.

    Raises:
        ValueError: the pattern uses something that isn't supported.
    """
    return _write(parser.parse(pattern), random)


def _write(nodes: Any, random: Random) -> str:
    return "".join(_write_node(str(code), value, random) for code, value in nodes)


def _write_node(code: str, value: Any, random: Random) -> str:
    match code:
        case "LITERAL":
            return chr(value)
        case "ANY" | "NOT_LITERAL":
            return random.choice([letter for letter in ascii_lowercase if ord(letter) != value])
        case "IN":
            return _write_member(value, random)
        case "AT":
            return ""
        case "BRANCH":
            return _write(random.choice(value[1]), random)
        case "SUBPATTERN":
            return _write(value[3], random)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = value
            return "".join(
                _write(inner, random) for _ in range(random.randint(least, min(most, least + _MORE)))
            )
    raise ValueError(f"patterns with {code} are not supported")


def _write_member(members: Any, random: Random) -> str:
    negated = str(members[0][0]) == "NEGATE"
    named = "".join(_spell_members(members))
    if not negated:
        return random.choice(named)
    return random.choice([letter for letter in ascii_lowercase + "0123456789 -" if letter not in named])


def _spell_members(members: Any) -> list[str]:
    spelled = []
    for code, value in members:
        match str(code):
            case "LITERAL":
                spelled.append(chr(value))
            case "RANGE":
                spelled.append("".join(map(chr, range(value[0], min(value[1], value[0] + 60) + 1))))
            case "CATEGORY":
                spelled.append(_CLASSES.get(str(value), "-"))
    return spelled
