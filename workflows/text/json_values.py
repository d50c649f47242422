"""JSON values as JSON Schema reads them. Pure."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class JsonModel(BaseModel):
    """JSON object without unknown members, by the types of JSON: neither `true` nor `"7"` is a number, and `7.0` is
    an integer. Text, as a query has it, is read with `strict=False`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _read_whole_numbers(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: _whole(value) for name, value in given.items()}


def with_whole_numbers(value: Any) -> Any:
    """The value with each float that is a whole number as an integer: to JSON Schema `7.0` is one."""
    if isinstance(value, dict):
        return {name: with_whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(inner) for inner in value]
    return _whole(value)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
