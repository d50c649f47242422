"""SQL over JSON columns that SQLAlchemy has no words of its own for."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import JSON, ColumnElement, func


def without_keys(column: ColumnElement[Any], keys: Iterable[str]) -> ColumnElement[Any]:
    """The object in a JSON column without these keys; null where it is null."""
    return func.json_remove(column, *(f"$.{key}" for key in sorted(keys)), type_=JSON())
