"""JSON values as JSON Schema reads them. Pure."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator, model_validator

MOST_VALUES = 10_000
MORE_VALUES_REFUSED = f"holds more than {MOST_VALUES} values"
_MOST_MEMBERS = 200
NUL_REFUSED = "holds a NUL character (U+0000), which no text has; leave it out"


class JsonModel(BaseModel):
    """JSON object without unknown members, by the types of JSON: neither `true` nor `"7"` is a number, and `7.0` is
    an integer, and no text holds a NUL. Text, as a query has it, is read with `strict=False`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _read_whole_numbers(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        # Before anything is done for each: no model has so many, and each unknown one would be an error of its own.
        if len(given) > _MOST_MEMBERS:
            raise ValueError(f"this has {len(given)} members; there may be {_MOST_MEMBERS}")
        return {name: _whole(value) for name, value in given.items()}

    @field_validator("*", mode="after")
    @classmethod
    def _refuse_nul(cls, value: Any) -> Any:
        # An object of another schema is checked with that, where the whole path is known.
        if not isinstance(value, dict) and any(True for _ in paths_of_nul(value)):
            raise ValueError(NUL_REFUSED)
        return value


def holds_too_many(value: Any) -> bool:
    """Whether there are more than `MOST_VALUES` values within it. It is asked before anything is done for each."""
    waiting, count = [value], 0
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list | tuple):
            count += len(one)
            if count > MOST_VALUES:
                return True
            waiting.extend(one.values() if isinstance(one, dict) else one)
    return False


def paths_of_nul(value: Any, path: str = "") -> Iterator[str]:
    """Dotted paths of the texts, and names of members, that hold a NUL character: databases can't store one."""
    if isinstance(value, str) and "\0" in value:
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "\0" in str(name):
                yield path
            else:
                yield from paths_of_nul(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from paths_of_nul(inner, f"{path}.{index}")


def with_whole_numbers(value: Any) -> Any:
    """The value with each float that is a whole number as an integer: to JSON Schema `7.0` is one."""
    if isinstance(value, dict):
        return {name: with_whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(inner) for inner in value]
    return _whole(value)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def trimmed(longest: int, shortest: int = 1) -> StringConstraints:
    """A text without the white space around it, of at least one letter or two: its JSON schema says so too, where a
    length alone would let blanks through."""
    # `\S` alone is taken by some readers of a schema for a text of such letters only.
    pattern = r"\S\s*" if shortest == 1 else r"\S[\s\S]*\S"
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest, pattern=pattern)
