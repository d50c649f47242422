"""Column types, with the values that each accepts, for any database."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Self

import structlog
from sqlalchemy import JSON, BigInteger, Integer
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, TypeEngine

from workflows.errors import InvalidInput

log = structlog.get_logger()

LARGEST = 2**63 - 1
"""The largest integer that SQL, and JSON as we write it, can hold."""
MOST_TOKENS = 10**12
"""A larger count is nonsense of a provider's. Millions of rows of it can still be added up in 64 bits."""
_FIRST_SECOND, _LAST_SECOND = 0, 253_402_300_799
"""From 1970 to the end of the year 9999: all seconds that a datetime has, on any system."""

# INTEGER has 64 bits in SQLite, and 32 elsewhere.
_Integer64 = BigInteger().with_variant(Integer(), "sqlite")


class NumberTooLarge(InvalidInput, DontWrapMixin):
    """Error of an integer beyond 64 bits in a caller's data, which is refused."""

    @classmethod
    def at(cls, field: str) -> Self:
        """The error for an integer in `field`."""
        return cls.of(field, f"an integer between {-LARGEST - 1} and {LARGEST} is expected")


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, stored as microseconds since 1970: SQLite has no type for it that keeps the zone."""

    impl = _Integer64
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """datetime → microseconds."""
        del dialect
        return None if value is None else round(value.timestamp() * 1_000_000)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """Microseconds → datetime in UTC. A number that is no moment, of a damaged row, becomes the nearest that is:
        such a row can be listed and deleted as any other."""
        del dialect
        if value is None:
            return None
        return datetime.fromtimestamp(max(_FIRST_SECOND, min(_LAST_SECOND, value / 1_000_000)), UTC)


class GivenInteger(TypeDecorator[int]):
    """A caller's integer from `field`. Raises NumberTooLarge beyond 64 bits."""

    impl = _Integer64
    cache_ok = True

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field

    def process_bind_param(self, value: int | None, dialect: Any) -> int | None:
        """The value, if it fits."""
        del dialect
        if value is not None and _is_too_large(value):
            raise NumberTooLarge.at(self.field)
        return value


class TokenCount(TypeDecorator[int]):
    """A token count reported by a provider, clamped to `MOST_TOKENS`."""

    impl = _Integer64
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Any) -> int | None:
        """The value, or the nearest in range."""
        del dialect
        return None if value is None else max(-MOST_TOKENS, min(MOST_TOKENS, value))


class GivenJson(TypeDecorator[Any]):
    """A caller's JSON object from `field`. Raises NumberTooLarge for an integer beyond 64 bits in it.

    What is no object, in a damaged row, is read as an empty one: such a row can be looked at and deleted.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, field: str, none_as_null: bool = False) -> None:
        super().__init__(none_as_null=none_as_null)
        self.field = field
        self._may_be_absent = none_as_null

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        """The value, if all of it fits."""
        del dialect
        for path, _ in _large_integers(value, self.field):
            raise NumberTooLarge.at(path)
        return value

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        """The object as it was given."""
        del dialect
        if isinstance(value, dict) or (value is None and self._may_be_absent):
            return value
        log.warning("column_not_readable", type=self.field)
        return {}

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        """As JSON's: compared values are values within it."""
        return self.impl_instance.coerce_compared_value(op, value)


class OwnJson(TypeDecorator[Any]):
    """JSON of the service's own making, which is stored whatever a model or provider brought into it: integers
    beyond 64 bits become the nearest that fit."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        """The value, or a copy that fits."""
        del dialect
        return clamped(value)

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        """As JSON's: compared values are values within it."""
        return self.impl_instance.coerce_compared_value(op, value)


def read_json(stored: str) -> Any:
    """The value of a JSON column; None for one that is no JSON, in a damaged row."""
    try:
        return json.loads(stored)
    except ValueError:
        log.warning("column_not_readable", type="json")
        return None


def _is_too_large(value: int) -> bool:
    return not -LARGEST - 1 <= value <= LARGEST


def _large_integers(value: Any, path: str) -> Iterator[tuple[str, int]]:
    """Places of integers beyond 64 bits in a JSON value; without recursion, since its depth is the sender's."""
    left = [(path, value)]
    while left:
        path, value = left.pop()
        if isinstance(value, int) and _is_too_large(value):
            yield path, value
        elif isinstance(value, dict):
            left += ((f"{path}.{key}", item) for key, item in value.items())
        elif isinstance(value, list | tuple):
            left += ((f"{path}.{index}", item) for index, item in enumerate(value))


def clamped(value: Any) -> Any:
    """A JSON value in which integers beyond 64 bits are the nearest that fit; the same one where all do."""
    return _clamped(value) if any(True for _ in _large_integers(value, "")) else value


def _clamped(value: Any) -> Any:
    if isinstance(value, int):
        return max(-LARGEST - 1, min(LARGEST, value)) if _is_too_large(value) else value
    if isinstance(value, dict):
        return {key: _clamped(item) for key, item in value.items()}
    return [_clamped(item) for item in value] if isinstance(value, list | tuple) else value
